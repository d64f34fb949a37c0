"""GOSH and the profile of τ²; and subsets in the batch kernels."""

import json
import math
from itertools import combinations

import numpy as np
import pytest

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis import fit_batch, meta_analysis, meta_regression
from reprieve.synthesis.diagnostics.gosh import gosh
from reprieve.synthesis.diagnostics.profiles import profile_tau2
from reprieve.synthesis.heterogeneity import estimate_tau2

Y = [0.1, -0.4, 0.8, 0.3, 0.5, -0.1]
V = [0.04, 0.03, 0.06, 0.05, 0.02, 0.07]
X = [1.0, 4.0, 2.0, 8.0, 3.0, 5.0]
W = [1.0, 2.0, 3.0, 1.0, 2.0, 1.5]
DATA = {"y": Y, "v": V, "x": X, "w": W}


def take(places):
    return {name: [values[i] for i in places] for name, values in DATA.items()}


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("method", ["REML", "ML", "DL", "EE", "HS", "PM"])
def test_gosh_is_what_separate_fits_give(method, weights):
    options = {"effect": "y", "variance": "v", "method": method, "weights": weights, "test": "z"}
    fits = gosh(meta_analysis(DATA, **options))
    assert fits.exact
    assert len(fits.k) == 63
    seen = set()
    for i, used in enumerate(fits.used):
        places = np.flatnonzero(used)
        seen.add(tuple(places))
        other = meta_analysis(take(places), **options)
        assert fits.k[i] == other.k
        for name in ("estimate", "tau2", "I2", "H2", "Q"):
            expected = pytest.approx(getattr(other, name), rel=1e-7, abs=1e-8, nan_ok=True)
            assert getattr(fits, name)[i] == expected, (name, places)
    assert seen == {c for size in range(1, 7) for c in combinations(range(6), size)}


def test_gosh_of_a_regression_is_what_separate_fits_give():
    options = {"effect": "y", "variance": "v"}
    fits = gosh(meta_regression("~ x", DATA, **options))
    assert len(fits.k) == 63 - 6
    for i, used in enumerate(fits.used):
        places = np.flatnonzero(used)
        if len(places) == 2:
            assert np.isnan(fits.tau2[i])
            continue
        other = meta_regression("~ x", take(places), **options)
        np.testing.assert_allclose(fits.beta[i], other.beta, rtol=1e-7, atol=1e-9)
        assert fits.tau2[i] == pytest.approx(other.tau2, rel=1e-7, abs=1e-9)
        assert fits.Q[i] == pytest.approx(other.Q, rel=1e-9)
    assert fits.to_frame().columns[1:3] == [f"beta {name}" for name in fits.names]
    assert len(fits.by_study()) == 6
    assert "57 subsets" in fits.summary()


def test_random_subsets_are_many_fair_and_repeatable():
    rng = np.random.default_rng(3)
    fit = meta_analysis(effect=rng.normal(size=25), variance=rng.uniform(0.1, 1, 25), method="DL")
    fits = gosh(fit, subsets=20_000, seed=1)
    assert not fits.exact
    assert len(fits.k) == 20_000
    np.testing.assert_allclose(fits.used.mean(axis=0), 0.5, atol=0.02)
    assert fits.k.std() == pytest.approx(2.5, abs=0.1)
    np.testing.assert_array_equal(fits.used, gosh(fit, subsets=20_000, seed=1).used)
    i = 19_999
    expected = fit_batch(fit.y, fit.v, method="DL", used=fits.used[i : i + 1]).beta[0, 0]
    assert fits.estimate[i] == pytest.approx(expected)


def test_gosh_summary_shows_what_a_study_does():
    fit = meta_analysis(
        effect=[0.1, 0.2, 0.15, 2.0], variance=[0.01] * 4, study=["A", "B", "C", "D"]
    )
    fits = gosh(fit, subsets="all")
    table = fits.by_study()
    gap = (table["estimate with"] - table["estimate without"]).abs().to_list()
    assert max(range(4), key=gap.__getitem__) == 3
    assert "15 subsets of 4 studies" in fits.summary()
    json.dumps(fits.to_dict(), allow_nan=False)
    assert fits.to_frame().columns == ["k", "estimate", "tau2", "I2", "H2", "Q"]


def test_gosh_refuses_what_it_can_not_do():
    many = meta_analysis(effect=list(range(30)), variance=[1.0] * 30)
    with pytest.raises(SynthesisError, match="at random"):
        gosh(many, "all")
    for wrong in (0, "some", 1.5, True):
        with pytest.raises(InputError, match="subsets"):
            gosh(many, wrong)
    with pytest.raises(SynthesisError, match="two studies"):
        gosh(meta_analysis(effect=[1.0], variance=[1.0]))


def test_profile_equals_metafor_at_fixed_tau2(reference):
    for name, data in reference("metafor/pairwise").items():
        expected = data["fixed_tau2_loglik"]
        for method in ("REML", "ML"):
            fit = meta_analysis(effect=data["yi"], variance=data["vi"], method=method)
            profile = profile_tau2(fit, expected["tau2"])
            np.testing.assert_allclose(
                profile.loglik, expected[method], rtol=1e-10, err_msg=f"{name} {method}"
            )
            assert profile.maximum == pytest.approx(fit.tau2, rel=1e-8, abs=1e-10)
            assert profile.max_loglik == pytest.approx(fit.loglik)


@pytest.mark.parametrize("method", ["REML", "ML", "DL"])
def test_profile_falls_by_half_a_quantile_at_the_ends_of_its_interval(method):
    for fit in (
        meta_analysis(DATA, effect="y", variance="v", method=method),
        meta_regression("~ x", DATA, effect="y", variance="v", method=method),
    ):
        profile = profile_tau2(fit)
        assert len(profile.tau2) == 41
        assert profile.likelihood == ("REML" if method == "REML" else "ML")
        assert profile.max_loglik >= profile.loglik.max() - 1e-9
        low, high = profile.interval
        fall = profile.max_loglik - profile_tau2(fit, [high]).loglik[0]
        assert fall == pytest.approx(3.841458820694124 / 2, rel=1e-6)
        assert low <= profile.maximum <= high <= profile.tau2[-1]
        assert profile.estimate == fit.tau2


def test_profile_gives_the_fit_at_its_estimate():
    fit = meta_regression("~ x", DATA, effect="y", variance="v")
    profile = profile_tau2(fit, [0.0, fit.tau2])
    np.testing.assert_allclose(profile.beta[1], fit.beta)
    np.testing.assert_allclose(profile.se[1], np.sqrt(np.diag(fit.cov)))
    assert profile.to_frame().columns[:2] == ["tau2", "loglik"]
    assert "95 % CI" in profile.summary()
    json.dumps(profile.to_dict(), allow_nan=False)


@pytest.mark.parametrize("method", ["REML", "ML", "HE"])
def test_profile_of_a_fit_with_own_weights(method):
    for fit in (
        meta_analysis(DATA, effect="y", variance="v", weights="w", method=method),
        meta_regression("~ x", DATA, effect="y", variance="v", weights="w", method=method),
    ):
        profile = profile_tau2(fit, np.linspace(0, 2, 2001))
        at_fit = profile_tau2(fit, [fit.tau2])
        assert at_fit.loglik[0] == pytest.approx(fit.loglik)
        np.testing.assert_allclose(at_fit.beta[0], fit.beta)
        np.testing.assert_allclose(at_fit.se[0], np.sqrt(np.diag(fit.cov)))
        assert profile.maximum == pytest.approx(profile.tau2[profile.loglik.argmax()], abs=1e-3)
        assert profile.max_loglik >= profile.loglik.max() - 1e-9
        inside = profile.max_loglik - profile.loglik < 3.841458820694124 / 2
        low, high = profile.interval
        assert profile.tau2[inside].min() == pytest.approx(low, abs=1e-3)
        assert profile.tau2[inside].max() == pytest.approx(min(high, 2.0), abs=1e-3)


def test_profile_refuses_what_has_none():
    with pytest.raises(SynthesisError, match="estimates τ²"):
        profile_tau2(meta_analysis(effect=Y, variance=V, method="EE"))
    fit = meta_analysis(effect=Y, variance=V)
    for points in (1, [-0.1], [math.nan], []):
        with pytest.raises(InputError, match="points"):
            profile_tau2(fit, points)


@pytest.mark.parametrize("method", ["REML", "ML", "PM", "DL", "HE", "SJ", "EE"])
def test_a_mask_equals_smaller_data_on_any_design(method):
    rng = np.random.default_rng(11)
    y, v = rng.normal(size=9), rng.uniform(0.02, 0.5, 9)
    X = np.column_stack([np.ones(9), np.arange(9) > 5, rng.integers(1990, 2010, 9)])
    used = rng.integers(0, 2, (80, 9), dtype=bool)
    # what is not used may be anything
    holes_y = np.where(used, y, np.nan)
    holes_v = np.where(used, v, rng.choice([np.nan, 0.0, -1.0, np.inf], used.shape))
    found = fit_batch(holes_y, holes_v, X, method=method, used=used)
    for i, row in enumerate(used):
        full_rank = np.linalg.matrix_rank(X[row]) == 3
        alone = fit_batch(y[row], v[row], X[row], method=method)
        needed = 3 if method == "EE" else 4
        if not full_rank or row.sum() < needed:
            assert np.isnan(found.tau2[i]) or method == "EE"
            assert not full_rank or method == "EE" or np.isnan(found.beta[i]).all()
            continue
        np.testing.assert_allclose(found.beta[i], alone.beta, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(found.cov[i], alone.cov, rtol=1e-6, atol=1e-9)
        assert found.tau2[i] == pytest.approx(float(alone.tau2), rel=1e-8, abs=1e-10)


def test_large_batches_are_worked_off_in_pieces():
    rng = np.random.default_rng(2)
    v = rng.uniform(0.05, 0.5, (30_000, 6))
    y = rng.normal(scale=np.sqrt(v + 0.1))
    together = estimate_tau2(y, v)
    some = [0, 1, 21_844, 21_845, 21_846, 29_999]
    for i in some:
        assert together[i] == pytest.approx(float(estimate_tau2(y[i], v[i])), rel=1e-9, abs=1e-12)
