"""Uncorrelated contrasts hold what the network holds: estimates, their covariance, and τ²."""

import numpy as np
import pytest

from reprieve.synthesis import estimate_tau2
from reprieve.synthesis.networks.independent import independent


@pytest.mark.parametrize("method", ["DL", "REML", "ML"])
def test_least_squares_on_them_is_the_network(net, method, fit_contrasts):
    fit = fit_contrasts(net["data"], method=method)
    found = independent(fit.trials)
    X = found.X[:, 1:]
    tau2 = estimate_tau2(found.y, found.v, X, method=method)
    assert tau2 == pytest.approx(fit.tau2, rel=1e-8, abs=1e-10)
    w = 1 / (found.v + fit.tau2)
    cov = np.linalg.inv(X.T @ (w[:, None] * X))
    assert cov @ (X.T @ (w * found.y)) == pytest.approx(fit.fit.theta[1:], rel=1e-8, abs=1e-10)
    assert cov == pytest.approx(fit.fit.cov[1:, 1:], rel=1e-8)
    assert len(found.y) == fit.trials.degrees
    rows = fit.trials.rows
    arms = [len({*rows.a[rows.study == s], *rows.b[rows.study == s]}) for s in range(fit.k)]
    assert np.bincount(found.study).tolist() == [number - 1 for number in arms]
