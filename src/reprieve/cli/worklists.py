"""What the commands of all work lists share: who works, and how items are shown."""

from __future__ import annotations

import csv
import json as json_module
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reprieve.cli import output
from reprieve.cli.signing_in import StoreOption, UserOption, opened, signed_in
from reprieve.cli.texts import harmless
from reprieve.errors import InputError

if TYPE_CHECKING:
    from reprieve.living.store import Store
    from reprieve.living.store.permissions import Actor
    from reprieve.living.worklists import Extraction, RiskOfBias
    from reprieve.living.worklists.views import ItemView
    from reprieve.living.worklists.worklist import WorkList

    OpenList = Callable[[Store], WorkList]
    OpenSettled = Callable[[Store], Extraction | RiskOfBias]

ItemNumber = Annotated[int, typer.Argument(metavar="ITEM", help="The number of the item.")]
Choices = Annotated[
    Path,
    typer.Argument(help='JSON: {"DIFFERENCE": "a", "b", or what is right instead, …}.'),
]
DecisionNumber = Annotated[
    int, typer.Argument(metavar="DECISION", help="The number of the decision; `show` lists them.")
]
Note = Annotated[str, typer.Option("--note", "-n", help="Anything to add, in words.")]
Count = Annotated[int, typer.Option("--count", help="How many.", min=1, max=100)]
Version = Annotated[
    int | None,
    typer.Option("--version", help="What you saw; refused if it has changed since."),
]


def add_list(app: typer.Typer, open_list: OpenList, what: str) -> None:
    """Give the commands of a work list ``list``: a page of it."""

    @app.command("list")
    def list_items(
        state: Annotated[str, typer.Argument(help="open, conflict or done.")] = "open",
        count: Count = 50,
        after: Annotated[
            tuple[float, int] | None,
            typer.Option(
                "--after", help="Priority and number of the last item of the page before."
            ),
        ] = None,
        store: StoreOption = None,
        user: UserOption = None,
        json: output.Json = False,
    ) -> None:
        """A page of the list, by priority; `list conflict` shows what waits to be settled."""
        with at_work(store, user) as (it, who):
            items = open_list(it).page(state, who=who, after=after, limit=count)
        if json:
            output.print_json({"items": [item.to_dict() for item in items]})
        elif items:
            _print_page(items, count)
        else:
            typer.echo(f"No {what} is {state}")


def add_show_and_undo(app: typer.Typer, open_list: OpenList) -> None:
    """Give the commands of a work list ``show`` and ``undo``."""

    @app.command()
    def show(
        item: ItemNumber,
        store: StoreOption = None,
        user: UserOption = None,
        json: output.Json = False,
    ) -> None:
        """One item, and the decisions on it that you may see."""
        with at_work(store, user) as (it, who):
            print_item(open_list(it).show(item, who=who), json=json)

    @app.command()
    def undo(
        decision: DecisionNumber,
        note: Note = "",
        store: StoreOption = None,
        user: UserOption = None,
        json: output.Json = False,
    ) -> None:
        """Take a decision back, with what it put into the evidence; it stays in the history."""
        with at_work(store, user) as (it, who):
            print_item(open_list(it).take_back(decision, who=who, note=note), json=json)


def add_settle(app: typer.Typer, open_list: OpenSettled, becomes: str = "") -> None:
    """Give the commands of a work list ``settle``: choices where two people differ.

    Parameters
    ----------
    app : typer.Typer
    open_list : callable
        Opens the list of a store.
    becomes : str
        What the settled item becomes, for the help.
    """

    @app.command(help=f"Choose where the two differ, as an editor who was none of them{becomes}.")
    def settle(
        item: ItemNumber,
        choices: Choices,
        note: Note = "",
        version: Version = None,
        store: StoreOption = None,
        user: UserOption = None,
        json: output.Json = False,
    ) -> None:
        picks = json_of(choices)
        if not isinstance(picks, dict):
            raise InputError(f'{choices} holds no choices; expected {{"DIFFERENCE": "a", …}}')
        with at_work(store, user) as (it, who):
            seen = open_list(it).settle(item, picks, who=who, note=note, expected_version=version)
        print_item(seen, json=json)


@contextmanager
def at_work(where: str | None, user: str | None) -> Iterator[tuple[Store, Actor]]:
    """The store, and who is signed in; it is closed at the end."""
    with opened(where) as store:
        yield store, signed_in(store, user)


def _print_page(items: Sequence[ItemView], count: int) -> None:
    from rich.markup import escape

    shown = output.table("Item", "Title", "State", "Decided")
    for item in items:
        title, state = escape(harmless(item.title)), item.outcome or item.state
        shown.add_row(str(item.id), title, state, f"{item.decided} of {item.needs}")
    output.console().print(shown)
    if len(items) == count:
        typer.echo(f"Perhaps there are more: --after {items[-1].priority!r} {items[-1].id}")


def print_item(item: ItemView, *, json: bool) -> None:
    """One item, with what its record says and the decisions that may be seen."""
    if json:
        output.print_json(item.to_dict())
        return
    typer.echo(f"{item.id}  {harmless(item.title or item.subject)}  (version {item.version})")
    for name, value in (item.record or {}).items():
        text = ", ".join(value) if isinstance(value, list) else value
        if text and name != "recognised":
            typer.echo(output.paragraphs(f"{name}: {harmless(str(text))}", "  "))
    for one in item.decisions:
        said = f"{one.decision} ({one.reason})" if one.reason else one.decision
        note = f": {one.note}" if one.note else ""
        when = f"{one.at:%Y-%m-%d %H:%M}"
        typer.echo(f"  decision {one.id}: {one.who}, {when}: {said}{harmless(note)}")
    typer.echo(f"  {item.outcome or item.state}; {item.decided} of {item.needs} have decided")


def json_of(file: Path) -> Any:
    """What a JSON file holds.

    Raises
    ------
    InputError
        If it is none.
    """
    try:
        return json_module.loads(file.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is no JSON: {error}; mend it and try again") from None


def rows_of(place: Path) -> dict[str, list[dict[str, Any]]]:
    """Extracted rows: a JSON file of tables, or a folder with one CSV file a table.

    Raises
    ------
    InputError
        If it is neither, or a row has more cells than the heading.
    """
    if place.is_dir():
        found = {file.stem: _csv_rows(file) for file in sorted(place.glob("*.csv"))}
        if not found:
            raise InputError(f"{place} holds no CSV file; expected outcomes.csv, arms.csv …")
        return found
    tables = json_of(place)
    if not isinstance(tables, dict) or not all(
        isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
        for rows in tables.values()
    ):
        raise InputError(
            f'{place} holds no tables; expected {{"outcomes": [{{"arm_id": …}}, …], …}}'
        )
    return tables


def _csv_rows(file: Path) -> list[dict[str, Any]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file} is no CSV in UTF-8: {error}; save it as such") from None
    for number, row in enumerate(rows, start=2):
        if None in row:
            raise InputError(f"{file}, row {number}: more cells than the heading has; quote commas")
    return rows
