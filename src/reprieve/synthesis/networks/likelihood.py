"""τ² of a network by maximum likelihood and restricted maximum likelihood.

Turned to the axes of its covariance, a trial of n arms is n − 1 independent contrasts with
variances 2λ + τ². So the likelihood and its slope cost one pass over the trials and one inverse
of the network's Laplacian.
"""

from __future__ import annotations

import numpy as np

from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.fitting import Fit, fit_at
from reprieve.synthesis.networks.trials import Trials

_GRID = 24


def maximum_likelihood(trials: Trials, start: float, restricted: bool) -> float:
    """The τ² of highest (restricted) likelihood, zero included.

    The sign of the slope on a grid tells where maxima lie, so that the search can neither fail
    to converge nor stop at a lesser maximum that the grid sees.

    Parameters
    ----------
    trials : Trials
    start : float
        Another estimate of τ², which sets the scale of the grid.
    restricted : bool
        REML rather than ML.
    """
    from scipy.optimize import brentq

    def slope(tau2: float) -> float:
        return likelihood(trials, tau2, restricted)[1]

    low = 1e-3 * float(trials.rows.v.min())
    top = max(4 * start, float(np.median(trials.rows.v)), 16 * low)
    while slope(top) > 0:
        top *= 4
    grid = np.concatenate([[0.0], np.geomspace(low, top, _GRID)])
    rising = np.array([slope(point) > 0 for point in grid])
    peaks = [] if rising[0] else [0.0]
    for i in np.flatnonzero(rising[:-1] & ~rising[1:]):
        peaks.append(float(brentq(slope, grid[i], grid[i + 1], xtol=1e-300, rtol=1e-14)))
    if len(peaks) == 1:
        return peaks[0]
    return max(peaks, key=lambda tau2: likelihood(trials, tau2, restricted)[0])


def likelihood(trials: Trials, tau2: float, restricted: bool) -> tuple[float, float]:
    """Profile log-likelihood of τ², without its constants, and its slope."""
    fit = fit_at(trials, tau2)
    logs = squares = total = leverage = pull = 0.0
    for residual, variance, reach in _independent(trials, fit, tau2):
        w = 1 / variance
        logs += float(np.log(variance).sum())
        squares += float((w * residual**2).sum())
        pull += float((w**2 * residual**2).sum())
        total += float(w.sum())
        leverage += float((w**2 * reach).sum())
    value, slope = -0.5 * (logs + squares), 0.5 * (pull - total)
    if restricted:
        value += 0.5 * float(np.linalg.slogdet(fit.cov[1:, 1:])[1])
        slope += 0.5 * leverage
    return value, slope


def _independent(trials: Trials, fit: Fit, tau2: float) -> list[tuple[Array, Array, Array]]:
    """Residuals of independent contrasts, their variances, and those of the fitted values."""
    rows = trials.rows
    a, b = rows.a[trials.two], rows.b[trials.two]
    parts = [
        (
            rows.y[trials.two] - fit.theta[a] + fit.theta[b],
            rows.v[trials.two] + tau2,
            fit.variances(a, b),
        )
    ]
    for group in trials.multi:
        cov = fit.cov[group.arms[:, :, None], group.arms[:, None, :]]
        reach = 2 * np.einsum("sni,snm,smi->si", group.axes, cov, group.axes)
        residual = group.scores(group.means - fit.theta[group.arms])
        parts.append((residual, 2 * group.spread + tau2, reach))
    return parts
