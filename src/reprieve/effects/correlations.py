"""Correlations as effect sizes: reported, and behind tables or differences of means."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from reprieve.effects import checks
from reprieve.effects.binary import To, odds_ratio, two_by_two
from reprieve.effects.checks import Array
from reprieve.effects.continuous import standardized_mean_difference
from reprieve.effects.effect import Effect


@np.errstate(divide="ignore", invalid="ignore")
def correlation(
    r: ArrayLike, n: ArrayLike, *, scale: Literal["raw", "unbiased", "z"] = "z"
) -> Effect:
    """Correlation (COR), without bias (UCOR), or as Fisher's z (ZCOR).

    Source: Fisher RA. Metron 1921;1:1–32 (z); Olkin I, Pratt JW. Ann Math Stat
    1958;29:201–211 (unbiased); metafor ``escalc`` with the measures named.

    Parameters
    ----------
    r, n : array_like
        Correlation and people. Below 4 people there is no variance, and below 5 no unbiased
        estimate: NaN.
    scale : {"raw", "unbiased", "z"}
        On which scale.

    Examples
    --------
    >>> effect = correlation(0.187, 109)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    0.1892 0.00943
    """
    r, n = checks.correlation("r", r), checks.group_size("n", n)
    n = np.where(n > 3, n, np.nan)
    if checks.word("scale", scale, ("raw", "unbiased", "z")) == "z":
        return Effect.of(np.arctanh(r), 1 / (n - 3))
    y = r if scale == "raw" else _unbiased(r, n)
    return Effect.of(y, (1 - y**2) ** 2 / (n - 1))


def _unbiased(r: Array, n: Array) -> Array:
    """Olkin and Pratt's estimate, r·₂F₁(½, ½; (n − 2)/2; 1 − r²)."""
    from scipy.special import hyp2f1

    c, x = (np.where(n > 4, n, np.nan) - 2) / 2, 1 - r**2
    # scipy's function overflows from c = 100 on; the plain series has all digits from 20 on.
    series = term = np.ones_like(c * x)
    for k in range(32):
        term = term * (k + 0.5) ** 2 / ((c + k) * (k + 1)) * x
        series = series + term
    factor: Array = np.where(c < 20, hyp2f1(0.5, 0.5, np.minimum(c, 20), x), series)
    return r * factor


# From 2×2 tables -----------------------------------------------------------------------------


@np.errstate(divide="ignore", invalid="ignore")
def phi(
    events1: ArrayLike,
    n1: ArrayLike,
    events2: ArrayLike,
    n2: ArrayLike,
    *,
    scale: Literal["raw", "z"] = "raw",
    add: float = 0.0,
    to: To = "only0",
    drop00: bool = False,
) -> Effect:
    """Correlation of group and event, both yes or no (PHI, ZPHI).

    Source: Yule GU. J R Stat Soc 1912;75:579–652, page 603; metafor ``escalc`` with measure
    ``"PHI"`` and ``"ZPHI"``.

    Parameters
    ----------
    events1, n1, events2, n2 : array_like
        People with the event, and all people, of each group.
    scale : {"raw", "z"}
        As a correlation, or as Fisher's z of it.
    add, to, drop00
        What to do about zeros: see :mod:`reprieve.effects.binary`.

    Examples
    --------
    >>> effect = phi(4, 123, 11, 139)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    -0.1001 0.00318
    """
    checks.word("scale", scale, ("raw", "z"))
    a, b, c, d = two_by_two(events1, n1, events2, n2, add=add, to=to, drop00=drop00)
    rows, columns = (a + b) * (c + d), (a + c) * (b + d)
    y = (a * d - b * c) / np.sqrt(rows * columns)
    # How far the margins are from halves.
    uneven_rows, uneven_columns = a + b - c - d, a + c - b - d
    both = uneven_rows * uneven_columns / np.sqrt(rows * columns)
    either = uneven_rows**2 / rows + uneven_columns**2 / columns
    variance = (1 - y**2 + y * (1 + y**2 / 2) * both - 0.75 * y**2 * either) / (a + b + c + d)
    if scale == "raw":
        return Effect.of(y, variance)
    return Effect.of(np.arctanh(y), variance / (1 - y**2) ** 2)


def yule(
    events1: ArrayLike,
    n1: ArrayLike,
    events2: ArrayLike,
    n2: ArrayLike,
    *,
    coefficient: Literal["Q", "Y"] = "Q",
    add: float = 0.5,
    to: To = "only0",
    drop00: bool = False,
) -> Effect:
    """Yule's Q or Y, the odds ratio squeezed between −1 and 1 (YUQ, YUY).

    Source: Yule GU. J R Stat Soc 1912;75:579–652, page 593; metafor ``escalc`` with measure
    ``"YUQ"`` and ``"YUY"``.

    Parameters
    ----------
    events1, n1, events2, n2 : array_like
        People with the event, and all people, of each group.
    coefficient : {"Q", "Y"}
        Q squeezes the odds ratio, Y its square root.
    add, to, drop00
        What to do about zeros: see :mod:`reprieve.effects.binary`.

    Examples
    --------
    >>> effect = yule(4, 123, 11, 139)
    >>> print(effect.estimate.round(4), effect.variance.round(4))
    -0.4377 0.0584
    """
    log_odds, variance = odds_ratio(events1, n1, events2, n2, add=add, to=to, drop00=drop00)
    part = 2 if checks.word("coefficient", coefficient, ("Q", "Y")) == "Q" else 4
    y = np.tanh(log_odds / part)
    return Effect.of(y, ((1 - y**2) / part) ** 2 * variance)


# From two means ------------------------------------------------------------------------------


def point_biserial(
    mean1: ArrayLike,
    sd1: ArrayLike,
    n1: ArrayLike,
    mean2: ArrayLike,
    sd2: ArrayLike,
    n2: ArrayLike,
) -> Effect:
    """Correlation of group and score (RPB), with group sizes fixed by design.

    Source: Tate RF. Ann Math Stat 1954;25:603–607; metafor ``escalc(measure="RPB")``.

    Parameters
    ----------
    mean1, sd1, n1, mean2, sd2, n2 : array_like
        Means, standard deviations and people of the two groups.

    Examples
    --------
    >>> effect = point_biserial(2.2, 12.73, 50, 5.2, 12.5, 54)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    -0.1192 0.00946
    """
    d, variance = standardized_mean_difference(mean1, sd1, n1, mean2, sd2, n2, correct=False)
    h = _size_factor(n1, n2)
    return Effect.of(d / np.sqrt(d**2 + h), h**2 / (h + d**2) ** 3 * variance)


def biserial(
    mean1: ArrayLike,
    sd1: ArrayLike,
    n1: ArrayLike,
    mean2: ArrayLike,
    sd2: ArrayLike,
    n2: ArrayLike,
) -> Effect:
    """Correlation of the score with a normal trait that was cut into the two groups (RBIS).

    Source: Soper HE. Biometrika 1914;10:384–390; metafor ``escalc(measure="RBIS")``.

    Parameters
    ----------
    mean1, sd1, n1, mean2, sd2, n2 : array_like
        Means, standard deviations and people of the two groups.

    Examples
    --------
    >>> effect = biserial(2.2, 12.73, 50, 5.2, 12.5, 54)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    -0.1494 0.01473
    """
    from scipy.special import ndtri

    r, _ = point_biserial(mean1, sd1, n1, mean2, sd2, n2)
    n1, n2 = checks.numbers("n1", n1), checks.numbers("n2", n2)
    n = n1 + n2
    part1, part2 = n1 / n, n2 / n
    z = ndtri(part2)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    y = np.sqrt(part1 * part2) / density * r
    bounded = np.clip(y, -1, 1)
    inner = 1.5 + (1 - part1 * z / density) * (1 + part2 * z / density)
    variance = part1 * part2 / density**2 - inner * bounded**2 + bounded**4
    return Effect.of(y, variance / (n - 1))


def _size_factor(n1: ArrayLike, n2: ArrayLike) -> Array:
    """What turns a standardised difference into a correlation: (n − 2)/n1 + (n − 2)/n2."""
    n1, n2 = checks.numbers("n1", n1), checks.numbers("n2", n2)
    return (n1 + n2 - 2) * (1 / n1 + 1 / n2)
