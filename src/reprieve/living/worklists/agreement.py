"""How far reviewers agreed: before they saw each other's decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from reprieve.living.screening import Agreement, cohen_kappa
from reprieve.living.store.models import Decision, User, WorkItem

Pair = tuple[tuple[str, str], tuple[str, str]]
"""Two reviewers, each with what they decided."""


@dataclass(frozen=True, slots=True)
class ScreeningAgreement:
    """Agreement on screening.

    Attributes
    ----------
    overall : Agreement
        Of all records that two people have decided on.
    by_pair : dict of (str, str) to Agreement
        Of each two people, by their names.
    """

    overall: Agreement
    by_pair: dict[tuple[str, str], Agreement]

    def to_dict(self) -> dict[str, Any]:
        """The numbers as JSON can hold them."""
        return {
            "overall": self.overall.to_dict(),
            "by_pair": [
                {"reviewers": list(pair), **found.to_dict()} for pair, found in self.by_pair.items()
            ],
        }


def screening_agreement(session: Session) -> ScreeningAgreement:
    """Cohen's κ of include, exclude and maybe, as they stood when the two first met.

    What people changed after they had seen each other's decisions does not count.
    """
    every = (
        select(Decision.item_id, Decision.id, Decision.part, Decision.undoes, Decision.decision)
        .add_columns(User.name)
        .join(User, User.id == Decision.user_id)
        .join(WorkItem, WorkItem.id == Decision.item_id)
        .where(WorkItem.kind == "screening")
        .order_by(Decision.item_id, Decision.id)
    )
    of_item: dict[int, list[Any]] = defaultdict(list)
    for row in session.execute(every):
        of_item[row.item_id].append(row)
    pairs = [pair for rows in of_item.values() if (pair := _first_met(rows))]
    of_pair: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        of_pair[pair[0][0], pair[1][0]].append(pair)
    return ScreeningAgreement(
        _kappa(pairs), {names: _kappa(found) for names, found in sorted(of_pair.items())}
    )


def _first_met(rows: Iterable[Any]) -> Pair | None:
    """What the first two reviewers had decided when there were two for the first time."""
    stand: dict[int, tuple[str, str]] = {}
    for row in rows:
        if row.undoes is not None:
            stand.pop(row.undoes, None)
        elif row.part == "reviewer":
            stand[row.id] = (row.name, row.decision)
        if len(stand) == 2:
            first, second = sorted(stand.values())
            return first, second
    return None


def _kappa(pairs: list[Pair]) -> Agreement:
    return cohen_kappa([first[1] for first, _ in pairs], [second[1] for _, second in pairs])
