"""Numbers that belong together but stand in cells of their own: mean and SD, mean and interval."""

from __future__ import annotations

import re
from dataclasses import replace

from reprieve.living.articles.layout import Layout, Reading, bounds, spread_alone
from reprieve.living.articles.numbers import Value, plain
from reprieve.living.articles.statistics import said_of_numbers

_BARE = re.compile(
    r"^\W*(?:means?|m|average|x|sd|s\.d\.?|se|sem|s\.e\.?|standard (?:deviation|error)|"
    r"std\.? ?dev\w*|95\s?%\s?ci|ci|"
    r"\(?95\s?% ?(?:ci|confidence interval)s?\)?|median|iqr|±\s?sd|range)\W*$",
    re.IGNORECASE,
)

_BRACKETED = re.compile(r"^[(\[]\s*(?P<spread>\d+(?:\.\d+)?)\s*[)\]]\W*$")


def joined(layout: Layout) -> list[Reading]:
    """The readings of a table, those that stand in two cells put together.

    A mean takes the spread or the interval in the cell to its right, where the headings say so,
    or the deviation in the row or line below it.
    """
    by_place = {(reading.row, reading.column): reading for reading in layout.readings}
    used: set[tuple[int, int]] = set()
    found: list[Reading] = []
    for reading in layout.readings:
        place = (reading.row, reading.column)
        if place in used:
            continue
        merged = None
        if reading.value.shape == "single":
            merged = (
                _beside(layout, reading, by_place, used)
                or _below(reading, by_place, used)
                or _on_the_next_line(layout, reading)
            )
        found.append(merged or reading)
    return [reading for reading in found if (reading.row, reading.column) not in used]


def _beside(
    layout: Layout,
    reading: Reading,
    by_place: dict[tuple[int, int], Reading],
    used: set[tuple[int, int]],
) -> Reading | None:
    r, c = reading.row, reading.column + reading.cell.width
    row = layout.table.rows[r]
    if c >= len(row):
        return None
    cell = row[c]
    alone = spread_alone(cell)
    if alone is not None:
        return _with_spread(reading, alone, "")
    ends = bounds(cell)
    headings = _above(layout, c)
    if ends is not None and ends[0] <= reading.value.main <= ends[1]:
        kind = said_of_numbers(headings[0] if headings else "").spread
        if kind in ("", "ci", "iqr", "range"):
            value = replace(reading.value, shape="interval", low=ends[0], high=ends[1], said=kind)
            return replace(reading, value=value)
    return _in_the_row(reading, by_place, used)


def _in_the_row(
    reading: Reading, by_place: dict[tuple[int, int], Reading], used: set[tuple[int, int]]
) -> Reading | None:
    """The mean with the deviation of the same row whose other headings are the same."""
    mine = _split(reading, ("mean", ""))
    if mine is None:
        return None
    for (row, column), other in by_place.items():
        if row != reading.row or column <= reading.column or (row, column) in used:
            continue
        for spread in ("sd", "se"):
            if other.value.shape == "single" and _split(other, ("", spread)) == mine:
                used.add((row, column))
                return _with_spread(reading, other.value.main, spread)
    return None


def _split(reading: Reading, said: tuple[str, str]) -> tuple[str, ...] | None:
    """The headings above a number without the one that says just what kind of number it is."""
    for place, heading in enumerate(reading.columns):
        words = said_of_numbers(heading)
        if _BARE.match(heading) and (words.centre, words.spread) == said:
            return (*reading.columns[:place], *reading.columns[place + 1 :])
    return None


def _below(
    reading: Reading, by_place: dict[tuple[int, int], Reading], used: set[tuple[int, int]]
) -> Reading | None:
    if not reading.stubs:
        return None
    bare = bool(_BARE.match(reading.stubs[0]))
    if bare and said_of_numbers(reading.stubs[0]).centre != "mean":
        return None
    other = by_place.get((reading.row + 1, reading.column))
    if other is None or other.value.shape != "single" or not other.stubs:
        return None
    said = said_of_numbers(other.stubs[0])
    if said.spread not in ("sd", "se") or said.centre or not _BARE.match(other.stubs[0]):
        return None
    if other.stubs[1:] != reading.stubs[1:] and bare:
        return None
    used.add((other.row, other.column))
    return _with_spread(reading, other.value.main, said.spread)


def _on_the_next_line(layout: Layout, reading: Reading) -> Reading | None:
    """The mean with a number in brackets or after ± below it, in a row without its own name."""
    if reading.row + 1 >= len(layout.table.rows):
        return None
    row, next_row = layout.table.rows[reading.row : reading.row + 2]
    for cell, below in zip(row[: layout.stub], next_row[: layout.stub], strict=True):
        if below.text not in ("", cell.text) and not said_of_numbers(below.text).spread:
            return None
    cell = next_row[reading.column]
    spread = spread_alone(cell)
    if spread is not None:
        return _with_spread(reading, spread, "")
    found = _BRACKETED.match(plain(cell.text))
    if found is None:
        return None
    value = replace(reading.value, shape="bracket", spread=float(found["spread"]))
    return replace(reading, value=value)


def _with_spread(reading: Reading, spread: float, said: str) -> Reading:
    value: Value = replace(reading.value, shape="plus_minus", spread=spread, said=said)
    return replace(reading, value=value)


def _above(layout: Layout, column: int) -> tuple[str, ...]:
    return tuple(reversed(layout.column_headings()[column - layout.stub]))
