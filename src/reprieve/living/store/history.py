"""What changed, who changed it and why: revision by revision, and between two moments."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from reprieve.errors import InputError
from reprieve.living.store.cells import Cells, name_of
from reprieve.living.store.clock import now
from reprieve.living.store.models import Batch, Revision
from reprieve.living.store.states import last_batch, standing_at
from reprieve.living.store.words import author, day

_WITH_AUTHOR = joinedload(Revision.batch).joinedload(Batch.user)


@dataclass(frozen=True)
class RowChange:
    """One row changed: by one revision, or all in all between two moments.

    Attributes
    ----------
    revision, batch : int
        The (last) revision and its batch; what `undo` takes.
    at : datetime
    who, why : str
    kind : str
        As `Batch.kind`.
    table, study_id, label : str
        `label` is how people name the trial.
    row_id : int
    before, after : dict or None
        All cells; None where the row was not there.
    undoes : int or None
        The revision that this one took back.
    """

    revision: int
    batch: int
    at: datetime.datetime
    who: str
    why: str
    kind: str
    table: str
    study_id: str
    label: str
    row_id: int
    before: Cells | None
    after: Cells | None
    undoes: int | None = None

    @property
    def columns(self) -> dict[str, tuple[str | None, str | None]]:
        """Columns that differ: old and new value."""
        before, after = self.before or {}, self.after or {}
        names = dict.fromkeys([*before, *after])
        return {n: (before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n)}

    @property
    def words(self) -> str:
        """The change in a sentence, with its author, day and reason."""
        cells = self.after or self.before or {}
        what = f"{self.label}: {name_of(self.table, cells)}"
        if self.before is None:
            told = f"{what} came in{_values(self.table, cells)}"
        elif self.after is None:
            told = f"{what} was taken out{_values(self.table, cells)}"
        elif set(self.columns) <= {"flag", "readings"} and self.before.get("readings") == "0":
            told = f"{what} was verified{_values(self.table, cells)}"
        else:
            differing = [
                f"{column.replace('_', ' ')} changed from {old or 'empty'} to {new or 'empty'}"
                for column, (old, new) in self.columns.items()
            ]
            told = f"{what}: {', '.join(differing) or 'moved within its table'}"
        return f"{told} ({self.who}, {day(self.at)}: {self.why})"


_SHOWN = {
    "outcomes": ("mean", "sd", "median", "n"),
    "contrasts": ("estimate", "ci_low", "ci_high"),
    "events": ("events", "n"),
}


def _values(table: str, cells: Cells) -> str:
    shown = [f"{name} {cells[name]}" for name in _SHOWN.get(table, ()) if cells.get(name)]
    return f", {', '.join(shown)}" if shown else ""


def history(
    session: Session,
    *,
    study_id: str | None = None,
    row_id: int | None = None,
    batch_id: int | None = None,
    before: int | None = None,
    limit: int | None = 100,
) -> list[RowChange]:
    """The revisions of a trial, a row or a batch (or all), the newest first.

    Parameters
    ----------
    session : Session
    study_id, row_id, batch_id : optional
        What to look at.
    before : int, optional
        Only revisions with a smaller number: the next page.
    limit : int or None
        None for all.
    """
    revisions = select(Revision).options(_WITH_AUTHOR).order_by(Revision.id.desc()).limit(limit)
    for column, value in (
        (Revision.study_id, study_id),
        (Revision.row_id, row_id),
        (Revision.batch_id, batch_id),
    ):
        if value is not None:
            revisions = revisions.where(column == value)
    if before is not None:
        revisions = revisions.where(Revision.id < before)
    found = session.scalars(revisions).all()
    labels = _labels(session, {revision.study_id for revision in found})
    return [_change(revision, revision.before, revision.after, labels) for revision in found]


def changes_between(
    session: Session, start: datetime.datetime, end: datetime.datetime | None
) -> list[RowChange]:
    """All in all, how the evidence at `end` (None: now) differs from that at `start`, row by row.

    A row that was changed and changed back is no difference; of several changes the last
    author is named. In the order of the changes.

    Raises
    ------
    InputError
        If `end` lies before `start`: nobody took out what came in between.
    """
    first, last = last_batch(session, start), last_batch(session, end)
    if end is None and start > now() and first == last:
        raise InputError(
            f"{start:%Y-%m-%d %H:%M} UTC is still to come, and nothing can have changed since; "
            "give an earlier day (a day means its end), or a time such as 2026-03-01T08:00"
        )
    if end is not None and end < start:
        raise InputError(
            f"{end:%Y-%m-%d %H:%M} UTC lies before {start:%Y-%m-%d %H:%M} UTC; "
            "give the earlier day first"
        )
    old, new = (first.id if first else 0), (last.id if last else 0)
    changed = (
        select(Revision.row_id)
        .where(Revision.batch_id > old, Revision.batch_id <= new)
        .scalar_subquery()
    )
    states = {
        batch_id: {
            revision.row_id: revision
            for revision in session.scalars(
                standing_at(batch_id).where(Revision.row_id.in_(changed)).options(_WITH_AUTHOR)
            )
        }
        for batch_id in (old, new)
    }
    pairs = [
        (states[old].get(row), states[new].get(row), revision)
        for row, revision in sorted(states[new].items(), key=lambda item: item[1].id)
    ]
    labels = _labels(session, {revision.study_id for _, _, revision in pairs})
    differing = []
    for was, stands, revision in pairs:
        before, after = was.after if was else None, stands.after if stands else None
        if before != after:
            differing.append(_change(revision, before, after, labels))
    return differing


def _change(
    revision: Revision,
    before: Cells | None,
    after: Cells | None,
    labels: dict[str, str],
) -> RowChange:
    batch = revision.batch
    return RowChange(
        revision=revision.id,
        batch=batch.id,
        at=batch.at,
        who=author(batch.user),
        why=batch.why,
        kind=batch.kind,
        table=revision.table_name,
        study_id=revision.study_id,
        label=labels.get(revision.study_id, revision.study_id),
        row_id=revision.row_id,
        before=before,
        after=after,
        undoes=revision.undoes,
    )


def _labels(session: Session, trials: set[str]) -> dict[str, str]:
    """How people name the trials, those that are gone by their last name."""
    studies = select(Revision).where(Revision.table_name == "studies").order_by(Revision.id)
    if len(trials) <= 500:
        studies = studies.where(Revision.study_id.in_(trials))
    cells = {row.study_id: row.after or row.before or {} for row in session.scalars(studies)}
    return {study_id: row["label"] or study_id for study_id, row in cells.items()}


def told(changes: Sequence[RowChange]) -> list[str]:
    """The changes in sentences; a trial that came or went as a whole takes one.

    Examples
    --------
    >>> told([])
    []
    """
    whole: dict[tuple[str, bool], RowChange] = {
        (change.study_id, change.before is None): change
        for change in changes
        if change.table == "studies" and (change.before is None or change.after is None)
    }
    lines: list[str] = []
    counted: dict[tuple[str, bool], dict[str, int]] = {key: {} for key in whole}
    for change in changes:
        key = (change.study_id, change.before is None)
        if key in whole and (change.before is None or change.after is None):
            counted[key][change.table] = counted[key].get(change.table, 0) + 1
        else:
            lines.append(change.words)
    for (_, came), change in whole.items():
        counts = counted[change.study_id, came]
        parts = [f"{n} {t if n != 1 else t[:-1]}" for t, n in counts.items() if t != "studies"]
        rows = f" with {', '.join(parts)}" if parts else ""
        lines.append(
            f"{change.label} {'came in' if came else 'was taken out'}{rows} "
            f"({change.who}, {day(change.at)}: {change.why})"
        )
    return lines
