"""Rows that a program read, held against their source by a person, one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from reprieve.errors import InputError
from reprieve.living.store.cells import Cells
from reprieve.living.store.changes import Change, Delete, Update, write_batch
from reprieve.living.store.models import Decision, EvidenceRow, WorkItem
from reprieve.living.store.permissions import Who, acting
from reprieve.living.worklists import decisions as deciding
from reprieve.living.worklists.queueing import enqueue_unverified, row_subject
from reprieve.living.worklists.views import ItemView, views
from reprieve.living.worklists.words import check_decision
from reprieve.living.worklists.worklist import Verdict, WorkList

GONE = "gone"
"""Outcome of an item whose row was settled elsewhere."""


@dataclass(frozen=True, slots=True)
class UnverifiedRow:
    """A row to hold against its source.

    Attributes
    ----------
    item : ItemView
    table : str
    cells : dict
        Column to text; None for an empty cell.
    version : int
        What a decision about it is made on.
    locator, source_url : str
        Where in the source it was read, and where the source is.
    """

    item: ItemView
    table: str
    cells: Cells
    version: int
    locator: str
    source_url: str

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON can hold it."""
        return asdict(self) | {"item": self.item.to_dict()}


class Verification(WorkList):
    """The list of rows that nobody has verified.

    Parameters
    ----------
    store : Store
    """

    kind = "verification"

    def queue(self, *, who: Who, study_id: str | None = None) -> int:
        """Put all unverified rows on the list, or those of one trial.

        Items whose row was verified or deleted elsewhere leave the list.

        Returns
        -------
        int
            How many rows were new.
        """
        with self._store.writing() as session:
            acting(session, who, "update")
            _close_settled(session)
            return enqueue_unverified(session, study_id)

    def rows(
        self, *, who: Who, study_id: str | None = None, after: int = 0, limit: int = 50
    ) -> list[UnverifiedRow]:
        """Rows still to be verified, in the order in which they came, with their source.

        Parameters
        ----------
        who : str
        study_id : str, optional
            Of one trial only.
        after : int
            The number of the last item seen.
        limit : int
        """
        query = (
            select(WorkItem, EvidenceRow)
            .join(EvidenceRow, EvidenceRow.id == WorkItem.row_id)
            .where(WorkItem.kind == self.kind, WorkItem.state == "open", WorkItem.id > after)
            .order_by(WorkItem.id)
            .limit(limit)
        )
        if study_id is not None:
            query = query.where(WorkItem.study_id == study_id)
        with self._store.reading() as session:
            user = acting(session, who, "read")
            found = session.execute(query).all()
            seen = views(session, [item for item, _ in found], user)
            return [_row(view, row) for view, (_, row) in zip(seen, found, strict=True)]

    def accept(
        self, item_id: int, *, who: Who, note: str = "", expected_version: int | None = None
    ) -> ItemView:
        """Say that a row is what its source says; it counts as read once from now on.

        Raises
        ------
        ConflictError
            If the row is not at `expected_version`, or was settled elsewhere.
        FaultyChangeError
            If the trial would not pass the gates.
        """
        return self._decide(item_id, "accept", {}, who, note, expected_version)

    def correct(
        self,
        item_id: int,
        cells: Mapping[str, Any],
        *,
        who: Who,
        note: str,
        expected_version: int | None = None,
    ) -> ItemView:
        """Give a row the values that its source says, and verify it; errors as for `accept`.

        Parameters
        ----------
        item_id : int
        cells : mapping
            Column to new value.
        who : str
        note : str
            What was wrong.
        expected_version : int, optional
        """
        if not cells:
            raise InputError("a correction changes at least one value; accept the row otherwise")
        return self._decide(item_id, "correct", cells, who, note, expected_version)

    def reject(
        self, item_id: int, *, who: Who, note: str, expected_version: int | None = None
    ) -> ItemView:
        """Take a row out of the evidence, for the reason in `note`; errors as for `accept`."""
        return self._decide(item_id, "reject", {}, who, note, expected_version)

    def _decide(
        self,
        item_id: int,
        decision: str,
        cells: Mapping[str, Any],
        who: Who,
        note: str,
        expected_version: int | None,
    ) -> ItemView:
        check_decision(self.kind, decision, "", note)
        with self._store.writing() as session:
            item = deciding.find_item(session, item_id, self.kind, lock=True)
            stand = deciding.standing(session, item)
            user = deciding.as_reviewer(session, who, item, stand)
            acting(session, who, "verify")
            row = session.get(EvidenceRow, item.row_id)
            table = "" if row is None else row.table_name
            change = _change(int(item.row_id or 0), table, decision, cells, expected_version)
            why = note.strip() or f"held against its source: {decision}"
            batch = write_batch(session, user, [change], why=why, kind="verification")
            item.data = {**item.data, "batch": batch.id if batch else None}
            stand.append(
                deciding.append(
                    session,
                    item,
                    user,
                    deciding.REVIEWER,
                    decision,
                    note=note,
                    data={"cells": dict(cells)} if cells else None,
                )
            )
            deciding.move(item, *self._verdict(item, stand), stand)
            return views(session, [item], user)[0]

    def _verdict(self, item: WorkItem, decisions: Sequence[Decision]) -> Verdict:
        decided = deciding.by_reviewers(decisions)
        return ("done", decided[-1].decision) if decided else ("open", None)


def _change(
    row_id: int, table: str, decision: str, cells: Mapping[str, Any], version: int | None
) -> Change:
    if decision == "reject":
        return Delete(row_id, version)
    verified: dict[str, Any] = {"readings": 1}
    if table in ("outcomes", "contrasts", "events"):
        verified["flag"] = None
    return Update(row_id, {**verified, **cells}, version)


def _row(item: ItemView, row: EvidenceRow) -> UnverifiedRow:
    return UnverifiedRow(
        item=item,
        table=row.table_name,
        cells=dict(row.cells),
        version=row.version,
        locator=row.cells.get("locator") or "",
        source_url=row.cells.get("source_url") or "",
    )


def _close_settled(session: Session) -> None:
    """Take off the list what was verified, changed or deleted elsewhere."""
    waiting = (
        select(WorkItem, EvidenceRow)
        .outerjoin(EvidenceRow, EvidenceRow.id == WorkItem.row_id)
        .where(WorkItem.kind == "verification", WorkItem.state == "open")
        .with_for_update(of=WorkItem)
    )
    for item, row in session.execute(waiting).all():
        if row is None or row.readings != 0 or row_subject(row) != item.subject:
            deciding.move(item, "done", GONE, [])
