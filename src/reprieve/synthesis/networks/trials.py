"""The trials of a network, and their information about treatments as weighted edges.

A trial with n arms compares n(n − 1)/2 pairs of treatments, whose estimates hang together. Its
variances are resistances between arms: the pseudo-inverse of its Laplacian follows from them,
and the Laplacian's off-diagonal elements are weights of independent edges that hold the same
information (Rücker 2012 Res Synth Methods 3:312; Rücker & Schwarzer 2014 Stat Med 33:4353). All
trials with the same number of arms are handled at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from reprieve.errors import SynthesisError
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.rows import Index, Rows

_INCONSISTENT = 1e-3  # netmeta's tolerance for contrasts that don't add up
_PART_OF_SE = 0.1  # … and what rounding in a publication may do before it matters


@dataclass(frozen=True)
class MultiArm:
    """Trials with the same number of arms, three or more.

    Attributes
    ----------
    rows : ndarray of int, shape (trials, pairs)
        Their rows, in the order of `numpy.triu_indices`.
    arms : ndarray of int, shape (trials, n)
        Treatments, ascending.
    means : ndarray, shape (trials, n)
        Arm effects about their own average, from all contrasts.
    spread : ndarray, shape (trials, n - 1)
        Eigenvalues of the covariance of the arms about their average.
    axes : ndarray, shape (trials, n, n - 1)
        Eigenvectors.
    """

    rows: Index
    arms: Index
    means: Array
    spread: Array
    axes: Array

    @property
    def pairs(self) -> tuple[Index, Index]:
        """Arms of each pair."""
        return np.triu_indices(self.arms.shape[1], 1)

    def laplacian(self, tau2: float) -> Array:
        """Information of each trial about its arms, shape (trials, n, n).

        τ² between contrasts is τ²/2 for each arm.
        """
        scaled = self.axes / (self.spread + tau2 / 2)[:, None, :]
        return np.asarray(scaled @ self.axes.transpose(0, 2, 1))

    def scores(self, means: Array) -> Array:
        """Arm effects along the axes, shape (trials, n - 1), with variance 2 `spread` + τ²."""
        return np.asarray(np.sqrt(2) * np.einsum("sni,sn->si", self.axes, means))


@dataclass(frozen=True)
class Trials:
    """The rows of a network, grouped by number of arms.

    Attributes
    ----------
    rows : Rows
    two : ndarray of int
        Rows that are trials of two arms.
    multi : tuple of MultiArm
        The other trials.
    warnings : tuple of str
    """

    rows: Rows
    two: Index
    multi: tuple[MultiArm, ...]
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, rows: Rows) -> Trials:
        """Trials of rows, with checks of those that have several arms.

        Raises
        ------
        SynthesisError
            A trial lacks or repeats a pair of its arms, or its contrasts contradict each other.
        """
        count = np.bincount(rows.study, minlength=len(rows.studies))
        per_row = count[rows.study]
        multi: list[MultiArm] = []
        notes: list[str] = []
        for pairs in np.unique(count[count > 1]):
            n = round((1 + (1 + 8 * int(pairs)) ** 0.5) / 2)
            chosen = np.flatnonzero(per_row == pairs)
            if n * (n - 1) // 2 != pairs:
                raise _incomplete(rows, int(rows.study[chosen[0]]))
            group = chosen.reshape(-1, pairs)
            arms = np.concatenate([rows.a[group[:, :1]], rows.b[group[:, : n - 1]]], axis=1)
            i, j = np.triu_indices(n, 1)
            bad = (rows.a[group] != arms[:, i]) | (rows.b[group] != arms[:, j])
            if bad.any():
                raise _incomplete(rows, int(rows.study[group[bad.any(axis=1).argmax(), 0]]))
            multi.append(_resolve(rows, group, arms, notes))
        return cls(rows, np.flatnonzero(per_row == 1), tuple(multi), tuple(notes))

    @property
    def n(self) -> int:
        """Number of treatments."""
        return len(self.rows.treatments)

    @cached_property
    def degrees(self) -> int:
        """Independent contrasts: arms less one, over all trials."""
        return len(self.two) + sum(group.spread.size for group in self.multi)

    def weights(self, tau2: float) -> Array:
        """Weight of each row as an edge of the network, shape (m,)."""
        w = 1 / (self.rows.v + tau2)
        for group in self.multi:
            i, j = group.pairs
            w[group.rows] = -group.laplacian(tau2)[:, i, j]
        return np.asarray(w)

    def squared_weights(self, w: Array) -> Array:
        """Weights of the edges of Σ Λ²/2, Λ being the Laplacian of a trial without τ²."""
        u = w * w
        for group in self.multi:
            i, j = group.pairs
            square = (group.axes / group.spread[:, None, :] ** 2) @ group.axes.transpose(0, 2, 1)
            u[group.rows] = -square[:, i, j] / 2
        return np.asarray(u)

    @cached_property
    def designs(self) -> tuple[tuple[Index, Index], ...]:
        """Sets of treatments that trials compare, by number of arms: two, then as `multi`.

        Each pair is the treatments, shape (designs, arms), and the design of each trial.
        """
        rows, found = self.rows, []
        if len(self.two):
            keys = rows.a[self.two] * self.n + rows.b[self.two]
            pairs, which = np.unique(keys, return_inverse=True)
            found.append((np.stack(np.divmod(pairs, self.n), axis=1), which))
        for group in self.multi:
            found.append(np.unique(group.arms, axis=0, return_inverse=True))
        return tuple(found)


def _resolve(rows: Rows, group: Index, arms: Index, notes: list[str]) -> MultiArm:
    """Arm effects and the spectrum of their covariance, from all pairs."""
    k, n = arms.shape
    i, j = np.triu_indices(n, 1)
    y, v = rows.y[group], rows.v[group]
    difference, resistance = np.zeros((k, n, n)), np.zeros((k, n, n))
    difference[:, i, j], difference[:, j, i] = y, -y
    resistance[:, i, j] = resistance[:, j, i] = v
    means = difference.mean(axis=2)
    off = np.abs(y - means[:, i] + means[:, j])
    if (off > _INCONSISTENT).any():
        _contradiction(rows, group, off, n, notes)
    row_means = resistance.mean(axis=2)
    average = row_means.mean(axis=1)
    # arm variances that come nearest to the variances of all pairs
    own = (n * row_means - (n * n * average / (2 * (n - 1)))[:, None]) / (n - 2)
    centred = -0.5 * (
        resistance - row_means[:, :, None] - row_means[:, None, :] + average[:, None, None]
    )
    values, vectors = np.linalg.eigh(centred)
    scale = v.max(axis=1)
    negative = (own < -1e-8 * scale[:, None]).any(axis=1) | (values[:, 1] <= 1e-12 * scale)
    if negative.any():
        s = int(negative.argmax())
        arm = rows.treatments[arms[s, own[s].argmin()]]
        raise SynthesisError(
            f"the variances of study {rows.studies[rows.study[group[s, 0]]]!r} can't be those of "
            f"one trial: they imply a negative variance of the arm {arm!r}. Check its standard "
            "errors, or give the data of its arms"
        )
    return MultiArm(group, arms, means, values[:, 1:], vectors[:, :, 1:])


def _contradiction(rows: Rows, group: Index, off: Array, arms: int, notes: list[str]) -> None:
    """Refuse contrasts of a trial that don't add up; note those that rounding may explain."""
    worst = (off / np.sqrt(rows.v[group])).max(axis=1)
    s = int(worst.argmax())
    name = rows.studies[rows.study[group[s, 0]]]
    if worst[s] > _PART_OF_SE and off[s].max() > _INCONSISTENT:
        e = group[s, off[s].argmax()]
        pair = f"{rows.treatments[rows.a[e]]} – {rows.treatments[rows.b[e]]}"
        # a pair pulls the mean of n arms towards itself, by 2/n of its distance from the others
        apart = off[s].max() / (1 - 2 / arms)
        raise SynthesisError(
            f"the contrasts of study {name!r} contradict each other: {pair} differs by "
            f"{apart:.4g} from what its other contrasts imply. Check signs and values, or "
            "give the data of its arms"
        )
    names = sorted(
        {rows.studies[i] for i in rows.study[group[(off > _INCONSISTENT).any(axis=1)]].flat}
    )
    notes.append(
        f"contrasts of {', '.join(names)} do not quite add up (rounding?); the nearest consistent "
        "values are used"
    )


def _incomplete(rows: Rows, study: int) -> SynthesisError:
    """Which pairs of a trial are missing, or given twice."""
    mine = np.flatnonzero(rows.study == study)
    given = list(zip(rows.a[mine].tolist(), rows.b[mine].tolist(), strict=True))
    arms = sorted({arm for pair in given for arm in pair})

    def words(pairs: list[tuple[int, int]]) -> str:
        return ", ".join(f"{rows.treatments[i]} – {rows.treatments[j]}" for i, j in pairs)

    name = rows.studies[study]
    twice = sorted({pair for pair in given if given.count(pair) > 1})
    if twice:
        return SynthesisError(
            f"study {name!r} gives {words(twice)} more than once; give each pair of arms once, or "
            "different labels if these are different trials"
        )
    missing = [pair for pair in combinations(arms, 2) if pair not in given]
    return SynthesisError(
        f"study {name!r} has {len(arms)} arms, but {words(missing)} "
        f"{'is' if len(missing) == 1 else 'are'} missing: give all {math.comb(len(arms), 2)} "
        "contrasts of its arms (their variances tell how they hang together), or the data of "
        "its arms"
    )
