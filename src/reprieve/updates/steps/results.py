"""Reading posted results: rows that nobody has verified, for people to hold against the source."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from reprieve.errors import InputError
from reprieve.evidence.records import Evidence
from reprieve.living.results import ReadResults, read_posted_results
from reprieve.living.store import FaultyChangeError, Insert, Store
from reprieve.living.store.cells import cells_of
from reprieve.living.store.changes import write_batch
from reprieve.living.store.models import PROGRAM, EvidenceRow, FetchedRecord
from reprieve.living.store.permissions import acting
from reprieve.living.store.records import record_of
from reprieve.living.worklists.queueing import enqueue, enqueue_unverified
from reprieve.updates.steps.watching import Watcher

READ = "results"
"""Where `FetchedRecord.recognised` says what became of posted results."""

_VALUES = ("outcomes", "contrasts", "events")


@dataclass(frozen=True, slots=True)
class ResultsRead:
    """What became of the posted results of one record.

    Attributes
    ----------
    id : str
        Of the record.
    study_id : str
    proposed : int
        Rows put into the evidence, unverified.
    placed, left_out : int
        Posted values that the reader placed in rows, and those that it left out.
    why : str
        Why rows were not proposed; empty where all were.
    """

    id: str
    study_id: str
    proposed: int
    placed: int
    left_out: int
    why: str


def read_all_results(store: Store, watch: Watcher) -> list[ResultsRead]:
    """Read the posted results of every registration that has some which have not been read.

    Values of a kind that the trial has in the evidence already are not proposed beside them: what
    the register adds is for a person to see, and the trial is put on the list for extraction.

    Returns
    -------
    list of ResultsRead
    """
    with store.reading() as session:
        waiting = [
            row.id
            for row in session.scalars(
                select(FetchedRecord)
                .where(
                    FetchedRecord.has_results.is_(True),
                    FetchedRecord.is_cell_therapy.is_(True),
                    FetchedRecord.condition != "",
                    FetchedRecord.vanished.is_(None),
                )
                .order_by(FetchedRecord.id)
            )
            if READ not in (row.recognised or {})
        ]
    known = store.evidence() if waiting else None
    found: list[ResultsRead] = []
    for number in waiting:
        found.append(_read(store, number, known))
        watch("results", len(found), len(waiting), found[-1].id)
    return found


def _read(store: Store, number: int, known: Evidence | None) -> ResultsRead:
    with store.reading() as session:
        record = record_of(session, session.get_one(FetchedRecord, number))
    try:
        read = read_posted_results(record, known)
    except InputError as error:
        with store.writing() as session:
            return _leave_to_people(session, number, str(error))
    try:
        with store.writing() as session:
            return _propose(session, number, read)
    except FaultyChangeError as error:
        with store.writing() as session:
            return _leave_to_people(session, number, str(error), read)


def _propose(session: Session, number: int, read: ReadResults) -> ResultsRead:
    """Propose the rows of one record, in the transaction that notes that it was read."""
    row = session.get_one(FetchedRecord, number)
    cells = cells_of(read.evidence)
    study_id = str(cells["studies"][0]["study_id"]) if cells["studies"] else ""
    held = {
        table
        for (table,) in session.execute(
            select(EvidenceRow.table_name).where(EvidenceRow.study_id == study_id).distinct()
        )
    }
    changes = [
        Insert(table, each)
        for table in ("studies", "arms", *_VALUES)
        if table not in held
        for each in cells[table]
    ]
    beside = [table for table in _VALUES if table in held and cells[table]]
    why = f"it has {', '.join(beside)} in the evidence already" if beside else ""
    if not changes:
        return _leave_to_people(session, number, why or "no posted value is certain", read)
    write_batch(
        session,
        acting(session, PROGRAM, "propose"),
        changes,
        why=f"posted results of {row.source_id}, read by program",
        kind="proposal",
    )
    enqueue_unverified(session, study_id)
    if row.thread is not None:
        row.thread.study_id = study_id
    if why:
        return _leave_to_people(session, number, why, read, len(changes))
    return _note(row, study_id, len(changes), read, "")


def _leave_to_people(
    session: Session, number: int, why: str, read: ReadResults | None = None, proposed: int = 0
) -> ResultsRead:
    """Put the trial on the list for extraction, with the reason why rows were not proposed."""
    row = session.get_one(FetchedRecord, number)
    known = read.evidence.studies["study_id"].to_list() if read else []
    study = known[0] if known else (row.thread and row.thread.study_id) or row.source_id.lower()
    enqueue(
        session,
        "extraction",
        [
            {
                "subject": f"{study}:{row.source}:{row.source_id}",
                "title": f"{row.source_id}: {row.title}",
                "study_id": study,
                "record_id": row.id,
                "thread_id": row.thread_id,
                "data": {"arms": [], "why": why},
            }
        ],
    )
    return _note(row, study, proposed, read, why)


def _note(
    row: FetchedRecord, study: str, proposed: int, read: ReadResults | None, why: str
) -> ResultsRead:
    """Note on the record what became of its results, so that they are read once a state."""
    placed, left_out = (read.cells_placed, read.cells_left_out) if read else (0, 0)
    found = ResultsRead(row.source_id, study, proposed, placed, left_out, why)
    row.recognised = (row.recognised or {}) | {
        READ: {
            "study_id": study,
            "proposed": proposed,
            "placed": placed,
            "left_out": left_out,
            "why": why,
        }
    }
    return found
