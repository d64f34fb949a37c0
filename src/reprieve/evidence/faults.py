"""Faults of an evidence package: where, what was found, what was expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from reprieve.errors import PackageError

Level = Literal["error", "warning"]

MOST_PER_KIND = 1000
"""How many faults of one kind in one column are listed; the rest are counted in one line."""

_LONGEST = 300
"""How much of a message is kept; it may quote a cell of any length."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with an evidence package; sorted by file, row and column.

    Attributes
    ----------
    file : str
        The file, such as ``"outcomes.csv"``.
    row : int or None
        The row as a spreadsheet shows it (the header is row 1); None for the whole file.
    column : str or None
        The column; None for the whole row.
    message : str
        What is wrong.
    expected : str
        What was expected.
    level : {"error", "warning"}
        An error makes the package unfit for use; a warning asks a person to look.

    Examples
    --------
    >>> print(Fault("arms.csv", 7, "donor", "'mine' is no known word", "autologous", "error"))
    arms.csv:7: donor: 'mine' is no known word, expected autologous
    """

    file: str
    row: int | None
    column: str | None
    message: str
    expected: str
    level: Level = "error"

    def __str__(self) -> str:
        """The fault as one line: ``file:row: column: what is wrong, what was expected``."""
        where = self.file if self.row is None else f"{self.file}:{self.row}"
        column = "" if self.column is None else f"{self.column}: "
        expected = f", expected {self.expected}" if self.expected else ""
        text = f"{where}: {column}{self.message}{expected}"
        # What stands in a file must not steer the terminal that it is shown on.
        return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)

    def __lt__(self, other: Fault) -> bool:
        """Whether this fault comes before the other; those of a whole file come first."""
        return self._place() < other._place()

    def _place(self) -> tuple[str, int, str, str]:
        return self.file, self.row or 0, self.column or "", self.message


class FileFaultError(PackageError):
    """A file that can't be read at all, with the one fault that says why."""

    def __init__(self, file: str, message: str, expected: str, row: int | None = None) -> None:
        self.fault = Fault(file, row, None, message, expected)
        super().__init__(str(self.fault))


def faults_where(
    table: str,
    rows: pl.DataFrame,
    bad: pl.Expr,
    column: str | None,
    message: str | pl.Expr,
    expected: str | pl.Expr,
    level: Level = "error",
) -> list[Fault]:
    """The faults of the rows for which `bad` holds (null counts as "not bad").

    Parameters
    ----------
    table : str
        Name of the table, without ``.csv``.
    rows : polars.DataFrame
        Rows with a column ``row``.
    bad : polars.Expr
        True where a row is at fault.
    column : str or None
        The column to name.
    message, expected : str or polars.Expr
        What is wrong, what was expected; an expression is worked out row by row.
    level : {"error", "warning"}
        How bad it is.

    Returns
    -------
    list of Fault
        At most `MOST_PER_KIND`, then one that counts those left out.

    Examples
    --------
    >>> rows = pl.DataFrame({"row": [2, 3], "sd": [1.0, -4.0]})
    >>> found = faults_where("outcomes", rows, pl.col("sd") < 0, "sd",
    ...                      pl.format("{} is negative", "sd"), "at least 0")
    >>> print(*found)
    outcomes.csv:3: sd: -4.0 is negative, expected at least 0
    """
    hits = rows.filter(bad)
    if hits.is_empty():
        return []
    shown = hits.head(MOST_PER_KIND).select(
        pl.col("row"),
        message=pl.lit(message) if isinstance(message, str) else message,
        expected=pl.lit(expected) if isinstance(expected, str) else expected,
    )
    shown = shown.with_columns(pl.col("message", "expected").str.head(_LONGEST))
    file = f"{table}.csv"
    faults = [Fault(file, row, column, what, want, level) for row, what, want in shown.iter_rows()]
    return faults + counted_rest(faults, hits.height)


def counted_rest(faults: list[Fault], total: int) -> list[Fault]:
    """One fault that counts those of `total` that `faults` leaves out, if any."""
    if total <= len(faults):
        return []
    last = faults[-1]
    more = f"{total - len(faults)} more rows have the fault of row {last.row}: {last.message}"
    return [Fault(last.file, None, last.column, more, last.expected, last.level)]
