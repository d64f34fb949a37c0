"""Rows that a program read, put beside what is there, for people to verify."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from reprieve.errors import InputError
from reprieve.living.store.cells import Cells, name_of
from reprieve.living.store.changes import Insert, nobody_read, write_batch
from reprieve.living.store.engine import queue_for_evidence
from reprieve.living.store.models import EvidenceRow, User

_VALUES = ("outcomes", "contrasts", "events")


@dataclass(frozen=True)
class Proposed:
    """What became of rows that a program read.

    Attributes
    ----------
    batch : int or None
        None where none was put in.
    inserted : int
        Rows put in.
    beside : dict of (str, str) to int
        By trial and table, rows left out because the trial has such values already.
    """

    batch: int | None
    inserted: int
    beside: dict[tuple[str, str], int]


def propose(
    session: Session, user: User, package: Mapping[str, Sequence[Cells]], *, why: str
) -> Proposed:
    """Insert rows that nobody has read; what stands in the store stays as it is.

    Of a kind of value that a trial has already nothing is put beside it: what the source adds is
    for a person to see, by extracting the trial.

    Parameters
    ----------
    session : Session
        Of a transaction that writes; any error must end it.
    user : User
        Who brings them in; that they may is known already (`permissions.acting`).
    package : mapping
        By table, its rows, complete.
    why : str

    Raises
    ------
    InputError
        If a row has been read by a person, and does not only describe a trial that is known.
    FaultyChangeError
        If a trial would not pass the gates.
    """
    queue_for_evidence(session)
    rows = [(table, cells) for table, every in package.items() for cells in every]
    trials = {str(cells["study_id"]) for _, cells in rows}
    held = {
        (study_id, table)
        for study_id, table in session.execute(
            select(EvidenceRow.study_id, EvidenceRow.table_name)
            .where(EvidenceRow.study_id.in_(trials))
            .distinct()
        )
    }
    inserts: list[Insert] = []
    beside: Counter[tuple[str, str]] = Counter()
    for table, cells in rows:
        about = str(cells["study_id"]), table
        if about in held and table not in _VALUES:
            continue  # trials that are known are described as they stand in the store
        if not nobody_read(cells):
            raise InputError(
                f"{cells['study_id']}, {name_of(table, cells)}: a row that is proposed is flagged "
                "unverified and has 0 readings, as `reprieve read` writes it; bring in what people "
                "have read with `reprieve store import`"
            )
        if about in held:
            beside[about] += 1
        else:
            inserts.append(Insert(table, cells))
    batch = write_batch(session, user, inserts, why=why, kind="proposal")
    return Proposed(batch.id if batch else None, len(inserts), dict(beside))
