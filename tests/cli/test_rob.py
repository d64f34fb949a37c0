"""`reprieve rob`: proposals, figures and hints."""

import json

import pytest

ANSWERS = """study_id,outcome,1.1,1.2,1.3,2.1,2.2,2.3,2.6,3.1,4.1,4.2,4.3,5.1,5.2,5.3
a,pain,Y,Y,N,N,PN,NA,Y,Y,N,PN,N,Y,N,N
b,pain,Y,NI,N,Y,Y,NI,Y,N,N,N,Y,NI,NI,N
"""
JUDGED = """study_id,tool,domain,judgement,who,date
a,rob2,D1,low,A. Reader,2026-11-30
a,rob2,overall,some concerns,A. Reader,2026-11-30
b,rob2,D1,,,
"""


@pytest.fixture
def answers(tmp_path):
    path = tmp_path / "answers.csv"
    path.write_text(ANSWERS, "utf-8")
    return path


@pytest.fixture
def judged(tmp_path):
    path = tmp_path / "judged.csv"
    path.write_text(JUDGED, "utf-8")
    return path


def test_answers_give_proposals_and_what_is_still_asked(run, answers):
    status, out, err = run("rob", "judge", answers, "--json")
    assert (status, err) == (0, "")
    found = {(p["study_id"], p["domain"]): p for p in json.loads(out)["proposals"]}
    assert len(found) == 2 * 6
    assert {p["proposed"] for (study, _), p in found.items() if study == "a"} == {"low"}
    assert found["b", "D1"]["because"] == {"1.2": "NI", "1.3": "N"}
    assert (found["b", "D3"]["proposed"], found["b", "D3"]["asks"]) == (None, ["3.2"])
    assert found["b", "overall"]["proposed"] is None
    _, out, _ = run("rob", "judge", answers)
    assert "answer 3.2" in out
    assert "D1 randomisation" in out


def test_a_file_to_fill_in_is_one_that_can_be_read(run, answers, tmp_path):
    status, _, err = run("rob", "judge", answers, "-o", tmp_path / "todo.csv")
    assert status == 0
    assert "fill in judgement, who and date" in err
    text = (tmp_path / "todo.csv").read_text("utf-8")
    assert "a,pain,,rob2,D1,,low,1.1=Y; 1.2=Y; 1.3=N,,," in text
    filled = text.replace(
        "a,pain,,rob2,D1,,low,1.1=Y; 1.2=Y; 1.3=N,,,", "a,pain,,rob2,D1,low,,,A,2026-11-30,"
    )
    (tmp_path / "todo.csv").write_text(filled, "utf-8")
    status, out, _ = run("rob", "plot", tmp_path / "todo.csv", "-o", tmp_path / "t.svg", "--json")
    assert status == 0
    assert json.loads(out)["overall"] == {"not judged": 2}


@pytest.mark.parametrize("more", [(), ("--summary",)])
def test_judgements_are_drawn(run, judged, tmp_path, more):
    status, out, err = run("rob", "plot", judged, "-o", tmp_path / "out.svg", *more)
    assert (status, err) == (0, "")
    assert "overall: 1 some concerns, 1 not judged" in out
    svg = (tmp_path / "out.svg").read_text("utf-8")
    assert ">some concerns<" in svg
    assert ">not judged<" in svg


def test_a_file_of_robvis_is_drawn_by_its_weights(run, tmp_path):
    path = tmp_path / "robvis.csv"
    path.write_text(
        "Study,D1,D2,D3,D4,D5,Overall,Weight\nA,Low,Low,Low,Low,Low,Low,75\n"
        "B,High,Low,Low,Low,Low,High,25\n",
        "utf-8",
    )
    status, _, _ = run("rob", "plot", path, "-o", tmp_path / "out.svg", "--summary")
    assert status == 0
    assert "+ 75%" in (tmp_path / "out.svg").read_text("utf-8")


def test_hints_are_no_judgements(run):
    status, out, err = run("rob", "hints", "vega-2015", "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert found["judgement"] == "not judged"
    assert [hint["topic"] for hint in found["hints"]] == [
        "registration",
        "blinding",
        "attrition",
        "funding",
        "reported result",
    ]
    assert "Hints are no judgements" in run("rob", "hints", "vega-2015")[1]


def test_faults_are_sentences(run, answers, judged, tmp_path):
    answers.write_text(ANSWERS.replace("a,pain,Y,Y", "a,pain,Y,X"), "utf-8")
    status, out, err = run("rob", "judge", answers)
    assert (status, out) == (2, "")
    assert "answers.csv:2: 1.2: 'X' is no answer, expected Y, PY, PN, N, NI" in err
    answers.write_text(ANSWERS.replace("2.6", "9.9"), "utf-8")
    assert "answers.csv:1: 9.9: is no column of this file" in run("rob", "judge", answers)[2]
    status, _, err = run("rob", "judge", answers, "--tool", "robins-i")
    assert "has no algorithm for its domains" in err
    out = tmp_path / "out.svg"
    assert "did you mean 'rob2'" in run("rob", "plot", judged, "-o", out, "--tool", "rob-2")[2]
    assert "no judgement by rob-me" in run("rob", "plot", judged, "-o", out, "--tool", "rob-me")[2]
    assert "of the outcome 'ache'" in run("rob", "plot", judged, "-o", out, "--outcome", "ache")[2]
    assert "end the name in" in run("rob", "plot", judged, "-o", tmp_path / "out.doc")[2]
    assert run("rob", "plot", tmp_path / "none.csv", "-o", out)[0] == 2
    assert not out.exists()
