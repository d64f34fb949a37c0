"""The net heat plot: which designs disagree, and what each weighs in which estimate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import altair as alt
import numpy as np

from reprieve.figures import text
from reprieve.figures.drawing import Row, layered
from reprieve.figures.forest_table import Width
from reprieve.figures.lettering import Word, boxes, broken, lettered, paragraph
from reprieve.figures.network_parts import Names, arms, shown_names
from reprieve.figures.theme import INK, LINE, MUTED, PAPER, themed
from reprieve.synthesis.networks.heat import NetHeat
from reprieve.synthesis.networks.results import NetworkMetaAnalysis

STEPS = (0.5, 1.0, 2.0, 4.0)
"""Where the shades of a change of Q begin."""
WARM = ("#fbe3d2", "#f7c7a4", "#f0a066", "#e8762b")
COOL = ("#dcebf5", "#b5d7ee", "#84bbde", "#4f9ccb")

_ACROSS = {"wide": 880, "narrow": 328}
_MOST = {"wide": 34, "narrow": 18}
"""Rows that can be told apart at a width."""
_LABELS, _NUMBER, _HEAD = 320.0, 22.0, 40.0
"""Room for names and numbers beside the grid, for numbers alone, and above it."""
_LARGEST, _READABLE = 46.0, 30.0
"""The largest cell, and the smallest that holds a number."""
_ROUNDING = 1e-6


def net_heat_figure(
    fit: NetworkMetaAnalysis,
    *,
    random: bool = False,
    names: Names | None = None,
    width: Width = "wide",
) -> alt.LayerChart:
    """Comparisons of designs against each other: where the network disagrees with itself.

    A square in a cell is as large as the column's design weighs in the network estimate of the
    row's comparison. Colour, sign and number tell by how much Q of the row falls (warm, plus) or
    rises (cool, minus) once the column's design is detached from the rest; on the diagonal stands
    the row's own Q. Those with most disagreement come first. Krahn, Binder & König 2013 BMC Med
    Res Methodol 13:35.

    Parameters
    ----------
    fit : NetworkMetaAnalysis
    random : bool
        As in :meth:`NetworkMetaAnalysis.net_heat`.
    names : mapping of str to str, optional
        What treatments are called.
    width : {"wide", "narrow"}
        880 pixels, or 328 for phones. The 34 comparisons (on phones 18) with the largest Q are
        drawn; the number of the others is told.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    SynthesisError
        No design closes a loop with others, so that none can disagree.

    Examples
    --------
    >>> from reprieve.synthesis import network
    >>> fit = network(
    ...     study=["1", "2", "3"],
    ...     treatment1=["cells", "exercise", "cells"],
    ...     treatment2=["saline", "saline", "exercise"],
    ...     effect=[-12.0, -5.0, -1.0],
    ...     se=[4.0, 3.0, 5.0],
    ... )
    >>> print(net_heat_figure(fit).to_dict()["description"])
    Net heat plot of 3 comparisons of designs, Q between designs 0.7. Most disagreement: ...
    """
    plan = _Plan(fit, fit.net_heat(random=random), names, width)
    notes = paragraph(_note(plan), 0, plan.key_top + 62, _ACROSS[width])
    layers = [
        *boxes(plan.cells(), "Estimate", "Detached", "Change of Q", "Weight", stroke=LINE),
        *boxes(plan.squares(), fillOpacity=0.16),
        *boxes(_key_boxes(plan.key_top), stroke=LINE),
        *lettered([*plan.words(), *_key_words(plan.key_top), *notes]),
    ]
    return themed(
        layered(
            layers,
            width=_ACROSS[width],
            height=notes[-1].y + 10,
            description=_description(plan),
        )
    )


def shade(change: float) -> str:
    """The filling for a change of Q: warm where it falls, cool where it rises.

    Examples
    --------
    >>> shade(5.0), shade(-0.7), shade(0.1)
    ('#e8762b', '#dcebf5', '#ffffff')
    """
    step = sum(abs(change) >= least for least in STEPS)
    return PAPER if not step else (WARM if change > 0 else COOL)[step - 1]


@dataclass(frozen=True)
class _Plan:
    """Which comparisons are shown, what they are called, and where they stand."""

    fit: NetworkMetaAnalysis
    heat: NetHeat
    names: Names | None
    width: Width

    @cached_property
    def concerned(self) -> list[int]:
        """Rows that can disagree, those with the largest Q first."""
        change, Q = np.nan_to_num(self.heat.change), self.heat.Q
        least = _ROUNDING * max(1.0, float(np.abs(Q).max()))
        moved = (np.abs(Q) > least) | (np.abs(change) > least).any(axis=0)
        return [int(r) for r in np.argsort(-Q, kind="stable") if moved[r]]

    @cached_property
    def shown(self) -> list[int]:
        return self.concerned[: _MOST[self.width]]

    @cached_property
    def called(self) -> list[str]:
        """Each row of the matrix in words: two treatments, and the others of their trials."""
        own, called = self.fit.treatments, shown_names(self.fit.treatments, self.names)
        pairs = {f"{own[a]}:{own[b]}": (a, b) for a in range(len(own)) for b in range(len(own))}
        sets = {":".join(own[t] for t in sorted(s)): s for s in arms(self.fit.trials.rows)}
        found = []
        for design, comparison in self.heat.rows:
            a, b = pairs[comparison]
            others = ", ".join(called[t] for t in sorted(sets[design] - {a, b}))
            found.append(f"{called[a]} v {called[b]}" + (f" (with {others})" if others else ""))
        return found

    @cached_property
    def beside(self) -> list[list[str]]:
        """The names in lines, beside the grid; none where they need a list below it."""
        if self.width == "narrow":
            return []
        cell = min(_LARGEST, (_ACROSS["wide"] - _LABELS) / len(self.shown))
        most = 2 if cell >= _READABLE else 1
        found = [broken(self.called[r], _LABELS - _NUMBER - 6, size=11) for r in self.shown]
        return [] if max(map(len, found)) > most else found

    @cached_property
    def listed(self) -> list[list[str]]:
        """The names in lines, under the grid."""
        room = _ACROSS[self.width] - _NUMBER
        return [] if self.beside else [broken(self.called[r], room, size=11) for r in self.shown]

    @property
    def left(self) -> float:
        """Left end of the grid."""
        return _LABELS if self.beside else _NUMBER

    @property
    def cell(self) -> float:
        """Side of a cell."""
        return min(_LARGEST, (_ACROSS[self.width] - self.left - 1) / len(self.shown))

    @property
    def bottom(self) -> float:
        """Lower end of the grid."""
        return _HEAD + self.cell * len(self.shown)

    @property
    def key_top(self) -> float:
        """Upper end of the key to colours."""
        return self.bottom + 20 + 15 * sum(map(len, self.listed)) + (14 if self.listed else 0)

    def at(self, i: int, j: int) -> tuple[float, float]:
        """Upper left corner of a cell."""
        return self.left + self.cell * j, _HEAD + self.cell * i

    def cells(self) -> list[Row]:
        found = []
        for i, r in enumerate(self.shown):
            for j, c in enumerate(self.shown):
                x, y = self.at(i, j)
                change = float(self.heat.change[r, c])
                found.append(
                    {"x": x, "x2": x + self.cell, "y": y, "y2": y + self.cell}
                    | {
                        "fill": shade(change),
                        "Estimate": f"{i + 1} {self.called[r]}",
                        "Detached": f"{j + 1} {self.called[c]}",
                        "Change of Q": _signed(change, 2),
                        "Weight": text.percent(100 * abs(float(self.heat.hat[r, c]))),
                    }
                )
        return found

    def squares(self) -> list[Row]:
        """In each cell a square as large as the weight."""
        found = []
        for i, r in enumerate(self.shown):
            for j, c in enumerate(self.shown):
                half = 0.5 * self.cell * min(1.0, abs(float(self.heat.hat[r, c]))) ** 0.5
                if half >= 1:
                    x, y = (corner + self.cell / 2 for corner in self.at(i, j))
                    found.append(
                        {"x": x - half, "x2": x + half, "y": y - half, "y2": y + half, "fill": INK}
                    )
        return found

    def words(self) -> list[Word]:
        found = [Word(self.left, 8, "Design detached", size=11, color=MUTED)]
        for i, r in enumerate(self.shown):
            x, y = (corner + self.cell / 2 for corner in self.at(i, i))
            found += [
                Word(x, _HEAD - 10, f"{i + 1}", "center", 11),
                Word(self.left - 6, y, f"{i + 1}", "right", 11),
            ]
            found += self._label(i, y)
            for j, c in enumerate(self.shown):
                said = self._said(float(self.heat.change[r, c]))
                if said:
                    x = self.at(i, j)[0] + self.cell / 2
                    found.append(Word(x, y, said, "center", 11))
        y = self.bottom + 22
        for i, lines in enumerate(self.listed):
            found.append(Word(_NUMBER - 6, y, f"{i + 1}", "right", 11))
            found += [Word(_NUMBER, y + 15 * n, line, size=11) for n, line in enumerate(lines)]
            y += 15 * len(lines)
        return found

    def _label(self, i: int, y: float) -> list[Word]:
        lines = self.beside[i] if self.beside else []
        start = y - 7 * (len(lines) - 1)
        x = self.left - _NUMBER - 2
        return [Word(x, start + 14 * n, line, "right", 11) for n, line in enumerate(lines)]

    def _said(self, change: float) -> str:
        """What a cell says: its number, or its sign where there is no room for more."""
        if np.isnan(change):
            return "?"
        if abs(change) < STEPS[0]:
            return ""
        if self.cell >= _READABLE:
            return _signed(change, 1)
        return "+" if change > 0 else "−"


def _signed(change: float, digits: int) -> str:
    if np.isnan(change):
        return "unknown: the network falls apart without this design"
    return ("+" if round(change, digits) > 0 else "") + text.number(change, digits)


_KEY_STEP = 36.0


def _key_boxes(top: float) -> list[Row]:
    fills = [*COOL[::-1], PAPER, *WARM]
    return [
        {"x": _KEY_STEP * i, "x2": _KEY_STEP * (i + 1), "y": top + 18, "y2": top + 32, "fill": fill}
        for i, fill in enumerate(fills)
    ]


def _key_words(top: float) -> list[Word]:
    ends = [*(-s for s in STEPS[::-1]), *STEPS]
    said = [Word(0, top + 8, "Fall of Q (+) once the column's design is detached", size=11)]
    return said + [
        Word(
            _KEY_STEP * (i + 1),
            top + 42,
            f"{'+' if end > 0 else '−'}{abs(end):g}",
            "center",
            11,
            MUTED,
        )
        for i, end in enumerate(ends)
    ]


def _note(plan: _Plan) -> str:
    said = (
        "Warm and + : row and column disagree; cool and − : the column's design hides a "
        "disagreement. Diagonal: Q of the row. Squares: weight of the column's design in the "
        "estimate of the row; one that fills its cell weighs 100%."
    )
    if np.isnan(plan.heat.change[np.ix_(plan.shown, plan.shown)]).any():
        said += " ?: without that design the network falls apart."
    agreeing = len(plan.heat.rows) - len(plan.concerned)
    if agreeing:
        said += f" Not shown: {agreeing} that no other design can contradict."
    left = len(plan.concerned) - len(plan.shown)
    if left:
        said += f" Not shown for want of room: {left} with smaller Q."
    return said


def _description(plan: _Plan) -> str:
    worst = ", ".join(
        f"{plan.called[r]} (Q {text.number(float(plan.heat.Q[r]))})" for r in plan.shown[:5]
    )
    return (
        f"Net heat plot of {len(plan.shown)} comparisons of designs, Q between designs "
        f"{text.number(float(plan.heat.Q.sum()))}. Most disagreement: {worst}."
    )
