"""The fit that pairwise meta-analysis and meta-regression share, for one data set or many.

Given τ², the coefficients are weighted least squares with weights 1/(v + τ²) (or the user's),
and the test says which reference distribution and which scaling of the covariance apply:

* ``z``: normal; ``t``: Student with k − p degrees of freedom;
* ``knha``: Student, covariance scaled by the weighted residual variance (Hartung & Knapp 2001
  Stat Med 20:3875; Sidik & Jonkman 2002 Stat Med 21:3153; Knapp & Hartung 2003 Stat Med 22:2693);
* ``adhoc``: the same, but never scaled down (Rover, Knapp & Friede 2015 BMC Med Res Methodol
  15:99; Cochrane Handbook version 6.5, 10.10.4.3).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from reprieve.errors import UnknownWordError
from reprieve.synthesis.heterogeneity import (
    COMMON,
    GENERALISED_Q,
    LIKELIHOOD,
    as_batch,
    as_rows,
    check_method,
    solve,
)
from reprieve.synthesis.least_squares import Array, LeastSquares
from reprieve.synthesis.single import solve_single

TESTS = ("z", "t", "knha", "adhoc")
_ROUNDING = float(np.finfo(float).eps)


class BatchFit(NamedTuple):
    """Fits of a batch of data sets; `...` is the shape of the batch.

    Attributes
    ----------
    beta : ndarray, shape (..., p)
    cov : ndarray, shape (..., p, p)
        Covariance of `beta`, scaled as the test asks.
    tau2 : ndarray, shape (...)
    k, df : ndarray, shape (...)
        Studies, and studies minus coefficients.
    """

    beta: Array
    cov: Array
    tau2: Array
    k: Array
    df: Array

    @property
    def se(self) -> Array:
        """Standard errors of the coefficients, shape (..., p)."""
        return np.sqrt(np.diagonal(self.cov, axis1=-2, axis2=-1))


def check_test(test: str) -> str:
    """`test`, if it is one of `TESTS`."""
    if test not in TESTS:
        raise UnknownWordError("test", test, TESTS)
    return test


def default_test(method: str) -> str:
    """Knapp–Hartung; normal for a common effect, which has no variance between studies."""
    return "z" if method in COMMON else "knha"


def fit_batch(
    y: ArrayLike,
    v: ArrayLike,
    X: ArrayLike | None = None,
    *,
    method: str = "REML",
    test: str = "knha",
    weights: ArrayLike | None = None,
    used: ArrayLike | None = None,
) -> BatchFit:
    """Fit many meta-analyses or meta-regressions at once.

    Parameters are those of `estimate_tau2`, and `test` one of ``z``, ``t``, ``knha``, ``adhoc``.
    `weights` replace the inverse variances in the coefficients, as metafor's do.

    Returns
    -------
    BatchFit
        NaN where a data set does not allow the fit (as in `estimate_tau2`).

    Examples
    --------
    Leave one study out, for all studies at once:

    >>> y, v = [0.1, -0.4, 0.8, 0.3], [0.04, 0.03, 0.06, 0.05]
    >>> fits = fit_batch(y, v, method="DL", test="z", used=~np.eye(4, dtype=bool))
    >>> fits.beta[:, 0].round(3)
    array([ 0.218,  0.381, -0.017,  0.149])
    >>> fits.se[:, 0].round(3)
    array([0.361, 0.203, 0.215, 0.335])
    """
    batch, shape = as_batch(y, v, X, used)
    method, test = check_method(method), check_test(test)
    a = None if weights is None else as_rows(weights, shape)
    if a is not None and batch.used is not None:
        a = np.where(batch.used, a, 0.0)
    lead = shape[:-1]
    tau2 = solve(batch, method, a)
    beta, cov = estimate(batch, tau2, test, a)
    n, p = beta.shape
    k = np.broadcast_to(np.asarray(batch.k, dtype=float), (n,)).reshape(lead)
    return BatchFit(
        beta.reshape(*lead, p), cov.reshape(*lead, p, p), tau2.reshape(lead), k, k - batch.p
    )


class CochranQ(NamedTuple):
    """Heterogeneity that needs no τ², one value per data set.

    Attributes
    ----------
    Q : ndarray
        Weighted residual sum of squares of the common-effect fit.
    df : ndarray
        Its degrees of freedom, k − p.
    typical_variance : ndarray
        The sampling variance of a typical study (Higgins & Thompson 2002 Stat Med 21:1539,
        formula 9), with which `I² = τ² / (τ² + typical)` and `H² = 1 + τ² / typical`.
    """

    Q: Array
    df: Array
    typical_variance: Array


def cochran_q(
    y: ArrayLike, v: ArrayLike, X: ArrayLike | None = None, *, used: ArrayLike | None = None
) -> CochranQ:
    """Cochran's Q of many data sets at once; parameters as in `estimate_tau2`.

    Examples
    --------
    >>> q = cochran_q([[0.1, -0.4, 0.8, 0.3]], [[0.04, 0.03, 0.06, 0.05]])
    >>> q.Q.round(3), q.df
    (array([17.289]), array([3.]))
    """
    batch, shape = as_batch(y, v, X, used)
    return CochranQ(*(part.reshape(shape[:-1]) for part in homogeneity(batch)))


def homogeneity(batch: LeastSquares) -> CochranQ:
    """`cochran_q` of a batch; NaN where the design has lost rank."""
    P = batch.projection(batch.weights(batch.v))
    df = np.broadcast_to(np.asarray(batch.df, dtype=float), batch.unfit.shape)
    with np.errstate(all="ignore"):
        typical = np.where(df > 0, df / P.trace(), np.nan)
    q = np.where(df > 0, np.maximum(P.yPy(), 0.0), 0.0)
    lost = batch.unfit
    return CochranQ(np.where(lost, np.nan, q), df, np.where(lost, np.nan, typical))


def estimate(
    batch: LeastSquares, tau2: Array, test: str, weights: Array | None = None
) -> tuple[Array, Array]:
    """Coefficients and their covariance at given τ², one row per data set of `batch`."""
    variance = batch.v + tau2[:, None]
    P = batch.projection(batch.weights(variance))
    with np.errstate(all="ignore"):
        if weights is None:
            beta, cov = P.coefficients()
        else:
            beta, cov = batch.projection(weights).coefficients(variance)
        if test in ("knha", "adhoc"):
            scale = _residual_variance(P.yPy(), batch.df)
            if test == "adhoc":
                scale = np.maximum(scale, 1.0)
            cov = cov * scale[:, None, None]
    lost = batch.unfit | np.isnan(tau2)
    if lost.any():
        beta[lost], cov[lost] = np.nan, np.nan
    return beta, cov


def _residual_variance(rss: Array, df: Any) -> Array:
    """The weighted residual variance; 0 where all estimates are one, up to rounding."""
    return np.where(rss <= _ROUNDING, 0.0, rss / df)


def fit_mean(y: Array, v: Array, method: str, test: str) -> tuple[float, float, float]:
    """Mean, its variance and τ² of one sound data set of two or more studies, quickly.

    Examples
    --------
    >>> y, v = np.array([0.1, -0.4, 0.8, 0.3]), np.array([0.04, 0.03, 0.06, 0.05])
    >>> mean, variance, tau2 = fit_mean(y, v, "REML", "knha")
    >>> bool(np.isclose(mean, fit_batch(y, v).beta[0]))
    True
    """
    if method in (*GENERALISED_Q, *LIKELIHOOD):
        tau2 = solve_single(y, v, method)
    else:
        tau2 = float(solve(LeastSquares(y[None], v[None]), method)[0])
    w = 1.0 / (v + tau2)
    total = float(w.sum())
    mean = float(w @ y) / total
    variance = 1 / total
    if test in ("knha", "adhoc"):
        residual = y - mean
        rss = float(w @ (residual * residual))
        scale = 0.0 if rss <= _ROUNDING else rss / (len(y) - 1)
        variance *= max(scale, 1.0) if test == "adhoc" else scale
    return mean, variance, tau2
