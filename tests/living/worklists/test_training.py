"""The order of the list is learned from decisions, in the background."""

import threading

import pytest

from reprieve.living.store import StoreError
from reprieve.living.store.models import Ranking
from reprieve.living.worklists import BackgroundTraining, Ranker, Screening
from reprieve.living.worklists.training import LOCK

KNEES = [f"cells for the painful knee, trial {i}" for i in range(10)]
HEARTS = [f"drugs for the failing heart, trial {i}" for i in range(30)]


@pytest.fixture
def mixed(store, keep):
    """Forty records, ten of them about knees; one of each is decided."""
    keep(*HEARTS, *KNEES)
    screening = Screening(store)
    screening.queue(who="ada")
    by_title = {item.title: item.id for item in screening.page(who="ada")}
    for who in ("ada", "ben"):
        screening.decide(by_title[KNEES[0]], "include", who=who)
        screening.decide(by_title[HEARTS[0]], "exclude", reason="wrong_intervention", who=who)
    return screening


def test_what_is_like_the_included_comes_first(store, mixed):
    before = {item.id: item.version for item in mixed.page(who="ada")}
    trained = Ranker(store).train(who="ada")
    assert (trained.records, trained.trained_on, trained.moved) == (40, 2, 38)
    page = mixed.page(who="ada")
    assert {item.title for item in page[:9]} == set(KNEES[1:])
    assert {item.id: item.version for item in page} == before


def test_a_place_does_not_tell_what_one_has_decided(store, mixed):
    ranker = Ranker(store)
    ranker.train(who="ada")
    by_title = {item.title: item for item in mixed.page(who="ada")}
    mixed.decide(by_title[KNEES[1]].id, "exclude", reason="wrong_design", who="ada")
    mixed.decide(by_title[HEARTS[1]].id, "include", who="ada")
    assert ranker.train(who="ada").moved == 36
    after = {item.title: item.priority for item in mixed.page(who="ben")}
    for title in (KNEES[1], HEARTS[1]):
        assert after[title] == by_title[title].priority
    assert after[HEARTS[2]] != by_title[HEARTS[2]].priority


def test_progress_shows_what_the_rule_said(store, mixed):
    Ranker(store).train(who="reprieve")
    progress = mixed.progress(who="reader")
    assert progress.trained is not None
    assert progress.trained_on == 2
    assert progress.recall["screened"] == 2
    assert progress.recall["found"] == 1
    assert not progress.recall["stop"]
    assert progress.advice.startswith("2 of 40 records screened, 1 relevant")


def test_one_decision_teaches_and_one_taken_back_does_not(store, mixed):
    page = mixed.page(who="ada")
    seen = mixed.decide(page[0].id, "include", who="cleo")
    ranker = Ranker(store)
    assert ranker.train(who="ada").trained_on == 3
    mixed.take_back(seen.mine.id, who="cleo")
    assert ranker.train(who="ada").trained_on == 2


def test_new_records_are_learned_from_without_a_new_ranker(store, mixed, keep):
    ranker = Ranker(store)
    ranker.train(who="ada")
    keep(*HEARTS, *KNEES, "cells for the painful knee, the latest")
    mixed.queue(who="ada")
    assert ranker.train(who="ada").records == 41
    page = mixed.page(who="ada")
    assert "cells for the painful knee, the latest" in {item.title for item in page[:10]}


def test_one_training_at_a_time(store, mixed):
    with store.lock(LOCK), pytest.raises(StoreError, match="is running already"):
        Ranker(store).train(who="ada")
    assert Ranker(store).train(who="ada").records == 40


def test_an_empty_list_can_be_trained(store):
    assert Ranker(store).train(who="ada").records == 0


def test_training_in_the_background(store, mixed):
    with BackgroundTraining(store, every=2) as training:
        training.decided()
        assert training.wait(0)  # one decision is not enough
        training.decided()
        assert training.wait(60)
        assert training.error is None
        training.decided(5)
        assert training.wait(60)
    with store.reading() as session:
        assert session.query(Ranking).count() == 2


def test_pages_do_not_wait_for_training(store, mixed, monkeypatch):
    """While a training runs, people read pages and decide; then it goes on."""
    from reprieve.living.screening import Priority

    running, go_on = threading.Event(), threading.Event()
    scores = Priority.scores

    def slowly(self, labels):
        running.set()
        assert go_on.wait(60)
        return scores(self, labels)

    monkeypatch.setattr(Priority, "scores", slowly)
    with BackgroundTraining(store, every=1) as training:
        training.decided()
        assert running.wait(60)
        (item,) = mixed.next(who="cleo")
        assert mixed.decide(item.id, "maybe", who="cleo").decided == 1
        assert not training.wait(0)
        go_on.set()
        assert training.wait(60)
        assert training.error is None


def test_a_training_that_fails_says_why_and_the_next_one_works(store, mixed):
    with BackgroundTraining(store, every=1) as training:
        with store.lock(LOCK):
            training.decided()
            assert training.wait(60)
            assert "is running already" in str(training.error)
        training.decided()
        assert training.wait(60)
        assert training.error is None
