"""Threading: records of one trial are joined, and the threads tied to the evidence."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from reprieve.evidence.records import Evidence
from reprieve.living.record import Record
from reprieve.living.store import Store
from reprieve.living.store.clock import now
from reprieve.living.store.models import FetchedRecord, Thread, WorkItem
from reprieve.living.store.records import record_of
from reprieve.living.threads import Threads, TrialThread, join_threads, threads_of_studies
from reprieve.living.worklists.queueing import enqueue
from reprieve.updates.steps.watching import Watcher


def thread_all(store: Store, evidence: Evidence, watch: Watcher) -> Threads:
    """Join all records anew, and write down what is different.

    Returns
    -------
    Threads
    """
    found = threads_in(store)
    studies = {
        thread: study
        for study, threads in threads_of_studies(evidence, found).items()
        for thread in threads
    }
    with store.writing() as session:
        _write(session, found, studies)
    watch("thread", len(found.threads), len(found.threads))
    return found


def threads_in(store: Store) -> Threads:
    """The threads that the records in a store make, whatever order they came in.

    A join depends on all records together, so that it is always made from all of them.
    """
    with store.reading() as session:
        rows = session.scalars(select(FetchedRecord).order_by(FetchedRecord.id)).all()
        return join_threads([_slim(record_of(session, row)) for row in rows])


def _slim(record: Record) -> Record:
    """The record without its original, which no join looks at and which is most of its size."""
    return replace(record, raw={})


def _write(session: Session, found: Threads, studies: dict[str, str]) -> None:
    rows = {row.key: row for row in session.scalars(select(Thread))}
    records = {(row.source, row.source_id): row for row in session.scalars(select(FetchedRecord))}
    moment = now()
    home: dict[int, Thread] = {}
    for thread in found.threads:
        row = rows.pop(thread.id, None)
        if row is None:
            row = Thread(key=thread.id, changed=moment)
            session.add(row)
        members = [records[member.source, member.id] for member in thread.members]
        wanted = _columns(thread, members, studies.get(thread.id))
        if any(getattr(row, name) != value for name, value in wanted.items()):
            for name, value in wanted.items():
                setattr(row, name, value)
            row.changed = moment
        for member in members:  # a paper on several trials is kept with the first
            home.setdefault(member.id, row)
    session.flush()
    for record in records.values():
        if record.id in home and record.thread_id != home[record.id].id:
            record.thread_id = home[record.id].id
    session.flush()
    gone = [row.id for row in rows.values()]
    if gone:  # joined with others since, or split
        session.execute(update(WorkItem).where(WorkItem.thread_id.in_(gone)).values(thread_id=None))
        session.execute(delete(Thread).where(Thread.id.in_(gone)))
    enqueue(
        session,
        "joining",
        (
            {
                "subject": f"{question.first}|{question.second}",
                "title": f"Are {question.first} and {question.second} one trial?",
                "priority": question.score,
                "data": asdict(question),
            }
            for question in found.questions
        ),
    )


def _columns(
    thread: TrialThread, members: list[FetchedRecord], study: str | None
) -> dict[str, Any]:
    known = [row.recognised or {} for row in members]
    first = thread.members[0] if thread.members else None
    return {
        "study_id": study,
        "title": first.title if first else "",
        "condition": next((row.condition for row in members if row.condition), ""),
        "product": next(
            (
                " ".join(filter(None, (each.get("donor"), each.get("cell_source"))))
                for each in known
                if each.get("cell_source")
            ),
            "",
        ),
        "data": {
            "numbers": list(thread.numbers),
            "because": list(thread.because),
            "retracted": list(thread.retracted),
            "duplicates": [list(each) for each in thread.duplicates],
        },
    }
