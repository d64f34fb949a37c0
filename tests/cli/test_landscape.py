"""`reprieve recognise -o` and `reprieve landscape`: a register as a table."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reprieve.cli.app import app

RECORDS = Path(__file__).parents[1] / "living" / "samples" / "ctgov_study_fields"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("landscape") / "classified"
    files = [str(path) for path in sorted(RECORDS.glob("NCT*.json"))]
    result = CliRunner().invoke(app, ["recognise", *files, "-o", str(made)])
    assert result.exit_code == 0, result.output
    assert "11 records" in result.stdout
    return made


def run(*arguments):
    return CliRunner().invoke(app, ["landscape", *map(str, arguments)])


def test_trials_by_condition_and_product(folder):
    rows = json.loads(run(folder, "--json").stdout)["rows"]
    knee = [row for row in rows if row["condition"] == "knee_osteoarthritis"]
    assert sum(row["trials"] for row in knee) == 5
    assert {"knee", "adipose", "own"} <= set(run(folder).stdout.split())


def test_a_query_of_ones_own(folder):
    found = run(folder, "--sql", "SELECT count(*) AS trials FROM trials", "--json")
    assert json.loads(found.stdout) == {"rows": [{"trials": 11}]}


def test_an_empty_answer_is_said(folder):
    found = run(folder, "--sql", "SELECT id FROM trials WHERE id = 'none'")
    assert found.stdout == "No trial in there fits.\n"


def test_a_folder_without_records_names_the_next_step(tmp_path):
    result = CliRunner().invoke(app, ["landscape", str(tmp_path)])
    assert "reprieve recognise FILE -o" in str(result.exception)
