"""`reprieve extract`: two people read a trial's numbers, a third settles what differs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reprieve.cli import output
from reprieve.cli.signing_in import StoreOption, UserOption
from reprieve.cli.texts import harmless
from reprieve.cli.worklists import (
    ItemNumber,
    Note,
    add_list,
    add_settle,
    add_show_and_undo,
    at_work,
    print_item,
    rows_of,
)

if TYPE_CHECKING:
    from reprieve.living.store import Store
    from reprieve.living.worklists import Extraction

app = typer.Typer(
    help="Two people extract a trial independently; a third settles what differs.",
    no_args_is_help=True,
)


def _open(store: Store) -> Extraction:
    from reprieve.living.worklists import Extraction

    return Extraction(store)


add_list(app, _open, "trial")
add_show_and_undo(app, _open)
add_settle(app, _open, "; it becomes evidence")


@app.command()
def add(
    trial: Annotated[str, typer.Argument(help="The id of the trial: vega-2015.")],
    title: Annotated[str, typer.Option("--title", help="How people know it.")] = "",
    arm: Annotated[
        list[str] | None,
        typer.Option("--arm", help="The id of an arm; repeat it. Left out: those in the store."),
    ] = None,
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """Put a trial on the list."""
    with at_work(store, user) as (it, who):
        new = _open(it).queue(trial, who=who, title=title, arms=arm or ())
    if json:
        output.print_json({"trial": trial, "new": new})
    else:
        typer.echo(f"{trial} is on the list" if new else f"{trial} was on the list already")


@app.command()
def submit(
    item: ItemNumber,
    rows: Annotated[
        Path,
        typer.Argument(help="A JSON file of tables, or a folder with outcomes.csv, events.csv …"),
    ],
    note: Note = "",
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """Hand in what you extracted."""
    tables = rows_of(rows)
    with at_work(store, user) as (it, who):
        print_item(_open(it).submit(item, tables, who=who, note=note), json=json)


@app.command()
def compare(
    item: ItemNumber,
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """The two extractions side by side: what differs, and how much agrees."""
    from rich.markup import escape

    with at_work(store, user) as (it, who):
        found = _open(it).comparison(item, who=who)
    if json:
        output.print_json(found.to_dict())
        return
    fields = sum(compared for compared, _ in found.fields.values())
    equal = sum(same for _, same in found.fields.values())
    typer.echo(f"{found.rows} rows in both; {equal} of {fields} fields are equal")
    shown = output.table("Difference", "First", "Second", "To choose")
    for one in found.differences:
        wanted = "yes" if one.binding else "no"
        texts = (escape(harmless(text or "–")) for text in (one.id, one.a, one.b))
        shown.add_row(*texts, wanted)
    if found.differences:
        output.console().print(shown)
