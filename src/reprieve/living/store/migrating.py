"""Bringing a database to the tables of today, and refusing one of tomorrow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from reprieve.living.store.engine import connected, shown_url
from reprieve.living.store.errors import StoreError
from reprieve.living.store.models import Base

if TYPE_CHECKING:
    from alembic.config import Config

SCHEMA = "0001"
"""The newest migration; what a database must be at to be used."""
VERSION_TABLE = "reprieve_schema"
_MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 0x5265_7073


def migrate(engine: Engine, *, create: bool) -> None:
    """Make the tables, or bring them up to date: all steps, or none.

    Parameters
    ----------
    engine : Engine
    create : bool
        Whether an empty database may be filled; otherwise it is an error.

    Raises
    ------
    StoreError
        If the database belongs to a newer Reprieve or to something else, or is empty and may not
        be filled.
    """
    with connected(engine, writes=False) as connection:
        if _schema_of(connection) == SCHEMA:
            return
    with connected(engine, writes=True) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        present = _schema_of(connection)
        _refuse_foreign(connection, present, create=create)
        if present != SCHEMA:
            from alembic import command

            command.upgrade(alembic_config(connection), SCHEMA)


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings, for migrations over an open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _schema_of(connection: Connection) -> str | None:
    """The migration that the database is at; None where there are no tables of ours."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()


def _refuse_foreign(connection: Connection, present: str | None, *, create: bool) -> None:
    where = shown_url(connection.engine.url)
    if present is None:
        taken = sorted(set(inspect(connection).get_table_names()) & set(Base.metadata.tables))
        if taken:
            raise StoreError(
                f"{where} is no store of Reprieve, but has tables named {', '.join(taken)}; "
                "use another database"
            )
        if not create:
            raise StoreError(f"there is no store in {where}; make one with `reprieve store init`")
    elif present > SCHEMA:
        raise StoreError(
            f"the store {where} was written by a newer Reprieve (its tables are at {present}, this "
            f"one knows them up to {SCHEMA}); upgrade Reprieve"
        )
