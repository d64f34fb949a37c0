"""GOSH: the effects and heterogeneity of all subsets of the studies, as a map of their number."""

from __future__ import annotations

import altair as alt
import numpy as np

from reprieve.figures.drawing import SIZES, Row, layered, rows, x_pixel, y_pixel
from reprieve.figures.effect_axis import EffectAxis, Favours, Transform
from reprieve.figures.forest_table import Width
from reprieve.figures.theme import MUTED, OKABE_ITO, themed
from reprieve.synthesis.diagnostics.gosh import Gosh
from reprieve.synthesis.least_squares import Array

CELLS = {"wide": (62, 40), "narrow": (36, 30)}
"""Cells across and up."""
_MARGIN = 56
"""Height of the histograms at the edges."""


def gosh(
    result: Gosh,
    *,
    measure: str = "Effect",
    transform: Transform = None,
    favours: Favours = None,
    width: Width = "wide",
) -> alt.LayerChart:
    """How many subsets give which effect with which I².

    Separate clusters mean that a few studies decide what comes out. Histograms at the edges count
    effects alone and I² alone; a cross marks all studies together.

    Parameters
    ----------
    result : Gosh
        From :func:`reprieve.synthesis.gosh.gosh`.
    measure, transform, favours, width
        As in :func:`forest_of`.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> from reprieve.synthesis import meta_analysis
    >>> from reprieve.synthesis import gosh as all_subsets
    >>> fit = meta_analysis(effect=[-12.0, -4.0, -9.0, -15.0], se=[4.0, 3.0, 5.0, 4.5])
    >>> "11 subsets" in gosh(all_subsets(fit)).to_dict()["description"]
    True
    """
    across, high = SIZES[width]
    effect, I2 = _usable(result)
    axis = EffectAxis(
        float(effect.min()),
        float(effect.max()),
        name=measure,
        transform=transform,
        favours=favours,
    )
    columns, lines = CELLS[width]
    counts, x_edges, y_edges = np.histogram2d(
        effect, I2, bins=(columns, lines), range=(axis.domain, (0.0, 100.0))
    )
    right, top = across - _MARGIN, _MARGIN
    x = axis.x("x", range=[0, right])
    y = EffectAxis(0.0, 100.0, name="I², percent").y("y", range=[high, top])
    layers = [
        _heat(counts, x_edges, y_edges, axis, x, y),
        *_margins(counts, x_edges, y_edges, x, y, right, top),
        *_all_together(result, x, y),
    ]
    return themed(
        layered(
            layers, width=across, height=high, description=_description(result, effect, I2, axis)
        )
    )


def _usable(result: Gosh) -> tuple[Array, Array]:
    """Effect and I² of the subsets that have both: those of two studies or more."""
    known = (result.k > 1) & np.isfinite(result.estimate) & np.isfinite(result.I2)
    return result.estimate[known], result.I2[known]


def _heat(
    counts: Array, x_edges: Array, y_edges: Array, axis: EffectAxis, x: alt.X, y: alt.Y
) -> alt.Chart:
    cells = [
        {
            "x": x_edges[i],
            "x2": x_edges[i + 1],
            "y": y_edges[j],
            "y2": y_edges[j + 1],
            "subsets": int(counts[i, j]),
            "Effect": axis.interval((x_edges[i], x_edges[i + 1])),
            "I²": f"{y_edges[j]:.0f} to {y_edges[j + 1]:.0f}%",
        }
        for i, j in np.argwhere(counts > 0)
    ]
    layer: alt.Chart = (
        rows(cells)
        .mark_rect(opacity=1)
        .encode(
            x=x,
            x2=alt.X2("x2:Q"),
            y=y,
            y2=alt.Y2("y2:Q"),
            color=alt.Color(
                "subsets:Q",
                scale=alt.Scale(
                    type="log",
                    domain=[1, max(2, int(counts.max()))],
                    range=["#cfe3f1", "#0072b2", "#00263b"],
                    interpolate="lab",
                ),
                legend=alt.Legend(title="Subsets in a cell", tickCount=4),
            ),
            tooltip=["Effect:N", "I²:N", alt.Tooltip("subsets:Q", title="Subsets", format=",")],
        )
    )
    return layer


def _margins(
    counts: Array,
    x_edges: Array,
    y_edges: Array,
    x: alt.X,
    y: alt.Y,
    right: float,
    top: float,
) -> list[alt.Chart]:
    """Histograms of effects above, and of I² at the right."""
    of_effects, of_I2 = counts.sum(axis=1), counts.sum(axis=0)
    room = _MARGIN - 8

    def bars(numbers: Array, edges: Array, name: str, start: float, sign: int) -> list[Row]:
        return [
            {
                name: edges[i],
                f"{name}2": edges[i + 1],
                "from": start,
                "to": start + sign * room * n / numbers.max(),
            }
            for i, n in enumerate(numbers)
            if n
        ]

    return [
        rows(bars(of_effects, x_edges, "x", top - 4, -1))
        .mark_rect(color=MUTED, opacity=0.6, aria=False)
        .encode(x=x, x2=alt.X2("x2:Q"), y=y_pixel("from"), y2=alt.Y2("to:Q")),
        rows(bars(of_I2, y_edges, "y", right + 4, 1))
        .mark_rect(color=MUTED, opacity=0.6, aria=False)
        .encode(y=y, y2=alt.Y2("y2:Q"), x=x_pixel("from"), x2=alt.X2("to:Q")),
    ]


def _all_together(result: Gosh, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """A cross at the fit of all studies, where it is among the subsets."""
    whole = np.flatnonzero(result.k == len(result.study))
    if not len(whole):
        return []
    i = whole[0]
    at = [{"x": result.estimate[i], "y": result.I2[i], "Subset": "all studies together"}]
    return [
        rows(at)
        .mark_point(shape="cross", size=130, filled=True, color=OKABE_ITO["orange"], opacity=1)
        .encode(x=x, y=y, stroke=alt.value("#1b2430"), tooltip=["Subset:N"])
    ]


def _description(result: Gosh, effect: Array, I2: Array, axis: EffectAxis) -> str:
    low, middle, high = np.quantile(effect, [0.025, 0.5, 0.975]).tolist()
    kind = "all" if result.exact else "random"
    return (
        f"Meta-analyses of {len(effect):,} subsets ({kind}) of {len(result.study)} studies. "
        f"{axis.name}: median {axis.number(middle)}, 95% of them {axis.interval((low, high))}; "
        f"I²: median {np.median(I2):.0f}%, from {I2.min():.0f} to {I2.max():.0f}%."
    )
