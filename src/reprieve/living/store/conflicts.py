"""Saying who was faster: what stands in the way of a change, with names and both values."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from reprieve.living.store.cells import Cells, name_of
from reprieve.living.store.errors import ConflictError
from reprieve.living.store.models import EvidenceRow, Revision
from reprieve.living.store.words import author, changed_cells, day


def changed_since(
    session: Session, row: EvidenceRow, version: int, wanted: Mapping[str, str | None]
) -> ConflictError:
    """The row is not at the version that the change was made on.

    Parameters
    ----------
    session : Session
    row : EvidenceRow
    version : int
        The one that the change was made on.
    wanted : mapping
        The columns that it names, with the values that they were to have.
    """
    later = _later(session, row.id, version)
    told = "; ".join(_told(revision) for revision in later) or "it was never at that version"
    theirs: Cells = {}
    for revision in later:
        theirs |= {column: new for column, _, new in changed_cells(revision)}
    shown = ", ".join(
        f"{column} {new or 'empty'} (it is {row.cells.get(column) or 'empty'})"
        for column, new in wanted.items()
        if new != row.cells.get(column)
    )
    return ConflictError(
        f"{row.study_id}, {name_of(row.table_name, row.cells)}: you worked on version {version}, "
        f"but it is at version {row.version}: {told}."
        + (f" You wanted {shown}." if shown else "")
        + " Nothing was written; look at the row again and decide.",
        {column: new for column, new in wanted.items() if column in theirs},
        {column: row.cells.get(column) for column in theirs},
    )


def gone(session: Session, row_id: int) -> ConflictError:
    """The row is not there (any more)."""
    last = session.scalar(
        select(Revision).where(Revision.row_id == row_id).order_by(Revision.id.desc()).limit(1)
    )
    if last is None:
        return ConflictError(f"there is no row {row_id} in this store; look it up again")
    return ConflictError(
        f"{last.study_id}, {name_of(last.table_name, last.before or {})}: the row is gone: "
        f"{_told(last)}. Nothing was written; undo that first if the row should stay."
    )


def taken_back_too_late(session: Session, revision: Revision) -> ConflictError:
    """Something later was built on the revision that is to be undone."""
    told = "; ".join(_told(later) for later in _later(session, revision.row_id, revision.version))
    cells = revision.after or revision.before or {}
    return ConflictError(
        f"revision {revision.id} can't be undone, for {revision.study_id}, "
        f"{name_of(revision.table_name, cells)}, was changed again since: {told}. "
        "Nothing was written; undo the later changes first, or edit the row."
    )


def _later(session: Session, row_id: int, version: int) -> list[Revision]:
    later = (
        select(Revision)
        .where(Revision.row_id == row_id, Revision.version > version)
        .order_by(Revision.id)
    )
    return list(session.scalars(later))


def _told(revision: Revision) -> str:
    who = f"{author(revision.batch.user)} on {day(revision.batch.at)} ({revision.batch.why})"
    if revision.action == "delete":
        return f"deleted by {who}"
    if revision.action == "insert":
        return f"put in by {who}"
    cells = [
        f"{column} from {old or 'empty'} to {new or 'empty'}"
        for column, old, new in changed_cells(revision)
    ]
    return f"{', '.join(cells) or 'its place'} changed by {who}"
