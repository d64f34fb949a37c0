"""How far screening has come, in the numbers that a flow diagram asks for."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reprieve.living.store.models import Decision, Ranking, User, WorkItem
from reprieve.living.worklists.decisions import adjudication, by_reviewers, still_standing
from reprieve.living.worklists.words import REASONS, TAKEN_BACK


@dataclass(frozen=True, slots=True)
class ScreeningProgress:
    """How far a screening has come.

    Attributes
    ----------
    records, waiting, half, conflicts, included, excluded : int
        All records; those that nobody, and those that one person has decided on; those on which
        two disagree; and those that are done.
    by_reason : dict of str to int
        Of those excluded, in the order of the list of reasons; one reason a record.
    by_reviewer : dict of str to int
        Decisions of each, those taken back left out.
    trained : datetime or None
        When the model was last trained; None where it has not been.
    trained_on : int
        Records that it learned from.
    recall : dict or None
        What the stopping rule said then, as `Stopping.to_dict`.
    advice : str
        The same in words.
    """

    records: int
    waiting: int
    half: int
    conflicts: int
    included: int
    excluded: int
    by_reason: dict[str, int]
    by_reviewer: dict[str, int]
    trained: datetime.datetime | None
    trained_on: int
    recall: dict[str, Any] | None
    advice: str

    def to_dict(self) -> dict[str, Any]:
        """The numbers as JSON can hold them."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {"trained": self.trained.isoformat() if self.trained else None}


def screening_progress(session: Session) -> ScreeningProgress:
    """Count the list for screening as it stands."""
    grouped = (
        select(WorkItem.state, WorkItem.outcome, WorkItem.decided, func.count())
        .where(WorkItem.kind == "screening")
        .group_by(WorkItem.state, WorkItem.outcome, WorkItem.decided)
    )
    counts: Counter[tuple[str, str | None]] = Counter()
    for state, outcome, decided, times in session.execute(grouped):
        undecided = "half" if decided else "waiting"
        counts[state, outcome if state == "done" else undecided] += times
    ranking = session.scalar(
        select(Ranking).where(Ranking.kind == "screening").order_by(Ranking.id.desc()).limit(1)
    )
    conflicts = sum(times for (state, _), times in counts.items() if state == "conflict")
    return ScreeningProgress(
        records=counts.total(),
        waiting=counts["open", "waiting"],
        half=counts["open", "half"],
        conflicts=conflicts,
        included=counts["done", "include"],
        excluded=counts["done", "exclude"],
        by_reason=_reasons(session),
        by_reviewer=_reviewers(session),
        trained=ranking.at if ranking else None,
        trained_on=ranking.trained_on if ranking else 0,
        recall=ranking.data["stopping"] if ranking else None,
        advice=ranking.data["advice"] if ranking else "",
    )


def _reasons(session: Session) -> dict[str, int]:
    """The one reason that is reported for each excluded record."""
    every = (
        select(Decision)
        .join(WorkItem, WorkItem.id == Decision.item_id)
        .where(WorkItem.kind == "screening", WorkItem.outcome == "exclude")
        .order_by(Decision.item_id, Decision.id)
    )
    of_item: dict[int, list[Decision]] = defaultdict(list)
    for decision in session.scalars(every):
        of_item[decision.item_id].append(decision)
    counts = Counter(reported_reason(decisions) for decisions in of_item.values())
    return {reason: counts[reason] for reason in REASONS if counts[reason]}


def reported_reason(decisions: list[Decision]) -> str:
    """The reason for which a record is out: the adjudicator's, else the first in the list's order.

    Examples
    --------
    >>> reported_reason([Decision(id=1, part="reviewer", decision="exclude", reason=reason)
    ...                  for reason in ("wrong_design", "wrong_population")])
    'wrong_population'
    """
    stand = still_standing(decisions)
    settled = adjudication(stand)
    if settled is not None:
        return settled.reason
    given = {d.reason for d in by_reviewers(stand)}
    return next(reason for reason in REASONS if reason in given)


def _reviewers(session: Session) -> dict[str, int]:
    """Decisions that stand, by reviewer."""
    back = Decision.decision == TAKEN_BACK
    made = (
        select(User.name, func.count())
        .join(Decision, Decision.user_id == User.id)
        .join(WorkItem, WorkItem.id == Decision.item_id)
        .where(
            WorkItem.kind == "screening",
            Decision.part == "reviewer",
            ~back,
            Decision.id.not_in(select(Decision.undoes).where(back)),
        )
        .group_by(User.name)
        .order_by(User.name)
    )
    return dict(session.execute(made).all())
