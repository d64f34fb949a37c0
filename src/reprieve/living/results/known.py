"""A trial that the evidence holds already: its number there, and which of its arms are which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import polars as pl

from reprieve.evidence.records import Evidence
from reprieve.living.record import Record
from reprieve.living.results.arms import Arm, words_of


def known_trial(record: Record, evidence: Evidence) -> str:
    """The trial of the evidence with the number of a record; empty where there is none, or two.

    Examples
    --------
    >>> from reprieve.evidence.package import load_evidence
    >>> known_trial(Record("clinicaltrials.gov", "NCT01586312", "registration"), load_evidence())
    'vega-2015'
    """
    numbers = pl.col("registration").str.split(";").list.eval(pl.element().str.strip_chars())
    found = evidence.studies.filter(numbers.list.contains(record.id))["study_id"].to_list()
    return str(found[0]) if len(found) == 1 else ""


def known_arms(arms: Sequence[Arm], study_id: str, evidence: Evidence) -> dict[str, str]:
    """For each arm of a record, the arm of the evidence that it is.

    The treatment must be the same, and the number of people where both are known; where several
    arms share these, the words of their names tell. An arm without one counterpart is left out.

    Parameters
    ----------
    arms : sequence of Arm
    study_id : str
    evidence : Evidence

    Returns
    -------
    dict
        ``Arm.id`` to the arm's id in the evidence.
    """
    rows = evidence.arms.filter(pl.col("study_id") == study_id).to_dicts()
    found: dict[str, str] = {}
    for arm in arms:
        alike = [row for row in rows if _is_alike(arm, row)]
        if len(alike) > 1:
            shared = [len(arm.words & _words(row)) for row in alike]
            best = max(shared)
            alike = [row for row, count in zip(alike, shared, strict=True) if count == best]
        if len(alike) == 1:
            found[arm.id] = str(alike[0]["arm_id"])
    times = Counter(found.values())
    return {arm: known for arm, known in found.items() if times[known] == 1}


def _is_alike(arm: Arm, row: dict[str, Any]) -> bool:
    people = row["n_randomised"]
    same_number = None in (people, arm.n_randomised) or people == arm.n_randomised
    return row["treatment"] == arm.given.treatment and same_number


def _words(row: dict[str, Any]) -> frozenset[str]:
    return words_of(row["label"]) | words_of(str(row["arm_id"]).replace("_", " "))
