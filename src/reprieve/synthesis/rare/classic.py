"""Mantel–Haenszel and Peto: sums over the tables of trials, without a model of each.

Mantel & Haenszel 1959 J Natl Cancer Inst 22:719; Robins, Breslow & Greenland 1986 Biometrics
42:311 (variance of the odds ratio); Greenland & Robins 1985 Biometrics 41:55 (risk ratio, rates);
Sato 1989 Biometrics 45:1323 (risk difference); Yusuf et al. 1985 Prog Cardiovasc Dis 27:335 (Peto).
Trials without an event in either group have no share in a ratio. R's `metafor::rma.mh` and
`rma.peto`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.rare.counts import Counts


class Pooled(NamedTuple):
    """A common effect (ratios as logarithms) and its standard error; NaN where there is none."""

    estimate: float
    se: float


class AssociationTest(NamedTuple):
    """A test over all tables: statistic (χ²), degrees of freedom, p value."""

    statistic: float
    df: int
    p: float


def mantel_haenszel(counts: Counts, measure: str) -> Pooled:
    """The Mantel–Haenszel estimate: OR, RR, RD, IRR or IRD.

    Examples
    --------
    >>> from reprieve.synthesis.rare.counts import read_counts
    >>> counts = read_counts(None, None, [4, 6], [123, 306], [11, 29], [139, 303],
    ...                      person_time=False)
    >>> estimate, se = mantel_haenszel(counts, "RR")
    >>> round(estimate, 4), round(se, 4)
    (-1.3517, 0.3455)
    """
    return _MANTEL_HAENSZEL[measure](counts)


def _odds_ratio(counts: Counts) -> Pooled:
    a, c = counts.x1, counts.x2
    b, d = counts.n1 - a, counts.n2 - c
    total = counts.n1 + counts.n2
    R, S = a * d / total, b * c / total
    P, Q = (a + d) / total, (b + c) / total
    r, s = R.sum(), S.sum()
    if not (r > 0 and s > 0):
        return Pooled(math.nan, math.nan)
    variance = 0.5 * ((P @ R) / r**2 + (P @ S + Q @ R) / (r * s) + (Q @ S) / s**2)
    return Pooled(math.log(r / s), math.sqrt(variance))


def _risk_ratio(counts: Counts) -> Pooled:
    (x1, n1, x2, n2), total = _groups(counts), counts.n1 + counts.n2
    R, S = x1 * n2 / total, x2 * n1 / total
    r, s = float(R.sum()), float(S.sum())
    if not (r > 0 and s > 0):
        return Pooled(math.nan, math.nan)
    spread = (n1 / total) * (n2 / total) * (x1 + x2) - x1 * x2 / total
    return Pooled(math.log(r / s), math.sqrt(float(spread.sum()) / (r * s)))


def _risk_difference(counts: Counts) -> Pooled:
    (x1, n1, x2, n2), total = _groups(counts), counts.n1 + counts.n2
    weight = float((n1 * n2 / total).sum())
    estimate = float((x1 * n2 / total - x2 * n1 / total).sum()) / weight
    skew = x2 * (n1 / total) ** 2 - x1 * (n2 / total) ** 2
    skew += (n1 / total) * (n2 / total) * (n2 - n1) / 2
    both = x1 * (n2 - x2) / total + x2 * (n1 - x1) / total
    variance = (estimate * float(skew.sum()) + float(both.sum()) / 2) / weight**2
    return Pooled(estimate, math.sqrt(variance) if variance > 0 else math.nan)


def _rate_ratio(counts: Counts) -> Pooled:
    (x1, t1, x2, t2), total = _groups(counts), counts.n1 + counts.n2
    r, s = float((x1 * t2 / total).sum()), float((x2 * t1 / total).sum())
    if not (r > 0 and s > 0):
        return Pooled(math.nan, math.nan)
    spread = float((t1 * t2 * (x1 + x2) / total**2).sum())
    return Pooled(math.log(r / s), math.sqrt(spread / (r * s)))


def _rate_difference(counts: Counts) -> Pooled:
    (x1, t1, x2, t2), total = _groups(counts), counts.n1 + counts.n2
    weight = float((t1 * t2 / total).sum())
    estimate = float((x1 * t2 / total - x2 * t1 / total).sum()) / weight
    variance = float(((t1 * t2 / total) ** 2 * (x1 / t1**2 + x2 / t2**2)).sum()) / weight**2
    return Pooled(estimate, math.sqrt(variance) if variance > 0 else math.nan)


_MANTEL_HAENSZEL: dict[str, Callable[[Counts], Pooled]] = {
    "OR": _odds_ratio,
    "RR": _risk_ratio,
    "RD": _risk_difference,
    "IRR": _rate_ratio,
    "IRD": _rate_difference,
}


class Peto(NamedTuple):
    """Peto's log odds ratio, and observed less expected events with their variance by trial."""

    pooled: Pooled
    excess: Array
    variance: Array


def peto(counts: Counts) -> Peto:
    """Peto's one-step odds ratio, fit for rare events and groups of like size.

    Examples
    --------
    >>> from reprieve.synthesis.rare.counts import read_counts
    >>> counts = read_counts(None, None, [1, 0], [50, 60], [3, 2], [50, 60], person_time=False)
    >>> round(peto(counts).pooled.estimate, 4)
    -1.3647
    """
    excess, variance = _hypergeometric(counts)
    total = float(variance.sum())
    if total <= 0:
        return Peto(Pooled(math.nan, math.nan), excess, variance)
    return Peto(Pooled(float(excess.sum()) / total, 1 / math.sqrt(total)), excess, variance)


def cochran_mantel_haenszel(counts: Counts, *, correct: bool = True) -> AssociationTest:
    """Whether group and event go together in any trial, with a correction for continuity."""
    excess, variance = _hypergeometric(counts)
    total = float(variance.sum())
    reach = abs(float(excess.sum())) - (0.5 if correct else 0.0)
    return _test(reach**2 / total if total > 0 else math.nan, 1)


def tarone(counts: Counts, odds_ratio: float) -> AssociationTest:
    """Tarone's test that one odds ratio holds in all trials (1985 Biometrika 72:91)."""
    used = counts.only(~counts.without_event)
    n1, n2, events = used.n1, used.n2, used.x1 + used.x2
    expected = _expected(odds_ratio, n1, n2, events)
    with np.errstate(divide="ignore"):
        variance = 1 / (
            1 / expected + 1 / (n1 - expected) + 1 / (events - expected)
            + 1 / (n2 - events + expected)
        )  # fmt: skip
    off = used.x1 - expected
    statistic = float((off**2 / variance).sum()) - float(off.sum()) ** 2 / float(variance.sum())
    return _test(max(0.0, statistic), used.k - 1)


def _expected(odds_ratio: float, n1: Array, n2: Array, events: Array) -> Array:
    """Events of group 1 that have this odds ratio, given the margins of the tables."""
    if abs(odds_ratio - 1) < 1e-12:
        return np.asarray(n1 * events / (n1 + n2))
    a = 1 - odds_ratio
    b = n2 - events + odds_ratio * (n1 + events)
    return np.asarray((-b + np.sqrt(b * b + 4 * a * odds_ratio * n1 * events)) / (2 * a))


def _hypergeometric(counts: Counts) -> tuple[Array, Array]:
    """Observed less expected events of group 1 given the margins, and their variance."""
    (x1, n1, x2, n2), total = _groups(counts), counts.n1 + counts.n2
    events = x1 + x2
    excess = x1 - events * n1 / total
    return excess, n1 * n2 * events * (total - events) / (total**2 * np.maximum(total - 1, 1))


def _test(statistic: float, df: int) -> AssociationTest:
    from scipy.special import chdtrc

    return AssociationTest(statistic, df, float(chdtrc(df, statistic)) if df > 0 else math.nan)


def _groups(counts: Counts) -> tuple[Array, Array, Array, Array]:
    return counts.x1, counts.n1, counts.x2, counts.n2
