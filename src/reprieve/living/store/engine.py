"""Connections: what is switched on in each database, and transactions that read or write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from reprieve.errors import InputError
from reprieve.living.store.errors import StoreError
from reprieve.living.store.models.base import to_json

BUSY_SECONDS = 30
"""How long a writer waits for the one before it."""
_WRITES = "reprieve_writes"
_EVIDENCE_LOCK = 0x5265_7072
"""The number of PostgreSQL's advisory lock for writers of evidence."""


def store_url(where: str | Path) -> URL:
    """The address of a store: a file name becomes SQLite, ``postgresql://`` gets its driver.

    Raises
    ------
    InputError
        If it is neither a path nor an address of SQLite or PostgreSQL.

    Examples
    --------
    >>> str(store_url("team.db"))
    'sqlite:///team.db'
    >>> store_url("postgresql://db/evidence").drivername
    'postgresql+psycopg'
    """
    given = str(where)
    if "://" not in given:
        return URL.create("sqlite", database=given)
    try:
        url = make_url(given)
    except ArgumentError:
        raise InputError(
            "the address of the store can't be read; expected a file name, sqlite:///FILE or "
            "postgresql://USER@HOST/DATABASE"
        ) from None
    kind = url.drivername.partition("+")[0]
    if kind in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if kind != "sqlite":
        raise InputError(f"{kind!r} is no database that Reprieve knows; use SQLite or PostgreSQL")
    return url.set(drivername="sqlite")


def shown_url(url: URL) -> str:
    """The address without its password, for messages."""
    if url.drivername == "sqlite":
        return url.database or ":memory:"
    return url.set(drivername="postgresql").render_as_string(hide_password=True)


def make_engine(url: URL) -> Engine:
    """An engine whose connections are set up for many users; nothing is opened yet.

    SQLite: write-ahead log, foreign keys, waiting instead of failing when busy, and writers that
    queue from their first statement on (``BEGIN IMMEDIATE``), so that none finds at its end that
    another was faster. PostgreSQL: readers see one state of the whole database.
    """
    try:
        engine = create_engine(url, json_serializer=to_json)
    except ModuleNotFoundError as error:
        raise StoreError(
            f"PostgreSQL needs the package {error.name}, which is not installed; "
            "install reprieve[postgres]"
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_sqlite` says so
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def connected(engine: Engine, *, writes: bool) -> Iterator[Connection]:
    """A connection in one transaction: committed at the end, rolled back on any error.

    Raises
    ------
    StoreError
        If the database can't be reached, or stays busy for too long.
    """
    options: dict[str, object] = {_WRITES: writes}
    if not writes and engine.dialect.name == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
    try:
        with engine.connect() as plain:
            connection = plain.execution_options(**options)
            with connection.begin():
                yield connection
    except OperationalError as error:
        raise _unavailable(engine, str(error.orig)) from error
    except PoolTimeoutError as error:
        raise _unavailable(engine, "all connections are in use") from error
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.DatabaseError) and "not a database" in str(error.orig):
            raise StoreError(
                f"{shown_url(engine.url)} is no SQLite database; name another file"
            ) from error
        raise


@contextmanager
def session_of(engine: Engine, *, writes: bool) -> Iterator[Session]:
    """A session over `connected`; what was loaded stays readable after its end."""
    with (
        connected(engine, writes=writes) as connection,
        # The transaction around it commits; the session only ever flushes into it.
        Session(connection, expire_on_commit=False) as session,
    ):
        yield session
        session.flush()


def queue_for_evidence(session: Session) -> None:
    """Wait until no other transaction writes evidence; until its end, none will begin to.

    Batches thereby follow one another, which is what makes "the state of 1 March" one state,
    and lets the gates judge a trial that nobody else is changing. SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _EVIDENCE_LOCK})


def _unavailable(engine: Engine, reason: str) -> StoreError:
    reason = reason.strip().partition("\n")[0]
    if "locked" in reason:
        reason = f"another writer did not finish within {BUSY_SECONDS} seconds"
    return StoreError(
        f"the store {shown_url(engine.url)} can't be used: {reason}; "
        "check the address and that the database is running, then try again"
    )
