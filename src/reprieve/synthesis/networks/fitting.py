"""A network fitted at a given τ², and τ² by the generalised DerSimonian–Laird method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reprieve.errors import SynthesisError
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.rows import Index
from reprieve.synthesis.networks.trials import Trials

_ROUNDING = 1e-14


@dataclass(frozen=True)
class Fit:
    """Treatment effects at one τ².

    Attributes
    ----------
    theta : ndarray, shape (n,)
        Effects against the first treatment.
    cov : ndarray, shape (n, n)
        Their covariance; zero in the row and column of the first treatment.
    w : ndarray, shape (m,)
        Edge weight of each row.
    """

    theta: Array
    cov: Array
    w: Array

    def variances(self, a: Index, b: Index) -> Array:
        """Variances of the differences between treatments a and b."""
        own = np.diagonal(self.cov)
        return np.asarray(own[a] + own[b] - 2 * self.cov[a, b])


def laplacian(n: int, a: Index, b: Index, w: Array) -> Array:
    """The Laplacian of a graph of n nodes, from its weighted edges."""
    one_way = np.bincount(a * n + b, w, n * n).reshape(n, n)
    both = one_way + one_way.T
    out = -both
    out.flat[:: n + 1] = both.sum(axis=1)
    return np.asarray(out)


def grounded_inverse(information: Array) -> Array:
    """Inverse of a Laplacian without its first row and column, which stay zero."""
    from scipy.linalg.lapack import dpotrf, dpotri

    n = len(information)
    root, failed = dpotrf(information[1:, 1:], lower=1)
    if not failed:
        half, failed = dpotri(root, lower=1)
    if failed:
        raise SynthesisError(
            "the network can't be solved: variances differ so much that a treatment hangs by "
            "nothing; check the largest standard errors"
        )
    cov = np.zeros((n, n))
    cov[1:, 1:] = half + np.tril(half, -1).T
    return cov


def fit_at(trials: Trials, tau2: float) -> Fit:
    """Treatment effects at a given τ²."""
    rows, n = trials.rows, trials.n
    w = trials.weights(tau2)
    cov = grounded_inverse(laplacian(n, rows.a, rows.b, w))
    pull = w * rows.y
    theta = cov @ (np.bincount(rows.a, pull, n) - np.bincount(rows.b, pull, n))
    return Fit(theta, cov, w)


def cochran_q(trials: Trials, fit: Fit) -> float:
    """Q of the whole network: what its effects leave of the contrasts."""
    rows = trials.rows
    return float(fit.w @ (rows.y - fit.theta[rows.a] + fit.theta[rows.b]) ** 2)


def dersimonian_laird(trials: Trials, common: Fit, Q: float, df: int) -> float:
    """The generalised DerSimonian–Laird τ², truncated at zero.

    Jackson, White & Riley 2013 Biom J 55:231; netmeta's ``method.tau = "DL"``.
    """
    rows = trials.rows
    u = trials.squared_weights(common.w)
    total = float(common.w.sum())
    return moment_tau2(Q - df, total - float(u @ common.variances(rows.a, rows.b)), total)


def moment_tau2(excess: float, left: float, total: float) -> float:
    """τ² from what Q has in excess of its degrees of freedom, truncated at zero.

    Parameters
    ----------
    excess : float
    left : float
        The weight that is left of `total` once the fit took its part.
    total : float
        The weight of all contrasts.

    Raises
    ------
    SynthesisError
        One weight is so large that rounding hides what is left.
    """
    if excess <= 0:
        return 0.0
    if not left > _ROUNDING * total:
        raise SynthesisError(
            "τ² can't be estimated by moments: variances differ so much that one trial outweighs "
            'all others; check the smallest standard errors, or use model="common"'
        )
    return excess / left
