"""Changing evidence: reasons, conflicts, gates, and what only people may do."""

import pytest

from reprieve.errors import InputError, UnknownWordError
from reprieve.living.store import (
    AccessError,
    ConflictError,
    Delete,
    FaultyChangeError,
    Insert,
    Update,
)

PROPOSED = {
    "study_id": "vega-2015",
    "arm_id": "cells",
    "event": "joint_swelling",
    "events": 2,
    "n": 20,
    "locator": "registry results",
    "source_url": "https://example.org",
    "flag": "unverified",
    "readings": 0,
}


def current(store, row):
    return next(r for r in store.rows(row.table, row.study_id) if r.id == row.id)


def test_an_edit_is_kept_with_who_when_why_before_and_after(filled, pain):
    batch = filled.edit(pain.id, {"mean": 43.2, "sd": ""}, who="reviewer", why="misread Table 2",
                        expected_version=pain.version)  # fmt: skip
    (change,) = filled.history(batch=batch)
    assert (change.who, change.why, change.kind) == ("A. Reviewer", "misread Table 2", "edit")
    assert change.columns == {"mean": ("41.2", "43.2"), "sd": ("21.5", None)}
    assert change.at.tzinfo is not None
    assert current(filled, pain).cells["mean"] == "43.2"
    assert current(filled, pain).version == pain.version + 1


def test_columns_come_in_the_order_of_the_schema(pain):
    assert list(pain.cells)[:4] == ["study_id", "arm_id", "domain", "instrument"]


def test_the_second_of_two_editors_is_told_of_the_first(filled, pain):
    filled.edit(pain.id, {"mean": 43.2}, who="reviewer", why="misread Table 2",
                expected_version=pain.version)  # fmt: skip
    with pytest.raises(ConflictError) as caught:
        filled.edit(pain.id, {"mean": 42.0, "n": 19}, who="editor", why="typo",
                    expected_version=pain.version)  # fmt: skip
    said = str(caught.value)
    assert "pain (VAS) at month 12 in the arm cells" in said
    assert "mean from 41.2 to 43.2 changed by A. Reviewer" in said
    assert "misread Table 2" in said
    assert "You wanted mean 42 (it is 43.2), n 19 (it is 20)." in said
    assert caught.value.yours == {"mean": "42"}
    assert caught.value.theirs == {"mean": "43.2"}
    assert current(filled, pain).cells["mean"] == "43.2"
    assert len(filled.history(row_id=pain.id)) == 2


def test_a_row_that_was_deleted_meanwhile_is_a_conflict_too(filled, pain):
    filled.change([Delete(pain.id, pain.version)], who="reviewer", why="not in the paper")
    with pytest.raises(ConflictError, match=r"is gone: deleted by A. Reviewer on .*not in the"):
        filled.edit(pain.id, {"mean": 42}, who="editor", why="typo")
    with pytest.raises(ConflictError, match="no row 99999"):
        filled.edit(99999, {"mean": 42}, who="editor", why="typo")


def test_the_gates_stand_at_the_door(filled, pain):
    with pytest.raises(FaultyChangeError, match=r"vega-2015: -2.0 is out of range") as caught:
        filled.edit(pain.id, {"sd": -2}, who="reviewer", why="typo")
    assert caught.value.faults[0].column == "sd"
    assert current(filled, pain) == pain
    assert len(filled.history(row_id=pain.id)) == 1


def test_the_gates_see_what_other_trials_hang_on(filled, small):
    """Lee 2019 has a caution that names Vega 2015."""
    gone = [
        Delete(row.id)
        for table in ("studies", "arms", "outcomes", "events")
        for row in filled.rows(table, "vega-2015")
    ]
    with pytest.raises(FaultyChangeError, match="'vega-2015' is no trial"):
        filled.change(gone, who="editor", why="retracted")
    (caution,) = filled.rows("cautions", "lee-2019")
    filled.change([*gone, Delete(caution.id)], who="editor", why="retracted")
    assert filled.evidence().studies["study_id"].to_list() == ["lee-2019"]


def test_changes_made_together_happen_together_or_not_at_all(filled):
    arms = {row.cells["arm_id"]: row for row in filled.rows("arms", "lee-2019")}
    outcomes = filled.rows("outcomes", "lee-2019", arm_id="cells")
    renamed = [Update(row.id, {"arm_id": "bm_msc"}) for row in (arms["cells"], *outcomes)]
    with pytest.raises(FaultyChangeError, match="is no arm"):
        filled.change(renamed[:2], who="reviewer", why="clearer name")
    assert filled.change(renamed, who="reviewer", why="clearer name")
    assert "bm_msc" in filled.evidence().arms["arm_id"].to_list()


def test_nothing_to_change_writes_nothing(filled, pain):
    assert filled.edit(pain.id, {"mean": "41.20"}, who="reviewer", why="same") is None
    assert filled.change([], who="reviewer", why="nothing") is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"men": 3}, "unknown column of outcomes 'men'; did you mean 'mean'"),
        ({"mean": "4,5"}, "trial vega-2015: mean: '4,5' is not a number"),
        ({"study_id": ""}, "must name its trial"),
        ({"n": "12.5"}, "is not a whole number"),
        ({"mean": float("nan")}, "not a number"),
    ],
)
def test_what_can_not_be_kept_is_refused(filled, pain, changes, said):
    with pytest.raises(InputError, match=said):
        filled.edit(pain.id, changes, who="reviewer", why="x")


def test_more_refusals(filled, pain):
    with pytest.raises(InputError, match="needs a reason"):
        filled.edit(pain.id, {"mean": 3}, who="reviewer", why=" ")
    with pytest.raises(InputError, match="changed twice at once"):
        filled.change(
            [Update(pain.id, {"mean": 3}), Update(pain.id, {"sd": 3})], who="reviewer", why="x"
        )
    with pytest.raises(UnknownWordError, match="table 'outcome'"):
        filled.change([Insert("outcome", {})], who="reviewer", why="x")
    with pytest.raises(UnknownWordError, match="kind of change"):
        filled.change([], who="reviewer", why="x", kind="guess")
    with pytest.raises(UnknownWordError, match="column of arms"):
        filled.rows("arms", "vega-2015", month="12")


def test_new_rows_come_last_and_numbers_are_never_used_again(filled):
    first = filled.change([Insert("events", PROPOSED | {"flag": "", "readings": 1})],
                          who="reviewer", why="Table 4")  # fmt: skip
    row_id = filled.history(batch=first)[0].row_id
    assert filled.rows("events", "vega-2015")[-1].id == row_id
    filled.change([Delete(row_id)], who="reviewer", why="wrong trial")
    second = filled.change([Insert("events", PROPOSED | {"flag": "", "readings": 1})],
                           who="reviewer", why="Table 4")  # fmt: skip
    assert filled.history(batch=second)[0].row_id > row_id


def test_the_program_proposes_and_people_verify(filled, pain):
    batch = filled.change([Insert("events", PROPOSED)], who="reprieve", why="posted results",
                          kind="proposal")  # fmt: skip
    row_id = filled.history(batch=batch)[0].row_id
    for change in (
        Insert("events", PROPOSED | {"flag": "", "readings": 1, "event": "infection"}),
        Update(row_id, {"flag": "", "readings": 1}),
        Update(pain.id, {"mean": 3}),
        Delete(pain.id),
    ):
        with pytest.raises(AccessError, match="a program and may only write"):
            filled.change([change], who="reprieve", why="x", kind="proposal")
    with pytest.raises(AccessError, match="a program and may not verify"):
        filled.verify([row_id], who="reprieve", why="looks right")
    with pytest.raises(AccessError, match="a program and may not edit"):
        filled.edit(row_id, {"events": 3}, who="reprieve", why="x")
    filled.change([Update(row_id, {"events": 3})], who="reprieve", why="corrected at the source",
                  kind="proposal")  # fmt: skip
    checked = filled.verify([row_id], who="reviewer", why="held against the register")
    row = next(row for row in filled.rows("events", "vega-2015") if row.id == row_id)
    assert (row.cells["flag"], row.cells["readings"], row.cells["events"]) == (None, "1", "3")
    assert "was verified, events 3, n 20 (A. Reviewer" in filled.history(batch=checked)[0].words
    with pytest.raises(AccessError, match="may only write"):
        filled.change([Update(row_id, {"events": 4})], who="reprieve", why="x", kind="proposal")
    assert filled.verify([row_id], who="editor", why="again") is None


@pytest.mark.parametrize("who", ["reader", "nobody"])
def test_who_may_not_write_does_not(filled, pain, who):
    for deed in (
        lambda: filled.edit(pain.id, {"mean": 3}, who=who, why="x"),
        lambda: filled.verify([pain.id], who=who, why="x"),
        lambda: filled.import_package(filled.evidence(), who=who, why="x"),
        lambda: filled.undo(batch=1, who=who),
        lambda: filled.change([], who=who, why="x", kind="adjudication"),
    ):
        with pytest.raises(AccessError):
            deed()
    with pytest.raises(AccessError, match="takes the role editor"):
        filled.import_package(filled.evidence(), who="reviewer", why="x")
