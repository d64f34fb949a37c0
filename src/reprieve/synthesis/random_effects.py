"""Random terms of the Gaussian engine: covariances that depend on a few hyperparameters.

Each term has *natural* hyperparameters, which people read (variances and correlations), and
*internal* ones, in which the likelihood is climbed (standard deviations, Cholesky factors).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike

from reprieve.errors import InputError
from reprieve.synthesis.blocks import BlockDiagonal, Codes
from reprieve.synthesis.least_squares import Array

Structure = Literal["DIAG", "CS", "HCS", "AR", "HAR", "UN"]


class Term(Protocol):
    """What the engine asks of a random term.

    The covariance that a term adds between rows r and s is `G[inner_r, inner_s]`, where the
    *pattern* says that they share a level, or `σ² pattern_rs`.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Natural hyperparameters."""

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """Of the internal hyperparameters."""

    def codes(self, n: int) -> list[Codes]:
        """Codes whose equality joins rows."""

    def links(self, n: int) -> list[tuple[int, int]]:
        """Further pairs of rows that the term joins."""

    def pattern(self, rows: Codes) -> Array:
        """What multiplies the covariance between `rows`."""

    def inner_codes(self, rows: Codes) -> Codes:
        """Which row of `G` each of `rows` uses."""

    def covariance(self, natural: Array) -> Array:
        """`G` at natural hyperparameters, shape (..., h) to (..., q, q)."""

    def slopes(self, internal: Array) -> tuple[Array, Array]:
        """`G`, shape (q, q), and its derivatives, shape (h, q, q), at internal ones."""

    def to_natural(self, internal: Array) -> Array:
        """Natural hyperparameters from internal ones."""

    def start(self, variance: float) -> Array:
        """Internal hyperparameters that give each effect `variance`."""

    def to_internal(self, position: int, value: float) -> float:
        """The internal value that fixes a natural hyperparameter."""


@dataclass(frozen=True)
class Scaled:
    """A random intercept per group, or any known matrix times an unknown variance.

    Parameters
    ----------
    groups : sequence, shape (n,), optional
        Rows of the same group share an effect.
    matrix : optional
        A known matrix in place of groups (as `BlockDiagonal` takes it): the heterogeneity of the
        contrasts of trials with several arms is τ² times 1 on and ½ beside the diagonal.
    name : str
        Of the variance.
    """

    groups: Any = None
    matrix: Any = None
    name: str = "sigma2"

    def __post_init__(self) -> None:
        if (self.groups is None) == (self.matrix is None):
            raise InputError(f"give {self.name} either groups= or matrix=")
        if self.groups is not None:
            object.__setattr__(self, "_codes", _code(self.groups))
        else:
            sizes = [len(np.atleast_1d(np.asarray(b, float))) for b in self.matrix]
            square = np.ndim(self.matrix) == 2 if len(set(sizes)) == 1 else False
            n = len(self.matrix) if square or np.ndim(self.matrix[0]) == 0 else sum(sizes)
            object.__setattr__(self, "_matrix", BlockDiagonal(self.matrix, n))

    @property
    def names(self) -> tuple[str, ...]:
        """The variance."""
        return (self.name,)

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """A variance is not negative."""
        return [(0.0, np.inf)]

    def codes(self, n: int) -> list[Codes]:
        """The groups."""
        if self.groups is None:
            return []
        codes: Codes = self._codes  # type: ignore[attr-defined]
        _check_length(self.name, len(codes), n)
        return [codes]

    def links(self, n: int) -> list[tuple[int, int]]:
        """What the known matrix joins."""
        return [] if self.groups is not None else list(self._matrix.links())  # type: ignore[attr-defined]

    def pattern(self, rows: Codes) -> Array:
        """One within groups, or the known matrix."""
        if self.groups is None:
            return np.asarray(self._matrix.dense(rows))  # type: ignore[attr-defined]
        return _same(self._codes[rows])  # type: ignore[attr-defined]

    def inner_codes(self, rows: Codes) -> Codes:
        """All rows use the one variance."""
        return np.zeros(len(rows), dtype=np.intp)

    def covariance(self, natural: Array) -> Array:
        """The variance as a 1 × 1 matrix."""
        return natural[..., None]

    def slopes(self, internal: Array) -> tuple[Array, Array]:
        """The variance enters as it is."""
        return internal[:, None], np.ones((1, 1, 1))

    def to_natural(self, internal: Array) -> Array:
        """The same."""
        return internal

    def start(self, variance: float) -> Array:
        """The variance."""
        return np.array([variance])

    def to_internal(self, position: int, value: float) -> float:
        """The same."""
        return value


@dataclass(frozen=True)
class Structured:
    """Several correlated effects per group: one per outcome, arm or time.

    Parameters
    ----------
    groups : sequence, shape (n,)
        Usually the study.
    inner : sequence, shape (n,)
        Which effect of the group a row shows. Numbers are times for AR and HAR.
    structure : {"DIAG", "CS", "HCS", "AR", "HAR", "UN"}
        Own variances without correlation; one variance, one correlation; own variances, one
        correlation; correlation ρ^|t − s| with one variance, or own variances; everything free.
    name : str
        Prefix of the hyperparameters.
    """

    groups: Any
    inner: Any
    structure: Structure = "UN"
    name: str = "tau2"
    levels: tuple[Any, ...] = field(init=False)

    def __post_init__(self) -> None:
        if self.structure not in ("DIAG", "CS", "HCS", "AR", "HAR", "UN"):
            raise InputError(
                f"structure must be DIAG, CS, HCS, AR, HAR or UN; it was {self.structure!r}"
            )
        values, inner = np.unique(np.asarray(self.inner), return_inverse=True)
        object.__setattr__(self, "levels", tuple(values.tolist()))
        object.__setattr__(self, "_inner", inner.reshape(-1))
        object.__setattr__(self, "_codes", _code(self.groups))
        _check_length(self.name, len(self._codes), len(inner))  # type: ignore[attr-defined]
        if self.structure in ("AR", "HAR"):
            if values.dtype.kind not in "iuf":
                raise InputError(f"{self.structure} needs numbers (times) as inner=")
            apart = np.abs(values[:, None] - values).astype(float)
            object.__setattr__(self, "_apart", apart)

    @property
    def _q(self) -> int:
        return len(self.levels)

    @property
    def _own(self) -> bool:
        """Whether each effect has its own variance."""
        return self.structure in ("DIAG", "HCS", "HAR", "UN")

    @property
    def _variances(self) -> int:
        return self._q if self._own else 1

    @property
    def _pairs(self) -> list[tuple[int, int]]:
        return list(itertools.combinations(range(self._q), 2))

    @property
    def names(self) -> tuple[str, ...]:
        """Variances, then correlations (UN: of the pairs of levels in order)."""
        labels = [f"{self.name}[{level}]" for level in self.levels] if self._own else [self.name]
        if self.structure == "UN":
            labels += [f"rho[{self.levels[i]},{self.levels[j]}]" for i, j in self._pairs]
        elif self.structure != "DIAG":
            labels.append("rho")
        return tuple(labels)

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """Standard deviations and correlation; UN: the Cholesky factor, row by row."""
        if self.structure == "UN":
            return [
                (0.0 if i == j else -np.inf, np.inf) for i in range(self._q) for j in range(i + 1)
            ]
        limits = [(0.0, np.inf)] * self._variances
        if self.structure in ("CS", "HCS"):
            limits.append((-1 / max(self._q - 1, 1), 1.0))
        elif self.structure in ("AR", "HAR"):
            apart: Array = self._apart  # type: ignore[attr-defined]
            limits.append((-1.0 if (apart == np.round(apart)).all() else 0.0, 1.0))
        return limits

    def codes(self, n: int) -> list[Codes]:
        """The groups."""
        codes: Codes = self._codes  # type: ignore[attr-defined]
        _check_length(self.name, len(codes), n)
        return [codes]

    def links(self, n: int) -> list[tuple[int, int]]:
        """None beyond the groups."""
        return []

    def pattern(self, rows: Codes) -> Array:
        """One within groups."""
        return _same(self._codes[rows])  # type: ignore[attr-defined]

    def inner_codes(self, rows: Codes) -> Codes:
        """The level of each row."""
        return np.asarray(self._inner[rows])  # type: ignore[attr-defined]

    def _correlation(self, natural: Array) -> Array:
        """Correlation matrix, shape (..., q, q)."""
        q, shape = self._q, natural.shape[:-1]
        R = np.broadcast_to(np.eye(q), (*shape, q, q)).copy()
        rho = natural[..., self._variances :]
        if self.structure == "UN":
            for place, (i, j) in enumerate(self._pairs):
                R[..., i, j] = R[..., j, i] = rho[..., place]
        elif self.structure in ("CS", "HCS"):
            R += (1 - np.eye(q)) * rho[..., None]
        elif self.structure in ("AR", "HAR"):
            R = rho[..., None] ** self._apart  # type: ignore[attr-defined]
        return R

    def covariance(self, natural: Array) -> Array:
        """Variances and correlations put together."""
        sd = np.sqrt(natural[..., : self._variances])
        sd = np.broadcast_to(sd, (*natural.shape[:-1], self._q))
        return np.asarray(sd[..., :, None] * self._correlation(natural) * sd[..., None, :])

    def _factor(self, internal: Array) -> Array:
        L = np.zeros((self._q, self._q))
        L[np.tril_indices(self._q)] = internal
        return L

    def slopes(self, internal: Array) -> tuple[Array, Array]:
        """Derivatives by standard deviations and correlation, or by the Cholesky factor."""
        q, m = self._q, self._variances
        if self.structure == "UN":
            L = self._factor(internal)
            units = np.zeros((len(internal), q, q))
            units[(np.arange(len(internal)), *np.tril_indices(q))] = 1
            half = units @ L.T
            return L @ L.T, half + np.swapaxes(half, 1, 2)
        sd = np.broadcast_to(internal[:m], q)
        R = self._correlation(internal)
        out = []
        for i in range(m):
            step = np.zeros(q)
            step[i if self._own else slice(None)] = 1
            out.append((np.outer(step, sd) + np.outer(sd, step)) * R)
        if len(internal) > m:
            rho = float(internal[m])
            if self.structure in ("CS", "HCS"):
                slope = 1 - np.eye(q)
            else:
                apart: Array = self._apart  # type: ignore[attr-defined]
                with np.errstate(divide="ignore", invalid="ignore"):
                    slope = np.where(apart > 0, apart * np.power(rho, apart - 1), 0.0)
            out.append(np.outer(sd, sd) * slope)
        return np.outer(sd, sd) * R, np.array(out)

    def to_natural(self, internal: Array) -> Array:
        """Squares of standard deviations, and correlations."""
        m = self._variances
        if self.structure != "UN":
            return np.concatenate([internal[:m] ** 2, internal[m:]])
        L = self._factor(internal)
        G = L @ L.T
        scale = np.sqrt(np.diag(G))
        with np.errstate(divide="ignore", invalid="ignore"):
            R = np.nan_to_num(G / np.outer(scale, scale))
        return np.concatenate([np.diag(G), [R[i, j] for i, j in self._pairs]])

    def start(self, variance: float) -> Array:
        """Equal variances, and half as much correlation as may be."""
        q = self._q
        if self.structure == "UN":
            L = np.linalg.cholesky(variance * (0.5 * np.eye(q) + 0.5))
            return np.asarray(L[np.tril_indices(q)])
        rest = [] if self.structure == "DIAG" else [0.5]
        return np.concatenate([np.full(self._variances, np.sqrt(variance)), rest])

    def to_internal(self, position: int, value: float) -> float:
        """The standard deviation of a variance; a correlation is itself."""
        if self.structure == "UN":
            raise InputError("hyperparameters of an unstructured term can't be held fixed")
        return float(np.sqrt(value)) if position < self._variances else value


def _code(groups: ArrayLike) -> Codes:
    return np.asarray(np.unique(np.asarray(groups), return_inverse=True)[1]).reshape(-1)


def _same(codes: Codes) -> Array:
    return np.asarray((codes[:, None] == codes).astype(float))


def _check_length(name: str, found: int, n: int) -> None:
    if found != n:
        raise InputError(f"the groups of {name} hold {found} values, but there are {n} rows")
