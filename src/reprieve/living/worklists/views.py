"""What a person may see of an item: reviewers stay blind to each other until both have decided."""

from __future__ import annotations

import datetime
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from reprieve.living.store.models import Decision, User, WorkItem
from reprieve.living.store.records import record_of
from reprieve.living.worklists.decisions import REVIEWER, still_standing


@dataclass(frozen=True, slots=True)
class DecisionView:
    """One decision, as people see it.

    Attributes
    ----------
    id : int
        What `take_back` takes.
    who : str
    at : datetime
    part : {"reviewer", "adjudicator"}
    decision, reason, note : str
    data : dict or None
        Extracted rows or judgements.
    """

    id: int
    who: str
    at: datetime.datetime
    part: str
    decision: str
    reason: str
    note: str
    data: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class ItemView:
    """One item, as one person sees it.

    Attributes
    ----------
    id, kind, subject, title, study_id, state, outcome, priority, needs, decided, version
        As in the store's `WorkItem`.
    record : dict or None
        Of the record concerned: source, id, condition, and what recognising made of it; with
        `text`, also its abstract and address.
    mine : DecisionView or None
        What this person decided.
    decisions : tuple of DecisionView
        Everyone's decisions; of reviewers only once all have decided.
    """

    id: int
    kind: str
    subject: str
    title: str
    study_id: str | None
    state: str
    outcome: str | None
    priority: float
    needs: int
    decided: int
    version: int
    data: dict[str, Any]
    record: dict[str, Any] | None
    mine: DecisionView | None
    decisions: tuple[DecisionView, ...]

    def to_dict(self) -> dict[str, Any]:
        """The item as JSON can hold it."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def views(
    session: Session, items: list[WorkItem], user: User, *, text: bool = False
) -> list[ItemView]:
    """Items as a person may see them; with `text` also what records say."""
    ids = [item.id for item in items]
    every = (
        select(Decision)
        .where(Decision.item_id.in_(ids))
        .options(joinedload(Decision.user))
        .order_by(Decision.id)
    )
    of_item: dict[int, list[Decision]] = {item_id: [] for item_id in ids}
    for decision in session.scalars(every):
        of_item[decision.item_id].append(decision)
    return [_view(session, item, user, of_item[item.id], text) for item in items]


def _view(
    session: Session, item: WorkItem, user: User, decisions: list[Decision], text: bool
) -> ItemView:
    stand = still_standing(decisions)
    shown = [d for d in stand if item.state != "open" or d.user_id == user.id]
    mine = [d for d in stand if d.user_id == user.id and d.part == REVIEWER]
    return ItemView(
        id=item.id,
        kind=item.kind,
        subject=item.subject,
        title=item.title,
        study_id=item.study_id,
        state=item.state,
        outcome=item.outcome,
        priority=item.priority,
        needs=item.needs,
        decided=item.decided,
        version=item.version,
        data=dict(item.data),
        record=_record(session, item, text),
        mine=decision_view(mine[0]) if mine else None,
        decisions=tuple(map(decision_view, shown)),
    )


def decision_view(decision: Decision) -> DecisionView:
    """A decision as people see it."""
    return DecisionView(
        id=decision.id,
        who=decision.user.name,
        at=decision.at,
        part=decision.part,
        decision=decision.decision,
        reason=decision.reason,
        note=decision.note,
        data=decision.data,
    )


def _record(session: Session, item: WorkItem, text: bool) -> dict[str, Any] | None:
    row = item.record
    if row is None:
        return None
    shown: dict[str, Any] = {
        "source": row.source,
        "id": row.source_id,
        "condition": row.condition,
        "recognised": row.recognised,
    }
    if text:
        record = record_of(session, row)
        shown |= {
            "url": record.url,
            "summary": record.summary,
            "conditions": list(record.conditions),
            "interventions": [i.name for i in record.interventions],
            "design": ", ".join(filter(None, (record.study_type, record.allocation))),
            "enrollment": record.enrollment,
            "year": record.year,
            "journal": record.journal,
        }
    return shown


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value.isoformat() if isinstance(value, datetime.datetime) else value
