"""The result of pooling rare events."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.synthesis.findings import (
    Finding,
    notes_text,
    number,
    p_text,
    plain,
    quantile,
    two_sided_p,
)
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.rare.classic import AssociationTest
from reprieve.synthesis.rare.counts import Counts
from reprieve.synthesis.rare.heterogeneity_tests import Heterogeneity

if TYPE_CHECKING:
    import polars as pl

RATIOS = ("OR", "RR", "IRR")
_NAMES = {
    "MH": "Mantel–Haenszel",
    "Peto": "Peto",
    "IV": "Inverse variance",
    "UM.FS": "Mixed model of counts, fixed trial effects",
    "UM.RS": "Mixed model of counts, random trial effects",
    "CM.AL": "Mixed model given the total of events, approximate",
    "CM.EL": "Mixed model given the total of events, exact",
    "beta-binomial": "Beta-binomial model",
}


@dataclass(frozen=True, eq=False, repr=False)
class RareEvents(Finding):
    """What `rare_events` returns.

    Attributes
    ----------
    measure, method : str
    estimate, se : float
        The mean effect (ratios as logarithms) of group 1 against group 2.
    level : float
    counts : Counts
        All trials that were read.
    k_used : int
        Trials that inform the effect.
    tau2 : float
        Variance of true effects; NaN where one effect is assumed.
    sigma2 : float
        Variance of trials' risks (UM.RS).
    correlation : float
        Of the risks within trials and groups (beta-binomial).
    loglik : float
    heterogeneity, likelihood_ratio : Heterogeneity or None
        Cochran's (or Wald's) test and, for mixed models, the likelihood ratio test.
    association, tarone : AssociationTest or None
        For Mantel–Haenszel odds ratios.
    warnings : tuple of str
    """

    measure: str
    method: str
    estimate: float
    se: float
    level: float
    counts: Counts
    k_used: int
    tau2: float = math.nan
    sigma2: float = math.nan
    correlation: float = math.nan
    loglik: float = math.nan
    heterogeneity: Heterogeneity | None = None
    likelihood_ratio: Heterogeneity | None = None
    association: AssociationTest | None = None
    tarone: AssociationTest | None = None
    warnings: tuple[str, ...] = field(default=())

    @property
    def k(self) -> int:
        """Number of trials."""
        return self.counts.k

    @property
    def statistic(self) -> float:
        """Estimate over standard error."""
        return self.estimate / self.se

    @property
    def p(self) -> float:
        """Two-sided p value of no effect."""
        return two_sided_p(self.statistic)

    @property
    def ci(self) -> tuple[float, float]:
        """Wald's interval at `level`."""
        half = quantile((1 + self.level) / 2, math.inf) * self.se
        return self.estimate - half, self.estimate + half

    @property
    def prediction_interval(self) -> tuple[float, float]:
        """For the effect in a new trial; NaN where one effect is assumed."""
        if math.isnan(self.tau2):
            return math.nan, math.nan
        half = quantile((1 + self.level) / 2, math.inf) * math.sqrt(self.se**2 + self.tau2)
        return self.estimate - half, self.estimate + half

    def draws(self, n: int = 10_000, seed: int | None = None) -> Array:
        """Draws of the mean effect, normal as its interval is."""
        return self.estimate + self.se * np.random.default_rng(seed).standard_normal(n)

    def to_frame(self) -> pl.DataFrame:
        """One row: the estimate with its interval."""
        import polars as pl

        low, high = self.ci
        return pl.DataFrame(
            {
                "measure": [self.measure],
                "method": [self.method],
                "k": [self.k],
                "estimate": [self.estimate],
                "se": [self.se],
                "statistic": [self.statistic],
                "p": [self.p],
                "ci_low": [low],
                "ci_high": [high],
                "tau2": [self.tau2],
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """The result with the keys of a pairwise meta-analysis; what can't be is None."""
        test, ratio = self.heterogeneity, self.likelihood_ratio
        content = {
            "model": {
                "measure": self.measure,
                "method": self.method,
                "test": "z",
                "level": 100 * self.level,
            },
            "k": self.k,
            "k_used": self.k_used,
            "coefficients": [
                {
                    "name": "intercept",
                    "estimate": self.estimate,
                    "se": self.se,
                    "statistic": self.statistic,
                    "df": math.inf,
                    "p": self.p,
                    "ci": list(self.ci),
                }
            ],
            "prediction_interval": list(self.prediction_interval),
            "heterogeneity": {
                "tau2": self.tau2,
                "sigma2": self.sigma2,
                "correlation": self.correlation,
                "I2": _i2(test),
                "H2": test.Q / test.df if test and test.df else math.nan,
                "Q": test.Q if test else None,
                "Q_df": test.df if test else None,
                "Q_p": test.p if test else None,
                "LRT": ratio.Q if ratio else None,
                "LRT_p": ratio.p if ratio else None,
            },
            "association": self.association and self.association._asdict(),
            "tarone": self.tarone and self.tarone._asdict(),
            "fit": {"loglik": self.loglik},
            "excluded": [
                {"row": row.row, "study": row.study, "reason": row.reason}
                for row in self.counts.excluded
            ],
            "warnings": list(self.warnings),
        }
        return dict(plain(content))

    def summary(self) -> str:
        """The result as a table to read."""
        counts = self.counts
        size = "person-time" if counts.person_time else "people"
        low, high = self.ci
        percent = f"{100 * self.level:g} %"
        lines = [
            f"{_NAMES[self.method]}, {self.measure}, k = {self.k} ({self.k_used} with information)",
            f"events: {counts.x1.sum():,.0f} of {counts.n1.sum():,.0f} ({size}) against "
            f"{counts.x2.sum():,.0f} of {counts.n2.sum():,.0f}",
            "",
        ]
        log = self.measure in RATIOS
        name = f"log {self.measure}" if log else self.measure
        digits = 4 if log else 5
        lines.append(
            f"{name}  {self.estimate:.{digits}f}   SE {self.se:.{digits}f}   "
            f"{percent} CI {low:.{digits}f} to {high:.{digits}f}   p {p_text(self.p)}"
        )
        if log:
            lines.append(
                f"{self.measure}      {math.exp(self.estimate):.3f}   "
                f"{percent} CI {math.exp(low):.3f} to {math.exp(high):.3f}"
            )
        for label, value in (
            ("τ²", self.tau2), ("variance of trials' risks", self.sigma2),
            ("correlation within arms of trials", self.correlation),
        ):  # fmt: skip
            if not math.isnan(value):
                lines.append(f"{label}  {number(value)}")
        for label, test in (("Q", self.heterogeneity), ("LRT", self.likelihood_ratio)):
            if test:
                lines.append(f"{label}({test.df}) = {test.Q:.4f}, p {p_text(test.p)}")
        left_out = [
            f"row {row.row} (study {row.study}) left out: {row.reason}" for row in counts.excluded
        ]
        return "\n".join(lines + notes_text((*left_out, *self.warnings)))


def _i2(test: Heterogeneity | None) -> float:
    if test is None or not test.df or test.Q <= 0:
        return math.nan
    return max(0.0, 100 * (test.Q - test.df) / test.Q)
