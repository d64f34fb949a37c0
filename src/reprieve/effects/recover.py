"""Means, standard deviations and standard errors, from whatever the trial reports instead."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from reprieve.effects import checks
from reprieve.effects.checks import Array


def _t_quantile(probability: ArrayLike, df: ArrayLike | None) -> Array:
    """Quantile of t, or of the normal distribution where `df` is None."""
    from scipy.special import ndtri, stdtrit

    quantile: Array = ndtri(probability) if df is None else stdtrit(df, probability)
    return quantile


def _degrees(df: ArrayLike | None) -> Array | None:
    return None if df is None else checks.positive("df", df)


def sd_from_se(se: ArrayLike, n: ArrayLike) -> Array:
    """Standard deviation from the standard error of a mean: SE·√n.

    Source: Cochrane Handbook 6.5.2.2.

    Parameters
    ----------
    se : array_like
        Standard error of the mean of one group.
    n : array_like
        People in the group.

    Examples
    --------
    >>> print(sd_from_se(1.5, 36))
    9.0
    """
    return checks.positive("se", se) * np.sqrt(checks.group_size("n", n))


def se_from_ci(
    low: ArrayLike, high: ArrayLike, level: float = 0.95, df: ArrayLike | None = None
) -> Array:
    """Standard error from a confidence interval; for ratios, give the logarithms of its ends.

    Source: Cochrane Handbook 6.3.1 and 6.5.2.3.

    Parameters
    ----------
    low, high : array_like
        Ends of the interval.
    level : float
        Of the interval.
    df : array_like, optional
        Degrees of freedom of the t distribution; the normal distribution where it is left out.

    Examples
    --------
    >>> print(se_from_ci(-1.96, 1.96).round(3), se_from_ci(1.04, 6.56, df=45).round(2))
    1.0 1.37
    """
    low, high = checks.ordered(low=low, high=high)
    upper = (1 + checks.probability("level", level)) / 2
    return (high - low) / (2 * _t_quantile(upper, _degrees(df)))


def sd_from_ci(low: ArrayLike, high: ArrayLike, n: ArrayLike, level: float = 0.95) -> Array:
    """Standard deviation from the confidence interval of a mean: √n·(high − low)/(2·t).

    Source: Cochrane Handbook 6.5.2.2, which asks for the t distribution with n − 1 degrees of
    freedom below about 60 people; it is used for every n here, since it only draws nearer to
    the normal distribution above that.

    Parameters
    ----------
    low, high : array_like
        Ends of the confidence interval of the mean of one group.
    n : array_like
        People in the group.
    level : float
        Of the interval.

    Examples
    --------
    With 25 people the divisor is 2 × 2.0639 = 4.128, as in the Handbook.

    >>> print(sd_from_ci(0, 4.128, 25).round(2))
    5.0
    """
    n = checks.group_size("n", n)
    return se_from_ci(low, high, level, df=n - 1) * np.sqrt(n)


# Differences between two groups --------------------------------------------------------------


def se_from_p(difference: ArrayLike, p: ArrayLike, df: ArrayLike | None = None) -> Array:
    """Standard error of a difference from its two-sided p value: |difference| / t.

    Source: Cochrane Handbook 6.5.2.3 (t) and 6.3.2 (normal).

    Parameters
    ----------
    difference : array_like
        The difference, or the logarithm of the ratio, that was tested against zero.
    p : array_like
        Exact two-sided p value, between 0 and 1.
    df : array_like, optional
        Degrees of freedom of the t test (n1 + n2 − 2); without, a z test is assumed.

    Examples
    --------
    The Handbook's example: a difference of 3.8 with p = 0.008 in 25 and 22 people.

    >>> print(se_from_p(3.8, 0.008, df=45).round(2))
    1.37
    """
    quantile = _t_quantile(1 - checks.probability("p", p) / 2, _degrees(df))
    return np.abs(checks.numbers("difference", difference)) / quantile


def sd_from_t(difference: ArrayLike, t: ArrayLike, n1: ArrayLike, n2: ArrayLike) -> Array:
    """Standard deviation common to two groups from the t statistic of their difference.

    Source: Cochrane Handbook 6.5.2.3: SE = difference/t, SD = SE/√(1/n1 + 1/n2).

    Parameters
    ----------
    difference : array_like
        Difference of the two means.
    t : array_like
        Its t statistic, other than zero; the sign does not matter.
    n1, n2 : array_like
        People in the groups.

    Examples
    --------
    >>> print(sd_from_t(3.8, 2.78, 25, 22).round(2))
    4.68
    """
    t = checks.numbers("t", t)
    checks.require("t", t, t != 0, "a statistic other than zero")
    n1, n2 = checks.group_size("n1", n1), checks.group_size("n2", n2)
    se = np.abs(checks.numbers("difference", difference) / t)
    return se / np.sqrt(1 / n1 + 1 / n2)


def sd_from_p(difference: ArrayLike, p: ArrayLike, n1: ArrayLike, n2: ArrayLike) -> Array:
    """Standard deviation common to two groups from the p value of a t test between them.

    Source: Cochrane Handbook 6.5.2.3.

    Parameters
    ----------
    difference : array_like
        Difference of the two means.
    p : array_like
        Exact two-sided p value of the t test with n1 + n2 − 2 degrees of freedom.
    n1, n2 : array_like
        People in the groups.

    Examples
    --------
    The Handbook's example, which has 4.69 because it rounds the standard error first:

    >>> print(sd_from_p(3.8, 0.008, 25, 22).round(2))
    4.68
    """
    n1, n2 = checks.group_size("n1", n1), checks.group_size("n2", n2)
    return se_from_p(difference, p, df=n1 + n2 - 2) / np.sqrt(1 / n1 + 1 / n2)


# Change since baseline -----------------------------------------------------------------------


def sd_of_change(sd_baseline: ArrayLike, sd_final: ArrayLike, correlation: ArrayLike) -> Array:
    """Standard deviation of the change between two visits, with a stated correlation.

    Source: Cochrane Handbook 6.5.2.8: √(SD₀² + SD₁² − 2·r·SD₀·SD₁).

    Parameters
    ----------
    sd_baseline, sd_final : array_like
        Standard deviations at the two visits.
    correlation : array_like
        Between the two visits, within people; `correlation_from_sds` finds it in a trial that
        reports all three standard deviations.

    Examples
    --------
    Standard deviations of 2.38 and 2.21 that correlate 0.68 in ten people give a standard error
    of 0.583, as in the Handbook (version 5.1, 16.4.6.4).

    >>> print((sd_of_change(2.38, 2.21, 0.68) / np.sqrt(10)).round(3))
    0.583
    """
    before = checks.positive("sd_baseline", sd_baseline)
    after = checks.positive("sd_final", sd_final)
    r = checks.correlation("correlation", correlation)
    # At r = 1 rounding can leave a variance just below zero.
    return np.sqrt(np.maximum((before - after) ** 2 + 2 * (1 - r) * before * after, 0))


def correlation_from_sds(
    sd_baseline: ArrayLike, sd_final: ArrayLike, sd_change: ArrayLike
) -> Array:
    """Correlation of two visits within people, from three reported standard deviations.

    Source: Cochrane Handbook 6.5.2.8: (SD₀² + SD₁² − SD_change²)/(2·SD₀·SD₁).

    Parameters
    ----------
    sd_baseline, sd_final, sd_change : array_like
        Standard deviations at the two visits and of the change.

    Raises
    ------
    InputError
        No correlation can have produced these three numbers.

    Examples
    --------
    >>> print(correlation_from_sds(6.4, 7.1, 4.5).round(2))
    0.78
    """
    before = checks.positive("sd_baseline", sd_baseline)
    after = checks.positive("sd_final", sd_final)
    change = checks.positive("sd_change", sd_change)
    r = (before**2 + after**2 - change**2) / (2 * before * after)
    return checks.require(
        "the correlation of these standard deviations",
        r,
        np.abs(r) <= 1 + 1e-12,
        "one from -1 to 1, so the standard deviation of the change must lie between the "
        "difference and the sum of the other two",
    ).clip(-1, 1)
