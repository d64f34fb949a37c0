"""What the log of a version says besides its results: searches, flow of records, who did what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from reprieve.evidence.records import Evidence
from reprieve.living.store.models import (
    Batch,
    Decision,
    FetchedRecord,
    Revision,
    Search,
    Version,
    WorkItem,
)
from reprieve.updates.changes import Difference
from reprieve.updates.kept import SOFTWARE
from reprieve.updates.steps.queueing import copies_of
from reprieve.updates.versions import SearchLog, VersionFlow

_MOST_NAMED = 3
"""Reasons that are named; a person may give one a row."""


def searches(session: Session, since: datetime | None) -> tuple[SearchLog, ...]:
    """The searches that were finished since a moment."""
    rows = session.scalars(
        select(Search)
        .where(Search.finished.is_not(None), _after(Search.finished, since))
        .order_by(Search.id)
    )
    return tuple(
        SearchLog(
            source=row.source,
            query=row.query,
            since=row.since,
            started=row.started.isoformat(timespec="seconds"),
            finished=row.finished.isoformat(timespec="seconds") if row.finished else "",
            found=row.found,
            new=row.new,
            changed=row.changed,
            unchanged=row.unchanged,
            vanished=row.vanished,
        )
        for row in rows
    )


def record_flow(session: Session, evidence: Evidence, since: datetime | None) -> VersionFlow:
    """How many records came since a moment, and what became of them."""
    recent = _after(FetchedRecord.changed, since)
    copies = copies_of(session)
    rows = session.execute(
        select(
            FetchedRecord.id,
            FetchedRecord.source,
            FetchedRecord.is_cell_therapy,
            FetchedRecord.condition,
        ).where(recent)
    ).all()
    no_cells = [row for row in rows if not row.is_cell_therapy]
    screening = WorkItem.kind == "screening"
    done = select(func.count()).where(screening, WorkItem.state == "done")
    return VersionFlow(
        identified=dict(sorted(Counter(row.source for row in rows).items())),
        duplicates=sum(row.id in copies for row in rows),
        not_cell_therapy=len(no_cells),
        other_condition=sum(bool(row.is_cell_therapy) and not row.condition for row in rows),
        to_screen=_count(session, select(func.count()).where(
            screening, _after(WorkItem.created, since))),
        screened=_count(session, done),
        included=_count(session, done.where(WorkItem.outcome == "include")),
        excluded=_reasons(session),
        waiting=_count(session, select(func.count()).where(screening, WorkItem.state != "done")),
        trials=evidence.studies.height,
        people=int(evidence.studies["n_randomised"].sum()),
    )  # fmt: skip


def triggers(
    session: Session,
    last: Version | None,
    flow: VersionFlow,
    batch: int,
    judged: Collection[str],
    software: str,
    differences: Sequence[Difference],
    retire: str,
) -> tuple[str, ...]:
    """What calls for a new version; nothing where there is no news."""
    if last is None:
        return ("the first version",)
    why = []
    if batch != last.batch_id:
        kinds = Counter(
            kind
            for (kind,) in session.execute(
                select(Batch.kind).where(Batch.id > (last.batch_id or 0))
            )
        )
        named = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        why.append(f"the evidence changed ({named})")
    if judged:
        trials = "1 trial" if len(judged) == 1 else f"{len(judged)} trials"
        why.append(f"the risk of bias of {trials} was judged or judged anew")
    if flow.to_screen:
        why.append(f"{flow.to_screen} new records for reviewers")
    if last.data[SOFTWARE] != software:
        why.append(f"Reprieve {software} in place of {last.data[SOFTWARE]}")
    for kind, told in (
        ("retracted", "a report of a trial was retracted"),
        ("silent", "results of registered trials became overdue"),
    ):
        if any(change.kind == kind for found in differences for change in found.changes):
            why.append(told)
    if not why and differences:
        why.append("what is known of registered trials changed")
    if retire:
        why.append("the review is retired")
    return tuple(why)


def methods(last: Version | None, software: str) -> tuple[str, ...]:
    """Changes to methods: another version of the software may compute in another way."""
    if last is None or last.data[SOFTWARE] == software:
        return ()
    return (
        f"computed by Reprieve {software}; the version before by {last.data[SOFTWARE]} "
        "(its changelog says what is computed otherwise)",
    )


def people(session: Session, last: Version | None) -> tuple[str, ...]:
    """Who changed the evidence since the last version, as what, and why."""
    rows = session.execute(
        select(Batch, func.count(Revision.id))
        .outerjoin(Revision, Revision.batch_id == Batch.id)
        .where(Batch.id > ((last.batch_id if last else None) or 0))
        .group_by(Batch.id)
        .order_by(Batch.id)
    ).all()
    done: dict[tuple[str, str], list[tuple[Batch, int]]] = {}
    for batch, changed in rows:
        user = batch.user
        part = user.kind if user.kind == "program" else user.role
        done.setdefault((f"{user.full_name or user.name} ({part})", batch.kind), []).append(
            (batch, changed)
        )
    return tuple(_deeds(name, kind, batches) for (name, kind), batches in done.items())


def _deeds(name: str, kind: str, batches: Sequence[tuple[Batch, int]]) -> str:
    days = sorted({f"{batch.at:%Y-%m-%d}" for batch, _ in batches})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    reasons = list(dict.fromkeys(batch.why for batch, _ in batches))
    why = "; ".join(reasons[:_MOST_NAMED])
    more = f" and {len(reasons) - _MOST_NAMED} other reasons" * (len(reasons) > _MOST_NAMED)
    changed = sum(rows for _, rows in batches)
    return f"{name}: {kind} of {changed} row{'s' * (changed != 1)}, {when}: {why}{more}"


def _reasons(session: Session) -> dict[str, int]:
    """Reasons for which records were excluded; each record counts with its last one."""
    rows = session.execute(
        select(Decision.item_id, Decision.reason)
        .join(Decision.item)
        .where(
            WorkItem.kind == "screening",
            WorkItem.outcome == "exclude",
            Decision.decision == "exclude",
        )
        .order_by(Decision.id)
    ).all()
    last = {row.item_id: row.reason for row in rows}
    return dict(Counter(last.values()).most_common())


def _count(session: Session, query: Select[int]) -> int:
    return session.scalar(query) or 0


def _after(
    column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    since: datetime | None,
) -> ColumnElement[bool]:
    return true() if since is None else column > since
