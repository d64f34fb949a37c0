"""Tables as text: their columns by name, their cells as numbers, and what is wrong with them."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reprieve.errors import InputError
from reprieve.living.formats.pieces import as_text

_NOTHING = frozenset({"", "na", "n/a", "#n/a", "nan", ".", "null", "none", "-", "nr"})
_LONGEST_CELL = 1_000_000


class CellError(InputError):
    """A row whose numbers can't be used; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table.

    Attributes
    ----------
    cells : mapping
        By the name of the column, reduced to its letters and digits in lower case.
    where : str
        File and line.
    decimal_comma : bool
        Whether numbers are written ``1,5``.
    """

    cells: Mapping[str, str]
    where: str
    decimal_comma: bool = False

    def text(self, *names: str) -> str:
        """The first of the columns that is filled."""
        for name in names:
            if (cell := self.cells.get(name, "").strip()).lower() not in _NOTHING:
                return cell
        return ""

    def number(self, *names: str) -> float | None:
        """The first of the columns that is filled, as a number.

        Raises
        ------
        CellError
            It is no number.

        Examples
        --------
        >>> row = Row({"m1i": "4.9", "sd1i": "NA"}, "line 2")
        >>> row.number("m1i"), row.number("sd1i")
        (4.9, None)
        """
        text = self.text(*names)
        if not text:
            return None
        plain = text.replace("\u2212", "-")
        if self.decimal_comma:
            plain = plain.replace(",", ".")
        try:
            value = float(plain)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise CellError(f"{text[:40]!r} in column {names[0]!r} is no number")
        return value

    def count(self, *names: str) -> int | None:
        """A number of people: whole, and not below nought.

        Raises
        ------
        CellError
        """
        value = self.number(*names)
        if value is None:
            return None
        if value < 0 or value != int(value):
            raise CellError(f"{value:g} in column {names[0]!r} is no number of people")
        return int(value)

    def positive(self, *names: str) -> float | None:
        """A measure of spread: above nought.

        Raises
        ------
        CellError
        """
        value = self.number(*names)
        if value is not None and value <= 0:
            raise CellError(f"{value:g} in column {names[0]!r} is no measure of spread")
        return value


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a heading.

    Attributes
    ----------
    name : str
        Of the file.
    columns : mapping
        The names as written, by the names as reduced.
    rows : tuple of Row
    """

    name: str
    columns: Mapping[str, str]
    rows: tuple[Row, ...]


def read_cells(data: bytes, name: str) -> Table:
    r"""Read a CSV file, whatever separates its cells.

    Parameters
    ----------
    data : bytes
    name : str
        To name it in the account.

    Returns
    -------
    Table

    Raises
    ------
    InputError
        It is no text, or no table, or two columns have one name.

    Examples
    --------
    >>> table = read_cells(b"Study;T.1;Mean.1\nVega 2015;cells;33,5\n", "mine.csv")
    >>> sorted(table.columns), table.rows[0].number("mean1")
    (['mean1', 'study', 't1'], 33.5)
    """
    text = as_text(data)
    lines = text.split("\n", 1)
    delimiter = max(",;\t|", key=lines[0].count)
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        heading = next(reader, [])
        columns = _columns(heading, name)
        rows = tuple(_rows(reader, list(columns), name, decimal_comma=delimiter == ";"))
    except csv.Error as error:
        raise InputError(f"{name}, line {reader.line_num}: no table ({error})") from error
    return Table(name, columns, rows)


def reduced(name: str) -> str:
    """A column's name, reduced to what people agree on.

    Examples
    --------
    >>> reduced("Heterogeneity Tau²"), reduced("Mean.1"), reduced("seTE")
    ('heterogeneitytau', 'mean1', 'sete')
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _columns(heading: list[str], name: str) -> dict[str, str]:
    columns: dict[str, str] = {}
    for number, written in enumerate(heading, 1):
        key = reduced(written) or f"column{number}"
        if key in columns:
            raise InputError(
                f"{name}: the columns {columns[key]!r} and {written!r} have one name; "
                "rename one of them"
            )
        columns[key] = written.strip()
    if not columns:
        raise InputError(f"{name}: the file is empty; expected a table with a heading")
    return columns


def _rows(
    lines: Iterator[list[str]], columns: list[str], name: str, *, decimal_comma: bool
) -> Iterator[Row]:
    for number, cells in enumerate(lines, 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
            raise InputError(
                f"{name}, row {number}: {len(cells)} cells under {len(columns)} columns; "
                "put cells that hold the separator in quotes"
            )
        yield Row(dict(zip(columns, cells, strict=False)), f"{name}, row {number}", decimal_comma)
