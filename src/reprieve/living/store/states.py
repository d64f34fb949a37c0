"""The evidence as it stands, and as it stood."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from reprieve.errors import InputError
from reprieve.evidence.records import Evidence
from reprieve.living.store.cells import Cells, evidence_of
from reprieve.living.store.models import Batch, EvidenceRow, Revision


@dataclass(frozen=True)
class StoredRow:
    """One row of the evidence in the store.

    Attributes
    ----------
    id : int
        What names it for ever.
    table, study_id : str
    cells : dict
        Column to text, None for an empty cell.
    version : int
        What to give as `expected_version` with a change.
    """

    id: int
    table: str
    study_id: str
    cells: Cells
    version: int


def stored(row: EvidenceRow) -> StoredRow:
    """A row as it is handed out."""
    return StoredRow(row.id, row.table_name, row.study_id, dict(row.cells), row.version)


def present_rows(session: Session) -> dict[str, list[EvidenceRow]]:
    """All rows of each table, in order."""
    rows: dict[str, list[EvidenceRow]] = {}
    for row in session.scalars(select(EvidenceRow).order_by(EvidenceRow.position, EvidenceRow.id)):
        rows.setdefault(row.table_name, []).append(row)
    return rows


def last_batch(session: Session, moment: datetime.datetime | None = None) -> Batch | None:
    """The last batch of changes, or the last at a moment."""
    batches = select(Batch).order_by(Batch.id.desc()).limit(1)
    return session.scalar(batches if moment is None else batches.where(Batch.at <= moment))


def standing_at(batch_id: int) -> Select[Revision]:
    """For each row that there ever was by then, the revision that stood after a batch."""
    latest = (
        select(func.max(Revision.id))
        .where(Revision.batch_id <= batch_id)
        .group_by(Revision.row_id)
        .scalar_subquery()
    )
    return select(Revision).where(Revision.id.in_(latest))


def evidence_at(session: Session, moment: datetime.datetime | None, origin: str) -> Evidence:
    """The evidence now, or at a moment.

    Raises
    ------
    InputError
        If nothing was in the store then.
    """
    batch = last_batch(session, moment)
    if batch is None:
        first = session.scalar(select(func.min(Batch.at)))
        since = f"; its first change is of {first:%Y-%m-%d %H:%M:%S} UTC" if first else ""
        hint = "ask for a later day" if first else "`reprieve store import` brings evidence in"
        raise InputError(f"there is no evidence in {origin}{since}: {hint}")
    if moment is None:
        cells = {
            table: [row.cells for row in rows] for table, rows in present_rows(session).items()
        }
    else:
        cells = _cells_at(session, batch.id)
        origin = f"{origin} as of {moment:%Y-%m-%d %H:%M} UTC"
    return evidence_of(cells, date=date_of(batch), origin=origin)


def date_of(batch: Batch) -> str:
    """The day to write down for the evidence as a batch left it (ISO 8601)."""
    return batch.package_date or f"{batch.at:%Y-%m-%d}"


def _cells_at(session: Session, batch_id: int) -> dict[str, list[Cells]]:
    cells: dict[str, list[Cells]] = {}
    standing = standing_at(batch_id).order_by(Revision.position, Revision.row_id)
    for revision in session.scalars(standing):
        if revision.after is not None:
            cells.setdefault(revision.table_name, []).append(revision.after)
    return cells


def changed_here(session: Session, row_ids: Sequence[int]) -> list[Revision]:
    """Of these rows, the last revisions of those that are not as they were last imported."""
    changed: list[Revision] = []
    for start in range(0, len(row_ids), 500):
        some = row_ids[start : start + 500]
        imported = {row.row_id: row.after for row in _last(session, some, kind="import")}
        changed += [
            revision
            for revision in _last(session, some)
            if imported.get(revision.row_id) != revision.after
        ]
    return changed


def _last(session: Session, row_ids: Sequence[int], kind: str | None = None) -> list[Revision]:
    """The last revision of each row, of one kind of batch or of any."""
    latest = (
        select(func.max(Revision.id))
        .join(Revision.batch)
        .where(Revision.row_id.in_(row_ids))
        .group_by(Revision.row_id)
    )
    if kind is not None:
        latest = latest.where(Batch.kind == kind)
    revisions = select(Revision).where(Revision.id.in_(latest.scalar_subquery()))
    return list(session.scalars(revisions.order_by(Revision.id)))
