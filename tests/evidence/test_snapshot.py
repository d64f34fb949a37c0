"""The curated snapshot: complete, in the shape of the schema, and nothing points nowhere."""

from __future__ import annotations

import csv
import json
from collections import Counter
from importlib.resources import files

import pytest

from reprieve.evidence.datapackage import datapackage
from reprieve.evidence.schema import SIDE_TABLES, TABLES, Column

SNAPSHOT = files("reprieve.evidence") / "snapshot"
ALL_TABLES = {**TABLES, **SIDE_TABLES}

# The nine curated folders hold 340 study rows: one trial stands twice and is one row here.
ROWS = {"studies": 339, "arms": 766, "outcomes": 2318, "contrasts": 172, "events": 766}

Row = dict[str, str]


def _read(table: str) -> list[Row]:
    text = (SNAPSHOT / f"{table}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(keepends=True)))


@pytest.fixture(scope="module")
def tables() -> dict[str, list[Row]]:
    return {table: _read(table) for table in ALL_TABLES}


@pytest.mark.parametrize(("table", "rows"), ROWS.items())
def test_no_row_is_lost(tables, table, rows):
    assert len(tables[table]) == rows


@pytest.mark.parametrize("table", ALL_TABLES)
def test_columns_are_those_of_the_schema(table):
    header = (SNAPSHOT / f"{table}.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header.split(",") == [column.name for column in ALL_TABLES[table]]


def _fault(column: Column, value: str) -> str | None:
    if not value:
        return "empty" if column.required else None
    if column.words and value not in column.words:
        return "not in the vocabulary"
    if column.kind == "text":
        return None
    try:
        (int if column.kind == "integer" else float)(value)
    except ValueError:
        return f"no {column.kind}"
    return None


@pytest.mark.parametrize("table", ALL_TABLES)
def test_cells_are_of_the_kind_that_the_schema_says(tables, table):
    faults = [
        (number, column.name, row[column.name], fault)
        for number, row in enumerate(tables[table], 2)
        for column in ALL_TABLES[table]
        if (fault := _fault(column, row[column.name]))
    ]
    assert faults == []


def test_every_row_belongs_to_a_study_and_an_arm_of_it(tables):
    studies = {row["study_id"] for row in tables["studies"]}
    arms = {(row["study_id"], row["arm_id"]) for row in tables["arms"]}
    lost = []
    for table, rows in tables.items():
        for row in rows:
            if row["study_id"] not in studies or row.get("other_study_id", "") not in studies | {
                ""
            }:
                lost.append((table, row["study_id"]))
            named = [row.get(name, "") for name in ("arm_id", "arm_a", "arm_b")]
            lost += [
                (table, row["study_id"], arm)
                for arm in named
                if arm and (row["study_id"], arm) not in arms
            ]
    assert lost == []


def test_studies_and_arms_are_there_once(tables):
    studies = Counter(row["study_id"] for row in tables["studies"])
    arms = Counter((row["study_id"], row["arm_id"]) for row in tables["arms"])
    assert max(studies.values()) == 1
    assert max(arms.values()) == 1


@pytest.mark.parametrize("table", ALL_TABLES)
def test_rows_are_sorted_by_study(tables, table):
    order = ["", *TABLES]
    keys = [(order.index(row.get("table", "")), row["study_id"]) for row in tables[table]]
    assert keys == sorted(keys)


def test_people_pooled_elsewhere_are_marked(tables):
    pooled = {
        (row["study_id"], row["other_study_id"])
        for row in tables["cautions"]
        if row["kind"] == "pooled_in"
    }
    assert pooled == {
        ("caviggioli-2011", "caviggioli-2016"),
        ("maione-2014", "caviggioli-2016"),
        ("brox-2003", "brox-2010"),
    }


def test_cautions_that_lead_to_exclusion_name_what_they_exclude(tables):
    # a contaminated arm is good until people crossed over: without a month it would vanish whole
    for row in tables["cautions"]:
        if row["kind"] == "contaminated":
            assert row["from_month"], row
    crossed = {
        (row["study_id"], row["arm_id"]): float(row["from_month"])
        for row in tables["cautions"]
        if row["kind"] == "contaminated"
    }
    assert 3 < crossed["beall-2021", "nsm"] <= 6
    assert crossed["centeno-2024", "exercise"] > 3
    other = {row["study_id"] for row in tables["cautions"] if row["kind"] == "other_population"}
    assert {"wang-2017", "venosa-2022"} <= other


def test_cautions_are_sentences_and_not_repeated(tables):
    rows = [tuple(row.values()) for row in tables["cautions"]]
    assert len(rows) == len(set(rows))
    for row in tables["cautions"]:
        assert row["reason"][0].isupper() or row["reason"][0].isdigit(), row
        assert row["reason"].endswith("."), row


def test_conflicts_name_a_column_and_two_values(tables):
    for row in tables["conflicts"]:
        assert row["column"] in [column.name for column in TABLES[row["table"]]], row
        assert row["kept"] != row["other"] != "", row


def test_the_trial_that_stood_twice_is_kept_whole(tables):
    (study,) = [row for row in tables["studies"] if row["study_id"] == "el-kadiry-2021"]
    arms = [row["arm_id"] for row in tables["arms"] if row["study_id"] == "el-kadiry-2021"]
    listed = {row["column"] for row in tables["conflicts"] if row["study_id"] == "el-kadiry-2021"}
    assert study["doi"] == "10.1186/s12891-021-04910-5"
    assert study["n_randomised"] == ""  # 18 is the number of the other people
    assert arms == ["bmac", "prp", "bmac_disc", "bmac_facet"]
    assert listed == {"doi", "country", "condition", "condition_detail", "n_randomised"}


def test_the_descriptor_is_the_one_of_the_library():
    text = (SNAPSHOT / "datapackage.json").read_text(encoding="utf-8")
    assert json.loads(text) == datapackage("2026-11-24")
