"""Evidence as rows of text cells, and back: what the store keeps is what a package would hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from reprieve.errors import InputError, UnknownWordError
from reprieve.evidence.package import text_cells
from reprieve.evidence.records import Evidence
from reprieve.evidence.schema import SIDE_TABLES, TABLES
from reprieve.evidence.typed import columns_of, typed_table
from reprieve.living.store.models.base import refuse_unfit

Cells = dict[str, str | None]
"""One row: column to text as in a CSV file, None for an empty cell."""

ALL_TABLES = (*TABLES, *SIDE_TABLES)
"""The seven tables, in the order in which they refer to one another."""


def cells_of(evidence: Evidence) -> dict[str, list[Cells]]:
    """All rows of all tables as text, in order; equal rows give equal texts.

    Raises
    ------
    InputError
        If a table lacks columns, or a cell holds what a package can't.

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> cells_of(load_evidence())["arms"][0]["n_randomised"]
    '21'
    """
    return {table: _text_cells(table, evidence.table(table)).to_dicts() for table in ALL_TABLES}


def _text_cells(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    columns = columns_of(table)
    if missing := [column.name for column in columns if column.name not in frame.columns]:
        raise InputError(f"the table {table} lacks the columns {', '.join(missing)}; add them")
    return text_cells(frame, columns)


def evidence_of(
    rows: Mapping[str, Iterable[Mapping[str, str | None]]], *, date: str, origin: str
) -> Evidence:
    """Evidence from rows of text; the inverse of `cells_of`.

    Raises
    ------
    InputError
        If a cell is not of the type of its column.
    """
    frames: dict[str, pl.DataFrame] = {}
    for table in ALL_TABLES:
        names = [column.name for column in columns_of(table)]
        cells = pl.DataFrame(list(rows.get(table, ())), schema=dict.fromkeys(names, pl.String))
        frames[table], faults = typed_table(table, names, cells)
        if faults:
            raise InputError(f"{origin} holds a cell of the wrong type: {faults[0]}")
    return Evidence(**frames, date=date, origin=origin)


def complete_rows(table: str, given: Sequence[Mapping[str, Any]]) -> list[Cells]:
    """Rows with all columns of their table from the columns that were given; the rest is empty.

    Numbers may be given as numbers; they become the same text as in a package. ``readings`` is 1
    where it is not given.

    Raises
    ------
    UnknownWordError
        If the table or a column does not exist.
    InputError
        If a cell is not of the type of its column, or the trial is not named.

    Examples
    --------
    >>> complete_rows("events", [{"study_id": "vega-2015", "events": 3.0}])[0]["events"]
    '3'
    """
    if table not in ALL_TABLES:
        raise UnknownWordError("table", table, ALL_TABLES)
    names = [column.name for column in columns_of(table)]
    for name in dict.fromkeys(name for row in given for name in row):
        if name not in names:
            raise UnknownWordError(f"column of {table}", name, names)
    texts = [{name: _text(row.get(name)) for name in names} for row in given]
    frame, faults = typed_table(
        table, names, pl.DataFrame(texts, schema=dict.fromkeys(names, pl.String))
    )
    if faults:
        fault = faults[0]
        study = "" if fault.row is None else f", trial {texts[fault.row - 2]['study_id']}"
        raise InputError(f"{table}{study}: {fault.column}: {fault.message}; leave out or mend it")
    if frame["study_id"].null_count():
        raise InputError(f"a row of {table} must name its trial; fill in study_id")
    return _text_cells(table, frame).to_dicts()


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    refuse_unfit(text := str(value))
    return text


def name_of(table: str, cells: Mapping[str, str | None]) -> str:
    """What a row is about, in words: ``pain (VAS) at month 12 in the arm bm_msc``.

    Examples
    --------
    >>> name_of("outcomes", {"study_id": "vega-2015", "arm_id": "msc", "domain": "pain",
    ...                      "instrument": "VAS", "month": "12", "statistic": "final"})
    'pain (VAS) at month 12 in the arm msc'
    """
    month = cells.get("month")
    when = "" if month is None else " at baseline" if month == "0" else f" at month {month}"
    if table == "studies":
        return "the trial"
    if table == "arms":
        return f"the arm {cells['arm_id']}"
    if table == "outcomes":
        change = "change in " if cells["statistic"] == "change" else ""
        what = f"{change}{cells['domain']} ({cells['instrument']})".replace("_", " ")
        return f"{what}{when} in the arm {cells['arm_id']}"
    if table == "contrasts":
        what = f"{cells['measure']} of {cells['domain']} ({cells['instrument']})".replace("_", " ")
        return f"{what}{when} between {cells['arm_a']} and {cells['arm_b']}"
    if table == "events":
        return f"{cells['event']}{when} in the arm {cells['arm_id']}".replace("_", " ", 3)
    if table == "cautions":
        return f"the caution “{cells['kind']}”"
    return f"the conflict over {cells['column']} in {cells['table']}"
