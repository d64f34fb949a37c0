"""Climbing a likelihood within bounds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reprieve.synthesis.least_squares import Array

_STEPS = 300


def ascend(
    climb: Callable[[Array], tuple[float, Array, Array]],
    theta: Array,
    bounds: Array,
    held: list[int],
    tolerance: float,
) -> tuple[float, Array] | None:
    """Damped Fisher scoring (Levenberg–Marquardt) within bounds.

    Parameters
    ----------
    climb : callable
        Gives the log-likelihood, its gradient and the expected information at a point.
    theta : ndarray, shape (h,)
        Where to start.
    bounds : ndarray, shape (h, 2)
        Lower and upper limits.
    held : list of int
        Coordinates that stay as they are.
    tolerance : float
        Relative step at which to stop.

    Returns
    -------
    (float, ndarray) or None
        Likelihood and place of the maximum; None when the start has no likelihood.

    Examples
    --------
    >>> def parabola(theta):
    ...     return -float((theta[0] - 2) ** 2), -2 * (theta - 2), np.array([[2.0]])
    >>> ascend(parabola, np.array([0.5]), np.array([[0.0, 1.5]]), [], 1e-8)
    (-0.25, array([1.5]))
    """
    loglik, gradient, information = climb(theta)
    if not np.isfinite(loglik):
        return None
    damping = 1e-3
    for _ in range(_STEPS):
        free = ~((theta <= bounds[:, 0]) & (gradient < 0))
        free &= ~((theta >= bounds[:, 1]) & (gradient > 0))
        free[held] = False
        if not free.any():
            break
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
                break
        elif moved <= 1e-13 * size:
            break
        else:
            damping = max(10 * damping, 1e-6)
    return loglik, theta
