"""What each cell of a league table says, and where it stands."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reprieve.figures.drawing import Row
from reprieve.figures.effect_axis import EffectAxis
from reprieve.figures.forest_table import Width
from reprieve.figures.lettering import Word, broken, paragraph, room
from reprieve.figures.network_parts import Names, normal_reach, shown_names
from reprieve.figures.network_plan import count
from reprieve.figures.theme import MUTED, SHADE
from reprieve.synthesis.networks.results import NetworkMetaAnalysis

FIRST = ("#f1f6fa", "#d6e6f2", "#b5d3e9", "#8fbfe0")
SECOND = ("#fdf5e8", "#fbe5c3", "#f7d195", "#f0bb62")
"""Cells in favour of the first and of the second treatment, from small to large differences."""

_ACROSS = {"wide": 880.0, "narrow": 328.0}
_NAMED, _NUMBERED = 190.0, 24.0  # room before a row
GAP, LINE, _SMALL = 2.0, 15.0, 10


@dataclass(frozen=True)
class Style:
    """How cells are written, from roomy to tight, and how many rows all pieces may have so."""

    name: str
    widest: float
    high: float
    rows: float


STYLES = (
    Style("interval", 130, 40, 12),
    Style("stacked interval", 76, 46, 32),
    Style("estimate", 60, 24, math.inf),
)


@dataclass(frozen=True)
class Cell:
    """An estimate, the treatment `first` minus `second`, at a row and a column."""

    row: int
    column: int
    first: int
    second: int
    estimate: float
    half: float
    trials: int | None

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out no difference."""
        return abs(self.estimate) > self.half


@dataclass(frozen=True)
class LeaguePlan:
    """What the figure says, and where it stands."""

    fit: NetworkMetaAnalysis
    axis: EffectAxis
    given: Names | None
    width: Width

    @cached_property
    def order(self) -> list[int]:
        """Treatments, the best by P-score first."""
        return [int(t) for t in np.argsort(-self.fit.p_scores, kind="stable")]

    @cached_property
    def names(self) -> list[str]:
        """Their names in this order."""
        shown = shown_names(self.fit.treatments, self.given)
        return [shown[t] for t in self.order]

    @cached_property
    def cells(self) -> list[Cell]:
        """All cells beside the diagonal; the estimate is NaN where no trial compares the two."""
        evidence, reach = self.fit.evidence, normal_reach(self.fit.level)
        found = []
        place = {t: p for p, t in enumerate(self.order)}
        for e, (i, j) in enumerate(zip(*(side.tolist() for side in self.fit.pairs), strict=True)):
            p, q = place[i], place[j]
            side = 1.0 if p < q else -1.0
            p, q = min(p, q), max(p, q)
            network = side * float(self.fit.estimates[e]), float(self.fit.standard_errors[e])
            direct = side * float(evidence.direct[e]), float(evidence.direct_se[e])
            found += [
                Cell(q, p, p, q, network[0], reach * network[1], None),
                Cell(p, q, p, q, direct[0], reach * direct[1], int(evidence.trials[e])),
            ]
        return sorted(found, key=lambda cell: (cell.row, cell.column))

    # -- measures

    def lines(self, cell: Cell, style: Style) -> list[str]:
        """What a cell says."""
        number = self.axis.number(cell.estimate)
        low, high = (self.axis.number(cell.estimate + side * cell.half) for side in (-1, 1))
        said = {
            "interval": [number, f"{low} to {high}"],
            "stacked interval": [number, f"{low} to", high],
            "estimate": [number],
        }
        return said[style.name]

    @cached_property
    def chosen(self) -> tuple[Style, int]:
        """How cells are written, and how many columns a piece has."""
        known = [cell for cell in self.cells if not math.isnan(cell.estimate)]
        for style in STYLES:
            first, *more = zip(*(self.lines(cell, style) for cell in known), strict=True)
            needs = [room(said, 11, bold=True) for said in first]
            needs += [room(said, _SMALL) for line in more for said in line]
            label = _NAMED if self._named(style) else _NUMBERED
            most = max(1, int((_ACROSS[self.width] - label) // (GAP + 4 + max(needs))))
            pieces = math.ceil(self.fit.n / most)
            if pieces * self.fit.n <= style.rows:
                break
        return style, math.ceil(self.fit.n / pieces)

    @property
    def style(self) -> Style:
        """How cells are written."""
        return self.chosen[0]

    @property
    def columns(self) -> int:
        """In one piece of the table."""
        return self.chosen[1]

    @property
    def pieces(self) -> int:
        """How many pieces the table has, one under another."""
        return math.ceil(self.fit.n / self.columns)

    def _named(self, style: Style) -> bool:
        return self.width == "wide" and style is not STYLES[-1]

    @property
    def named(self) -> bool:
        """Whether names stand beside rows."""
        return self._named(self.style)

    @property
    def label(self) -> float:
        """Room before a row."""
        return _NAMED if self.named else _NUMBERED

    @property
    def cell(self) -> float:
        """Width of a cell."""
        return min(self.style.widest, (_ACROSS[self.width] - self.label) / self.columns)

    def _headings(self, pixels: float, lines: int) -> list[list[str]]:
        return [
            broken(f"{i + 1}  {name}", pixels, size=11, lines=lines)
            for i, name in enumerate(self.names)
        ]

    @cached_property
    def labels(self) -> list[list[str]]:
        """Of each row: number and name, or the number alone where names are listed."""
        return self._headings(_NAMED - 6, 4) if self.named else self._numbers

    @cached_property
    def heads(self) -> list[list[str]]:
        """Of each column."""
        roomy = self.named and self.style is STYLES[0]
        return self._headings(self.cell - 4, 6) if roomy else self._numbers

    @property
    def _numbers(self) -> list[list[str]]:
        return [[str(i + 1)] for i in range(self.fit.n)]

    @property
    def high(self) -> float:
        """Height of a row."""
        return max(self.style.high, 13.0 * max(map(len, self.labels)) + 6)

    @property
    def head(self) -> float:
        """Room above a piece."""
        return 13.0 * max(map(len, self.heads)) + 8

    @property
    def across(self) -> float:
        """Width of the figure."""
        return max(self.label + self.cell * self.columns, _ACROSS["narrow"])

    # -- places

    @cached_property
    def reading(self) -> list[str]:
        """How to read it, in lines."""
        return [word.text for line in _reading(self) for word in paragraph(line, 0, 0, self.across)]

    @cached_property
    def listed(self) -> list[Word]:
        """The list of names, where they don't stand beside their rows."""
        if self.named:
            return []
        many = 2 if self.across > 600 else 1
        wide, rows = self.across / many, math.ceil(self.fit.n / many)
        found = []
        for column in range(many):
            x, y = column * wide, LINE * (len(self.reading) + 0.5) + 8
            for i in range(column * rows, min((column + 1) * rows, self.fit.n)):
                lines = broken(self.names[i], wide - 34, lines=4)
                found.append(Word(x + 18, y, str(i + 1), "right", color=MUTED))
                found += [Word(x + 26, y + LINE * k, line) for k, line in enumerate(lines)]
                y += LINE * len(lines)
        return found

    @cached_property
    def top(self) -> float:
        """Upper end of the first piece."""
        lowest = max((word.y for word in self.listed), default=LINE * (len(self.reading) - 0.5))
        return lowest + LINE / 2 + 8

    @property
    def piece(self) -> float:
        """Height of a piece with its headings."""
        return self.head + self.high * self.fit.n + 12

    @property
    def end(self) -> float:
        """Height of the figure."""
        return self.top + self.piece * self.pieces

    def place(self, row: int, column: int) -> tuple[float, float]:
        """The upper left corner of a cell."""
        x = self.label + self.cell * (column % self.columns)
        return x, self.row_top(row, column // self.columns)

    def row_top(self, row: int, piece: int) -> float:
        """Upper end of a row in a piece."""
        return self.top + self.piece * piece + self.head + self.high * row

    @property
    def diagonal(self) -> Iterator[Row]:
        """Boxes of treatments against themselves."""
        for t in range(self.fit.n):
            yield self._ends(t, t) | {"fill": SHADE}

    def _ends(self, row: int, column: int) -> Row:
        x, y = self.place(row, column)
        return {"x": x + GAP, "x2": x + self.cell, "y": y + GAP, "y2": y + self.high}

    # -- cells

    def box(self, cell: Cell) -> Row:
        """The cell with its colour, and what its tooltip says."""
        said = self.told(cell)
        return self._ends(cell.row, cell.column) | {
            "fill": self._fill(cell),
            "Compared": f"{self.names[cell.first]} v {self.names[cell.second]}",
            "Evidence": "network"
            if cell.trials is None
            else f"direct, {count(cell.trials, 'trial')}",
            "Result": said,
        }

    def told(self, cell: Cell) -> str:
        """The estimate of a cell with its interval."""
        if math.isnan(cell.estimate):
            return "no trial"
        ends = cell.estimate - cell.half, cell.estimate + cell.half
        return self.axis.effect(cell.estimate, ends)

    def _fill(self, cell: Cell) -> str:
        if math.isnan(cell.estimate):
            return "#ffffff"
        favours = (cell.estimate < 0) == (self.fit.small_values == "desirable")
        step = min(int(4 * abs(cell.estimate) / self.largest), 3) if self.largest else 0
        return (FIRST if favours else SECOND)[step]

    @cached_property
    def largest(self) -> float:
        """The largest network estimate."""
        return max(abs(cell.estimate) for cell in self.cells if cell.trials is None)

    def written(self, cell: Cell) -> list[Word]:
        """What the cell says."""
        x, y = self.place(cell.row, cell.column)
        x, y = x + (self.cell + GAP) / 2, y + (self.high + GAP) / 2
        if math.isnan(cell.estimate):
            return [Word(x, y, "–", "center", 11, MUTED)]
        first, *more = self.lines(cell, self.style)
        step = 14 if len(more) < 2 else 13
        start = y - step * len(more) / 2
        return [
            Word(x, start, first, "center", 12 if len(more) == 1 else 11, bold=cell.sure),
            *(Word(x, start + step * (i + 1), w, "center", _SMALL) for i, w in enumerate(more)),
        ]


def _reading(league: LeaguePlan) -> list[str]:
    fit = league.fit
    none = "1" if league.axis.transform == "exp" else "0"
    better = "below" if fit.small_values == "desirable" else "above"
    example = next(c for c in league.cells if c.trials is None and c.row == fit.n - 1)
    compared = f"{league.names[example.first]} compared with {league.names[example.second]}"
    said = [
        "The best treatment by P-score stands first. Below the diagonal: all evidence (network), "
        "the treatment of the column compared with that of the row. Above the diagonal: direct "
        "trials alone, the treatment of the row compared with that of the column; – where there "
        "is none.",
        f"For example, row {example.row + 1}, column {example.column + 1}: {compared}, "
        f"{league.told(example)}.",
        f"{league.axis.name}; {better} {none} favours the first of the two (blue), "
        f"{'above' if better == 'below' else 'below'} {none} the second (orange); darker is more. "
        f"Bold: {100 * fit.level:g}% interval without {none}.",
    ]
    if league.style.name == "estimate":
        said.append("Intervals find no room here; the league table in text has them.")
    return said
