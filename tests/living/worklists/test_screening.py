"""Two people screen the same records, blind to each other until both have decided."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.errors import InputError, UnknownWordError
from reprieve.living.store import AccessError, ConflictError
from reprieve.living.store.models import Decision
from reprieve.living.worklists import Screening
from reprieve.living.worklists.screening import verdict


def decide(screening, item, *decisions):
    """What ada and ben decide; exclusions for their design unless told."""
    for who, decision in zip(("ada", "ben"), decisions, strict=False):
        reason = "wrong_design" if decision == "exclude" else ""
        seen = screening.decide(item, decision, reason=reason, who=who)
    return seen


@pytest.fixture
def items(screening):
    return [item.id for item in screening.page(who="ada")]


def test_queueing_twice_puts_nothing_twice(screening, keep):
    keep("cells for knees", "cells for discs", "cells for hearts", "insulin", "a fifth")
    assert screening.queue(who="ada") == 1
    assert screening.queue(who="ada") == 0
    assert len(screening.page(who="ada")) == 5


@pytest.mark.parametrize(
    ("decisions", "state", "outcome"),
    [
        (["include"], "open", None),
        (["include", "include"], "done", "include"),
        (["include", "maybe"], "done", "include"),
        (["maybe", "maybe"], "done", "include"),
        (["exclude", "exclude"], "done", "exclude"),
        (["include", "exclude"], "conflict", None),
        (["exclude", "maybe"], "conflict", None),
    ],
)
def test_what_two_decisions_make(screening, items, decisions, state, outcome):
    seen = decide(screening, items[0], *decisions)
    assert (seen.state, seen.outcome, seen.decided) == (state, outcome, len(decisions))


def test_nobody_sees_the_other_before_both_have_decided(screening, items):
    decide(screening, items[0], "include")
    for who in ("ben", "editor", "reader"):
        seen = screening.show(items[0], who=who)
        assert seen.decisions == ()
        assert seen.mine is None
        assert seen.decided == 1
        assert "include" not in str(seen.to_dict())
    assert screening.show(items[0], who="ada").mine.decision == "include"
    decide(screening, items[1], "include", "exclude")
    assert [d.who for d in screening.show(items[1], who="reader").decisions] == ["ada", "ben"]


@pytest.mark.parametrize("who", ["ben", "reader", "editor"])
def test_an_error_does_not_tell_what_one_has_decided(screening, items, who):
    screening.decide(items[0], "exclude", reason="wrong_design", note="a secret", who="ada")
    with pytest.raises((AccessError, ConflictError)) as refused:
        screening.adjudicate(items[0], "include", who=who, expected_version=99)
    assert "exclude" not in str(refused.value)


def test_blind_again_after_one_takes_back(screening, items):
    seen = decide(screening, items[0], "include", "exclude")
    seen = screening.take_back(seen.mine.id, who="ben", note="misread")
    assert seen.state == "open"
    assert seen.decisions == ()
    assert screening.show(items[0], who="ada").mine.decision == "include"


def test_nobody_decides_twice_and_no_third_decides(screening, items):
    decide(screening, items[0], "include")
    with pytest.raises(ConflictError, match="ada has decided on item"):
        screening.decide(items[0], "include", who="ada")
    screening.decide(items[0], "include", who="ben")
    with pytest.raises(ConflictError, match="needs no more reviewers"):
        screening.decide(items[0], "include", who="cleo")


def test_an_editor_who_was_none_of_the_two_settles(screening, items):
    seen = decide(screening, items[0], "include", "exclude")
    with pytest.raises(AccessError, match="takes the role editor"):
        screening.adjudicate(items[0], "include", who="cleo")
    with pytest.raises(ConflictError, match="you saw version 1"):
        screening.adjudicate(items[0], "include", who="editor", expected_version=1)
    seen = screening.adjudicate(
        items[0], "exclude", reason="wrong_outcome", who="editor", expected_version=seen.version
    )
    assert (seen.state, seen.outcome) == ("done", "exclude")
    with pytest.raises(ConflictError, match="is done; there is nothing to settle"):
        screening.adjudicate(items[0], "include", who="editor")
    progress = screening.progress(who="reader")
    assert progress.by_reason == {"wrong_outcome": 1}
    assert progress.by_reviewer == {"ada": 1, "ben": 1}


def test_an_editor_does_not_settle_what_they_reviewed(screening, items):
    screening.decide(items[0], "include", who="editor")
    screening.decide(items[0], "exclude", reason="wrong_design", who="ada")
    with pytest.raises(AccessError, match="a third person settles it"):
        screening.adjudicate(items[0], "include", who="editor")


def test_two_reach_consensus_by_deciding_anew(screening, items):
    seen = decide(screening, items[0], "include", "exclude")
    screening.take_back(seen.mine.id, who="ben")
    seen = screening.decide(items[0], "include", who="ben")
    assert (seen.state, seen.outcome) == ("done", "include")
    # κ counts what they thought before they talked
    assert screening.agreement(who="ada").overall.agreed == 0


def test_taking_back_is_for_ones_own_decisions_and_for_editors(screening, items):
    mine = decide(screening, items[0], "include").mine
    with pytest.raises(AccessError, match="may not undo"):
        screening.take_back(mine.id, who="ben")
    screening.take_back(mine.id, who="editor", note="wrong account")
    with pytest.raises(ConflictError, match="does not stand any more"):
        screening.take_back(mine.id, who="ada")
    with pytest.raises(InputError, match="no decision 999"):
        screening.take_back(999, who="ada")
    assert screening.decide(items[0], "maybe", who="ada").decided == 1


def test_taking_back_an_adjudication_brings_the_conflict_back(screening, items):
    decide(screening, items[0], "include", "exclude")
    settled = screening.adjudicate(items[0], "include", who="editor")
    verdict_id = next(d.id for d in settled.decisions if d.part == "adjudicator")
    assert screening.take_back(verdict_id, who="editor").state == "conflict"


def test_a_verdict_stands_by_itself(screening, items):
    mine = decide(screening, items[0], "include", "exclude").mine
    screening.adjudicate(items[0], "include", who="editor")
    seen = screening.take_back(mine.id, who="ben")
    assert (seen.state, seen.outcome) == ("done", "include")
    assert screening.agreement(who="reader").overall.n == 1


def test_history_is_never_rewritten(screening, items, store):
    seen = decide(screening, items[0], "include", "exclude")
    screening.take_back(seen.mine.id, who="ben")
    with store.reading() as session:
        every = [(d.user.name, d.decision, d.undoes) for d in session.query(Decision)]
    assert every == [
        ("ada", "include", None),
        ("ben", "exclude", None),
        ("ben", "taken_back", seen.mine.id),
    ]


@pytest.mark.parametrize(
    ("decision", "reason", "note", "error", "says"),
    [
        ("exclude", "", "", InputError, "needs a reason"),
        ("exclude", "wrong_desing", "", UnknownWordError, "wrong_design"),
        ("exclude", "other", " ", InputError, "say in a note"),
        ("include", "wrong_design", "", InputError, "belongs to an exclusion"),
        ("keep", "", "", UnknownWordError, "unknown decision on screening"),
    ],
)
def test_decisions_that_say_nothing_are_refused(
    screening, items, decision, reason, note, error, says
):
    with pytest.raises(error, match=says):
        screening.decide(items[0], decision, reason=reason, note=note, who="ada")
    assert screening.show(items[0], who="ada").decided == 0


def test_readers_do_not_decide_and_strangers_do_nothing(screening, items):
    with pytest.raises(AccessError, match="may not decide"):
        screening.decide(items[0], "include", who="reader")
    with pytest.raises(AccessError, match="no user 'mallory'"):
        screening.page(who="mallory")
    with pytest.raises(AccessError, match="is a program"):
        screening.decide(items[0], "include", who="reprieve")


def test_the_next_records_are_reserved(screening):
    first = screening.next(who="ada", count=2)
    assert [item.title for item in screening.next(who="ada", count=2)] == [i.title for i in first]
    assert {item.id for item in screening.next(who="ben", count=2)} == {i.id for i in first}
    third = screening.next(who="cleo", count=4)
    assert len(third) == 2  # the two others are with ada and ben, and need no third
    assert not {item.id for item in third} & {item.id for item in first}


def test_a_reservation_runs_out(screening, monkeypatch):
    import datetime

    from reprieve.living.worklists import reserving

    taken = [{item.id for item in screening.next(who=who, count=4)} for who in ("ada", "ben")]
    assert taken[0] == taken[1]
    assert screening.next(who="cleo") == []
    later = reserving.now() + datetime.timedelta(minutes=31)
    monkeypatch.setattr(reserving, "now", lambda: later)
    assert len(screening.next(who="cleo", count=4)) == 4


def test_next_goes_on_where_one_has_not_decided(screening, items):
    decide(screening, items[0], "include")
    assert items[0] not in {item.id for item in screening.next(who="ada", count=9)}
    assert items[0] in {item.id for item in screening.next(who="ben", count=9)}
    mine = screening.show(items[0], who="ada").mine
    screening.take_back(mine.id, who="ada")
    assert items[0] in {item.id for item in screening.next(who="ada", count=9)}


def test_next_shows_what_the_record_says(screening):
    (item,) = screening.next(who="ada")
    assert item.record["source"] == "pubmed"
    assert item.record["summary"] == ""
    assert item.to_dict()["record"]["id"] == item.record["id"]


def test_pages_follow_one_another(store, keep):
    keep(*(f"paper {i}" for i in range(23)))
    screening = Screening(store)
    screening.queue(who="ada")
    seen, after = [], None
    while page := screening.page(who="ada", after=after, limit=5):
        seen += page
        after = (page[-1].priority, page[-1].id)
    assert len({item.id for item in seen}) == len(seen) == 23


def test_progress_counts_what_a_flow_diagram_asks_for(screening, items):
    decide(screening, items[0], "include", "include")
    decide(screening, items[1], "exclude", "exclude")
    decide(screening, items[2], "include", "exclude")
    decide(screening, items[3], "maybe")
    progress = screening.progress(who="reader")
    assert progress.records == 4
    assert (progress.included, progress.excluded) == (1, 1)
    assert (progress.conflicts, progress.half, progress.waiting) == (1, 1, 0)
    assert progress.by_reason == {"wrong_design": 1}
    assert progress.trained is None
    agreement = screening.agreement(who="reader")
    assert (agreement.overall.n, agreement.overall.agreed) == (3, 2)
    assert list(agreement.by_pair) == [("ada", "ben")]


def test_an_item_of_another_list_is_none_of_this_one(screening):
    with pytest.raises(InputError, match="no item 999"):
        screening.decide(999, "include", who="ada")
    with pytest.raises(InputError, match="no item 999"):
        screening.show(999, who="ada")


words = st.sampled_from(["include", "exclude", "maybe"])


@given(st.lists(words, max_size=2), st.none() | st.sampled_from(["include", "exclude"]))
def test_every_verdict_is_one_of_four(reviewers, settled):
    decisions = [Decision(part="reviewer", decision=d) for d in reviewers]
    if settled and len(reviewers) == 2:
        decisions.append(Decision(part="adjudicator", decision=settled))
    for order in itertools.permutations(decisions):
        state, outcome = verdict(order, 2)
        assert (state == "done") == (outcome in ("include", "exclude"))
        assert (state == "open") == (len(reviewers) < 2)
        assert (state, outcome) == verdict(decisions, 2)


def test_a_page_and_the_next_record_walk_down_an_index(store, screening):
    """So that their cost does not grow with the list; times are measured in the benchmarks."""
    from sqlalchemy import select, text

    from reprieve.living.store.models import User
    from reprieve.living.store.pages import page_query
    from reprieve.living.worklists.reserving import _free

    explain = "EXPLAIN QUERY PLAN" if store.engine.dialect.name == "sqlite" else "EXPLAIN"
    with store.writing() as session:
        if explain == "EXPLAIN":
            session.execute(text("SET LOCAL enable_seqscan = off"))
            session.execute(text("SET LOCAL enable_sort = off"))
            session.execute(text("SET LOCAL enable_bitmapscan = off"))
        user = session.scalars(select(User).where(User.name == "ada")).one()
        for query in (
            page_query("screening", after=(0.5, 10)),
            _free(user, "screening", {1: 2, 2: 1}, 5, []),
        ):
            literal = query.compile(store.engine, compile_kwargs={"literal_binds": True})
            plan = "\n".join(str(row) for row in session.execute(text(f"{explain} {literal}")))
            assert "ix_work_items_kind_state_priority_id" in plan
            assert "sort" not in plan.lower()
            assert "temp b-tree" not in plan.lower()
            assert "scan decisions" not in plan.lower()
