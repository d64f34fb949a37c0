"""The rank-heat plot: how treatments rank for several outcomes, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt

from reprieve.errors import InputError
from reprieve.figures.drawing import Row, layered
from reprieve.figures.forest_table import Width
from reprieve.figures.lettering import Word, boxes, broken, lettered, paragraph
from reprieve.figures.network_parts import Names, shown_names
from reprieve.figures.theme import INK, MUTED, PAPER, themed
from reprieve.synthesis.networks.base import NetworkResult

SHADES = ("#f1f5f8", "#cfe3f1", "#9cc6e3", "#4f9ccb", "#0072b2")
"""From P-scores below 0.2 to those of 0.8 and more."""

_LABEL, _WIDE_CELL, _HIGH, _GAP, _LINE = 210.0, 112.0, 46.0, 3, 15
_PHONE, _PHONE_CELL = 328, 79
"""Width on phones, and of the smallest cell that holds its words."""


def rank_heat(
    fits: Mapping[str, NetworkResult],
    *,
    names: Names | None = None,
    draws: int = 10_000,
    seed: int = 1,
    width: Width = "wide",
) -> alt.LayerChart:
    """Treatments by outcomes: the P-score as number and shade, with the rank and its interval.

    Treatments stand in the order of the first outcome, those it lacks last; an overall order would
    weigh outcomes against each other. After Veroniki et al. 2016 J Clin Epidemiol 76:193.

    Parameters
    ----------
    fits : mapping of str to NetworkResult
        A network for each outcome, the one that decides the order first.
    names : mapping of str to str, optional
        What treatments are called, where not as in the data.
    draws, seed : int
        As in :meth:`NetworkResult.ranks`.
    width : {"wide", "narrow"}
        Names beside their cells, or above them for phones; 328 pixels hold four outcomes, and
        more make the figure wider.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    InputError
        No outcome is given.

    Examples
    --------
    >>> from reprieve.synthesis import network
    >>> columns = {"study": ["1", "2"], "treatment1": ["cells", "exercise"]}
    >>> columns |= {"treatment2": ["saline", "saline"], "se": [4.0, 3.0]}
    >>> pain, function = (network(effect=y, **columns) for y in ([-12, -5], [-6, -8]))
    >>> print(rank_heat({"Pain": pain, "Function": function}).to_dict()["description"])
    P-scores and ranks (1 is best) of 3 treatments for 2 outcomes. cells: Pain 0.96, rank 1 (1 to
    2), Function 0.64, ... saline: Pain 0.02, rank 3 (2 to 3), Function 0.04, rank 3 (2 to 3).
    """
    if not fits:
        raise InputError("rank_heat needs at least one outcome, such as {'Pain': fit}")
    found = _ranked(fits, names, draws, seed)
    grid = _Grid.of(list(fits), _order(found), width)
    cells = [
        (r, c, found[outcome].get(treatment))
        for r, treatment in enumerate(grid.treatments)
        for c, outcome in enumerate(grid.outcomes)
    ]
    note = paragraph(_note(fits), 0, grid.bottom + 20, max(grid.across, _PHONE))
    words = [word for r, c, row in cells for word in grid.in_cell(r, c, row)]
    layers = [
        *boxes((grid.box(*cell) for cell in cells if cell[2]), *_TOLD, cornerRadius=3),
        *boxes((grid.box(*cell) for cell in cells if not cell[2]), *_TOLD, **_BROKEN),
        *lettered([*grid.headings(fits), *grid.labels(), *words, *note]),
    ]
    return themed(
        layered(
            layers,
            width=max(grid.across, _PHONE),
            height=note[-1].y + 10,
            description=_description(grid, found),
        )
    )


_TOLD = ("Treatment", "Outcome", "P-score", "Rank")
_BROKEN: dict[str, Any] = {"cornerRadius": 3, "stroke": MUTED, "strokeDash": [3, 3]}
_BROKEN["strokeWidth"] = 0.75


def shade(p_score: float) -> tuple[str, str]:
    """The filling for a P-score, and the ink that can be read on it.

    Examples
    --------
    >>> shade(0.05), shade(0.93)
    (('#f1f5f8', '#1b2430'), ('#0072b2', '#ffffff'))
    """
    step = min(int(len(SHADES) * p_score), len(SHADES) - 1)
    return SHADES[step], PAPER if step == len(SHADES) - 1 else INK


def _ranked(
    fits: Mapping[str, NetworkResult], names: Names | None, draws: int, seed: int
) -> dict[str, dict[str, Row]]:
    """For each outcome, rows of the table of ranks by the treatment's name, the best first."""
    treatments = sorted({treatment for fit in fits.values() for treatment in fit.treatments})
    called = dict(zip(treatments, shown_names(treatments, names), strict=True))
    return {
        outcome: {
            called[row["treatment"]]: row for row in fit.ranks(draws, seed).to_frame().to_dicts()
        }
        for outcome, fit in fits.items()
    }


def _order(found: Mapping[str, Mapping[str, Row]]) -> list[str]:
    """Treatments as they rank for the first outcome; then those it lacks, as for the next."""
    return list(dict.fromkeys(treatment for ranked in found.values() for treatment in ranked))


def _rank(row: Row | None) -> str:
    """The median rank with its interval."""
    if row is None:
        return "not in this network"
    return f"{row['median_rank']} ({row['rank_low']} to {row['rank_high']})"


@dataclass(frozen=True)
class _Grid:
    """Where cells stand, and what they are called.

    Attributes
    ----------
    outcomes, treatments : list of str
    names : list of list of str
        Of treatments, in lines.
    tops : list of float
        Upper end of the cells of each treatment.
    left, cell, head : float
        Where cells begin; breadth of one; height of the headings.
    above : bool
        Whether names stand over their cells.
    """

    outcomes: list[str]
    treatments: list[str]
    names: list[list[str]]
    tops: list[float]
    left: float
    cell: float
    head: float
    above: bool

    @classmethod
    def of(cls, outcomes: list[str], treatments: list[str], width: Width) -> _Grid:
        """As wide as outcomes ask, and as high as names."""
        above = width == "narrow"
        fitting = max(_PHONE_CELL, (_PHONE + _GAP) / len(outcomes) - _GAP)
        cell = fitting if above else _WIDE_CELL
        room = _PHONE if above else _LABEL - 8
        names = [broken(name, room, bold=above) for name in treatments]
        deepest = max(len(broken(name, cell, bold=True)) for name in outcomes)
        tops: list[float] = []
        top = head = _LINE * (deepest + 1) + 10.0
        for lines in names:
            tops.append(top + (_LINE * len(lines) + 6 if above else 0))
            top = tops[-1] + _HIGH + (12 if above else _GAP)
        return cls(outcomes, treatments, names, tops, 0.0 if above else _LABEL, cell, head, above)

    @property
    def across(self) -> float:
        """Breadth of the whole."""
        return self.x(len(self.outcomes)) - _GAP

    @property
    def bottom(self) -> float:
        """Lower end of the last cells."""
        return self.tops[-1] + _HIGH

    def x(self, column: int) -> float:
        """Left end of the cells of an outcome."""
        return self.left + column * (self.cell + _GAP)

    def box(self, r: int, c: int, row: Row | None) -> Row:
        """A cell."""
        return {
            "x": self.x(c),
            "x2": self.x(c) + self.cell,
            "y": self.tops[r],
            "y2": self.tops[r] + _HIGH,
            "fill": shade(row["p_score"])[0] if row else PAPER,
            "Treatment": self.treatments[r],
            "Outcome": self.outcomes[c],
            "P-score": f"{row['p_score']:.2f}" if row else "none",
            "Rank": _rank(row),
        }

    def in_cell(self, r: int, c: int, row: Row | None) -> list[Word]:
        """What stands in a cell."""
        x, y = self.x(c) + self.cell / 2, self.tops[r] + _HIGH / 2
        if row is None:
            return [
                Word(x, y + dy, said, "center", 11, MUTED)
                for dy, said in ((-7, "not in this"), (7, "network"))
            ]
        ink = shade(row["p_score"])[1]
        said = _rank(row) if self.above else f"rank {_rank(row)}"
        return [
            Word(x, y - 8, f"{row['p_score']:.2f}", "center", 14, ink, bold=True),
            Word(x, y + 9, said, "center", 11, ink),
        ]

    def headings(self, fits: Mapping[str, NetworkResult]) -> list[Word]:
        """Over each column the outcome, and among how many treatments it ranks."""
        found = []
        for c, outcome in enumerate(self.outcomes):
            x = self.x(c) + self.cell / 2
            lines = broken(outcome, self.cell, bold=True)
            start = self.head - 16 - _LINE * len(lines)
            found += [
                Word(x, start + _LINE * i, line, "center", bold=True)
                for i, line in enumerate(lines)
            ]
            found.append(
                Word(x, self.head - 14, f"{fits[outcome].n} treatments", "center", 11, MUTED)
            )
        return found

    def labels(self) -> list[Word]:
        """The names of treatments."""
        found = []
        for top, lines in zip(self.tops, self.names, strict=True):
            middle = (len(lines) - 1) / 2
            start = top - _LINE * len(lines) + 3 if self.above else top + _HIGH / 2 - _LINE * middle
            found += [
                Word(0, start + _LINE * i, line, bold=self.above) for i, line in enumerate(lines)
            ]
        return found


def _note(fits: Mapping[str, NetworkResult]) -> str:
    levels = sorted({100 * fit.level for fit in fits.values()})
    level = " or ".join(f"{level:g}%" for level in levels)
    return (
        "Large: P-score, the mean probability to be better than another treatment (darker is "
        f"higher). Below: median rank ({level} interval), 1 is best. Order: as for "
        f"{next(iter(fits))}. Ranks of different outcomes are among different treatments and say "
        "nothing about the size of effects."
    )


def _description(grid: _Grid, found: Mapping[str, Mapping[str, Row]]) -> str:
    parts = []
    for treatment in grid.treatments:
        ranked = ", ".join(
            f"{outcome} {rows[treatment]['p_score']:.2f}, rank {_rank(rows[treatment])}"
            if treatment in rows
            else f"{outcome} not in this network"
            for outcome, rows in found.items()
        )
        parts.append(f"{treatment}: {ranked}")
    return (
        f"P-scores and ranks (1 is best) of {len(grid.treatments)} treatments for "
        f"{len(found)} outcome{'s' * (len(found) != 1)}. {'; '.join(parts)}."
    )
