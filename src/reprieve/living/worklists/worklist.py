"""What all work lists have in common: pages, the next items for a person, and taking back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy.orm import joinedload

from reprieve.living.store import Store
from reprieve.living.store.models import Decision, WorkItem
from reprieve.living.store.pages import PAGE, page_query
from reprieve.living.store.permissions import Who, acting
from reprieve.living.worklists import decisions as deciding
from reprieve.living.worklists.reserving import next_items
from reprieve.living.worklists.views import ItemView, views
from reprieve.living.worklists.words import Kind

Verdict = tuple[str, str | None]
"""State and outcome of an item."""


class WorkList:
    """One of the lists of a store; `Screening`, `Extraction` … are its kinds.

    Every method is one transaction, and every decision is kept with who and when. Reviewers see
    each other's decisions only once all have decided.

    Parameters
    ----------
    store : Store
    """

    kind: ClassVar[Kind]

    def __init__(self, store: Store) -> None:
        self._store = store

    def next(self, *, who: Who, count: int = 1) -> list[ItemView]:
        """The next items for a person, by priority, reserved for them for half an hour.

        Asking again gives the same until they are decided; nobody is given what enough others
        are at work on.
        """
        with self._store.writing() as session:
            user = acting(session, who, "decide")
            return views(session, next_items(session, user, self.kind, count), user, text=True)

    def show(self, item_id: int, *, who: Who) -> ItemView:
        """One item, with the text of its record.

        Raises
        ------
        InputError
            If there is no such item in this list.
        """
        with self._store.reading() as session:
            user = acting(session, who, "read")
            item = deciding.find_item(session, item_id, self.kind)
            return views(session, [item], user, text=True)[0]

    def page(
        self,
        state: str = "open",
        *,
        who: Who,
        after: tuple[float, int] | None = None,
        limit: int = PAGE,
    ) -> list[ItemView]:
        """A page of the list, by priority.

        Parameters
        ----------
        state : {"open", "conflict", "done"}
        who : str
        after : tuple of (float, int), optional
            `priority` and `id` of the last item of the page before.
        limit : int
        """
        with self._store.reading() as session:
            user = acting(session, who, "read")
            query = page_query(self.kind, state, after=after, limit=limit)
            found = session.scalars(query.options(joinedload(WorkItem.record)))
            return views(session, list(found), user)

    def take_back(self, decision_id: int, *, who: Who, note: str = "") -> ItemView:
        """Take back one's own decision, or as an editor another's.

        It stays in the history; what it wrote into the evidence is undone with it.

        Raises
        ------
        ConflictError
            If it is taken back already, or what it wrote was changed since.
        """
        with self._store.writing() as session:
            item, decision = deciding.find_decision(session, decision_id, self.kind)
            deciding.take_back(session, who, item, decision, note)
            stand = deciding.standing(session, item)
            deciding.move(item, *self._verdict(item, stand), stand)
            return views(session, [item], acting(session, who, "decide"))[0]

    def _verdict(self, item: WorkItem, decisions: Sequence[Decision]) -> Verdict:
        """State and outcome that the standing decisions give."""
        raise NotImplementedError
