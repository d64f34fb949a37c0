"""Estimators of τ², the variance between studies, for one data set or thousands at once.

They come in three families, and each family is one piece of code:

* *moments* (DL, HE, HS, HSk, SJ, GENQ): τ² is a straight line in a residual sum of squares;
* *generalised Q* (PM and its twins EB, DLIT, SJIT; PMM): τ² makes Q equal its expectation
  (PMM: its median);
* *likelihood* (ML, REML): τ² makes the score vanish at the highest of its maxima.

The last two are roots, found for all data sets together by Newton steps on a ratio that would
be a straight line if all studies had the same variance, which takes about four steps.

Sources: Viechtbauer (2005) J Educ Behav Stat 30:261; DerSimonian & Kacker (2007) Contemp Clin
Trials 28:105; Viechtbauer, López-López, Sánchez-Meca & Marín-Martínez (2015) Psychol Methods
20:360; Veroniki et al. (2016) Res Synth Methods 7:55. Names and conventions follow `rma.uni` of
the R package metafor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis.least_squares import Array, LeastSquares
from reprieve.synthesis.single import grid_points

COMMON = ("EE", "FE", "CE")
MOMENTS = ("DL", "HE", "HS", "HSk", "SJ", "GENQ")
GENERALISED_Q = ("PM", "EB", "DLIT", "SJIT", "PMM")
LIKELIHOOD = ("ML", "REML")
METHODS = (*COMMON, *MOMENTS, *GENERALISED_Q, *LIKELIHOOD)
"""The methods that are understood; EE, FE and CE set τ² to zero."""

_ELEMENTS = 1 << 17  # numbers in an array that still stays in a core's cache
_SMALL = 1e-9  # Newton doubles the digits: after a relative step of this size all are right
_STEPS = 200
_FEW = 0.7  # a smaller share of data sets than this goes on without the others


def check_method(method: str) -> str:
    """`method`, if it is one of `METHODS`.

    Raises
    ------
    UnknownWordError
        With the nearest names.
    """
    if method not in METHODS:
        raise UnknownWordError("method", method, METHODS)
    return method


def estimate_tau2(
    y: ArrayLike,
    v: ArrayLike,
    X: ArrayLike | None = None,
    *,
    method: str = "REML",
    weights: ArrayLike | None = None,
    used: ArrayLike | None = None,
) -> Any:
    """Estimate τ², for one data set or many.

    Parameters
    ----------
    y, v : array_like, shape (..., k)
        Estimates and their sampling variances, broadcast against each other.
    X : array_like, shape (k, p) or (..., k, p), optional
        Design matrix; an intercept alone when not given.
    method : str
        One of `METHODS`.
    weights : array_like, shape (..., k), optional
        The weights of method GENQ.
    used : array_like of bool, shape (..., k), optional
        The studies that count: leave-one-out or all subsets are one call with a mask. Where it
        is False, `y` and `v` may be anything.

    Returns
    -------
    float or ndarray, shape (...)
        Never below zero. NaN where a data set leaves no degree of freedom, its design has lost
        rank, a number is not finite or a variance not positive; zero for EE, FE and CE.

    Examples
    --------
    >>> y, v = [0.1, -0.4, 0.8, 0.3], [0.04, 0.03, 0.06, 0.05]
    >>> round(estimate_tau2(y, v, method="DL"), 6)
    0.205336
    >>> leave_one_out = ~np.eye(4, dtype=bool)
    >>> estimate_tau2(y, v, method="PM", used=leave_one_out).round(4)
    array([0.3201, 0.0775, 0.0929, 0.3169])
    """
    method = check_method(method)
    batch, shape = as_batch(y, v, X, used)
    a = None if weights is None else as_rows(weights, shape)
    tau2 = solve(batch, method, a).reshape(shape[:-1])
    return tau2 if tau2.ndim else float(tau2)


def standard_error_tau2(
    tau2: ArrayLike,
    y: ArrayLike,
    v: ArrayLike,
    X: ArrayLike | None = None,
    *,
    method: str = "REML",
    weights: ArrayLike | None = None,
    used: ArrayLike | None = None,
) -> Any:
    """The standard error of τ² as metafor gives it, for what `estimate_tau2` returned.

    From the variance of the quadratic form for moments, the Fisher information for ML and REML.

    Examples
    --------
    >>> y, v = [0.1, -0.4, 0.8, 0.3], [0.04, 0.03, 0.06, 0.05]
    >>> tau2 = estimate_tau2(y, v, method="REML")
    >>> round(standard_error_tau2(tau2, y, v, method="REML"), 4)
    0.2017
    """
    batch, shape = as_batch(y, v, X, used)
    a = None if weights is None else as_rows(weights, shape)
    flat = np.broadcast_to(np.asarray(tau2, dtype=float), shape[:-1]).reshape(-1)
    se = spread(batch, check_method(method), flat, a).reshape(shape[:-1])
    return se if se.ndim else float(se)


def as_batch(
    y: ArrayLike, v: ArrayLike, X: ArrayLike | None, used: ArrayLike | None
) -> tuple[LeastSquares, tuple[int, ...]]:
    """The inputs with one leading axis, and the shape that they were broadcast to."""
    parts = [np.asarray(y, dtype=float), np.asarray(v, dtype=float)]
    design = None if X is None else np.asarray(X, dtype=float)
    mask = None if used is None else np.asarray(used, dtype=bool)
    shapes = [part.shape for part in parts]
    shapes += [mask.shape] if mask is not None else []
    shapes += [design.shape[:-1]] if design is not None else []
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError as error:
        raise InputError(
            f"y, v, X and used must be of one size, but their shapes are {shapes}; "
            "the last axis (of X the last but one) runs over studies"
        ) from error
    if design is not None and design.ndim > 2:
        design = np.broadcast_to(design, (*shape, design.shape[-1]))
        design = design.reshape(-1, *design.shape[-2:])
    flat_y, flat_v = (as_rows(part, shape) for part in parts)
    flat_used = None if mask is None else np.broadcast_to(mask, shape).reshape(-1, shape[-1])
    return LeastSquares(flat_y, flat_v, design, flat_used), shape


def as_rows(values: ArrayLike, shape: tuple[int, ...]) -> Array:
    return np.broadcast_to(np.asarray(values, dtype=float), shape).reshape(-1, shape[-1])


def solve(batch: LeastSquares, method: str, weights: Array | None = None) -> Array:
    """τ² of each data set of `batch`, shape (n,); see `estimate_tau2`."""
    n, k = batch.y.shape
    if method in COMMON:
        return np.zeros(n)
    size = max(1, _ELEMENTS // max(k, 1))
    if n > size:
        pieces = [slice(start, start + size) for start in range(0, n, size)]
        return np.concatenate(
            [solve(batch.take(i), method, None if weights is None else weights[i]) for i in pieces]
        )
    with np.errstate(all="ignore"):
        if method in MOMENTS:
            tau2 = _moments(batch, method, weights)
        elif method in GENERALISED_Q:
            target = median_chi2(batch.df) if method == "PMM" else batch.df
            tau2 = solve_q(batch, np.broadcast_to(np.asarray(target, dtype=float), (n,)))
        else:
            tau2 = _solve_likelihood(batch, method)
    return np.where(batch.unfit | (np.asarray(batch.df) < 1), np.nan, np.maximum(tau2, 0.0))


def median_chi2(df: Any) -> Any:
    """The median of χ² with `df` degrees of freedom."""
    from scipy.special import chdtri

    return chdtri(df, 0.5)


def _line(batch: LeastSquares, method: str, weights: Array | None) -> tuple[Array, Any, Any]:
    """The weights a, and the line `slope · yᵀPy + offset` that gives a moment estimate."""
    k, df = batch.k, batch.df
    if method in ("DL", "HE", "GENQ"):
        if method == "GENQ":
            if weights is None:
                raise SynthesisError('method "GENQ" needs weights: give one per study')
            a = weights if batch.used is None else np.where(batch.used, weights, 0.0)
        else:
            a = batch.weights(batch.v if method == "DL" else 1.0)
        P = batch.projection(a)
        slope = 1 / P.trace()
        return a, slope, -slope * P.trace(batch.v)
    if method in ("HS", "HSk"):
        a = batch.weights(batch.v)
        total = a.sum(axis=-1)
        return a, (1.0 if method == "HS" else k / df) / total, -k / total
    ones = batch.weights(1.0)
    start = LeastSquares(batch.y, batch.v, None, batch.used).projection(ones).yPy() / k
    return batch.weights(batch.v + start[:, None]), start / df, 0.0


def _moments(batch: LeastSquares, method: str, weights: Array | None) -> Array:
    a, slope, offset = _line(batch, method, weights)
    return np.asarray(slope * batch.projection(a).yPy() + offset)


def spread(batch: LeastSquares, method: str, tau2: Array, weights: Array | None = None) -> Array:
    """The standard error of τ² of each data set of `batch`; see `standard_error_tau2`."""
    if method in COMMON:
        return np.full(len(tau2), np.nan)
    variance = batch.v + tau2[:, None]
    with np.errstate(all="ignore"):
        if method in MOMENTS:
            a, slope, _ = _line(batch, method, weights)
            se = slope * np.sqrt(2 * batch.projection(a).trace2(variance))
        else:
            w = batch.weights(variance)
            if method == "REML":
                se = np.sqrt(2 / batch.projection(w).trace2())
            elif method == "ML":
                se = np.sqrt(2 / batch.projection(w).squares)
            else:
                se = np.sqrt(2 * batch.k**2 / batch.df) / w.sum(axis=-1)
    return np.where(batch.unfit | (np.asarray(batch.df) < 1), np.nan, se)


def solve_q(batch: LeastSquares, target: Array) -> Array:
    """The τ² at which the generalised Q of each data set falls to `target`; 0 if it starts lower.

    1/Q is a concave function of τ² (Cauchy–Schwarz), so Newton's steps from zero never pass the
    root: no bracket is needed.
    """
    n = len(batch.y)
    tau2, active, part = np.zeros(n), np.arange(n), batch
    for _ in range(_STEPS):
        P = part.projection(part.weights(part.v + tau2[active, None]))
        q, slope = P.yPy(), P.yPPy()
        with np.errstate(invalid="ignore"):  # identical effects: Q and its slope are both zero
            step = np.where(q > target[active], (q / target[active] - 1) * q / slope, 0.0)
        tau2[active] += step
        going = step > _SMALL * tau2[active]
        if not going.any():
            return tau2
        if going.sum() < _FEW * len(going):
            active, part = active[going], part.take(np.flatnonzero(going))
    return tau2


def log_likelihood(batch: LeastSquares, tau2: Array, method: str) -> Array:
    """Profile log-likelihood of τ², restricted unless `method` is ML, with all its constants."""
    variance = batch.v + tau2[:, None]
    w = batch.weights(variance)
    P = batch.projection(w)
    logs = (batch.count * np.log(variance)).sum(axis=-1)
    count = batch.k if method == "ML" else batch.df
    value = -0.5 * (count * np.log(2 * np.pi) + logs + P.yPy())
    return np.asarray(value if method == "ML" else value - 0.5 * P.logdet())


def upper_bound(batch: LeastSquares, method: str) -> Array:
    """A τ² beyond which the score of ML or REML is negative, by the spectrum of `P`.

    `P` has its non-zero eigenvalues between 1/(v_max + τ²) and 1/(v_min + τ²), so that
    `yᵀPPy ≤ RSS/(v_min + τ²)²` and `tr P ≥ df/(v_max + τ²)`.
    """
    ones = batch.weights(1.0)
    count = batch.k if method == "ML" else batch.df
    s2 = batch.projection(ones).yPy() / count
    low, high = batch.extremes()
    return np.asarray(np.maximum((s2 + np.sqrt(s2 * s2 + 4 * s2 * (high - low))) / 2 - low, 0.0))


def _score_ratio(batch: LeastSquares, tau2: Array, method: str) -> Array:
    """`yᵀPPy / tr P` (ML: over tr W), which is 1 where the score vanishes."""
    P = batch.projection(batch.weights(batch.v + tau2[:, None]))
    return P.yPPy() / (P.total if method == "ML" else P.trace())


def _score_ratio_and_decline(batch: LeastSquares, tau2: Array, method: str) -> tuple[Array, Array]:
    """The ratio of the score, and minus the derivative of its logarithm."""
    P = batch.projection(batch.weights(batch.v + tau2[:, None]))
    above = P.yPPy()
    below, slope = (P.total, P.squares) if method == "ML" else (P.trace(), P.trace2())
    return above / below, 2 * P.yPPPy() / above - slope / below


def _solve_likelihood(batch: LeastSquares, method: str) -> Array:
    """The τ² of highest (restricted) likelihood.

    The sign of the score on a grid tells where the maxima lie; where there is more than one,
    each is refined and the likelihoods are compared.
    """
    top = upper_bound(batch, method)
    n = len(top)
    finest = batch.extremes()[0]
    reach = 1 + top / finest
    points = grid_points(float(np.nanmax(reach, initial=1.0)))
    grid = finest * (reach ** (np.arange(points + 1)[:, None] / points) - 1)
    ratio = np.array([_score_ratio(batch, point, method) for point in grid])
    rising = ratio > 1
    rising[-1] = False
    peaks = rising[:-1] & ~rising[1:]
    at_zero = ~rising[0]
    best, height = np.zeros(n), np.where(at_zero, 0.0, -np.inf)
    rivals = peaks.sum(axis=0) + at_zero > 1
    if rivals.any():
        height[rivals & at_zero] = log_likelihood(batch, best, method)[rivals & at_zero]
    # the j-th peak of every data set that has one
    order = peaks.cumsum(axis=0)
    for j in range(1, int(order[-1].max(initial=0)) + 1):
        chosen = np.flatnonzero(order[-1] >= j)
        cell = (order[:, chosen] >= j).argmax(axis=0)
        part = batch if len(chosen) == n else batch.take(chosen)
        low, high = grid[cell, chosen], grid[cell + 1, chosen]
        found = _newton(part, method, low, high, ratio[cell, chosen], ratio[cell + 1, chosen])
        worth = np.zeros(len(chosen))
        contested = rivals[chosen]
        if contested.any():
            worth[contested] = log_likelihood(part, found, method)[contested]
        better = worth > height[chosen]
        best[chosen[better]], height[chosen[better]] = found[better], worth[better]
    return best


def _newton(
    batch: LeastSquares, method: str, low: Array, high: Array, at_low: Array, at_high: Array
) -> Array:
    """The root of the score between `low` and `high`, where its ratio is over and under 1.

    One over the ratio is nearly a straight line: it gives the first guess and each step.
    """
    share = (1 - 1 / at_low) / (1 / at_high - 1 / at_low)
    tau2 = low + (high - low) * np.where((share >= 0) & (share <= 1), share, 0.5)
    active, part = np.arange(len(low)), batch
    for _ in range(_STEPS):
        here = tau2[active]
        ratio, decline = _score_ratio_and_decline(part, here, method)
        low = np.where(ratio > 1, here, low)
        high = np.where(ratio > 1, high, here)
        new = here + (ratio - 1) / decline
        # a step that leaves the bracket gives way to the middle of it
        new = np.where((new >= low) & (new <= high), new, (low + high) / 2)
        tau2[active] = new
        going = np.abs(new - here) > _SMALL * new
        if not going.any():
            return tau2
        if going.sum() < _FEW * len(going):
            active, low, high = active[going], low[going], high[going]
            part = part.take(np.flatnonzero(going))
    return tau2
