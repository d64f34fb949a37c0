"""Harms that reviews, registries and health agencies have published, each with its source.

``facts/safety.csv`` holds one number a row as its source gives it. The codes of treatment, event
family and kind were set by rules on the words and looked over; nothing was computed unless the
note says so.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from reprieve.evidence import vocabulary

ANY_PAIN = "other_chronic_pain"
"""The condition of rows about chronic pain of any kind."""

Kind = Literal[
    "risk", "rate", "range", "ratio", "difference", "free", "model", "count", "other",
    "outbreak", "case",
]  # fmt: skip
"""People with the event; events over person-time; a band of published risks; relative and absolute
differences; people without the event; an assumption of a model; a count without people at risk;
anything else; and, never pooled nor held against trials: outbreaks and case reports."""

APART: tuple[Kind, ...] = ("outbreak", "case")


@dataclass(frozen=True)
class PublishedHarm:
    """One published number.

    Attributes
    ----------
    treatment : str
        Code of the vocabulary.
    group : str
        The people as the source describes them: ``nsaid (coxib)``.
    condition : str
        Code of the vocabulary; ``other_chronic_pain`` stands for pain of any kind.
    family : str
        Code of an event family; empty where none fits.
    event, kind, measure : str
    value, low, high : float or None
        In `unit`, the latter two the ends of its interval or band.
    unit : str
    numerator, denominator : int or None
        People with the event and all people (or person-years).
    follow_up, design : str
    source, locator : str
        DOI, PMC number or reference, and where in it.
    read_at : str
        The page that the row was read from (provenance; the link to show is the source's).
    read_on : str
        ``original``, or ``copy`` where the row was read on a copy of the page.
    source_tier : str
        ``primary`` or ``secondary``.
    note : str
    """

    treatment: str
    group: str
    condition: str
    family: str
    event: str
    kind: Kind
    measure: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    numerator: int | None
    denominator: int | None
    follow_up: str
    design: str
    source: str
    locator: str
    read_at: str
    read_on: str
    source_tier: str
    note: str

    @property
    def apart(self) -> bool:
        """Whether it is an outbreak or a case report."""
        return self.kind in APART

    @property
    def per_100(self) -> float | None:
        """People of 100 with the event, where the source gives percent or both counts."""
        if self.kind not in ("risk", "model") or "year" in self.unit:
            return None
        if self.numerator is not None and self.denominator:
            return 100 * self.numerator / self.denominator
        return self.value if self.unit == "percent" else None

    @property
    def shown(self) -> str:
        """The number in words, with its denominator.

        Examples
        --------
        >>> rare = next(row for row in published_harms("opioid") if row.numerator == 1)
        >>> rare.shown
        '4.9 of 10,000 people (1 of 2,042)'
        >>> next(row for row in published_harms("nsaid") if row.kind == "ratio").shown
        'rate ratio vs placebo 1.37 (1.14 to 1.66)'
        """
        counts = self._counts
        if self.per_100 is not None:
            return f"{_of_people(self.per_100, self._who)}{self._interval or counts}{self._model}"
        if self.kind == "range":
            return f"{self.low:g} to {self.high:g} of 100 people"
        if self.kind == "free":
            return f"{self.value:g} of 100 people without it{self._interval}"
        if self.kind in ("count", *APART):
            return f"{self.numerator if self.value is None else self.value:g} {self.unit}"
        if self.kind in ("rate", "model"):
            return f"{self.value:g} of 100 people a year{self._interval or counts}{self._model}"
        if self.kind == "difference" and self.value is not None:
            more = "more" if self.value >= 0 else "fewer"
            return f"{abs(self.value):g} {more} {self.unit.replace('1000', '1,000')}"
        return f"{self.measure} {self.value or 0:g}{self._interval}".replace(" -", " −")

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a reader must know about the row, in a few words each."""
        found = [self.note] if self.note else []
        if self.read_on == "copy":
            found.append("read on a copy of the page")
        if self.source_tier != "primary":
            found.append(f"from a {self.source_tier} source")
        return tuple(found)

    @property
    def _who(self) -> str:
        return "knees" if self.unit == "knees" else "people"

    @property
    def _interval(self) -> str:
        if self.low is None or self.high is None:
            return ""
        return f" ({self.low:g} to {self.high:g})".replace("-", "−")

    @property
    def _counts(self) -> str:
        if self.numerator is None or self.denominator is None:
            return ""
        years = " person-years" if self.kind == "rate" else ""
        return f" ({self.numerator:,} of {self.denominator:,}{years})"

    @property
    def _model(self) -> str:
        return ", assumed in a model" if self.kind == "model" else ""


def published_harms(
    treatment: str | None = None, condition: str | None = None
) -> tuple[PublishedHarm, ...]:
    """Published harms of a treatment, of what it holds and of the groups that hold it.

    Parameters
    ----------
    treatment, condition : str, optional
        Codes of the vocabulary. Rows about chronic pain of any kind go with every condition.

    Raises
    ------
    UnknownWordError

    Examples
    --------
    >>> found = published_harms("nsaid", "knee_osteoarthritis")
    >>> {row.treatment for row in found}
    {'nsaid'}
    >>> [row.numerator for row in published_harms("cell_therapy") if row.kind == "outbreak"]
    [12, 20, 4, 3, 3]
    """
    rows = _everything()
    if treatment is not None:
        near = vocabulary.descendants(treatment) | vocabulary.ancestors(treatment)
        rows = tuple(row for row in rows if row.treatment in near)
    if condition is not None:
        known = vocabulary.condition(condition).code
        rows = tuple(row for row in rows if row.condition in (known, ANY_PAIN))
    return rows


def _of_people(per_100: float, who: str) -> str:
    """People per 100, or per 10,000 where there are fewer than 1 in 1,000.

    Examples
    --------
    >>> _of_people(1.22, "people"), _of_people(0.049, "people")
    ('1.2 of 100 people', '4.9 of 10,000 people')
    """
    if 0 < per_100 < 0.1:
        return f"{100 * per_100:.2g} of 10,000 {who}"
    digits = 3 if per_100 >= 10 else 2
    return f"{per_100:.{digits}g} of 100 {who}"


@cache
def _everything() -> tuple[PublishedHarm, ...]:
    data = files("reprieve.evidence").joinpath("facts", "safety.csv")
    rows = csv.DictReader(data.read_text(encoding="utf-8").splitlines())
    return tuple(_record(row) for row in rows)


def _record(row: dict[str, str]) -> PublishedHarm:
    numbers = {name: float(row[name]) if row[name] else None for name in ("value", "low", "high")}
    counts = {name: int(row[name]) if row[name] else None for name in ("numerator", "denominator")}
    return PublishedHarm(**{**row, **numbers, **counts})  # type: ignore[arg-type]
