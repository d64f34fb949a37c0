"""`reprieve read`: posted results and article tables as evidence that people have yet to verify."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reprieve.cli import output
from reprieve.cli.opening import EvidencePlace, evidence_of

if TYPE_CHECKING:
    from reprieve.living.reading import FilesRead

SHOWN = 8
"""Reasons that are printed for a trial, the most frequent first."""


def read(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Register records with posted results, or articles in JATS.", metavar="FILE…"
        ),
    ],
    folder: Annotated[
        Path, typer.Option("--output", "-o", help="The folder that the package is written to.")
    ],
    evidence: EvidencePlace = None,
    json: output.Json = False,
) -> None:
    """Read results from registers and articles, and say what was left out and why.

    The package in the folder holds only values whose place is certain, flagged as unverified:
    no answer uses them before a person has read them against their source.
    """
    from reprieve.living.reading import read_files

    _refuse_occupied(folder)
    known = evidence_of(evidence) if evidence is not None else None
    with output.console(stderr=True).status("Reading …") as status:
        found = read_files(files, known, progress=lambda id_: status.update(f"Reading {id_} …"))
    _write(found, folder)
    if json:
        output.print_json(found.to_dict())
    else:
        _print(found, folder)
    if found.faults:
        raise typer.Exit(1)


def _refuse_occupied(folder: Path) -> None:
    """No package that stands in a folder is replaced: somebody may have verified its rows."""
    from reprieve.errors import InputError
    from reprieve.evidence.schema import SIDE_TABLES, TABLES

    ours = ["datapackage.json", "account.json", *(f"{t}.csv" for t in (*TABLES, *SIDE_TABLES))]
    there = [name for name in ours if (folder / name).exists()]
    if there:
        raise InputError(
            f"{folder} holds a package already ({there[0]}), which is not replaced; "
            "name a new folder with -o"
        )
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; name a new folder with -o")


def _write(found: FilesRead, folder: Path) -> None:
    import datetime
    from json import dumps

    from reprieve.evidence import write_package
    from reprieve.files import write_whole

    write_package(found.evidence, folder, created=datetime.date.today().isoformat())
    account = dumps(found.to_dict(), ensure_ascii=False, indent=1)
    write_whole(folder / "account.json", account + "\n")


def _print(found: FilesRead, folder: Path) -> None:
    out = output.console()
    listing = output.table("Record", "File", "Rows placed", "Left out")
    for trial in found.trials:
        listing.add_row(trial.id, trial.file, str(len(trial.placed)), str(len(trial.left_out)))
    out.print(listing)
    for trial in found.trials:
        if trial.left_out:
            out.print(f"[bold]{trial.id}[/bold]: left out")
            reasons = Counter(left.reason for left in trial.left_out).most_common()
            for reason, count in reasons[:SHOWN]:
                out.print(output.paragraphs(f"{count:>4} × {reason}", "  "), markup=False)
            rest = sum(count for _, count in reasons[SHOWN:])
            if rest:
                out.print(f"  {rest:>4} × for {len(reasons) - SHOWN} other reasons")
    for ids in found.same_trial:
        out.print(f"Read twice: {' and '.join(ids)} are one trial; keep the rows of one of them.")
    for question in found.questions:
        out.print(
            f"One trial? {question.first} and {question.second}: {question.because}.", markup=False
        )
    for fault in found.faults:
        output.console(stderr=True).print(f"not read: {fault}", markup=False)
    rows = sum(found.evidence.table(name).height for name in ("outcomes", "contrasts", "events"))
    text = (
        f"{rows} rows in {folder}, none of them verified yet: no answer uses them before a person "
        "has read them against their source. Every value left out is in account.json there, with "
        "its place and the reason."
    )
    out.print("\n" + output.paragraphs(text), markup=False)
