"""All words of a specification curve, as layers of text."""

from __future__ import annotations

import textwrap

import altair as alt

from reprieve.answers.words import OUTCOMES
from reprieve.figures import text
from reprieve.figures.drawing import Row, rows, x_pixel, y_pixel
from reprieve.figures.specification_plan import LOOKS, SpecificationPlan, in_words
from reprieve.figures.theme import INK, MUTED

_SAID = {
    "estimator": {"EE": "common effect"},
    "interval": {"knha": "Knapp–Hartung", "adhoc": "KH, never narrower", "z": "normal"},
}
"""Options in words, where the code of the option is none."""


def words(plan: SpecificationPlan) -> list[alt.Chart]:
    """The legend, and one layer for each look of words."""
    layers = [_legend_marks(plan)]
    kinds: dict[tuple[str, str, int, str], list[Row]] = {}
    for said, x, y, look in _said(plan):
        kinds.setdefault(look, []).append({"x": x, "y": y, "text": said})
    for (align, color, size, weight), some in kinds.items():
        layers.append(
            rows(some)
            .mark_text(
                align=align,  # type: ignore[arg-type]
                color=color,
                fontSize=size,
                fontWeight=weight,  # type: ignore[arg-type]
                baseline="middle",
                aria=False,
            )
            .encode(x=x_pixel("x"), y=y_pixel("y"), text=alt.Text("text:N"))
        )
    return layers


def _legend_marks(plan: SpecificationPlan) -> alt.Chart:
    marks = [
        {
            "x": 6,
            "y": 26 + plan.size.legend * i,
            "shape": LOOKS[verdict][0],
            "color": LOOKS[verdict][1],
        }
        for i, verdict in enumerate(plan.verdicts)
        if verdict in LOOKS
    ]
    layer: alt.Chart = (
        rows(marks)
        .mark_point(size=50, filled=True, opacity=1, aria=False)
        .encode(
            x=x_pixel("x"),
            y=y_pixel("y"),
            shape=alt.Shape("shape:N", scale=None),
            color=alt.Color("color:N", scale=None),
        )
    )
    return layer


_Look = tuple[str, str, int, str]
_PLAIN: _Look = ("left", INK, 12, "normal")
_QUIET: _Look = ("left", MUTED, 11, "normal")
_RIGHT: _Look = ("right", MUTED, 11, "normal")
_OPTION: _Look = ("right", INK, 11, "normal")
_CHOICE: _Look = ("left", INK, 11, "bold")
_Said = tuple[str, float, float, _Look]


def _said(plan: SpecificationPlan) -> list[_Said]:
    """All words, each with its place and look."""
    return [*_head(plan), *_side(plan), *_below(plan), *_choices(plan)]


def _head(plan: SpecificationPlan) -> list[_Said]:
    """How many analyses, and the share of each verdict."""
    total, known, n = (
        frame.height for frame in (plan.multiverse.analyses, plan.numbers, plan.shown)
    )
    count = f"{total:,} analyses" if n == known else f"{total:,} analyses, {n:,} of them drawn"
    found: list[_Said] = [(count, 0, 8, _PLAIN)]
    for i, (verdict, share) in enumerate(plan.verdicts.items()):
        said = f"{text.percent(100 * share)} {in_words(verdict)}"
        found.append((said, 16, 26 + plan.size.legend * i, _PLAIN))
    return found


def _side(plan: SpecificationPlan) -> list[_Said]:
    """The axis of the curve."""
    question, left = plan.multiverse.question, plan.size.left
    treatment, _ = text.names(question)
    name = f"Difference in {OUTCOMES[question.outcome][0]}, points of 100"
    lines = [*textwrap.wrap(name, left // 8), "", "below zero:"]
    lines += textwrap.wrap(f"{treatment} better", left // 8)
    found: list[_Said] = [
        (line, 0, plan.top + 8 + 15 * i, _QUIET) for i, line in enumerate(lines) if line
    ]
    return found + [(plan.axis.label(t), left - 6, plan.y(t), _RIGHT) for t in plan.axis.ticks]


def _below(plan: SpecificationPlan) -> list[_Said]:
    """Between the curve and the choices."""
    found: list[_Said] = []
    y = plan.top + plan.size.curve + 12
    if plan.thresholds:
        several = "s" * (len(plan.thresholds) > 1)
        found.append((f"broken line{several}: worthwhile from here", plan.size.left, y, _QUIET))
    if any(row["variance_explained"] >= 0.005 for row in plan.influence):
        said = "Percent: variation that the choice explains"
        across = plan.width == "narrow" or not found
        found.append(
            (said, 0, y + 15 * across, _QUIET)
            if across
            else (said, plan.size.left + 240, y, _QUIET)
        )
    return found


def _choices(plan: SpecificationPlan) -> list[_Said]:
    """The names of choices and options."""
    shares = {row["choice"]: row["variance_explained"] for row in plan.influence}
    found: list[_Said] = []
    for choice, option, y in plan.options:
        said = _SAID.get(choice, {}).get(option, option)
        found.append((said, plan.size.left - 6, y, _OPTION))
    first = {choice: y for choice, _, y in reversed(plan.options)}
    above = plan.size.step if plan.width == "narrow" else 0
    for choice, y in first.items():
        share = f" {text.percent(100 * shares[choice])}" if shares[choice] >= 0.005 else ""
        found.append((f"{choice}{share}", 0, y - above, _CHOICE))
    return found
