"""Random terms of the Gaussian engine: covariances that depend on a few hyperparameters.

Each term has *natural* hyperparameters, which people read (variances and correlations), and
*internal* ones, in which the likelihood is climbed (standard deviations, a Cholesky factor).
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from reprieve.errors import InputError
from reprieve.synthesis.blocks import BlockDiagonal, Codes
from reprieve.synthesis.least_squares import Array

Structure = Literal["DIAG", "CS", "HCS", "AR", "HAR", "UN"]


class Term(ABC):
    """What the engine asks of a random term.

    The covariance that it adds between rows r and s is `G[inner_r, inner_s] · pattern_rs`: the
    pattern is known, the small matrix `G` depends on the hyperparameters.

    Attributes
    ----------
    names : tuple of str
        Natural hyperparameters, the variances first.
    variances : int
        How many of them are variances; the others are correlations.
    bounds : list of (float, float)
        Limits of the internal hyperparameters.
    n : int
        Rows.
    """

    names: tuple[str, ...]
    variances: int = 1
    bounds: list[tuple[float, float]]
    n: int

    @abstractmethod
    def joined(self) -> tuple[list[Codes], list[tuple[int, int]]]:
        """Codes whose equality joins rows, and further pairs of rows that are joined."""

    @abstractmethod
    def pattern(self, rows: Codes) -> Array:
        """The pattern between `rows`, shape (m, m)."""

    @abstractmethod
    def inner(self, rows: Codes) -> Codes:
        """Which row of `G` each of `rows` uses."""

    @abstractmethod
    def covariance(self, natural: Array) -> Array:
        """`G` at natural hyperparameters, shape (..., h) to (..., q, q)."""

    @abstractmethod
    def slopes(self, internal: Array) -> tuple[Array, Array]:
        """`G`, shape (q, q), and its derivatives, shape (h, q, q), at internal ones."""

    @abstractmethod
    def to_natural(self, internal: Array) -> Array:
        """Natural hyperparameters from internal ones."""

    @abstractmethod
    def to_internal(self, place: int, value: float) -> float:
        """The internal value that holds a natural hyperparameter at `value`."""

    @abstractmethod
    def start(self, variance: float, sign: int = 1) -> Array:
        """Internal hyperparameters that give each effect `variance`; the sign of correlations."""


class Scaled(Term):
    """One unknown variance times a known matrix: above all, a random intercept per group.

    Parameters
    ----------
    groups : sequence, shape (n,), optional
        Rows of the same group share an effect.
    matrix : optional
        A known matrix in place of groups, as `BlockDiagonal` takes it: the heterogeneity of the
        contrasts of trials with several arms is τ² times 1 on, and ½ beside, the diagonal.
    name : str
        Of the variance.

    Attributes
    ----------
    codes : ndarray of int, shape (n,), or None
        The groups by number; None with `matrix`.
    """

    def __init__(self, groups: Any = None, *, matrix: Any = None, name: str = "sigma2") -> None:
        if (groups is None) == (matrix is None):
            raise InputError(f"give {name} either groups= or matrix=")
        self.names, self.bounds = (name,), [(0.0, np.inf)]
        self.codes = None if groups is None else _code(groups)
        self._matrix = None if matrix is None else BlockDiagonal(matrix)
        if self.codes is not None:
            self.n = len(self.codes)
        elif self._matrix is not None:
            self.n = self._matrix.n

    def joined(self) -> tuple[list[Codes], list[tuple[int, int]]]:
        """Rows of a group, or those that the matrix joins."""
        codes = [] if self.codes is None else [self.codes]
        return codes, [] if self._matrix is None else list(self._matrix.links())

    def pattern(self, rows: Codes) -> Array:
        """One within groups, or the known matrix."""
        if self._matrix is not None:
            return self._matrix.dense(rows)
        assert self.codes is not None
        return _same(self.codes[rows])

    def inner(self, rows: Codes) -> Codes:
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

    def to_internal(self, place: int, value: float) -> float:
        """The same."""
        return value

    def start(self, variance: float, sign: int = 1) -> Array:
        """The variance."""
        return np.array([variance])


class Structured(Term):
    """Several correlated effects per group: one per outcome, arm or time.

    Parameters
    ----------
    groups : sequence, shape (n,)
        Usually the study.
    inner : sequence, shape (n,)
        Which effect of its group a row shows; numbers (times) for AR and HAR.
    structure : {"DIAG", "CS", "HCS", "AR", "HAR", "UN"}
        DIAG: own variances, no correlation. CS: one variance, one correlation. HCS: own
        variances, one correlation. AR, HAR: the same with correlation ρ^|t − s|. UN: all free.
    name, rho : str
        Of the variances, and of the correlations.

    Attributes
    ----------
    levels : tuple
        The values of `inner`, sorted: the order of the variances.
    """

    def __init__(
        self,
        groups: Any,
        inner: Any,
        structure: Structure = "UN",
        *,
        name: str = "tau2",
        rho: str = "rho",
    ) -> None:
        if structure not in get_args(Structure):
            raise InputError(
                f"structure must be one of {', '.join(get_args(Structure))}; it was {structure!r}"
            )
        values, codes = np.unique(np.asarray(inner), return_inverse=True)
        self.structure, self.levels = structure, tuple(values.tolist())
        self._inner, self._codes = codes.reshape(-1), _code(groups)
        self.n, self._q = len(self._codes), len(values)
        if len(self._inner) != self.n:
            raise InputError(f"groups hold {self.n} values but inner {len(self._inner)}")
        if structure in ("AR", "HAR") and values.dtype.kind not in "iuf":
            raise InputError(f"{structure} needs numbers (times) as inner=")
        times = values.astype(float) if structure in ("AR", "HAR") else np.arange(len(values))
        self._apart = np.abs(np.subtract.outer(times, times)).astype(float)
        self._own = structure not in ("CS", "AR")
        self.variances = self._q if self._own else 1
        self._pairs = list(itertools.combinations(range(self._q), 2))
        self.names, self.bounds = self._name(name, rho), self._limit()

    def _name(self, name: str, rho: str) -> tuple[str, ...]:
        names = [f"{name}[{level}]" for level in self.levels] if self._own else [name]
        if self.structure == "UN":
            names += [f"{rho}[{self.levels[i]},{self.levels[j]}]" for i, j in self._pairs]
        elif self.structure != "DIAG":
            names.append(rho)
        return tuple(names)

    def _limit(self) -> list[tuple[float, float]]:
        if self.structure == "UN":
            rows, columns = np.tril_indices(self._q)
            return [
                (0.0 if i == j else -np.inf, np.inf) for i, j in zip(rows, columns, strict=True)
            ]
        limits = [(0.0, np.inf)] * self.variances
        if self.structure in ("CS", "HCS"):
            limits.append((-1 / max(self._q - 1, 1), 1.0))
        elif self.structure in ("AR", "HAR"):
            whole = bool((self._apart == np.round(self._apart)).all())
            limits.append((-1.0 if whole else 0.0, 1.0))
        return limits

    def joined(self) -> tuple[list[Codes], list[tuple[int, int]]]:
        """Rows of a group."""
        return [self._codes], []

    def pattern(self, rows: Codes) -> Array:
        """One within groups."""
        return _same(self._codes[rows])

    def inner(self, rows: Codes) -> Codes:
        """The level of each row."""
        return self._inner[rows]

    def _correlation(self, rho: Array) -> Array:
        """Correlation matrix from the correlations, shape (..., c) to (..., q, q)."""
        R = np.broadcast_to(np.eye(self._q), (*rho.shape[:-1], self._q, self._q)).copy()
        if self.structure == "UN":
            for place, (i, j) in enumerate(self._pairs):
                R[..., i, j] = R[..., j, i] = rho[..., place]
        elif self.structure in ("CS", "HCS"):
            R += (1 - np.eye(self._q)) * rho[..., None]
        elif self.structure in ("AR", "HAR"):
            R = rho[..., None] ** self._apart
        return R

    def covariance(self, natural: Array) -> Array:
        """Variances and correlations put together."""
        sd = np.sqrt(natural[..., : self.variances])
        sd = np.broadcast_to(sd, (*natural.shape[:-1], self._q))
        R = self._correlation(natural[..., self.variances :])
        return np.asarray(sd[..., :, None] * R * sd[..., None, :])

    def _factor(self, internal: Array) -> Array:
        L = np.zeros((self._q, self._q))
        L[np.tril_indices(self._q)] = internal
        return L

    def slopes(self, internal: Array) -> tuple[Array, Array]:
        """Derivatives by standard deviations and correlation; UN: by the Cholesky factor."""
        q, m = self._q, self.variances
        if self.structure == "UN":
            L = self._factor(internal)
            units = np.zeros((len(internal), q, q))
            units[(np.arange(len(internal)), *np.tril_indices(q))] = 1
            half = units @ L.T
            return L @ L.T, half + np.swapaxes(half, 1, 2)
        sd = np.broadcast_to(internal[:m], q)
        R = self._correlation(internal[m:])
        steps = np.eye(q) if self._own else np.ones((1, q))
        out = [(np.outer(step, sd) + np.outer(sd, step)) * R for step in steps]
        if self.structure in ("CS", "HCS"):
            out.append(np.outer(sd, sd) * (1 - np.eye(q)))
        elif self.structure in ("AR", "HAR"):
            apart = self._apart
            with np.errstate(divide="ignore", invalid="ignore"):
                slope = np.where(apart > 0, apart * internal[m] ** (apart - 1.0), 0.0)
            out.append(np.outer(sd, sd) * slope)
        return np.outer(sd, sd) * R, np.array(out)

    def to_natural(self, internal: Array) -> Array:
        """Squares of standard deviations, and correlations."""
        m = self.variances
        if self.structure != "UN":
            return np.concatenate([internal[:m] ** 2, internal[m:]])
        G = self._factor(internal) @ self._factor(internal).T
        scale = np.sqrt(np.diag(G))
        with np.errstate(divide="ignore", invalid="ignore"):
            R = np.nan_to_num(G / np.outer(scale, scale))
        return np.concatenate([np.diag(G), [R[pair] for pair in self._pairs]])

    def to_internal(self, place: int, value: float) -> float:
        """The standard deviation of a variance; a correlation is itself."""
        if self.structure == "UN":
            raise InputError("hyperparameters of an unstructured term can't be held fixed")
        return float(np.sqrt(value)) if place < self.variances else value

    def start(self, variance: float, sign: int = 1) -> Array:
        """Equal variances, and correlations of ½, or half of the lowest that is possible."""
        variances = np.full(self.variances, np.sqrt(variance))
        if self.structure == "DIAG":
            return variances
        unstructured = self.structure == "UN"
        lowest = -1 / max(self._q - 1, 1) if unstructured else self.bounds[-1][0]
        rho = 0.5 if sign > 0 else lowest / 2
        if unstructured:
            L = np.linalg.cholesky(variance * ((1 - rho) * np.eye(self._q) + rho))
            return np.asarray(L[np.tril_indices(self._q)])
        return np.append(variances, rho)


def _code(groups: ArrayLike) -> Codes:
    values = groups if isinstance(groups, np.ndarray) else list(groups)  # type: ignore[arg-type]
    return np.asarray(np.unique(np.asarray(values), return_inverse=True)[1]).reshape(-1)


def _same(codes: Codes) -> Array:
    return np.asarray((codes[:, None] == codes).astype(float))
