"""The interval of Henmi and Copas: weights of the common-effect model, width of heterogeneity."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from reprieve.synthesis.findings import Finding, interval_text, notes_text
from reprieve.synthesis.given import given_mean
from reprieve.synthesis.heterogeneity import estimate_tau2
from reprieve.synthesis.least_squares import Array

_NODES = 160
_REACH = 12.0


@dataclass(frozen=True, eq=False, repr=False)
class HenmiCopas(Finding):
    """A mean effect that is less moved by publication bias than that of random effects.

    Attributes
    ----------
    estimate, se : float
        The common-effect mean and its standard error under heterogeneity.
    tau2 : float
        By the method of DerSimonian and Laird.
    ci : (float, float)
        Confidence interval at `level`.
    level : float
    unadjusted : float
        The mean effect of the fit.
    unadjusted_ci : (float, float)
    warnings : tuple of str
    """

    estimate: float
    se: float
    tau2: float
    ci: tuple[float, float]
    level: float
    unadjusted: float
    unadjusted_ci: tuple[float, float]
    warnings: tuple[str, ...]

    def summary(self) -> str:
        """The result as text to read."""
        lines = [
            "Henmi–Copas interval",
            "",
            f"estimate   {self.estimate:.4f}   SE {self.se:.4f}   "
            f"{100 * self.level:g} % CI {interval_text(self.ci)}",
            f"the fit's  {self.unadjusted:.4f}   CI {interval_text(self.unadjusted_ci)}",
        ]
        return "\n".join(lines + notes_text(self.warnings))


def henmi_copas(data: Any = None, **how: Any) -> HenmiCopas:
    """A confidence interval for the mean effect that is robust to publication bias.

    The common-effect mean gives small studies little weight, so that their selection moves it
    little; its interval allows for heterogeneity and for the error in τ².

    Parameters
    ----------
    data : MetaAnalysis, or the data of `meta_analysis`
    **how
        The other arguments of `meta_analysis` when `data` are data.

    Returns
    -------
    HenmiCopas

    References
    ----------
    Henmi & Copas (2010) Stat Med 29:2969; `hc` of the R package metafor, which finds the ends
    to four digits only.

    Examples
    --------
    >>> result = henmi_copas(effect=[0.1, -0.4, 0.8, 0.3], variance=[0.04, 0.03, 0.06, 0.05])
    >>> round(result.estimate, 3), [round(end, 2) for end in result.ci]
    (0.089, [-0.66, 0.84])
    """
    fit = given_mean(data, how)
    y, v = fit.y, fit.v
    w = 1 / v
    estimate = float(w @ y / w.sum())
    tau2 = float(estimate_tau2(y, v, method="DL"))
    se = math.sqrt(w**2 @ (v + tau2)) / float(w.sum())
    u = math.sqrt(_variance_of_root(w, tau2)) * _quantile(w, tau2, len(y), (1 - fit.level) / 2)
    return HenmiCopas(
        estimate=estimate,
        se=se,
        tau2=tau2,
        ci=(estimate - u * se, estimate + u * se),
        level=fit.level,
        unadjusted=fit.estimate,
        unadjusted_ci=fit.ci,
        warnings=fit.warnings,
    )


def _variance_of_root(w: Array, tau2: float) -> float:
    """Variance of R, the common-effect mean over its standard error without heterogeneity."""
    return 1 + tau2 * float(w @ w) / float(w.sum())


def _quantile(w: Array, tau2: float, k: int, tail: float) -> float:
    """The t at which R/f(Q) exceeds t with probability `tail`, over the variance of R.

    Q given R is taken as gamma distributed with the mean and variance that it has.
    """
    from scipy.optimize import brentq
    from scipy.special import gammainc

    W1 = float(w.sum())
    W2, W3, W4 = (float((w**power).sum()) / W1 for power in (2, 3, 4))
    VR = _variance_of_root(w, tau2)
    node, width = np.polynomial.legendre.leggauss(_NODES)

    def moments(r2: Array) -> tuple[Array, Array]:
        """Mean and variance of Q given R² = r2 · VR."""
        excess = (r2 - 1) / VR
        mean = (k - 1) + tau2 * (W1 - W2) + tau2**2 * excess * (W3 - W2**2)
        variance = (
            2 * (k - 1)
            + 4 * tau2 * (W1 - W2)
            + 2 * tau2**2 * (W1 * W2 - 2 * W3 + W2**2)
            + 4 * tau2**2 * excess * (W3 - W2**2)
            + 4 * tau2**3 * excess * (W4 - 2 * W2 * W3 + W2**3)
            + 2 * tau2**4 * (1 - 2 * r2) / VR**2 * (W3 - W2**2) ** 2
        )
        return mean, np.maximum(variance, 1e-12)

    def excess_tail(t: float) -> float:
        r = t + (node + 1) / 2 * _REACH
        mean, variance = moments(r**2)
        q = (W1 / W2 - 1) * ((r / t) ** 2 - 1) + (k - 1)
        below = gammainc(mean**2 / variance, q * mean / variance)
        return (
            float(_REACH / 2 * (width @ (below * np.exp(-0.5 * r**2)))) / math.sqrt(2 * math.pi)
            - tail
        )

    high = 2.0
    while excess_tail(high) > 0:
        high *= 1.5
    return float(brentq(excess_tail, 1e-3, high, xtol=1e-12, rtol=1e-12))
