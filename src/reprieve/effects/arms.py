"""Arms of a trial taken together, and one arm at two visits."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from reprieve.effects import checks, recover
from reprieve.effects.checks import Array


class Moments(NamedTuple):
    """Mean and standard deviation.

    Attributes
    ----------
    mean, sd : ndarray
    """

    mean: Array
    sd: Array


class Arm(NamedTuple):
    """People, mean and standard deviation.

    Attributes
    ----------
    n, mean, sd : ndarray
    """

    n: Array
    mean: Array
    sd: Array


def combine_arms(n: ArrayLike, mean: ArrayLike, sd: ArrayLike, axis: int = -1) -> Arm:
    """People, mean and standard deviation of several groups as if they were one, exactly.

    Source: Cochrane Handbook 6.5.2.10, Table 6.5.a, for any number of groups.

    Parameters
    ----------
    n, mean, sd : array_like
        Of the groups, which lie along `axis`.
    axis : int
        The axis that is summed out.

    Examples
    --------
    >>> n, mean, sd = combine_arms(n=[20, 30], mean=[40.0, 50.0], sd=[10.0, 12.0])
    >>> print(n, mean, sd.round(3))
    50.0 46.0 12.186
    """
    n, mean, sd = np.broadcast_arrays(
        checks.group_size("n", n), checks.numbers("mean", mean), checks.positive("sd", sd)
    )
    people = n.sum(axis=axis, keepdims=True)
    middle = (n * mean).sum(axis=axis, keepdims=True) / people
    squares = ((n - 1) * sd**2 + n * (mean - middle) ** 2).sum(axis=axis, keepdims=True)
    spread = np.sqrt(squares / (people - 1))
    return Arm(*(part.squeeze(axis) for part in (people, middle, spread)))


def pooled_sd(n: ArrayLike, sd: ArrayLike, axis: int = -1) -> Array:
    """Standard deviation within groups that share one: √(Σ(n − 1)SD² / Σ(n − 1)).

    Source: Cochrane Handbook 6.5.2.10 and 10.5.

    Parameters
    ----------
    n, sd : array_like
        Of the groups, which lie along `axis`.
    axis : int
        The axis that is summed out.

    Examples
    --------
    >>> print(pooled_sd(n=[21, 11], sd=[10.0, 7.0]).round(3))
    9.11
    """
    n, sd = np.broadcast_arrays(checks.group_size("n", n), checks.positive("sd", sd))
    pooled: Array = np.sqrt(((n - 1) * sd**2).sum(axis=axis) / (n - 1).sum(axis=axis))
    return pooled


def change_from_baseline(
    mean_baseline: ArrayLike,
    sd_baseline: ArrayLike,
    mean_final: ArrayLike,
    sd_final: ArrayLike,
    correlation: ArrayLike,
) -> Moments:
    """Mean and standard deviation of the change, final minus baseline: negative is less pain.

    Source: Cochrane Handbook 6.5.2.8.

    Parameters
    ----------
    mean_baseline, sd_baseline, mean_final, sd_final : array_like
        Of the same people at two visits.
    correlation : array_like
        Between the visits, within people.

    Examples
    --------
    >>> change = change_from_baseline(60, 16, 40, 20, correlation=0.5)
    >>> print(change.mean, change.sd.round(2))
    -20.0 18.33
    """
    before = checks.numbers("mean_baseline", mean_baseline)
    after = checks.numbers("mean_final", mean_final)
    sd = recover.sd_of_change(sd_baseline, sd_final, correlation)
    mean, sd = np.broadcast_arrays(after - before, sd)
    return Moments(mean, sd)
