"""Subgroups of studies, pooled apart, and the test whether their means differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.findings import Finding, interval_text, number, p_text, plain, text_table
from reprieve.synthesis.inputs import column
from reprieve.synthesis.pairwise import meta_analysis
from reprieve.synthesis.results import MetaAnalysis

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False, repr=False)
class Subgroups(Finding):
    """Subgroups pooled apart.

    Attributes
    ----------
    labels : tuple of str
        The subgroup of each study of the fit.
    fits : dict of str to MetaAnalysis
        By subgroup, in the order in which they first come; each has its own τ².
    Q, df, p : float, int, float
        The test that the means of all subgroups are equal.
    """

    labels: tuple[str, ...]
    fits: Mapping[str, MetaAnalysis]
    Q: float
    df: int
    p: float

    def to_frame(self) -> pl.DataFrame:
        """One row a subgroup: subgroup, k, estimate, se, ci_low, ci_high, tau2, I2."""
        import polars as pl

        return pl.DataFrame(
            [
                {
                    "subgroup": name,
                    "k": fit.k,
                    "estimate": fit.estimate,
                    "se": fit.se,
                    "ci_low": fit.ci[0],
                    "ci_high": fit.ci[1],
                    "tau2": fit.tau2,
                    "I2": fit.I2 if fit.k > 1 else None,
                }
                for name, fit in self.fits.items()
            ],
            schema_overrides={"I2": pl.Float64},
        )

    def to_dict(self) -> dict[str, Any]:
        """The result in plain Python types."""
        return {
            "subgroups": plain(self.to_frame().to_dicts()),
            "difference": {"Q": plain(self.Q), "df": self.df, "p": plain(self.p)},
        }

    def summary(self) -> str:
        """The result as a table to read."""
        rows = [
            [name, str(fit.k), number(fit.estimate), interval_text(fit.ci), number(fit.tau2)]
            for name, fit in self.fits.items()
        ]
        return "\n".join(
            [
                "Subgroups",
                "",
                *text_table(["", "k", "estimate", "interval", "τ²"], rows),
                "",
                f"Difference of their means: Q {self.Q:.4f}, df {self.df}, p {p_text(self.p)}",
            ]
        )


def subgroups(fit: MetaAnalysis, labels: Any, data: Any = None) -> Subgroups:
    """Pool each subgroup of the studies apart, and test whether their means differ.

    Parameters
    ----------
    fit : MetaAnalysis
        Its method, test, weights and level are kept.
    labels : sequence or str
        The subgroup of each study of the fit, or of each row of the data that it was made from.
    data : data frame or mapping, optional
        Holds the column when `labels` is its name.

    Returns
    -------
    Subgroups

    Raises
    ------
    InputError
        Not one label a study, or a label missing.
    SynthesisError
        A single subgroup.

    Notes
    -----
    Q is the weighted sum of squares of the subgroups' means around their common mean, χ² with a
    degree of freedom less than there are subgroups (Cochrane Handbook version 6.5, 10.11.3.1;
    Borenstein et al. 2009 Introduction to Meta-Analysis, chapter 19). Its standard errors are
    normal ones, whatever the test of the fit. Each subgroup has its own τ²; with few studies a
    `meta_regression` on the label, in which they share it, is the better test.

    Examples
    --------
    >>> fit = meta_analysis(
    ...     effect=[-12.0, -4.0, -9.0, -15.0, -1.0], se=[4.0, 3.0, 5.0, 4.5, 4.0], test="z"
    ... )
    >>> found = subgroups(fit, ["bone marrow", "fat", "bone marrow", "bone marrow", "fat"])
    >>> [(name, round(part.estimate, 2)) for name, part in found.fits.items()]
    [('bone marrow', -12.19), ('fat', -2.92)]
    >>> round(found.Q, 2), found.df, round(found.p, 3)
    (6.95, 1, 0.008)
    """
    names = _labels(fit, column(data, labels, "labels"))
    parts = list(dict.fromkeys(names))
    if len(parts) < 2:
        raise SynthesisError(
            f"all studies are in one subgroup ({parts[0]!r}); a comparison needs at least two"
        )
    places = {part: [i for i, name in enumerate(names) if name == part] for part in parts}
    fits = {part: _pooled(fit, which, fit.test) for part, which in places.items()}
    plain_fits = [_pooled(fit, which, "z") for which in places.values()]
    between = meta_analysis(
        effect=[part.estimate for part in plain_fits],
        se=[part.se for part in plain_fits],
        method="EE",
        test="z",
    )
    return Subgroups(names, fits, between.Q, between.Q_df, between.Q_p)


def _pooled(fit: MetaAnalysis, which: list[int], test: str) -> MetaAnalysis:
    return meta_analysis(
        effect=fit.y[which],
        variance=fit.v[which],
        study=[fit.study[i] for i in which],
        method=fit.method,
        test=test,
        weights=None if fit.own_weights is None else fit.own_weights[which],
        level=fit.level,
    )


def _labels(fit: MetaAnalysis, values: Any) -> tuple[str, ...]:
    values, gone = list(values), {row.row - 1 for row in fit.excluded}
    if len(values) == fit.k + len(gone):
        values = [value for i, value in enumerate(values) if i not in gone]
    if len(values) != fit.k:
        raise InputError(
            f"{len(values)} subgroup labels were given, but the fit has {fit.k} studies; give one "
            "each"
        )
    for study, value in zip(fit.study, values, strict=True):
        if value is None or value != value or not str(value).strip():
            raise InputError(f"study {study!r} has no subgroup label; give one, or leave it out")
    return tuple(map(str, values))
