"""The specification curve: every analysis of a question by its estimate, with its choices below."""

from __future__ import annotations

import altair as alt

from reprieve.answers.multiverse import Multiverse
from reprieve.figures import text
from reprieve.figures.drawing import layered, rows, x_pixel, y_pixel
from reprieve.figures.forest_table import Width
from reprieve.figures.specification_plan import LOOKS, SpecificationPlan, in_words
from reprieve.figures.specification_words import words
from reprieve.figures.theme import INK, LINE, MUTED, OKABE_ITO, themed


def specification_curve(multiverse: Multiverse, *, width: Width = "wide") -> alt.LayerChart:
    """All analyses, from the most favourable to the least, and what was chosen in each.

    Each analysis is a mark with its interval; colour and shape tell its verdict. Below, a tick
    stands in the row of every option that the analysis took. Choices that explain most of the
    variation between estimates come first. Of many analyses an even selection is drawn, and its
    number stated.

    Parameters
    ----------
    multiverse : Multiverse
        From :func:`reprieve.answers.multiverse.multiverse`.
    width : {"wide", "narrow"}
        880 pixels, or 328 for phones.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> from reprieve.answers import Question
    >>> from reprieve.answers.multiverse import multiverse
    >>> every = multiverse(Question(condition="disc_degeneration", comparator="placebo"))
    >>> specification_curve(every).to_dict()["width"]
    880
    """
    plan = SpecificationPlan(multiverse, width)
    if plan.shown.is_empty():
        return _nothing(plan)
    layers = [
        *_lines(plan),
        _intervals(plan),
        _estimates(plan),
        _ticks(plan),
        *words(plan),
    ]
    return themed(
        layered(layers, width=plan.size.width, height=plan.bottom, description=description(plan))
    )


def description(plan: SpecificationPlan) -> str:
    """The figure in words."""
    treatment, comparator = text.names(plan.multiverse.question)
    estimates = plan.numbers["estimate"]
    shares = ", ".join(f"{text.percent(100 * s)} {in_words(v)}" for v, s in plan.verdicts.items())
    return (
        f"Specification curve: {plan.multiverse.analyses.height:,} analyses of {treatment} against "
        f"{comparator}. Estimates from {text.number(estimates[0])} to {text.number(estimates[-1])} "
        f"points of 100, median {text.number(float(estimates.median() or 0))}. {shares}."  # type: ignore[arg-type]
    )


def _nothing(plan: SpecificationPlan) -> alt.LayerChart:
    said = f"None of {plan.multiverse.analyses.height:,} analyses gives a number."
    layer: alt.Chart = (
        rows([{"text": said}])
        .mark_text(align="left", x=0, y=20, color=MUTED)
        .encode(text=alt.Text("text:N"))
    )
    return themed(layered([layer], width=plan.size.width, height=40, description=said))


def _lines(plan: SpecificationPlan) -> list[alt.Chart]:
    """Zero, the ticks of the axis, and each published threshold of a worthwhile difference."""
    left, right = plan.size.left, plan.size.width
    solid = [(plan.y(t), LINE if t else INK) for t in plan.axis.ticks]
    layers = [
        rows({"x": left, "x2": right, "y": y, "color": color} for y, color in solid)
        .mark_rule(aria=False, strokeWidth=0.75)
        .encode(
            x=x_pixel("x"),
            x2=alt.X2("x2:Q"),
            y=y_pixel("y"),
            color=alt.Color("color:N", scale=None),
        )
    ]
    if plan.thresholds:
        layers.append(
            rows({"x": left, "x2": right, "y": plan.y(-points)} for points in plan.thresholds)
            .mark_rule(aria=False, strokeDash=[4, 3], color=OKABE_ITO["green"])
            .encode(x=x_pixel("x"), x2=alt.X2("x2:Q"), y=y_pixel("y"))
        )
    return layers


def _intervals(plan: SpecificationPlan) -> alt.Chart:
    """The intervals of each verdict as one shape: hundreds of marks of their own would be slow."""
    paths = dict.fromkeys(plan.drawn, "")
    for i, row in enumerate(plan.shown.iter_rows(named=True)):
        low, high = plan.y(row["ci_low"]), plan.y(row["ci_high"])
        paths[row["verdict"]] += f"M{plan.x(i):.1f},{high:.1f}V{low:.1f}"
    return _shapes([(0.0, path, LOOKS[v][1]) for v, path in paths.items() if path], opacity=0.45)


def _ticks(plan: SpecificationPlan) -> alt.Chart:
    """In the row of every option a tick for each analysis that took it."""
    half = plan.size.step / 2 - 2
    shapes: list[tuple[float, str, str]] = []
    for choice, option, y in plan.options:
        paths: dict[str, str] = {}
        taken = zip(plan.shown[choice], plan.shown["verdict"], strict=True)
        for i, (value, verdict) in enumerate(taken):
            if value == option:
                tick = f"M{plan.x(i):.1f},{-half:g}V{half:g}"
                paths[verdict] = paths.get(verdict, "") + tick
        shapes += [(y, path, LOOKS[verdict][1]) for verdict, path in paths.items()]
    return _shapes(shapes)


def _shapes(shapes: list[tuple[float, str, str]], opacity: float = 1) -> alt.Chart:
    """Lines given as paths in pixels: at size 4 a path is drawn as large as it is."""
    layer: alt.Chart = (
        rows({"x": 0, "y": y, "path": path, "color": color} for y, path, color in shapes)
        .mark_point(
            size=4, fillOpacity=0, strokeWidth=1.2, strokeOpacity=opacity, opacity=1, aria=False
        )
        .encode(
            x=x_pixel("x"),
            y=y_pixel("y"),
            shape=alt.Shape("path:N", scale=None),
            stroke=alt.Stroke("color:N", scale=None),
        )
    )
    return layer


def _estimates(plan: SpecificationPlan) -> alt.Chart:
    names = list(plan.multiverse.choices)
    marks = [
        {
            "x": round(plan.x(i), 1),
            "estimate": round(plan.y(row["estimate"]), 1),
            "verdict": row["verdict"],
            "Difference": text.effect(row["estimate"], (row["ci_low"], row["ci_high"])),
            "Trials": row["k"],
            "Choices": "; ".join(f"{name}: {row[name]}" for name in names),
        }
        for i, row in enumerate(plan.shown.iter_rows(named=True))
    ]
    known = plan.drawn
    layer: alt.Chart = (
        rows(marks)
        .mark_point(size=16, filled=True, opacity=1, aria=False)
        .encode(
            x=x_pixel("x"),
            y=y_pixel("estimate"),
            shape=alt.Shape(
                "verdict:N",
                scale=alt.Scale(domain=known, range=[LOOKS[v][0] for v in known]),
                legend=None,
            ),
            color=alt.Color(
                "verdict:N",
                scale=alt.Scale(domain=known, range=[LOOKS[v][1] for v in known]),
                legend=None,
            ),
            tooltip=[
                "Difference:N",
                "Trials:Q",
                alt.Tooltip("verdict:N", title="Verdict"),
                "Choices:N",
            ],
        )
    )
    return layer
