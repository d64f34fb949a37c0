"""One job at a time, across processes and machines that share a store.

The lock is a row. Whoever holds it says every few seconds that they are alive; the lock of a
process that died is taken over: at once on the same machine, after `SILENCE` elsewhere.
"""

from __future__ import annotations

import datetime
import os
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Engine, select
from sqlalchemy.dialects import postgresql, sqlite

from reprieve.living.store.clock import now
from reprieve.living.store.engine import session_of
from reprieve.living.store.errors import StoreError
from reprieve.living.store.models import Lock

SILENCE = datetime.timedelta(minutes=5)
"""After so long without a sign of life a holder on another machine counts as dead."""
_HEARTBEAT = 20.0
_held: set[str] = set()
"""The holders of this process."""


@contextmanager
def locked(engine: Engine, name: str) -> Iterator[None]:
    """Hold a lock while the block runs.

    Raises
    ------
    StoreError
        If someone else holds it.
    """
    holder = uuid.uuid4().hex
    _take(engine, name, holder)
    _held.add(holder)
    ended = threading.Event()
    heart = threading.Thread(target=_beat, args=(engine, name, holder, ended), daemon=True)
    heart.start()
    try:
        yield
    finally:
        ended.set()
        heart.join()
        _held.discard(holder)
        with session_of(engine, writes=True) as session:
            lock = session.get(Lock, name)
            if lock is not None and lock.holder == holder:
                session.delete(lock)


def _take(engine: Engine, name: str, holder: str) -> None:
    here, process = socket.gethostname(), os.getpid()
    moment = now()
    mine = {"holder": holder, "host": here, "process": process, "since": moment, "alive": moment}
    with session_of(engine, writes=True) as session:
        # Insert or do nothing, then look at the row under its lock: the same in both databases.
        insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
        session.execute(insert(Lock).values(name=name, **mine).on_conflict_do_nothing())
        lock = session.scalars(select(Lock).where(Lock.name == name).with_for_update()).one()
        if lock.holder == holder:
            return
        if _lives(lock, here):
            raise StoreError(
                f"{name} is running already: process {lock.process} on {lock.host}, since "
                f"{lock.since:%Y-%m-%d %H:%M} UTC; wait until it has finished"
            )
        for column, value in mine.items():
            setattr(lock, column, value)


def _lives(lock: Lock, here: str) -> bool:
    """Whether the holder is at work still."""
    if lock.holder in _held:
        return True
    if lock.host == here and not _process_runs(lock.process):
        return False
    # A number may have been given to another process by now; that one sends no signs of life.
    return now() - lock.alive < SILENCE


def _process_runs(process: int) -> bool:
    if process == os.getpid():
        return False  # of this process, all that live are in `_held`
    if os.name == "nt":
        return True  # there, asking would end it; its signs of life decide
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it runs, as another user
        return True
    return True


def _beat(engine: Engine, name: str, holder: str, ended: threading.Event) -> None:
    while not ended.wait(_HEARTBEAT):
        # A beat that fails is made up for by the next one.
        with suppress(StoreError), session_of(engine, writes=True) as session:
            lock = session.get(Lock, name)
            if lock is not None and lock.holder == holder:
                lock.alive = now()
