"""Posted results in the old flat form ("study_fields"): every field one list.

What the lists leave open is not filled in: see `reprieve.living.results.nesting`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reprieve.living.account import LeftOut
from reprieve.living.results.flat_lists import Lists, Lost, all_lost
from reprieve.living.results.flat_measures import flat_measures
from reprieve.living.results.posted import (
    AdverseEvents,
    Affected,
    Counts,
    EventTerm,
    Group,
    Period,
    PostedResults,
)


def posted_from_flat(fields: Mapping[str, Any]) -> PostedResults:
    """The posted results of one study of the flat form.

    Parameters
    ----------
    fields : mapping
        Names of fields (``"OutcomeMeasureTitle"`` …) to lists of text.

    Returns
    -------
    PostedResults
        What could not be put in its place for certain stands in `lost`.

    Raises
    ------
    InputError
        If a field is not a list of text.

    Examples
    --------
    >>> posted = posted_from_flat({
    ...     "OutcomeMeasureTitle": ["VAS", "KOOS"], "OutcomeMeasureParamType": ["Mean", "Mean"],
    ...     "OutcomeMeasureDispersionType": ["Standard Deviation", "Standard Deviation"],
    ...     "OutcomeGroupId": ["OG000", "OG000"], "OutcomeGroupTitle": ["Cells", "Cells"],
    ...     "OutcomeClassTitle": ["Pain", "Symptoms"],
    ...     "OutcomeMeasurementGroupId": ["OG000"] * 3,
    ...     "OutcomeMeasurementValue": ["31", "60", "55"],
    ...     "OutcomeMeasurementSpread": ["9", "12", "10"]})
    >>> [(o.title, [line.title for line in o.lines]) for o in posted.outcomes]
    [('VAS', ['']), ('KOOS', ['Pain', 'Symptoms'])]
    """
    lists = Lists(fields)
    flow_groups, periods, lost_flow = _flow(lists)
    baseline = flat_measures(lists, "Baseline")
    outcomes = flat_measures(lists, "Outcome")
    events, lost_events = _events(lists)
    analyses = _analyses(lists)
    lost = (*lost_flow, *baseline.lost, *outcomes.lost, *analyses, *lost_events)
    return PostedResults(
        flow_groups,
        periods,
        baseline.measures,
        outcomes.measures,
        events,
        tuple(left for left, _ in lost),
        sum(cells for _, cells in lost),
    )


def _analyses(lists: Lists) -> tuple[Lost, ...]:
    names = ("NonInferiorityType", "StatisticalMethod", "PValue", "ParamType", "ParamValue")
    count = max(len(lists(f"OutcomeAnalysis{name}")) for name in names)
    reason = "the flat form does not say which outcome a comparison belongs to"
    return tuple(
        (LeftOut(f"comparison {place} of {count}", reason, "outcomes"), 1)
        for place in range(1, count + 1)
    )


def _flow(lists: Lists) -> tuple[tuple[Group, ...], tuple[Period, ...], tuple[Lost, ...]]:
    groups = lists.groups("Flow")
    milestones, lost = _counted(
        lists, "FlowMilestoneType", "FlowAchievement", "NumSubjects", groups, "participant flow"
    )
    reasons, lost_reasons = _counted(
        lists, "FlowDropWithdrawType", "FlowReason", "NumSubjects", groups, "participant flow"
    )
    starts = [place for place, found in enumerate(milestones) if found.title.upper() == "STARTED"]
    if starts[:1] != [0] or not starts:
        starts = [0] if milestones or reasons else []
    titles = lists.beside("FlowPeriodTitle", len(starts))
    if len(starts) > 1 and reasons:
        reason = "the flat form does not say which period a reason for leaving belongs to"
        cells = sum(len(found.people) for found in reasons)
        lost_reasons = (
            *lost_reasons,
            (LeftOut(f"{cells} counts of reasons for leaving", reason, "participant flow"), cells),
        )
        reasons = ()
    ends = [*starts[1:], len(milestones)][: len(starts)]
    periods = tuple(
        Period(title, milestones[start:end], reasons)
        for title, start, end in zip(titles, starts, ends, strict=True)
    )
    return groups, periods, (*lost, *lost_reasons)


def _counted(
    lists: Lists, titles: str, item: str, counts: str, groups: Sequence[Group], where: str
) -> tuple[tuple[Counts, ...], tuple[Lost, ...]]:
    """Counts of all groups under one title after another, where they come out even."""
    names, owners = lists(titles), lists(f"{item}GroupId")
    people = lists(f"{item}{counts}")
    if list(owners) != [group.id for _ in names for group in groups] or len(people) != len(owners):
        reason = f"the flat form has another number of counts than {titles} and groups ask for"
        return (), all_lost(len(owners), where, reason) if owners else ()
    remaining = iter(zip(owners, people, strict=True))
    return tuple(Counts(name, dict(next(remaining) for _ in groups)) for name in names), ()


def _events(lists: Lists) -> tuple[AdverseEvents, tuple[Lost, ...]]:
    groups = lists.groups("Event")
    lost: list[Lost] = []

    def totals(kind: str) -> dict[str, Affected]:
        affected = lists(f"EventGroup{kind}NumAffected")
        at_risk = lists(f"EventGroup{kind}NumAtRisk")
        if len(affected) == len(at_risk) == len(groups):
            counts = map(Affected, affected, at_risk)
            return dict(zip((group.id for group in groups), counts, strict=True))
        reason = "the flat form has another number of totals than of groups"
        lost.extend(all_lost(len(affected), f"adverse events ({kind.lower()})", reason))
        return {}

    deaths, serious, other = totals("Deaths"), totals("Serious"), totals("Other")
    terms: list[EventTerm] = []
    for kind in ("Serious", "Other"):
        found, lost_terms = _terms(lists, kind, groups)
        terms += found
        lost += lost_terms
    return (
        AdverseEvents(
            groups=groups,
            threshold=lists.first("EventsFrequencyThreshold"),
            time_frame=lists.first("EventsTimeFrame"),
            description=lists.first("EventsDescription"),
            deaths=deaths,
            serious=serious,
            other=other,
            terms=tuple(terms),
        ),
        tuple(lost),
    )


def _terms(
    lists: Lists, kind: str, groups: Sequence[Group]
) -> tuple[Iterator[EventTerm], tuple[Lost, ...]]:
    affected, lost = _counted(
        lists, f"{kind}EventTerm", f"{kind}EventStats", "NumAffected", groups, "adverse events"
    )
    at_risk, _ = _counted(
        lists, f"{kind}EventTerm", f"{kind}EventStats", "NumAtRisk", groups, "adverse events"
    )
    if len(at_risk) != len(affected):
        cells = sum(len(found.people) for found in affected)
        reason = "the flat form has another number of people at risk than of people affected"
        return iter(()), all_lost(cells, "adverse events", reason)
    return (
        EventTerm(
            found.title,
            kind == "Serious",
            {group: Affected(found.people[group], risk.people[group]) for group in found.people},
        )
        for found, risk in zip(affected, at_risk, strict=True)
    ), lost
