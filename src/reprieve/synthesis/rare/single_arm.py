"""The risk (or rate) of an event in one group, pooled over trials."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from reprieve.errors import InputError
from reprieve.synthesis.findings import Finding, choice, notes_text, quantile, share
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.rare.counts import Counts, read_counts
from reprieve.synthesis.rare.integral import Derivatives, Kernel, maximise, maximise_mean

_METHODS = ("GLMM", "FT")


@dataclass(frozen=True, eq=False, repr=False)
class PooledRisk(Finding):
    """What `pooled_risk` returns.

    Attributes
    ----------
    method : str
    risk : float
        Of the event (per unit of time for person-time), of a typical trial.
    ci, prediction_interval : tuple of float
        For the typical trial, and for a new one.
    estimate, se, tau2 : float
        On the scale of the model: logit or logarithm (GLMM), double arcsine (FT).
    k, events, size : int, int, float
    level : float
    warnings : tuple of str
    """

    method: str
    risk: float
    ci: tuple[float, float]
    prediction_interval: tuple[float, float]
    estimate: float
    se: float
    tau2: float
    k: int
    events: int
    size: float
    level: float
    warnings: tuple[str, ...] = field(default=())

    def summary(self) -> str:
        """The result in a few lines."""
        percent, (low, high), (least, most) = 100 * self.level, self.ci, self.prediction_interval
        lines = [
            f"risk {self.risk:.4f}   {percent:g} % CI {low:.4f} to {high:.4f}   "
            f"k = {self.k}, {self.events:,} of {self.size:,.0f}",
            f"in a new trial {least:.4f} to {most:.4f}   τ² {self.tau2:.4f}",
        ]
        return "\n".join(lines + notes_text(self.warnings))


def pooled_risk(
    data: Any = None,
    *,
    events: Any,
    n: Any = None,
    time: Any = None,
    study: Any = None,
    method: Literal["GLMM", "FT"] = "GLMM",
    level: float = 0.95,
) -> PooledRisk:
    """Pool the risk of one group of people over trials.

    Parameters
    ----------
    data : data frame, optional
        Anything that narwhals reads, or a mapping of columns: a row a trial.
    events, n : str or sequence
        People with the event, and all people.
    time : str or sequence
        Person-time instead of `n`, for rates.
    study : str or sequence, optional
    method : {"GLMM", "FT"}
        A binomial (Poisson) model with normal logits (logarithms) of trials; or Freeman & Tukey's
        double arcsine with random effects by REML.
    level : float
        Coverage of the intervals.

    Notes
    -----
    GLMM: Stijnen, Hamza & Özdemir 2010 Stat Med 29:3046; it takes trials without an event as they
    are. FT is turned back at the harmonic mean of people (Miller 1978 Am Stat 32:138), which can
    mislead where sizes differ (Schwarzer et al. 2019 Res Synth Methods 10:476); a warning says so.

    Examples
    --------
    >>> found = pooled_risk(events=[0, 2, 1, 5], n=[40, 80, 60, 90])
    >>> round(found.risk, 4), [round(end, 4) for end in found.ci]
    (0.0296, [0.0149, 0.0581])
    """
    choice("method", method, _METHODS)
    share("level", level)
    if (n is None) == (time is None):
        raise InputError("give either n= (people) or time= (person-time)")
    person_time = time is not None
    size = time if person_time else n
    counts = read_counts(data, study, events, size, events, size, person_time=person_time)
    if method == "FT":
        if person_time:
            raise InputError("the double arcsine is for people; for person-time take GLMM")
        return _freeman_tukey(counts, level)
    return _mixed_model(counts, level)


def _mixed_model(counts: Counts, level: float) -> PooledRisk:
    from scipy.special import expit

    x, n = counts.x1.sum(), counts.n1.sum()
    if x == 0 or (x == n and not counts.person_time):
        raise InputError(
            f"{x:g} of {n:g}: the pooled risk has no finite estimate on the model's scale. See "
            "`upper_bound` for what this still allows"
        )
    start = math.log(x / n) if counts.person_time else math.log(x / (n - x))
    found = (
        maximise(_kernel(counts), start) if counts.k > 1 else maximise_mean(_kernel(counts), start)
    )
    back = np.exp if counts.person_time else expit
    reach = quantile((1 + level) / 2, math.inf)
    half, wide = reach * found.se, reach * math.hypot(found.se, found.tau)
    ends = back(np.array([0, -half, half, -wide, wide]) + found.mean)
    return PooledRisk(
        "GLMM", float(ends[0]), (float(ends[1]), float(ends[2])), (float(ends[3]), float(ends[4])),
        found.mean, found.se, found.tau**2, counts.k, int(x), float(n), level,
    )  # fmt: skip


def _kernel(counts: Counts) -> Kernel:
    from scipy.special import expit, gammaln, log_expit

    x, n = counts.x1[:, None], counts.n1[:, None]
    if counts.person_time:

        def poisson(effect: Array) -> Derivatives:
            mean = n * np.exp(effect)
            value = x * (effect + np.log(n)) - mean - gammaln(x + 1)
            return Derivatives(value, x - mean, -mean)

        return poisson
    ways = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)

    def binomial(effect: Array) -> Derivatives:
        p = expit(effect)
        value = ways + x * log_expit(effect) + (n - x) * log_expit(-effect)
        return Derivatives(value, x - n * p, -n * p * (1 - p))

    return binomial


def _freeman_tukey(counts: Counts, level: float) -> PooledRisk:
    from reprieve.effects.binary import proportion
    from reprieve.synthesis.pairwise import meta_analysis

    effect = proportion(counts.x1, counts.n1, scale="freeman_tukey")
    fit = meta_analysis(
        effect=effect.estimate, variance=effect.variance, method="REML", test="z", level=level
    )
    typical = 1 / float(np.mean(1 / counts.n1))
    reach = quantile((1 + level) / 2, math.inf)
    half, wide = reach * fit.se, reach * math.sqrt(fit.se**2 + fit.tau2)
    ends = [_from_double_arcsine(fit.estimate + d, typical) for d in (0, -half, half, -wide, wide)]
    notes = (
        "the double arcsine is turned back at the harmonic mean of people "
        f"({typical:.1f}); where trials differ much in size this can mislead: compare GLMM",
    )
    return PooledRisk(
        "FT", ends[0], (ends[1], ends[2]), (ends[3], ends[4]), fit.estimate, fit.se, fit.tau2,
        counts.k, int(counts.x1.sum()), float(counts.n1.sum()), level, notes,
    )  # fmt: skip


def _from_double_arcsine(value: float, n: float) -> float:
    """The risk behind Freeman & Tukey's double arcsine, as metafor's `transf.ipft`."""
    low = 0.5 * (math.asin(0.0) + math.asin(math.sqrt(1 / (n + 1))))
    high = 0.5 * (math.asin(math.sqrt(n / (n + 1))) + math.asin(1.0))
    if value <= low:
        return 0.0
    if value >= high:
        return 1.0
    s = math.sin(2 * value)
    inner = 1 - (s + (s - 1 / s) / n) ** 2
    return 0.5 * (1 - math.copysign(1.0, math.cos(2 * value)) * math.sqrt(max(0.0, inner)))
