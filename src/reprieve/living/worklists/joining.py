"""Records of which only a person can say whether they are about one trial."""

from __future__ import annotations

from collections.abc import Sequence

from reprieve.living.store.models import Decision, WorkItem
from reprieve.living.store.permissions import Who
from reprieve.living.worklists import decisions as deciding
from reprieve.living.worklists.views import ItemView, views
from reprieve.living.worklists.words import check_decision
from reprieve.living.worklists.worklist import Verdict, WorkList


class Joining(WorkList):
    """The list of pairs of records that may be about one trial.

    The answer is kept as the item's outcome; whoever joins records into trial threads asks for it.

    Parameters
    ----------
    store : Store
    """

    kind = "joining"

    def decide(self, item_id: int, decision: str, *, who: Who, note: str = "") -> ItemView:
        """Say ``"same_trial"`` or ``"other_trial"``.

        Raises
        ------
        InputError
            If it is neither.
        ConflictError
            If someone has decided already.
        """
        check_decision(self.kind, decision, "", note)
        with self._store.writing() as session:
            item = deciding.find_item(session, item_id, self.kind, lock=True)
            stand = deciding.standing(session, item)
            user = deciding.as_reviewer(session, who, item, stand)
            stand.append(
                deciding.append(session, item, user, deciding.REVIEWER, decision, note=note)
            )
            deciding.move(item, *self._verdict(item, stand), stand)
            return views(session, [item], user)[0]

    def _verdict(self, item: WorkItem, decisions: Sequence[Decision]) -> Verdict:
        decided = deciding.by_reviewers(decisions)
        return ("done", decided[-1].decision) if decided else ("open", None)
