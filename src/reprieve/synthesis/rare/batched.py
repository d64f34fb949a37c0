"""Newton's method for a likelihood of few parameters that is cheap at many points at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.rare.integral import no_finite_effect, uphill

Likelihood = Callable[[Array], Array]
"""From parameters, shape (g, h), to the log-likelihood, shape (g,); parameter 1 is the effect."""

_STEPS = 100
_DELTA = 1e-4


def climb(
    likelihood: Likelihood, start: Array, free: Sequence[int], floor: Array
) -> tuple[Array, float]:
    """The highest point, and its height.

    Parameters
    ----------
    likelihood : Likelihood
    start, floor : ndarray, shape (h,)
        A parameter that falls to its floor stays there.
    free : sequence of int
        Parameters that may move.

    Raises
    ------
    SynthesisError
        The effect runs away: it has no finite estimate.

    Examples
    --------
    >>> def hill(at):
    ...     return -((at[:, 0] - 1) ** 2) - (at[:, 1] + 2) ** 4
    >>> at, value = climb(hill, np.array([0.0, 0.0]), [0, 1], np.full(2, -9.0))
    >>> at.round(2)
    array([ 1., -2.])
    """
    at = np.maximum(start, floor)
    free = list(free)
    value = -math.inf
    for _ in range(_STEPS):
        value, slope, bend = differences(likelihood, at, free)
        step = np.zeros(len(at))
        step[free] = uphill(slope, bend)
        # all lengths of the step are tried at once
        tries = np.maximum(at + step * 0.5 ** np.arange(12.0)[:, None], floor)
        values = likelihood(tries)
        best = int(values.argmax())
        if not values[best] > value + 1e-12 * abs(value):
            break
        at, value = tries[best], float(values[best])
        free = [i for i in free if at[i] > floor[i]]
        if abs(at[1]) > 50:
            raise no_finite_effect()
    return at, value


def differences(
    likelihood: Likelihood, at: Array, free: Sequence[int]
) -> tuple[float, Array, Array]:
    """Height, slope and bend by central differences, from one call.

    Parameters
    ----------
    likelihood : Likelihood
    at : ndarray, shape (h,)
    free : sequence of int
        The m parameters to move.

    Returns
    -------
    tuple of float, ndarray (m,), ndarray (m, m)
    """
    m = len(free)
    unit = np.zeros((m, len(at)))
    unit[np.arange(m), free] = _DELTA
    pairs = [(i, j) for i in range(m) for j in range(i + 1, m)]
    both = [at + sign * (unit[i] + unit[j]) for i, j in pairs for sign in (1, -1)]
    values = likelihood(np.array([at, *(at + unit), *(at - unit), *both]))
    centre, up, down = values[0], values[1 : m + 1], values[m + 1 : 2 * m + 1]
    bend = np.diag((up + down - 2 * centre) / _DELTA**2)
    for place, (i, j) in enumerate(pairs):
        corner = values[2 * m + 1 + 2 * place : 2 * m + 3 + 2 * place].sum()
        mixed = corner - up[i] - down[i] - up[j] - down[j] + 2 * centre
        bend[i, j] = bend[j, i] = mixed / (2 * _DELTA**2)
    return float(centre), (up - down) / (2 * _DELTA), bend
