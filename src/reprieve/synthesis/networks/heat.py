"""The net heat matrix: which design makes which other look incoherent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reprieve.errors import SynthesisError
from reprieve.synthesis.findings import Finding
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.designs import Design, DesignLevel, design_name, tau2_within

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.results import NetworkMetaAnalysis


@dataclass(frozen=True, eq=False, repr=False)
class NetHeat(Finding):
    """What each design adds to the incoherence of each other.

    A design of n treatments stands for n − 1 rows, its first treatment (the reference if it holds
    it) against the others. Krahn, Binder & König 2013 BMC Med Res Methodol 13:35.

    Attributes
    ----------
    rows : tuple of (str, str)
        Design and comparison.
    change : ndarray, shape (rows, rows)
        Q between designs of the row's comparison, less what it is after the column's design has
        been detached: positive where the two disagree. NaN where the other designs do not
        connect all treatments.
    hat : ndarray, shape (rows, rows)
        What the column's design weighs in the network estimate of the row's comparison.
    Q : ndarray, shape (rows,)
        Q between designs, by comparison.
    """

    rows: tuple[tuple[str, str], ...]
    change: Array
    hat: Array
    Q: Array

    def to_frame(self) -> pl.DataFrame:
        """Long: design, comparison, detached design and comparison, change, hat."""
        import polars as pl

        i, j = (part.ravel() for part in np.indices(self.change.shape))
        return pl.DataFrame(
            {
                "design": [self.rows[r][0] for r in i],
                "comparison": [self.rows[r][1] for r in i],
                "detached_design": [self.rows[c][0] for c in j],
                "detached_comparison": [self.rows[c][1] for c in j],
                "change": self.change.ravel(),
                "hat": self.hat.ravel(),
            }
        ).fill_nan(None)

    def summary(self) -> str:
        """The matrix of changes to read."""
        import polars as pl

        from reprieve.synthesis.networks.words import frame_text

        names = [f"{comparison} ({design})" for design, comparison in self.rows]
        columns = {"": names} | {f"[{c + 1}]": self.change[:, c] for c in range(len(names))}
        title = "Q between designs, less Q once the design of column [1], [2] … goes its own way"
        return f"{title}\n\n{frame_text(pl.DataFrame(columns))}"


def net_heat(fit: NetworkMetaAnalysis, *, random: bool) -> NetHeat:
    """The net heat matrix of a network.

    Parameters
    ----------
    fit : NetworkMetaAnalysis
    random : bool
        With the τ² that trials of the same design show, rather than a common effect.

    Raises
    ------
    SynthesisError
        No design closes a loop with others, so that there is nothing to disagree about.
    """
    level = DesignLevel.of(fit.trials, 0.0)
    if not level.df:
        raise SynthesisError(
            "the network holds no loop along more than one design, so that no design can disagree "
            "with another; there is no net heat"
        )
    if random and (tau2 := tau2_within(level)):
        level = DesignLevel.of(fit.trials, tau2)
    reference = fit.place(fit.reference)
    bases = [_base(design, reference) for design in level.designs]
    names = [
        (design_name(fit, design), f"{fit.treatments[design.arms[base]]}:{fit.treatments[arm]}")
        for design, base in zip(level.designs, bases, strict=True)
        for arm in np.delete(design.arms, base)
    ]
    Q = _by_comparison(level, bases, level.theta)
    size = [len(design.arms) - 1 for design in level.designs]
    starts = np.concatenate([[0], np.cumsum(size)])
    change = np.full((len(names), len(names)), np.nan)
    for d in range(len(level.designs)):
        rest = level.without(d)
        if rest is None:
            continue
        left = _by_comparison(level, bases, rest[0])
        own = slice(starts[d], starts[d + 1])
        left[own] = 0.0
        change[:, own] = (Q - left)[:, None]
    return NetHeat(tuple(names), change, _hat(level, bases), Q)


def _base(design: Design, reference: int) -> int:
    """Where the base of the comparisons stands: the reference, or else the first treatment."""
    found = np.flatnonzero(design.arms == reference)
    return int(found[0]) if len(found) else 0


def _by_comparison(level: DesignLevel, bases: list[int], theta: Array) -> Array:
    """Parts of Q between designs that belong to each comparison."""
    parts = []
    for design, base in zip(level.designs, bases, strict=True):
        off = design.means - theta[design.arms]
        off = off - off[base]
        parts.append(np.delete(off * (design.information @ off), base))
    return np.concatenate(parts)


def _hat(level: DesignLevel, bases: list[int]) -> Array:
    """Hat matrix between the comparisons of designs."""
    columns, firsts, others = [], [], []
    for design, base in zip(level.designs, bases, strict=True):
        kept = np.delete(np.arange(len(design.arms)), base)
        columns.append(level.cov[:, design.arms] @ design.information[:, kept])
        firsts += [design.arms[base]] * len(kept)
        others += design.arms[kept].tolist()
    pull = np.concatenate(columns, axis=1)
    return np.asarray(pull[others] - pull[firsts])
