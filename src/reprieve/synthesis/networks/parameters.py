"""Treatments as combinations of parameters: what component and dose networks are made of.

Uncorrelated contrasts `y ~ N(Xβ, v + τ²)` of a design that may lack rank: what the trials can't
tell is named, and the rest is estimated as if it had never been asked for.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import SynthesisError
from reprieve.synthesis.heterogeneity import log_likelihood, solve
from reprieve.synthesis.least_squares import Array, LeastSquares
from reprieve.synthesis.networks.designs import QTest
from reprieve.synthesis.networks.trials import Trials

_RANK = 1e-9  # smaller singular values, of columns of length one, count as zero
_APART = 1e-7  # a combination is estimable if no larger share of it leaves the span of the rows


@dataclass(frozen=True, eq=False)
class Parameters:
    """Parameters of a linear model of a network, estimable or not.

    Attributes
    ----------
    beta : ndarray, shape (p,)
        Estimates; where a parameter is not estimable, one of many solutions.
    root : ndarray, shape (p, r)
        A root of their covariance, r being the rank of the design.
    span : ndarray, shape (p, r)
        Orthonormal basis of what the rows of the scaled design span.
    scale : ndarray, shape (p,)
        Length of each column of the design.
    tau2 : float
        NaN when no degree of freedom is left.
    Q : float
        Cochran's Q: what the model leaves of the contrasts, without τ².
    df : int
        Its degrees of freedom.
    loglik : float
        Log-likelihood (full) at the estimates.
    """

    beta: Array
    root: Array
    span: Array
    scale: Array
    tau2: float
    Q: float
    df: int
    loglik: float

    @property
    def rank(self) -> int:
        """Number of parameters that the trials can tell apart."""
        return len(self.root.T)

    @property
    def tau2_used(self) -> float:
        """The τ² that the estimates stand on: zero where it can't be estimated."""
        return 0.0 if math.isnan(self.tau2) else self.tau2

    def estimable(self, L: Array) -> NDArray[np.bool_]:
        """Whether the trials tell the combinations `Lβ`, for L of shape (m, p)."""
        own = L / self.scale
        apart = np.linalg.norm(own - (own @ self.span) @ self.span.T, axis=-1)
        return np.asarray(apart <= _APART * np.linalg.norm(own, axis=-1))

    def combine(self, L: Array) -> tuple[Array, Array]:
        """Estimates of `Lβ` and their standard errors; NaN where not estimable."""
        known = self.estimable(L)
        estimate, se = L @ self.beta, np.linalg.norm(L @ self.root, axis=-1)
        return np.where(known, estimate, np.nan), np.where(known, se, np.nan)

    def reduced(self, X: Array) -> Array:
        """A design of full rank that says the same as X, shape (k, r)."""
        return np.asarray((X / self.scale) @ self.span)

    def draws(self, n: int, seed: int | None) -> Array:
        """Draws of β, shape (n, p)."""
        noise = np.random.default_rng(seed).standard_normal((n, self.rank))
        return np.asarray(self.beta + noise @ self.root.T)


def fit_parameters(
    y: Array, v: Array, X: Array, method: str, tau2: float | None = None
) -> Parameters:
    """Generalised least squares and τ² on a design of any rank.

    Parameters
    ----------
    y, v : ndarray, shape (k,)
        Uncorrelated contrasts and their sampling variances, as `independent` gives them.
    X : ndarray, shape (k, p)
    method : str
        DL, REML or ML; EE for τ² = 0.
    tau2 : float, optional
        τ² where it is known already.

    Raises
    ------
    SynthesisError
        The design is zero: the trials say nothing about any parameter.

    Examples
    --------
    Two columns that only come together: their sum is estimable, neither is by itself.

    >>> fit = fit_parameters(np.array([1.0, 3.0]), np.ones(2), np.ones((2, 2)), "EE")
    >>> fit.combine(np.array([[1.0, 1.0], [1.0, 0.0]]))[0]
    array([ 2., nan])
    """
    scale = np.linalg.norm(X, axis=0)
    scale[scale == 0] = 1.0
    _, size, axes = np.linalg.svd(X / scale, full_matrices=False)
    rank = int((size > _RANK * max(size.max(initial=0.0), 1.0)).sum())
    if not rank:
        raise SynthesisError(
            "the trials compare nothing that differs in any parameter of the model; check how "
            "treatments are named, and what is called inactive"
        )
    span = axes[:rank].T
    batch = LeastSquares(y[None], v[None], (X / scale) @ span)
    if tau2 is None:
        tau2 = float(solve(batch, method)[0])
    used = np.array([0.0 if math.isnan(tau2) else tau2])
    gamma, cov = batch.projection(batch.weights(batch.v + used[:, None])).coefficients()
    back = span / scale[:, None]
    return Parameters(
        beta=back @ gamma[0],
        root=back @ np.linalg.cholesky(cov[0]),
        span=span,
        scale=scale,
        tau2=tau2,
        Q=float(batch.projection(batch.weights(batch.v)).yPy()[0]),
        df=len(y) - rank,
        loglik=float(log_likelihood(batch, used, "ML")[0]),
    )


class OfParameters(ABC):
    """What results of a linear model of a network have in common: its size, τ² and fit.

    Attributes
    ----------
    trials : Trials
    parameters : Parameters
        The model.
    full : Parameters
        The network without what the model assumes, without τ².
    """

    trials: Trials
    parameters: Parameters
    full: Parameters

    def __repr__(self) -> str:
        return self.summary()

    @abstractmethod
    def summary(self) -> str:
        """The result as a table to read."""

    @property
    def k(self) -> int:
        """Number of trials."""
        return len(self.trials.rows.studies)

    @property
    def m(self) -> int:
        """Number of contrasts."""
        return len(self.trials.rows.y)

    @property
    def tau2(self) -> float:
        """Variance of true contrasts between trials; NaN when it can't be estimated."""
        return self.parameters.tau2

    @property
    def tau(self) -> float:
        """Standard deviation of true contrasts between trials."""
        return math.sqrt(self.tau2)

    @property
    def Q(self) -> QTest:  # noqa: N802 - Cochran's
        """What the model leaves of the contrasts."""
        return QTest.of(self.parameters.Q, self.parameters.df)

    @property
    def Q_full(self) -> QTest:  # noqa: N802 - Cochran's
        """What the network leaves without the model's assumption."""
        return QTest.of(self.full.Q, self.full.df)

    @property
    def Q_difference(self) -> QTest:  # noqa: N802 - Cochran's
        """What the assumption costs: a small p speaks against it."""
        df = self.parameters.df - self.full.df
        return QTest.of(max(0.0, self.parameters.Q - self.full.Q) if df else 0.0, df)
