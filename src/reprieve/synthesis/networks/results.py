"""The result of a network meta-analysis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from reprieve.synthesis.base import Interval
from reprieve.synthesis.findings import plain
from reprieve.synthesis.inputs import Excluded
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.base import NetworkResult
from reprieve.synthesis.networks.fitting import Fit
from reprieve.synthesis.networks.rows import Index
from reprieve.synthesis.networks.trials import Trials

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.asymmetry import AdjustedFunnel
    from reprieve.synthesis.networks.contribution import Contributions
    from reprieve.synthesis.networks.designs import Coherence
    from reprieve.synthesis.networks.direct import Evidence, Split
    from reprieve.synthesis.networks.heat import NetHeat
    from reprieve.synthesis.networks.league import League
    from reprieve.synthesis.networks.unrelated import UnrelatedMeanEffects


@dataclass(frozen=True)
class Relative:
    """One treatment against another.

    Attributes
    ----------
    treatment1, treatment2 : str
    estimate : float
        treatment1 minus treatment2.
    se, p : float
        Standard error; two-sided p value of no difference.
    ci, prediction_interval : tuple of float
        For the mean difference, and for that in a new trial (NaN with a common effect or fewer
        than two degrees of freedom).
    """

    treatment1: str
    treatment2: str
    estimate: float
    se: float
    ci: Interval
    p: float
    prediction_interval: Interval


@dataclass(frozen=True, eq=False, repr=False)
class NetworkMetaAnalysis(NetworkResult):
    """All treatments against each other: what `network` returns.

    Nothing but the estimates is computed before it is asked for.

    Attributes
    ----------
    trials : Trials
        The contrasts, and the trials that they come from.
    common, fit : Fit
        Treatment effects without τ², and with it.
    reference : str
        The treatment that the others are shown against.
    tau2 : float
        Variance of true contrasts between trials; NaN when it can't be estimated.
    Q : float
        Cochran's Q of the whole network.
    model, method : str
    level : float
        Coverage of intervals.
    small_values : str
        Whether less is better: "desirable" or "undesirable".
    excluded : tuple of Excluded
        Rows that could not be used, with the reason.
    warnings : tuple of str
        What a reader of the result should know.
    """

    trials: Trials
    common: Fit
    fit: Fit
    reference: str
    tau2: float
    Q: float
    model: str
    method: str
    level: float
    small_values: str
    excluded: tuple[Excluded, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    # -- heterogeneity

    @property
    def tau(self) -> float:
        """Standard deviation of true contrasts between trials."""
        return math.sqrt(self.tau2)

    @property
    def tau2_used(self) -> float:
        """The τ² that the estimates stand on: zero where it can't be estimated."""
        return 0.0 if math.isnan(self.tau2) else self.tau2

    @property
    def df(self) -> int:
        """Degrees of freedom of Q."""
        return self.trials.degrees - (self.n - 1)

    @property
    def Q_p(self) -> float:  # noqa: N802 - Q is Cochran's
        """P value of Q."""
        from scipy.special import chdtrc

        return float(chdtrc(self.df, self.Q)) if self.df else math.nan

    @property
    def I2(self) -> float:  # noqa: N802 - its name in the field
        """Percentage of Q beyond chance: (Q − df)/Q."""
        if not self.df:
            return math.nan
        return 100 * max(0.0, 1 - self.df / self.Q) if self.Q > 0 else 0.0

    @property
    def I2_interval(self) -> Interval:  # noqa: N802 - its name in the field
        """Interval of I² in percent, from that of H (Higgins & Thompson 2002 Stat Med 21:1539)."""
        df, Q = self.df, self.Q
        if df < 2 or Q <= 0:
            return math.nan, math.nan
        if df + 1 < Q:
            spread = 0.5 * (math.log(Q) - math.log(df))
            spread /= math.sqrt(2 * Q) - math.sqrt(2 * df - 1)
        else:
            spread = math.sqrt((1 - 1 / (3 * (df - 1) ** 2)) / (2 * (df - 1)))
        centre, half = max(0.0, 0.5 * math.log(Q / df)), self._deviate * spread
        low, high = (max(1.0, math.exp(2 * (centre + side))) for side in (-half, half))
        return 100 * (1 - 1 / low), 100 * (1 - 1 / high)

    @cached_property
    def _deviate(self) -> float:
        from scipy.special import ndtri

        return float(ndtri((1 + self.level) / 2))

    # -- effects

    @cached_property
    def estimates(self) -> Array:
        """Differences of all `pairs`, first minus second treatment."""
        i, j = self.pairs
        return np.asarray(self.fit.theta[i] - self.fit.theta[j])

    @cached_property
    def standard_errors(self) -> Array:
        """Standard errors of `estimates`."""
        return np.sqrt(self.fit.variances(*self.pairs))

    @property
    def _prediction_reach(self) -> float:
        """Half-width of a prediction interval in its standard deviations: t with df of Q."""
        if self.model == "common" or self.df < 2:
            return math.nan
        from scipy.special import stdtrit

        return float(stdtrit(self.df, (1 + self.level) / 2))

    def relative(self, treatment1: str, treatment2: str) -> Relative:
        """treatment1 minus treatment2, from all evidence.

        Raises
        ------
        UnknownWordError
            The network holds no such treatment.
        """
        i, j = self.place(treatment1), self.place(treatment2)
        estimate = float(self.fit.theta[i] - self.fit.theta[j])
        se = math.sqrt(max(0.0, float(self.fit.variances(np.array([i]), np.array([j]))[0])))
        half = self._deviate * se
        wide = self._prediction_reach * math.sqrt(se**2 + self.tau2_used)
        return Relative(
            treatment1,
            treatment2,
            estimate,
            se,
            (estimate - half, estimate + half),
            math.erfc(abs(estimate) / se / math.sqrt(2)) if se else math.nan,
            (estimate - wide, estimate + wide),
        )

    def effects(self) -> pl.DataFrame:
        """All pairs: estimate (treatment1 minus treatment2), se, statistic, p and intervals."""
        i, j = self.pairs
        return self._frame(i, j, self.estimates, self.standard_errors)

    def to_frame(self) -> pl.DataFrame:
        """Each treatment against the reference, with the columns of `effects`."""
        r = self.place(self.reference)
        i = np.array([t for t in range(self.n) if t != r])
        j = np.full(len(i), r)
        found = self._frame(
            i, j, self.fit.theta[i] - self.fit.theta[j], np.sqrt(self.fit.variances(i, j))
        )
        return found.rename({"treatment1": "treatment", "treatment2": "reference"})

    def _frame(self, i: Index, j: Index, estimate: Array, se: Array) -> pl.DataFrame:
        import polars as pl

        from reprieve.synthesis.networks.direct import two_sided

        half = self._deviate * se
        wide = self._prediction_reach * np.sqrt(se**2 + self.tau2_used)
        statistic = estimate / se
        names = np.array(self.treatments, dtype=object)
        return pl.DataFrame(
            {
                "treatment1": names[i].tolist(),
                "treatment2": names[j].tolist(),
                "estimate": estimate,
                "se": se,
                "statistic": statistic,
                "p": two_sided(statistic),
                "ci_low": estimate - half,
                "ci_high": estimate + half,
                "pi_low": estimate - wide,
                "pi_high": estimate + wide,
            }
        )

    def league(self, digits: int = 2) -> League:
        """All estimates in one square: network below the diagonal, direct above it."""
        from reprieve.synthesis.networks.league import league

        return league(self, digits)

    def draws(self, n: int = 10_000, seed: int | None = None) -> Array:
        """Draws of all treatment effects against the reference, shape (n, treatments).

        They are normal with the covariance of the fit; the column of the reference is zero.
        """
        others = np.arange(1, self.n)
        root = np.linalg.cholesky(self.fit.cov[np.ix_(others, others)])
        noise = np.random.default_rng(seed).standard_normal((n, self.n - 1)) @ root.T
        made = np.zeros((n, self.n))
        made[:, 1:] = noise
        made += self.fit.theta
        return np.asarray(made - made[:, [self.place(self.reference)]])

    def below(self, x: float) -> Array:
        """Probability that the row's treatment minus the column's is below `x`, shape (n, n)."""
        from scipy.special import ndtr

        t = np.arange(self.n)
        theta, variance = self.fit.theta, self.fit.variances(t[:, None], t)
        np.fill_diagonal(variance, np.nan)
        return np.asarray(ndtr((x - theta[:, None] + theta) / np.sqrt(variance)))

    # -- coherence

    @cached_property
    def evidence(self) -> Evidence:
        """Direct and indirect estimates of all `pairs`."""
        from reprieve.synthesis.networks.direct import back_calculate

        return back_calculate(self)

    def split(self, method: Literal["back-calculation", "SIDDE"] = "back-calculation") -> Split:
        """Direct against indirect evidence for each pair that trials compare.

        Parameters
        ----------
        method : {"back-calculation", "SIDDE"}
            From the share of direct evidence; or from a network without the trials that compare
            the two (slower, with its own τ²).
        """
        from reprieve.synthesis.networks.direct import split

        return split(self, method)

    @cached_property
    def _coherence(self) -> Coherence:
        from reprieve.synthesis.networks.designs import coherence

        return coherence(self)

    def coherence(self) -> Coherence:
        """Q within and between designs, and what each design has to do with it."""
        return self._coherence

    def net_heat(self, *, random: bool = False) -> NetHeat:
        """Which design makes which other look incoherent; see `NetHeat`."""
        from reprieve.synthesis.networks.heat import net_heat

        return net_heat(self, random=random)

    def unrelated_mean_effects(self) -> UnrelatedMeanEffects:
        """The network against a model without coherence; see `UnrelatedMeanEffects`."""
        from reprieve.synthesis.networks.unrelated import unrelated_mean_effects

        return unrelated_mean_effects(self)

    def measures(self) -> pl.DataFrame:
        """How each pair is estimated: proportion_direct, mean_path, minimal_parallelism.

        Columns treatment1, treatment2 and these three (König, Krahn & Binder 2013 Stat Med
        32:5414; netmeta's ``netmeasures``).
        """
        from reprieve.synthesis.networks.measures import measures

        return measures(self)

    def contributions(
        self, method: Literal["shortestpath", "randomwalk"] = "shortestpath"
    ) -> Contributions:
        """What each direct comparison contributes to each estimate; see `Contributions`."""
        from reprieve.synthesis.networks.contribution import contributions

        return contributions(self, method)

    def asymmetry(self, order: Sequence[str]) -> AdjustedFunnel:
        """Egger's test of the comparison-adjusted funnel; see `AdjustedFunnel`."""
        from reprieve.synthesis.networks.asymmetry import adjusted_funnel

        return adjusted_funnel(self, order)

    # -- for machines and for people

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        from reprieve.synthesis.networks.record import record

        found: dict[str, Any] = plain(record(self))
        return found

    def summary(self) -> str:
        """The result as a table to read."""
        from reprieve.synthesis.networks.words import network_summary

        return network_summary(self)
