"""All treatments at once: parts, references, bridges, contextual response, words."""

import json

import numpy as np
import pytest

from reprieve.answers import Question, ask, ask_network
from reprieve.synthesis import meta_analysis

KNEE = Question(condition="knee_osteoarthritis")


@pytest.fixture(scope="module")
def knee():
    return ask_network(Question(condition="knee_osteoarthritis", month=12))


def test_parts_hold_every_trial_once(knee):
    studies = [study for part in knee.parts for study in part.studies]
    assert sorted(studies) == sorted(set(knee.found.table["study_id"]))
    treatments = [code for part in knee.parts for code in part.treatments]
    assert len(treatments) == len(set(treatments))
    assert knee.main.cells
    assert knee.main.fit.method == "REML"
    assert knee.found.nodes.filter(node=knee.main.fit.reference)["control"].item()


def test_people_are_counted_once(knee):
    arms = knee.found.arms
    paired = set(knee.found.table.filter("same_people")["study_id"])
    expected = 0.0
    for study in knee.main.studies:
        people = arms.filter(study_id=study)["n"].fill_null(0)
        expected += people.max() if study in paired else people.sum()
    assert knee.main.people == pytest.approx(expected, abs=1)


def test_what_is_not_connected_names_the_trial_that_would(knee):
    joined = {node for part in knee.parts if part.cells for node in part.treatments}
    assert "exercise_therapy" in joined
    assert {bridge.of_class for bridge in knee.bridges} == {"nerve_block", "surgery"}
    for bridge in knee.bridges:
        assert bridge.treatment in knee.main.cells
        assert bridge.comparator not in joined
        assert bridge.trial in knee.in_words


def test_two_treatments_are_the_pairwise_answer(make_evidence):
    evidence = make_evidence(
        outcomes=[
            {"study_id": study, "arm_id": arm, "mean": mean, "sd": 20}
            for study, means in {"a": (30, 45), "b": (35, 40), "c": (20, 44)}.items()
            for arm, mean in zip(("cells", "saline"), means, strict=True)
        ]
    )
    answer = ask_network(KNEE, evidence)
    (part,) = answer.parts
    cell = next(iter(part.cells))
    found = part.fit.relative(cell, part.fit.reference)
    pairwise = meta_analysis(
        effect=[-15, -5, -24], variance=np.full(3, 2 * 20**2 / 20), method="REML", test="z"
    )
    assert found.estimate == pytest.approx(pairwise.estimate)
    assert found.se == pytest.approx(pairwise.se, rel=1e-6)
    assert found.estimate == pytest.approx(ask(KNEE, evidence).effect.estimate)
    assert part.people == 120


def test_contextual_response_is_the_controls_mean_change(make_evidence):
    outcomes = [
        {"study_id": study, "arm_id": arm, "month": month, "mean": mean, "sd": 20}
        for study in ("a", "b")
        for arm, month, mean in (
            ("cells", 0, 60), ("cells", 6, 30), ("saline", 0, 60), ("saline", 6, 45)
        )
    ]  # fmt: skip
    (response,) = ask_network(KNEE, make_evidence(outcomes=outcomes)).responses
    assert (response.k, response.n, response.change) == (2, 40, pytest.approx(-15))


def test_nothing_to_connect(make_evidence):
    answer = ask_network(KNEE, make_evidence(outcomes=[]))
    assert (answer.main, answer.parts) == (None, ())
    assert "No trial of knee osteoarthritis compares treatments" in answer.in_words


def test_lumping_controls_joins_parts(knee):
    lumped = ask_network(knee.question, lump=True)
    assert len(lumped.parts) < len(knee.parts)
    assert "any_control" in lumped.main.treatments


def test_json(knee):
    content = json.loads(json.dumps(knee.to_dict()))
    assert content["parts"][0]["network"]["treatments"]
    assert content["not_connected"][0]["trial"]
    assert content["contrasts"][0]["rows"]


def test_the_larger_of_parts_comes_first_and_add_ons_are_its_own():
    answer = ask_network(Question(condition="diabetic_neuropathy"))
    sizes = [(len(part.treatments), part.fit.k, part.people) for part in answer.parts]
    assert sizes == sorted(sizes, reverse=True)
    assert "on top of what both groups got" not in answer.in_words, "that is another part's trial"
    assert "visits of months 3 to 12 count" in answer.in_words


def test_unknown_people_are_not_none():
    answer = ask_network(Question(condition="radiculopathy"))
    assert answer.main.people == 0
    assert "an unreported number of people" in answer.in_words
    assert "0 people" not in answer.in_words
