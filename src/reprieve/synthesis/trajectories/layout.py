"""The model of a trajectory as the Gaussian engine takes it.

Sizes within a class, and departures, are random coefficients. Each has a row of its own that
says 0 with the variance of its kind: the restricted likelihood of rows so extended is that of
the random-coefficient model, trials stay apart, and least squares gives all coefficients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from reprieve.errors import InputError, UnknownWordError
from reprieve.synthesis.blocks import BlockDiagonal, Codes
from reprieve.synthesis.gaussian import GaussianModel
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.random_effects import Scaled, Structured, Term
from reprieve.synthesis.trajectories.shapes import Shape
from reprieve.synthesis.trajectories.visits import Visits

Structure = Literal["CS", "AR"]

# rows of random coefficients need some known variance; this share of a typical one is none
_NEARLY_NONE = 1e-6


class OverVisits(Structured):
    """Heterogeneity of the contrasts of a trial, correlated between its visits."""

    def __init__(
        self, study: Codes, month: Array, likeness: BlockDiagonal, structure: Structure
    ) -> None:
        super().__init__(study, month, structure, name="tau2", rho="rho")
        self.bounds[-1] = (0.0, 1.0)
        self._likeness = likeness

    def pattern(self, rows: Codes) -> Array:
        """1 on, and ½ beside, the diagonal, as arms are shared; 0 at baseline."""
        return self._likeness.dense(rows)


@dataclass(frozen=True)
class Layout:
    """Which coefficients there are, and how rows and curves depend on them.

    Coefficients are the sizes that are free, then departures of sizes from their class, then
    departures of each treatment at each function of the shape.

    Attributes
    ----------
    visits : Visits
    shape : Shape
    sizes : ndarray, shape (treatments, q)
        The size of each treatment from the first q coefficients, up to a constant.
    free : int
        How many of these are free.
    departures : int
        Functions of which each treatment adds its own multiples; 0 for none.
    """

    visits: Visits
    shape: Shape
    sizes: Array
    free: int
    departures: int

    @classmethod
    def of(cls, visits: Visits, shape: Shape, classes: Mapping[str, str] | None) -> Layout:
        """With departures where there are treatments enough to tell how large they are."""
        sizes, free = _sizes(visits.treatments, dict(classes or {}))
        enough = len(visits.treatments) > 2
        count = shape.departures(np.zeros(1)).shape[1] if enough else 0
        return cls(visits, shape, sizes, free, count)

    @property
    def p(self) -> int:
        """Coefficients."""
        return int(self.sizes.shape[1]) + len(self.sizes) * self.departures

    @property
    def pseudo(self) -> int:
        """Random coefficients, with a row each."""
        return self.p - self.free

    @cached_property
    def _contrast(self) -> Array:
        arms = np.eye(len(self.sizes))
        return np.asarray(arms[self.visits.a] - arms[self.visits.b])

    @cached_property
    def _fixed_part(self) -> Array:
        """Rows of random departures: they don't depend on the form."""
        D = self._departures(self.visits.month)
        return np.asarray((self._contrast[:, :, None] * D[:, None, :]).reshape(len(D), -1))

    def _departures(self, months: Array) -> Array:
        if not self.departures:
            return np.empty((len(months), 0))
        return self.shape.departures(months)

    def design(self, psi: Array) -> Array:
        """Rows of the data, then those of random coefficients."""
        g = self.shape.form(self.visits.month, psi)
        data = np.hstack([(self._contrast @ self.sizes) * g[:, None], self._fixed_part])
        return np.vstack([data, np.eye(self.p)[self.free :]])

    def loadings(self, months: Array, psi: Array) -> Array:
        """The curve of each treatment from the coefficients, shape (months, treatments, p)."""
        months = np.asarray(months, dtype=float)
        g, D = self.shape.form(months, psi), self._departures(months)
        T, K = len(self.sizes), self.departures
        size = g[:, None, None] * self.sizes
        own = np.einsum("mk,tu->mtuk", D, np.eye(T)).reshape(len(months), T, T * K)
        return np.concatenate([size, own], axis=2)

    @property
    def y(self) -> Array:
        """Estimates, and 0 of each random coefficient."""
        return np.concatenate([self.visits.y, np.zeros(self.pseudo)])

    @cached_property
    def known(self) -> BlockDiagonal:
        """Sampling covariance."""
        small = _NEARLY_NONE * float(np.mean(self.visits.variance))
        return BlockDiagonal([*self.visits.blocks, *[np.array([[small]])] * self.pseudo])

    def model(self, psi: Array, terms: list[Term], *, restricted: bool) -> GaussianModel:
        """The model at one form."""
        return GaussianModel(self.y, self.known, self.design(psi), terms, restricted=restricted)

    def terms(self, structure: Structure, between: str) -> list[Term]:
        """Random terms; `between` says what of heterogeneity can be told.

        ``"trials"``: trials and visits; ``"trials once"``: trials that were seen once;
        ``"visits"``: only scatter of visits about the curve; ``"none"``.
        """
        found: list[Term] = []
        extra = [np.zeros((1, 1))] * self.pseudo
        likeness = self.visits.likeness()
        matrix = BlockDiagonal([*likeness, *extra])
        if between == "trials":
            last = len(self.visits.studies)
            study = np.concatenate([self.visits.study, last + np.arange(self.pseudo)])
            month = np.concatenate([self.visits.month, np.zeros(self.pseudo)])
            found.append(OverVisits(study, month, matrix, structure))
        elif between == "trials once":
            found.append(Scaled(matrix=[*likeness, *extra], name="tau2"))
        elif between == "visits":
            parts = [
                block * np.equal.outer(self.visits.month[rows], self.visits.month[rows])
                for block, rows in zip(likeness, self.visits.rows_of_studies, strict=True)
            ]
            found.append(Scaled(matrix=[*parts, *extra], name="tau2"))
        n, q = len(self.visits.y), self.sizes.shape[1]
        for name, start, end in (("class", self.free, q), ("departure", q, self.p)):
            if end > start:
                mine = np.zeros(n + self.pseudo)
                mine[n + start - self.free : n + end - self.free] = 1.0
                found.append(Scaled(matrix=mine, name=name))
        return found


def _sizes(treatments: tuple[str, ...], classes: dict[str, str]) -> tuple[Array, int]:
    """Sizes from coefficients: those free (one a class, or a treatment on its own), and others."""
    for name in classes:
        if name not in treatments:
            raise UnknownWordError("treatment in classes", name, treatments)
    members: dict[str, list[int]] = {}
    for t, name in enumerate(treatments):
        members.setdefault(f"class {classes[name]}" if name in classes else name, []).append(t)
    groups = list(members.values())
    if len(groups) < 2:
        raise InputError("classes hold all treatments in one: then there is nothing to compare")
    pooled = [t for group in groups for t in group if len(group) > 1]
    out = np.zeros((len(treatments), len(groups) - 1 + len(pooled)))
    # only differences between treatments are seen, so that the first group can be the zero
    for column, group in enumerate(groups[1:]):
        out[group, column] = 1.0
    for column, t in enumerate(pooled, len(groups) - 1):
        out[t, column] = 1.0
    return out, len(groups) - 1
