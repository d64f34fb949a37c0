"""Rows against one another: people, baselines, directions, scales, intervals and p values."""

from __future__ import annotations

import polars as pl

from reprieve.evidence import vocabulary
from reprieve.evidence.faults import Fault, faults_where
from reprieve.evidence.gates.numbers import scale
from reprieve.evidence.records import Evidence

_Z = 1.959963984540054
_ARM = ["study_id", "arm_id"]


def people_analysed(evidence: Evidence) -> list[Fault]:
    """No more people analysed in an arm than were randomised to it.

    Where the trial is known to count knees or legs, or to give each person several treatments,
    it is a warning only.
    """
    units = evidence.cautions.filter(pl.col("kind").is_in(["unit", "paired"]))["study_id"]
    crossed = evidence.studies.filter(pl.col("design") == "crossover")["study_id"]
    counted_otherwise = pl.concat([units, crossed]).unique().drop_nulls().implode()
    randomised = evidence.arms.select(*_ARM, randomised="n_randomised").unique(_ARM)
    faults = []
    for table, arm, n in (
        ("outcomes", "arm_id", "n"),
        ("contrasts", "arm_a", "n_a"),
        ("contrasts", "arm_b", "n_b"),
        ("events", "arm_id", "n"),
    ):
        rows = evidence.table(table).select("row", "study_id", arm, n)
        rows = rows.join(
            randomised,
            left_on=["study_id", arm],
            right_on=_ARM,
            how="left",
            maintain_order="left",
        ).filter(pl.col(n) > pl.col("randomised"))
        excused = pl.col("study_id").is_in(counted_otherwise)
        message = pl.format("{} is more than were randomised to {}", n, arm)
        expected = pl.format("at most {}", "randomised")
        faults += faults_where(table, rows, ~excused, n, message, expected)
        faults += faults_where(table, rows, excused, n, message, expected, "warning")
    return faults


def people_randomised(evidence: Evidence) -> list[Fault]:
    """The arms of a trial hold no more people than the trial."""
    sums = evidence.arms.group_by("study_id").agg(together=pl.col("n_randomised").sum())
    return faults_where(
        "studies",
        evidence.studies.join(sums, on="study_id", how="left", maintain_order="left"),
        pl.col("together") > pl.col("n_randomised"),
        "n_randomised",
        pl.format("{} is less than its arms together", "n_randomised"),
        pl.format("{} (do people count twice?)", "together"),
        "warning",
    )


def baselines(evidence: Evidence) -> list[Fault]:
    """Each arm with later values has a value before treatment; one line a trial and instrument."""
    key = ["study_id", "domain", "instrument"]
    by_arm = (
        evidence.outcomes.filter(pl.col("month").is_not_null())
        .group_by(*key, "arm_id", maintain_order=True)
        .agg(pl.col("row").first(), started=pl.col("month").min() == 0)
    )
    without = by_arm.filter(~pl.col("started")).group_by(key, maintain_order=True)
    arms = pl.col("arm_id").head(4).str.join(", ")
    return faults_where(
        "outcomes",
        without.agg(pl.col("row").min(), arms=arms).sort("row"),
        pl.lit(True),
        "month",
        pl.format("no value of {} before treatment in {}", "instrument", "arms"),
        "a row at month 0",
        "warning",
    )


def follow_up(evidence: Evidence) -> list[Fault]:
    """No value later than the longest follow-up of the trial."""
    longest = evidence.studies.select("study_id", "follow_up_months").unique("study_id")
    faults = []
    for table in ("outcomes", "contrasts", "events"):
        rows = evidence.table(table).select("row", "study_id", "month")
        rows = rows.join(longest, on="study_id", how="left", maintain_order="left")
        # Half a month and a tenth allow for weeks turned into months.
        faults += faults_where(
            table,
            rows,
            pl.col("month") > pl.col("follow_up_months") * 1.1 + 0.5,
            "month",
            pl.format("{} is later than the follow-up of the trial", "month"),
            pl.format("at most {}", "follow_up_months"),
            "warning",
        )
    return faults


def directions(evidence: Evidence) -> list[Fault]:
    """A higher score means what it usually means on this instrument.

    On its usual range the opposite is an error; on another range the scale may have been turned
    round when it was rescaled, which a person should confirm.
    """
    usual = pl.DataFrame(
        [
            (domain, name, known.higher_is, known.score_min, known.score_max)
            for (domain, name), known in vocabulary.instruments().items()
        ],
        schema={
            "domain": pl.String,
            "instrument": pl.String,
            "usually": pl.String,
            "low": pl.Float64,
            "high": pl.Float64,
        },
        orient="row",
    )
    faults = []
    for table in ("outcomes", "contrasts"):
        rows = evidence.table(table)
        pairs = rows.select("domain", "instrument", "higher_is").unique()
        pairs = pairs.join(usual, on=["domain", "instrument"])
        turned = pairs.filter(pl.col("higher_is") != pl.col("usually"))
        rows = rows.join(turned, on=["domain", "instrument", "higher_is"], maintain_order="left")
        same_range = (pl.col("scale_min") == pl.col("low")) & (
            pl.col("scale_max") == pl.col("high")
        )
        same_range = same_range.fill_null(False)
        message = pl.format("higher is {} on {}, against its use", "higher_is", "instrument")
        expected = pl.col("usually")
        faults += faults_where(table, rows, same_range, "higher_is", message, expected)
        faults += faults_where(table, rows, ~same_range, "higher_is", message, expected, "warning")
    return faults


def one_scale(evidence: Evidence) -> list[Fault]:
    """An arm is measured on one version of an instrument; arms of a trial nearly always are too."""
    arm = [*_ARM, "domain", "instrument"]
    study = ["study_id", "domain", "instrument"]
    version = ["scale_min", "scale_max", "higher_is"]
    rows = evidence.outcomes.filter(pl.col("scale_max").is_not_null())
    versions = rows.group_by([*arm, *version]).agg(pl.col("row").min())
    if versions.select(study).n_unique() == versions.select(*study, *version).n_unique():
        return []
    versions = versions.sort("row").with_columns(version=pl.struct(version))
    within = versions.with_columns(first=pl.col("version").first().over(arm))
    within = within.filter(pl.col("first") != pl.col("version"))
    # What differs within an arm was told; here only whole arms that differ from the first.
    across = versions.unique(arm, keep="first", maintain_order=True)
    across = across.with_columns(first=pl.col("version").first().over(study))
    across = across.filter(pl.col("first") != pl.col("version"))
    message = pl.format("{} is on {} here, higher is {}", "instrument", scale, "higher_is")
    first = pl.col("first").struct
    expected = pl.format(
        "{} to {}, higher is {}, as before in this {}",
        *(first.field(name) for name in version),
        "where",
    )
    return faults_where(
        "outcomes",
        within.with_columns(where=pl.lit("arm")),
        pl.lit(True),
        "scale_max",
        message,
        expected,
    ) + faults_where(
        "outcomes",
        across.with_columns(where=pl.lit("trial")),
        pl.lit(True),
        "scale_max",
        message,
        expected,
        "warning",
    )


def intervals(evidence: Evidence) -> list[Fault]:
    """Interval, standard error and p value of a contrast tell the same story.

    The standard error behind a 95 % interval is its width over 3.92 (Cochrane Handbook 6.3.1,
    6.3.2), on the logarithm for ratios.
    """
    from scipy.special import ndtri

    rows = evidence.contrasts.filter(pl.any_horizontal(pl.col("se", "p", "ci_low").is_not_null()))
    if rows.is_empty():
        return []
    ratio = pl.col("measure").is_in(("RR", "OR", "HR"))
    low, high, centre = (
        pl.when(ratio & (pl.col(name) > 0)).then(pl.col(name).log()).when(~ratio).then(pl.col(name))
        for name in ("ci_low", "ci_high", "estimate")
    )
    rows = rows.with_columns(width_se=(high - low) / (2 * _Z), centre=centre)
    p = rows["p"].to_numpy()
    with_p = rows.with_columns(
        z=(pl.col("centre") / pl.coalesce("se", "width_se")).abs(),
        z_p=pl.Series(-ndtri(p / 2), nan_to_null=True),
    )
    apart = (pl.col("z") - pl.col("z_p")).abs() > pl.max_horizontal(0.5, 0.25 * pl.col("z"))
    # "p < 0.001" is entered as 0.001: the true p may be far smaller.
    bound = (pl.col("p") <= 0.001) & (pl.col("z") > pl.col("z_p"))
    return faults_where(
        "contrasts",
        rows,
        ~(pl.col("se") / pl.col("width_se")).is_between(0.8, 1.25),
        "se",
        pl.format("{} does not fit the interval", "se"),
        pl.format("about {}", pl.col("width_se").round(3)),
        "warning",
    ) + faults_where(
        "contrasts",
        with_p,
        apart & ~bound & (pl.col("p") > 0),
        "p",
        pl.format("{} does not fit the estimate and its interval", "p"),
        pl.format("a p value for z = {}", pl.col("z").round(2)),
        "warning",
    )
