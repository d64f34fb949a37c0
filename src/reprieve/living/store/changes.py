"""Changing evidence: a batch of changes, all of them or none, each kept as a revision."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from reprieve.errors import InputError
from reprieve.evidence.schema import UNVERIFIED
from reprieve.living.store.cells import Cells, complete_rows
from reprieve.living.store.clock import now
from reprieve.living.store.conflicts import changed_since, gone, taken_back_too_late
from reprieve.living.store.engine import queue_for_evidence
from reprieve.living.store.errors import AccessError
from reprieve.living.store.gate import refuse_faults
from reprieve.living.store.models import Batch, EvidenceRow, Revision, User
from reprieve.living.store.ranks import ranks_between


@dataclass(frozen=True)
class Insert:
    """A new row.

    Attributes
    ----------
    table : str
    cells : mapping
        Column to value; columns left out are empty, ``readings`` is 1.
    position : str
        Its place in the table; empty for the end.
    """

    table: str
    cells: Mapping[str, Any]
    position: str = ""


@dataclass(frozen=True)
class Update:
    """New values for some columns of a row.

    Attributes
    ----------
    row_id : int
    cells : mapping
        Column to new value; None or an empty text empties the cell.
    expected_version : int or None
        The version that the change was made on; None where that does not matter.
    position : str
        A new place in the table; empty to stay.
    """

    row_id: int
    cells: Mapping[str, Any]
    expected_version: int | None = None
    position: str = ""


@dataclass(frozen=True)
class Delete:
    """A row less; attributes as for `Update`."""

    row_id: int
    expected_version: int | None = None


@dataclass(frozen=True)
class TakeBack:
    """One revision undone: the row becomes what it was before."""

    revision: Revision


Change = Insert | Update | Delete | TakeBack


def write_batch(
    session: Session,
    user: User,
    changes: Sequence[Change],
    *,
    why: str,
    kind: str = "edit",
    package_date: str = "",
) -> Batch | None:
    """Make changes, keep them as revisions, and let the gates judge the trials concerned.

    Parameters
    ----------
    session : Session
        Of a transaction that writes; any error must end it.
    user : User
        Who changes; that they may is known already (`permissions.acting`).
    changes : sequence of Change
        Each row at most once.
    why : str
        The reason, for the history.
    kind : str
        As `Batch.kind`.
    package_date : str
        As `Batch.package_date`.

    Returns
    -------
    Batch or None
        None where everything is as wanted already.

    Raises
    ------
    InputError
        If no reason is given, a column does not exist, or a value is not of its type.
    ConflictError
        If a row is not at its expected version, or gone.
    AccessError
        If the program touches what people have verified.
    FaultyChangeError
        If the gates find an error in a trial concerned.
    """
    if not why.strip():
        raise InputError("a change needs a reason; say in a few words why")
    queue_for_evidence(session)
    rows = _rows(session, changes)
    steps = _steps(session, changes, rows)
    for step in steps:
        _guard(user, step)
    if not steps and not package_date:
        return None
    batch = Batch(
        at=_next_moment(session), user=user, why=why, kind=kind, package_date=package_date
    )
    _apply(session, steps, rows)
    session.add(batch)
    session.add_all(_revision(step, batch) for step in steps)
    session.flush()
    if kind != "import":  # a package is judged as a whole before
        refuse_faults(session, {trial for step in steps for trial in step.trials})
    return batch


@dataclass
class _Step:
    """What happens to one row, worked out and ready to be written."""

    row_id: int | None
    table: str
    before: Cells | None
    after: Cells | None
    position: str
    version: int
    undoes: int | None = None

    @property
    def trials(self) -> list[str]:
        """The trials that the row was and is about."""
        return [str(cells["study_id"]) for cells in (self.before, self.after) if cells]


def _steps(
    session: Session, changes: Sequence[Change], rows: dict[int, EvidenceRow]
) -> list[_Step]:
    """The steps of all changes; those without a difference are left out."""
    wanted = _wanted(session, changes, rows)
    ends = _Ends(session)
    steps = []
    for number, change in enumerate(changes):
        after = wanted.get(number)
        if isinstance(change, Insert):
            position = change.position or ends.next(change.table)
            steps.append(_Step(None, change.table, None, after, position, 1))
        elif isinstance(change, TakeBack):
            revision = change.revision
            steps.append(_step_back(session, revision, rows.get(revision.row_id)))
        elif step := _step(session, change, rows[change.row_id], after):
            steps.append(step)
    return steps


def _wanted(
    session: Session, changes: Sequence[Change], rows: dict[int, EvidenceRow]
) -> dict[int, Cells]:
    """By number of the change: the whole row as it is wanted. Done table by table, for speed."""
    given: dict[str, dict[int, Mapping[str, Any]]] = {}
    for number, change in enumerate(changes):
        if isinstance(change, Insert):
            given.setdefault(change.table, {})[number] = change.cells
        elif isinstance(change, Update | Delete):
            row = rows.get(change.row_id)
            if row is None:
                raise gone(session, change.row_id)
            if isinstance(change, Update):
                cells = row.cells | dict(change.cells)
                given.setdefault(row.table_name, {})[number] = cells
    wanted: dict[int, Cells] = {}
    for table, numbered in given.items():
        wanted |= zip(numbered, complete_rows(table, list(numbered.values())), strict=True)
    return wanted


def _step(
    session: Session, change: Update | Delete, row: EvidenceRow, after: Cells | None
) -> _Step | None:
    if change.expected_version is not None and change.expected_version != row.version:
        named = change.cells if isinstance(change, Update) else {}
        wanted = {column: after[column] for column in named} if after else {}
        raise changed_since(session, row, change.expected_version, wanted)
    position = (change.position if isinstance(change, Update) else "") or row.position
    if after == row.cells and position == row.position:
        return None
    return _Step(row.id, row.table_name, dict(row.cells), after, position, row.version + 1)


def _step_back(session: Session, revision: Revision, row: EvidenceRow | None) -> _Step:
    stands = None if row is None else row.cells
    if stands != revision.after:
        raise taken_back_too_late(session, revision)
    return _Step(
        revision.row_id,
        revision.table_name,
        stands,
        revision.before,
        revision.position if row is None else _place_before(session, revision, row),
        (row.version if row else revision.version) + 1,
        revision.id,
    )


def _place_before(session: Session, revision: Revision, row: EvidenceRow) -> str:
    """Where the row stood before the revision; where it stands if it was moved again since."""
    if revision.before is None or row.position != revision.position:
        return row.position
    earlier = (
        select(Revision.position)
        .where(Revision.row_id == row.id, Revision.id < revision.id)
        .order_by(Revision.id.desc())
        .limit(1)
    )
    return session.scalars(earlier).one()


def nobody_read(cells: Mapping[str, str | None]) -> bool:
    """Whether a row is what a program may write: with no reading, and flagged so if it can be.

    Examples
    --------
    >>> nobody_read({"arm_id": "cells", "readings": "0"})
    True
    >>> nobody_read({"mean": "41.2", "flag": None, "readings": "0"})
    False
    """
    return cells.get("readings") == "0" and cells.get("flag", UNVERIFIED) == UNVERIFIED


def _guard(user: User, step: _Step) -> None:
    """No number enters the evidence unseen: the program keeps to rows that nobody verified."""
    if user.kind != "program":
        return
    for cells in (step.before, step.after):
        if cells is not None and not nobody_read(cells):
            raise AccessError(
                f"{user.name} is a program and may only write rows that are flagged unverified, "
                f"with 0 readings; this one, in {step.table} of {cells['study_id']}, takes a person"
            )


def _apply(session: Session, steps: list[_Step], rows: dict[int, EvidenceRow]) -> None:
    """Bring the rows to their new state, and number the new ones."""
    fresh: list[tuple[_Step, EvidenceRow]] = []
    for step in steps:
        row = rows.get(step.row_id) if step.row_id is not None else None
        if step.after is None:
            session.delete(row)
        elif row is None:
            row = EvidenceRow(id=step.row_id, table_name=step.table)
            fresh.append((step, row))
        if step.after is not None and row is not None:
            row.study_id = str(step.after["study_id"])
            row.cells, row.position, row.version = step.after, step.position, step.version
            readings = step.after.get("readings")
            row.readings = None if readings is None else int(readings)
    session.add_all(row for _, row in fresh)
    session.flush()
    for step, row in fresh:
        step.row_id = row.id


def _revision(step: _Step, batch: Batch) -> Revision:
    return Revision(
        batch=batch,
        row_id=step.row_id,
        table_name=step.table,
        study_id=step.trials[-1],
        action="insert" if step.before is None else "delete" if step.after is None else "update",
        before=step.before,
        after=step.after,
        position=step.position,
        version=step.version,
        undoes=step.undoes,
    )


def _rows(session: Session, changes: Iterable[Change]) -> dict[int, EvidenceRow]:
    """The rows that are to be changed, as far as they are there; each may be named once."""
    wanted = [
        change.revision.row_id if isinstance(change, TakeBack) else change.row_id
        for change in changes
        if not isinstance(change, Insert)
    ]
    if len(set(wanted)) < len(wanted):
        twice = next(row_id for i, row_id in enumerate(wanted) if row_id in wanted[:i])
        raise InputError(f"row {twice} is changed twice at once; put its changes together")
    rows: dict[int, EvidenceRow] = {}
    for start in range(0, len(wanted), 500):
        some = select(EvidenceRow).where(EvidenceRow.id.in_(wanted[start : start + 500]))
        rows |= {row.id: row for row in session.scalars(some)}
    return rows


def _next_moment(session: Session) -> datetime.datetime:
    """Now, but after the last batch, whatever the clock says."""
    last = session.scalar(select(Batch.at).order_by(Batch.id.desc()).limit(1))
    return now() if last is None else max(now(), last + datetime.timedelta(microseconds=1))


class _Ends:
    """Places at the ends of the tables; the database is asked once a table."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._last: dict[str, str] = {}

    def next(self, table: str) -> str:
        """A place after all rows of the table and all places given before."""
        if table not in self._last:
            last = (
                select(EvidenceRow.position)
                .where(EvidenceRow.table_name == table)
                .order_by(EvidenceRow.position.desc())
                .limit(1)
            )
            self._last[table] = self._session.scalar(last) or ""
        self._last[table] = ranks_between(self._last[table], "", 1)[0]
        return self._last[table]
