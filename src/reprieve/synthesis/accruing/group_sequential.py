"""Boundaries for looking repeatedly at accumulating evidence, by exact numerical integration.

At information fraction t the score `S = Z √t` is a Brownian motion: its increments are
independent, with mean `drift × Δt` and variance `Δt`. The density of S among sequences that have
not stopped is carried from look to look by Gauss–Legendre quadrature (Armitage, McPherson & Rowe
1969 J R Stat Soc A 132:235; Jennison & Turnbull 2000 Group Sequential Methods, chapter 19).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from reprieve.errors import InputError
from reprieve.synthesis.least_squares import Array

Spending = Literal["OBF", "Pocock"]

_REACH = 12.0  # standard deviations beyond which nothing is followed
_LEAST = 1e-30  # error smaller than this is not spent: the boundary is infinite
_NODES_PER_SD = 4.0
_MOST_NODES = 20_000  # looks this unequal come from mistaken input
_STEP = 1e-9  # a look that adds less information than this is no look of its own


def spent(fractions: ArrayLike, error: float, spending: Spending = "OBF") -> Array:
    """How much of `error`, the chance of a wrong stop on one side, may be spent by each fraction.

    Source: Lan KKG, DeMets DL. Biometrika 1983;70:659. ``OBF`` (O'Brien–Fleming type) spends
    2 − 2Φ(z/√t) with z the upper `error`/2 point; ``Pocock`` spends error × ln(1 + (e − 1) t).

    Parameters
    ----------
    fractions : array_like
        Information fractions above zero; from 1 on, all is spent.
    error : float
        In all, for one side.
    spending : {"OBF", "Pocock"}

    Examples
    --------
    >>> spent([0.2, 0.6, 1.0], 0.025).round(6)
    array([1.000e-06, 3.808e-03, 2.500e-02])
    """
    from scipy.special import ndtr, ndtri

    t = np.minimum(np.asarray(fractions, dtype=float), 1.0)
    if spending == "OBF":
        return np.asarray(2 * ndtr(ndtri(error / 2) / np.sqrt(t)))
    if spending == "Pocock":
        return np.asarray(error * np.log1p(np.expm1(1.0) * t))
    raise InputError(f'spending must be "OBF" or "Pocock"; it was {spending!r}')


def efficacy_bounds(fractions: ArrayLike, alpha: float = 0.05, spending: Spending = "OBF") -> Array:
    """Two-sided symmetric boundaries of |Z| that spend `alpha`.

    Parameters
    ----------
    fractions : array_like, shape (k,)
        Information fractions of the looks, increasing. The first that reaches 1 spends what is
        left; none may follow it.
    alpha : float
        Two-sided type I error in all.
    spending : {"OBF", "Pocock"}

    Returns
    -------
    ndarray, shape (k,)
        Infinite where so little may be spent (below 1e-30) that no result could cross.

    Notes
    -----
    The numbers are those of ``ldBounds`` of the R package ldbounds and of ``gsDesign``
    (test.type = 2).

    Examples
    --------
    >>> efficacy_bounds([0.2, 0.4, 0.6, 0.8, 1.0]).round(4)
    array([4.8769, 3.357 , 2.6803, 2.2898, 2.031 ])
    """
    t = _checked(fractions)
    _between_0_and_1("alpha", alpha)
    step = np.diff(spent(t, alpha / 2, spending), prepend=0.0)
    bounds, walk = np.full(len(t), np.inf), _Walk.start()
    for i, ahead in enumerate(_ahead(t)):
        bounds[i] = walk.upper_bound(t[i], step[i])
        walk = walk.step(t[i], -bounds[i], bounds[i], ahead)
    return bounds


def futility_bounds(
    fractions: ArrayLike,
    efficacy: ArrayLike,
    drift: float,
    beta: float = 0.2,
    spending: Spending = "OBF",
) -> Array:
    """Boundaries of Z below which an effect with the given drift can be given up.

    They spend `beta`, the chance of giving up although the effect is there, and do not bind:
    the error of `efficacy` is kept if they are ignored.

    Parameters
    ----------
    fractions, efficacy : array_like, shape (k,)
        Information fractions and the boundaries that go with them.
    drift : float
        Expectation of Z at fraction 1 if the effect is there, above zero.
    beta : float
        Type II error in all.
    spending : {"OBF", "Pocock"}

    Returns
    -------
    ndarray, shape (k,)
        Never above `efficacy`; negative at early looks, where only an effect in the wrong
        direction would be reason to give up.

    Notes
    -----
    The numbers are those of ``gsDesign`` (test.type = 4).

    Examples
    --------
    >>> t = [0.25, 0.5, 0.75, 1.0]
    >>> futility_bounds(t, efficacy_bounds(t), drift=2.984493).round(3)
    array([-0.82 ,  0.61 ,  1.402,  2.014])
    """
    t, upper = _checked(fractions), np.asarray(efficacy, dtype=float)
    _between_0_and_1("beta", beta)
    if not drift > 0:
        raise InputError(f"drift must be above zero; it was {drift!r}")
    step = np.diff(spent(t, beta, spending), prepend=0.0)
    bounds, walk = np.full(len(t), -np.inf), _Walk.start(drift)
    for i, ahead in enumerate(_ahead(t)):
        bounds[i] = min(walk.lower_bound(t[i], step[i]), upper[i])
        walk = walk.step(t[i], bounds[i], upper[i], ahead)
    return bounds


class Crossing(NamedTuple):
    """The chance to cross first at each look.

    Attributes
    ----------
    below, above : ndarray, shape (k,)
    """

    below: Array
    above: Array


def crossing_probabilities(
    fractions: ArrayLike, lower: ArrayLike, upper: ArrayLike, drift: float = 0.0
) -> Crossing:
    """The chance to cross a lower or an upper boundary first, at each look.

    Parameters
    ----------
    fractions, lower, upper : array_like, shape (k,)
        Information fractions, increasing, and boundaries of Z.
    drift : float
        Expectation of Z at fraction 1.

    Examples
    --------
    >>> t = [0.25, 0.5, 0.75, 1.0]
    >>> bound = efficacy_bounds(t)
    >>> below, above = crossing_probabilities(t, -bound, bound, drift=3.242)
    >>> print(above.round(4), above.sum().round(4))
    [0.0033 0.2479 0.425  0.2185] 0.8948
    """
    t = _checked(fractions)
    lower, upper = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    below, above, walk = np.zeros(len(t)), np.zeros(len(t)), _Walk.start(drift)
    for i, ahead in enumerate(_ahead(t)):
        below[i], above[i] = walk.below(t[i], lower[i]), walk.above(t[i], upper[i])
        walk = walk.step(t[i], lower[i], upper[i], ahead)
    return Crossing(below, above)


class Stagewise(NamedTuple):
    """What may be said after stopping, on the scale of the drift.

    Attributes
    ----------
    estimate : float
        Median unbiased.
    low, high : float
        Confidence limits.
    p : float
        Two-sided p value of no drift.
    """

    estimate: float
    low: float
    high: float
    p: float


def stagewise_inference(
    fractions: ArrayLike, efficacy: ArrayLike, z: float, level: float = 0.95
) -> Stagewise:
    """Estimate, interval and p value that allow for the looks before, by stage-wise ordering.

    A result is the more extreme the earlier a boundary was crossed, and the further.

    Source: Tsiatis AA, Rosner GL, Mehta CR. Biometrics 1984;40:797; Jennison & Turnbull 2000
    chapter 8. The limits are those of ``ldPower(conf=)`` of the R
    package ldbounds, which takes the drift at the last look.

    Parameters
    ----------
    fractions, efficacy : array_like, shape (k,)
        Of the looks up to the one at which it ended, and their symmetric boundaries.
    z : float
        The statistic at the last of them.
    level : float
        Coverage.

    Examples
    --------
    >>> t = [0.2, 0.4, 0.6, 0.8]
    >>> found = stagewise_inference(t, efficacy_bounds(t), z=2.82)
    >>> print(round(found.low, 3), round(found.estimate, 3), round(found.high, 3))
    0.739 3.023 5.257
    """
    from scipy.optimize import brentq

    t, bounds = _checked(fractions), np.asarray(efficacy, dtype=float)
    _between_0_and_1("level", level)

    def as_high(drift: float) -> float:
        """The chance of a result at least as high, in the stage-wise order."""
        lower, upper = np.append(-bounds[:-1], -np.inf), np.append(bounds[:-1], z)
        return float(crossing_probabilities(t, lower, upper, drift).above.sum())

    centre, reach = z / float(t[-1]) ** 0.5, 12 / float(t[0]) ** 0.5

    def drift_at(chance: float) -> float:
        return float(brentq(lambda x: as_high(x) - chance, centre - reach, centre + reach))

    tail = (1 - level) / 2
    above = as_high(0.0)
    return Stagewise(drift_at(0.5), drift_at(tail), drift_at(1 - tail), 2 * min(above, 1 - above))


@dataclass(frozen=True)
class _Walk:
    """The score among sequences that have not stopped: quadrature points and their mass."""

    t: float
    drift: float
    points: Array
    mass: Array

    @classmethod
    def start(cls, drift: float = 0.0) -> _Walk:
        return cls(0.0, drift, np.zeros(1), np.ones(1))

    def _deviate(self, t: float, score: ArrayLike) -> Array:
        """Where `score` at time t lies, in standard deviations, as seen from each point."""
        step = t - self.t
        x = np.asarray(score)[..., None] - self.points - self.drift * step
        return np.asarray(x / step**0.5)

    def above(self, t: float, z: float) -> float:
        """The chance that Z at time t lies above z."""
        from scipy.special import ndtr

        return float(ndtr(-self._deviate(t, z * t**0.5)) @ self.mass) if np.isfinite(z) else 0.0

    def below(self, t: float, z: float) -> float:
        """The chance that Z at time t lies below z."""
        from scipy.special import ndtr

        return float(ndtr(self._deviate(t, z * t**0.5)) @ self.mass) if np.isfinite(z) else 0.0

    def upper_bound(self, t: float, chance: float) -> float:
        """The z that Z exceeds at time t with `chance`."""
        low, high = self._range(t)
        if chance < _LEAST or self.above(t, high) > chance:
            return np.inf
        return _root(lambda z: self.above(t, z), chance, low, high)

    def lower_bound(self, t: float, chance: float) -> float:
        """The z that Z falls below at time t with `chance`."""
        low, high = self._range(t)
        if chance < _LEAST or self.below(t, low) > chance:
            return -np.inf
        if self.below(t, high) < chance:
            return np.inf
        return _root(lambda z: self.below(t, z), chance, low, high)

    def _range(self, t: float) -> tuple[float, float]:
        mean = self.drift * t**0.5
        return mean - _REACH, mean + _REACH

    def step(self, t: float, lower: float, upper: float, ahead: float) -> _Walk:
        """Those that lie between the boundaries at time t, and so go on to look `ahead` of it."""
        low, high = self._range(t)
        low, high = max(lower, low) * t**0.5, min(upper, high) * t**0.5
        if not low < high:
            return _Walk(t, self.drift, np.zeros(1), np.zeros(1))
        finest = min(t - self.t, ahead) ** 0.5
        count = 32 * int(1 + _NODES_PER_SD * (high - low) / finest / 32)
        if count > _MOST_NODES:
            raise InputError(
                "a look adds too little or too much information beside the others for boundaries "
                "to be computed; check the variances and delta, or join looks"
            )
        node, weight = _legendre(count)
        points = low + (node + 1) / 2 * (high - low)
        x = self._deviate(t, points)
        density = np.exp(-0.5 * x**2) @ self.mass / (2 * np.pi * (t - self.t)) ** 0.5
        return _Walk(t, self.drift, points, density * weight * (high - low) / 2)


def _root(tail: Callable[[float], float], chance: float, low: float, high: float) -> float:
    """Where a tail has the wanted chance, found on the scale of logarithms."""
    from scipy.optimize import brentq

    return float(brentq(lambda z: np.log(max(tail(z), 1e-300) / chance), low, high, xtol=1e-13))


@cache
def _legendre(count: int) -> tuple[Array, Array]:
    from scipy.special import roots_legendre

    node, weight = roots_legendre(count)
    return node, weight


def _ahead(t: Array) -> Array:
    """How much information each look's successor adds."""
    return np.append(np.diff(t), 1.0)


def _checked(fractions: ArrayLike) -> Array:
    t = np.asarray(fractions, dtype=float)
    if t.ndim != 1 or not len(t) or not np.isfinite(t).all() or t[0] <= 0:
        raise InputError(
            f"information fractions must be a list of numbers above zero; they were {fractions!r}"
        )
    if (np.diff(t) < _STEP).any():
        raise InputError(f"information fractions must increase from look to look; they were {t}")
    if (t[:-1] >= 1).any():
        raise InputError(
            f"information fractions hold {t}: the look that reaches 1 is the last; leave out "
            "those after it"
        )
    return t


def _between_0_and_1(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise InputError(f"{name} must lie between 0 and 1; it was {value!r}")
