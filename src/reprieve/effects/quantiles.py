"""Means and standard deviations from medians, quartiles and ranges, and whether they mislead."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reprieve.effects import checks
from reprieve.effects.checks import Array

LEAST = 5
"""Below five people these approximations say nothing."""


def sd_from_quartiles(q1: ArrayLike, q3: ArrayLike, n: ArrayLike) -> Array:
    """Standard deviation from the quartiles, if values are about normal.

    Source: Wan X et al. BMC Med Res Methodol 2014;14:135, equation 16.

    Parameters
    ----------
    q1, q3 : array_like
        Lower and upper quartile.
    n : array_like
        People, at least 5.

    Examples
    --------
    >>> print(sd_from_quartiles(4, 10, 20).round(4))
    4.7871
    """
    from scipy.special import ndtri

    q1, q3 = checks.ordered(q1=q1, q3=q3)
    n = checks.group_size("n", n, LEAST)
    return np.asarray((q3 - q1) / (2 * ndtri((0.75 * n - 0.125) / (n + 0.25))))


def sd_from_range(minimum: ArrayLike, maximum: ArrayLike, n: ArrayLike) -> Array:
    """Standard deviation from the lowest and highest value, if values are about normal.

    Source: Wan X et al. BMC Med Res Methodol 2014;14:135, equation 9.

    Parameters
    ----------
    minimum, maximum : array_like
        Lowest and highest value seen.
    n : array_like
        People, at least 5.

    Examples
    --------
    >>> print(sd_from_range(2, 14, 20).round(4))
    3.2116
    """
    from scipy.special import ndtri

    minimum, maximum = checks.ordered(minimum=minimum, maximum=maximum)
    n = checks.group_size("n", n, LEAST)
    return np.asarray((maximum - minimum) / (2 * ndtri((n - 0.375) / (n + 0.25))))


def sd_from_five_numbers(
    minimum: ArrayLike, q1: ArrayLike, q3: ArrayLike, maximum: ArrayLike, n: ArrayLike
) -> Array:
    """Standard deviation from quartiles and range together, if values are about normal.

    Source: Shi J et al. Res Synth Methods 2020;11:641–654, equation 10, which weighs the two
    estimates of Wan (2014) by how much each is worth at this n.

    Parameters
    ----------
    minimum, q1, q3, maximum : array_like
        Lowest value, quartiles, highest value.
    n : array_like
        People, at least 5.

    Examples
    --------
    >>> print(sd_from_five_numbers(2, 4, 10, 14, 20).round(4))
    3.6794
    """
    minimum, q1, q3, maximum = checks.ordered(minimum=minimum, q1=q1, q3=q3, maximum=maximum)
    n = checks.group_size("n", n, LEAST)
    weight = 1 / (1 + 0.07 * n**0.6)
    by_range, by_quartiles = sd_from_range(minimum, maximum, n), sd_from_quartiles(q1, q3, n)
    return weight * by_range + (1 - weight) * by_quartiles


def mean_from_quartiles(q1: ArrayLike, median: ArrayLike, q3: ArrayLike, n: ArrayLike) -> Array:
    """Mean from the median and quartiles, if values are about normal.

    Source: Luo D et al. Stat Methods Med Res 2018;27:1785–1805, equation 11.

    Parameters
    ----------
    q1, median, q3 : array_like
        Quartiles.
    n : array_like
        People, at least 5.

    Examples
    --------
    >>> print(mean_from_quartiles(4, 6, 10, 20).round(4))
    6.7195
    """
    q1, median, q3 = checks.ordered(q1=q1, median=median, q3=q3)
    weight = 0.7 + 0.39 / checks.group_size("n", n, LEAST)
    return weight * (q1 + q3) / 2 + (1 - weight) * median


def mean_from_range(
    minimum: ArrayLike, median: ArrayLike, maximum: ArrayLike, n: ArrayLike
) -> Array:
    """Mean from the median, lowest and highest value, if values are about normal.

    Source: Luo D et al. Stat Methods Med Res 2018;27:1785–1805, equation 7.

    Parameters
    ----------
    minimum, median, maximum : array_like
        Lowest value, median, highest value.
    n : array_like
        People, at least 5.

    Examples
    --------
    >>> print(mean_from_range(2, 6, 14, 20).round(4))
    6.5945
    """
    minimum, median, maximum = checks.ordered(minimum=minimum, median=median, maximum=maximum)
    weight = 4 / (4 + checks.group_size("n", n, LEAST) ** 0.75)
    return weight * (minimum + maximum) / 2 + (1 - weight) * median


def mean_from_five_numbers(
    minimum: ArrayLike,
    q1: ArrayLike,
    median: ArrayLike,
    q3: ArrayLike,
    maximum: ArrayLike,
    n: ArrayLike,
) -> Array:
    """Mean from median, quartiles and range together, if values are about normal.

    Source: Luo D et al. Stat Methods Med Res 2018;27:1785–1805, equation 15.

    Parameters
    ----------
    minimum, q1, median, q3, maximum : array_like
        Lowest value, quartiles, highest value.
    n : array_like
        People, at least 5.

    Examples
    --------
    >>> print(mean_from_five_numbers(2, 4, 6, 10, 14, 20).round(4))
    6.9388
    """
    minimum, q1, median, q3, maximum = checks.ordered(
        minimum=minimum, q1=q1, median=median, q3=q3, maximum=maximum
    )
    n = checks.group_size("n", n, LEAST)
    w_range, w_quartiles = 2.2 / (2.2 + n**0.75), 0.7 - 0.72 / n**0.55
    return (
        w_range * (minimum + maximum) / 2
        + w_quartiles * (q1 + q3) / 2
        + (1 - w_range - w_quartiles) * median
    )


# Skewness ------------------------------------------------------------------------------------


def looks_skewed_from_quartiles(
    q1: ArrayLike, median: ArrayLike, q3: ArrayLike, n: ArrayLike
) -> NDArray[np.bool_]:
    """Whether the quartiles say that values are skewed, so that the estimates above mislead.

    Source: Shi J et al. Stat Methods Med Res 2023;32:1338–1360, at the 5% level.

    Parameters
    ----------
    q1, median, q3 : array_like
        Quartiles.
    n : array_like
        People, at least 5.

    Examples
    --------
    >>> print(looks_skewed_from_quartiles(4, [6, 4.5], 10, 40))
    [False  True]
    """
    q1, median, q3 = checks.ordered(q1=q1, median=median, q3=q3)
    n = checks.group_size("n", n, LEAST)
    return _lopsidedness(q1, median, q3) >= 2.65 / np.sqrt(n) - 6 / n**2


def looks_skewed_from_range(
    minimum: ArrayLike, median: ArrayLike, maximum: ArrayLike, n: ArrayLike
) -> NDArray[np.bool_]:
    """Whether the median and range say that values are skewed.

    Source: Shi J et al. Stat Methods Med Res 2023;32:1338–1360, at the 5% level.

    Parameters
    ----------
    minimum, median, maximum : array_like
        Lowest value, median, highest value.
    n : array_like
        People, at least 5.

    Examples
    --------
    >>> print(looks_skewed_from_range(2, [7, 3], 14, 40))
    [False  True]
    """
    minimum, median, maximum = checks.ordered(minimum=minimum, median=median, maximum=maximum)
    n = checks.group_size("n", n, LEAST)
    return _lopsidedness(minimum, median, maximum) >= 1 / np.log(n + 9) + 2.5 / (n + 1)


def looks_skewed_from_five_numbers(
    minimum: ArrayLike,
    q1: ArrayLike,
    median: ArrayLike,
    q3: ArrayLike,
    maximum: ArrayLike,
    n: ArrayLike,
) -> NDArray[np.bool_]:
    """Whether quartiles and range together say that values are skewed.

    Source: Shi J et al. Stat Methods Med Res 2023;32:1338–1360, at the 5% level.

    Parameters
    ----------
    minimum, q1, median, q3, maximum : array_like
        Lowest value, quartiles, highest value.
    n : array_like
        People, at least 5.

    Examples
    --------
    >>> print(looks_skewed_from_five_numbers(2, 4, 6, [10, 14], [14, 20], 20))
    [False  True]
    """
    minimum, q1, median, q3, maximum = checks.ordered(
        minimum=minimum, q1=q1, median=median, q3=q3, maximum=maximum
    )
    n = checks.group_size("n", n, LEAST)
    by_range = 2.65 * np.log(0.6 * n) / np.sqrt(n) * _lopsidedness(minimum, median, maximum)
    statistic = np.maximum(by_range, _lopsidedness(q1, median, q3))
    return statistic >= 3 / np.sqrt(n) - 40 / n**3


@np.errstate(invalid="ignore")
def _lopsidedness(low: Array, median: Array, high: Array) -> Array:
    """How far the median lies from the middle, as a part of half the width (NaN without width)."""
    return np.abs(low + high - 2 * median) / np.asarray(high - low)
