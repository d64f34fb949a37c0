import math
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis import meta_analysis, meta_regression
from reprieve.synthesis.missing_evidence.selection import selection_model
from reprieve.synthesis.missing_evidence.selection_curves import KINDS, Curve
from reprieve.synthesis.missing_evidence.selection_likelihood import SelectionLikelihood

Y = np.array([0.1, 0.5, 0.9, -0.3, 0.8, 0.35, 0.6])
V = np.array([0.04, 0.1, 0.06, 0.05, 0.3, 0.02, 0.08])
STEPS = (0.025, 0.5, 1.0)
DELTA = {"step": [1.0, 0.6, 0.4], "beta": [0.7, 1.4]}
MODERATE = {
    "steps": [0.005, 0.01, 0.05, 0.10, 0.25, 0.35, 0.50, 0.65, 0.75, 0.90, 0.95, 0.99, 0.995, 1],
    "delta": [1, 0.99, 0.95, 0.8, 0.75, 0.65, 0.6, 0.55, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
}
OPTIONS = {
    "step_025": {"steps": [0.025]},
    "step_025_50": {"steps": [0.025, 0.5]},
    "step_fixed_delta_moderate": MODERATE,
}
# metafor ended far from where nothing is selected, on another and higher maximum …
ELSEWHERE = {("curtis1998_lnVR", "power"), ("raudenbush1985_SMD", "beta"), ("hine1989_RD", "power")}
# … or stopped on the way up, more than a tenth of a standard error too early
STUCK = {
    ("bangertdrowns2004_SMD", "beta"),
    ("normand1999_MD", "beta"),
    ("normand1999_MD", "power"),
}


def weight(kind, delta, p):
    """The curves as their sources write them."""
    if kind == "step":
        return np.asarray(delta)[np.searchsorted(STEPS, p)]
    if kind in ("beta", "power"):
        p = np.clip(p, 1e-5, 1 - 1e-5)
    return {
        "beta": lambda a, b=1.0: p ** (a - 1) * (1 - p) ** (b - 1),
        "halfnorm": lambda d: np.exp(-d * p**2),
        "negexp": lambda d: np.exp(-d * p),
        "logistic": lambda d: 2 * np.exp(-d * p) / (1 + np.exp(-d * p)),
        "power": lambda d: (1 - p) ** d,
    }[kind](*delta)


def curve(kind):
    return Curve(kind, np.array(STEPS) if kind == "step" else None)


def likelihood_by_quad(kind, mean, tau2, delta):
    total = 0.0
    for y, v in zip(Y, V, strict=True):
        s, spread = math.sqrt(v), math.sqrt(v + tau2)

        def seen(x, s=s, spread=spread):
            return weight(kind, delta, norm.sf(x / s)) * norm.pdf(x, mean, spread)

        edges = norm.isf([1e-5, 1 - 1e-5, 0.025, 0.5]) * s
        ends = sorted([mean - 12 * spread, mean + 12 * spread, *edges])
        A = sum(quad(seen, a, b, epsabs=1e-13, epsrel=1e-12)[0] for a, b in pairwise(ends))
        total += math.log(weight(kind, delta, norm.sf(y / s)) * norm.pdf(y, mean, spread) / A)
    return total


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tau2", [0.0, 0.2])
def test_likelihood_equals_adaptive_quadrature(kind, tau2):
    likelihood = SelectionLikelihood(Y, V, np.ones((7, 1)), curve(kind))
    for mean in (-0.5, 0.3):
        delta = np.array(DELTA.get(kind, [1.7]))
        found = likelihood(np.concatenate([[mean, tau2], delta]))[0]
        assert found == pytest.approx(likelihood_by_quad(kind, mean, tau2, delta), abs=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_equal_differences(kind):
    X = np.column_stack([np.ones(7), np.linspace(-1, 1, 7)])
    likelihood = SelectionLikelihood(Y, V, X, curve(kind))
    theta = np.array([0.3, -0.2, 0.15, *DELTA.get(kind, [1.7])])
    h = 1e-5
    _, gradient, hessian = likelihood(theta)
    ends = [(likelihood(theta + h * e), likelihood(theta - h * e)) for e in np.eye(len(theta))]
    np.testing.assert_allclose(
        gradient, [(up[0] - down[0]) / (2 * h) for up, down in ends], atol=1e-7
    )
    np.testing.assert_allclose(
        hessian, [(up[1] - down[1]) / (2 * h) for up, down in ends], atol=1e-6
    )


def test_maxima_equal_metafor(reference):
    compared = 0
    for name, data in reference("metafor/selection").items():
        fit = meta_analysis(effect=data["yi"], variance=data["vi"], method="ML", test="z")
        for key, expected in data.items():
            if not isinstance(expected, dict):
                continue
            kind = "step" if key.startswith("step") else key
            found = selection_model(
                fit, kind=kind, alternative=data["alternative"], **OPTIONS.get(key, {})
            )
            assert math.isfinite(found.estimate), (name, key)
            if "error" in expected:
                continue
            what = (name, key)
            if what in ELSEWHERE:
                assert any("another maximum" in note for note in found.warnings), what
                continue
            # R's integrals are good to about 1e-4 a study, and its ascent stops at 1e-8 of a
            # likelihood that is flat: ours is never lower by more than its error
            assert found.loglik > expected["logLik"] - 1e-3, what
            if what in STUCK:
                assert found.loglik > expected["logLik"] + 1e-3, what
                continue
            se = expected["se"] or found.se
            assert found.estimate == pytest.approx(expected["beta"], abs=0.07 * se), what
            exact = (
                kind == "step" and not found.warnings and min(expected["tau2"], found.tau2) > 1e-3
            )
            if exact:
                assert found.loglik == pytest.approx(expected["logLik"], abs=2e-5), what
                assert found.estimate == pytest.approx(expected["beta"], abs=5e-3 * se), what
                assert found.se == pytest.approx(expected["se"], rel=1e-3), what
                assert found.tau2_se == pytest.approx(expected["se_tau2"], rel=1e-3), what
                assert found.selection.statistic == pytest.approx(expected["LRT"], abs=1e-4), what
                free = [d for d in expected["se_delta"] if d is not None]
                ours = found.delta_se[np.isfinite(found.delta_se)]
                np.testing.assert_allclose(ours, free, rtol=1e-2, err_msg=str(what))
            compared += 1
    assert compared > 150


def test_heterogeneity_test_equals_metafor(reference):
    data = reference("metafor/selection")["bangertdrowns2004_SMD"]
    expected = data["step_025_50"]
    found = selection_model(
        effect=data["yi"], variance=data["vi"], steps=[0.025, 0.5], alternative="greater"
    )
    assert found.heterogeneity.statistic == pytest.approx(expected["LRT_tau2"], rel=1e-5)
    assert found.heterogeneity.p == pytest.approx(expected["LRTp_tau2"], rel=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_mirrored_effects_are_selected_the_other_way(kind):
    one = selection_model(effect=Y, variance=V, kind=kind, alternative="greater")
    other = selection_model(effect=-Y, variance=V, kind=kind, alternative="less")
    assert other.estimate == pytest.approx(-one.estimate, rel=1e-8)
    assert other.loglik == pytest.approx(one.loglik, rel=1e-12)
    assert selection_model(effect=-Y, variance=V, kind=kind).alternative == "less"


@given(st.sampled_from(["step", "beta", "negexp"]), st.floats(0.2, 5))
@settings(max_examples=20, deadline=None)
def test_units_do_not_matter(kind, scale):
    one = selection_model(effect=Y, variance=V, kind=kind)
    other = selection_model(effect=scale * Y, variance=scale**2 * V, kind=kind)
    assert other.estimate == pytest.approx(scale * one.estimate, rel=1e-4, abs=1e-5)
    assert other.loglik == pytest.approx(one.loglik - 7 * math.log(scale), abs=1e-7)


def test_flat_curve_changes_nothing():
    fit = meta_analysis(effect=Y, variance=V, method="ML", test="z")
    found = selection_model(fit, delta=[1.0, 1.0])
    assert found.estimate == pytest.approx(fit.estimate, rel=1e-6)
    assert found.tau2 == pytest.approx(fit.tau2, rel=1e-5)
    assert found.loglik == pytest.approx(fit.loglik)
    assert found.selection.df == 0
    assert math.isnan(found.selection.p)


def test_common_effect_keeps_tau2_at_zero():
    fit = meta_analysis(effect=Y, variance=V, method="EE", test="z")
    found = selection_model(fit)
    assert found.tau2 == 0
    assert math.isnan(found.heterogeneity.p)
    assert found.unadjusted[0] == pytest.approx(fit.estimate)


def test_a_curve_that_was_there_is_found():
    rng = np.random.default_rng(8)
    v = rng.uniform(0.02, 0.3, 4000)
    y = rng.normal(0.2, np.sqrt(v + 0.04))
    seen = rng.uniform(size=4000) < np.where(norm.sf(y / np.sqrt(v)) < 0.025, 1.0, 0.3)
    found = selection_model(effect=y[seen], variance=v[seen], alternative="greater")
    assert found.estimate == pytest.approx(0.2, abs=4 * found.se)
    assert found.tau2 == pytest.approx(0.04, abs=4 * found.tau2_se)
    assert found.delta[1] == pytest.approx(0.3, abs=4 * found.delta_se[1])
    assert found.unadjusted[0] > 0.2 + 8 * found.se
    assert found.selection.p < 1e-6


def test_moderators_stay_in_the_model():
    data = pl.DataFrame({"y": Y, "v": V, "dose": np.linspace(0, 6, 7)})
    fit = meta_regression("~ dose", data, effect="y", variance="v", method="ML", test="z")
    found = selection_model(fit, delta=[1.0, 1.0])
    np.testing.assert_allclose(found.beta, fit.beta, rtol=1e-5)
    assert selection_model(fit).to_frame().height == 2


def test_fixed_weights_of_steps_are_sorted_into_intervals():
    found = selection_model(effect=Y, variance=V, steps=[0.5, 0.025], delta=[1, 0.5, 0.2])
    assert found.steps == (0.025, 0.5, 1.0)
    np.testing.assert_allclose(found.weight([0.01, 0.3, 0.9]), [1, 0.5, 0.2])
    assert sum(found.counts) == 7


@pytest.mark.parametrize("kind", ["halfnorm", "negexp", "logistic", "power"])
def test_weights_start_at_one(kind):
    found = selection_model(effect=Y, variance=V, kind=kind, delta=[2.0])
    p = np.array([0.0, 0.2, 0.7])
    np.testing.assert_allclose(found.weight(p), weight(kind, [2.0], p), rtol=1e-4)


def test_intervals_without_studies_are_told():
    found = selection_model(effect=Y, variance=V, steps=[0.025, 0.026])
    assert any("holds no study" in note for note in found.warnings)
    assert found.delta[1] == 0
    assert math.isnan(found.delta_se[1])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"steps": [0.0, 0.5]}, InputError, "steps must be"),
        ({"steps": [1.0]}, InputError, "below 1"),
        ({"steps": []}, InputError, "steps must be"),
        ({"delta": [1.0]}, InputError, "one weight per interval"),
        ({"kind": "beta", "delta": [1.0, -1.0]}, InputError, "0 or more"),
        ({"kind": "gamma"}, InputError, "kind must be one of"),
        ({"alternative": "two.sided"}, InputError, "alternative must be one of"),
        ({"steps": np.linspace(0.1, 0.9, 8)}, SynthesisError, "can't give the"),
    ],
)
def test_what_can_not_be(options, error, message):
    with pytest.raises(error, match=message):
        selection_model(effect=Y, variance=V, **options)


def test_shown():
    found = selection_model(effect=Y, variance=V, kind="beta")
    assert "seen rather when greater" in found.summary()
    assert "test of selection" in found.summary()
    content = found.to_dict()
    assert content["coefficients"][0]["name"] == "mean effect"
    assert content["selection"]["df"] == 2
    low, high = np.quantile(found.draws(200_000, seed=1), [0.025, 0.975])
    assert (low, high) == pytest.approx(found.ci, abs=0.03 * found.se)
    steps = selection_model(effect=Y, variance=V)
    assert "0 < p ≤ 0.025" in steps.summary()
