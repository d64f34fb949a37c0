"""Limit meta-analysis, PET-PEESE, and the interval of Henmi and Copas."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.effects.binary import odds_ratio, risk_ratio
from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis import meta_analysis
from reprieve.synthesis.missing_evidence.henmi_copas import henmi_copas
from reprieve.synthesis.missing_evidence.limit import limit_meta_analysis
from reprieve.synthesis.missing_evidence.precision_effect import pet_peese

Y = np.array([-1.2, -0.9, -0.8, -0.4, -0.5, -0.3])
V = np.array([0.5, 0.4, 0.3, 0.2, 0.15, 0.1]) ** 2
LIMIT = {
    "estimate": "TE_adjust",
    "se": "seTE_adjust",
    "Q_small": "Q_small",
    "Q_residual": "Q_resid",
    "G2": "G2",
    "alpha": "alpha_r",
    "beta": "beta_r",
}


@pytest.mark.parametrize("method", ["beta0", "betalim", "mulim"])
def test_limit_equals_metasens(reference, method):
    compared = 0
    for name, data in reference("meta/small_study").items():
        # meta adds 0.5, not 1, to the group sizes of risk ratios with a zero cell
        if "limit" not in data or name == "Olkin1995_RR":
            continue
        counts = [np.array(data[key], dtype=float) for key in ("e1", "n1", "e2", "n2")]
        telling = counts[0] + counts[2] > 0
        effect = (odds_ratio if data["sm"] == "OR" else risk_ratio)(*(c[telling] for c in counts))
        fit = meta_analysis(effect=effect.estimate, variance=effect.variance, method="DL", test="z")
        found = limit_meta_analysis(fit, method=method)
        for ours, theirs in LIMIT.items():
            # metasens counts trials without events in the spread of the weights
            if ours == "se" and not telling.all():
                continue
            expected = data["limit"][method][theirs]
            assert getattr(found, ours) == pytest.approx(expected, rel=1e-9), (name, ours)
        compared += 1
    assert compared == 7


def test_regressions_equal_lm(reference):
    for name, data in reference("metafor/small_study").items():
        found = pet_peese(effect=data["yi"], variance=data["vi"])
        for part, key in ((found.pet, "PET_wls"), (found.peese, "PEESE_wls"), (found.uwls, "UWLS")):
            for what, value in (("b", part.estimate), ("se", part.se), ("p", part.p)):
                expected = data[key][what]
                if isinstance(expected, dict):
                    expected = expected["(Intercept)"]
                expected = expected[0] if isinstance(expected, list) else expected
                assert value == pytest.approx(expected, rel=1e-10), (name, key, what)
        best = found.peese if found.pet.p < 0.10 else found.pet
        assert (found.estimate, found.se) == (best.estimate, best.se)


def test_uwls_is_the_scaled_common_effect():
    fit = meta_analysis(effect=Y, variance=V, method="EE", test="knha")
    found = pet_peese(effect=Y, variance=V)
    assert found.uwls.se == pytest.approx(fit.se)
    assert found.uwls.ci == pytest.approx(fit.ci)


def test_henmi_copas_equals_metafor(reference):
    for name, data in reference("metafor/small_study").items():
        found = henmi_copas(effect=data["yi"], variance=data["vi"])
        expected = data["hc_henmi_copas"]
        assert found.estimate == pytest.approx(_number(expected["beta"]), rel=1e-10), name
        assert found.se == pytest.approx(_number(expected["se"]), rel=1e-10), name
        # with control=list(tol=1e-13); its quadrature is good to 1e-5
        low, high = _number(data["hc_exact"]["ci_lb"]), _number(data["hc_exact"]["ci_ub"])
        assert found.ci[1] - found.ci[0] == pytest.approx(high - low, rel=1e-5), name


def _number(value):
    return value[0] if isinstance(value, list) else value


def test_henmi_copas_without_heterogeneity_is_nearly_the_common_effect():
    y = np.linspace(-0.01, 0.01, 40)
    found = henmi_copas(effect=y, variance=np.full(40, 0.1))
    assert found.tau2 == 0
    plain = meta_analysis(effect=y, variance=np.full(40, 0.1), method="EE", test="z")
    assert found.ci == pytest.approx(plain.ci, rel=0.05)


@given(st.floats(-5, 5), st.floats(0.1, 10), st.sampled_from([pet_peese, henmi_copas]))
@settings(max_examples=30)
def test_shift_and_scale(shift, scale, function):
    plain = function(effect=Y, variance=V)
    part = plain.pet if function is pet_peese else plain
    moved = function(effect=shift - scale * Y, variance=scale**2 * V)
    other = moved.pet if function is pet_peese else moved
    assert other.estimate == pytest.approx(shift - scale * part.estimate, rel=1e-6, abs=1e-8)
    assert other.se == pytest.approx(scale * part.se, rel=1e-6)
    assert other.ci[0] == pytest.approx(shift - scale * part.ci[1], rel=1e-6, abs=1e-7)


@given(st.floats(0.1, 10))
@settings(max_examples=20)
def test_limit_scales(scale):
    plain = limit_meta_analysis(effect=Y, variance=V, method="mulim")
    scaled = limit_meta_analysis(effect=-scale * Y, variance=scale**2 * V)
    assert pytest.approx(plain.G2, rel=1e-5) == scaled.G2
    assert scaled.beta == pytest.approx(-scale * plain.beta, rel=1e-5)


def test_intervals_and_draws_belong_together():
    for found in (pet_peese(effect=Y, variance=V), limit_meta_analysis(effect=Y, variance=V)):
        low, high = np.quantile(found.draws(200_000, seed=4), [0.025, 0.975])
        assert (low, high) == pytest.approx(found.ci, abs=0.02 * found.se * 3)


def test_what_can_not_be():
    with pytest.raises(SynthesisError, match="same standard error"):
        limit_meta_analysis(effect=Y, variance=np.full(6, 0.1))
    with pytest.raises(SynthesisError, match="at least 3"):
        limit_meta_analysis(effect=Y[:2], variance=V[:2])
    with pytest.raises(InputError, match="alpha must lie"):
        pet_peese(effect=Y, variance=V, alpha=5)
    with pytest.raises(SynthesisError, match="at least 2"):
        henmi_copas(effect=Y[:1], variance=V[:1])


def test_shown():
    found = pet_peese(effect=Y, variance=V)
    assert found.to_frame()["name"].to_list() == ["UWLS", "PET", "PEESE"]
    assert found.chosen in found.summary()
    assert found.to_dict()["pet"]["df"] == 4
    limit = limit_meta_analysis(effect=Y, variance=V)
    assert "G²" in limit.summary()
    assert limit.to_dict()["df"] is None
    assert math.isinf(limit.df)
    assert "Henmi–Copas" in henmi_copas(effect=Y, variance=V).summary()
