"""The graph of a network: which treatments trials have compared, how often, and how well."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import altair as alt

from reprieve.figures.drawing import Row, layered, rows, x_pixel, y_pixel
from reprieve.figures.forest_table import Width
from reprieve.figures.judgements import JUDGEMENTS
from reprieve.figures.lettering import Word, boxes, lettered, paragraph, rules
from reprieve.figures.network_layout import Box, number_places
from reprieve.figures.network_parts import Edge, Names, Summary, arms, edges, nodes
from reprieve.figures.network_plan import ROW, GraphPlan, count
from reprieve.figures.theme import LINE, MUTED, OKABE_ITO, PAPER, themed
from reprieve.synthesis.networks.results import NetworkMetaAnalysis
from reprieve.synthesis.networks.rows import Rows

STROKES: dict[str, tuple[str, list[int]]] = {
    "low": ("#00801a", []),
    "some concerns": ("#a87d00", [9, 3]),
    "high": ("#bf0000", [2, 2]),
    "not judged": ("#6b7783", [4, 6]),
}
"""Colour and dashes of a line by risk of bias: dark relatives of the colours of the signs."""
_PLAIN, _SHADE = "#7d8a97", "#e3eaf0"
_SMALL = 11


def network_graph(
    network: NetworkMetaAnalysis | Rows,
    *,
    people: Mapping[str, int | None] | None = None,
    risk_of_bias: Mapping[str, str | None] | None = None,
    summary: Summary = "average",
    names: Names | None = None,
    width: Width = "wide",
) -> alt.LayerChart:
    """Treatments as circles, and lines between those that trials have compared.

    The area of a circle is that of its people, or of its trials where nobody said how many people
    there are. A line is as wide as its trials are many, and tells their number where it finds
    room. Trials of several arms are shaded, and count on each of their lines. Treatments stand in
    an order in which few lines cross; parts that no trial connects stand apart.

    Parameters
    ----------
    network : NetworkMetaAnalysis or Rows
        A fit; or rows from :func:`reprieve.synthesis.networks.reading.read_trials`, which may
        fall into parts.
    people : mapping of str to int, optional
        People of each treatment; None, or left out, where it is not known.
    risk_of_bias : mapping of str to str, optional
        Judgement of each study: low, some concerns, high, or not judged (None, or left out).
    summary : {"average", "worst"}
        Which judgement a line of several trials shows. It is not judged if more than half of its
        trials are not; otherwise those that are not don't count.
    names : mapping of str to str, optional
        What treatments are called.
    width : {"wide", "narrow"}
        740 pixels, or 328 for phones. Names stand around the circle; on phones, and where they
        would crowd, numbers do, and the names in a list.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    UnknownWordError
        A treatment or study that is not in the network, or an unknown judgement.
    InputError
        People that are no number above zero, or one name for several treatments.

    Examples
    --------
    >>> from reprieve.synthesis.networks.reading import read_trials
    >>> trials = read_trials(
    ...     study=["A", "B", "C"],
    ...     treatment1=["cells", "cells", "exercise"],
    ...     treatment2=["saline", "saline", "usual care"],
    ...     effect=[-8.0, -5.0, -4.0],
    ...     se=[3.0, 2.5, 2.0],
    ... )
    >>> network_graph(trials).to_dict()["description"][:71]
    'Network of 4 treatments and 3 trials, in 2 parts that no trial connects'
    """
    trials = network if isinstance(network, Rows) else network.trials.rows
    several = [sorted(treatments) for treatments in arms(trials) if len(treatments) > 2]
    plan = GraphPlan(
        nodes(trials, people, names),
        edges(trials, risk_of_bias, summary),
        narrow=width == "narrow",
        by_people=people is not None,
    )
    notes = _paragraphs(plan, _notes(plan, summary, len(several)))
    layers = [
        *_outlines(plan),
        *_multi_arm(plan, several),
        *_lines(plan),
        _circles(plan),
        *_trial_numbers(plan),
        *_leaders(plan),
        *_key_lines(plan),
        *lettered([*(_listed(plan) if plan.listed else _beside(plan)), *_key(plan), *notes]),
    ]
    return themed(
        layered(
            layers,
            width=plan.measures.width,
            height=plan.notes_top + ROW * len(notes),
            description=_description(plan, len(trials.studies), len(several)),
        )
    )


# -- circles and lines


def _outlines(plan: GraphPlan) -> list[alt.Chart]:
    """A ring around each part, where there are several: a broad line in a broader one."""
    if len(plan.parts) == 1:
        return []
    reach = 2 * max(plan.radii) + 12
    return [
        rows(_corners(plan, part))
        .mark_line(
            interpolate="linear-closed",
            filled=True,
            fill=color,
            stroke=color,
            strokeWidth=thick,
            strokeJoin="round",
            strokeCap="round",
            aria=False,
        )
        .encode(x=x_pixel("x"), y=y_pixel("y"), order=alt.Order("corner:Q"))
        for thick, color in ((reach, LINE), (reach - 2.5, PAPER))
        for part in plan.parts
    ]


def _multi_arm(plan: GraphPlan, several: Sequence[Sequence[int]]) -> list[alt.Chart]:
    """The surface between the treatments of trials of more than two."""
    return [
        rows(_corners(plan, treatments))
        .mark_line(
            interpolate="linear-closed", filled=True, fill=_SHADE, fillOpacity=0.55, aria=False
        )
        .encode(x=x_pixel("x"), y=y_pixel("y"), order=alt.Order("corner:Q"))
        for treatments in sorted({tuple(some) for some in several})
    ]


def _corners(plan: GraphPlan, treatments: Sequence[int]) -> list[Row]:
    around = sorted(treatments, key=lambda t: plan.number[t])
    return [
        {"x": plan.places[t].x, "y": plan.places[t].y, "corner": i} for i, t in enumerate(around)
    ]


def _lines(plan: GraphPlan) -> list[alt.Chart]:
    """Who was compared with whom; a layer for each judgement."""
    kinds: dict[str, list[int]] = {}
    for i, edge in enumerate(plan.edges):
        kinds.setdefault(edge.judgement.word if edge.judgement else "", []).append(i)
    found = []
    for word, places in sorted(kinds.items(), key=lambda kind: kind[0] != "not judged"):
        color, dash = STROKES.get(word, (_PLAIN, []))
        tooltip = ["Compared", "Trials", *(["Risk of bias"] if word else [])]
        found.append(
            rows(point for i in places for point in _points(plan, i))
            .mark_line(color=color, strokeDash=dash or alt.Undefined)
            .encode(
                x=x_pixel("x"),
                y=y_pixel("y"),
                order=alt.Order("point:Q"),
                detail=alt.Detail("Compared:N"),
                strokeWidth=alt.StrokeWidth("thick:Q", scale=None),
                tooltip=[alt.Tooltip(f"{name}:N") for name in tooltip],
            )
        )
    return found


def _points(plan: GraphPlan, i: int) -> list[Row]:
    """Points along a line; its ends are enough where it is straight."""
    edge, line = plan.edges[i], plan.lines[i]
    told: Row = {
        "thick": plan.widths[i],
        "Compared": _compared(plan, edge),
        "Trials": str(edge.trials),
    }
    if edge.judgement is not None:
        told["Risk of bias"] = edge.judged
    step = 2 if plan.bends[i] else len(line) - 1
    return [
        {"x": round(x, 1), "y": round(y, 1), "point": p} | told
        for p, (x, y) in enumerate(line[::step].tolist())
    ]


def _compared(plan: GraphPlan, edge: Edge) -> str:
    return f"{plan.nodes[edge.a].name} – {plan.nodes[edge.b].name}"


def _circles(plan: GraphPlan) -> alt.Chart:
    """Treatments; those whose people are not known are empty."""
    blue, found = OKABE_ITO["blue"], []
    for node, place, radius in zip(plan.nodes, plan.places, plan.radii, strict=True):
        known = node.people is not None or not plan.by_people
        found.append(
            {
                "x": place.x,
                "y": place.y,
                "area": (2 * radius) ** 2,
                "fill": blue if known else PAPER,
                "stroke": PAPER if known else blue,
                "Treatment": node.name,
                "Trials": str(node.trials),
                "People": "not known" if node.people is None else f"{node.people:,}",
            }
        )
    layer: alt.Chart = (
        rows(found)
        .mark_point(shape="circle", opacity=1, strokeWidth=1.5)
        .encode(
            x=x_pixel("x"),
            y=y_pixel("y"),
            size=alt.Size("area:Q", scale=None),
            fill=alt.Fill("fill:N", scale=None),
            stroke=alt.Stroke("stroke:N", scale=None),
            tooltip=["Treatment:N", "Trials:N", "People:N"],
        )
    )
    return layer


def _trial_numbers(plan: GraphPlan) -> list[alt.Chart]:
    """The number of trials on each line where it finds room."""
    circles: list[Box] = [
        (p.x - r - 2, p.y - r - 2, p.x + r + 2, p.y + r + 2)
        for p, r in zip(plan.places, plan.radii, strict=True)
    ]
    sizes = [(7.0 * len(str(edge.trials)) + 4, 14.0) for edge in plan.edges]
    places = number_places(plan.lines, plan.widths, circles, sizes)
    grounds, numbers = [], []
    for edge, place, (across, high) in zip(plan.edges, places, sizes, strict=True):
        if place is not None:
            x, y = place
            ends = {
                "x": x - across / 2,
                "x2": x + across / 2,
                "y": y - high / 2,
                "y2": y + high / 2,
            }
            grounds.append(ends | {"fill": PAPER})
            numbers.append(Word(x, y, str(edge.trials), "center", _SMALL))
    return [*boxes(grounds, cornerRadius=4), *lettered(numbers)]


# -- names and key


def _beside(plan: GraphPlan) -> list[Word]:
    """Names beside their circles, and under each its size."""
    found = []
    for label in plan.labels:
        x, align = label.x, "left" if label.right else "right"
        found += [
            Word(x, label.top + ROW * (i + 0.5), line, align) for i, line in enumerate(label.lines)
        ]
        found.append(Word(x, label.bottom - ROW / 2, plan.size(label.node), align, _SMALL, MUTED))
    return found


def _leaders(plan: GraphPlan) -> list[alt.Chart]:
    """Thin lines to the names that stand away from their circles."""
    found = []
    for label in plan.labels:
        place, r = plan.places[label.node], plan.radii[label.node]
        x = label.x - 3 if label.right else label.x + 3
        away = math.hypot(x - place.x, label.y - place.y)
        if away > r + 16:
            share = (r + 1) / away
            start = place.x + share * (x - place.x), place.y + share * (label.y - place.y)
            found.append((start[0], x, start[1], label.y))
    return rules(found)


def _listed(plan: GraphPlan) -> list[Word]:
    """Numbers around the circle, and below it what they stand for."""
    found = [
        Word(
            place.x + (r + 10) * math.cos(place.angle),
            place.y + (r + 10) * math.sin(place.angle),
            str(plan.number[t]),
            "center",
        )
        for t, (place, r) in enumerate(zip(plan.places, plan.radii, strict=True))
    ]
    for c, column in enumerate(plan.columns):
        x, y = c * plan.measures.width / plan.measures.columns, plan.bottom + ROW / 2
        for t, lines in column:
            found.append(Word(x + 18, y, str(plan.number[t]), "right", color=MUTED))
            found += [Word(x + 26, y + ROW * i, line) for i, line in enumerate(lines)]
            y += ROW * len(lines)
    return found


def _key_places(plan: GraphPlan) -> list[tuple[str, float, float]]:
    """The judgements that lines show, and where the key explains them."""
    return [
        (
            word,
            plan.measures.width / plan.key_columns * (i % plan.key_columns),
            plan.key_top + ROW * (i // plan.key_columns + 0.5),
        )
        for i, word in enumerate(plan.judged)
    ]


def _key_lines(plan: GraphPlan) -> list[alt.Chart]:
    found = []
    for word, x, y in _key_places(plan):
        color, dash = STROKES[word]
        found += rules([(x, x + 34, y, y)], color, strokeWidth=4, strokeDash=dash or alt.Undefined)
    return found


def _key(plan: GraphPlan) -> list[Word]:
    return [
        Word(x + 40, y, f"{JUDGEMENTS[word].sign} {word}", size=_SMALL)
        for word, x, y in _key_places(plan)
    ]


# -- words


def _notes(plan: GraphPlan, summary: Summary, several: int) -> list[str]:
    few, many = (pick(edge.trials for edge in plan.edges) for pick in (min, max))
    span = str(few) if few == many else f"{few} to {many}"
    area = "people with the treatment" if plan.by_people else "trials of the treatment"
    notes = [
        f"Area of a circle: {area}. Width of a line: trials that compare the two ({span}); their "
        "number stands on it where there is room."
    ]
    if plan.by_people and any(node.people is None for node in plan.nodes):
        notes.append("Empty circles: people not known.")
    if plan.judged:
        notes.append(
            f"Colour and dashes of a line: the {summary} risk of bias of its trials; not judged "
            "where more than half of them are not."
        )
    if several:
        notes.append(
            f"Shaded: {count(several, 'trial')} of three or more treatments, counted on each of "
            "the lines between them."
        )
    if len(plan.parts) > 1:
        notes.append(
            f"Outlined: {len(plan.parts)} parts that no trial connects; treatments of different "
            "parts can't be compared."
        )
    return notes


def _paragraphs(plan: GraphPlan, notes: Sequence[str]) -> list[Word]:
    """The notes in lines, one under another."""
    found: list[Word] = []
    for note in notes:
        y = plan.notes_top + ROW * (len(found) + 0.5)
        found += paragraph(note, 0, y, plan.measures.width)
    return found


def _description(plan: GraphPlan, trials: int, several: int) -> str:
    said = f"Network of {count(len(plan.nodes), 'treatment')} and {count(trials, 'trial')}"
    if len(plan.parts) > 1:
        parts = "; ".join(", ".join(plan.nodes[t].name for t in part) for part in plan.parts)
        said += f", in {len(plan.parts)} parts that no trial connects: {parts}"
    sizes = "; ".join(f"{node.name} {plan.size(t)}" for t, node in enumerate(plan.nodes))
    compared = "; ".join(
        f"{_compared(plan, edge)} {edge.trials}"
        + (f" ({edge.judgement.word})" if edge.judgement else "")
        for edge in plan.edges
    )
    kind = " (risk of bias)" if plan.judged else ""
    more = f" {count(several, 'trial')} of three or more treatments." if several else ""
    return f"{said}. Treatments: {sizes}. Trials of each comparison{kind}: {compared}.{more}"
