"""Keys: each trial and arm once, each row about an arm that is there, no number twice."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from reprieve.evidence.faults import Fault, faults_where
from reprieve.evidence.records import Evidence
from reprieve.evidence.schema import SIDE_TABLES, TABLES, UNVERIFIED

_ABOUT_ARMS = (
    ("outcomes", "arm_id"),
    ("contrasts", "arm_a"),
    ("contrasts", "arm_b"),
    ("events", "arm_id"),
)
_NOT_CONTENT = ("row", "readings", "locator", "source_url")
_EVENT = ("study_id", "arm_id", "event", "month")
_APART = pl.col("flag").is_in(("subgroup", UNVERIFIED))
_SAME_NUMBER = {
    "outcomes": ("study_id", "arm_id", "domain", "instrument", "month", "statistic", "flag"),
    "contrasts": ("study_id", "arm_a", "arm_b", "domain", "instrument", "month", "measure", "flag"),
    "events": (*_EVENT, "flag"),
}


def unique_ids(evidence: Evidence) -> list[Fault]:
    """No trial stands twice, no arm stands twice in its trial."""
    return faults_where(
        "studies",
        evidence.studies,
        ~pl.col("study_id").is_first_distinct() & pl.col("study_id").is_not_null(),
        "study_id",
        pl.format("'{}' stands in an earlier row already", "study_id"),
        "one row a trial",
    ) + faults_where(
        "arms",
        evidence.arms,
        ~pl.struct("study_id", "arm_id").is_first_distinct() & pl.col("arm_id").is_not_null(),
        "arm_id",
        pl.format("'{}' stands in an earlier row of {} already", "arm_id", "study_id"),
        "one row an arm",
    )


def known_studies(evidence: Evidence) -> list[Fault]:
    """Each row of the other tables is about a trial of ``studies.csv``."""
    faults = []
    known = evidence.studies["study_id"].unique()
    for table in (*list(TABLES)[1:], *SIDE_TABLES):
        columns = ["study_id", "other_study_id"] if table == "cautions" else ["study_id"]
        for column in columns:
            faults += faults_where(
                table,
                evidence.table(table),
                ~pl.col(column).is_in(known.implode()),
                column,
                pl.format("'{}' is no trial of this package", column),
                "a study_id of studies.csv",
            )
    return faults


def known_arms(evidence: Evidence) -> list[Fault]:
    """Each outcome, contrast and event is about an arm of ``arms.csv``."""
    faults = []
    arms = evidence.arms.select("study_id", "arm_id").unique()
    studies = evidence.studies["study_id"].unique().implode()
    for table, column in _ABOUT_ARMS:
        # A row about an unknown trial is told once, by `known_studies`.
        of_known = evidence.table(table).filter(pl.col("study_id").is_in(studies))
        lost = of_known.join(
            arms, left_on=["study_id", column], right_on=["study_id", "arm_id"], how="anti"
        ).sort("row")
        faults += faults_where(
            table,
            lost,
            pl.col(column).is_not_null(),
            column,
            pl.format("'{}' is no arm of {}", column, "study_id"),
            "an arm_id of that trial in arms.csv",
        )
    return faults


def two_different_arms(evidence: Evidence) -> list[Fault]:
    """A contrast is between two arms, not between an arm and itself."""
    return faults_where(
        "contrasts",
        evidence.contrasts,
        pl.col("arm_a") == pl.col("arm_b"),
        "arm_b",
        pl.format("'{}' is compared with itself", "arm_b"),
        "two different arms",
    )


def repeated_rows(evidence: Evidence) -> list[Fault]:
    """No row says again what an earlier row says; two values for one thing are worth a look."""
    faults = []
    for table, key in _SAME_NUMBER.items():
        again = rows_alike(evidence.table(table), key)
        if again.is_empty():
            continue
        again = again.with_columns(
            same=~pl.struct(pl.exclude(*_NOT_CONTENT)).is_first_distinct(),
            second=~pl.struct(key).is_first_distinct(),
        )
        # Of events that are counted `one_count_an_event` tells.
        told = _APART if table == "events" else pl.lit(True)
        admitted = evidence.conflicts.filter(pl.col("table") == table)["study_id"].implode()
        faults += faults_where(
            table,
            again,
            pl.col("same"),
            None,
            "repeats an earlier row",
            "each row once",
        )
        faults += faults_where(
            table,
            again,
            pl.col("second") & ~pl.col("same") & ~pl.col("study_id").is_in(admitted) & told,
            None,
            "gives another value for what an earlier row gives",
            "one value, or the other one in conflicts.csv",
            "warning",
        )
    return faults


def one_count_an_event(evidence: Evidence) -> list[Fault]:
    """How many people in an arm had an event by a month is one count: no analysis can use two.

    Counts of a subgroup, and those that a program read and nobody has verified, stand apart.
    """
    again = rows_alike(evidence.events.remove(_APART), _EVENT)
    if again.is_empty():
        return []
    again = again.with_columns(
        first=pl.col("row").min().over(_EVENT),
        same=~pl.struct(pl.exclude(*_NOT_CONTENT)).is_first_distinct(),
    )
    return faults_where(
        "events",
        again,
        # A row that only repeats another is told of by `repeated_rows`.
        (pl.col("first") < pl.col("row")) & ~pl.col("same"),
        "events",
        pl.format(
            "{} of {} is a second count of '{}' in '{}' of {}, beside row {}",
            *(pl.col(name).cast(pl.String).fill_null("?") for name in ("events", "n")),
            "event",
            "arm_id",
            "study_id",
            "first",
        ),
        "one count; the other one in conflicts.csv, or both apart by month or flag (subgroup)",
    )


def rows_alike(frame: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """The rows that share their `key` with another row.

    Hashes tell quickly that there are none. Two keys may share a hash by chance, so that a row
    too many may come back; none is ever missed.
    """
    hashes = frame.select(key).hash_rows()
    if hashes.n_unique() == len(hashes):
        return frame.clear()
    return frame.filter(hashes.is_duplicated())
