"""Inference that holds however often one looks: e-values and confidence sequences.

Common effect: the score `S = Σ y/v` moves as a Brownian motion in information `I = Σ 1/v`, so
that likelihood ratios against no effect are exact martingales.

Random effects: τ² is not known, and no test martingale can be had by plugging in an estimate.
Here the likelihood is averaged over a prior in the numerator and takes its highest value over
all τ² in the denominator (universal inference), which is never larger, for any true τ², than a
martingale: the guarantee is exact too, at the price of wider intervals while studies are few.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from reprieve.errors import InputError
from reprieve.synthesis.accruing.accrual import Accrual, in_order
from reprieve.synthesis.findings import Finding, choice, number, share, text_table
from reprieve.synthesis.heterogeneity import COMMON
from reprieve.synthesis.inputs import Excluded
from reprieve.synthesis.least_squares import Array

if TYPE_CHECKING:
    import polars as pl

Alternative = Literal["two-sided", "less", "greater"]

_POINTS = 600  # of the grid of τ
_BISECTIONS = 60
_FAR = 1e4  # an end of a confidence sequence further out than this, in units of the data, is none


@dataclass(frozen=True, eq=False, repr=False)
class AnytimeAnalysis(Finding):
    """E-values and a confidence sequence, one look a study: what `anytime_analysis` returns.

    Attributes
    ----------
    study : tuple of str
        Oldest first. The arrays have one value for each.
    estimate : ndarray, shape (k,)
        The pool after each study.
    e_value : ndarray, shape (k,)
        Evidence against no effect: what a bet on an effect of `delta` has made of one unit.
    ci_low, ci_high : ndarray, shape (k,)
        Confidence sequence; infinite while nothing can be said.
    delta, alpha : float
    alternative, model : str
    crossed_at : int or None
        The look (from 0) at which the e-value first reached 1/alpha.
    excluded : tuple of Excluded
    """

    study: tuple[str, ...]
    estimate: Array
    e_value: Array
    ci_low: Array
    ci_high: Array
    delta: float
    alpha: float
    alternative: str
    model: str
    crossed_at: int | None
    excluded: tuple[Excluded, ...] = ()

    @property
    def p(self) -> float:
        """Anytime-valid p value: one over the highest e-value so far."""
        return min(1.0, 1 / float(self.e_value.max()))

    @property
    def conclusion(self) -> str:
        """What the analysis says, in words."""
        most = 1 / self.alpha
        if self.crossed_at is None:
            return (
                f"The e-value is {self.e_value[-1]:.3g} and has never reached {most:g}: the "
                "evidence settles nothing yet. It may be looked at again after every study."
            )
        return (
            f"The e-value reached {most:g} with {self.study[self.crossed_at]} "
            f"({self.e_value[self.crossed_at]:.3g}): no effect can be rejected at level "
            f"{self.alpha:g}, however often one looks."
        )

    def to_frame(self) -> pl.DataFrame:
        """One row a look, oldest first."""
        import polars as pl

        return pl.DataFrame(
            {
                "look": np.arange(1, len(self.study) + 1),
                "study": list(self.study),
                "estimate": self.estimate,
                "e_value": self.e_value,
                "ci_low": self.ci_low,
                "ci_high": self.ci_high,
                "crossed": self.e_value >= 1 / self.alpha,
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        return super().to_dict() | {"p": self.p, "conclusion": self.conclusion}

    def summary(self) -> str:
        """The result as a table to read."""
        rows = [
            [
                name,
                number(self.estimate[i]),
                f"{self.e_value[i]:.4g}",
                f"{self.ci_low[i]:.4f} to {self.ci_high[i]:.4f}",
            ]
            for i, name in enumerate(self.study)
        ]
        head = ["after", "estimate", "e-value", f"{100 * (1 - self.alpha):g} % at any time"]
        lines = [
            f"Anytime-valid analysis, {self.model} effect{'s' * (self.model == 'random')}, "
            f"k = {len(self.study)} ({self.alternative}, effect {self.delta:g})",
            "",
            *text_table(head, rows),
            "",
            self.conclusion,
        ]
        lines += [f"excluded: row {row.row} ({row.study}): {row.reason}" for row in self.excluded]
        return "\n".join(lines)


def anytime_analysis(
    data: Any = None,
    *,
    delta: float,
    order: Any = None,
    alpha: float = 0.05,
    alternative: Alternative = "two-sided",
    model: Literal["common", "random"] | None = None,
    **how: Any,
) -> AnytimeAnalysis:
    """Look at a growing meta-analysis after every study, with no plan for when or how often.

    Parameters
    ----------
    data : MetaAnalysis, data frame or mapping
        A fit, or data with `effect`, `variance` or `se`, `study`, `method` as in
        `meta_analysis`.
    delta : float
        The smallest mean effect worth finding; its sign does not matter. It steers how soon
        evidence gathers, and can't make it invalid.
    order : str or sequence, optional
        Dates or years to sort the studies by; the order of the rows when not given.
    alpha : float
        Error over all looks: an e-value of 1/alpha is decisive, and the confidence sequence
        holds the effect at all looks together with probability 1 − alpha.
    alternative : {"two-sided", "less", "greater"}
        Which effects count as evidence in the e-value; the confidence sequence is two-sided.
    model : {"common", "random"}, optional
        One effect behind all studies, or a mean of effects with unknown τ². That of the fit's
        method when not given.
    **how
        The other arguments of `meta_analysis`, when data are given.

    Returns
    -------
    AnytimeAnalysis

    Notes
    -----
    *E-value*: the safe z test, likelihood ratio of effects ±`delta` (half each; or of the one
    that `alternative` names) to none. *Confidence sequence*, common effect: Robbins' normal
    mixture with standard deviation |delta|, which is close to narrowest at the information that
    a single test would need for `delta`; random effects: how well the studies so far, from a
    flat prior of the mean, foretold each next one, against the best that the mean in question
    could do with any τ. The first study alone says nothing there. Both average over a
    half-normal τ of scale |delta|. A common-effect e-value also tests that *no study* has an
    effect, whatever the heterogeneity among those that do.

    References
    ----------
    ter Schure J, Grünwald P (2022) F1000Research 11:549 (ALL-IN meta-analysis); Grünwald P, de
    Heide R, Koolen W (2024) J R Stat Soc B 86:1091; Robbins H (1970) Ann Math Stat 41:1397;
    Howard SR et al. (2021) Ann Stat 49:1055; Wasserman L, Ramdas A, Balakrishnan S (2020) PNAS
    117:16880 (universal inference).

    Examples
    --------
    >>> found = anytime_analysis(
    ...     effect=[-0.62, -0.21, -0.48, -0.35, -0.41],
    ...     se=[0.31, 0.24, 0.22, 0.15, 0.12],
    ...     delta=0.3,
    ...     model="common",
    ... )
    >>> print(*(f"{e:.3g}" for e in found.e_value))
    2.21 2.97 22.9 330 7.43e+04
    >>> print(round(found.ci_low[-1], 2), round(found.ci_high[-1], 2))
    -0.63 -0.15
    """
    if not (np.isfinite(delta) and delta != 0):
        raise InputError(f"delta must be a number other than zero, the effect to find; got {delta}")
    share("alpha", alpha)
    choice("alternative", alternative, ("two-sided", "less", "greater"))
    studies = in_order(data, order, how)
    if model is None:
        model = "common" if studies.fit.method in COMMON else "random"
    choice("model", model, ("common", "random"))
    size = abs(float(delta))
    far = _FAR * (float(np.ptp(studies.y)) + math.sqrt(float(studies.v.max())) + size)
    tau, mass = (np.zeros(1), np.ones(1)) if model == "common" else _tau_grid(studies, size, far)
    path = _Path.of(studies.y, studies.v, tau, mass)
    estimate = path.estimate() if model == "common" else studies.pooled()[0]
    e_value = np.exp(np.minimum(path.safe(size, alternative), 700.0))
    if model == "common":
        low, high = path.interval(lambda mean: path.mixture(mean, size), estimate, alpha, far)
    else:
        low, high = path.interval(path.predictive, estimate, alpha, far)
    crossed = np.flatnonzero(e_value >= 1 / alpha)
    return AnytimeAnalysis(
        study=studies.study,
        estimate=estimate,
        e_value=e_value,
        ci_low=low,
        ci_high=high,
        delta=float(delta),
        alpha=alpha,
        alternative=alternative,
        model=model,
        crossed_at=int(crossed[0]) if len(crossed) else None,
        excluded=studies.fit.excluded,
    )


def _tau_grid(studies: Accrual, scale: float, far: float) -> tuple[Array, Array]:
    """τ from zero to far beyond the data, in steps of a few percent, with half-normal masses."""
    least = 0.02 * min(scale, math.sqrt(float(studies.v.min())))
    # no mean that `interval` looks at lies further from an estimate than 2 × far
    tau = np.append(0.0, np.geomspace(least, 2 * far, _POINTS))
    width = np.gradient(tau)
    mass = np.exp(-0.5 * (tau / scale) ** 2) * width
    return tau, mass / mass.sum()


@dataclass(frozen=True)
class _Path:
    """Sums over the studies so far, shape (k, g): a row a look, a column a value of τ."""

    information: Array
    score: Array
    loglik: Array  # of a mean of zero, up to constants
    log_mass: Array

    @classmethod
    def of(cls, y: Array, v: Array, tau: Array, mass: Array) -> _Path:
        w = 1 / (v[:, None] + tau**2)
        each = 0.5 * np.log(w) - 0.5 * w * y[:, None] ** 2
        with np.errstate(divide="ignore"):
            log_mass = np.log(mass)
        return cls(
            np.cumsum(w, axis=0),
            np.cumsum(w * y[:, None], axis=0),
            np.cumsum(each, axis=0),
            log_mass,
        )

    def estimate(self) -> Array:
        return np.asarray(self.score[:, 0] / self.information[:, 0])

    def safe(self, delta: float, alternative: str) -> Array:
        """Logarithm of the e-value of the safe z test, shape (k,)."""
        bet = delta * self.score
        if alternative == "two-sided":
            bet = np.abs(bet) + np.log1p(np.exp(-2 * np.abs(bet))) - math.log(2)
        elif alternative == "less":
            bet = -bet
        gain = self.loglik + bet - 0.5 * delta**2 * self.information
        return np.asarray(self._averaged(gain) - self.loglik.max(axis=1))

    def mixture(self, mean: Array, spread: float) -> Array:
        """Logarithm of the e-value of Robbins' mixture against each `mean`, τ known, shape (k,)."""
        information = self.information[:, 0]
        widened = 1 + spread**2 * information
        away = (self.score[:, 0] - mean * information) ** 2
        return np.asarray(spread**2 * away / (2 * widened) - 0.5 * np.log(widened))

    def predictive(self, mean: Array) -> Array:
        """The same with τ unknown: how well the studies so far foretold each next one."""
        foretold = self.loglik + self.score**2 / (2 * self.information)
        foretold -= 0.5 * np.log(self.information)
        at = mean[:, None]
        loglik = self.loglik + at * self.score - 0.5 * at**2 * self.information
        first = self.loglik[0] + at * self.score[0] - 0.5 * at**2 * self.information[0]
        return np.asarray(self._averaged(foretold) - (loglik - first).max(axis=1))

    def _averaged(self, log_values: Array) -> Array:
        """Logarithm of the mean over the prior of τ."""
        total = log_values + self.log_mass
        top = np.asarray(total.max(axis=1))
        return np.asarray(top + np.log(np.exp(total - top[:, None]).sum(axis=1)))

    def interval(
        self, log_e: Callable[[Array], Array], centre: Array, alpha: float, far: float
    ) -> tuple[Array, Array]:
        """The means whose `log_e` stays small, from the centre out to both sides."""
        limit = -math.log(alpha)
        ends = []
        for sign in (-1, 1):
            inside, outside = np.zeros(len(centre)), np.full(len(centre), far)
            open_ended = log_e(centre + sign * outside) < limit
            for _ in range(_BISECTIONS):
                middle = (inside + outside) / 2
                held = log_e(centre + sign * middle) < limit
                inside, outside = np.where(held, middle, inside), np.where(held, outside, middle)
            ends.append(np.where(open_ended, sign * np.inf, centre + sign * outside))
        return ends[0], ends[1]
