"""What silent trials could do to an answer."""

import numpy as np
import pytest

from reprieve.answers import ask
from reprieve.certainty.unpublished import missing_evidence
from reprieve.effects import Question
from reprieve.evidence import load_evidence
from reprieve.evidence.register import registered_trials
from reprieve.synthesis import meta_analysis

KNEE = Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid")


def test_the_answer_is_that_of_ask():
    evidence = load_evidence()
    found, answer = missing_evidence(KNEE, evidence), ask(KNEE, evidence)
    assert found.estimate == pytest.approx(answer.effect.estimate)
    assert found.ci == pytest.approx(answer.effect.ci)
    assert found.people == answer.effect.n


def test_silent_trials_pull_to_what_they_are_taken_to_have_found(make_evidence):
    evidence = make_evidence(
        outcomes=[
            {"study_id": study, "arm_id": arm, "mean": mean, "sd": 20}
            for study, means in {"a": (30, 45), "b": (35, 40), "c": (20, 44)}.items()
            for arm, mean in zip(("cells", "saline"), means, strict=True)
        ]
    )
    question = Question(condition="knee_osteoarthritis")
    found = missing_evidence(question, evidence)
    silent = registered_trials("knee_osteoarthritis", evidence).filter(
        state="silent", allocation="Randomized"
    )
    sizes = silent["planned"].to_numpy()
    assert found.silent == silent.height
    assert found.planned_silent == sizes.sum()
    assert found.share_missing == pytest.approx(sizes.sum() / (sizes.sum() + 120))
    # 20 people an arm with SD 20: variance 40 = 4 · 20² / 40
    sizes = sizes[sizes > 1]
    expected = meta_analysis(
        effect=np.concatenate([[-15, -5, -24], np.zeros(len(sizes))]),
        variance=np.concatenate([np.full(3, 40.0), 4 * 400 / sizes]),
        method="REML",
        test="adhoc",
    )
    assert found.if_null.estimate == pytest.approx(expected.estimate)
    assert found.if_null.ci == pytest.approx(expected.ci)
    assert found.if_opposite.effect == pytest.approx(-found.estimate)
    assert found.if_opposite.estimate > found.if_null.estimate > found.estimate


def test_questions_without_cells_or_without_trials():
    evidence = load_evidence()
    drugs = Question(condition="knee_osteoarthritis", treatment="medication")
    assert missing_evidence(drugs, evidence).silent == 0
    nothing = missing_evidence(Question(condition="hip_osteoarthritis"), evidence)
    assert np.isnan(nothing.estimate)
    assert nothing.if_null is None
    assert "silent" in missing_evidence(KNEE, evidence).summary()
