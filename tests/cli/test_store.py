"""`reprieve store`: a team's evidence from the command line."""

import json

import pytest

from reprieve.evidence import load_evidence

PASSWORD = "a sentence to remember"
NEWER = "another one to remember"


@pytest.fixture
def team(run, tmp_path, monkeypatch, make_evidence):
    """A store with an admin ``ada`` and an editor ``ed``, who is signed in, and two trials."""
    for name in ("REPRIEVE_STORE", "REPRIEVE_TOKEN", "REPRIEVE_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REPRIEVE_STORE", str(tmp_path / "team.db"))
    monkeypatch.setenv("REPRIEVE_PASSWORD", PASSWORD)
    monkeypatch.setenv("REPRIEVE_NEW_PASSWORD", PASSWORD)
    make_evidence(
        studies=[
            {"study_id": "vega-2015", "label": "Vega 2015", "doi": "10.1000/a"},
            {"study_id": "lee-2019", "label": "Lee 2019", "doi": "10.1000/b"},
        ],
        outcomes=[
            {"study_id": "vega-2015", "arm_id": arm, "month": month, "mean": mean, "sd": 20}
            for arm, month, mean in (("cells", 0, 60), ("cells", 6, 41.2), ("saline", 6, 50))
        ],
    )
    assert run("store", "init", "--admin", "ada")[0] == 0
    assert run("store", "users", "add", "ed", "--role", "editor", "--as", "ada",
               "--full-name", "E. Ditor")[0] == 0  # fmt: skip
    monkeypatch.setenv("REPRIEVE_USER", "ed")
    return tmp_path


def read(run, *words):
    status, out, err = run("store", *words, "--json")
    assert (status, err) == (0, "")
    return json.loads(out)


def test_import_history_diff_undo_and_export(run, team):
    done = read(run, "import", team, "--why", "first")
    assert done["batch"] == 1
    assert done["inserted"] == 9
    assert read(run, "import", team)["batch"] is None

    text = (team / "outcomes.csv").read_text("utf-8")
    (team / "outcomes.csv").write_text(text.replace("41.2", "43.2"), "utf-8")
    assert read(run, "import", team, "--why", "misread Table 2")["updated"] == 1
    (change,) = read(run, "history", "--batch", 2)["changes"]
    assert change["words"].startswith(
        "Vega 2015: pain (VAS) at month 6 in the arm cells: mean changed from 41.2 to 43.2 "
        "(E. Ditor, "
    )
    assert (change["before"]["mean"], change["after"]["mean"]) == ("41.2", "43.2")

    undone = read(run, "undo", "--batch", 2)
    assert undone["batch"] == 3
    read(run, "export", team / "out")
    assert load_evidence(team / "out").outcomes["mean"].to_list() == [60, 41.2, 50]
    assert len(read(run, "diff", "2020-01-01")["words"]) == 2


def test_for_people_the_same_in_sentences(run, team):
    status, out, _ = run("store", "import", team)
    assert (status, out) == (0, "Batch 1: 9 rows put in, 0 changed, 0 taken out\n")
    assert run("store", "import", team)[1] == "The store holds all of it already\n"
    assert "revision 9, batch 1: " in run("store", "history")[1]
    assert (
        "Vega 2015 came in with 2 arms, 3 outcomes (E. Ditor"
        in run("store", "diff", "2020-01-01")[1]
    )
    assert "Nothing is different" in run("store", "diff", "2020-01-01", "2020-02-01")[1]
    assert "Wrote 2 studies, 4 arms" in run("store", "export", team / "out")[1]
    assert "was taken out" in run("store", "undo", "--batch", 1)[1]


def test_the_snapshot_is_imported_where_no_package_is_named(run, team):
    assert read(run, "import")["inserted"] > 4000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("export", "out", "--store", "nowhere.db"), "there is no store in nowhere.db"),
        (("undo", "--batch", 77), "no batch 77"),
        (("export", "out"), "there is no evidence in"),
        (("export", "out", "--as-of", "soon"), "'soon' is no date"),
        (("import", "nowhere"), "nowhere"),
        (("users", "list"), "ed has the role editor here and may not administer"),
        (("users", "change", "ed"), "nothing to change"),
        (("users", "add", "new", "--role", "boss"), "unknown role 'boss'"),
        (("token", "revoke", "9"), "no token 9"),
        (("init", "--admin", "eve"), "has accounts already"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(run, team, words, said, monkeypatch):
    monkeypatch.chdir(team)
    status, out, err = run("store", *words)
    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_nobody_writes_unknown(run, team, monkeypatch):
    monkeypatch.setenv("REPRIEVE_PASSWORD", "not the password")
    assert "name or password is wrong" in run("store", "import", team)[2]
    monkeypatch.delenv("REPRIEVE_PASSWORD")
    assert "set REPRIEVE_PASSWORD" in run("store", "import", team)[2]
    monkeypatch.delenv("REPRIEVE_USER")
    assert "who are you?" in run("store", "import", team)[2]
    monkeypatch.delenv("REPRIEVE_STORE")
    assert "which store?" in run("store", "import", team)[2]


def test_tokens(run, team, monkeypatch):
    made = read(run, "token", "issue", "ed", "--label", "cron", "--days", 7)
    status, secret, err = run("store", "token", "issue", "ed", "--role", "reader")
    assert status == 0
    assert "not shown again" in err
    monkeypatch.delenv("REPRIEVE_PASSWORD")
    monkeypatch.setenv("REPRIEVE_TOKEN", secret.strip())
    assert "ed has the role reader here and may not import" in run("store", "import", team)[2]
    monkeypatch.setenv("REPRIEVE_TOKEN", made["token"])
    assert run("store", "import", team)[0] == 0
    listed = read(run, "token", "list")["tokens"]
    assert [t["label"] for t in listed] == ["cron", ""]
    assert made["token"] not in json.dumps(listed)
    assert "cron" in run("store", "token", "list")[1]
    assert "opens nothing any more" in run("store", "token", "revoke", made["id"])[1]
    assert "was revoked" in run("store", "import", team)[2]


def test_accounts(run, team, monkeypatch):
    monkeypatch.setenv("REPRIEVE_USER", "ada")
    listed = read(run, "users", "list")["users"]
    assert [(u["name"], u["role"]) for u in listed] == [
        ("ada", "admin"), ("ed", "editor"), ("reprieve", "reviewer")]  # fmt: skip
    assert "E. Ditor" in run("store", "users", "list")[1]
    monkeypatch.setenv("REPRIEVE_NEW_PASSWORD", NEWER)
    assert run("store", "users", "change", "ed", "--password", "--role", "reviewer")[0] == 0
    monkeypatch.setenv("REPRIEVE_USER", "ed")
    assert "password is wrong" in run("store", "token", "list")[2]
    monkeypatch.setenv("REPRIEVE_PASSWORD", NEWER)
    assert run("store", "token", "list")[0] == 0
    monkeypatch.setenv("REPRIEVE_USER", "ada")
    monkeypatch.setenv("REPRIEVE_PASSWORD", PASSWORD)
    assert run("store", "users", "change", "ed", "--close")[0] == 0
    assert "closed" in run("store", "users", "list")[1]


def test_a_row_is_found_and_edited_by_its_number(run, team):
    run("store", "import", team)
    (row,) = read(run, "rows", "outcomes", "vega-2015", "month=6", "arm_id=cells")["rows"]
    assert row["cells"]["mean"] == "41.2"
    words = ("edit", row["id"], "mean=43.2", "sd=", "--why", "misread", "--version", 1)
    (change,) = read(run, *words)["changes"]
    assert "mean changed from 41.2 to 43.2, sd changed from 20 to empty" in change["words"]
    status, _, err = run("store", *words)
    assert status == 2
    assert "you worked on version 1, but it is at version 2" in err
    assert "mean 43.2" in run("store", "rows", "outcomes", "vega-2015", "month=6")[1]
    assert "no such row" in run("store", "rows", "outcomes", "vega-2015", "month=99")[1]
    assert "write it as mean=41.2" in run("store", "edit", row["id"], "mean", "-w", "x")[2]
    assert "given twice" in run("store", "edit", row["id"], "n=1", "n=2", "-w", "x")[2]
    same = run("store", "edit", row["id"], "mean=43.2", "-w", "x")
    assert same[:2] == (0, "Nothing was to be changed\n")


def test_what_would_go_is_named_before_it_goes(run, team, make_evidence):
    run("store", "import", team)
    studies = (team / "studies.csv").read_text("utf-8").splitlines(keepends=True)
    (team / "studies.csv").write_text("".join(studies[:2]), "utf-8")
    (team / "arms.csv").write_text(
        "".join(
            line
            for line in (team / "arms.csv").read_text("utf-8").splitlines(keepends=True)
            if "lee-2019" not in line
        ),
        "utf-8",
    )
    status, _, err = run("store", "import", team)
    assert status == 2
    assert "lacks 1 of 2 trials" in err
    assert "lee-2019" in err
    assert read(run, "import", team, "--replace")["deleted"] == 3


def test_what_the_history_does_not_know(run, team):
    run("store", "import", team)
    assert run("store", "history", "nonsense")[1] == ("No change of trial nonsense is known here\n")
    newest, *_ = read(run, "history", "--limit", 1)["changes"]
    older = read(run, "history", "--before", newest["revision"])["changes"]
    assert older[0]["revision"] == newest["revision"] - 1
    assert run("store", "history", "--limit", -1)[0] == 2
    assert "larger than any number" in run("store", "history", "--batch", 10**20)[2]
    assert "lies before" in run("store", "diff", "2026-03-02", "2026-03-01")[2]
    assert "beyond the calendar" in run("store", "diff", "0001-01-01T00:00+14:00")[2]


def test_texts_from_outside_do_not_steer_the_terminal(run, team):
    assert run("store", "import", team, "--why", "\x1b[2J")[0] == 0
    for words in (("history",), ("diff", "2020-01-01")):
        status, out, _ = run("store", *words)
        assert status == 0
        assert "\x1b" not in out
    assert "\x1b" not in run("store", "undo", "--batch", 1, "--why", "\x1b[2J")[1]
    assert run("store", "token", "issue", "ed", "--label", "[/red]\x1b")[0] == 0
    shown = run("store", "token", "list")[1]
    assert "[/red]" in shown
    assert "\x1b" not in shown
    assert (
        "can be printed"
        in run(
            "store",
            "users",
            "add",
            "new",
            "--role",
            "reader",
            "--full-name",
            "\x1b[2J",
            "--as",
            "ada",
        )[2]
    )
