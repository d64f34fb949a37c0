"""Trials of cell therapy as a register knew them: what was planned, and what has stayed silent.

The extract (``register_data/trials.csv``) holds the ClinicalTrials.gov records of mesenchymal cells
in painful conditions as of 10 October 2022. Condition, cell source and donor were set by rules on
the registered words; of 150 records read by a person the rules agreed on 95, 91 and 92 in 100.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import polars as pl

from reprieve.evidence import vocabulary
from reprieve.evidence.records import Evidence

REGISTER = "ClinicalTrials.gov"
AS_OF = date(2022, 10, 10)
"""The day of the extract."""

DUE_AFTER_MONTHS = 12
"""Months after primary completion when results are due (42 CFR 11.44, United States)."""

State = Literal["read", "known", "posted", "silent", "running", "never_run"]
STATES: dict[State, str] = {
    "read": "numbers read into this evidence",
    "known": "in this evidence, numbers not read",
    "posted": "results posted in the register, not read",
    "silent": "ended more than a year before the extract, no results posted nor in this evidence",
    "running": "not ended, or ended less than a year before the extract",
    "never_run": "withdrawn, or expanded access",
}
_ENDED = ("Completed", "Terminated", "Unknown status", "Suspended")
_NEVER = ("Withdrawn", "No longer available", "Available", "Temporarily not available")


@lru_cache(maxsize=1)
def registered() -> pl.DataFrame:
    """All records of the extract: ``nct_id``, ``title``, ``status``, ``planned`` people, dates …

    Examples
    --------
    >>> registered().filter(condition="knee_osteoarthritis").height
    121
    """
    path = files("reprieve.evidence") / "register_data" / "trials.csv"
    return pl.read_csv(path.read_bytes(), infer_schema_length=None)


def registered_trials(condition: str, evidence: Evidence) -> pl.DataFrame:
    """The registered trials of a condition, and what has become of each.

    Parameters
    ----------
    condition : str
        A code of the vocabulary.
    evidence : Evidence

    Returns
    -------
    polars.DataFrame
        The columns of `registered`, then ``study_id`` of the evidence (or null) and ``state``,
        one of `STATES`.

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> found = registered_trials("knee_osteoarthritis", load_evidence())
    >>> set(found["state"]) <= set(STATES)
    True
    """
    vocabulary.condition(condition)
    known = _studies_by_number(evidence)
    with_values = {*evidence.outcomes["study_id"], *evidence.contrasts["study_id"]}
    rows = []
    for row in registered().filter(condition=condition).iter_rows(named=True):
        study = known.get(row["nct_id"])
        rows.append({"study_id": study, "state": _state(row, study, with_values)})
    return pl.concat(
        [
            registered().filter(condition=condition),
            pl.DataFrame(rows, schema={"study_id": pl.String, "state": pl.String}),
        ],
        how="horizontal",
    )


def _studies_by_number(evidence: Evidence) -> dict[str, str]:
    found = {}
    for study, numbers in evidence.studies.select("study_id", "registration").iter_rows():
        for number in (numbers or "").replace(";", " ").replace(",", " ").split():
            found[number] = study
    return found


def _state(row: dict[str, object], study: str | None, with_values: set[str]) -> State:
    if study in with_values:
        return "read"
    if study is not None:
        return "known"
    if row["has_results"]:
        return "posted"
    if row["status"] in _NEVER:
        return "never_run"
    ended = row["primary_completion_date"] or row["completion_date"]
    if row["status"] not in _ENDED or ended is None:
        return "running"
    year, month = (int(part) for part in str(ended).split("-")[:2])
    passed = 12 * (AS_OF.year - year) + AS_OF.month - month
    return "silent" if passed > DUE_AFTER_MONTHS else "running"
