import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from reprieve.effects.binary import odds_ratio, risk_ratio
from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis import meta_analysis
from reprieve.synthesis.missing_evidence.copas import copas_model
from reprieve.synthesis.missing_evidence.copas_likelihood import CopasLikelihood
from reprieve.synthesis.missing_evidence.selection import selection_model

Y = np.array([-1.2, -0.9, -0.8, -0.4, -0.5, -0.3, -0.1])
SE = np.array([0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.12])


def points(data):
    """γ₀ and γ₁ of metasens' path, which it keeps on a scale from 0 to 1, and its results."""
    result = data["copas"]
    lines = (
        low + np.atleast_1d(part) * (high - low)
        for part, (low, high) in (
            (result["gamma0"], result["gamma0_range"]),
            (result["gamma1"], result["gamma1_range"]),
        )
    )
    return zip(*lines, strict=True), result


def test_maxima_equal_metasens(reference):
    compared = higher = 0
    for name, data in reference("meta/small_study").items():
        if "copas" not in data or "error" in data["copas"] or name == "Olkin1995_RR":
            continue
        counts = [np.array(data[key], dtype=float) for key in ("e1", "n1", "e2", "n2")]
        telling = counts[0] + counts[2] > 0
        effect = (odds_ratio if data["sm"] == "OR" else risk_ratio)(*(c[telling] for c in counts))
        y, v = np.array(effect.estimate), np.array(effect.variance)
        path, result = points(data)
        for gamma0, gamma1 in path:
            u = gamma0 + gamma1 / np.sqrt(v)
            j = int(np.argmin(np.abs(np.array(result["publprob"]) - norm.cdf(u.min()))))
            likelihood = CopasLikelihood(y, v, np.ones((len(y), 1)), u)
            rho, tau = result["rho"][j], result["tau"][j]
            height, beta = likelihood.profile(np.array([rho]), np.array([tau]))
            assert beta[0, 0] == pytest.approx(result["TE_slope"][j], abs=2e-4), name
            found = likelihood.maximum(np.sign(rho))
            assert found.loglik > height[0] - 1e-6, name
            if found.loglik > height[0] + 1e-3:
                higher += 1
                continue
            assert found.beta[0] == pytest.approx(result["TE_slope"][j], abs=2e-4), name
            if abs(rho) < 0.99:
                se = likelihood.standard_error(found)
                assert se == pytest.approx(result["seTE_slope"][j], rel=2e-3), name
            compared += 1
    assert compared > 40
    assert higher < compared / 4


def test_likelihood_is_that_of_publication():
    """log P(y | published) = log φ(y) + log P(published | y) − log P(published)."""
    y, v, gamma = np.array([0.3, -0.2]), np.array([0.09, 0.04]), np.array([-0.5, 0.2])
    mean, rho, tau = 0.1, 0.6, 0.15
    u = gamma[0] + gamma[1] / np.sqrt(v)
    likelihood = CopasLikelihood(y, v, np.ones((2, 1)), u)
    ratio = norm.pdf(u) / norm.cdf(u)
    sigma = np.sqrt(v / (1 - rho**2 * ratio * (u + ratio)))
    total = 0.0
    for i in range(2):
        total_variance = sigma[i] ** 2 + tau**2
        shared = rho * sigma[i]
        joint = multivariate_normal([mean, u[i]], [[total_variance, shared], [shared, 1.0]])
        h = 1e-3
        upper = joint.cdf(np.array([y[i] + h, 40.0])) - joint.cdf(np.array([y[i] + h, 0.0]))
        lower = joint.cdf(np.array([y[i] - h, 40.0])) - joint.cdf(np.array([y[i] - h, 0.0]))
        total += math.log((upper - lower) / (2 * h) / norm.cdf(u[i]))
    scales = likelihood._scales(np.array([rho]), np.array([tau]))
    found = likelihood._height(np.array([[mean]]), *scales)[0] - math.log(2 * math.pi)
    assert found == pytest.approx(total, abs=1e-4)


def test_without_selection_it_is_maximum_likelihood():
    fit = meta_analysis(effect=Y, se=SE, method="ML", test="z")
    found = copas_model(fit, published=[1.0])
    assert found.estimates[0] == pytest.approx(fit.estimate, rel=1e-5)
    assert found.tau[0] ** 2 == pytest.approx(fit.tau2, rel=1e-4)
    # by the same observed information
    assert found.ses[0] == pytest.approx(selection_model(fit, delta=[1, 1]).se, rel=1e-4)
    assert found.unpublished[0] == 0
    assert math.isnan(found.rho[0])


def test_selection_brings_the_effect_back():
    found = copas_model(effect=Y, se=SE, published=[1.0, 0.8, 0.4])
    assert found.direction == "less"
    assert (np.diff(found.estimates) > 0).all()
    assert (np.diff(found.unpublished) > 0).all()
    assert (np.diff(found.residual_p) > 0).all()
    chosen = np.flatnonzero(found.residual_p > 0.10)
    expected = found.estimates[chosen[0]] if len(chosen) else math.nan
    assert found.estimate == pytest.approx(expected, nan_ok=True)


def test_mirrored_effects():
    one = copas_model(effect=Y, se=SE, published=[0.9, 0.5])
    other = copas_model(effect=-2 * Y, se=2 * SE, published=[0.9, 0.5])
    np.testing.assert_allclose(other.estimates, -2 * one.estimates, rtol=1e-4)
    np.testing.assert_allclose(other.rho, -one.rho, rtol=1e-3)
    assert other.direction == "greater"


def test_what_can_not_be():
    with pytest.raises(InputError, match="chances above 0"):
        copas_model(effect=Y, se=SE, published=[0.995])
    with pytest.raises(InputError, match="direction must be one of"):
        copas_model(effect=Y, se=SE, direction="up")
    with pytest.raises(SynthesisError, match="same standard error"):
        copas_model(effect=Y, se=np.full(7, 0.1))


def test_shown():
    found = copas_model(effect=Y, se=SE, published=[1.0, 0.6])
    assert "smallest published" in found.summary()
    assert found.to_frame().height == 2
    assert found.to_dict()["gamma0"][0] is None
