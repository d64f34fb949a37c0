"""Does a treatment make people differ more from one another? Effect sizes of spread.

A treatment that works for some and not for others widens the spread of its group. Estimates
are logarithms, group 1 over group 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from reprieve.effects import checks
from reprieve.effects.changes import ratio_of_means_change
from reprieve.effects.continuous import ratio_of_means
from reprieve.effects.effect import Effect


def log_sd(sd: ArrayLike, n: ArrayLike, *, correct: bool = True) -> Effect:
    """Logarithm of the standard deviation of one group (SDLN).

    Source: Nakagawa S et al. Methods Ecol Evol 2015;6:143–152; metafor
    ``escalc(measure="SDLN")``.

    Parameters
    ----------
    sd, n : array_like
        Standard deviation and people.
    correct : bool
        Whether to take the small-sample bias out.

    Examples
    --------
    >>> effect = log_sd(7, 20)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    1.9722 0.02632
    """
    sd, df = checks.positive("sd", sd), checks.group_size("n", n) - 1
    return Effect.of(np.log(sd) + correct / (2 * df), 1 / (2 * df))


def log_cv(mean: ArrayLike, sd: ArrayLike, n: ArrayLike, *, correct: bool = True) -> Effect:
    """Logarithm of the coefficient of variation, SD over mean, of one group (CVLN).

    Source: Nakagawa S et al. Methods Ecol Evol 2015;6:143–152, without the term for a
    correlation of mean and standard deviation; metafor ``escalc(measure="CVLN")``.

    Parameters
    ----------
    mean, sd, n : array_like
        Mean above zero, standard deviation and people.
    correct : bool
        Whether to take the small-sample bias out.

    Examples
    --------
    >>> effect = log_cv(30, 7, 20)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    -1.429 0.02904
    """
    spread = log_sd(sd, n, correct=correct)
    mean = checks.positive("mean", mean)
    squared_cv = (checks.positive("sd", sd) / mean) ** 2
    return Effect.of(spread.estimate - np.log(mean), spread.variance + squared_cv / np.asarray(n))


def log_variability_ratio(
    sd1: ArrayLike, n1: ArrayLike, sd2: ArrayLike, n2: ArrayLike, *, correct: bool = True
) -> Effect:
    """Logarithm of the ratio of two standard deviations (VR).

    Source: Nakagawa S et al. Methods Ecol Evol 2015;6:143–152, equation 9; metafor
    ``escalc(measure="VR")``.

    Parameters
    ----------
    sd1, n1, sd2, n2 : array_like
        Standard deviations and people of the two groups.
    correct : bool
        Whether to take the small-sample bias out.

    Examples
    --------
    >>> effect = log_variability_ratio(24, 41, 20, 51)
    >>> print(effect.estimate.round(4), effect.variance)
    0.1848 0.0225
    """
    one = log_sd(sd1, n1, correct=correct)
    two = log_sd(sd2, n2, correct=correct)
    return Effect.of(one.estimate - two.estimate, one.variance + two.variance)


def log_cv_ratio(
    mean1: ArrayLike,
    sd1: ArrayLike,
    n1: ArrayLike,
    mean2: ArrayLike,
    sd2: ArrayLike,
    n2: ArrayLike,
    *,
    correct: bool = True,
) -> Effect:
    """Logarithm of the ratio of two coefficients of variation (CVR).

    Source: Nakagawa S et al. Methods Ecol Evol 2015;6:143–152, equation 12; Senior AM et al.
    Res Synth Methods 2020;11:553–567, equation 6; metafor ``escalc(measure="CVR")``.

    Parameters
    ----------
    mean1, sd1, n1, mean2, sd2, n2 : array_like
        Means above zero, standard deviations and people of the two groups.
    correct : bool
        Whether to take the small-sample bias out.

    Examples
    --------
    >>> effect = log_cv_ratio(40, 24, 41, 50, 20, 51)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    0.4051 0.03442
    """
    checks.positive("mean1", mean1), checks.positive("mean2", mean2)
    spread = log_variability_ratio(sd1, n1, sd2, n2, correct=correct)
    means = ratio_of_means(mean1, sd1, n1, mean2, sd2, n2, correct=correct)
    return Effect.of(spread.estimate - means.estimate, spread.variance + means.variance)


def log_variability_ratio_change(
    sd1: ArrayLike, sd2: ArrayLike, n: ArrayLike, correlation: ArrayLike
) -> Effect:
    """Logarithm of the ratio of two standard deviations of the same people (VRC).

    Source: Senior AM et al. Res Synth Methods 2020;11:553–567, equations 8 and 21; metafor
    ``escalc(measure="VRC")``.

    Parameters
    ----------
    sd1, sd2 : array_like
        Standard deviations of the two measurements.
    n : array_like
        People measured twice.
    correlation : array_like
        Between the two measurements, within people.

    Examples
    --------
    >>> effect = log_variability_ratio_change(7, 8, n=20, correlation=0.5)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    -0.1335 0.03947
    """
    r, df = checks.correlation("correlation", correlation), checks.group_size("n", n) - 1
    y = np.log(checks.positive("sd1", sd1) / checks.positive("sd2", sd2))
    return Effect.of(y, (1 - r**2) / df)


def log_cv_ratio_change(
    mean1: ArrayLike,
    sd1: ArrayLike,
    mean2: ArrayLike,
    sd2: ArrayLike,
    n: ArrayLike,
    correlation: ArrayLike,
    *,
    correct: bool = True,
) -> Effect:
    """Logarithm of the ratio of two coefficients of variation of the same people (CVRC).

    Source: Senior AM et al. Res Synth Methods 2020;11:553–567, equations 9 and 23; metafor
    ``escalc(measure="CVRC")``.

    Parameters
    ----------
    mean1, sd1, mean2, sd2 : array_like
        Means above zero and standard deviations of the two measurements.
    n : array_like
        People measured twice.
    correlation : array_like
        Between the two measurements, within people.
    correct : bool
        Whether to take the small-sample bias out.

    Examples
    --------
    >>> effect = log_cv_ratio_change(30, 7, 24, 8, n=20, correlation=0.5)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    -0.3553 0.04386
    """
    checks.positive("mean1", mean1), checks.positive("mean2", mean2)
    spread = log_variability_ratio_change(sd1, sd2, n, correlation)
    means = ratio_of_means_change(mean1, sd1, mean2, sd2, n, correlation, correct=correct)
    return Effect.of(spread.estimate - means.estimate, spread.variance + means.variance)
