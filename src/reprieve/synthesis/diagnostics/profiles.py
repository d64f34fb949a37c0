"""The profile of the likelihood over τ²: how well the studies tell how much they differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.base import Interval, Result
from reprieve.synthesis.core import estimate
from reprieve.synthesis.diagnostics.refits import check_several
from reprieve.synthesis.diagnostics.tables import frame_table
from reprieve.synthesis.findings import Finding
from reprieve.synthesis.heterogeneity import COMMON, log_likelihood, solve
from reprieve.synthesis.least_squares import Array, LeastSquares
from reprieve.synthesis.tau2_intervals import likelihood_interval

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False, repr=False)
class Profile(Finding):
    """The log-likelihood over τ², at the coefficients that the fit would have there.

    Attributes
    ----------
    likelihood : {"REML", "ML"}
        Restricted after REML, full after any other method.
    tau2 : ndarray, shape (n,)
        Where it was evaluated.
    loglik : ndarray, shape (n,)
    beta, se : ndarray, shape (n, p)
        Coefficients at each τ², and their standard errors as the test of the fit has them.
    names : tuple of str
        Coefficients.
    estimate : float
        τ² of the fit.
    maximum, max_loglik : float
        The τ² of highest likelihood, and its log-likelihood. It is the estimate for ML and REML.
    interval : (float, float)
        The τ² whose log-likelihood is less than half a χ²₁ quantile below the highest.
    level : float
        Coverage of that interval.
    """

    likelihood: str
    tau2: Array
    loglik: Array
    beta: Array
    se: Array
    names: tuple[str, ...]
    estimate: float
    maximum: float
    max_loglik: float
    interval: Interval
    level: float

    def to_frame(self) -> pl.DataFrame:
        """One row per τ²: tau2, loglik, and each coefficient with its standard error."""
        import polars as pl

        columns: dict[str, Array] = {}
        for j, name in enumerate(self.names):
            columns |= {f"beta {name}": self.beta[:, j], f"se {name}": self.se[:, j]}
        return pl.DataFrame({"tau2": self.tau2, "loglik": self.loglik, **columns})

    def summary(self) -> str:
        """The result as a table to read."""
        low, high = self.interval
        return (
            f"Profile of the {self.likelihood} likelihood over τ²\n\n"
            f"highest  {self.max_loglik:.4f} at τ² {self.maximum:.4f}\n"
            f"{100 * self.level:g} % CI  {low:.4f} to {high:.4f}\n\n"
            f"{frame_table(self.to_frame())}"
        )


def profile_tau2(fit: Result, points: int | ArrayLike = 41) -> Profile:
    """Log-likelihood, and coefficients, at given values of τ².

    Parameters
    ----------
    fit : MetaAnalysis or MetaRegression
        By a method that estimates τ²; its test and weights are kept.
    points : int or sequence of float
        The values, or how many of them to spread evenly from zero to a quarter beyond the
        interval.

    Returns
    -------
    Profile

    Raises
    ------
    SynthesisError
        A common-effect fit, or one study alone.
    InputError
        Fewer than two points, or a value below zero.

    Notes
    -----
    Hardy & Thompson (1996) Stat Med 15:619. The log-likelihoods are those of `profile` of the R
    package metafor.

    Examples
    --------
    >>> from reprieve.synthesis import meta_analysis
    >>> fit = meta_analysis(effect=[-12.0, -4.0, -9.0, -15.0], se=[4.0, 3.0, 5.0, 4.5])
    >>> profile = profile_tau2(fit, points=[0.0, 10.0, 100.0])
    >>> profile.loglik.round(3), round(profile.maximum, 3)
    (array([ -9.544,  -9.125, -10.196]), 12.125)
    """
    check_several(fit, "a profile of τ²")
    if fit.method in COMMON or np.isnan(fit.tau2):
        raise SynthesisError(
            f"a profile of τ² needs a fit that estimates τ², not one by {fit.method} with "
            f"{fit.k} studies"
        )
    kind = "REML" if fit.method == "REML" else "ML"

    def height(value: float) -> float:
        return float(_evaluate(fit, np.array([value]), kind)[0][0])

    maximum = _maximum(fit, height, kind)
    interval = likelihood_interval(height, maximum, fit.level, float(fit.v.max()))
    tau2 = _grid(points, interval[1])
    loglik, beta, se = _evaluate(fit, tau2, kind)
    return Profile(
        likelihood=kind,
        tau2=tau2,
        loglik=loglik,
        beta=beta,
        se=se,
        names=fit.names,
        estimate=fit.tau2,
        maximum=maximum,
        max_loglik=height(maximum),
        interval=interval,
        level=fit.level,
    )


def _evaluate(fit: Result, tau2: Array, kind: str) -> tuple[Array, Array, Array]:
    """Log-likelihood, coefficients and their standard errors at each τ²."""
    shape = (len(tau2), fit.k)
    y, v = np.broadcast_to(fit.y, shape), np.broadcast_to(fit.v, shape)
    batch = LeastSquares(y, v, fit.X)
    own = None if fit.own_weights is None else np.broadcast_to(fit.own_weights, shape)
    loglik = log_likelihood(batch, tau2, kind)
    beta, cov = estimate(batch, tau2, fit.test, own)
    if own is not None:
        # the coefficients are not those of highest likelihood
        X = np.ones((fit.k, 1)) if fit.X is None else fit.X
        rss = ((y - beta @ X.T) ** 2 / (v + tau2[:, None])).sum(axis=1)
        loglik = loglik - 0.5 * (rss - batch.projection(1 / (v + tau2[:, None])).yPy())
    return loglik, beta, np.sqrt(np.diagonal(cov, axis1=1, axis2=2))


def _maximum(fit: Result, height: Callable[[float], float], kind: str) -> float:
    """The τ² of highest likelihood."""
    best = float(solve(LeastSquares(fit.y[None], fit.v[None], fit.X), kind)[0])
    if fit.own_weights is None:
        return best
    from scipy.optimize import minimize_scalar

    # coefficients that fit worse leave more to τ²
    far = 2 * best + float(fit.v.max())
    while height(2 * far) > height(far):
        far *= 2
    found = minimize_scalar(
        lambda tau2: -height(tau2),
        bounds=(0.0, 2 * far),
        method="bounded",
        options={"xatol": 1e-10 * far},
    )
    return float(found.x) if height(float(found.x)) > height(0.0) else 0.0


def _grid(points: int | ArrayLike, high: float) -> Array:
    if isinstance(points, int | np.integer):
        if points < 2:
            raise InputError(f"points must be at least 2, or a list of values; it was {points}")
        return np.linspace(0.0, 1.25 * high, int(points))
    tau2 = np.asarray(points, dtype=float)
    if tau2.ndim != 1 or not len(tau2) or not (np.isfinite(tau2) & (tau2 >= 0)).all():
        raise InputError(f"points must be values of τ² of at least zero; they were {points!r}")
    return tau2
