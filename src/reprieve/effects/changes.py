"""Effect sizes from two measurements of the same people: before and after, or matched pairs.

Estimates are measurement 1 minus measurement 2, in the order in which they are given: give the
later one first, and a negative change means that scores fell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from reprieve.effects import checks
from reprieve.effects.checks import Array
from reprieve.effects.continuous import hedges_correction
from reprieve.effects.effect import Effect


class _Pair:
    """Checked means and standard deviations of two measurements, people, and correlation."""

    def __init__(
        self,
        mean1: ArrayLike,
        sd1: ArrayLike,
        mean2: ArrayLike,
        sd2: ArrayLike,
        n: ArrayLike,
        correlation: ArrayLike,
    ) -> None:
        self.mean1, self.mean2 = checks.numbers("mean1", mean1), checks.numbers("mean2", mean2)
        self.sd1, self.sd2 = checks.positive("sd1", sd1), checks.positive("sd2", sd2)
        self.n = checks.group_size("n", n)
        self.r = checks.correlation("correlation", correlation)

    @property
    def difference(self) -> Array:
        return self.mean1 - self.mean2

    @property
    def change_variance(self) -> Array:
        """Variance of the differences within people."""
        return self.sd1**2 + self.sd2**2 - 2 * self.r * self.sd1 * self.sd2


def mean_change(
    mean1: ArrayLike,
    sd1: ArrayLike,
    mean2: ArrayLike,
    sd2: ArrayLike,
    n: ArrayLike,
    correlation: ArrayLike,
) -> Effect:
    """Mean change within people (MC).

    Source: Cochrane Handbook 6.5.2.8; metafor ``escalc(measure="MC")``.

    Parameters
    ----------
    mean1, sd1, mean2, sd2 : array_like
        Means and standard deviations of the two measurements.
    n : array_like
        People measured twice.
    correlation : array_like
        Between the two measurements, within people.

    Examples
    --------
    >>> effect = mean_change(24, 8, 30, 7, n=20, correlation=0.5)
    >>> print(effect.estimate, effect.variance)
    -6.0 2.85
    """
    pair = _Pair(mean1, sd1, mean2, sd2, n, correlation)
    return Effect.of(pair.difference, pair.change_variance / pair.n)


def standardized_mean_change(
    mean1: ArrayLike,
    sd1: ArrayLike,
    mean2: ArrayLike,
    sd2: ArrayLike,
    n: ArrayLike,
    correlation: ArrayLike,
    *,
    correct: bool = True,
) -> Effect:
    """Mean change in standard deviations of the change, without bias (SMCC).

    Source: Gibbons RD et al. J Educ Stat 1993;18:271–279; metafor ``escalc(measure="SMCC")``.

    Parameters
    ----------
    mean1, sd1, mean2, sd2 : array_like
        Means and standard deviations of the two measurements.
    n : array_like
        People measured twice.
    correlation : array_like
        Between the two measurements, within people; below 1, where changes do not vary.
    correct : bool
        Whether to take the small-sample bias out.

    Examples
    --------
    >>> effect = standardized_mean_change(24, 8, 30, 7, n=20, correlation=0.5)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    -0.7629 0.06455
    """
    pair = _Pair(mean1, sd1, mean2, sd2, n, correlation)
    with np.errstate(divide="ignore", invalid="ignore"):
        y = pair.difference / np.sqrt(pair.change_variance)
    if correct:
        y = y * hedges_correction(pair.n - 1)
    return Effect.of(y, 1 / pair.n + y**2 / (2 * pair.n))


def mean_change_in_first_sd(
    mean1: ArrayLike,
    sd1: ArrayLike,
    mean2: ArrayLike,
    n: ArrayLike,
    correlation: ArrayLike,
    sd2: ArrayLike | None = None,
    *,
    correct: bool = True,
) -> Effect:
    """Mean change in standard deviations of measurement 1, without bias (SMCR, SMCRH).

    Source: Becker BJ. Br J Math Stat Psychol 1988;41:257–278, equation 13; Bonett DG. Psychol
    Methods 2008;13:99–109, equation 13; metafor ``escalc`` with measure ``"SMCR"`` and
    ``"SMCRH"``.

    Parameters
    ----------
    mean1, sd1, mean2 : array_like
        Means of both measurements, and the standard deviation of measurement 1.
    n : array_like
        People measured twice.
    correlation : array_like
        Between the two measurements, within people.
    sd2 : array_like, optional
        Standard deviation of measurement 2; where it is given, the variance does not assume
        that it equals that of measurement 1.
    correct : bool
        Whether to take the small-sample bias out.

    Examples
    --------
    >>> effect = mean_change_in_first_sd(30, 7, 24, n=20, correlation=0.5)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    0.8228 0.06692
    """
    pair = _Pair(mean1, sd1, mean2, sd1 if sd2 is None else sd2, n, correlation)
    y = pair.difference / pair.sd1
    if correct:
        y = y * hedges_correction(pair.n - 1)
    if sd2 is None:
        return Effect.of(y, 2 * (1 - pair.r) / pair.n + y**2 / (2 * pair.n))
    df = pair.n - 1
    return Effect.of(y, pair.change_variance / (pair.sd1**2 * df) + y**2 / (2 * df))


def mean_change_in_pooled_sd(
    mean1: ArrayLike,
    sd1: ArrayLike,
    mean2: ArrayLike,
    sd2: ArrayLike,
    n: ArrayLike,
    correlation: ArrayLike,
    *,
    equal: bool = True,
    correct: bool = True,
) -> Effect:
    """Mean change in pooled standard deviations of both measurements (SMCRP, SMCRPH).

    Source: Cousineau D. Quant Methods Psychol 2020;16:418–421, equation 2; Bonett DG. Psychol
    Methods 2008;13:99–109, equation 10; metafor ``escalc`` with measure ``"SMCRP"`` and
    ``"SMCRPH"``.

    Parameters
    ----------
    mean1, sd1, mean2, sd2 : array_like
        Means and standard deviations of the two measurements.
    n : array_like
        People measured twice.
    correlation : array_like
        Between the two measurements, within people.
    equal : bool
        Whether the variance assumes equal standard deviations.
    correct : bool
        Whether to take the small-sample bias out.

    Examples
    --------
    >>> effect = mean_change_in_pooled_sd(30, 7, 24, 8, n=20, correlation=0.5)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    0.7783 0.05947
    """
    pair = _Pair(mean1, sd1, mean2, sd2, n, correlation)
    pooled = (pair.sd1**2 + pair.sd2**2) / 2
    y, r, n = pair.difference / np.sqrt(pooled), pair.r, pair.n
    if correct:
        y = y * hedges_correction(2 * (n - 1) / (1 + r**2))
    if equal:
        return Effect.of(y, 2 * (1 - r) / n + y**2 * (1 + r**2) / (4 * n))
    spread = pair.sd1**4 + pair.sd2**4 + 2 * (r * pair.sd1 * pair.sd2) ** 2
    variance = pair.change_variance / pooled + y**2 * spread / (8 * pooled**2)
    return Effect.of(y, variance / (n - 1))


def ratio_of_means_change(
    mean1: ArrayLike,
    sd1: ArrayLike,
    mean2: ArrayLike,
    sd2: ArrayLike,
    n: ArrayLike,
    correlation: ArrayLike,
    *,
    correct: bool = True,
) -> Effect:
    """Logarithm of the ratio of two means of the same people (ROMC).

    Source: Lajeunesse MJ. Ecology 2011;92:2049–2055, equation 6; Senior AM et al. Res Synth
    Methods 2020;11:553–567, equations 7 and 18; metafor ``escalc(measure="ROMC")``.

    Parameters
    ----------
    mean1, sd1, mean2, sd2 : array_like
        Means of the same sign on a scale with a true zero, and standard deviations.
    n : array_like
        People measured twice.
    correlation : array_like
        Between the two measurements, within people.
    correct : bool
        Whether to take the small-sample bias out.

    Examples
    --------
    >>> effect = ratio_of_means_change(30, 7, 24, 8, n=20, correlation=0.5)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    0.2217 0.00439
    """
    pair = _Pair(mean1, sd1, mean2, sd2, n, correlation)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = pair.mean1 / np.asarray(pair.mean2)
    checks.require("mean1/mean2", ratio, ratio > 0, "two means of the same sign, neither zero")
    cv1, cv2 = pair.sd1 / pair.mean1, pair.sd2 / pair.mean2
    y = np.log(ratio) + correct * (cv1**2 - cv2**2) / (2 * pair.n)
    return Effect.of(y, (cv1**2 + cv2**2 - 2 * pair.r * cv1 * cv2) / pair.n)
