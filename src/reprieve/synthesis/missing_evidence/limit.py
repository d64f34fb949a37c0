"""Limit meta-analysis: the mean effect of studies of infinite precision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from reprieve.errors import SynthesisError
from reprieve.synthesis.findings import (
    Adjusted,
    choice,
    interval_text,
    notes_text,
    number,
    p_text,
    text_table,
)
from reprieve.synthesis.given import given_mean
from reprieve.synthesis.least_squares import Array


@dataclass(frozen=True, eq=False, repr=False)
class LimitMetaAnalysis(Adjusted):
    """A mean effect adjusted for small-study effects.

    Attributes
    ----------
    estimate, se, df, level : float
        The adjusted mean effect (normal).
    unadjusted : float
        The mean effect of the fit.
    alpha, beta : float
        Intercept (the small-study effect) and slope of the generalised radial plot.
    limits : ndarray, shape (k,)
        Effects of the studies had they been of infinite precision.
    Q, Q_small, Q_residual : float
        Cochran's Q; its part that small-study effects explain; and the rest.
    p_small, p_residual : float
        Their tests, with 1 and k − 2 degrees of freedom.
    G2 : float
        Share of the variance of the limits that small-study effects do not explain.
    method : str
    warnings : tuple of str
    """

    unadjusted: float
    alpha: float
    beta: float
    limits: Array
    Q: float
    Q_small: float
    Q_residual: float
    p_small: float
    p_residual: float
    G2: float
    method: str
    warnings: tuple[str, ...]

    def summary(self) -> str:
        """The result as a table to read."""
        rows = [
            ["unadjusted", number(self.unadjusted), "", "", ""],
            [
                "adjusted",
                number(self.estimate),
                number(self.se),
                p_text(self.p),
                interval_text(self.ci),
            ],
        ]
        lines = [
            f"Limit meta-analysis ({self.method})",
            "",
            *text_table(["", "estimate", "se", "p", f"{100 * self.level:g} % CI"], rows),
            "",
            f"small-study effects   Q {self.Q_small:.4f}   df 1   p {p_text(self.p_small)}",
            f"rest                  Q {self.Q_residual:.4f}   df {len(self.limits) - 2}   "
            f"p {p_text(self.p_residual)}",
            f"G²   {100 * self.G2:.1f} %",
        ]
        return "\n".join(lines + notes_text(self.warnings))


def limit_meta_analysis(
    data: Any = None,
    *,
    method: Literal["beta0", "betalim", "mulim"] = "beta0",
    **how: Any,
) -> LimitMetaAnalysis:
    """Adjust a mean effect for small-study effects by letting the precision of studies grow.

    Parameters
    ----------
    data : MetaAnalysis, or the data of `meta_analysis`
        τ² and the weights are those of this fit.
    method : {"beta0", "betalim", "mulim"}
        ``beta0``: expectation of the limit. ``betalim``: slope of the radial plot of the limits
        of the studies. ``mulim``: the same through the origin.
    **how
        The other arguments of `meta_analysis` when `data` are data.

    Returns
    -------
    LimitMetaAnalysis

    References
    ----------
    Rücker, Schwarzer, Carpenter, Binder & Schumacher (2011) Biostatistics 12:122; `limitmeta`
    of the R package metasens.

    Examples
    --------
    >>> log_rr = [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209, 0.0120, -0.4694,
    ...           -1.3713, -0.3394, 0.4459, -0.0173]
    >>> v = [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230, 0.0040, 0.0564, 0.0730,
    ...      0.0124, 0.5325, 0.0714]
    >>> result = limit_meta_analysis(effect=log_rr, variance=v, method="mulim")
    >>> result.limits.shape
    (13,)
    """
    choice("method", method, ("beta0", "betalim", "mulim"))
    fit = given_mean(data, how, least=3)
    y, v, tau2 = fit.y, fit.v, 0.0 if math.isnan(fit.tau2) else fit.tau2
    if np.ptp(v) == 0:
        raise SynthesisError(
            "a limit meta-analysis can't be done: all studies have the same standard error"
        )
    from scipy.special import chdtrc

    total = v + tau2
    precision = 1 / np.sqrt(total)
    alpha, beta, _ = _radial(y, total)
    limits = beta + math.sqrt(tau2) * precision * (y - beta)
    _, slope, fraction = _radial(limits, v)
    k = fit.k
    tau = math.sqrt(tau2)
    if method == "beta0":
        spread = float(((precision - precision.mean()) ** 2).sum())
        estimate = beta + tau * alpha
        squared = float((precision**2).mean())
        se = math.sqrt((1 - 2 * tau * precision.mean() + tau2 * squared) / spread)
    elif method == "betalim":
        root = 1 / np.sqrt(v)
        estimate, se = slope, 1 / math.sqrt(((root - root.mean()) ** 2).sum())
    else:
        estimate, se = float((limits / v).sum() / (1 / v).sum()), 1 / math.sqrt((1 / v).sum())
    residual = _residual(y, v)
    small = fit.Q - residual
    return LimitMetaAnalysis(
        estimate=float(estimate),
        se=float(se),
        df=math.inf,
        level=fit.level,
        unadjusted=fit.estimate,
        alpha=alpha,
        beta=beta,
        limits=limits,
        Q=fit.Q,
        Q_small=small,
        Q_residual=residual,
        p_small=float(chdtrc(1, max(small, 0.0))),
        p_residual=float(chdtrc(k - 2, residual)),
        G2=1 - fraction,
        method=method,
        warnings=fit.warnings,
    )


def _radial(y: Array, v: Array) -> tuple[float, float, float]:
    """Intercept, slope and explained share of the radial plot: y/√v on 1/√v."""
    x = 1 / np.sqrt(v)
    z = y * x
    dx, dz = x - x.mean(), z - z.mean()
    slope = float(dx @ dz / (dx @ dx))
    spread = float(dz @ dz)
    share = slope * float(dx @ dz) / spread if spread > 0 else math.nan
    return float(z.mean() - slope * x.mean()), slope, share


def _residual(y: Array, v: Array) -> float:
    """Residual sum of squares of the radial plot."""
    alpha, slope, _ = _radial(y, v)
    return float(((y / np.sqrt(v) - alpha - slope / np.sqrt(v)) ** 2).sum())
