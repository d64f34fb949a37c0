"""A person says whether two records are about one trial."""

import pytest

from reprieve.errors import UnknownWordError
from reprieve.living.store import ConflictError
from reprieve.living.worklists import Joining
from reprieve.living.worklists.queueing import enqueue


def test_one_answer_is_enough(store):
    with store.writing() as session:
        assert enqueue(session, "joining", [{"subject": "NCT1|pubmed:2", "title": "?"}]) == 1
    joining = Joining(store)
    (item,) = joining.next(who="ada")
    with pytest.raises(UnknownWordError, match="same_trial"):
        joining.decide(item.id, "yes", who="ada")
    seen = joining.decide(item.id, "same_trial", who="ada")
    assert (seen.state, seen.outcome) == ("done", "same_trial")
    with pytest.raises(ConflictError):
        joining.decide(item.id, "other_trial", who="ben")
    assert joining.take_back(seen.mine.id, who="ada").state == "open"
