"""The command line: what goes to stdout, what to stderr, and the exit status."""

import json
import shutil
import subprocess
import sys

import pytest

from reprieve.evidence.package import SNAPSHOT


def test_ask_prints_a_short_answer(run):
    status, out, _ = run("ask", "knee_osteoarthritis", "--comparator", "hyaluronic_acid")
    assert status == 0
    assert "points of 100" in out
    assert "Vega 2015" in out
    assert "not medical advice" in out


def test_ask_json_is_one_object(run):
    status, out, err = run("ask", "knee_osteoarthritis", "--json")
    assert status == 0
    assert json.loads(out)["question"]["condition"] == "knee_osteoarthritis"
    assert err == ""


def test_no_trial_is_an_answer_not_an_error(run):
    status, out, _ = run("ask", "diabetic_neuropathy", "--json")
    answer = json.loads(out)
    assert status == 0
    assert answer["effect"] is None
    assert "No trial" in answer["in_words"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("ask", "knee"), "knee_osteoarthritis"),
        (("ask", "knee_osteoarthritis", "--treatment", "bm_mcs"), "bm_msc"),
        (("ask", "knee_osteoarthritis", "--month", "0"), "above 0"),
        (("ask", "knee_osteoarthritis", "--evidence", "nowhere"), "nowhere"),
        (("evidence", "show", "vega-2016"), "vega-2015"),
        (("report",), "--all"),
    ],
)
def test_wrong_calls_give_one_sentence_and_status_2(run, words, expected):
    status, out, err = run(*words)
    assert status == 2
    assert out == ""
    assert expected in err
    assert "Traceback" not in err


def test_evidence_list_and_empty_state(run):
    _, out, _ = run("evidence", "list", "-c", "disc_degeneration", "-t", "cell_therapy", "--json")
    trials = json.loads(out)["trials"]
    assert {t["condition"] for t in trials} == {"disc_degeneration"}
    status, out, _ = run("evidence", "list", "-c", "radiculopathy", "-t", "cell_therapy")
    assert status == 0
    assert "No trial" in out


def test_evidence_show_gives_every_value_with_its_source(run):
    _, out, _ = run("evidence", "show", "NCT01586312", "--json")
    shown = json.loads(out)
    assert shown["study"]["study_id"] == "vega-2015"
    assert shown["outcomes"]
    assert all(r["locator"] and r["source_url"] for r in shown["outcomes"])
    _, out, _ = run("evidence", "show", "vega-2015")
    assert "registry" in out


def test_evidence_map_has_its_empty_cells(run):
    _, out, _ = run("evidence", "map", "--json")
    cells = {(c["condition"], c["treatment"]): c for c in json.loads(out)["cells"]}
    assert cells["knee_osteoarthritis", "cell_therapy"]["trials"] > 50
    assert cells["radiculopathy", "cell_therapy"]["trials"] == 0
    _, out, _ = run("evidence", "map")
    assert "–" in out


def test_export_then_check(run, tmp_path):
    folder = tmp_path / "package"
    status, out, _ = run("evidence", "export", folder, "--json")
    assert status == 0
    assert json.loads(out)["rows"]["studies"] == 339
    for name in ("studies", "arms", "outcomes", "contrasts", "events"):
        assert (folder / f"{name}.csv").read_text(encoding="utf-8").count("\n") > 100
    assert run("evidence", "check", folder)[0] == 0


def test_check_fails_on_a_fault(run, tmp_path):
    folder = tmp_path / "package"
    shutil.copytree(SNAPSHOT, folder)
    arms = folder / "arms.csv"
    arms.write_text(
        arms.read_text(encoding="utf-8").replace("bone_marrow", "bone_marow", 1), "utf-8"
    )
    status, out, _ = run("evidence", "check", folder)
    assert status == 1
    assert "arms.csv:" in out
    assert "bone_marrow" in out
    status, out, _ = run("evidence", "check", folder, "--json")
    assert status == 1
    assert json.loads(out)["errors"] == 1


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['reprieve', '--help']\n"
        "from reprieve.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print(sorted({'numpy', 'polars', 'scipy', 'altair'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "ask" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("report", "disc_degeneration", "-o", "/dev/null/x"),
        ("evidence", "export", "/dev/null/x"),
    ],
)
def test_places_that_can_not_be_written_are_told(run, words):
    status, _, err = run(*words)
    assert status == 2
    assert "/dev/null" in err
    assert "Traceback" not in err
