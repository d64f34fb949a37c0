"""What people have to do: items of work, who holds them, and what was decided."""

from __future__ import annotations

import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from reprieve.living.store.models.accounts import User
from reprieve.living.store.models.base import Base, KeyText
from reprieve.living.store.models.records import FetchedRecord, Thread

WORK_KINDS = ("screening", "extraction", "risk_of_bias", "verification", "joining")
WORK_STATES = ("open", "conflict", "done")


class WorkItem(Base):
    """One thing that people decide: a record to screen, a trial to extract, a row to verify.

    Attributes
    ----------
    kind : str
        One of `WORK_KINDS`.
    subject : str
        What it is about, unique within its kind: ``"clinicaltrials.gov:NCT02674399"``,
        ``"nct02674399"``, ``"row:4711"``.
    record_id, thread_id, study_id, row_id
        What it is about, as far as the store holds it; None where that does not apply.
    state : {"open", "conflict", "done"}
    outcome : str or None
        What was decided in the end (``"include"``, ``"exclude"``, ``"accept"`` …).
    priority : float
        Higher comes first; pages are ordered by priority, then `id`, both from high to low.
    needs : int
        How many independent decisions it takes.
    decided : int
        How many there are.
    half_by : int or None
        The user who has decided alone so far; None where nobody or more than one has.
    data : dict
        What its kind needs besides.
    version : int
        Counts up with each change; what `expected_version=` is held against.
    """

    __tablename__ = "work_items"
    __table_args__ = (
        UniqueConstraint("kind", "subject"),
        CheckConstraint("state IN ('open', 'conflict', 'done')", name="state"),
        # With `half_by` in it, what a person who is far ahead has decided is passed by unread.
        Index(None, "kind", "state", "priority", "id", "half_by"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject: Mapped[KeyText]
    title: Mapped[str] = mapped_column(default="")
    record_id: Mapped[int | None] = mapped_column(ForeignKey("records.id"), index=True)
    thread_id: Mapped[int | None] = mapped_column(ForeignKey("threads.id"), index=True)
    study_id: Mapped[KeyText | None] = mapped_column(index=True)
    row_id: Mapped[int | None] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(default="open")
    outcome: Mapped[str | None]
    priority: Mapped[float] = mapped_column(Float(53), default=0.0)
    needs: Mapped[int] = mapped_column(default=2)
    decided: Mapped[int] = mapped_column(default=0)
    half_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=1)
    created: Mapped[datetime.datetime]
    changed: Mapped[datetime.datetime]

    record: Mapped[FetchedRecord | None] = relationship()
    thread: Mapped[Thread | None] = relationship()


class Reservation(Base):
    """A user is at work on an item; it falls free at `until`."""

    __tablename__ = "reservations"
    __table_args__ = (UniqueConstraint("item_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("work_items.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    until: Mapped[datetime.datetime]


class Decision(Base):
    """What one user decided about one item; append-only.

    Attributes
    ----------
    part : {"reviewer", "adjudicator"}
        As what they decided.
    decision : str
        ``"include"``, ``"exclude"``, ``"maybe"``, ``"accept"``, ``"reject"``, ``"extracted"`` …
    reason, note : str
        Reason from the short list of its kind; anything else in words.
    data : dict or None
        Extracted rows, judgements by domain, or a corrected row.
    undoes : int or None
        The decision that this one takes back.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        CheckConstraint("part IN ('reviewer', 'adjudicator')", name="part"),
        Index(None, "item_id", "id"),
        Index(None, "user_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("work_items.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime.datetime]
    part: Mapped[str] = mapped_column(default="reviewer")
    decision: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    data: Mapped[dict[str, Any] | None]
    undoes: Mapped[int | None] = mapped_column(ForeignKey("decisions.id"))

    item: Mapped[WorkItem] = relationship()
    user: Mapped[User] = relationship()


class Ranking(Base):
    """One training of the model that orders a work list, and what it says about stopping.

    Attributes
    ----------
    trained_on : int
        How many decided items it learned from.
    data : dict
        Scores of the model and the state of the stopping rule.
    """

    __tablename__ = "rankings"
    __table_args__ = (Index(None, "kind", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    at: Mapped[datetime.datetime]
    trained_on: Mapped[int]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
