"""What would change the certainty or the verdict."""

import json

import pytest

from reprieve.answers import Question, ask, verdict_flips
from reprieve.answers.flips import KINDS, OTHER_RULES, RULE_WORDS
from reprieve.certainty import Rules
from reprieve.evidence import load_evidence

KNEE = Question(condition="knee_osteoarthritis")
MEANS = {"a": (30, 48), "b": (28, 48), "c": (20, 44), "wide": (40, 40)}


@pytest.fixture
def evidence(make_evidence):
    return make_evidence(
        studies=[{"study_id": "a", "blinding": "open"}],
        outcomes=[
            {"study_id": study, "arm_id": arm, "mean": mean, "sd": 20}
            for study, means in MEANS.items()
            for arm, mean in zip(("cells", "saline"), means, strict=True)
        ],
    )


def test_each_trial_left_out_is_the_answer_without_it(evidence, make_evidence):
    found = verdict_flips(KNEE, evidence)
    base = ask(KNEE, evidence)
    assert found.base.level == base.certainty.level
    # equal variances: −15.5 of four trials, −20.7 without the one that shows nothing
    assert base.effect.estimate == pytest.approx(-15.5)
    (without,) = [f for f in found.tried if f.kind == "trial" and f.estimate < -20]
    assert without.estimate == pytest.approx(-62 / 3)
    assert without.verdict_before == "little or no difference"
    assert without.verdict_after == "important benefit"
    assert without.flips
    assert "important benefit instead of little or no difference" in without.in_words()
    assert sum(f.kind == "trial" for f in found.tried) == 4


def test_restrictions_are_those_of_ask(evidence):
    found = verdict_flips(KNEE, evidence)
    (blind,) = [f for f in found.tried if "double-blind" in f.change]
    answer = ask(Question(condition="knee_osteoarthritis", blinded=True), evidence)
    assert blind.estimate == pytest.approx(answer.effect.estimate)
    assert blind.level_after == answer.certainty.level


def test_the_threshold_of_a_worthwhile_difference_turns_the_verdict(evidence):
    found = verdict_flips(KNEE, evidence)
    points = [f for f in found.tried if f.kind == "worthwhile difference"]
    assert points
    for flip in points:
        worthwhile = float(flip.change.split()[0])
        assert flip.verdict_after == (
            "important benefit" if worthwhile <= 15.5 else "little or no difference"
        )


def test_rules_are_varied_one_at_a_time(evidence):
    found = verdict_flips(KNEE, evidence)
    (target,) = [f for f in found.tried if "no difference on which" in f.change]
    assert target.verdict_after == "benefit"
    assert target.level_after == ask(KNEE, evidence, rules=Rules(target="null")).certainty.level
    assert set(OTHER_RULES) == set(RULE_WORDS)


def test_the_map_can_be_read_and_stored(evidence):
    found = verdict_flips(KNEE, evidence)
    assert {f.kind for f in found.tried} == set(KINDS)
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert len(plain["flips"]) == len(found.flips) < plain["tried"]
    assert found.to_frame()["flips"].sum() == len(found.flips)
    assert "single changes alter" in found.summary()


def test_without_a_trial_nothing_flips():
    found = verdict_flips(Question(condition="diabetic_neuropathy"), load_evidence())
    assert found.tried == ()
    assert "No trial" in found.summary()
    assert found.to_frame().is_empty()


def test_a_single_trial_left_out_leaves_nothing(make_evidence):
    evidence = make_evidence(
        outcomes=[
            {"study_id": "a", "arm_id": arm, "mean": mean, "sd": 20}
            for arm, mean in (("cells", 30), ("saline", 40))
        ]
    )
    found = verdict_flips(KNEE, evidence)
    (gone,) = [f for f in found.tried if f.kind == "trial"]
    assert (gone.level_after, gone.verdict_after, gone.estimate) == ("not rated", "no number", None)
