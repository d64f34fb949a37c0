"""Risk of bias that a team settled in its store reaches the certainty of its answers."""

import json
from dataclasses import replace

import pytest

from reprieve.answers import Question, ask
from reprieve.certainty import read_judgements, write_judgements
from reprieve.living.store import open_store
from reprieve.updates.judgements import settled_judgements

PASSWORD = "a sentence to remember"
TRIALS = ("lee-2019", "vega-2015")
ASKED = ("knee_osteoarthritis", "--comparator", "placebo")
DOMAINS = ("D1", "D2", "D3", "D4", "D5", "overall")


@pytest.fixture
def at(tmp_path, monkeypatch, run, make_evidence):
    """A store with two trials of pain at month 6; `at("ben", "appraise", …)` is ben's command."""
    for name in ("REPRIEVE_TOKEN", "REPRIEVE_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REPRIEVE_STORE", str(tmp_path / "team.db"))
    monkeypatch.setenv("REPRIEVE_PASSWORD", PASSWORD)
    evidence = make_evidence(
        arms=[
            {"study_id": trial, "arm_id": arm, "n_randomised": 400}
            for trial in TRIALS
            for arm in ("cells", "saline")
        ],
        outcomes=[
            {"study_id": trial, "arm_id": arm, "month": month, "mean": mean, "sd": 20, "n": 400}
            for trial in TRIALS
            for arm, month, mean in (
                ("cells", 0, 60), ("saline", 0, 61), ("cells", 6, 30), ("saline", 6, 52),
            )
        ]
    )  # fmt: skip
    with open_store(tmp_path / "team.db") as store:
        store.accounts.add("ada", "admin", password=PASSWORD)
        store.accounts.add("ed", "editor", by="ada", password=PASSWORD)
        for name in ("ben", "cleo"):
            store.accounts.add(name, "reviewer", by="ada", password=PASSWORD)
        store.import_package(evidence, who="ed", why="first import")

    def call(who, *words, status=0):
        monkeypatch.setenv("REPRIEVE_USER", who)
        left, out, err = run(*words)
        assert left == status, err
        return err if status else out

    return call


@pytest.fixture
def rated(run, tmp_path):
    """The certainty that a command gives for the store, as JSON."""

    def call(*words):
        status, out, err = run("certainty", *ASKED, "--evidence", tmp_path / "team.db", *words,
                               "--json")  # fmt: skip
        assert status == 0, err
        return json.loads(out)

    return call


def bias_of(found):
    return next(d for d in found["domains"] if d["domain"] == "risk of bias")


@pytest.fixture
def judge(at, tmp_path):
    """`judge("vega-2015", "low", "low")`: what ben and cleo judge of its pain, overall and all."""

    def call(trial, *words):
        at("ben", "appraise", "add", trial, "--outcome", "pain")
        items = json.loads(at("ben", "appraise", "list", "--json"))["items"]
        number = next(item["id"] for item in items if item["study_id"] == trial)
        for who, word in zip(("ben", "cleo"), words, strict=False):
            file = tmp_path / "mine.json"
            rows = [{"domain": d, "judgement": word, "rationale": "as read"} for d in DOMAINS]
            file.write_text(json.dumps(rows))
            at(who, "appraise", "submit", number, file)
        return number

    return call


def test_judged_in_the_store_certainty_moves(at, rated, judge, run, tmp_path):
    network = ("findings", ASKED[0], "-k", "all", "--evidence", tmp_path / "team.db", "--json")
    assert "not judged" in run(*network)[1]
    before = rated()
    assert bias_of(before)["inputs"]["not_judged"] == 1
    for trial in TRIALS:
        judge(trial, "low", "Low")
    after = rated()
    assert bias_of(before)["downgrade"] == 1
    assert bias_of(after)["downgrade"] == 0
    assert bias_of(after)["inputs"]["low"] == 1
    assert after["level"] != before["level"]

    answer = json.loads(run("ask", *ASKED, "--evidence", tmp_path / "team.db", "--json")[1])
    assert answer["certainty"]["level"] == after["level"]
    table = run("findings", *ASKED, "--evidence", tmp_path / "team.db", "--json")[1]
    assert f'"level": "{after["level"]}"' in table
    assert "not judged" not in run(*network)[1]
    with open_store(tmp_path / "team.db") as store:
        question = Question(condition="knee_osteoarthritis", comparator="placebo")
        answer = ask(question, store.evidence(), judgements=settled_judgements(store))
    assert answer.certainty.level == after["level"]


def test_what_is_open_in_conflict_or_taken_back_counts_as_not_judged(at, rated, judge):
    judge("lee-2019", "low", "low")
    number = judge("vega-2015", "low")
    assert 0 < bias_of(rated())["inputs"]["not_judged"] < 1
    at("cleo", "appraise", "undo", json.loads(at("ben", "appraise", "show", 1, "--json"))
       ["decisions"][1]["id"])  # fmt: skip
    assert bias_of(rated())["inputs"]["not_judged"] == 1
    assert number == 2


def test_a_third_persons_word_is_the_one_that_counts(at, rated, judge, tmp_path):
    number = judge("vega-2015", "low", "high")
    judge("lee-2019", "low", "low")
    before = bias_of(rated())["inputs"]
    assert 0 < before["not_judged"] < 1
    (tmp_path / "picks.json").write_text(json.dumps(dict.fromkeys(DOMAINS, "b")))
    at("ed", "appraise", "settle", number, tmp_path / "picks.json")
    found = bias_of(rated())["inputs"]
    assert (found["high"], found["not_judged"]) == (before["not_judged"], 0)


def test_the_judgements_of_a_day_and_those_of_a_file(at, rated, judge, tmp_path):
    with open_store(tmp_path / "team.db") as store:
        imported = store.history(limit=1)[0].at.isoformat()
    for trial in TRIALS:
        judge(trial, "low", "low")
    assert bias_of(rated("--as-of", imported))["inputs"]["not_judged"] == 1
    assert bias_of(rated())["inputs"]["low"] == 1

    file = tmp_path / "risk_of_bias.csv"
    at("ben", "appraise", "results", "-o", file)
    with open_store(tmp_path / "team.db") as store:
        settled = settled_judgements(store)
    assert read_judgements(file) == settled
    write_judgements(file, [replace(one, judgement="high") for one in settled])
    assert bias_of(rated("--judgements", file))["inputs"]["high"] == 1


def test_words_that_no_tool_knows_are_refused_at_the_door(at, tmp_path):
    assert "'rob3'" in at("ben", "appraise", "add", "vega-2015", "--tool", "rob3", status=2)
    at("ben", "appraise", "add", "vega-2015")
    for row, said in (
        ({"domain": "D1", "judgement": "fine"}, "'fine' is no judgement of rob2"),
        ({"domain": "D9", "judgement": "low"}, "'D9' is no domain of rob2"),
        ({"domain": "D1", "judgement": "low", "answers": {"1.9": "Y"}}, "1.9"),
        ({"domain": "D1", "judgement": "low", "answers": ["Y"]}, "give each by its question"),
    ):
        (tmp_path / "mine.json").write_text(json.dumps([{**row, "rationale": "so"}]))
        assert said in at("ben", "appraise", "submit", 1, tmp_path / "mine.json", status=2)
