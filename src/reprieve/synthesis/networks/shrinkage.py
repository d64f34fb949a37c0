"""Fixed effects and random ones of a linear model of a network, at given variances.

Uncorrelated contrasts `y ~ N(Xβ + Σ Z_j u_j, v + τ²)` with `u_j ~ N(0, σ_j² I)`: what a network
with exchangeable interactions, or exchangeable treatments of a class, comes down to. The best
linear unbiased predictions of u borrow strength; their covariance with β is that of Henderson's
equations (Henderson 1975 Biometrics 31:423).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.core import homogeneity
from reprieve.synthesis.gaussian import GaussianModel, _Sums
from reprieve.synthesis.heterogeneity import solve
from reprieve.synthesis.least_squares import Array, LeastSquares
from reprieve.synthesis.random_effects import Scaled

# the name of the variance between trials among the hyperparameters
TRIALS = "tau"
_NODES = 256  # nodes of hyperparameters whose matrices are held at once


@dataclass(frozen=True)
class Variances:
    """Variance components of a network model.

    Attributes
    ----------
    tau2 : float
        Between trials; NaN when no degree of freedom is left for it.
    terms : dict of float
        Variances of the random terms, by name.
    Q : float
        Cochran's Q: what the fixed part leaves of the contrasts, without random terms.
    df : int
        Its degrees of freedom.
    """

    tau2: float
    terms: dict[str, float]
    Q: float
    df: int

    @property
    def tau2_used(self) -> float:
        """The τ² that the estimates stand on: zero where it can't be estimated."""
        return 0.0 if math.isnan(self.tau2) else self.tau2


class ShrinkageModel(GaussianModel):
    """The model in the Gaussian engine, with a likelihood that is quick at many points.

    All rows share a few random effects, so that the engine's blocks are one. The inverse of their
    covariance follows from a matrix of the size of the random effects (Woodbury's identity).

    Parameters
    ----------
    y, v, X, Z
        As for `estimate_variances`; each of `Z` and `TRIALS` is a random term.
    restricted : bool
        REML (default) or ML.
    """

    def __init__(
        self, y: Array, v: Array, X: Array, Z: Mapping[str, Array], *, restricted: bool = True
    ) -> None:
        self._shared = dict(Z)
        terms = [Scaled(matrix=part @ part.T, name=name) for name, part in Z.items()]
        terms.append(Scaled(range(len(y)), name=TRIALS))
        super().__init__(y, v, X, terms, restricted=restricted)

    def _prepare(self, basis: Array) -> None:
        super()._prepare(basis)
        known = np.column_stack([basis, self._residual])
        self._basis = basis
        self._products = _products(np.concatenate([known, *self._shared.values()], axis=1))
        self._load = self._products.shape[1]

    def _sums(self, theta: Array) -> _Sums:
        total = self.V.variances() + theta[:, -1:]
        known, g = self.p + 1, len(theta)
        root = _roots(theta[:, :-1], self._shared)
        T = ((1 / total) @ self._products).reshape(g, known + root.shape[1], -1)
        inner = T[:, known:, known:] * root[:, :, None] * root[:, None, :] + np.eye(root.shape[1])
        side = T[:, known:, :known] * root[:, :, None]
        T = T[:, :known, :known] - np.swapaxes(side, 1, 2) @ np.linalg.solve(inner, side)
        logdet = np.log(total).sum(axis=1) + np.linalg.slogdet(inner)[1]
        p = self.p
        return _Sums(T[:, :p, :p], T[:, :p, p], T[:, p, p], logdet, np.isfinite(logdet))

    def _climb(self, internal: Array) -> tuple[float, Array, Array]:
        """Log-likelihood, gradient and expected information at variances."""
        precision = 1 / (self.V.variances() + internal[-1])
        own = list(self._shared.values())
        Z = np.concatenate([np.empty((self.n, 0)), *own], axis=1) * _roots(
            internal[None, :-1], self._shared
        )
        side = Z * precision[:, None]
        W = np.diag(precision) - side @ np.linalg.solve(np.eye(Z.shape[1]) + Z.T @ side, side.T)
        WX = W @ self._basis
        P = W - WX @ np.linalg.solve(self._basis.T @ WX, WX.T)
        Py = P @ self._residual
        T = P if self.restricted else W
        TZ = [T @ part for part in own]
        gradient, information = np.empty(len(internal)), np.empty((len(internal),) * 2)
        for i, part in enumerate(own):
            gradient[i] = ((part.T @ Py) ** 2).sum() - (part * TZ[i]).sum()
            information[i, :-1] = [((part.T @ other) ** 2).sum() for other in TZ]
            information[i, -1] = information[-1, i] = (TZ[i] ** 2).sum()
        gradient[-1], information[-1, -1] = Py @ Py - np.trace(T), (T * T).sum()
        loglik = float(self._profile(internal[None]).loglik[0])
        return loglik, 0.5 * gradient, 0.5 * information


def _products(A: Array) -> Array:
    """Products of each row with itself, shape (k, q²): weights times these are AᵀWA."""
    return np.asarray((A[:, :, None] * A[:, None, :]).reshape(len(A), -1))


def _roots(variances: Array, Z: Mapping[str, Array]) -> Array:
    """Standard deviation of each random effect, shape (g, q), from that of its term."""
    widths = [part.shape[1] for part in Z.values()]
    return np.repeat(np.sqrt(variances), widths, axis=1)


def estimate_variances(
    y: Array, v: Array, X: Array, Z: Mapping[str, Array], method: str
) -> Variances:
    """Variance components by DL, REML or ML.

    Parameters
    ----------
    y, v : ndarray, shape (k,)
        Uncorrelated contrasts and their sampling variances, as `independent` gives them.
    X : ndarray, shape (k, p)
        Fixed part, of full rank.
    Z : mapping of str to ndarray, shape (k, q)
        Random terms by name; none leaves τ² alone.
    method : str

    Raises
    ------
    InputError
        DL with random terms: it is a method for τ² alone.
    SynthesisError
        No degree of freedom is left for the random terms.
    """
    batch = LeastSquares(y[None], v[None], X)
    Q = homogeneity(batch)
    df = len(y) - X.shape[1]
    if not Z:
        return Variances(float(solve(batch, method)[0]), {}, float(Q.Q[0]), df)
    if method == "DL":
        raise InputError(
            f"method 'DL' estimates τ² alone, but the model also has {', '.join(Z)}; use "
            "method='REML' or 'ML'"
        )
    if df < 2:
        raise SynthesisError(
            f"{len(y)} independent contrasts can't tell {X.shape[1]} means, τ² and "
            f"{', '.join(Z)}; use a model without random terms"
        )
    theta = ShrinkageModel(y, v, X, Z, restricted=method == "REML").fit().theta
    return Variances(theta[TRIALS], {name: theta[name] for name in Z}, float(Q.Q[0]), df)


def predicted(
    y: Array, v: Array, X: Array, Z: Mapping[str, Array], tau2: Array, terms: Mapping[str, Array]
) -> tuple[Array, Array]:
    """β and the predictions of u, and their covariance, at g points of the variances.

    Parameters
    ----------
    y, v, X, Z
        As for `estimate_variances`.
    tau2 : ndarray, shape (g,)
    terms : mapping of str to ndarray, shape (g,)
        Variances of the random terms; zero is allowed.

    Returns
    -------
    coefficients : ndarray, shape (g, p + q)
        β, then u in the order of `Z`.
    cov : ndarray, shape (g, p + q, p + q)
        Covariance of the errors, those of u being û − u.

    Examples
    --------
    Two estimates of one mean, from the middle of which each is drawn by half:

    >>> y, v, X = np.array([0.0, 4.0]), np.array([1.0, 1.0]), np.ones((2, 1))
    >>> found, cov = predicted(y, v, X, {"group": np.eye(2)}, np.zeros(1), {"group": np.ones(1)})
    >>> found.round(6), cov[:, 0, 0].round(6)
    (array([[ 2., -1.,  1.]]), array([1.]))
    """
    p, g = X.shape[1], len(tau2)
    basis, R = np.linalg.qr(X)
    A = np.concatenate([basis, *Z.values()], axis=1)
    variances = np.stack([terms[name] for name in Z], axis=1) if Z else np.empty((g, 0))
    scale = np.concatenate([np.ones((g, p)), _roots(variances, Z)], axis=1)
    # u is a standard normal vector times its standard deviation, so that zero needs no care
    own = np.diag(np.repeat([0.0, 1.0], [p, A.shape[1] - p]))
    back = np.eye(A.shape[1])
    back[:p, :p] = np.linalg.inv(R)
    products = _products(A)
    means, covs = [], []
    for start in range(0, g, _NODES):
        part = slice(start, start + _NODES)
        w = 1 / (v + tau2[part, None])
        information = (w @ products).reshape(-1, *own.shape)
        information = information * scale[part, :, None] * scale[part, None, :] + own
        cov = np.linalg.inv(information)
        mean = np.einsum("gpq,gq->gp", cov, (w * y) @ A * scale[part])
        turned = back * scale[part, None, :]
        means.append(np.einsum("gpq,gq->gp", turned, mean))
        covs.append(turned @ cov @ np.swapaxes(turned, 1, 2))
    return np.concatenate(means), np.concatenate(covs)
