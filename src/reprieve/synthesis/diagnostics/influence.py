"""What each study does to a fit: residuals, influence, and the plot of Baujat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reprieve.synthesis.base import Result
from reprieve.synthesis.core import estimate
from reprieve.synthesis.diagnostics.refits import Refits, check_several
from reprieve.synthesis.diagnostics.tables import frame_table
from reprieve.synthesis.findings import Finding
from reprieve.synthesis.least_squares import Array, LeastSquares

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False, repr=False)
class Influence(Finding):
    """What changes when a study is left out, one value per study.

    Attributes
    ----------
    study : tuple of str
    names : tuple of str
        Coefficients.
    residual, residual_se : ndarray, shape (k,)
        The study's effect minus what the others predict for it, and its standard error.
    rstudent : ndarray
        Their ratio, the studentized deleted residual.
    dffits : ndarray
        Change of the fitted value, in standard errors.
    cook : ndarray
        Cook's distance: change of all coefficients, in units of their covariance.
    cov_ratio : ndarray
        Determinant of the covariance without the study over that with it; below 1 the study
        makes the coefficients less precise.
    tau2_deleted, Q_deleted : ndarray
        τ² and Cochran's Q without the study.
    hat : ndarray
        Leverage.
    weight : ndarray
        Weight in the fit, in percent.
    dfbetas : ndarray, shape (k, p)
        Change of each coefficient, in standard errors.
    influential : ndarray of bool
        Whether |dffits| > 3√(p/(k − p)), the χ² distribution function with p degrees of freedom
        is over one half at Cook's distance, hat > 3p/k, or some |dfbetas| > 1.
    """

    study: tuple[str, ...]
    names: tuple[str, ...]
    residual: Array
    residual_se: Array
    rstudent: Array
    dffits: Array
    cook: Array
    cov_ratio: Array
    tau2_deleted: Array
    Q_deleted: Array
    hat: Array
    weight: Array
    dfbetas: Array
    influential: NDArray[np.bool_]

    def to_frame(self) -> pl.DataFrame:
        """One row per study; the columns are named as the attributes, dfbetas by coefficient."""
        import polars as pl

        columns = {
            name: getattr(self, name)
            for name in (
                *("residual", "residual_se", "rstudent", "dffits", "cook", "cov_ratio"),
                *("tau2_deleted", "Q_deleted", "hat", "weight"),
            )
        }
        shifts = {f"dfbetas {name}": self.dfbetas[:, j] for j, name in enumerate(self.names)}
        return pl.DataFrame(
            {"study": list(self.study), **columns, **shifts, "influential": self.influential}
        )

    def summary(self) -> str:
        """The result as a table to read; influential studies bear a star."""
        frame = self.to_frame().drop("residual", "residual_se")
        return f"Influence of each study\n\n{frame_table(frame)}"


@dataclass(frozen=True, eq=False, repr=False)
class Residuals(Finding):
    """Residuals, their standard errors and ratios; one value per study."""

    study: tuple[str, ...]
    residual: Array
    se: Array
    z: Array

    def to_frame(self) -> pl.DataFrame:
        """One row per study: study, residual, se, z."""
        import polars as pl

        return pl.DataFrame(
            {"study": list(self.study), "residual": self.residual, "se": self.se, "z": self.z}
        )

    def summary(self) -> str:
        """The result as a table to read."""
        return f"Standardized residuals\n\n{frame_table(self.to_frame())}"


@dataclass(frozen=True, eq=False, repr=False)
class Baujat(Finding):
    """The two axes of a Baujat plot, one value per study.

    Attributes
    ----------
    study : tuple of str
    heterogeneity : ndarray
        Squared Pearson residual; for a common-effect fit the contribution to Q.
    influence : ndarray
        Squared change of the fitted value when the study is left out, in its variances.
    """

    study: tuple[str, ...]
    heterogeneity: Array
    influence: Array

    def to_frame(self) -> pl.DataFrame:
        """One row per study: study, heterogeneity, influence."""
        import polars as pl

        return pl.DataFrame(
            {
                "study": list(self.study),
                "heterogeneity": self.heterogeneity,
                "influence": self.influence,
            }
        )

    def summary(self) -> str:
        """The result as a table to read."""
        return f"Contribution to heterogeneity, and influence\n\n{frame_table(self.to_frame())}"


def influence(fit: Result) -> Influence:
    """What each study does to a meta-analysis or a meta-regression.

    Parameters
    ----------
    fit : MetaAnalysis or MetaRegression
        Its method, test and weights are kept.

    Returns
    -------
    Influence
        NaN where a coefficient can't be estimated without the study.

    Raises
    ------
    SynthesisError
        One study alone.

    Notes
    -----
    Viechtbauer & Cheung (2010) Res Synth Methods 1:112. The numbers are those of `influence` of
    the R package metafor.

    Examples
    --------
    >>> from reprieve.synthesis import meta_analysis
    >>> fit = meta_analysis(
    ...     effect=[-12.0, -4.0, -9.0, -15.0, -60.0], se=[4.0, 3.0, 5.0, 4.5, 5.0], study=[*"ABCDE"]
    ... )
    >>> case = influence(fit)
    >>> [name for name, flag in zip(case.study, case.influential) if flag]
    ['E']
    """
    check_several(fit, "influence")
    own, p = fit.own_weights, len(fit.beta)
    X = _design(fit)
    without = Refits(fit, ~np.eye(fit.k, dtype=bool))
    tau2, scale = without.tau2_used, without.scale
    predicted = np.einsum("ip,ip->i", X, without.beta)
    a = _weights(fit)
    hat = LeastSquares(fit.y[None], fit.v[None], fit.X).projection(a[None]).leverage()[0]
    # the covariance of the coefficients of all studies, but with the τ² of the others
    shape = (fit.k, fit.k)
    batch = LeastSquares(np.broadcast_to(fit.y, shape), np.broadcast_to(fit.v, shape), fit.X)
    whole = estimate(batch, tau2, "z", None if own is None else np.broadcast_to(own, shape))[1]
    reach = hat * (fit.v + tau2) if own is None else _quadratic(X, whole)
    shift = fit.beta - without.beta
    with np.errstate(divide="ignore", invalid="ignore"):
        residual = fit.y - predicted
        residual_se = np.sqrt((fit.v + tau2) * scale + _quadratic(X, without.cov))
        dffits = (X @ fit.beta - predicted) / np.sqrt(scale * reach)
        dfbetas = shift / np.sqrt(scale[:, None] * np.diagonal(whole, axis1=1, axis2=2))
        cook = _distance(shift, fit.cov)
        cov_ratio = np.linalg.det(without.cov) / np.linalg.det(fit.cov)
        rstudent = residual / residual_se
    return Influence(
        study=fit.study,
        names=fit.names,
        residual=residual,
        residual_se=residual_se,
        rstudent=rstudent,
        dffits=dffits,
        cook=cook,
        cov_ratio=cov_ratio,
        tau2_deleted=without.tau2,
        Q_deleted=without.Q,
        hat=hat,
        weight=100 * a / a.sum(),
        dfbetas=dfbetas,
        influential=_flags(dffits, cook, hat, dfbetas, fit.k, p),
    )


def standardized_residuals(fit: Result) -> Residuals:
    """Residuals of a fit over their standard errors (internally standardized).

    Parameters
    ----------
    fit : MetaAnalysis or MetaRegression

    Returns
    -------
    Residuals

    Notes
    -----
    The numbers are those of `rstandard` of the R package metafor. `influence` gives residuals
    from fits without the study.

    Examples
    --------
    >>> from reprieve.synthesis import meta_analysis
    >>> fit = meta_analysis(effect=[-12.0, -4.0, -9.0, -15.0], se=[4.0, 3.0, 5.0, 4.5])
    >>> standardized_residuals(fit).z.round(2)
    array([-0.57,  1.44,  0.07, -1.12])
    """
    check_several(fit, "a standardized residual")
    X, a = _design(fit), _weights(fit)
    variance = fit.v + _tau2(fit)
    batch = LeastSquares(fit.y[None], fit.v[None], fit.X)
    hat = batch.projection(a[None]).leverage()[0]
    own = None if fit.own_weights is None else fit.own_weights[None]
    cov = estimate(batch, np.array([_tau2(fit)]), "z", own)[1]
    residual = fit.y - X @ fit.beta
    # the diagonal of (I − H) M (I − H)ᵀ, in which HMHᵀ = X cov Xᵀ
    spread = variance * (1 - 2 * hat) + _quadratic(X, np.broadcast_to(cov, (fit.k, *cov.shape[1:])))
    se = np.sqrt(np.maximum(spread, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return Residuals(fit.study, residual, se, residual / se)


def baujat(fit: Result) -> Baujat:
    """Which studies make the heterogeneity, and which move the result.

    Parameters
    ----------
    fit : MetaAnalysis or MetaRegression
        Its method, test and weights are kept.

    Returns
    -------
    Baujat

    Notes
    -----
    Baujat, Mahé, Pignon & Hill (2002) Stat Med 21:2641. The numbers are those of `baujat` of the
    R package metafor.

    Examples
    --------
    >>> from reprieve.synthesis import meta_analysis
    >>> fit = meta_analysis(effect=[-12.0, -4.0, -9.0, -15.0], se=[4.0, 3.0, 5.0, 4.5], test="z")
    >>> baujat(fit).influence.round(2)
    array([0.04, 1.18, 0.01, 0.39])
    """
    check_several(fit, "a Baujat plot")
    X = _design(fit)
    without = Refits(fit, ~np.eye(fit.k, dtype=bool))
    fitted = X @ fit.beta
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.einsum("ip,ip->i", X, without.beta) - fitted
        moved = change**2 / _quadratic(X, without.cov)
    return Baujat(fit.study, (fit.y - fitted) ** 2 / (fit.v + _tau2(fit)), moved)


def _design(fit: Result) -> Array:
    return np.ones((fit.k, 1)) if fit.X is None else fit.X


def _tau2(fit: Result) -> float:
    return 0.0 if np.isnan(fit.tau2) else fit.tau2


def _weights(fit: Result) -> Array:
    """The weights of the fit, the user's or inverse variances."""
    return 1 / (fit.v + _tau2(fit)) if fit.own_weights is None else fit.own_weights


def _quadratic(X: Array, cov: Array) -> Array:
    """`x_i cov_i x_iᵀ` of each study, shape (k,)."""
    return np.asarray(np.einsum("ip,ipq,iq->i", X, cov, X))


def _distance(shift: Array, cov: Array) -> Array:
    """`shift_i cov⁻¹ shift_iᵀ`; NaN where the covariance is zero."""
    if not np.linalg.det(cov) > 0:
        return np.full(len(shift), np.nan)
    return np.asarray(np.einsum("ip,pq,iq->i", shift, np.linalg.inv(cov), shift))


def _flags(
    dffits: Array, cook: Array, hat: Array, dfbetas: Array, k: int, p: int
) -> NDArray[np.bool_]:
    """The rules of metafor for calling a study influential."""
    from scipy.special import chdtr

    flags = (chdtr(p, cook) > 0.5) | (hat > 3 * p / k) | (np.abs(dfbetas) > 1).any(axis=1)
    if k > p:
        flags |= np.abs(dffits) > 3 * np.sqrt(p / (k - p))
    return np.asarray(flags, dtype=bool)
