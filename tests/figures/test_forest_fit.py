from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import pytest

from reprieve.errors import InputError, UnknownWordError
from reprieve.figures import forest_of, sequence, to_svg
from reprieve.synthesis import cumulative, leave_one_out


def rows(made: ModuleType, chart: Any, *fields: str) -> list[dict[str, Any]]:
    return [r for layer in made.layers(chart) for r in layer["rows"] if all(f in r for f in fields)]


@pytest.fixture(params=["wide", "narrow"])
def width(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_studies_stand_in_order_with_ratios(made: ModuleType, width: Any) -> None:
    chart = forest_of(made.BCG, measure="Risk ratio", transform="exp", width=width)
    marks = rows(made, chart, "estimate", "area")
    assert [m["estimate"] for m in marks] == made.LOG_RISK_RATIO
    areas = [m["area"] for m in marks]
    weights = made.BCG.weights
    assert areas[3] / areas[0] == pytest.approx(weights[3] / weights[0])
    said = made.words(chart)
    assert set(made.TRIALS) <= set(said)
    assert "0.41 (0.13 to 1.26)" in said
    pooled = f"{math.exp(made.BCG.estimate):.2f} ("
    assert [w for w in said if w.startswith(pooled)]
    assert "All 13 studies together" in said
    assert "Risk ratio" in said


def test_the_axis_of_ratios_is_logarithmic(made: ModuleType) -> None:
    chart = forest_of(made.BCG, measure="Risk ratio", transform="exp")
    scale = next(
        layer["encoding"]["x"]["scale"]
        for layer in made.layers(chart)
        if layer["encoding"]["x"].get("field") == "estimate"
    )
    assert scale["domain"][0] < math.log(0.3) < 0 < scale["domain"][1]
    assert "1" in made.words(chart)


def test_subgroups_have_headings_diamonds_and_a_test(made: ModuleType, width: Any) -> None:
    chart = forest_of(made.BCG, subgroups=made.ALLOCATION, width=width)
    said = made.words(chart)
    assert {"random", "alternate", "systematic"} <= set(said)
    for together in (
        "These 7 together, I² 90%",
        "Both together, I² 82%",
        "All 13 studies together",
    ):
        assert together in said
    assert "Difference between subgroups: Q 1.9, df 2, p 0.39" in said
    diamonds = [layer for layer in made.layers(chart) if layer["mark"]["type"] == "area"]
    assert len(diamonds) == 4
    marks = {m["y"]: m["estimate"] for m in rows(made, chart, "estimate", "area")}
    expected = [
        effect
        for part in ("random", "alternate", "systematic")
        for effect, label in zip(made.LOG_RISK_RATIO, made.ALLOCATION, strict=True)
        if label == part
    ]
    assert [marks[y] for y in sorted(marks)] == expected


def test_a_subgroup_of_one_has_no_diamond(made: ModuleType) -> None:
    chart = forest_of(made.fit(3), subgroups=["a", "b", "b"])
    assert len([layer for layer in made.layers(chart) if layer["mark"]["type"] == "area"]) == 2


def test_risk_of_bias_is_a_word_a_sign_and_a_colour(made: ModuleType) -> None:
    judged = ["low", "some concerns", "High", None]
    chart = forest_of(made.fit(4), risk_of_bias=judged)
    signs = rows(made, chart, "sign")[:4]
    assert [s["sign"] for s in signs] == ["+", "–", "×", "?"]
    assert [s["judgement"] for s in signs] == ["low", "some concerns", "high", "not judged"]
    assert len({s["fill"] for s in signs}) == 4
    said = made.words(chart)
    assert {"Risk of bias", "low", "some concerns", "high", "not judged"} <= set(said)
    told = rows(made, chart, "Study")
    assert [row["Risk of bias"] for row in told][:2] == ["low", "some concerns"]
    narrow = forest_of(made.fit(4), risk_of_bias=judged, width="narrow")
    assert any("+ low, – some concerns, × high, ? not judged" in w for w in _notes(made, narrow))


def _notes(made: ModuleType, chart: Any) -> list[str]:
    return [" ".join(made.words(chart))]


def test_prediction_only_where_it_can_be_told(made: ModuleType) -> None:
    assert "In a new setting" in made.words(forest_of(made.fit(3)))
    assert "In a new setting" not in made.words(forest_of(made.fit(2)))
    one = forest_of(made.fit(1))
    assert not [w for w in made.words(one) if "together" in w]
    assert "One study" in one.to_dict()["description"]


def test_sides_worthwhile_zone_and_description(made: ModuleType, width: Any) -> None:
    chart = forest_of(
        made.fit(5),
        measure="Difference in pain, points of 100",
        favours=("cells", "placebo"),
        worthwhile=10,
        width=width,
    )
    said = made.words(chart)
    assert {"← favours", "favours →", "cells", "placebo"} <= set(said)
    zone = rows(made, chart, "low", "high", "top")[0]
    assert (zone["low"], zone["high"]) == (-10, 10)
    described = chart.to_dict()["description"]
    assert "5 studies, pooled" in described
    assert "Author4 1984" in described


@pytest.mark.parametrize("k", [1, 2, 13, 100])
def test_any_number_of_studies_draws(made: ModuleType, width: Any, k: int) -> None:
    chart = forest_of(made.fit(k), width=width)
    assert len(rows(made, chart, "estimate", "area")) == k
    assert to_svg(chart).count("Author") >= k


def test_intervals_that_run_far_out_do_not_press_the_others_together(made: ModuleType) -> None:
    from reprieve.synthesis import meta_analysis

    fit = meta_analysis(effect=[-5.0, -6.0, -4.0, -7.0], se=[2.0, 2.0, 2.0, 500.0])
    heads = rows(made, forest_of(fit), "shape", "color")
    assert {h["shape"] for h in heads} == {"triangle-left", "triangle-right"}
    spans = rows(made, forest_of(fit), "low", "high", "y")
    assert max(s["high"] for s in spans) < 60


def test_bad_calls_are_refused(made: ModuleType) -> None:
    with pytest.raises(InputError, match="2 judgements, but the fit has 3"):
        forest_of(made.fit(3), risk_of_bias=["low", "low"])
    with pytest.raises(UnknownWordError, match="judgement of risk of bias 'hihg'; did you mean"):
        forest_of(made.fit(3), risk_of_bias=["low", "low", "hihg"])
    with pytest.raises(InputError, match="2 subgroup labels were given"):
        forest_of(made.fit(3), subgroups=["a", "b"])
    with pytest.raises(InputError, match="worthwhile must be a size above zero"):
        forest_of(made.fit(3), worthwhile=-10)


def test_leave_one_out_holds_each_fit_and_the_whole(made: ModuleType, width: Any) -> None:
    result = leave_one_out(made.BCG)
    chart = sequence(result, made.BCG, transform="exp", width=width)
    marks = rows(made, chart, "estimate", "area")
    assert [m["estimate"] for m in marks] == pytest.approx(result.estimate.tolist())
    assert len({m["area"] for m in marks}) == 1
    assert f"− {made.TRIALS[0]}" in made.words(chart)
    broken = rows(made, chart, "marked")
    assert {row["marked"] for row in broken} == {made.BCG.estimate}
    told = rows(made, chart, "Left out")
    assert [row["Studies"] for row in told] == ["12"] * 13
    assert "without TPT Madras 1980" in chart.to_dict()["description"]


def test_cumulative_stands_in_the_order_of_years(made: ModuleType) -> None:
    chart = sequence(cumulative(made.BCG, made.YEARS), transform="exp")
    said = [w for w in made.words(chart) if w.startswith("+ ")]
    years = [int(w[-4:]) for w in said]
    assert years == sorted(made.YEARS)
    told = rows(made, chart, "Added")
    assert [row["Studies"] for row in told] == [str(i) for i in range(1, 14)]
    assert told[0]["I²"] == "one study alone"
    assert not rows(made, chart, "marked")
