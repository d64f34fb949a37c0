"""What every effect-size function gives back: the estimates and their sampling variances."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from reprieve.effects.checks import Array


class Effect(NamedTuple):
    """Effect sizes, one for each study, on the scale on which they are pooled.

    Attributes
    ----------
    estimate : ndarray
        Group 1 minus group 2, or the logarithm of group 1 over group 2. NaN where an input is
        missing or the effect can't be estimated from it.
    variance : ndarray
        Sampling variance of the estimate.

    Examples
    --------
    >>> effect = Effect.of(0.5, [0.04, 0.09])
    >>> print(effect.estimate, effect.standard_error)
    [0.5 0.5] [0.2 0.3]
    """

    estimate: Array
    variance: Array

    @property
    def standard_error(self) -> Array:
        """Square root of the sampling variance."""
        return np.sqrt(self.variance)

    @classmethod
    def of(cls, estimate: ArrayLike, variance: ArrayLike) -> Effect:
        """An effect of two arrays that fit together; infinite means it can't be estimated."""
        y, v = np.broadcast_arrays(
            np.asarray(estimate, dtype=np.float64), np.asarray(variance, dtype=np.float64)
        )
        estimable = ~(np.isinf(y) | np.isinf(v))
        return cls(np.where(estimable, y, np.nan), np.where(estimable, v, np.nan))


def average_over_studies(values: Array, n: Array) -> Array:
    """Mean of `values` weighted by `n` over the last axis (the studies), skipping missing ones.

    Some variances (``vtype="AV"``) put this average in place of each study's own value.

    Examples
    --------
    >>> print(average_over_studies(np.array([1.0, 4.0, np.nan]), np.array([10.0, 20.0, 5.0])))
    [3.]
    """
    known = ~(np.isnan(values) | np.isnan(n))
    weight = np.atleast_1d(np.where(known, n, 0.0))
    filled = np.atleast_1d(np.where(known, values, 0.0))
    total = weight.sum(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        average: Array = (weight * filled).sum(axis=-1, keepdims=True) / total
    return average
