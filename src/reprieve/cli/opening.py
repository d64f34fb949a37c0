"""Where a command takes its evidence from: the snapshot, a package, or a store at some date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from reprieve.certainty import BiasJudgement
    from reprieve.evidence import Evidence
    from reprieve.living.store import Store

EvidencePlace = Annotated[
    str | None,
    typer.Option(
        "--evidence",
        help="A package (folder or zip) or a store (file or address) instead of the curated "
        "snapshot.",
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="With a store: the evidence as it stood on a day (2026-03-01)."),
]

Judgements = Annotated[
    Path | None,
    typer.Option(
        "--judgements",
        help="Risk of bias: a file of judgements (reprieve rob); with a store instead of those "
        "settled in it.",
    ),
]

_SQLITE = b"SQLite format 3\0"


def evidence_of(place: str | None, as_of: str | None = None) -> Evidence:
    """The evidence of a package or a store, or the snapshot.

    Raises
    ------
    InputError
        If it can't be read, or a day is asked of something that has no history.
    """
    if place is not None and _is_store(place):
        with _store(place) as store:
            return store.evidence(as_of)
    return _package(place, as_of)


def judged_evidence(
    place: str | None, as_of: str | None = None, file: Path | None = None
) -> tuple[Evidence, list[BiasJudgement]]:
    """Evidence as `evidence_of` gives it, with what people judged about risk of bias.

    The judgements are those of the file where one is given, else those settled in the store at
    that date; a package and the snapshot bring none.

    Raises
    ------
    InputError
        As for `evidence_of`; or if the judgements can't be used.
    """
    from reprieve.certainty import read_judgements

    if file is not None:
        return evidence_of(place, as_of), read_judgements(file)
    if place is not None and _is_store(place):
        from reprieve.updates.judgements import settled_judgements

        with _store(place) as store:
            return store.evidence(as_of), settled_judgements(store, as_of)
    return _package(place, as_of), []


def _store(place: str) -> Store:
    from reprieve.living.store import open_store

    return open_store(place, create=False)


def _package(place: str | None, as_of: str | None) -> Evidence:
    from reprieve.errors import InputError
    from reprieve.evidence import load_evidence

    if as_of is not None:
        raise InputError(
            f"--as-of {as_of}: {place or 'the snapshot'} has one state only; "
            "name a store with --evidence, which keeps its history"
        )
    return load_evidence(place)


def _is_store(place: str) -> bool:
    if "://" in place:
        return True
    path = Path(place)
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(len(_SQLITE)) == _SQLITE
