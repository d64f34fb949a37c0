"""Tests of funnel plot asymmetry: do small studies show other effects than large ones?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.base import Result
from reprieve.synthesis.core import fit_batch
from reprieve.synthesis.findings import (
    Finding,
    choice,
    interval_text,
    notes_text,
    number,
    p_text,
    quantile,
    two_sided_p,
)
from reprieve.synthesis.given import aligned, given_fit, given_mean
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.results import MetaAnalysis

PREDICTORS = ("sei", "vi", "ni", "ninv", "sqrtni", "sqrtninv")
_EXACT = 170  # R's exact distribution of Kendall's tau ends here: 171! is no floating-point number
_FEW = 10

Predictor = Literal["sei", "vi", "ni", "ninv", "sqrtni", "sqrtninv"]


@dataclass(frozen=True, eq=False, repr=False)
class RegressionTest(Finding):
    """A regression of the effects on a measure of their precision.

    Attributes
    ----------
    name : str
        The test.
    k : int
        Studies.
    slope, slope_se : float
        Change of the effect with the predictor.
    statistic, df, p : float
        The test of no slope: t, or z with infinite df.
    limit, limit_se : float
        The effect where the predictor is zero: of a study without sampling error, for a
        predictor that is zero there; otherwise NaN.
    limit_ci : (float, float)
        Its confidence interval.
    warnings : tuple of str
    """

    name: str
    k: int
    slope: float
    slope_se: float
    statistic: float
    df: float
    p: float
    limit: float
    limit_se: float
    limit_ci: tuple[float, float]
    warnings: tuple[str, ...]

    def summary(self) -> str:
        """The result as text to read."""
        kind = "z" if math.isinf(self.df) else f"t({self.df:g})"
        lines = [
            f"{self.name}, k = {self.k}",
            "",
            f"slope {self.slope:.4f}   SE {self.slope_se:.4f}   {kind} {self.statistic:.3f}   "
            f"p {p_text(self.p)}",
        ]
        if not math.isnan(self.limit):
            lines.append(
                f"effect at predictor 0   {self.limit:.4f}   CI {interval_text(self.limit_ci)}"
            )
        return "\n".join(lines + notes_text(self.warnings))


@dataclass(frozen=True, eq=False, repr=False)
class RankTest(Finding):
    """A rank correlation between effects and their variances.

    Attributes
    ----------
    name : str
        The test.
    k : int
        Studies.
    tau : float
        Kendall's tau-b.
    statistic : float
        z of the normal approximation; NaN when the p value is exact.
    p : float
        Two-sided p value.
    warnings : tuple of str
    """

    name: str
    k: int
    tau: float
    statistic: float
    p: float
    warnings: tuple[str, ...]

    def summary(self) -> str:
        """The result as text to read."""
        kind = "exact" if math.isnan(self.statistic) else f"z {number(self.statistic, 3)}"
        lines = [
            f"{self.name}, k = {self.k}",
            "",
            f"Kendall's tau {self.tau:.4f}   {kind}   p {p_text(self.p)}",
        ]
        return "\n".join(lines + notes_text(self.warnings))


def regression_test(
    data: Any = None,
    *,
    model: Literal["lm", "rma"] = "lm",
    predictor: Predictor = "sei",
    sample_size: Any = None,
    **how: Any,
) -> RegressionTest:
    """Egger's regression test and its variants.

    Parameters
    ----------
    data : MetaAnalysis, MetaRegression, or the data of `meta_analysis`
        Moderators of a meta-regression stay in the model.
    model : {"lm", "rma"}
        ``lm``: weighted least squares with a residual variance, Egger's own (t test). ``rma``:
        meta-regression with the τ² estimator and the test of the fit.
    predictor : str
        ``sei`` (standard error), ``vi`` (variance), or from `sample_size` n: ``ni``, ``ninv``
        (1/n), ``sqrtni`` (√n), ``sqrtninv`` (1/√n).
    sample_size : str or sequence of float, optional
        Total number of people of each study.
    **how
        The other arguments of `meta_analysis` when `data` are data.

    Returns
    -------
    RegressionTest

    Raises
    ------
    SynthesisError
        Fewer than three studies, or a predictor that is the same for all.

    References
    ----------
    Egger, Davey Smith, Schneider & Minder (1997) BMJ 315:629; Sterne & Egger (2005) in
    Publication Bias in Meta-Analysis, 99; `regtest` of the R package metafor. Cochrane Handbook
    version 6.5, 13.3.5.

    Examples
    --------
    >>> log_rr = [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209, 0.0120, -0.4694,
    ...           -1.3713, -0.3394, 0.4459, -0.0173]
    >>> v = [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230, 0.0040, 0.0564, 0.0730,
    ...      0.0124, 0.5325, 0.0714]
    >>> test = regression_test(effect=log_rr, variance=v)
    >>> round(test.statistic, 2), test.df, round(test.p, 3)
    (-1.39, 11.0, 0.191)
    """
    choice("model", model, ("lm", "rma"))
    choice("predictor", predictor, PREDICTORS)
    fit = given_fit(data, how)
    x = _predictor(fit, data, predictor, sample_size)
    method = "" if model == "lm" else f" (τ² by {fit.method}, test: {fit.test})"
    name = "Egger's regression" if (model, predictor) == ("lm", "sei") else "regression test"
    if (model, predictor) != ("lm", "sei"):
        name += f" on {predictor}{method}"
    limit = predictor not in ("ni", "sqrtni")
    return regress(fit, x, name, residual_variance=model == "lm", limit=limit)


def pustejovsky_rodgers_test(data: Any = None, *, n1: Any, n2: Any, **how: Any) -> RegressionTest:
    """Egger's test for standardized mean differences, whose variance depends on the effect.

    The predictor is √(1/n₁ + 1/n₂): the standard error without its part in g², which makes
    Egger's own test reject too often. The weights are those of Egger's test.

    Parameters
    ----------
    data : MetaAnalysis, MetaRegression, or the data of `meta_analysis`
    n1, n2 : str or sequence of float
        Number of people of each group.
    **how
        The other arguments of `meta_analysis` when `data` are data.

    Returns
    -------
    RegressionTest

    References
    ----------
    Pustejovsky & Rodgers (2019) Res Synth Methods 10:57; `metabias(method.bias = "Pustejovsky")`
    of the R package meta.

    Examples
    --------
    >>> test = pustejovsky_rodgers_test(
    ...     effect=[-0.9, -0.2, -0.5, -0.1], se=[0.40, 0.15, 0.25, 0.12],
    ...     n1=[14, 90, 33, 140], n2=[13, 91, 32, 140])
    >>> round(test.statistic, 2)
    -46.44
    """
    fit = given_fit(data, how)
    x = np.sqrt(1 / aligned(fit, data, n1, "n1") + 1 / aligned(fit, data, n2, "n2"))
    return regress(fit, x, "Pustejovsky–Rodgers test", residual_variance=True)


def rank_test(data: Any = None, **how: Any) -> RankTest:
    """Begg and Mazumdar's rank test: standardized effects against their variances.

    Parameters
    ----------
    data : MetaAnalysis, or the data of `meta_analysis`
    **how
        The other arguments of `meta_analysis` when `data` are data.

    Returns
    -------
    RankTest
        The p value is exact without ties and up to 170 studies, as in R.

    References
    ----------
    Begg & Mazumdar (1994) Biometrics 50:1088; `ranktest` of the R package metafor.

    Examples
    --------
    >>> test = rank_test(effect=[0.1, -0.4, 0.8, 0.3], variance=[0.04, 0.03, 0.06, 0.05])
    >>> round(test.tau, 3), round(test.p, 3)
    (1.0, 0.083)
    """
    fit = given_mean(data, how)
    w = 1 / fit.v
    mean = (w @ fit.y) / w.sum()
    standardized = (fit.y - mean) / np.sqrt(fit.v - 1 / w.sum())
    return rank_correlation(standardized, fit.v, "Begg's rank test")


def regress(
    fit: Result, x: Array, name: str, *, residual_variance: bool, limit: bool = False
) -> RegressionTest:
    """The test of `x` in a regression of the effects of `fit`.

    With a residual variance the regression is weighted least squares, otherwise a
    meta-regression by the methods of `fit`.
    """
    moderators = np.ones((fit.k, 1)) if fit.X is None else fit.X
    X = np.column_stack([moderators, x])
    p = X.shape[1]
    if fit.k <= p:
        raise SynthesisError(f"{name} needs more than {p} studies; there are {fit.k}")
    if residual_variance:
        fits = fit_batch(fit.y, fit.v, X, method="EE", test="knha")
    else:
        own = fit.own_weights
        fits = fit_batch(fit.y, fit.v, X, method=fit.method, test=fit.test, weights=own)
    if np.isnan(fits.beta).any():
        raise SynthesisError(
            f"{name} can't be done: its predictor is the same for all studies, or is explained by "
            "the moderators"
        )
    df = float(fits.df) if residual_variance or fit.test != "z" else math.inf
    slope, se = float(fits.beta[-1]), float(fits.se[-1])
    statistic = slope / se if se > 0 else math.nan
    at_zero = at_zero_se = math.nan
    if limit and isinstance(fit, MetaAnalysis):
        at_zero, at_zero_se = float(fits.beta[0]), float(fits.se[0])
    half = quantile((1 + fit.level) / 2, df) * at_zero_se
    return RegressionTest(
        name=name,
        k=fit.k,
        slope=slope,
        slope_se=se,
        statistic=statistic,
        df=df,
        p=two_sided_p(statistic, df),
        limit=at_zero,
        limit_se=at_zero_se,
        limit_ci=(at_zero - half, at_zero + half),
        warnings=few_studies(fit.k),
    )


def rank_correlation(x: Array, y: Array, name: str, exact: bool = True) -> RankTest:
    """Kendall's tau-b of x and y with its p value.

    Examples
    --------
    >>> round(rank_correlation(np.array([1.0, 2, 3]), np.array([1.0, 3, 2]), "a test").tau, 3)
    0.333
    """
    from scipy.special import ndtr

    n = len(x)
    if n < 3:
        raise SynthesisError(f"{name} needs at least three studies; there are {n}")
    pairs = n * (n - 1) / 2
    score = float((np.sign(x[:, None] - x) * np.sign(y[:, None] - y)).sum()) / 2
    ties = [np.unique(values, return_counts=True)[1].astype(float) for values in (x, y)]
    untied = [pairs - float((t * (t - 1)).sum()) / 2 for t in ties]
    if min(untied) == 0:
        raise SynthesisError(f"{name} can't be done: all studies have the same precision or effect")
    tau = score / math.sqrt(untied[0] * untied[1])
    statistic = math.nan
    if exact and min(untied) == pairs and n <= _EXACT:
        p = _exact_p(round((score + pairs) / 2), n)
    else:
        statistic = score / math.sqrt(_score_variance(n, *ties))
        p = float(2 * ndtr(-abs(statistic)))
    return RankTest(name, n, tau, statistic, p, few_studies(n))


def few_studies(k: int) -> tuple[str, ...]:
    """What to say about tests of asymmetry in few studies (Cochrane Handbook 13.3.5.4)."""
    if k >= _FEW:
        return ()
    return (
        f"with fewer than {_FEW} studies (here {k}) tests of asymmetry have too little power to "
        "tell chance from asymmetry",
    )


def _predictor(fit: Result, data: Any, predictor: str, sample_size: Any) -> Array:
    if predictor in ("sei", "vi"):
        return np.sqrt(fit.v) if predictor == "sei" else fit.v
    if sample_size is None:
        raise InputError(f"predictor {predictor!r} needs sample_size=, the people of each study")
    n = aligned(fit, data, sample_size, "sample_size")
    powers = {"ni": 1.0, "ninv": -1.0, "sqrtni": 0.5, "sqrtninv": -0.5}
    return np.asarray(n ** powers[predictor])


def _exact_p(concordant: int, n: int) -> float:
    """Two-sided p value of a number of concordant pairs among all orders of n values."""
    share = np.ones(1)
    for size in range(2, n + 1):
        share = np.convolve(share, np.full(size, 1 / size))
    below, above = share[: concordant + 1].sum(), share[concordant:].sum()
    return float(min(1.0, 2 * min(below, above)))


def _score_variance(n: int, t: NDArray[np.float64], u: NDArray[np.float64]) -> float:
    """Variance of Kendall's score with ties (Kendall & Gibbons 1990, 66)."""

    def sums(c: NDArray[np.float64]) -> tuple[float, float, float]:
        pairs = c * (c - 1)
        return (
            float((pairs * (2 * c + 5)).sum()),
            float(pairs.sum()),
            float((pairs * (c - 2)).sum()),
        )

    (t1, t2, t3), (u1, u2, u3) = sums(t), sums(u)
    pairs = n * (n - 1)
    return (
        (pairs * (2 * n + 5) - t1 - u1) / 18
        + t2 * u2 / (2 * pairs)
        + t3 * u3 / (9 * pairs * (n - 2))
    )
