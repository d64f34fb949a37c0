"""Cluster-robust covariance: the algebra behind `robust`, cluster by cluster.

Notation: W are the weights of the fit, Θ the working covariance of the data, both zero between
clusters; e the residuals; M = (XᵀWX)⁻¹. The covariance of β is M (Σ XᵢᵀWᵢAᵢeᵢeᵢᵀAᵢᵀWᵢXᵢ) M,
where Aᵢ makes good what the residuals of few clusters lack.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import SynthesisError
from reprieve.synthesis.blocks import BlockDiagonal
from reprieve.synthesis.least_squares import Array

_SINGULAR = 1e10

Kind = Literal["CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3"]
Codes = NDArray[np.intp]


class Working(NamedTuple):
    """A fit as the sandwich sees it, with a working model of its errors."""

    X: Array  # (k, p)
    residual: Array  # (k,)
    weights: BlockDiagonal | None  # None: the inverse of `theta`
    theta: BlockDiagonal


class Sandwich(NamedTuple):
    """The covariance and what tests need to know of its precision.

    With E = M Xᵀ W A, the working model gives contrasts of the sandwich a covariance that is a
    diagonal plus `L K Lᵀ`; see `products`.
    """

    cov: Array  # (p, p)
    clusters: int
    own: Array  # (clusters, p, p): EᵢΘᵢEᵢᵀ
    through: Array  # (clusters, 2p, p): what cluster i shares with all others
    K: Array  # (2p, 2p)


def sandwich(fit: Working, clusters: list[Codes], kind: Kind) -> Sandwich:
    """Cluster-robust covariance of β.

    Source: Bell & McCaffrey 2002 Surv Methodol 28:169; Pustejovsky & Tipton 2018 J Bus Econ
    Stat 36:672; as the R package clubSandwich computes it.
    """
    X, p = fit.X, fit.X.shape[1]
    parts = list[tuple[Codes, Array, Array, Array]]()
    for rows in clusters:
        theta = fit.theta.dense(rows)
        W = np.asarray(np.linalg.inv(theta) if fit.weights is None else fit.weights.dense(rows))
        parts.append((rows, theta, W, X[rows].T @ W))
    M: Array = np.linalg.inv(np.sum([XW @ X[rows] for rows, _, _, XW in parts], axis=0))
    spread: Array = M @ np.sum([XW @ theta @ XW.T for _, theta, _, XW in parts], axis=0) @ M
    meat = np.zeros((p, p))
    own, through = np.empty((len(parts), p, p)), np.empty((len(parts), 2 * p, p))
    for i, (rows, theta, W, XW) in enumerate(parts):
        x = X[rows]
        G: Array = M @ XW
        if kind == "CR2":
            G = G @ _bell_mccaffrey(x, theta, W, M, spread)
        elif kind == "CR3":
            G = G @ _jackknife(x @ M @ XW)
        score = G @ fit.residual[rows]
        meat += np.outer(score, score)
        own[i] = G @ theta @ G.T
        through[i, :p], through[i, p:] = x.T @ G.T, XW @ theta @ G.T
    m, n = len(parts), len(X)
    scale = {
        "CR1": m / (m - 1),
        "CR1p": m / (m - p) if m > p else np.nan,
        "CR1S": m * (n - 1) / ((m - 1) * (n - p)),
    }.get(kind, 1.0)
    K = np.block([[spread, -M], [-M, np.zeros((p, p))]])
    return Sandwich(scale * meat, m, own, through, K)


def _bell_mccaffrey(x: Array, theta: Array, W: Array, M: Array, spread: Array) -> Array:
    """A with which the sandwich is unbiased under the working model: D'(D R Θ R' D')^(−½) D."""
    D = np.linalg.cholesky(theta).T
    side = x @ M @ (x.T @ W @ theta)
    B = D @ (theta - side - side.T + x @ spread @ x.T) @ D.T
    values, vectors = np.linalg.eigh((B + B.T) / 2)
    # a cluster that decides a coefficient alone leaves no residual in that direction
    told = values > 1e-12 * max(values[-1], 1e-300)
    powers = np.where(told, 1 / np.sqrt(np.where(told, values, 1.0)), 0.0)
    return np.asarray(D.T @ (vectors * powers) @ vectors.T @ D)


def _jackknife(hat: Array) -> Array:
    """(I − H)⁻¹ of one cluster."""
    rest = np.eye(len(hat)) - hat
    if np.linalg.cond(rest) > _SINGULAR:
        raise SynthesisError(
            "CR3 is not defined here: a cluster decides a coefficient alone, so that the fit "
            "can't do without it; use CR2"
        )
    return np.asarray(np.linalg.inv(rest))


def satterthwaite(found: Sandwich) -> Array:
    """Degrees of freedom of each coefficient, shape (p,)."""
    p = found.cov.shape[0]
    df = np.empty(p)
    for j in range(p):
        product = _Product(found.own[:, j, j], found.through[:, :, j], found.through[:, :, j])
        df[j] = product.trace(found.K) ** 2 / product.inner(product, found.K)
    return df


def hotelling(found: Sandwich, beta: Array, which: list[int]) -> tuple[float, float, float]:
    """F, and its degrees of freedom, for zero coefficients `which` (AHZ of Tipton & Pustejovsky).

    The distribution of the sandwich is taken for a Wishart's whose degrees of freedom give its
    total variance (2015 J Educ Behav Stat 40:604).
    """
    q = len(which)
    pairs = {
        (s, t): _Product(found.own[:, i, j], found.through[:, :, i], found.through[:, :, j])
        for s, i in enumerate(which)
        for t, j in enumerate(which)
    }
    omega = np.array([[pairs[s, t].trace(found.K) for t in range(q)] for s in range(q)])
    values, vectors = np.linalg.eigh((omega + omega.T) / 2)
    half = (vectors / np.sqrt(values)) @ vectors.T
    own = half @ found.own[:, which][:, :, which] @ half
    through = found.through[:, :, which] @ half
    total = 0.0
    for s in range(q):
        for t in range(q):
            st = _Product(own[:, s, t], through[:, :, s], through[:, :, t])
            ts = _Product(own[:, s, t], through[:, :, t], through[:, :, s])
            ss = _Product(own[:, s, s], through[:, :, s], through[:, :, s])
            tt = _Product(own[:, t, t], through[:, :, t], through[:, :, t])
            total += ss.inner(tt, found.K) + st.inner(ts, found.K)
    eta = q * (q + 1) / total
    statistic = wald(found.cov, beta, which)
    return (eta - q + 1) / (eta * q) * statistic, float(q), eta - q + 1


def wald(cov: Array, beta: Array, which: list[int]) -> float:
    """The quadratic form of the coefficients `which` in the inverse of their covariance."""
    b = beta[which]
    return float(b @ np.linalg.solve(cov[np.ix_(which, which)], b))


class _Product(NamedTuple):
    """Covariances between the contributions of all clusters: diag(own) + left K rightᵀ."""

    own: Array  # (m,)
    left: Array  # (m, 2p)
    right: Array  # (m, 2p)

    def trace(self, K: Array) -> float:
        return float(self.own.sum() + np.einsum("ma,ab,mb->", self.left, K, self.right))

    def inner(self, other: _Product, K: Array) -> float:
        """The sum of products of entries, without making the m × m matrices."""
        mine = np.einsum("ma,ab,mb->m", self.left, K, self.right)
        yours = np.einsum("ma,ab,mb->m", other.left, K, other.right)
        cross = (other.left.T @ self.left @ K) @ (self.right.T @ other.right)
        return float(
            self.own @ other.own
            + self.own @ yours
            + other.own @ mine
            + np.einsum("ab,ab->", cross, K)
        )
