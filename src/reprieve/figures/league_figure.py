"""The league table as a figure: every treatment against every other, and how to read it."""

from __future__ import annotations

import altair as alt
import numpy as np

from reprieve.figures.drawing import layered
from reprieve.figures.effect_axis import EffectAxis, Transform
from reprieve.figures.forest_table import Width
from reprieve.figures.league_plan import GAP, LINE, LeaguePlan
from reprieve.figures.lettering import Word, boxes, lettered
from reprieve.figures.network_parts import Names
from reprieve.figures.theme import MUTED, themed
from reprieve.synthesis.networks.results import NetworkMetaAnalysis


def league_figure(
    fit: NetworkMetaAnalysis,
    *,
    measure: str = "Effect",
    transform: Transform = None,
    names: Names | None = None,
    width: Width = "wide",
) -> alt.LayerChart:
    """All treatments against each other in one square, the best by P-score first.

    Below the diagonal stands what the network says, above it what direct trials alone say; in
    both, the better treatment by P-score is compared with the other. Differences in favour of
    either have a colour each, larger ones are darker, and those whose interval leaves out no
    difference are bold. What is wider than the figure goes on below; where intervals would make
    it too long, cells hold estimates alone.

    Parameters
    ----------
    fit : NetworkMetaAnalysis
    measure : str
        What the effects are called, with the unit.
    transform : {"exp"}, optional
        Show logarithms of ratios as ratios.
    names : mapping of str to str, optional
        What treatments are called.
    width : {"wide", "narrow"}
        880 pixels at most, or 328 for phones. Where names find no room, they are numbered and
        listed above.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> from reprieve.synthesis import network
    >>> fit = network(
    ...     study=["1", "2", "3"],
    ...     treatment1=["cells", "exercise", "cells"],
    ...     treatment2=["saline", "saline", "exercise"],
    ...     effect=[-12.0, -5.0, -6.0],
    ...     se=[3.0, 2.0, 3.0],
    ... )
    >>> chart = league_figure(fit, measure="Difference in pain, points of 100")
    >>> chart.to_dict()["description"][:56]
    'League table of 3 treatments, Difference in pain, points'
    """
    league = LeaguePlan(fit, _axis(fit, measure, transform), names, width)
    said = [Word(0, LINE * (i + 0.5), line, size=11) for i, line in enumerate(league.reading)]
    words = [*said, *league.listed, *_headings(league)]
    for cell in league.cells:
        words += league.written(cell)
    layers = [
        *boxes(league.diagonal),
        *boxes((league.box(cell) for cell in league.cells), "Compared", "Evidence", "Result"),
        *lettered(words),
    ]
    return themed(
        layered(layers, width=league.across, height=league.end, description=_description(league))
    )


def _axis(fit: NetworkMetaAnalysis, measure: str, transform: Transform) -> EffectAxis:
    seen = fit.evidence.direct[fit.evidence.trials > 0]
    largest = float(max(np.abs(fit.estimates).max(), np.abs(seen).max()))
    return EffectAxis(-largest, largest, name=measure, transform=transform)


def _headings(league: LeaguePlan) -> list[Word]:
    """Names or numbers over columns and before rows."""
    found = []
    for column, lines in enumerate(league.heads):
        x, y = league.place(0, column)
        start = y - 13 * len(lines)
        found += [
            Word(x + (league.cell + GAP) / 2, start + 13 * i + 4, line, "center", 11, MUTED)
            for i, line in enumerate(lines)
        ]
    for piece in range(league.pieces):
        for row, lines in enumerate(league.labels):
            y = league.row_top(row, piece) + (league.high + GAP) / 2
            found += [
                Word(0, y + 13 * (i - (len(lines) - 1) / 2), line, size=11)
                for i, line in enumerate(lines)
            ]
    return found


def _description(league: LeaguePlan) -> str:
    told = [cell for cell in league.cells if cell.trials is None]
    pairs = "; ".join(
        f"{league.names[cell.first]} v {league.names[cell.second]} {league.told(cell)}"
        for cell in told[:40]
    )
    more = f"; and {len(told) - 40} more" if len(told) > 40 else ""
    return (
        f"League table of {league.fit.n} treatments, {league.axis.name}, the best by P-score "
        f"first: {', '.join(league.names)}. Network estimates: {pairs}{more}."
    )
