"""Screening by two people who do not see each other's decisions until both have decided."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from reprieve.errors import InputError
from reprieve.living.store.models import Decision, FetchedRecord, WorkItem
from reprieve.living.store.permissions import Who, acting
from reprieve.living.worklists import decisions as deciding
from reprieve.living.worklists.agreement import ScreeningAgreement, screening_agreement
from reprieve.living.worklists.progress import ScreeningProgress, screening_progress
from reprieve.living.worklists.queueing import enqueue_records
from reprieve.living.worklists.views import ItemView, views
from reprieve.living.worklists.words import check_decision
from reprieve.living.worklists.worklist import Verdict, WorkList

_AT_ONCE = 1000


class Screening(WorkList):
    """The list of records to screen.

    Parameters
    ----------
    store : Store

    Examples
    --------
    >>> from reprieve.living.record import Record
    >>> from reprieve.living.store.records import keep_records
    >>> from reprieve.living.store import open_store
    >>> store = open_store(":memory:")
    >>> _ = store.accounts.add("ada", "admin")
    >>> _ = store.accounts.add("ben", "reviewer", by="ada")
    >>> with store.writing() as session:
    ...     _ = keep_records(session, [Record("pubmed", "1", "paper", title="Cells for knees")])
    >>> screening = Screening(store)
    >>> screening.queue(who="ada")
    1
    >>> (item,) = screening.next(who="ada")
    >>> screening.decide(item.id, "include", who="ada").state
    'open'
    >>> screening.decide(item.id, "exclude", reason="wrong_design", who="ben").state
    'conflict'
    """

    kind = "screening"

    def queue(self, *, who: Who, record_ids: Sequence[int] | None = None) -> int:
        """Put fetched records on the list, all or these; those on it already stay as they are.

        Returns
        -------
        int
            How many were new.
        """
        with self._store.writing() as session:
            acting(session, who, "update")
            wanted = select(FetchedRecord).where(FetchedRecord.vanished.is_(None))
            wanted = wanted.order_by(FetchedRecord.id)
            if record_ids is None:
                return enqueue_records(session, session.scalars(wanted))
            new = 0
            for start in range(0, len(record_ids), _AT_ONCE):
                some = FetchedRecord.id.in_(record_ids[start : start + _AT_ONCE])
                new += enqueue_records(session, session.scalars(wanted.where(some)))
            return new

    def decide(
        self, item_id: int, decision: str, *, who: Who, reason: str = "", note: str = ""
    ) -> ItemView:
        """Include, exclude (with a reason) or leave open (maybe).

        When the second person has decided, the record is done or in conflict: a *maybe* lets a
        record through, so that only an exclusion conflicts with it.

        Raises
        ------
        InputError
            If the decision or the reason is no word of the list.
        ConflictError
            If this person has decided already, or the record needs no more reviewers.
        """
        check_decision(self.kind, decision, reason, note)
        with self._store.writing() as session:
            item = deciding.find_item(session, item_id, self.kind, lock=True)
            stand = deciding.standing(session, item)
            user = deciding.as_reviewer(session, who, item, stand)
            stand.append(
                deciding.append(
                    session, item, user, deciding.REVIEWER, decision, reason=reason, note=note
                )
            )
            deciding.move(item, *verdict(stand, item.needs), stand)
            return views(session, [item], user)[0]

    def adjudicate(
        self,
        item_id: int,
        decision: str,
        *,
        who: Who,
        reason: str = "",
        note: str = "",
        expected_version: int | None = None,
    ) -> ItemView:
        """Settle a conflict, as a third person who is an editor.

        Raises
        ------
        ConflictError
            If there is no conflict (any more), or the item is not at `expected_version`.
        AccessError
            If `who` is one of the two, or no editor.
        """
        check_decision(self.kind, decision, reason, note)
        if decision == "maybe":
            raise InputError("whoever settles a conflict decides; give include or exclude")
        with self._store.writing() as session:
            item = deciding.find_item(session, item_id, self.kind, lock=True)
            stand = deciding.standing(session, item)
            user = deciding.as_adjudicator(session, who, item, stand, expected_version)
            stand.append(
                deciding.append(
                    session, item, user, deciding.ADJUDICATOR, decision, reason=reason, note=note
                )
            )
            deciding.move(item, *verdict(stand, item.needs), stand)
            return views(session, [item], user)[0]

    def agreement(self, *, who: Who) -> ScreeningAgreement:
        """Cohen's κ so far, of all and of each pair of reviewers."""
        with self._store.reading() as session:
            acting(session, who, "read")
            return screening_agreement(session)

    def progress(self, *, who: Who) -> ScreeningProgress:
        """How far the list has come, and what recall the last training of the model states."""
        with self._store.reading() as session:
            acting(session, who, "read")
            return screening_progress(session)

    def _verdict(self, item: WorkItem, decisions: Sequence[Decision]) -> Verdict:
        return verdict(decisions, item.needs)


def verdict(decisions: Sequence[Decision], needs: int) -> Verdict:
    """State and outcome that the standing decisions on a record give.

    Examples
    --------
    >>> both = [Decision(decision="include", part="reviewer"),
    ...         Decision(decision="maybe", part="reviewer")]
    >>> verdict(both, 2)
    ('done', 'include')
    """
    by_two = deciding.by_reviewers(decisions)
    settled = deciding.adjudication(decisions)
    if settled is not None:
        return "done", settled.decision
    if len(by_two) < needs:
        return "open", None
    out = [decision.decision == "exclude" for decision in by_two]
    if any(out) and not all(out):
        return "conflict", None
    return "done", "exclude" if all(out) else "include"
