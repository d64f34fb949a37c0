"""Pages of a work list: each costs the same, however far down the list it stands."""

from __future__ import annotations

import math

from sqlalchemy import Select, select, tuple_

from reprieve.errors import InputError, UnknownWordError
from reprieve.living.store.models import WORK_STATES, WorkItem

PAGE = 50
"""How many items a page has unless asked otherwise."""


def page_query(
    kind: str,
    state: str = "open",
    *,
    after: tuple[float, int] | None = None,
    limit: int = PAGE,
) -> Select[WorkItem]:
    """The query of a page: it walks down one index from where the last page ended.

    Parameters
    ----------
    kind, state : str
        As in `WorkItem`.
    after : tuple of (float, int), optional
        Priority and `id` of the last item of the page before.
    limit : int

    Returns
    -------
    Select
        Further conditions may be added to it.

    Raises
    ------
    UnknownWordError
        If there is no such state.
    InputError
        If a page of less than one item is asked for, or one after what is no number.
    """
    if state not in WORK_STATES:
        raise UnknownWordError("state of an item", state, WORK_STATES)
    if limit < 1:
        raise InputError(f"a page has at least one item, not {limit}; ask for one or more")
    if after is not None and math.isnan(after[0]):
        raise InputError("nothing comes after a priority that is no number; give the last item's")
    query = (
        select(WorkItem)
        .where(WorkItem.kind == kind, WorkItem.state == state)
        .order_by(WorkItem.priority.desc(), WorkItem.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(WorkItem.priority, WorkItem.id) < tuple_(*after))
    return query
