"""`reprieve harms` on the command line."""

import json

ASKED = ("harms", "knee_osteoarthritis", "--comparator", "hyaluronic_acid")


def test_json(run):
    status, out, err = run(*ASKED, "--json")
    found = json.loads(out)
    assert (status, err) == (0, "")
    assert {"question", "rule", "families", "apart", "in_words", "evidence_date"} <= set(found)
    serious = next(f for f in found["families"] if f["event"] == "serious")
    assert serious["pooled"]["treatment"]["people"] > 0
    assert serious["published"]


def test_text(run):
    status, out, _ = run(*ASKED, "--event", "serious")
    assert status == 0
    assert "A serious adverse event" in out
    assert "Published:" in out
    assert "Any adverse event" not in out
    assert "not medical advice" in out


def test_all_conditions_and_outbreaks(run):
    status, out, _ = run("harms", "all")
    assert status == 0
    assert "in any painful condition" in out
    assert "apart from trials" in out


def test_weights(run):
    status, out, _ = run(*ASKED, "--weight", "serious=5")
    assert status == 0
    assert "With your weights" in " ".join(out.split())
    status, _, err = run(*ASKED, "--weight", "serious")
    assert (status, "serious=5" in err) == (2, True)
    status, _, err = run("harms", "all", "--weight", "serious=5")
    assert status == 2


def test_unknown_words(run):
    status, _, err = run("harms", "knee")
    assert (status, "knee_osteoarthritis" in err) == (2, True)
    status, _, err = run(*ASKED, "--event", "tumor")
    assert (status, "tumour" in err) == (2, True)
