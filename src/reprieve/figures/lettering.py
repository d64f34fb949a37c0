"""Words, boxes and rules of figures that are laid out in pixels."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any, NamedTuple

import altair as alt

from reprieve.figures.drawing import Row, rows, x_pixel, y_pixel
from reprieve.figures.theme import INK, LINE, MUTED

LETTER = 0.54
"""Width of an average letter, as a share of its height; bold ones take a tenth more."""


class Word(NamedTuple):
    """Words at a place in pixels: beside `x` as `align` says, centred on `y`."""

    x: float
    y: float
    text: str
    align: str = "left"
    size: int = 12
    color: str = INK
    bold: bool = False


def room(text: str, size: int = 12, *, bold: bool = False) -> float:
    """The pixels that a text takes across, rather too many than too few.

    Examples
    --------
    >>> round(room("exercise", 10), 1)
    43.2
    """
    return len(text) * size * LETTER * (1.1 if bold else 1.0)


def broken(
    text: str, pixels: float, *, size: int = 12, lines: int = 3, bold: bool = False
) -> list[str]:
    """A text in lines that fit; an ellipsis ends it where `lines` are not enough.

    Examples
    --------
    >>> broken("intra-articular hyaluronic acid", 110)
    ['intra-articular', 'hyaluronic acid']
    >>> broken("intra-articular hyaluronic acid", 110, lines=1)
    ['intra-articular…']
    """
    across = max(4, int(pixels / room("x", size, bold=bold)))
    found = textwrap.wrap(text, across) or [""]
    if len(found) > lines:
        last, onward = found[lines - 1 : lines + 1]
        joined = last + ("" if last.endswith("-") else " ") + onward
        found = [*found[: lines - 1], joined[: across - 1].rstrip() + "…"]
    return found


def paragraph(
    text: str, x: float, y: float, pixels: float, *, size: int = 11, color: str = MUTED
) -> list[Word]:
    """A text in as many lines as it takes, the first centred on `y`."""
    lines = broken(text, pixels, size=size, lines=99)
    return [
        Word(x, y + i * (size + 4), line, size=size, color=color) for i, line in enumerate(lines)
    ]


def caption(texts: Iterable[str], pixels: float) -> alt.TitleParams:
    """Texts under a chart with axes of its own, each from a new line; six lines at most each."""
    return alt.TitleParams(
        [line for text in texts for line in broken(text, pixels, size=11, lines=6)],
        orient="bottom",
        anchor="start",
        fontSize=11,
        fontWeight="normal",
        color=MUTED,
        lineHeight=15,
        offset=12,
    )


def lettered(words: Iterable[Word]) -> list[alt.Chart]:
    """All words, a layer for each look."""
    looks: dict[tuple[Any, ...], list[Row]] = {}
    for word in words:
        look = (word.align, word.size, word.color, "bold" if word.bold else "normal")
        looks.setdefault(look, []).append({"px": word.x, "py": word.y, "text": word.text})
    return [
        rows(some)
        .mark_text(
            align=align,
            fontSize=size,
            color=color,
            fontWeight=weight,
            baseline="middle",
            aria=False,
        )
        .encode(x=x_pixel("px"), y=y_pixel("py"), text=alt.Text("text:N"))
        for (align, size, color, weight), some in looks.items()
    ]


def boxes(values: Iterable[Row], *tooltip: str, **look: Any) -> list[alt.Chart]:
    """Boxes from `x` to `x2` and `y` to `y2`, each with its `fill`; none where there are none."""
    found = list(values)
    if not found:
        return []
    layer = (
        rows(found)
        .mark_rect(opacity=1, aria=bool(tooltip), **look)
        .encode(
            x=x_pixel("x"),
            x2=alt.X2("x2:Q"),
            y=y_pixel("y"),
            y2=alt.Y2("y2:Q"),
            fill=alt.Fill("fill:N", scale=None),
        )
    )
    return [layer.encode(tooltip=[f"{name}:N" for name in tooltip]) if tooltip else layer]


def rules(
    lines: Iterable[tuple[float, float, float, float]], color: str = LINE, **look: Any
) -> list[alt.Chart]:
    """Lines from (x, y) to (x2, y2), given in the order x, x2, y, y2."""
    found = [dict(zip(("x", "x2", "y", "y2"), line, strict=True)) for line in lines]
    if not found:
        return []
    layer: alt.Chart = (
        rows(found)
        .mark_rule(color=color, aria=False, **look)
        .encode(x=x_pixel("x"), x2=alt.X2("x2:Q"), y=y_pixel("y"), y2=alt.Y2("y2:Q"))
    )
    return [layer]
