"""`reprieve verify`: rows that a program read, held against their source by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reprieve.cli import output
from reprieve.cli.signing_in import StoreOption, UserOption
from reprieve.cli.texts import harmless, typed_cells
from reprieve.cli.worklists import (
    Count,
    ItemNumber,
    Note,
    Version,
    add_show_and_undo,
    at_work,
    print_item,
)
from reprieve.errors import InputError

if TYPE_CHECKING:
    from reprieve.living.store import Store
    from reprieve.living.worklists import Verification

app = typer.Typer(
    help="Rows that a program read become evidence when a person has held them to their source.",
    no_args_is_help=True,
)

_ELSEWHERE = ("study_id", "locator", "source_url", "flag", "readings")
"""Columns that the list does not show among the values of a row."""


def _open(store: Store) -> Verification:
    from reprieve.living.worklists import Verification

    return Verification(store)


add_show_and_undo(app, _open)


@app.command("list")
def list_rows(
    trial: Annotated[str | None, typer.Argument(help="Of one trial; left out, of all.")] = None,
    count: Count = 50,
    after: Annotated[int, typer.Option("--after", help="The last item of the page before.")] = 0,
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """Rows that nobody has verified, with where in which source each was read."""
    with at_work(store, user) as (it, who):
        verification = _open(it)
        verification.queue(who=who)
        rows = verification.rows(who=who, study_id=trial, after=after, limit=count)
    if json:
        output.print_json({"rows": [row.to_dict() for row in rows]})
        return
    if not rows:
        typer.echo("Every row has been verified")
        return
    for row in rows:
        values = "; ".join(f"{c} {v}" for c, v in row.cells.items() if v and c not in _ELSEWHERE)
        typer.echo(f"{row.item.id}  {harmless(row.item.title)}  (version {row.version})")
        for text in (values, f"read in: {row.locator}", row.source_url):
            typer.echo(output.paragraphs(harmless(text), "  "))
    if len(rows) == count:
        typer.echo(f"Perhaps there are more: --after {rows[-1].item.id}")


@app.command()
def accept(
    items: Annotated[
        list[int], typer.Argument(metavar="ITEM...", help="The numbers of the items.")
    ],
    note: Note = "",
    version: Version = None,
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """The row is what its source says; of several, each is accepted by itself."""
    if version is not None and len(items) > 1:
        raise InputError("--version is that of one row; accept one item, or leave it out")
    accepted = []
    with at_work(store, user) as (it, who):
        for item in items:
            seen = _open(it).accept(item, who=who, note=note, expected_version=version)
            accepted.append(seen.to_dict())
            if not json:
                print_item(seen, json=False)
    if json:
        output.print_json({"items": accepted})


@app.command()
def correct(
    item: ItemNumber,
    changes: Annotated[
        list[str], typer.Argument(metavar="COLUMN=VALUE...", help="What the source says: mean=41.2")
    ],
    note: Note = "",
    version: Version = None,
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """Give the row what its source says; the note says what was wrong."""
    cells = typed_cells(changes)
    with at_work(store, user) as (it, who):
        seen = _open(it).correct(item, cells, who=who, note=note, expected_version=version)
    print_item(seen, json=json)


@app.command()
def reject(
    item: ItemNumber,
    note: Note = "",
    version: Version = None,
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """Take the row out of the evidence; the note says why."""
    with at_work(store, user) as (it, who):
        seen = _open(it).reject(item, who=who, note=note, expected_version=version)
    print_item(seen, json=json)
