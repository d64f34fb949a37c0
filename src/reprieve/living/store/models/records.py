"""What registers and literature gave: records, their past states, trial threads, searches."""

from __future__ import annotations

import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from reprieve.living.store.models.base import Base, KeyText


class Thread(Base):
    """One trial, whatever it was registered and published as.

    Attributes
    ----------
    key : str
        Unique; the number by which the thread is known, such as ``"NCT02674399"``.
    study_id : str or None
        The trial in the evidence, once it is there.
    title, condition, product : str
    data : dict
        What joined the records, with which certainty, and what a person should be asked.
    """

    __tablename__ = "threads"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[KeyText] = mapped_column(unique=True)
    study_id: Mapped[KeyText | None] = mapped_column(index=True)
    title: Mapped[str] = mapped_column(default="")
    condition: Mapped[str] = mapped_column(default="")
    product: Mapped[str] = mapped_column(default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    changed: Mapped[datetime.datetime]

    records: Mapped[list[FetchedRecord]] = relationship(back_populates="thread")


class FetchedRecord(Base):
    """One registration or paper, as last seen at its source.

    Attributes
    ----------
    source, source_id : str
        As `Record.source` and `Record.id`; unique together.
    content_hash : str
        SHA-256 of the content; equal hashes mean that nothing changed.
    recognised : dict or None
        What `recognise` made of it; None where it has not been recognised yet.
    first_seen, last_seen, changed : datetime
    vanished : datetime or None
        When the source stopped giving it.
    """

    __tablename__ = "records"
    __table_args__ = (UniqueConstraint("source", "source_id"), Index(None, "condition", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str]
    source_id: Mapped[KeyText]
    kind: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default="")
    content_hash: Mapped[str]
    recognised: Mapped[dict[str, Any] | None]
    is_cell_therapy: Mapped[bool | None]
    condition: Mapped[str] = mapped_column(default="")
    retracted: Mapped[bool] = mapped_column(default=False)
    has_results: Mapped[bool] = mapped_column(default=False)
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("threads.id"), index=True)
    first_seen: Mapped[datetime.datetime]
    last_seen: Mapped[datetime.datetime]
    changed: Mapped[datetime.datetime]
    vanished: Mapped[datetime.datetime | None]

    thread: Mapped[Thread | None] = relationship(back_populates="records")
    states: Mapped[list[RecordState]] = relationship(back_populates="record")


class RecordState(Base):
    """The content of a record from the day on which it was first seen so; append-only.

    Attributes
    ----------
    body : bytes
        The whole `Record` as JSON, compressed (zlib).
    """

    __tablename__ = "record_states"
    __table_args__ = (Index(None, "record_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("records.id"))
    seen: Mapped[datetime.datetime]
    content_hash: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)

    record: Mapped[FetchedRecord] = relationship(back_populates="states")


class Search(Base):
    """One search of one source: what was asked when, how far it came, what it found.

    Attributes
    ----------
    query : str
        The string as sent, so that anyone can repeat the search.
    since : str
        The day from which on changes were asked for (ISO 8601); empty for all.
    cursor : str or None
        Where to go on after the last complete page; None at the start and when finished.
    found, new, changed, unchanged, vanished : int
        Records so far.
    finished : datetime or None
        None while it runs, or where it was broken off.
    """

    __tablename__ = "searches"
    __table_args__ = (Index(None, "source", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"), index=True)
    source: Mapped[str]
    query: Mapped[str]
    since: Mapped[str] = mapped_column(default="")
    started: Mapped[datetime.datetime]
    finished: Mapped[datetime.datetime | None]
    cursor: Mapped[str | None]
    total: Mapped[int | None]
    found: Mapped[int] = mapped_column(default=0)
    new: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    vanished: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
