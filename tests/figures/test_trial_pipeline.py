"""The trial pipeline as a picture: a mark a trial, at its year, with its shape."""

from datetime import date

import pytest

from reprieve.errors import InputError
from reprieve.evidence import load_evidence
from reprieve.figures import to_svg, trial_pipeline
from reprieve.figures.trial_pipeline import MARKS
from reprieve.updates.pipeline import Awaited, Pipeline, RegisteredTrial
from reprieve.updates.registered import shipped_pipeline


def awaited(number, state, expected, planned=40):
    trial = RegisteredTrial(id=number, title="Cells for knees", planned=planned)
    return Awaited(trial, state, expected, False, None)


def marks(chart):
    return chart.layer[1].data.values


def test_a_mark_for_every_trial_with_a_month():
    pipeline = shipped_pipeline(load_evidence())
    dated = [t for t in pipeline.trials if t.expected and t.state != "never_run"]
    shown = marks(trial_pipeline(pipeline))
    assert {row["Trial"] for row in shown} == {each.trial.id for each in dated}
    assert all(row["year"] == int(row["Results expected"][:4]) for row in shown)


def test_marks_of_a_year_stand_on_one_another_by_state():
    pipeline = Pipeline(
        date(2022, 10, 10),
        "a register",
        (
            awaited("NCT1", "ongoing", "2022-12"),
            awaited("NCT2", "overdue", "2022-01"),
            awaited("NCT3", "reported", "2022-03", planned=None),
            awaited("NCT4", "never_run", ""),
        ),
    )
    chart = trial_pipeline(pipeline)
    assert [(row["Trial"], row["height"]) for row in marks(chart)] == [
        ("NCT3", 0.5),
        ("NCT2", 1.5),
        ("NCT1", 2.5),
    ]
    described = chart.to_dict()["description"]
    assert "1 results reported, 1 results overdue, 0 results due, 1 ongoing" in described
    assert "1 more never ran" in described


def test_shapes_tell_the_states_apart_without_colour():
    assert len({shape for shape, _, _ in MARKS.values()}) == len(MARKS)


@pytest.mark.parametrize("width", ["wide", "narrow"])
def test_no_word_covers_another(width, crowded):
    svg = to_svg(trial_pipeline(shipped_pipeline(load_evidence()), width=width))
    assert not crowded(svg)


def test_nothing_to_draw_is_said():
    with pytest.raises(InputError, match="no trial here has a month"):
        trial_pipeline(Pipeline(date(2022, 10, 10), "a register"))
