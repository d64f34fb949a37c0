"""`reprieve recognise`: which records are about cell therapy, of what, for which condition."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reprieve.cli import output
from reprieve.errors import ReprieveError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from rich.progress import Progress
    from rich.text import Text

    from reprieve.living.formats.opening import RecordFault
    from reprieve.living.recognising import Recognition
    from reprieve.living.record import Record

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object a line and nothing else.")
]


def recognise(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Records of registers or libraries: ClinicalTrials.gov JSON (v2 or study_fields), "
            "JSON lines, RIS, nbib, PubMed XML, archives …; also gzipped.",
        ),
    ],
    folder: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Write a whole register as Parquet files into this folder."
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(min=1, help="Processes that share the work with --output, part by part."),
    ] = 1,
    json: Json = False,
) -> None:
    """Tell cell therapy from the rest, with the words that decided.

    Records that can't be read are named, and the status is then 1; the others are classified.
    """
    faults: list[RecordFault] = []
    if folder is not None:
        faults += _classify(files, folder, workers, json=json)
    elif json:
        for _, found in _recognised(files, faults):
            typer.echo(json_module.dumps(found.to_dict(), ensure_ascii=False))
    else:
        _show([*_recognised(files, faults)])
    for fault in faults:
        typer.echo(f"not read: {fault}", err=True)
    if faults:
        raise typer.Exit(1)


def _recognised(
    files: list[Path], faults: list[RecordFault]
) -> Iterator[tuple[Record, Recognition]]:
    from reprieve.living.formats.opening import read_records
    from reprieve.living.recognising import recognise as recognise_record

    with _progress() as progress:
        for file in files:
            task = progress.add_task(file.name, total=None)
            for record in read_records(file, faults):
                yield record, recognise_record(record)
                progress.advance(task)


def _progress() -> Progress:
    """A count of records on stderr, gone when it is done; only where a person watches."""
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    console = output.console(stderr=True)
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        MofNCompleteColumn(),
        TextColumn("records"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _classify(
    files: list[Path], folder: Path, workers: int, *, json: bool
) -> tuple[RecordFault, ...]:
    from reprieve.living.bulk import classify

    with _progress() as progress, _processes(workers) as executor:
        task = progress.add_task("parts", total=None)
        done = classify(
            files,
            folder,
            executor=executor,
            progress=lambda n, total: progress.update(task, completed=n, total=total),
        )
    counts = {"folder": str(done.folder), "records": done.records, "cell_therapy": done.cells}
    if json:
        typer.echo(json_module.dumps(counts))
    else:
        typer.echo(
            f"{done.records:,} records, {done.cells:,} of them cell therapy, in {done.folder}"
        )
    return done.faults


@contextmanager
def _processes(workers: int) -> Iterator[Executor | None]:
    """Processes to share the work, or none where this one does it all."""
    if workers == 1:
        yield None
        return
    from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
    from multiprocessing import get_context

    # Forked processes would wait for locks of polars' threads that they don't have.
    executor = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        yield executor
    except BrokenExecutor as error:
        raise ReprieveError(
            "a process ended in the middle of its part, perhaps for want of memory; run the same "
            "again, with fewer --workers: it goes on with the parts that are missing"
        ) from error
    finally:
        executor.shutdown(cancel_futures=True)


def _show(recognised: list[tuple[Record, Recognition]]) -> None:
    if not recognised:
        typer.echo(
            "No records in there. Give the file that a register or a library exports, such as the "
            "JSON of ClinicalTrials.gov or a RIS file."
        )
        return
    shown = output.table("Record", "What it is about", "Recognised as")
    for record, found in recognised:
        shown.add_row(found.id, _about(record, found), _verdict(found))
    output.console().print(shown)
    cells = sum(found.is_cell_therapy for _, found in recognised)
    typer.echo(f"{len(recognised):,} records, {cells:,} of them cell therapy")


def _about(record: Record, found: Recognition) -> Text:
    """The title with the words that decided marked in it, and below it those from elsewhere."""
    from rich.text import Text

    about = Text(record.title or record.official_title)
    elsewhere: dict[str, None] = {}
    for why in found.because:
        if why.where == ("title" if record.title else "official_title"):
            about.stylize("bold reverse", why.start, why.end)
        elif why.word.lower() not in about.plain.lower():
            elsewhere.setdefault(f"{why.word} ({why.where})")
    for words in [*elsewhere][:4]:
        about.append(f"\n{words}", style="dim")
    return about


def _verdict(found: Recognition) -> str:
    from reprieve.evidence import vocabulary

    cells = "cell therapy" if found.is_cell_therapy else "no cell therapy"
    lines = [f"{cells} ({found.confidence:.1%} sure)"]
    lines.append(_in_words(found.donor, found.cell_source, found.processing, found.route))
    if found.comparator:
        lines.append(_in_words(f"against {found.comparator}"))
    lines.append(vocabulary.condition(found.condition).name if found.condition else "")
    lines.append(_in_words(found.design, found.phase))
    return "\n".join(line for line in lines if line)


def _in_words(*codes: str | None) -> str:
    return ", ".join(code.replace("_", " ").replace(";", "; ") for code in codes if code)
