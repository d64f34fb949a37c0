"""`reprieve screen`: two people decide which records go on, helped by a model that ranks them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reprieve.cli import output
from reprieve.cli.signing_in import StoreOption, UserOption
from reprieve.cli.worklists import (
    Count,
    ItemNumber,
    Note,
    Version,
    add_list,
    add_show_and_undo,
    at_work,
    print_item,
)

if TYPE_CHECKING:
    from reprieve.living.store import Store
    from reprieve.living.worklists import Screening

app = typer.Typer(
    help="Two people decide which records go on, blind to each other; a model ranks what is left.",
    no_args_is_help=True,
)

Word = Annotated[str, typer.Argument(metavar="DECISION", help="include, exclude or maybe.")]
Reason = Annotated[
    str, typer.Option("--reason", "-r", help="Why it is excluded: wrong_population, duplicate …")
]

_AT_ONCE = 500
"""Records that are kept in one transaction; others may write between two."""


def _open(store: Store) -> Screening:
    from reprieve.living.worklists import Screening

    return Screening(store)


add_list(app, _open, "record")
add_show_and_undo(app, _open)


@app.command()
def add(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="RIS, nbib, JSON … as for `recognise`.")
    ],
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """Put the records of files into the store and on the list."""
    from reprieve.living.formats.opening import read_records
    from reprieve.living.store.permissions import acting
    from reprieve.living.store.records import keep_records
    from reprieve.updates.steps.recognising import recognise_all

    records = [record for file in files for record in read_records(file)]
    kept: list[int] = []
    status = output.console(stderr=True).status("Keeping records …")

    def watch(step: str, done: int, total: int | None = None, detail: str = "") -> None:
        status.update(f"Recognising: {done} of {total} records …")

    with at_work(store, user) as (it, who), status:
        for start in range(0, len(records), _AT_ONCE):
            with it.writing() as session:
                acting(session, who, "update")
                found = keep_records(session, records[start:][:_AT_ONCE])
                kept += [each.row.id for each in found]
        recognise_all(it, watch)
        new = _open(it).queue(who=who, record_ids=kept)
    if json:
        output.print_json({"read": len(records), "new": new})
    else:
        typer.echo(f"{len(records)} records read; {new} new on the list")


@app.command("next")
def next_records(
    count: Count = 1,
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """The next records for you, the most promising first; yours for half an hour."""
    with at_work(store, user) as (it, who):
        items = _open(it).next(who=who, count=count)
    if json:
        output.print_json({"items": [item.to_dict() for item in items]})
        return
    for item in items:
        print_item(item, json=False)
    if not items:
        typer.echo("Nothing is left for you to screen")


@app.command()
def decide(
    item: ItemNumber,
    decision: Word,
    reason: Reason = "",
    note: Note = "",
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """Include or exclude a record, or let it through with maybe."""
    with at_work(store, user) as (it, who):
        seen = _open(it).decide(item, decision, who=who, reason=reason, note=note)
    print_item(seen, json=json)


@app.command()
def adjudicate(
    item: ItemNumber,
    decision: Word,
    reason: Reason = "",
    note: Note = "",
    version: Version = None,
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """Settle a conflict, as an editor who was none of the two."""
    with at_work(store, user) as (it, who):
        seen = _open(it).adjudicate(
            item, decision, who=who, reason=reason, note=note, expected_version=version
        )
    print_item(seen, json=json)


@app.command()
def train(
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """Learn from the decisions so far, reorder the list, and say what recall has been reached."""
    from reprieve.living.worklists import Ranker

    status = output.console(stderr=True).status("Training …")
    with at_work(store, user) as (it, who), status:
        trained = Ranker(it).train(who=who)
    if json:
        output.print_json(
            {
                "records": trained.records,
                "trained_on": trained.trained_on,
                "moved": trained.moved,
                "stopping": trained.stopping.to_dict(),
                "advice": str(trained.stopping),
            }
        )
    else:
        typer.echo(f"Trained on {trained.trained_on} records; {trained.moved} others moved")
        typer.echo(output.paragraphs(str(trained.stopping)))


@app.command()
def progress(
    store: StoreOption = None,
    user: UserOption = None,
    json: output.Json = False,
) -> None:
    """How far screening has come, how well people agree, and whether it may stop."""
    with at_work(store, user) as (it, who):
        screening = _open(it)
        found, agreement = screening.progress(who=who), screening.agreement(who=who)
    if json:
        output.print_json(found.to_dict() | {"agreement": agreement.to_dict()})
        return
    typer.echo(
        f"{found.records} records: {found.waiting} wait, {found.half} have one decision, "
        f"{found.conflicts} in conflict, {found.included} included, {found.excluded} excluded"
    )
    for reason, times in found.by_reason.items():
        typer.echo(f"  {reason}: {times}")
    for name, times in found.by_reviewer.items():
        typer.echo(f"  {name} decided on {times}")
    typer.echo(f"Agreement: {agreement.overall}")
    said = f"{found.advice} (trained {found.trained:%Y-%m-%d %H:%M} UTC)" if found.trained else ""
    typer.echo(output.paragraphs(said or "The model has not been trained; `reprieve screen train`"))


@app.command()
def simulate(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV, also gzipped: texts, and a column `included` (or label_included) of 1 and 0."
        ),
    ],
    runs: Annotated[int, typer.Option("--runs", help="How many orders.", min=1)] = 10,
    random_order: Annotated[
        bool, typer.Option("--random-order", help="Without the model, for comparison.")
    ] = False,
    json: output.Json = False,
) -> None:
    """Play screening through on records that have been screened: work saved, recall reached."""
    from reprieve.living.screening import Priority, simulate, summarise
    from reprieve.living.screening.labelled import read_labelled

    texts, labels = read_labelled(file)
    model = None if random_order else Priority(texts)
    played = []
    with output.console(stderr=True).status("Screening …") as status:
        for seed in range(runs):
            status.update(f"Screening: {seed} of {runs} runs …")
            played.append(
                simulate(texts, labels, seed=seed, model=model, by_priority=not random_order)
            )
    found = summarise(played)
    if json:
        output.print_json(found.to_dict() | {"simulations": [one.to_dict() for one in played]})
        return
    typer.echo(f"{found.records} records, {found.relevant} relevant; {found.runs} runs")
    shown = output.table("Measure", "Mean", "Lowest", "Highest")
    for name, spread in (
        ("Work saved over sampling at 95 % recall", found.work_saved_at_95),
        ("Average time to discovery", found.time_to_discovery),
        ("Records spared when the rule says stop", found.saved_at_stop),
        ("Recall reached when the rule says stop", found.recall_at_stop),
    ):
        shown.add_row(name, *(f"{value:.3f}" for value in spread))
    output.console().print(shown)
    typer.echo(
        f"The rule said that recall was 95 % or more, at 95 % confidence: "
        f"true in {found.statements_true:.0%} of the runs"
    )
