"""A data file for `reprieve meta` and its kin: read once, its faults named by row and column."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reprieve.errors import InputError, nearest_words

if TYPE_CHECKING:
    import polars as pl

DataFile = Annotated[
    Path, typer.Argument(help="A CSV file with a header row (comma, semicolon or tab).")
]

MISSING = ["", "NA", "NaN", "nan", "."]
"""What stands for a missing value, besides an empty cell."""


def read_table(path: Path, labels: Iterable[str | None] = ()) -> pl.DataFrame:
    """The rows of a CSV file; the separator is found from the header.

    Parameters
    ----------
    path : Path
    labels : iterable of str or None
        Columns that hold names, and are read as they stand though they look like numbers.

    Raises
    ------
    InputError
        The file is not there, is empty, or is not a CSV file in UTF-8.
    """
    import polars as pl

    if path.is_dir():
        raise InputError(f"{path}: a folder; name a CSV file with a header row")
    if not path.is_file():
        raise InputError(f"{path}: no such file; name a CSV file with a header row")
    try:
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text ({error.reason}); save it as UTF-8") from error
    if not header.strip():
        raise InputError(f"{path}: empty; expected a header row and a row a study")
    separator = max(",;\t", key=header.count)
    try:
        table = pl.read_csv(
            path,
            separator=separator,
            null_values=MISSING,
            infer_schema_length=None,
            schema_overrides={name: pl.String for name in labels if name is not None},
        )
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: can't be read as CSV: {reason}") from error
    if table.is_empty():
        raise InputError(f"{path}: a header but no rows; expected a row a study")
    return table.rename({name: name.strip() for name in table.columns})


def require_columns(path: Path, table: pl.DataFrame, names: Iterable[str]) -> None:
    """Raise with the nearest names if a column is not there."""
    for name in names:
        if name not in table.columns:
            near = nearest_words(name, table.columns)
            hint = f"did you mean {' or '.join(near)}?" if near else f"it has {table.columns}"
            raise InputError(f"{path}: no column {name!r}; {hint}")


def require_numbers(path: Path, table: pl.DataFrame, names: Iterable[str]) -> None:
    """Raise on a column that holds numbers and, in some row, something else.

    Read as text it would silently become a factor with a level a value.
    """
    import polars as pl

    for name in names:
        column = table[name]
        if column.dtype != pl.String:
            continue
        number = column.str.strip_chars().cast(pl.Float64, strict=False)
        bad = column.is_not_null() & number.is_null()
        if 0 < bad.sum() < column.count() / 2:
            row = bad.arg_true()[0]
            raise InputError(
                f"{path}:{row + 2}: {name}: {column[row]!r} is not a number, as most of its "
                "column is; correct it, or leave it empty"
            )
