"""Queueing: records that reviewers have to look at are put on their list."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from reprieve.living.store import Store
from reprieve.living.store.models import FetchedRecord, Thread
from reprieve.living.worklists.queueing import enqueue_records
from reprieve.updates.steps.watching import Watcher

UNSURE = 0.95
"""Below this confidence a record without cells, by the rules, is put before people all the same."""


def queue(store: Store, watch: Watcher) -> int:
    """Put records on the list for screening that are not on it.

    Those that may be of cells for a painful condition, whose trial is not in the evidence yet,
    and that are not a second copy of the same report.

    Returns
    -------
    int
        How many were new.
    """
    with store.writing() as session:
        copies = copies_of(session)
        rows = session.scalars(
            select(FetchedRecord)
            .outerjoin(FetchedRecord.thread)
            .where(
                FetchedRecord.condition != "",
                FetchedRecord.vanished.is_(None),
                Thread.study_id.is_(None),
            )
            .order_by(FetchedRecord.id)
        ).all()
        wanted = [row for row in rows if _promising(row) and row.id not in copies]
        new = enqueue_records(session, wanted)
    watch("queue", new, new)
    return new


def copies_of(session: Session) -> set[int]:
    """Records that are a second copy, from another source, of one that is kept."""
    names = {
        f"{source} {number}": key
        for key, source, number in session.execute(
            select(FetchedRecord.id, FetchedRecord.source, FetchedRecord.source_id)
        )
    }
    groups = [
        group
        for (data,) in session.execute(select(Thread.data))
        for group in data.get("duplicates", ())
    ]
    return {names[name] for group in groups for name in group[1:] if name in names}


def _promising(row: FetchedRecord) -> bool:
    confidence = float((row.recognised or {}).get("confidence", 1.0))
    return bool(row.is_cell_therapy) or confidence < UNSURE
