"""Fail-safe numbers: how many studies without an effect would overturn a result."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from reprieve.errors import InputError
from reprieve.synthesis.findings import Finding, choice, notes_text, number, p_text, share
from reprieve.synthesis.given import given_mean
from reprieve.synthesis.heterogeneity import COMMON
from reprieve.synthesis.results import MetaAnalysis

_MOST = 10_000_000
_WHOLE = 1.5e-8  # a number this close to a whole one is that

FailsafeKind = Literal["Rosenthal", "Orwin", "Rosenberg", "General"]


@dataclass(frozen=True, eq=False, repr=False)
class FailsafeN(Finding):
    """A fail-safe number.

    Attributes
    ----------
    kind : str
    n : float
        Studies that it takes; infinite when no number suffices.
    p : float
        p value of the observed studies (one-sided for Rosenthal), NaN for Orwin.
    alpha : float
        Significance to lose.
    target : float
        Mean effect to reach (Orwin); NaN otherwise.
    warnings : tuple of str
    """

    kind: str
    n: float
    p: float
    alpha: float
    target: float
    warnings: tuple[str, ...]

    def summary(self) -> str:
        """The result as text to read."""
        aim = (
            f"p above {self.alpha:g} (now {p_text(self.p)})"
            if math.isnan(self.target)
            else f"a mean effect of {number(self.target)}"
        )
        lines = [f"Fail-safe N ({self.kind}): {self.n:.0f} studies without effect for {aim}"]
        return "\n".join(lines + notes_text(self.warnings))


def failsafe_n(
    data: Any = None,
    *,
    kind: FailsafeKind = "Rosenthal",
    alpha: float = 0.05,
    target: float | None = None,
    **how: Any,
) -> FailsafeN:
    """How many unseen studies with a mean effect of zero it takes to overturn the result.

    Fail-safe numbers ignore heterogeneity (all but ``General``) and why studies are missing;
    the Cochrane Handbook (version 6.5, 13.3.5.6) advises against relying on them.

    Parameters
    ----------
    data : MetaAnalysis, or the data of `meta_analysis`
    kind : {"Rosenthal", "Orwin", "Rosenberg", "General"}
        ``Rosenthal``: Stouffer's sum of z (Psychol Bull 1979; 86:638). ``Orwin``: the weighted
        mean falls to `target` (J Educ Stat 1983; 8:157). ``Rosenberg``: the weighted mean loses
        significance (Evolution 2005; 59:464). ``General``: the random-effects mean does, by the
        approximation of `fsn(type="General")` of the R package metafor.
    alpha : float
        Significance to lose: one-sided for Rosenthal, otherwise two-sided.
    target : float, optional
        Mean effect to reach, for Orwin; half the observed one when not given.
    **how
        The other arguments of `meta_analysis` when `data` are data.

    Returns
    -------
    FailsafeN

    Examples
    --------
    >>> effects = dict(effect=[-1.2, -0.9, -0.8, -0.4, -0.5], se=[0.5, 0.4, 0.3, 0.2, 0.15])
    >>> failsafe_n(**effects).n, failsafe_n(kind="Orwin", **effects).n
    (55, 5)
    """
    choice("kind", kind, ("Rosenthal", "Orwin", "Rosenberg", "General"))
    share("alpha", alpha)
    if target is not None and kind != "Orwin":
        raise InputError(f"target= belongs to kind Orwin; {kind} aims at alpha=")
    fit = given_mean(data, how)
    n, p, aim = {
        "Rosenthal": _rosenthal,
        "Orwin": _orwin,
        "Rosenberg": _rosenberg,
        "General": _general,
    }[kind](fit, alpha, target)
    return FailsafeN(kind, n, p, alpha, aim, fit.warnings)


def _up(n: float) -> float:
    """The next whole number, unless this is one."""
    if math.isinf(n):
        return n
    return round(n) if abs(n - round(n)) < _WHOLE else math.ceil(n)


def _rosenthal(fit: MetaAnalysis, alpha: float, _: float | None) -> tuple[float, float, float]:
    from scipy.special import ndtr, ndtri

    z = abs(float((fit.y / np.sqrt(fit.v)).sum())) / math.sqrt(fit.k)
    n = max(0.0, fit.k * (z / float(ndtri(1 - alpha))) ** 2 - fit.k)
    return _up(n), float(ndtr(-z)), math.nan


def _orwin(fit: MetaAnalysis, _: float, target: float | None) -> tuple[float, float, float]:
    w = 1 / fit.v
    mean = float(w @ fit.y / w.sum())
    aim = mean / 2 if target is None else math.copysign(target, mean)
    n = math.inf if aim == 0 else max(0.0, fit.k * (mean - aim) / aim)
    return _up(n), math.nan, aim


def _rosenberg(fit: MetaAnalysis, alpha: float, _: float | None) -> tuple[float, float, float]:
    from scipy.special import ndtr, ndtri

    w = 1 / fit.v
    total, sum_of_w = float(w @ fit.y), float(w.sum())
    excess = (total / float(ndtri(1 - alpha / 2))) ** 2 - sum_of_w
    p = float(2 * ndtr(-abs(total) / math.sqrt(sum_of_w)))
    return _up(max(0.0, excess * fit.k / sum_of_w)), p, math.nan


def _general(fit: MetaAnalysis, alpha: float, _: float | None) -> tuple[float, float, float]:
    if fit.p >= alpha:
        return 0, fit.p, math.nan
    low, high = 0, 1
    while _diluted_p(fit, high) < alpha:
        if high >= _MOST:
            return math.inf, fit.p, math.nan
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _diluted_p(fit, middle) < alpha else (low, middle)
    return high, fit.p, math.nan


def _diluted_p(fit: MetaAnalysis, n: int) -> float:
    """P value after n studies of average precision with a mean effect of zero were added."""
    from scipy.special import ndtr

    k, v = fit.k, fit.v
    typical = k / float((1 / v).sum())
    tau2 = 0.0
    if fit.method not in COMMON:
        mean = k * fit.estimate / (k + n)
        spread = (k + n - 2) * fit.tau2 + k * (fit.estimate - mean) ** 2 + n * mean**2
        tau2 = spread / (k + n - 1)
    w = 1 / (v + tau2)
    z = float(w @ fit.y) / math.sqrt(float(w.sum()) + n / (typical + tau2))
    return float(2 * ndtr(-abs(z)))
