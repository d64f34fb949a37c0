"""PRISMA numbers: nothing appears or gets lost between one box and the next."""

import pytest

from reprieve.answers import Question, ask
from reprieve.answers.flow import NOT_READ, OTHER_CONDITION, OTHER_TREATMENTS, flow
from reprieve.evidence import load_evidence
from reprieve.evidence.register import STATES, registered_trials


def pain(study, cells=30, saline=40):
    return [
        {"study_id": study, "arm_id": arm, "mean": mean, "sd": 20}
        for arm, mean in (("cells", cells), ("saline", saline))
    ]


@pytest.mark.parametrize("comparator", ["placebo", "hyaluronic_acid", "injection", "usual_care"])
def test_boxes_add_up_and_agree_with_ask(comparator):
    evidence = load_evidence()
    question = Question(condition="knee_osteoarthritis", comparator=comparator)
    found, answer = flow(question, evidence), ask(question, evidence)
    here = evidence.studies.filter(condition="knee_osteoarthritis").height
    registered = registered_trials("knee_osteoarthritis", evidence)
    assert found.registers == registered.height
    unseen = registered["study_id"].null_count()
    outside = found.records_excluded.get(OTHER_CONDITION, 0)
    assert found.screened == here + unseen + outside
    assert found.assessed == found.included + sum(found.reports_excluded.values())
    assert found.included == len(answer.studies)
    left_out = sum(found.reports_excluded.values()) + found.not_retrieved.get(NOT_READ, 0)
    assert left_out == len(answer.excluded)
    assert found.people == (answer.effect.n if answer.effect else 0)
    assert found.not_retrieved[STATES["silent"]] == registered.filter(state="silent").height


def test_each_trial_stands_in_one_box(make_evidence):
    registered = registered_trials("knee_osteoarthritis", load_evidence())
    first, second, third = registered["nct_id"].to_list()[:3]
    evidence = make_evidence(
        studies=[
            # two records of one trial, one of a trial of another condition
            {"study_id": "a", "registration": f"{first};{second}"},
            {"study_id": "away", "registration": third, "condition": "hip_osteoarthritis"},
            {"study_id": "open", "design": "nonrandomised"},
            {"study_id": "silent"},
        ],
        arms=[
            {"study_id": "drugs", "arm_id": "saline"},
            {"study_id": "drugs", "arm_id": "saline2", "treatment": "hyaluronic_acid"},
        ],
        outcomes=[*pain("a"), *pain("open"), *pain("b")],
    )
    found = flow(Question(condition="knee_osteoarthritis"), evidence)
    assert (found.registers, found.other_methods, found.duplicates) == (121, 4, 1)
    assert found.records_excluded[OTHER_TREATMENTS] == 1
    assert found.records_excluded[OTHER_CONDITION] == 1
    assert found.not_retrieved[NOT_READ] == 1
    assert found.reports_excluded == {"not randomised": 1}
    assert (found.assessed, found.included, found.people) == (3, 2, 80)


def test_the_register_of_cells_says_nothing_about_other_treatments():
    found = flow(Question(condition="knee_osteoarthritis", treatment="medication"), load_evidence())
    assert found.registers == 0
    assert set(found.not_retrieved) <= {NOT_READ}
    assert found.included > 0


def test_the_same_numbers_in_words_tables_and_json():
    found = flow(Question(condition="knee_osteoarthritis"), load_evidence())
    told = found.to_dict()
    assert told["records_screened"] == found.screened
    assert sum(told["records_excluded"].values()) == found.screened - found.sought
    frame = found.to_frame()
    assert frame.filter(box="Reports excluded", reason="")["n"].item() == sum(
        told["reports_excluded"].values()
    )
    assert f"Records screened: {found.screened}" in found.summary()
