"""Inference that holds even if the covariance of effects within clusters is wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.base import Interval, Result
from reprieve.synthesis.blocks import BlockDiagonal, Codes
from reprieve.synthesis.correlated.coefficients import Coefficients
from reprieve.synthesis.correlated.multilevel_fit import MultilevelFit
from reprieve.synthesis.correlated.sandwich import (
    Kind,
    Sandwich,
    Working,
    hotelling,
    sandwich,
    satterthwaite,
    wald,
)
from reprieve.synthesis.findings import Finding, plain
from reprieve.synthesis.inputs import Excluded
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.regression import WaldTest

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False, repr=False)
class RobustFit(Finding):
    """Coefficients of a fit with cluster-robust tests and intervals.

    Attributes
    ----------
    coefficients : Coefficients
        The estimates are those of the fit; covariance and degrees of freedom are robust.
    kind : str
        CR0, CR1, CR1p, CR1S, CR2 or CR3.
    df : str
        How degrees of freedom were found.
    clusters : int
        How many there are.
    k : int
        Rows.
    sandwich : Sandwich
        The covariance, with what tests need to know of its precision.
    warnings : tuple of str
        What a reader of the result should know.
    """

    coefficients: Coefficients
    kind: str
    df: str
    clusters: int
    k: int
    sandwich: Sandwich
    warnings: tuple[str, ...]

    @property
    def beta(self) -> Array:
        """Coefficients, shape (p,)."""
        return self.coefficients.beta

    @property
    def cov(self) -> Array:
        """Their robust covariance, shape (p, p)."""
        return self.coefficients.cov

    def interval(self, level: float | None = None) -> dict[str, Interval]:
        """Confidence interval of each coefficient."""
        half = self.coefficients.critical(level) * self.coefficients.se
        return {
            name: (float(b - h), float(b + h))
            for name, b, h in zip(self.coefficients.names, self.beta, half, strict=True)
        }

    def wald_test(
        self, columns: Sequence[str] | str, test: Literal["HTZ", "naive-F"] = "HTZ"
    ) -> WaldTest:
        """Test that the coefficients of `columns` are all zero.

        Parameters
        ----------
        columns : str or sequence of str
        test : {"HTZ", "naive-F"}
            HTZ: F with degrees of freedom from the precision of the robust covariance, the test
            recommended for few clusters (Tipton & Pustejovsky 2015 J Educ Behav Stat 40:604).
            naive-F: F with clusters − 1.
        """
        from scipy.special import fdtrc

        which = self.coefficients.which(columns)
        names = tuple(self.coefficients.names[j] for j in which)
        if test == "HTZ":
            F, m, df = hotelling(self.sandwich, self.beta, which)
        elif test == "naive-F":
            m, df = float(len(which)), float(self.clusters - 1)
            F = wald(self.cov, self.beta, which) / m
        else:
            raise InputError(f'test must be "HTZ" or "naive-F"; it was {test!r}')
        p = float(fdtrc(m, df, F)) if df > 0 else math.nan
        return WaldTest(names, F, (m, df), p)

    def draws(self, n: int = 10_000, seed: int | None = None) -> Array:
        """Draws of the coefficients, shape (n, p), multivariate t."""
        return self.coefficients.draws(n, seed)

    def to_frame(self) -> pl.DataFrame:
        """One row per coefficient: name, estimate, se, statistic, df, p, ci_low, ci_high."""
        return self.coefficients.to_frame()

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        content: dict[str, Any] = plain(
            {
                "robust": {"kind": self.kind, "df": self.df, "clusters": self.clusters},
                "k": self.k,
                "coefficients": self.coefficients.to_list(),
                "warnings": list(self.warnings),
            }
        )
        return content

    def summary(self) -> str:
        """The result as a table to read."""
        lines = [
            f"Cluster-robust inference ({self.kind}, {self.df} degrees of freedom), "
            f"{self.k} rows in {self.clusters} clusters",
            "",
            *self.coefficients.lines(),
        ]
        return "\n".join([*lines, *(f"note: {warning}" for warning in self.warnings)])


def robust(
    fit: Result | MultilevelFit,
    cluster: str | Sequence[Any] | None = None,
    kind: Kind = "CR2",
    *,
    df: Literal["Satterthwaite", "m - p"] = "Satterthwaite",
    level: float | None = None,
) -> RobustFit:
    """Cluster-robust inference for a fit.

    Parameters
    ----------
    fit : MetaAnalysis, MetaRegression or MultilevelFit
        Its weights and its model of the errors are kept; only covariance and tests change.
    cluster : str or sequence, optional
        The cluster of each row of the fit (or of the data that it was given), or the name of a
        grouping column of a multilevel fit. When not given: the studies, or the outermost group.
    kind : {"CR2", "CR0", "CR1", "CR1p", "CR1S", "CR3"}
        CR2 is unbiased under the model of the fit and recommended; CR0 the plain sandwich; CR1,
        CR1p and CR1S inflate it by m/(m − 1), m/(m − p) and m(k − 1)/((m − 1)(k − p)) for m
        clusters; CR3 is close to the jackknife.
    df : {"Satterthwaite", "m - p"}
        Degrees of freedom of t.
    level : float, optional
        Coverage of the intervals; that of the fit when not given.

    Returns
    -------
    RobustFit

    Raises
    ------
    InputError
        Clusters of another length, with a missing value, or that split rows which the fit takes
        to be correlated.
    SynthesisError
        Fewer than two clusters.

    Notes
    -----
    The numbers are those of `coef_test(fit, vcov=kind, cluster=, test="Satterthwaite")` of the R
    package clubSandwich (Pustejovsky & Tipton 2018 J Bus Econ Stat 36:672);
    ``robust(fit, cluster, "CR1p", df="m - p")`` gives those of metafor's `robust()`.

    Examples
    --------
    >>> from reprieve.synthesis import meta_analysis
    >>> trials = {"y": [0.1, -0.4, 0.8, 0.3, 0.5], "v": [0.04, 0.03, 0.06, 0.05, 0.04]}
    >>> fit = meta_analysis(trials, effect="y", variance="v")
    >>> robust(fit, cluster=["a", "a", "b", "c", "d"]).to_frame().row(0, named=True)["df"]
    2.59...
    """
    if kind not in get_args(Kind):
        raise InputError(f"kind must be one of {', '.join(get_args(Kind))}; it was {kind!r}")
    if df not in ("Satterthwaite", "m - p"):
        raise InputError(f'df must be "Satterthwaite" or "m - p"; it was {df!r}')
    codes = _clusters(fit, cluster)
    order = np.argsort(codes, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    if len(groups) < 2:
        raise SynthesisError("robust inference needs two clusters at least; there is one")
    working = _working(fit)
    _check_apart(working.theta, codes)
    found = sandwich(working, groups, kind)
    p = len(fit.beta)
    free = satterthwaite(found) if df == "Satterthwaite" else np.full(p, float(len(groups) - p))
    if (free <= 0).any():
        raise SynthesisError(f"{len(groups)} clusters leave no degrees of freedom for {p} terms")
    few = [n for n, f in zip(fit.names, free, strict=True) if f < 4]
    note = f"fewer than 4 degrees of freedom for {', '.join(few)}: p values may be too small"
    level = fit.level if level is None else level
    return RobustFit(
        coefficients=Coefficients(fit.names, fit.beta, found.cov, free, level),
        kind=kind,
        df=df,
        clusters=len(groups),
        k=fit.k,
        sandwich=found,
        warnings=(note,) if few else (),
    )


def _working(fit: Result | MultilevelFit) -> Working:
    """Weights and errors as the fit took them to be."""
    X = np.ones((fit.k, 1)) if fit.X is None else fit.X
    residual = fit.y - X @ fit.beta
    if isinstance(fit, MultilevelFit):
        return Working(X, residual, None, fit.model.covariance([*fit.theta.values()]))
    tau2 = 0.0 if math.isnan(fit.tau2) else fit.tau2
    own = None if fit.own_weights is None else BlockDiagonal(fit.own_weights)
    return Working(X, residual, own, BlockDiagonal(fit.v + tau2))


def _clusters(fit: Result | MultilevelFit, cluster: str | Sequence[Any] | None) -> Codes:
    """The cluster of each row, by number."""
    if isinstance(cluster, str):
        known = fit.factors.names if isinstance(fit, MultilevelFit) else ()
        if cluster not in known:
            raise InputError(
                f"the fit has no grouping column {cluster!r}; "
                + (f"it has {list(known)}" if known else "give the cluster of each row")
            )
        labels: Sequence[Any] = fit.factors.labels([cluster])  # type: ignore[union-attr]
    elif cluster is None and isinstance(fit, MultilevelFit):
        labels = fit.factors.labels(fit.random[0].group[:1])
    elif cluster is None:
        labels = fit.study
    else:
        labels = _without_excluded(list(cluster), fit.k, fit.excluded)
    missing = [i for i, label in enumerate(labels) if label is None or label != label]
    if missing:
        raise InputError(f"row {missing[0] + 1} of the fit has no cluster; give every row one")
    places: dict[Any, int] = {}
    return np.array([places.setdefault(label, len(places)) for label in labels], dtype=np.intp)


def _without_excluded(labels: list[Any], k: int, excluded: tuple[Excluded, ...]) -> list[Any]:
    if len(labels) == k + len(excluded):
        gone = {row.row - 1 for row in excluded}
        labels = [label for i, label in enumerate(labels) if i not in gone]
    if len(labels) != k:
        raise InputError(
            f"cluster holds {len(labels)} values, but the fit has {k} rows; give one each"
        )
    return labels


def _check_apart(theta: BlockDiagonal, codes: Codes) -> None:
    """Refuse clusters that split rows which the fit takes to be correlated."""
    for i, j in theta.links():
        if codes[i] != codes[j]:
            raise InputError(
                f"rows {i + 1} and {j + 1} of the fit are correlated but in different clusters; "
                "a cluster must hold whole groups of every random effect: use the outermost"
            )
