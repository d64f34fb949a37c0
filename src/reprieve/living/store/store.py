"""The store: evidence that several people edit, with every change kept."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from reprieve.errors import InputError, UnknownWordError
from reprieve.evidence import Evidence, load_evidence, write_package
from reprieve.evidence.check import gates
from reprieve.evidence.schema import UNVERIFIED
from reprieve.evidence.typed import columns_of
from reprieve.living.store.accounts import Accounts
from reprieve.living.store.cells import ALL_TABLES, cells_of
from reprieve.living.store.changes import Change, Delete, Insert, TakeBack, Update, write_batch
from reprieve.living.store.clock import end_of
from reprieve.living.store.engine import (
    make_engine,
    queue_for_evidence,
    session_of,
    shown_url,
    store_url,
)
from reprieve.living.store.errors import FaultyChangeError, StoreError
from reprieve.living.store.history import RowChange, changes_between, history
from reprieve.living.store.importing import differences, refuse_to_lose
from reprieve.living.store.locks import locked
from reprieve.living.store.migrating import migrate
from reprieve.living.store.models import EvidenceRow, Revision
from reprieve.living.store.permissions import Deed, Who, acting
from reprieve.living.store.proposing import Proposed, propose
from reprieve.living.store.states import (
    StoredRow,
    date_of,
    evidence_at,
    last_batch,
    present_rows,
    stored,
)

Day = datetime.datetime | datetime.date | str
"""A moment; a day means its end, in UTC."""


def open_store(where: str | Path, *, create: bool = True) -> Store:
    """Open a store, and bring its tables up to date.

    Parameters
    ----------
    where : str or Path
        A file name (SQLite) or an address: ``sqlite:///team.db``,
        ``postgresql://user@host/database``.
    create : bool
        Whether to make a store where there is none.

    Returns
    -------
    Store

    Raises
    ------
    StoreError
        If the database can't be reached, is of a newer Reprieve, or is something else.
    InputError
        If `where` is no such address.

    Examples
    --------
    >>> with open_store(":memory:") as store:
    ...     _ = store.accounts.add("a.reader", "admin")
    ...     store.import_package(load_evidence(), who="a.reader", why="the snapshot").batch
    1
    """
    url = store_url(where)
    if not create and url.drivername == "sqlite" and not Path(url.database or "").exists():
        raise StoreError(
            f"there is no store in {shown_url(url)}; make one with `reprieve store init`"
        )
    engine = make_engine(url)
    try:
        migrate(engine, create=create)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine)


@dataclass(frozen=True)
class Imported:
    """What an import changed.

    Attributes
    ----------
    batch : int or None
        None where the store held all of it already.
    inserted, updated, deleted : int
        Rows.
    """

    batch: int | None
    inserted: int
    updated: int
    deleted: int


class Store:
    """A store; `open_store` gives one.

    Every method is one transaction: all of it happens, or nothing. Where several things must
    happen together, `writing` gives the transaction and the functions of this room take its
    session.

    Parameters
    ----------
    engine : Engine
        Of a database whose tables are up to date.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.origin = shown_url(engine.url)
        self.accounts = Accounts(engine)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        """The store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def reading(self) -> AbstractContextManager[Session]:
        """A session that sees one state of the whole store, whatever others write meanwhile."""
        return session_of(self.engine, writes=False)

    def writing(self) -> AbstractContextManager[Session]:
        """A session that writes: all is committed at the end of the block, or nothing.

        SQLite lets one writer in at a time. In PostgreSQL writers run side by side: read rows
        that will be changed with ``select(…).with_for_update()``.
        """
        return session_of(self.engine, writes=True)

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold a lock while the block runs; see `locks.locked`."""
        return locked(self.engine, name)

    # Evidence -----------------------------------------------------------------------------

    def evidence(self, as_of: Day | None = None) -> Evidence:
        """The evidence now, or as it stood at a moment.

        Raises
        ------
        InputError
            If nothing was in the store then.
        """
        with self.reading() as session:
            return evidence_at(session, None if as_of is None else end_of(as_of), self.origin)

    def export_package(self, folder: str | Path, *, as_of: Day | None = None) -> Evidence:
        """Write the evidence as a package, and hand it back too."""
        evidence = self.evidence(as_of)
        write_package(evidence, Path(folder))
        return evidence

    def import_package(
        self, package: Evidence | str | Path, *, who: Who, why: str, replace: bool = False
    ) -> Imported:
        """Make the evidence in the store that of a package; only what differs is written.

        Parameters
        ----------
        package : Evidence, str or Path
        who, why : str
            Who brings it in (an editor), and why.
        replace : bool
            Whether the package also wins over rows that were changed in the store, and over
            trials that it lacks.

        Raises
        ------
        FaultyChangeError
            If the package does not pass the gates.
        ConflictError
            If it would take out whole trials, or change rows that were changed here, without
            `replace`.
        """
        evidence = package if isinstance(package, Evidence) else load_evidence(package)
        faults = [fault for fault in gates(evidence) if fault.level == "error"]
        if faults:
            raise FaultyChangeError(faults)
        cells = cells_of(evidence)
        with self.writing() as session:
            user = acting(session, who, "import")
            queue_for_evidence(session)
            present = present_rows(session)
            changes = differences(present, cells)
            if not replace:
                refuse_to_lose(session, changes, present.get("studies", []))
            last = last_batch(session)
            if not changes and last is not None and evidence.date in ("", date_of(last)):
                return Imported(None, 0, 0, 0)
            batch = write_batch(
                session, user, changes, why=why, kind="import", package_date=evidence.date
            )
            return Imported(
                batch.id if batch else None,
                *(sum(isinstance(c, kind) for c in changes) for kind in (Insert, Update, Delete)),
            )

    def propose(self, package: Evidence | str | Path, *, who: Who, why: str) -> Proposed:
        """Put rows that a program read beside what is there; see `proposing.propose`.

        Nothing that stands in the store is changed. People verify the rows, one by one.

        Raises
        ------
        InputError
            If a row of the package has been read by a person.
        FaultyChangeError
            If a trial would not pass the gates.
        """
        evidence = package if isinstance(package, Evidence) else load_evidence(package)
        cells = cells_of(evidence)
        with self.writing() as session:
            return propose(session, acting(session, who, "propose"), cells, why=why)

    def rows(self, table: str, study_id: str, **cells: str | None) -> list[StoredRow]:
        """Rows of a trial, with what it takes to change them.

        Parameters
        ----------
        table : str
        study_id : str
        **cells
            Only rows with these values: ``month="12"``.

        Raises
        ------
        UnknownWordError
            If there is no such table or column.
        """
        if table not in ALL_TABLES:
            raise UnknownWordError("table", table, ALL_TABLES)
        known = [column.name for column in columns_of(table)]
        for name in cells:
            if name not in known:
                raise UnknownWordError(f"column of {table}", name, known)
        wanted = (
            select(EvidenceRow)
            .where(EvidenceRow.study_id == study_id, EvidenceRow.table_name == table)
            .order_by(EvidenceRow.position)
        )
        with self.reading() as session:
            found = [stored(row) for row in session.scalars(wanted)]
        return [row for row in found if cells.items() <= row.cells.items()]

    def change(
        self, changes: Sequence[Change], *, who: Who, why: str, kind: str = "edit"
    ) -> int | None:
        """Insert, update and delete rows together: all, or none if one is refused.

        Parameters
        ----------
        changes : sequence of Insert, Update or Delete
        who, why : str
        kind : {"edit", "proposal", "verification", "adjudication"}

        Returns
        -------
        int or None
            The batch, for `undo`; None where all was as wanted already.

        Raises
        ------
        ConflictError
            If a row is not at its expected version; nothing is lost on either side.
        FaultyChangeError
            If a trial would not pass the gates.
        AccessError
            If `who` may not.
        """
        if kind not in DEEDS:
            raise UnknownWordError("kind of change", kind, DEEDS)
        with self.writing() as session:
            user = acting(session, who, DEEDS[kind])
            batch = write_batch(session, user, changes, why=why, kind=kind)
            return batch.id if batch else None

    def edit(
        self,
        row_id: int,
        cells: Mapping[str, Any],
        *,
        who: Who,
        why: str,
        expected_version: int | None = None,
    ) -> int | None:
        """Give some columns of one row new values; errors and result as for `change`."""
        return self.change([Update(row_id, cells, expected_version)], who=who, why=why)

    def verify(self, row_ids: Sequence[int], *, who: Who, why: str) -> int | None:
        """Say of auto-extracted rows that a person held them against their source.

        Their flag ``unverified`` goes, and they count as read once. Errors and result as for
        `change`.
        """
        with self.writing() as session:
            user = acting(session, who, "verify")
            queue_for_evidence(session)
            rows = session.scalars(select(EvidenceRow).where(EvidenceRow.id.in_(row_ids))).all()
            changes = [Update(row.id, _verified(row.cells)) for row in rows]
            lost = set(row_ids) - {row.id for row in rows}
            changes += [Update(row_id, {}) for row_id in sorted(lost)]
            batch = write_batch(session, user, changes, why=why, kind="verification")
            return batch.id if batch else None

    def undo(
        self, *, batch: int | None = None, revision: int | None = None, who: Who, why: str = "undo"
    ) -> int:
        """Take back a batch, or one revision of it; the undoing is itself a batch.

        People take back their own changes; those of others take an editor.

        Parameters
        ----------
        batch, revision : int
            One of the two, as `history` gives them.
        who, why : str

        Returns
        -------
        int
            The new batch.

        Raises
        ------
        InputError
            If there is no such batch or revision.
        ConflictError
            If a row was changed again since.
        FaultyChangeError
            If what was built on the change would be left hanging.
        """
        if (batch is None) == (revision is None):
            raise InputError("say either which batch or which revision to undo")
        with self.writing() as session:
            chosen = select(Revision).order_by(Revision.id.desc())
            revisions = session.scalars(
                chosen.where(Revision.batch_id == batch)
                if batch is not None
                else chosen.where(Revision.id == revision)
            ).all()
            if not revisions:
                named = f"batch {batch}" if batch is not None else f"revision {revision}"
                raise InputError(
                    f"there is no {named} with changes; `reprieve store history` lists them"
                )
            user = acting(session, who, "edit")
            if revisions[0].batch.user_id != user.id:
                acting(session, who, "undo")
            done = write_batch(
                session, user, [TakeBack(found) for found in revisions], why=why, kind="undo"
            )
            assert done is not None
            return done.id

    def history(
        self,
        *,
        study_id: str | None = None,
        row_id: int | None = None,
        batch: int | None = None,
        before: int | None = None,
        limit: int | None = 100,
    ) -> list[RowChange]:
        """The revisions of a trial, a row, a batch or all, the newest first; see `history`."""
        with self.reading() as session:
            return history(
                session,
                study_id=study_id,
                row_id=row_id,
                batch_id=batch,
                before=before,
                limit=limit,
            )

    def diff(self, start: Day, end: Day | None = None) -> list[RowChange]:
        """How the evidence at `end` (now) differs from that at `start`; `told` gives sentences."""
        with self.reading() as session:
            return changes_between(session, end_of(start), None if end is None else end_of(end))


DEEDS: dict[str, Deed] = {
    "edit": "edit",
    "proposal": "propose",
    "verification": "verify",
    "adjudication": "adjudicate",
}
"""Kinds of change that `Store.change` makes, and what each takes."""


def _verified(cells: Mapping[str, str | None]) -> dict[str, str | None]:
    """What changes in a row when a person has held it against its source."""
    changed: dict[str, str | None] = {}
    if cells.get("flag") == UNVERIFIED:
        changed["flag"] = None
    if cells.get("readings") == "0":
        changed["readings"] = "1"
    return changed
