"""All words of a forest plot, as layers of text."""

from __future__ import annotations

import textwrap
from typing import Any

import altair as alt

from reprieve.figures.drawing import Row, rows, x_pixel, y_pixel
from reprieve.figures.forest_plan import Plan
from reprieve.figures.forest_table import Line
from reprieve.figures.theme import INK, MUTED

WIDEST_LETTER = 0.68
"""Width of an average letter in the widest of the fonts, as a share of its height."""
MIDDLE, LAST = 296, 880
"""Centre of the column before the axis, and right end of the last."""
SIGN = {False: 245, True: 8}
"""Centre of the sign of a judgement, on wide and on narrow plots."""

_LOOKS = ("align", "fontSize", "color", "fontWeight", "limit")


def words(plan: Plan) -> list[alt.Chart]:
    """One layer for each look of words."""
    found = [word for i, line in plan.lines for word in _line(plan, i, line)]
    found += [*_axis(plan), *_notes(plan)]
    if not plan.layout.narrow:
        found += _headings(plan)
    kinds: dict[tuple[Any, ...], list[Row]] = {}
    for word in found:
        kinds.setdefault(tuple(word[k] for k in _LOOKS), []).append(word)
    return [
        rows({k: word[k] for k in ("px", "y", "text")} for word in some)
        .mark_text(**dict(zip(_LOOKS, look, strict=True)), baseline="middle", aria=False)
        .encode(x=x_pixel("px"), y=y_pixel("y"), text=alt.Text("text:N"))
        for look, some in kinds.items()
    ]


def _word(
    px: float,
    y: float,
    said: str,
    align: str = "left",
    *,
    size: int = 13,
    color: str = INK,
    bold: bool = False,
    limit: float = 0,
) -> Row:
    """Words at a place; cut off with an ellipsis where they are longer than the limit.

    Words that are sure to fit go without a limit, since measuring is what takes time.
    """
    if len(said) * size * WIDEST_LETTER <= limit:
        limit = 0
    looks = (align, size, color, "bold" if bold else "normal", limit)
    return {"px": px, "y": y, "text": said} | dict(zip(_LOOKS, looks, strict=True))


def _headings(plan: Plan) -> list[Row]:
    said, layout = plan.table.headings, plan.layout
    placed = (
        (0, said.label, "left"),
        (MIDDLE, said.middle, "center"),
        (sum(layout.plot) / 2, said.plot, "center"),
        (layout.right, said.effect, "right"),
        (LAST, said.last, "right"),
    )
    return [_word(px, 12, word, align, size=12, color=MUTED) for px, word, align in placed if word]


def _line(plan: Plan, i: int, line: Line) -> list[Row]:
    layout, y = plan.layout, plan.words_y(i)
    if line.kind == "words":
        color = INK if line.bold else MUTED
        return [
            _word(0, at, part, size=13, color=color, bold=line.bold, limit=layout.width)
            for at, part in plan.label(i)
        ]
    left = 20.0 if line.judgement and layout.narrow else 0.0
    found = []
    if line.detail and not layout.narrow:
        found += [
            _word(0, y - 7, line.label, bold=line.bold, limit=layout.label),
            _word(0, y + 8, line.detail, size=11, color=MUTED, limit=layout.label),
        ]
    elif line.kind == "trial":
        room = _room(plan, line) - left
        found += [_word(left, at, part, limit=room) for at, part in plan.label(i)]
    else:
        found += [_word(0, at, part, bold=line.bold) for at, part in plan.label(i)]
    found.append(_word(layout.right, y, _effect(plan, line), "right", bold=line.bold))
    if not layout.narrow:
        if line.middle:
            found.append(_word(MIDDLE, y, line.middle, "center", bold=line.bold))
        if line.judgement:
            found.append(_word(SIGN[False] + 13, y, line.judgement.word, size=12))
        if line.last:
            found.append(_word(LAST, y, line.last, "right", bold=line.bold))
    return found


def _room(plan: Plan, line: Line) -> float:
    """Room for a label: up to the number beside it, or to the next column."""
    if not plan.layout.narrow:
        return plan.layout.label
    return plan.layout.right - 13 * 0.58 * len(_effect(plan, line)) - 8


def _effect(plan: Plan, line: Line) -> str:
    if line.ci is None:
        return ""
    if line.estimate is None:
        return plan.axis.interval(line.ci)
    return plan.axis.effect(line.estimate, line.ci)


def _axis(plan: Plan) -> list[Row]:
    """Ticks, which side favours what, and the unit."""
    left, right = plan.layout.plot
    y, middle, room = plan.bottom + 15, (left + right) / 2, 0.44 * (right - left)
    found = [
        _word(plan.pixel(t), y, plan.axis.label(t), "center", size=12, color=MUTED)
        for t in plan.axis.ticks
    ]
    if plan.axis.favours is not None:
        first, second = plan.axis.favours
        found += [
            _word(left, y + 22, "← favours", size=12),
            _word(left, y + 36, first, size=12, limit=room),
            _word(right, y + 22, "favours →", "right", size=12),
            _word(right, y + 36, second, "right", size=12, limit=room),
        ]
    return [*found, _word(middle, _title_y(plan), plan.axis.name, "center", size=12)]


def _title_y(plan: Plan) -> float:
    return plan.bottom + (36 if plan.axis.favours is None else 71)


def _notes(plan: Plan) -> list[Row]:
    """Under the plot: what shade and signs mean."""
    room = 58 if plan.layout.narrow else 160
    lines = [part for note in plan.table.notes for part in textwrap.wrap(note, room)]
    y = _title_y(plan) + 22
    return [_word(0, y + 15 * i, line, size=11, color=MUTED) for i, line in enumerate(lines)]
