"""Files of records and articles, read together into one package with one account."""

import gzip
import json
import zipfile
from pathlib import Path

import pytest

from reprieve.errors import InputError
from reprieve.evidence import load_evidence
from reprieve.evidence.check import gates
from reprieve.living.reading import read_files

SAMPLES = Path(__file__).parent / "samples"
JOINTSTEM = SAMPLES / "ctgov_study_fields" / "NCT02674399.json"
ARTICLE = SAMPLES / "jats" / "PMC5446739.nxml"


@pytest.fixture(scope="module")
def found():
    return read_files([JOINTSTEM, ARTICLE])


def test_a_register_record_and_an_article_stand_in_one_package(found):
    assert [trial.id for trial in found.trials] == ["NCT02674399", "PMC5446739"]
    assert found.evidence.studies.height == 2
    for table in ("outcomes", "events"):
        rows = found.evidence.table(table)
        assert rows["row"].to_list() == list(range(2, rows.height + 2))
        assert rows.height == sum(t.evidence.table(table).height for t in found.trials) > 0


def test_what_was_read_passes_the_gates_and_waits_for_people(found):
    assert not [fault for fault in gates(found.evidence) if fault.level == "error"]
    for table in ("outcomes", "contrasts", "events"):
        rows = found.evidence.table(table)
        assert set(rows["flag"]) <= {"unverified"}
        assert set(rows["readings"]) <= {0}


def test_the_account_has_every_value_with_its_reason(found):
    account = found.to_dict()
    assert json.loads(json.dumps(account)) == account
    assert all(left["reason"] and left["where"] for left in account["left_out"])
    by_trial = {t["id"]: (t["placed"], t["left_out"]) for t in account["trials"]}
    for kind, index in (("placed", 0), ("left_out", 1)):
        for id_, counts in by_trial.items():
            assert sum(entry["trial"] == id_ for entry in account[kind]) == counts[index]


def test_a_trial_that_is_known_keeps_its_ids():
    known = load_evidence()
    vega = SAMPLES / "ctgov_study_fields" / "NCT01586312.json"
    read = read_files([vega], known).evidence
    assert read.studies["study_id"].to_list() == ["vega-2015"]
    arms = known.arms.filter(study_id="vega-2015")["arm_id"]
    assert set(read.outcomes["arm_id"]) <= set(arms)


def test_a_trial_that_is_read_twice_is_taken_once(tmp_path):
    copy = tmp_path / "again.json.gz"
    copy.write_bytes(gzip.compress(JOINTSTEM.read_bytes()))
    twice, once = read_files([JOINTSTEM, copy]), read_files([JOINTSTEM])
    assert len(twice.trials) == 2
    assert twice.evidence.outcomes.equals(once.evidence.outcomes)


def test_a_broken_record_does_not_keep_out_the_others(tmp_path):
    file = tmp_path / "studies.jsonl"
    flat = json.loads(JOINTSTEM.read_text("utf-8"))
    file.write_text(f"{json.dumps(flat)}\n{{broken\n", "utf-8")
    read = read_files([file])
    assert [trial.id for trial in read.trials] == ["NCT02674399"]
    assert [fault.place for fault in read.faults] == ["line 2"]


def test_records_without_results_and_references_say_so(tmp_path):
    reference = tmp_path / "found.ris"
    reference.write_text("TY  - JOUR\nTI  - Cells for knees\nER  - \n", "utf-8")
    planned = tmp_path / "planned.json"
    planned.write_text('{"NCTId": ["NCT01586312"]}', "utf-8")
    read = read_files([reference, planned])
    assert [t.left_out[0].reason for t in read.trials] == [
        "a reference, not the full text of an article (JATS)",
        "the record has no posted results",
    ]
    assert read.evidence.studies.is_empty()


def test_a_file_of_no_known_form_is_refused(tmp_path):
    file = tmp_path / "page.html"
    file.write_text("<html><body>Service unavailable</body></html>", "utf-8")
    with pytest.raises(InputError, match=r"page\.html"):
        read_files([file])


def test_articles_that_share_a_file_are_not_taken_for_each_other(tmp_path):
    archive = tmp_path / "articles.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for file in sorted((SAMPLES / "jats").glob("*.nxml")):
            zipped.write(file, file.name)
    article = ARTICLE.read_text("utf-8")
    inner = article[article.index("<article") :]
    together = tmp_path / "set.xml"
    together.write_text(f"<pmc-articleset>{inner}{inner}</pmc-articleset>", "utf-8")
    for file in (archive, together):
        read = read_files([file])
        assert read.evidence.studies.is_empty()
        assert {left.reason for trial in read.trials for left in trial.left_out} == {
            "not in a file of its own; save each article in one"
        }


def test_a_record_with_results_in_a_wrong_form_is_a_fault(tmp_path):
    flat = json.loads(JOINTSTEM.read_text("utf-8"))
    file = tmp_path / "studies.jsonl"
    broken = {"NCTId": ["NCT01586312"], "ResultsFirstPostDate": ["May 1, 2020"]}
    broken |= {"OutcomeMeasureTitle": ["VAS", 3]}
    file.write_text(f"{json.dumps(broken)}\n{json.dumps(flat)}\n", "utf-8")
    read = read_files([file])
    assert [trial.id for trial in read.trials] == ["NCT02674399"]
    assert [fault.place for fault in read.faults] == ["NCT01586312"]
