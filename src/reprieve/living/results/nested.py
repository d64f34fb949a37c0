"""Posted results in the nested JSON of the ClinicalTrials.gov API v2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reprieve.living.formats.ctgov_v2 import plain_text
from reprieve.living.formats.fields import section, sections, text, texts
from reprieve.living.results.posted import (
    PARTICIPANTS,
    AdverseEvents,
    Affected,
    Analysis,
    Counts,
    EventTerm,
    Group,
    Line,
    Measure,
    Measurement,
    Period,
    PostedResults,
)


def posted_from_v2(study: Mapping[str, Any]) -> PostedResults:
    """The posted results of one study of API v2.

    Parameters
    ----------
    study : mapping
        Decoded JSON; without a ``resultsSection`` everything is empty.

    Returns
    -------
    PostedResults
        Nothing is lost in this form.

    Raises
    ------
    InputError
        If a field holds another type than the API's.

    Examples
    --------
    >>> posted = posted_from_v2({"resultsSection": {"outcomeMeasuresModule": {"outcomeMeasures": [
    ...     {"title": "VAS", "paramType": "MEAN", "classes": [{"title": "6 months", "categories": [
    ...         {"measurements": [{"groupId": "OG000", "value": "3.1", "spread": "1.2"}]}]}]}]}}})
    >>> posted.outcomes[0].lines[0].title, posted.outcomes[0].parameter, posted.cells
    ('6 months', 'mean', 1)
    """
    results = section(study, "resultsSection")
    flow = section(results, "participantFlowModule")
    baseline = section(results, "baselineCharacteristicsModule")
    outcomes = section(results, "outcomeMeasuresModule")
    return PostedResults(
        flow_groups=_groups(flow),
        periods=tuple(
            Period(
                plain_text(period, "title"),
                tuple(
                    Counts(plain_text(item, "type"), _people(item, "achievements"))
                    for item in sections(period, "milestones")
                ),
                tuple(
                    Counts(plain_text(item, "type"), _people(item, "reasons"))
                    for item in sections(period, "dropWithdraws")
                ),
            )
            for period in sections(flow, "periods")
        ),
        baseline=tuple(
            _measure(item, number, _groups(baseline), baseline)
            for number, item in enumerate(sections(baseline, "measures"), 1)
        ),
        outcomes=tuple(
            _measure(item, number, _groups(item), item)
            for number, item in enumerate(sections(outcomes, "outcomeMeasures"), 1)
        ),
        events=_events(section(results, "adverseEventsModule")),
    )


def _code(holder: Mapping[str, Any], key: str) -> str:
    return text(holder, key).replace("_", " ").lower()


def _groups(holder: Mapping[str, Any]) -> tuple[Group, ...]:
    return tuple(
        Group(text(item, "id"), plain_text(item, "title"), plain_text(item, "description"))
        for item in sections(holder, "groups")
    )


def _people(holder: Mapping[str, Any], key: str) -> dict[str, str]:
    return {
        text(item, "groupId"): text(item, "numSubjects")
        for item in sections(holder, key)
        if text(item, "numSubjects")
    }


def _analysed(holder: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """What is counted, and how many of it are analysed by group.

    A measure may count people and, say, knees; the last count is that of what it analyses.
    """
    counted = sections(holder, "denoms")
    if not counted:
        return PARTICIPANTS, {}
    last = counted[-1]
    people = {text(item, "groupId"): text(item, "value") for item in sections(last, "counts")}
    return (text(last, "units").lower() or PARTICIPANTS), people


def _measure(
    item: Mapping[str, Any], number: int, groups: tuple[Group, ...], whole: Mapping[str, Any]
) -> Measure:
    counted, people = _analysed(item if sections(item, "denoms") else whole)
    if unit := text(item, "typeUnitsAnalyzed") or text(whole, "typeUnitsAnalyzed"):
        counted = unit.lower()
    lines = []
    for group_class in sections(item, "classes"):
        unit, of_class = _analysed(group_class)
        counted = counted if unit == PARTICIPANTS else unit
        for category in sections(group_class, "categories"):
            measured = tuple(
                Measurement(
                    text(cell, "groupId"),
                    text(cell, "value"),
                    text(cell, "spread"),
                    text(cell, "lowerLimit"),
                    text(cell, "upperLimit"),
                    plain_text(cell, "comment"),
                )
                for cell in sections(category, "measurements")
            )
            titles = plain_text(group_class, "title"), plain_text(category, "title")
            lines.append(Line(*titles, measured, of_class))
    return Measure(
        number=number,
        title=plain_text(item, "title"),
        description=" ".join(
            filter(
                None, (plain_text(item, "description"), plain_text(item, "populationDescription"))
            )
        ),
        time_frame=plain_text(item, "timeFrame"),
        unit=plain_text(item, "unitOfMeasure"),
        parameter=_code(item, "paramType"),
        dispersion=text(item, "dispersionType").replace("_", " "),
        counted=counted,
        groups=groups,
        people=people,
        lines=tuple(lines),
        analyses=tuple(_analysis(found) for found in sections(item, "analyses")),
    )


def _analysis(found: Mapping[str, Any]) -> Analysis:
    return Analysis(
        groups=texts(found, "groupIds"),
        parameter=plain_text(found, "paramType"),
        value=text(found, "paramValue"),
        dispersion=text(found, "dispersionType").replace("_", " "),
        spread=text(found, "dispersionValue"),
        percent=text(found, "ciPctValue"),
        sides=_code(found, "ciNumSides"),
        lower=text(found, "ciLowerLimit"),
        upper=text(found, "ciUpperLimit"),
        p=text(found, "pValue"),
        method=plain_text(found, "statisticalMethod"),
    )


def _events(module: Mapping[str, Any]) -> AdverseEvents:
    totals: dict[str, dict[str, Affected]] = {"deaths": {}, "serious": {}, "other": {}}
    for group in sections(module, "eventGroups"):
        for kind, counts in totals.items():
            affected = text(group, f"{kind}NumAffected")
            if affected:
                counts[text(group, "id")] = Affected(affected, text(group, f"{kind}NumAtRisk"))
    return AdverseEvents(
        groups=_groups({"groups": module.get("eventGroups")}),
        threshold=text(module, "frequencyThreshold"),
        time_frame=plain_text(module, "timeFrame"),
        description=plain_text(module, "description"),
        **totals,
        terms=tuple(
            EventTerm(
                plain_text(item, "term"),
                serious,
                {
                    text(count, "groupId"): Affected(
                        text(count, "numAffected"), text(count, "numAtRisk")
                    )
                    for count in sections(item, "stats")
                },
            )
            for key, serious in (("seriousEvents", True), ("otherEvents", False))
            for item in sections(module, key)
        ),
    )
