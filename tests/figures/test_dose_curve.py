from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from reprieve.errors import InputError, UnknownWordError
from reprieve.figures.dose_curve import dose_curve
from reprieve.figures.theme import to_svg
from reprieve.synthesis.networks.doses import dose_network

COLUMNS = {name: name for name in ("agent", "dose", "mean", "sd", "n")}


def fit(doses: list[float], **options: Any) -> Any:
    arms = {
        "trial": ["1", "1", "1", "2", "2"],
        "agent": ["placebo", "cells", "cells", "placebo", "cells"],
        "dose": doses,
        "mean": [50.0, 44.0, 41.0, 52.0, 40.0],
        "sd": [20.0] * 5,
        "n": [80, 80, 80, 100, 100],
    }
    return dose_network(arms, study="trial", **COLUMNS, **options)


MANY = fit([0, 1e6, 1e7, 0, 1e8], unit=1e6)
FEW = fit([0, 10, 20, 0, 40])


def rows(made: ModuleType, chart: Any, kind: str) -> list[list[dict[str, Any]]]:
    return [layer["rows"] for layer in made.layers(chart) if layer["mark"]["type"] == kind]


def test_line_and_band_are_the_curve(made: ModuleType) -> None:
    doses = [5.0, 10.0, 25.0, 40.0]
    chart = dose_curve(FEW, "cells", doses=doses)
    expected = FEW.curve("cells", doses).to_dicts()
    (band,), (line,) = rows(made, chart, "area"), rows(made, chart, "line")
    assert [row["x"] for row in line] == doses
    assert [row["y"] for row in line] == pytest.approx([row["estimate"] for row in expected])
    assert [row["low"] for row in band] == pytest.approx([row["ci_low"] for row in expected])
    assert [row["high"] for row in band] == pytest.approx([row["ci_high"] for row in expected])


def test_points_are_the_doses_tested(made: ModuleType) -> None:
    chart = dose_curve(MANY, "cells", unit="cells")
    (points,) = rows(made, chart, "point")
    expected = MANY.points().to_dicts()
    assert [row["y"] for row in points] == pytest.approx([row["estimate"] for row in expected])
    assert [row["Dose"] for row in points] == ["1 million cells", "10 million cells",
                                               "100 million cells"]  # fmt: skip
    assert [row["x"] for row in points] == pytest.approx([math.log(d) for d in (1, 10, 100)])
    assert [row["Trials"] for row in points] == [1, 1, 1]


def test_cells_stand_on_a_logarithmic_axis_and_others_on_a_plain_one(made: ModuleType) -> None:
    def axis(chart: Any) -> Any:
        return made.layers(chart)[0]["encoding"]["x"]["axis"]

    assert axis(dose_curve(MANY, "cells", unit="cells"))["title"] == (
        "Dose, million cells, logarithmic scale"
    )
    assert "exp(" in axis(dose_curve(MANY, "cells"))["labelExpr"]
    assert axis(dose_curve(FEW, "cells", unit="mg"))["title"] == "Dose, mg"
    assert axis(dose_curve(MANY, "cells", scale="linear"))["title"] == "Dose, million"
    assert axis(dose_curve(FEW, "cells", scale="log"))["title"] == "Dose, logarithmic scale"


def test_what_lies_beyond_the_doses_tested_is_broken_and_told(made: ModuleType) -> None:
    chart = dose_curve(MANY, "cells", doses=[1e6, 5e7, 4e8], unit="cells")
    inside, beyond, *edges = rows(made, chart, "line")
    assert [row["Dose"] for row in inside] == ["1 million cells", "50 million cells",
                                               "100 million cells"]  # fmt: skip
    assert [row["x"] for row in beyond] == pytest.approx([math.log(100), math.log(400)])
    assert len(edges) == 2
    dashes = [
        m["mark"].get("strokeDash") for m in made.layers(chart) if m["mark"]["type"] == "line"
    ]
    assert dashes[0] is None
    assert all(dashes[1:])
    assert "up to 400 million cells, nothing was tested" in chart.to_dict()["description"]
    assert "Broken: beyond all doses tested" in " ".join(chart.to_dict()["title"]["text"])
    assert "Broken" not in " ".join(dose_curve(MANY, "cells").to_dict()["title"]["text"])


def test_dose_zero_is_named_where_it_can_not_be_drawn() -> None:
    def said(chart: Any) -> str:
        return " ".join(chart.to_dict()["title"]["text"])

    assert "At dose 0 the effect is that of placebo" in said(dose_curve(MANY, "cells"))
    assert "At dose 0" not in said(dose_curve(FEW, "cells"))
    chart = dose_curve(MANY, "cells", doses=[0.0, 1e6, 1e8])
    assert "from 1 million to 100 million" in chart.to_dict()["description"]


def test_mistakes_are_told() -> None:
    with pytest.raises(UnknownWordError, match="agent"):
        dose_curve(FEW, "saline")
    with pytest.raises(UnknownWordError, match="scale"):
        dose_curve(FEW, "cells", scale="root")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="two different doses"):
        dose_curve(FEW, "cells", doses=[10.0, 10.0])
    with pytest.raises(InputError, match="two different doses"):
        dose_curve(FEW, "cells", doses=[])
    with pytest.raises(InputError, match="zero or more"):
        dose_curve(FEW, "cells", doses=[-1.0, 10.0, 20.0], scale="log")


@pytest.mark.parametrize("width", ["wide", "narrow"])
@pytest.mark.parametrize("network", [FEW, MANY])
def test_words_do_not_touch(crowded: Callable[[str], list[str]], network: Any, width: Any) -> None:
    chart = dose_curve(
        network,
        "cells",
        unit="cells",
        measure="Difference in pain, points of 100",
        favours=("cells", "placebo"),
        width=width,
    )
    assert crowded(to_svg(chart)) == []
