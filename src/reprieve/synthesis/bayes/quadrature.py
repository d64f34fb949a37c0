"""Posterior of one parameter on an interval, known at equally spaced nodes.

The parameter (a standard deviation, or a correlation) is mapped to the whole line so that its
density falls double-exponentially at both ends, whatever its tails were. There the plain sum
over equally spaced nodes is as exact as any rule (Takahasi & Mori 1974), and the same nodes give
the distribution function by sinc interpolation (Haber 1993; Tanaka, Sugihara & Murota 2004).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.bayes.mixtures import check_level
from reprieve.synthesis.bayes.shortest import shortest_interval
from reprieve.synthesis.least_squares import Array

# beyond this many log units below the highest point nothing changes ten digits
_DEPTH = 38.0
_REACH = 6.0
_FIRST = 61
_MOST = 4097
# the sum over every other node errs by e when that over all errs by about e²
_AGREED = 1e-9


@dataclass(frozen=True)
class Axis:
    """The map from the line (s) to an interval: log τ, or the logit within the interval, is
    `centre` + sinh(s).

    Parameters
    ----------
    low, high : float
        The interval; `high` may be infinite.
    typical : float
        A point within, which s = 0 stands for.
    """

    low: float
    high: float
    typical: float

    @cached_property
    def _centre(self) -> float:
        if math.isinf(self.high):
            return math.log(self.typical - self.low)
        share = (self.typical - self.low) / (self.high - self.low)
        share = min(max(share, 1e-6), 1 - 1e-6)
        return math.log(share / (1 - share))

    def to_value(self, s: Array) -> Array:
        """Points of the interval."""
        u = self._centre + np.sinh(s)
        if math.isinf(self.high):
            return np.asarray(self.low + np.exp(u))
        from scipy.special import expit

        return np.asarray(self.low + (self.high - self.low) * expit(u))

    def log_slope(self, s: Array) -> Array:
        """Log of the derivative of `to_value`."""
        u = self._centre + np.sinh(s)
        steep = np.log(np.cosh(s))
        if math.isinf(self.high):
            return np.asarray(u + steep)
        from scipy.special import log_expit

        return np.asarray(math.log(self.high - self.low) + log_expit(u) + log_expit(-u) + steep)

    def to_line(self, value: Array) -> Array:
        """The inverse of `to_value`; infinite at the ends."""
        with np.errstate(divide="ignore", invalid="ignore"):
            u = np.log(np.maximum(value - self.low, 0.0))
            if not math.isinf(self.high):
                u = u - np.log(np.maximum(self.high - value, 0.0))
            return np.asarray(np.arcsinh(u - self._centre))


def place(
    log_density: Callable[[Array], Array], axis: Axis, what: str
) -> tuple[Axis, Array, Array]:
    """Equally spaced nodes where a density lies, close enough to integrate and interpolate it.

    Parameters
    ----------
    log_density : callable
        Of the parameter, up to a constant; takes values of shape (n,).
    axis : Axis
    what : str
        Named in errors.

    Returns
    -------
    axis : Axis
        Centred where the density lies.
    s : ndarray, shape (n,)
        Nodes on the line.
    logs : ndarray, shape (n,)
        Log-density there, on the line.

    Raises
    ------
    SynthesisError
        A density that is zero everywhere, or too rough.
    """
    s = np.linspace(-_REACH, _REACH, _FIRST)
    logs = _on_line(log_density, axis, s)
    top = s[logs.argmax()]
    if abs(top) > 1:
        axis = replace(axis, typical=float(axis.to_value(top)))
        logs = _on_line(log_density, axis, s)
    for _ in range(60):
        if not np.isfinite(logs.max()):
            raise SynthesisError(
                f"the posterior of {what} has no mass: the prior excludes what the data say"
            )
        held = np.flatnonzero(logs > logs.max() - _DEPTH)
        first, last = max(held[0] - 1, 0), min(held[-1] + 1, _FIRST - 1)
        if last - first > _FIRST // 2:
            s, logs = s[first : last + 1], logs[first : last + 1]
            break
        s = np.linspace(s[first], s[last], _FIRST)
        logs = _on_line(log_density, axis, s)
    while not _enough(s, logs):
        if len(s) > _MOST:
            raise SynthesisError(
                f"the posterior of {what} is too rough to integrate; check the data and the prior"
            )
        middle = 0.5 * (s[1:] + s[:-1])
        between = _on_line(log_density, axis, middle)
        s, logs = _interleave(s, middle), _interleave(logs, between)
    return axis, s, logs


def _on_line(log_density: Callable[[Array], Array], axis: Axis, s: Array) -> Array:
    logs = log_density(axis.to_value(s)) + axis.log_slope(s)
    return np.where(np.isnan(logs), -np.inf, logs)


def _interleave(outer: Array, inner: Array) -> Array:
    out = np.empty(len(outer) + len(inner))
    out[::2], out[1::2] = outer, inner
    return out


def _enough(s: Array, logs: Array) -> bool:
    """Whether every other node already gives the same mass and centre."""
    f = np.exp(logs - logs.max())
    for values in (f, f * s):
        every, other = values.sum(), 2 * values[::2].sum()
        if abs(every - other) > _AGREED * f.sum():
            return False
    return True


class Posterior:
    """Distribution of one parameter, known at nodes.

    Parameters
    ----------
    axis : Axis
    s : ndarray, shape (n,)
        Equally spaced nodes on the line.
    weights : ndarray, shape (n,)
        Probability of each; they sum to one.
    log_density : callable, optional
        Exact log-density of the parameter; interpolated from the nodes when not given.
    tail : float
        The power with which the density falls: the mean exists when it exceeds 2, the sd when
        it exceeds 3.

    Examples
    --------
    Half of a standard normal distribution:

    >>> axis = Axis(0.0, math.inf, 1.0)
    >>> axis, s, logs = place(lambda t: -0.5 * t**2, axis, "t")
    >>> half_normal = Posterior(axis, s, np.exp(logs) / np.exp(logs).sum())
    >>> round(half_normal.mean, 10), round(half_normal.median, 8)
    (0.7978845608, 0.67448975)
    >>> [round(end, 6) for end in half_normal.shortest(0.95)]
    [0.0, 1.959964]
    """

    def __init__(
        self,
        axis: Axis,
        s: Array,
        weights: Array,
        log_density: Callable[[Array], Array] | None = None,
        *,
        tail: float = math.inf,
    ) -> None:
        self.axis, self.s, self.weights, self.tail = axis, s, weights, tail
        self.values = axis.to_value(s)
        self._step = s[1] - s[0]
        self._log_density = log_density

    # -- moments

    @property
    def mean(self) -> float:
        """Mean; infinite where the tail is too heavy for one."""
        return math.inf if self.tail <= 2 else float(self.weights @ self.values)

    @property
    def sd(self) -> float:
        """Standard deviation; infinite where the tail is too heavy for one."""
        if self.tail <= 3:
            return math.inf
        return math.sqrt(self.weights @ (self.values - self.mean) ** 2)

    # -- densities and probabilities

    def _on_line(self, s: Array) -> tuple[Array, Array]:
        """Cdf and density at points of the line."""
        from scipy.special import sici

        x = (s[..., None] - self.s) / self._step
        cdf = (0.5 + sici(np.pi * x)[0] / np.pi) @ self.weights
        return np.clip(cdf, 0.0, 1.0), np.sinc(x) @ self.weights / self._step

    def cdf(self, x: ArrayLike) -> Any:
        """Probability at or below `x`."""
        s = self.axis.to_line(np.asarray(x, dtype=float))
        inner = np.isfinite(s)
        cdf, _ = self._on_line(np.where(inner, s, 0.0))
        return _plain(np.where(inner, cdf, s > 0))

    def density(self, x: ArrayLike) -> Any:
        """Density at `x`."""
        return _plain(self._density(np.asarray(x, dtype=float)))

    def _density(self, x: Array) -> Array:
        inside = (x >= self.axis.low) & (x <= self.axis.high)
        if self._log_density is not None:
            with np.errstate(over="ignore"):
                return np.where(
                    inside, np.exp(self._log_density(np.where(inside, x, self._middle))), 0.0
                )
        s = self.axis.to_line(np.clip(x, *self._interior))
        return np.where(inside, self._on_line(s)[1] * np.exp(-self.axis.log_slope(s)), 0.0)

    @property
    def _middle(self) -> float:
        return float(self.values[self.weights.argmax()])

    @property
    def _interior(self) -> tuple[float, float]:
        """Where the nodes carry more than a trace of the probability."""
        held = np.flatnonzero(self.weights > 1e-7 * self.weights.max())
        return float(self.values[held[0]]), float(self.values[held[-1]])

    # -- quantiles and intervals

    @cached_property
    def _at_nodes(self) -> Array:
        """Cdf at the nodes."""
        from scipy.special import sici

        n = len(self.s)
        kernel = 0.5 + sici(np.pi * np.arange(1 - n, n))[0] / np.pi
        return np.asarray(np.convolve(self.weights, kernel)[n - 1 : 2 * n - 1])

    def quantile(self, p: ArrayLike) -> Any:
        """Points with probability `p` below.

        Raises
        ------
        InputError
            A probability outside 0 to 1.
        """
        chances = np.asarray(p, dtype=float)
        if not ((chances >= 0) & (chances <= 1)).all():
            raise InputError(f"probabilities must lie between 0 and 1; they were {chances}")
        found = self.axis.to_value(self._place_of(chances))
        found = np.where(chances <= 0, self.axis.low, np.where(chances >= 1, self.axis.high, found))
        return _plain(found)

    def _place_of(self, p: Array) -> Array:
        """Points of the line with probability `p` below: Newton within a bracket of nodes."""
        right = np.clip(np.searchsorted(self._at_nodes, p), 1, len(self.s) - 1)
        low, high = self.s[right - 1], self.s[right]
        below, above = self._at_nodes[right - 1], self._at_nodes[right]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.nan_to_num((p - below) / (above - below))
        s = low + np.clip(share, 0, 1) * (high - low)
        for _ in range(50):
            cdf, density = self._on_line(s)
            low, high = np.where(cdf > p, low, s), np.where(cdf > p, s, high)
            with np.errstate(divide="ignore", invalid="ignore"):
                new = s - (cdf - p) / density
            newton = (new >= low) & (new <= high)
            new = np.where(newton, new, 0.5 * (low + high))
            step, s = np.abs(new - s), new
            # the error of Newton's method is about the square of its last step
            if (step <= np.where(newton, 1e-6 * self._step, 1e-13)).all():
                break
        return s

    def at_probability(self, p: Array) -> Array:
        """Quantiles by a fine table, for many draws at once."""
        inner = self.s[0] + np.arange(16 * (len(self.s) - 1) + 1) * (self._step / 16)
        cdf = np.maximum.accumulate(self._on_line(inner)[0])
        return self.axis.to_value(np.interp(p, cdf, inner))

    @property
    def median(self) -> float:
        """The point with half of the probability below."""
        return float(self.quantile(0.5))

    @cached_property
    def mode(self) -> float:
        """The point of highest density; the end of the interval where it is highest there."""
        held = np.flatnonzero((self._at_nodes > 0.002) & (self._at_nodes < 0.998))
        density = self._density(self.values[held])
        best = held[density.argmax()]
        low, high = self.s[max(best - 1, 0)], self.s[min(best + 1, len(self.s) - 1)]
        for _ in range(4):
            s = np.linspace(low, high, 17)
            logs = np.log(self._density(self.axis.to_value(s)))
            at = min(max(int(logs.argmax()), 1), 15)
            low, high = s[at - 1], s[at + 1]
            bend = logs[at - 1] - 2 * logs[at] + logs[at + 1]
            if bend > -1e-9:
                break
        shift = 0.5 * (logs[at - 1] - logs[at + 1]) / bend if bend < 0 else 0.0
        x = float(self.axis.to_value(np.array(s[at] + np.clip(shift, -1, 1) * (s[1] - s[0]))))
        ends = [end for end in (self.axis.low, self.axis.high) if math.isfinite(end)]
        heights = self._end_density(np.array([*ends, x]))
        return [*ends, x][int(heights.argmax())]

    def _end_density(self, x: Array) -> Array:
        """Density at points that may be ends of the interval."""
        if self._log_density is None:
            return self._density(np.clip(x, *self._interior))
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(self._log_density(x)))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Central interval: as much probability below as above."""
        check_level(level)
        low, high = self.quantile([(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    def shortest(self, level: float = 0.95) -> tuple[float, float]:
        """The shortest interval that holds `level` of the probability."""
        check_level(level)
        reach = self.quantile([level, 1 - level])
        ends = np.array([self.axis.low, reach[0], reach[1], self.axis.high])
        known = np.where(np.isfinite(ends), ends, self._middle)
        at_low, at_reach, at_reach_down, at_high = self._end_density(known)
        if at_low >= at_reach and self.mode < reach[0]:
            return self.axis.low, float(reach[0])
        if math.isfinite(self.axis.high) and at_high >= at_reach_down and self.mode > reach[1]:
            return float(reach[1]), self.axis.high
        low, high = shortest_interval(self._evaluate, self._density, self._column_quantile, level)
        return float(low[0]), float(high[0])

    def _column_quantile(self, p: Array) -> Array:
        return np.asarray(self.quantile(p))

    def _evaluate(self, x: Array) -> tuple[Array, Array, Array]:
        """Cdf, density and slope of the density."""
        low, high = self.axis.low, self.axis.high
        nearest = np.where(np.isfinite(x - low), np.minimum(np.abs(x - low), np.abs(high - x)), 1.0)
        step = 1e-5 * np.maximum(nearest, 1e-300)
        three = self._density(np.stack([x - step, x, x + step]))
        return np.asarray(self.cdf(x)), three[1], (three[2] - three[0]) / (2 * step)


def _plain(values: Array) -> Any:
    """A float where a single value was asked for."""
    return float(values) if values.ndim == 0 else values
