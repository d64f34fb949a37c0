"""Whether trials differ by more than chance, from tables of events."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from reprieve.effects import binary, rates
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.rare.arms import Arms
from reprieve.synthesis.rare.classic import Peto
from reprieve.synthesis.rare.counts import Counts
from reprieve.synthesis.rare.integral import Kernel, maximise_mean
from reprieve.synthesis.rare.intercepts import maximise_with_intercepts

_FAR = 20.0  # log ratios beyond this are taken as infinite


class Heterogeneity(NamedTuple):
    """A χ² test of homogeneity: statistic, degrees of freedom, p value."""

    Q: float
    df: int
    p: float

    @classmethod
    def of(cls, Q: float, df: int) -> Heterogeneity:
        """The test of a statistic."""
        from scipy.special import chdtrc

        return cls(float(Q), df, float(chdtrc(df, Q)) if df > 0 else float("nan"))


def trial_effects(counts: Counts, measure: str, add: float, to: binary.To) -> tuple[Array, Array]:
    """Effects and variances of trials, `add` put into the cells of those that need it."""
    groups = counts.x1, counts.n1, counts.x2, counts.n2
    function = {
        "OR": binary.odds_ratio,
        "RR": binary.risk_ratio,
        "RD": binary.risk_difference,
        "AS": binary.arcsine_difference,
        "IRR": rates.rate_ratio,
        "IRD": rates.rate_difference,
    }[measure]
    if measure == "AS":
        add = 0.0  # defined for zeros
    effect = function(*groups, add=add, to=to)
    return effect.estimate, effect.variance


def inverse_variance_q(counts: Counts, measure: str, at: float) -> Heterogeneity:
    """Cochran's Q of trials' own effects about `at`, ½ added to the cells of tables with a zero."""
    y, v = trial_effects(counts.only(~counts.without_event), measure, 0.5, "only0")
    known = np.isfinite(y) & np.isfinite(v) & (v > 0)
    return Heterogeneity.of(float(((y - at) ** 2 / v)[known].sum()), int(known.sum()) - 1)


def wald_q(counts: Counts, kernel: Kernel | None) -> Heterogeneity:
    """Wald's test that trials' own effects, each at its highest likelihood, are one.

    Effects without a finite estimate have infinite variance, and add nothing but a degree of
    freedom. Without a kernel effects are those of the unconditional model.
    """
    if kernel is None:
        measure = "IRR" if counts.person_time else "OR"
        y, v = trial_effects(counts, measure, 0.5, "none")
    else:
        y = own_effects(kernel, counts.k)
        bend = kernel(y[:, None]).bend[:, 0]
        v = np.where(np.abs(y) < _FAR, 1 / np.maximum(-bend, 1e-300), np.nan)
    known = np.isfinite(y) & np.isfinite(v) & (v > 0)
    if not known.any():
        return Heterogeneity.of(0.0, counts.k - 1)
    w = 1 / v[known]
    mean = float(w @ y[known] / w.sum())
    return Heterogeneity.of(float(w @ (y[known] - mean) ** 2), counts.k - 1)


def own_effects(kernel: Kernel, k: int) -> Array:
    """The effect that makes each trial's counts most likely; far out where that is infinite."""
    effect = np.zeros((k, 1))
    for _ in range(100):
        at = kernel(effect)
        step = np.clip(-at.slope / np.minimum(at.bend, -1e-12), -1.0, 1.0)
        effect = np.clip(effect + step, -2 * _FAR, 2 * _FAR)
        if np.abs(step).max() < 1e-10:
            break
    return np.asarray(effect[:, 0])


def peto_q(found: Peto) -> Heterogeneity:
    """Q of Peto's method: excess events against their common share."""
    known = found.variance > 0
    excess, variance = found.excess[known], found.variance[known]
    Q = (excess**2 / variance).sum() - excess.sum() ** 2 / variance.sum()
    return Heterogeneity.of(max(0.0, float(Q)), int(known.sum()) - 1)


def likelihood_ratio_q(counts: Counts, kernel: Kernel | None) -> Heterogeneity:
    """Likelihood ratio of an effect for each trial against one for all.

    Without a kernel, of the unconditional model with fixed trial effects.
    """
    if kernel is None:
        common = maximise_with_intercepts(Arms.of(counts), common=True).loglik
        saturated = _saturated(counts)
    else:
        common = maximise_mean(kernel).loglik
        saturated = float(kernel(own_effects(kernel, counts.k)[:, None]).value.sum())
    return Heterogeneity.of(max(0.0, 2 * (saturated - common)), counts.k - 1)


def _saturated(counts: Counts) -> float:
    """Log-likelihood with a risk (or rate) of its own for every arm."""
    from scipy.special import gammaln, xlogy

    total = 0.0
    for x, n in ((counts.x1, counts.n1), (counts.x2, counts.n2)):
        if counts.person_time:
            total += float((xlogy(x, x) - x - gammaln(x + 1)).sum())
        else:
            ways = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
            total += float((ways + xlogy(x, x / n) + xlogy(n - x, 1 - x / n)).sum())
    return total
