"""Pages of a work list."""

import random

import pytest
from sqlalchemy import insert, text
from sqlalchemy.dialects import postgresql, sqlite

from reprieve.errors import InputError
from reprieve.living.store.clock import now
from reprieve.living.store.models import WorkItem
from reprieve.living.store.pages import page_query

INDEX = "ix_work_items_kind_state_priority_id_half_by"


@pytest.fixture
def listed(store):
    """A store with 3,000 items of two kinds, many with the same priority."""
    chance = random.Random(1)
    moment = now()
    with store.writing() as session:
        session.execute(
            insert(WorkItem),
            [
                {"kind": "screening" if i % 3 else "extraction", "subject": str(i),
                 "state": "done" if i % 5 == 0 else "open", "data": {},
                 "priority": round(chance.random(), 2), "created": moment, "changed": moment}
                for i in range(3000)
            ],
        )  # fmt: skip
        session.execute(text("ANALYZE"))
    return store


def pages(session, kind, limit, after=None):
    while items := session.scalars(page_query(kind, after=after, limit=limit)).all():
        yield items
        after = (items[-1].priority, items[-1].id)


def test_pages_hold_each_item_once_in_order(listed):
    with listed.reading() as session:
        items = [item for page in pages(session, "screening", 64) for item in page]
    assert {(item.kind, item.state) for item in items} == {("screening", "open")}
    places = [(item.priority, item.id) for item in items]
    assert places == sorted(set(places), reverse=True)
    assert len(places) == 1600


def test_pages_that_there_are_not(listed):
    for asked, said in (({"limit": 0}, "at least one item"), ({"limit": -1}, "at least one item"),
                        ({"after": (float("nan"), 1)}, "no number")):  # fmt: skip
        with pytest.raises(InputError, match=said):
            page_query("screening", **asked)


def test_an_item_done_meanwhile_does_not_shift_the_next_page(listed):
    with listed.reading() as session:
        first, expected, *_ = pages(session, "screening", 10)
    with listed.writing() as session:
        for item in first:
            session.get(WorkItem, item.id).state = "done"
        session.flush()
        after = (first[-1].priority, first[-1].id)
        again = next(pages(session, "screening", 10, after))
    assert [i.id for i in again] == [i.id for i in expected]


@pytest.mark.parametrize("after", [None, (0.5, 100)])
def test_a_page_walks_down_the_index_and_sorts_nothing(listed, after):
    lite = listed.engine.dialect.name == "sqlite"
    query = page_query("screening", after=after).compile(
        dialect=sqlite.dialect() if lite else postgresql.dialect(),
        compile_kwargs={"literal_binds": True},
    )
    with listed.reading() as session:
        plan = "\n".join(
            str(line[-1])
            for line in session.execute(
                text(f"EXPLAIN {'QUERY PLAN ' if lite else ''}{query}".replace(":", "\\:"))
            )
        )
    assert INDEX in plan
    assert "SCAN work_items" not in plan
    assert "Seq Scan" not in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan
