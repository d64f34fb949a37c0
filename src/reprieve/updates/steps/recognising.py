"""Recognising: each record that is new or changed is classified."""

from __future__ import annotations

from sqlalchemy import func, select

from reprieve.living.store import Store
from reprieve.living.store.models import FetchedRecord
from reprieve.living.store.records import record_of
from reprieve.updates.steps.watching import Watcher

_AT_ONCE = 100


def recognise_all(store: Store, watch: Watcher) -> int:
    """Classify the records that have not been classified as they stand now.

    Returns
    -------
    int
        How many there were.
    """
    from reprieve.living.recognising import recognise

    waiting = select(FetchedRecord).where(FetchedRecord.recognised.is_(None))
    with store.reading() as session:
        total = session.scalar(select(func.count()).select_from(waiting.subquery())) or 0
    done = 0
    while True:
        with store.writing() as session:
            rows = session.scalars(waiting.order_by(FetchedRecord.id).limit(_AT_ONCE)).all()
            for row in rows:
                found = recognise(record_of(session, row))
                row.recognised = found.to_dict()
                row.is_cell_therapy = found.is_cell_therapy
                row.condition = found.condition or ""
        if not rows:
            return done
        done += len(rows)
        watch("recognise", done, total)
