"""Fetching: every source is asked for what is new or changed since it was last asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from reprieve.errors import InputError
from reprieve.living.account import LeftOut
from reprieve.living.sources import Page, Source, SourceError
from reprieve.living.store import Store
from reprieve.living.store.clock import now
from reprieve.living.store.models import Run, Search
from reprieve.living.store.records import keep_records, mark_vanished
from reprieve.updates.steps.watching import Watcher

OVERLAP = timedelta(days=2)
"""How far a search reaches back beyond the last one: sources post by their own days and zones."""


@dataclass(frozen=True, slots=True)
class FetchedFrom:
    """What one source gave in this run.

    Attributes
    ----------
    source : str
    found, new, changed, vanished : int
        Records.
    left_out : tuple of LeftOut
        Records that could not be read.
    notes : tuple of str
        What the source remarks on the query.
    error : str
        Why the search was broken off; empty where it came to its end.
    """

    source: str
    found: int = 0
    new: int = 0
    changed: int = 0
    vanished: int = 0
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""


def fetch(
    store: Store, run: int, sources: Sequence[Source], queries: Mapping[str, str], watch: Watcher
) -> list[FetchedFrom]:
    """Ask every source; one that fails does not keep the others from being asked.

    Each page is kept together with the place where the next one begins. A search that was broken
    off, in this run or an earlier one, is taken up there.

    Parameters
    ----------
    store : Store
    run : int
        The id of the run.
    sources : sequence of Source
    queries : mapping of str to str
        By source.
    watch : Watcher
    """
    return [_fetch(store, run, source, queries[source.name], watch) for source in sources]


def _fetch(store: Store, run: int, source: Source, query: str, watch: Watcher) -> FetchedFrom:
    with store.writing() as session:
        search = _search_to_make(session, run, source.name, query)
        if search is None:
            return FetchedFrom(source.name)
        number, since, cursor = search.id, search.since, search.cursor
    try:
        try:
            found = _pages(store, number, source, query, since, cursor, watch)
        except InputError:
            if cursor is None:
                raise
            # The place that was kept means nothing to the source any more: from the beginning.
            found = _pages(store, number, source, query, since, None, watch)
    except SourceError as error:
        with store.writing() as session:
            search = session.get_one(Search, number)
            search.error = str(error)
            return replace(_so_far(search), error=str(error))
    return found


def _search_to_make(session: Session, run: int, source: str, query: str) -> Search | None:
    """The search that waits to be finished, or a new one; None where this run made it already."""
    last = _last(session, source, query)
    if last is not None and last.finished is None:
        last.error, last.run_id = "", run
        return last
    if last is not None and last.run_id == run:
        return None
    search = Search(run_id=run, source=source, query=query, since=_since(last), started=now())
    session.add(search)
    session.flush()
    return search


def _last(session: Session, source: str, query: str) -> Search | None:
    """The last search of a source with this query; another query begins from the beginning."""
    return session.scalar(
        select(Search)
        .where(Search.source == source, Search.query == query)
        .order_by(Search.id.desc())
        .limit(1)
    )


def _since(last: Search | None) -> str:
    """From which day on to ask, after a search that was finished."""
    return "" if last is None else (last.started - OVERLAP).date().isoformat()


def _pages(
    store: Store,
    search: int,
    source: Source,
    query: str,
    since: str,
    cursor: str | None,
    watch: Watcher,
) -> FetchedFrom:
    left_out: list[LeftOut] = []
    notes: dict[str, None] = {}
    found = FetchedFrom(source.name)
    for page in source.search(query, date.fromisoformat(since) if since else None, cursor):
        found = _keep(store, search, source.name, page)
        left_out += page.left_out
        notes |= dict.fromkeys(page.notes)
        watch("fetch", found.found, page.total, source.name)
    return replace(found, left_out=tuple(left_out), notes=tuple(notes))


def _keep(store: Store, number: int, source: str, page: Page) -> FetchedFrom:
    """Keep a page and the place of the next one, together."""
    with store.writing() as session:
        search = session.get_one(Search, number)
        kept = [each.seen for each in keep_records(session, page.records)]
        search.found += len(kept)
        search.new += kept.count("new")
        search.changed += kept.count("changed")
        search.unchanged += kept.count("unchanged")
        search.vanished += len(mark_vanished(session, source, page.vanished))
        search.cursor, search.total = page.cursor, page.total
        if page.left_out and search.run_id is not None:
            run = session.get_one(Run, search.run_id)
            unread = [[source, each.what, each.reason] for each in page.left_out]
            run.data = run.data | {"unread": [*run.data.get("unread", []), *unread]}
        if page.cursor is None:
            search.finished = now()
        return _so_far(search)


def _so_far(search: Search) -> FetchedFrom:
    return FetchedFrom(search.source, search.found, search.new, search.changed, search.vanished)


def preview(
    store: Store, sources: Sequence[Source], queries: Mapping[str, str], watch: Watcher
) -> list[FetchedFrom]:
    """What `fetch` would find; nothing is kept."""
    return [_preview(store, source, queries[source.name], watch) for source in sources]


def _preview(store: Store, source: Source, query: str, watch: Watcher) -> FetchedFrom:
    with store.reading() as session:
        last = _last(session, source.name, query)
    goes_on = last is not None and last.finished is None
    since = last.since if last is not None and goes_on else _since(last)
    cursor = last.cursor if last is not None and goes_on else None
    found = FetchedFrom(source.name)
    try:
        for page in source.search(query, date.fromisoformat(since) if since else None, cursor):
            seen: list[str] = []
            with suppress(_NothingKeptError), store.writing() as session:
                seen = [kept.seen for kept in keep_records(session, page.records)]
                raise _NothingKeptError
            found = replace(
                found,
                found=found.found + len(seen),
                new=found.new + seen.count("new"),
                changed=found.changed + seen.count("changed"),
                left_out=(*found.left_out, *page.left_out),
            )
            watch("fetch", found.found, page.total, source.name)
    except SourceError as error:
        found = replace(found, error=str(error))
    return found


class _NothingKeptError(Exception):
    """Ends a transaction without keeping anything."""
