"""The evidence as it stands, and every change that led there."""

from __future__ import annotations

import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from reprieve.living.store.models.accounts import User
from reprieve.living.store.models.base import Base, KeyText, Rank


class EvidenceRow(Base):
    """One row of one table of an evidence package, as it stands now.

    Attributes
    ----------
    id : int
        What names the row for ever; never used again, even after deletion.
    table_name : str
        ``"studies"``, ``"arms"``, ``"outcomes"``, ``"contrasts"``, ``"events"``, ``"cautions"``
        or ``"conflicts"``.
    study_id : str
        The trial that the row is about.
    position : str
        Its place in its table; sorts as text.
    cells : dict
        Column to text, as a package has it (None for an empty cell), ``readings`` included.
    readings : int or None
        The same as a number: 0 for a row that nobody has verified, None in side tables.
    version : int
        Counts up with each change of the row; what `expected_version=` is held against.
    """

    __tablename__ = "evidence_rows"
    __table_args__ = (
        Index(None, "table_name", "position"),
        Index(None, "study_id", "table_name"),
        Index(None, "readings", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    table_name: Mapped[str]
    study_id: Mapped[KeyText]
    position: Mapped[str] = mapped_column(Rank)
    cells: Mapped[dict[str, Any]]
    readings: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1)


class Batch(Base):
    """Changes made at once by one user, all of them or none; append-only.

    Batches are written one after another, so that a larger `id` always means a later time.

    Attributes
    ----------
    at : datetime
    user_id : int
    why : str
        The reason, as the user gave it.
    kind : str
        ``"import"``, ``"edit"``, ``"proposal"``, ``"verification"``, ``"adjudication"`` or
        ``"undo"``.
    package_date : str
        After an import the day on which the package was compiled; empty otherwise.
    """

    __tablename__ = "batches"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('import', 'edit', 'proposal', 'verification', 'adjudication', 'undo')",
            name="kind",
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime.datetime] = mapped_column(index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    why: Mapped[str]
    kind: Mapped[str]
    package_date: Mapped[str] = mapped_column(default="")

    user: Mapped[User] = relationship()


class Revision(Base):
    """One row changed in one batch; append-only.

    Attributes
    ----------
    row_id : int
        The row; it may be gone by now.
    action : {"insert", "update", "delete"}
    before, after : dict or None
        All cells before and after; None where the row was not there.
    position : str
        Its place in its table (after the change; before it for a deletion).
    version : int
        The version of the row after the change.
    undoes : int or None
        The revision that this one takes back.
    """

    __tablename__ = "revisions"
    __table_args__ = (
        CheckConstraint("action IN ('insert', 'update', 'delete')", name="action"),
        Index(None, "row_id", "id"),
        Index(None, "study_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"), index=True)
    row_id: Mapped[int]
    table_name: Mapped[str]
    study_id: Mapped[KeyText]
    action: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    position: Mapped[str] = mapped_column(Rank)
    version: Mapped[int]
    undoes: Mapped[int | None] = mapped_column(ForeignKey("revisions.id"))

    batch: Mapped[Batch] = relationship()
