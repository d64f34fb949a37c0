"""Time: what stood when, what changed between, and taking back."""

import datetime

import pytest

from reprieve.errors import InputError
from reprieve.living.store import (
    AccessError,
    ConflictError,
    Delete,
    FaultyChangeError,
    Insert,
    Update,
    told,
)
from reprieve.living.store.clock import now


def last_moment(store):
    return store.history(limit=1)[0].at


def test_the_past_stays_as_it_was(filled, small, pain):
    first = last_moment(filled)
    filled.edit(pain.id, {"mean": 43.2}, who="reviewer", why="misread Table 2")
    second = last_moment(filled)
    filled.change([Delete(pain.id)], who="reviewer", why="another trial's")
    means = [
        filled.evidence(as_of=moment).outcomes.filter(study_id="vega-2015", arm_id="cells")["mean"]
        for moment in (first, second, None)
    ]
    assert [m.to_list() for m in means] == [[61.5, 41.2], [61.5, 43.2], [61.5]]
    assert filled.evidence(as_of=first).outcomes.equals(small.outcomes)
    assert "as of" in filled.evidence(as_of=first).origin


def test_a_day_means_its_end(filled, pain):
    today = datetime.datetime.now(datetime.UTC).date()
    assert filled.evidence(as_of=today).studies.height == 2
    assert filled.evidence(as_of=today.isoformat()).studies.height == 2
    with pytest.raises(InputError, match="its first change is of"):
        filled.evidence(as_of=today - datetime.timedelta(days=1))
    with pytest.raises(InputError, match="is no date; write it as 2026-03-01"):
        filled.evidence(as_of="1 March")


def test_batches_follow_one_another_whatever_the_clock_says(filled, pain, monkeypatch):
    before = last_moment(filled)
    monkeypatch.setattr(
        "reprieve.living.store.changes.now", lambda: before - datetime.timedelta(days=400)
    )
    filled.edit(pain.id, {"mean": 43.2}, who="reviewer", why="clock set back")
    assert last_moment(filled) > before
    assert filled.evidence(as_of=before).outcomes["mean"][1] == 41.2


def test_the_difference_between_two_days_in_words(filled, pain):
    start = last_moment(filled)
    filled.edit(pain.id, {"mean": 43.2}, who="editor", why="first guess")
    filled.edit(pain.id, {"mean": 42.2, "sd": ""}, who="reviewer", why="misread Table 2")
    day = datetime.datetime.now(datetime.UTC)
    (change,) = filled.diff(start)
    assert change.words == (
        "Vega 2015: pain (VAS) at month 12 in the arm cells: mean changed from 41.2 to 42.2, sd "
        f"changed from 21.5 to empty (A. Reviewer, {day.day} {day:%B %Y}: misread Table 2)"
    )
    # The other way round, it would be told that the reviewer changed it back.
    with pytest.raises(InputError, match=r"lies before .*give the earlier day first"):
        filled.diff(last_moment(filled), start)


def test_since_the_end_of_a_day_that_is_not_over(filled, pain):
    today = datetime.datetime.now(datetime.UTC).date()
    with pytest.raises(InputError, match="is still to come, and nothing can have changed since"):
        filled.diff(today)


def test_a_clock_that_goes_ahead_hides_nothing(filled, pain, monkeypatch):
    ahead = now() + datetime.timedelta(hours=1)
    start = last_moment(filled)
    with monkeypatch.context() as patch:
        patch.setattr("reprieve.living.store.changes.now", lambda: ahead)
        filled.edit(pain.id, {"mean": 43.2}, who="editor", why="from a machine that is ahead")
    filled.edit(pain.id, {"sd": 20.2}, who="editor", why="from one that is not")
    (change,) = filled.diff(start)
    assert set(change.columns) == {"mean", "sd"}
    (change,) = filled.diff(ahead)
    assert set(change.columns) == {"sd"}


def test_there_and_back_is_no_difference(filled, pain):
    start = last_moment(filled)
    filled.edit(pain.id, {"mean": 43.2}, who="reviewer", why="x")
    filled.edit(pain.id, {"mean": 41.2}, who="reviewer", why="no, it was right")
    assert filled.diff(start) == []


def test_a_trial_that_comes_or_goes_takes_one_sentence(filled):
    (line, other) = told(filled.diff("2020-01-01"))
    assert line.startswith("Vega 2015 came in with 2 arms, 4 outcomes, 1 event (A. Editor")
    assert other.startswith("Lee 2019 came in with 2 arms, 4 outcomes, 1 caution (")
    start = last_moment(filled)
    rows = [
        Delete(row.id)
        for table in ("studies", "arms", "outcomes", "cautions")
        for row in filled.rows(table, "lee-2019")
    ]
    filled.change(rows, who="editor", why="retracted")
    assert told(filled.diff(start))[0].startswith(
        "Lee 2019 was taken out with 2 arms, 4 outcomes, 1 caution"
    )


def test_undo_is_a_change_and_can_be_undone(filled, small, pain):
    batch = filled.edit(pain.id, {"mean": 43.2}, who="reviewer", why="misread")
    undone = filled.undo(batch=batch, who="reviewer")
    assert filled.evidence().outcomes.equals(small.outcomes)
    newest, edit, _ = filled.history(row_id=pain.id)
    assert (newest.kind, newest.undoes) == ("undo", edit.revision)
    filled.undo(batch=undone, who="reviewer")
    assert filled.evidence().outcomes["mean"][1] == 43.2


def test_undo_brings_deleted_rows_back_to_their_place(filled, small, pain):
    batch = filled.change([Delete(pain.id)], who="reviewer", why="x")
    filled.undo(batch=batch, who="reviewer")
    assert filled.evidence().outcomes.equals(small.outcomes)
    (row,) = filled.rows("outcomes", "vega-2015", arm_id="cells", month="12")
    assert row.id == pain.id
    assert row.version > pain.version  # whoever saw it before is told
    with pytest.raises(ConflictError):
        filled.edit(pain.id, {"mean": 3}, who="reviewer", why="x", expected_version=pain.version)


def test_undo_waits_for_what_was_built_on_it(filled, pain):
    first = filled.edit(pain.id, {"mean": 43.2}, who="reviewer", why="misread")
    filled.edit(pain.id, {"mean": 44.2}, who="editor", why="misread again")
    with pytest.raises(ConflictError, match=r"mean from 43.2 to 44.2 changed by A. Editor"):
        filled.undo(batch=first, who="reviewer")
    second = filled.history(limit=1)[0].batch
    filled.undo(batch=second, who="editor")
    with pytest.raises(ConflictError):  # a second time
        filled.undo(batch=second, who="editor")


def test_undo_of_an_import_leaves_nothing_hanging(filled):
    trial = {
        "study_id": "new-2020",
        "label": "New 2020",
        "doi": "10.1000/new",
        "condition": "knee_osteoarthritis",
        "design": "parallel",
        "blinding": "open",
        "source_url": "https://example.org",
    }
    arm = {
        "study_id": "new-2020",
        "arm_id": "cells",
        "label": "cells",
        "category": "cell_therapy",
        "treatment": "bm_msc",
    }
    first = filled.change([Insert("studies", trial)], who="editor", why="x")
    filled.change([Insert("arms", arm)], who="editor", why="x")
    with pytest.raises(FaultyChangeError, match="'new-2020' is no trial"):
        filled.undo(batch=first, who="editor")


def test_one_revision_of_a_batch_can_be_undone(filled):
    rows = filled.rows("outcomes", "lee-2019")[:2]
    batch = filled.change([Update(row.id, {"n": 19}) for row in rows], who="reviewer", why="x")
    revision = filled.history(batch=batch)[0]
    filled.undo(revision=revision.revision, who="reviewer")
    counts = {row.id: row.cells["n"] for row in filled.rows("outcomes", "lee-2019")[:2]}
    assert sorted(counts.values()) == ["19", "20"]
    assert counts[revision.row_id] == "20"


def test_people_undo_their_own_and_editors_all(filled, pain):
    mine = filled.edit(pain.id, {"mean": 43.2}, who="reviewer", why="x")
    theirs = filled.edit(pain.id, {"sd": 20.5}, who="editor", why="x")
    with pytest.raises(AccessError, match="may not undo"):
        filled.undo(batch=theirs, who="reviewer")
    filled.undo(batch=theirs, who="editor")
    filled.undo(batch=mine, who="editor")


def test_undo_of_nothing(filled):
    with pytest.raises(InputError, match="no batch 77"):
        filled.undo(batch=77, who="editor")
    with pytest.raises(InputError, match="which batch or which revision"):
        filled.undo(who="editor")


def test_history_comes_in_pages(filled):
    everything = filled.history(limit=1000)
    first = filled.history(limit=4)
    rest = filled.history(limit=1000, before=first[-1].revision)
    assert [c.revision for c in first + rest] == [c.revision for c in everything]
    assert {c.study_id for c in filled.history(study_id="lee-2019")} == {"lee-2019"}
