"""Leave-one-out and cumulative meta-analysis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.base import Result
from reprieve.synthesis.diagnostics.refits import Refits, check_several
from reprieve.synthesis.diagnostics.tables import frame_table
from reprieve.synthesis.findings import Finding, plain
from reprieve.synthesis.inputs import column
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.results import MetaAnalysis

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False, repr=False)
class SequenceOfFits(Finding):
    """A meta-analysis repeated with a study left out, or with one study after another added.

    Attributes
    ----------
    kind : {"leave-one-out", "cumulative"}
    study : tuple of str
        The study that was left out, or added last.
    k : ndarray of int
        Studies pooled.
    estimate, se : ndarray
        The mean effect and its standard error.
    df : ndarray
        Degrees of freedom of its test; infinite for the normal distribution.
    tau2, I2, H2, Q, Q_df : ndarray
        Heterogeneity, as in `MetaAnalysis`; a study alone has no τ².
    method, test : str
        Those of the fit.
    level : float
        Coverage of `ci_low` to `ci_high`.
    """

    kind: Literal["leave-one-out", "cumulative"]
    study: tuple[str, ...]
    k: NDArray[np.int64]
    estimate: Array
    se: Array
    df: Array
    tau2: Array
    I2: Array
    H2: Array
    Q: Array
    Q_df: Array
    method: str
    test: str
    level: float

    @cached_property
    def statistic(self) -> Array:
        """Estimate over standard error."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.estimate / self.se)

    @cached_property
    def p(self) -> Array:
        """Two-sided p value of no effect."""
        from scipy.special import ndtr, stdtr

        size = -np.abs(self.statistic)
        return np.asarray(2 * np.where(np.isinf(self.df), ndtr(size), stdtr(self.df, size)))

    @cached_property
    def _half_width(self) -> Array:
        from scipy.special import ndtri, stdtrit

        df, home = np.unique(self.df, return_inverse=True)
        tail = (1 + self.level) / 2
        critical = np.where(np.isinf(df), ndtri(tail), stdtrit(df, tail))
        return np.asarray(critical[home] * self.se)

    @property
    def ci_low(self) -> Array:
        """Lower end of the confidence interval at `level`."""
        return self.estimate - self._half_width

    @property
    def ci_high(self) -> Array:
        """Upper end of the confidence interval at `level`."""
        return self.estimate + self._half_width

    @cached_property
    def Q_p(self) -> Array:  # noqa: N802
        """P value of the test of homogeneity."""
        from scipy.special import chdtrc

        return np.where(self.Q_df > 0, chdtrc(np.maximum(self.Q_df, 1), self.Q), 1.0)

    def to_frame(self) -> pl.DataFrame:
        """One row per fit: study, k, estimate, se, statistic, df, p, interval, heterogeneity."""
        import polars as pl

        effect = ["k", "estimate", "se", "statistic", "df", "p", "ci_low", "ci_high"]
        spread = ["tau2", "I2", "H2", "Q", "Q_df", "Q_p"]
        return pl.DataFrame(
            {"study": list(self.study), **{name: getattr(self, name) for name in effect + spread}}
        )

    def to_dict(self) -> dict[str, Any]:
        """The result in plain Python types."""
        return {
            "kind": self.kind,
            "model": {"method": self.method, "test": self.test, "level": 100 * self.level},
            "fits": plain(self.to_frame().to_dicts()),
        }

    def summary(self) -> str:
        """The result as a table to read."""
        which = "left out" if self.kind == "leave-one-out" else "added"
        names = ["study", "k", "estimate", "se", "p", "ci_low", "ci_high", "tau2", "I2", "Q"]
        title = f"{self.kind.capitalize()} meta-analysis ({self.method}, test: {self.test})"
        frame = self.to_frame().select(names).rename({"study": which})
        return f"{title}\n\n{frame_table(frame)}"


def leave_one_out(fit: MetaAnalysis) -> SequenceOfFits:
    """Repeat a meta-analysis without each of its studies in turn.

    Parameters
    ----------
    fit : MetaAnalysis
        Its method, test, level and weights are kept.

    Returns
    -------
    SequenceOfFits
        A row per study, in the order of the fit.

    Raises
    ------
    SynthesisError
        One study alone, or a meta-regression (`influence` serves it).

    Notes
    -----
    The numbers are those of `leave1out` of the R package metafor; Viechtbauer & Cheung (2010)
    Res Synth Methods 1:112.

    Examples
    --------
    >>> from reprieve.synthesis import meta_analysis
    >>> fit = meta_analysis(
    ...     effect=[-12.0, -4.0, -9.0, -15.0], se=[4.0, 3.0, 5.0, 4.5], study=[*"ABCD"], test="z"
    ... )
    >>> without = leave_one_out(fit)
    >>> without.study, without.estimate.round(2)
    (('A', 'B', 'C', 'D'), array([ -8.68, -12.19,  -9.71,  -7.69]))
    """
    _check_pairwise(fit, "leave-one-out analysis")
    check_several(fit, "a leave-one-out analysis")
    return _sequence("leave-one-out", fit, ~np.eye(fit.k, dtype=bool), fit.study)


def cumulative(fit: MetaAnalysis, order: Any = None, data: Any = None) -> SequenceOfFits:
    """Repeat a meta-analysis as its studies came in, one after another.

    Parameters
    ----------
    fit : MetaAnalysis
        Its method, test, level and weights are kept.
    order : sequence or str, optional
        What sorts the studies, such as the year: a value per study of the fit, or per row of the
        data that it was made from. Equal values keep the order of the data. By default the
        studies come as they stand.
    data : data frame or mapping, optional
        Holds the column when `order` is its name.

    Returns
    -------
    SequenceOfFits
        A row per study, in the order in which they were added.

    Raises
    ------
    InputError
        `order` of another length, or with a value missing.
    SynthesisError
        A meta-regression.

    Notes
    -----
    Lau et al. (1992) N Engl J Med 327:248. The numbers are those of `cumul` of the R package
    metafor, but for τ², I² and H² of the first study alone, which are NaN here.

    Examples
    --------
    >>> from reprieve.synthesis import meta_analysis
    >>> fit = meta_analysis(
    ...     effect=[-12.0, -4.0, -9.0, -15.0], se=[4.0, 3.0, 5.0, 4.5], study=[*"ABCD"], test="z"
    ... )
    >>> steps = cumulative(fit, order=[2012, 2020, 2009, 2015])
    >>> steps.study, steps.estimate.round(2)
    (('C', 'A', 'D', 'B'), array([ -9.  , -10.83, -12.19,  -9.39]))
    """
    _check_pairwise(fit, "cumulative analysis")
    places = np.arange(fit.k) if order is None else _sorted(fit, column(data, order, "order"))
    used = np.empty((fit.k, fit.k), dtype=bool)
    used[:, places] = np.tri(fit.k, dtype=bool)
    return _sequence("cumulative", fit, used, tuple(fit.study[i] for i in places))


def _sequence(
    kind: Literal["leave-one-out", "cumulative"],
    fit: MetaAnalysis,
    used: NDArray[np.bool_],
    study: tuple[str, ...],
) -> SequenceOfFits:
    refits = Refits(fit, used)
    df = np.where(refits.alone | (fit.test == "z"), np.inf, refits.k - 1.0)
    return SequenceOfFits(
        kind=kind,
        study=study,
        k=refits.k.astype(np.int64),
        estimate=refits.beta[:, 0],
        se=np.sqrt(refits.cov[:, 0, 0]),
        df=df,
        tau2=refits.tau2,
        I2=refits.I2,
        H2=refits.H2,
        Q=refits.Q,
        Q_df=refits.Q_df,
        method=fit.method,
        test=fit.test,
        level=fit.level,
    )


def _sorted(fit: MetaAnalysis, values: Any) -> NDArray[np.intp]:
    """The places of the fit's studies in the order of `values`."""
    values, rows = list(values), fit.k + len(fit.excluded)
    if len(values) == rows:
        out = {row.row - 1 for row in fit.excluded}
        values = [value for i, value in enumerate(values) if i not in out]
    elif len(values) != fit.k:
        either = f" or {rows}, one per row of the data" * (rows != fit.k)
        raise InputError(
            f"order holds {len(values)} values; it takes {fit.k}, one per study{either}"
        )
    for name, value in zip(fit.study, values, strict=True):
        if value is None or value != value:
            raise InputError(f"order has no value for study {name!r}; give one, or leave it out")
    try:
        return np.array(sorted(range(fit.k), key=values.__getitem__), dtype=np.intp)
    except TypeError as error:
        raise InputError(f"the values of order can't be sorted: {error}") from error


def _check_pairwise(fit: Result, what: str) -> None:
    if not isinstance(fit, MetaAnalysis):
        raise SynthesisError(
            f"a {what} is of a meta-analysis without moderators, not of a {type(fit).__name__}; "
            "influence() shows what each study does to a meta-regression"
        )
