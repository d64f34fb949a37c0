"""Rows that a program read become evidence when a person says so."""

import pytest

from reprieve.errors import InputError
from reprieve.living.store import AccessError, ConflictError, FaultyChangeError, Insert
from reprieve.living.worklists import Verification


@pytest.fixture
def verification(filled, row):
    """Two rows that a program read, and the list that they are on."""
    proposed = {"study_id": "vega-2015", "flag": "unverified", "readings": 0}
    changes = [
        Insert("outcomes", row(arm, mean) | proposed)
        for arm, mean in (("cells", 41), ("saline", 52))
    ]
    filled.change(changes, who="reprieve", why="read", kind="proposal")
    verification = Verification(filled)
    assert verification.queue(who="reprieve") == 2
    assert verification.queue(who="reprieve") == 0
    return verification


@pytest.fixture
def first(verification):
    return verification.rows(who="ada")[0]


def kept(store, arm="cells"):
    return [r.cells for r in store.rows("outcomes", "vega-2015", month="6", arm_id=arm)]


def test_each_row_says_where_it_was_read(first):
    assert (first.table, first.locator) == ("outcomes", "Table 2")
    assert first.source_url == "https://example.org"
    assert first.cells["mean"] == "41"
    assert first.item.title == "vega-2015: pain (VAS) at month 6 in the arm cells"
    assert first.to_dict()["item"]["state"] == "open"


def test_an_accepted_row_counts_as_read(verification, first, filled):
    seen = verification.accept(first.item.id, who="ada", expected_version=first.version)
    assert (seen.state, seen.outcome) == ("done", "accept")
    (cells,) = kept(filled)
    assert (cells["flag"], cells["readings"], cells["mean"]) == (None, "1", "41")
    assert len(verification.rows(who="ada")) == 1


def test_a_corrected_row_has_the_new_values_and_the_history_both(verification, first, filled):
    verification.correct(first.item.id, {"mean": 43.5}, who="ada", note="misread")
    (cells,) = kept(filled)
    assert (cells["flag"], cells["readings"], cells["mean"]) == (None, "1", "43.5")
    (change, *_) = filled.history(study_id="vega-2015")
    assert "41" in str(change)
    assert "43.5" in str(change)


def test_a_rejected_row_leaves_the_evidence(verification, first, filled):
    verification.reject(first.item.id, who="ada", note="another subgroup")
    assert kept(filled) == []


def test_taking_back_brings_the_row_back_unverified(verification, first, filled):
    for decide in (
        lambda: verification.reject(first.item.id, who="ada", note="another subgroup"),
        lambda: verification.accept(first.item.id, who="ada"),
    ):
        seen = decide()
        assert verification.take_back(seen.mine.id, who="ada").state == "open"
        (cells,) = kept(filled)
        assert (cells["flag"], cells["readings"], cells["mean"]) == ("unverified", "0", "41")


def test_no_program_and_no_reader_verifies(verification, first):
    for who in ("reprieve", "reader"):
        with pytest.raises(AccessError):
            verification.accept(first.item.id, who=who)


def test_the_second_of_two_learns_of_the_first(verification, first):
    verification.accept(first.item.id, who="ada")
    with pytest.raises(ConflictError):
        verification.reject(first.item.id, who="ben", note="no")


def test_a_row_changed_meanwhile_is_not_accepted_unseen(verification, first, filled):
    (row,) = filled.rows("outcomes", "vega-2015", month="6", arm_id="cells")
    filled.edit(row.id, {"sd": 25}, who="ben", why="typing error")
    with pytest.raises(ConflictError, match="sd from 20 to 25"):
        verification.accept(first.item.id, who="ada", expected_version=first.version)
    assert verification.queue(who="reprieve") == 1  # as another thing to verify
    assert len(verification.rows(who="ada")) == 2
    assert verification.show(first.item.id, who="ada").outcome == "gone"


def test_what_was_verified_elsewhere_leaves_the_list(verification, filled):
    (row,) = filled.rows("outcomes", "vega-2015", month="6", arm_id="cells")
    filled.verify([row.id], who="ben", why="read it")
    assert verification.queue(who="reprieve") == 0
    assert len(verification.rows(who="ada")) == 1


def test_the_gates_guard_corrections(verification, first, filled):
    with pytest.raises(FaultyChangeError):
        verification.correct(first.item.id, {"mean": 430}, who="ada", note="misread")
    assert kept(filled)[0]["mean"] == "41"
    assert verification.show(first.item.id, who="ada").state == "open"


def test_reasons_are_asked_for(verification, first):
    with pytest.raises(InputError, match="say in a note why"):
        verification.reject(first.item.id, who="ada", note=" ")
    with pytest.raises(InputError, match="changes at least one value"):
        verification.correct(first.item.id, {}, who="ada", note="x")


def test_rows_of_one_trial_and_page_by_page(verification):
    assert verification.rows(who="ada", study_id="lee-2019") == []
    one, two = verification.rows(who="ada", study_id="vega-2015")
    assert verification.rows(who="ada", limit=1)[0].item.id == one.item.id
    assert verification.rows(who="ada", after=one.item.id)[0].item.id == two.item.id
