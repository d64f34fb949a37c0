"""Whole runs against the sources on loopback: resumed, repeated, killed, two at once."""

import json
import os
import signal
import subprocess
import sys

import pytest
from databases import AddEvidence
from sqlalchemy import func, select

from reprieve.errors import InputError
from reprieve.living.sources import source
from reprieve.living.store import StoreError, open_store
from reprieve.living.store.models import (
    FetchedRecord,
    Lock,
    RecordState,
    Run,
    Search,
    Thread,
    Version,
    WorkItem,
)
from reprieve.updates.kept import versions
from reprieve.updates.run import look, update

EVERY = ("clinicaltrials.gov", "pubmed", "europepmc", "isrctn", "ctis")
QUERIES = dict.fromkeys(EVERY, "stem cells") | {"ctis": '{"containAny": "stem cells"}'}


@pytest.fixture(scope="module")
def small(make_shared_evidence):
    return make_shared_evidence(
        studies=[{"study_id": "a", "label": "Trial a", "n_randomised": 40}],
        outcomes=[
            {"study_id": "a", "arm_id": arm, "mean": mean, "sd": 10}
            for arm, mean in (("cells", 30), ("saline", 45))
        ],
    )


@pytest.fixture
def sources(client):
    return [source(name, client) for name in EVERY]


def count(store, table):
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def searches(store):
    with store.reading() as session:
        return session.scalars(select(Search).order_by(Search.id)).all()


def run(store, sources, **more):
    return update(store, sources, {each.name: QUERIES[each.name] for each in sources}, **more)


def test_everything_is_fetched_recognised_threaded_and_queued(filled, sources):
    found = run(filled, sources)
    assert found.problems == ()
    assert {each.source: each.found for each in found.fetched if not each.found} == {}
    records = count(filled, FetchedRecord)
    assert records == sum(each.new for each in found.fetched) == found.recognised
    assert count(filled, Thread) > 0
    assert count(filled, WorkItem) >= found.queued > 0
    flow = found.version.flow
    assert sum(flow.identified.values()) == records
    assert flow.to_screen == flow.waiting == found.queued
    assert [each.source for each in found.version.searches] == list(EVERY)
    assert all(each.query and each.finished for each in found.version.searches)


def test_a_second_run_finds_nothing_and_writes_no_version(filled, sources):
    run(filled, sources)
    before = {table: count(filled, table) for table in (FetchedRecord, RecordState, WorkItem)}
    found = run(filled, sources)
    assert found.version is None
    assert sum(each.new + each.changed for each in found.fetched) == 0
    assert (found.recognised, found.queued, found.results) == (0, 0, ())
    assert {table: count(filled, table) for table in before} == before
    assert all(search.since for search in searches(filled)[len(EVERY) :])


def test_a_changed_record_is_kept_as_a_new_state(filled, sources, loopback):
    run(filled, sources)
    study = loopback.studies[0]
    study["protocolSection"]["statusModule"]["overallStatus"] = "WITHDRAWN"
    study["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"] = {"date": "2030-01-01"}
    states = count(filled, RecordState)
    found = run(filled, sources)
    assert sum(each.changed for each in found.fetched) == 1
    assert count(filled, RecordState) == states + 1
    assert found.recognised == 1


def test_a_source_that_fails_does_not_keep_the_others(filled, sources, loopback, faults):
    loopback.misbehave("/ctgov", None, *[faults.status(500)] * 50)
    found = run(filled, sources)
    assert found.problems
    assert [each.source for each in found.fetched if each.error] == ["clinicaltrials.gov"]
    assert "500" in found.problems[0]
    kept = found.fetched[0].found
    assert kept == loopback.page_size  # the page before is kept
    loopback._faults.clear()
    again = run(filled, sources)
    assert again.problems == ()
    first = [search for search in searches(filled) if search.source == "clinicaltrials.gov"]
    assert len(first) == 1  # taken up where it was broken off, not begun again
    assert first[0].found == len(loopback.studies)
    asked = loopback.asked("/ctgov/v2/studies")
    assert sum("pageToken" not in request.params for request in asked) == 1


def test_tokens_that_expired_meanwhile(filled, sources, loopback, faults):
    loopback.misbehave("/ctgov", None, *[faults.status(500)] * 50)
    run(filled, sources)
    loopback._faults.clear()
    loopback.expire_tokens()
    assert run(filled, sources).problems == ()
    assert count(filled, FetchedRecord) > 0
    with filled.reading() as session:
        numbers = session.scalars(
            select(FetchedRecord.source_id).where(FetchedRecord.source == "clinicaltrials.gov")
        ).all()
    assert len(numbers) == len(set(numbers)) == len(loopback.studies)


def test_a_cursor_that_nobody_understands(filled, sources, loopback, faults):
    loopback.misbehave("/ctgov", None, *[faults.status(500)] * 50)
    run(filled, sources)
    loopback._faults.clear()
    with filled.writing() as session:
        search = session.scalar(select(Search).where(Search.finished.is_(None)))
        search.cursor = "from an older version"
    assert run(filled, sources).problems == ()


def test_records_that_can_not_be_read_are_told(filled, sources, loopback):
    loopback.studies.insert(0, {"protocolSection": {"identificationModule": {}}})
    found = run(filled, sources[:1])
    assert len(found.fetched[0].left_out) == 1
    with filled.reading() as session:
        assert session.scalar(select(Run)).data["unread"]


def test_a_dry_run_writes_nothing(filled, sources):
    found = look(filled, sources, {each.name: QUERIES[each.name] for each in sources})
    assert sum(each.new for each in found.fetched) > 0
    for table in (FetchedRecord, Search, Run, Version, WorkItem):
        assert count(filled, table) == 0
    run(filled, sources)
    again = look(filled, sources, {each.name: QUERIES[each.name] for each in sources})
    assert sum(each.new + each.changed for each in again.fetched) == 0


def test_one_run_at_a_time(filled):
    with filled.lock("update"), pytest.raises(StoreError, match="running already"):
        update(filled)
    assert update(filled).version is not None


def test_a_query_for_a_source_that_is_not_searched(filled, sources):
    with pytest.raises(InputError, match="pubmed"):
        update(filled, sources[:1], {"pubmed": "cells"})


KILLED = """
import os, signal, sys
from sqlalchemy import Engine, event
from reprieve.living.sources import source
from reprieve.living.sources.client import PoliteClient
from reprieve.living.store import open_store
from reprieve.updates.run import update
import json
where, at, queries = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
done = 0

def kill(*_):
    global done
    done += 1
    if done == at:
        os.kill(os.getpid(), signal.SIGKILL)

with open_store(where) as store, PoliteClient() as client:
    event.listen(Engine, "before_cursor_execute", kill)
    event.listen(Engine, "commit", kill)
    update(store, [source(name, client) for name in queries], queries)
"""


def killed(store_url, at, loopback, folder):
    """Run an update in its own process, killed at its `at`-th dealing with the store."""
    environment = os.environ | loopback.environment | {"REPRIEVE_CACHE_DIR": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", KILLED, store_url, str(at), json.dumps(QUERIES)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def content(store):
    """What a completed update leaves, whatever way it came there."""
    with store.reading() as session:
        records = sorted(
            tuple(row)
            for row in session.execute(
                select(FetchedRecord.source, FetchedRecord.source_id, FetchedRecord.content_hash)
            )
        )
        threads = sorted(session.scalars(select(Thread.key)))
        items = sorted(session.scalars(select(WorkItem.subject)))
        numbers = sorted(session.scalars(select(Version.number)))
        conclusions = session.scalar(select(func.count()).select_from(Version))
    return records, threads, items, numbers, conclusions


@pytest.mark.parametrize(
    ("store_url", "points"),
    [
        ("sqlite", (3, 24, 80, 200)),
        ("postgresql", (11, 45, 140, 90)),
        *(
            pytest.param(name, (3, 11, 24, 45, 80, 140, 200, 90, 60, 300), marks=pytest.mark.slow)
            for name in ("sqlite", "postgresql")
        ),
    ],
    indirect=["store_url"],
)
def test_killed_anywhere_nothing_is_lost_and_the_next_run_completes(
    filled, sources, store_url, points, loopback, copy_of_file, add_accounts, small, tmp_path
):
    """SIGKILL at several points of one update; each time the next run goes on."""
    kills = 0
    for at in points:
        ended = killed(store_url, at, loopback, tmp_path / "cache")
        if ended.returncode == 0:
            break
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        kills += 1
        with filled.reading() as session:
            # Never half a version: its conclusions are there with it.
            for kept in session.scalars(select(Version)):
                assert kept.data["log"]["number"] == kept.number
    assert kills >= min(5, len(points))
    run(filled, sources)
    found = content(filled)
    assert len(versions(filled)) == 1
    with filled.reading() as session:
        assert session.scalar(select(Lock)) is None
        assert all(run.finished for run in session.scalars(select(Run)))
    other = copy_of_file(tmp_path / "whole.db", add_accounts, AddEvidence(small))
    with open_store(other) as whole:
        run(whole, sources)
        assert content(whole) == found
