"""Posted results in the old public XML of ClinicalTrials.gov (``<clinical_results>``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

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

_Holder = Mapping[str, Any]


def posted_from_xml(study: _Holder) -> PostedResults:
    """The posted results of one study of the old XML.

    Parameters
    ----------
    study : mapping
        ``<clinical_study>`` as nested mappings, as `Record.raw` holds it: attributes under
        ``@name``, repeated children as a list; without ``clinical_results`` everything is empty.

    Returns
    -------
    PostedResults
        Nothing is lost in this form.

    Examples
    --------
    >>> cell = {"@group_id": "O1", "@value": "3.1", "@spread": "1.2"}
    >>> measure = {"param": "Mean", "class_list": {"class": {"category_list": {"category": {
    ...     "measurement_list": {"measurement": cell}}}}}}
    >>> study = {"clinical_results": {"outcome_list": {"outcome": {
    ...     "title": "VAS", "time_frame": "6 months", "measure": measure}}}}
    >>> posted_from_xml(study).outcomes[0].lines[0].measurements[0].spread
    '1.2'
    """
    results = _one(study, "clinical_results")
    baseline = _one(results, "baseline")
    base_groups = _groups(baseline)
    base_people = _people(baseline)[1]
    return PostedResults(
        flow_groups=_groups(_one(results, "participant_flow")),
        periods=tuple(
            Period(
                _text(period, "title"),
                tuple(_counts(period, "milestone_list", "milestone")),
                tuple(_counts(period, "drop_withdraw_reason_list", "drop_withdraw_reason")),
            )
            for period in _all(results, "participant_flow", "period_list", "period")
        ),
        baseline=tuple(
            _measure(measure, number, base_groups, base_people)
            for number, measure in enumerate(_all(baseline, "measure_list", "measure"), 1)
        ),
        outcomes=tuple(
            _outcome(outcome, number)
            for number, outcome in enumerate(_all(results, "outcome_list", "outcome"), 1)
        ),
        events=_events(_one(results, "reported_events")),
    )


def _all(holder: _Holder, *path: str) -> list[_Holder]:
    """The children at the end of a path of names; a child with text only has it as ``#text``."""
    found: list[_Holder] = [holder]
    for name in path:
        below: list[_Holder] = []
        for part in found:
            inner = part.get(name)
            for item in inner if isinstance(inner, list) else [inner]:
                if isinstance(item, Mapping):
                    below.append(item)
                elif item:
                    below.append({"#text": str(item)})
        found = below
    return found


def _one(holder: _Holder, name: str) -> _Holder:
    return next(iter(_all(holder, name)), {})


def _text(holder: _Holder, name: str) -> str:
    return str(_one(holder, name).get("#text", "")).strip()


def _attribute(holder: _Holder, name: str) -> str:
    return str(holder.get(f"@{name}", "")).strip()


def _groups(holder: _Holder) -> tuple[Group, ...]:
    return tuple(
        Group(_attribute(group, "group_id"), _text(group, "title"), _text(group, "description"))
        for group in _all(holder, "group_list", "group")
    )


def _counts(period: _Holder, *path: str) -> Iterator[Counts]:
    for found in _all(period, *path):
        people = {
            _attribute(one, "group_id"): _attribute(one, "count")
            for one in _all(found, "participants_list", "participants")
            if _attribute(one, "count")
        }
        yield Counts(_text(found, "title"), people)


def _people(holder: _Holder) -> tuple[str, dict[str, str]]:
    """What is counted and how many are analysed; the last count is that of what is analysed."""
    counted = _all(holder, "analyzed_list", "analyzed")
    if not counted:
        return PARTICIPANTS, {}
    counts = _all(counted[-1], "count_list", "count")
    people = {_attribute(count, "group_id"): _attribute(count, "value") for count in counts}
    return _text(counted[-1], "units").lower() or PARTICIPANTS, people


def _outcome(outcome: _Holder, number: int) -> Measure:
    texts = {
        "title": _text(outcome, "title"),
        "description": " ".join(
            filter(None, (_text(outcome, "description"), _text(outcome, "population")))
        ),
        "time_frame": _text(outcome, "time_frame"),
    }
    groups, measure = _groups(outcome), _one(outcome, "measure")
    analyses = tuple(map(_analysis, _all(outcome, "analysis_list", "analysis")))
    return _measure(measure, number, groups, {}, texts, analyses)


def _measure(
    measure: _Holder,
    number: int,
    groups: tuple[Group, ...],
    people: Mapping[str, str],
    texts: Mapping[str, str] | None = None,
    analyses: tuple[Analysis, ...] = (),
) -> Measure:
    counted, own = _people(measure)
    for of_class in _all(measure, "class_list", "class"):
        unit, _ = _people(of_class)
        counted = counted if unit == PARTICIPANTS else unit
    texts = texts or {
        "title": _text(measure, "title"),
        "description": _text(measure, "description"),
    }
    return Measure(
        number=number,
        **texts,
        unit=_text(measure, "units"),
        parameter=_text(measure, "param").lower(),
        dispersion=_text(measure, "dispersion"),
        counted=counted,
        groups=groups,
        people=own or people,
        lines=tuple(_lines(measure)),
        analyses=analyses,
    )


def _lines(measure: _Holder) -> Iterator[Line]:
    for group_class in _all(measure, "class_list", "class"):
        _, people = _people(group_class)
        for category in _all(group_class, "category_list", "category"):
            measured = tuple(
                Measurement(
                    _attribute(cell, "group_id"),
                    _attribute(cell, "value"),
                    _attribute(cell, "spread"),
                    _attribute(cell, "lower_limit"),
                    _attribute(cell, "upper_limit"),
                    str(cell.get("#text", "")),
                )
                for cell in _all(category, "measurement_list", "measurement")
            )
            yield Line(_text(group_class, "title"), _text(category, "title"), measured, people)


def _analysis(found: _Holder) -> Analysis:
    return Analysis(
        groups=tuple(
            str(group.get("#text", "")) for group in _all(found, "group_id_list", "group_id")
        ),
        parameter=_text(found, "param_type"),
        value=_text(found, "param_value"),
        dispersion=_text(found, "dispersion_type"),
        spread=_text(found, "dispersion_value"),
        percent=_text(found, "ci_percent"),
        sides=_text(found, "ci_n_sides").replace("-", " ").lower(),
        lower=_text(found, "ci_lower_limit"),
        upper=_text(found, "ci_upper_limit"),
        p=_text(found, "p_value"),
        method=_text(found, "method"),
    )


_TOTALS = {
    "total, serious adverse events": "serious",
    "total, other adverse events": "other",
    "total, all-cause mortality": "deaths",
}


def _events(reported: _Holder) -> AdverseEvents:
    totals: dict[str, dict[str, Affected]] = {"deaths": {}, "serious": {}, "other": {}}
    terms = []
    for kind in ("serious_events", "other_events"):
        for event in _all(reported, kind, "category_list", "category", "event_list", "event"):
            counts = {
                _attribute(one, "group_id"): Affected(
                    _attribute(one, "subjects_affected"), _attribute(one, "subjects_at_risk")
                )
                for one in _all(event, "counts")
            }
            term = _text(event, "sub_title")
            if total := _TOTALS.get(term.lower()):
                totals[total] = counts
            else:
                terms.append(EventTerm(term, kind == "serious_events", counts))
    return AdverseEvents(
        groups=_groups(reported),
        threshold=_text(_one(reported, "other_events"), "frequency_threshold"),
        time_frame=_text(reported, "time_frame"),
        description=_text(reported, "desc"),
        **totals,
        terms=tuple(terms),
    )
