"""Drawing a forest plot: the one way for answers, fits and sequences of fits."""

from __future__ import annotations

import altair as alt

from reprieve.figures.drawing import Row, layered, rows, x_pixel, y_pixel
from reprieve.figures.forest_plan import Plan, layout_of
from reprieve.figures.forest_table import ForestTable, Width
from reprieve.figures.forest_words import SIGN, words
from reprieve.figures.theme import INK, LINE, MUTED, OKABE_ITO, PAPER, SHADE, themed

LARGEST, SMALLEST, EQUAL = 300.0, 14.0, 70.0
"""Area in square pixels of the mark of the trial with most weight, the least of any, and that of
marks without weight."""


def draw(table: ForestTable, width: Width = "wide") -> alt.LayerChart:
    """The table as a forest plot.

    The area of a mark grows with the weight. Intervals that leave the axis end in an arrow head.
    """
    plan = Plan(table, layout_of(table, width))
    layers = [
        *_worthwhile(plan),
        _rules(plan),
        *_marked(plan),
        *_whiskers(plan),
        *_marks(plan),
        *_diamonds(plan),
        *_predictions(plan),
        *_arrow_heads(plan),
        *_judgements(plan),
        *words(plan),
        *_hover(plan),
    ]
    return themed(
        layered(layers, width=plan.layout.width, height=plan.bottom, description=table.description)
    )


def _worthwhile(plan: Plan) -> list[alt.Chart]:
    """The zone of effects too small to matter to a person."""
    if plan.table.shaded is None:
        return []
    low, high = plan.inside(plan.table.shaded)
    return [
        rows({"low": low, "high": high, "top": t, "bottom": b} for t, b in plan.tracks)
        .mark_rect(color=SHADE, aria=False)
        .encode(x=plan.x("low"), x2=alt.X2("high:Q"), y=y_pixel("top"), y2=alt.Y2("bottom:Q"))
    ]


def _rules(plan: Plan) -> alt.Chart:
    """Lines under the headings, over what is ruled off, at zero, and the axis with its ticks."""
    right, (first, last) = plan.layout.width, plan.layout.plot
    zero, head, end = plan.pixel(0), plan.layout.head - 4, plan.bottom
    rules = [(zero, zero, top, bottom, MUTED) for top, bottom in plan.tracks]
    rules.append((first, last, end, end, MUTED))
    rules += [(plan.pixel(t), plan.pixel(t), end, end + 5, MUTED) for t in plan.axis.ticks]
    if not plan.layout.narrow:
        rules.append((0.0, right, head, head, LINE))
    rules += [(0.0, right, plan.top(i), plan.top(i), LINE) for i, line in plan.lines if line.ruled]
    layer: alt.Chart = (
        rows(dict(zip(("x", "x2", "y", "y2", "color"), rule, strict=True)) for rule in rules)
        .mark_rule(aria=False)
        .encode(
            x=x_pixel("x"),
            x2=alt.X2("x2:Q"),
            y=y_pixel("y"),
            y2=alt.Y2("y2:Q"),
            color=alt.Color("color:N", scale=None),
        )
    )
    return layer


def _marked(plan: Plan) -> list[alt.Chart]:
    """A broken line at the effect to compare with."""
    if plan.table.marked is None:
        return []
    at = plan.table.marked
    return [
        rows({"marked": at, "top": t, "bottom": b} for t, b in plan.tracks)
        .mark_rule(color=MUTED, strokeDash=[4, 3], aria=False)
        .encode(x=plan.x("marked"), y=y_pixel("top"), y2=alt.Y2("bottom:Q"))
    ]


def _whiskers(plan: Plan) -> list[alt.Chart]:
    """The interval of each trial."""
    spans = [(i, plan.inside(line.ci)) for i, line in plan.drawn("trial") if line.ci]
    if not spans:
        return []
    return [
        rows({"low": low, "high": high, "y": plan.mark(i)} for i, (low, high) in spans)
        .mark_rule(color=INK, strokeWidth=1.25, aria=False)
        .encode(x=plan.x("low"), x2=alt.X2("high:Q"), y=y_pixel("y"))
    ]


def _marks(plan: Plan) -> list[alt.Chart]:
    """The estimate of each trial."""
    trials, blue = plan.drawn("trial"), OKABE_ITO["blue"]
    largest = max((line.weight or 0.0 for _, line in trials), default=0.0)

    def area(weight: float | None) -> float:
        return EQUAL if weight is None else max(LARGEST * weight / largest, SMALLEST)

    return [
        rows(
            {
                "estimate": line.estimate,
                "y": plan.mark(i),
                "area": area(line.weight),
                "shape": line.shape,
                "fill": PAPER if line.open else blue,
            }
            for i, line in trials
        )
        .mark_point(stroke=blue, strokeWidth=1.5, opacity=1, aria=False)
        .encode(
            x=plan.x("estimate"),
            y=y_pixel("y"),
            size=alt.Size("area:Q", scale=None),
            shape=alt.Shape("shape:N", scale=None),
            fill=alt.Fill("fill:N", scale=None),
        )
    ]


def _diamonds(plan: Plan) -> list[alt.Chart]:
    """Pooled effects."""
    return [
        rows(_diamond(plan, line.estimate, line.ci, plan.mark(i)))
        .mark_area(color=INK, opacity=1, orient="vertical", aria=False)
        .encode(x=plan.x("x"), y=y_pixel("top"), y2=alt.Y2("bottom:Q"))
        for i, line in plan.drawn("pooled")
        if line.estimate is not None and line.ci is not None
    ]


def _diamond(plan: Plan, estimate: float, ci: tuple[float, float], y: float) -> list[Row]:
    """Corners of the diamond; cut off upright where it leaves the axis."""
    (low, high), half = ci, min(8.0, 0.3 * plan.layout.step)
    corners = []
    for x in sorted({*plan.inside(ci), estimate}):
        share = 1.0
        if x != estimate:
            share = (x - low) / (estimate - low) if x < estimate else (high - x) / (high - estimate)
        corners.append({"x": x, "top": y - half * share, "bottom": y + half * share})
    return corners


def _predictions(plan: Plan) -> list[alt.Chart]:
    """Where the effect of a new setting would lie."""
    spans = [(i, plan.inside(line.ci)) for i, line in plan.drawn("prediction") if line.ci]
    if not spans:
        return []
    return [
        rows({"low": low, "high": high, "y": plan.mark(i)} for i, (low, high) in spans)
        .mark_rule(color=OKABE_ITO["orange"], strokeWidth=5, aria=False)
        .encode(x=plan.x("low"), x2=alt.X2("high:Q"), y=y_pixel("y"))
    ]


def _arrow_heads(plan: Plan) -> list[alt.Chart]:
    """Where an interval goes on beyond the axis."""
    first, last = plan.axis.domain
    heads = []
    for i, line in plan.lines:
        if line.ci is None:
            continue
        color = OKABE_ITO["orange"] if line.kind == "prediction" else INK
        row = {"y": plan.mark(i), "color": color}
        if line.ci[0] < first:
            heads.append(row | {"x": first, "shape": "triangle-left"})
        if line.ci[1] > last:
            heads.append(row | {"x": last, "shape": "triangle-right"})
    if not heads:
        return []
    return [
        rows(heads)
        .mark_point(size=min(130, 5 * plan.layout.step), filled=True, opacity=1, aria=False)
        .encode(
            x=plan.x("x"),
            y=y_pixel("y"),
            shape=alt.Shape("shape:N", scale=None),
            color=alt.Color("color:N", scale=None),
        )
    ]


def _judgements(plan: Plan) -> list[alt.Chart]:
    """Risk of bias as signs on colours."""
    signs = [
        {
            "px": SIGN[plan.layout.narrow],
            "y": plan.words_y(i),
            "sign": line.judgement.sign,
            "judgement": line.judgement.word,
            "fill": line.judgement.fill,
            "ink": line.judgement.ink,
        }
        for i, line in plan.lines
        if line.judgement is not None
    ]
    if not signs:
        return []
    base = rows(signs).encode(x=x_pixel("px"), y=y_pixel("y"))
    circles = base.mark_point(size=190, opacity=1, strokeWidth=0, aria=False)
    letters = base.mark_text(fontSize=13, fontWeight="bold", baseline="middle", aria=False)
    return [
        circles.encode(fill=alt.Fill("fill:N", scale=None)),
        letters.encode(text=alt.Text("sign:N"), color=alt.Color("ink:N", scale=None)),
    ]


def _hover(plan: Plan) -> list[alt.Chart]:
    """Invisible strips that tell the rest about a line, to pointers and screen readers."""
    strips = [
        {"top": plan.top(i), "bottom": plan.top(i + 1)} | line.told
        for i, line in plan.lines
        if line.told
    ]
    if not strips:
        return []
    fields = [name for name in strips[0] if name not in ("top", "bottom")]
    return [
        rows(strips)
        .mark_rect(opacity=0, x=0, x2=plan.layout.width)
        .encode(
            y=y_pixel("top"),
            y2=alt.Y2("bottom:Q"),
            tooltip=[alt.Tooltip(f"{name}:N") for name in fields],
        )
    ]
