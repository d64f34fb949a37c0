"""The result of a Bayesian network meta-analysis."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.errors import InputError
from reprieve.synthesis.base import Interval
from reprieve.synthesis.bayes.mixtures import NormalMixture
from reprieve.synthesis.bayes.priors import Prior
from reprieve.synthesis.bayes.quadrature import Posterior
from reprieve.synthesis.findings import plain
from reprieve.synthesis.inputs import Excluded
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.base import NetworkResult
from reprieve.synthesis.networks.given_tau import Deviance, GivenTau
from reprieve.synthesis.networks.rows import Index
from reprieve.synthesis.networks.trials import Trials

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.league import League
    from reprieve.synthesis.networks.unrelated_posterior import BayesianUnrelated


@dataclass(frozen=True)
class PosteriorRelative:
    """One treatment against another.

    Attributes
    ----------
    treatment1, treatment2 : str
    mean, sd, median : float
        Of the posterior of treatment1 minus treatment2.
    ci, prediction_interval : tuple of float
        Central intervals, for the mean difference and for that in a new trial (NaN with a common
        effect).
    probability_better : float
        That treatment1 is better than treatment2.
    posterior : NormalMixture
        All of it: `cdf(x)`, `density(x)`, `quantile(p)`, `shortest(level)`.
    predictive : NormalMixture or None
        The same for the difference in a new trial.
    """

    treatment1: str
    treatment2: str
    mean: float
    sd: float
    median: float
    ci: Interval
    prediction_interval: Interval
    probability_better: float
    posterior: NormalMixture = field(repr=False)
    predictive: NormalMixture | None = field(repr=False)


@dataclass(frozen=True, eq=False, repr=False)
class BayesianNetwork(NetworkResult):
    """The posterior of all treatments against each other: what `bayesian_network` returns.

    Nothing but the nodes is computed before it is asked for.

    Attributes
    ----------
    trials : Trials
        The contrasts, and the trials that they come from.
    reference : str
        The treatment that the others are shown against.
    prior : Prior or None
        For τ; None with a common effect.
    effect_prior : Prior
        For each treatment against the reference.
    given : GivenTau
        The linear model at each node of τ.
    node_mean, node_cov : ndarray, shape (N, n) and (N, n, n)
        Treatment effects given τ, zero for the reference.
    level : float
        Probability of intervals.
    small_values : str
        Whether less is better: "desirable" or "undesirable".
    excluded : tuple of Excluded
        Rows that could not be used, with the reason.
    warnings : tuple of str
        What a reader of the result should know.
    """

    trials: Trials
    reference: str
    prior: Prior | None
    effect_prior: Prior
    given: GivenTau
    node_mean: Array
    node_cov: Array
    level: float
    small_values: str
    excluded: tuple[Excluded, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    @property
    def model(self) -> str:
        """random, or common."""
        return "common" if self.prior is None else "random"

    # -- posteriors

    @property
    def tau(self) -> Posterior:
        """Posterior of the standard deviation of true contrasts between trials."""
        if self.given.posterior is None:
            raise InputError('model="common" sets τ to zero: it has no posterior')
        return self.given.posterior

    def between(self, i: Index, j: Index, *, new_trial: bool = False) -> NormalMixture:
        """Posteriors of differences between treatments at places i and j.

        Parameters
        ----------
        i, j : ndarray of int, shape (m,)
            Places among `treatments`; two different ones each.
        new_trial : bool
            The difference in a new trial rather than the mean difference.
        """
        means, variances = self._given_tau(i, j)
        if new_trial:
            variances = variances + self.given.tau**2
        heavy = new_trial or self.effect_prior.word == "flat"
        return NormalMixture(
            self.given.weights,
            means,
            np.sqrt(variances),
            tail=self.given.tail if heavy else math.inf,
        )

    def _given_tau(self, i: Index, j: Index) -> tuple[Array, Array]:
        """Means and variances of differences at each node, shape (..., N)."""
        own = np.diagonal(self.node_cov, axis1=1, axis2=2).T
        means = self.node_mean.T
        shared = np.moveaxis(self.node_cov, 0, -1)[i, j]
        return np.asarray(means[i] - means[j]), np.asarray(own[i] + own[j] - 2 * shared)

    def relative(self, treatment1: str, treatment2: str) -> PosteriorRelative:
        """treatment1 minus treatment2, from all evidence.

        Raises
        ------
        UnknownWordError
            The network holds no such treatment.
        InputError
            Twice the same treatment.
        """
        i, j = self.place(treatment1), self.place(treatment2)
        if i == j:
            raise InputError(f"name two different treatments; both were {treatment1!r}")
        places = np.array([i]), np.array([j])
        here = self.between(*places)[0]
        there = self.between(*places, new_trial=True)[0] if self.prior is not None else None
        return PosteriorRelative(
            treatment1,
            treatment2,
            here.mean,
            here.sd,
            here.median,
            here.interval(self.level),
            (math.nan, math.nan) if there is None else there.interval(self.level),
            here.cdf(0.0) if self.small_values == "desirable" else 1 - here.cdf(0.0),
            here,
            there,
        )

    def interval(self, level: float | None = None) -> dict[str, Interval]:
        """Central interval of each treatment against the reference."""
        i, j = self._against_reference
        low, high = self.between(i, j).interval(self.level if level is None else level)
        return {
            self.treatments[t]: (float(a), float(b)) for t, a, b in zip(i, low, high, strict=True)
        }

    @property
    def _against_reference(self) -> tuple[Index, Index]:
        r = self.place(self.reference)
        i = np.array([t for t in range(self.n) if t != r])
        return i, np.full(len(i), r)

    def effects(self) -> pl.DataFrame:
        """All pairs, treatment1 minus treatment2.

        mean, sd, median, central interval (ci), the same in a new trial (pi; null with a common
        effect), and the probability that treatment1 is better.
        """
        return self._frame(*self.pairs)

    def to_frame(self) -> pl.DataFrame:
        """Each treatment against the reference, with the columns of `effects`."""
        found = self._frame(*self._against_reference)
        return found.rename({"treatment1": "treatment", "treatment2": "reference"})

    def _frame(self, i: Index, j: Index) -> pl.DataFrame:
        import polars as pl

        here = self.between(i, j)
        tail = (1 - self.level) / 2
        low, median, high = here.quantile([tail, 0.5, 1 - tail])
        far: tuple[Any, Any] = (None, None)
        if self.prior is not None:
            far = self.between(i, j, new_trial=True).interval(self.level)
        better = here.cdf(np.zeros(len(i)))
        names = np.array(self.treatments, dtype=object)
        return pl.DataFrame(
            {
                "treatment1": names[i].tolist(),
                "treatment2": names[j].tolist(),
                "mean": here.mean,
                "sd": here.sd,
                "median": median,
                "ci_low": low,
                "ci_high": high,
                "pi_low": far[0],
                "pi_high": far[1],
                "probability_better": better if self.small_values == "desirable" else 1 - better,
            },
            schema_overrides={"pi_low": pl.Float64, "pi_high": pl.Float64},
        )

    def league(self, digits: int = 2) -> League:
        """All medians with intervals in one square, and the probabilities of being better."""
        from reprieve.synthesis.networks.league import intervals, square

        table = self.effects()
        median, low, high = (table[name].to_numpy() for name in ("median", "ci_low", "ci_high"))
        below = intervals(median, low, high, digits)
        above = [f"{chance:.{digits}f}" for chance in table["probability_better"]]
        reading = (
            "Below the diagonal: posterior medians, column minus row, with "
            f"{100 * self.level:g} % intervals. Above it: the probability that the row is better "
            "than the column."
        )
        return square(self, reading, below, above)

    def draws(self, n: int = 10_000, seed: int | None = None) -> Array:
        """Draws of all treatment effects against the reference, shape (n, treatments).

        They are independent draws of the joint posterior; the column of the reference is zero.
        """
        rng = np.random.default_rng(seed)
        which = rng.choice(len(self.given.weights), size=n, p=self.given.weights)
        unit = rng.standard_normal((n, self.n - 1))
        others, _ = self._against_reference
        roots = np.linalg.cholesky(self.given.cov)
        drawn = np.zeros((n, self.n))
        for node in np.unique(which):
            rows = np.flatnonzero(which == node)
            drawn[np.ix_(rows, others)] = self.given.mean[node] + unit[rows] @ roots[node].T
        return drawn

    def below(self, x: float) -> Array:
        """Probability that the row's treatment minus the column's is below `x`, shape (n, n)."""
        i, j = self.pairs
        here = self.between(i, j)
        found = np.full((self.n, self.n), np.nan)
        found[i, j] = here.cdf(np.full(len(i), x))
        found[j, i] = 1 - here.cdf(np.full(len(i), -x))
        return found

    # -- fit

    @property
    def deviance(self) -> Deviance:
        """Mean residual deviance, effective parameters pD and DIC; see `Deviance`."""
        return self.given.deviance

    @cached_property
    def log_evidence(self) -> float:
        """Log-density of the contrasts of each trial against one arm; NaN with a flat prior."""
        from reprieve.synthesis.networks.independent import log_volume

        return self.given.log_evidence + log_volume(self.trials)

    def trial_fit(self) -> pl.DataFrame:
        """How well each trial fits: study, contrasts, deviance and leverage, worst fit first.

        A deviance well above the number of its contrasts says that a trial stands apart.
        """
        import polars as pl

        from reprieve.synthesis.networks.independent import independent

        study = independent(self.trials).study
        columns = {"deviance": self.deviance.by_contrast, "leverage": self.deviance.leverage}
        table = pl.DataFrame(
            {"study": list(self.trials.rows.studies), "contrasts": np.bincount(study)}
            | {name: np.bincount(study, values) for name, values in columns.items()}
        )
        return table.sort(
            pl.col("deviance") / pl.col("contrasts"), descending=True, maintain_order=True
        )

    def unrelated_mean_effects(self) -> BayesianUnrelated:
        """The network against a model without coherence; see `BayesianUnrelated`."""
        from reprieve.synthesis.networks.unrelated_posterior import bayesian_unrelated

        return bayesian_unrelated(self)

    # -- for machines and for people

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what does not exist is None."""
        from reprieve.synthesis.networks.record import posterior_record

        found: dict[str, Any] = plain(posterior_record(self))
        return found

    def summary(self) -> str:
        """The result as a table to read."""
        from reprieve.synthesis.networks.words import posterior_summary

        return posterior_summary(self)
