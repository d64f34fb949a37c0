"""Likelihoods of a trial given its total number of events: no parameter for its risk is needed.

Exact: the noncentral hypergeometric distribution (people), the binomial one (person-time).
Approximate: the binomial one for people too, good where events are rare (Stijnen, Hamza & Özdemir
2010 Stat Med 29:3046; R's `metafor::rma.glmm` with CM.EL and CM.AL).
"""

from __future__ import annotations

import numpy as np

from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.rare.counts import Counts
from reprieve.synthesis.rare.integral import Derivatives, Kernel


def binomial_kernel(counts: Counts) -> Kernel:
    """Events of group 1 of all events, given the log ratio of rates (or, nearly, of odds).

    Examples
    --------
    >>> from reprieve.synthesis.rare.counts import read_counts
    >>> kernel = binomial_kernel(read_counts(None, None, [1], [9], [2], [9], person_time=True))
    >>> round(float(np.exp(kernel(np.zeros((1, 1))).value[0, 0])), 3)  # 3 · ½³
    0.375
    """
    from scipy.special import expit, gammaln, log_expit

    x, events = counts.x1[:, None], (counts.x1 + counts.x2)[:, None]
    offset = np.log(counts.n1 / counts.n2)[:, None]
    ways = gammaln(events + 1) - gammaln(x + 1) - gammaln(events - x + 1)

    def kernel(effect: Array) -> Derivatives:
        eta = effect + offset
        p = expit(eta)
        value = ways + x * log_expit(eta) + (events - x) * log_expit(-eta)
        return Derivatives(value, x - events * p, -events * p * (1 - p))

    return kernel


def hypergeometric_kernel(counts: Counts) -> Kernel:
    """Events of group 1 given both groups' sizes and all events, by the log odds ratio.

    Examples
    --------
    >>> from reprieve.synthesis.rare.counts import read_counts
    >>> kernel = hypergeometric_kernel(
    ...     read_counts(None, None, [1], [2], [1], [2], person_time=False)
    ... )
    >>> round(float(np.exp(kernel(np.zeros((1, 1))).value[0, 0])), 3)  # 2 · 2 / 6
    0.667
    """
    from scipy.special import gammaln

    n1, n2, events = counts.n1, counts.n2, counts.x1 + counts.x2
    low = np.maximum(0.0, events - n2)
    width = np.minimum(n1, events) - low
    step = np.arange(int(width.max()) + 1)[None, :]
    possible = step <= width[:, None]
    x = np.where(possible, low[:, None] + step, low[:, None])
    left, right = n1[:, None] - x, n2[:, None] - events[:, None] + x
    ways = -gammaln(x + 1) - gammaln(left + 1) - gammaln(events[:, None] - x + 1)
    ways = np.where(possible, ways - gammaln(right + 1), -np.inf)
    ways -= ways.max(axis=1, keepdims=True)
    seen = (counts.x1 - low).astype(int)
    own = ways[np.arange(counts.k), seen]
    from_seen = x - counts.x1[:, None]

    def kernel(effect: Array) -> Derivatives:
        logs = ways[:, :, None] + from_seen[:, :, None] * effect[:, None, :]
        top = logs.max(axis=1, keepdims=True)
        weight = np.exp(logs - top)
        mass = weight.sum(axis=1)
        mean = np.einsum("ks,ksq->kq", from_seen, weight) / mass
        square = np.einsum("ks,ksq->kq", from_seen**2, weight) / mass
        value = own[:, None] - top[:, 0] - np.log(mass)
        return Derivatives(value, -mean, -(square - mean**2))

    return kernel
