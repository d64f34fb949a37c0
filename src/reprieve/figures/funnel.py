"""The funnel plot: small studies beside large ones, and where studies would be significant."""

from __future__ import annotations

from itertools import pairwise

import altair as alt

from reprieve.figures.drawing import SIZES, Row, layered, rows
from reprieve.figures.effect_axis import EffectAxis, Favours, Transform
from reprieve.figures.forest_fit import p_words
from reprieve.figures.forest_table import Width
from reprieve.figures.theme import INK, MUTED, OKABE_ITO, PAPER, themed
from reprieve.synthesis.missing_evidence.funnel import FunnelContours, funnel_contours
from reprieve.synthesis.missing_evidence.trim_and_fill import TrimAndFill
from reprieve.synthesis.results import MetaAnalysis

SHADES = ("#f1f5f8", "#dde6ed", "#c3d2de", "#ffffff")
"""From the most significant region to the one that is not."""
_STUDY, _ADDED = "study", "added by trim and fill"


def funnel(
    fit: MetaAnalysis,
    *,
    contours: bool = True,
    filled: TrimAndFill | None = None,
    measure: str = "Effect",
    transform: Transform = None,
    favours: Favours = None,
    width: Width = "wide",
) -> alt.LayerChart:
    """Studies by effect and standard error.

    The broken lines hold 95% of studies if chance alone made them differ. Where a lack of studies
    falls into the white region, those without significance may have stayed unpublished.

    Parameters
    ----------
    fit : MetaAnalysis
    contours : bool
        Shade regions of significance.
    filled : TrimAndFill, optional
        Draw the studies that it added, and its mean.
    measure, transform, favours, width
        As in :func:`forest_of`.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> from reprieve.synthesis import meta_analysis
    >>> fit = meta_analysis(effect=[-12.0, -4.0, -9.0, -15.0], se=[4.0, 3.0, 5.0, 4.5])
    >>> funnel(fit).to_dict()["height"]
    380
    """
    data = funnel_contours(fit)
    studies = _studies(data, filled)
    (funnel_top, funnel_end) = data.lines().filter(line="funnel").to_dicts()
    effects = [row["effect"] for row in studies]
    axis = EffectAxis(
        min(0.0, *effects, funnel_end["low"]),
        max(0.0, *effects, funnel_end["high"]),
        name=measure,
        transform=transform,
        favours=favours,
    )
    for row in studies:
        row["Effect"] = axis.number(row["effect"])
    depth = EffectAxis(0.0, data.top, name="Standard error (smaller studies below)")
    y = depth.y("se", reverse=True)
    layers = [
        *(_regions(data, axis, depth, y, columns=4 if width == "wide" else 2) if contours else []),
        *_lines(data, funnel_top, funnel_end, filled, axis, y),
        _points(studies, axis, y, legend=filled is not None),
    ]
    across, high = SIZES[width]
    return themed(
        layered(layers, width=across, height=high, description=_description(data, filled, axis))
    )


def _studies(data: FunnelContours, filled: TrimAndFill | None) -> list[Row]:
    found = [
        {"Study": name, "effect": effect, "se": se, "p": p_words(p), "kind": _STUDY}
        for name, effect, se, p in zip(
            data.study, data.effect.tolist(), data.se.tolist(), data.p.tolist(), strict=True
        )
    ]
    if filled is not None:
        effects, variances = filled.added
        found += [
            {"Study": _ADDED, "effect": e, "se": v**0.5, "p": "not a study", "kind": _ADDED}
            for e, v in zip(effects.tolist(), variances.tolist(), strict=True)
        ]
    return [row | {"Standard error": f"{row['se']:.3g}"} for row in found]


def _regions(
    data: FunnelContours, axis: EffectAxis, depth: EffectAxis, y: alt.Y, *, columns: int
) -> list[alt.Chart]:
    """The whole plot in the lightest shade, and over it one triangle after another."""
    low, high = axis.domain
    ends = [0.0, *data.contours, 1.0]
    names = [f"p < {ends[1]:g}"]
    names += [f"p {a:g} to {b:g}" for a, b in pairwise(ends[1:-1])]
    names.append(f"p ≥ {ends[-2]:g}")
    scale = alt.Scale(domain=names, range=list(SHADES))
    legend = alt.Legend(symbolType="square", columns=columns, title=None)
    deepest = depth.domain[1]
    whole = [{"se": se, "low": low, "high": high, "region": names[0]} for se in (0.0, deepest)]
    shapes = [whole]
    for p, name in zip(data.contours, names[1:], strict=True):
        line = data.lines().filter(line="significance", contour=p).to_dicts()[-1]
        half = (line["high"] - data.reference) * deepest / line["se"]
        shapes.append(
            [
                {
                    "se": se,
                    "low": data.reference - share * half,
                    "high": data.reference + share * half,
                    "region": name,
                }
                for se, share in ((0.0, 0.0), (deepest, 1.0))
            ]
        )
    return [
        rows(shape)
        .mark_area(orient="horizontal", clip=True, opacity=1, aria=False)
        .encode(
            y=y,
            x=axis.x("low"),
            x2=alt.X2("high:Q"),
            color=alt.Color("region:N", scale=scale, legend=legend),
        )
        for shape in shapes
    ]


def _lines(
    data: FunnelContours,
    top: Row,
    end: Row,
    filled: TrimAndFill | None,
    axis: EffectAxis,
    y: alt.Y,
) -> list[alt.Chart]:
    """The funnel, its middle, and the middle after trim and fill."""
    centre = data.estimate
    drawn = [(centre, centre, INK, []), (centre, end["low"], MUTED, [5, 4])]
    drawn.append((centre, end["high"], MUTED, [5, 4]))
    if filled is not None:
        drawn.append((filled.estimate, filled.estimate, OKABE_ITO["vermillion"], [2, 3]))
    return [
        rows([{"x": start, "se": top["se"]}, {"x": finish, "se": end["se"]}])
        .mark_line(color=color, strokeWidth=1.25, strokeDash=dash, clip=True, aria=False)
        .encode(x=axis.x("x"), y=y)
        for start, finish, color, dash in drawn
    ]


def _points(studies: list[Row], axis: EffectAxis, y: alt.Y, *, legend: bool) -> alt.Chart:
    kinds = [_STUDY, _ADDED]
    blue, red = OKABE_ITO["blue"], OKABE_ITO["vermillion"]
    shown = alt.Legend(title=None, orient="top") if legend else None
    layer: alt.Chart = (
        rows(studies)
        .mark_point(size=55, strokeWidth=1.5, opacity=1)
        .encode(
            x=axis.x("effect"),
            y=y,
            shape=alt.Shape(
                "kind:N", scale=alt.Scale(domain=kinds, range=["circle", "diamond"]), legend=shown
            ),
            fill=alt.Fill(
                "kind:N", scale=alt.Scale(domain=kinds, range=[blue, PAPER]), legend=shown
            ),
            stroke=alt.Stroke(
                "kind:N", scale=alt.Scale(domain=kinds, range=[blue, red]), legend=shown
            ),
            tooltip=["Study:N", "Effect:N", "Standard error:N", "p:N"],
        )
    )
    return layer


def _description(data: FunnelContours, filled: TrimAndFill | None, axis: EffectAxis) -> str:
    not_significant = data.counts[0]
    said = (
        f"Funnel plot of {len(data.study)} studies, {axis.name} against standard error, around "
        f"{axis.number(data.estimate)}; {not_significant} with p of {data.contours[-1]:g} or more."
    )
    if filled is not None:
        said += (
            f" Trim and fill adds {filled.missing} on the {filled.side}; the mean is then "
            f"{axis.effect(filled.estimate, filled.ci)}."
        )
    return said
