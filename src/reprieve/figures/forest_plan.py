"""Where everything in a forest plot stands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import altair as alt

from reprieve.figures.effect_axis import Bounds, EffectAxis
from reprieve.figures.forest_table import ForestTable, Line, Width


@dataclass(frozen=True)
class Layout:
    """The measures of a kind of forest plot, in pixels.

    Attributes
    ----------
    width, head, step, words : float
        Of the figure, of the line of headings, of a line, and of a line of words alone.
    plot : tuple of float
        Left and right end of the axis.
    text_y, mark_y : float
        Height of the label and of the mark inside a line.
    label, right : float
        Room for a label beside other columns, and where the column of numbers ends.
    tail : float
        Room between the last line and the axis.
    narrow : bool
        Words stand above each mark instead of beside it.
    """

    width: float
    head: float
    step: float
    words: float
    plot: tuple[float, float]
    text_y: float
    mark_y: float
    label: float
    right: float
    tail: float
    narrow: bool


LAYOUTS = {
    "wide": Layout(880, 30, 36, 30, (332, 640), 18, 18, 232, 822, 6, narrow=False),
    "compact": Layout(880, 30, 25, 28, (332, 640), 12.5, 12.5, 232, 822, 6, narrow=False),
    "narrow": Layout(328, 0, 48, 30, (6, 322), 12, 33, 328, 328, 0, narrow=True),
}
"""``compact`` is the wide one where no label has a detail."""
_LABEL_STEP = 16  # between lines of a label


def layout_of(table: ForestTable, width: Width) -> Layout:
    """The layout for a table at a width."""
    if width == "narrow":
        return LAYOUTS["narrow"]
    return LAYOUTS["wide" if any(line.detail for line in table.lines) else "compact"]


@dataclass(frozen=True)
class Plan:
    """A forest plot's geometry: which line stands where, and what the axis shows.

    Attributes
    ----------
    table : ForestTable
    layout : Layout
    """

    table: ForestTable
    layout: Layout

    @property
    def axis(self) -> EffectAxis:
        """The axis of effects."""
        return self.table.axis

    @property
    def lines(self) -> list[tuple[int, Line]]:
        """The lines with their places."""
        return list(enumerate(self.table.lines))

    def drawn(self, *kinds: str) -> list[tuple[int, Line]]:
        """The lines of these kinds, with their places."""
        return [(i, line) for i, line in self.lines if line.kind in kinds]

    @cached_property
    def _tops(self) -> list[float]:
        heights = [
            (self.layout.words if line.kind == "words" else self.layout.step) + self._more(i)
            for i, line in self.lines
        ]
        return list(accumulate(heights, initial=self.layout.head))

    @property
    def bottom(self) -> float:
        """Height of the axis."""
        return self._tops[-1] + self.layout.tail

    def top(self, i: int) -> float:
        """Upper end of a line; of the one after the last, its lower end."""
        return self._tops[i]

    def _more(self, i: int) -> float:
        """What the second and further lines of a label add to the height of a line."""
        return _LABEL_STEP * self.table.lines[i].label.count("\n")

    def words_y(self, i: int) -> float:
        """Height of the words in a line."""
        if self.table.lines[i].kind == "words":
            return self.top(i) + self.layout.words - 12
        return self.top(i) + self.layout.text_y + (0 if self.layout.narrow else self._more(i) / 2)

    def label(self, i: int) -> list[tuple[float, str]]:
        """The lines of a label with their heights."""
        beside = self.table.lines[i].kind != "words" and not self.layout.narrow
        first = self.words_y(i) - (self._more(i) / 2 if beside else 0)
        parts = self.table.lines[i].label.split("\n")
        return [(first + _LABEL_STEP * k, part) for k, part in enumerate(parts)]

    def mark(self, i: int) -> float:
        """Height of the mark in a line."""
        return self.top(i) + self.layout.mark_y + self._more(i) / (1 if self.layout.narrow else 2)

    def x(self, field: str) -> alt.X:
        """A place along the axis, on the scale of the effects."""
        scale = alt.Scale(
            domain=list(self.axis.domain), range=list(self.layout.plot), nice=False, zero=False
        )
        return alt.X(f"{field}:Q", scale=scale, axis=None)

    def pixel(self, effect: float) -> float:
        """The same place in pixels."""
        (first, last), (left, right) = self.axis.domain, self.layout.plot
        return left + (right - left) * (effect - first) / (last - first)

    def inside(self, bounds: Bounds) -> Bounds:
        """The part of an interval that the axis shows."""
        return self.axis.inside(bounds)

    @property
    def tracks(self) -> list[tuple[float, float]]:
        """Upper and lower ends of the plot; one for each line where words stand in between."""
        if not self.layout.narrow:
            return [(self.layout.head - 4, self.bottom)]
        marks = [self.mark(i) for i, line in self.lines if line.kind != "words"]
        return [(y - 11, y + 11) for y in marks]
