"""GOSH: a meta-analysis of every subset of its studies, or of very many."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.base import Result
from reprieve.synthesis.diagnostics.refits import Refits, check_several
from reprieve.synthesis.diagnostics.tables import frame_table
from reprieve.synthesis.findings import Finding, plain
from reprieve.synthesis.least_squares import Array

if TYPE_CHECKING:
    import polars as pl

_MOST = 1 << 22  # subsets that still fit into memory and a minute
_PIECE = 1 << 17  # numbers in an array that still stays in a core's cache


@dataclass(frozen=True, eq=False, repr=False)
class Gosh(Finding):
    """Fits of subsets of the studies, one row per subset.

    Attributes
    ----------
    study : tuple of str
    names : tuple of str
        Coefficients.
    used : ndarray of bool, shape (n, k)
        The studies of each subset.
    beta : ndarray, shape (n, p)
        Coefficients; NaN where a subset can't give them.
    k : ndarray of int, shape (n,)
        Sizes of the subsets.
    tau2, I2, H2, Q : ndarray, shape (n,)
        Heterogeneity; a study alone has no τ².
    exact : bool
        Whether these are all subsets; otherwise they were drawn at random.
    """

    study: tuple[str, ...]
    names: tuple[str, ...]
    used: NDArray[np.bool_]
    beta: Array
    k: NDArray[np.int64]
    tau2: Array
    I2: Array
    H2: Array
    Q: Array
    exact: bool

    @property
    def estimate(self) -> Array:
        """The first coefficient: the mean effect where there are no moderators; shape (n,)."""
        return self.beta[:, 0]

    @property
    def _columns(self) -> list[str]:
        """What the coefficients are called in tables."""
        return ["estimate"] if len(self.names) == 1 else [f"beta {name}" for name in self.names]

    def to_frame(self) -> pl.DataFrame:
        """One row per subset: k, the coefficients, tau2, I2, H2, Q."""
        import polars as pl

        return pl.DataFrame(
            {
                "k": self.k,
                **{name: self.beta[:, j] for j, name in enumerate(self._columns)},
                "tau2": self.tau2,
                "I2": self.I2,
                "H2": self.H2,
                "Q": self.Q,
            }
        )

    def by_study(self) -> pl.DataFrame:
        """Medians over the subsets with, and without, each study: what a study does."""
        import polars as pl

        rows = []
        for j, study in enumerate(self.study):
            row: dict[str, Any] = {"study": study}
            for word, chosen in (("with", self.used[:, j]), ("without", ~self.used[:, j])):
                for name, values in ((self._columns[0], self.estimate), ("I2", self.I2)):
                    finite = values[chosen & np.isfinite(values)]
                    row[f"{name} {word}"] = float(np.median(finite)) if len(finite) else math.nan
            rows.append(row)
        return pl.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """The result in plain Python types."""
        return {
            "exact": self.exact,
            "n": len(self.k),
            "studies": plain(self.by_study().to_dicts()),
            "subsets": plain(self.to_frame().to_dict(as_series=False)),
        }

    def summary(self) -> str:
        """Quantiles over the subsets, and medians with and without each study."""
        import polars as pl

        points = [0.0, 0.25, 0.5, 0.75, 1.0]
        quantiles = {
            name: np.nanquantile(values, points)
            for name, values in (
                (self._columns[0], self.estimate),
                ("tau2", self.tau2),
                ("I2", self.I2),
            )
        }
        head = pl.DataFrame({"": ["least", "1/4", "median", "3/4", "most"], **quantiles})
        kind = "all" if self.exact else "random"
        return (
            f"Meta-analyses of {len(self.k):,} subsets of {len(self.study)} studies ({kind})\n\n"
            f"{frame_table(head)}\n\nmedians\n{frame_table(self.by_study())}"
        )


def gosh(fit: Result, subsets: Literal["all"] | int = 1_000_000, seed: int | None = None) -> Gosh:
    """Repeat a fit on all subsets of its studies: Graphical Display of Study Heterogeneity.

    Clusters of estimates, and which study splits them, show heterogeneity that a single number
    hides.

    Parameters
    ----------
    fit : MetaAnalysis or MetaRegression
        Its method and weights are kept.
    subsets : int or "all"
        All subsets are taken if there are at most so many, otherwise so many random ones, in
        which each study is in or out by the toss of a coin.
    seed : int, optional
        Of the random subsets.

    Returns
    -------
    Gosh

    Raises
    ------
    SynthesisError
        One study alone, or too many subsets asked for.

    Notes
    -----
    Olkin, Dahabreh & Trikalinos (2012) Res Synth Methods 3:214. As in `gosh` of the R package
    metafor, subsets of fewer studies than coefficients are left aside.

    Examples
    --------
    >>> from reprieve.synthesis import meta_analysis
    >>> fit = meta_analysis(effect=[-12.0, -4.0, -9.0, -15.0], se=[4.0, 3.0, 5.0, 4.5])
    >>> fits = gosh(fit)
    >>> len(fits.k), fits.estimate[fits.k == 3].round(2)
    (15, array([ -7.69,  -9.71, -12.19,  -8.68]))
    """
    check_several(fit, "GOSH")
    p = len(fit.beta)
    total = sum(math.comb(fit.k, size) for size in range(p, fit.k + 1))
    wanted = total if subsets == "all" else _number(subsets)
    exact = total <= wanted
    n = min(total, wanted)
    if n > _MOST:
        raise SynthesisError(
            f"{n:,} subsets of {fit.k} studies are too many, the most is {_MOST:,}; "
            "set subsets to a number, to take that many at random"
        )
    used = _all_subsets(fit.k, p) if exact else _some_subsets(fit.k, p, n, seed)
    beta = np.empty((n, p))
    tau2, I2, H2, Q = np.empty((4, n))
    for piece in _pieces(n, fit.k):
        refits = Refits(fit, used[piece])
        beta[piece] = refits.beta
        tau2[piece], Q[piece] = refits.tau2, refits.Q
        I2[piece], H2[piece] = refits.I2, refits.H2
    k = used.sum(axis=1)
    return Gosh(fit.study, fit.names, used, beta, k, tau2, I2, H2, Q, exact)


def _number(subsets: Any) -> int:
    if isinstance(subsets, bool) or not isinstance(subsets, int | np.integer) or subsets < 1:
        raise InputError(f'subsets must be "all" or a number of at least 1; it was {subsets!r}')
    return int(subsets)


def _pieces(n: int, k: int) -> Iterator[slice]:
    """Slices of the n subsets that keep memory small."""
    size = max(1, _PIECE // k)
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def _all_subsets(k: int, least: int) -> NDArray[np.bool_]:
    """All subsets of at least `least` of k studies, shape (n, k)."""
    bits = np.unpackbits(
        np.arange(1 << k, dtype="<u4").view(np.uint8).reshape(-1, 4),
        axis=1,
        count=k,
        bitorder="little",
    ).view(bool)
    return np.asarray(bits[bits.sum(axis=1) >= least])


def _some_subsets(k: int, least: int, n: int, seed: int | None) -> NDArray[np.bool_]:
    """Random subsets of at least `least` of k studies, shape (n, k)."""
    rng = np.random.default_rng(seed)
    used = rng.integers(0, 2, size=(n, k), dtype=bool)
    while (small := used.sum(axis=1) < least).any():
        used[small] = rng.integers(0, 2, size=(int(small.sum()), k), dtype=bool)
    return used
