from __future__ import annotations

import math
import re
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from reprieve.figures import text
from reprieve.figures.league_figure import league_figure
from reprieve.figures.league_plan import FIRST, SECOND
from reprieve.figures.theme import to_svg
from reprieve.synthesis import network


@pytest.fixture(params=["wide", "narrow"])
def width(request: pytest.FixtureRequest) -> Any:
    return request.param


def cells(made: ModuleType, chart: Any) -> list[dict[str, Any]]:
    return [r for layer in made.layers(chart) for r in layer["rows"] if "Evidence" in r]


def number(said: str) -> float:
    return float(said.split(" ")[0].replace("−", "-"))


def test_cells_are_the_first_minus_the_second_named(
    made: ModuleType, nets: ModuleType, width: Any
) -> None:
    fit = nets.SENN
    found = cells(made, league_figure(fit, width=width))
    assert len(found) == fit.n * (fit.n - 1)
    split = {(r["treatment1"], r["treatment2"]): r for r in fit.split().to_frame().to_dicts()}
    for cell in found:
        first, second = cell["Compared"].split(" v ")
        if cell["Evidence"] == "network":
            relative = fit.relative(first, second)
            low, high = (text.number(end, 2) for end in relative.ci)
            assert cell["Result"] == f"{text.number(relative.estimate, 2)} ({low} to {high})"
        elif (pair := split.get((first, second)) or split.get((second, first))) is None:
            assert cell["Result"] == "no trial"
            assert cell["Evidence"] == "direct, 0 trials"
        else:
            side = 1 if (first, second) in split else -1
            assert number(cell["Result"]) == pytest.approx(side * pair["direct"], abs=0.005)
            assert f"direct, {pair['k']} trial" in cell["Evidence"]


def test_network_stands_below_the_diagonal_column_minus_row(
    made: ModuleType, nets: ModuleType
) -> None:
    """The order of `league()`: what is written in a row and a column agrees with it."""
    fit = nets.SMOKING
    found = cells(made, league_figure(fit, transform="exp"))
    order = [fit.treatments[t] for t in np.argsort(-fit.p_scores)]
    lefts, tops = (sorted({cell[side] for cell in found}) for side in ("x", "y"))
    assert len(lefts) == len(tops) == fit.n
    table = fit.league(6).to_frame()
    for cell in found:
        row, column = order[tops.index(cell["y"])], order[lefts.index(cell["x"])]
        below = tops.index(cell["y"]) > lefts.index(cell["x"])
        assert cell["Evidence"] == "network" if below else "direct" in cell["Evidence"]
        assert cell["Compared"] == (f"{column} v {row}" if below else f"{row} v {column}")
        # the same cell of the table in text, whose order is by name
        i, j = fit.place(row), fit.place(column)
        if (i > j) == below:
            said = table.filter(table[""] == row)[column][0]
            assert number(cell["Result"]) == pytest.approx(math.exp(number(said)), abs=0.006)


def test_the_reading_direction_is_told_with_an_example(
    made: ModuleType, nets: ModuleType, width: Any
) -> None:
    chart = league_figure(
        nets.SENN, names={"plac": "Placebo"}, measure="HbA1c, percentage points", width=width
    )
    said = " ".join(made.words(chart))
    assert "Below the diagonal: all evidence (network), the treatment of the column" in said
    assert "Above the diagonal: direct trials alone, the treatment of the row" in said
    estimate = text.number(nets.SENN.relative("rosi", "plac").estimate, 2)
    assert f"row 10, column 1: rosi compared with Placebo, {estimate} (" in said
    assert "HbA1c, percentage points; below 0 favours the first of the two" in said
    ratio = " ".join(made.words(league_figure(nets.SMOKING, transform="exp", width=width)))
    assert "above 1 favours the first of the two (blue), below 1 the second (orange)" in ratio


def test_colours_tell_direction_and_size_and_text_the_sign(
    made: ModuleType, nets: ModuleType
) -> None:
    fit = nets.SENN
    found = [c for c in cells(made, league_figure(fit)) if c["Result"] != "no trial"]
    largest = max(abs(fit.estimates))
    for cell in found:
        value = number(cell["Result"])
        if abs(value) > 0.01:
            assert cell["fill"] in (FIRST if value < 0 else SECOND)
            assert ("−" in cell["Result"].split(" ")[0]) == (value < 0)
        step = min(int(4 * abs(value) / largest), 3)
        if abs(4 * abs(value) / largest - round(4 * abs(value) / largest)) > 0.05:
            assert cell["fill"] in (FIRST[step], SECOND[step])


def test_bold_is_what_leaves_out_no_difference(made: ModuleType, nets: ModuleType) -> None:
    fit = nets.SENN
    bold = [
        row["text"]
        for layer in made.layers(league_figure(fit))
        if layer["mark"]["type"] == "text" and layer["mark"]["fontWeight"] == "bold"
        for row in layer["rows"]
    ]
    sure = int((np.abs(fit.estimates) > 1.959964 * fit.standard_errors).sum())
    table = fit.split().to_frame()
    direct = (table["direct"].abs() > 1.959964 * table["direct_se"]).sum()
    assert len(bold) == sure + direct


def test_intervals_stand_in_cells_as_long_as_there_is_room(
    made: ModuleType, nets: ModuleType
) -> None:
    roomy = made.words(league_figure(nets.SMOKING, transform="exp"))
    assert any(re.fullmatch(r"[\d.]+ to [\d.]+", said) for said in roomy)
    stacked = made.words(league_figure(nets.SENN, width="narrow"))
    assert any(re.fullmatch(r"−?[\d.]+ to", said) for said in stacked)
    tight = made.words(league_figure(nets.THIRTY))
    assert not any(said.endswith(" to") for said in tight if said[0] in "−0123456789")
    assert "Intervals find no room here" in " ".join(tight)


@pytest.mark.parametrize("which", range(4))
def test_nothing_overlaps_and_nothing_is_cut(
    made: ModuleType, nets: ModuleType, crowded: Any, width: Any, which: int
) -> None:
    fit = nets.ALL[which]
    chart = league_figure(fit, width=width, measure="Difference in pain, points of 100")
    svg = to_svg(chart)
    assert crowded(svg) == []
    assert float(re.findall(r'width="([\d.]+)"', svg)[0]) <= (900 if width == "wide" else 360)
    found, drawn = cells(made, chart), chart.to_dict()
    for cell in found:
        assert cell["x2"] <= drawn["width"] + 0.01
        assert cell["y2"] <= drawn["height"]
    corners = {(round(cell["x"], 2), round(cell["y"], 2)) for cell in found}
    assert len(corners) == fit.n * (fit.n - 1)
    said = " ".join(made.words(chart))
    assert "…" not in said
    assert all(treatment.split(" ")[-1] in said for treatment in fit.treatments)


def test_two_treatments_draw(made: ModuleType) -> None:
    fit = network(study=["1"], treatment1=["cells"], treatment2=["saline"], effect=[-3.0], se=[1.0])
    found = cells(made, league_figure(fit))
    assert [cell["Compared"] for cell in found] == ["cells v saline"] * 2
    assert "League table of 2 treatments" in league_figure(fit).to_dict()["description"]
