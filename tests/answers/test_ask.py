"""From a question to an answer: the number, the words, and the states in between."""

import json

import numpy as np
import pytest

from reprieve.answers import Question, ask, comparisons
from reprieve.evidence import load_evidence

KNEE = Question(condition="knee_osteoarthritis")
TRIALS = {"a": (30, 45), "b": (35, 40), "c": (20, 44)}


@pytest.fixture
def three_trials(make_evidence):
    outcomes = [
        {"study_id": study, "arm_id": arm, "mean": mean, "sd": 20}
        for study, means in TRIALS.items()
        for arm, mean in zip(("cells", "saline"), means, strict=True)
    ]
    baseline = [
        {"study_id": study, "arm_id": "saline", "month": 0, "mean": 60, "sd": 20}
        for study in TRIALS
    ]
    return make_evidence(outcomes=outcomes + baseline)


def test_pooled_by_reml_with_knapp_hartung(three_trials):
    # Equal variances: REML τ² is the sample variance less the sampling variance, and the
    # Knapp–Hartung interval is the t interval of the three differences.
    y = np.array([c - s for c, s in TRIALS.values()], dtype=float)
    answer = ask(KNEE, three_trials)
    effect = answer.effect
    assert answer.status == "pooled"
    assert effect.estimate == pytest.approx(y.mean())
    assert effect.tau**2 == pytest.approx(y.var(ddof=1) - 2 * 20**2 / 20)
    half = 4.302652729911275 * y.std(ddof=1) / np.sqrt(3)  # t quantile, 2 df
    assert effect.ci == pytest.approx((y.mean() - half, y.mean() + half))
    assert (effect.k, effect.n) == (3, 120)
    assert sum(s.weight for s in answer.studies) == pytest.approx(100)


def test_people_per_100_from_the_comparators_change(three_trials):
    from scipy.stats import norm

    people = ask(KNEE, three_trials).per_100
    change = np.mean([s - 60 for _, s in TRIALS.values()])  # correlation 0.5: SD stays 20
    assert people.mcid == 17.5
    assert people.with_comparator == pytest.approx(100 * norm.cdf((-17.5 - change) / 20))
    effect = np.mean([c - s for c, s in TRIALS.values()])
    assert people.with_treatment == pytest.approx(100 * norm.cdf((-17.5 - change - effect) / 20))
    low, high = people.difference_ci
    assert low < people.difference < high


def test_every_number_names_its_rows(three_trials):
    for study in ask(KNEE, three_trials).studies:
        assert study.link == "https://doi.org/10.1000/example"
        for source in study.rows:
            row = three_trials.outcomes.filter(row=source.row).row(0, named=True)
            assert row["study_id"] == study.study_id
            assert source.locator == "Table 1"
            assert source.readings == 1


def test_words_hold_the_numbers_and_their_uncertainty(three_trials):
    answer = ask(KNEE, three_trials)
    words = answer.in_words
    assert "three randomised trials with 120 people" in words
    assert f"by {abs(answer.effect.estimate):.1f} points of 100" in words
    assert "confidence interval from" in words
    assert "Of 100 people" in words
    assert f"{answer.certainty.level} certainty {answer.certainty.symbols}" in words
    assert answer.certainty.statement in words


def test_one_trial_stands_alone(make_evidence):
    evidence = make_evidence(
        outcomes=[
            {"study_id": "a", "arm_id": "cells", "mean": 30, "sd": 20},
            {"study_id": "a", "arm_id": "saline", "mean": 40, "sd": 20},
        ]
    )
    answer = ask(KNEE, evidence)
    assert answer.status == "single_trial"
    assert answer.effect.tau is None
    assert answer.effect.prediction_interval is None
    half = 1.959963984540054 * np.sqrt(2 * 20**2 / 20)
    assert answer.effect.ci == pytest.approx((-10 - half, -10 + half))
    assert answer.studies[0].weight == pytest.approx(100)
    assert "The trial does not show which is better" in answer.in_words


def test_the_same_people_are_counted_once(make_evidence):
    evidence = make_evidence(
        outcomes=[
            {"study_id": "a", "arm_id": arm, "mean": 30, "sd": 20} for arm in ("cells", "saline")
        ],
        cautions=[{"study_id": "a", "kind": "paired", "reason": "two knees of each"}],
    )
    answer = ask(KNEE, evidence)
    assert answer.effect.n == 20
    assert "two knees of each" in answer.studies[0].notes


def test_words_of_harm_do_not_promise_improvement(make_evidence):
    evidence = make_evidence(
        outcomes=[
            {"study_id": "a", "arm_id": "cells", "mean": 52, "sd": 20},
            {"study_id": "a", "arm_id": "saline", "mean": 40, "sd": 20},
        ]
    )
    words = ask(KNEE, evidence).in_words
    assert "more pain" in words
    assert "in favour of the treatment is smaller" in words
    assert "a worsening that large can't be ruled out" in words


def test_unread_results_are_not_called_no_effect(make_evidence):
    answer = ask(KNEE, make_evidence(studies=[{"study_id": "a"}]))
    assert answer.status == "not_read"
    assert answer.effect is None
    assert "have not been read yet" in answer.in_words
    assert "nor that it does not" in answer.in_words


def test_no_trial_says_so():
    answer = ask(Question(condition="diabetic_neuropathy"), load_evidence())
    assert answer.status == "no_trial"
    assert answer.in_words.startswith("No trial in the evidence tests cell therapy against")


def test_json_has_the_promised_keys_and_only_plain_values():
    answer = ask(
        Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid"), load_evidence()
    )
    plain = json.loads(json.dumps(answer.to_dict(), allow_nan=False))
    promised = {
        "": "question effect per_100 studies excluded in_words evidence_date certainty",
        "effect": "measure unit estimate ci prediction_interval k n tau I2",
    }
    assert set(promised[""].split()) <= set(plain)
    assert set(promised["effect"].split()) <= set(plain["effect"])
    assert {"study_id", "estimate", "ci", "weight", "rows"} <= set(plain["studies"][0])
    assert {"study_id", "reason"} <= set(plain["excluded"][0])
    assert {"level", "symbols", "domains"} <= set(plain["certainty"])
    assert plain["evidence_date"] == load_evidence().date


def test_the_pooled_number_follows_from_the_source_rows():
    """Cells against hyaluronic acid in the knee, recomputed from the CSV rows that it names."""
    evidence = load_evidence()
    answer = ask(Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid"), evidence)
    rows = {r["row"]: r for r in evidence.outcomes.iter_rows(named=True)}
    vega = next(s for s in answer.studies if s.study_id == "vega-2015")
    msc, ha = (rows[s.row] for s in vega.rows)
    assert (msc["arm_id"], ha["arm_id"], msc["scale_max"]) == ("msc", "ha", 100)
    assert vega.estimate == pytest.approx(msc["mean"] - ha["mean"])
    se = np.sqrt(msc["sd"] ** 2 / msc["n"] + ha["sd"] ** 2 / ha["n"])
    assert vega.ci == pytest.approx(
        (vega.estimate - 1.96 * se, vega.estimate + 1.96 * se), rel=1e-3
    )


def test_a_report_shows_the_gaps_too():
    answers = comparisons("tendinopathy", load_evidence())
    statuses = {(a.question.treatment, a.question.comparator): a.status for a in answers}
    assert statuses["cell_therapy", "placebo"] == "not_read"
    assert statuses["cell_therapy", "nerve_block"] == "no_trial"
    assert any(a.effect for a in answers)


def test_read_but_unfit_is_told_from_unread(make_evidence):
    evidence = make_evidence(
        outcomes=[
            {"study_id": "a", "arm_id": arm, "month": 24, "mean": 30, "sd": 20}
            for arm in ("cells", "saline")
        ]
    )
    answer = ask(KNEE, evidence)
    assert answer.status == "not_usable"
    assert "it could not be used for this question" in answer.in_words


def test_a_report_answers_the_same_rows_once():
    answers = comparisons("knee_osteoarthritis", load_evidence())
    rested = [
        (
            a.question.treatment,
            a.question.outcome,
            {(r.table, r.row) for s in a.studies for r in s.rows},
        )
        for a in answers
        if a.effect
    ]
    assert all(rested.count(one) == 1 for one in rested)
    assert len(rested) > 5


def test_trials_that_agree_by_chance_do_not_shrink_the_interval(make_evidence):
    evidence = make_evidence(
        outcomes=[
            {"study_id": study, "arm_id": arm, "mean": mean, "sd": 20}
            for study in "abc"
            for arm, mean in (("cells", 30), ("saline", 40))
        ]
    )
    low, high = ask(KNEE, evidence).effect.ci
    half = 4.302652729911275 * np.sqrt(2 * 20**2 / 20 / 3)  # t quantile, 2 df; common-effect SE
    assert (low, high) == pytest.approx((-10 - half, -10 + half))
