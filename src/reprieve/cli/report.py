"""`reprieve report`: the evidence on a condition, or on all, as pages that open offline."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from reprieve.cli import output
from reprieve.cli.opening import AsOf, EvidencePlace, evidence_of
from reprieve.errors import InputError


def report(
    condition: Annotated[
        str | None, typer.Argument(help="A condition, such as knee_osteoarthritis.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All conditions.")] = False,
    folder: Annotated[Path, typer.Option("--output", "-o", help="The folder to write to.")] = Path(
        "out"
    ),
    evidence: EvidencePlace = None,
    as_of: AsOf = None,
    json: output.Json = False,
) -> None:
    """Write a self-contained HTML report that opens offline."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from reprieve.report import write_all, write_report

    if everything == (condition is not None):
        raise InputError("name a condition, or ask for --all: reprieve report knee_osteoarthritis")
    package = evidence_of(evidence, as_of)
    if condition is not None:
        page = write_report(condition, folder, package)
    else:
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=output.console(stderr=True),
            transient=True,
        ) as bar:
            task = bar.add_task("Writing the report", total=None)

            def tick(done: int, total: int, what: str) -> None:
                bar.update(task, completed=done, total=total, description=f"Writing {what}")

            page = write_all(folder, package, progress=tick, workers=os.cpu_count() or 1)
    if json:
        output.print_json({"report": str(page)})
    else:
        typer.echo(f"The report is at {page}")
