"""Double extraction: two people read a trial independently, a third settles what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from reprieve.errors import InputError
from reprieve.living.store.cells import Cells
from reprieve.living.store.changes import Change, Insert, Update, write_batch
from reprieve.living.store.engine import queue_for_evidence
from reprieve.living.store.importing import ROW_KEYS
from reprieve.living.store.models import Decision, EvidenceRow, User, WorkItem
from reprieve.living.store.permissions import Who, acting
from reprieve.living.store.words import author
from reprieve.living.worklists import decisions as deciding
from reprieve.living.worklists.comparing import Comparison, Tables, compare, extracted, merged
from reprieve.living.worklists.queueing import enqueue_extraction
from reprieve.living.worklists.views import ItemView, views
from reprieve.living.worklists.worklist import Verdict, WorkList


class Extraction(WorkList):
    """The list of trials whose numbers two people extract.

    Where both agree, or once a third person has settled what differs, the rows go into the
    evidence as read twice, through its gates.

    Parameters
    ----------
    store : Store
    """

    kind = "extraction"

    def queue(self, study_id: str, *, who: Who, title: str = "", arms: Sequence[str] = ()) -> int:
        """Put a trial on the list; 0 where it is on it already.

        Parameters
        ----------
        study_id, title : str
        arms : sequence of str
            Ids of its arms, which both use; left out, those in the evidence, else those of
            whoever is first.
        """
        with self._store.writing() as session:
            acting(session, who, "update")
            known = arms or _arms_in_evidence(session, study_id)
            return enqueue_extraction(session, study_id, title or study_id, known)

    def submit(
        self,
        item_id: int,
        tables: Mapping[str, Sequence[Mapping[str, Any]]],
        *,
        who: Who,
        note: str = "",
    ) -> ItemView:
        """Hand in what one person extracted.

        Parameters
        ----------
        item_id : int
        tables : mapping
            By table (``"arms"``, ``"outcomes"`` …), rows as mappings of column to value.
        who, note : str

        Raises
        ------
        InputError
            If a row can't be: unknown column, no number, an arm that is not the trial's.
        ConflictError
            If this person has handed in already, or two others have.
        FaultyChangeError
            If both agree but the rows do not pass the gates; nothing was kept.
        """
        with self._store.writing() as session:
            item = deciding.find_item(session, item_id, self.kind, lock=True)
            stand = deciding.standing(session, item)
            user = deciding.as_reviewer(session, who, item, stand)
            own = extracted(str(item.study_id), tables)
            _fix_arms(item, own)
            stand.append(
                deciding.append(
                    session,
                    item,
                    user,
                    deciding.REVIEWER,
                    "extracted",
                    note=note,
                    data={"tables": own},
                )
            )
            state, outcome = self._verdict(item, stand)
            if state == "done":
                _write(session, user, item, stand, {}, "both extractors agree")
            deciding.move(item, state, outcome, stand)
            return views(session, [item], user)[0]

    def comparison(self, item_id: int, *, who: Who) -> Comparison:
        """The two extractions, field by field; only once there are two.

        Raises
        ------
        InputError
            If one is missing still.
        """
        with self._store.reading() as session:
            acting(session, who, "read")
            item = deciding.find_item(session, item_id, self.kind)
            return compare(*_two(item, deciding.standing(session, item)))

    def settle(
        self,
        item_id: int,
        picks: Mapping[str, Any],
        *,
        who: Who,
        note: str = "",
        expected_version: int | None = None,
    ) -> ItemView:
        """Choose where the two differ, as a third person, and put the rows into the evidence.

        Parameters
        ----------
        item_id : int
        picks : mapping
            By `Difference.id`: ``"a"``, ``"b"`` or ``{"value": …}``; free texts may be left out.
        who, note : str
        expected_version : int, optional
            The version of the item that the choice was made on.

        Raises
        ------
        InputError
            If a choice is missing, or about nothing that differs.
        ConflictError
            If there is nothing to settle, or the item has changed.
        AccessError
            If `who` is one of the two, or no editor.
        FaultyChangeError
            If the rows do not pass the gates; nothing was kept.
        """
        with self._store.writing() as session:
            item = deciding.find_item(session, item_id, self.kind, lock=True)
            stand = deciding.standing(session, item)
            user = deciding.as_adjudicator(session, who, item, stand, expected_version)
            _write(session, user, item, stand, picks, note or "differences settled")
            stand.append(
                deciding.append(
                    session,
                    item,
                    user,
                    deciding.ADJUDICATOR,
                    "settled",
                    note=note,
                    data={"picks": dict(picks)},
                )
            )
            deciding.move(item, *self._verdict(item, stand), stand)
            return views(session, [item], user)[0]

    def _verdict(self, item: WorkItem, decisions: Sequence[Decision]) -> Verdict:
        if deciding.adjudication(decisions) is not None:
            return "done", "settled"
        if len(deciding.by_reviewers(decisions)) < item.needs:
            return "open", None
        return ("done", "agreed") if compare(*_two(item, decisions)).agreed else ("conflict", None)


def _two(item: WorkItem, decisions: Sequence[Decision]) -> tuple[Tables, Tables]:
    """What the two extracted, the first one first."""
    both = deciding.by_reviewers(decisions)
    if len(both) < item.needs:
        raise InputError(
            f"{len(both)} of {item.needs} extractions of item {item.id} are there; "
            "they can be compared when all are"
        )
    return both[0].data["tables"], both[1].data["tables"]  # type: ignore[index]


def _arms_in_evidence(session: Session, study_id: str) -> list[str]:
    rows = select(EvidenceRow.cells).where(
        EvidenceRow.study_id == study_id, EvidenceRow.table_name == "arms"
    )
    return [cells["arm_id"] for cells in session.scalars(rows.order_by(EvidenceRow.position))]


def _fix_arms(item: WorkItem, tables: Tables) -> None:
    """Both use the same names for the arms: those of the item, else those of whoever is first."""
    used = {
        cells[column]: None
        for table, rows in tables.items()
        for cells in rows
        for column in ("arm_id", "arm_a", "arm_b")
        if cells.get(column) is not None
    }
    known = item.data.get("arms") or []
    if not known:
        item.data = {**item.data, "arms": [str(arm) for arm in used]}
    elif unknown := [arm for arm in used if arm not in known]:
        raise InputError(
            f"{item.study_id} has no arm {unknown[0]!r}; so that extractions can be compared, "
            f"name its arms {', '.join(known)}"
        )


def _write(
    session: Session,
    user: User,
    item: WorkItem,
    decisions: Sequence[Decision],
    picks: Mapping[str, Any],
    why: str,
) -> None:
    """Put the settled rows into the evidence, over rows about the same thing."""
    rows = merged(*_two(item, decisions), picks)
    queue_for_evidence(session)
    changes = [
        change
        for table, cells in rows.items()
        for change in _changes(session, str(item.study_id), table, cells)
    ]
    names = " and ".join(author(d.user) for d in deciding.by_reviewers(decisions))
    told = f"double extraction by {names}: {why}"
    batch = write_batch(session, user, changes, why=told, kind="adjudication")
    if batch is not None:
        item.data = {**item.data, "batch": batch.id}


def _changes(session: Session, study_id: str, table: str, rows: Sequence[Cells]) -> list[Change]:
    def key(cells: Mapping[str, str | None]) -> tuple[str | None, ...]:
        return tuple(cells[column] for column in ROW_KEYS[table])

    present = select(EvidenceRow).where(
        EvidenceRow.study_id == study_id, EvidenceRow.table_name == table
    )
    there = {key(row.cells): row for row in session.scalars(present)}
    return [
        Update(there[key(cells)].id, cells) if key(cells) in there else Insert(table, cells)
        for cells in rows
    ]
