"""The old flat form: a value is put where it was, or nowhere."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posted_studies import outcome, study

from reprieve.living.results.flat import posted_from_flat
from reprieve.living.results.nested import posted_from_v2
from reprieve.living.results.nesting import Strings, Table, placements
from reprieve.living.results.numerals import whole
from reprieve.living.results.posted import Group, Line, Measure, Measurement, PostedResults
from reprieve.living.results.reading import posted_results

PLACED = {  # outcome values placed, of all, when the nested form is strung and cut again
    "NCT02552212": (66, 66),
    "NCT02210780": (12, 28),
    "NCT05594173": (12, 12),
    "NCT01987596": (10, 10),
    "NCT00763412": (0, 30),
    "NCT02708238": (6, 6),
    "NCT01174550": (0, 118),
}


def cells(measures):
    """Every value by where it stands."""
    return {
        (measure.number, line.class_title, line.category_title, cell.group): cell
        for measure in measures
        for line in measure.lines
        for cell in line.measurements
    }


def is_true(place, cell, truth):
    """Whether a value was put where it stood; a spread may be missing, never be another."""
    there = truth.get(place)
    if there is None or there.value != cell.value:
        return False
    return all(
        getattr(cell, part) in ("", getattr(there, part)) for part in ("spread", "lower", "upper")
    )


@pytest.mark.parametrize("number", PLACED)
def test_real_records_strung_and_cut_again(records, flattened, number):
    """Where the truth is known, whatever is placed is placed right."""
    posted = posted_results(records[number])
    again = posted_from_flat(flattened(posted))
    truth, found = cells(posted.outcomes), cells(again.outcomes)
    assert [place for place, cell in found.items() if not is_true(place, cell, truth)] == []
    assert (len(found), len(truth)) == PLACED[number]
    assert again.lost_cells >= len(truth) - len(found)


@pytest.mark.parametrize("number", PLACED)
def test_flow_survives_being_strung(records, flattened, number):
    """Participant flow is groups times milestones, and that can be counted."""
    posted = posted_results(records[number])
    again = posted_from_flat(flattened(posted))
    assert again.flow_groups == posted.flow_groups
    assert [p.milestones for p in again.periods] == [p.milestones for p in posted.periods]


def _line(draw, groups, kind, people, titles):
    class_title, category = titles
    taken = dict.fromkeys((group.id for group in groups), 0)
    measured = []
    for group in groups:
        value = draw(st.integers(0, people[group.id] - taken[group.id]))
        pair = (f"{value}.1", f"{value}.9") if kind == "95% Confidence Interval" else ("", "")
        spread = f"{draw(st.integers(1, 99))}.5" if kind == "Standard Deviation" else ""
        measured.append(Measurement(group.id, str(value), spread, *pair))
    return Line(class_title, category, tuple(measured))


@st.composite
def measures(draw, number=1):
    """A measure as the register lets people post one."""
    groups = tuple(Group(f"OG{i:03d}", f"G{i}") for i in range(draw(st.integers(1, 3))))
    people = {group.id: draw(st.integers(1, 20)) for group in groups}
    kind = draw(st.sampled_from(["", "Standard Deviation", "95% Confidence Interval"]))
    counts = not kind and draw(st.booleans())
    how_many = draw(st.integers(1, 3))
    classes = draw(st.permutations(["Alpha", "Beta", "Gamma", "Delta"]))[:how_many]
    if how_many == 1 and draw(st.booleans()):
        classes = [""]
    lines = []
    for title in classes:
        split = counts and draw(st.booleans())
        if not split:
            lines.append(_line(draw, groups, kind, people, (title, "")))
            continue
        halves = {group: max(count // 2, 0) for group, count in people.items()}
        for category in draw(st.permutations(["Yes", "No", "Unsure"]))[:2]:
            lines.append(_line(draw, groups, kind, halves, (title, category)))
    return Measure(
        number,
        f"Measure {number}",
        parameter="count of participants" if counts else "mean" if kind else "number",
        unit="unit",
        dispersion=kind,
        groups=groups,
        people={group: str(count) for group, count in people.items()},
        lines=tuple(lines),
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(measures(), min_size=1, max_size=4))
def test_whatever_is_placed_stood_there(flattened, drawn):
    """Any posted results, strung and cut again: no value is ever put in a wrong place."""
    outcomes = tuple(replace(measure, number=at) for at, measure in enumerate(drawn, 1))
    posted = PostedResults(outcomes=outcomes)
    again = posted_from_flat(flattened(posted))
    truth, found = cells(posted.outcomes), cells(again.outcomes)
    assert [place for place, cell in found.items() if not is_true(place, cell, truth)] == []
    assert len(found) + again.lost_cells == len(truth)


@settings(max_examples=100, deadline=None)
@given(measures())
def test_one_measure_is_certain(flattened, measure):
    """With one measure there is one way to cut, unless classes and categories can trade places."""
    posted = PostedResults(outcomes=(measure,))
    found = cells(posted_from_flat(flattened(posted)).outcomes)
    if not any(line.category_title for line in measure.lines):
        assert found == cells(posted.outcomes)


def test_two_ways_leave_a_value_nowhere():
    """A title that may be of the first measure or of the second decides nothing."""
    table = Table(("A",), {"A": 9}, False, True, True, frozenset({0, 1}), frozenset())
    strings = Strings(
        ("A",) * 4, ("1", "2", "3", "4"), ("x", "y"), (), (False, False, False), 4, 0, ()
    )
    found = placements([table] * 3, strings, [True] * 4)
    assert [len({place.table for place in places}) for places in found] == [1, 2, 2, 1]


def test_impossible_lists_are_lost_not_guessed():
    """Lists that do not come out even leave all values out, with the reason."""
    posted = posted_from_flat(
        {
            "OutcomeMeasureTitle": ["VAS"],
            "OutcomeMeasureParamType": ["Mean"],
            "OutcomeMeasureDispersionType": ["Standard Deviation"],
            "OutcomeGroupId": ["OG000"],
            "OutcomeMeasurementGroupId": ["OG000", "OG000"],
            "OutcomeMeasurementValue": ["1", "2"],
            "OutcomeMeasurementSpread": ["1", "1"],
        }
    )
    assert posted.lost_cells == 2
    assert "does not say which" in posted.lost[0].reason
    assert cells(posted.outcomes) == {}


def strung(flattened, *outcomes):
    """The values of each outcome, before and after it was strung into lists."""
    before = posted_from_v2(study(*outcomes))
    after = posted_from_flat(flattened(before))
    return [
        [
            {
                (line.class_title, cell.group): (cell.value, line.people.get(cell.group))
                for line in measure.lines
                for cell in line.measurements
            }
            for measure in posted.outcomes
        ]
        for posted in (before, after)
    ]


def test_a_title_beside_a_part_is_not_pulled_to_its_questionnaire(flattened):
    """Pain at rest, items and pain are no reason to take values from another outcome."""
    for line in ("Pain at rest", "Item 1", "Pain"):
        lines = {line: (("3", "1"), ("4", "1")), f"{line} later": (("2", "1"), ("3", "1"))}
        for other in ("KOOS", "WOMAC"):
            drawn = outcome("NRS pain", lines=lines), outcome(other)
            for before, after in zip(*strung(flattened, *drawn), strict=True):
                assert after.items() <= before.items()


def test_people_of_a_line_that_are_not_sure_are_not_those_of_the_outcome(flattened):
    """Where two outcomes could own a count of people, neither value has people."""
    first, second = outcome("IKDC"), outcome("Lysholm")
    second["classes"][0]["denoms"] = [
        {
            "units": "Participants",
            "counts": [{"groupId": f"OG00{at}", "value": "11"} for at in (0, 1)],
        }
    ]
    _, after = strung(flattened, first, second)
    assert {people for found in after for _, people in found.values()} <= {"?", "11", None}
    assert after[1][("", "OG000")][1] != "20"
    assert whole("?") is None
