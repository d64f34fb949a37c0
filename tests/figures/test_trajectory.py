from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from reprieve.errors import InputError, UnknownWordError
from reprieve.figures.theme import to_svg
from reprieve.figures.trajectory import trajectory
from reprieve.synthesis.trajectories.analysis import trajectory as fit_trajectory
from reprieve.synthesis.trajectories.results import Trajectories

ROWS: dict[str, Any] = {
    "study": ["a", "a", "b", "b", "c", "d", "d"],
    "month": [3, 12, 3, 6, 6, 3, 3],
    "treatment1": ["cells", "cells", "exercise", "exercise", "cells", "cells", "exercise"],
    "treatment2": ["saline", "saline", "saline", "saline", "exercise", "saline", "saline"],
    "effect": [-6.0, -12.0, -5.0, -6.0, -3.0, -5.0, -2.0],
    "se": [3.0, 3.5, 2.5, 2.5, 3.0, 2.5, 3.0],
}


@pytest.fixture(scope="module")
def fit() -> Trajectories:
    return fit_trajectory(**ROWS, reference="saline", shape="loglinear")


def rows(made: ModuleType, chart: Any, *fields: str) -> list[dict[str, Any]]:
    return [r for layer in made.layers(chart) for r in layer["rows"] if all(f in r for f in fields)]


@pytest.mark.parametrize("width", ["wide", "narrow"])
def test_curves_end_where_data_do(made: ModuleType, fit: Trajectories, width: Any) -> None:
    chart = trajectory(fit, mcid=8, width=width)
    curves = rows(made, chart, "low", "high")
    last = {
        name: max(r["month"] for r in curves if r["treatment"] == name)
        for name in fit.treatments[:2]
    }
    assert last == {"cells": pytest.approx(12.0), "exercise": pytest.approx(6.0)}
    end = fit.difference("cells", months=[12.0]).row(0, named=True)
    drawn = next(r for r in curves if r["treatment"] == "cells" and r["month"] == 12.0)
    assert drawn["estimate"] == pytest.approx(end["estimate"])
    assert (drawn["low"], drawn["high"]) == pytest.approx((end["ci_low"], end["ci_high"]))
    assert "exercise" in chart.to_dict()["description"]
    assert to_svg(chart).startswith("<svg")


def test_points_are_direct_visits_and_larger_where_precise(
    made: ModuleType, fit: Trajectories
) -> None:
    points = rows(made, trajectory(fit, ["cells"]), "area", "study")
    seen = {(r["study"], r["month"]): r["estimate"] for r in points}
    assert seen == pytest.approx({("a", 3.0): -6.0, ("a", 12.0): -12.0, ("d", 3.0): -5.0})
    area = {(r["study"], r["month"]): r["area"] for r in points}
    assert area["d", 3.0] > area["a", 3.0] > area["a", 12.0]
    between = rows(made, trajectory(fit, ["cells"], "exercise"), "area", "study")
    assert {(r["study"], r["month"]): r["estimate"] for r in between} == pytest.approx(
        {("c", 6.0): -3.0, ("d", 3.0): -3.0}
    )


def test_the_worthwhile_line_lies_on_the_side_of_relief(
    made: ModuleType, fit: Trajectories
) -> None:
    (line, *_) = rows(made, trajectory(fit, ["cells"], mcid=8), "said")
    assert line["estimate"] == -8
    assert "smallest worthwhile difference: 8.0" in to_svg(trajectory(fit, ["cells"], mcid=8))


def test_what_cannot_be_drawn_is_refused(fit: Trajectories) -> None:
    with pytest.raises(InputError, match="one to 6"):
        trajectory(fit, ["saline"])
    with pytest.raises(UnknownWordError):
        trajectory(fit, ["surgery"])
