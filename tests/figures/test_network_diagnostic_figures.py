from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.figures.comparison_adjusted_funnel import comparison_adjusted_funnel
from reprieve.figures.contribution_bars import contribution_bars
from reprieve.figures.net_heat_figure import COOL, WARM, net_heat_figure, shade
from reprieve.figures.theme import to_svg
from reprieve.synthesis import network

Crowded = Callable[[str], list[str]]
NETS = ["SENN", "LINDE", "SMOKING", "THIRTY"]


@pytest.fixture(params=["wide", "narrow"])
def width(request: pytest.FixtureRequest) -> Any:
    return request.param


def rows(made: ModuleType, chart: Any, *fields: str) -> list[dict[str, Any]]:
    return [r for layer in made.layers(chart) for r in layer["rows"] if all(f in r for f in fields)]


def order(fit: Any) -> list[str]:
    return [t for t in fit.treatments if t != fit.reference] + [fit.reference]


# -- net heat


def test_cells_hold_the_change_of_q(made: ModuleType, nets: ModuleType) -> None:
    heat = nets.SENN.net_heat()
    cells = rows(made, net_heat_figure(nets.SENN), "Estimate", "Detached")
    assert len(cells) == 12**2
    place = {c.replace(":", " v "): i for i, (d, c) in enumerate(heat.rows) if d.count(":") == 1}
    alone = 0
    for cell in cells:
        estimate, detached = (cell[f].split(" ", 1)[1] for f in ("Estimate", "Detached"))
        if estimate in place and detached in place:
            alone += 1
            change = heat.change[place[estimate], place[detached]]
            shown = float(cell["Change of Q"].replace("−", "-"))
            assert shown == pytest.approx(change, abs=0.005)
            assert cell["fill"] == shade(change)
            weight = heat.hat[place[estimate], place[detached]]
            assert cell["Weight"] == ("<1%" if abs(weight) < 0.005 else f"{100 * abs(weight):.0f}%")
    assert alone == 10**2


def test_the_most_disagreement_stands_first_and_has_its_number(
    made: ModuleType, nets: ModuleType
) -> None:
    chart = net_heat_figure(nets.SENN)
    said = made.words(chart)
    assert "+9.3" in said
    numbered = rows(made, chart, "Estimate", "Detached")[0]
    assert numbered["Estimate"] == "1 rosi v sulf"
    assert numbered["Change of Q"] == "+9.29"
    total = nets.SENN.net_heat().Q.sum()
    assert f"Q between designs {total:.1f}" in chart.to_dict()["description"]
    assert "plac v acar (with metf)" in said
    assert "Not shown: 4 that no other design can contradict" in " ".join(said)


def test_squares_are_as_large_as_weights(made: ModuleType, nets: ModuleType) -> None:
    heat = nets.SMOKING.net_heat()
    layers = made.layers(net_heat_figure(nets.SMOKING))
    side = layers[0]["rows"][0]["x2"] - layers[0]["rows"][0]["x"]
    areas = sorted((r["x2"] - r["x"]) * (r["y2"] - r["y"]) for r in layers[1]["rows"])
    weights = np.sort(np.abs(heat.hat).ravel())[-len(areas) :]
    assert areas == pytest.approx((side**2 * weights).tolist())


def test_signs_tell_what_colours_tell(made: ModuleType, nets: ModuleType) -> None:
    cells = rows(made, net_heat_figure(nets.LINDE, width="narrow"), "Estimate", "Detached")
    said = made.words(net_heat_figure(nets.LINDE, width="narrow"))
    assert said.count("+") == sum(cell["fill"] in WARM for cell in cells)
    assert said.count("−") == sum(cell["fill"] in COOL for cell in cells)
    assert said.count("+") > 10


def test_what_has_no_room_is_counted(made: ModuleType, nets: ModuleType) -> None:
    said = " ".join(made.words(net_heat_figure(nets.THIRTY)))
    assert len(nets.THIRTY.net_heat().rows) == 56
    assert "Not shown: 1 that no" in said
    assert "Not shown for want of room: 21" in said


def test_a_network_without_loops_has_no_net_heat() -> None:
    fit = network(study=["1", "2"], treatment1=["a", "b"], treatment2=["c", "c"],
                  effect=[1.0, 2.0], se=[1.0, 1.0])  # fmt: skip
    with pytest.raises(SynthesisError, match="no loop"):
        net_heat_figure(fit)


@pytest.mark.parametrize("which", NETS)
def test_words_of_net_heat_do_not_touch(
    nets: ModuleType, crowded: Crowded, which: str, width: Any
) -> None:
    assert crowded(to_svg(net_heat_figure(getattr(nets, which), width=width))) == []


# -- comparison-adjusted funnel


def test_points_are_distances_from_the_mean_of_their_comparison(
    made: ModuleType, nets: ModuleType
) -> None:
    found = nets.SENN.asymmetry(order(nets.SENN))
    points = rows(made, comparison_adjusted_funnel(nets.SENN, order(nets.SENN)), "Study")
    expected = {
        (r["study"], f"{r['treatment1']} v {r['treatment2']}"): (r["adjusted"], r["se"])
        for r in found.points.to_dicts()
    }
    assert len(points) == len(expected) == 28
    for row in points:
        assert (row["x"], row["se"]) == pytest.approx(expected[row["Study"], row["Comparison"]])


def test_the_caption_holds_eggers_test(nets: ModuleType) -> None:
    found = nets.SENN.asymmetry(order(nets.SENN))
    chart = comparison_adjusted_funnel(nets.SENN, order(nets.SENN)).to_dict()
    said = " ".join(chart["title"]["text"])
    slope = f"{found.bias:.2f}".replace("-", "−")
    assert f"Egger's test: slope {slope} (SE {found.se:.2f})" in said
    assert f"with 26 df, p {found.p:.2f}" in said
    assert "Earlier minus later of: acar, benf" in said


def test_the_line_is_that_of_the_test(made: ModuleType, nets: ModuleType) -> None:
    found = nets.SMOKING.asymmetry(order(nets.SMOKING))
    layers = made.layers(comparison_adjusted_funnel(nets.SMOKING, order(nets.SMOKING)))
    low, high = layers[3]["rows"]
    assert (high["x"] - low["x"]) / (high["se"] - low["se"]) == pytest.approx(found.bias)
    effect, se = (found.points[name].to_numpy() for name in ("adjusted", "se"))
    middle = np.average(se, weights=1 / se**2)
    at = low["x"] + found.bias * middle
    assert at == pytest.approx(np.average(effect, weights=1 / se**2))
    edge = layers[2]["rows"][1]
    assert edge["x"] / edge["se"] == pytest.approx(1.959964)


def test_comparisons_differ_in_shape_and_colour(made: ModuleType, nets: ModuleType) -> None:
    layer = made.layers(comparison_adjusted_funnel(nets.LINDE, order(nets.LINDE)))[-1]
    shape, fill = (layer["encoding"][channel]["scale"] for channel in ("shape", "fill"))
    assert shape["domain"] == fill["domain"]
    assert len(shape["domain"]) == len(set(fill["range"])) == 6
    assert len(set(shape["range"])) == 5
    assert shape["domain"][0] == "SSRI v TCA (18)"
    assert shape["domain"][-1] == "12 other comparisons (25)"


def test_an_order_names_all(nets: ModuleType) -> None:
    with pytest.raises(InputError, match="every treatment once"):
        comparison_adjusted_funnel(nets.SMOKING, ["A", "B"])


@pytest.mark.parametrize("which", NETS)
def test_words_of_the_funnel_do_not_touch(
    nets: ModuleType, crowded: Crowded, which: str, width: Any
) -> None:
    fit = getattr(nets, which)
    chart = comparison_adjusted_funnel(
        fit, order(fit), width=width, measure="Difference in pain, points of 100"
    )
    assert crowded(to_svg(chart)) == []


# -- contribution bars


@pytest.mark.parametrize("method", ["shortestpath", "randomwalk"])
def test_bars_are_shares_of_direct_comparisons(
    made: ModuleType, nets: ModuleType, method: Any
) -> None:
    found = nets.LINDE.contributions(method)
    shares = defaultdict(dict)
    for row in rows(made, contribution_bars(nets.LINDE, method), "Part"):
        shares[row["Estimate"]][row["Part"]] = (row["x2"] - row["x"]) / 630
    assert len(shares) == 8
    for pair, line in zip(found.rows, found.shares, strict=True):
        if "Placebo" not in pair:
            continue
        drawn = shares[pair[pair[0] == "Placebo"]]
        assert sum(drawn.values()) == pytest.approx(1)
        rest = 0.0
        for column, share in zip(found.columns, line, strict=True):
            if share >= 0.04 or (column == pair and share > 0):
                assert drawn[" v ".join(column)] == pytest.approx(share)
            else:
                rest += share
        assert drawn.get("other comparisons", 0.0) == pytest.approx(rest, abs=1e-9)


def test_direct_evidence_is_named_and_numbers_are_explained(
    made: ModuleType, nets: ModuleType
) -> None:
    chart = contribution_bars(nets.LINDE)
    said = made.words(chart)
    found = nets.LINDE.contributions()
    own = found.shares[found.rows.index(("Hypericum", "Placebo"))]
    direct = 100 * own[found.columns.index(("Hypericum", "Placebo"))]
    assert f"direct {direct:.0f}%" in said
    assert "Estimates against Placebo" in said
    numbers = {word.split()[0] for word in said if word.startswith("#")}
    assert numbers == {word for word in said if word.startswith("#") and " " not in word}
    first = next(layer for layer in made.layers(chart) if "Part" in layer["rows"][0])["rows"][0]
    assert (first["Estimate"], first["Part"]) == ("Hypericum", "Hypericum v Placebo")


def test_risk_of_bias_is_carried_by_trials(made: ModuleType, nets: ModuleType) -> None:
    fit = nets.SMOKING
    trials, found = fit.trials.rows, fit.contributions()
    high = dict.fromkeys(trials.studies[:8], "high")
    chart = contribution_bars(fit, risk_of_bias=high | {trials.studies[8]: "low"}, pairs="all")
    drawn = defaultdict(dict)
    for row in rows(made, chart, "Part"):
        drawn[row["Estimate"]][row["Part"]] = (row["x2"] - row["x"]) / 630
    for pair, line in zip(found.rows, found.shares, strict=True):
        expected = 0.0
        for (a, b), share in zip(found.columns, line, strict=True):
            mine = [
                e
                for e in range(fit.m)
                if (fit.treatments[trials.a[e]], fit.treatments[trials.b[e]]) == (a, b)
            ]
            weight = fit.fit.w[mine]
            bad = [trials.studies[trials.study[e]] in high for e in mine]
            expected += share * weight[bad].sum() / weight.sum()
        bar = drawn[" v ".join(pair)]
        assert sum(bar.values()) == pytest.approx(1)
        assert bar["high"] == pytest.approx(expected)
        assert set(bar) <= {"low", "high", "not judged"}
    signs = [word[0] for word in made.words(chart) if word.endswith("%") and word[1:2] == " "]
    assert {"×", "?"} <= set(signs)


def test_all_low_is_one_part(made: ModuleType, nets: ModuleType) -> None:
    low = dict.fromkeys(nets.SENN.trials.rows.studies, "low")
    bars = rows(made, contribution_bars(nets.SENN, risk_of_bias=low), "Part")
    assert [row["Part"] for row in bars] == ["low"] * 9
    assert all(row["Share"] == "100%" for row in bars)


@pytest.mark.parametrize(
    "options",
    [{"pairs": "some"}, {"method": "guess"}, {"risk_of_bias": {"nobody": "low"}},
     {"risk_of_bias": {"1": "fine"}}],
)  # fmt: skip
def test_unknown_words_are_errors(nets: ModuleType, options: dict[str, Any]) -> None:
    with pytest.raises(UnknownWordError):
        contribution_bars(nets.SMOKING, **options)


@pytest.mark.parametrize("which", NETS)
@pytest.mark.parametrize("judged", [False, True])
def test_words_of_bars_do_not_touch(
    nets: ModuleType, crowded: Crowded, which: str, judged: bool, width: Any
) -> None:
    fit = getattr(nets, which)
    words = ("low", "some concerns", "high", None)
    risk = {study: words[i % 4] for i, study in enumerate(fit.trials.rows.studies)}
    chart = contribution_bars(fit, risk_of_bias=risk if judged else None, width=width)
    assert crowded(to_svg(chart)) == []
    assert math.isfinite(chart.to_dict()["height"])
