from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

import reprieve.figures as fg
from reprieve.errors import InputError, UnknownWordError
from reprieve.figures.labels import names_layer
from reprieve.synthesis import (
    baujat,
    bayesian_meta_analysis,
    gosh,
    meta_analysis,
    meta_regression,
    profile_tau2,
    sequential_analysis,
)


def rows(made: ModuleType, chart: Any, *fields: str) -> list[dict[str, Any]]:
    return [r for layer in made.layers(chart) for r in layer["rows"] if all(f in r for f in fields)]


@pytest.fixture(params=["wide", "narrow"])
def width(request: pytest.FixtureRequest) -> Any:
    return request.param


# -- Baujat


def test_baujat_holds_both_axes_and_names_what_stands_out(made: ModuleType, width: Any) -> None:
    result = baujat(made.BCG)
    chart = fg.baujat(result, width=width)
    found = rows(made, chart, "x", "y", "Study")
    assert [row["x"] for row in found] == pytest.approx(result.heterogeneity.tolist())
    assert [row["y"] for row in found] == pytest.approx(result.influence.tolist())
    outermost = "Hart & Sutherland 1977"
    assert outermost in made.words(chart)
    assert outermost in chart.to_dict()["description"]


def test_baujat_of_studies_that_agree_says_so() -> None:
    result = baujat(meta_analysis(effect=[1.0, 1.0, 1.0], se=[1.0, 1.0, 1.0]))
    assert "All 3 studies agree" in fg.to_svg(fg.baujat(result))


def test_names_do_not_touch(made: ModuleType) -> None:
    placed = [
        (row["px"], row["py"], len(row["name"]))
        for row in made.layers(fg.baujat(baujat(made.fit(60))))[1]["rows"]
    ]
    assert placed
    for i, (x, y, n) in enumerate(placed):
        for x2, y2, n2 in placed[:i]:
            apart = abs(y - y2) >= 11 or x + 6 * n <= x2 + 3 or x2 + 6 * n2 <= x + 3
            assert apart
    assert names_layer([(5.0, 5.0, 3.0, "far too long a name")], 40, 20) == []


# -- GOSH


def test_gosh_counts_every_subset_once(made: ModuleType, width: Any) -> None:
    result = gosh(made.BCG)
    chart = fg.gosh(result, transform="exp", width=width)
    cells = rows(made, chart, "subsets")
    assert sum(row["subsets"] for row in cells) == 2**13 - 1 - 13
    assert len(cells) < 1000
    whole = rows(made, chart, "Subset")
    assert whole[0]["x"] == pytest.approx(made.BCG.estimate)
    assert whole[0]["y"] == pytest.approx(made.BCG.I2)
    high = (result.k > 1) & (result.I2 >= 90)
    assert sum(row["subsets"] for row in cells if row["y"] > 89.9) == high.sum()
    assert "8,178 subsets (all) of 13 studies" in chart.to_dict()["description"]


def test_gosh_of_three_studies_draws(made: ModuleType) -> None:
    assert fg.to_svg(fg.gosh(gosh(made.fit(3)))).startswith("<svg")


# -- profile


def test_profile_holds_the_likelihood_near_its_top(made: ModuleType, width: Any) -> None:
    result = profile_tau2(made.BCG)
    chart = fg.profile(result, width=width)
    curve = rows(made, chart, "τ²")
    best = max(curve, key=lambda row: row["loglik"])
    assert best["tau2"] == pytest.approx(result.maximum, abs=0.03)
    assert min(row["loglik"] for row in curve) > result.max_loglik - 8
    (band,) = rows(made, chart, "low", "high")
    assert (band["low"], band["high"]) == pytest.approx(result.interval)
    assert f"{result.interval[0]:.3g} to {result.interval[1]:.3g}" in chart.to_dict()["description"]


# -- bubble


def _regression(made: ModuleType, formula: str) -> Any:
    data = {
        "y": made.LOG_RISK_RATIO,
        "v": made.VARIANCE,
        "latitude": [float(x) for x in made.LATITUDE],
        "year": [float(x) for x in made.YEARS],
        "name": made.TRIALS,
        "way": made.ALLOCATION,
    }
    return meta_regression(formula, data, effect="y", variance="v", study="name")


def test_bubbles_stand_along_the_moderator_with_their_weights(made: ModuleType, width: Any) -> None:
    fit = _regression(made, "~ latitude")
    chart = fg.bubble(fit, "latitude", along="Latitude, degrees", transform="exp", width=width)
    found = rows(made, chart, "area", "effect")
    assert [row["x"] for row in found] == made.LATITUDE
    assert [row["effect"] for row in found] == made.LOG_RISK_RATIO
    weights = 1 / (fit.v + fit.tau2)
    assert found[0]["area"] / found[7]["area"] == pytest.approx(weights[0] / weights[7])
    curve = rows(made, chart, "ci_low", "pi_low")
    assert curve[0]["estimate"] == pytest.approx(fit.beta[0] + 13 * fit.beta[1])
    assert curve[-1]["x"] == 55
    expected = fit.predict({"latitude": [13.0]}).row(0, named=True)
    assert curve[0]["pi_high"] == pytest.approx(expected["pi_high"])
    assert "Latitude, degrees" in chart.to_dict()["description"]


def test_other_moderators_are_held_at_their_means(made: ModuleType) -> None:
    fit = _regression(made, "~ latitude + year")
    curve = rows(made, fg.bubble(fit, "latitude"), "ci_low", "pi_low")
    mean = float(np.mean(made.YEARS))
    expected = fit.predict({"latitude": [13.0, 55.0], "year": [mean, mean]})
    for row, told in zip((curve[0], curve[-1]), expected.iter_rows(named=True), strict=True):
        for name in ("estimate", "ci_low", "ci_high", "pi_low", "pi_high"):
            assert row[name] == pytest.approx(told[name])


def test_a_curve_of_one_moderator_bends(made: ModuleType) -> None:
    fit = _regression(made, "~ latitude + I(latitude**2)")
    curve = rows(made, fg.bubble(fit, "latitude"), "ci_low")
    middle = curve[len(curve) // 2]["estimate"]
    assert middle != pytest.approx((curve[0]["estimate"] + curve[-1]["estimate"]) / 2, abs=0.01)


def test_a_moderator_that_no_line_can_show_is_refused(made: ModuleType) -> None:
    with pytest.raises(UnknownWordError, match="'latitud'; did you mean 'latitude'"):
        fg.bubble(_regression(made, "~ latitude"), "latitud")
    with pytest.raises(InputError, match="part of latitude:year too"):
        fg.bubble(_regression(made, "~ latitude * year"), "latitude")
    with pytest.raises(InputError, match="'Intercept' is the same in all studies"):
        fg.bubble(_regression(made, "~ latitude"), "Intercept")


# -- sequential boundaries


def test_boundaries_hold_the_way_of_z_and_both_edges(made: ModuleType, width: Any) -> None:
    result = sequential_analysis(made.BCG, delta=0.5, order=made.YEARS)
    chart = fg.boundaries(result, favours=("vaccine", "none"), width=width)
    looks = rows(made, chart, "After")[:13]
    assert [row["z"] for row in looks] == pytest.approx(result.z.tolist())
    assert [row["x"] for row in looks] == pytest.approx((100 * result.fraction).tolist())
    firm = [r["z"] for r in rows(made, chart, "edge") if r["edge"] == "firm evidence beyond"]
    shown = [b for b in result.boundary.tolist() if b <= 8]
    assert firm == pytest.approx([*shown, *(-b for b in shown)])
    ring = rows(made, chart, "After")[13]
    assert result.crossed_at is not None
    assert ring["After"] == result.study[result.crossed_at]
    assert result.conclusion in chart.to_dict()["description"]
    assert ">firm evidence beyond<" in fg.to_svg(chart)


def test_boundaries_of_one_study_draw() -> None:
    result = sequential_analysis(effect=[-1.0], se=[2.0], delta=3)
    assert fg.to_svg(fg.boundaries(result)).startswith("<svg")


# -- posterior density


def test_densities_are_those_of_the_posterior(made: ModuleType, width: Any) -> None:
    result = bayesian_meta_analysis(
        effect=made.LOG_RISK_RATIO, variance=made.VARIANCE, prior="half-normal(0.5)"
    )
    chart = fg.density(result, worthwhile=0.3, transform="exp", width=width)
    curve = rows(made, chart, "density")
    for name, posterior in (
        ("mean effect", result.mu),
        ("effect in a new setting", result.predictive),
    ):
        mine = [row for row in curve if row["of"] == name]
        assert mine[80]["density"] == pytest.approx(posterior.density(mine[80]["x"]))
    share = 100 * result.probability_below(-0.3)
    assert any(f"mean {share:.0f}%" in said for said in made.words(chart))
    assert {row["x"] for row in rows(made, chart, "y2")} == {0.0, -0.3}
    assert "Probability beyond 0.74" in chart.to_dict()["description"]


def test_density_refuses_a_worthwhile_difference_below_zero(made: ModuleType) -> None:
    result = bayesian_meta_analysis(effect=[1.0, 2.0], se=[1.0, 1.0], prior="half-normal(1)")
    with pytest.raises(InputError, match="worthwhile must be a size above zero"):
        fg.density(result, worthwhile=-1)
