"""Each rule against cases computed by hand, on and beside its boundaries."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from reprieve.certainty import Rules
from reprieve.certainty.grading.body import Asymmetry
from reprieve.certainty.grading.imprecision import imprecision, optimal_information_size
from reprieve.certainty.grading.inconsistency import inconsistency
from reprieve.certainty.grading.indirectness import indirectness
from reprieve.certainty.grading.publication_bias import publication_bias
from reprieve.certainty.grading.risk_of_bias import risk_of_bias
from reprieve.certainty.grading.upgrades import upgrades
from reprieve.certainty.grading.verdicts import target_of, verdict_of
from reprieve.certainty.unpublished import MissingEvidence, WhatIf
from reprieve.effects import Question
from reprieve.errors import InputError

RULES = Rules()
NULL = Rules(target="null")


@pytest.mark.parametrize(
    ("estimate", "mcid", "rules", "verdict"),
    [
        (-15.0, 15.0, RULES, "important benefit"),
        (-14.9, 15.0, RULES, "little or no difference"),
        (14.9, 15.0, RULES, "little or no difference"),
        (15.0, 15.0, RULES, "important harm"),
        (-3.0, None, RULES, "benefit"),
        (3.0, None, RULES, "harm"),
        (0.0, None, RULES, "no difference"),
        (-3.0, 15.0, NULL, "benefit"),
    ],
)
def test_the_claim_is_where_the_estimate_lies(estimate, mcid, rules, verdict):
    assert verdict_of(estimate, mcid, rules) == verdict


@pytest.mark.parametrize(
    ("estimate", "ci", "mcid", "rules", "crossed"),
    [
        # an important benefit: less than that, harm, important harm
        (-20, (-25, -15), 15.0, RULES, 0),
        (-20, (-25, -14.9), 15.0, RULES, 1),
        (-20, (-40, 0), 15.0, RULES, 2),
        (-20, (-55, 14.9), 15.0, RULES, 2),
        (-20, (-55, 15), 15.0, RULES, 3),
        # an important harm is its mirror image
        (20, (15, 25), 15.0, RULES, 0),
        (20, (0, 40), 15.0, RULES, 2),
        (20, (-15, 55), 15.0, RULES, 3),
        # little or no difference: important benefit, important harm, both twice over
        (-2, (-14.9, 14.9), 15.0, RULES, 0),
        (-2, (-15, 14.9), 15.0, RULES, 1),
        (-2, (-15, 15), 15.0, RULES, 2),
        (-2, (-30, 29.9), 15.0, RULES, 2),
        (-2, (-30, 30), 15.0, RULES, 3),
        # against no difference
        (-5, (-9, -0.1), 15.0, NULL, 0),
        (-5, (-9, 0), 15.0, NULL, 1),
        (-5, (-25, 15), 15.0, NULL, 2),
        (-5, (-40, 30), 15.0, NULL, 3),
        (5, (0.1, 9), 15.0, NULL, 0),
        (5, (-9, 99), None, RULES, 1),
        (0, (0, 0), None, RULES, 1),
    ],
)
def test_thresholds_that_an_interval_reaches(estimate, ci, mcid, rules, crossed):
    assert target_of(float(estimate), mcid, rules).crossed(ci) == crossed


@pytest.mark.parametrize(("people", "down"), [(400, 0), (399, 1), (200, 1), (199, 2)])
def test_an_effect_needs_the_people_of_one_adequate_trial(body, people, down):
    found = imprecision(body(people=people), RULES)
    assert found.proposed == down
    assert found.inputs["optimal_information_size"] == 400


def test_little_or_no_difference_from_few_people_costs_one_level(body):
    def proposed(people):
        return imprecision(body(estimate=-1.0, ci=(-3.0, 1.0), people=people), RULES).proposed

    assert [proposed(people) for people in (400, 399, 20)] == [0, 1, 1]


def test_the_graver_of_interval_and_size_counts(body):
    assert imprecision(body(ci=(-30.0, -10.0), people=100), RULES).proposed == 2
    assert imprecision(body(ci=(-60.0, 20.0), people=100), RULES).proposed == 3


def test_optimal_information_size_by_hand():
    # two arms of 2 (1.95996 + 0.84162)² (20 / 4)² = 392.4
    assert optimal_information_size(20.0, 4.0, RULES) == pytest.approx(784.89, abs=0.01)
    assert optimal_information_size(None, 4.0, RULES) == 400
    assert optimal_information_size(20.0, 4.0, Rules(information_size=900)) == 900


@pytest.mark.parametrize(
    ("shares", "down"),
    [
        ({"low": 0.5, "some concerns": 0.5}, 0),
        ({"low": 0.51, "high": 0.49}, 0),
        ({"low": 0.49, "some concerns": 0.51}, 1),
        ({"low": 0.49, "not judged": 0.51}, 1),
        ({"not judged": 1.0}, 1),
        ({"low": 0.5, "high": 0.5}, 2),
        ({"high": 1.0}, 2),
    ],
)
def test_risk_of_bias_by_weight(body, trial, shares, down):
    trials = [trial(word, weight, bias=word) for word, weight in shares.items()]
    found = risk_of_bias(body(*trials), RULES)
    assert found.proposed == down
    assert found.inputs["not_judged"] == pytest.approx(shares.get("not judged", 0))
    assert ("hint" in found.reason) == ("not judged" in shares)


def test_halves_are_halves_in_floating_point(body, trial):
    trials = [trial(str(i), 0.1, bias="low" if i < 5 else "some concerns") for i in range(10)]
    assert risk_of_bias(body(*trials), RULES).proposed == 0


@pytest.mark.parametrize(
    ("ci", "prediction", "down"),
    [
        ((-21, -19), (-25, -15), 0),
        ((-21, -19), (-25, -14), 1),
        ((-21, -19), (-45, 5), 2),
        ((-21, -19), (-60, 20), 2),
        ((-30, -10), (-45, -1), 0),  # the confidence interval says so already
        ((-30, -10), (-45, 5), 1),
    ],
)
def test_inconsistency_by_the_prediction_interval(body, trial, ci, prediction, down):
    trials = [trial(str(i), 1 / 3) for i in range(3)]
    made = body(*trials, ci=ci, prediction_interval=prediction, I2=60.0)
    assert inconsistency(made, RULES).proposed == down
    two = body(*trials[:2], ci=ci, prediction_interval=prediction, I2=60.0)
    assert inconsistency(two, RULES).proposed == 0


@pytest.mark.parametrize(
    ("second", "half", "I2", "down"),
    [
        (-5.0, 2.0, 50.0, 1),
        (-5.0, 2.0, 49.9, 0),  # not substantial
        (-5.0, 20.0, 50.0, 0),  # the intervals overlap
        (-40.0, 2.0, 50.0, 0),  # both are important benefits
    ],
)
def test_inconsistency_by_trials_that_contradict(body, trial, second, half, I2, down):
    made = body(
        trial("a", 0.5, -20.0, half), trial("b", 0.5, second, half), I2=I2, ci=(-30.0, -10.0)
    )
    found = inconsistency(made, RULES)
    assert found.proposed == down
    assert found.inputs["pairs"] == 1


def test_one_trial_is_not_inconsistent(body):
    found = inconsistency(body(), RULES)
    assert (found.proposed, found.reason) == (0, "one trial can't contradict itself")


def test_indirectness_adds_up_to_two(body, trial):
    def proposed(outcome="pain", **changed):
        trials = (trial("a", 0.5, **changed), trial("b", 0.5))
        return indirectness(body(*trials, outcome=outcome), RULES).proposed

    assert proposed() == 0
    assert proposed("structure") == 1
    assert proposed(adjunct="surgery") == 1  # half of the weight
    assert proposed(month=12.0) == proposed(month=3.0) == 0
    assert proposed(month=12.1) == proposed(month=2.9) == 1
    assert proposed("structure", adjunct="surgery", month=24.0) == 2
    less = body(trial("a", 0.49, adjunct="surgery"), trial("b", 0.51))
    assert indirectness(less, RULES).proposed == 0


@pytest.mark.parametrize(
    ("k", "p", "favours", "down"),
    [(10, 0.09, True, 1), (10, 0.10, True, 0), (10, 0.01, False, 0), (9, 0.01, True, 0)],
)
def test_small_study_effects_count_from_ten_trials(body, trial, k, p, favours, down):
    trials = [trial(str(i), 1 / k) for i in range(k)]
    made = body(*trials, asymmetry=Asymmetry(p=p, favours_treatment=favours))
    found = publication_bias(made, RULES)
    assert found.proposed == down
    assert (found.inputs["egger_p"] is None) == (k < 10)


def missing(null, ci, planned=900, people=100):
    return MissingEvidence(
        question=Question(condition="knee_osteoarthritis"),
        as_of=date(2022, 10, 10),
        trials=pl.DataFrame(),
        silent=9,
        planned_silent=planned,
        people=people,
        estimate=-20.0,
        ci=(-21.0, -19.0),
        if_null=WhatIf(0.0, null, ci),
        if_opposite=None,
    )


@pytest.mark.parametrize(
    ("null", "ci", "planned", "down"),
    [
        (-14.0, (-16.0, -12.0), 900, 1),  # another claim
        (-16.0, (-17.0, -15.0), 900, 0),
        (-16.0, (-17.0, -14.9), 900, 1),  # the interval reaches out of the claim
        (-14.0, (-16.0, -12.0), 10, 0),  # a tenth of all people at least: 10 of 110 are less
        (-14.0, (-16.0, -12.0), 12, 1),
    ],
)
def test_silent_trials_count_where_they_would_change_the_claim(body, null, ci, planned, down):
    found = publication_bias(body(missing=missing(null, ci, planned)), RULES)
    assert found.proposed == down
    assert "silent" in found.reason


@pytest.mark.parametrize(("paid", "people", "down"), [(0.5, 399, 1), (0.5, 400, 0), (0.49, 399, 0)])
def test_small_trials_paid_for_by_industry(body, trial, paid, people, down):
    trials = (
        trial("a", paid, funding="industry", people=people),
        trial("b", 1 - paid, people=100),
    )
    assert publication_bias(body(*trials), RULES).proposed == down


@pytest.mark.parametrize(
    ("ratio", "up"),
    [
        ((2.5, 2.0, 3.1), -1),
        ((2.5, 1.9, 3.1), 0),
        ((6.0, 5.0, 7.0), -2),
        ((0.4, 0.3, 0.5), -1),
        ((3.0, 0.9, 9.0), 0),
    ],
)
def test_large_effects(body, ratio, up):
    large, _, _ = upgrades(body(risk_ratio=ratio), RULES, faultless=True)
    assert large.proposed == up
    large, _, _ = upgrades(body(risk_ratio=ratio), RULES, faultless=False)
    assert large.proposed == 0


def test_a_gradient_of_doses(body, trial):
    doses = 10.0 ** np.arange(5, 9, 0.4)
    noise = 0.2 * np.array([1, -1, 1, 1, -1, -1, 1, -1, -1, 1])

    def gradient(slope):
        trials = [
            trial(f"{i}", 0.1, -10 + slope * (np.log10(d) - 5) + e, dose=d)
            for i, (d, e) in enumerate(zip(doses, noise, strict=True))
        ]
        return upgrades(body(*trials), RULES, faultless=True)[1]

    assert gradient(-3.0).proposed == -1
    assert gradient(-3.0).inputs["slope_per_tenfold"] == pytest.approx(-3.0, abs=0.2)
    assert gradient(3.0).proposed == gradient(0.0).proposed == 0


@pytest.mark.parametrize(
    "wrong",
    [{"target": "mid"}, {"low_share": 0.0}, {"substantial_i2": 101.0}, {"large": 0.5},
     {"very_wide": 0.5}],
)  # fmt: skip
def test_rules_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        Rules(**wrong)
