"""τ² of one small data set without moderators, at the cost of a few dozen microseconds.

The same roots as in `heterogeneity`, for which all sums over studies come from one product of
a 3 × k and a k × 3 matrix per step, the rest being plain floats.
"""

from __future__ import annotations

from math import inf, log, sqrt

import numpy as np

from reprieve.synthesis.least_squares import Array

_GRID = np.arange(1, 13) / 12


class _Sums:
    """Sums over studies of powers of the weights times powers of the estimates."""

    def __init__(self, y: Array, v: Array) -> None:
        centred = y - y.mean()
        self.v = v
        self.powers = np.stack([np.ones_like(centred), centred, centred * centred], axis=1)
        self.weights = np.empty((3, len(v)))

    def at(self, tau2: float) -> list[list[float]]:
        """Rows: weights, squared, cubed. Columns: 1, y, y²."""
        w, w2, w3 = self.weights
        np.divide(1.0, self.v + tau2, out=w)
        np.multiply(w, w, out=w2)
        np.multiply(w2, w, out=w3)
        sums: list[list[float]] = (self.weights @ self.powers).tolist()
        return sums


def solve_single(y: Array, v: Array, method: str) -> float:
    """τ² of one data set of two or more studies by PM, EB, DLIT, SJIT, PMM, ML or REML.

    Examples
    --------
    >>> y, v = np.array([0.1, -0.4, 0.8, 0.3]), np.array([0.04, 0.03, 0.06, 0.05])
    >>> round(solve_single(y, v, "PM"), 6)
    0.202062
    """
    sums = _Sums(y, v)
    if method in ("ML", "REML"):
        return _likelihood(sums, restricted=method == "REML")
    target = float(len(y) - 1)
    if method == "PMM":
        from scipy.special import chdtri

        target = float(chdtri(target, 0.5))
    return fall_to(sums, target)


def fall_to(sums: _Sums, target: float) -> float:
    """The τ² at which the generalised Q falls to `target` (see `heterogeneity.solve_q`)."""
    tau2 = 0.0
    for _ in range(200):
        (w, wy, wyy), (w2, w2y, w2yy), _ = sums.at(tau2)
        mean = wy / w
        q = wyy - mean * wy
        slope = w2yy - 2 * mean * w2y + mean * mean * w2
        if q <= target:
            break
        step = (q / target - 1) * q / slope
        tau2 += step
        if step <= 1e-13 * tau2:
            break
    return tau2


def _ratio(sums: _Sums, tau2: float, restricted: bool) -> tuple[float, float]:
    """See `heterogeneity._score_ratio`."""
    (w, wy, _), (w2, w2y, w2yy), (w3, w3y, w3yy) = sums.at(tau2)
    mean = wy / w
    bend = w2y - mean * w2
    top = w2yy - mean * (w2y + bend)
    top_slope = w3yy - 2 * mean * w3y + mean * mean * w3 - bend * bend / w
    if restricted:
        share = w2 / w
        below, below_slope = w - share, w2 - 2 * w3 / w + share * share
    else:
        below, below_slope = w, w2
    return top / below, 2 * top_slope / top - below_slope / below


def _likelihood(sums: _Sums, *, restricted: bool) -> float:
    v, powers = sums.v, sums.powers
    k = len(v)
    low, high = float(v.min()), float(v.max())
    s2 = (float(powers[:, 2].sum())) / (k - restricted)
    top = (s2 + sqrt(s2 * s2 + 4 * s2 * (high - low))) / 2 - low
    if top <= 0:
        return 0.0
    grid = np.concatenate(([0.0], low * ((1 + top / low) ** _GRID - 1)))
    w = 1.0 / (v + grid[:, None])
    w2 = w * w
    first, second = w @ powers, w2 @ powers
    total = first[:, 0]
    mean = first[:, 1] / total
    score = second[:, 2] - mean * (2 * second[:, 1] - mean * second[:, 0]) - total
    if restricted:
        score += second[:, 0] / total
    rising = (score > 0).tolist()
    rising[-1] = False
    maxima = [] if rising[0] else [0.0]
    for j in range(len(rising) - 1):
        if rising[j] and not rising[j + 1]:
            maxima.append(_newton(sums, float(grid[j]), float(grid[j + 1]), restricted))
    if len(maxima) == 1:
        return maxima[0]
    return max(maxima, key=lambda tau2: _height(sums, tau2, restricted))


def _newton(sums: _Sums, low: float, high: float, restricted: bool) -> float:
    """The root of the score between `low` (score positive) and `high` (score negative)."""
    tau2 = low
    for _ in range(200):
        ratio, slope = _ratio(sums, tau2, restricted)
        if ratio > 1:
            low = tau2
        else:
            high = tau2
        new = tau2 + (ratio - 1) / slope if slope else inf
        if not low <= new <= high:
            new = (low + high) / 2
        if abs(new - tau2) <= 1e-13 * new:
            return new
        tau2 = new
    return tau2


def _height(sums: _Sums, tau2: float, restricted: bool) -> float:
    """Twice the profile log-likelihood, without its constants."""
    w, wy, wyy = sums.at(tau2)[0]
    height = -float(np.log(sums.v + tau2).sum()) - (wyy - wy * wy / w)
    return height - log(w) if restricted else height
