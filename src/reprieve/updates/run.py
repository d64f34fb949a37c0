"""`update`: everything that keeps a living review current, in one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version as installed
from typing import Any

from sqlalchemy import select

from reprieve.errors import InputError
from reprieve.living.sources import Source
from reprieve.living.store import Store
from reprieve.living.store.clock import now
from reprieve.living.store.models import PROGRAM, Run
from reprieve.living.store.permissions import Who, acting
from reprieve.updates.alerts import Alert
from reprieve.updates.deliveries.settings import Outlets
from reprieve.updates.kept import refuse_retired
from reprieve.updates.steps.concluding import Concluded, conclude_version
from reprieve.updates.steps.delivering import Delivered, deliver
from reprieve.updates.steps.fetching import FetchedFrom, fetch, preview
from reprieve.updates.steps.queueing import queue
from reprieve.updates.steps.recognising import recognise_all
from reprieve.updates.steps.results import ResultsRead, read_all_results
from reprieve.updates.steps.threading import thread_all, threads_in
from reprieve.updates.steps.watching import Watcher, nobody
from reprieve.updates.versions import ReviewVersion

JOB = "update"
"""The name of the lock, and the kind of the run."""


@dataclass(frozen=True)
class Updated:
    """What one run did.

    Attributes
    ----------
    fetched : tuple of FetchedFrom
        By source.
    recognised, queued : int
        Records classified, and records put before reviewers.
    results : tuple of ResultsRead
        Posted results that were read.
    recomputed, kept : int
        Questions asked again, and those whose rows had not changed.
    version : ReviewVersion or None
        The new version; None where there is no news.
    alerts : tuple of Alert
    delivered : Delivered
    """

    fetched: tuple[FetchedFrom, ...]
    recognised: int
    queued: int
    results: tuple[ResultsRead, ...]
    recomputed: int
    kept: int
    version: ReviewVersion | None
    alerts: tuple[Alert, ...]
    delivered: Delivered

    @property
    def problems(self) -> tuple[str, ...]:
        """What did not work and is tried again at the next run."""
        failed = (f"{each.source}: {each.error}" for each in self.fetched if each.error)
        return (*failed, *self.delivered.problems)

    def to_dict(self) -> dict[str, Any]:
        """The run as JSON can hold it."""
        return {
            "fetched": [asdict(each) for each in self.fetched],
            "recognised": self.recognised,
            "queued": self.queued,
            "results": [asdict(each) for each in self.results],
            "recomputed": self.recomputed,
            "kept": self.kept,
            "version": self.version.to_dict() if self.version else None,
            "alerts": [alert.to_dict() for alert in self.alerts],
            "delivered": asdict(self.delivered),
            "problems": list(self.problems),
        }


def update(
    store: Store,
    sources: Sequence[Source] = (),
    queries: Mapping[str, str] | None = None,
    *,
    outlets: Outlets | None = None,
    who: Who = PROGRAM,
    schedule: str = "",
    retire: str = "",
    watch: Watcher = nobody,
) -> Updated:
    """Fetch, recognise, thread, queue, read results, compute again, log a version, tell.

    One run at a time: a second one is refused while the first lives, and takes over where it has
    died. Each step does what is left to do, so that a run which is repeated finds nothing, and one
    that was killed is completed by the next.

    Parameters
    ----------
    store : Store
        With evidence in it.
    sources : sequence of Source
        Where to search; none to only compute what has changed in the store.
    queries : mapping of str to str, optional
        The strings to search with, by source; by default those of
        `reprieve.living.sources.queries`.
    outlets : Outlets, optional
        Where alerts go; nowhere by default (they are kept in the store all the same).
    who : str or Actor
        The account that runs it; by default the program's own.
    schedule : str
        How often it is run, in the team's words, for the log.
    retire : str
        Write the last version, with this reason; afterwards there is no update any more.
    watch : Watcher
        Told of progress.

    Returns
    -------
    Updated

    Raises
    ------
    StoreError
        Another run is at work.
    InputError
        The store holds no evidence, or the review is retired.
    """
    outlets = outlets or Outlets()
    with store.lock(JOB):
        run = _begin(store, who)
        fetched = fetch(store, run, sources, _queries(sources, queries), watch)
        _at(store, run, "recognise")
        recognised = recognise_all(store, watch)
        _at(store, run, "thread")
        threads = thread_all(store, store.evidence(), watch)
        _at(store, run, "queue")
        queued = queue(store, watch)
        _at(store, run, "results")
        results = read_all_results(store, watch)
        _at(store, run, "conclude")
        concluded: Concluded = conclude_version(
            store,
            run,
            threads,
            software=installed("reprieve"),
            schedule=schedule,
            retire=retire,
            channels=[channel.name for channel in outlets.channels],
            watch=watch,
        )
        _at(store, run, "deliver")
        delivered = deliver(store, outlets, watch)
        _at(store, run, "", finished=True)
    return Updated(
        fetched=tuple(fetched),
        recognised=recognised,
        queued=queued,
        results=tuple(results),
        recomputed=concluded.recomputed,
        kept=concluded.kept,
        version=concluded.version,
        alerts=concluded.alerts,
        delivered=delivered,
    )


def look(
    store: Store,
    sources: Sequence[Source] = (),
    queries: Mapping[str, str] | None = None,
    *,
    watch: Watcher = nobody,
) -> Updated:
    """What `update` would find, with nothing written and nobody told.

    Records that would be fetched are counted and not recognised; what has changed in the store is
    computed again.
    """
    with store.reading() as session:
        refuse_retired(session)
    fetched = preview(store, sources, _queries(sources, queries), watch)
    concluded = conclude_version(
        store, None, threads_in(store), software=installed("reprieve"), watch=watch, write=False
    )
    return Updated(
        fetched=tuple(fetched),
        recognised=0,
        queued=0,
        results=(),
        recomputed=concluded.recomputed,
        kept=concluded.kept,
        version=concluded.version,
        alerts=concluded.alerts,
        delivered=Delivered(0, (), 0),
    )


def _queries(sources: Sequence[Source], given: Mapping[str, str] | None) -> dict[str, str]:
    from reprieve.living.sources.queries import default_query

    given = given or {}
    if unknown := [name for name in given if name not in {source.name for source in sources}]:
        raise InputError(f"there is a query for {', '.join(unknown)}, which is not searched")
    return {each.name: given.get(each.name) or default_query(each.name) for each in sources}


def _begin(store: Store, who: Who) -> int:
    """The run that was broken off, or a new one."""
    with store.writing() as session:
        user = acting(session, who, "update")
        refuse_retired(session)
        run = session.scalar(
            select(Run)
            .where(Run.kind == JOB, Run.finished.is_(None))
            .order_by(Run.id.desc())
            .limit(1)
        )
        if run is None:
            run = Run(kind=JOB, user_id=user.id, started=now(), step="fetch", data={})
            session.add(run)
            session.flush()
        return run.id


def _at(store: Store, number: int, step: str, *, finished: bool = False) -> None:
    with store.writing() as session:
        run = session.get_one(Run, number)
        run.step = step
        if finished:
            run.finished = now()
