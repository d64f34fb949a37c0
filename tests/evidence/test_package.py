"""Reading and writing packages: what is written is read back, and nothing is half done."""

from __future__ import annotations

import csv
import json
import os
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from reprieve.errors import InputError, PackageError
from reprieve.evidence import Evidence
from reprieve.evidence.package import SNAPSHOT, load_evidence, read_package, write_package
from reprieve.evidence.schema import SIDE_TABLES, TABLES

ALL = (*TABLES, *SIDE_TABLES)


def same(one: Evidence, other: Evidence) -> None:
    for table in ALL:
        assert_frame_equal(one.table(table), other.table(table))


def test_the_snapshot_holds_what_its_files_hold() -> None:
    evidence = load_evidence()
    assert evidence.date
    for table in ALL:
        with (SNAPSHOT / f"{table}.csv").open(newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        frame = evidence.table(table)
        assert frame["row"].to_list() == list(range(2, len(rows) + 2))
        for name, kind in frame.schema.items():
            if name in ("row", "readings"):
                continue
            texts = [row[name] for row in rows]
            if kind == pl.String:
                assert frame[name].fill_null("").to_list() == texts
            else:
                read = [None if text == "" else float(text) for text in texts]
                assert frame[name].to_list() == read


def test_loading_the_snapshot_twice_reads_it_once() -> None:
    assert load_evidence() is load_evidence()


def test_readings_are_one_where_the_file_does_not_say() -> None:
    assert all(load_evidence().table(table)["readings"].eq(1).all() for table in TABLES)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_package(load_evidence(), tmp_path / "new" / "package")
    again = read_package(tmp_path / "new" / "package")
    same(again, load_evidence())
    assert again.date == load_evidence().date
    assert os.listdir(tmp_path / "new") == ["package"]


def test_numbers_are_written_as_a_person_would(tmp_path: Path) -> None:
    evidence = load_evidence()
    arms = evidence.arms[:3].with_columns(dose_cells=pl.Series([4e7, 0.1, None]))
    write_package(replace(evidence, arms=arms), tmp_path / "package")
    with (tmp_path / "package" / "arms.csv").open(newline="", encoding="utf-8") as stream:
        assert [row["dose_cells"] for row in csv.DictReader(stream)] == ["40000000", "0.1", ""]


def test_readings_are_written_when_a_row_was_read_twice(tmp_path: Path) -> None:
    evidence = load_evidence()
    twice = evidence.outcomes.with_columns(readings=pl.Series([2] + [1] * 2317).head(2318))
    write_package(replace(evidence, outcomes=twice), tmp_path / "package")
    heads = {
        table: (tmp_path / "package" / f"{table}.csv").read_text(encoding="utf-8").split("\n")[0]
        for table in TABLES
    }
    assert [table for table in TABLES if heads[table].endswith(",readings")] == ["outcomes"]
    assert_frame_equal(read_package(tmp_path / "package").outcomes, twice)
    described = json.loads((tmp_path / "package" / "datapackage.json").read_text(encoding="utf-8"))
    for resource in described["resources"]:
        fields = [entry["name"] for entry in resource["schema"]["fields"]]
        with (tmp_path / "package" / resource["path"]).open(encoding="utf-8") as stream:
            assert stream.readline().strip().split(",") == fields


def test_empty_side_tables_are_not_written(tmp_path: Path) -> None:
    evidence = load_evidence()
    bare = replace(
        evidence, cautions=evidence.cautions.clear(), conflicts=evidence.conflicts.clear()
    )
    write_package(evidence, tmp_path / "package")
    (tmp_path / "package" / "README.md").write_text("ours", encoding="utf-8")
    write_package(bare, tmp_path / "package")
    assert set(os.listdir(tmp_path / "package")) == {
        *(f"{table}.csv" for table in TABLES),
        "datapackage.json",
        "README.md",
    }
    same(read_package(tmp_path / "package"), bare)


def test_the_day_of_compilation(tmp_path: Path) -> None:
    write_package(load_evidence(), tmp_path / "package", created="2025-02-03")
    assert read_package(tmp_path / "package").date == "2025-02-03"


ODD = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=30
)
MADE = {"date": "2026-01-31", "origin": "made up"}
NUMBER = st.floats(allow_nan=False, allow_infinity=False) | st.none()


@given(texts=st.lists(st.tuples(ODD, ODD, NUMBER), min_size=1, max_size=6))
def test_odd_texts_and_numbers_are_read_back(
    texts: list[tuple[str, str, float | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("odd") / "package"
    evidence = Evidence(**{table: load_evidence().table(table).clear() for table in ALL}, **MADE)
    labels, notes, numbers = zip(*texts, strict=True)
    studies = (
        load_evidence()
        .studies.head(len(texts))
        .with_columns(
            study_id=pl.Series(labels),
            note=pl.Series(notes),
            mean_age=pl.Series(numbers, dtype=float),
        )
    )
    write_package(replace(evidence, studies=studies), folder)
    assert_frame_equal(read_package(folder).studies, studies, check_exact=True)
    shutil.rmtree(folder.parent)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_not_written(tmp_path: Path, value: float) -> None:
    studies = load_evidence().studies.with_columns(mean_age=pl.lit(value))
    with pytest.raises(InputError, match=r"studies, column mean_age, study .* NaN or infinity"):
        write_package(replace(load_evidence(), studies=studies), tmp_path / "package")
    assert os.listdir(tmp_path) == []


def test_a_table_without_a_column_is_not_written(tmp_path: Path) -> None:
    arms = load_evidence().arms.drop("donor")
    with pytest.raises(InputError, match=r"the table arms lacks or should not have .* donor"):
        write_package(replace(load_evidence(), arms=arms), tmp_path / "package")
    assert os.listdir(tmp_path) == []


def test_a_file_is_no_place_for_a_package(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="is a file; a package is written into a folder"):
        write_package(load_evidence(), tmp_path / "taken")
    assert (tmp_path / "taken").read_text(encoding="utf-8") == "mine"


def test_a_failure_half_way_leaves_the_old_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "package"
    evidence = load_evidence()
    write_package(replace(evidence, events=evidence.events.clear()), folder)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    rename, calls = os.rename, []

    def failing(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) == 11:
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(OSError, match="No space left"):
        write_package(evidence, folder)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert os.listdir(tmp_path) == ["package"]


@pytest.mark.parametrize("prefix", ["", "my-package/"])
def test_a_zip_archive_is_read_like_its_folder(tmp_path: Path, prefix: str) -> None:
    with zipfile.ZipFile(tmp_path / "package.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in SNAPSHOT.iterdir():
            archive.write(file, prefix + file.name)
    read = load_evidence(tmp_path / "package.zip")
    same(read, load_evidence())
    assert read.origin == str(tmp_path / "package.zip")


def test_tables_that_may_be_absent(tmp_path: Path) -> None:
    for name in ("studies.csv", "arms.csv"):
        shutil.copy(SNAPSHOT / name, tmp_path)
    evidence = read_package(tmp_path)
    assert evidence.outcomes.height == 0
    assert evidence.outcomes.schema == load_evidence().outcomes.schema
    assert evidence.date == ""


def test_a_cell_of_the_wrong_type_is_an_error_that_says_how_to_go_on(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SNAPSHOT, tmp_path / "package"))
    text = (folder / "arms.csv").read_text(encoding="utf-8")
    lines = text.split("\n")
    assert lines[1].endswith(",36") or lines[1].rsplit(",", 1)[1].isdigit()
    lines[1] = lines[1].rsplit(",", 1)[0] + ",many"
    (folder / "arms.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_package(folder)
    assert "arms.csv:2: n_randomised: 'many' is not a whole number" in str(caught.value)
    assert f"Run `reprieve evidence check {folder}`" in str(caught.value)


def test_a_missing_table_is_an_error_with_the_name_that_was_meant(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SNAPSHOT, tmp_path / "package"))
    (folder / "arms.csv").rename(folder / "arm.csv")
    with pytest.raises(PackageError, match=r"arms\.csv: is missing \(is arm\.csv meant\?\)"):
        read_package(folder)
