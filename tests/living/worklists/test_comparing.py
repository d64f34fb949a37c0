"""Two extractions side by side."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.errors import InputError, UnknownWordError
from reprieve.living.worklists.comparing import compare, extracted, merged

STUDY = "vega-2015"


def outcome(**cells):
    return {
        "arm_id": "cells",
        "domain": "pain",
        "instrument": "VAS",
        "month": 6,
        "statistic": "final",
        "higher_is": "worse",
        "mean": 41.2,
        "sd": 20,
        "locator": "Table 2",
    } | cells


def one(*rows):
    return extracted(STUDY, {"outcomes": rows})


def test_the_same_number_written_otherwise_is_the_same():
    found = compare(one(outcome(mean="41.20", sd="20.0")), one(outcome(sd=20.0)))
    assert found.agreed
    assert found.differences == ()
    assert found.fields["outcomes.mean"] == (1, 1)


def test_free_texts_differ_without_binding_anybody():
    found = compare(one(outcome()), one(outcome(locator="Table 2, row 3")))
    (difference,) = found.differences
    assert (difference.kind, difference.binding) == ("text", False)
    assert found.agreed
    assert compare(one(outcome()), one(outcome(locator=" table  2"))).differences == ()


def test_numbers_words_and_rows_bind():
    a = one(outcome(), outcome(month=12))
    b = one(outcome(mean=43.2, higher_is="better"))
    found = compare(a, b)
    assert [(d.id, d.kind, d.a, d.b) for d in found.differences] == [
        ("outcomes/cells|pain|VAS|6|final/higher_is", "word", "worse", "better"),
        ("outcomes/cells|pain|VAS|6|final/mean", "number", "41.2", "43.2"),
        ("outcomes/cells|pain|VAS|12|final", "row", "present", None),
    ]
    assert found.fields["outcomes.mean"] == (1, 0)
    assert found.fields["outcomes.sd"] == (1, 1)
    assert found.rows == 1
    assert found.to_dict()["differences"][1]["binding"] is True


def test_a_value_that_one_left_out_differs():
    (difference,) = compare(one(outcome(n=20)), one(outcome())).differences
    assert (difference.column, difference.a, difference.b) == ("n", "20", None)


def test_what_was_chosen_goes_in():
    a, b = one(outcome(), outcome(month=12)), one(outcome(mean=43.2, sd=19, locator="Fig. 1"))
    key = "outcomes/cells|pain|VAS|6|final"
    picks = {
        f"{key}/mean": "b",
        f"{key}/sd": {"value": 19.5},
        "outcomes/cells|pain|VAS|12|final": "b",
    }
    (row,) = merged(a, b, picks)["outcomes"]
    assert (row["mean"], row["sd"], row["locator"]) == ("43.2", "19.5", "Table 2")
    assert row["readings"] == "2"
    picks["outcomes/cells|pain|VAS|12|final"] = "a"
    assert len(merged(a, b, picks)["outcomes"]) == 2


@pytest.mark.parametrize(
    ("picks", "says"),
    [
        ({}, "nobody has chosen yet in .*mean"),
        ({"outcomes/x": "a"}, "do not differ in 'outcomes/x'"),
        ({"outcomes/cells|pain|VAS|6|final/mean": "c"}, "choose 'a' or 'b'"),
        ({"outcomes/cells|pain|VAS|6|final/mean": {"value": "many"}}, "mean"),
    ],
)
def test_choices_that_do_not_settle_it(picks, says):
    with pytest.raises(InputError, match=says):
        merged(one(outcome()), one(outcome(mean=43.2)), picks)


@pytest.mark.parametrize(
    ("tables", "error", "says"),
    [
        ({}, InputError, "nothing was extracted"),
        ({"outcomes": []}, InputError, "nothing was extracted"),
        ({"outcome": [outcome()]}, UnknownWordError, "unknown table 'outcome'"),
        ({"cautions": [{"kind": "note"}]}, UnknownWordError, "unknown table"),
        ({"outcomes": [outcome(meen=3)]}, UnknownWordError, "meen"),
        ({"outcomes": [outcome(mean="many")]}, InputError, "mean"),
        ({"outcomes": [outcome(study_id="lee-2019")]}, InputError, "about lee-2019"),
        ({"outcomes": [outcome(), outcome(mean=3)]}, InputError, "stands twice"),
        ({"outcomes": [outcome(flag="unverified")]}, InputError, "is not unverified"),
    ],
)
def test_extractions_that_cannot_be_kept(tables, error, says):
    with pytest.raises(error, match=says):
        extracted(STUDY, tables)


values = st.none() | st.integers(0, 100) | st.floats(0, 100).map(lambda x: round(x, 1))
rows = st.dictionaries(
    st.tuples(st.sampled_from(["cells", "saline"]), st.sampled_from([0, 6, 12])),
    st.fixed_dictionaries({"mean": values, "sd": values, "locator": st.sampled_from(["a", "b"])}),
    min_size=1,
)


def _of(keyed):
    return one(*(outcome(arm_id=arm, month=month, **rest) for (arm, month), rest in keyed.items()))


@settings(max_examples=25)
@given(rows, rows)
def test_all_from_one_side_gives_that_side(first, second):
    a, b = _of(first), _of(second)
    differences = compare(a, b).differences
    for side, wanted in (("a", a), ("b", b)):
        rows = merged(a, b, {d.id: side for d in differences})["outcomes"]
        own = [row | {"readings": "2"} for row in wanted["outcomes"]]
        assert sorted(rows, key=str) == sorted(own, key=str)
    assert len({d.id for d in differences}) == len(differences)
    assert compare(a, a).differences == ()
