"""Which treatment is best, and how sure that is.

Effects are normal, or mixtures of normal distributions, so that the probability of one treatment
being better than another is exact, and the mean of these, the P-score, is the expectation of SUCRA
(Rücker & Schwarzer 2015 BMC Med Res Methodol 15:58). Only what concerns more than two treatments at
once is drawn at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reprieve.errors import InputError
from reprieve.synthesis.findings import Finding
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.words import frame_text

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.base import NetworkResult


def _better(fit: NetworkResult, by: float) -> Array:
    """Probability that the row's treatment is better than the column's by at least `by`."""
    return fit.below(-by) if fit.small_values == "desirable" else 1 - fit.below(by)


def p_scores(fit: NetworkResult) -> Array:
    """The mean probability of each treatment to be better than another."""
    return np.asarray(np.nanmean(_better(fit, 0.0), axis=1))


def probability_better(fit: NetworkResult, by: float) -> pl.DataFrame:
    """Probability, for all ordered pairs, that treatment1 is better by at least `by`."""
    import polars as pl

    if not by >= 0:
        raise InputError(f"by is a smallest worthwhile difference, zero or more; it was {by!r}")
    better = _better(fit, by)
    i, j = np.nonzero(~np.eye(fit.n, dtype=bool))
    return pl.DataFrame(
        {
            "treatment1": [fit.treatments[t] for t in i],
            "treatment2": [fit.treatments[t] for t in j],
            "probability": better[i, j],
        }
    )


@dataclass(frozen=True, eq=False, repr=False)
class Ranks(Finding):
    """Ranks of treatments, with their certainty.

    Attributes
    ----------
    treatments : tuple of str
    p_score : ndarray, shape (n,)
        Equal to the expectation of SUCRA.
    probabilities : ndarray, shape (n, n)
        Of each treatment (row) to have rank 1, 2 … (column), from draws.
    level : float
        Coverage of the intervals of ranks.
    """

    treatments: tuple[str, ...]
    p_score: Array
    probabilities: Array
    level: float

    def quantile(self, share: float) -> Array:
        """The rank that each treatment reaches or betters with this probability."""
        reached = self.probabilities.cumsum(axis=1) >= share - 1e-12
        return np.asarray(1 + reached.argmax(axis=1))

    def among_best(self, number: int) -> Array:
        """Probability of each treatment to be among the best `number`."""
        if number not in range(1, len(self.treatments) + 1):
            raise InputError(
                f"number must be a whole one, 1 to {len(self.treatments)}; it was {number!r}"
            )
        return np.asarray(self.probabilities[:, :number].sum(axis=1))

    def to_frame(self) -> pl.DataFrame:
        """treatment, p_score, sucra, mean_rank, median_rank, rank_low, rank_high, best, best_3.

        The best by P-score first. `sucra` is that of the draws; it nears `p_score`.
        """
        import polars as pl

        n, tail = len(self.treatments), (1 - self.level) / 2
        mean = self.probabilities @ np.arange(1, n + 1)
        return pl.DataFrame(
            {
                "treatment": list(self.treatments),
                "p_score": self.p_score,
                "sucra": (n - mean) / (n - 1),
                "mean_rank": mean,
                "median_rank": self.quantile(0.5),
                "rank_low": self.quantile(tail),
                "rank_high": self.quantile(1 - tail),
                "best": self.among_best(1),
                "best_3": self.among_best(min(3, n)),
            }
        ).sort("p_score", descending=True, maintain_order=True)

    def summary(self) -> str:
        """The table to read."""
        title = f"Ranks with {100 * self.level:g} % intervals (1 is best)"
        return f"{title}\n\n{frame_text(self.to_frame())}"


def ranks(fit: NetworkResult, n: int, seed: int) -> Ranks:
    """Ranks of a network; see `NetworkResult.ranks`."""
    drawn = _in_order(fit, n, seed).argsort(axis=1)
    places = np.arange(fit.n)
    counts = np.bincount((drawn + places * fit.n).ravel(), minlength=fit.n**2)
    return Ranks(fit.treatments, fit.p_scores, counts.reshape(fit.n, fit.n) / n, fit.level)


def probability_among_best(fit: NetworkResult, number: int, n: int, seed: int) -> pl.DataFrame:
    """Probability of each treatment to be among the best `number`, the likeliest first."""
    import polars as pl

    chance = ranks(fit, n, seed).among_best(number)
    table = pl.DataFrame({"treatment": list(fit.treatments), "probability": chance})
    return table.sort("probability", descending=True, maintain_order=True)


def probability_of_order(fit: NetworkResult, order: Sequence[str], n: int, seed: int) -> float:
    """Probability that some treatments stand in a given order, the best first."""
    if isinstance(order, str) or len(set(order)) < max(2, len(order)):
        raise InputError(f"order must name two or more different treatments; it was {order!r}")
    places = [fit.place(name) for name in order]
    position = _in_order(fit, n, seed).argsort(axis=1)[:, places]
    return float((np.diff(position, axis=1) > 0).all(axis=1).mean())


def _in_order(fit: NetworkResult, n: int, seed: int) -> Array:
    """Treatments from best to worst in each draw, shape (n, treatments)."""
    drawn = fit.draws(n, seed)
    return np.asarray((drawn if fit.small_values == "desirable" else -drawn).argsort(axis=1))
