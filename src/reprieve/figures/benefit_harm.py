"""Benefit and harm on one axis: people of 100, with and without the treatment."""

from __future__ import annotations

import math
from typing import Any

import altair as alt

from reprieve.answers.benefit_harm import Balance, BenefitHarm
from reprieve.answers.words import capital
from reprieve.figures.drawing import layered
from reprieve.figures.lettering import Word, boxes, broken, lettered, rules
from reprieve.figures.theme import INK, LINE, MUTED, OKABE_ITO, themed

NAMES, AXIS, RIGHT = 190, 300, 150
"""Pixels for names, for the axis of people, and for differences."""
_BAR, _ROW, _TOP, _HEAD = 13, 48, 30, 26
_COMPARATOR = "#9aa5b1"
_STEPS = (1, 2, 5, 10, 20, 50, 100)


def benefit_harm(page: BenefitHarm) -> alt.LayerChart:
    """Bars of people of 100 with their intervals: helped above, harmed below, on one axis.

    Parameters
    ----------
    page : BenefitHarm
        What `reprieve.answers.benefit_harm` returns.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> from reprieve.answers import Question, ask
    >>> from reprieve.answers.benefit_harm import benefit_harm as weigh
    >>> from reprieve.answers.harms import ask_harms
    >>> from reprieve.effects.harms import HarmsQuestion
    >>> sides = {"condition": "knee_osteoarthritis", "comparator": "hyaluronic_acid"}
    >>> page = weigh(ask(Question(**sides)), ask_harms(HarmsQuestion(**sides)))
    >>> benefit_harm(page).to_dict()["width"]
    640
    """
    top = _top([page.benefit, *page.harms])
    words, bars, lines = _legend(page)
    y = _TOP + 12.0
    for title, rows in (("Helped", [page.benefit]), ("Harmed", list(page.harms))):
        if not rows:
            continue
        words.append(Word(0, y + 8, title, bold=True))
        y += _HEAD
        for row in rows:
            _draw(row, y, top, words, bars, lines)
            y += _ROW
        y += 6
    words += _scale(top, y, lines)
    height = y + 48.0
    if page.not_counted:
        said = f"No trial compares: {', '.join(page.not_counted)}."
        for text in broken(said, NAMES + AXIS + RIGHT, size=11, lines=6):
            words.append(Word(0, height, text, size=11, color=MUTED))
            height += 15
    grid = [line for line in lines if line[4] == LINE]
    whiskers = [line for line in lines if line[4] == INK]
    return themed(
        layered(
            [
                *rules([line[:4] for line in grid]),
                *boxes(bars),
                *rules([line[:4] for line in whiskers], INK, strokeWidth=1.3),
                *lettered(words),
            ],
            width=NAMES + AXIS + RIGHT,
            height=height,
            description=description(page),
        )
    )


def description(page: BenefitHarm) -> str:
    """The figure in a few sentences."""
    return page.in_words


_Line = tuple[float, float, float, float, str]


def _top(rows: list[Balance]) -> int:
    """The end of the axis: a round number of people above every interval."""
    highest = max(max(row.with_treatment_ci[1], row.with_comparator_ci[1]) for row in rows)
    return next((step for step in (5, 10, 20, 40, 60, 80) if step >= highest), 100)


def _place(people: float, top: int) -> float:
    return NAMES + AXIS * people / top


def _legend(page: BenefitHarm) -> tuple[list[Word], list[dict[str, Any]], list[_Line]]:
    words, bars = [], []
    x = 0.0
    for name, fill in ((page.treatment, OKABE_ITO["blue"]), (page.comparator, _COMPARATOR)):
        bars.append({"x": x, "x2": x + 11, "y": 2, "y2": 13, "fill": fill})
        words.append(Word(x + 17, 8, name))
        x += 40 + 6.6 * len(name)
    words.append(Word(NAMES + AXIS + 12, 8, "of 100 people", size=11, color=MUTED))
    return words, bars, []


def _draw(
    row: Balance,
    y: float,
    top: int,
    words: list[Word],
    bars: list[dict[str, Any]],
    lines: list[_Line],
) -> None:
    """Two bars with their intervals, the name before and the difference behind."""
    trials = f"{row.trials}\u00a0trial{'s' * (row.trials != 1)}"  # not broken inside
    named = broken(f"{capital(row.name)} ({trials})", NAMES - 14)
    start = y + _BAR - 7.5 * (len(named) - 1)
    words += [Word(0, start + 15 * i, text) for i, text in enumerate(named)]
    for i, (people, ends, fill) in enumerate(
        (
            (row.with_treatment, row.with_treatment_ci, OKABE_ITO["blue"]),
            (row.with_comparator, row.with_comparator_ci, _COMPARATOR),
        )
    ):
        upper = y + i * (_BAR + 2)
        bars.append(
            {"x": NAMES, "x2": _place(people, top), "y": upper, "y2": upper + _BAR, "fill": fill}
        )
        middle = upper + _BAR / 2
        low, high = (_place(end, top) for end in ends)
        if high - low > 0.5:
            lines.append((low, high, middle, middle, INK))
            lines += [(end, end, middle - 3, middle + 3, INK) for end in (low, high)]
    low, high = row.difference_ci
    words.append(Word(NAMES + AXIS + 12, y + 7, _more(row.difference), bold=True))
    words.append(
        Word(NAMES + AXIS + 12, y + 22, f"{_more(low)} to {_more(high)}", size=11, color=MUTED)
    )


def _scale(top: int, y: float, lines: list[_Line]) -> list[Word]:
    """Gridlines behind the bars, and their numbers below."""
    step = next(step for step in _STEPS if top / step <= 5)
    marks = [step * i for i in range(math.floor(top / step) + 1)]
    for mark in marks:
        x = _place(mark, top)
        lines.append((x, x, _TOP, y, LINE))
    words = [
        Word(_place(mark, top), y + 10, f"{mark}", "center", size=11, color=MUTED) for mark in marks
    ]
    words.append(Word(NAMES, y + 25, "people of 100", size=11, color=MUTED))
    return words


def _more(value: float) -> str:
    size = f"{abs(value):.0f}" if abs(value) >= 9.95 else f"{abs(value):.1f}"
    if size == "0.0":
        return "0"
    return f"{size} {'more' if value > 0 else 'fewer'}"
