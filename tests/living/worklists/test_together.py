"""Many people at work on one list at once: nothing is lost, nothing done in vain."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from reprieve.living.store import ConflictError
from reprieve.living.store.models import Decision
from reprieve.living.worklists import Screening


@pytest.fixture
def crowd(store):
    """Eight reviewers."""
    names = [f"r{i}" for i in range(8)]
    for name in names:
        store.accounts.add(name, "reviewer", by="admin")
    return names


def test_each_record_gets_two_reviewers_and_every_decision_is_kept(store, keep, crowd):
    keep(*(f"paper {i}" for i in range(40)))
    screening = Screening(store)
    screening.queue(who="ada")

    def work(name):
        made = []
        while items := screening.next(who=name, count=2):
            for item in items:
                screening.decide(item.id, "include", who=name)
                made.append(item.id)
        return made

    with ThreadPoolExecutor(len(crowd)) as pool:
        made = [item for items in pool.map(work, crowd) for item in items]
    assert set(Counter(made).values()) == {2}
    assert len(made) == 80
    assert screening.progress(who="ada").included == 40
    with store.reading() as session:
        kept = Counter(d.item_id for d in session.query(Decision))
    assert kept == Counter(made)


def test_of_many_who_decide_on_one_record_two_are_first(store, keep, crowd):
    keep("one paper")
    screening = Screening(store)
    screening.queue(who="ada")
    (item,) = screening.page(who="ada")

    def work(name):
        try:
            return screening.decide(item.id, "include", who=name).version
        except ConflictError:
            return None

    with ThreadPoolExecutor(len(crowd)) as pool:
        versions = [v for v in pool.map(work, crowd) if v is not None]
    assert sorted(versions) == [2, 3]
    assert screening.show(item.id, who="ada").state == "done"
