"""`reprieve watch`: registered trials of cells, and when their results are expected."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reprieve.cli import output
from reprieve.cli.opening import EvidencePlace, evidence_of
from reprieve.cli.signing_in import StoreOption, opened
from reprieve.cli.words import ConditionOption

if TYPE_CHECKING:
    from reprieve.updates.pipeline import Pipeline

_WITHOUT_STATE = ("overdue", "due", "ongoing")


def watch(
    condition: ConditionOption = None,
    product: Annotated[
        str | None,
        typer.Option(
            "--product",
            "-p",
            help="A cell source (adipose), a donor (allogeneic) or a treatment (bm_msc).",
        ),
    ] = None,
    state: Annotated[
        str | None,
        typer.Option("--state", "-s", help="ongoing, due, overdue, reported or never_run."),
    ] = None,
    evidence: EvidencePlace = None,
    store: StoreOption = None,
    picture: Annotated[
        Path | None, typer.Option(help="Draw the pipeline into .svg, .png or .html.")
    ] = None,
    json: output.Json = False,
) -> None:
    """The trial pipeline: ongoing, due and overdue trials, by condition and product.

    With a store, of the registrations fetched into it; else of the extract that ships.
    """
    found = _pipeline(evidence, store).only(condition=condition, product=product, state=state)
    if picture is not None:
        from reprieve.figures import save, trial_pipeline

        typer.echo(f"The picture is at {save(trial_pipeline(found), picture)}", err=True)
    if json:
        output.print_json(found.to_dict())
        return
    _print(found, (state,) if state else _WITHOUT_STATE)


def _pipeline(evidence: str | None, store: str | None) -> Pipeline:
    from datetime import UTC, datetime

    from reprieve.updates.registered import shipped_pipeline

    if store is None or evidence is not None:
        return shipped_pipeline(evidence_of(evidence))
    from reprieve.updates.kept import stored_pipeline

    with opened(store) as named:
        package = named.evidence()
        with named.reading() as session:
            return stored_pipeline(session, package, datetime.now(UTC).date())


def _print(found: Pipeline, shown: tuple[str, ...]) -> None:
    from rich.markup import escape

    from reprieve.updates.pipeline import RULE, STATES

    console = output.console()
    console.print(f"Registered trials of cells on {found.on.isoformat()}", style="bold")
    for state, (trials, planned) in found.counts.items():
        if trials:
            line = f"{state}: {trials:,} ({STATES[state]}), {planned:,} people planned"
            console.print(output.paragraphs(line, "  "), markup=False)
    if not found.trials:
        console.print("  none fits what was asked", markup=False)
    table = output.table("Trial", "State", "Results", "People", "What")
    for column in table.columns[:4]:
        column.min_width, column.no_wrap = None, True
    for each in found.trials:
        if each.state in shown:
            trial = each.trial
            about = f"{trial.condition.replace('_', ' ')}; cells: {each.product}"
            table.add_row(
                trial.id,
                f"{each.state}{'*' if each.late else ''}",
                each.expected or "?",
                "?" if trial.planned is None else str(trial.planned),
                f"{escape(trial.title)}\n[dim]{escape(about)}[/dim]",
            )
    if table.row_count:
        console.print(table)
    notes = ["Results: the month in which they are expected. People: as planned.", RULE]
    if any(each.late for each in found.trials if each.state in shown):
        notes.append("*: the end that was planned has passed; the register was not told more.")
    notes.append(f"Source: {found.source}.")
    if found.delay is not None:
        notes.append(
            f"Trials here that posted results did so {found.delay:g} months after primary "
            "completion (median); those that never posted do not count in it."
        )
    for note in notes:
        console.print(output.paragraphs(note), style="dim", markup=False)
