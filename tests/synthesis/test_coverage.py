"""Intervals hold the truth as often as they say: by simulation, many data sets as one batch."""

import numpy as np
import pytest
from scipy.stats import norm, t

from reprieve.synthesis import fit_batch, meta_analysis

pytestmark = pytest.mark.slow

MU, N = 0.3, 20_000


def simulated(k, tau, seed):
    rng = np.random.default_rng(seed)
    v = 4 / rng.uniform(20, 200, (N, k))
    theta = rng.normal(MU, tau, (N, k))
    return rng.normal(theta, np.sqrt(v)), v


def coverage(k, tau, method, test):
    y, v = simulated(k, tau, seed=k)
    fit = fit_batch(y, v, method=method, test=test)
    half = norm.ppf(0.975) if test == "z" else t.ppf(0.975, k - 1)
    return np.mean(np.abs(fit.beta[:, 0] - MU) <= half * fit.se[:, 0])


@pytest.mark.parametrize("k", [5, 10, 30])
@pytest.mark.parametrize("method", ["REML", "DL", "PM"])
def test_knapp_hartung_covers_95_percent(k, method):
    # Four standard errors of a simulated share, and what heterogeneity of sizes costs at k = 5
    assert coverage(k, 0.3, method, "knha") == pytest.approx(0.95, abs=0.006 + 0.05 / k)


def test_normal_intervals_of_few_trials_cover_less_and_adhoc_never_less():
    assert coverage(5, 0.3, "REML", "z") < 0.93
    assert coverage(5, 0.0, "REML", "adhoc") >= coverage(5, 0.0, "REML", "knha")
    assert coverage(5, 0.0, "EE", "z") == pytest.approx(0.95, abs=0.006)


def test_intervals_of_tau2_and_of_a_new_study():
    y, v = simulated(12, 0.3, seed=1)
    new = np.random.default_rng(2).normal(MU, 0.3, N)
    held = np.zeros(3)
    n = 1_500
    for i in range(n):
        fit = meta_analysis(effect=y[i], variance=v[i])
        low, high = fit.tau2_interval("QP")
        held[0] += low <= 0.3**2 <= high
        for j, method in enumerate(("HTS", "NNF"), 1):
            low, high = fit.prediction(method=method)
            held[j] += low <= new[i] <= high
    assert held[0] / n == pytest.approx(0.95, abs=0.023)
    assert held[2] / n == pytest.approx(0.95, abs=0.025)
    # Higgins, Thompson and Spiegelhalter's falls short with few studies (Nagashima 2019, figure 1)
    assert 0.88 < held[1] / n < held[2] / n
