"""The merge tool, on tiny made-up folders."""

from __future__ import annotations

import csv
import importlib.util
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.errors import InputError
from reprieve.evidence.schema import CAUTIONS, CONFLICTS, TABLES

TOOLS = Path(__file__).parents[2] / "tools"


def _load_tool():
    spec = importlib.util.spec_from_file_location("merge_evidence", TOOLS / "merge_evidence.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["merge_evidence"] = module
    spec.loader.exec_module(module)
    return module


tool = _load_tool()


def row(columns, **cells):
    return {column.name: str(cells.pop(column.name, "")) for column in columns} | cells


def study(study_id="a-2020", **cells):
    cells = {"label": study_id, "condition": "tendinopathy", "design": "parallel"} | cells
    cells = {"blinding": "open", "source_url": "https://example.org/1"} | cells
    return row(TABLES["studies"], study_id=study_id, **cells)


def arm(study_id="a-2020", arm_id="cells", **cells):
    cells = {"label": arm_id, "category": "cell_therapy", "treatment": "bm_msc"} | cells
    return row(TABLES["arms"], study_id=study_id, arm_id=arm_id, **cells)


def outcome(study_id="a-2020", arm_id="cells", **cells):
    cells = {"domain": "pain", "instrument": "VAS", "higher_is": "worse", "month": "12"} | cells
    cells = {"statistic": "final", "locator": "Table 1", "source_url": "https://x.org"} | cells
    return row(TABLES["outcomes"], study_id=study_id, arm_id=arm_id, **cells)


def write(folder: Path, **tables) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    columns = TABLES | {"cautions": CAUTIONS, "conflicts": CONFLICTS, "known_conflicts": CONFLICTS}
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_text(tool.to_csv(columns[name], rows), encoding="utf-8")
    return folder


@pytest.fixture
def two_folders(tmp_path):
    """Make two folders, each with the tables given for it."""

    def make(first, second):
        return [write(tmp_path / "one", **first), write(tmp_path / "two", **second)]

    return make


def test_the_same_study_twice_is_one_and_gets_its_empty_cells_filled(two_folders):
    folders = two_folders(
        {"studies": [study(doi="10.1/x", country="ES", note="First.")], "arms": [arm()]},
        {
            "studies": [study(doi="10.1/x", country="FR", pmid="7", note="Second.")],
            "arms": [arm(n_randomised=12)],
        },
    )
    package, account = tool.merge(folders)
    (merged,) = package["studies"]
    assert (merged["pmid"], merged["country"]) == ("7", "ES")
    assert merged["note"] == "First. Second."
    assert [a["n_randomised"] for a in package["arms"]] == ["12"]
    assert [(c["column"], c["kept"], c["other"]) for c in package["conflicts"]] == [
        ("country", "ES", "FR")
    ]
    assert account[0] == "studies: 2 rows in, 1 out, 1 merged"


def test_when_identifiers_contradict_nothing_is_filled_and_all_is_listed(two_folders):
    folders = two_folders(
        {"studies": [study(doi="10.1/x", note="First.")], "arms": [arm()]},
        {"studies": [study(doi="10.1/y", n_randomised=18)], "arms": [arm(arm_id="other")]},
    )
    package, _ = tool.merge(folders)
    (merged,) = package["studies"]
    assert (merged["doi"], merged["n_randomised"]) == ("10.1/x", "")
    assert "two reports on different people" in merged["note"]
    assert {(c["column"], c["kept"], c["other"]) for c in package["conflicts"]} == {
        ("doi", "10.1/x", "10.1/y"),
        ("n_randomised", "", "18"),
    }
    assert [a["arm_id"] for a in package["arms"]] == ["cells", "other"]


def test_registrations_contradict_only_if_they_share_none():
    one = study(registration="NCT1;NCT2")
    assert not tool.contradict(one, study(registration="NCT2"))
    assert not tool.contradict(one, study())
    assert tool.contradict(one, study(registration="NCT3"))


def test_the_same_number_twice_is_one_row(two_folders):
    base = {"studies": [study()], "arms": [arm()]}
    folders = two_folders(
        base | {"outcomes": [outcome(mean=3, n=10)]},
        {"outcomes": [outcome(mean="3.0", n=10, locator="abstract")]},
    )
    package, account = tool.merge(folders)
    assert [(o["mean"], o["locator"]) for o in package["outcomes"]] == [("3", "Table 1")]
    assert "outcomes: 2 rows in, 1 out, 1 merged" in account
    assert package["conflicts"] == []


def test_two_numbers_that_contradict_both_stay_and_are_listed(two_folders):
    base = {"studies": [study()], "arms": [arm()]}
    folders = two_folders(
        base | {"outcomes": [outcome(mean=3, n=10)]},
        {"outcomes": [outcome(mean=4, sd=1, month="12.0", locator="abstract")]},
    )
    package, _ = tool.merge(folders)
    assert [o["mean"] for o in package["outcomes"]] == ["3", "4"]
    (conflict,) = package["conflicts"]
    assert conflict == {
        "table": "outcomes",
        "study_id": "a-2020",
        "key": "cells, pain, VAS, month 12, final",
        "column": "mean",
        "kept": "3",
        "other": "4",
        "kept_source": "Table 1, https://x.org",
        "other_source": "abstract, https://x.org",
    }


@pytest.mark.parametrize("mean", [3, 4])
def test_two_subgroups_are_neither_merged_nor_a_conflict(two_folders, mean):
    base = {"studies": [study()], "arms": [arm()]}
    folders = two_folders(
        base | {"outcomes": [outcome(mean=3, flag="subgroup", locator="Table 4, men")]},
        {"outcomes": [outcome(mean=mean, flag="subgroup", locator="Table 4, women")]},
    )
    package, _ = tool.merge(folders)
    assert len(package["outcomes"]) == 2
    assert package["conflicts"] == []


def test_rows_at_unknown_months_are_not_taken_for_rows_at_baseline(two_folders):
    base = {"studies": [study()], "arms": [arm()]}
    folders = two_folders(
        base | {"outcomes": [outcome(mean=3, month="")]}, {"outcomes": [outcome(mean=3, month=0)]}
    )
    package, _ = tool.merge(folders)
    assert len(package["outcomes"]) == 2


@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from(["0", "6"]), st.integers(1, 3)), max_size=8
    )
)
@settings(max_examples=50, deadline=None)
def test_no_row_is_lost(rows):
    outcomes = [outcome(s, month=month, mean=mean) for s, month, mean in rows]
    result = tool.gather("outcomes", outcomes)
    distinct = {(o["study_id"], o["month"], o["mean"]) for o in outcomes}
    assert len(result.rows) == len(distinct)
    assert len(result.rows) + result.merged == len(outcomes)


def test_a_merge_that_loses_a_row_is_refused(two_folders, monkeypatch):
    folders = two_folders({"studies": [study()]}, {"studies": [study("b-2020")]})
    monkeypatch.setattr(tool, "unite", lambda table, rows: tool.Merged(rows[:1]))
    with pytest.raises(InputError, match="studies: 2 rows in, but 1 out"):
        tool.merge(folders)


def test_a_row_of_an_unknown_arm_is_refused(two_folders):
    folders = two_folders({"studies": [study()]}, {"outcomes": [outcome(mean=1)]})
    with pytest.raises(InputError, match="a-2020/cells"):
        tool.merge(folders)


@pytest.mark.parametrize(
    "caution",
    [
        {"study_id": "nobody-1999", "kind": "note"},
        {"study_id": "a-2020", "kind": "gossip"},
        {"study_id": "a-2020", "kind": "note", "arm_id": "nothing"},
        {"study_id": "a-2020", "kind": "pooled_in", "other_study_id": "nobody-1999"},
    ],
)
def test_a_caution_about_nothing_known_is_refused(two_folders, caution):
    folders = two_folders({"studies": [study()]}, {"arms": [arm()]})
    with pytest.raises(InputError, match="cautions"):
        tool.merge(folders, cautions=[row(CAUTIONS, reason="Why.", **caution)])


def test_wrong_columns_are_refused(tmp_path):
    folder = write(tmp_path, studies=[study()])
    text = (folder / "studies.csv").read_text(encoding="utf-8").replace("pmid", "pubmed")
    (folder / "studies.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="pubmed"):
        tool.merge([folder])


def _command(folders, output, tmp_path, date="2026-01-31"):
    known = row(CONFLICTS, table="studies", study_id="a-2020", column="pmid", kept=1, other=2)
    caution = row(CAUTIONS, study_id="b-2020", kind="note", reason="Why.")
    curated = write(tmp_path / "curated", cautions=[caution], known_conflicts=[known])
    options = ["--output", str(output), "--date", date, "--curated", str(curated)]
    return tool.main([*map(str, folders), *options])


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_command_writes_a_sorted_package_the_same_every_time(two_folders, tmp_path, capsys):
    folders = two_folders(
        {"studies": [study("b-2020", note="é, “quoted”")], "arms": [arm("b-2020")]},
        {"studies": [study()], "arms": [arm()], "outcomes": [outcome(mean=2), outcome(mean=3)]},
    )
    assert _command(folders, tmp_path / "x", tmp_path) == 0
    assert _command(folders, tmp_path / "y", tmp_path) == 0
    assert "outcomes: 2 rows in, 2 out, 0 merged" in capsys.readouterr().out
    files = _bytes(tmp_path / "x")
    assert files == _bytes(tmp_path / "y")
    assert set(files) == {
        *(f"{table}.csv" for table in TABLES),
        "cautions.csv",
        "conflicts.csv",
        "datapackage.json",
    }
    with (tmp_path / "x" / "studies.csv").open(encoding="utf-8", newline="") as file:
        assert [r["study_id"] for r in csv.DictReader(file)] == ["a-2020", "b-2020"]
    with (tmp_path / "x" / "conflicts.csv").open(encoding="utf-8", newline="") as file:
        assert [r["column"] for r in csv.DictReader(file)] == ["pmid", "mean"]


def test_a_package_merged_again_stays_as_it_is(two_folders, tmp_path):
    folders = two_folders(
        {"studies": [study(doi="10.1/x")], "arms": [arm()]},
        {"studies": [study(doi="10.1/y"), study("b-2020")], "arms": [arm(n_randomised=1)]},
    )
    assert _command(folders, tmp_path / "x", tmp_path) == 0
    assert _command([tmp_path / "x"], tmp_path / "y", tmp_path) == 0
    assert _bytes(tmp_path / "x") == _bytes(tmp_path / "y")


@pytest.mark.parametrize(("date", "folder"), [("soon", "one"), ("2026-01-31", "nothing")])
def test_the_command_writes_nothing_when_something_is_wrong(
    two_folders, tmp_path, capsys, date, folder
):
    two_folders({"studies": [study(), study("b-2020")]}, {})
    assert _command([tmp_path / folder], tmp_path / "x", tmp_path, date) == 2
    assert not (tmp_path / "x").exists()
    assert capsys.readouterr().err.startswith("merge_evidence: ")


def test_the_snapshot_is_what_the_tool_makes_of_it(tmp_path):
    snapshot = TOOLS.parent / "src" / "reprieve" / "evidence" / "snapshot"
    assert tool.main([str(snapshot), "--output", str(tmp_path / "x"), "--date", "2026-11-24"]) == 0
    assert _bytes(tmp_path / "x") == _bytes(snapshot)


def test_a_correction_mends_text_once_and_must_find_it():
    package = {"studies": [{"study_id": "a", "note": "read on page x"}]}
    change = {
        "table": "studies",
        "study_id": "a",
        "column": "note",
        "old": "page x",
        "new": "page 12",
    }
    tool.correct(package, [change])
    tool.correct(package, [change])
    assert package["studies"][0]["note"] == "read on page 12"
    with pytest.raises(InputError, match="'page y' is not in note of a"):
        tool.correct(package, [{**change, "old": "page y", "new": "page 13"}])
