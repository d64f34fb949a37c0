"""`reprieve landscape`: what a whole register holds, once `reprieve recognise -o` has read it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reprieve.cli import output

if TYPE_CHECKING:
    import polars as pl

SHOWN = 50
"""Rows that are printed for people; `--json` prints all."""


_HEADINGS = {
    "cell_source": "cells of",
    "donor": "whose",
    "completed": "ended",
    "with_results": "results",
}
_SHORT = {"autologous": "own", "allogeneic": "donor"}
"""Shorter words, so that a row fits a line."""


def landscape(
    folder: Annotated[Path, typer.Argument(help="Where `reprieve recognise FILE -o` wrote.")],
    sql: Annotated[
        str | None, typer.Option(help="A query of your own: SELECT … FROM trials.")
    ] = None,
    json: output.Json = False,
) -> None:
    """How many cell trials there are, by condition, tissue and donor; or any query in SQL."""
    from reprieve.living.bulk import counts, query

    found = counts(folder) if sql is None else query(folder, sql)
    if json:
        output.print_json({"rows": found.to_dicts()})
    elif found.is_empty():
        typer.echo("No trial in there fits.")
    else:
        output.console().print(_table(found))
        if found.height > SHOWN:
            typer.echo(f"… and {found.height - SHOWN:,} rows more; --json prints all.")


def _table(found: pl.DataFrame) -> Any:
    shown = output.table(*(_HEADINGS.get(name, name.replace("_", " ")) for name in found.columns))
    for column, kind in zip(shown.columns, found.dtypes, strict=True):
        if kind.is_numeric():
            column.justify, column.no_wrap, column.min_width = (
                "right",
                True,
                len(str(column.header)),
            )
    for row in found.head(SHOWN).iter_rows():
        shown.add_row(*(_cell(value) for value in row))
    return shown


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    return _SHORT.get(str(value), str(value).replace("_", " "))
