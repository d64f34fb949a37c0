"""Block-diagonal matrices: which rows belong together, and one mean per study."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reprieve.errors import InputError
from reprieve.synthesis.least_squares import Array

Codes = NDArray[np.intp]


class BlockDiagonal:
    """A symmetric matrix that is zero outside blocks on its diagonal.

    Parameters
    ----------
    source : array_like or sequence of arrays
        A vector (a diagonal matrix), a square matrix, or the blocks from top to bottom (a number
        is a block of one).
    rows : sequence of integer arrays, optional
        Which rows each block joins, where these are not in order from top to bottom.

    Attributes
    ----------
    n : int
        Rows.
    blocks : list of ndarray
        None for a diagonal matrix, of which `diagonal` holds the entries.

    Examples
    --------
    >>> matrix = BlockDiagonal([[[2.0, 1.0], [1.0, 2.0]], 3.0])
    >>> matrix.dense(np.array([1, 2]))
    array([[2., 0.],
           [0., 3.]])
    """

    def __init__(self, source: Any, rows: Sequence[Codes] | None = None) -> None:
        self.blocks: list[Array] = []
        self.diagonal: Array | None = None
        array = _as_array(source)
        if array is not None and array.ndim == 1:
            self.diagonal = array
            self.n = len(array)
        else:
            whole = array is not None and array.ndim == 2
            self.blocks = [
                np.atleast_2d(np.asarray(b, float)) for b in ([array] if whole else source)
            ]
            self.n = sum(len(block) for block in self.blocks)
            for block in self.blocks:
                if block.ndim != 2 or block.shape[0] != block.shape[1]:
                    raise InputError(f"a block must be square, but one has shape {block.shape}")
                if not np.allclose(block, block.T, rtol=1e-8, atol=1e-12, equal_nan=True):
                    raise InputError("a block is not symmetric")
        starts = np.cumsum([0, *map(len, self.blocks)])
        self.starts = starts[:-1]
        self._home = np.repeat(np.arange(len(self.blocks)), np.diff(starts))
        self._order = np.arange(self.n) if rows is None else np.concatenate(list(rows))
        self._place = np.argsort(self._order)

    def parts(self) -> Iterable[tuple[Codes, Array]]:
        """The rows of each block, and the block."""
        if self.diagonal is not None:
            yield from ((np.array([i]), np.array([[v]])) for i, v in enumerate(self.diagonal))
        for start, block in zip(self.starts, self.blocks, strict=True):
            yield self._order[start : start + len(block)], block

    def links(self) -> Iterable[tuple[int, int]]:
        """Pairs of rows that an off-diagonal entry joins."""
        if self.diagonal is not None:
            return
        for rows, block in self.parts():
            for i, j in zip(*np.nonzero(np.triu(block, 1)), strict=True):
                yield int(rows[i]), int(rows[j])

    def variances(self) -> Array:
        """The entries on the diagonal, shape (n,)."""
        if self.diagonal is not None:
            return self.diagonal
        return np.asarray(np.concatenate([np.diag(block) for block in self.blocks])[self._place])

    def take(self, kept: NDArray[np.bool_]) -> BlockDiagonal:
        """The matrix of the rows that are `kept`."""
        if self.diagonal is not None:
            return BlockDiagonal(self.diagonal[kept])
        number = np.cumsum(kept) - 1
        left = [(rows, block, kept[rows]) for rows, block in self.parts() if kept[rows].any()]
        return BlockDiagonal(
            [block[np.ix_(inside, inside)] for _, block, inside in left],
            [number[rows[inside]] for rows, _, inside in left],
        )

    def dense(self, rows: Codes) -> Array:
        """The entries between `rows`."""
        if self.diagonal is not None:
            return np.diag(self.diagonal[rows])
        out = np.zeros((len(rows), len(rows)))
        place = self._place[rows]
        home = self._home[place]
        for number in np.unique(home):
            here = np.flatnonzero(home == number)
            inside = place[here] - self.starts[number]
            out[np.ix_(here, here)] = self.blocks[number][np.ix_(inside, inside)]
        return out


def _as_array(source: Any) -> Array | None:
    """`source` as one array, unless its blocks differ in size or it is a stack of them."""
    try:
        array = np.asarray(source, dtype=float)
    except ValueError:
        return None
    return array if array.ndim in (1, 2) else None


def components(n: int, codes: Sequence[Codes], links: Iterable[tuple[int, int]]) -> list[Codes]:
    """Rows in groups such that nothing joins rows of different groups.

    Parameters
    ----------
    n : int
        Number of rows.
    codes : sequence of integer arrays, shape (n,)
        Rows with the same code belong together.
    links : iterable of pairs
        Further rows that belong together.

    Examples
    --------
    >>> [group.tolist() for group in components(5, [np.array([0, 0, 1, 2, 3])], [(2, 4)])]
    [[0, 1], [2, 4], [3]]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = [np.array(list(links), dtype=np.intp).reshape(-1, 2)]
    for code in codes:
        order = np.argsort(code, kind="stable")
        same = code[order[1:]] == code[order[:-1]]
        edges.append(np.column_stack([order[:-1][same], order[1:][same]]))
    pairs = np.concatenate(edges)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    label = connected_components(graph, directed=False)[1]
    order = np.argsort(label, kind="stable")
    cuts = np.flatnonzero(np.diff(label[order])) + 1
    return sorted(np.split(order, cuts), key=lambda rows: int(rows[0]))


class StudyMeans(NamedTuple):
    """One estimate per study.

    Attributes
    ----------
    y, v : ndarray, shape (k,)
        Generalised-least-squares means, and their variances.
    """

    y: Array
    v: Array


def study_means(y: ArrayLike, blocks: Any) -> StudyMeans:
    """Reduce the correlated rows of each study to one mean.

    Where rows of a study share its random effect, as in a pairwise analysis of trials with
    several arms, nothing is lost: mean and variance of each study are sufficient for β and τ².

    Parameters
    ----------
    y : array_like, shape (n,)
        Estimates, study by study.
    blocks : sequence of arrays
        The covariance of the rows of each study.

    Returns
    -------
    StudyMeans

    Examples
    --------
    >>> means = study_means([1.0, 3.0, 5.0], [[[2.0, 1.0], [1.0, 2.0]], [[0.5]]])
    >>> means.y, means.v
    (array([2., 5.]), array([1.5, 0.5]))
    """
    values = np.asarray(y, dtype=float)
    matrix = BlockDiagonal(blocks)
    if matrix.n != len(values):
        raise InputError(f"the blocks have {matrix.n} rows, but there are {len(values)} estimates")
    if matrix.diagonal is not None:
        return StudyMeans(values, matrix.diagonal)
    means, variances = [], []
    for start, block in zip(matrix.starts, matrix.blocks, strict=True):
        weight = np.linalg.solve(block, np.ones(len(block)))
        variances.append(1 / weight.sum())
        means.append(weight @ values[start : start + len(block)] / weight.sum())
    return StudyMeans(np.array(means), np.array(variances))
