"""Putting work on the lists: each thing once, however often it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from reprieve.living.store.cells import name_of
from reprieve.living.store.clock import now
from reprieve.living.store.models import EvidenceRow, FetchedRecord, WorkItem
from reprieve.living.worklists.words import NEEDS

_AT_ONCE = 500


def enqueue(session: Session, kind: str, items: Iterable[Mapping[str, Any]]) -> int:
    """Put items on a list; those whose subject is on it already stay as they are.

    Parameters
    ----------
    session : Session
        Of a transaction that writes.
    kind : str
    items : iterable of mapping
        ``subject`` and ``title``, and whichever of ``record_id``, ``thread_id``, ``study_id``,
        ``row_id``, ``priority`` and ``data`` apply.

    Returns
    -------
    int
        How many were new.
    """
    moment = now()
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    whole = {
        "kind": kind,
        "state": "open",
        "needs": NEEDS[kind],
        "decided": 0,
        "version": 1,
        "created": moment,
        "changed": moment,
    }
    empty = {"record_id": None, "thread_id": None, "study_id": None, "row_id": None}
    rows = [whole | empty | {"priority": 0.0, "data": {}} | dict(item) for item in items]
    new = 0
    for start in range(0, len(rows), _AT_ONCE):
        statement = (
            insert(WorkItem)
            .values(rows[start : start + _AT_ONCE])
            .on_conflict_do_nothing(index_elements=["kind", "subject"])
            .returning(WorkItem.id)
        )
        new += len(session.execute(statement).all())
    return new


def enqueue_records(session: Session, records: Iterable[FetchedRecord]) -> int:
    """Put fetched records on the list for screening, the more promising the higher.

    Returns
    -------
    int
        How many were new.
    """
    return enqueue(
        session,
        "screening",
        (
            {
                "subject": f"{row.source}:{row.source_id}",
                "title": row.title,
                "record_id": row.id,
                "thread_id": row.thread_id,
                "priority": prior(row),
            }
            for row in records
        ),
    )


def prior(row: FetchedRecord) -> float:
    """How promising a record looks before anyone has screened: 0 to 1, from recognising.

    Examples
    --------
    >>> prior(FetchedRecord(is_cell_therapy=True, condition="tendinopathy", recognised={}))
    1.0
    >>> prior(FetchedRecord(is_cell_therapy=True, condition="", recognised={"confidence": 0.8}))
    0.4
    """
    confidence = float((row.recognised or {}).get("confidence") or 1.0)
    cells = {True: confidence, False: 1 - confidence, None: 0.5}[row.is_cell_therapy]
    return cells if row.condition else cells / 2


def enqueue_unverified(session: Session, study_id: str | None = None) -> int:
    """Put rows that no person has held against their source on the list for verification.

    Parameters
    ----------
    session : Session
    study_id : str, optional
        Of this trial only.

    Returns
    -------
    int
        How many were new.
    """
    unread = select(EvidenceRow).where(EvidenceRow.readings == 0).order_by(EvidenceRow.id)
    if study_id is not None:
        unread = unread.where(EvidenceRow.study_id == study_id)
    return enqueue(
        session,
        "verification",
        (
            {
                "subject": row_subject(row),
                "title": f"{row.study_id}: {name_of(row.table_name, row.cells)}",
                "study_id": row.study_id,
                "row_id": row.id,
            }
            for row in session.scalars(unread)
        ),
    )


def row_subject(row: EvidenceRow) -> str:
    """What names a row as it stands: changed since, it is another thing to verify."""
    return f"row:{row.id}:{row.version}"


def enqueue_extraction(session: Session, study_id: str, title: str, arms: Iterable[str]) -> int:
    """Put a trial on the list for double extraction; 0 where it is on it already.

    Parameters
    ----------
    session : Session
    study_id, title : str
    arms : iterable of str
        The ids of its arms, which both extractors use; empty leaves them to whoever is first.
    """
    data = {"arms": list(arms)}
    item = {"subject": study_id, "study_id": study_id, "title": title, "data": data}
    return enqueue(session, "extraction", [item])


def enqueue_bias(
    session: Session,
    study_id: str,
    title: str,
    *,
    outcome: str = "",
    comparison: str = "",
    tool: str = "rob2",
) -> int:
    """Put a result of a trial on the list for judging its risk of bias; 0 where it is already."""
    result = {"tool": tool, "outcome": outcome, "comparison": comparison}
    subject = ":".join((study_id, *result.values()))
    item = {"subject": subject, "study_id": study_id, "title": title, "data": result}
    return enqueue(session, "risk_of_bias", [item])
