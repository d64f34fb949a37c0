"""Random intercepts with independent sampling errors, in closed form.

Effects in studies, studies in laboratories: precision-weighted means taken level by level give
the likelihood exactly. A group's mean keeps all that its rows say; its own random effect then
only adds to the variance of that mean. Nothing larger than a vector is made for nested factors,
so that time and memory are linear in the number of rows, however large the groups. A factor
that crosses the others costs a column per group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from reprieve.synthesis.blocks import BlockDiagonal, Codes
from reprieve.synthesis.gaussian import GaussianModel, _Sums
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.random_effects import Scaled, Term

# numbers in the columns of crossed factors, above which they are not worth making
_MOST = 20_000_000

Factor = tuple[int, Codes]  # the place of its variance among the hyperparameters, and its groups


class _Level(NamedTuple):
    """A nested factor, over the items of the finer one (the rows, to begin with)."""

    place: int
    starts: Codes | None  # first item of each group; None where every group is one item
    owner: Codes | slice  # the group of each item
    rows: Codes  # the group of each row


class _Pooled(NamedTuple):
    """The groups of one level: means before and after their own effects are allowed for."""

    mean: Array  # (..., columns, groups)
    precision: Array  # (..., groups), given the group's effect
    after: Array  # (..., groups), with the variance of that effect added


def arrange(terms: Sequence[Term]) -> tuple[list[Factor], list[Factor]] | None:
    """Random intercepts as a chain of nested factors, finest first, and those that cross it.

    None where there are other terms.

    Examples
    --------
    >>> study, effect = Scaled([1, 1, 2, 2], name="study"), Scaled([1, 2, 3, 4], name="effect")
    >>> laboratory = Scaled([1, 2, 1, 2], name="laboratory")
    >>> nested, crossed = arrange([study, effect, laboratory])
    >>> [place for place, groups in nested], [place for place, groups in crossed]
    ([1, 0], [2])
    """
    factors = [
        (place, term.codes)
        for place, term in enumerate(terms)
        if isinstance(term, Scaled) and term.codes is not None
    ]
    if len(factors) < len(terms) or not terms:
        return None
    factors.sort(key=lambda factor: -int(factor[1].max()))
    nested, crossed = factors[:1], list[Factor]()
    for place, codes in factors[1:]:
        finer = nested[-1][1]
        home = np.empty(int(finer.max()) + 1, dtype=np.intp)
        home[finer] = codes
        (nested if (home[finer] == codes).all() else crossed).append((place, codes))
    return nested, crossed


class InterceptModel(GaussianModel):
    """`GaussianModel` for random intercepts and a diagonal V: the same numbers, much faster.

    Takes the arguments of `GaussianModel`, if they are such as `suits` says.

    Notes
    -----
    The curvature that guides the ascent is the average information of Gilmour, Thompson &
    Cullis (1995 Biometrics 51:1440), which needs no traces of products of matrices.

    Examples
    --------
    >>> terms = [Scaled([1, 1, 2, 2, 3, 3], name="laboratory"), Scaled(range(6), name="study")]
    >>> y, v = [0.2, 0.5, 0.1, 0.9, 0.8, 0.4], [0.02, 0.03, 0.02, 0.04, 0.03, 0.02]
    >>> fit = InterceptModel(y, v, terms=terms).fit()
    >>> {name: round(value, 4) for name, value in fit.theta.items()}
    {'laboratory': 0.0, 'study': 0.0712}
    """

    @staticmethod
    def suits(V: BlockDiagonal, terms: Sequence[Term]) -> bool:
        """Whether the closed form holds, and crossed factors are small enough for it."""
        factors = arrange(terms)
        if V.diagonal is None or factors is None:
            return False
        return V.n * sum(int(codes.max()) + 1 for _, codes in factors[1]) <= _MOST

    def _prepare(self, basis: Array) -> None:
        factors = arrange(self.terms)
        assert factors is not None
        nested, crossed = factors
        order = np.lexsort([codes for _, codes in nested])
        self._crossed = [(place, codes[order]) for place, codes in crossed]
        indicators = [
            (np.arange(int(codes.max()) + 1)[:, None] == codes).astype(float)
            for _, codes in self._crossed
        ]
        # which variance is that of each column of a crossed factor
        self._variance_of = np.repeat(
            [place for place, _ in crossed], [len(Z) for Z in indicators]
        ).astype(np.intp)
        self._columns = np.vstack([np.vstack([basis.T, self._residual])[:, order], *indicators])
        self._variances = self.V.variances()[order]
        self._levels, items = list[_Level](), np.arange(self.n)
        for place, codes in nested:
            rows = np.cumsum(np.diff(codes[order], prepend=codes[order[0]]) != 0)
            starts = np.flatnonzero(np.diff(rows[items], prepend=-1))
            single = len(starts) == len(items)
            owner: Codes | slice = slice(None)
            if not single:
                owner = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(items))))
            self._levels.append(_Level(place, None if single else starts, owner, rows))
            items = items[starts]
        self._load = self._columns.size

    def _pool(self, theta: Array, columns: Array) -> tuple[list[_Pooled], Array, Array]:
        """Means of each level; `columns @ W @ columns.T`; and the log-determinant of W⁻¹.

        W knows the nested factors alone. Shapes (..., h) and (c, n) to (..., c, c) and (...).
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
        return pooled, products, np.asarray(logdet)

    def _cross(self, theta: Array, products: Array) -> tuple[Array, Array, Array]:
        """Allow for the crossed factors, whose columns come last.

        Returns the products of the other columns, what the log-determinant gains, and the matrix
        C of W = W₀ − W₀ Z C Zᵀ W₀ (Woodbury).
        """
        q = len(self._variance_of)
        if not q:
            return products, np.zeros(products.shape[:-2]), np.empty((0, 0))
        c = products.shape[-1] - q
        sd = np.sqrt(np.maximum(theta[..., self._variance_of], 0))
        core = np.eye(q) + sd[..., :, None] * products[..., c:, c:] * sd[..., None, :]
        C = sd[..., :, None] * np.linalg.inv(core) * sd[..., None, :]
        side = products[..., c:, :c]
        return (
            products[..., :c, :c] - np.swapaxes(side, -1, -2) @ C @ side,
            np.linalg.slogdet(core)[1],
            C,
        )

    def _sums(self, theta: Array) -> _Sums:
        with np.errstate(divide="ignore", invalid="ignore"):
            _, products, logdet = self._pool(theta, self._columns)
        A, gain, _ = self._cross(theta, products)
        p = self.p
        sound = np.isfinite(logdet) & (theta >= 0).all(axis=-1)
        return _Sums(A[:, :p, :p].copy(), A[:, :p, p], A[:, p, p], logdet + gain, sound)

    def _climb(self, internal: Array) -> tuple[float, Array, Array]:
        p, h = self.p, len(internal)
        pooled, products, logdet = self._pool(internal, self._columns)
        A, gain, C = self._cross(internal, products)
        XWX, XWy = A[:p, :p], A[:p, p]
        inverse = np.linalg.inv(XWX)
        beta = inverse @ XWy
        count = self.n - p if self.restricted else self.n
        constant = count * np.log(2 * np.pi) + float(logdet + gain)
        loglik = -0.5 * (constant + float(A[p, p] - beta @ XWy))
        if self.restricted:
            loglik -= 0.5 * float(np.linalg.slogdet(XWX)[1])
        gradient, shifts = np.zeros(h), np.zeros((h, self.n))
        for place, groups, share, trace in self._shares(internal, pooled, products, C):
            residual = share[p] - beta @ share[:p]
            slope = float(residual @ residual) - trace
            if self.restricted:
                slope += float(np.einsum("pg,pq,qg->", share[:p], inverse, share[:p]))
            gradient[place], shifts[place] = slope / 2, residual[groups]
        columns = np.vstack([self._columns[:p], shifts, self._columns[p + 1 :]])
        A, _, _ = self._cross(internal, self._pool(internal, columns)[1])
        information, cross = A[p:, p:], A[:p, p:]
        if self.restricted:
            information = information - cross.T @ np.linalg.solve(A[:p, :p], cross)
        return loglik, gradient, information / 2

    def _shares(
        self, theta: Array, pooled: list[_Pooled], products: Array, C: Array
    ) -> list[tuple[int, Codes, Array, float]]:
        """Of each factor: its place, the group of each row, ZᵀW columns, and the trace of ZᵀWZ.

        For nested factors from the coarsest down: what a group's own rows say beyond the effects
        of its ancestors.
        """
        c = self.p + 1
        side, inside = products[c:, :c], products[c:, c:]
        effect, known, found = np.zeros(1), np.zeros(1), []
        for number in reversed(range(len(self._levels))):
            level, group = self._levels[number], pooled[number]
            share = group.after * (group.mean - effect)
            trace = float((group.after - group.after**2 * known).sum())
            seen = share[:c]
            if self._crossed:
                seen = seen - (C @ side).T @ share[c:]
                trace -= float(np.einsum("qg,qg->", C @ share[c:], share[c:]))
            found.append((level.place, level.rows, seen, trace))
            kept = group.after / group.precision
            known = theta[level.place] * kept + known * kept**2
            effect = effect + theta[level.place] * share
            if number:
                effect, known = effect[..., level.owner], known[level.owner]
        shared = side - inside @ C @ side
        own = np.diagonal(inside) - np.einsum("qr,qr->q", inside @ C, inside)
        for place, codes in self._crossed:
            mine = self._variance_of == place
            found.append((place, codes, shared[mine].T, float(own[mine].sum())))
        return found
