"""The forest plot: what each trial found, and what they say together."""

from __future__ import annotations

from typing import Literal

import altair as alt

from reprieve.answers.answer import Answer
from reprieve.answers.words import OUTCOMES
from reprieve.figures import text
from reprieve.figures.drawing import Row, layered, rows, x_pixel, y_pixel
from reprieve.figures.forest_plan import LAYOUTS, Layout, Plan
from reprieve.figures.forest_words import SHAPES, details, words
from reprieve.figures.theme import INK, LINE, MUTED, OKABE_ITO, PAPER, SHADE, themed

LARGEST, SMALLEST = 300.0, 14.0
"""Area in square pixels of the mark of the trial with most weight, and the least of any."""


def forest(answer: Answer, width: Literal["wide", "narrow"] = "wide") -> alt.LayerChart:
    """Every trial's difference with its interval, and the pooled difference below.

    Trials stand in order of year. The area of a mark grows with the trial's weight; its shape,
    and a sign before the label, tell whether the value was reported, recovered or imputed. A
    diamond shows the pooled difference, a bar the range in which the difference of a new setting
    would lie. The shaded zone holds differences too small to be worthwhile. Intervals that leave
    the axis end in an arrow head.

    Parameters
    ----------
    answer : Answer
        From :func:`reprieve.answers.ask`. Without a number, the figure says so.
    width : {"wide", "narrow"}
        880 pixels with all columns, or 328 for phones, with the numbers over each mark.

    Returns
    -------
    altair.LayerChart
        The same chart serves the screen, with a tooltip for each trial, and paper.

    Examples
    --------
    >>> from reprieve.answers import Question, ask
    >>> chart = forest(ask(Question(condition="tendinopathy", comparator="surgery")))
    >>> chart.to_dict()["width"]
    880
    """
    layout = LAYOUTS[width]
    if answer.effect is None:
        return _nothing(answer, layout)
    plan = Plan(answer, answer.effect, layout)
    layers = [
        *_worthwhile(plan),
        _rules(plan),
        _whiskers(plan),
        _marks(plan),
        *_pooled(plan),
        *_arrow_heads(plan),
        *words(plan),
        _hover(plan),
    ]
    return themed(
        layered(layers, width=layout.width, height=plan.bottom, description=description(answer))
    )


def description(answer: Answer) -> str:
    """The figure in a sentence or two, for those who can't see it."""
    treatment, comparator = text.sides(answer)
    what = f"{treatment} against {comparator}, {OUTCOMES[answer.question.outcome][0]}"
    if answer.effect is None:
        return f"Forest plot of {what}: no trial with results to show."
    trials = "; ".join(f"{s.label} {text.effect(s.estimate, s.ci)}" for s in text.in_order(answer))
    if answer.effect.k == 1:
        return f"Forest plot of {what}. One trial: {trials} points of 100."
    pooled = text.effect(answer.effect.estimate, answer.effect.ci)
    return (
        f"Forest plot of {what}. {answer.effect.k} trials, pooled difference {pooled} points of "
        f"100, negative favours {treatment}. Trials: {trials}."
    )


def _nothing(answer: Answer, layout: Layout) -> alt.LayerChart:
    said = {
        "no_trial": "No trial tests this.",
        "not_read": "Trials are known, but their results have not been read yet.",
        "not_usable": "Trials are known, but none gives a number for this question.",
    }.get(answer.status, "No trial gives a number for this question.")
    layer: alt.Chart = (
        rows([{"text": said}])
        .mark_text(align="left", x=0, y=20, color=MUTED, limit=layout.width)
        .encode(text=alt.Text("text:N"))
    )
    return themed(layered([layer], width=layout.width, height=40, description=description(answer)))


def _worthwhile(plan: Plan) -> list[alt.Chart]:
    """The zone of differences too small to matter to a person."""
    if plan.effect.mcid is None:
        return []
    low, high = plan.inside((-plan.effect.mcid, plan.effect.mcid))
    return [
        rows({"low": low, "high": high, "top": t, "bottom": b} for t, b in plan.tracks)
        .mark_rect(color=SHADE, aria=False)
        .encode(x=plan.x("low"), x2=alt.X2("high:Q"), y=y_pixel("top"), y2=alt.Y2("bottom:Q"))
    ]


def _rules(plan: Plan) -> alt.Chart:
    """Lines under the headings, over the pooled rows, at zero, and the axis with its ticks."""
    right, (first, last) = plan.layout.width, plan.layout.plot
    zero, head, end = plan.pixel(0), plan.layout.head - 4, plan.bottom
    rules = [(zero, zero, top, bottom, MUTED) for top, bottom in plan.tracks]
    rules.append((first, last, end, end, MUTED))
    rules += [(plan.pixel(t), plan.pixel(t), end, end + 5, MUTED) for t in plan.ticks]
    if not plan.layout.narrow:
        rules.append((0.0, right, head, head, LINE))
    if plan.pooled_rows:
        rules.append((0.0, right, plan.pooled_top, plan.pooled_top, LINE))
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


def _whiskers(plan: Plan) -> alt.Chart:
    """The interval of each trial."""
    lines = []
    for i, study in enumerate(plan.trials):
        low, high = plan.inside(study.ci)
        lines.append({"low": low, "high": high, "y": plan.mark(i)})
    layer: alt.Chart = (
        rows(lines)
        .mark_rule(color=INK, strokeWidth=1.25, aria=False)
        .encode(x=plan.x("low"), x2=alt.X2("high:Q"), y=y_pixel("y"))
    )
    return layer


def _marks(plan: Plan) -> alt.Chart:
    """The estimate of each trial: its weight as area, its basis as shape."""
    largest, blue = max(s.weight for s in plan.trials), OKABE_ITO["blue"]
    marks = [
        {
            "estimate": study.estimate,
            "y": plan.mark(i),
            "area": max(LARGEST * study.weight / largest, SMALLEST),
            "shape": SHAPES[text.basis(study)],
            "fill": blue if text.basis(study) == "reported" else PAPER,
        }
        for i, study in enumerate(plan.trials)
    ]
    layer: alt.Chart = (
        rows(marks)
        .mark_point(stroke=blue, strokeWidth=1.5, opacity=1, aria=False)
        .encode(
            x=plan.x("estimate"),
            y=y_pixel("y"),
            size=alt.Size("area:Q", scale=None),
            shape=alt.Shape("shape:N", scale=None),
            fill=alt.Fill("fill:N", scale=None),
        )
    )
    return layer


def _pooled(plan: Plan) -> list[alt.Chart]:
    """The diamond, and the bar of the prediction interval."""
    if not plan.pooled_rows:
        return []
    y = plan.mark(len(plan.trials))
    layers = [
        rows(_diamond(plan, y))
        .mark_area(color=INK, opacity=1, orient="vertical", aria=False)
        .encode(x=plan.x("x"), y=y_pixel("top"), y2=alt.Y2("bottom:Q"))
    ]
    if plan.effect.prediction_interval is not None:
        low, high = plan.inside(plan.effect.prediction_interval)
        layers.append(
            rows([{"low": low, "high": high, "y": y + plan.layout.step}])
            .mark_rule(color=OKABE_ITO["orange"], strokeWidth=5, aria=False)
            .encode(x=plan.x("low"), x2=alt.X2("high:Q"), y=y_pixel("y"))
        )
    return layers


def _diamond(plan: Plan, y: float, half: float = 8) -> list[Row]:
    """Corners of the diamond; cut off upright where it leaves the axis."""
    estimate, (low, high) = plan.effect.estimate, plan.effect.ci
    corners = []
    for x in sorted({*plan.inside((low, high)), estimate}):
        share = 1.0
        if x != estimate:
            share = (x - low) / (estimate - low) if x < estimate else (high - x) / (high - estimate)
        corners.append({"x": x, "top": y - half * share, "bottom": y + half * share})
    return corners


def _arrow_heads(plan: Plan) -> list[alt.Chart]:
    """Where an interval goes on beyond the axis."""
    bounds = [(s.ci, INK) for s in plan.trials]
    if plan.pooled_rows:
        bounds.append((plan.effect.ci, INK))
    if plan.effect.prediction_interval is not None:
        bounds.append((plan.effect.prediction_interval, OKABE_ITO["orange"]))
    first, last = plan.domain
    heads = []
    for i, ((low, high), color) in enumerate(bounds):
        row = {"y": plan.mark(i), "color": color}
        if low < first:
            heads.append(row | {"x": first, "shape": "triangle-left"})
        if high > last:
            heads.append(row | {"x": last, "shape": "triangle-right"})
    if not heads:
        return []
    return [
        rows(heads)
        .mark_point(size=130, filled=True, opacity=1, aria=False)
        .encode(
            x=plan.x("x"),
            y=y_pixel("y"),
            shape=alt.Shape("shape:N", scale=None),
            color=alt.Color("color:N", scale=None),
        )
    ]


def _hover(plan: Plan) -> alt.Chart:
    """Invisible strips that tell the rest about a trial, to pointers and screen readers."""
    strips = [
        {"top": plan.top(i), "bottom": plan.top(i + 1)} | details(study)
        for i, study in enumerate(plan.trials)
    ]
    layer: alt.Chart = (
        rows(strips)
        .mark_rect(opacity=0, x=0, x2=plan.layout.width)
        .encode(
            y=y_pixel("top"),
            y2=alt.Y2("bottom:Q"),
            tooltip=[alt.Tooltip(f"{field}:N") for field in details(plan.trials[0])],
        )
    )
    return layer
