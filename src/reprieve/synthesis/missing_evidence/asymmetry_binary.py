"""Tests of funnel plot asymmetry for two-by-two tables, whose variances depend on the effect."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from reprieve.effects.binary import odds_ratio, risk_ratio, two_by_two
from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.findings import choice
from reprieve.synthesis.inputs import column
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.missing_evidence.asymmetry import (
    RankTest,
    RegressionTest,
    rank_correlation,
    regress,
)
from reprieve.synthesis.pairwise import meta_analysis

Counts = tuple[Array, Array, Array, Array]

BinaryTest = Literal["Harbord", "Peters", "Deeks", "Macaskill", "Thompson", "Schwarzer"]


def binary_asymmetry_test(
    data: Any = None,
    *,
    events1: Any,
    n1: Any,
    events2: Any,
    n2: Any,
    method: BinaryTest = "Harbord",
    measure: Literal["OR", "RR"] = "OR",
    tau2_method: str = "DL",
) -> RegressionTest | RankTest:
    """A test of funnel plot asymmetry made for counts of events in two groups.

    Parameters
    ----------
    data : data frame, optional
        Anything that narwhals reads, or a mapping of columns.
    events1, n1, events2, n2 : str or sequence of float
        People with the event and all people, of the treated and of the compared group.
    method : str
        ``Harbord``: efficient score and its variance (Harbord, Egger & Sterne 2006 Stat Med
        25:3443). ``Peters``: on 1/n (Peters et al. 2006 JAMA 295:676). ``Deeks``: on the
        effective sample size (Deeks, Macaskill & Irwig 2005 J Clin Epidemiol 58:882).
        ``Macaskill``: on n (Macaskill, Walter & Irwig 2001 Stat Med 20:641). ``Thompson``:
        meta-regression on the standard error (Thompson & Sharp 1999 Stat Med 18:2693).
        ``Schwarzer``: rank correlation of counts (Schwarzer, Antes & Schumacher 2007 Stat Med
        26:721).
    measure : {"OR", "RR"}
        Odds ratio or risk ratio.
    tau2_method : str
        Estimator of τ² of Thompson's test.

    Returns
    -------
    RegressionTest or RankTest
        Trials without an event in either group, or with events alone, tell nothing and are
        named in the warnings.

    Notes
    -----
    The numbers are those of `metabias` of the R package meta, with 0.5 added to the cells of
    tables with a zero where effects need it. Cochrane Handbook version 6.5, 13.3.5.4 recommends
    Harbord's or Peters' test for odds ratios.

    Examples
    --------
    >>> test = binary_asymmetry_test(
    ...     events1=[4, 6, 3, 62], n1=[123, 306, 231, 13598],
    ...     events2=[11, 29, 11, 248], n2=[139, 303, 220, 12867])
    >>> round(test.statistic, 2)
    0.57
    """
    choice("method", method, tuple(_TESTS))
    choice("measure", measure, ("OR", "RR"))
    counts = _read(data, events1, n1, events2, n2)
    a, m1, c, m2 = counts
    telling = (a + c > 0) & (a + c < m1 + m2)
    if telling.sum() < 3:
        raise SynthesisError(
            f"{method}'s test needs at least three trials with people with and without the event; "
            f"there are {int(telling.sum())}"
        )
    result = _TESTS[method](
        (a[telling], m1[telling], c[telling], m2[telling]), measure, tau2_method
    )
    if telling.all():
        return result
    rows = ", ".join(str(i + 1) for i in np.flatnonzero(~telling))
    note = f"rows without events, or with events alone, were left out: {rows}"
    return type(result)(**(result.__dict__ | {"warnings": (*result.warnings, note)}))


def _read(data: Any, *given: Any) -> Counts:
    names = ("events1", "n1", "events2", "n2")
    a, m1, c, m2 = (
        np.asarray(column(data, values, name), dtype=float)
        for name, values in zip(names, given, strict=True)
    )
    if len({len(part) for part in (a, m1, c, m2)}) > 1:
        raise InputError("events1, n1, events2 and n2 must hold one value per trial each")
    fits = (a >= 0) & (c >= 0) & (a <= m1) & (c <= m2) & (m1 > 0) & (m2 > 0)
    if not fits.all():
        row = int(np.flatnonzero(~fits)[0])
        raise InputError(
            f"row {row + 1}: {a[row]:g} of {m1[row]:g} and {c[row]:g} of {m2[row]:g} people can't "
            "be; events are counts from 0 up to the number of people"
        )
    return a, m1, c, m2


def _effects(counts: Counts, measure: str) -> tuple[Array, Array]:
    effect = (odds_ratio if measure == "OR" else risk_ratio)(*counts)
    return np.asarray(effect.estimate), np.asarray(effect.variance)


def _weighted(y: Array, v: Array, x: Array, name: str) -> RegressionTest:
    fit = meta_analysis(effect=y, variance=v, method="EE", test="z")
    return regress(fit, x, name, residual_variance=True)


def _harbord(counts: Counts, measure: str, _method: str) -> RegressionTest:
    a, m1, c, m2 = counts
    n, events = m1 + m2, a + c
    others = n - events
    if measure == "OR":
        score = a - events * m1 / n
        information = m1 * m2 * events * others / (n**2 * (n - 1))
    else:
        # Harbord, Harris & Sterne (2009) Stata J 9:197
        score = (a * n - events * m1) / others
        information = n / 4 * events / others
    v = 1 / information
    return _weighted(score / information, v, np.sqrt(v), "Harbord's test")


def _peters(counts: Counts, measure: str, _method: str) -> RegressionTest:
    a, m1, c, m2 = counts
    y, _v = _effects(counts, measure)
    n, events = m1 + m2, a + c
    return _weighted(y, 1 / events + 1 / (n - events), 1 / n, "Peters' test")


def _deeks(counts: Counts, measure: str, _method: str) -> RegressionTest:
    _, m1, _, m2 = counts
    effective = 4 * m1 * m2 / (m1 + m2)
    y, _v = _effects(counts, measure)
    return _weighted(y, 1 / effective, 1 / np.sqrt(effective), "Deeks' test")


def _macaskill(counts: Counts, measure: str, _method: str) -> RegressionTest:
    y, v = _effects(counts, measure)
    return _weighted(y, v, counts[1] + counts[3], "Macaskill's test")


def _thompson(counts: Counts, measure: str, tau2_method: str) -> RegressionTest:
    y, v = _effects(counts, measure)
    fit = meta_analysis(effect=y, variance=v, method=tau2_method, test="t")
    return regress(fit, np.sqrt(v), "Thompson and Sharp's test", residual_variance=False)


def _schwarzer(counts: Counts, _measure: str, _method: str) -> RankTest:
    t = two_by_two(*counts, add=0.5, to="only0", drop00=False)
    n = t.a + t.b + t.c + t.d
    odds = (t.a * t.d / n).sum() / (t.b * t.c / n).sum()
    a = counts[0]
    expected, variance = _hypergeometric(counts, float(odds))
    standardized = (a - expected) / np.sqrt(variance)
    return rank_correlation(standardized, 1 / variance, "Schwarzer's rank test", exact=False)


def _hypergeometric(counts: Counts, odds: float) -> tuple[Array, Array]:
    """Mean and variance of the events in group 1 given all events, for a common odds ratio."""
    from scipy.special import gammaln, xlogy

    a, m1, c, m2 = counts
    events = a + c
    low, high = np.maximum(0, events - m2), np.minimum(m1, events)
    x = low[:, None] + np.arange(int((high - low).max()) + 1)
    inside = x <= high[:, None]
    x = np.where(inside, x, low[:, None])
    M1, M2, E = m1[:, None], m2[:, None], events[:, None]
    logs = xlogy(x, odds) - (
        gammaln(x + 1) + gammaln(M1 - x + 1) + gammaln(E - x + 1) + gammaln(M2 - E + x + 1)
    )
    logs = np.where(inside, logs, -math.inf)
    share = np.exp(logs - logs.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    mean = (share * x).sum(axis=1)
    return mean, (share * (x - mean[:, None]) ** 2).sum(axis=1)


_TESTS: dict[str, Callable[[Counts, str, str], RegressionTest | RankTest]] = {
    "Harbord": _harbord,
    "Peters": _peters,
    "Deeks": _deeks,
    "Macaskill": _macaskill,
    "Thompson": _thompson,
    "Schwarzer": _schwarzer,
}
