"""`reprieve certainty`: levels, overrules and flips on the command line."""

import json

import pytest

ASKED = ("certainty", "knee_osteoarthritis", "--comparator", "hyaluronic_acid")


def test_json_has_the_promised_keys(run):
    status, out, err = run(*ASKED, "--json")
    found = json.loads(out)
    assert (status, err) == (0, "")
    assert found["level"] in ("high", "moderate", "low", "very low")
    for domain in found["domains"]:
        assert {"domain", "downgrade", "rule", "inputs", "reason", "overruled_by"} <= set(domain)


def test_text_gives_level_reasons_and_rules(run):
    status, out, _ = run(*ASKED)
    assert status == 0
    assert "⊕" in out
    assert "not judged" in out
    assert out.count("Rule:") == 5
    assert "not medical advice" in out


def test_ask_shows_certainty(run):
    _, out, _ = run("ask", "knee_osteoarthritis", "--comparator", "hyaluronic_acid")
    assert "Certainty: " in out
    assert "⊕" in out


def test_overrule_and_withdraw(run, tmp_path):
    file = tmp_path / "overrules.csv"
    by = ("--reason", "few people", "--who", "A. Reader", "--overrules", file, "--json")
    before = json.loads(run(*ASKED, "--json")[1])
    status, out, _ = run(*ASKED, "--overrule", "imprecision=3", *by)
    found = json.loads(out)
    assert status == 0
    assert found["level"] == "very low"
    domain = next(d for d in found["domains"] if d["domain"] == "imprecision")
    assert domain["overruled_by"]["who"] == "A. Reader"
    again = json.loads(run(*ASKED, "--overrules", file, "--json")[1])
    assert again == found
    back = json.loads(run(*ASKED, "--withdraw", "imprecision", *by)[1])
    assert back == before


def test_flips_say_that_overrules_are_left_aside(run, tmp_path):
    by = ("--reason", "few people", "--who", "A. Reader", "--overrules", tmp_path / "o.csv")
    _, out, _ = run(*ASKED, "--overrule", "imprecision=3", *by, "--flips")
    assert "before anybody overruled" in out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--overrule", "imprecision=2"), "--overrules FILE"),
        (("--overrule", "imprecision", "--overrules", "x.csv"), "imprecision=2"),
        (("--overrule", "precision=2", "--overrules", "x.csv"), "imprecision"),
        (("--overrule", "imprecision=2", "--withdraw", "imprecision"), "one at a time"),
        (("--overrules", "nowhere.csv"), "nowhere.csv"),
        (("--target", "mid"), "target"),
    ],
)
def test_wrong_calls_give_one_sentence_and_status_2(run, words, expected):
    status, out, err = run(*ASKED, *words)
    assert (status, out) == (2, "")
    assert expected in err
    assert "Traceback" not in err


def test_no_trial_is_an_answer(run):
    status, out, _ = run("certainty", "diabetic_neuropathy", "--json", "--flips")
    found = json.loads(out)
    assert status == 0
    assert found["level"] == "not rated"
    assert found["domains"] == []
    assert found["flips"]["flips"] == []
