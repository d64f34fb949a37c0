"""The prediction interval of Nagashima, Noma & Furukawa, without random numbers."""

from __future__ import annotations

import numpy as np

from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.quadratic_forms import weighted_chi2_cdf

_REACH = 4.0  # how far out, in normal deviates, the confidence distribution of τ² is followed
_NODES = 64
_GRID = 60


def confidence_distribution_interval(y: Array, v: Array, level: float) -> tuple[float, float]:
    """Interval for the true effect of a new study that keeps its coverage with few studies.

    The confidence distribution of τ² is `H(τ²) = P(Q > q | τ²)`, with Cochran's Q and its exact
    distribution. Given a τ² drawn from it, the new effect is `μ(τ²) + z τ − t s(τ²)` with z
    normal, t Student with k − 1 degrees of freedom and s Hartung's standard error. The source
    draws all three at random; here its distribution function is integrated, so that there is
    neither a seed nor Monte Carlo error.

    Parameters
    ----------
    y, v : ndarray, shape (k,)
        Estimates and sampling variances of at least two studies.
    level : float
        Coverage.

    Returns
    -------
    tuple of float
        Lower and upper end.

    References
    ----------
    Nagashima K, Noma H, Furukawa TA (2019) Stat Methods Med Res 28:1689; the method `boot` of
    the R package pimeta.

    Examples
    --------
    >>> y, v = np.array([0.1, -0.4, 0.8, 0.3]), np.array([0.04, 0.03, 0.06, 0.05])
    >>> low, high = confidence_distribution_interval(y, v, 0.95)
    >>> round(low, 1), round(high, 1)
    (-1.6, 2.0)
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr, stdtr, stdtrit

    if np.ptp(y) == 0:
        return float(y[0]), float(y[0])
    at_zero, tau2, mass = _confidence_distribution(y, v)
    df = len(y) - 1
    tau2 = np.append(tau2, 0.0)
    w = 1 / (v + tau2[:, None])
    mean = (w @ y) / w.sum(axis=-1)
    residual = y - mean[:, None]
    se = np.sqrt((w * residual**2).sum(axis=-1) / df / w.sum(axis=-1))
    # the trapezium rule over a normal deviate carries t far into its tails
    z = np.linspace(-6, 6, 97)
    t = stdtrit(df, ndtr(z))
    t_mass = np.exp(-0.5 * z**2)
    t_mass /= t_mass.sum()
    tau = np.sqrt(tau2[:-1])

    def below(x: float) -> float:
        """Probability that the new effect lies below x."""
        shifted = (x - mean[:-1, None] + t * se[:-1, None]) / tau[:, None]
        spread_out = float(mass @ (ndtr(shifted) @ t_mass))
        if not at_zero:
            return spread_out
        return spread_out + at_zero * float(stdtr(df, (x - mean[-1]) / se[-1]))

    def end(tail: float) -> float:
        reach = float(np.abs(residual).max() + np.sqrt(v.max()))
        centre = float(mean[-1])
        while below(centre - reach) > tail or below(centre + reach) < tail:
            reach *= 2
        return float(brentq(lambda x: below(x) - tail, centre - reach, centre + reach, rtol=1e-10))

    return end((1 - level) / 2), end((1 + level) / 2)


def _confidence_distribution(y: Array, v: Array) -> tuple[float, Array, Array]:
    """Mass at zero; nodes of τ² above zero, and their masses."""
    from scipy.interpolate import PchipInterpolator
    from scipy.special import ndtr, ndtri

    w = 1 / v
    q = float(w @ (y - (w @ y) / w.sum()) ** 2)
    P = np.diag(w) - np.outer(w, w) / w.sum()

    def upper_tail(tau2: float) -> float:
        root = np.sqrt(v + tau2)
        tail = 1 - weighted_chi2_cdf(q, np.linalg.eigvalsh(root[:, None] * P * root)[1:])
        return min(max(tail, 0.0), 1.0)  # rounding

    at_zero = upper_tail(0.0)
    start = max(float(ndtri(at_zero)), -7.0)
    if start >= _REACH:
        return 1.0, np.empty(0), np.empty(0)
    top = float(v.max())
    while upper_tail(top) < ndtr(_REACH):
        top *= 4
    grid = np.geomspace(1e-6 * float(v.min()), top, _GRID)
    deviate = ndtri(np.clip([upper_tail(tau2) for tau2 in grid], ndtr(-7.0), ndtr(7.0)))
    deviate, first = np.unique(deviate, return_index=True)
    node, width = np.polynomial.legendre.leggauss(_NODES)
    z = start + (node + 1) / 2 * (_REACH - start)
    tau2 = np.exp(PchipInterpolator(deviate, np.log(grid[first]))(np.clip(z, *deviate[[0, -1]])))
    mass = width * np.exp(-0.5 * z**2)
    return at_zero, tau2, mass * (1 - at_zero) / mass.sum()
