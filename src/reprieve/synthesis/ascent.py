"""Climbing a likelihood within bounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from reprieve.synthesis.least_squares import Array

Climb = Callable[[Array], tuple[float, Array, Array]]

_STEPS = 40


class Peak(NamedTuple):
    """Where an ascent ended.

    Attributes
    ----------
    loglik : float
    theta : ndarray, shape (h,)
    arrived : bool
        Whether it stopped moving, rather than ran out of steps.
    """

    loglik: float
    theta: Array
    arrived: bool


def maximise(
    climb: Climb, starts: Sequence[Array], bounds: Array, held: Sequence[int] = ()
) -> Peak | None:
    """The highest point to which several starts lead.

    Scoring comes near from every start and exactly to the top from the best of these. Where it
    dawdles, as along an edge of correlations of one, a quasi-Newton method takes over.

    Parameters
    ----------
    climb : callable
        Gives the log-likelihood, its gradient and its (expected or average) information.
    starts : sequence of ndarray, shape (h,)
        Where to start.
    bounds : ndarray, shape (h, 2)
        Lower and upper limits.
    held : sequence of int
        Coordinates that stay as they are.

    Returns
    -------
    Peak or None
        None when no start has a likelihood.

    Examples
    --------
    >>> def parabola(theta):
    ...     return -float((theta[0] - 2) ** 2), -2 * (theta - 2), np.array([[2.0]])
    >>> peak = maximise(parabola, [np.array([0.5])], np.array([[0.0, 1.5]]))
    >>> peak.loglik, peak.theta
    (-0.25, array([1.5]))
    """
    best: Peak | None = None
    for start in starts:
        found = _score(climb, start, bounds, held, 1e-3)
        if found is not None and (best is None or found.loglik > best.loglik):
            best = found
    if best is None:
        return None
    best = _score(climb, best.theta, bounds, held, 1e-11) or best
    if best.arrived:
        return best
    further = _quasi_newton(climb, best.theta, bounds, held)
    polished = _score(climb, further, bounds, held, 1e-11)
    return best if polished is None or polished.loglik < best.loglik else polished


def _score(
    climb: Climb, theta: Array, bounds: Array, held: Sequence[int], tolerance: float
) -> Peak | None:
    """Damped scoring (Levenberg–Marquardt) within bounds."""
    loglik, gradient, information = climb(theta)
    if not np.isfinite(loglik):
        return None
    damping = 1e-3
    for _ in range(_STEPS):
        free = ~((theta <= bounds[:, 0]) & (gradient < 0))
        free &= ~((theta >= bounds[:, 1]) & (gradient > 0))
        free[list(held)] = False
        if not free.any():
            return Peak(loglik, theta, True)
        F = information[np.ix_(free, free)]
        scale = np.where(np.diag(F) > 0, np.diag(F), 1.0)
        step = np.zeros(len(theta))
        step[free] = np.linalg.lstsq(F + damping * np.diag(scale), gradient[free])[0]
        new = np.clip(theta + step, bounds[:, 0], bounds[:, 1])
        size = np.abs(theta).max() + 1e-8
        moved = np.abs(new - theta).max()
        there = climb(new)
        if there[0] >= loglik - 1e-12 * abs(loglik):
            theta, (loglik, gradient, information) = new, there
            damping = max(damping / 10, 1e-12)
            if moved <= tolerance * size:
                return Peak(loglik, theta, True)
        elif moved <= 1e-13 * size:
            return Peak(loglik, theta, True)
        else:
            damping = max(10 * damping, 1e-6)
    return Peak(loglik, theta, False)


def _quasi_newton(climb: Climb, theta: Array, bounds: Array, held: Sequence[int]) -> Array:
    """L-BFGS-B from `theta`."""
    from scipy.optimize import minimize

    free = np.setdiff1d(np.arange(len(theta)), list(held))
    whole = theta.copy()

    def fall(part: Array) -> tuple[float, Array]:
        whole[free] = part
        loglik, gradient, _ = climb(whole)
        # where the covariance is not possible, worse than anything that is
        return (-loglik, -gradient[free]) if np.isfinite(loglik) else (1e10, np.zeros(len(free)))

    found = minimize(
        fall,
        theta[free],
        jac=True,
        method="L-BFGS-B",
        bounds=bounds[free],
        options={"maxiter": 2000, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 30},
    )
    out = theta.copy()
    out[free] = found.x
    return out
