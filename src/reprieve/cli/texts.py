"""Texts that people type, and texts from outside that are printed."""

from __future__ import annotations

from collections.abc import Sequence

from reprieve.errors import InputError


def harmless(text: str) -> str:
    r"""A text from outside without what would steer the terminal that shows it.

    Examples
    --------
    >>> harmless("cells\x1b[2J for\nknees")
    'cells [2J for knees'
    """
    return "".join(character if character.isprintable() else " " for character in text)


def typed_cells(texts: Sequence[str]) -> dict[str, str]:
    """Columns and values from texts such as ``mean=41.2``; an empty value empties the cell.

    Raises
    ------
    InputError
        If a text is not of that form, or names a column twice.

    Examples
    --------
    >>> typed_cells(["mean=41.2", "flag="])
    {'mean': '41.2', 'flag': ''}
    """
    cells: dict[str, str] = {}
    for text in texts:
        column, equals, value = text.partition("=")
        if not equals or not column.strip():
            raise InputError(f"{text!r} is no column with a value; write it as mean=41.2")
        if column.strip() in cells:
            raise InputError(f"{column.strip()} is given twice; give it once")
        cells[column.strip()] = value.strip()
    return cells
