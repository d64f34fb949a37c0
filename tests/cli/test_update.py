"""`reprieve update`, `versions` and `alerts` on the command line."""

import json
from pathlib import Path

import polars as pl
import pytest
from databases import AddEvidence

from reprieve.evidence import load_evidence
from reprieve.living.store import open_store

RECORD = (
    Path(__file__).parents[1] / "living" / "samples" / "ctgov_study_fields" / "NCT02298023.json"
)


@pytest.fixture(scope="module")
def evidence():
    """A part of the snapshot: one condition is quick to ask everything about."""
    from dataclasses import replace

    whole = load_evidence()
    kept = whole.studies.filter(condition="rotator_cuff_tear")["study_id"].to_list()
    tables = ("studies", "arms", "outcomes", "contrasts", "events", "cautions", "conflicts")
    return replace(
        whole, **{name: whole.table(name).filter(pl.col("study_id").is_in(kept)) for name in tables}
    )


@pytest.fixture
def where(tmp_path, evidence, monkeypatch, copy_of_file):
    for name in ("MAIL_TO", "WEBHOOKS", "FEED", "STORE"):
        monkeypatch.delenv(f"REPRIEVE_{name}", raising=False)
    return copy_of_file(tmp_path / "store.db", add_admin, AddEvidence(evidence, "admin"))


def add_admin(store):
    store.accounts.add("admin", "admin")


def change(where):
    """Take the numbers of a trial out, as an editor would."""
    from reprieve.living.store import Delete

    with open_store(where) as store:
        rows = [
            row
            for table in ("outcomes", "contrasts", "events")
            for row in store.rows(table, "chun-2022")
        ]
        store.change([Delete(row.id) for row in rows], who="admin", why="to be read again")


def test_without_search(run, where):
    status, out, err = run("update", "--store", where, "--no-search", "--json")
    found = json.loads(out)
    assert (status, err) == (0, "")
    assert (found["version"]["number"], found["alerts"], found["problems"]) == (1, [], [])
    status, out, _ = run("update", "--store", where, "--no-search")
    assert (status, "No news" in out) == (0, True)


def test_a_change_an_alert_and_the_log(run, where, tmp_path, monkeypatch):
    monkeypatch.setenv("REPRIEVE_FEED", str(tmp_path / "alerts.xml"))
    run("update", "--store", where, "--no-search")
    change(where)
    status, out, _ = run("update", "--store", where, "--no-search")
    assert status == 0
    assert "Version 2 written: the evidence changed (1 edit)" in " ".join(out.split())
    assert "No number can be given any more" in out
    assert "went out: Chun 2022" in out
    assert (tmp_path / "alerts.xml").read_text().count("<entry>") >= 1

    status, out, _ = run("versions", "--store", where)
    assert (status, len(out.splitlines())) == (0, 2)
    status, out, _ = run("versions", "2", "--store", where)
    assert "a living systematic review, version 2" in out
    status, out, _ = run("versions", "2", "--store", where, "--markdown")
    assert out.startswith("# Stem cell therapy in chronic pain")
    status, out, _ = run("versions", "--store", where, "--json")
    assert [each["number"] for each in json.loads(out)["versions"]] == [2, 1]
    status, _, err = run("versions", "7", "--store", where)
    assert (status, "version 7" in err) == (2, True)

    status, out, _ = run("alerts", "--store", where, "--json")
    told = json.loads(out)["alerts"]
    assert {kind for alert in told for kind in alert["kinds"]} >= {"number_disappears"}
    status, out, _ = run("alerts", "--store", where, "--most", "1")
    assert out.count("A conclusion changed") == 1


def test_no_alert_yet(run, where):
    assert "no version yet" in run("versions", "--store", where)[1]
    run("update", "--store", where, "--no-search")
    assert "no conclusion has changed" in run("alerts", "--store", where)[1]


def test_records_from_a_file(run, where):
    change(where)
    run("update", "--store", where, "--no-search")
    asked = ("update", "--store", where, "--no-search", "--records", RECORD)
    status, out, _ = run(*asked, "--dry-run")
    assert (status, "nothing was written" in out) == (0, True)
    assert "files: 1 records, 1 new" in out
    status, out, _ = run(*asked)
    assert status == 0
    assert "129 rows to verify" in " ".join(out.split())
    status, out, _ = run(*asked, "--json")
    found = json.loads(out)
    assert (found["version"], found["results"], found["queued"]) == (None, [], 0)


def test_a_search_that_fails_is_told_and_makes_status_1(run, where, monkeypatch, tmp_path):
    monkeypatch.setenv("REPRIEVE_ISRCTN_URL", "http://127.0.0.1:9/api")
    monkeypatch.setenv("REPRIEVE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("REPRIEVE_RETRY_SECONDS", "0")
    status, out, err = run("update", "--store", where, "--source", "isrctn", "--json")
    found = json.loads(out)
    assert status == 1
    assert "isrctn" in err
    assert found["version"]["number"] == 1
    assert found["problems"]


def test_a_delivery_that_fails_makes_status_1(run, where, monkeypatch):
    monkeypatch.setenv("REPRIEVE_MAIL_TO", "you@example.org")
    monkeypatch.setenv("REPRIEVE_MAIL_FROM", "us@example.org")
    monkeypatch.setenv("REPRIEVE_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("REPRIEVE_SMTP_PORT", "9")
    run("update", "--store", where, "--no-search")
    change(where)
    status, _, err = run("update", "--store", where, "--no-search")
    assert (status, "you@example.org" in err) == (1, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--source", "pubmet", "--no-search"), "--no-search"),
        (("--source", "pubmet"), "pubmed"),
        (("--no-search", "--records", "nowhere.ris"), "nowhere.ris"),
    ],
)
def test_calls_that_are_wrong(run, where, words, told):
    status, out, err = run("update", "--store", where, *words)
    assert (status, out) == (2, "")
    assert told in err


def test_no_store(run, tmp_path, monkeypatch):
    monkeypatch.delenv("REPRIEVE_STORE", raising=False)
    status, _, err = run("update", "--no-search")
    assert (status, "--store" in err) == (2, True)
    status, _, err = run("update", "--no-search", "--store", tmp_path / "none.db")
    assert (status, "no store" in err) == (2, True)


def test_retired(run, where):
    status, out, _ = run("update", "--store", where, "--no-search", "--retire", "a larger one")
    assert (status, "Version 1 written" in out) == (0, True)
    status, _, err = run("update", "--store", where, "--no-search")
    assert (status, "a larger one" in err) == (2, True)
