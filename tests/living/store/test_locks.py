"""One job at a time."""

import datetime
import socket
import subprocess
import sys

import pytest

from reprieve.living.store import StoreError
from reprieve.living.store.clock import now
from reprieve.living.store.models import Lock


def left_behind(store, **known):
    """A lock whose holder says nothing any more."""
    with store.writing() as session:
        lock = {"name": "update", "holder": "x", "host": socket.gethostname(), "process": 1,
                "since": now(), "alive": now()}  # fmt: skip
        session.add(Lock(**lock | known))


def test_only_one_holds_a_lock(store):
    with (
        store.lock("update"),
        pytest.raises(StoreError, match="update is running already: process"),
        store.lock("update"),
    ):
        pass
    with store.lock("update"), store.lock("another"):
        pass


def test_a_lock_ends_with_an_error_too(store):
    with pytest.raises(ZeroDivisionError), store.lock("update"):
        _ = 1 / 0
    with store.lock("update"):
        pass


def test_the_lock_of_a_dead_process_is_taken_over(store):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left_behind(store, process=ended.pid)
    with store.lock("update"):
        pass


def test_another_machine_is_given_five_minutes(store):
    left_behind(store, host="elsewhere")
    with pytest.raises(StoreError, match="on elsewhere"), store.lock("update"):
        pass
    with store.writing() as session:
        session.get(Lock, "update").alive = now() - datetime.timedelta(minutes=6)
    with store.lock("update"):
        pass


def test_a_process_number_that_was_given_away(store):
    # Process 1 runs, but it is not the one that held the lock.
    left_behind(store, alive=now() - datetime.timedelta(hours=1))
    with store.lock("update"):
        pass


def test_the_holder_gives_signs_of_life(store, monkeypatch):
    monkeypatch.setattr("reprieve.living.store.locks._HEARTBEAT", 0.01)
    with store.lock("update"):
        with store.reading() as session:
            first = session.get(Lock, "update").alive
        for _ in range(1000):
            with store.reading() as session:
                if session.get(Lock, "update").alive > first:
                    return
    pytest.fail("no sign of life")
