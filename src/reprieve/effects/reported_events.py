"""Which count of an event a trial gives, and what stands in the way of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reprieve.effects.summaries import UNREAD_BY_PEOPLE, Row, Unusable
from reprieve.effects.trials import Trial
from reprieve.evidence import vocabulary
from reprieve.evidence.event_families import EventFamily
from reprieve.evidence.schema import UNVERIFIED

SIMPLY_READ = (None, "", "imputed", "read_off")
"""Flags of counts that hold whole arms since the start."""

_SHOWN = ("paired", "unit", "overlap")
"""Cautions that stand beside a count; the others keep counts out, with their reason."""


@dataclass(frozen=True)
class Reported:
    """People with an event, by side.

    Attributes
    ----------
    events : tuple of str
        Codes of the events counted.
    month : float or None
        By which month; None where the trial does not say how long it watched.
    counts, people : dict of str to int
        By side.
    arms : dict of str to list of str
        By side.
    notes : tuple of str
    rows : tuple of int
        The rows of the events table.
    """

    events: tuple[str, ...]
    month: float | None
    counts: dict[str, int]
    people: dict[str, int]
    arms: dict[str, list[str]]
    notes: tuple[str, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True)
class _Count:
    """One usable row."""

    arm: str
    month: float | None
    events: int
    people: int
    row: int
    notes: tuple[str, ...]


def reported(
    trial: Trial, rows: Sequence[Row], family: EventFamily, sides: set[str]
) -> Reported | Unusable:
    """What a trial reports of a family of events in its arms, with a count for each side.

    Parameters
    ----------
    trial : Trial
        With the arms to count.
    rows : sequence of dict
        Its rows of the events table.
    family : EventFamily
    sides : set of str
        The sides that need a count.
    """
    problems: list[str] = []
    by_event: dict[str, Reported] = {}
    for event in family.events:
        counts = [
            count
            for row in rows
            if row["event"] == event and row["arm_id"] in trial.arms
            and (count := _count(row, trial, problems)) is not None
        ]  # fmt: skip
        found = _longest(event, counts, trial, sides)
        if found is not None:
            by_event[event] = found
        elif counts:
            problems.append("only some of the arms have a count")
    if not by_event:
        reason = problems[0] if problems else f"{family.name} is not reported, or not read yet"
        return Unusable(reason)
    first = next(iter(by_event.values()))
    if len(by_event) == 1 or not family.adds or family.events[0] in by_event:
        return first
    return _added(list(by_event.values()))


def _count(row: Row, trial: Trial, problems: list[str]) -> _Count | None:
    """A row as a count, or None with the reason among the problems."""
    month, notes = row["month"], []
    if month is None:
        month = trial.study["follow_up_months"]
        notes.append(
            "the month is not stated: the trial's longest follow-up was taken"
            if month is not None
            else "how long people were watched is not stated"
        )
    people = row["n"]
    if people is None:
        people = trial.arms[row["arm_id"]]["n_randomised"]
        notes.append("people at risk not stated: those randomised were taken")
    if row["flag"] == UNVERIFIED:
        problems.append(UNREAD_BY_PEOPLE)
    elif row["flag"] not in SIMPLY_READ:
        part = "a part of the arm" if row["flag"] == "subgroup" else "a part of the time"
        problems.append(f"a count of {part} only")
    elif trial.spoilt(row | {"month": month}):
        problems.append("by then people had changed treatment")
    elif not people:
        problems.append("the number of people at risk is not reported")
    elif row["events"] > people:
        problems.append("more people with the event than at risk are reported")
    else:
        if row["flag"] == "imputed":
            notes.append("the count was computed from what the source gives")
        elif row["flag"] == "read_off":
            notes.append("read off a figure")
        return _Count(row["arm_id"], month, row["events"], people, row["row"], tuple(notes))
    return None


def _longest(
    event: str, counts: Sequence[_Count], trial: Trial, sides: set[str]
) -> Reported | None:
    """The count at the follow-up that covers most arms, the longest of those."""
    months: dict[float | None, list[_Count]] = {}
    for count in counts:
        months.setdefault(count.month, []).append(count)
    whole = [some for some in months.values() if trial.groups_of(c.arm for c in some) >= sides]
    if not whole:
        return None
    best = max(whole, key=lambda some: (len(some), some[0].month or 0))
    notes = list(dict.fromkeys(note for count in best for note in count.notes))
    if len(best) < len(trial.arms):
        notes.append("not all arms have a count")
    notes += [
        "the same people in both arms, counted as if they were others"
        if caution["kind"] == "paired"
        else caution["reason"].rstrip(".")
        for caution in trial.cautions
        if caution["kind"] in _SHOWN
    ]
    on = {side: [c for c in best if trial.groups[c.arm] == side] for side in sides}
    return Reported(
        events=(event,),
        month=best[0].month,
        counts={side: sum(c.events for c in some) for side, some in on.items()},
        people={side: sum(c.people for c in some) for side, some in on.items()},
        arms={side: [c.arm for c in some] for side, some in on.items()},
        notes=tuple(notes),
        rows=tuple(c.row for c in best),
    )


def _added(found: Sequence[Reported]) -> Reported:
    """Different events of one family, added up."""
    first = found[0]
    names = " and ".join(vocabulary.event(event).name for part in found for event in part.events)
    months = [part.month for part in found if part.month is not None]
    notes = [note for part in found for note in part.notes]
    return Reported(
        events=tuple(event for part in found for event in part.events),
        month=max(months, default=None),
        counts={
            side: min(sum(part.counts[side] for part in found), people)
            for side, people in first.people.items()
        },
        people=first.people,
        arms=first.arms,
        notes=(*dict.fromkeys(notes), f"{names} added up: a person with both counts twice"),
        rows=tuple(row for part in found for row in part.rows),
    )
