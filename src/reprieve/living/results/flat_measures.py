"""Baseline measures and outcomes of the old flat form, with the values whose place is certain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from reprieve.living.account import LeftOut
from reprieve.living.results.flat_lists import Lists, Lost, all_lost
from reprieve.living.results.nesting import (
    Place,
    Strings,
    Table,
    TooManyWaysError,
    placements,
)
from reprieve.living.results.numerals import number, whole
from reprieve.living.results.posted import PARTICIPANTS, Group, Line, Measure, Measurement
from reprieve.living.results.times import times_in, without_times
from reprieve.living.results.topics import topics_in

_MEANS = ("mean", "median")
_COUNTS = "count of"
_STANDARD = {
    "Sex: Female, Male": ("Female", "Male"),
    "Ethnicity (NIH/OMB)": (
        "Hispanic or Latino",
        "Not Hispanic or Latino",
        "Unknown or Not Reported",
    ),
    "Race (NIH/OMB)": (
        "American Indian or Alaska Native",
        "Asian",
        "Native Hawaiian or Other Pacific Islander",
        "Black or African American",
        "White",
        "More than one race",
        "Unknown or Not Reported",
    ),
    "Age, Categorical": ("<=18 years", "Between 18 and 65 years", ">=65 years"),
}
"""Baseline measures whose lines the register fixes."""
_ONE_LINE = "Age, Continuous"
_COUNTRIES = "Region of Enrollment"
_NOT_SURE = "?"
"""In place of a number of people that the form leaves open."""


class Measures(NamedTuple):
    measures: tuple[Measure, ...]
    lost: tuple[Lost, ...]


def flat_measures(lists: Lists, part: str) -> Measures:
    """The baseline measures or outcomes, with what of their values has one place only."""
    bare = _without_values(lists, part)
    values = lists(f"{part}MeasurementValue")
    owners = lists(f"{part}MeasurementGroupId")
    with_values = [measure for measure in bare if measure.groups]
    name = "baseline" if part == "Baseline" else "outcomes"
    if len(values) != len(owners) or (values and not with_values):
        reason = "the flat form has another number of values than of their groups"
        return Measures(bare, all_lost(max(len(values), len(owners)), name, reason))
    if not values:
        return Measures(bare, ())
    strings = _strings(lists, part)
    found = _every_way(_tables(with_values, strings, _countries(lists, part)), strings)
    if found is None:
        reason = "the flat form does not say which value belongs to which line of which measure"
        return Measures(bare, all_lost(len(values), name, reason))
    return _filled(lists, part, bare, with_values, strings, found)


def _every_way(tables: Sequence[Table], strings: Strings) -> list[set[Place]] | None:
    """The places of all values; what is usual is no longer asked for where nothing fits."""
    is_number = [number(value) is not None for value in strings.values]
    try:
        for loosen in range(3):
            if loosen > 0:
                strings = replace(strings, sorts=())
            if loosen > 1:
                tables = [replace(table, must_spread=False) for table in tables]
            found = placements(tables, strings, is_number)
            if found is not None:
                return found
    except TooManyWaysError:
        return None
    return None


def _without_values(lists: Lists, part: str) -> tuple[Measure, ...]:
    titles = lists(f"{part}MeasureTitle")
    count = len(titles)
    groups = _groups_of_each(lists, part, count)
    posted = sum(map(bool, groups))
    parameters = iter(lists.beside(f"{part}MeasureParamType", posted))
    units = iter(lists.beside(f"{part}MeasureUnitOfMeasure", posted))
    frames = lists.beside(f"{part}MeasureTimeFrame", count)
    descriptions = _descriptions(lists, part, titles)
    counted, people = _people_of_each(lists, part, groups)
    return tuple(
        Measure(
            number=place + 1,
            title=titles[place],
            description=descriptions[place],
            time_frame=frames[place],
            unit=next(units) if groups[place] else "",
            parameter=next(parameters).lower() if groups[place] else "",
            counted=counted[place],
            groups=groups[place],
            people=people[place],
        )
        for place in range(count)
    )


def _groups_of_each(lists: Lists, part: str, count: int) -> list[tuple[Group, ...]]:
    """The groups of each measure; none for a measure whose results are not posted."""
    groups = lists.groups(part)
    if not groups:
        return [()] * count
    if part == "Baseline":
        return [groups] * count
    runs = _runs(groups)
    status = lists.beside("OutcomeMeasureReportingStatus", count)
    posted = [place for place in range(count) if status[place].lower() != "not posted"]
    if len(posted) != len(runs):
        return [()] * count
    found: list[tuple[Group, ...]] = [()] * count
    for place, run in zip(posted, runs, strict=True):
        found[place] = run
    return found


def _descriptions(lists: Lists, part: str, titles: Sequence[str]) -> tuple[str, ...]:
    """Descriptions where they can be told apart: one each, or those of the protocol by title."""
    given = lists(f"{part}MeasureDescription")
    if len(given) == len(titles):
        return given
    planned: dict[str, str] = {}
    for kind in ("Primary", "Secondary", "Other"):
        names = lists(f"{kind}OutcomeMeasure")
        said = lists.beside(f"{kind}OutcomeDescription", len(names))
        planned.update(zip(names, said, strict=True))
    return tuple(planned.get(title, "") for title in titles)


def _people_of_each(
    lists: Lists, part: str, groups: Sequence[tuple[Group, ...]]
) -> tuple[list[str], list[dict[str, str]]]:
    """What is counted, and how many, by measure; nothing where the lists do not come out even."""
    ids, values = lists(f"{part}DenomCountGroupId"), lists(f"{part}DenomCountValue")
    units = lists(f"{part}DenomUnits")
    pairs = list(zip(ids, values, strict=False))
    nothing: list[dict[str, str]] = [{} for _ in groups]
    if part == "Baseline":
        one_count = len(units) == 1 and len(ids) == len(values)
        return [units[0].lower() if units else PARTICIPANTS] * len(groups), (
            [dict(pairs) for _ in groups] if one_count else nothing
        )
    posted = [place for place, run in enumerate(groups) if run]
    wanted = [group.id for place in posted for group in groups[place]]
    if list(ids) != wanted or len(ids) != len(values) or len(units) != len(posted):
        only_people = all(unit.lower() == PARTICIPANTS for unit in units)
        return [PARTICIPANTS if only_people else "people or other units"] * len(groups), nothing
    counted = [PARTICIPANTS] * len(groups)
    remaining = iter(pairs)
    for place, unit in zip(posted, units, strict=True):
        counted[place] = unit.lower()
        nothing[place] = dict(next(remaining) for _ in groups[place])
    return counted, nothing


def _strings(lists: Lists, part: str) -> Strings:
    lower, upper = lists(f"{part}MeasurementLowerLimit"), lists(f"{part}MeasurementUpperLimit")
    kinds = lists(f"{part}MeasureDispersionType")
    owners, people = lists(f"{part}ClassDenomCountGroupId"), lists(f"{part}ClassDenomCountValue")
    return Strings(
        groups=lists(f"{part}MeasurementGroupId"),
        values=lists(f"{part}MeasurementValue"),
        classes=lists(f"{part}ClassTitle"),
        categories=lists(f"{part}CategoryTitle"),
        limited=tuple(_is_limits(kind) for kind in kinds),
        spreads=len(lists(f"{part}MeasurementSpread")),
        limits=len(lower) if len(lower) == len(upper) else -1,
        people=tuple(zip(owners, people, strict=False)) if len(owners) == len(people) else (),
        glued=_glued(lists(f"{part}ClassTitle")),
        sorts=tuple(bool(topics_in(title, parts=True)) for title in lists(f"{part}ClassTitle")),
    )


def _is_limits(kind: str) -> bool:
    kind = kind.lower()
    return "interval" in kind or "range" in kind


def _countries(lists: Lists, part: str) -> frozenset[str]:
    """The countries of the trial, where they stand as titles in a baseline measure."""
    here = frozenset(lists("LocationCountry")) & frozenset(lists(f"{part}ClassTitle"))
    return here if _COUNTRIES in lists(f"{part}MeasureTitle") else frozenset()


def _tables(
    measures: Sequence[Measure], strings: Strings, countries: frozenset[str]
) -> list[Table]:
    classes = _fitting_titles(measures, strings.classes, countries)
    categories = _fitting_titles(measures, strings.categories, frozenset())
    return [
        Table(
            tuple(group.id for group in measure.groups),
            _whole_numbers(measure.people),
            counts=measure.parameter.startswith(_COUNTS),
            must_spread=any(word in measure.parameter for word in _MEANS),
            may_spread=not measure.parameter.startswith(_COUNTS),
            fitting=its_classes,
            fitting_categories=its_categories,
            lines=1 if measure.title == _ONE_LINE else len(_STANDARD.get(measure.title, ())),
            untitled=measure.title != _COUNTRIES and measure.title not in _STANDARD,
        )
        for measure, its_classes, its_categories in zip(measures, classes, categories, strict=True)
    ]


def _whole_numbers(people: Mapping[str, str]) -> dict[str, int]:
    return {group: found for group, text in people.items() if (found := whole(text)) is not None}


def _fitting_titles(
    measures: Sequence[Measure], titles: Sequence[str], countries: frozenset[str]
) -> list[frozenset[int]]:
    """Titles that can stand in each measure.

    The register fixes those of some baseline measures. A title with a topic (an instrument, a
    part that only certain instruments have, something measured) belongs to a measure that names
    it, where there is one. A title that names a time belongs to a measure that names that time,
    where it names any.
    """
    said = [f"{found.title} {found.time_frame} {found.description}" for found in measures]
    topics = [topics_in(text) for text in said]
    times = [
        replace(times_in(text), bound=times_in(measure.time_frame).bound)
        for text, measure in zip(said, measures, strict=True)
    ]
    fixed = {title for found in measures for title in _STANDARD.get(found.title, ())}
    fitting: list[set[int]] = [set() for _ in measures]
    for place, title in enumerate(titles):
        wanted, time = topics_in(title, parts=True), times_in(title)
        named = [bool(wanted & found) for found in topics]
        for at, measure in enumerate(measures):
            if measure.title in _STANDARD or title in fixed:
                fits = title in _STANDARD.get(measure.title, ())
            elif measure.title == _COUNTRIES or title in countries:
                fits = measure.title == _COUNTRIES and (title in countries or not countries)
            else:
                fits = time.fit(times[at]) and (named[at] or not any(named))
            if fits and measure.title != _ONE_LINE:
                fitting[at].add(place)
    return [frozenset(places) for places in fitting]


def _glued(titles: Sequence[str]) -> frozenset[int]:
    """Titles that differ from the one before them in the time only, and name a topic."""
    bare = [without_times(title) for title in titles]
    return frozenset(
        place
        for place in range(1, len(titles))
        if bare[place] == bare[place - 1] and topics_in(titles[place], parts=True)
    )


def _filled(
    lists: Lists,
    part: str,
    bare: tuple[Measure, ...],
    with_values: Sequence[Measure],
    strings: Strings,
    found: Sequence[set[Place]],
) -> Measures:
    """The measures with the values whose place is certain; the others are lost."""
    titles = [_titles_of(places, strings) for places in found]
    lines: dict[int, list[tuple[tuple[str, str], list[Measurement], dict[str, str]]]] = {}
    kinds: dict[int, set[int | None]] = {}
    lost: list[Lost] = []
    for at, (places, its_titles) in enumerate(zip(found, titles, strict=True)):
        if part == "Baseline" and len(its_titles) > 1:
            its_titles = _of_one_mean(its_titles, with_values)
        if len(its_titles) != 1:
            lost.append(_lost_value(strings, with_values, at, places, part))
            continue
        table, class_title, category = next(iter(its_titles))
        kinds.setdefault(table, set()).update(place.kind for place in places)
        of_table = lines.setdefault(table, [])
        same_line = of_table and of_table[-1][0] == (class_title, category)
        if not same_line or any(m.group == strings.groups[at] for m in of_table[-1][1]):
            of_table.append(((class_title, category), [], _people_of_class(places, strings)))
        of_table[-1][1].append(_measurement(lists, part, strings, at, places))
    numbers = {measure.number: table for table, measure in enumerate(with_values)}
    names = lists(f"{part}MeasureDispersionType")
    filled = []
    for measure in bare:
        of_table = lines.get(numbers.get(measure.number, -1), [])
        kind = kinds.get(numbers.get(measure.number, -1), set())
        only = next(iter(kind)) if len(kind) == 1 else None
        filled.append(
            replace(
                measure,
                dispersion=names[only] if only is not None else "",
                lines=tuple(Line(*both, tuple(cells), people) for both, cells, people in of_table),
            )
        )
    return Measures(tuple(filled), tuple(lost))


def _of_one_mean(
    titles: set[tuple[int, str, str]], measures: Sequence[Measure]
) -> set[tuple[int, str, str]]:
    """The baseline measure of a mean whose title alone is uncertain: it says no time there."""
    tables = {table for table, _, _ in titles}
    if len(tables) == 1 and "mean" in measures[next(iter(tables))].parameter:
        return {(tables.pop(), "", "")}
    return titles


def _titles_of(places: set[Place], strings: Strings) -> set[tuple[int, str, str]]:
    return {
        (
            place.table,
            "" if place.title is None else strings.classes[place.title],
            "" if place.category is None else strings.categories[place.category],
        )
        for place in places
    }


def _lost_value(
    strings: Strings, measures: Sequence[Measure], at: int, places: set[Place], part: str
) -> Lost:
    tables = sorted({measures[place.table].number for place in places})
    name = "baseline measure" if part == "Baseline" else "outcome"
    where = " or ".join(f"{name} {number}" for number in tables)
    reason = "the flat form does not say which line it belongs to"
    return LeftOut(f"value {strings.values[at]} ({strings.groups[at]})", reason, where), 1


def _people_of_class(places: set[Place], strings: Strings) -> dict[str, str]:
    starts = {place.people for place in places}
    if len(starts) > 1:
        # Those of the measure need not be those of the line.
        return dict.fromkeys((group for group, _ in strings.people), _NOT_SURE)
    start = next(iter(starts))
    if start is None:
        return {}
    people: dict[str, str] = {}
    for group, count in strings.people[start:]:
        if group in people:
            break
        people[group] = count
    return people


def _measurement(
    lists: Lists, part: str, strings: Strings, at: int, places: set[Place]
) -> Measurement:
    """The value with its spread, where that is certain too."""
    spreads, limits = {place.spread for place in places}, {place.limits for place in places}
    spread = next(iter(spreads)) if len(spreads) == 1 else None
    limit = next(iter(limits)) if len(limits) == 1 else None
    return Measurement(
        strings.groups[at],
        strings.values[at],
        "" if spread is None else lists(f"{part}MeasurementSpread")[spread],
        "" if limit is None else lists(f"{part}MeasurementLowerLimit")[limit],
        "" if limit is None else lists(f"{part}MeasurementUpperLimit")[limit],
    )


def _runs(groups: Sequence[Group]) -> list[tuple[Group, ...]]:
    """Groups of one measure after another: each measure begins anew with the first number."""
    runs: list[list[Group]] = []
    for group in groups:
        if group.id == groups[0].id:
            runs.append([])
        runs[-1].append(group)
    return [tuple(run) for run in runs]
