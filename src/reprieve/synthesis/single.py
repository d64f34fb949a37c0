"""τ² of one small data set without moderators, at the cost of a few dozen microseconds.

The same roots as in `heterogeneity`, for which all sums over studies come from one product of
a 3 × k and a k × 3 matrix per step, the rest being plain floats.
"""

from __future__ import annotations

from math import ceil, isfinite, log, log2, sqrt

import numpy as np

from reprieve.synthesis.least_squares import Array

_SMALL = 1e-9  # Newton doubles the digits: after a relative step of this size all are right
_STEPS = 200


class _Sums:
    """Sums over studies of powers of the weights times powers of the estimates."""

    def __init__(self, y: Array, v: Array) -> None:
        k = len(y)
        self.v = v
        self.powers = np.empty((k, 3))
        self.powers[:, 0] = 1.0
        centred = self.powers[:, 1]
        np.subtract(y, y.sum() / k, out=centred)
        np.multiply(centred, centred, out=self.powers[:, 2])
        self.weights = np.empty((3, k))

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
        return _likelihood(sums, method == "REML")
    target = float(len(y) - 1)
    if method == "PMM":
        from scipy.special import chdtri

        target = float(chdtri(target, 0.5))
    return _fall_to(sums, target)


def grid_points(reach: float) -> int:
    """How many steps the search for maxima takes from v_min to `reach` times it: doublings."""
    return min(max(ceil(log2(reach)), 4), 40) if isfinite(reach) else 40


def _fall_to(sums: _Sums, target: float) -> float:
    """The τ² at which the generalised Q falls to `target` (see `heterogeneity.solve_q`)."""
    tau2 = 0.0
    for _ in range(_STEPS):
        (w, wy, wyy), (w2, w2y, w2yy), _ = sums.at(tau2)
        mean = wy / w
        q = wyy - mean * wy
        if q <= target:
            break
        step = (q / target - 1) * q / (w2yy - mean * (2 * w2y - mean * w2))
        tau2 += step
        if step <= _SMALL * tau2:
            break
    return tau2


def _likelihood(sums: _Sums, restricted: bool) -> float:
    """See `heterogeneity._solve_likelihood`."""
    v, powers = sums.v, sums.powers
    low, high = float(v.min()), float(v.max())
    s2 = float(powers[:, 2].sum()) / (len(v) - restricted)
    top = (s2 + sqrt(s2 * s2 + 4 * s2 * (high - low))) / 2 - low
    if top <= 0:
        return 0.0
    points = grid_points(1 + top / low)
    grid = low * ((1 + top / low) ** (np.arange(points + 1) / points) - 1)
    w = 1.0 / (v + grid[:, None])
    total, wy, _ = (w @ powers).T
    w2, w2y, w2yy = (np.square(w, out=w) @ powers).T
    mean = wy / total
    below = total - w2 / total if restricted else total
    ratio = ((w2yy - mean * (2 * w2y - mean * w2)) / below).tolist()
    ratio[-1] = min(ratio[-1], 1.0)
    maxima = [] if ratio[0] > 1 else [0.0]
    for j in range(len(ratio) - 1):
        if ratio[j] > 1 >= ratio[j + 1]:
            ends = (float(grid[j]), float(grid[j + 1]))
            maxima.append(_newton(sums, ends, (ratio[j], ratio[j + 1]), restricted))
    if len(maxima) == 1:
        return maxima[0]
    return max(maxima, key=lambda tau2: _height(sums, tau2, restricted))


def _newton(
    sums: _Sums, ends: tuple[float, float], ratios: tuple[float, float], restricted: bool
) -> float:
    """See `heterogeneity._newton`."""
    low, high = ends
    share = (1 - 1 / ratios[0]) / (1 / ratios[1] - 1 / ratios[0]) if ratios[1] > 0 else 0.5
    tau2 = low + (high - low) * share
    for _ in range(_STEPS):
        ratio, decline = _ratio(sums, tau2, restricted)
        if ratio > 1:
            low = tau2
        else:
            high = tau2
        new = tau2 + (ratio - 1) / decline if decline else high
        if not low <= new <= high:
            new = (low + high) / 2
        if abs(new - tau2) <= _SMALL * new:
            return new
        tau2 = new
    return tau2


def _ratio(sums: _Sums, tau2: float, restricted: bool) -> tuple[float, float]:
    """The ratio of the score, and minus the derivative of its logarithm."""
    (w, wy, _), (w2, w2y, w2yy), (w3, w3y, w3yy) = sums.at(tau2)
    mean = wy / w
    bend = w2y - mean * w2
    top = w2yy - mean * (w2y + bend)
    top_slope = w3yy - mean * (2 * w3y - mean * w3) - bend * bend / w
    if restricted:
        share = w2 / w
        below, below_slope = w - share, w2 - 2 * w3 / w + share * share
    else:
        below, below_slope = w, w2
    return top / below, 2 * top_slope / top - below_slope / below


def _height(sums: _Sums, tau2: float, restricted: bool) -> float:
    """Twice the profile log-likelihood, without its constants."""
    w, wy, wyy = sums.at(tau2)[0]
    height = -float(np.log(sums.v + tau2).sum()) - (wyy - wy * wy / w)
    return height - log(w) if restricted else height
