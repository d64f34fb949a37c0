"""Where everything in the graph of a network stands."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from reprieve.figures.judgements import JUDGEMENTS
from reprieve.figures.network_layout import (
    Place,
    Points,
    bend_past,
    bent,
    circle,
    parts_in_order,
    spread,
)
from reprieve.figures.network_parts import Edge, Node

ROW = 15.0
"""Height of a line of a name in pixels."""


@dataclass(frozen=True)
class Measures:
    """The measures of a kind of graph, in pixels.

    Attributes
    ----------
    width, radius, node : float
        Of the figure; of the circle on which treatments stand; of the largest treatment.
    letters : int
        In a line of a name.
    columns : int
        Of the list of names.
    """

    width: float
    radius: float
    node: float
    letters: int
    columns: int


AROUND = Measures(740, 170, 20, 24, 1)
LISTED = Measures(740, 240, 20, 52, 2)
NARROW = Measures(328, 118, 14, 46, 1)

_LINES = 4  # of a name beside its circle
_MOVED = 26.0  # how far a name may stand from its circle before names become a list
_NUMBER = 18.0  # room for the number beside a circle
_WIDEST, _PER_TRIAL = 10.0, 2.5
_TOGETHER = "\u00a0"  # a space that lines don't break at


@dataclass(frozen=True)
class Label:
    """A name beside its circle: its lines, where they start, and on which side it stands."""

    node: int
    lines: tuple[str, ...]
    x: float
    y: float
    right: bool
    moved: float

    @property
    def top(self) -> float:
        """Its upper end."""
        return self.y - ROW * (len(self.lines) + 1) / 2

    @property
    def bottom(self) -> float:
        """Its lower end, under the line that tells the size."""
        return self.y + ROW * (len(self.lines) + 1) / 2


@dataclass(frozen=True)
class GraphPlan:
    """A network graph's geometry.

    Attributes
    ----------
    nodes, edges : sequence of Node and Edge
    narrow : bool
    by_people : bool
        Whether areas are people; trials otherwise.
    """

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    narrow: bool
    by_people: bool

    @cached_property
    def parts(self) -> list[list[int]]:
        """Treatments of each part that trials connect, clockwise."""
        return parts_in_order(len(self.nodes), [(edge.a, edge.b) for edge in self.edges])

    @cached_property
    def number(self) -> dict[int, int]:
        """The number of each treatment, clockwise from the top."""
        return {t: i + 1 for i, t in enumerate(t for part in self.parts for t in part)}

    @cached_property
    def measures(self) -> Measures:
        """Names stand in a list under the graph on phones, and where they would crowd."""
        if self.narrow:
            return NARROW
        return LISTED if self._crowded else AROUND

    @cached_property
    def _crowded(self) -> bool:
        longest = max(len(textwrap.wrap(node.name, AROUND.letters)) for node in self.nodes)
        return longest > _LINES or any(label.moved > _MOVED for label in self._beside(AROUND))

    @property
    def listed(self) -> bool:
        """Whether names stand in a list."""
        return self.measures is not AROUND

    # -- circles and lines

    @cached_property
    def middle(self) -> tuple[float, float]:
        """Of the circle on which treatments stand."""
        return self.measures.width / 2, self._reach(above=True)

    def _reach(self, *, above: bool) -> float:
        """From the middle up, or down, to where no circle and no name stands."""
        side = -1 if above else 1
        seats = circle(self.parts, (0.0, 0.0), self.measures.radius)
        extra = _NUMBER if self.listed else 5
        reach = max(
            side * seat.y + radius + extra + self._outline
            for seat, radius in zip(seats, self.radii, strict=True)
        )
        if not self.listed:
            beside = self._beside(AROUND)
            reach = max(reach, *(-label.top if above else label.bottom for label in beside))
        return reach + 4

    @cached_property
    def places(self) -> list[Place]:
        """Where each treatment stands."""
        return circle(self.parts, self.middle, self.measures.radius)

    @cached_property
    def radii(self) -> list[float]:
        """Of the circle of each treatment."""
        return self._radii(self.measures)

    def _radii(self, measures: Measures) -> list[float]:
        slots = len(self.nodes) + (len(self.parts) if len(self.parts) > 1 else 0)
        beside = 0.42 * 2 * measures.radius * math.sin(math.pi / slots)
        most = min(measures.node, beside)
        sizes = [node.people if self.by_people else node.trials for node in self.nodes]
        largest = max((size for size in sizes if size), default=1)
        return [max(3.5, most * math.sqrt((size or 0) / largest)) for size in sizes]

    def _clear(self, measures: Measures) -> float:
        """From the middle to where nothing but names stands."""
        return measures.radius + max(self._radii(measures)) + 5 + self._outline

    @property
    def _outline(self) -> float:
        """Room for the outlines of parts, where there are several."""
        return 8.0 if len(self.parts) > 1 else 0.0

    @cached_property
    def bends(self) -> list[float]:
        """How far each edge is drawn to the middle to pass by the circles between its ends."""
        found = []
        for edge, width in zip(self.edges, self.widths, strict=True):
            others = [t for t in range(len(self.nodes)) if t not in (edge.a, edge.b)]
            ends = self.places[edge.a], self.places[edge.b]
            reaches = [self.radii[t] + width / 2 + 3 for t in others]
            found.append(bend_past(ends, self.middle, [self.places[t] for t in others], reaches))
        return found

    @cached_property
    def lines(self) -> list[Points]:
        """Points along each edge."""
        return [
            bent(self.places[edge.a], self.places[edge.b], self.middle, bend)
            for edge, bend in zip(self.edges, self.bends, strict=True)
        ]

    @cached_property
    def widths(self) -> list[float]:
        """Of each edge: in proportion to its trials, and never too thin to be seen."""
        unit = min(_PER_TRIAL, _WIDEST / max(edge.trials for edge in self.edges))
        return [max(1.25, edge.trials * unit) for edge in self.edges]

    @property
    def judged(self) -> list[str]:
        """The judgements that edges show."""
        seen = {edge.judgement.word for edge in self.edges if edge.judgement is not None}
        return [word for word in JUDGEMENTS if word in seen]

    # -- names

    @cached_property
    def labels(self) -> list[Label]:
        """Names beside their circles; none where they stand in a list."""
        if self.listed:
            return []
        x, y = self.middle
        return [replace(one, x=x + one.x, y=y + one.y) for one in self._beside(AROUND)]

    def _beside(self, measures: Measures) -> list[Label]:
        """Names on either side, seen from the middle of the circle."""
        clear = self._clear(measures)
        seats = circle(self.parts, (0.0, 0.0), clear)
        found = []
        for right in (True, False):
            mine = [t for t, seat in enumerate(seats) if (seat.x > -1e-6) == right]
            mine.sort(key=lambda t: seats[t].y)
            lines = [tuple(textwrap.wrap(self.nodes[t].name, measures.letters)) for t in mine]
            heights = [ROW * (len(some) + 1) for some in lines]
            middles = spread([seats[t].y for t in mine], heights, 4)
            for t, some, high, y in zip(mine, lines, heights, middles, strict=True):
                nearest = max(0.0, abs(y) - high / 2)
                out = math.sqrt(max(clear**2 - nearest**2, 36.0))
                moved = abs(y - seats[t].y)
                found.append(Label(t, some, out if right else -out, y, right, moved))
        return found

    @cached_property
    def columns(self) -> list[list[tuple[int, list[str]]]]:
        """The list of names: columns of treatments with the lines that tell their names."""
        if not self.listed:
            return []
        entries = [
            (t, _wrapped(self.nodes[t].name, self.size(t), self.measures.letters))
            for t in self.number
        ]
        half = math.ceil(len(entries) / self.measures.columns)
        return [entries[i : i + half] for i in range(0, len(entries), half)]

    def size(self, t: int) -> str:
        """The people of a treatment, or its trials, in words."""
        node = self.nodes[t]
        if not self.by_people:
            return count(node.trials, "trial")
        return "people not known" if node.people is None else f"{node.people:,} people"

    # -- from top to bottom

    @property
    def bottom(self) -> float:
        """Lower end of the circle and of the names beside it."""
        return self.middle[1] + self._reach(above=False)

    @property
    def key_top(self) -> float:
        """Upper end of the key, under the list of names."""
        longest = max((sum(len(e[1]) for e in column) for column in self.columns), default=0)
        return self.bottom + ROW * longest + 6

    @property
    def key_columns(self) -> int:
        """Judgements in a line of the key."""
        return 2 if self.narrow else 4

    @property
    def notes_top(self) -> float:
        """Upper end of the notes, under the key."""
        return self.key_top + ROW * math.ceil(len(self.judged) / self.key_columns) + 4


def count(number: int, word: str) -> str:
    """A number of things.

    Examples
    --------
    >>> count(1, "trial"), count(1200, "trial")
    ('1 trial', '1,200 trials')
    """
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _wrapped(name: str, size: str, letters: int) -> list[str]:
    """Lines of an entry of the list; the number of the size and its unit stay together."""
    kept = size.replace(" ", _TOGETHER)
    return [line.replace(_TOGETHER, " ") for line in textwrap.wrap(f"{name}, {kept}", letters)]
