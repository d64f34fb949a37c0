"""Where a command takes its evidence from: the snapshot, a package, or a store at some date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from reprieve.evidence import Evidence

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

_SQLITE = b"SQLite format 3\0"


def evidence_of(place: str | None, as_of: str | None = None) -> Evidence:
    """The evidence of a package or a store, or the snapshot.

    Raises
    ------
    InputError
        If it can't be read, or a day is asked of something that has no history.
    """
    from reprieve.errors import InputError
    from reprieve.evidence import load_evidence

    if place is not None and _is_store(place):
        from reprieve.living.store import open_store

        with open_store(place, create=False) as store:
            return store.evidence(as_of)
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
