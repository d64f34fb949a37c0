"""Who may use the store: users and their tokens."""

from __future__ import annotations

import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from reprieve.living.store.models.base import Base

ROLES = ("reader", "reviewer", "editor", "admin")
"""From the least to the most that a user may do; each may do what those before it may."""
PROGRAM = "reprieve"
"""The name of the user that the program itself works as."""


class User(Base):
    """A person, or the program itself; never deleted, so that every change keeps its author.

    Attributes
    ----------
    name : str
        Unique; what `who=` takes.
    kind : {"person", "program"}
        A program may propose, never verify.
    role : str
        One of `ROLES`.
    password_hash : str or None
        Argon2id, in its own text form; None where only tokens open the account.
    active : bool
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("kind IN ('person', 'program')", name="kind"),
        CheckConstraint("role IN ('reader', 'reviewer', 'editor', 'admin')", name="role"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    full_name: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    kind: Mapped[str] = mapped_column(default="person")
    role: Mapped[str]
    password_hash: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    created: Mapped[datetime.datetime]


class Token(Base):
    """A secret that opens an account without its password; only its SHA-256 is kept.

    Attributes
    ----------
    role : str
        The most that the token may do; never more than its user may.
    expires, revoked, last_used : datetime or None
    """

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    sha256: Mapped[str] = mapped_column(unique=True)
    label: Mapped[str] = mapped_column(default="")
    role: Mapped[str]
    created: Mapped[datetime.datetime]
    expires: Mapped[datetime.datetime | None]
    revoked: Mapped[datetime.datetime | None]
    last_used: Mapped[datetime.datetime | None]

    user: Mapped[User] = relationship()
