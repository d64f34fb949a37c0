"""`reprieve missing`: silent trials and PRISMA numbers on the command line."""

import json

from reprieve.answers import Question
from reprieve.answers.flow import flow
from reprieve.certainty.unpublished import missing_evidence
from reprieve.evidence import load_evidence

ASKED = ("missing", "knee_osteoarthritis", "--comparator", "hyaluronic_acid")


def test_json_is_the_result(run):
    status, out, err = run(*ASKED, "--json")
    question = Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid")
    evidence = load_evidence()
    assert (status, err) == (0, "")
    assert json.loads(out) == missing_evidence(question, evidence).to_dict() | {
        "flow": flow(question, evidence).to_dict()
    }


def test_text_lists_silent_trials_and_boxes(run):
    status, out, _ = run(*ASKED)
    found = missing_evidence(
        Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid"), load_evidence()
    )
    assert status == 0
    for trial in found.to_dict()["silent_trials"]:
        assert trial in out
    assert "Records screened: " in out
    assert "Had each found nothing" in out


def test_no_answer_has_null_numbers(run):
    status, out, _ = run("missing", "hip_osteoarthritis", "--json")
    found = json.loads(out)
    assert status == 0
    assert found["estimate"] is None
    assert found["if_null"] is None
    assert found["flow"]["studies_included_in_review"] == 0


def test_wrong_calls_give_one_sentence_and_status_2(run):
    status, out, err = run("missing", "knee")
    assert (status, out) == (2, "")
    assert "knee" in err
    assert "Traceback" not in err


def test_a_register_of_cells_says_nothing_about_exercise(run):
    status, out, _ = run("missing", "knee_osteoarthritis", "--treatment", "exercise_therapy")
    assert status == 0
    assert "no trials of exercise therapy" in " ".join(out.split())
    assert "Silent trial " not in out


def test_numbers_have_a_minus_sign(run):
    _, out, _ = run(*ASKED)
    assert "Had each found nothing: −" in out
