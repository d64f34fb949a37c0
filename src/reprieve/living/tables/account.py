"""Keeping the account of a table while it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from reprieve.living.account import LeftOut
from reprieve.living.tables.cells import CellError, Row, Table
from reprieve.living.tables.values import ArmValue, ContrastValue, ReadTable

Values = list[ArmValue | ContrastValue]


def read_rows(
    table: Table,
    form: str,
    read: Callable[[Row], Iterable[ArmValue | ContrastValue]],
    used: Iterable[str],
) -> ReadTable:
    """Read a table row by row: what a row holds is placed, or the row is left out.

    Parameters
    ----------
    table : Table
    form : str
    read : callable
        Gives the values of a row; raises `CellError` with the reason where it can't be used.
    used : iterable of str
        The columns that `read` knows; the others are named in the account.

    Returns
    -------
    ReadTable
    """
    values: Values = []
    left_out = [
        LeftOut(f"column {written!r}", "it holds no result that is read here", table.name)
        for key, written in table.columns.items()
        if key not in set(used)
    ]
    for row in table.rows:
        try:
            found = list(read(row))
            if not found:
                raise CellError("the row holds no result")
            values += found
        except CellError as error:
            left_out.append(LeftOut(_named(row), str(error), row.where))
    return ReadTable(
        form,
        tuple(value for value in values if isinstance(value, ArmValue)),
        tuple(value for value in values if isinstance(value, ContrastValue)),
        tuple(left_out),
    )


def _named(row: Row) -> str:
    return next((cell for cell in row.cells.values() if cell.strip()), "a row")[:80]
