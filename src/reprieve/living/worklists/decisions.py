"""Decisions on items of work: appended, never changed; taken back by another one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from reprieve.errors import InputError
from reprieve.living.store import AccessError, ConflictError
from reprieve.living.store.changes import TakeBack, write_batch
from reprieve.living.store.clock import now
from reprieve.living.store.models import Decision, Reservation, Revision, User, WorkItem
from reprieve.living.store.permissions import Who, acting
from reprieve.living.store.words import author
from reprieve.living.worklists.words import TAKEN_BACK

REVIEWER, ADJUDICATOR = "reviewer", "adjudicator"


def find_item(session: Session, item_id: int, kind: str, *, lock: bool = False) -> WorkItem:
    """An item of a list.

    Parameters
    ----------
    session : Session
    item_id : int
    kind : str
    lock : bool
        Whether nobody else may change it until the transaction ends.

    Raises
    ------
    InputError
        If there is no such item in the list.
    """
    wanted = select(WorkItem).where(WorkItem.id == item_id, WorkItem.kind == kind)
    item = session.scalar(wanted.with_for_update() if lock else wanted)
    if item is None:
        raise InputError(
            f"there is no item {item_id} in the list for {kind.replace('_', ' ')}; "
            "look at the list for its number"
        )
    return item


def standing(session: Session, item: WorkItem) -> list[Decision]:
    """The decisions on an item that nobody has taken back, in order."""
    return still_standing(decisions_of(session, item))


def decisions_of(session: Session, item: WorkItem) -> list[Decision]:
    """All decisions on an item ever, in order."""
    every = (
        select(Decision)
        .where(Decision.item_id == item.id)
        .options(joinedload(Decision.user))
        .order_by(Decision.id)
    )
    return list(session.scalars(every))


def still_standing(decisions: Iterable[Decision]) -> list[Decision]:
    """Of some decisions, those that no other of them takes back."""
    decisions = list(decisions)
    gone = {decision.undoes for decision in decisions}
    return [d for d in decisions if d.undoes is None and d.id not in gone]


def by_reviewers(decisions: Iterable[Decision]) -> list[Decision]:
    """Those made as one of the independent reviewers."""
    return [decision for decision in decisions if decision.part == REVIEWER]


def adjudication(decisions: Iterable[Decision]) -> Decision | None:
    """The one that settles the item, if there is one."""
    return next((d for d in decisions if d.part == ADJUDICATOR), None)


def _expect_version(item: WorkItem, expected: int | None, decisions: Iterable[Decision]) -> None:
    """Refuse to go on from a state of the item that is not the present one.

    What it says tells the decisions, so it must not be asked while reviewers are blind.
    """
    if expected is None or expected == item.version:
        return
    told = "; ".join(f"{author(d.user)}: {d.decision}" for d in decisions) or "nobody has decided"
    raise ConflictError(
        f"item {item.id} ({item.title or item.subject}) has changed: you saw version {expected}, "
        f"it is at version {item.version} now ({told}); look at it again and decide"
    )


def as_reviewer(session: Session, who: Who, item: WorkItem, decisions: list[Decision]) -> User:
    """The user, if they may be one of the reviewers of this item.

    Raises
    ------
    AccessError
        If their role does not reach.
    ConflictError
        If they have decided already, or enough others have.
    """
    user = acting(session, who, "decide")
    mine = [d for d in by_reviewers(decisions) if d.user_id == user.id]
    if mine:
        raise ConflictError(
            f"{user.name} has decided on item {item.id} already ({mine[0].decision}); "
            "take that back first"
        )
    if item.state != "open" or len(by_reviewers(decisions)) >= item.needs:
        raise ConflictError(
            f"item {item.id} ({item.title or item.subject}) needs no more reviewers; "
            "go on with the next one"
        )
    return user


def as_adjudicator(
    session: Session, who: Who, item: WorkItem, decisions: list[Decision], expected: int | None
) -> User:
    """The user, if they may settle this item: an editor who was none of its reviewers.

    Parameters
    ----------
    session : Session
    who : str or Actor
    item : WorkItem
    decisions : list of Decision
        Those that stand.
    expected : int or None
        The version of the item that they looked at; None where that does not matter.

    Raises
    ------
    AccessError
        If their role does not reach, or they are one of those who disagree.
    ConflictError
        If there is nothing to settle, or the item has changed.
    """
    user = acting(session, who, "adjudicate")
    if item.state == "open":
        raise ConflictError(f"item {item.id} waits for its reviewers; there is nothing to settle")
    _expect_version(item, expected, decisions)
    if item.state == "done":
        raise ConflictError(f"item {item.id} is done; there is nothing to settle")
    if any(d.user_id == user.id for d in by_reviewers(decisions)):
        raise AccessError(
            f"{user.name} is one of the reviewers of item {item.id}; a third person settles it, or "
            "one of the two takes the decision back and decides anew"
        )
    return user


def append(
    session: Session,
    item: WorkItem,
    user: User,
    part: str,
    decision: str,
    *,
    reason: str = "",
    note: str = "",
    data: dict[str, Any] | None = None,
    undoes: int | None = None,
) -> Decision:
    """Add a decision, and give up the reservation that was made for it."""
    made = Decision(
        item=item,
        user=user,
        at=now(),
        part=part,
        decision=decision,
        reason=reason,
        note=note.strip(),
        data=data,
        undoes=undoes,
    )
    session.add(made)
    session.execute(
        delete(Reservation).where(Reservation.item_id == item.id, Reservation.user_id == user.id)
    )
    session.flush()
    return made


def move(item: WorkItem, state: str, outcome: str | None, decisions: Iterable[Decision]) -> None:
    """Bring the item to where its standing decisions put it."""
    reviewers = [decision.user_id for decision in by_reviewers(decisions)]
    item.state, item.outcome = state, outcome
    item.decided, item.half_by = len(reviewers), reviewers[0] if len(reviewers) == 1 else None
    item.version += 1
    item.changed = now()


def take_back(session: Session, who: Who, item: WorkItem, decision: Decision, note: str) -> None:
    """Take back a decision, and with it what it wrote into the evidence.

    Raises
    ------
    AccessError
        If it is another person's decision and `who` is no editor.
    ConflictError
        If it is taken back already, a third person has chosen between it and another since, or
        the evidence that followed from it was changed since.
    """
    user = acting(session, who, "decide")
    if decision.user_id != user.id:
        acting(session, who, "undo")
    stand = standing(session, item)
    if decision.decision == TAKEN_BACK or decision not in stand:
        raise ConflictError(f"decision {decision.id} does not stand any more; nothing to take back")
    settled = adjudication(stand)
    # A verdict on a record stands by itself; choices between two extractions rest on both.
    if settled is not None and settled is not decision and settled.data is not None:
        raise ConflictError(
            f"{author(settled.user)} has settled item {item.id} on the ground of decision "
            f"{decision.id}; take decision {settled.id} back first"
        )
    append(session, item, user, decision.part, TAKEN_BACK, note=note, undoes=decision.id)
    batch = item.data.get("batch")
    if batch is not None:
        revisions = session.scalars(
            select(Revision).where(Revision.batch_id == batch).order_by(Revision.id.desc())
        )
        why = note.strip() or f"decision {decision.id} was taken back"
        write_batch(session, user, [TakeBack(r) for r in revisions], why=why, kind="undo")
        item.data = {name: value for name, value in item.data.items() if name != "batch"}


def find_decision(session: Session, decision_id: int, kind: str) -> tuple[WorkItem, Decision]:
    """A decision and its item, locked.

    Raises
    ------
    InputError
        If there is no such decision in the list.
    """
    decision = session.get(Decision, decision_id)
    if decision is None:
        raise InputError(f"there is no decision {decision_id}; `show` lists those on an item")
    return find_item(session, decision.item_id, kind, lock=True), decision
