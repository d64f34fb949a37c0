"""Effect sizes from means and standard deviations, of one group or of two.

Estimates are group 1 minus group 2 (treatment minus comparator), or the logarithm of group 1
over group 2. Missing input (NaN) gives NaN.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from reprieve.effects import checks
from reprieve.effects.arms import pooled_sd
from reprieve.effects.checks import Array
from reprieve.effects.effect import Effect, average_over_studies


class _TwoGroups:
    """Checked means, standard deviations and sizes of two groups."""

    def __init__(
        self,
        mean1: ArrayLike,
        sd1: ArrayLike,
        n1: ArrayLike,
        mean2: ArrayLike,
        sd2: ArrayLike,
        n2: ArrayLike,
    ) -> None:
        self.mean1, self.mean2 = checks.numbers("mean1", mean1), checks.numbers("mean2", mean2)
        self.sd1, self.sd2 = checks.positive("sd1", sd1), checks.positive("sd2", sd2)
        self.n1, self.n2 = checks.group_size("n1", n1), checks.group_size("n2", n2)

    @property
    def difference(self) -> Array:
        return self.mean1 - self.mean2

    @property
    def n(self) -> Array:
        return self.n1 + self.n2

    @property
    def pooled_sd(self) -> Array:
        n1, sd1, n2, sd2 = np.broadcast_arrays(self.n1, self.sd1, self.n2, self.sd2)
        return pooled_sd(np.stack([n1, n2]), np.stack([sd1, sd2]), axis=0)

    @property
    def d(self) -> Array:
        """The difference in pooled standard deviations, without correction for bias."""
        return self.difference / self.pooled_sd


def hedges_correction(df: ArrayLike) -> Array:
    """The factor that takes the bias out of a standardised mean difference, exactly.

    Source: Hedges LV. J Educ Stat 1981;6:107–128: Γ(df/2) / (√(df/2)·Γ((df − 1)/2)).

    Parameters
    ----------
    df : array_like
        Degrees of freedom of the standard deviation; NaN comes back where they are 1 or fewer.

    Examples
    --------
    >>> print(hedges_correction([10, 98]).round(5))
    [0.92275 0.99232]
    """
    from scipy.special import gammaln

    df = checks.numbers("df", df)
    enough = np.where(df > 1, df, np.nan)
    log_factor = gammaln(enough / 2) - gammaln((enough - 1) / 2) - np.log(enough / 2) / 2
    factor: Array = np.exp(log_factor)
    return factor


# Two groups ----------------------------------------------------------------------------------


def mean_difference(
    mean1: ArrayLike,
    sd1: ArrayLike,
    n1: ArrayLike,
    mean2: ArrayLike,
    sd2: ArrayLike,
    n2: ArrayLike,
    *,
    vtype: Literal["LS", "HO"] = "LS",
) -> Effect:
    """Mean difference (MD).

    Source: Cochrane Handbook 10.5; metafor ``escalc(measure="MD")``.

    Parameters
    ----------
    mean1, sd1, n1, mean2, sd2, n2 : array_like
        Means, standard deviations and people of the two groups.
    vtype : {"LS", "HO"}
        Whether the groups keep their own standard deviations, or share one.

    Examples
    --------
    >>> effect = mean_difference(35, 20, 50, 45, 22, 44)
    >>> print(effect.estimate, effect.variance)
    -10.0 19.0
    """
    groups = _TwoGroups(mean1, sd1, n1, mean2, sd2, n2)
    if checks.word("vtype", vtype, ("LS", "HO")) == "HO":
        variance = groups.pooled_sd**2 * (1 / groups.n1 + 1 / groups.n2)
    else:
        variance = groups.sd1**2 / groups.n1 + groups.sd2**2 / groups.n2
    return Effect.of(groups.difference, variance)


def standardized_mean_difference(
    mean1: ArrayLike,
    sd1: ArrayLike,
    n1: ArrayLike,
    mean2: ArrayLike,
    sd2: ArrayLike,
    n2: ArrayLike,
    *,
    vtype: Literal["LS", "LS2", "UB", "AV"] = "LS",
    correct: bool = True,
) -> Effect:
    """Difference in pooled standard deviations, without bias: Hedges' g (SMD).

    Source: Hedges LV. J Educ Stat 1981;6:107–128; metafor ``escalc(measure="SMD")``.

    Parameters
    ----------
    mean1, sd1, n1, mean2, sd2, n2 : array_like
        Means, standard deviations and people of the two groups.
    vtype : {"LS", "LS2", "UB", "AV"}
        The variance: large-sample (Hedges 1982), the same with the uncorrected estimate
        (Borenstein 2009), unbiased (Hedges 1983), or with the average effect of all studies.
    correct : bool
        Whether to take the small-sample bias out.

    Examples
    --------
    >>> effect = standardized_mean_difference(35, 20, 50, 45, 22, 44)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    -0.4732 0.04392
    """
    groups = _TwoGroups(mean1, sd1, n1, mean2, sd2, n2)
    return _standardized(groups, groups.d, groups.n - 2, groups.n, vtype, correct)


def glass_delta(
    mean1: ArrayLike,
    n1: ArrayLike,
    mean2: ArrayLike,
    sd2: ArrayLike,
    n2: ArrayLike,
    sd1: ArrayLike | None = None,
    *,
    correct: bool = True,
) -> Effect:
    """Difference in standard deviations of group 2, without bias: Glass' Δ (SMD1, SMD1H).

    Source: Glass GV. Educ Res 1976;5:3–8; Bonett DG. Psychol Methods 2008;13:99–109, equation
    12; metafor ``escalc`` with measure ``"SMD1"`` and ``"SMD1H"``.

    Parameters
    ----------
    mean1, n1, mean2, sd2, n2 : array_like
        Means, people, and the standard deviation of group 2.
    sd1 : array_like, optional
        Standard deviation of group 1; where it is given, the variance does not assume that both
        groups share one.
    correct : bool
        Whether to take the small-sample bias out.

    Examples
    --------
    >>> effect = glass_delta(35, 50, 45, 22, 44)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    -0.4466 0.04499
    """
    groups = _TwoGroups(mean1, sd2 if sd1 is None else sd1, n1, mean2, sd2, n2)
    d, df = groups.difference / groups.sd2, groups.n2 - 1
    if sd1 is None:
        return _standardized(groups, d, df, groups.n2, "LS", correct)
    y = d * hedges_correction(df) if correct else d
    ratio = (groups.sd1 / groups.sd2) ** 2
    return Effect.of(y, ratio / (groups.n1 - 1) + 1 / df + y**2 / (2 * df))


def standardized_mean_difference_unequal(
    mean1: ArrayLike,
    sd1: ArrayLike,
    n1: ArrayLike,
    mean2: ArrayLike,
    sd2: ArrayLike,
    n2: ArrayLike,
    *,
    correct: bool = True,
) -> Effect:
    """Difference in standard deviations where the groups do not share one (SMDH).

    The standardiser is the root of the plain average of both variances.

    Source: Bonett DG. Psychol Methods 2008;13:99–109, equation 8; metafor
    ``escalc(measure="SMDH")``.

    Parameters
    ----------
    mean1, sd1, n1, mean2, sd2, n2 : array_like
        Means, standard deviations and people of the two groups.
    correct : bool
        Whether to take the small-sample bias out.

    Examples
    --------
    >>> effect = standardized_mean_difference_unequal(35, 20, 50, 45, 22, 44)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    -0.4718 0.04518
    """
    groups = _TwoGroups(mean1, sd1, n1, mean2, sd2, n2)
    average = (groups.sd1**2 + groups.sd2**2) / 2
    y = groups.difference / np.sqrt(average)
    if correct:
        y = y * hedges_correction(groups.n - 2)
    df1, df2 = groups.n1 - 1, groups.n2 - 1
    variance = (groups.sd1**2 / df1 + groups.sd2**2 / df2) / average
    variance += y**2 * (groups.sd1**4 / df1 + groups.sd2**4 / df2) / (8 * average**2)
    return Effect.of(y, variance)


def ratio_of_means(
    mean1: ArrayLike,
    sd1: ArrayLike,
    n1: ArrayLike,
    mean2: ArrayLike,
    sd2: ArrayLike,
    n2: ArrayLike,
    *,
    vtype: Literal["LS", "HO", "AV", "AVHO"] = "LS",
    correct: bool = True,
) -> Effect:
    """Logarithm of the ratio of means, without bias (ROM).

    Source: Hedges LV et al. Ecology 1999;80:1150–1156; Lajeunesse MJ. Ecology
    2015;96:2056–2063, equation 8; metafor ``escalc(measure="ROM")``.

    Parameters
    ----------
    mean1, sd1, n1, mean2, sd2, n2 : array_like
        Means of the same sign on a scale with a true zero, standard deviations and people.
    vtype : {"LS", "HO", "AV", "AVHO"}
        The variance: from each group's own standard deviation, from the pooled one, from the
        average coefficient of variation of all studies in each group, or in both together.
    correct : bool
        Whether to take the small-sample bias out.

    Examples
    --------
    >>> effect = ratio_of_means(35, 20, 50, 45, 22, 44)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    -0.2508 0.01196
    """
    groups = _TwoGroups(mean1, sd1, n1, mean2, sd2, n2)
    y, own = _log_ratio(groups, correct)
    checks.word("vtype", vtype, ("LS", "HO", "AV", "AVHO"))
    n1, n2 = groups.n1, groups.n2
    if vtype == "LS":
        return Effect.of(y, own)
    if vtype == "HO":
        squared = groups.pooled_sd**2
        return Effect.of(y, squared / (n1 * groups.mean1**2) + squared / (n2 * groups.mean2**2))
    cv1, cv2, n1, n2 = np.broadcast_arrays(
        groups.sd1 / groups.mean1, groups.sd2 / groups.mean2, n1, n2
    )
    if vtype == "AV":
        variance = average_over_studies(cv1, n1) ** 2 / n1 + average_over_studies(cv2, n2) ** 2 / n2
    else:
        both = average_over_studies((n1 * cv1 + n2 * cv2) / (n1 + n2), n1 + n2)
        variance = both**2 * (1 / n1 + 1 / n2)
    return Effect.of(y, variance)


def log_odds_ratio_from_means(
    mean1: ArrayLike,
    sd1: ArrayLike,
    n1: ArrayLike,
    mean2: ArrayLike,
    sd2: ArrayLike,
    n2: ArrayLike,
    *,
    distribution: Literal["logistic", "normal"] = "logistic",
) -> Effect:
    """Log odds ratio that a difference of means amounts to (D2OR, D2ORL, D2ORN).

    Source: Chinn S. Stat Med 2000;19:3127–3131 (logistic: d·π/√3); Cox DR, Snell EJ. Analysis
    of binary data, 1989 (normal: 1.65·d); metafor ``escalc`` with measure ``"D2ORL"`` and
    ``"D2ORN"``. As there, d is not corrected for bias.

    Parameters
    ----------
    mean1, sd1, n1, mean2, sd2, n2 : array_like
        Means, standard deviations and people of the two groups.
    distribution : {"logistic", "normal"}
        Of the scores within groups.

    Examples
    --------
    >>> effect = log_odds_ratio_from_means(35, 20, 50, 45, 22, 44)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    -0.8654 0.14455
    """
    checks.word("distribution", distribution, ("logistic", "normal"))
    factor = np.pi / 3**0.5 if distribution == "logistic" else 1.65
    d, variance = standardized_mean_difference(mean1, sd1, n1, mean2, sd2, n2, correct=False)
    return Effect.of(factor * d, factor**2 * variance)


def _standardized(
    groups: _TwoGroups, d: Array, df: Array, people: Array, vtype: str, correct: bool
) -> Effect:
    """Correct `d`, whose standard deviation stands on `df` and on `people`, and its variance."""
    checks.word("vtype", vtype, ("LS", "LS2", "UB", "AV"))
    factor = hedges_correction(df) if correct else np.ones_like(df)
    y = factor * d
    of_means = 1 / groups.n1 + 1 / groups.n2
    if vtype == "UB":
        variance = of_means + (1 - (df - 2) / (df * factor**2)) * y**2
    elif vtype == "LS2":
        variance = factor**2 * (of_means + d**2 / (2 * people))
    else:
        n = np.broadcast_to(groups.n, y.shape)
        squared = y**2 if vtype == "LS" else average_over_studies(y, n) ** 2
        variance = of_means + squared / (2 * people)
    return Effect.of(y, variance)


def _log_ratio(groups: _TwoGroups, correct: bool) -> tuple[Array, Array]:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = groups.mean1 / np.asarray(groups.mean2)
    checks.require("mean1/mean2", ratio, ratio > 0, "two means of the same sign, neither zero")
    own1 = groups.sd1**2 / (groups.n1 * groups.mean1**2)
    own2 = groups.sd2**2 / (groups.n2 * groups.mean2**2)
    return np.log(ratio) + correct * (own1 - own2) / 2, own1 + own2


# One group -----------------------------------------------------------------------------------


def mean(
    mean: ArrayLike, sd: ArrayLike, n: ArrayLike, *, scale: Literal["raw", "log"] = "raw"
) -> Effect:
    """Mean of one group, raw (MN) or as its logarithm (MNLN).

    Source: metafor ``escalc`` with measure ``"MN"`` and ``"MNLN"``.

    Parameters
    ----------
    mean, sd, n : array_like
        Mean (above zero for its logarithm), standard deviation and people.
    scale : {"raw", "log"}
        On which scale.

    Examples
    --------
    >>> effect = mean(40, 20, 25)
    >>> print(effect.estimate, effect.standard_error)
    40.0 4.0
    """
    y, sd, n = checks.numbers("mean", mean), checks.positive("sd", sd), checks.group_size("n", n)
    if checks.word("scale", scale, ("raw", "log")) == "raw":
        return Effect.of(y, sd**2 / n)
    y = checks.positive("mean", y)
    return Effect.of(np.log(y), sd**2 / (n * y**2))


def standardized_mean(
    mean: ArrayLike, sd: ArrayLike, n: ArrayLike, *, correct: bool = True
) -> Effect:
    """Mean of one group in standard deviations, without bias (SMN).

    Source: metafor ``escalc(measure="SMN")``.

    Parameters
    ----------
    mean, sd, n : array_like
        Mean (usually of changes), standard deviation and people.
    correct : bool
        Whether to take the small-sample bias out.

    Examples
    --------
    >>> effect = standardized_mean(-20, 25, 30)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    -0.7791 0.04345
    """
    n = checks.group_size("n", n)
    y = checks.numbers("mean", mean) / checks.positive("sd", sd)
    if correct:
        y = y * hedges_correction(n - 1)
    return Effect.of(y, 1 / n + y**2 / (2 * n))
