"""The next items for a person: reserved, so that nobody does in vain what others are doing."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.orm import Session

from reprieve.living.store.clock import now
from reprieve.living.store.models import Reservation, User, WorkItem
from reprieve.living.store.pages import page_query

RESERVED_FOR = datetime.timedelta(minutes=30)
"""How long a person has for an item before others are given it."""


def next_items(session: Session, user: User, kind: str, count: int = 1) -> list[WorkItem]:
    """Reserve the next items that a person has not decided and others are not busy with.

    Parameters
    ----------
    session : Session
        Of a transaction that writes.
    user : User
    kind : str
    count : int

    Returns
    -------
    list of WorkItem
        By priority; fewer than `count` where there are no more. Asking again gives the same
        items until they are decided.
    """
    moment = now()
    session.execute(
        delete(Reservation).where(Reservation.user_id == user.id, Reservation.until <= moment)
    )
    held = _held(session, user, kind)[:count]
    while len(held) < count:
        busy = _busy(session, user, moment)
        found = session.scalars(_free(user, kind, busy, count - len(held), held)).all()
        if not found:
            break
        held += _reserve(session, user, found, moment)
    return sorted(held, key=lambda item: (-item.priority, -item.id))


def _held(session: Session, user: User, kind: str) -> list[WorkItem]:
    """What the person has reserved already and is still to be decided."""
    wanted = (
        select(WorkItem)
        .join(Reservation, Reservation.item_id == WorkItem.id)
        .where(Reservation.user_id == user.id, WorkItem.kind == kind, WorkItem.state == "open")
        .order_by(WorkItem.priority.desc(), WorkItem.id.desc())
    )
    return list(session.scalars(wanted))


def _busy(session: Session, user: User, moment: datetime.datetime) -> dict[int, int]:
    """By item, how many others have reserved it."""
    others = (
        select(Reservation.item_id, func.count())
        .where(Reservation.user_id != user.id, Reservation.until > moment)
        .group_by(Reservation.item_id)
    )
    return dict(session.execute(others).all())


def _free(
    user: User, kind: str, busy: Mapping[int, int], count: int, held: Sequence[WorkItem]
) -> Select[WorkItem]:
    """Open items with a place left, locked; those locked by another transaction are passed by."""
    places = [
        or_(
            WorkItem.id.not_in([item for item, people in busy.items() if people == times]),
            WorkItem.decided + times < WorkItem.needs,
        )
        for times in set(busy.values())
    ]
    return (
        page_query(kind, limit=count)
        .where(
            # Nobody needs more than two: of an open item there is at most one decision.
            or_(WorkItem.half_by.is_(None), WorkItem.half_by != user.id),
            WorkItem.id.not_in([item.id for item in held]),
            *places,
        )
        .with_for_update(skip_locked=True)
    )


def _reserve(
    session: Session, user: User, found: Sequence[WorkItem], moment: datetime.datetime
) -> list[WorkItem]:
    """Reserve locked items, as far as places are left now that they are locked.

    Others' reservations are counted again, for in PostgreSQL they may have been made since.
    """
    busy = _busy(session, user, moment)
    free = [item for item in found if item.decided + busy.get(item.id, 0) < item.needs]
    session.add_all(
        Reservation(item_id=item.id, user_id=user.id, until=moment + RESERVED_FOR) for item in free
    )
    session.flush()
    return free
