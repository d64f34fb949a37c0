"""The random-effects model given τ, with effects and coefficients integrated out exactly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from reprieve.synthesis.bayes.priors import Prior
from reprieve.synthesis.least_squares import Array

_LOG_2PI = math.log(2 * math.pi)


class Conditional(NamedTuple):
    """Given each of n values of τ.

    Attributes
    ----------
    log_marginal : ndarray, shape (n,)
        Log-density of the data, coefficients integrated out over their priors (flat: over 1).
    mean : ndarray, shape (n, p)
        Posterior mean of the coefficients.
    cov : ndarray, shape (n, p, p)
        Their posterior covariance.
    """

    log_marginal: Array
    mean: Array
    cov: Array


class RandomEffects:
    """y ~ N(Xβ, v + τ²) with flat or normal priors for β.

    Parameters
    ----------
    y, v : ndarray, shape (k,)
        Estimates and sampling variances.
    X : ndarray, shape (k, p)
        Design.
    priors : sequence of Prior, length p
        ``flat`` or ``normal(mean, sd)``.

    Examples
    --------
    >>> model = RandomEffects(
    ...     np.array([0.1, 0.5]), np.array([1.0, 1.0]), np.ones((2, 1)), [Prior("flat")]
    ... )
    >>> model.given(np.array([0.0, 1.0])).cov[:, 0, 0]
    array([0.5, 1. ])
    """

    def __init__(self, y: Array, v: Array, X: Array, priors: Sequence[Prior]) -> None:
        self.y, self.v, self.X = y, v, X
        k, p = X.shape
        self.flat = np.array([prior.word == "flat" for prior in priors])
        mean, sd = np.array(
            [(0.0, 1.0) if prior.word == "flat" else prior.parameters for prior in priors]
        ).T
        precision = np.where(self.flat, 0.0, sd**-2.0)
        # deviations from a first fit keep the digits that large effects would cost
        a = 1 / v
        self._start = np.linalg.solve(
            X.T @ (a[:, None] * X) + np.diag(precision), X.T @ (a * y) + precision * mean
        )
        rest, shift = y - X @ self._start, mean - self._start
        self._precision = np.diag(precision)
        self._pull = precision * shift
        self._constant = float(shift @ self._pull) - float(np.log(precision[~self.flat]).sum())
        self._constant += (k - int(self.flat.sum())) * _LOG_2PI
        squares = (X[:, :, None] * X[:, None, :]).reshape(k, p * p)
        self._products = np.hstack([squares, X * rest[:, None], (rest * rest)[:, None]])

    def given(self, tau: Array) -> Conditional:
        """The model at values of τ, shape (n,)."""
        n, p = len(tau), self.X.shape[1]
        total = self.v + (tau * tau)[:, None]
        sums = (1 / total) @ self._products
        information = sums[:, : p * p].reshape(n, p, p) + self._precision
        score = sums[:, p * p : -1] + self._pull
        if p == 1:
            cov, logdet = 1 / information, np.log(information[:, 0, 0])
        else:
            cov, logdet = np.linalg.inv(information), np.linalg.slogdet(information)[1]
        move = (cov @ score[..., None])[..., 0]
        misfit = sums[:, -1] - (move * score).sum(axis=1)
        logs = np.log(total).sum(axis=1) + logdet + misfit + self._constant
        return Conditional(-0.5 * logs, self._start + move, cov)

    def log_marginal(self, tau: Array) -> Array:
        """Log-density of the data given τ of any shape."""
        flat = np.asarray(tau, dtype=float).reshape(-1)
        return self.given(flat).log_marginal.reshape(np.shape(tau))

    def shrinkage(self, tau: Array) -> tuple[Array, Array]:
        """Weight of the mean in the effect of each study, and variance given the mean, (k, n)."""
        square = tau * tau
        weight = self.v[:, None] / (self.v[:, None] + square)
        return weight, weight * square
