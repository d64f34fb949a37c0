"""What results of a network have in common, however it was fitted: its size, and ranks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from reprieve.errors import UnknownWordError
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.rows import Index, label_of
from reprieve.synthesis.networks.trials import Trials

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.ranking import Ranks


class NetworkResult(ABC):
    """Treatments, trials and ranks of a fitted network.

    Attributes
    ----------
    trials : Trials
        The contrasts, and the trials that they come from.
    reference : str
        The treatment that the others are shown against.
    level : float
        Coverage of intervals.
    small_values : str
        Whether less is better: "desirable" or "undesirable".
    """

    trials: Trials
    reference: str
    level: float
    small_values: str

    def __repr__(self) -> str:
        return self.summary()

    @abstractmethod
    def summary(self) -> str:
        """The result as a table to read."""

    @abstractmethod
    def draws(self, n: int = 10_000, seed: int | None = None) -> Array:
        """Draws of all treatment effects against the reference, shape (n, treatments)."""

    @abstractmethod
    def below(self, x: float) -> Array:
        """Probability that the row's treatment minus the column's is below `x`, shape (n, n).

        NaN on the diagonal.
        """

    # -- size

    @property
    def treatments(self) -> tuple[str, ...]:
        """All treatments, sorted."""
        return self.trials.rows.treatments

    @property
    def n(self) -> int:
        """Number of treatments."""
        return self.trials.n

    @property
    def k(self) -> int:
        """Number of trials."""
        return len(self.trials.rows.studies)

    @property
    def m(self) -> int:
        """Number of contrasts."""
        return len(self.trials.rows.y)

    @property
    def n_designs(self) -> int:
        """Number of different sets of treatments that trials compare."""
        return sum(len(treatments) for treatments, _ in self.trials.designs)

    @cached_property
    def pairs(self) -> tuple[Index, Index]:
        """Places of the first and second treatment of all pairs."""
        return np.triu_indices(self.n, 1)

    def place(self, treatment: str) -> int:
        """Where a treatment stands among `treatments`."""
        if (name := label_of(treatment)) not in self.treatments:
            raise UnknownWordError("treatment", name, self.treatments)
        return self.treatments.index(name)

    # -- ranking

    @cached_property
    def p_scores(self) -> Array:
        """P-score of each treatment: the mean probability of being better than another.

        Rücker & Schwarzer 2015 BMC Med Res Methodol 15:58. It equals the expectation behind
        SUCRA exactly, so that no simulation is needed for either.
        """
        from reprieve.synthesis.networks.ranking import p_scores

        return p_scores(self)

    def ranks(self, n: int = 10_000, seed: int = 1) -> Ranks:
        """Ranks with their certainty: P-score, probabilities, median rank and interval."""
        from reprieve.synthesis.networks.ranking import ranks

        return ranks(self, n, seed)

    def probability_better(self, by: float = 0.0) -> pl.DataFrame:
        """For all ordered pairs, the probability that the first is better by at least `by`."""
        from reprieve.synthesis.networks.ranking import probability_better

        return probability_better(self, by)

    def probability_among_best(
        self, number: int = 3, n: int = 10_000, seed: int = 1
    ) -> pl.DataFrame:
        """Probability of each treatment to be among the best `number`, the likeliest first."""
        from reprieve.synthesis.networks.ranking import probability_among_best

        return probability_among_best(self, number, n, seed)

    def hierarchy(self, order: Sequence[str], n: int = 10_000, seed: int = 1) -> float:
        """Probability that these treatments stand in this order, the best first."""
        from reprieve.synthesis.networks.ranking import probability_of_order

        return probability_of_order(self, order, n, seed)
