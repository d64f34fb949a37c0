"""The trial itself: rows of studies and arms from the registration and the baseline table."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from reprieve.living.record import Record
from reprieve.living.results.arms import Arm, Arms, is_total
from reprieve.living.results.numerals import number, whole
from reprieve.living.results.posted import Line, Measure

_AGE = "Age, Continuous"
_SEX = re.compile(r"^sex\b|^gender\b", re.I)
_DESIGNS = {"parallel": "parallel", "crossover": "crossover", "single group": "single_arm"}
_MASKINGS = {
    "none": "open",
    "single": "single",
    "double": "double",
    "triple": "double",
    "quadruple": "double",
}
_PUBLIC = ("NIH", "FED", "OTHER_GOV")
_KNEE = "knee_osteoarthritis"
_HIP = re.compile(r"osteoarth[a-z]*[^|]*\bhip\b|\bhip\b[^|]*osteoarth|coxarthr", re.I)
"""With the knee: people with either, whom the evidence does not count as people with bad knees."""
_IF_PAIN = ("other_chronic_pain", "spinal_cord_injury_pain")
"""Conditions of people with a disease that need not hurt."""


@dataclass(frozen=True, slots=True)
class People:
    """Who took part, from the baseline measures.

    Attributes
    ----------
    mean_age, percent_female : float or None
    cells : int
        How many posted values they stand on.
    rest : tuple of Measure
        The baseline measures without these values.
    """

    mean_age: float | None
    percent_female: float | None
    cells: int
    rest: tuple[Measure, ...]


def condition_of(record: Record, outcomes: Sequence[Measure]) -> str:
    """The condition of the vocabulary that a trial is about; empty where there is none.

    What the register lists as conditions decides, then its MeSH terms and the titles. A disease
    that need not hurt counts only where the trial measured pain.

    Examples
    --------
    >>> condition_of(Record("", "", "registration", conditions=("Osteoarthritis, Knee",)), ())
    'knee_osteoarthritis'
    >>> both = ("Osteoarthritis, Knee", "Osteoarthritis, Hip")
    >>> condition_of(Record("", "", "registration", conditions=both), ())
    'other_osteoarthritis'
    >>> condition_of(Record("", "", "registration", conditions=("Cystic Fibrosis",)), ())
    ''
    """
    for text in (
        " | ".join(record.conditions),
        " | ".join(record.mesh),
        f"{record.title} | {record.official_title}",
    ):
        for pattern, condition in _conditions():
            if pattern.search(text):
                if condition == _KNEE and _HIP.search(text):
                    return "other_osteoarthritis"
                measured = any(re.search(r"\bpain\b", found.title, re.I) for found in outcomes)
                return condition if condition not in _IF_PAIN or measured else ""
    return ""


def who_took_part(baseline: Sequence[Measure], arms: Arms) -> People:
    """Mean age and share of women over all arms, where the record gives them for all."""
    age, female, cells = None, None, 0
    rest = []
    for measure in baseline:
        group = _of_everybody(measure, arms)
        left = measure
        if group and age is None and _is_mean_age(measure):
            values = [
                number(cell.value)
                for line in measure.lines
                for cell in line.measurements
                if cell.group == group
            ]
            if len(values) == 1 and values[0] is not None:
                age, cells = round(values[0], 2), cells + 1
                left = _without(measure, group, measure.lines)
        elif group and female is None and _SEX.search(measure.title):
            counts = {
                line.title.strip().lower(): whole(cell.value)
                for line in measure.lines
                for cell in line.measurements
                if cell.group == group
            }
            women, men = counts.get("female"), counts.get("male")
            if women is not None and men is not None and len(counts) == 2 and women + men > 0:
                female, cells = round(100 * women / (women + men), 1), cells + 2
                left = _without(measure, group, measure.lines)
        rest.append(left)
    return People(age, female, cells, tuple(rest))


def study_row(record: Record, condition: str, people: People, arms: Arms) -> dict[str, Any]:
    """The row of the trial, without follow-up."""
    started = [arm.n_randomised for arm in arms.all]
    posted = record.dates.results_first_posted
    return {
        "label": record.id,
        "registration": record.id,
        "year": int(posted[:4]) if posted[:4].isdigit() else None,
        "country": ";".join(filter(None, (_countries().get(name) for name in record.countries))),
        "condition": condition,
        "condition_detail": "; ".join(record.conditions),
        "design": _design(record),
        "blinding": _blinding(record),
        "n_randomised": sum(n for n in started if n is not None) if None not in started else None,
        "mean_age": people.mean_age,
        "percent_female": people.percent_female,
        "funding": _funding(record),
        "source_url": record.url,
        "note": f"{record.title}. Read from the results posted in the register, not checked by a "
        "person yet; the year is that of posting.",
    }


def arm_row(arm: Arm) -> dict[str, Any]:
    """The row of an arm."""
    return {
        "arm_id": arm.id,
        "label": arm.label,
        **asdict(arm.given),
        "n_randomised": arm.n_randomised,
    }


def _of_everybody(measure: Measure, arms: Arms) -> str:
    """The number of the group that holds everybody: the total, or the only group."""
    totals = [group.id for group in measure.groups if is_total(group)]
    if len(totals) == 1:
        return totals[0]
    return measure.groups[0].id if len(measure.groups) == len(arms.all) == 1 else ""


def _is_mean_age(measure: Measure) -> bool:
    in_years = "year" in measure.unit.lower()
    return measure.title == _AGE and measure.parameter == "mean" and in_years


def _without(measure: Measure, group: str, lines: Sequence[Line]) -> Measure:
    kept = tuple(
        replace(line, measurements=tuple(c for c in line.measurements if c.group != group))
        for line in lines
    )
    return replace(measure, lines=kept)


def _design(record: Record) -> str:
    if record.allocation == "non-randomized":
        return "nonrandomised"
    return _DESIGNS.get(record.intervention_model, "parallel" if record.arms[1:] else "single_arm")


def _blinding(record: Record) -> str:
    if record.masking == "single" and tuple(record.who_masked) == ("outcomes assessor",):
        return "assessor"
    return _MASKINGS.get(record.masking, "unclear")


def _funding(record: Record) -> str:
    if record.sponsor_class == "INDUSTRY":
        return "industry"
    return "public" if record.sponsor_class in _PUBLIC else "unclear"


@cache
def _conditions() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(row["pattern"], re.I), row["condition"]) for row in _rows("conditions")
    )


@cache
def _countries() -> dict[str, str]:
    return {row["name"]: row["code"] for row in _rows("countries")}


def _rows(name: str) -> list[dict[str, str]]:
    file = files("reprieve.living.results").joinpath("data", f"{name}.csv")
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
