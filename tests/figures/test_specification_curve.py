from __future__ import annotations

import re
from dataclasses import replace
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from reprieve.answers import Question
from reprieve.answers.multiverse import Multiverse
from reprieve.figures import specification_curve, to_svg
from reprieve.figures.specification_plan import MOST


def made_up(n: int) -> Multiverse:
    """Two choices of two options, repeated; the estimate rises with the row."""
    rows = [
        {
            "blinding": "any" if i % 2 else "double-blind only",
            "threshold": "10",
            "k": 4,
            "estimate": -20 + 30 * i / n,
            "ci_low": -25 + 30 * i / n,
            "ci_high": -15 + 30 * i / n,
            "tau2": 1.0,
            "verdict": "worthwhile" if i < n / 6 else "better" if i < n / 2 else "unclear",
        }
        for i in range(n)
    ]
    rows += [
        {"blinding": "any", "threshold": "10", "k": 0, "verdict": "no number", "tau2": None}
        | dict.fromkeys(("estimate", "ci_low", "ci_high"))
    ]
    choices = {"blinding": ("any", "double-blind only"), "threshold": ("10",)}
    return Multiverse(
        Question(condition="knee_osteoarthritis", comparator="placebo"),
        choices,
        pl.DataFrame(rows, infer_schema_length=None),
    )


def points(made: ModuleType, chart: Any) -> list[dict[str, Any]]:
    return [r for layer in made.layers(chart) for r in layer["rows"] if "verdict" in r]


def paths(made: ModuleType, chart: Any) -> list[dict[str, Any]]:
    return [r for layer in made.layers(chart) for r in layer["rows"] if "path" in r]


@pytest.fixture(params=["wide", "narrow"])
def width(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_analyses_stand_by_their_estimate_with_interval_and_verdict(
    made: ModuleType, width: Any
) -> None:
    chart = specification_curve(made_up(60), width=width)
    found = points(made, chart)
    assert len(found) == 60
    assert [row["x"] for row in found] == sorted(row["x"] for row in found)
    heights = [row["estimate"] for row in found]
    assert heights == sorted(heights, reverse=True)
    assert found[0]["Difference"] == "−20.0 (−25.0 to −15.0)"
    assert found[0]["Choices"] == "blinding: double-blind only; threshold: 10"
    assert [row["verdict"] for row in found].count("worthwhile") == 10


def test_every_analysis_has_one_tick_in_each_choice(made: ModuleType, width: Any) -> None:
    chart = specification_curve(made_up(60), width=width)
    ticks: dict[float, int] = {}
    for row in paths(made, chart):
        if row["y"]:
            ticks[row["y"]] = ticks.get(row["y"], 0) + row["path"].count("M")
    assert sorted(ticks.values()) == [30, 30, 60]
    at = {
        x for row in paths(made, chart) if row["y"] for x in re.findall(r"M([\d.]+)", row["path"])
    }
    assert at == {f"{row['x']:.1f}" for row in points(made, chart)}


def test_of_many_an_even_selection_is_drawn_and_counted(made: ModuleType, width: Any) -> None:
    chart = specification_curve(made_up(3000), width=width)
    found = points(made, chart)
    assert len(found) == MOST[width]
    assert f"3,001 analyses, {MOST[width]} of them drawn" in made.words(chart)
    assert found[0]["Difference"].startswith("−20.0")
    assert found[-1]["Difference"].startswith("10.0")
    share = [row["verdict"] for row in found].count("better") / len(found)
    assert share == pytest.approx(1 / 3, abs=0.02)


def test_shares_are_of_all_analyses_and_verdicts_have_a_mark_of_their_own(
    made: ModuleType, width: Any
) -> None:
    chart = specification_curve(made_up(60), width=width)
    said = made.words(chart)
    assert "16% better by a worthwhile difference" in said
    assert "49% unclear: the interval holds zero" in said
    assert "2% no number: no trial can be used" in said
    shapes = next(
        layer["encoding"]["shape"]["scale"]["range"]
        for layer in made.layers(chart)
        if layer["encoding"].get("shape", {}).get("field") == "verdict"
    )
    assert len(shapes) == len(set(shapes)) == 3
    described = chart.to_dict()["description"]
    assert "61 analyses of cell therapy against" in described
    assert "from −20.0 to 9.5" in described


def test_thresholds_and_options_are_named(made: ModuleType, width: Any) -> None:
    said = made.words(specification_curve(made_up(60), width=width))
    assert "broken line: worthwhile from here" in said
    assert {"any", "double-blind only", "10"} <= set(said)
    assert [w for w in said if w.startswith("blinding")]
    assert "below zero:" in said


def test_without_any_number_it_says_so(made: ModuleType, width: Any) -> None:
    every = made_up(6)
    none = replace(every, analyses=every.analyses.filter(pl.col("verdict") == "no number"))
    assert "None of 1 analyses gives a number." in to_svg(specification_curve(none, width=width))


def test_the_picture_is_small_enough_for_a_page(width: Any) -> None:
    assert len(to_svg(specification_curve(made_up(3000), width=width))) < 250_000
