"""Outcomes that count people: those that the vocabulary of events has a word for."""

from __future__ import annotations

import re

from reprieve.living.results.arms import Arms, is_total
from reprieve.living.results.ledger import Ledger
from reprieve.living.results.numerals import whole
from reprieve.living.results.outcomes import NO_OUTCOME, place_name
from reprieve.living.results.posted import PARTICIPANTS, Group, Line, Measure, Measurement
from reprieve.living.results.times import times_in

_WHO = r"(?:participants?|patients?|subjects?|people|persons?)"
_PEOPLE = re.compile(rf"^(?:number of )?{_WHO}$", re.I)
_WITH = (
    rf"\bnumber of {_WHO} (?:with|who (?:had|experienced))(?: any| at least one)?"
    r" (?:treatment[- ]emergent )?"
)
_NO_MORE = (
    r"(?:\s*\((?:te|s|tes)?aes?\))?(?:\s+as a measure of safety(?: and tolerability)?)?"
    r"(?:[\s,:(-]+(?:at|up|to|through(?:out)?|over|within|during|until|by|in|from|after|the|of|end|entire"
    r"|stud(?:y|ies)|trial|follow-?\s?up|period|time|first|base\s?-?line|post|injections?|treatment"
    r"|days?|weeks?|months?|years?|[\d.]+|one|two|six|twelve)\b)*[\s).]*$"
)
"""Behind the name of the event only its short form and a time: no kind, cause or grade of it."""
_TITLES = (
    (re.compile(rf"{_WITH}serious adverse events?\b{_NO_MORE}", re.I), "serious_adverse_event"),
    (re.compile(rf"{_WITH}adverse events?\b{_NO_MORE}", re.I), "any_adverse_event"),
)
_SEVERAL = re.compile(r"events? (?:and|or) serious|serious adverse events? (?:and|or)", re.I)
_IMAGE = re.compile(r"\bmri\b|magnetic resonance", re.I)
_TEAR = re.compile(r"tear size", re.I)
_BETTER = re.compile(r"^improve(?:d|ment)\b", re.I)
_WORSE = re.compile(r"^(?:aggravated|progress(?:ed|ion)?|worse(?:ned)?)\b", re.I)


def place_counts(measure: Measure, arms: Arms, ledger: Ledger, *, at_baseline: bool) -> None:
    """Write down the values of a measure that counts people.

    Parameters
    ----------
    measure : Measure
        One whose values are numbers or counts, not means.
    arms : Arms
    ledger : Ledger
    at_baseline : bool
        Whether it is a baseline measure; none of these is an event.
    """
    groups = {group.id: group for group in measure.groups}
    for line in measure.lines:
        where = place_name(measure, line, at_baseline=at_baseline)
        event, reason = ("", NO_OUTCOME) if at_baseline else _event(measure, line)
        month = _month(measure, line)
        if not reason and month is None:
            reason = "names no time, or several"
        if reason:
            ledger.leave(_shown(measure, line), reason, where, len(line.measurements))
            continue
        for cell in line.measurements:
            group = groups.get(cell.group, Group(cell.group, cell.group))
            _place(event, month, measure, line, cell, group, arms, ledger)


def _place(
    event: str,
    month: float | None,
    measure: Measure,
    line: Line,
    cell: Measurement,
    group: Group,
    arms: Arms,
    ledger: Ledger,
) -> None:
    people = whole(line.people.get(cell.group) or measure.people.get(cell.group, ""))
    arm, count = arms.of(group, people, alone=len(measure.groups) == 1), whole(cell.value)
    what = f"{_shown(measure, line)}, {group.title}: {cell.value}"
    where = place_name(measure, line)
    reason = ""
    if is_total(group):
        reason = "is the sum over all arms"
    elif people == 0:
        reason = "nobody was analysed"
    elif arm is None:
        reason = "its group is none of the arms for certain"
    elif count is None or people is None:
        reason = "a count is missing"
    if reason or arm is None:
        ledger.leave(what, reason, where)
        return
    row = {
        "arm_id": arm.id,
        "event": event,
        "month": month,
        "events": count,
        "n": people,
        "locator": f"registry results, outcome {measure.number}",
    }
    ledger.place("events", row, what, where)


def _event(measure: Measure, line: Line) -> tuple[str, str]:
    """The event that a line counts, or why there is none."""
    counts_people = measure.parameter == "count of participants" or _PEOPLE.match(measure.unit)
    if not counts_people or measure.counted != PARTICIPANTS:
        return "", f"counts {measure.unit or 'something'}, not people"
    text = f"{measure.title} {measure.description}"
    if _IMAGE.search(text) and (kind := _image_event(measure, line)):
        return kind, ""
    if not line.title and not _SEVERAL.search(measure.title):
        for pattern, event in _TITLES:
            if pattern.search(measure.title):
                return event, ""
    return "", "the vocabulary of events has no word for what it counts"


def _image_event(measure: Measure, line: Line) -> str:
    title = line.category_title or line.class_title
    of_tear = bool(_TEAR.search(measure.title))
    if _BETTER.match(title):
        return "tear_size_improved_mri" if of_tear else "mri_improved"
    if _WORSE.match(title):
        return "tear_size_aggravated_mri" if of_tear else "mri_progressed"
    return ""


def _month(measure: Measure, line: Line) -> float | None:
    for text in (line.title, measure.title, measure.time_frame):
        times = times_in(text)
        if times.baseline and not times.months and text == line.title:
            return None
        if times.months:
            # By when: the end of the span, where it has one end.
            return times.latest if len(times.months) == 1 else None
    return None


def _shown(measure: Measure, line: Line) -> str:
    return f"{measure.title}, {line.title}" if line.title else measure.title
