"""Sequential boundaries: evidence as it accrued, and where it would be firm or futile."""

from __future__ import annotations

import math

import altair as alt
import numpy as np

from reprieve.figures.drawing import SIZES, Row, layered, rows
from reprieve.figures.effect_axis import EffectAxis, Favours
from reprieve.figures.forest_table import Width
from reprieve.figures.theme import INK, MUTED, OKABE_ITO, themed
from reprieve.synthesis.accruing.sequential import SequentialAnalysis
from reprieve.synthesis.least_squares import Array

_HIGHEST = 8.0
"""Boundaries of early looks beyond this z are left out of the picture."""
_FIRM, _FUTILE = "firm evidence beyond", "futile between"
_LOOKS = {_FIRM: (OKABE_ITO["vermillion"], [7, 3]), _FUTILE: (MUTED, [2, 3])}


def boundaries(
    result: SequentialAnalysis, *, favours: Favours = None, width: Width = "wide"
) -> alt.LayerChart:
    """Z after each study against the share of the required information.

    Parameters
    ----------
    result : SequentialAnalysis
        From :func:`reprieve.synthesis.sequential.sequential_analysis`.
    favours : tuple of str, optional
        Whom negative and whom positive z favour.
    width : {"wide", "narrow"}

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> from reprieve.synthesis import sequential_analysis
    >>> found = sequential_analysis(
    ...     effect=[-0.62, -0.21, -0.48, -0.35, -0.41], se=[0.31, 0.24, 0.22, 0.15, 0.12], delta=0.3
    ... )
    >>> chart = boundaries(found)
    >>> "boundary was crossed" in chart.to_dict()["description"]
    True
    """
    percent = (100 * result.fraction).tolist()
    bound = np.where(result.boundary <= _HIGHEST, result.boundary, np.nan)
    reach = max(4.0, *np.abs(result.z).tolist(), *bound[np.isfinite(bound)].tolist())
    x_axis = EffectAxis(0.0, max(105.0, *percent), name="Percent of the required information")
    z_axis = EffectAxis(-reach, reach, name="z of the pooled effect", favours=favours)
    edges = [*_edge(percent, bound, _FIRM), *_edge(percent, result.futility, _FUTILE)]
    layers = [
        _frame(x_axis, z_axis),
        *([_edges(edges, x_axis, z_axis)] if edges else []),
        *_path(result, percent, x_axis, z_axis),
    ]
    across, high = SIZES[width]
    return themed(
        layered(
            layers,
            width=across,
            height=high,
            description=f"Trial sequential analysis of {len(result.study)} studies. "
            f"{result.conclusion}",
        )
    )


def _edge(percent: list[float], values: Array, name: str) -> list[Row]:
    """A boundary and its mirror image."""
    return [
        {"x": x, "z": sign * value, "edge": name, "side": sign}
        for sign in (1, -1)
        for x, value in zip(percent, values.tolist(), strict=True)
        if math.isfinite(value)
    ]


def _frame(x_axis: EffectAxis, z_axis: EffectAxis) -> alt.Chart:
    """Zero, and the required information."""
    (first, last), (low, high) = x_axis.domain, z_axis.domain
    rules = [
        {"x": first, "x2": last, "z": 0.0, "z2": 0.0},
        {"x": 100.0, "x2": 100.0, "z": low, "z2": high},
    ]
    layer: alt.Chart = (
        rows(rules)
        .mark_rule(color=MUTED, strokeWidth=0.75, aria=False)
        .encode(x=x_axis.x("x"), x2=alt.X2("x2:Q"), y=z_axis.y("z"), y2=alt.Y2("z2:Q"))
    )
    return layer


def _edges(edges: list[Row], x_axis: EffectAxis, z_axis: EffectAxis) -> alt.Chart:
    """Both boundaries, told apart by colour and stroke."""
    names = [name for name in _LOOKS if any(row["edge"] == name for row in edges)]
    legend = alt.Legend(title=None, symbolType="stroke", symbolSize=300, symbolStrokeWidth=2)
    layer: alt.Chart = (
        rows(edges)
        .mark_line(strokeWidth=1.75, aria=False, point={"size": 12, "filled": True})
        .encode(
            x=x_axis.x("x"),
            y=z_axis.y("z"),
            detail="side:N",
            color=alt.Color(
                "edge:N",
                scale=alt.Scale(domain=names, range=[_LOOKS[n][0] for n in names]),
                legend=legend,
            ),
            strokeDash=alt.StrokeDash(
                "edge:N",
                scale=alt.Scale(domain=names, range=[_LOOKS[n][1] for n in names]),
                legend=legend,
            ),
        )
    )
    return layer


def _path(
    result: SequentialAnalysis, percent: list[float], x_axis: EffectAxis, z_axis: EffectAxis
) -> list[alt.Chart]:
    """Z after each study, from nothing on; the look that settled it is ringed."""
    looks = [
        {
            "x": percent[i],
            "z": float(result.z[i]),
            "After": name,
            "Of the required information": f"{percent[i]:.0f}%",
            "z value": f"{result.z[i]:.2f}",
            "Boundary": _words(float(result.boundary[i])),
            "Futility": _words(float(result.futility[i])),
        }
        for i, name in enumerate(result.study)
    ]
    line: alt.Chart = (
        rows([{"x": 0.0, "z": 0.0}, *({"x": row["x"], "z": row["z"]} for row in looks)])
        .mark_line(color=OKABE_ITO["blue"], strokeWidth=2, aria=False)
        .encode(x=x_axis.x("x"), y=z_axis.y("z"))
    )
    points: alt.Chart = (
        rows(looks)
        .mark_point(color=OKABE_ITO["blue"], filled=True, size=45, opacity=1)
        .encode(
            x=x_axis.x("x"),
            y=z_axis.y("z"),
            tooltip=[
                f"{name}:N"
                for name in (
                    *("After", "Of the required information", "z value", "Boundary", "Futility"),
                )
            ],
        )
    )
    settled = {"effect": result.crossed_at, "futile": result.futile_at}.get(result.verdict)
    if settled is None:
        return [line, points]
    ring: alt.Chart = (
        rows([looks[settled]])
        .mark_point(shape="circle", filled=False, size=190, strokeWidth=1.5, color=INK, opacity=1)
        .encode(x=x_axis.x("x"), y=z_axis.y("z"), tooltip=["After:N"])
    )
    return [line, points, ring]


def _words(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.2f}"
