"""Rank curves: how probable each rank is for each treatment, and how sure its rank is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import altair as alt

from reprieve.figures import text
from reprieve.figures.drawing import Row, layered, rows, x_pixel, y_pixel
from reprieve.figures.forest_table import Width
from reprieve.figures.lettering import Word, boxes, broken, lettered, paragraph, rules
from reprieve.figures.network_parts import Names, shown_names
from reprieve.figures.theme import INK, LINE, MUTED, OKABE_ITO, SHADE, themed
from reprieve.synthesis.networks.base import NetworkResult
from reprieve.synthesis.networks.ranking import Ranks

_COLUMNS, _ACROSS = {"wide": 4, "narrow": 2}, {"wide": 880, "narrow": 328}
_LEFT, _GAP, _HIGH, _LINE = 50, 18, 84, 15
_LABEL = 16
"""Room that the label of a rank takes across."""


def rank_curves(
    fit: NetworkResult,
    *,
    names: Names | None = None,
    draws: int = 10_000,
    seed: int = 1,
    width: Width = "wide",
) -> alt.LayerChart:
    """A small chart for each treatment: how probable each rank is, the best treatment first.

    Bars are the probability of each rank (the rankogram), the stepped line that of this rank or a
    better one (the area under it is SUCRA). Over each chart stands the median rank with its
    interval, which is shaded: no rank is shown without it.

    Parameters
    ----------
    fit : NetworkResult
    names : mapping of str to str, optional
        What treatments are called, where not as in the data.
    draws, seed : int
        As in :meth:`NetworkResult.ranks`.
    width : {"wide", "narrow"}
        880 pixels with four charts in a line, or 328 with two for phones.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> from reprieve.synthesis import network
    >>> fit = network(
    ...     study=["1", "2", "3"],
    ...     treatment1=["cells", "exercise", "cells"],
    ...     treatment2=["saline", "saline", "exercise"],
    ...     effect=[-12.0, -5.0, -6.0],
    ...     se=[4.0, 3.0, 5.0],
    ... )
    >>> print(rank_curves(fit).to_dict()["description"])
    Ranks of 3 treatments (1 is best), median with 95% interval: cells 1 (1 to 2), exercise 2
    (1 to 3), saline 3 (2 to 3).
    """
    panels = _panels(fit.ranks(draws, seed), names, width)
    axis_y = panels[-1].bottom + 34
    note = paragraph(_note(fit, panels), 0, axis_y + 26, _ACROSS[width])
    words = [word for panel in panels for word in panel.words()]
    words += [
        Word(panel.left + panel.across / 2, panel.bottom + 30, "Rank", "center", 11)
        for panel in panels[-_COLUMNS[width] :]
    ]
    layers = [
        *boxes(panel.shade() for panel in panels),
        *rules((rule for panel in panels for rule in panel.grid()), LINE, strokeWidth=0.75),
        *boxes((bar for panel in panels for bar in panel.bars()), *_TOLD),
        _steps(panels),
        *rules((panel.middle() for panel in panels), OKABE_ITO["vermillion"], strokeWidth=2),
        _side(panels),
        *lettered([*words, *note]),
    ]
    said = ", ".join(f"{panel.name} {panel.rank}" for panel in panels)
    return themed(
        layered(
            layers,
            width=_ACROSS[width],
            height=note[-1].y + 10,
            description=f"Ranks of {fit.n} treatments (1 is best), median with "
            f"{100 * fit.level:g}% interval: {said}.",
        )
    )


_TOLD = ("Treatment", "Rank", "Probability", "This rank or better", "P-score")


@dataclass(frozen=True)
class _Panel:
    """The chart of one treatment: what it shows, and where it stands.

    Attributes
    ----------
    name : str
    found : dict
        Its row of `Ranks.to_frame`.
    probabilities : list of float
        Of rank 1, 2 …
    heading : tuple of str
        The name in lines.
    rank_word : str
        What stands before the rank in the heading.
    left, bottom, across : float
        Corner and breadth of the curve, in pixels.
    first : bool
        Whether it stands first in its line and bears the labels of the axis.
    """

    name: str
    found: Row
    probabilities: list[float]
    heading: tuple[str, ...]
    rank_word: str
    left: float
    bottom: float
    across: float
    first: bool

    @property
    def rank(self) -> str:
        """The median rank with its interval."""
        low, high = self.found["rank_low"], self.found["rank_high"]
        return f"{self.found['median_rank']} ({low} to {high})"

    @property
    def top(self) -> float:
        return self.bottom - _HIGH

    def x(self, rank: float) -> float:
        """Where the bar of a rank begins."""
        return self.left + self.across * (rank - 1) / len(self.probabilities)

    def y(self, probability: float) -> float:
        return self.bottom - _HIGH * probability

    def shade(self) -> Row:
        """The interval of the rank."""
        low, high = self.found["rank_low"], self.found["rank_high"]
        return {
            "x": self.x(low),
            "x2": self.x(high + 1),
            "y": self.top,
            "y2": self.bottom,
            "fill": SHADE,
        }

    def middle(self) -> tuple[float, float, float, float]:
        """A line at the median rank, as long as the plot is high."""
        x = self.x(self.found["median_rank"] + 0.5)
        return x, x, self.top, self.bottom

    def grid(self) -> list[tuple[float, float, float, float]]:
        return [
            (self.left, self.left + self.across, self.y(share), self.y(share))
            for share in (0.0, 0.5, 1.0)
        ]

    def bars(self) -> list[Row]:
        reached = accumulate(self.probabilities)
        return [
            {
                "x": self.x(i + 1) + 0.5,
                "x2": self.x(i + 2) - 0.5,
                "y": self.y(share),
                "y2": self.bottom,
                "fill": OKABE_ITO["sky"],
                "Treatment": self.name,
                "Rank": f"{i + 1}",
                "Probability": _percent(share),
                "This rank or better": _percent(better),
                "P-score": f"{self.found['p_score']:.2f}",
            }
            for i, (share, better) in enumerate(zip(self.probabilities, reached, strict=True))
        ]

    def steps(self) -> list[Row]:
        """The stepped line of the probability to have a rank or a better one."""
        corners = [(self.left, self.bottom)]
        for i, reached in enumerate(accumulate(self.probabilities)):
            corners += [(self.x(end), self.y(reached)) for end in (i + 1, i + 2)]
        return [
            {"panel": self.name, "step": i, "px": px, "py": py}
            for i, (px, py) in enumerate(corners)
        ]

    def words(self) -> list[Word]:
        start = self.top - 16 - _LINE * len(self.heading)
        found = [
            Word(self.left, start + _LINE * i, line, bold=True)
            for i, line in enumerate(self.heading)
        ]
        found.append(Word(self.left, self.top - 14, f"{self.rank_word} {self.rank}", size=11))
        if self.first:
            found += [
                Word(self.left - 5, self.y(share), f"{100 * share:.0f}%", "right", 11, MUTED)
                for share in (0.0, 0.5, 1.0)
            ]
        n = len(self.probabilities)
        every = next(step for step in (1, 2, 5, 10, 20, 50, n) if self.across * step / n >= _LABEL)
        labelled = [1, *range(every if every > 2 else 1 + every, n + 1, every)]
        return found + [
            Word(self.x(rank + 0.5), self.bottom + 11, f"{rank}", "center", 11, MUTED)
            for rank in labelled
        ]


def _percent(share: float) -> str:
    return text.percent(100 * share) if share else "0%"


def _panels(ranks: Ranks, names: Names | None, width: Width) -> list[_Panel]:
    """The charts, as many in a line as fit, each line as high as its longest heading asks."""
    columns = _COLUMNS[width]
    across = (_ACROSS[width] - _LEFT - _GAP * (columns - 1)) / columns
    probability = dict(zip(ranks.treatments, ranks.probabilities.tolist(), strict=True))
    known = dict(zip(ranks.treatments, shown_names(ranks.treatments, names), strict=True))
    ordered = ranks.to_frame().to_dicts()
    panels: list[_Panel] = []
    bottom = 0.0
    for start in range(0, len(ordered), columns):
        line = ordered[start : start + columns]
        called = [known[row["treatment"]] for row in line]
        headings = [tuple(broken(name, across, lines=4, bold=True)) for name in called]
        bottom += _LINE * max(map(len, headings)) + _HIGH + 22 + (30 if start else 0)
        panels += [
            _Panel(
                name,
                row,
                probability[row["treatment"]],
                heading,
                "Median rank" if width == "wide" else "Rank",
                _LEFT + i * (across + _GAP),
                bottom,
                across,
                first=i == 0,
            )
            for i, (name, row, heading) in enumerate(zip(called, line, headings, strict=True))
        ]
    return panels


def _steps(panels: list[_Panel]) -> alt.Chart:
    layer: alt.Chart = (
        rows(step for panel in panels for step in panel.steps())
        .mark_line(color=INK, strokeWidth=1.25, aria=False)
        .encode(x=x_pixel("px"), y=y_pixel("py"), detail="panel:N", order=alt.Order("step:Q"))
    )
    return layer


def _side(panels: list[_Panel]) -> alt.Chart:
    """The title of the upright axis, beside each line of charts."""
    layer: alt.Chart = (
        rows(
            {"px": 6.0, "py": panel.bottom - _HIGH / 2, "text": "Probability"}
            for panel in panels
            if panel.first
        )
        .mark_text(angle=270, fontSize=11, align="center", baseline="middle", aria=False)
        .encode(x=x_pixel("px"), y=y_pixel("py"), text=alt.Text("text:N"))
    )
    return layer


def _note(fit: NetworkResult, panels: list[_Panel]) -> str:
    """What the marks mean, and how little ranks may say."""
    wide = sum(
        2 * (1 + panel.found["rank_high"] - panel.found["rank_low"]) > fit.n for panel in panels
    )
    side = "smallest" if fit.small_values == "desirable" else "largest"
    return (
        f"Over each chart: median rank ({100 * fit.level:g}% interval); upright line and shade. "
        "Bars: probability of each rank. Stepped line: of that rank or a better one. Rank 1 is "
        f"best: the {side} values. The interval spans more than half of all ranks for {wide} of "
        f"{fit.n} treatments."
    )
