"""Harms answered: which model, how many people, what still is possible, and in what words."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri

from reprieve.answers import Question, ask
from reprieve.answers.benefit_harm import benefit_harm
from reprieve.answers.harm_models import Pooled
from reprieve.answers.harms import ask_harms
from reprieve.effects.harms import HarmsQuestion
from reprieve.errors import InputError

KNEE = HarmsQuestion(condition="knee_osteoarthritis")
ROW = {"locator": "Table 2", "source_url": "https://example.org", "event": "serious_adverse_event"}


@pytest.fixture
def answered(make_evidence):
    """The answer from trials given as (events, people) of both sides."""

    def make(*trials, event="serious_adverse_event", **question):
        events = [
            {**ROW, "event": event, "study_id": f"t{i}", "arm_id": arm, "month": 12,
             "events": x, "n": n}
            for i, trial in enumerate(trials)
            for arm, (x, n) in zip(("cells", "saline"), trial, strict=True)
        ]  # fmt: skip
        asked = HarmsQuestion(condition="knee_osteoarthritis", **question)
        return ask_harms(asked, make_evidence(events=events))

    return make


def test_nobody_had_it(answered):
    found = answered(((0, 200), (0, 100)), ((0, 140), (0, 50))).family("serious")
    assert found.status == "no_event"
    assert found.pooled.treatment.upper == pytest.approx(100 * (1 - 0.05 ** (1 / 340)))
    assert found.pooled.treatment.one_in == 113
    assert "0 of 340 still allows up to 1 in 113" in found.in_words
    assert "340 person-years" in found.in_words
    assert found.pooled.comparator.one_in == math.floor(1 / (1 - 0.05 ** (1 / 150)))
    assert found.pooled.ratio is None


def test_few_rare_events_by_mantel_haenszel(answered):
    found = answered(((2, 100), (5, 100)), ((1, 200), (2, 200)), ((0, 50), (0, 50)))
    pooled = found.family("serious").pooled
    r = 2 * 95 / 200 + 1 * 198 / 400
    s = 98 * 5 / 200 + 199 * 2 / 400
    assert (pooled.ratio.measure, pooled.ratio.method, pooled.ratio.trials) == ("OR", "MH", 2)
    assert pooled.ratio.estimate == pytest.approx(r / s)
    base = 7 / 350
    odds = r / s * base / (1 - base)
    assert pooled.per_100.with_comparator == pytest.approx(100 * base)
    assert pooled.per_100.with_treatment == pytest.approx(100 * odds / (1 + odds))
    assert "from the 2 with events" in found.family("serious").in_words
    assert "Which has more is not shown" in found.family("serious").in_words


def test_common_events_by_risk_ratio(answered):
    pooled = answered(((20, 50), (10, 50)), ((30, 60), (20, 60))).family("serious").pooled
    r = 20 * 50 / 100 + 30 * 60 / 120
    s = 10 * 50 / 100 + 20 * 60 / 120
    assert (pooled.ratio.measure, pooled.ratio.method) == ("RR", "MH")
    assert pooled.ratio.estimate == pytest.approx(r / s)
    assert pooled.per_100.with_treatment == pytest.approx(100 * r / s * 30 / 110)


@pytest.mark.parametrize(("n", "method", "measure"), [(200, "CM.EL", "OR"), (10, "IV", "RR")])
def test_many_trials_may_differ(answered, n, method, measure):
    trials = [((x, n), (x + 1, n)) for x in (1, 2, 3, 1, 2)]
    ratio = answered(*trials).family("serious").pooled.ratio
    assert (ratio.method, ratio.measure, ratio.trials) == (method, measure, 5)
    assert ratio.tau is not None


def test_nobody_on_one_side(answered):
    found = answered(((0, 40), (3, 20))).family("serious")
    people = found.pooled.per_100
    z2 = ndtri(0.975) ** 2
    upper = z2 / (40 + z2)  # Wilson's, of 0 of 40
    middle = (3 + z2 / 2) / (20 + z2)
    half = math.sqrt(z2 * (3 * 17 / 20 + z2 / 4)) / (20 + z2)
    assert people.difference == pytest.approx(-15)
    assert people.difference_ci == pytest.approx(
        (
            -15 - 100 * (middle + half - 0.15),
            -15 + 100 * math.hypot(upper, 0.15 - (middle - half)),
        )
    )
    assert "0 of 40 still allows up to 1 in 13 with cell therapy" in found.in_words


def test_everybody_on_both_sides(answered):
    found = answered(((16, 16), (4, 4))).family("serious")
    assert found.status == "compared"
    assert found.pooled.per_100.difference == 0
    assert found.alone.per_100 == 100
    assert found.alone.ci[0] == pytest.approx(100 * 0.025 ** (1 / 16))


def test_draws_are_risks_and_follow_the_ratio(answered):
    found = answered(((8, 400), (16, 400)), ((5, 300), (9, 300))).family("serious")
    draws = found.draws(20_000, seed=2)
    assert draws.shape == (20_000, 2)
    assert ((draws >= 0) & (draws <= 100)).all()
    odds = draws / (100 - draws)
    assert np.median(odds[:, 0] / odds[:, 1]) == pytest.approx(
        found.pooled.ratio.estimate, rel=0.01
    )
    assert (draws == found.draws(20_000, seed=2)).all()


def test_not_reported_is_an_answer(answered):
    answer = answered(((0, 20), (0, 20)))
    tumour = answer.family("tumour")
    assert tumour.status == "not_reported"
    assert tumour.silent == 1
    assert "No trial reports it for both" in tumour.in_words
    assert "a tumour" in answer.in_words
    assert "does not mean that it does not happen" in answer.in_words
    with pytest.raises(InputError, match="nothing to draw"):
        tumour.draws()


def test_published_numbers_stand_beside_and_outbreaks_apart(answered):
    answer = answered(((0, 20), (1, 20)))
    serious = answer.family("serious")
    assert serious.published
    assert all(row.family == "serious" and not row.apart for row in serious.published)
    assert {row.kind for row in answer.apart} <= {"outbreak", "case"}
    # published people never enter the counts
    assert serious.pooled.treatment.people == 20


def test_plain_data(answered):
    answer = answered(((1, 40), (2, 40)))
    found = json.loads(json.dumps(answer.to_dict(), allow_nan=False))
    family = next(f for f in found["families"] if f["event"] == "serious")
    assert family["pooled"]["treatment"]["events"] == 1
    assert family["trials"][0]["rows"][0]["locator"] == "Table 2"
    assert "Mantel–Haenszel" in found["rule"]


def test_sources_of_each_count():
    answer = ask_harms(HarmsQuestion(condition="knee_osteoarthritis", comparator="hyaluronic_acid"))
    for found in answer.families:
        for trial in (*found.trials, *found.treated):
            assert trial.rows
            assert all(row.table == "events" and row.locator for row in trial.rows)


# -- benefit and harm


@pytest.fixture
def both(make_evidence):
    outcomes = [
        {"study_id": study, "arm_id": arm, "mean": mean, "sd": 20}
        for study, means in {"a": (30, 45), "b": (35, 40), "c": (20, 44)}.items()
        for arm, mean in zip(("cells", "saline"), means, strict=True)
    ] + [
        {"study_id": study, "arm_id": "saline", "month": 0, "mean": 60, "sd": 20} for study in "abc"
    ]
    events = [
        {**ROW, "study_id": study, "arm_id": arm, "month": 6, "events": x, "n": 20}
        for study in "ab"
        for arm, x in (("cells", 2), ("saline", 1))
    ]
    evidence = make_evidence(outcomes=outcomes, events=events)
    return ask(Question(condition="knee_osteoarthritis"), evidence), ask_harms(KNEE, evidence)


def test_points_are_those_of_the_answers_and_intervals_agree(both):
    answer, harms = both
    page = benefit_harm(answer, harms)
    assert page.benefit.difference == answer.per_100.difference
    assert page.benefit.with_treatment_ci == pytest.approx(
        answer.per_100.with_treatment_ci, abs=1.5
    )
    assert page.harms[0].difference == harms.family("serious").pooled.per_100.difference
    assert page.net is None
    assert "for each person to say" in page.in_words


def test_net_benefit_is_the_weighted_difference(both):
    answer, harms = both
    free = benefit_harm(answer, harms, {"serious": 0})
    dear = benefit_harm(answer, harms, {"serious": 3})
    draws = harms.family("serious").pooled
    assert isinstance(draws, Pooled)
    assert free.net.estimate == pytest.approx(answer.per_100.difference, abs=1)
    assert dear.net.estimate < free.net.estimate
    assert dear.net.probability <= free.net.probability
    assert "With your weights (a serious adverse event 3" in dear.in_words


def test_weights_are_checked(both):
    answer, harms = both
    with pytest.raises(InputError, match="can't be weighed"):
        benefit_harm(answer, harms, {"tumour": 1})
    with pytest.raises(InputError, match="0 or more"):
        benefit_harm(answer, harms, {"serious": -1})
    other = ask_harms(HarmsQuestion(comparator="hyaluronic_acid"))
    with pytest.raises(InputError, match="ask both about the same"):
        benefit_harm(answer, other)


def test_the_same_people_are_not_weighed_twice():
    sides = {"condition": "knee_osteoarthritis", "comparator": "hyaluronic_acid"}
    answer, harms = ask(Question(**sides)), ask_harms(HarmsQuestion(**sides))
    with pytest.raises(InputError, match="same people"):
        benefit_harm(answer, harms, {"any": 1, "serious": 5})


def test_a_very_wide_interval_still_gives_people(both):
    answer, harms = both
    everybody = replace(answer.per_100, with_treatment_ci=(0.0, 100.0))
    wide = replace(answer, per_100=everybody, effect=replace(answer.effect, ci=(-300.0, 300.0)))
    page = benefit_harm(wide, harms)
    assert page.benefit.with_treatment_ci == pytest.approx(
        benefit_harm(answer, harms).benefit.with_treatment_ci, abs=1e-6
    )
    nobody = replace(answer, per_100=replace(everybody, with_comparator=0.0))
    with pytest.raises(InputError, match="points instead"):
        benefit_harm(nobody, harms)
