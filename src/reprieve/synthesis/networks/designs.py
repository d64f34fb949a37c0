"""Designs: which sets of treatments trials compare, and whether the sets agree.

Q of the network is the sum of Q within designs (heterogeneity) and between designs
(incoherence), Krahn, Binder & König 2013 BMC Med Res Methodol 13:35; the test of the full
design-by-treatment interaction is that between designs with the τ² that trials of the same
design show (Higgins et al. 2012 Res Synth Methods 3:98). netmeta's ``decomp.design``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from reprieve.synthesis.findings import Finding, plain
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.connection import components
from reprieve.synthesis.networks.fitting import grounded_inverse, laplacian, moment_tau2
from reprieve.synthesis.networks.rows import Index
from reprieve.synthesis.networks.words import frame_text

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.results import NetworkMetaAnalysis
    from reprieve.synthesis.networks.trials import Trials


_LEVERAGE = 1 - 1e-6  # nearer to 1, a design may be all that holds the network together


class QTest(NamedTuple):
    """A Q statistic with its degrees of freedom and p value (NaN without any)."""

    Q: float
    df: int
    p: float

    @classmethod
    def of(cls, Q: float, df: int) -> QTest:
        """With the p value of χ²."""
        from scipy.special import chdtrc

        return cls(Q, df, float(chdtrc(df, Q)) if df > 0 else math.nan)


class Design(NamedTuple):
    """All trials that compare the same treatments, taken together.

    Attributes
    ----------
    arms : ndarray of int, shape (n,)
        Treatments, ascending.
    information : ndarray, shape (n, n)
        Laplacian of the trials.
    means : ndarray, shape (n,)
        Pooled effects of the arms about their average.
    """

    arms: Index
    information: Array
    means: Array


@dataclass(frozen=True)
class Block:
    """Designs with the same number of arms.

    Attributes
    ----------
    arms, information, means : ndarray
        As in `Design`, with the designs along the first axis.
    trials : ndarray of int, shape (designs,)
    Q : ndarray, shape (designs,)
        What differs between the trials of a design.
    taken : ndarray, shape (designs,)
        What the pooled effects take of Σ Λ²/2, for the DerSimonian–Laird τ² within designs.
    """

    arms: Index
    information: Array
    means: Array
    trials: Index
    Q: Array
    taken: Array

    @property
    def df(self) -> Index:
        """Degrees of freedom of Q."""
        return np.asarray((self.trials - 1) * (self.arms.shape[1] - 1))

    @classmethod
    def of(cls, arms: Index, which: Index, laplacians: Array, means: Array) -> Block:
        """Pool trials, given their Laplacians and arm effects and the design of each."""
        count, n = arms.shape
        information, squares = np.zeros((2, count, n, n))
        pull = np.zeros((count, n))
        np.add.at(information, which, laplacians)
        np.add.at(squares, which, laplacians @ laplacians / 2)
        np.add.at(pull, which, np.einsum("sij,sj->si", laplacians, means))
        scale = np.trace(information, axis1=1, axis2=2)[:, None, None] / n
        inverse = np.linalg.inv(information + scale / n) - 1 / (scale * n)
        pooled = np.einsum("dij,dj->di", inverse, pull)
        off = means - pooled[which]
        left = np.einsum("si,sij,sj->s", off, laplacians, off)
        Q = np.bincount(which, left, count).astype(float)
        trials = np.bincount(which, minlength=count)
        return cls(arms, information, pooled, trials, Q, (inverse * squares).sum(axis=(1, 2)))


@dataclass(frozen=True)
class DesignLevel:
    """A network reduced to its designs, at one τ², as edges that are independent.

    Attributes
    ----------
    n : int
        Treatments.
    blocks : tuple of Block
    total : float
        Sum of the edge weights of all trials.
    """

    n: int
    blocks: tuple[Block, ...]
    total: float

    @classmethod
    def of(cls, trials: Trials, tau2: float) -> DesignLevel:
        """Pool the trials of each design."""
        w, rows, two = trials.weights(tau2), trials.rows, trials.two
        parts = []
        if len(two):
            sign = np.array([0.5, -0.5])
            parts.append(
                (4 * w[two][:, None, None] * np.outer(sign, sign), rows.y[two][:, None] * sign)
            )
        parts += [(group.laplacian(tau2), group.means) for group in trials.multi]
        blocks = [
            Block.of(arms, which, *part)
            for (arms, which), part in zip(trials.designs, parts, strict=True)
        ]
        return cls(trials.n, tuple(blocks), float(w.sum()))

    @cached_property
    def designs(self) -> tuple[Design, ...]:
        """The designs, one by one."""
        return tuple(
            Design(*parts)
            for block in self.blocks
            for parts in zip(block.arms, block.information, block.means, strict=True)
        )

    def each(self, name: str) -> Array:
        """An attribute of the blocks (trials, Q, df, taken), for all designs."""
        return np.concatenate([getattr(block, name) for block in self.blocks])

    @cached_property
    def edges(self) -> tuple[Index, Index, Array, Array, Index]:
        """Treatments a and b, weight, estimate and design of each edge."""
        parts, before = [], 0
        for block in self.blocks:
            count, arms = block.arms.shape
            i, j = np.triu_indices(arms, 1)
            own = (
                block.arms[:, i],
                block.arms[:, j],
                -block.information[:, i, j],
                block.means[:, i] - block.means[:, j],
                np.repeat(np.arange(before, before + count), len(i)),
            )
            parts.append([part.ravel() for part in own])
            before += count
        a, b, w, y, d = (np.concatenate(column) for column in zip(*parts, strict=True))
        return a, b, w, y, d

    @cached_property
    def cov(self) -> Array:
        """Covariance of treatment effects against the first."""
        a, b, w, _, _ = self.edges
        return grounded_inverse(laplacian(self.n, a, b, w))

    @cached_property
    def theta(self) -> Array:
        """Treatment effects against the first."""
        a, b, w, y, _ = self.edges
        pull = w * y
        return np.asarray(self.cov @ (np.bincount(a, pull, self.n) - np.bincount(b, pull, self.n)))

    @cached_property
    def df(self) -> int:
        """Degrees of freedom between designs."""
        return sum(block.arms[:, 1:].size for block in self.blocks) - (self.n - 1)

    def q_of(self, theta: Array) -> Array:
        """What effects leave of each design, shape (designs,)."""
        a, b, w, y, d = self.edges
        off = w * (y - theta[a] + theta[b]) ** 2
        return np.bincount(d, off).astype(float)

    def without(self, d: int) -> tuple[Array, float] | None:
        """Treatment effects from all designs but d, and what leaving it out takes off Q.

        A design's residuals and leverage tell both, as those of a row do in a regression. None
        where the other designs do not connect all treatments.
        """
        design = self.designs[d]
        base, others = design.arms[0], design.arms[1:]
        reach = self.cov[:, others] - self.cov[:, [base]]
        shared = reach[others] - reach[base]
        information = design.information[1:, 1:]
        if np.linalg.eigvals(shared @ information).real.max() > _LEVERAGE and self._bridge(d):
            return None
        residual = (design.means - self.theta[design.arms])[1:]
        residual -= design.means[0] - self.theta[base]
        pressed = np.linalg.solve(np.linalg.inv(information) - shared, residual)
        return self.theta - reach @ pressed, float(residual @ pressed)

    def _bridge(self, d: int) -> bool:
        """Whether the network falls apart without a design."""
        a, b, _, _, design = self.edges
        keep = design != d
        return len(components(self.n, a[keep], b[keep])) > 1


@dataclass(frozen=True, eq=False, repr=False)
class Coherence(Finding):
    """Whether designs agree.

    Attributes
    ----------
    total, within, between : QTest
        Of the whole network, between trials of the same design, between designs.
    interaction : QTest
        Full design-by-treatment interaction with random effects: Q between designs with
        `tau2_within`.
    tau2_within : float
        τ² that trials of the same design show; zero when no design was repeated.
    level : DesignLevel
        The designs.
    names : tuple of str
        Their treatments, joined by a colon.
    """

    total: QTest
    within: QTest
    between: QTest
    interaction: QTest
    tau2_within: float
    level: DesignLevel
    names: tuple[str, ...]

    @cached_property
    def designs(self) -> pl.DataFrame:
        """A row a design: design, trials, Q, df, p, detached_Q, detached_df, detached_p.

        Q within it; and Q between designs once this one goes its own way, null where the others
        do not connect all treatments.
        """
        import polars as pl

        rows = []
        level = self.level
        inner = (level.each(part).tolist() for part in ("trials", "Q", "df"))
        each = zip(self.names, level.designs, *inner, strict=True)
        for d, (name, design, trials, Q, own_df) in enumerate(each):
            own = QTest.of(Q if own_df else 0.0, own_df)
            rest = level.without(d) if self.between.df else None
            left: tuple[float | None, ...] = (None, None, None)
            if rest is not None:
                df = self.between.df - len(design.arms) + 1
                left = QTest.of(max(0.0, self.between.Q - rest[1]) if df else 0.0, df)
            rows.append((name, trials, *own, *left))
        whole, real = pl.Int64, pl.Float64
        schema = {"design": pl.String, "trials": whole, "Q": real, "df": whole, "p": real}
        schema |= {"detached_Q": real, "detached_df": whole, "detached_p": real}
        return pl.DataFrame(rows, schema=schema, orient="row").fill_nan(None)

    def to_frame(self) -> pl.DataFrame:
        """A row a design."""
        return self.designs

    def to_dict(self) -> dict[str, Any]:
        """The tests, and a row a design."""
        found: dict[str, Any] = plain(
            {
                **{name: getattr(self, name)._asdict() for name in _TESTS},
                "tau2_within": self.tau2_within,
                "designs": self.designs.to_dicts(),
            }
        )
        return found

    def summary(self) -> str:
        """The tests and designs to read."""
        import polars as pl

        tests = [getattr(self, name) for name in _TESTS]
        table = pl.DataFrame(
            {
                "": ["total", "within designs", "between designs", "… with random effects"],
                "Q": [test.Q for test in tests],
                "df": [test.df for test in tests],
                "p": [test.p for test in tests],
            }
        )
        return f"{frame_text(table)}\n\n{frame_text(self.designs)}"


_TESTS = ("total", "within", "between", "interaction")


def coherence(fit: NetworkMetaAnalysis) -> Coherence:
    """Decompose Q by designs; see `NetworkMetaAnalysis.coherence`."""
    level = DesignLevel.of(fit.trials, 0.0)
    tau2 = tau2_within(level)
    random = DesignLevel.of(fit.trials, tau2) if tau2 else level
    between, interaction = (
        QTest.of(float(part.q_of(part.theta).sum()) if part.df else 0.0, part.df)
        for part in (level, random)
    )
    return Coherence(
        QTest(fit.Q, fit.df, fit.Q_p),
        QTest.of(float(level.each("Q").sum()), int(level.each("df").sum())),
        between,
        interaction,
        tau2,
        level,
        tuple(design_name(fit, design) for design in level.designs),
    )


def design_name(fit: NetworkMetaAnalysis, design: Design) -> str:
    """The treatments of a design, joined by a colon."""
    return ":".join(fit.treatments[t] for t in design.arms)


def tau2_within(level: DesignLevel) -> float:
    """DerSimonian–Laird τ² of a model in which each design has effects of its own."""
    df, Q = int(level.each("df").sum()), float(level.each("Q").sum())
    if not df:
        return 0.0
    return moment_tau2(Q - df, level.total - float(level.each("taken").sum()), level.total)
