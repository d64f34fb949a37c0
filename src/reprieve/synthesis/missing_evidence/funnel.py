"""The funnel plot as data: studies, and where in it a study is significant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.errors import InputError
from reprieve.synthesis.findings import Finding, quantile, text_table
from reprieve.synthesis.given import given_mean
from reprieve.synthesis.least_squares import Array

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False, repr=False)
class FunnelContours(Finding):
    """Studies by effect and standard error, with contours of significance.

    Attributes
    ----------
    study : tuple of str
    effect, se, p : ndarray, shape (k,)
        Of each study; p is two-sided, against `reference`.
    estimate : float
        The mean effect of the fit.
    reference : float
        The effect against which significance is reckoned.
    level : float
        Coverage of the funnel around `estimate`.
    contours : tuple of float
        The p values of the contours, rising.
    counts : tuple of int
        Studies in the regions: above the last contour (not significant) first.
    top : float
        Largest standard error of the plot.
    """

    study: tuple[str, ...]
    effect: Array
    se: Array
    p: Array
    estimate: float
    reference: float
    level: float
    contours: tuple[float, ...]
    counts: tuple[int, ...]
    top: float

    def to_frame(self) -> pl.DataFrame:
        """One row per study: study, effect, se, p, and its region.

        The region is the least contour that p lies below, or 1.
        """
        import polars as pl

        ends = np.append(self.contours, 1.0)
        region = ends[np.searchsorted(self.contours, self.p, side="right")]
        return pl.DataFrame(
            {
                "study": list(self.study),
                "effect": self.effect,
                "se": self.se,
                "p": self.p,
                "region": region,
            }
        )

    def lines(self) -> pl.DataFrame:
        """The straight lines of the plot, two points each: line, contour, se, low, high.

        `line` is ``significance`` (around the reference) or ``funnel`` (around the estimate).
        """
        import polars as pl

        rows = [("significance", p, self.reference, 1 - p) for p in self.contours]
        rows.append(("funnel", 1 - self.level, self.estimate, self.level))
        return pl.DataFrame(
            [
                {
                    "line": name,
                    "contour": p,
                    "se": se,
                    "low": centre - quantile((1 + level) / 2, np.inf) * se,
                    "high": centre + quantile((1 + level) / 2, np.inf) * se,
                }
                for name, p, centre, level in rows
                for se in (0.0, self.top)
            ]
        )

    def summary(self) -> str:
        """The number of studies in each region of significance."""
        names = [f"p ≥ {self.contours[-1]:g}"]
        for low, high in zip((0.0, *self.contours[:-1]), self.contours, strict=True):
            names.insert(1, f"{low:g} ≤ p < {high:g}")
        rows = [[name, str(n)] for name, n in zip(names, self.counts, strict=True)]
        return "\n".join(["Funnel by significance", "", *text_table(["", "studies"], rows)])


def funnel_contours(
    data: Any = None,
    *,
    contours: Sequence[float] = (0.01, 0.05, 0.10),
    reference: float = 0.0,
    **how: Any,
) -> FunnelContours:
    """A contour-enhanced funnel plot as data.

    Where the missing studies would lie in the region without significance, publication bias is
    a likely cause of asymmetry; where they would be significant, other causes are likelier.

    Parameters
    ----------
    data : MetaAnalysis, or the data of `meta_analysis`
    contours : sequence of float
        Two-sided p values.
    reference : float
        Effect against which significance is reckoned.
    **how
        The other arguments of `meta_analysis` when `data` are data.

    Returns
    -------
    FunnelContours

    References
    ----------
    Peters, Sutton, Jones, Abrams & Rushton (2008) J Clin Epidemiol 61:991. Cochrane Handbook
    version 6.5, 13.3.5.3.

    Examples
    --------
    >>> funnel = funnel_contours(effect=[-1.2, -0.9, -0.1], se=[0.5, 0.3, 0.1])
    >>> funnel.counts
    (1, 0, 1, 1)
    """
    from scipy.special import ndtr

    ends = np.unique(np.asarray(contours, dtype=float))
    if not len(ends) or not ((ends > 0) & (ends < 1)).all():
        raise InputError(f"contours must be p values between 0 and 1; they were {list(contours)}")
    fit = given_mean(data, how, least=1)
    se = np.sqrt(fit.v)
    p = 2 * ndtr(-np.abs(fit.y - reference) / se)
    region = np.searchsorted(ends, p, side="right")
    counts = np.bincount(region, minlength=len(ends) + 1)[::-1]
    return FunnelContours(
        study=fit.study,
        effect=fit.y,
        se=se,
        p=p,
        estimate=fit.estimate,
        reference=reference,
        level=fit.level,
        contours=tuple(ends.tolist()),
        counts=tuple(counts.tolist()),
        top=1.05 * float(se.max()),
    )
