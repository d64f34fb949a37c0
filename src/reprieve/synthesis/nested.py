"""Nested random intercepts with independent sampling errors, in closed form.

Effects in studies, studies in laboratories: precision-weighted means taken level by level give
the likelihood exactly. A group's mean keeps all that its rows say; its own random effect then
only adds to the variance of that mean. Nothing larger than a vector is ever made, so that time
and memory are linear in the number of rows, however large the groups.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from reprieve.synthesis.blocks import BlockDiagonal, Codes
from reprieve.synthesis.gaussian import GaussianModel, _Sums
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.random_effects import Scaled, Term


class _Level(NamedTuple):
    """One factor of the chain, over the items of the finer one (the rows, to begin with)."""

    place: int  # of its variance among the hyperparameters
    starts: Codes | None  # first item of each group; None where every group is one item
    owner: Codes | slice  # the group of each item


class _Pooled(NamedTuple):
    """The groups of one level: means before and after their own effects are allowed for."""

    mean: Array  # (..., q, groups)
    precision: Array  # (..., groups), given the group's effect
    after: Array  # (..., groups), with the variance of that effect added


def chain(terms: Sequence[Term]) -> list[tuple[int, Codes]] | None:
    """Places and groups of the terms, finest first, if they are intercepts nested in one another.

    Examples
    --------
    >>> study, effect = Scaled([1, 1, 2], name="study"), Scaled([1, 2, 3], name="effect")
    >>> [place for place, groups in chain([study, effect])]
    [1, 0]
    >>> chain([study, Scaled([1, 2, 2], name="laboratory")]) is None
    True
    """
    factors = [
        (place, term.codes)
        for place, term in enumerate(terms)
        if isinstance(term, Scaled) and term.codes is not None
    ]
    if len(factors) < len(terms) or not terms:
        return None
    factors.sort(key=lambda factor: -int(factor[1].max()))
    for (_, fine), (_, coarse) in itertools.pairwise(factors):
        home = np.empty(int(fine.max()) + 1, dtype=np.intp)
        home[fine] = coarse
        if (home[fine] != coarse).any():
            return None
    return factors


class NestedModel(GaussianModel):
    """`GaussianModel` for nested intercepts and a diagonal V: the same numbers, much faster.

    Takes the arguments of `GaussianModel`; `chain(terms)` must not be None and V a vector.

    Notes
    -----
    The curvature that guides the ascent is the average information of Gilmour, Thompson &
    Cullis (1995 Biometrics 51:1440), which needs no traces of products of matrices.

    Examples
    --------
    >>> terms = [Scaled([1, 1, 2, 2, 3, 3], name="laboratory"), Scaled(range(6), name="study")]
    >>> y, v = [0.2, 0.5, 0.1, 0.9, 0.8, 0.4], [0.02, 0.03, 0.02, 0.04, 0.03, 0.02]
    >>> fit = NestedModel(y, v, terms=terms).fit()
    >>> {name: round(value, 4) for name, value in fit.theta.items()}
    {'laboratory': 0.0, 'study': 0.0712}
    """

    @staticmethod
    def suits(V: BlockDiagonal, terms: Sequence[Term]) -> bool:
        """Whether the closed form holds."""
        return V.diagonal is not None and chain(terms) is not None

    def _prepare(self, basis: Array) -> None:
        factors = chain(self.terms)
        assert factors is not None
        order = np.lexsort([codes for _, codes in factors])
        self._columns = np.vstack([basis.T, self._residual])[:, order]
        self._variances = self.V.variances()[order]
        self._levels, items = list[_Level](), np.arange(self.n)
        for place, codes in factors:
            starts = np.flatnonzero(np.diff(codes[order][items], prepend=-1))
            single = len(starts) == len(items)
            owner: Codes | slice = slice(None)
            if not single:
                owner = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(items))))
            self._levels.append(_Level(place, None if single else starts, owner))
            items = items[starts]
        self._load = self._columns.size

    def _pool(self, theta: Array, columns: Array) -> tuple[list[_Pooled], Array, Array]:
        """Means of each level; `columns @ W @ columns.T`; and the log-determinant.

        Shapes (..., h) and (q, n) to (..., q, q) and (...).
        """
        precision = np.broadcast_to(1 / self._variances, (*theta.shape[:-1], self.n))
        mean = np.broadcast_to(columns, (*theta.shape[:-1], *columns.shape))
        products, pooled = np.zeros(1), list[_Pooled]()
        logdet = -np.log(precision).sum(axis=-1)
        for level in self._levels:
            if level.starts is not None:
                weighted = mean * precision[..., None, :]
                total = np.add.reduceat(precision, level.starts, axis=-1)
                above = np.add.reduceat(weighted, level.starts, axis=-1) / total[..., None, :]
                apart = mean - above[..., level.owner]
                weighted = apart * precision[..., None, :]
                products = products + weighted @ np.swapaxes(apart, -1, -2)
                logdet = logdet + np.log(total).sum(axis=-1)
                mean, precision = above, total
            rise = 1 + theta[..., level.place, None] * precision
            after = precision / rise
            if level.starts is None:
                logdet = logdet + np.log(rise).sum(axis=-1)
            else:
                logdet = logdet - np.log(after).sum(axis=-1)
            pooled.append(_Pooled(mean, precision, after))
            precision = after
        products = products + (mean * precision[..., None, :]) @ np.swapaxes(mean, -1, -2)
        return pooled, np.asarray(products), np.asarray(logdet)

    def _sums(self, theta: Array) -> _Sums:
        with np.errstate(divide="ignore", invalid="ignore"):
            _, A, logdet = self._pool(theta, self._columns)
        p = self.p
        sound = np.isfinite(logdet) & (theta >= 0).all(axis=-1)
        return _Sums(A[:, :p, :p].copy(), A[:, :p, p], A[:, p, p], logdet, sound)

    def _climb(self, internal: Array) -> tuple[float, Array, Array]:
        p, h = self.p, len(internal)
        pooled, A, logdet = self._pool(internal, self._columns)
        XWX, XWy = A[:p, :p], A[:p, p]
        inverse = np.linalg.inv(XWX)
        beta = inverse @ XWy
        count = self.n - p if self.restricted else self.n
        loglik = -0.5 * (count * np.log(2 * np.pi) + float(logdet) + float(A[p, p] - beta @ XWy))
        if self.restricted:
            loglik -= 0.5 * float(np.linalg.slogdet(XWX)[1])
        gradient, shifts = np.zeros(h), np.zeros((h, self.n))
        # from the coarsest level down: what a group's own rows say beyond its ancestors' effects
        effect, known = np.zeros(1), np.zeros(1)
        for number in reversed(range(len(self._levels))):
            place, group = self._levels[number].place, pooled[number]
            share = group.after * (group.mean - effect)
            residual = share[p] - beta @ share[:p]
            trace = group.after - group.after**2 * known
            slope = float(residual @ residual) - float(trace.sum())
            if self.restricted:
                slope += float(np.einsum("pg,pq,qg->", share[:p], inverse, share[:p]))
            gradient[place] = slope / 2
            shifts[place] = self._to_rows(residual, number)
            kept = group.after / group.precision
            known = internal[place] * kept + known * kept**2
            effect = effect + internal[place] * share
            if number:
                owner = self._levels[number].owner
                effect, known = effect[..., owner], known[owner]
        _, A, _ = self._pool(internal, np.vstack([self._columns[:p], shifts]))
        cross = A[:p, p:]
        information = A[p:, p:]
        if self.restricted:
            information = information - cross.T @ np.linalg.solve(A[:p, :p], cross)
        return loglik, gradient, information / 2

    def _to_rows(self, values: Array, number: int) -> Array:
        """Values of the groups of a level, repeated for each of their rows."""
        for level in reversed(self._levels[: number + 1]):
            values = values[level.owner]
        return values
