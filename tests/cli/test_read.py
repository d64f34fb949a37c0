"""`reprieve read`: a package of unverified rows, an account, and plain words about both."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reprieve.cli.app import app
from reprieve.errors import InputError
from reprieve.evidence import check_package, load_evidence

SAMPLES = Path(__file__).parent.parent / "living" / "samples"
JOINTSTEM = SAMPLES / "ctgov_study_fields" / "NCT02674399.json"


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    folder = tmp_path_factory.mktemp("read") / "package"
    result = CliRunner().invoke(app, ["read", str(JOINTSTEM), "-o", str(folder), "--json"])
    assert result.exit_code == 0, result.output
    return folder, json.loads(result.stdout)


def test_a_package_that_passes_and_the_same_account_twice(read):
    folder, printed = read
    assert not [fault for fault in check_package(folder) if fault.level == "error"]
    package = load_evidence(folder)
    rows = sum(package.table(name).height for name in ("outcomes", "contrasts", "events"))
    placed = [entry for entry in printed["placed"] if entry["table"] not in ("studies", "arms")]
    assert rows == len(placed) > 0
    assert json.loads((folder / "account.json").read_text("utf-8")) == printed


def test_people_get_a_table_and_the_reasons(tmp_path):
    result = CliRunner().invoke(app, ["read", str(JOINTSTEM), "-o", str(tmp_path / "package")])
    assert result.exit_code == 0
    assert "NCT02674399" in result.stdout
    assert "names no part of the RAND-36 that the vocabulary has" in result.stdout
    assert "none of them verified yet" in " ".join(result.stdout.split())


def test_a_broken_record_is_named_and_the_status_tells(tmp_path):
    file = tmp_path / "studies.jsonl"
    flat = json.loads(JOINTSTEM.read_text("utf-8"))
    file.write_text(f"{json.dumps(flat)}\n{{broken\n", "utf-8")
    result = CliRunner().invoke(app, ["read", str(file), "-o", str(tmp_path / "package")])
    assert result.exit_code == 1
    assert "studies.jsonl, line 2" in result.stderr
    assert (tmp_path / "package" / "outcomes.csv").exists()


def test_nothing_is_written_where_nothing_can_be_read(tmp_path):
    result = CliRunner().invoke(app, ["read", str(tmp_path / "none"), "-o", str(tmp_path / "out")])
    assert result.exit_code != 0
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["datapackage.json", "account.json", "outcomes.csv"])
def test_a_package_that_stands_there_is_not_replaced(tmp_path, name):
    (tmp_path / name).write_text("verified by hand", "utf-8")
    result = CliRunner().invoke(app, ["read", str(JOINTSTEM), "-o", str(tmp_path)])
    assert isinstance(result.exception, InputError)
    assert "name a new folder" in str(result.exception)
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text("utf-8") == "verified by hand"


def test_a_folder_with_other_things_keeps_them(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    result = CliRunner().invoke(app, ["read", str(JOINTSTEM), "-o", str(tmp_path)])
    assert result.exit_code == 0
    assert (tmp_path / "notes.txt").read_text("utf-8") == "mine"


def test_the_same_record_twice_is_placed_once(tmp_path, read):
    folder, once = read
    files = [str(JOINTSTEM), str(JOINTSTEM)]
    result = CliRunner().invoke(app, ["read", *files, "-o", str(tmp_path / "two"), "--json"])
    account = json.loads(result.stdout)
    assert account["placed"] == once["placed"]
    assert account["same_trial"] == []
    assert "is taken from NCT02674399.json already" in account["left_out"][-1]["reason"]
    assert (tmp_path / "two" / "outcomes.csv").read_bytes() == (
        folder / "outcomes.csv"
    ).read_bytes()
