"""Tables of unwanted events as candidate rows."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from reprieve.living.articles.arms import Arms, people_in
from reprieve.living.articles.layout import Layout, Reading
from reprieve.living.articles.numbers import plain
from reprieve.living.articles.statistics import said_of_numbers
from reprieve.living.articles.times import find_times
from reprieve.living.results.harms import event_terms

_CAPTION = re.compile(
    r"adverse|side[- ]effect|complication|safety|tolerab|reaction|harm|untoward|unwanted|"
    r"respon[ds]",
    re.IGNORECASE,
)
_EVENTS = re.compile(
    r"number of (?:adverse )?events|events, n|incidence rate|episodes", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Happened:
    """People of an arm to whom something happened.

    Attributes
    ----------
    reading : Reading
    layout : Layout
    arm : int
    event : str
        A code of the vocabulary.
    events, n : int
    month : float or None
    confidence : float
    """

    reading: Reading
    layout: Layout
    arm: int
    event: str
    events: int
    n: int
    month: float | None
    confidence: float


def happenings_of(
    layout: Layout, arms: Arms, month: float | None
) -> tuple[list[Happened], list[tuple[Reading, str]]]:
    """The rows of events in a table of adverse events or responders, and what became none.

    A count becomes a row only with an event of the vocabulary, an arm, and people at risk that
    agree with the percentage, where one stands beside it.

    Parameters
    ----------
    layout : Layout
    arms : Arms
    month : float or None
        The longest follow-up, where the table says no time.
    """
    if not _CAPTION.search(layout.table.caption[:240]):
        return [], []
    found: list[Happened] = []
    refused: list[tuple[Reading, str]] = []
    for reading in layout.readings:
        outcome = _happened(reading, layout, arms, month)
        if isinstance(outcome, Happened):
            found.append(outcome)
        else:
            refused.append((reading, outcome))
    keys = [(row.arm, row.event, row.month) for row in found]
    once = [row for row, key in zip(found, keys, strict=True) if keys.count(key) == 1]
    again = [row for row, key in zip(found, keys, strict=True) if keys.count(key) > 1]
    refused += [(row.reading, "several counts of the same event") for row in again]
    return once, refused


def event_of(term: str) -> str:
    """The event of the vocabulary that a heading names; empty where it names none for certain.

    Examples
    --------
    >>> event_of("Patients with AEs"), event_of("Dropouts due to AEs"), event_of("Headache")
    ('any_adverse_event', 'withdrawal_adverse_event', '')
    """
    bare = re.sub(r",?\s*(?:n|no\.?)?\s*\(\s*%\s*\)|[*†‡§:]|\bno\.?$", " ", plain(term).lower())
    bare = re.sub(r"\s+", " ", bare).strip(" ,.-")
    return next((event for pattern, event in _terms() if pattern.fullmatch(bare)), "")


def _happened(reading: Reading, layout: Layout, arms: Arms, month: float | None) -> Happened | str:
    value = reading.value
    if not reading.stubs:
        return "no event is named"
    event = event_of(reading.stubs[0])
    timed = find_times(reading.stubs[0])
    if not event and timed and reading.sections:
        event = event_of(reading.sections[0])
    if not event:
        return "not an event of the vocabulary for certain"
    if any(_EVENTS.search(plain(h)) for h in reading.headings):
        return "events are counted, not people"
    matches = [match for h in reading.headings if (match := arms.match(h))]
    if not matches:
        return "no arm is named"
    arm = matches[0].arm
    if any(match.arm != arm for match in matches):
        return "two arms are named"
    n = _at_risk(reading, arms, arm)
    if value.shape == "fraction" and value.spread:
        n = int(value.spread)
    if n is None:
        return "the people at risk are not given"
    return _checked(
        reading, layout, arm, event, n, _month(reading, layout, month), matches[0].certainty
    )


def _at_risk(reading: Reading, arms: Arms, arm: int) -> int | None:
    for heading in (*reading.columns, *reading.sections):
        count = people_in(heading)
        if count:
            return count
    return arms.arms[arm].n


def _month(reading: Reading, layout: Layout, month: float | None) -> float | None:
    for heading in (*reading.stubs, *reading.sections, *reading.columns):
        for time in find_times(heading):
            return time.months if time.when == "after" else None
    return month


def _checked(
    reading: Reading,
    layout: Layout,
    arm: int,
    event: str,
    n: int,
    month: float | None,
    certainty: float,
) -> Happened | str:
    """The row, if its percentage agrees with it."""
    value = reading.value
    count, beside = value.main, value.spread if value.shape in ("percent", "bracket") else None
    if value.shape not in ("percent", "bracket", "fraction", "single"):
        return "not a count"
    confidence = 0.95
    if beside is not None:
        if abs(100 * count / n - beside) > 1.6:
            if abs(100 * beside / n - count) > 1.6 or beside != int(beside):
                return "the count does not agree with its percentage"
            count = beside
    elif value.shape == "single":
        said = [said_of_numbers(h).spread for h in (*reading.headings, layout.table.caption)]
        if "percent" in said:
            return "a percentage without its count"
        confidence = 0.7
    if count != int(count) or not 0 <= count <= n:
        return "not a count of people"
    return Happened(reading, layout, arm, event, int(count), n, month, confidence * certainty)


@cache
def _terms() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The phrases of articles, then the terms that registers use."""
    file = files("reprieve.living.articles").joinpath("data", "event_phrases.csv")
    phrases = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    found = [(re.compile(row["pattern"]), row["event"]) for row in phrases]
    found += [(pattern, event) for pattern, event, _ in event_terms()]
    return tuple((pattern, event) for pattern, event in found if event)
