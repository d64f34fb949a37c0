"""What, when, on which scale: what a line of a table says beside its numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reprieve.evidence import vocabulary
from reprieve.living.results.instruments import Found, find_instrument
from reprieve.living.results.levels import levels_or_changes
from reprieve.living.results.numerals import number
from reprieve.living.results.posted import Line, Measure
from reprieve.living.results.scales import direction_in, other_range_in, ranges_in
from reprieve.living.results.times import (
    Times,
    speaks_of_change,
    speaks_of_gain,
    speaks_of_percent,
    times_in,
)

_PRESENTED = re.compile(
    r"\b(?:outcomes?|values?|results?|data|scores?)\s+(?:was|were|is|are)\s+"
    r"(?:presented|given|expressed|reported|shown|calculated)\b[^.]{0,60}\b(?:changes?|differences?)\b",
    re.I,
)
_LAST_NUMBER = re.compile(r"(?:^|[\s.])(\d{1,2})\s*\.?$")
_WITH_NUMBER = re.compile(r"\b(?:sf|rand)[- ]?(?:12|36)\b", re.I)
_DIFFERENCE = re.compile(r"\bdifferences?\b|\bvariations?\b|\bdelta\b", re.I)
_EVOLUTION = re.compile(r"\bevolution\b|\bprogress(?:ion)?\b|\bdevelopment\b", re.I)
"""Words for changes, or for levels over time, or for what lies between two groups."""
_TURNED_ROUND = re.compile(
    r"\b(?:base\s?-?line|pre-?\s?treatment|initial)\b(?: (?:value|score|level)s?)?"
    r" ?(?:\bminus\b|[-–−](?= ))",
    re.I,
)
"""The later value taken from the first one: a gain has a plus then, whatever the scale."""
_NOT_POINTS = re.compile(
    r"%|\bper ?cent|\b(?:participants?|patients?|subjects?|people|persons?|responders?|events?"
    r"|days?|weeks?|hours?|minutes?|seconds?|tablets?|mg|ml|kg|metres?|meters?|degrees?|ratio)\b",
    re.I,
)
_OF_ITEMS = re.compile(r"\bitems?\b|\bquestions?\b", re.I)
_CENTIMETRES = re.compile(r"^\W*(?:cm|centimet(?:er|re)s?)\b", re.I)
_MILLIMETRES = re.compile(r"^\W*(?:mm|millimet(?:er|re)s?)\b", re.I)
_NORMED = re.compile(
    r"\bnorm(?:ative)?[- ]?based|\bt-?scores?\b|\braw\b|\bstandard deviation of 10\b", re.I
)
_NEVER_NORMED = ("SF-36", "SF-12", "RAND-36", "KOOS")
_VERSIONS = {
    "WOMAC pain": (20, 100, 10, 50, 500),
    "WOMAC stiffness": (8, 100, 10, 20, 200),
    "WOMAC function": (68, 100, 10, 170, 1700),
    "WOMAC total": (96, 100, 10, 240, 2400),
    "Lequesne": (24, 26, 100),
    "RMDQ": (24,),
}
"""Highest scores of the versions in use; a pain rating goes to 10 or 100."""
_WHOLE_WOMAC = (96, 240, 2400)
"""Ranges that only the total of the WOMAC has."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a line measures, or why that is not certain.

    Attributes
    ----------
    domain, instrument, statistic, higher_is : str
    month : float
    scale : (float, float) or None
    notes : tuple of str
        For the locator.
    reason : str
        Empty where everything is certain.
    """

    domain: str = ""
    instrument: str = ""
    month: float = 0.0
    statistic: str = "final"
    scale: tuple[float, float] | None = None
    higher_is: str = ""
    notes: tuple[str, ...] = ()
    reason: str = ""


def meaning_of(line: Line, measure: Measure, *, at_baseline: bool = False) -> Meaning:
    """What a line of a measure says.

    Parameters
    ----------
    line : Line
    measure : Measure
        The measure that the line stands in.
    at_baseline : bool
        Whether it is a baseline measure.

    Examples
    --------
    >>> line = Line("6 months", "", ())
    >>> measure = Measure(1, "WOMAC pain", "Likert version, 0 to 20", lines=(line,))
    >>> meaning = meaning_of(line, measure)
    >>> meaning.instrument, meaning.month, meaning.statistic, meaning.scale
    ('WOMAC pain', 6.0, 'final', (0.0, 20.0))
    >>> meaning_of(Line("", "", ()), measure).reason
    'names no time, or several'
    """
    found = find_instrument(line.title, measure.title, measure.description, measure.unit)
    if found.reason:
        return Meaning(reason=found.reason)
    notes: list[str] = []
    statistic, month = "final", 0.0
    if not at_baseline:
        statistic, reason = _statistic(line, measure, found, notes)
        if reason:
            return Meaning(reason=reason)
        when = _month(line, measure, statistic)
        if when is None:
            return Meaning(reason="names no time, or several")
        if when == 0 and statistic == "change":
            return Meaning(reason="is called a change at baseline")
        month = when
    if found.domain != "structure" and (strange := _NOT_POINTS.search(measure.unit)):
        return Meaning(reason=f"its unit speaks of {strange[0]!r}, not of points on a scale")
    scale, reason = _scale(found, measure, notes)
    if reason:
        return Meaning(reason=reason)
    higher_is = vocabulary.instrument(found.domain, found.instrument).higher_is
    said = direction_in(measure.description)
    if said and said != higher_is:
        reason = f"the record says that higher is {said}, against the use of {found.instrument}"
        return Meaning(reason=reason)
    return Meaning(found.domain, found.instrument, month, statistic, scale, higher_is, tuple(notes))


def _statistic(line: Line, measure: Measure, found: Found, notes: list[str]) -> tuple[str, str]:
    """``"final"`` or ``"change"``, and why neither is certain."""
    if speaks_of_percent(f"{line.title} | {measure.title} | {measure.unit}"):
        return "", "a change in percent of the first value, not in points"
    if speaks_of_gain(line.title) or speaks_of_gain(measure.title):
        return "", "a gain or a loss, of which the sign is not said"
    if _TURNED_ROUND.search(f"{line.title} | {measure.title} | {measure.description}"):
        return "", "a change of which the later value is taken away: its sign is turned round"
    unsaid = "it is not said whether the values are scores or changes"
    if speaks_of_change(line.title):
        return "change", ""
    if _DIFFERENCE.search(line.title):
        return "", unsaid
    titled = speaks_of_change(measure.title) or speaks_of_change(measure.time_frame)
    if any(_is_baseline(other) for other in measure.lines):
        if not titled and not _DIFFERENCE.search(measure.title):
            return "final", ""
        statistic = levels_or_changes(line, measure, found)
        if statistic == "final":
            notes.append("levels, although the title says change")
        reason = "there is a value at baseline, yet the title says change"
        return statistic, "" if statistic else reason
    if titled or _PRESENTED.search(measure.description):
        return "change", ""
    negative = any(
        (value := number(cell.value)) is not None and value < 0
        for other in measure.lines
        if not speaks_of_change(other.title)
        for cell in other.measurements
    )
    vague = _DIFFERENCE.search(measure.title) or (
        # Where other lines say that they are changes, this one is none.
        _EVOLUTION.search(measure.title)
        and not any(speaks_of_change(other.title) for other in measure.lines)
    )
    if negative or vague or speaks_of_change(measure.description):
        return "", unsaid
    return "final", ""


def _is_baseline(line: Line) -> bool:
    """Whether a line gives values before treatment, which no change can have but zero."""
    if times_in(line.title).one != 0 or speaks_of_change(line.title):
        return False
    return any(number(cell.value) not in (None, 0) for cell in line.measurements)


def _month(line: Line, measure: Measure, statistic: str) -> float | None:
    of_line = times_in(line.title)
    if of_line.months or of_line.baseline:
        return of_line.one
    frame = times_in(measure.time_frame)
    described = times_in(measure.description)
    if last := _LAST_NUMBER.search(_WITH_NUMBER.sub(" ", line.title)):
        month = float(last[1])
        known = {*frame.months, *described.months}
        if month in known or (month == 0 and (frame.baseline or described.baseline)):
            return month
    titled = times_in(measure.title)
    if not titled.fit(frame):
        return None
    for times in (titled, frame):
        if times.months or times.baseline:
            return _only(times, statistic)
    return None


def _only(times: Times, statistic: str) -> float | None:
    """The one time; a change over a span from baseline belongs to its end."""
    if statistic == "change" and len(times.months) == 1 and not times.bound:
        return times.months[0]
    return times.one


def _scale(
    found: Found, measure: Measure, notes: list[str]
) -> tuple[tuple[float, float] | None, str]:
    """The range, None where it is not certain, and why the row can't be used."""
    known = vocabulary.instrument(found.domain, found.instrument)
    usual = None
    if known.score_min is not None and known.score_max is not None:
        usual = known.score_min, known.score_max
    said = f"{measure.description} | {measure.title} | {measure.unit}"
    stated = ranges_in(said)
    if found.has_one_range:
        if (other := other_range_in(said)) and other != usual:
            low, high = other
            return None, f"the record says {low:g} to {high:g}, which {found.instrument} is not on"
        if found.instrument.startswith(_NEVER_NORMED) and _NORMED.search(said):
            return None, "a raw or norm-based score, not one on the usual range"
        if usual and len(stated) == 1 and usual not in stated:
            low, high = next(iter(stated))
            return None, f"the record says {low:g} to {high:g}, which {found.instrument} is not on"
        return usual, ""
    one = next(iter(stated)) if len(stated) == 1 else None
    if found.of_whole and (one is None or one[1] not in _WHOLE_WOMAC):
        return None, "a WOMAC score, but it is not said of which part or of the whole"
    if one is None:
        return None, ""
    is_version = one[1] in _VERSIONS.get(found.instrument, (10, 100)) and one[0] == 0
    if found.domain == "structure" or not is_version or _is_of_another(found, measure, one[1]):
        return None, ""
    if _is_too_narrow(found, measure, one):
        notes.append(
            f"record states {one[0]:g}-{one[1]:g}, which the values contradict, "
            "so the range is left empty"
        )
        return None, ""
    return one, ""


def _is_of_another(found: Found, measure: Measure, high: float) -> bool:
    """Whether the range stated is that of an item, of another part, or against the unit."""
    if _CENTIMETRES.search(measure.unit) or _MILLIMETRES.search(measure.unit):
        return high != (10 if _CENTIMETRES.search(measure.unit) else 100)
    if not found.instrument.startswith("WOMAC"):
        return False
    if high in (10, 100):
        return bool(_OF_ITEMS.search(measure.description))
    parts = {
        find_instrument(line.title, measure.title, measure.description, measure.unit).instrument
        for line in measure.lines
    }
    return len(parts - {""}) > 1


_NARROW = 0.035
"""Of the range, below which no group of people has its standard deviation on these scales."""


def _is_too_narrow(found: Found, measure: Measure, scale: tuple[float, float]) -> bool:
    """Whether all values of the instrument lie too close together for the range stated."""
    spreads = []
    for line in measure.lines:
        same = find_instrument(line.title, measure.title, measure.description, measure.unit)
        if same.instrument != found.instrument:
            continue
        for cell in line.measurements:
            spread = number(cell.spread)
            people = number(line.people.get(cell.group) or measure.people.get(cell.group, ""))
            if spread is not None and people and people >= 5:
                is_error = "error" in measure.dispersion.lower()
                spreads.append(spread * people**0.5 if is_error else spread)
    return bool(spreads) and max(spreads) < _NARROW * (scale[1] - scale[0])
