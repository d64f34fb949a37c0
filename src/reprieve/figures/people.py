"""A hundred people, and how many of them have a worthwhile improvement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from reprieve.answers.answer import Answer, PerHundred
from reprieve.errors import InputError
from reprieve.figures import text
from reprieve.figures.drawing import layered, rows, x_pixel, y_pixel
from reprieve.figures.theme import INK, MUTED, OKABE_ITO, PAPER, themed

PERSON = (
    "M0,-1A0.3,0.3,0,1,1,0.001,-1Z"
    "M-0.42,-0.28A0.42,0.42,0,0,1,0.42,-0.28L0.42,0.45L0.22,0.45L0.22,1L-0.22,1L-0.22,0.45L-0.42,0.45Z"
)
"""Head and body, as a path."""
ACROSS, DOWN = 15, 20
BLOCK, GAP = 10 * ACROSS, 60
TOP = 58
EMPTY = "#9aa5b1"


def people(answer: Answer) -> alt.LayerChart:
    """Two crowds of a hundred: filled are those with a worthwhile improvement.

    Parameters
    ----------
    answer : Answer
        One whose `per_100` is known.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    InputError
        If the answer has no numbers of people.

    Examples
    --------
    >>> from reprieve.answers import Question, ask
    >>> question = Question(condition="knee_osteoarthritis", comparator="injection")
    >>> people(ask(question)).to_dict()["width"]
    360
    """
    found = answer.per_100
    if found is None:
        raise InputError(
            "this answer has no numbers of people (no published threshold, or no trial shows how "
            "much the comparator's people varied); draw its forest plot instead"
        )
    crowds = [*_crowd(0, found.with_treatment), *_crowd(1, found.with_comparator)]
    icons: alt.Chart = (
        rows(crowds)
        .mark_point(shape=PERSON, size=110, strokeWidth=0.9, opacity=1, aria=False)
        .encode(
            x=x_pixel("x"),
            y=y_pixel("y"),
            fill=alt.Fill("fill:N", scale=None),
            stroke=alt.Stroke("line:N", scale=None),
        )
    )
    return themed(
        layered(
            [icons, *_words(found, text.sides(answer))],
            width=2 * BLOCK + GAP,
            height=TOP + 10 * DOWN,
            description=description(answer),
        )
    )


def description(answer: Answer) -> str:
    """The figure in a sentence."""
    found = answer.per_100
    if found is None:
        return "No numbers of people."
    treatment, comparator = text.sides(answer)
    return (
        f"Of 100 people, about {found.with_treatment:.0f} ({_range(found)}) have a worthwhile "
        f"improvement with {treatment}, and about {found.with_comparator:.0f} with {comparator}."
    )


def _range(found: PerHundred) -> str:
    low, high = found.with_treatment_ci
    return f"{low:.0f} to {high:.0f}"


def _crowd(block: int, improved: float) -> list[dict[str, Any]]:
    """A hundred places in ten rows, filled from the upper left."""
    return [
        {
            "x": block * (BLOCK + GAP) + (i % 10 + 0.5) * ACROSS,
            "y": TOP + (i // 10 + 0.5) * DOWN,
            "fill": OKABE_ITO["blue"] if i < round(improved) else PAPER,
            "line": OKABE_ITO["blue"] if i < round(improved) else EMPTY,
        }
        for i in range(100)
    ]


def _words(found: PerHundred, names: tuple[str, str]) -> list[alt.Chart]:
    """Over each crowd its name, its number, and the range of that number."""
    counts = (found.with_treatment, found.with_comparator)
    lines: list[tuple[int, Sequence[str], dict[str, Any]]] = [
        (8, names, {"fontSize": 12, "color": INK}),
        (27, [f"{n:.0f} of 100" for n in counts], {"fontSize": 16, "fontWeight": "bold"}),
        (44, [f"range {_range(found)}", "as seen in the trials"], {"fontSize": 11, "color": MUTED}),
    ]
    return [
        rows({"x": i * (BLOCK + GAP), "text": said} for i, said in enumerate(two))
        .mark_text(align="left", baseline="middle", y=y, limit=BLOCK + GAP - 10, aria=False, **look)
        .encode(x=x_pixel("x"), text=alt.Text("text:N"))
        for y, two, look in lines
    ]
