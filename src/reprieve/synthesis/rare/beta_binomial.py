"""Risks that vary between the arms of trials by a beta distribution.

Both groups have a mean risk; risks of trials scatter around it with one intraclass correlation.
Arms of a trial are not paired, so that trials without an event take part (Kuss 2015 Stat Med
34:1097).
"""

from __future__ import annotations

import math

import numpy as np

from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.rare.batched import climb, differences
from reprieve.synthesis.rare.counts import Counts
from reprieve.synthesis.rare.integral import Maximum

_FLOOR = np.array([-np.inf, -np.inf, -12.0])
"""Below this logit of the correlation arms are binomial; order: logit of the mean risk of group 2,
log odds ratio, logit of the correlation."""


def beta_binomial(counts: Counts, measure: str = "OR") -> tuple[Maximum, float]:
    """The log odds ratio (or log risk ratio) of mean risks, and the intraclass correlation.

    Parameters
    ----------
    counts : Counts
        Trials without an event belong to them.
    measure : {"OR", "RR"}

    Examples
    --------
    >>> from reprieve.synthesis.rare.counts import read_counts
    >>> counts = read_counts(None, None, [4, 6, 0], [123, 306, 90], [11, 29, 0], [139, 303, 88],
    ...                      person_time=False)
    >>> found, correlation = beta_binomial(counts)
    >>> round(found.mean, 2), round(found.se, 2), round(correlation, 3)
    (-0.9, 0.85, 0.027)
    """
    log = measure == "RR"

    def likelihood(points: Array) -> Array:
        return _likelihood(counts, points, log)

    x, n = counts.x2.sum() + 0.5, counts.n2.sum() + 1.0
    other = (counts.x1.sum() + 0.5) / (counts.n1.sum() + 1.0)
    base = math.log(x / n) if log else math.log(x / (n - x))
    effect = (math.log(other) if log else math.log(other / (1 - other))) - base
    at, value = climb(likelihood, np.array([base, effect, -4.0]), [0, 1, 2], _FLOOR)
    free = [i for i in range(3) if at[i] > _FLOOR[i]]
    bend = differences(likelihood, at, free)[2]
    se = math.sqrt(np.linalg.inv(-bend)[1, 1])
    correlation = 1 / (1 + math.exp(-at[2])) if len(free) == 3 else 0.0
    return Maximum(float(at[1]), math.nan, se, value), correlation


def _likelihood(counts: Counts, points: Array, log: bool) -> Array:
    """Log-likelihood at each of the points, shape (g,)."""
    from scipy.special import expit, gammaln

    base, effect, logit = points.T
    rho = expit(logit)
    total = np.zeros(len(points))
    for x, n, eta in (
        (counts.x1, counts.n1, base + effect),
        (counts.x2, counts.n2, base),
    ):
        p = np.minimum(np.exp(eta), 1 - 1e-12) if log else expit(eta)
        a, b = p * (1 - rho) / rho, (1 - p) * (1 - rho) / rho
        x, n = x[:, None], n[:, None]
        logs = gammaln(x + a) - gammaln(a) + gammaln(n - x + b) - gammaln(b)
        logs += gammaln(a + b) - gammaln(n + a + b)
        logs += gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
        total += logs.sum(axis=0)
    return total
