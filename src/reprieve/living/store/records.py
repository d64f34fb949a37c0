"""Fetched records: kept once each, with every state that they were seen in."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from reprieve.errors import InputError
from reprieve.living.record import Record
from reprieve.living.store.clock import now
from reprieve.living.store.models import FetchedRecord, RecordState

Seen = Literal["new", "changed", "unchanged"]
_LARGEST = 50 * 1024 * 1024


@dataclass(frozen=True)
class Kept:
    """A record as kept, and whether it was known.

    Attributes
    ----------
    seen : {"new", "changed", "unchanged"}
    row : FetchedRecord
    """

    seen: Seen
    row: FetchedRecord


def keep_records(session: Session, records: Iterable[Record]) -> list[Kept]:
    """Keep a page of records; each state of a record once, however often it is fetched.

    Parameters
    ----------
    session : Session
        Of a transaction that writes.
    records : iterable of Record

    Returns
    -------
    list of Kept
        In order. `recognised` and what follows from it is for the caller to fill in where a
        record is new or changed.

    Raises
    ------
    UnfitTextError
        If a text can't be kept in every database.
    InputError
        If a record is larger than 50 MB.
    """
    return [_keep(session, record) for record in records]


def _keep(session: Session, record: Record) -> Kept:
    body = msgspec.json.encode(record, order="deterministic")
    if len(body) > _LARGEST:
        raise InputError(
            f"{record.source} {record.id} has {len(body) / 1024**2:.0f} MB; "
            "a record of a register has less than 50"
        )
    digest = hashlib.sha256(body).hexdigest()
    moment = now()
    row = session.scalar(
        select(FetchedRecord)
        .where(FetchedRecord.source == record.source, FetchedRecord.source_id == record.id)
        .with_for_update()
    )
    seen: Seen = "unchanged"
    if row is None:
        seen = "new"
        row = FetchedRecord(source=record.source, source_id=record.id, first_seen=moment)
        session.add(row)
    elif row.content_hash != digest:
        seen = "changed"
    row.last_seen, row.vanished = moment, None
    if seen != "unchanged":
        row.changed, row.content_hash = moment, digest
        row.kind, row.title, row.status = record.kind, record.title, record.status
        row.retracted, row.has_results = record.retracted, record.has_results
        row.recognised = None
        session.add(
            RecordState(record=row, seen=moment, content_hash=digest, body=zlib.compress(body))
        )
        session.flush()
    return Kept(seen, row)


def mark_vanished(session: Session, source: str, ids: Iterable[str]) -> list[FetchedRecord]:
    """Note that a source does not give these records any more; what was read stays."""
    wanted = list(ids)
    rows = session.scalars(
        select(FetchedRecord).where(
            FetchedRecord.source == source,
            FetchedRecord.source_id.in_(wanted),
            FetchedRecord.vanished.is_(None),
        )
    ).all()
    for row in rows:
        row.vanished = now()
    return list(rows)


def record_of(session: Session, row: FetchedRecord, *, state: int = -1) -> Record:
    """The record itself, in its last state or (0, 1 … or −2, −3 …) an earlier one.

    Raises
    ------
    InputError
        If it was never seen in such a state.
    """
    states = select(RecordState).where(RecordState.record_id == row.id)
    order = RecordState.id.desc() if state < 0 else RecordState.id
    skip = -state - 1 if state < 0 else state
    found = session.scalar(states.order_by(order).offset(skip).limit(1))
    if found is None:
        raise InputError(f"{row.source} {row.source_id} was not seen in a state {state}")
    return msgspec.json.decode(zlib.decompress(found.body), type=Record)
