"""Which differences change a conclusion, and which only shift a number."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.errors import InputError
from reprieve.updates.changes import KINDS, compare
from reprieve.updates.conclusions import Notice, Standing, from_dict, standing_from, to_dict


def between(was, now):
    """What differs, with the kinds of change in it."""
    before = Standing("2026-03-01", {was.key: was} if was else {})
    after = Standing("2026-04-01", {now.key: now} if now else {})
    return compare(before, after)


def kinds(was, now):
    return [change.kind for found in between(was, now) for change in found.changes]


def test_small_shifts_are_told_and_wake_nobody(effect):
    found = between(effect(), effect(-8.6, (-15.4, -1.8), people=140))
    assert len(found) == 1
    assert not found[0].alerts
    assert "−8.0 points of 100 (−15.0 to −1.0)" in found[0].before
    assert "−8.6 points" in found[0].after
    assert "140 people" in found[0].text()


def test_the_same_gives_nothing(effect):
    assert between(effect(), effect()) == ()
    assert between(effect(), effect(in_words="said in other words", title="Another")) == ()


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ((-8.0, (-15.0, -1.0)), (-6.0, (-15.0, 3.0)), "no longer shown"),
        ((-6.0, (-15.0, 3.0)), (-8.0, (-15.0, -1.0)), "no longer includes no difference"),
        ((-8.0, (-15.0, -1.0)), (8.0, (1.0, 15.0)), "The direction has turned"),
        ((-2.0, (-9.0, 5.0)), (2.0, (-5.0, 9.0)), "not shown before and is not shown now"),
    ],
)
def test_crossing_no_difference(effect, before, after, told):
    found = between(effect(*before), effect(*after))
    assert "crosses_null" in [change.kind for change in found[0].changes]
    assert told in found[0].text()


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ((-16.0, (-17.0, -15.0)), (-19.0, (-20.0, -18.0)), "is now an important benefit"),
        ((-19.0, (-20.0, -18.0)), (-16.0, (-17.0, -15.0)), "is now little or no difference"),
        ((-16.0, (-17.4, -15.0)), (-16.0, (-17.6, -15.0)), "and now holds an important benefit"),
        ((16.0, (10.0, 17.0)), (18.0, (12.0, 24.0)), "an important harm"),
    ],
)
def test_crossing_the_worthwhile_difference(effect, before, after, told):
    found = between(effect(*before), effect(*after))
    assert [change.kind for change in found[0].changes] == ["crosses_worthwhile"]
    assert told in found[0].text()
    assert "17.5 points" in found[0].text()


def test_no_threshold_no_crossing(effect):
    assert kinds(effect(-16.0, (-17.4, -15.0), mcid=None), effect(mcid=None)) == []


def test_certainty(effect):
    found = between(effect(certainty="low"), effect(certainty="moderate"))
    assert [change.kind for change in found[0].changes] == ["certainty"]
    assert "low certainty before, moderate now (provisional" in found[0].text()


def test_a_first_number_and_a_lost_one(effect):
    nothing = effect(None, None, status="not_read", trials=(), certainty="not rated")
    assert kinds(None, effect()) == ["number_appears"]
    assert kinds(nothing, effect()) == ["number_appears"]
    assert kinds(effect(), None) == ["number_disappears"]
    assert kinds(effect(), nothing) == ["number_disappears"]
    assert kinds(None, nothing) == []
    assert "not evidence that the treatment works" in between(effect(), None)[0].text()


def test_trials_that_came_and_went(effect):
    both = effect()
    vega, lee = both.trials
    other = replace(vega, says="−9.0 (−20.0 to 2.0)")
    found = between(replace(both, trials=(vega,)), replace(both, trials=(other, lee)))[0]
    assert (found.came, found.went, found.other) == ((lee,), (), (other,))
    assert "came in: Lee 2019: −12.0" in found.text()
    assert between(both, replace(both, trials=(vega,)))[0].went == (lee,)


WIDE = (-12.0, 6.0)


@pytest.mark.parametrize(
    ("before", "after", "turns"),
    [
        (-3.0, 3.0, True),
        (3.0, -3.0, True),
        (-3.0, -1.5, False),
        (-0.4, 0.4, False),  # level before and after: a hair
        (-3.0, 0.4, False),  # level now
    ],
)
def test_two_options_change_places(order, before, after, turns):
    def pair(x):
        return "bm_msc", "prp", x, (x - 6, x + 6), None

    found = kinds(order(pair(before)), order(pair(after)))
    assert found == ["order"] * turns


def test_places_within_very_wide_intervals_are_not_told(order):
    was = order(("bm_msc", "prp", -4.0, (-54.0, 46.0), None))
    now = order(("bm_msc", "prp", 4.0, (-46.0, 54.0), None))
    assert kinds(was, now) == []


def test_places_do_not_hang_on_the_order_of_pairs(order):
    was = order(("bm_msc", "prp", -3.0, WIDE, "low"))
    now = order(("prp", "bm_msc", -3.0, WIDE, "low"))
    found = between(was, now)[0]
    assert [change.kind for change in found.changes] == ["order"]
    assert "platelet-rich plasma" in found.text()
    assert "not shown beyond chance" in found.text()


def test_certainty_within_a_network(order):
    was = order(("bm_msc", "saline", -3.0, WIDE, "low"))
    now = order(("bm_msc", "saline", -3.0, WIDE, "very low"))
    assert kinds(was, now) == ["certainty"]


def test_a_harm_is_shown_and_no_longer(harms):
    unclear = harms(serious=((4, 50, 2, 50), 4.0, (-6.0, 14.0), (0.4, 9.0)))
    shown = harms(serious=((14, 60, 2, 60), 20.0, (8.0, 32.0), (1.6, 30.0)))
    fewer = harms(serious=((1, 60, 14, 60), -21.0, (-34.0, -9.0), None))
    assert kinds(unclear, shown) == ["harm_signal"]
    assert kinds(shown, unclear) == ["harm_signal"]
    assert kinds(unclear, fewer) == ["harm_signal"]
    assert kinds(None, shown) == ["harm_signal"]
    assert kinds(unclear, unclear) == []
    text = between(unclear, shown)[0].text()
    assert "A trial now shows more people with a serious event" in text
    assert "14 of 60 against 2 of 60" in text
    assert "4 of 50 against 2 of 50" in text
    assert "no longer shown" in between(shown, unclear)[0].text()


def test_the_ratio_decides_where_there_is_one(harms):
    """Rare events are pooled on the ratio; the difference in people follows from it."""
    found = harms(serious=((4, 50, 2, 50), 4.0, (0.1, 14.0), (0.9, 9.0)))
    assert found.families[0].side == "not shown"


def test_only_families_that_moved_are_told(harms):
    same = ((4, 50, 2, 50), 4.0, (-6.0, 14.0), None)
    was = harms(serious=same, death=((0, 50, 0, 50), None, None, None))
    now = harms(serious=same, death=((0, 60, 0, 60), None, None, None))
    found = between(was, now)[0]
    assert "serious" not in found.text()
    assert "0 of 60 against 0 of 60" in found.after
    assert not found.alerts


def test_a_retraction_names_the_answers_that_stand_on_it(effect):
    notice = Notice("vega-2015", "Vega 2015", None, "knee_osteoarthritis", "PubMed 1", ("x: −1",))
    conclusions = {effect().key: effect()}
    before = Standing("2026-03-01", conclusions)
    after = replace(before, retracted={"vega-2015": notice})
    found = compare(before, after)
    assert [change.kind for change in found[0].changes] == ["retracted"]
    assert "One answer stands on it" in found[0].text()
    assert "without it: x: −1" in found[0].text()
    assert compare(after, after) == ()
    assert not compare(after, before)[0].alerts  # withdrawn: told, wakes nobody


def test_a_trial_falls_silent_and_speaks_again():
    notice = Notice("NCT1", "NCT1", None, "knee_osteoarthritis", "ended 2024-03")
    quiet, loud = Standing("2026-04-01", silent={"NCT1": notice}), Standing("2026-03-01")
    assert [c.kind for c in compare(loud, quiet)[0].changes] == ["silent"]
    spoken = compare(quiet, loud)
    assert len(spoken) == 1
    assert "no longer silent" in spoken[0].text()
    assert not spoken[0].alerts


def test_answers_on_the_same_trials_are_told_once(effect):
    was = [effect(key="a", title="A"), effect(key="b", title="B")]
    now = [replace(each, certainty="moderate") for each in was]
    before = Standing("2026-03-01", {each.key: each for each in was})
    after = Standing("2026-04-01", {each.key: each for each in now})
    (found,) = compare(before, after)
    assert (found.key, found.also, found.also_keys) == ("a", ("B",), ("b",))
    assert "the same in: B" in found.text()


def test_alerts_stand_first(effect):
    was = [effect(key="a"), effect(-6.0, (-15.0, 3.0), key="b")]
    now = [effect(-8.5, key="a"), effect(key="b")]
    before = Standing("2026-03-01", {each.key: each for each in was})
    after = Standing("2026-04-01", {each.key: each for each in now})
    assert [each.alerts for each in compare(before, after)] == [True, False]


def test_json_and_back(effect, order, harms):
    notice = Notice("x", "X", None, "", "why")
    every = [
        effect(),
        effect(None, None, per_100=None, per_100_ci=None, mcid=None, verdict=None),
        order(("bm_msc", "prp", -3.0, WIDE, None)),
        harms(serious=((4, 50, 2, 50), None, None, None)),
    ]
    standing = Standing("2026-03-01", {str(i): e for i, e in enumerate(every)}, {"x": notice})
    assert standing_from(json.loads(json.dumps(standing.to_dict(), allow_nan=False))) == standing


@pytest.mark.parametrize("content", [{"kind": "verdict"}, {}, {"kind": "effect", "key": 3}])
def test_what_is_no_conclusion(content):
    with pytest.raises(InputError, match="newer version"):
        from_dict(content)


estimates = st.floats(-60, 60)


@given(estimates, st.floats(0.1, 40), estimates, st.floats(0.1, 40))
def test_there_and_back_alert_alike(effect, one, half_one, two, half_two):
    """What alerts on the way there alerts on the way back, and nothing else does."""
    a = effect(one, (one - half_one, one + half_one))
    b = effect(two, (two - half_two, two + half_two))
    assert sorted(kinds(a, b)) == sorted(kinds(b, a))
    assert set(kinds(a, b)) <= set(KINDS)


@given(estimates, st.floats(0.1, 40))
def test_a_conclusion_survives_json(effect, estimate, half):
    made = effect(estimate, (estimate - half, estimate + half))
    assert from_dict(json.loads(json.dumps(to_dict(made)))) == made
