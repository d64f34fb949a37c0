"""From cells of text to typed tables: columns that must be there, numbers that are numbers."""

from __future__ import annotations

import re

import polars as pl

from reprieve.errors import nearest_words
from reprieve.evidence.faults import MOST_PER_KIND, Fault, counted_rest
from reprieve.evidence.schema import READINGS, SIDE_TABLES, TABLES, Column

DTYPES = {"text": pl.String, "number": pl.Float64, "integer": pl.Int64}


def columns_of(table: str) -> tuple[Column, ...]:
    """The columns of a table or side table, the optional ``readings`` last."""
    return (*TABLES[table], READINGS) if table in TABLES else SIDE_TABLES[table]


def empty_table(table: str) -> pl.DataFrame:
    """A table without rows.

    Examples
    --------
    >>> empty_table("events").columns[-3:]
    ['flag', 'readings', 'row']
    """
    schema = {column.name: DTYPES[column.kind] for column in columns_of(table)}
    return pl.DataFrame(schema={**schema, "row": pl.Int64})


def header_faults(table: str, header: list[str]) -> list[Fault]:
    r"""What is wrong with the names of the columns.

    Examples
    --------
    >>> names = [column.name for column in TABLES["events"]]
    >>> print(*header_faults("events", ["study", *names[1:]]), sep="\n")
    events.csv:1: study: is no column of this table, expected study_id
    events.csv:1: study_id: is missing, expected the trial: firstauthor-year in lower case
    """
    file = f"{table}.csv"
    known = {column.name: column for column in columns_of(table)}
    faults = []
    for name in dict.fromkeys(header):
        if name not in known:
            near = nearest_words(name, known) or tuple(known)
            faults.append(Fault(file, 1, name, "is no column of this table", " or ".join(near[:1])))
        elif header.count(name) > 1:
            faults.append(
                Fault(file, 1, name, f"stands {header.count(name)} times", "each column once")
            )
    faults += [
        Fault(file, 1, name, "is missing", column.description)
        for name, column in known.items()
        if name not in header and name != READINGS.name
    ]
    return faults


def typed_table(
    table: str, header: list[str], cells: pl.DataFrame
) -> tuple[pl.DataFrame, list[Fault]]:
    """The table with its types, and the cells that could not be turned into their type.

    Parameters
    ----------
    table : str
        Name of the table.
    header : list of str
        Names of the columns, free of faults (see `header_faults`).
    cells : polars.DataFrame
        The cells as text, in the order of `header`.

    Returns
    -------
    frame : polars.DataFrame
        The columns of the schema, ``readings`` (1 where the file has none) and ``row``; cells
        that can't be read are null.
    faults : list of Fault
        One for each such cell.
    """
    cells = cells.rename(dict(zip(cells.columns, header, strict=True)))
    rows = pl.int_range(2, cells.height + 2, dtype=pl.Int64).alias("row")
    frame = cells.with_columns(rows)
    faults: list[Fault] = []
    for column in columns_of(table):
        if column.name not in header:
            frame = frame.with_columns(pl.lit(1, pl.Int64).alias(column.name))
        elif column.kind != "text":
            text = frame[column.name]
            value = text.cast(DTYPES[column.kind], strict=False)
            if column.kind == "number" and not value.is_finite().all():
                value = pl.select(pl.when(value.is_finite()).then(value)).to_series()
            if value.null_count() > text.null_count():
                bad = frame.filter(value.is_null() & text.is_not_null())
                faults += _type_faults(table, column, bad.select("row", column.name))
            frame = frame.with_columns(value.alias(column.name))
    if table in TABLES:
        frame = frame.with_columns(pl.col("readings").fill_null(1))
    return frame.select([*(column.name for column in columns_of(table)), "row"]), faults


def _type_faults(table: str, column: Column, bad: pl.DataFrame) -> list[Fault]:
    kind = "a whole number" if column.kind == "integer" else "a number"
    faults = [
        Fault(f"{table}.csv", row, column.name, f"{_shown(text)} is not {kind}{_why(text)}", kind)
        for row, text in bad.head(MOST_PER_KIND).iter_rows()
    ]
    return faults + counted_rest(faults, bad.height)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


def _why(text: str) -> str:
    """What the likely slip was."""
    bare = text.strip()
    reasons = (
        (r"[+-]?\d+\.\d+", " (has decimals)"),
        (r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", " (leave out the thousands separators)"),
        (r"[+-]?\d{1,3}([ '’]\d{3})+", " (leave out the thousands separators)"),
        (r"[+-]?\d*,\d+", " (write the decimal with a point)"),
        (r"(?i)[+-]?(nan|inf|infinity|na|n/a|none|null|nr|-)", " (leave the cell empty)"),
        (r"[+-]?\d+(\.\d*)?\s*±.*", " (one number a cell)"),
        (r"[+-]?\d+(\.\d*)?\s*[^\d\s.,].*", " (leave out the unit)"),
        (r"[+-]?[\d.]+(e[+-]?\d+)?", " (take away the spaces around it)" if bare != text else ""),
    )
    return next((why for pattern, why in reasons if re.fullmatch(pattern, bare)), "")
