"""`reprieve watch` on the command line."""

import json

from reprieve.evidence.register import registered


def test_json(run):
    status, out, err = run("watch", "--json")
    found = json.loads(out)
    assert (status, err) == (0, "")
    assert found["on"] == "2022-10-10"
    assert sum(each["trials"] for each in found["counts"].values()) == registered().height
    assert len(found["trials"]) == registered().height
    assert {"id", "state", "expected", "condition", "cell_source"} <= set(found["trials"][0])
    assert "11.44" in found["rule"]


def test_filters(run):
    asked = ("--condition", "knee_osteoarthritis", "--product", "adipose", "--state", "overdue")
    status, out, _ = run("watch", *asked, "--json")
    trials = json.loads(out)["trials"]
    assert status == 0
    assert {t["condition"] for t in trials} == {"knee_osteoarthritis"}
    assert {t["cell_source"] for t in trials} == {"adipose"}
    assert {t["state"] for t in trials} == {"overdue"}
    assert all(t["expected"] < "2022-10" for t in trials)
    _, more, _ = run("watch", "--product", "ad_msc", "--json")
    assert len(json.loads(more)["trials"]) > len(trials) / 2


def test_text(run):
    status, out, _ = run("watch", "--condition", "tendinopathy")
    assert status == 0
    assert "Registered trials of cells on 2022-10-10" in out
    assert "NCT" in out
    assert "42 CFR 11.44" in " ".join(out.split())
    assert "extract of 2022-10-10" in out


def test_nothing_fits(run):
    status, out, _ = run("watch", "--condition", "trigeminal_neuralgia", "--state", "due")
    assert (status, "none fits" in out) == (0, True)


def test_unknown_words(run):
    for asked, told in (
        (("--state", "late"), "overdue"),
        (("--product", "adipos"), "adipose"),
        (("--product", "surgery"), "bm_msc"),
        (("--condition", "knee"), "knee_osteoarthritis"),
    ):
        status, out, err = run("watch", *asked)
        assert (status, out) == (2, "")
        assert told in err


def test_a_store_without_registrations_shows_the_extract(run, tmp_path):
    from reprieve.evidence import load_evidence
    from reprieve.living.store import open_store

    where = tmp_path / "store.db"
    with open_store(where) as store:
        store.accounts.add("admin", "admin")
        store.import_package(load_evidence(), who="admin", why="a start")
    status, out, _ = run("watch", "--store", where, "--json")
    assert (status, json.loads(out)["on"]) == (0, "2022-10-10")
