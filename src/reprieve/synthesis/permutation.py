"""Permutation tests of meta-analyses and meta-regressions, all permutations in one batch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.core import fit_batch
from reprieve.synthesis.findings import Finding
from reprieve.synthesis.least_squares import Array

_MOST = 1_000_000
_TIE = 1e-8  # statistics that differ by less count as equal


@dataclass(frozen=True)
class PermutationTest(Finding):
    """p values from permutations.

    Attributes
    ----------
    names : tuple of str
        Coefficients.
    p : tuple of float
        Two-sided p value of each.
    p_moderators : float
        p value of all moderators together.
    n : int
        Permutations, the data as they are among them.
    exact : bool
        Whether these were all that there are.
    """

    names: tuple[str, ...]
    p: tuple[float, ...]
    p_moderators: float
    n: int
    exact: bool

    def summary(self) -> str:
        """The p values as a table to read."""
        kind = "all" if self.exact else "random"
        lines = [f"Permutation test ({self.n:,} permutations, {kind})", ""]
        lines += [f"{name:<24}p {p:.4f}" for name, p in zip(self.names, self.p, strict=True)]
        if len(self.names) > 1:
            lines.append(f"{'moderators together':<24}p {self.p_moderators:.4f}")
        return "\n".join(lines)


def permute(
    y: Array,
    v: Array,
    X: Array | None,
    *,
    names: tuple[str, ...],
    tested: list[int],
    method: str,
    test: str,
    n: int,
    seed: int | None,
    exact: bool | Literal["auto"],
) -> PermutationTest:
    """Compare the statistics of the data with those of permuted data.

    Without moderators the signs of the estimates are flipped; with moderators the rows of the
    design are shuffled (Higgins & Thompson 2004 Stat Med 23:1663; Follmann & Proschan 1999
    Biometrics 55:732; `permutest` of the R package metafor).

    Parameters
    ----------
    y, v : ndarray, shape (k,)
        Estimates and sampling variances.
    X : ndarray, shape (k, p), or None
        Design.
    names, tested
        Columns of the design, and which of them the joint test concerns.
    method, test : str
        As in `fit_batch`.
    n : int
        Random permutations, when not all are taken.
    seed : int, optional
        Of the random permutations.
    exact : bool or "auto"
        Take all permutations; "auto" does when there are at most `n`.
    """
    if n < 2:
        raise InputError(f"n must be at least 2 permutations; it was {n}")
    flips = X is None or (X.shape[1] == 1 and bool((X[0] == X).all()))
    total = 2 ** len(y) if flips else _count(_groups(X))
    take_all = total <= n if exact == "auto" else exact
    if take_all and total > _MOST:
        raise SynthesisError(
            f"an exact test would take {total:.3g} permutations, more than {_MOST:,}; "
            "leave exact out and set n"
        )
    if flips:
        signs = _all_signs(len(y)) if take_all else _some_signs(len(y), n, seed)
        signs = np.vstack([np.ones(len(y)), signs])
        ys, vs = signs * y, np.broadcast_to(v, signs.shape)
    else:
        orders = _all_orders(_groups(X), total) if take_all else _some_orders(len(y), n, seed)
        orders = np.vstack([np.arange(len(y)), orders])
        ys, vs = y[orders], v[orders]
    # the first row is the data as they are, to compare with
    seen, drawn = np.split(_statistics(ys, vs, X, tested, method, test), [1])
    tail = np.nanmean(np.where(np.isnan(drawn), np.nan, drawn >= seen - _TIE), axis=0)
    return PermutationTest(
        names, tuple(float(p) for p in tail[:-1]), float(tail[-1]), len(drawn), take_all
    )


def _statistics(
    y: Array, v: Array, X: Array | None, tested: list[int], method: str, test: str
) -> Array:
    """|statistic| of each coefficient and, in the last column, that of the joint test."""
    fits = fit_batch(y, v, X, method=method, test=test)
    with np.errstate(divide="ignore", invalid="ignore"):
        single = np.abs(fits.beta / fits.se)
    beta, cov = fits.beta[:, tested], fits.cov[:, tested][:, :, tested]
    usable = np.isfinite(cov).all(axis=(1, 2))
    usable &= (np.diagonal(cov, axis1=1, axis2=2) > 0).all(axis=1)
    joint = np.full(len(beta), np.nan)
    solved = np.linalg.solve(cov[usable], beta[usable][..., None])[..., 0]
    joint[usable] = np.einsum("np,np->n", beta[usable], solved)
    return np.column_stack([single, joint])


def _groups(X: Array | None) -> NDArray[np.intp]:
    """Equal rows of the design share a number."""
    assert X is not None
    return np.asarray(np.unique(X, axis=0, return_inverse=True)[1]).reshape(-1)


def _count(groups: NDArray[np.intp]) -> int:
    """How many orders of the rows differ."""
    return math.factorial(len(groups)) // math.prod(map(math.factorial, np.bincount(groups)))


def _all_signs(k: int) -> Array:
    bits = (np.arange(2**k)[:, None] >> np.arange(k)) & 1
    return np.asarray(1.0 - 2.0 * bits)


def _some_signs(k: int, n: int, seed: int | None) -> Array:
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(n, k))
    signs[0] = 1.0
    return signs


def _some_orders(k: int, n: int, seed: int | None) -> NDArray[np.intp]:
    orders = np.random.default_rng(seed).permuted(np.tile(np.arange(k), (n, 1)), axis=1)
    orders[0] = np.arange(k)
    return np.asarray(orders)


def _all_orders(groups: NDArray[np.intp], total: int) -> NDArray[np.intp]:
    """Orders of the data that give each distinct assignment to the design once."""
    home = np.argsort(groups, kind="stable")
    orders = np.empty((total, len(groups)), dtype=np.intp)
    for i, labels in enumerate(_arrangements(sorted(groups.tolist()))):
        orders[i, home] = np.argsort(labels, kind="stable")
    return orders


def _arrangements(labels: list[int]) -> Iterator[list[int]]:
    """The distinct arrangements of sorted `labels`, in lexicographic order.

    Examples
    --------
    >>> list(_arrangements([0, 0, 1]))
    [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    """
    labels = list(labels)
    while True:
        yield list(labels)
        i = len(labels) - 2
        while i >= 0 and labels[i] >= labels[i + 1]:
            i -= 1
        if i < 0:
            return
        j = len(labels) - 1
        while labels[j] <= labels[i]:
            j -= 1
        labels[i], labels[j] = labels[j], labels[i]
        labels[i + 1 :] = reversed(labels[i + 1 :])
