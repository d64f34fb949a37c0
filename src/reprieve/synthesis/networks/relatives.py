"""Effects of treatments against each other, from a model that expects more than a plain network.

A likelihood gives one normal distribution of all effects, exact Bayes a mixture of them over the
nodes of its hyperparameters. Both are asked the same questions in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.synthesis.findings import notes_text, plain, quantile
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.base import NetworkResult
from reprieve.synthesis.networks.results import Relative
from reprieve.synthesis.networks.rows import Index
from reprieve.synthesis.networks.trials import Trials

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.league import League

# a variance of a difference that is this small a part of the treatments' own is rounding
_ROUNDING = 1e-13
_SPIKE = 1e-10  # of the largest variance over nodes


@dataclass(frozen=True, eq=False, repr=False)
class Relatives(NetworkResult):
    """Treatments (or classes of them) of a network against each other.

    Attributes
    ----------
    trials : Trials
    names : tuple of str
        What is compared.
    weights : ndarray, shape (g,)
        Of the nodes of hyperparameters; a single one, of weight 1, unless the fit is Bayesian.
    mean, cov : ndarray, shape (g, n), (g, n, n)
        Effects against a common origin at each node, and their covariance.
    between : ndarray, shape (g, n)
        Variance that a prediction adds to an effect at each node: that between trials (τ²), or
        that between treatments of a class.
    prediction_df : ndarray, shape (n,)
        Degrees of freedom of Student's t of predictions; NaN where there is none, infinite for a
        Bayesian fit, whose nodes hold that uncertainty.
    bayesian : bool
        Whether these are posterior distributions, which have no p values.
    tail : float
        The power with which a posterior density falls (see `NormalMixture`).
    reference : str
        What the others are shown against.
    level : float
        Coverage of the intervals.
    small_values : str
        Whether less is better: "desirable" or "undesirable".
    warnings : tuple of str
    """

    trials: Trials
    names: tuple[str, ...]
    weights: Array
    mean: Array
    cov: Array
    between: Array
    prediction_df: Array
    bayesian: bool
    tail: float
    reference: str
    level: float
    small_values: str
    warnings: tuple[str, ...] = field(default=())

    @property
    def treatments(self) -> tuple[str, ...]:
        """What is compared."""
        return self.names

    @property
    def n(self) -> int:
        """How many are compared."""
        return len(self.names)

    def only(self, names: Sequence[str], reference: str | None = None) -> Relatives:
        """The same of some; against the first of them unless `reference` or theirs is there."""
        at = [self.place(name) for name in names]
        first = self.reference if self.reference in names else names[0]
        return replace(
            self,
            names=tuple(names),
            mean=self.mean[:, at],
            cov=self.cov[:, at][:, :, at],
            between=self.between[:, at],
            prediction_df=self.prediction_df[at],
            reference=first if reference is None else reference,
        )

    # -- pairs

    def _spread(self, i: Index, j: Index) -> Array:
        """Variances of the differences between i and j at each node, shape (g, m)."""
        own = np.diagonal(self.cov, axis1=1, axis2=2)
        parts = own[:, i] + own[:, j]
        variance = parts - 2 * self.cov[:, i, j]
        return np.where(variance > _ROUNDING * parts, variance, 0.0)

    def columns(self, i: Index, j: Index) -> dict[str, Array]:
        """Estimate (i minus j), se, p, interval and prediction of pairs."""
        mean, variance = self.mean[:, i] - self.mean[:, j], self._spread(i, j)
        always = np.full(len(i), math.inf)
        estimate, se, low, high = self._described(mean, variance, always)
        wider = variance + self.between[:, i]
        _, _, near, far = self._described(mean, wider, self.prediction_df[i])
        return {
            "estimate": estimate,
            "se": se,
            "p": np.full(len(i), math.nan) if self.bayesian else _p_values(estimate, se),
            "ci_low": low,
            "ci_high": high,
            "pi_low": near,
            "pi_high": far,
        }

    def _described(self, mean: Array, variance: Array, df: Array) -> tuple[Array, ...]:
        """Mean, standard deviation and ends of the interval of what is normal (or t) at nodes."""
        if not self.bayesian:
            se = np.sqrt(variance[0])
            half = np.array([_critical(part, self.level) for part in df]) * se
            return mean[0], se, mean[0] - half, mean[0] + half
        from reprieve.synthesis.bayes.mixtures import NormalMixture

        centre, se, low, high = mean[0].copy(), np.zeros(len(df)), mean[0].copy(), mean[0].copy()
        # a difference of treatments that the model holds equal has no quantiles to search
        free = (variance > 0).any(axis=0)
        if free.any():
            # nodes at which it all but vanishes may not vanish: a spike has no density
            sds = np.sqrt(np.maximum(variance[:, free], _SPIKE * variance[:, free].max(axis=0)))
            mixture = NormalMixture(self.weights, mean[:, free].T, sds.T, tail=self.tail)
            centre[free], se[free] = mixture.mean, mixture.sd
            low[free], high[free] = mixture.interval(self.level)
        low[np.isnan(df)] = high[np.isnan(df)] = math.nan
        return centre, se, low, high

    def relative(self, treatment1: str, treatment2: str) -> Relative:
        """treatment1 minus treatment2, from all evidence.

        Raises
        ------
        UnknownWordError
            The network holds no such treatment.
        """
        i, j = np.array([self.place(treatment1)]), np.array([self.place(treatment2)])
        row = {name: float(values[0]) for name, values in self.columns(i, j).items()}
        return Relative(
            treatment1,
            treatment2,
            row["estimate"],
            row["se"],
            (row["ci_low"], row["ci_high"]),
            row["p"],
            (row["pi_low"], row["pi_high"]),
        )

    def effects(self) -> pl.DataFrame:
        """All pairs: estimate (treatment1 minus treatment2), se, p, interval and prediction.

        Of a Bayesian fit these are mean, standard deviation and central interval of the
        posterior, and p is null.
        """
        return self._frame(*self.pairs)

    def to_frame(self) -> pl.DataFrame:
        """Each treatment against the reference, with the columns of `effects`."""
        r = self.place(self.reference)
        i = np.array([t for t in range(self.n) if t != r], dtype=np.intp)
        found = self._frame(i, np.full(len(i), r))
        return found.rename({"treatment1": "treatment", "treatment2": "reference"})

    def _frame(self, i: Index, j: Index) -> pl.DataFrame:
        import polars as pl

        pairs = {
            "treatment1": [self.names[t] for t in i],
            "treatment2": [self.names[t] for t in j],
        }
        return pl.DataFrame(pairs | self.columns(i, j)).fill_nan(None)

    def league(self, digits: int = 2) -> League:
        """All pairs in one square, below the diagonal and, turned round, above it."""
        from reprieve.synthesis.networks.league import intervals, square

        i, j = self.pairs
        cells = (
            intervals(found["estimate"], found["ci_low"], found["ci_high"], digits)
            for found in (self.columns(j, i), self.columns(i, j))
        )
        return square(self, f"Row minus column. {100 * self.level:g} % intervals.", *cells)

    # -- distributions

    def below(self, x: float) -> Array:
        """Probability that the row's treatment minus the column's is below `x`, shape (n, n).

        NaN on the diagonal; of treatments that are held equal, ½ at zero.
        """
        from scipy.special import ndtr

        i, j = (part.ravel() for part in np.indices((self.n, self.n)))
        margin = x - (self.mean[:, i] - self.mean[:, j])
        with np.errstate(divide="ignore", invalid="ignore"):
            chance = ndtr(margin / np.sqrt(self._spread(i, j)))
        chance = self.weights @ np.where(np.isnan(chance), 0.5, chance)
        found = chance.reshape(self.n, self.n)
        np.fill_diagonal(found, np.nan)
        return np.asarray(found)

    def draws(self, n: int = 10_000, seed: int | None = None) -> Array:
        """Draws of all effects against the reference, shape (n, treatments)."""
        rng = np.random.default_rng(seed)
        drawn = rng.choice(len(self.weights), size=n, p=self.weights)
        nodes, place = np.unique(drawn, return_inverse=True)
        values, vectors = np.linalg.eigh(self.cov[nodes])
        roots = vectors * np.sqrt(np.maximum(values, 0))[:, None, :]
        unit = rng.standard_normal((n, self.n, 1))
        made = self.mean[drawn] + (roots[place] @ unit)[..., 0]
        return np.asarray(made - made[:, [self.place(self.reference)]])

    # -- for machines and for people

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        found: dict[str, Any] = plain(
            {
                "reference": self.reference,
                "level": 100 * self.level,
                "effects": self.effects().to_dicts(),
                "ranks": [
                    {"treatment": name, "p_score": score, "sucra": score}
                    for name, score in zip(self.names, self.p_scores.tolist(), strict=True)
                ],
                "warnings": self.warnings,
            }
        )
        return found

    def summary(self) -> str:
        """The result as a table to read."""
        from reprieve.synthesis.networks.words import frame_text

        side = "lower" if self.small_values == "desirable" else "higher"
        head = f"against {self.reference} (treatment minus reference; {side} is better)"
        table = frame_text(self.to_frame().drop("reference"))
        return "\n".join([head, "", table, *notes_text(self.warnings)])


def _critical(df: float, level: float) -> float:
    return math.nan if math.isnan(df) or df < 1 else quantile((1 + level) / 2, df)


def _p_values(estimate: Array, se: Array) -> Array:
    """Two-sided p values of no difference; NaN without a standard error."""
    from scipy.special import ndtr

    p, known = np.full(len(se), math.nan), se > 0
    p[known] = 2 * ndtr(-np.abs(estimate[known] / se[known]))
    return p
