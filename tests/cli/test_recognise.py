"""`reprieve recognise`: verdicts in words and as JSON lines, faults on stderr."""

import gzip
import json
import os
from pathlib import Path

import pytest

from reprieve.cli.recognise import _processes
from reprieve.errors import ReprieveError

SAMPLES = Path(__file__).parents[1] / "living" / "samples"
JOINTSTEM = SAMPLES / "ctgov_study_fields" / "NCT02674399.json"
CERTOLIZUMAB = SAMPLES / "ctgov_v2" / "NCT02552212.json"
FIELDS = {
    "id",
    "is_cell_therapy",
    "condition",
    "cell_source",
    "donor",
    "processing",
    "route",
    "comparator",
    "design",
    "phase",
    "confidence",
    "confidences",
    "because",
}
RIS = """TY  - JOUR
TI  - Autologous bone marrow concentrate injected into the knee for osteoarthritis: a pilot study
AB  - Bone marrow aspirate concentrate was injected in ten patients.
DO  - 10.1000/knee
ER  -
TY  - JOUR
TI  - Exercise for low back pain
ER  -
"""
NBIB = """PMID- 1
TI  - Allogeneic umbilical cord mesenchymal stem cells for trigeminal neuralgia: a randomized
      controlled trial
PT  - Randomized Controlled Trial
"""


def lines(out):
    return [json.loads(line) for line in out.splitlines()]


def test_json_is_one_object_a_line(run):
    status, out, err = run("recognise", JOINTSTEM, CERTOLIZUMAB, "--json")
    assert (status, err) == (0, "")
    cells, other = lines(out)
    assert set(cells) == FIELDS
    assert cells["id"] == "NCT02674399"
    assert cells["is_cell_therapy"] is True
    assert (cells["condition"], cells["cell_source"]) == ("knee_osteoarthritis", "adipose")
    assert (cells["donor"], cells["comparator"]) == ("autologous", "injection")
    assert (cells["design"], cells["phase"]) == ("parallel", "phase2")
    assert cells["confidence"] > 0.95
    assert {"field", "word", "where", "start", "end"} == set(cells["because"][0])
    assert other["is_cell_therapy"] is False
    assert other["condition"] is other["cell_source"] is None


def test_json_lines_gzipped(run):
    status, out, _ = run("recognise", SAMPLES / "study_fields_150.jsonl.gz", "--json")
    assert status == 0
    assert len(lines(out)) == 150


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "found.ris",
            RIS,
            [
                (True, "knee_osteoarthritis", "bone_marrow", "autologous"),
                (False, "low_back_pain", None, None),
            ],
        ),
        ("found.nbib", NBIB, [(True, "trigeminal_neuralgia", "umbilical_cord", "allogeneic")]),
    ],
)
def test_papers(run, tmp_path, name, text, expected):
    (tmp_path / name).write_text(text, encoding="utf-8")
    status, out, _ = run("recognise", tmp_path / name, "--json")
    assert status == 0
    found = [
        (row["is_cell_therapy"], row["condition"], row["cell_source"], row["donor"])
        for row in lines(out)
    ]
    assert found == expected


def test_table_shows_verdict_and_words(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    status, out, err = run("recognise", JOINTSTEM, CERTOLIZUMAB)
    assert (status, err) == (0, "")
    assert "cell therapy (99" in out
    assert "autologous, adipose" in out
    assert "knee osteoarthritis" in out
    assert "no cell therapy (99.7% sure)" in out
    assert "2 records, 1 of them cell therapy" in out


def test_broken_record_is_named_and_the_others_are_classified(run, tmp_path):
    good = CERTOLIZUMAB.read_text(encoding="utf-8")
    file = tmp_path / "trials.jsonl.gz"
    whole = json.dumps(json.loads(good))
    file.write_bytes(gzip.compress(f'{whole}\n{{"protocolSection": 3}}\n{whole}\n'.encode()))
    status, out, err = run("recognise", file, "--json")
    assert status == 1
    assert [row["id"] for row in lines(out)] == ["NCT02552212"] * 2
    assert "not read: trials.jsonl.gz, line 2" in err


def test_no_records_says_what_to_give(run, tmp_path):
    file = tmp_path / "none.json"
    file.write_text("[]", encoding="utf-8")
    status, out, err = run("recognise", file)
    assert (status, err) == (0, "")
    assert "No records" in out
    assert run("recognise", file, "--json")[:2] == (0, "")


def test_missing_file_is_wrong_input(run, tmp_path):
    status, out, err = run("recognise", tmp_path / "nowhere.json", "--json")
    assert (status, out) == (2, "")
    assert "nowhere.json" in err


def test_a_whole_register_goes_to_parquet(run, tmp_path):
    status, out, err = run(
        "recognise", SAMPLES / "study_fields_150.jsonl.gz", "-o", tmp_path / "register", "--json"
    )
    assert (status, err) == (0, "")
    counts = json.loads(out)
    assert counts["records"] == 150
    assert counts["cell_therapy"] >= 133
    assert [*Path(counts["folder"]).glob("*.parquet")]


def test_processes_share_the_work_and_come_to_the_same(run, tmp_path):
    counts = []
    for workers in ("1", "2"):
        folder = tmp_path / workers
        status, out, _ = run(
            *("recognise", JOINTSTEM, CERTOLIZUMAB, "-o", folder, "--workers", workers, "--json")
        )
        assert status == 0
        counts.append({key: n for key, n in json.loads(out).items() if key != "folder"})
    assert counts[0] == counts[1] == {"records": 2, "cell_therapy": 1}


def test_a_process_that_dies_says_how_to_go_on():
    with pytest.raises(ReprieveError, match="run the same again"), _processes(2) as executor:
        executor.submit(os._exit, 1).result()
