"""The shortest interval that holds a given probability, for many distributions at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from reprieve.synthesis.least_squares import Array

#: cdf, density and slope of the density at points, shape (..., m) each
Evaluate = Callable[[Array], tuple[Array, Array, Array]]
#: points, or probabilities, of shape (n, m) to values of that shape
Map = Callable[[Array], Array]

_STEPS = 40
_INSIDE = np.linspace(0, 1, 11)[1:-1, None]
_OUTSIDE = np.array([0.02, 0.08, 0.2, 0.4, 0.8])[:, None]


def shortest_interval(
    evaluate: Evaluate, density: Map, quantile: Map, level: float
) -> tuple[Array, Array]:
    """Ends of the shortest intervals of m distributions.

    For a distribution with one peak the density is equal at both ends; Newton's method finds
    them from the central interval. Where the density within turns out lower, or outside higher,
    than at the ends, all intervals are searched.

    Parameters
    ----------
    evaluate : callable
        Points of shape (n, m) to cdf, density and its slope, each of that shape.
    density : callable
        Points of shape (n, m) to densities.
    quantile : callable
        Probabilities of shape (n, 1) or (n, m) to points of shape (n, m).
    level : float
        Probability that the interval holds.

    Returns
    -------
    low, high : ndarray, shape (m,)

    Examples
    --------
    >>> from scipy.special import ndtr, ndtri
    >>> def phi(x):
    ...     return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    >>> low, high = shortest_interval(lambda x: (ndtr(x), phi(x), -x * phi(x)), phi, ndtri, 0.95)
    >>> float(low[0].round(6)), float(high[0].round(6))
    (-1.959964, 1.959964)
    """
    tails = np.array([[(1 - level) / 2], [(1 + level) / 2]])
    ends = quantile(tails)
    width = ends[1] - ends[0]
    for _ in range(_STEPS):
        cdf, height, slope = evaluate(ends)
        excess, tilt = cdf[1] - cdf[0] - level, height[1] - height[0]
        det = slope[1] * height[0] - slope[0] * height[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.array(
                [slope[1] * excess - height[1] * tilt, slope[0] * excess - height[0] * tilt]
            )
            step /= det
        step = np.where(np.isfinite(step), np.minimum(np.maximum(step, -width / 4), width / 4), 0.0)
        ends = ends + step
        if (np.abs(step) <= 1e-7 * width).all():
            break
    good = (np.abs(step) <= 1e-6 * width).all(axis=0) & _peaked(density, ends)
    if not good.all():
        searched = _search(quantile, level)
        ends = np.where(good, ends, searched)
    return ends[0], ends[1]


def _peaked(density: Map, ends: Array) -> NDArray[np.bool_]:
    """Whether the density is higher within each interval than at its ends, and lower outside."""
    low, high = ends
    width = high - low
    away = _OUTSIDE * width
    inner, outer = len(_INSIDE), 2 * len(_OUTSIDE)
    heights = density(np.concatenate([low + _INSIDE * width, low - away, high + away, ends]))
    least = heights[:inner].min(axis=0)
    most = heights[inner : inner + outer].max(axis=0)
    at_ends = heights[inner + outer :]
    return np.asarray(
        (width > 0)
        & (least >= (1 - 1e-6) * at_ends.max(axis=0))
        & (most <= (1 + 1e-6) * at_ends.min(axis=0))
    )


def _search(quantile: Map, level: float) -> Array:
    """Narrow down the probability left of the shortest interval."""
    low, high = np.zeros(1), np.full(1, 1 - level)
    for turn in range(9):
        # the first look is fine, since a narrow peak far off may hold the shortest interval
        grid = np.linspace(0, 1, 33 if turn else 1025)[:, None]
        left = np.clip(low + grid * (high - low), 1e-12, 1 - level - 1e-12)
        ends = quantile(np.concatenate([left, left + level]))
        left = np.broadcast_to(left, (len(grid), ends.shape[-1]))
        width = ends[len(grid) :] - ends[: len(grid)]
        best = width.argmin(axis=0)
        columns = np.arange(ends.shape[-1])
        low = left[np.maximum(best - 1, 0), columns]
        high = left[np.minimum(best + 1, len(grid) - 1), columns]
    return np.stack([ends[best, columns], ends[len(grid) + best, columns]])
