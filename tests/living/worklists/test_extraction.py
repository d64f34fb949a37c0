"""Two people extract a trial; a third settles what differs; then it is evidence."""

import pytest

from reprieve.errors import InputError
from reprieve.living.store import AccessError, ConflictError, FaultyChangeError, Insert
from reprieve.living.worklists import Extraction

MEAN = "outcomes/cells|pain|VAS|6|final/mean"


@pytest.fixture
def extraction(filled):
    extraction = Extraction(filled)
    assert extraction.queue("vega-2015", who="ada") == 1
    return extraction


@pytest.fixture
def item(extraction):
    (item,) = extraction.next(who="ada")
    return item.id


def at_six(store):
    found = store.rows("outcomes", "vega-2015", month="6")
    return {row.cells["arm_id"]: row.cells for row in found}


def test_when_both_agree_it_is_evidence_read_twice(extraction, item, filled, row):
    tables = {"outcomes": [row("cells", 41.2), row("saline", 52.5)]}
    assert extraction.submit(item, tables, who="ada").state == "open"
    assert at_six(filled) == {}
    seen = extraction.submit(item, tables, who="ben")
    assert (seen.state, seen.outcome) == ("done", "agreed")
    assert at_six(filled)["cells"]["mean"] == "41.2"
    assert at_six(filled)["saline"]["readings"] == "2"
    (change, *_) = filled.history(study_id="vega-2015")
    assert "double extraction by ada and ben" in str(change)


def test_what_differs_waits_for_a_third_person(extraction, item, filled, row):
    extraction.submit(item, {"outcomes": [row("cells", 41.2)]}, who="ada")
    with pytest.raises(InputError, match="1 of 2 extractions"):
        extraction.comparison(item, who="editor")
    seen = extraction.submit(item, {"outcomes": [row("cells", 43.2)]}, who="ben")
    assert seen.state == "conflict"
    assert at_six(filled) == {}
    (difference,) = extraction.comparison(item, who="editor").differences
    assert (difference.id, difference.a, difference.b) == (MEAN, "41.2", "43.2")
    with pytest.raises(InputError, match="nobody has chosen yet"):
        extraction.settle(item, {}, who="editor")
    with pytest.raises(AccessError, match="may not adjudicate"):
        extraction.settle(item, {MEAN: "b"}, who="cleo")
    with pytest.raises(ConflictError, match="you saw version 1"):
        extraction.settle(item, {MEAN: "b"}, who="editor", expected_version=1)
    seen = extraction.settle(item, {MEAN: "b"}, who="editor", expected_version=seen.version)
    assert (seen.state, seen.outcome) == ("done", "settled")
    assert at_six(filled)["cells"]["mean"] == "43.2"


def test_taking_back_takes_the_rows_out_again(extraction, item, filled, row):
    tables = {"outcomes": [row("cells", 41.2)]}
    extraction.submit(item, tables, who="ada")
    seen = extraction.submit(item, tables, who="ben")
    assert extraction.take_back(seen.mine.id, who="ben", note="wrong arm").state == "open"
    assert at_six(filled) == {}
    seen = extraction.submit(item, tables, who="cleo")
    assert seen.state == "done"
    assert at_six(filled)["cells"]["mean"] == "41.2"


def test_one_of_two_cannot_take_back_what_a_third_has_settled(extraction, item, filled, row):
    mine = extraction.submit(item, {"outcomes": [row("cells", 41.2)]}, who="ada").mine
    extraction.submit(item, {"outcomes": [row("cells", 43.2)]}, who="ben")
    extraction.settle(item, {MEAN: "b"}, who="editor")
    with pytest.raises(ConflictError, match="editor has settled item"):
        extraction.take_back(mine.id, who="ada")
    assert at_six(filled)["cells"]["mean"] == "43.2"


@pytest.mark.parametrize("who", ["ben", "reader", "editor"])
def test_an_error_does_not_tell_what_one_has_handed_in(extraction, item, row, who):
    extraction.submit(item, {"outcomes": [row("cells", 41.2)]}, who="ada")
    with pytest.raises((AccessError, ConflictError)) as refused:
        extraction.settle(item, {}, who=who, expected_version=99)
    assert "extracted" not in str(refused.value)


def test_what_was_built_on_it_is_not_lost_by_taking_back(extraction, item, filled, row):
    tables = {"outcomes": [row("cells", 41.2)]}
    extraction.submit(item, tables, who="ada")
    seen = extraction.submit(item, tables, who="ben")
    (kept,) = filled.rows("outcomes", "vega-2015", month="6")
    filled.edit(kept.id, {"sd": 21}, who="cleo", why="misread")
    with pytest.raises(ConflictError, match="was changed again since"):
        extraction.take_back(seen.mine.id, who="ben")
    assert extraction.show(item, who="ben").state == "done"


def test_it_replaces_what_a_program_had_read(extraction, item, filled, row):
    proposed = {"study_id": "vega-2015", "flag": "unverified", "readings": 0}
    filled.change(
        [Insert("outcomes", row("cells", 50) | proposed)],
        who="reprieve",
        why="read",
        kind="proposal",
    )
    tables = {"outcomes": [row("cells", 41.2)]}
    extraction.submit(item, tables, who="ada")
    extraction.submit(item, tables, who="ben")
    (kept,) = filled.rows("outcomes", "vega-2015", month="6")
    assert (kept.cells["mean"], kept.cells["flag"], kept.cells["readings"]) == ("41.2", None, "2")


def test_the_gates_guard_this_way_in_too(extraction, item, filled, row):
    tables = {"outcomes": [row("cells", 141.2)]}  # on a scale that ends at 100
    extraction.submit(item, tables, who="ada")
    with pytest.raises(FaultyChangeError, match="mean"):
        extraction.submit(item, tables, who="ben")
    assert extraction.show(item, who="ada").decided == 1
    assert at_six(filled) == {}


def test_both_use_the_arms_of_the_evidence(extraction, item, row):
    with pytest.raises(InputError, match=r"no arm 'msc'.*cells, saline"):
        extraction.submit(item, {"outcomes": [row("msc", 41.2)]}, who="ada")


def test_the_first_names_the_arms_of_a_new_trial(extraction, row):
    extraction.queue("nct01", who="ada", title="A new trial")
    item = next(i.id for i in extraction.page(who="ada") if i.study_id == "nct01")
    extraction.submit(item, {"outcomes": [row("msc", 41.2)]}, who="ada")
    assert extraction.show(item, who="ben").data["arms"] == ["msc"]
    with pytest.raises(InputError, match="no arm 'cells'"):
        extraction.submit(item, {"outcomes": [row("cells", 41.2)]}, who="ben")


def test_nobody_sees_the_others_numbers_first(extraction, item, row):
    extraction.submit(item, {"outcomes": [row("cells", 41.2)]}, who="ada")
    assert "41.2" not in str(extraction.show(item, who="ben").to_dict())
    assert "41.2" in str(extraction.show(item, who="ada").to_dict())


def test_queueing_twice(extraction):
    assert extraction.queue("vega-2015", who="ada") == 0
