import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm

from reprieve.errors import InputError
from reprieve.synthesis.bayes.mixtures import NormalMixture
from reprieve.synthesis.bayes.quadrature import Axis, Posterior, place

components = st.lists(
    st.tuples(st.floats(0.05, 1), st.floats(-3, 3), st.floats(0.05, 5)), min_size=1, max_size=6
)


def mixture_of(parts):
    w, m, s = np.array(parts).T
    return NormalMixture(w / w.sum(), m, s)


@given(components, st.floats(1e-6, 1 - 1e-6))
def test_the_quantile_inverts_the_cdf(parts, p):
    mixture = mixture_of(parts)
    assert mixture.cdf(mixture.quantile(p)) == pytest.approx(p, abs=1e-11)


@given(components)
def test_moments_and_density_are_those_of_the_components(parts):
    w, m, s = np.array(parts).T
    w = w / w.sum()
    mixture = mixture_of(parts)
    assert mixture.mean == pytest.approx(w @ m, abs=1e-12)
    assert mixture.sd == pytest.approx(math.sqrt(w @ (s**2 + m**2) - (w @ m) ** 2), rel=1e-6)
    assert mixture.density(0.3) == pytest.approx(w @ norm.pdf(0.3, m, s), rel=1e-12)
    assert mixture.cdf(0.3) == pytest.approx(w @ norm.cdf(0.3, m, s), rel=1e-12)


@settings(max_examples=40)
@given(components)
def test_no_interval_of_equal_content_is_shorter(parts):
    mixture = mixture_of(parts)
    low, high = mixture.shortest(0.9)
    assert mixture.cdf(high) - mixture.cdf(low) == pytest.approx(0.9, abs=1e-9)
    left = np.linspace(1e-6, 0.1 - 1e-6, 401)
    widths = mixture.quantile(left + 0.9) - mixture.quantile(left)
    assert high - low <= widths.min() + 1e-6 * mixture.sd


@settings(max_examples=40)
@given(components)
def test_no_point_is_denser_than_the_mode(parts):
    mixture = mixture_of(parts)
    grid = np.linspace(-4, 4, 2001)
    assert mixture.density(mixture.mode) >= mixture.density(grid).max() * (1 - 1e-6)


def test_the_shortest_interval_of_two_peaks_holds_the_taller_one():
    mixture = NormalMixture([0.6, 0.4], [0.0, 10.0], [1.0, 1.0])
    low, high = mixture.shortest(0.5)
    assert -3 < low < high < 3
    assert mixture.cdf(high) - mixture.cdf(low) == pytest.approx(0.5, abs=1e-9)


def test_many_mixtures_at_once_are_each_alone():
    rng = np.random.default_rng(1)
    w = rng.dirichlet(np.ones(20))
    many = NormalMixture(w, rng.normal(size=(5, 20)), rng.uniform(0.5, 2, (5, 20)))
    low, high = many.shortest(0.8)
    for i in range(5):
        one = many[i]
        np.testing.assert_allclose(many.quantile([0.1, 0.5])[:, i], one.quantile([0.1, 0.5]))
        np.testing.assert_allclose([low[i], high[i]], one.shortest(0.8), rtol=1e-7)
        np.testing.assert_allclose(many.mode[i], one.mode, rtol=1e-7)
        np.testing.assert_allclose(many.mean[i], one.mean)
        np.testing.assert_allclose(many.sd[i], one.sd)
    assert many.cdf(np.zeros(5)).shape == (5,)
    assert many.draws(7, seed=1).shape == (7, 5)


def test_ends_of_the_scale():
    mixture = NormalMixture([0.5, 0.5], [0.0, 1.0], [1.0, 2.0])
    assert mixture.quantile(0) == -math.inf
    assert mixture.quantile(1) == math.inf
    assert mixture.quantile(1e-200) < -20
    with pytest.raises(InputError, match="between 0 and 1"):
        mixture.quantile(1.1)
    with pytest.raises(InputError, match="level"):
        mixture.shortest(95)


def test_heavy_tails_have_no_moments():
    def with_tail(power):
        return NormalMixture([1.0], [0.0], [1.0], tail=power)

    assert math.isnan(with_tail(2).mean)
    assert with_tail(3).mean == 0
    assert with_tail(3).sd == math.inf
    assert with_tail(3.5).sd == 1


def test_draws_follow_the_mixture():
    mixture = NormalMixture([0.3, 0.7], [-1.0, 2.0], [0.5, 1.0])
    drawn = mixture.draws(40_000, seed=3)
    assert drawn.mean() == pytest.approx(mixture.mean, abs=0.03)
    assert (drawn < mixture.quantile(0.1)).mean() == pytest.approx(0.1, abs=0.01)


# -- one parameter on an interval


def posterior(law, axis, exact=None):
    axis, s, logs = place(law, axis, "x")
    return Posterior(axis, s, np.exp(logs) / np.exp(logs).sum(), exact)


@pytest.mark.parametrize("scale", [1e-6, 1e-2, 1.0, 1e5])
@pytest.mark.parametrize("exact", [True, False])
def test_a_gamma_density_of_any_scale(scale, exact):
    from scipy.stats import gamma

    law = gamma(3, scale=scale)
    found = posterior(law.logpdf, Axis(0, math.inf, 1.0), law.logpdf if exact else None)
    assert found.mean == pytest.approx(3 * scale, rel=1e-12)
    assert found.sd == pytest.approx(math.sqrt(3) * scale, rel=1e-12)
    assert found.mode == pytest.approx(2 * scale, rel=1e-6)
    p = np.array([0.001, 0.025, 0.5, 0.9, 0.999])
    np.testing.assert_allclose(found.quantile(p), law.ppf(p), rtol=1e-7)
    np.testing.assert_allclose(found.cdf(law.ppf(p)), p, atol=1e-9)
    np.testing.assert_allclose(found.density(law.ppf(p)), law.pdf(law.ppf(p)), rtol=1e-6)
    left = brentq(lambda q: law.pdf(law.ppf(q)) - law.pdf(law.ppf(q + 0.9)), 1e-9, 0.1 - 1e-9)
    np.testing.assert_allclose(found.shortest(0.9), law.ppf([left, left + 0.9]), rtol=1e-5)


def test_a_density_on_a_bounded_interval():
    from scipy.stats import beta

    law = beta(2, 5, loc=-1, scale=2)
    found = posterior(law.logpdf, Axis(-1.0, 1.0, 0.0))
    p = np.array([0.01, 0.5, 0.99])
    np.testing.assert_allclose(found.quantile(p), law.ppf(p), atol=1e-8)
    assert found.mode == pytest.approx(-0.6, abs=1e-5)
    assert found.cdf(-1) == 0
    assert found.cdf(1) == 1
    assert found.density(1.5) == 0


def test_intervals_at_the_ends_of_the_range():
    falling = posterior(lambda t: -t, Axis(0.0, math.inf, 1.0), exact=lambda t: -t)
    assert falling.mode == 0
    assert falling.shortest(0.95) == (0.0, pytest.approx(-math.log(0.05), rel=1e-8))
    rising = posterior(
        lambda t: np.where(t <= 1, 3 * t, -np.inf),
        Axis(0.0, 1.0, 0.5),
        exact=lambda t: 3 * t - math.log((math.exp(3) - 1) / 3),
    )
    assert rising.mode == 1
    assert rising.shortest(0.5)[1] == 1
    assert rising.quantile([0, 1]).tolist() == [0, 1]
