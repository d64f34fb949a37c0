"""A register record with posted results, read as an evidence package and an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from reprieve.errors import InputError
from reprieve.evidence.check import gates
from reprieve.evidence.records import Evidence
from reprieve.evidence.schema import SIDE_TABLES, TABLES, UNVERIFIED
from reprieve.evidence.typed import empty_table
from reprieve.living.account import LeftOut, Placed
from reprieve.living.record import Record
from reprieve.living.results.arms import Arms
from reprieve.living.results.contrasts import place_contrasts
from reprieve.living.results.counting import place_counts
from reprieve.living.results.flat import posted_from_flat
from reprieve.living.results.harms import place_harms
from reprieve.living.results.known import known_arms, known_trial
from reprieve.living.results.ledger import Entry, Ledger
from reprieve.living.results.nested import posted_from_v2
from reprieve.living.results.old_xml import posted_from_xml
from reprieve.living.results.outcomes import is_count, place_scores
from reprieve.living.results.posted import PostedResults
from reprieve.living.results.repeats import withdraw_repeats
from reprieve.living.results.study import (
    arm_row,
    condition_of,
    study_row,
    who_took_part,
)
from reprieve.living.results.times import times_in


@dataclass(frozen=True, eq=False)
class ReadResults:
    """What was read from the posted results of one record.

    Attributes
    ----------
    evidence : Evidence
        One trial, its arms and the rows that are certain, every value flagged ``unverified`` and
        with no reading; empty tables where nothing is.
    placed : tuple of Placed
    left_out : tuple of LeftOut
    cells_placed, cells_left_out : int
        How many posted values (measurements, counts and comparisons) either stands for; together
        they are all of the record.
    """

    evidence: Evidence
    placed: tuple[Placed, ...]
    left_out: tuple[LeftOut, ...]
    cells_placed: int
    cells_left_out: int


def read_posted_results(record: Record, known: Evidence | None = None) -> ReadResults:
    """Read the posted results of a register record.

    A value becomes a row only where it is certain what it is of which arm at what time; all
    others are listed with the reason. The rows pass the gates of evidence, and a person has yet
    to see them: nothing counts them before that.

    Parameters
    ----------
    record : Record
        With `raw` as it came: API v2, the flat form, or the old XML.
    known : Evidence, optional
        Where the trial stands in it already, its rows of the trial and of its arms are taken over
        and all rows go by their ids; an arm that is none of these for certain is left out.

    Returns
    -------
    ReadResults

    Raises
    ------
    InputError
        If the record has no posted results, or their form is not that of the register.

    Examples
    --------
    >>> from reprieve.living.formats.study_fields import record_from_study_fields
    >>> record = record_from_study_fields({"NCTId": ["NCT01586312"], "Condition": ["Knee OA"]})
    >>> read_posted_results(record)
    Traceback (most recent call last):
    reprieve.errors.InputError: NCT01586312 has no posted results; there is nothing to read
    """
    posted = posted_results(record)
    if not posted.cells:
        raise InputError(f"{record.id} has no posted results; there is nothing to read")
    ledger = Ledger()
    for left in posted.lost:
        ledger.leave(left.what, left.reason, left.where, cells=0)
    ledger.cells_left_out += posted.lost_cells
    condition = condition_of(record, posted.outcomes)
    arms = Arms(record, posted)
    study_id = known_trial(record, known) if known is not None else ""
    if known is not None and study_id:
        condition = str(_rows_of(known.studies, study_id)[0]["condition"])
        arms.rename(known_arms(arms.all, study_id, known))
    why_nothing = _why_nothing(record, condition, arms)
    if why_nothing:
        _leave_everything(posted, why_nothing, ledger)
    else:
        _place_everything(record, posted, condition, arms, ledger)
    evidence = _checked(study_id or record.id.lower(), record, ledger, known)
    return ReadResults(
        evidence,
        ledger.placed,
        tuple(ledger.left_out),
        ledger.cells_placed,
        ledger.cells_left_out,
    )


def posted_results(record: Record) -> PostedResults:
    """The posted results of a record, from whichever form it came in.

    Raises
    ------
    InputError
        If the record came in another form than those of ClinicalTrials.gov.
    """
    raw = record.raw
    if "protocolSection" in raw or "resultsSection" in raw:
        return posted_from_v2(raw)
    if "NCTId" in raw:
        return posted_from_flat(raw)
    if "id_info" in raw:
        return posted_from_xml(raw)
    raise InputError(
        f"{record.id} came in a form without posted results; expected a record of "
        "ClinicalTrials.gov: API v2, study_fields or the old XML"
    )


def _why_nothing(record: Record, condition: str, arms: Arms) -> str:
    if not condition:
        said = "; ".join(record.conditions) or "none is stated"
        return f"the condition is none that the evidence is about ({said})"
    if not arms.all:
        return "the record has no arms to which people were assigned"
    if record.intervention_model == "crossover":
        return "a crossover trial: its groups are sequences or periods, not arms"
    return ""


def _leave_everything(posted: PostedResults, reason: str, ledger: Ledger) -> None:
    for name, measures in (("baseline measure", posted.baseline), ("outcome", posted.outcomes)):
        for measure in measures:
            cells = measure.cells + len(measure.analyses)
            ledger.leave(measure.title, reason, f"{name} {measure.number}", cells)
    if posted.events.cells:
        ledger.leave("adverse events", reason, "adverse events", posted.events.cells)
    for period in posted.periods:
        ledger.leave(period.title or "people", reason, "participant flow", period.cells)


def _place_everything(
    record: Record, posted: PostedResults, condition: str, arms: Arms, ledger: Ledger
) -> None:
    people = who_took_part(posted.baseline, arms)
    study = study_row(record, condition, people, arms)
    ledger.place("studies", study, f"the trial {record.id}", "registration", people.cells)
    for arm in arms.all:
        cells = 0 if arm.n_randomised is None else 1
        where = "participant flow"
        ledger.place("arms", arm_row(arm), f"the arm {arm.label}", where, cells)
    for measure in posted.outcomes:
        if not measure.lines:
            reason = "its results have not been posted, or could not be told from others"
            ledger.leave(measure.title, reason, f"outcome {measure.number}", cells=0)
    scores = place_scores(people.rest, posted.outcomes, arms, ledger)
    for measure in posted.outcomes:
        if is_count(measure):
            place_counts(measure, arms, ledger, at_baseline=False)
    for measure in people.rest:
        if is_count(measure):
            place_counts(measure, arms, ledger, at_baseline=True)
    place_contrasts(posted.outcomes, scores, ledger)
    months = [score.meaning.month for score in scores]
    latest = times_in(posted.events.time_frame).latest
    study["follow_up_months"] = max([*months, latest or 0.0]) or None
    place_harms(posted, arms, study["follow_up_months"], ledger)
    withdraw_repeats(ledger)


def _checked(study_id: str, record: Record, ledger: Ledger, known: Evidence | None) -> Evidence:
    """The rows as evidence; those that the gates object to are taken back first."""
    while True:
        evidence = _evidence(study_id, record, ledger.entries, known)
        found = {
            (fault.file.removesuffix(".csv"), fault.row): fault
            for fault in gates(evidence)
            if fault.level == "error" and fault.file not in ("studies.csv", "arms.csv")
        }
        faulty = [
            (entry, found[table, row])
            for table in TABLES
            for row, entry in enumerate(_of_table(ledger.entries, table), 2)
            if (table, row) in found
        ]
        if not faulty:
            return evidence
        for entry, fault in faulty:
            reason = f"{fault.message}, expected {fault.expected}"
            ledger.withdraw(entry, f"does not pass the checks of evidence: {reason}")


def _of_table(entries: list[Entry], table: str) -> list[Entry]:
    return [entry for entry in entries if entry.table == table]


def _evidence(
    study_id: str, record: Record, entries: list[Entry], known: Evidence | None
) -> Evidence:
    tables: dict[str, pl.DataFrame] = {name: empty_table(name) for name in SIDE_TABLES}
    for table in TABLES:
        rows = []
        if known is not None and table in ("studies", "arms"):
            rows = _rows_of(known.table(table), study_id)
        if not rows:
            common: dict[str, Any] = {"study_id": study_id, "readings": 0}
            if table in ("outcomes", "contrasts", "events"):
                common |= {"source_url": record.url, "flag": UNVERIFIED}
            rows = [common | entry.row for entry in _of_table(entries, table)]
        tables[table] = _frame(table, rows)
    return Evidence(**tables, date=record.dates.results_first_posted[:10], origin=record.id)


def _rows_of(frame: pl.DataFrame, study_id: str) -> list[dict[str, Any]]:
    return frame.filter(pl.col("study_id") == study_id).to_dicts()


def _frame(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    schema = empty_table(table).schema
    columns: Mapping[str, list[Any]] = {
        name: [row.get(name) if row.get(name) != "" else None for row in rows]
        for name in schema
        if name != "row"
    }
    numbered = {**columns, "row": list(range(2, len(rows) + 2))}
    return pl.DataFrame(numbered, schema=schema, strict=False)
