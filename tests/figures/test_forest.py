from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.answers import Answer, Question, ask
from reprieve.figures import forest, to_svg
from reprieve.figures.forest import description, table_of
from reprieve.figures.forest_plan import LAYOUTS, Plan
from reprieve.figures.theme import OKABE_ITO, PAPER


class Drawn:
    """What tests ask of a forest plot."""

    def __init__(self, layers: list[dict[str, Any]]) -> None:
        self.layers = layers

    def rows(self, *fields: str) -> list[dict[str, Any]]:
        """The rows of all layers that have these fields."""
        rows = [row for layer in self.layers for row in layer["rows"]]
        return [row for row in rows if all(field in row for field in fields)]

    @property
    def words(self) -> list[str]:
        """All words, from top to bottom."""
        return [row["text"] for row in sorted(self.rows("text", "y"), key=lambda row: row["y"])]


@pytest.fixture
def drawn(made: ModuleType) -> Callable[..., Drawn]:
    """Draws the forest plot of an answer."""
    return lambda answer, width="wide": Drawn(made.layers(forest(answer, width)))


@pytest.fixture(params=["wide", "narrow"])
def width(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_trials_stand_in_order_of_year_with_their_numbers(
    made: ModuleType, drawn: Callable[..., Drawn], width: Any
) -> None:
    said = drawn(made.THREE, width).words
    assert [s for s in said if "Author" in s] == [
        "† Author9 2009",
        "Author15 2015",
        "‡ Author21 2021",
    ]
    for effect in (
        "−20.5 (−34.5 to −6.5)",
        "−12.0 (−21.0 to −3.0)",
        "1.5 (−8.0 to 11.0)",
        "−8.3 (−15.1 to −1.5)",
        "−27.0 to 10.4",
    ):
        assert effect in said


def test_no_hyphen_stands_for_a_minus(
    made: ModuleType, drawn: Callable[..., Drawn], width: Any
) -> None:
    assert not [s for s in drawn(made.THREE, width).words if re.search(r"(^|[ (])-\d", s)]


def test_marks_lie_at_the_estimates_and_grow_with_weight(
    made: ModuleType, drawn: Callable[..., Drawn], width: Any
) -> None:
    marks = drawn(made.THREE, width).rows("estimate", "area")
    assert [m["estimate"] for m in marks] == [-20.5, -12.0, 1.5]
    first, second, third = (m["area"] for m in marks)
    assert first / second == pytest.approx(22 / 41)
    assert third / second == pytest.approx(37 / 41)


def test_how_a_value_was_come_by_shows_in_the_shape(
    made: ModuleType, drawn: Callable[..., Drawn]
) -> None:
    marks = drawn(made.THREE).rows("shape", "estimate")
    assert [m["shape"] for m in marks] == ["triangle", "square", "circle"]
    assert [m["fill"] for m in marks] == [PAPER, OKABE_ITO["blue"], PAPER]
    notes = " ".join(drawn(made.THREE).words)
    assert "† open triangle" in notes
    assert "‡ open circle" in notes


def test_whiskers_diamond_and_prediction_bar_hold_their_intervals(
    made: ModuleType, drawn: Callable[..., Drawn]
) -> None:
    chart = drawn(made.THREE)
    spans = [(r["low"], r["high"]) for r in chart.rows("low", "high", "y")]
    assert spans == [(-34.5, -6.5), (-21.0, -3.0), (-8.0, 11.0), (-27.0, 10.4)]
    corners = chart.rows("x", "top", "bottom")
    assert [c["x"] for c in corners] == [-15.1, -8.3, -1.5]
    assert [c["bottom"] - c["top"] for c in corners] == pytest.approx([0, 16, 0])


def test_the_zone_below_the_threshold_is_shaded_and_named(
    made: ModuleType, drawn: Callable[..., Drawn]
) -> None:
    chart = drawn(made.THREE)
    zone = next(r for r in chart.rows("low", "high", "top"))
    assert (zone["low"], zone["high"]) == (-17.5, 17.5)
    assert any("17.5 points" in w for w in chart.words)
    without = replace(made.THREE, effect=replace(made.THREE.effect, mcid=None))
    assert not drawn(without).rows("low", "high", "top")
    assert not any("Shaded" in w for w in drawn(without).words)


def test_an_interval_that_leaves_the_axis_ends_in_an_arrow(
    made: ModuleType, drawn: Callable[..., Drawn], width: Any
) -> None:
    wild = replace(made.THREE, effect=replace(made.THREE.effect, ci=(-150.0, 140.0)))
    chart = drawn(wild, width)
    heads = chart.rows("shape", "color")
    assert {h["shape"] for h in heads} == {"triangle-left", "triangle-right"}
    ends = [c["x"] for c in chart.rows("x", "top", "bottom")]
    assert min(h["x"] for h in heads) == min(ends) > -150
    assert not drawn(made.THREE, width).rows("shape", "color")


def test_both_sides_and_the_unit_are_named(
    made: ModuleType, drawn: Callable[..., Drawn], width: Any
) -> None:
    said = drawn(made.THREE, width).words
    for expected in (
        "← favours",
        "favours →",
        "cell therapy",
        "hyaluronic acid injection",
        "Difference in pain, points of 100",
    ):
        assert expected in said


def test_the_tooltip_tells_the_whole_label_and_how_the_value_was_come_by(
    made: ModuleType,
    drawn: Callable[..., Drawn],
) -> None:
    label = "A very long label of a trial with very many words in it 2015"
    long = replace(made.THREE.studies[1], label=label)
    chart = drawn(made.answer(long, made.THREE.studies[0]))
    (told,) = [r for r in chart.rows("Trial") if r["Trial"] == label]
    assert told["Notes"] == "SD recovered from the standard error"
    assert told["Measured"] == "VAS, month 6, final values"
    assert "40 million cells" in told["Treatment"]
    svg = to_svg(forest(made.answer(long, made.THREE.studies[0]), "narrow"))
    shown = re.findall(r">(†[^<]*…)<", svg)
    assert len(shown) == 1
    assert f"† {label}".startswith(shown[0][:-1])


@pytest.mark.parametrize("trials", [1, 2, 3, 10, 30])
def test_words_never_touch(
    made: ModuleType, drawn: Callable[..., Drawn], width: Any, trials: int
) -> None:
    studies = [
        made.study(i, -10.0 + i, 20.0, 100 / trials, label=f"A long author name {i} 2015 (part)")
        for i in range(trials)
    ]
    lines: dict[float, list[tuple[float, float]]] = {}
    for layer in drawn(made.answer(*studies), width).layers:
        mark = layer["mark"]
        if mark["type"] != "text":
            continue
        for row in layer["rows"]:
            long = len(row["text"]) * mark["fontSize"] * 0.55
            long = min(long, mark["limit"]) if mark["limit"] else long
            left = row["px"] - {"left": 0.0, "center": long / 2, "right": long}[mark["align"]]
            lines.setdefault(row["y"], []).append((left, left + long))
    for spans in lines.values():
        spans.sort()
        for (_, end), (start, _) in pairwise(spans):
            assert start >= end
    heights = sorted(lines)
    assert min(b - a for a, b in pairwise(heights)) >= 7


def test_a_single_trial_is_not_called_pooled(
    made: ModuleType, drawn: Callable[..., Drawn], width: Any
) -> None:
    chart = drawn(made.answer(made.THREE.studies[0]), width)
    assert not any("together" in w for w in chart.words)
    assert not chart.rows("x", "top", "bottom")
    assert "One trial" in description(made.answer(made.THREE.studies[0]))


@pytest.mark.parametrize(
    ("status", "said"), [("no_trial", "No trial tests this."), ("not_read", "not been read yet")]
)
def test_without_a_number_the_figure_says_so(
    made: ModuleType, width: Any, status: Any, said: str
) -> None:
    svg = to_svg(forest(replace(made.answer(), status=status), width))
    assert said in svg


def test_unknown_numbers_of_people_show_as_such(
    made: ModuleType, drawn: Callable[..., Drawn]
) -> None:
    one = replace(made.THREE.studies[0], n_comparator=None)
    assert "30 v ?" in drawn(made.answer(one)).words


def test_the_description_holds_the_numbers(made: ModuleType) -> None:
    told = description(made.THREE)
    assert "3 trials" in told
    assert "−8.3 (−15.1 to −1.5)" in told
    assert "Author21 2021 1.5 (−8.0 to 11.0)" in told


def test_the_svg_holds_the_words_and_escapes_them(made: ModuleType, width: Any) -> None:
    hostile = replace(made.THREE.studies[0], label="<script>x</script>")
    svg = to_svg(forest(made.answer(hostile, made.THREE.studies[1]), width))
    assert "<script" not in svg
    assert "&lt;script&gt;" in svg
    assert "−8.3 (−15.1 to −1.5)" in html.unescape(svg)
    (drawn_width,) = re.findall(r'<svg [^>]*?width="(\d+)"', svg)
    assert 0 <= int(drawn_width) - LAYOUTS[width].width <= 24


@given(
    st.lists(
        st.tuples(
            st.floats(-99, 99), st.floats(0.5, 120), st.floats(0.01, 100), st.integers(1, 9999)
        ),
        min_size=1,
        max_size=8,
    )
)
def test_everything_stays_inside_the_axis(
    made: ModuleType, trials: list[tuple[float, float, float, int]]
) -> None:
    studies = [
        made.study(i, estimate, half, weight)
        for i, (estimate, half, weight, _) in enumerate(trials)
    ]
    answer: Answer = made.answer(*studies)
    assert answer.effect is not None
    plan = Plan(table_of(answer, answer.effect, "wide"), LAYOUTS["wide"])
    first, last = plan.axis.domain
    assert first < 0 < last
    assert all(first <= s.estimate <= last for s in studies)
    assert 3 <= len(plan.axis.ticks) <= 9
    assert plan.pixel(first) == plan.layout.plot[0]
    assert plan.pixel(last) == plan.layout.plot[1]


def test_a_real_answer_draws(drawn: Callable[..., Drawn]) -> None:
    real = ask(Question(condition="knee_osteoarthritis", comparator="injection"))
    assert real.effect is not None
    marks = drawn(real).rows("estimate", "area")
    assert len(marks) == real.effect.k
    assert to_svg(forest(real)).startswith("<svg")
