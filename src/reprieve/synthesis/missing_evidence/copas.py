"""The Copas selection model: what if small studies tend to stay unpublished?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.findings import (
    Adjusted,
    choice,
    interval_text,
    notes_text,
    number,
    p_text,
    quantile,
    share,
    text_table,
)
from reprieve.synthesis.given import given_mean
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.missing_evidence.asymmetry import regression_test
from reprieve.synthesis.missing_evidence.copas_likelihood import CopasLikelihood
from reprieve.synthesis.results import MetaAnalysis

if TYPE_CHECKING:
    import polars as pl

_MOST_PRECISE = 0.99


@dataclass(frozen=True, eq=False, repr=False)
class CopasModel(Adjusted):
    """Mean effects for falling chances that small studies are published.

    Attributes
    ----------
    estimate, se, df, level : float
        The mean effect at the highest chance at which no selection is left to explain
        (`residual_p` above `alpha`); NaN when there is none.
    direction : str
        Of the effects that are rather published: ``less`` or ``greater``.
    published : ndarray, shape (n,)
        Chance that the study of largest standard error is published.
    gamma0, gamma1 : ndarray, shape (n,)
        Chance of publication Φ(γ₀ + γ₁/se); γ₀ is infinite where all are published.
    estimates, ses, rho, tau : ndarray, shape (n,)
        Mean effect, its standard error, the correlation of effect and publication, and
        heterogeneity, by maximum likelihood.
    residual_p : ndarray, shape (n,)
        p value of a further dependence of effects on standard errors.
    unpublished : ndarray, shape (n,)
        Expected number of studies that were not published.
    alpha : float
    warnings : tuple of str
    """

    direction: str
    published: Array
    gamma0: Array
    gamma1: Array
    estimates: Array
    ses: Array
    rho: Array
    tau: Array
    residual_p: Array
    unpublished: Array
    alpha: float
    warnings: tuple[str, ...]

    def to_frame(self) -> pl.DataFrame:
        """One row per chance of publication."""
        import polars as pl

        half = quantile((1 + self.level) / 2, math.inf) * self.ses
        return pl.DataFrame(
            {
                "published": self.published,
                "gamma0": self.gamma0,
                "gamma1": self.gamma1,
                "estimate": self.estimates,
                "se": self.ses,
                "ci_low": self.estimates - half,
                "ci_high": self.estimates + half,
                "rho": self.rho,
                "tau": self.tau,
                "residual_p": self.residual_p,
                "unpublished": self.unpublished,
            }
        )

    def summary(self) -> str:
        """The result as a table to read."""
        rows = [
            [
                f"{row['published']:.2f}",
                *(number(row[key]) for key in ("estimate", "se")),
                interval_text((row["ci_low"], row["ci_high"])),
                p_text(row["residual_p"]),
                f"{row['unpublished']:.0f}",
            ]
            for row in self.to_frame().iter_rows(named=True)
        ]
        header = ["smallest published", "estimate", "se", f"{100 * self.level:g} % CI"]
        lines = [
            f"Copas selection model (published rather when {self.direction})",
            "",
            *text_table([*header, "residual p", "unpublished"], rows),
            "",
            f"adjusted   {number(self.estimate)}   CI {interval_text(self.ci)}",
        ]
        return "\n".join(lines + notes_text(self.warnings))


def copas_model(
    data: Any = None,
    *,
    published: Sequence[float] = (1.0, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3),
    direction: Literal["auto", "less", "greater"] = "auto",
    alpha: float = 0.10,
    **how: Any,
) -> CopasModel:
    """Follow the mean effect as the chance that small studies are published falls.

    A study is published with a chance that grows with its precision, and that depends on its
    effect through a correlation. The chance can't be estimated; it is varied: that of the study
    of largest standard error as `published` says, that of the smallest fixed at 0.99.

    Parameters
    ----------
    data : MetaAnalysis, or the data of `meta_analysis`
    published : sequence of float
        Chances that the study of largest standard error is published, up to 0.99, or 1 for no
        selection.
    direction : {"auto", "less", "greater"}
        Effects that are rather published; ``auto`` takes the slope of Egger's regression.
    alpha : float
        The adjusted estimate is that at the highest chance at which the p value of residual
        small-study effects is above this.
    **how
        The other arguments of `meta_analysis` when `data` are data.

    Returns
    -------
    CopasModel

    Notes
    -----
    For given γ₀ and γ₁ the likelihood is that of `copas` of the R package metasens, and its
    maximum the highest with ρ of the stated sign (R takes the first that it meets). R walks
    through other pairs of γ₀ and γ₁, along a line fitted to contours of the estimate.

    References
    ----------
    Copas & Shi (2000) Biostatistics 1:247; (2001) Stat Methods Med Res 10:251; Carpenter,
    Schwarzer, Rücker & Künstler (2009) J Clin Epidemiol 62:624.

    Examples
    --------
    >>> log_rr = [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209, 0.0120, -0.4694,
    ...           -1.3713, -0.3394, 0.4459, -0.0173]
    >>> v = [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230, 0.0040, 0.0564, 0.0730,
    ...      0.0124, 0.5325, 0.0714]
    >>> model = copas_model(effect=log_rr, variance=v, published=[1, 0.8, 0.5])
    >>> model.estimates.round(2), model.unpublished.round(0)
    (array([-0.71, -0.64, -0.6 ]), array([0., 2., 7.]))
    """
    choice("direction", direction, ("auto", "less", "greater"))
    share("alpha", alpha)
    chances = _chances(published)
    fit = given_mean(data, how, least=3)
    s = np.sqrt(fit.v)
    if np.ptp(s) == 0:
        raise SynthesisError(
            "the Copas model can't be fitted: all studies have the same standard error"
        )
    if direction == "auto":
        direction = "greater" if regression_test(fit).slope > 0 else "less"
    sign = 1.0 if direction == "greater" else -1.0
    rows = [_at(fit, s, chance, sign) for chance in chances]
    gamma0, gamma1, estimates, ses, rho, tau, residual_p, unpublished = np.array(rows).T
    free = np.flatnonzero(residual_p > alpha)
    chosen = int(free[0]) if len(free) else None
    notes = list(fit.warnings)
    if chosen is None:
        notes.append("at every chance small-study effects are left: there is no adjusted estimate")
    return CopasModel(
        estimate=math.nan if chosen is None else float(estimates[chosen]),
        se=math.nan if chosen is None else float(ses[chosen]),
        df=math.inf,
        level=fit.level,
        direction=direction,
        published=chances,
        gamma0=gamma0,
        gamma1=gamma1,
        estimates=estimates,
        ses=ses,
        rho=rho,
        tau=tau,
        residual_p=residual_p,
        unpublished=unpublished,
        alpha=alpha,
        warnings=tuple(notes),
    )


def _chances(published: Sequence[float]) -> Array:
    chances = np.unique(np.asarray(published, dtype=float))[::-1]
    good = (chances > 0) & ((chances <= _MOST_PRECISE) | (chances == 1))
    if not len(chances) or not good.all():
        raise InputError(
            f"published must hold chances above 0 and up to {_MOST_PRECISE}, or 1; it was "
            f"{list(published)}"
        )
    return chances


def _at(fit: MetaAnalysis, s: Array, chance: float, sign: float) -> tuple[float, ...]:
    """The row of one chance of publication."""
    from scipy.special import chdtrc, ndtr, ndtri

    gamma0, gamma1 = math.inf, 0.0
    if chance < 1:
        low, high = float(ndtri(chance)), float(ndtri(_MOST_PRECISE))
        gamma1 = (high - low) / (1 / s.min() - 1 / s.max())
        gamma0 = low - gamma1 / s.max()
    u = gamma0 + gamma1 / s
    if chance == 1:
        # all are published, and nothing is known of ρ
        u, sign = np.full(len(s), 38.0), 0.0
    ones = np.ones((fit.k, 1))
    likelihood = CopasLikelihood(fit.y, fit.v, ones, u)
    best = likelihood.maximum(sign)
    wider = CopasLikelihood(fit.y, fit.v, np.column_stack([ones, s]), u).maximum(sign)
    residual = max(0.0, 2 * (wider.loglik - best.loglik))
    probability = ndtr(u)
    return (
        gamma0,
        gamma1,
        float(best.beta[0]),
        likelihood.standard_error(best),
        best.rho if sign else math.nan,
        best.tau,
        float(chdtrc(1, residual)),
        float(((1 - probability) / probability).sum()),
    )
