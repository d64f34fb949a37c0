"""The import gates at the door of the store: no batch may put an error into a trial."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from reprieve.evidence.check import gates
from reprieve.evidence.faults import Fault
from reprieve.living.store.cells import ALL_TABLES, Cells, evidence_of
from reprieve.living.store.errors import FaultyChangeError
from reprieve.living.store.models import EvidenceRow

_WHOLE = 50
"""From so many trials on all evidence is judged at once, which is quicker."""


def refuse_faults(session: Session, trials: Collection[str]) -> None:
    """Raise if the gates find an error in these trials as they stand in the session.

    What the trials name in other trials is looked at too: the rows by which another trial
    refers to one of them, and the trials that they refer to.

    Raises
    ------
    FaultyChangeError
        With all errors; the row numbers are those of the trial's rows in the store's order.
    """
    rows = _rows(session, trials)
    cells: dict[str, list[Cells]] = {table: [] for table in ALL_TABLES}
    for row in rows:
        cells[row.table_name].append(row.cells)
    faults = [
        fault
        for fault in gates(evidence_of(cells, date="", origin="the store"))
        if fault.level == "error"
    ]
    if faults:
        raise FaultyChangeError([_about(fault, cells) for fault in faults])


def _rows(session: Session, trials: Collection[str]) -> list[EvidenceRow]:
    every = select(EvidenceRow).order_by(EvidenceRow.table_name, EvidenceRow.position)
    if len(trials) >= _WHOLE:
        return list(session.scalars(every))
    own = list(session.scalars(every.where(EvidenceRow.study_id.in_(trials))))
    pointing = session.scalars(
        every.where(
            EvidenceRow.table_name == "cautions",
            EvidenceRow.cells["other_study_id"].as_string().in_(trials),
            EvidenceRow.study_id.not_in(trials),
        )
    ).all()
    named = {row.study_id for row in pointing}
    named |= {row.cells["other_study_id"] for row in own if row.table_name == "cautions"}
    named -= {*trials, None}
    others = every.where(EvidenceRow.table_name == "studies", EvidenceRow.study_id.in_(named))
    return [*own, *pointing, *session.scalars(others)]


def _about(fault: Fault, cells: dict[str, list[Cells]]) -> Fault:
    """The fault with its trial in the message: a row number means little in a store."""
    rows = cells[fault.file.removesuffix(".csv")]
    if fault.row is None or not 2 <= fault.row <= len(rows) + 1:
        return fault
    trial = rows[fault.row - 2]["study_id"]
    return Fault(
        fault.file, None, fault.column, f"{trial}: {fault.message}", fault.expected, fault.level
    )
