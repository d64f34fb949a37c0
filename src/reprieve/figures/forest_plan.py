"""Where everything in a forest plot stands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor

import altair as alt

from reprieve.answers.answer import Answer, Effect, StudyEffect
from reprieve.figures.text import in_order


@dataclass(frozen=True)
class Layout:
    """The measures of a kind of forest plot, in pixels.

    Attributes
    ----------
    width, head, step : float
        Of the figure, of the line of headings, and of a trial.
    plot : tuple of float
        Left and right end of the axis.
    text_y, mark_y : float
        Height of the label and of the mark inside a trial's step.
    label, right : float
        Room for a label, and where the column of numbers ends.
    tail : float
        Room between the last row and the axis.
    narrow : bool
        Words stand above each mark instead of beside it.
    """

    width: float
    head: float
    step: float
    plot: tuple[float, float]
    text_y: float
    mark_y: float
    label: float
    right: float
    tail: float
    narrow: bool


LAYOUTS = {
    "wide": Layout(880, 30, 36, (332, 640), 11, 18, 232, 822, 6, narrow=False),
    "narrow": Layout(328, 0, 48, (6, 322), 12, 33, 146, 328, 0, narrow=True),
}


@dataclass(frozen=True)
class Plan:
    """A forest plot's geometry: which row stands where, and what the axis shows.

    Attributes
    ----------
    answer : Answer
    effect : Effect
        That of the answer.
    layout : Layout
    """

    answer: Answer
    effect: Effect
    layout: Layout

    @cached_property
    def trials(self) -> list[StudyEffect]:
        """In the order of the rows."""
        return in_order(self.answer)

    @cached_property
    def ticks(self) -> list[float]:
        """Along the axis: every trial's interval fits, zero too, and the pooled ones if near."""
        mcid = self.effect.mcid or 0.0
        low = min([*(s.ci[0] for s in self.trials), self.effect.estimate, -1.2 * mcid, -5.0])
        high = max([*(s.ci[1] for s in self.trials), self.effect.estimate, 1.2 * mcid, 5.0])
        reach = 0.5 * (high - low)
        for bounds in (self.effect.ci, self.effect.prediction_interval):
            if bounds is not None and bounds[0] > low - reach and bounds[1] < high + reach:
                low, high = min(low, bounds[0]), max(high, bounds[1])
        low, high = max(low, -100.0), min(high, 100.0)
        step = next((s for s in (2.0, 5.0, 10.0, 20.0, 25.0) if (high - low) / s <= 7), 50.0)
        return [i * step for i in range(floor(low / step), ceil(high / step) + 1)]

    @property
    def domain(self) -> tuple[float, float]:
        """The points at both ends of the axis."""
        return self.ticks[0], self.ticks[-1]

    @property
    def pooled_top(self) -> float:
        """Upper end of the pooled rows."""
        return self.layout.head + self.layout.step * len(self.trials)

    @property
    def pooled_rows(self) -> int:
        """None for a single trial, else the diamond and perhaps the prediction interval."""
        if self.effect.k == 1:
            return 0
        return 1 if self.effect.prediction_interval is None else 2

    @property
    def bottom(self) -> float:
        """Height of the axis."""
        return self.pooled_top + self.pooled_rows * self.layout.step + self.layout.tail

    def x(self, field: str) -> alt.X:
        """A place along the axis, in points."""
        scale = alt.Scale(
            domain=list(self.domain), range=list(self.layout.plot), nice=False, zero=False
        )
        return alt.X(f"{field}:Q", scale=scale, axis=None)

    def pixel(self, points: float) -> float:
        """The same place in pixels."""
        (first, last), (left, right) = self.domain, self.layout.plot
        return left + (right - left) * (points - first) / (last - first)

    def top(self, i: int) -> float:
        """Upper end of a row."""
        return self.layout.head + self.layout.step * i

    def mark(self, i: int) -> float:
        """Height of the mark in a row."""
        return self.top(i) + self.layout.mark_y

    def inside(self, bounds: tuple[float, float]) -> tuple[float, float]:
        """The part of an interval that the axis shows."""
        return max(bounds[0], self.domain[0]), min(bounds[1], self.domain[1])

    @property
    def tracks(self) -> list[tuple[float, float]]:
        """Upper and lower ends of the plot; one for each row where words stand in between."""
        if not self.layout.narrow:
            return [(self.layout.head - 4, self.bottom)]
        rows = len(self.trials) + self.pooled_rows
        return [(self.mark(i) - 11, self.mark(i) + 11) for i in range(rows)]
