"""`reprieve screen`, `extract`, `appraise` and `verify`: work lists from the command line."""

import json
from pathlib import Path

import pytest
from databases import AddEvidence

from reprieve.living.store import Insert, open_store
from reprieve.living.store.models import WorkItem

PASSWORD = "a sentence to remember"
RIS = """TY  - JOUR
TI  - Mesenchymal stem cells for knee osteoarthritis
AB  - \x1b[2JA randomised trial.
PY  - 2020
DO  - 10.1000/one
ER  -

TY  - JOUR
TI  - Insulin for diabetes
PY  - 2021
DO  - 10.1000/two
ER  -
"""


@pytest.fixture(scope="module")
def small(make_shared_evidence):
    return make_shared_evidence(
        outcomes=[
            {"study_id": "vega-2015", "arm_id": arm, "month": 0, "mean": mean, "sd": 20}
            for arm, mean in (("cells", 60), ("saline", 61))
        ]
    )


def add_people(store):
    store.accounts.add("ada", "admin", password=PASSWORD)
    store.accounts.add("ed", "editor", by="ada", password=PASSWORD)
    for name in ("ben", "cleo"):
        store.accounts.add(name, "reviewer", by="ada", password=PASSWORD)


@pytest.fixture
def at(tmp_path, monkeypatch, run, small, copy_of_file):
    """A store with an editor and two reviewers; `at("ben", "screen", …)` is ben's command."""
    for name in ("REPRIEVE_TOKEN", "REPRIEVE_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REPRIEVE_STORE", str(tmp_path / "team.db"))
    monkeypatch.setenv("REPRIEVE_PASSWORD", PASSWORD)
    copy_of_file(tmp_path / "team.db", add_people, AddEvidence(small, "ed"))

    def call(who, *words, status=0):
        monkeypatch.setenv("REPRIEVE_USER", who)
        left, out, err = run(*words)
        assert left == status, err
        return err if status else out

    return call


def read(at, who, *words):
    return json.loads(at(who, *words, "--json"))


@pytest.fixture
def listed(at, tmp_path):
    (tmp_path / "found.ris").write_text(RIS)
    assert read(at, "ben", "screen", "add", tmp_path / "found.ris") == {"read": 2, "new": 2}
    return [item["id"] for item in read(at, "ben", "screen", "list")["items"]]


def test_screening_from_first_to_last(at, listed):
    (first,) = read(at, "ben", "screen", "next")["items"]
    assert first["record"]["recognised"]["condition"] == "knee_osteoarthritis"
    assert first["id"] == listed[0]  # the promising one leads
    assert "Mesenchymal" in at("ben", "screen", "next")
    read(at, "ben", "screen", "decide", first["id"], "include")
    second = read(
        at, "cleo", "screen", "decide", first["id"], "exclude", "--reason", "wrong_design"
    )
    assert second["state"] == "conflict"
    assert "wrong_design" in at("ben", "screen", "show", first["id"])
    assert "Mesenchymal" in at("ed", "screen", "list", "conflict")
    settled = read(
        at, "ed", "screen", "adjudicate", first["id"], "include", "--version", second["version"]
    )
    assert settled["outcome"] == "include"
    for who in ("ben", "cleo"):
        at(who, "screen", "decide", listed[1], "exclude", "-r", "wrong_intervention")
    trained = read(at, "ben", "screen", "train")
    assert (trained["records"], trained["trained_on"]) == (2, 2)
    assert trained["stopping"]["stop"] is True
    progress = read(at, "ben", "screen", "progress")
    assert progress["by_reason"] == {"wrong_intervention": 1}
    assert progress["agreement"]["overall"]["n"] == 2
    assert "Nothing is left to screen" in at("ben", "screen", "progress")
    assert "Nothing is left" in at("ben", "screen", "next")
    back = read(at, "ben", "screen", "undo", second["decisions"][0]["id"])
    assert back["outcome"] == "include"  # the settlement stands


def test_what_steers_terminals_is_not_printed(at, listed):
    assert "\x1b" not in at("ben", "screen", "show", listed[0])


def test_errors_and_tables_do_not_steer_terminals_either(at, listed, tmp_path):
    store = open_store(tmp_path / "team.db")
    with store.writing() as session:
        session.get(WorkItem, listed[0]).title = "\x1b[2Jcells"
    store.close()
    for who in ("ben", "cleo"):
        at(who, "screen", "decide", listed[0], "include")
    err = at("ed", "screen", "decide", listed[0], "include", status=2)
    assert "needs no more reviewers" in err
    assert "\x1b" not in err

    at("ben", "appraise", "add", "vega-2015")
    (item,) = read(at, "ben", "appraise", "list")["items"]
    rows = [{"domain": "overall", "judgement": "low", "rationale": "so\x1b[2J [red]it is"}]
    (tmp_path / "mine.json").write_text(json.dumps(rows))
    for who in ("ben", "cleo"):
        at(who, "appraise", "submit", item["id"], tmp_path / "mine.json")
    out = at("ben", "appraise", "results")
    assert "\x1b" not in out
    assert "[red]" in out


def test_what_is_wrong_is_said(at, listed, tmp_path):
    says = at("ben", "screen", "decide", listed[0], "exclude", status=2)
    assert "an exclusion needs a reason" in says
    assert "no item 99" in at("ben", "screen", "show", 99, status=2)
    assert "name or password" in at("mallory", "screen", "list", status=2)
    assert "may not adjudicate" in at("ben", "screen", "adjudicate", listed[0], "include", status=2)
    (tmp_path / "broken.json").write_text("{")
    assert "is no JSON" in at("ben", "extract", "submit", 1, tmp_path / "broken.json", status=2)
    (tmp_path / "list.json").write_text("[]")
    assert "holds no tables" in at("ben", "extract", "submit", 1, tmp_path / "list.json", status=2)
    assert "holds no choices" in at("ed", "extract", "settle", 1, tmp_path / "list.json", status=2)
    assert "write it as mean=41.2" in at("ben", "verify", "correct", 1, "mean", "-n", "x", status=2)


def test_extraction_from_folder_and_json(at, tmp_path):
    row = {
        "arm_id": "cells",
        "domain": "pain",
        "instrument": "VAS",
        "scale_min": 0,
        "scale_max": 100,
        "higher_is": "worse",
        "month": 6,
        "statistic": "final",
        "n": 20,
        "mean": 41.2,
        "sd": 20,
        "locator": "Table 2",
        "source_url": "https://example.org",
    }
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "outcomes.csv").write_text(
        ",".join(row) + "\n" + ",".join(map(str, row.values())) + "\n"
    )
    (tmp_path / "other.json").write_text(json.dumps({"outcomes": [row | {"mean": 43}]}))
    assert read(at, "ed", "extract", "add", "vega-2015")["new"] == 1
    (item,) = read(at, "ben", "extract", "list")["items"]
    assert item["data"]["arms"] == ["cells", "saline"]
    at("ben", "extract", "submit", item["id"], tmp_path / "mine")
    at("cleo", "extract", "submit", item["id"], tmp_path / "other.json")
    found = read(at, "ed", "extract", "compare", item["id"])
    (difference,) = found["differences"]
    assert (difference["a"], difference["b"]) == ("41.2", "43")
    assert difference["id"] in at("ed", "extract", "compare", item["id"]).replace("\n", "")
    (tmp_path / "picks.json").write_text(json.dumps({difference["id"]: "a"}))
    settled = read(at, "ed", "extract", "settle", item["id"], tmp_path / "picks.json")
    assert settled["outcome"] == "settled"
    store = open_store(tmp_path / "team.db")
    (kept,) = store.rows("outcomes", "vega-2015", month="6")
    assert (kept.cells["mean"], kept.cells["readings"]) == ("41.2", "2")
    decision = next(d["id"] for d in settled["decisions"] if d["part"] == "adjudicator")
    assert read(at, "ed", "extract", "undo", decision)["state"] == "conflict"
    assert store.rows("outcomes", "vega-2015", month="6") == []
    store.close()


def test_appraisal(at, tmp_path):
    def judged(word):
        file = tmp_path / f"{word}.json"
        file.write_text(json.dumps([{"domain": "D1", "judgement": word, "rationale": "so"}]))
        return file

    assert read(at, "ben", "appraise", "add", "vega-2015", "--outcome", "pain")["new"] == 1
    (item,) = read(at, "ben", "appraise", "list")["items"]
    at("ben", "appraise", "submit", item["id"], judged("low"))
    at("cleo", "appraise", "submit", item["id"], judged("high"))
    assert read(at, "ed", "appraise", "compare", item["id"])["domains"][0]["agreed"] is False
    assert "D1" in at("ed", "appraise", "compare", item["id"])
    (tmp_path / "picks.json").write_text('{"D1": "b"}')
    at("ed", "appraise", "settle", item["id"], tmp_path / "picks.json")
    found = read(at, "ben", "appraise", "results")
    assert [row["judgement"] for row in found["judgements"]] == ["high"]
    assert "agreed on 0 of 1" in at("ben", "appraise", "results")


def test_verification(at, tmp_path):
    store = open_store(tmp_path / "team.db")
    row = {
        "study_id": "vega-2015",
        "arm_id": "cells",
        "event": "joint_swelling",
        "events": 2,
        "n": 20,
        "locator": "Table 3, row 1",
        "source_url": "https://example.org",
        "flag": "unverified",
        "readings": 0,
    }
    changes = [Insert("events", row), Insert("events", row | {"event": "joint_stiffness"})]
    store.change(changes, who="reprieve", why="read", kind="proposal")
    assert "Table 3, row 1" in at("ben", "verify", "list").replace("\n", "")
    first, second = read(at, "ben", "verify", "list", "vega-2015")["rows"]
    assert first["locator"] == "Table 3, row 1"
    words = ("verify", "correct", first["item"]["id"], "events=3", "--note", "misread")
    assert read(at, "ben", *words, "--version", first["version"])["outcome"] == "correct"
    at("ben", "verify", "reject", second["item"]["id"], "--note", "not in the table")
    assert at("ben", "verify", "list").startswith("Every row has been verified")
    decision = read(at, "ben", "verify", "show", second["item"]["id"])["decisions"][0]["id"]
    assert read(at, "ben", "verify", "undo", decision)["state"] == "open"
    third = read(at, "ben", "verify", "list")["rows"][0]["item"]["id"]
    refused = at("ben", "verify", "accept", third, 99, "--version", 1, status=2)
    assert "--version is that of one row" in refused
    (accepted,) = read(at, "ben", "verify", "accept", third)["items"]
    assert accepted["outcome"] == "accept"
    at("ben", "verify", "undo", accepted["decisions"][0]["id"])
    at("ben", "verify", "reject", third, "--note", "not in the table")
    (kept,) = store.rows("events", "vega-2015")
    assert (kept.cells["events"], kept.cells["flag"]) == ("3", None)
    store.close()


def test_simulating_needs_no_store(run, tmp_path):
    file = tmp_path / "screened.csv"
    rows = [("knee pain", 1)] * 6 + [("heart failure", 0)] * 30
    lines = [f"{text} {i},{label}" for i, (text, label) in enumerate(rows)]
    file.write_text("\n".join(["title,label_included", *lines, "not screened,"]))
    status, out, _ = run("screen", "simulate", file, "--runs", 3, "--json")
    assert status == 0
    found = json.loads(out)
    assert (found["runs"], found["records"], found["relevant"]) == (3, 36, 6)
    assert len(found["simulations"]) == 3
    assert "Work saved" in run("screen", "simulate", file, "--runs", 2, "--random-order")[1]
    file.write_text("title,included\nknee,yes\n")
    status, _, err = run("screen", "simulate", file)
    assert status == 2
    assert "row 2: included is 'yes'" in err
    file.write_text("text\nknee\n")
    assert "expected a label" in run("screen", "simulate", file)[2]


def test_a_list_goes_on_where_the_page_ended(at, listed):
    assert "Perhaps there are more: --after" in at("ben", "screen", "list", "--count", 1)
    (first,) = read(at, "ben", "screen", "list", "--count", 1)["items"]
    after = ("--after", repr(first["priority"]), first["id"])
    (second,) = read(at, "ben", "screen", "list", "--count", 1, *after)["items"]
    assert second["id"] == listed[1]
    assert at("ben", "screen", "list", *after, "--count", 5).count("Insulin") == 1


def test_numbers_and_words_that_no_list_has(at, listed):
    says = at("ben", "screen", "decide", 10**20, "include", status=2)
    assert "larger than any number that a database keeps" in says
    assert "unknown state of an item 'opne'; did you mean 'open'" in at(
        "ben", "extract", "list", "opne", status=2
    )


def test_what_a_program_read_becomes_evidence_by_commands_alone(at, tmp_path, run):
    """Read a register record, propose its rows, verify them, and see an answer use them."""
    record = Path(__file__).parents[1] / "living/samples/ctgov_study_fields/NCT02674399.json"
    assert run("read", record, "-o", tmp_path / "read")[0] == 0
    says = at("ed", "store", "import", tmp_path / "read", status=2)
    assert "would take them out: vega-2015; nothing was written" in says
    assert "`reprieve store propose`" in says
    done = read(at, "ben", "store", "propose", tmp_path / "read")
    assert done["left_out"] == []
    again = read(at, "ben", "store", "propose", tmp_path / "read")
    assert (again["batch"], again["inserted"]) == (None, 0)
    assert {one["table"] for one in again["left_out"]} == {"outcomes", "events"}
    assert "nct02674399: outcomes left out" in at("ben", "store", "propose", tmp_path / "read")

    def asked():
        words = ("ask", "knee_osteoarthritis", "-k", "hyaluronic_acid", "--json")
        return json.loads(run(*words, "--evidence", tmp_path / "team.db")[1])["studies"]

    assert asked() == []
    rows = read(at, "ben", "verify", "list", "--count", 100)["rows"]
    assert len(rows) == done["inserted"]
    accepted = read(at, "ben", "verify", "accept", *(row["item"]["id"] for row in rows))
    assert {item["outcome"] for item in accepted["items"]} == {"accept"}
    assert len(asked()) == 1
    assert at("ben", "verify", "list").startswith("Every row has been verified")
    refused = at("ben", "store", "propose", tmp_path / "snapshot", status=2)
    assert "is not there" in refused
