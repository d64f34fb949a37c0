"""Adverse events and people who left: counts of the record as rows of events.

A total is a total of what was posted: non-serious terms below the threshold of the record are not
listed, so a term that is absent is not zero, and serious and other people can't be added up, as
some had both.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from reprieve.living.results.arms import Arm, Arms
from reprieve.living.results.ledger import Ledger
from reprieve.living.results.numerals import number, whole
from reprieve.living.results.posted import AdverseEvents, Affected, Group, PostedResults
from reprieve.living.results.times import times_in

_RESTRICTED = re.compile(r"\bonly\b|unexpected|except|other than", re.I)
_LEAVING = {
    "adverse event": "withdrawal_adverse_event",
    "lack of efficacy": "withdrawal_lack_of_efficacy",
}


def place_harms(posted: PostedResults, arms: Arms, follow_up: float | None, ledger: Ledger) -> None:
    """Write down adverse events and withdrawals.

    Parameters
    ----------
    posted : PostedResults
    arms : Arms
    follow_up : float or None
        The latest month of the record, by which people had left.
    ledger : Ledger
    """
    _Harms(posted.events, arms, ledger).place()
    _place_withdrawals(posted, arms, follow_up, ledger)


class _Harms:
    def __init__(self, events: AdverseEvents, arms: Arms, ledger: Ledger) -> None:
        self._events, self._ledger = events, ledger
        self._arms = {group.id: arms.of(group) for group in events.groups}
        self._groups = {group.id: group for group in events.groups}
        # Where some groups are later periods, the time frame is not that of the arms.
        one_span = all(arm is not None for arm in self._arms.values())
        months = times_in(events.time_frame).months
        self._month = months[0] if one_span and len(months) == 1 else None

    def place(self) -> None:
        events = self._events
        threshold = events.threshold
        bound = f"non-serious, reporting threshold {threshold} %" if threshold else "non-serious"
        restricted = _RESTRICTED.search(f"{events.description} {events.time_frame}")
        if restricted:
            bound += ", not all events were collected"
        for counts, event, note in (
            (events.serious, "serious_adverse_event", ""),
            (events.other, "other_adverse_event", f" ({bound})"),
            (events.deaths, "death", " (all-cause mortality)"),
        ):
            for group, count in counts.items():
                self._count(group, event, count, note, event.replace("_", " "))
        if not restricted:
            for group in events.other:
                self._any(group)
        for term in events.terms:
            self._term(term.term, term.serious, term.counts)

    def _any(self, group: str) -> None:
        """People with any event, where the totals tell: by the serious, or by everybody."""
        other, serious = self._events.other[group], self._events.serious.get(group)
        arm = self._arms.get(group)
        if arm is None or serious is None or other.at_risk != serious.at_risk:
            return
        if any(
            entry.row.get("event") == "any_adverse_event" and entry.row["arm_id"] == arm.id
            for entry in self._ledger.entries
        ):
            return
        others, seriously = whole(other.affected), whole(serious.affected)
        people, threshold = whole(other.at_risk), number(self._events.threshold)
        if others is None or seriously is None or not people:
            return
        if others == people:
            note = " (other total: everyone)"
        elif threshold == 0 and seriously == 0:
            note = " (other total; threshold 0 %, none serious)"
        elif threshold == 0 and others == 0:
            note = " (serious total; threshold 0 %, no others)"
        else:
            return
        count = Affected(str(max(others, seriously)), other.at_risk)
        self._count(group, "any_adverse_event", count, note, "any adverse event", cells=0)

    def _term(self, term: str, serious: bool, counts: Mapping[str, Affected]) -> None:
        kind = "serious" if serious else "other"
        event = _event_of(term, serious)
        if not event:
            shown = f"{kind} adverse event {term!r}"
            reason = "the vocabulary of events has no word for it"
            self._ledger.leave(shown, reason, "adverse events", len(counts))
            return
        for group, count in counts.items():
            self._count(group, event, count, f" ({kind} term {term!r})", term)

    def _count(
        self, group: str, event: str, count: Affected, note: str, shown: str, cells: int = 1
    ) -> None:
        arm, where = self._arms.get(group), "adverse events"
        title = self._groups[group].title if group in self._groups else group
        what = f"{shown}, {title}: {count.affected} of {count.at_risk}"
        affected, people = whole(count.affected), whole(count.at_risk)
        reason = ""
        if arm is None:
            reason = "its group is none of the arms for certain"
        elif affected is None or people is None:
            reason = "a count is missing"
        elif people == 0:
            reason = "nobody was at risk"
        if reason or arm is None:
            self._ledger.leave(what, reason, where, cells)
            return
        row = {
            "arm_id": arm.id,
            "event": event,
            "month": self._month,
            "events": affected,
            "n": people,
            "locator": f"registry results, adverse events{note}",
        }
        self._ledger.place("events", row, what, where, cells)


def _place_withdrawals(
    posted: PostedResults, arms: Arms, follow_up: float | None, ledger: Ledger
) -> None:
    groups = {group.id: arms.of(group) for group in posted.flow_groups}
    for at, period in enumerate(posted.periods):
        where = f"participant flow, {period.title!r}" if period.title else "participant flow"
        one_period = len(posted.periods) == 1
        started = period.milestones[0].people if period.milestones else {}
        for milestone in period.milestones:
            title = milestone.title.upper()
            if title == "STARTED" and at == 0:
                _place_starters(milestone.people, posted.flow_groups, groups, where, ledger)
            elif title == "NOT COMPLETED" and one_period:
                _place_leavers(
                    "withdrawal_any", "not completed", milestone.people, started,
                    groups, follow_up, where, ledger,
                )  # fmt: skip
            elif title == "COMPLETED" and one_period:
                reason = "is what the number of those who left tells"
                ledger.leave("completed", reason, where, len(milestone.people))
            else:
                reason = "a milestone that the evidence has no column for"
                ledger.leave(milestone.title, reason, where, len(milestone.people))
        for found in period.reasons:
            event = _LEAVING.get(found.title.strip().lower())
            if event and one_period:
                _place_leavers(
                    event, found.title, found.people, started, groups, follow_up, where, ledger
                )
            else:
                reason = "a reason for leaving that the vocabulary of events has no word for"
                if event:
                    reason = "there are several periods, and people may stand in each"
                ledger.leave(found.title, reason, where, len(found.people))


def _place_starters(
    people: Mapping[str, str],
    groups: Sequence[Group],
    arms: Mapping[str, Arm | None],
    where: str,
    ledger: Ledger,
) -> None:
    """The people who started stand in the rows of the arms; here only the others are told of."""
    titles = {group.id: group.title for group in groups}
    for group, count in people.items():
        if arms.get(group) is None:
            what = f"started, {titles.get(group, group)}: {count}"
            ledger.leave(what, "its group is none of the arms for certain", where)


def _place_leavers(
    event: str,
    title: str,
    people: Mapping[str, str],
    started: Mapping[str, str],
    arms: Mapping[str, Arm | None],
    month: float | None,
    where: str,
    ledger: Ledger,
) -> None:
    for group, count in people.items():
        arm, left, of = arms.get(group), whole(count), whole(started.get(group, ""))
        what = f"{title}, {arm.label if arm else group}: {count} of {started.get(group, '?')}"
        if arm is None or left is None or not of:
            ledger.leave(what, "its group is none of the arms for certain", where)
            continue
        row = {
            "arm_id": arm.id,
            "event": event,
            "month": month,
            "events": left,
            "n": of,
            "locator": "registry results, participant flow",
        }
        ledger.place("events", row, what, where)


def _event_of(term: str, serious: bool) -> str:
    """The event of the vocabulary that a term of the register is; empty where there is none."""
    bare = " ".join(term.lower().split())
    for pattern, other, seriously in event_terms():
        if pattern.fullmatch(bare):
            return seriously if serious else other
    return ""


@cache
def event_terms() -> tuple[tuple[re.Pattern[str], str, str], ...]:
    """Terms of the register, in lower case: the event of each, and that of a serious one."""
    file = files("reprieve.living.results").joinpath("data", "event_terms.csv")
    rows = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    return tuple((re.compile(row["pattern"]), row["event"], row["serious"]) for row in rows)
