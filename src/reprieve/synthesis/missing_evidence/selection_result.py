"""What a selection model gives back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from reprieve.synthesis.findings import (
    Finding,
    interval_text,
    notes_text,
    number,
    p_text,
    plain,
    quantile,
    text_table,
    two_sided_p,
)
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.missing_evidence.selection_curves import Curve

if TYPE_CHECKING:
    import polars as pl


class LikelihoodRatio(NamedTuple):
    """A likelihood-ratio test; NaN where there is nothing to test."""

    statistic: float
    df: int
    p: float


@dataclass(frozen=True, eq=False, repr=False)
class SelectionModel(Finding):
    """A random-effects model of studies whose p values decide whether they are seen.

    Attributes
    ----------
    kind, alternative : str
        The curve of selection, and the direction of the results that are rather seen.
    steps : tuple of float
        Upper ends of the intervals of p, for kind step.
    names : tuple of str
        Names of the coefficients.
    beta, cov : ndarray, shapes (p,) and (p, p)
        Coefficients, adjusted for selection, and their covariance.
    tau2, tau2_se : float
        Variance between studies and its standard error (NaN where it is zero).
    delta, delta_se : ndarray, shape (n,)
        Parameters of the curve; the standard error of those that were fixed is NaN.
    loglik : float
        Log-likelihood at the maximum.
    selection : LikelihoodRatio
        Test of no selection.
    heterogeneity : LikelihoodRatio
        Test of τ² = 0, with selection.
    unadjusted : ndarray, shape (p,)
        Coefficients by maximum likelihood without selection.
    counts : tuple of int
        Studies in each interval of p, for kind step.
    level : float
        Coverage of the intervals.
    warnings : tuple of str
    """

    kind: str
    alternative: str
    steps: tuple[float, ...]
    names: tuple[str, ...]
    beta: Array
    cov: Array
    tau2: float
    tau2_se: float
    delta: Array
    delta_se: Array
    loglik: float
    selection: LikelihoodRatio
    heterogeneity: LikelihoodRatio
    unadjusted: Array
    counts: tuple[int, ...]
    level: float
    warnings: tuple[str, ...]

    @property
    def estimate(self) -> float:
        """The adjusted mean effect (the first coefficient)."""
        return float(self.beta[0])

    @property
    def se(self) -> float:
        """Standard error of `estimate`."""
        return math.sqrt(self.cov[0, 0])

    @property
    def p(self) -> float:
        """Two-sided p value of no mean effect."""
        return two_sided_p(self.estimate / self.se)

    @property
    def ci(self) -> tuple[float, float]:
        """Confidence interval of `estimate` at `level`."""
        half = quantile((1 + self.level) / 2, math.inf) * self.se
        return self.estimate - half, self.estimate + half

    def weight(self, p: Sequence[float] | Array) -> Array:
        """How likely studies with these one-sided p values are to be seen, relative to others.

        Relative to p = 0 (for the first step: to its interval); for kind beta to the p value
        that is seen most.
        """
        from scipy.special import ndtri

        values = np.asarray(p, dtype=float)
        curve = Curve(self.kind, np.array(self.steps) if self.steps else None)
        log_w, _, _ = curve.log_weight(self.delta, curve.at(-ndtri(values)))
        if self.kind == "beta":
            log_w = log_w - curve.log_weight(self.delta, curve.points)[0].max()
        return np.asarray(np.exp(log_w))

    def to_frame(self) -> pl.DataFrame:
        """One row per coefficient: its unadjusted and adjusted estimate, se, z, p and interval."""
        import polars as pl

        se = np.sqrt(np.diagonal(self.cov))
        half = quantile((1 + self.level) / 2, math.inf) * se
        statistic = self.beta / se
        return pl.DataFrame(
            {
                "name": list(self.names),
                "unadjusted": self.unadjusted,
                "estimate": self.beta,
                "se": se,
                "statistic": statistic,
                "p": [two_sided_p(z) for z in statistic],
                "ci_low": self.beta - half,
                "ci_high": self.beta + half,
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        content = super().to_dict()
        for test in ("selection", "heterogeneity"):
            content[test] = plain(getattr(self, test)._asdict())
        return content | {"coefficients": plain(self.to_frame().to_dicts())}

    def draws(self, n: int = 10_000, seed: int | None = None) -> Array:
        """Draws of the adjusted mean effect, of the normal distribution behind `ci`."""
        rng = np.random.default_rng(seed)
        return np.asarray(self.estimate + self.se * rng.standard_normal(n))

    def summary(self) -> str:
        """The result as a table to read."""
        rows = [
            [
                row["name"],
                *(number(row[key]) for key in ("unadjusted", "estimate", "se")),
                p_text(row["p"]),
                interval_text((row["ci_low"], row["ci_high"])),
            ]
            for row in self.to_frame().iter_rows(named=True)
        ]
        ends = f"{100 * self.level:g} % CI"
        lines = [
            f"Selection model ({self.kind}; seen rather when {self.alternative} than zero)",
            "",
            *text_table(["", "unadjusted", "adjusted", "se", "p", ends], rows),
            "",
            f"τ²   {self.tau2:.4f}   SE {number(self.tau2_se)}",
            "",
            *self._curve_table(),
            "",
            self._test_line("test of selection", self.selection),
            self._test_line("test of heterogeneity", self.heterogeneity),
        ]
        return "\n".join(lines + notes_text(self.warnings))

    def _curve_table(self) -> list[str]:
        cells = [[number(d), number(se)] for d, se in zip(self.delta, self.delta_se, strict=True)]
        if self.kind != "step":
            rows = [[f"δ{i + 1}", *row] for i, row in enumerate(cells)]
            return text_table(["curve", "estimate", "se"], rows)
        starts = (0.0, *self.steps[:-1])
        names = [f"{a:g} < p ≤ {b:g}" for a, b in zip(starts, self.steps, strict=True)]
        rows = [
            [name, str(count), *row]
            for name, count, row in zip(names, self.counts, cells, strict=True)
        ]
        return text_table(["one-sided p", "studies", "weight", "se"], rows)

    @staticmethod
    def _test_line(name: str, test: LikelihoodRatio) -> str:
        if math.isnan(test.p):
            return f"{name}: none, nothing was estimated"
        return f"{name}: χ²({test.df}) = {test.statistic:.4f}, p {p_text(test.p)}"
