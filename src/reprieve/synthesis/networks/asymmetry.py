"""Small-study effects in a network: Egger's test of the comparison-adjusted funnel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.findings import Finding, plain
from reprieve.synthesis.networks.direct import direct_estimates

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.results import NetworkMetaAnalysis


@dataclass(frozen=True, eq=False, repr=False)
class AdjustedFunnel(Finding):
    """Contrasts about the pooled estimate of their comparison, and Egger's test of them.

    Chaimani & Salanti 2012 Res Synth Methods 3:161; netmeta's ``metabias``. Trials of several
    arms count with all their contrasts.

    Attributes
    ----------
    order : tuple of str
        Contrasts are taken as earlier minus later treatment.
    bias, se : float
        Slope of the adjusted effect on its standard error, and its standard error.
    statistic, p : float
        t and its two-sided p value.
    df : int
    points : data frame
        study, treatment1, treatment2, effect (as ordered), adjusted, se.
    """

    order: tuple[str, ...]
    bias: float
    se: float
    statistic: float
    df: int
    p: float
    points: pl.DataFrame

    def to_frame(self) -> pl.DataFrame:
        """The points of the funnel."""
        return self.points

    def to_dict(self) -> dict[str, Any]:
        """The test, and the points as a list of rows."""
        names = ("order", "bias", "se", "statistic", "df", "p")
        found: dict[str, Any] = plain({name: getattr(self, name) for name in names})
        return found | {"points": self.points.to_dicts()}

    def summary(self) -> str:
        """The test to read."""
        return (
            f"Egger's test of the comparison-adjusted funnel, order {', '.join(self.order)}\n"
            f"bias {self.bias:.4f}   SE {self.se:.4f}   t {self.statistic:.3f}   "
            f"df {self.df}   p {self.p:.4f}"
        )


def adjusted_funnel(fit: NetworkMetaAnalysis, order: Sequence[str]) -> AdjustedFunnel:
    """The comparison-adjusted funnel; see `NetworkMetaAnalysis.asymmetry`."""
    import polars as pl
    from scipy.special import stdtr

    if isinstance(order, str) or sorted(order) != sorted(fit.treatments):
        raise InputError(
            "order must name every treatment once, such as newest to oldest; the treatments are "
            f"{', '.join(fit.treatments)}"
        )
    rows = fit.trials.rows
    df = fit.m - 2
    if df < 1:
        raise SynthesisError(f"Egger's test needs three contrasts or more; there are {fit.m}")
    place = np.empty(fit.n, dtype=np.intp)
    place[[fit.place(name) for name in order]] = np.arange(fit.n)
    sign = np.where(place[rows.a] < place[rows.b], 1.0, -1.0)
    mean, _, _ = direct_estimates(fit.trials, fit.tau2_used)
    adjusted = sign * (rows.y - mean[rows.a, rows.b])
    x, w = np.sqrt(rows.v), 1 / rows.v
    centred = x - (w @ x) / w.sum()
    information = w @ centred**2
    if not information > 1e-12 * (w @ x**2):
        raise SynthesisError("all contrasts have the same standard error; a funnel has no width")
    bias = float(w @ (centred * adjusted) / information)
    left = adjusted - (w @ adjusted) / w.sum() - bias * centred
    se = float(np.sqrt((w @ left**2) / df / information))
    statistic = bias / se
    names = np.array(fit.treatments, dtype=object)
    forward = sign > 0
    points = pl.DataFrame(
        {
            "study": [rows.studies[s] for s in rows.study],
            "treatment1": np.where(forward, names[rows.a], names[rows.b]).tolist(),
            "treatment2": np.where(forward, names[rows.b], names[rows.a]).tolist(),
            "effect": sign * rows.y,
            "adjusted": adjusted,
            "se": x,
        }
    )
    p = float(2 * stdtr(df, -abs(statistic)))
    return AdjustedFunnel(tuple(order), bias, se, statistic, df, p, points)
