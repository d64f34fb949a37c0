"""The likelihood of both arms of each trial: binomial for people, Poisson for person-time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.rare.counts import Counts


class ArmDerivatives(NamedTuple):
    """Log-likelihood of a trial and its derivatives by intercept (α) and effect (θ); (k, q)."""

    value: Array
    by_alpha: Array
    by_effect: Array
    by_alpha2: Array
    by_both: Array
    by_effect2: Array


@dataclass(frozen=True, eq=False)
class Arms:
    """Arms around α ± θ/2, on the logit or the log scale.

    Attributes
    ----------
    counts : Counts
    constant : ndarray, shape (k,)
        The part of the log-likelihood that no parameter changes.
    """

    counts: Counts
    constant: Array

    @classmethod
    def of(cls, counts: Counts) -> Arms:
        """Arms of counts, with the constants of their likelihood."""
        from scipy.special import gammaln

        constant = np.zeros(counts.k)
        for x, n in ((counts.x1, counts.n1), (counts.x2, counts.n2)):
            constant -= gammaln(x + 1)
            if not counts.person_time:
                constant += gammaln(n + 1) - gammaln(n - x + 1)
        return cls(counts, constant)

    def start(self) -> Array:
        """A rough intercept of each trial."""
        counts = self.counts
        x, n = counts.x1 + counts.x2 + 0.5, counts.n1 + counts.n2 + 1.0
        return np.asarray(np.log(x / n) if counts.person_time else np.log(x / (n - x)))

    def at(self, alpha: Array, effect: Array) -> ArmDerivatives:
        """Likelihood and derivatives at intercepts and effects, shape (k, q)."""
        counts = self.counts
        one = self._arm(counts.x1[:, None], counts.n1[:, None], alpha + effect / 2)
        two = self._arm(counts.x2[:, None], counts.n2[:, None], alpha - effect / 2)
        return ArmDerivatives(
            value=one[0] + two[0] + self.constant[:, None],
            by_alpha=one[1] + two[1],
            by_effect=(one[1] - two[1]) / 2,
            by_alpha2=-(one[2] + two[2]),
            by_both=-(one[2] - two[2]) / 2,
            by_effect2=-(one[2] + two[2]) / 4,
        )

    def _arm(self, x: Array, n: Array, eta: Array) -> tuple[Array, Array, Array]:
        """Log-likelihood of one arm, its slope, and its negative bend."""
        if self.counts.person_time:
            mean = n * np.exp(eta)
            return x * (eta + np.log(n)) - mean, x - mean, mean
        from scipy.special import expit, log_expit

        p = expit(eta)
        value = x * log_expit(eta) + (n - x) * log_expit(-eta)
        return value, x - n * p, n * p * (1 - p)
