"""`reprieve appraise`: risk of bias, judged by two people and settled by a third."""

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
    json_of,
    print_item,
)
from reprieve.errors import InputError

if TYPE_CHECKING:
    from reprieve.living.store import Store
    from reprieve.living.worklists import RiskOfBias

app = typer.Typer(
    help="Two people judge risk of bias independently; a third settles what differs.",
    no_args_is_help=True,
)


def _open(store: Store) -> RiskOfBias:
    from reprieve.living.worklists import RiskOfBias
    from reprieve.updates.judgements import bias_records

    return RiskOfBias(store, check=bias_records)


add_list(app, _open, "result")
add_show_and_undo(app, _open)
add_settle(app, _open)


@app.command()
def add(
    trial: Annotated[str, typer.Argument(help="The id of the trial: vega-2015.")],
    outcome: Annotated[str, typer.Option("--outcome", help="Which result of it: pain.")] = "",
    comparison: Annotated[str, typer.Option("--comparison", help="Against what.")] = "",
    tool: Annotated[str, typer.Option("--tool", help="rob2, robins-i …")] = "rob2",
    title: Annotated[str, typer.Option("--title", help="How people know it.")] = "",
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """Put a result of a trial on the list."""
    from reprieve.certainty.risk_of_bias.tools import tool as known_tool

    known_tool(tool)
    with at_work(store, user) as (it, who):
        new = _open(it).queue(
            trial, who=who, title=title, outcome=outcome, comparison=comparison, tool=tool
        )
    if json:
        output.print_json({"trial": trial, "new": new})
    else:
        typer.echo(f"{trial} is on the list" if new else f"{trial} was on the list already")


@app.command()
def submit(
    item: ItemNumber,
    judgements: Annotated[
        Path, typer.Argument(help='JSON: [{"domain", "judgement", "rationale"}, …]')
    ],
    note: Note = "",
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """Hand in your judgements, one a domain, and one of the result overall."""
    from reprieve.certainty.risk_of_bias.tools import OVERALL

    own = json_of(judgements)
    if not isinstance(own, list) or not all(isinstance(row, dict) for row in own):
        raise InputError(f"{judgements} holds no list of judgements; expected [{{…}}, …]")
    with at_work(store, user) as (it, who):
        print_item(_open(it).submit(item, own, who=who, note=note), json=json)
    if not any(str(row["domain"]).strip() == OVERALL for row in own):
        typer.echo(f"There is no judgement of {OVERALL!r}: no certainty will rest on it", err=True)


@app.command()
def compare(
    item: ItemNumber,
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """The two judgements of each domain side by side."""
    from dataclasses import asdict

    with at_work(store, user) as (it, who):
        domains = _open(it).comparison(item, who=who)
    if json:
        output.print_json({"domains": [asdict(one) | {"agreed": one.agreed} for one in domains]})
        return
    shown = output.table("Domain", "First", "Second", "Agreed")
    for one in domains:
        words = [judged.judgement if judged else "–" for judged in (one.a, one.b)]
        shown.add_row(*_shown(one.domain, *words), "yes" if one.agreed else "no")
    output.console().print(shown)


@app.command()
def results(
    path: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write a file of judgements (risk_of_bias.csv)."),
    ] = None,
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """What has been judged in the end, and how far people agreed."""
    from reprieve.certainty import write_judgements
    from reprieve.updates.judgements import settled_judgements

    with at_work(store, user) as (it, who):
        bias = _open(it)
        rows, agreement = bias.results(who=who), bias.agreement(who=who)
        if path is not None:
            write_judgements(path, settled_judgements(it))
    if json:
        written = {} if path is None else {"file": str(path)}
        output.print_json({"judgements": rows, "agreement": agreement.to_dict()} | written)
        return
    if path is not None:
        typer.echo(f"Wrote {path}")
        return
    shown = output.table("Trial", "Outcome", "Domain", "Judgement", "Who", "Why")
    for row in rows:
        parts = (row[name] for name in ("outcome", "domain", "judgement", "who", "why"))
        shown.add_row(*_shown(row["study_id"], *parts))
    output.console().print(shown)
    typer.echo(f"Agreement: {agreement}")


def _shown(*texts: str) -> list[str]:
    """Texts that people typed, for a table."""
    from rich.markup import escape

    return [escape(harmless(text)) for text in texts]
