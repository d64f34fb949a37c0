from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from reprieve.figures import funnel, to_svg
from reprieve.synthesis import trim_and_fill


def studies(made: ModuleType, chart: Any) -> list[dict[str, Any]]:
    return [r for layer in made.layers(chart) for r in layer["rows"] if "kind" in r]


def test_each_study_stands_at_its_effect_and_standard_error(made: ModuleType) -> None:
    found = studies(made, funnel(made.BCG, transform="exp"))
    assert [row["effect"] for row in found] == made.LOG_RISK_RATIO
    assert [row["se"] ** 2 for row in found] == pytest.approx(made.VARIANCE)
    assert found[0]["Effect"] == "0.41"


def test_regions_are_named_and_their_ends_are_those_of_the_normal_distribution(
    made: ModuleType,
) -> None:
    layers = made.layers(funnel(made.BCG))
    shapes = [layer["rows"] for layer in layers if "region" in layer["rows"][0]]
    assert [shape[0]["region"] for shape in shapes] == [
        "p < 0.01",
        "p 0.01 to 0.05",
        "p 0.05 to 0.1",
        "p ≥ 0.1",
    ]
    for shape, quantile in zip(shapes[1:], (2.5758, 1.9600, 1.6449), strict=True):
        tip, base = shape
        assert (tip["low"], tip["high"]) == (0, 0)
        assert base["high"] / base["se"] == pytest.approx(quantile, abs=1e-4)
        assert base["low"] == -base["high"]
    assert not [
        layer
        for layer in made.layers(funnel(made.BCG, contours=False))
        if "region" in layer["rows"][0]
    ]


def test_standard_errors_grow_downwards_and_the_axes_are_named(made: ModuleType) -> None:
    chart = funnel(made.BCG, measure="Risk ratio", transform="exp", favours=("vaccine", "none"))
    encoding = next(
        layer["encoding"] for layer in made.layers(chart) if layer["mark"]["type"] == "point"
    )
    assert encoding["y"]["scale"]["reverse"] is True
    assert encoding["x"]["axis"]["title"] == ["Risk ratio", "← favours vaccine · favours none →"]


def test_added_studies_look_different(made: ModuleType) -> None:
    filled = trim_and_fill(made.BCG)
    chart = funnel(made.BCG, filled=filled)
    added = [row for row in studies(made, chart) if row["kind"] != "study"]
    assert [row["effect"] for row in added] == pytest.approx(filled.added[0].tolist())
    assert f"adds {filled.missing} on the {filled.side}" in chart.to_dict()["description"]
    assert ">added by trim and fill<" in to_svg(chart)


@pytest.mark.parametrize("width", ["wide", "narrow"])
@pytest.mark.parametrize("k", [1, 3, 100])
def test_any_number_of_studies_draws(made: ModuleType, k: int, width: Any) -> None:
    chart = funnel(made.fit(k), width=width)
    assert len(studies(made, chart)) == k
    assert to_svg(chart).startswith("<svg")
