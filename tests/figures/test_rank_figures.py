from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest

from reprieve.errors import InputError
from reprieve.figures.rank_curves import rank_curves
from reprieve.figures.rank_heat import SHADES, rank_heat, shade
from reprieve.figures.theme import to_svg

Crowded = Callable[[str], list[str]]


@pytest.fixture(params=["wide", "narrow"])
def width(request: pytest.FixtureRequest) -> Any:
    return request.param


def rows(made: ModuleType, chart: Any, *fields: str) -> list[dict[str, Any]]:
    return [r for layer in made.layers(chart) for r in layer["rows"] if all(f in r for f in fields)]


def test_words_that_touch_are_found(crowded: Crowded) -> None:
    def svg(x: float, turned: str = "") -> str:
        words = ((5, 20, "cells", ""), (x, 22, "saline", turned))
        said = "".join(
            f'<text font-size="12px" transform="translate({x},{y}) {how}">{word}</text>'
            for x, y, word, how in words
        )
        return f'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="50">{said}</svg>'

    assert crowded(svg(45)) == []
    assert crowded(svg(20)) == ["'saline' touches 'cells'"]
    assert crowded(svg(80)) == ["'saline' leaves the picture"]
    assert crowded(svg(20, "rotate(-90)")) == ["'saline' touches 'cells'"]


# -- rank curves


def test_bars_are_as_high_as_ranks_are_probable(made: ModuleType, nets: ModuleType) -> None:
    ranks = nets.SENN.ranks()
    bars = defaultdict(list)
    for row in rows(made, rank_curves(nets.SENN), "Probability", "fill"):
        bars[row["Treatment"]].append(row)
    assert set(bars) == set(nets.SENN.treatments)
    for treatment, probability in zip(ranks.treatments, ranks.probabilities, strict=True):
        mine = bars[treatment]
        assert [row["Rank"] for row in mine] == [f"{r}" for r in range(1, 11)]
        high = [row["y2"] - row["y"] for row in mine]
        assert sum(high) == pytest.approx(84)
        assert high == pytest.approx((84 * probability).tolist())
        assert all(a["x2"] < b["x"] for a, b in pairwise(mine))
        assert float(mine[0]["P-score"]) == pytest.approx(
            ranks.p_score[ranks.treatments.index(treatment)], abs=0.005
        )


def test_lines_climb_to_one_and_hold_the_area_of_sucra(made: ModuleType, nets: ModuleType) -> None:
    steps = defaultdict(list)
    for row in rows(made, rank_curves(nets.SENN), "step"):
        steps[row["panel"]].append((row["px"], row["py"]))
    sucra = {r["treatment"]: r["sucra"] for r in nets.SENN.ranks().to_frame().to_dicts()}
    for treatment, corners in steps.items():
        xs, ys = zip(*corners, strict=True)
        across, bottom = xs[-1] - xs[0], ys[0]
        assert ys[0] - ys[-1] == pytest.approx(84)
        area = sum((x2 - x1) * (bottom - y2) for (x1, _), (x2, y2) in pairwise(corners))
        # SUCRA is the mean over the first n − 1 ranks; the line has n
        assert (10 * area / (84 * across) - 1) / 9 == pytest.approx(sucra[treatment])


def test_no_rank_without_its_interval(made: ModuleType, nets: ModuleType) -> None:
    said = made.words(rank_curves(nets.SENN))
    table = nets.SENN.ranks().to_frame().to_dicts()
    for row in table:
        expected = f"{row['median_rank']} ({row['rank_low']} to {row['rank_high']})"
        assert f"Median rank {expected}" in said
        assert f"{row['treatment']} {expected}" in rank_curves(nets.SENN).to_dict()["description"]
    assert sum(word.startswith("Median rank") for word in said) == 10
    names = [word for word in said if word in nets.SENN.treatments]
    assert names == [row["treatment"] for row in table]
    wide = sum(2 * (1 + row["rank_high"] - row["rank_low"]) > 10 for row in table)
    assert f"more than half of all ranks for {wide} of 10 treatments" in " ".join(said)


def test_shade_is_the_interval_and_the_line_the_median(made: ModuleType, nets: ModuleType) -> None:
    layers = made.layers(rank_curves(nets.SMOKING))
    shades, middles = layers[0]["rows"], layers[4]["rows"]
    table = nets.SMOKING.ranks().to_frame().to_dicts()
    for shaded, middle, row in zip(shades, middles, table, strict=True):
        bar = (shaded["x2"] - shaded["x"]) / (1 + row["rank_high"] - row["rank_low"])
        median = shaded["x"] + (row["median_rank"] - row["rank_low"] + 0.5) * bar
        assert middle["x"] == pytest.approx(median)


def test_names_of_ones_own(made: ModuleType, nets: ModuleType) -> None:
    chart = rank_curves(nets.SMOKING, names={"A": "no contact"})
    assert "no contact" in made.words(chart)
    assert "A" not in made.words(chart)
    with pytest.raises(InputError, match="several treatments 'B'"):
        rank_curves(nets.SMOKING, names={"A": "B"})


@pytest.mark.parametrize("which", ["SENN", "LINDE", "SMOKING", "THIRTY"])
def test_words_of_rank_curves_do_not_touch(
    nets: ModuleType, crowded: Crowded, which: str, width: Any
) -> None:
    assert crowded(to_svg(rank_curves(getattr(nets, which), width=width))) == []


# -- rank-heat plot


def outcomes(nets: ModuleType) -> dict[str, Any]:
    return {
        "Response": nets.LINDE,
        "Response to what is not the usual drug for it": nets.fit("Dong2013_OR"),
    }


def test_cells_hold_p_score_rank_and_interval(made: ModuleType, nets: ModuleType) -> None:
    fits = {"Response": nets.LINDE, "Change": nets.SENN}
    chart = rank_heat(fits)
    cells = rows(made, chart, "Outcome", "fill")
    assert len(cells) == 2 * (9 + 10)
    by = {(row["Treatment"], row["Outcome"]): row for row in cells}
    said = made.words(chart)
    for outcome, fit in fits.items():
        for row in fit.ranks().to_frame().to_dicts():
            cell = by[row["treatment"], outcome]
            rank = f"{row['median_rank']} ({row['rank_low']} to {row['rank_high']})"
            assert (cell["P-score"], cell["Rank"]) == (f"{row['p_score']:.2f}", rank)
            assert cell["fill"] == SHADES[int(5 * row["p_score"])]
            assert cell["P-score"] in said
            assert f"rank {rank}" in said
    assert by["TCA", "Change"]["Rank"] == "not in this network"
    assert said.count("not in this") == 19


def test_empty_cells_look_different(made: ModuleType, nets: ModuleType) -> None:
    marks = [
        layer["mark"]
        for layer in made.layers(rank_heat({"a": nets.LINDE, "b": nets.SENN}))
        if layer["mark"]["type"] == "rect"
    ]
    assert [mark.get("strokeDash") for mark in marks] == [None, [3, 3]]


def test_treatments_stand_in_the_order_of_the_first_outcome(
    made: ModuleType, nets: ModuleType
) -> None:
    cells = rows(made, rank_heat({"a": nets.LINDE, "b": nets.SENN}), "Outcome", "fill")
    tops = {row["Treatment"]: row["y"] for row in cells}
    ranked = [f.ranks().to_frame()["treatment"].to_list() for f in (nets.LINDE, nets.SENN)]
    assert sorted(tops, key=tops.__getitem__) == [*ranked[0], *ranked[1]]


def test_shades_grow_darker_and_stay_inside() -> None:
    assert [shade(p)[0] for p in (0.0, 0.3, 0.5, 0.7, 1.0)] == list(SHADES)


def test_no_outcome_is_an_error() -> None:
    with pytest.raises(InputError, match="at least one outcome"):
        rank_heat({})


def test_names_hold_for_all_outcomes(made: ModuleType, nets: ModuleType) -> None:
    chart = rank_heat({"a": nets.SMOKING, "b": nets.SMOKING}, names={"A": "no contact"})
    assert "no contact: a " in chart.to_dict()["description"]
    assert made.words(chart).count("no contact") == 1


def test_words_of_rank_heat_do_not_touch(nets: ModuleType, crowded: Crowded, width: Any) -> None:
    for fits in (
        outcomes(nets),
        {"Pain at 3 months": nets.THIRTY, "Harms": nets.SENN, "Sleep": nets.THIRTY},
        {f"Outcome {i}": nets.SMOKING for i in range(6)},
    ):
        assert crowded(to_svg(rank_heat(fits, width=width))) == []
