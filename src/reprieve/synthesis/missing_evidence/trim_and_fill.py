"""Trim and fill: how many studies the funnel lacks on one side, and the mean with them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import SynthesisError
from reprieve.synthesis.core import fit_batch
from reprieve.synthesis.findings import (
    Finding,
    choice,
    interval_text,
    notes_text,
    number,
    text_table,
)
from reprieve.synthesis.given import given_mean
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.pairwise import meta_analysis
from reprieve.synthesis.results import MetaAnalysis

if TYPE_CHECKING:
    import polars as pl

_STEPS = 100

Estimator = Literal["L0", "R0", "Q0"]


@dataclass(frozen=True, eq=False, repr=False)
class TrimAndFill(Finding):
    """A meta-analysis to which mirror images of its most extreme studies were added.

    Attributes
    ----------
    missing : int
        Studies estimated to be missing.
    missing_se : float
        Its standard error.
    p : float
        Test that none is missing, for estimator R0; otherwise NaN.
    side : str
        Where they are missing.
    estimator : str
    original, filled : MetaAnalysis
        The fit as it was, and with the added studies (labelled ``Filled 1`` …).
    warnings : tuple of str
    """

    missing: int
    missing_se: float
    p: float
    side: str
    estimator: str
    original: MetaAnalysis
    filled: MetaAnalysis
    warnings: tuple[str, ...]

    @property
    def estimate(self) -> float:
        """The mean effect with the added studies."""
        return self.filled.estimate

    @property
    def ci(self) -> tuple[float, float]:
        """Its confidence interval."""
        return self.filled.ci

    @property
    def added(self) -> tuple[Array, Array]:
        """Effects and sampling variances of the added studies."""
        k = self.original.k
        return self.filled.y[k:], self.filled.v[k:]

    def draws(self, n: int = 10_000, seed: int | None = None) -> Array:
        """Draws of the mean effect with the added studies."""
        return self.filled.draws(n, seed)

    def to_frame(self) -> pl.DataFrame:
        """One row per fit: the original and the filled."""
        import polars as pl

        fits = (("original", self.original), ("filled", self.filled))
        rows = [
            fit.to_frame().with_columns(name=pl.lit(name), k=pl.lit(fit.k), tau2=pl.lit(fit.tau2))
            for name, fit in fits
        ]
        return pl.concat(rows)

    def summary(self) -> str:
        """The result as a table to read."""
        rows = []
        for name, fit in (("original", self.original), ("filled", self.filled)):
            cells = [number(value) for value in (fit.estimate, fit.se, fit.tau2)]
            rows.append([name, str(fit.k), *cells[:2], interval_text(fit.ci), cells[2]])
        ends = f"{100 * self.original.level:g} % CI"
        lines = [
            f"Trim and fill ({self.estimator}): {self.missing} studies missing on the {self.side} "
            f"(SE {number(self.missing_se, 2)})",
            "",
            *text_table(["", "k", "estimate", "se", ends, "τ²"], rows),
        ]
        return "\n".join(lines + notes_text(self.warnings))


def trim_and_fill(
    data: Any = None,
    *,
    estimator: Estimator = "L0",
    side: Literal["auto", "left", "right"] = "auto",
    **how: Any,
) -> TrimAndFill:
    """Estimate how many studies are missing, add them, and pool again.

    Parameters
    ----------
    data : MetaAnalysis, or the data of `meta_analysis`
        Trimming and filling use the method, test and weights of this fit.
    estimator : {"L0", "R0", "Q0"}
        Of the number of missing studies. L0 keeps its head best; R0 comes with a test.
    side : {"auto", "left", "right"}
        Where studies are missing; ``auto`` looks at the slope of a meta-regression on the
        standard error (falling: missing on the right).
    **how
        The other arguments of `meta_analysis` when `data` are data.

    Returns
    -------
    TrimAndFill

    Raises
    ------
    SynthesisError
        Q0 where so many studies lie on one side that its equation has no real root; or
        a number of missing studies that keeps changing.

    References
    ----------
    Duval & Tweedie (2000) J Am Stat Assoc 95:89; Biometrics 56:455; `trimfill` of the R package
    metafor. The added studies show what symmetry would look like, not what unseen studies found
    (Cochrane Handbook version 6.5, 13.3.5.5).

    Examples
    --------
    >>> result = trim_and_fill(
    ...     effect=[-1.2, -0.9, -0.8, -0.4, -0.5, -0.3],
    ...     se=[0.5, 0.4, 0.3, 0.2, 0.15, 0.1], side="right", method="DL")
    >>> result.missing, round(result.original.estimate, 2), round(result.estimate, 2)
    (2, -0.49, -0.43)
    """
    choice("estimator", estimator, ("L0", "R0", "Q0"))
    choice("side", side, ("auto", "left", "right"))
    fit = given_mean(data, how)
    if side == "auto":
        side = _empty_side(fit)
    sign = -1.0 if side == "right" else 1.0
    order = np.argsort(sign * fit.y, kind="stable")
    count, se, mean = _missing(fit, sign, order, estimator)
    extreme = order[fit.k - count :]
    return TrimAndFill(
        missing=count,
        missing_se=se,
        p=0.5 ** (count + 1) if estimator == "R0" else math.nan,
        side=side,
        estimator=estimator,
        original=fit,
        filled=_filled(fit, 2 * sign * mean - fit.y[extreme], extreme) if count else fit,
        warnings=fit.warnings,
    )


def _empty_side(fit: MetaAnalysis) -> Literal["left", "right"]:
    X = np.column_stack([np.ones(fit.k), np.sqrt(fit.v)])
    slope = fit_batch(fit.y, fit.v, X, method=fit.method, test="z", weights=fit.own_weights).beta[1]
    if math.isnan(slope):
        raise SynthesisError(
            "the side where studies are missing can't be told, since all have the same standard "
            "error or are too few; give side='left' or side='right'"
        )
    return "right" if slope < 0 else "left"


def _missing(
    fit: MetaAnalysis, sign: float, order: NDArray[np.intp], estimator: Estimator
) -> tuple[int, float, float]:
    """Number of missing studies, its standard error, and the trimmed mean (both as signed)."""
    y, v = sign * fit.y[order], fit.v[order]
    w = None if fit.own_weights is None else fit.own_weights[order]
    k, count = fit.k, 0
    if y[0] == y[-1]:
        return 0, math.nan, float(y[0])
    for _ in range(_STEPS):
        kept = slice(0, k - count)
        mean = _mean(y[kept], v[kept], None if w is None else w[kept], fit.method)
        raw, se = _estimate(y - mean, estimator)
        before, count = count, max(0, round(raw))
        if count == before:
            return count, max(0.0, se), mean
    raise SynthesisError(
        f"trim and fill with {estimator} does not settle on a number of missing studies; "
        "try another estimator"
    )


def _mean(y: Array, v: Array, w: Array | None, method: str) -> float:
    if len(y) == 1:
        return float(y[0])
    return float(fit_batch(y, v, method=method, test="z", weights=w).beta[0])


def _estimate(centred: Array, estimator: Estimator) -> tuple[float, float]:
    """Missing studies and standard error, from effects around the trimmed mean."""
    k = len(centred)
    rank = np.empty(k)
    rank[np.argsort(np.abs(centred), kind="stable")] = np.arange(1, k + 1)
    if estimator == "R0":
        missing = k - rank[centred < 0].max(initial=0) - 1
        return float(missing), math.sqrt(2 * max(0.0, missing) + 2)
    total = float(rank[centred > 0].sum())
    if estimator == "L0":
        missing = (4 * total - k * (k + 1)) / (2 * k - 1)
    else:
        root = 2 * k**2 - 4 * total + 0.25
        if root < 0:
            raise SynthesisError(
                "Q0 has no value here: so many studies lie on one side that its equation has no "
                "real root; use estimator L0 or R0, or the other side"
            )
        missing = k - 0.5 - math.sqrt(root)
    variance = (
        k * (k + 1) * (2 * k + 1)
        + 10 * missing**3
        + 27 * missing**2
        + 17 * missing
        - 18 * k * missing**2
        - 18 * k * missing
        + 6 * k**2 * missing
    ) / 24
    if variance < 0:
        return missing, math.nan
    if estimator == "L0":
        return missing, 4 * math.sqrt(variance) / (2 * k - 1)
    below = (k - 0.5) ** 2 - missing * (2 * k - missing - 1)
    return missing, 2 * math.sqrt(variance) / math.sqrt(below) if below > 0 else math.nan


def _filled(fit: MetaAnalysis, added: Array, source: NDArray[np.intp]) -> MetaAnalysis:
    w = fit.own_weights
    return meta_analysis(
        effect=np.concatenate([fit.y, added]),
        variance=np.concatenate([fit.v, fit.v[source]]),
        weights=None if w is None else np.concatenate([w, w[source]]),
        study=[*fit.study, *(f"Filled {i + 1}" for i in range(len(added)))],
        method=fit.method,
        test=fit.test,
        level=fit.level,
    )
