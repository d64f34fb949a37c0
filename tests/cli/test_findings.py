"""`reprieve findings`: files, JSON, and calls that can't be answered."""

import json

import pytest


def test_writes_the_file_and_says_where(run, tmp_path):
    path = tmp_path / "findings.docx"
    status, out, _ = run("findings", "disc_degeneration", "-o", str(path))
    assert status == 0
    assert str(path) in out
    assert path.read_bytes()[:2] == b"PK"


def test_json_is_the_table(run):
    status, out, _ = run("findings", "disc_degeneration", "--json")
    found = json.loads(out)
    assert status == 0
    assert len(found["outcomes"]) <= 7
    rated = next(o for o in found["outcomes"] if o["certainty"])
    assert rated["certainty"]["level"] in ("high", "moderate", "low", "very low")


def test_a_network(run):
    status, out, _ = run(
        "findings", "diabetic_neuropathy", "--comparator", "all", "--month", "3", "--json"
    )
    assert status == 0
    assert json.loads(out)["outcomes"][0]["treatments"]


@pytest.mark.parametrize(
    "words",
    [
        ["knee"],
        ["disc_degeneration", "-o", "findings.pdf"],
        ["diabetic_neuropathy", "--comparator", "all", "--reference", "prayer"],
        ["diabetic_neuropathy", "--comparator", "all", "--approach", "guess"],
        ["diabetic_neuropathy", "--month", "3"],
        ["diabetic_neuropathy", "--reference", "placebo"],
        ["diabetic_neuropathy", "--approach", "CINeMA"],
    ],
)
def test_calls_that_can_not_be_answered_say_why(run, words):
    status, out, err = run("findings", *words)
    assert (status, out) == (2, "")
    assert err.startswith("reprieve:")
