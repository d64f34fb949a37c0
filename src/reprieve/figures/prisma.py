"""The PRISMA 2020 flow diagram: from records identified to the studies of an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import altair as alt

from reprieve.answers.flow import Counts, Flow
from reprieve.answers.words import capital
from reprieve.figures.drawing import Row, layered, rows, x_pixel, y_pixel
from reprieve.figures.forest_table import Width
from reprieve.figures.lettering import Word, boxes, broken, lettered, rules
from reprieve.figures.text import names
from reprieve.figures.theme import MUTED, PAPER, SHADE, themed

_STAGES = ("Identification", "Screening", "Screening", "Screening", "Included")
"""The stage of each box of the way down."""

_PAD, _LINE, _AIR, _GAP = 10, 15, 4, 26
"""Air inside a box, height of a line of words, air before each part, and the way between boxes,
in pixels."""

_STAGE_HIGH = 22
"""Height of a stage's name where it stands above its boxes."""


class _Layout(NamedTuple):
    """Where boxes stand: the way down, and what leaves it on the side."""

    width: float
    main: tuple[float, float]
    side: tuple[float, float]
    stages_beside: bool


_LAYOUTS: dict[Width, _Layout] = {
    "wide": _Layout(740, (112, 426), (452, 739), stages_beside=True),
    "narrow": _Layout(328, (0, 327), (40, 327), stages_beside=False),
}


@dataclass(frozen=True)
class _Box:
    """A box with its words.

    Attributes
    ----------
    x, x2, y : float
        Its sides and its top.
    title : list of str
        The lines of its name.
    parts : list of list of str
        The lines of each part.
    said : str
        All of it, as one sentence.
    """

    x: float
    x2: float
    y: float
    title: list[str]
    parts: list[list[str]]
    said: str

    @property
    def high(self) -> float:
        lines = len(self.title) + sum(len(part) for part in self.parts)
        return 2 * _PAD + _LINE * lines + _AIR * len(self.parts) - 3

    @property
    def y2(self) -> float:
        return self.y + self.high

    def words(self) -> list[Word]:
        """Its words, line by line."""
        y = self.y + _PAD + 5
        found = []
        for i, part in enumerate([self.title, *self.parts]):
            y += _AIR if i else 0
            for line in part:
                found.append(Word(self.x + _PAD, y, line, size=11 if i else 12, bold=not i))
                y += _LINE
        return found


def prisma_flow(flow: Flow, *, width: Width = "wide") -> alt.LayerChart:
    """The numbers of a flow as boxes and arrows.

    Parameters
    ----------
    flow : Flow
        From :func:`reprieve.answers.flow.flow`.
    width : {"wide", "narrow"}
        740 pixels with reasons on the side, or 328 with reasons underneath.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> from reprieve.answers import Question
    >>> from reprieve.answers.flow import flow
    >>> from reprieve.evidence import load_evidence
    >>> question = Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid")
    >>> prisma_flow(flow(question, load_evidence())).to_dict()["width"]
    740
    """
    layout = _LAYOUTS[width]
    way = flow.boxes()
    mains, sides = [*way[0::2]], [*way[1::2]]
    placed: list[tuple[_Box, _Box | None]] = []
    stages: list[tuple[str, float, float]] = []
    y = 1.0
    for i, (stage, main) in enumerate(zip(_STAGES, mains, strict=True)):
        if stage != _STAGES[i - 1]:
            stages.append((stage, y, y))
            y += 0 if layout.stages_beside else _STAGE_HIGH
        box = _box(main, layout.main, y)
        beside = None
        if i < len(sides):
            top = y if layout.stages_beside else box.y2 + _PAD
            beside = _box(sides[i], layout.side, top)
        placed.append((box, beside))
        bottom = max(box.y2, beside.y2 if beside else 0)
        stages[-1] = (*stages[-1][:2], bottom)
        y = bottom + _GAP
    everything = [box for pair in placed for box in pair if box]
    bands, stage_words = _stages(stages, layout)
    lines, heads = _arrows(placed, layout)
    return themed(
        layered(
            [
                *boxes(bands),
                *rules(lines, color=MUTED),
                *_heads(heads),
                *boxes([_drawn(box) for box in everything], "Box", stroke=MUTED, strokeWidth=1),
                *lettered([*stage_words, *(word for box in everything for word in box.words())]),
            ],
            width=layout.width,
            height=y - _GAP + 1,
            description=_description(flow),
        )
    )


def _box(told: tuple[str, int, Counts], sides: tuple[float, float], y: float) -> _Box:
    name, n, parts = told
    shown = [f"{capital(part).rstrip('.')} {_n(count)}" for part, count in parts.items() if n]
    across = sides[1] - sides[0] - 2 * _PAD
    title = f"{name} {_n(n)}"
    return _Box(
        *sides,
        y,
        broken(title, across, size=12, bold=True),
        [broken(part, across, size=11, lines=9) for part in shown],
        ": ".join(filter(None, (title, "; ".join(shown)))),
    )


def _n(count: int) -> str:
    """A number as PRISMA writes it, never broken over lines."""
    return f"(n\u00a0=\u00a0{count:,})"


def _drawn(box: _Box) -> Row:
    return {"x": box.x, "x2": box.x2, "y": box.y, "y2": box.y2, "fill": PAPER, "Box": box.said}


def _stages(
    stages: list[tuple[str, float, float]], layout: _Layout
) -> tuple[list[Row], list[Word]]:
    """The stages as bands beside their boxes, or as names above them."""
    if not layout.stages_beside:
        return [], [Word(layout.side[0], top + 8, name, bold=True) for name, top, _ in stages]
    bands: list[Row] = [
        {"x": 0, "x2": layout.main[0] - 12, "y": top, "y2": bottom, "fill": SHADE}
        for _, top, bottom in stages
    ]
    return bands, [
        Word((layout.main[0] - 12) / 2, (top + bottom) / 2, name, "center", 12, bold=True)
        for name, top, bottom in stages
    ]


def _arrows(
    placed: list[tuple[_Box, _Box | None]], layout: _Layout
) -> tuple[list[tuple[float, float, float, float]], list[Row]]:
    """The lines from box to box, and where their heads stand."""
    lines, heads = [], []
    beside = layout.stages_beside
    x = sum(layout.main) / 2 if beside else layout.main[0] + 18
    for (box, side), onward in zip(placed, [*placed[1:], None], strict=True):
        if side:
            y = box.y + min(box.high, side.high) / 2 if beside else side.y + side.high / 2
            lines.append((box.x2 if beside else x, side.x - 1, y, y))
            heads.append({"px": side.x - 5, "py": y, "to": "triangle-right"})
        if onward:
            top = onward[0].y
            lines.append((x, x, box.y2, top - 1))
            heads.append({"px": x, "py": top - 5, "to": "triangle-down"})
    return lines, heads


def _heads(places: list[Row]) -> list[alt.Chart]:
    return [
        rows([place for place in places if place["to"] == shape])
        .mark_point(shape=shape, size=45, filled=True, color=MUTED, opacity=1, aria=False)
        .encode(x=x_pixel("px"), y=y_pixel("py"))
        for shape in ("triangle-right", "triangle-down")
    ]


def _description(flow: Flow) -> str:
    told = "; ".join(f"{name.lower()} {n:,}" for name, n, _ in flow.boxes())
    treatment, comparator = names(flow.question)
    return f"PRISMA 2020 flow diagram for {treatment} against {comparator}: {told}."
