"""A treatment against a comparator at every month."""

import json
import math

import numpy as np
import pytest

from reprieve.answers import Question, ask, ask_trajectory
from reprieve.answers.trajectories import relabelled
from reprieve.effects.visits import every_visit
from reprieve.evidence import load_evidence

KNEE = Question(condition="knee_osteoarthritis")


def outcomes(visits):
    return [
        {"study_id": study, "arm_id": arm, "month": month, "mean": mean, "sd": 20}
        for study, months in visits.items()
        for month, means in months.items()
        for arm, mean in zip(("cells", "saline"), means, strict=True)
    ]


def test_one_visit_is_the_pairwise_answer(make_evidence):
    evidence = make_evidence(
        outcomes=outcomes({"a": {6: (30, 45)}, "b": {6: (35, 40)}, "c": {6: (20, 44)}})
    )
    answer, pairwise = ask_trajectory(KNEE, evidence), ask(KNEE, evidence)
    assert answer.status == "connected"
    assert answer.at(6)["estimate"] == pytest.approx(pairwise.effect.estimate)
    assert answer.reach == 6
    assert answer.at(12) is None, "nothing is said beyond the data"
    assert (
        "Month 12 lies beyond the data"
        in ask_trajectory(Question(condition="knee_osteoarthritis", month=12), evidence).in_words
    )


def test_levels_start_from_the_baseline(make_evidence):
    visits = {study: {0: (60, 60), 3: (40, 50), 12: (42, 52)} for study in ("a", "b", "c")}
    answer = ask_trajectory(KNEE, make_evidence(outcomes=outcomes(visits)))
    assert answer.baseline == pytest.approx(60)
    levels = answer.absolute()
    assert set(levels["treatment"]) == {"cell_therapy", "placebo"}
    control = levels.filter(treatment="placebo", month=12.0)["estimate"].item()
    treated = levels.filter(treatment="cell_therapy", month=12.0)["estimate"].item()
    assert control == pytest.approx(52, abs=1e-6)
    assert treated - control == pytest.approx(answer.at(12)["estimate"])


def test_what_nothing_connects(make_evidence):
    question = Question(condition="knee_osteoarthritis", comparator="surgery")
    answer = ask_trajectory(question, make_evidence(outcomes=outcomes({"a": {6: (30, 45)}})))
    assert (answer.status, answer.fit) == ("no_trial", None)
    assert math.isnan(answer.reach)
    assert "no chain of trials, connects cell therapy with surgery" in answer.in_words
    assert json.loads(json.dumps(answer.to_dict()))["status"] == "no_trial"


def test_several_arms_of_a_family_are_averaged():
    found = every_visit(load_evidence(), KNEE)
    meant = {"bm_msc": "cells", "ad_msc": "cells"}
    table, covariance = relabelled(found, meant)
    assert not (table["treatment1"] == table["treatment2"]).any()
    for study, block in covariance.items():
        assert block.shape == (table.filter(study_id=study).height,) * 2
        assert np.linalg.eigvalsh(block).min() > -1e-9


def test_controls_that_meet_the_treatment_stand_for_placebo():
    answer = ask_trajectory(Question(condition="knee_osteoarthritis", month=12))
    assert "placebo" in answer.fit.treatments
    assert "saline" not in answer.fit.treatments, "salt water met cells, and is the placebo here"
    content = json.loads(json.dumps(answer.to_dict()))
    assert content["milestones"]["peak"]["months"] is not None
    assert content["network"]["shapes"]
    assert content["reach"] == answer.reach


def test_months_before_the_first_visit_rest_on_the_form(make_evidence):
    evidence = make_evidence(outcomes=outcomes({"a": {6: (30, 45)}, "b": {6: (35, 40)}}))
    early = ask_trajectory(Question(condition="knee_osteoarthritis", month=1), evidence)
    assert early.start == early.reach == 6
    assert "they cover month 6 alone" in early.in_words
    assert "rests on the form of the course before month 6" in early.in_words
    assert "rests on the form" not in ask_trajectory(KNEE, evidence).in_words
    assert early.to_dict()["start"] == 6


def test_words_of_a_course_that_still_grows():
    words = ask_trajectory(Question(condition="knee_osteoarthritis", outcome="function")).in_words
    assert "()" not in words
    assert "12.0 (12.0 to 12.0)" not in words
