"""Staying current: runs, versions of the review, conclusions, alerts and their delivery."""

from __future__ import annotations

import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from reprieve.living.store.models.base import Base


class Run(Base):
    """One run of a long job, such as ``"update"``; how far it came.

    Attributes
    ----------
    step : str
        The step it is at, or was at when it was broken off.
    finished : datetime or None
    data : dict
        What the job needs to go on where it was.
    """

    __tablename__ = "runs"
    __table_args__ = (Index(None, "kind", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    started: Mapped[datetime.datetime]
    finished: Mapped[datetime.datetime | None]
    step: Mapped[str] = mapped_column(default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Lock(Base):
    """One job at a time: who holds the lock and since when; see `reprieve.living.store.locks`."""

    __tablename__ = "locks"

    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    host: Mapped[str]
    process: Mapped[int]
    since: Mapped[datetime.datetime]
    alive: Mapped[datetime.datetime]


class Version(Base):
    """One version of the living review: the log that PRISMA-LSR asks for; append-only.

    Attributes
    ----------
    number : int
        1, 2, 3 …
    batch_id : int or None
        The last batch of changes of the evidence that this version stands on.
    data : dict
        What was searched when, what was found, what changed.
    """

    __tablename__ = "versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    at: Mapped[datetime.datetime]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"), index=True)
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batches.id"))
    data: Mapped[dict[str, Any]]


class StoredConclusion(Base):
    """What the evidence said on one question in one version; append-only.

    Attributes
    ----------
    question : str
        The key of the question.
    inputs_hash : str
        SHA-256 of the rows that it stands on; equal hashes need no new computation.
    data : dict
    """

    __tablename__ = "conclusions"
    __table_args__ = (Index(None, "question", "id"), Index(None, "question", "inputs_hash"))

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int | None] = mapped_column(ForeignKey("versions.id"), index=True)
    at: Mapped[datetime.datetime]
    question: Mapped[str]
    inputs_hash: Mapped[str]
    data: Mapped[dict[str, Any]]


class Alert(Base):
    """A conclusion changed; append-only.

    Attributes
    ----------
    key : str
        Unique, so that a run that is repeated does not alert twice.
    kind : str
    data : dict
        Before, after, and the readable difference.
    """

    __tablename__ = "alerts"
    __table_args__ = (Index(None, "question", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    version_id: Mapped[int | None] = mapped_column(ForeignKey("versions.id"), index=True)
    at: Mapped[datetime.datetime]
    kind: Mapped[str]
    question: Mapped[str] = mapped_column(default="")
    words: Mapped[str] = mapped_column(default="")
    data: Mapped[dict[str, Any]]

    deliveries: Mapped[list[Delivery]] = relationship(back_populates="alert")


class Delivery(Base):
    """How far one alert came on one way out.

    Attributes
    ----------
    channel : str
        ``"mail:…"``, ``"webhook:…"``, ``"atom:…"``.
    state : {"waiting", "delivered", "failed"}
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("alert_id", "channel"),
        CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name="state"),
        Index(None, "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id"))
    channel: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    tried: Mapped[datetime.datetime | None]
    delivered: Mapped[datetime.datetime | None]
    detail: Mapped[str] = mapped_column(default="")

    alert: Mapped[Alert] = relationship(back_populates="deliveries")
