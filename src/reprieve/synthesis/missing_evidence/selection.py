"""Selection models: the mean effect, had every study been as likely to be seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.base import Result
from reprieve.synthesis.findings import choice
from reprieve.synthesis.given import given_fit
from reprieve.synthesis.heterogeneity import COMMON
from reprieve.synthesis.least_squares import Array, LeastSquares
from reprieve.synthesis.missing_evidence.selection_curves import KINDS, Curve
from reprieve.synthesis.missing_evidence.selection_likelihood import (
    Height,
    SelectionLikelihood,
    climb,
)
from reprieve.synthesis.missing_evidence.selection_result import LikelihoodRatio, SelectionModel
from reprieve.synthesis.pairwise import fit_weighted

_SMALL_TAU2 = 1e-4  # a τ² below this (or a tenth of the least variance) counts as zero
_SMALL_WEIGHT = 1e-4  # so does the weight of a step


def selection_model(
    data: Any = None,
    *,
    kind: Literal["step", "beta", "halfnorm", "negexp", "logistic", "power"] = "step",
    steps: Sequence[float] = (0.025,),
    delta: Sequence[float] | None = None,
    alternative: Literal["auto", "less", "greater"] = "auto",
    **how: Any,
) -> SelectionModel:
    """Adjust a mean effect for the selection of studies by their p values.

    Parameters
    ----------
    data : MetaAnalysis, MetaRegression, or the data of `meta_analysis`
        A common-effect fit keeps τ² at zero; with any other, τ² is estimated by maximum
        likelihood together with the rest.
    kind : str
        How the chance of being seen falls with the one-sided p value: ``step`` (constant in
        intervals; Hedges & Vevea 1996 J Educ Behav Stat 21:299), ``beta``
        (p^(δ₁−1) (1−p)^(δ₂−1); Citkowicz & Vevea 2017 Psychol Methods 22:28), ``halfnorm``
        (exp(−δp²)), ``negexp`` (exp(−δp)), ``logistic`` (2/(1+exp(δp))), ``power`` ((1−p)^δ)
        (Preston, Ashby & Smyth 2004 J Appl Stat 31:193).
    steps : sequence of float
        Upper ends of the intervals of p for kind step; 1 is added.
    delta : sequence of float, optional
        Parameters of the curve to take as known: for kind step one weight per interval, the
        first of them usually 1 (Vevea & Woods 2005 Psychol Methods 10:428).
    alternative : {"auto", "less", "greater"}
        Which results are rather seen: significantly lower or greater than zero. ``auto`` takes
        the sign of the unadjusted estimate.
    **how
        The other arguments of `meta_analysis` when `data` are data.

    Returns
    -------
    SelectionModel

    Raises
    ------
    InputError
        Steps outside (0, 1], or not one `delta` per parameter.
    SynthesisError
        Fewer studies than parameters.

    Notes
    -----
    The likelihoods, the bounds of δ (100 above), the p values of beta and power at 1e-5 from 0
    and 1, and the parameters that count for standard errors are those of `selmodel` of the R
    package metafor. Of several maxima the one is taken to which the way up from no selection
    leads; a warning tells where a higher one was found. The integral over p is exact for steps
    and otherwise taken with enough Gauss–Legendre nodes to be right to about 1e-10 (to 1e-7 for
    δ near 100), where R stops at 1e-4; the maximum is found by Newton's steps with the exact
    Hessian, which reach a τ² or δ of zero exactly.

    Examples
    --------
    >>> log_rr = [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209, 0.0120, -0.4694,
    ...           -1.3713, -0.3394, 0.4459, -0.0173]
    >>> v = [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230, 0.0040, 0.0564, 0.0730,
    ...      0.0124, 0.5325, 0.0714]
    >>> model = selection_model(effect=log_rr, variance=v)
    >>> round(model.estimate, 2), model.delta.round(2), round(model.selection.p, 2)
    (-0.62, array([1.  , 0.64]), 0.62)
    """
    choice("kind", kind, KINDS)
    choice("alternative", alternative, ("auto", "less", "greater"))
    fit = given_fit(data, how)
    common = fit.method in COMMON
    X = np.ones((fit.k, 1)) if fit.X is None else fit.X
    beta, _, tau2 = fit_weighted(
        LeastSquares(fit.y[None], fit.v[None], fit.X), "EE" if common else "ML", "z", None
    )
    if alternative == "auto":
        alternative = "less" if beta[0] < 0 else "greater"
    sign = -1.0 if alternative == "less" else 1.0
    curve = Curve(kind, _intervals(steps) if kind == "step" else None)
    likelihood = SelectionLikelihood(sign * fit.y, fit.v, X, curve)
    problem = _Problem(likelihood, np.append(sign * beta, tau2), common, _known(delta, curve))
    if fit.k < problem.free.sum():
        raise SynthesisError(
            f"{fit.k} studies can't give the {problem.free.sum()} parameters of this selection "
            "model; use fewer steps, or give delta"
        )
    theta, height = problem.maximum()
    return _result(fit, problem, theta, height, alternative, beta)


def _intervals(steps: Sequence[float]) -> Array:
    ends = np.unique(np.asarray(steps, dtype=float))
    if not len(ends) or not (np.isfinite(ends).all() and ends[0] > 0 and ends[-1] <= 1):
        raise InputError(f"steps must be p values above 0 and up to 1; they were {list(steps)}")
    ends = ends if ends[-1] == 1 else np.append(ends, 1.0)
    if len(ends) < 2:
        raise InputError("steps must hold a p value below 1, such as 0.025")
    return ends


def _known(delta: Sequence[float] | None, curve: Curve) -> Array | None:
    if delta is None:
        return None
    known = np.asarray(delta, dtype=float)
    n = len(curve.null)
    if known.shape != (n,) or not (np.isfinite(known).all() and (known >= 0).all()):
        what = "one weight per interval of steps" if curve.kind == "step" else "all its parameters"
        raise InputError(f"delta must hold {what}, {n} numbers of 0 or more; it was {list(delta)}")
    return known


class _Problem:
    """The likelihood with its bounds, and where to start uphill."""

    def __init__(
        self, likelihood: SelectionLikelihood, plain_fit: Array, common: bool, known: Array | None
    ) -> None:
        curve = likelihood.curve
        self.likelihood, self.common, self.known = likelihood, common, known
        p = self.p = len(plain_fit) - 1
        self.null = np.concatenate([plain_fit, curve.null])
        self.low = np.concatenate([np.full(p, -np.inf), [0.0], curve.floor])
        self.high = np.concatenate([np.full(p, np.inf), [np.inf], curve.ceiling])
        if common:
            self.high[p] = 0.0
        if known is not None:
            self.low[p + 1 :] = self.high[p + 1 :] = known
        elif curve.kind == "step":
            self.low[p + 1] = self.high[p + 1] = 1.0
        self.free: NDArray[np.bool_] = self.low < self.high

    def maximum(self) -> tuple[Array, Height]:
        """The maximum to which the way up leads from where nothing is selected."""
        return self._climb(self._start())

    def rival(self) -> tuple[Array, Height]:
        """The highest of the maxima to which the ways from elsewhere lead."""
        start, p = self._start(), self.p
        beta_curve = self.likelihood.curve.kind == "beta"
        scatter = start[p] + float(self.likelihood.v.mean())
        lower, bent = start.copy(), start.copy()
        # effects that look much worse than those seen, and a curve that hides the rest
        lower[0], lower[p] = start[0] - 2 * math.sqrt(scatter), start[p] + scatter
        if beta_curve:
            lower[p + 1 :] = 0.02, 2.5
        bent[p + 1 :] = (0.2, 2.0) if beta_curve else 0.3
        return max((self._climb(lower), self._climb(bent)), key=lambda found: found[1][0])

    def without_heterogeneity(self, theta: Array) -> float:
        """The highest log-likelihood with τ² = 0."""
        high = self.high.copy()
        high[self.p] = 0.0
        return climb(self.likelihood, theta, self.low, high)[1][0]

    def _start(self) -> Array:
        start = self.null.copy()
        n = len(start) - self.p - 1
        start[self.p + 1 :] = np.linspace(1, 0.8, n) if self.likelihood.curve.kind == "step" else 1
        return start

    def _climb(self, start: Array) -> tuple[Array, Height]:
        return climb(self.likelihood, start, self.low, self.high)

    def covariance(self, theta: Array, H: Array) -> Array:
        """Inverse information; NaN for what was fixed or is zero, or where there is none."""
        p, v = self.p, self.likelihood.v
        counts = self.free.copy()
        counts[p] &= theta[p] >= min(float(v.min()) / 10, _SMALL_TAU2)
        if self.likelihood.curve.kind == "step":
            counts[p + 1 :] &= theta[p + 1 :] >= _SMALL_WEIGHT
        cov = np.full(H.shape, np.nan)
        part = np.ix_(counts, counts)
        try:
            np.linalg.cholesky(-H[part])
        except np.linalg.LinAlgError:
            return cov
        cov[part] = np.linalg.inv(-H[part])
        return cov


def _result(
    fit: Result, problem: _Problem, theta: Array, height: Height, alternative: str, beta: Array
) -> SelectionModel:
    p, curve = problem.p, problem.likelihood.curve
    sign = -1.0 if alternative == "less" else 1.0
    cov = problem.covariance(theta, height[2])
    with np.errstate(invalid="ignore"):
        se = np.sqrt(np.diagonal(cov))
    turn = sign * np.eye(p)
    counts = ()
    if curve.kind == "step":
        seen = problem.likelihood.seen.step.astype(int)
        counts = tuple(np.bincount(seen, minlength=len(curve.steps)).tolist())
    unselected = problem.likelihood(problem.null)[0]
    heterogeneity = LikelihoodRatio(math.nan, 0, math.nan)
    if not problem.common:
        heterogeneity = _ratio(height[0], problem.without_heterogeneity(theta), 1)
    return SelectionModel(
        kind=curve.kind,
        alternative=alternative,
        steps=tuple(curve.steps.tolist()),
        names=fit.names,
        beta=sign * theta[:p],
        cov=turn @ cov[:p, :p] @ turn,
        tau2=float(theta[p]),
        tau2_se=float(se[p]),
        delta=theta[p + 1 :],
        delta_se=se[p + 1 :],
        loglik=height[0],
        selection=_ratio(height[0], unselected, int(problem.free[p + 1 :].sum())),
        heterogeneity=heterogeneity,
        unadjusted=beta,
        counts=counts,
        level=fit.level,
        warnings=(*fit.warnings, *_warnings(problem, theta, height, cov, counts, sign)),
    )


def _ratio(high: float, low: float, df: int) -> LikelihoodRatio:
    from scipy.special import chdtrc

    statistic = max(0.0, 2 * (high - low))
    return LikelihoodRatio(statistic, df, float(chdtrc(df, statistic)) if df else math.nan)


def _warnings(
    problem: _Problem,
    theta: Array,
    height: Height,
    cov: Array,
    counts: tuple[int, ...],
    sign: float,
) -> list[str]:
    notes, p = [], problem.p
    if 0 in counts and problem.known is None:
        notes.append("an interval of p holds no study; its weight is poorly known")
    delta, free = theta[p + 1 :], problem.free[p + 1 :]
    edge = ((delta <= problem.low[p + 1 :]) | (delta >= problem.high[p + 1 :])) & free
    if edge.any():
        notes.append(
            "a parameter of the curve lies at the end of its range; treat the result with caution"
        )
    if np.isnan(cov[0, 0]):
        notes.append("the likelihood has no curvature at the estimates; there is no standard error")
    if free.any():
        other, higher = problem.rival()
        if higher[0] > height[0] + 1e-4:
            notes.append(
                "the likelihood has another maximum, higher by "
                f"{higher[0] - height[0]:.2f}, with an estimate of {sign * other[0]:.4f}; the one "
                "shown is that to which the way up from no selection leads: trust neither alone"
            )
    return notes
