"""Structure and symptom: do the trials that repair tissue also relieve pain?

Each trial has an effect on structure x and one on symptoms y (or one of them). The true effects
follow a bivariate normal distribution over trials, so that the symptom effect of a trial is
expected at `μ_y + slope (x − μ_x)`. How close they go together is the trial-level association of
surrogate endpoints; that it is there does not prove that repair brings relief.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from reprieve.errors import SynthesisError
from reprieve.synthesis.correlated.bivariate_likelihood import (
    correlation_interval,
    curvature_covariance,
    posterior_draws,
)
from reprieve.synthesis.correlated.paired_outcomes import Pairs, read_pairs
from reprieve.synthesis.findings import Finding, choice, notes_text, plain, share, text_table
from reprieve.synthesis.gaussian import GaussianFit
from reprieve.synthesis.least_squares import Array

if TYPE_CHECKING:
    import polars as pl

Interval = tuple[float, float]


@dataclass(frozen=True, eq=False, repr=False)
class BivariateAnalysis(Finding):
    """Effects on structure and symptoms together: what `bivariate_analysis` returns.

    Attributes
    ----------
    fit : GaussianFit
        Means and hyperparameters of highest likelihood.
    pairs : Pairs
        What was pooled.
    method : {"REML", "ML"}
    level : float
    warnings : tuple of str
    """

    fit: GaussianFit
    pairs: Pairs
    method: str
    level: float
    warnings: tuple[str, ...] = ()

    # -- the two means and how they vary

    @property
    def means(self) -> tuple[float, float]:
        """Mean effects on structure and on symptoms."""
        return float(self.fit.beta[0]), float(self.fit.beta[1])

    @property
    def mean_intervals(self) -> tuple[Interval, Interval]:
        """Their confidence intervals (normal)."""
        half = self._z * np.sqrt(np.diag(self.fit.cov))
        low, high = self.fit.beta - half, self.fit.beta + half
        return (float(low[0]), float(high[0])), (float(low[1]), float(high[1]))

    @property
    def tau2(self) -> tuple[float, float]:
        """Variance between trials, of effects on structure and on symptoms."""
        first, second, _ = self._theta
        return first, second

    @property
    def correlation(self) -> float:
        """Between the true effects on structure and on symptoms, over trials."""
        return self._theta[2]

    @cached_property
    def correlation_interval(self) -> Interval:
        """Profile-likelihood interval of `correlation`."""
        return correlation_interval(self.pairs, self.fit, self._restricted, self.level)

    # -- the symptom effect that goes with a structure effect

    @property
    def slope(self) -> float:
        """Change of the symptom effect per unit of the structure effect."""
        return self._line[1]

    @property
    def intercept(self) -> float:
        """Symptom effect where there is none on structure."""
        return self._line[0]

    @property
    def slope_se(self) -> float:
        """Standard error of `slope` (delta method)."""
        return math.sqrt(self._slope_variance)

    @property
    def slope_interval(self) -> Interval:
        """Confidence interval of `slope` (normal)."""
        return self.slope - self._z * self.slope_se, self.slope + self._z * self.slope_se

    @property
    def intercept_se(self) -> float:
        """Standard error of `intercept` (delta method)."""
        return math.sqrt(self._line_variance(0.0))

    @property
    def R2(self) -> float:  # noqa: N802
        """Share of the variance of true symptom effects that structure effects explain."""
        return self.correlation**2

    @property
    def R2_interval(self) -> Interval:  # noqa: N802
        """Its profile-likelihood interval."""
        low, high = self.correlation_interval
        ends = sorted((low**2, high**2))
        return (0.0 if low <= 0 <= high else ends[0]), ends[1]

    def predict(self, structure: float, level: float | None = None) -> tuple[float, float, float]:
        """Symptom effect of a new trial whose true effect on structure is known.

        Returns
        -------
        tuple of float
            Expectation, lower and upper limit. They allow for the scatter between trials and the
            uncertainty of the line (delta method), not for that of τ².
        """
        z = self._z if level is None else _quantile((1 + share("level", level)) / 2)
        expected = self.intercept + self.slope * structure
        half = z * math.sqrt(self._scatter + self._line_variance(structure))
        return expected, expected - half, expected + half

    @cached_property
    def threshold_effect(self) -> float:
        """Surrogate threshold effect: the effect on structure from which one on symptoms follows.

        Nearest to zero on the side of a benefit, where the interval of `predict` excludes a
        symptom effect of zero or above (below zero: benefit); NaN if no effect of up to ten
        times the largest seen is enough.

        Source: Burzykowski T, Buyse M (2006) Pharm Stat 5:173.
        """
        from scipy.optimize import brentq

        direction = -math.copysign(1.0, self.slope)
        reach = 10 * float(np.abs(self.pairs.y[self.pairs.outcome == 0]).max())
        points = direction * np.linspace(0, reach, 1001)
        highs = np.array([self.predict(x)[2] for x in points])
        enough = np.flatnonzero(highs < 0)
        if not len(enough):
            return math.nan
        if enough[0] == 0:
            return 0.0
        return float(brentq(lambda x: self.predict(x)[2], points[enough[0] - 1], points[enough[0]]))

    # -- what lies behind

    @property
    def _restricted(self) -> bool:
        return self.method == "REML"

    @property
    def _z(self) -> float:
        return _quantile((1 + self.level) / 2)

    @property
    def _theta(self) -> tuple[float, float, float]:
        first, second, rho = self.fit.theta.values()
        return first, second, rho

    @property
    def _line(self) -> tuple[float, float]:
        """Intercept and slope."""
        first, second, rho = self._theta
        slope = rho * math.sqrt(second / first) if first > 0 else math.nan
        return self.means[1] - slope * self.means[0], slope

    @property
    def _scatter(self) -> float:
        """Variance of true symptom effects around the line."""
        return self.tau2[1] * (1 - self.R2)

    @cached_property
    def _slope_variance(self) -> float:
        # slope = tanh(z) exp((b − a)/2) in Fisher's z and the logarithms a, b of τ²
        first, second, rho = self._theta
        covariance = curvature_covariance(self.pairs, self._restricted, self._theta)
        if np.isnan(covariance).any():
            return math.nan
        ratio = math.sqrt(second / first)
        change = ratio * np.array([-rho / 2, rho / 2, 1 - rho**2])
        return float(change @ covariance @ change)

    def _line_variance(self, structure: float) -> float:
        """Sampling variance of the height of the line at a structure effect."""
        contrast = np.array([-self.slope, 1.0])
        away = structure - self.means[0]
        return float(contrast @ self.fit.cov @ contrast) + away**2 * self._slope_variance

    def draws(self, n: int = 10_000, seed: int | None = None) -> dict[str, Array]:
        """Draws of the exact posterior, with flat priors on means, τ and correlation.

        Proposals from a t distribution around the mode are drawn again by their likelihood.

        Returns
        -------
        dict of ndarray, shape (n,)
            ``structure`` and ``symptom`` (means), ``tau_structure``, ``tau_symptom``,
            ``correlation``, ``slope``, ``R2``.

        Raises
        ------
        SynthesisError
            The likelihood is highest at the edge, such as a correlation of 1.
        """
        return posterior_draws(self.pairs, self._restricted, self._theta, n, seed)

    # -- for people and machines

    @property
    def both(self) -> int:
        """How many trials have both outcomes."""
        return sum(len(block) == 2 for block in self.pairs.V)

    @property
    def conclusion(self) -> str:
        """What the analysis says, in words."""
        low, high = self.correlation_interval
        if low > 0 or high < 0:
            found = f"go {'together' if low > 0 else 'against each other'} over trials"
        else:
            found = "are not shown to go together over trials"
        return (
            f"Effects on structure and on symptoms {found} (correlation {self.correlation:.2f}, "
            f"{low:.2f} to {high:.2f}; {self.both} trials have both). An association over trials "
            "does not prove that the one brings the other."
        )

    def to_frame(self) -> pl.DataFrame:
        """One row per quantity: name, estimate, ci_low, ci_high."""
        import polars as pl

        structure, symptom = self.mean_intervals
        half = self._z * self.intercept_se
        rows = [
            ("mean effect on structure", self.means[0], *structure),
            ("mean effect on symptoms", self.means[1], *symptom),
            ("tau2 structure", self.tau2[0], math.nan, math.nan),
            ("tau2 symptoms", self.tau2[1], math.nan, math.nan),
            ("correlation", self.correlation, *self.correlation_interval),
            ("R2", self.R2, *self.R2_interval),
            ("slope", self.slope, *self.slope_interval),
            ("intercept", self.intercept, self.intercept - half, self.intercept + half),
            ("threshold effect", self.threshold_effect, math.nan, math.nan),
        ]
        return pl.DataFrame(
            rows, schema=["quantity", "estimate", "ci_low", "ci_high"], orient="row"
        )

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        found = {
            "method": self.method,
            "level": self.level,
            "k": len(self.pairs.study),
            "both": self.both,
            "quantities": {
                name: {"estimate": estimate, "ci": (low, high)}
                for name, estimate, low, high in self.to_frame().iter_rows()
            },
            "loglik": self.fit.loglik,
            "conclusion": self.conclusion,
            "left_out": self.pairs.left_out,
            "warnings": self.warnings,
        }
        return {name: plain(value) for name, value in found.items()}

    def summary(self) -> str:
        """The result as a table to read."""
        rows = []
        for name, *numbers in self.to_frame().iter_rows():
            estimate, low, high = ("–" if math.isnan(x) else f"{x:.4f}" for x in numbers)
            rows.append([name, estimate, "" if low == "–" else f"{low} to {high}"])
        head = ["", "estimate", f"{100 * self.level:g} % CI"]
        return "\n".join(
            [
                f"Structure and symptom, {len(self.pairs.study)} trials ({self.method})",
                "",
                *text_table(head, rows),
                "",
                self.conclusion,
                *notes_text(self.warnings),
            ]
        )


def bivariate_analysis(
    data: Any = None,
    *,
    structure: Any,
    symptom: Any,
    structure_variance: Any,
    symptom_variance: Any,
    correlation: Any,
    study: Any = None,
    method: Literal["REML", "ML"] = "REML",
    level: float = 0.95,
) -> BivariateAnalysis:
    """Pool effects on two outcomes, and ask whether they go together over trials.

    Parameters
    ----------
    data : data frame or mapping, optional
        A row a trial.
    structure, symptom : str or sequence of float
        Effects on structure (such as cartilage or inflammation on MRI) and on symptoms (such as
        pain): columns of `data`, or the values. Missing where a trial has only one.
    structure_variance, symptom_variance : str or sequence of float
        Their sampling variances.
    correlation : float, str or sequence of float
        Between the two estimates *within* a trial: about that between the outcomes of people.
        Where it is not known, assume one, and see how much depends on it.
    study : str or sequence, optional
        Labels.
    method : {"REML", "ML"}
    level : float
        Coverage of the intervals.

    Returns
    -------
    BivariateAnalysis

    Raises
    ------
    InputError
        Columns that differ in length or are not there, a variance that is not above zero, a
        correlation not between −1 and 1.
    SynthesisError
        Fewer than three trials have both outcomes.

    References
    ----------
    van Houwelingen HC, Arends LR, Stijnen T (2002) Stat Med 21:589; Daniels MJ, Hughes MD (1997)
    Stat Med 16:1965; Riley RD (2009) J R Stat Soc A 172:789. The numbers are those of metafor's
    ``rma.mv(struct="UN")``, ``confint(rho=1)`` and ``matreg``.

    Examples
    --------
    Periodontal surgery: probing depth and attachment level (Berkey et al. 1998):

    >>> found = bivariate_analysis(
    ...     structure=[0.47, 0.20, 0.40, 0.26, 0.56],
    ...     symptom=[-0.32, -0.60, -0.12, -0.31, -0.39],
    ...     structure_variance=[0.0075, 0.0057, 0.0021, 0.0029, 0.0148],
    ...     symptom_variance=[0.0077, 0.0008, 0.0014, 0.0015, 0.0304],
    ...     correlation=[0.395, 0.421, 0.408, 0.432, 0.339],
    ... )
    >>> [round(mean, 3) for mean in found.means]
    [0.353, -0.339]
    >>> round(found.correlation, 2), [round(end, 2) for end in found.correlation_interval]
    (0.61, [-0.6, 1.0])
    """
    choice("method", method, ("REML", "ML"))
    share("level", level)
    pairs = read_pairs(
        data, structure, symptom, structure_variance, symptom_variance, correlation, study
    )
    both = sum(len(block) == 2 for block in pairs.V)
    if both < 3:
        raise SynthesisError(
            f"{both} trials have both outcomes; a correlation over trials needs three or more"
        )
    fit = pairs.model("UN", method == "REML").fit()
    notes = []
    if pairs.left_out:
        notes.append(f"left out: {'; '.join(pairs.left_out)}")
    if both < 10:
        notes.append(f"only {both} trials have both outcomes: the association is hardly known")
    if abs(list(fit.theta.values())[2]) > 1 - 1e-6 or min(list(fit.theta.values())[:2]) <= 0:
        notes.append(
            "the likelihood is highest at the edge (correlation ±1, or no variance): standard "
            "errors of the line can't be had"
        )
    return BivariateAnalysis(fit, pairs, method, level, tuple(notes))


def _quantile(probability: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(probability))
