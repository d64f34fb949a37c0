"""Values that a title calls changes although there is one at baseline: which of the two are they?

As changes, or as levels, the values would say that everybody got clearly worse; where that is so
for one of the two only, they are the other.
"""

from __future__ import annotations

from reprieve.evidence import vocabulary
from reprieve.living.results.instruments import Found, find_instrument
from reprieve.living.results.numerals import number
from reprieve.living.results.posted import Line, Measure
from reprieve.living.results.scales import ranges_in
from reprieve.living.results.times import times_in

_WORSE = 0.1
"""Of the range of the scale; so much worse are no arms of a trial on average."""
_LIKE_BASELINE = (0.4, 2.5)
"""Without a scale: how many times the value at baseline a later level may be."""
_LIKE_CHANGE = 0.8
"""Without a scale: of the value at baseline, below which a change stays."""


def levels_or_changes(line: Line, measure: Measure, found: Found) -> str:
    """Whether the later values of a measure are levels or changes.

    Parameters
    ----------
    line : Line
        One of its lines.
    measure : Measure
        A measure with a line at baseline whose title says change.
    found : Found
        The instrument of the line.

    Returns
    -------
    {"final", "change", ""}
        Empty where both, or neither, could be. The line at baseline itself is a level.
    """
    if times_in(line.title).one == 0:
        return "final"
    before, after = _values(measure, found)
    if not before or not after:
        return ""
    start, later = sum(before) / len(before), sum(after) / len(after)
    known = vocabulary.instrument(found.domain, found.instrument)
    stated = ranges_in(f"{measure.description} {measure.title} {measure.unit}")
    span = max((high - low for low, high in stated), default=None) if len(stated) == 1 else None
    if span is None and found.has_one_range and known.score_max is not None:
        span = known.score_max - (known.score_min or 0.0)
    if span is None:
        low, high = _LIKE_BASELINE
        level = low * start <= later <= high * start
        change = abs(later) < _LIKE_CHANGE * abs(start)
    else:
        sign = 1 if known.higher_is == "worse" else -1
        level = sign * (later - start) <= _WORSE * span
        change = sign * later <= _WORSE * span
    if level == change:
        return ""
    return "final" if level else "change"


def _values(measure: Measure, found: Found) -> tuple[list[float], list[float]]:
    """Values at baseline and later, of the lines with the same instrument."""
    before: list[float] = []
    after: list[float] = []
    for line in measure.lines:
        same = find_instrument(line.title, measure.title, measure.description, measure.unit)
        if same.instrument != found.instrument:
            continue
        at_start = times_in(line.title).one == 0
        values = [number(cell.value) for cell in line.measurements]
        (before if at_start else after).extend(value for value in values if value is not None)
    return before, after
