"""The tables: made from nothing, brought up to date, and history that can't be rewritten."""

import sqlite3
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from reprieve.errors import InputError
from reprieve.living.store import StoreError, open_store
from reprieve.living.store.clock import now
from reprieve.living.store.engine import connected
from reprieve.living.store.migrating import SCHEMA, VERSION_TABLE, alembic_config
from reprieve.living.store.models import (
    APPEND_ONLY,
    Alert,
    Base,
    Batch,
    Decision,
    RecordState,
    Revision,
    StoredConclusion,
    Version,
    WorkItem,
)
from reprieve.living.store.models.records import FetchedRecord


def test_migrations_lead_to_the_models(store):
    with connected(store.engine, writes=False) as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_the_newest_migration_is_the_one_that_is_asked_for(store):
    with connected(store.engine, writes=False) as connection:
        script = ScriptDirectory.from_config(alembic_config(connection))
    assert script.get_heads() == [SCHEMA]


def test_a_newer_store_is_refused(store, store_url):
    with store.writing() as session:
        session.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"written by a newer Reprieve .*9999.*upgrade Reprieve"):
        open_store(store_url)


def test_a_database_of_something_else_is_left_alone(store, store_url):
    with store.writing() as session:
        session.execute(text(f"DROP TABLE {VERSION_TABLE}"))
    with pytest.raises(StoreError, match="is no store of Reprieve, but has tables named alerts"):
        open_store(store_url)


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no database at all, but long enough to look at" * 100, "utf-8")
    with pytest.raises(StoreError, match="is no SQLite database"):
        open_store(path)


def test_a_store_is_only_made_when_it_may(tmp_path):
    with pytest.raises(StoreError, match=r"no store in .*make one with `reprieve store init`"):
        open_store(tmp_path / "no.db", create=False)
    assert not (tmp_path / "no.db").exists()
    sqlite3.connect(tmp_path / "empty.db").execute("CREATE TABLE other (x)").connection.close()
    with pytest.raises(StoreError, match="no store in"):
        open_store(tmp_path / "empty.db", create=False)


def test_a_database_that_is_not_there(tmp_path):
    with pytest.raises(StoreError, match="can't be used: unable to open"):
        open_store(tmp_path / "no" / "folder" / "x.db")
    with pytest.raises(StoreError) as caught:
        open_store(f"postgresql://someone:secret@/x?host={tmp_path}&connect_timeout=2")
    assert "can't be used" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("where", ["mysql://db/x", "://"])
def test_odd_addresses(where):
    with pytest.raises(InputError):
        open_store(where)


def test_many_may_open_a_new_store_at_once(tmp_path):
    failed = []

    def opening():
        try:
            open_store(tmp_path / "new.db").close()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=opening) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


@pytest.fixture
def every_kind(filled):
    """A store with a row in each append-only table."""
    with filled.writing() as session:
        moment = now()
        record = FetchedRecord(
            source="pubmed", source_id="1", kind="paper", content_hash="x",
            first_seen=moment, last_seen=moment, changed=moment,
        )  # fmt: skip
        item = WorkItem(kind="screening", subject="pubmed:1", created=moment, changed=moment)
        session.add_all(
            [
                RecordState(record=record, seen=moment, content_hash="x", body=b""),
                Decision(item=item, user_id=2, at=moment, decision="include"),
                Version(number=1, at=moment, data={}),
                StoredConclusion(at=moment, question="q", inputs_hash="x", data={}),
                Alert(key="k", at=moment, kind="retracted", data={}),
            ]
        )
    return filled


@pytest.mark.parametrize(
    "model", [Batch, Revision, RecordState, Decision, Version, StoredConclusion, Alert]
)
def test_history_can_not_be_rewritten(every_kind, model):
    assert model.__tablename__ in APPEND_ONLY
    (column, *_) = (c for c in model.__table__.columns if not c.primary_key)
    for statement in (
        update(model).values({column.name: select(column).limit(1).scalar_subquery()}),
        delete(model),
    ):
        with pytest.raises(DBAPIError, match="is append-only"), every_kind.writing() as session:
            session.execute(statement)
    if every_kind.engine.dialect.name == "postgresql":
        with pytest.raises(DBAPIError, match="is append-only"), every_kind.writing() as session:
            session.execute(text(f"TRUNCATE {model.__tablename__} CASCADE"))


def test_all_append_only_tables_are_tried(every_kind):
    with every_kind.reading() as session:
        for table in APPEND_ONLY:
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) > 0


def test_rows_that_point_nowhere_are_refused(store):
    with pytest.raises(DBAPIError), store.writing() as session:
        session.add(Decision(item_id=4711, user_id=1, at=now(), decision="include"))


def test_sqlite_is_set_up_for_many(tmp_path):
    with open_store(tmp_path / "x.db") as store, store.reading() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
        assert session.scalar(text("PRAGMA busy_timeout")) == 30_000
