"""The random-effects model given τ, with effects and coefficients integrated out exactly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from reprieve.synthesis.bayes.priors import Prior
from reprieve.synthesis.least_squares import Array

_LOG_2PI = math.log(2 * math.pi)
_NARROW = 12  # columns of a design up to which sparse arrays cost more than they spare


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
        self._constant += (len(y) - int(self.flat.sum())) * _LOG_2PI
        self._products = products(np.hstack([X, rest[:, None]]))

    def given(self, tau: Array) -> Conditional:
        """The model at values of τ, shape (n,)."""
        information, score, rest, logs = self._sums(tau)
        if information.shape[1] == 1:
            cov, logdet = 1 / information, np.log(information[:, 0, 0])
        else:
            cov = np.asarray(np.linalg.inv(information), dtype=float)
            logdet = np.asarray(np.linalg.slogdet(information)[1], dtype=float)
        move = (cov @ score[..., None])[..., 0]
        misfit = rest - (move * score).sum(axis=1)
        return Conditional(-0.5 * (logs + logdet + misfit), self._start + move, cov)

    def log_marginal(self, tau: Array) -> Array:
        """Log-density of the data given τ of any shape."""
        flat = np.asarray(tau, dtype=float).reshape(-1)
        if self.X.shape[1] == 1:
            return self.given(flat).log_marginal.reshape(np.shape(tau))
        information, score, rest, logs = self._sums(flat)
        n, p = score.shape
        # bordered by the score, the last pivot of a Cholesky decomposition is what coefficients
        # leave of the misfit; more is put there than is needed, so that it can't vanish
        spare = rest + 1
        bordered = np.empty((n, p + 1, p + 1))
        bordered[:, :p, :p], bordered[:, p, :p] = information, score
        bordered[:, p, p] = rest + spare
        try:
            pivots = np.diagonal(np.linalg.cholesky(bordered), axis1=1, axis2=2)
        except np.linalg.LinAlgError:  # variances so different that rounding ruins a pivot
            return self.given(flat).log_marginal.reshape(np.shape(tau))
        logdet, misfit = 2 * np.log(pivots[:, :p]).sum(axis=1), pivots[:, p] ** 2 - spare
        return np.asarray(-0.5 * (logs + logdet + misfit)).reshape(np.shape(tau))

    def _sums(self, tau: Array) -> tuple[Array, Array, Array, Array]:
        """Information and score of the coefficients, residual sum of squares, and constants."""
        n, p = len(tau), self.X.shape[1]
        total = self.v + (tau * tau)[:, None]
        sums = ((1 / total) @ self._products).reshape(n, p + 1, p + 1)
        information = sums[:, :p, :p] + self._precision
        score = sums[:, p, :p] + self._pull
        return information, score, sums[:, p, p], np.log(total).sum(axis=1) + self._constant

    def shrinkage(self, tau: Array) -> tuple[Array, Array]:
        """Weight of the mean in the effect of each study, and variance given the mean, (k, n)."""
        square = tau * tau
        weight = self.v[:, None] / (self.v[:, None] + square)
        return weight, weight * square


def products(X: Array) -> Any:
    """Products of each row with itself, shape (k, p²), as a sparse array where most are zero.

    Weights times these are XᵀWX. Contrasts of a large network touch few of its treatments.

    Examples
    --------
    >>> products(np.array([[1.0, 2.0], [0.0, 3.0]]))
    array([[1., 2., 2., 4.],
           [0., 0., 0., 9.]])
    """
    k, p = X.shape
    used = X != 0
    if p <= _NARROW or 2 * used.sum() > used.size:
        return (X[:, :, None] * X[:, None, :]).reshape(k, p * p)
    from scipy.sparse import csr_array

    row, column = np.nonzero(used)
    width = used.sum(axis=1)
    first = np.repeat(np.arange(len(row)), width[row])
    start = np.concatenate([[0], width.cumsum()])
    ends = np.concatenate([[0], (width**2).cumsum()])
    within = np.arange(len(first)) - ends[row[first]]
    second = start[row[first]] + within % width[row[first]]
    values = X[row[first], column[first]] * X[row[first], column[second]]
    return csr_array((values, (row[first], column[first] * p + column[second])), shape=(k, p * p))
