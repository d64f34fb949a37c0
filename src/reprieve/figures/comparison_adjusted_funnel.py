"""The comparison-adjusted funnel: small trials beside large ones, all comparisons at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import altair as alt
import numpy as np

from reprieve.figures import text
from reprieve.figures.drawing import SIZES, Row, layered, rows
from reprieve.figures.effect_axis import EffectAxis, Favours, Transform
from reprieve.figures.forest_fit import p_words
from reprieve.figures.forest_table import Width
from reprieve.figures.lettering import broken, caption
from reprieve.figures.network_parts import Names, normal_reach, shown_names
from reprieve.figures.theme import INK, MUTED, OKABE_ITO, themed
from reprieve.synthesis.networks.asymmetry import AdjustedFunnel
from reprieve.synthesis.networks.results import NetworkMetaAnalysis

_LOOKS = (
    ("circle", OKABE_ITO["blue"]),
    ("square", OKABE_ITO["vermillion"]),
    ("triangle-up", OKABE_ITO["green"]),
    ("diamond", OKABE_ITO["purple"]),
    ("cross", OKABE_ITO["sky"]),
    ("triangle-down", OKABE_ITO["orange"]),
)
_OTHERS = ("circle", "#d5dbe1")
"""Shape and colour of the comparisons with most trials, and of all others."""


def comparison_adjusted_funnel(
    fit: NetworkMetaAnalysis,
    order: Sequence[str],
    *,
    names: Names | None = None,
    measure: str = "Effect",
    transform: Transform = None,
    favours: Favours = None,
    width: Width = "wide",
) -> alt.LayerChart:
    """Contrasts by their distance from the pooled estimate of their comparison, and their error.

    The order says in which direction small trials are expected to exaggerate, such as newest to
    oldest treatment; without such an expectation the figure means nothing. The broken lines hold
    95 % of contrasts (or what the level of the fit says) if chance alone made them differ; the
    solid one is that of Egger's test, which stands in the caption. Chaimani & Salanti 2012 Res
    Synth Methods 3:161.

    Parameters
    ----------
    fit : NetworkMetaAnalysis
    order : sequence of str
        All treatments; contrasts are taken as earlier minus later.
    names : mapping of str to str, optional
        What treatments are called.
    measure, transform, favours
        As in :func:`forest_of`; sides are those of the earlier treatment.
    width : {"wide", "narrow"}

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    InputError
        An order that doesn't name every treatment once.
    SynthesisError
        Fewer than three contrasts, or all with the same standard error.

    Examples
    --------
    >>> from reprieve.synthesis import network
    >>> fit = network(
    ...     study=["1", "2", "3", "4"],
    ...     treatment1=["cells", "exercise", "cells", "cells"],
    ...     treatment2=["saline", "saline", "exercise", "saline"],
    ...     effect=[-12.0, -5.0, -6.0, -20.0],
    ...     se=[4.0, 3.0, 5.0, 8.0],
    ... )
    >>> chart = comparison_adjusted_funnel(fit, ["cells", "exercise", "saline"])
    >>> print(chart.to_dict()["description"])
    Comparison-adjusted funnel plot of 4 contrasts of 3 comparisons, earlier minus later of: cells,
    exercise, saline. Egger's test: ...
    """
    found = fit.asymmetry(order)
    called = dict(zip(fit.treatments, shown_names(fit.treatments, names), strict=True))
    points = _points(found, called)
    deepest = max(row["se"] for row in points)
    reach = normal_reach(fit.level) * deepest
    shown = [row["x"] for row in points]
    axis = EffectAxis(
        min(-reach, *shown),
        max(reach, *shown),
        name=f"{measure}: {'ratio to' if transform else 'distance from'} mean of comparison",
        transform=transform,
        favours=favours,
    )
    for row in points:
        row["Distance"] = axis.number(row["x"])
    depth = EffectAxis(0.0, deepest, name="Standard error (smaller trials below)")
    y = depth.y("se", reverse=True)
    across, high = SIZES[width]
    x = axis.x("x")
    x["axis"]["title"] = [*broken(axis.name, across + 20), *filter(None, [axis.direction])]
    layers = [*_lines(found, reach, deepest, x, y), _marks(points, x, y, width)]
    test = (
        f"Egger's test: slope {text.number(found.bias, 2)} (SE {found.se:.2f}), "
        f"t {text.number(found.statistic, 2)} with {found.df} df, p {p_words(found.p)}"
    )
    inorder = ", ".join(called[name] for name in found.order)
    compared = len({row["Comparison"] for row in points})
    chart = layered(
        layers,
        width=across,
        height=high,
        description=f"Comparison-adjusted funnel plot of {len(points)} contrasts of {compared} "
        f"comparisons, earlier minus later of: {inorder}. {test}.",
    )
    said = caption([f"{test}.", f"Earlier minus later of: {inorder}."], across)
    return themed(chart.properties(title=said))


def _points(found: AdjustedFunnel, called: dict[str, str]) -> list[Row]:
    """Each contrast; the comparisons with most trials by name, the others together."""
    table = found.points.to_dicts()
    pairs = [f"{called[row['treatment1']]} v {called[row['treatment2']]}" for row in table]
    often = [pair for pair, _ in Counter(pairs).most_common()]
    most = often if len(often) <= len(_LOOKS) else often[: len(_LOOKS) - 1]
    rest = f"{len(often) - len(most)} other comparisons"
    return [
        {
            "Study": row["study"],
            "Comparison": pair,
            "group": pair if pair in most else rest,
            "x": row["adjusted"],
            "se": row["se"],
            "Standard error": f"{row['se']:.3g}",
        }
        for row, pair in zip(table, pairs, strict=True)
    ]


def _lines(
    found: AdjustedFunnel, reach: float, deepest: float, x: alt.X, y: alt.Y
) -> list[alt.Chart]:
    """The funnel, its middle, and the line of Egger's test."""
    effect, se = (found.points[name].to_numpy() for name in ("adjusted", "se"))
    weight = 1 / se**2
    start = float(np.average(effect, weights=weight) - found.bias * np.average(se, weights=weight))
    drawn = [(0.0, 0.0, MUTED, []), (0.0, -reach, MUTED, [5, 4]), (0.0, reach, MUTED, [5, 4])]
    drawn.append((start, start + found.bias * deepest, INK, []))
    return [
        rows([{"x": first, "se": 0.0}, {"x": last, "se": deepest}])
        .mark_line(color=color, strokeDash=dash, strokeWidth=1.25, clip=True, aria=False)
        .encode(x=x, y=y)
        for first, last, color, dash in drawn
    ]


def _marks(points: list[Row], x: alt.X, y: alt.Y, width: Width) -> alt.Chart:
    count = Counter(row["group"] for row in points)
    groups = sorted(count, key=lambda group: ("other comparisons" in group, -count[group]))
    looks = [_OTHERS if "other comparisons" in g else _LOOKS[i] for i, g in enumerate(groups)]
    room = SIZES[width][0] / (2 if width == "wide" else 1) - 24
    said = ["|".join(broken(f"{g} ({count[g]})", room, size=11, lines=4)) for g in groups]
    for row in points:
        row["shown"] = said[groups.index(row["group"])]
    legend = alt.Legend(
        title=None,
        columns=2 if width == "wide" else 1,
        labelExpr="split(datum.label, '|')",
        labelLimit=0,
        rowPadding=6,
        offset=12,
    )
    layer: alt.Chart = (
        rows(sorted(points, key=lambda row: -groups.index(row["group"])))
        .mark_point(size=55, opacity=1, stroke=INK, strokeWidth=0.8)
        .encode(
            x=x,
            y=y,
            shape=alt.Shape(
                "shown:N",
                scale=alt.Scale(domain=said, range=[shape for shape, _ in looks]),
                legend=legend,
            ),
            fill=alt.Fill(
                "shown:N",
                scale=alt.Scale(domain=said, range=[fill for _, fill in looks]),
                legend=legend,
            ),
            tooltip=["Study:N", "Comparison:N", "Distance:N", "Standard error:N"],
        )
    )
    return layer
