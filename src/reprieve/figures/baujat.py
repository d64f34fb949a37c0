"""The plot of Baujat: which studies make the heterogeneity, and which move the result."""

from __future__ import annotations

import altair as alt
import numpy as np

from reprieve.figures.drawing import SIZES, layered, rows
from reprieve.figures.effect_axis import EffectAxis
from reprieve.figures.forest_table import Width
from reprieve.figures.labels import names_layer
from reprieve.figures.theme import MUTED, OKABE_ITO, themed
from reprieve.synthesis.diagnostics.influence import Baujat

_RADIUS = 4.0


def baujat(result: Baujat, *, width: Width = "wide") -> alt.LayerChart:
    """Studies by what they add to heterogeneity, and by how far they move the result.

    Those far from the lower left corner are named, as far as names fit.

    Parameters
    ----------
    result : Baujat
        From :func:`reprieve.synthesis.influence.baujat`.
    width : {"wide", "narrow"}

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> from reprieve.synthesis import meta_analysis
    >>> from reprieve.synthesis import baujat as contributions
    >>> fit = meta_analysis(effect=[-12.0, -4.0, -9.0, -15.0], se=[4.0, 3.0, 5.0, 4.5])
    >>> baujat(contributions(fit)).to_dict()["layer"][0]["mark"]["type"]
    'point'
    """
    across, high = SIZES[width]
    known = np.isfinite(result.heterogeneity) & np.isfinite(result.influence)
    found = [
        {"Study": name, "x": x, "y": y, "Heterogeneity": f"{x:.3g}", "Influence": f"{y:.3g}"}
        for name, x, y, ok in zip(
            result.study,
            result.heterogeneity.tolist(),
            result.influence.tolist(),
            known,
            strict=True,
        )
        if ok
    ]
    if not found:
        return _agreement(len(result.study), across)
    x_axis = EffectAxis(0.0, max(row["x"] for row in found), name="Contribution to heterogeneity")
    y_axis = EffectAxis(0.0, max(row["y"] for row in found), name="Influence on the pooled effect")
    far = sorted(
        found,
        key=lambda row: -((row["x"] / x_axis.domain[1]) ** 2 + (row["y"] / y_axis.domain[1]) ** 2),
    )
    points = [
        (
            across * row["x"] / x_axis.domain[1],
            high * (1 - row["y"] / y_axis.domain[1]),
            _RADIUS,
            row["Study"],
        )
        for row in far
    ]
    marks: alt.Chart = (
        rows(found)
        .mark_point(size=50, filled=True, color=OKABE_ITO["blue"], opacity=1)
        .encode(
            x=x_axis.x("x"),
            y=y_axis.y("y"),
            tooltip=["Study:N", "Heterogeneity:N", "Influence:N"],
        )
    )
    said = "; ".join(
        f"{row['Study']} {row['Heterogeneity']} and {row['Influence']}" for row in far[:5]
    )
    return themed(
        layered(
            [marks, *names_layer(points, across, high)],
            width=across,
            height=high,
            description=f"Contribution of each of {len(found)} studies to heterogeneity, and its "
            f"influence on the pooled effect. Furthest out: {said}.",
        )
    )


def _agreement(k: int, across: float) -> alt.LayerChart:
    """Where all studies have one effect, nothing is heterogeneous and none has influence."""
    said = f"All {k} studies agree: none of them moves the result."
    layer: alt.Chart = (
        rows([{"text": said}])
        .mark_text(align="left", x=0, y=20, color=MUTED)
        .encode(text=alt.Text("text:N"))
    )
    return themed(layered([layer], width=across, height=40, description=said))
