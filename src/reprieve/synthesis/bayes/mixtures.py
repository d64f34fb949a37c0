"""Mixtures of normal distributions with common weights: exact posteriors given the nodes of τ."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from reprieve.errors import InputError
from reprieve.synthesis.bayes.shortest import shortest_interval
from reprieve.synthesis.least_squares import Array

_ROOT = math.sqrt(2 * math.pi)
_STEPS = 120
_NEWTON = 12  # steps before halving takes its turns
_CLIMB = 30  # steps of a start towards its peak
_STARTS = 16
# components this light change no result in its first ten digits
_LIGHT = 1e-13


class NormalMixture:
    """One or m mixtures of n normal distributions.

    Parameters
    ----------
    weights : array_like, shape (n,)
        They sum to one.
    means, sds : array_like, shape (n,) or (m, n)
        Of the components.
    tail : float
        The power with which the density of the exact mixture falls, where the components stand
        for a continuum with heavy tails: the mean exists when it exceeds 2, the sd when it
        exceeds 3.

    Examples
    --------
    >>> mixture = NormalMixture([0.7, 0.3], means=[0.0, 1.0], sds=[1.0, 2.0])
    >>> round(mixture.mean, 4), round(mixture.sd, 4), round(mixture.median, 4)
    (0.3, 1.4526, 0.1731)
    >>> round(float(mixture.cdf(mixture.quantile(0.2))), 10)
    0.2
    >>> [round(end, 3) for end in mixture.shortest(0.95)]
    [-2.436, 3.497]
    """

    def __init__(
        self, weights: ArrayLike, means: ArrayLike, sds: ArrayLike, *, tail: float = math.inf
    ) -> None:
        w = np.asarray(weights, dtype=float)
        means, sds = np.asarray(means, dtype=float), np.asarray(sds, dtype=float)
        kept = w > _LIGHT
        self._single = means.ndim == 1
        self.weights = w[kept] / w[kept].sum()
        self.means, self.sds = np.atleast_2d(means)[:, kept], np.atleast_2d(sds)[:, kept]
        self.tail = tail

    def __len__(self) -> int:
        return len(self.means)

    def __getitem__(self, i: int) -> NormalMixture:
        """The i-th mixture alone."""
        return NormalMixture(self.weights, self.means[i], self.sds[i], tail=self.tail)

    def _out(self, values: Array) -> Any:
        """Without the axis of mixtures when there is but one."""
        if not self._single:
            return values
        return float(values[0]) if values.ndim == 1 else values[..., 0]

    # -- moments

    @property
    def mean(self) -> Any:
        """Mean; NaN where the tails are too heavy for one."""
        if self.tail <= 2:
            return self._out(np.full(len(self), math.nan))
        return self._out(self.means @ self.weights)

    @property
    def sd(self) -> Any:
        """Standard deviation; infinite (or NaN without a mean) where the tails are heavy."""
        if self.tail <= 3:
            return self._out(np.full(len(self), math.nan if self.tail <= 2 else math.inf))
        return self._out(np.sqrt(self._variance()))

    def _variance(self) -> Array:
        centre = (self.means @ self.weights)[:, None]
        return np.asarray((self.sds**2 + (self.means - centre) ** 2) @ self.weights)

    # -- densities and probabilities

    def _evaluate(self, x: Array) -> tuple[Array, Array, Array]:
        """Cdf, density and slope of the density at points, shape (..., m)."""
        from scipy.special import ndtr

        z = (x[..., None] - self.means) / self.sds
        phi = np.exp(-0.5 * z * z) / (_ROOT * self.sds)
        slope = -(phi * z / self.sds) @ self.weights
        return ndtr(z) @ self.weights, phi @ self.weights, slope

    def _density(self, x: Array) -> Array:
        z = (x[..., None] - self.means) / self.sds
        return np.asarray((np.exp(-0.5 * z * z) / (_ROOT * self.sds)) @ self.weights)

    def _points(self, x: ArrayLike) -> Array:
        """Points with a last axis of mixtures."""
        points = np.asarray(x, dtype=float)
        return points[..., None] if self._single else points

    def cdf(self, x: ArrayLike) -> Any:
        """Probability at or below `x`; for m mixtures the last axis of `x` runs over them."""
        return self._out(self._evaluate(self._points(x))[0])

    def density(self, x: ArrayLike) -> Any:
        """Density at `x`; for m mixtures the last axis of `x` runs over them."""
        return self._out(self._density(self._points(x)))

    # -- quantiles and intervals

    def quantile(self, p: ArrayLike) -> Any:
        """Points with probability `p` below, shape of `p` and then the mixtures.

        A quantile lies between the smallest and the largest of the components' own. Within that
        bracket Newton's method runs on the scale of normal quantiles, on which a mixture is
        nearly straight.

        Raises
        ------
        InputError
            A probability outside 0 to 1.
        """
        chances = np.asarray(p, dtype=float)
        if not ((chances >= 0) & (chances <= 1)).all():
            raise InputError(f"probabilities must lie between 0 and 1; they were {chances}")
        return self._out(self._quantile(chances[..., None]))

    def _quantile(self, p: Array) -> Array:
        """Quantiles at probabilities of shape (..., 1) or (..., m)."""
        from scipy.special import ndtri

        z = np.broadcast_to(ndtri(p), (*p.shape[:-1], len(self)))
        inner = np.isfinite(z)
        goal = np.where(inner, z, 0.0)
        ends = self.means + goal[..., None] * self.sds
        low, high, x = ends.min(axis=-1), ends.max(axis=-1), ends @ self.weights
        sharpest = self.sds.min(axis=1)
        for turn in range(_STEPS):
            cdf, density, _ = self._evaluate(x)
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                at = ndtri(cdf)
                new = x - (at - goal) * np.exp(-0.5 * at * at) / (_ROOT * density)
            low, high = np.where(at > goal, low, x), np.where(at > goal, x, high)
            # Newton's steps can creep towards a narrow peak; halving the bracket can't
            newton = (new >= low) & (new <= high) & (turn < _NEWTON or turn % 2 == 0)
            new = np.where(newton, new, 0.5 * (low + high))
            step, x = np.abs(new - x), new
            # the error of Newton's method is about the square of its last step
            if (step <= np.where(newton, 1e-7, 1e-13) * sharpest + 1e-15 * np.abs(x)).all():
                break
        return np.where(inner, x, z)

    @property
    def median(self) -> Any:
        """The point with half of the probability below."""
        return self.quantile(0.5)

    def _pulled(self, x: Array) -> Array:
        """Points of shape (m, n) moved to the mean of what pulls there, which never descends."""
        z = (x[..., None] - self.means[:, None, :]) / self.sds[:, None, :]
        pull = self.weights * np.exp(-0.5 * z * z) / self.sds[:, None, :] ** 3
        return np.asarray((pull * self.means[:, None, :]).sum(axis=-1) / pull.sum(axis=-1))

    @property
    def mode(self) -> Any:
        """The point of highest density."""
        starts = self.means[:, :: max(1, self.means.shape[1] // _STARTS)]
        # a step towards what pulls tells which of several peaks is highest; where there seem to be
        # several, all starts climb on
        nearer = self._pulled(starts)
        few = starts.shape[1] == self.means.shape[1]
        if few or _peaks(nearer, self._density(nearer.T).T).max() > 1:
            for _ in range(_CLIMB):
                nearer = self._pulled(nearer)
        x = nearer[np.arange(len(self)), self._density(nearer.T).argmax(axis=0)]
        for _ in range(_STEPS):
            z = (x[:, None] - self.means) / self.sds
            pull = self.weights * np.exp(-0.5 * z * z) / self.sds**3
            slope = -(pull * (x[:, None] - self.means)).sum(axis=1)
            bend = (pull * (z * z - 1)).sum(axis=1)
            # Newton where that climbs; else to the mean of what pulls, which never descends
            with np.errstate(divide="ignore", invalid="ignore"):
                step = np.where(bend < 0, -slope / bend, np.nan)
            climbs = self._density((x + step)[None])[0] >= self._density(x[None])[0]
            step = np.where(climbs, step, slope / pull.sum(axis=1))
            x = x + step
            if (np.abs(step) <= 1e-7 * self.sds.min(axis=1)).all():
                break
        return self._out(x)

    def interval(self, level: float = 0.95) -> tuple[Any, Any]:
        """Central interval: as much probability below as above."""
        check_level(level)
        low, high = self._quantile(np.array([[(1 - level) / 2], [(1 + level) / 2]]))
        return self._out(low), self._out(high)

    def shortest(self, level: float = 0.95) -> tuple[Any, Any]:
        """The shortest interval that holds `level` of the probability."""
        check_level(level)
        low, high = shortest_interval(self._evaluate, self._density, self._quantile, level)
        return self._out(low), self._out(high)

    def draws(self, n: int, seed: int | None = None) -> Array:
        """Random draws, shape (n,) or (n, m)."""
        rng = np.random.default_rng(seed)
        which = rng.choice(len(self.weights), size=n, p=self.weights)
        unit = rng.standard_normal((n, len(self)))
        drawn = self.means[:, which].T + self.sds[:, which].T * unit
        return np.asarray(drawn[:, 0] if self._single else drawn)


def check_level(level: float) -> None:
    """Refuse what is no coverage."""
    if not 0 < level < 1:
        raise InputError(f"level must lie between 0 and 1, such as 0.95; it was {level!r}")


def _peaks(x: Array, height: Array) -> Array:
    """How many peaks heights at points of shape (m, n) show."""
    rising = np.diff(np.take_along_axis(height, x.argsort(axis=1), axis=1), axis=1) > 0
    edge = np.ones((len(x), 1), dtype=bool)
    rising = np.concatenate([edge, rising, ~edge], axis=1)
    return np.asarray((rising[:, :-1] & ~rising[:, 1:]).sum(axis=1))
