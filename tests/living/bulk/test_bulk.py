"""A register classified part by part: whole, resumed, killed, on a cluster, and asked."""

import gzip
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import zipfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from reprieve.errors import InputError
from reprieve.living.bulk import classify, counts, query
from reprieve.living.bulk.classifying import current
from reprieve.living.bulk.rows import SCHEMA, row_of
from reprieve.living.formats import archives
from reprieve.living.formats.opening import read_records
from reprieve.living.recognising import recognise

SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.fixture(scope="module")
def texts():
    """Real records of cell trials in the flat form."""
    lines = gzip.decompress((SAMPLES / "study_fields_150.jsonl.gz").read_bytes()).splitlines()
    return lines[:40]


@pytest.fixture(scope="module")
def archive(texts, tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "studies.zip"
    with zipfile.ZipFile(path, "w") as made:
        for text in texts:
            made.writestr(f"{json.loads(text)['NCTId'][0]}.json", text)
    return path


def rows(folder):
    return query(folder, "SELECT * FROM trials ORDER BY id")


def test_every_record_has_its_row(archive, texts, tmp_path):
    done = classify([archive], tmp_path, part_size=15)
    assert (done.records, done.parts, done.done_before, done.faults) == (len(texts), 3, 0, ())
    found = rows(tmp_path)
    assert found.columns == list(SCHEMA)
    for record in read_records(archive):
        row = found.row(by_predicate=pl.col("id") == record.id, named=True)
        told = recognise(record)
        for name in ("is_cell_therapy", "condition", "cell_source", "donor", "design", "phase"):
            assert row[name] == getattr(told, name)
        assert row["enrollment"] == record.enrollment
        assert row["status"] == (record.status or None)
        assert tuple(row.values()) == row_of(record, told)
    assert done.cells == found["is_cell_therapy"].sum() > 0


def test_an_archive_is_listed_once_for_all_its_parts(archive, tmp_path, monkeypatch):
    listed = []
    reading = archives._members
    monkeypatch.setattr(archives, "_members", lambda path: listed.append(path) or reading(path))
    assert classify([archive], tmp_path, part_size=10).parts == 4
    assert listed == [archive]
    archives.listed(archive)
    assert len(listed) == 2  # it was not kept any longer


def test_posted_results_make_no_difference(tmp_path):
    studies = sorted((SAMPLES / "ctgov_v2").glob("NCT*.json"))
    classify(studies, tmp_path)
    found = rows(tmp_path)
    assert found["has_results"].all()
    full = [record for path in studies for record in read_records(path)]
    assert [row_of(record, recognise(record)) for record in full] == sorted(found.rows())


def test_lines_and_archives_give_the_same(archive, texts, tmp_path):
    lines = tmp_path / "studies.jsonl.gz"
    lines.write_bytes(gzip.compress(b"\n".join(texts)))
    classify([lines], tmp_path / "lines")
    classify([archive], tmp_path / "archive")
    assert_frame_equal(rows(tmp_path / "lines"), rows(tmp_path / "archive"))


def test_a_run_that_was_broken_off_goes_on(archive, tmp_path):
    class TiredError(Exception):
        pass

    def tired(done, _):
        if done == 2:
            raise TiredError

    with pytest.raises(TiredError):
        classify([archive], tmp_path, part_size=10, progress=tired)
    with pytest.raises(InputError, match="no classified records"):
        query(tmp_path, "SELECT 1")
    told = []
    done = classify([archive], tmp_path, part_size=10, progress=lambda *at: told.append(at))
    assert (done.parts, done.done_before) == (4, 2)
    assert told == [(3, 4), (4, 4)]
    assert rows(tmp_path).height == 40


def test_killed_in_the_middle_it_loses_nothing(archive, tmp_path):
    """A process is killed once its second part is under way; what it finished is not done again."""
    program = """
        import sys, time
        from reprieve.living.bulk import classifying

        def slow(part, made, do=classifying.classify_part):
            if part.name == "part-00001":
                (made / f"{part.name}.1.tmp").write_bytes(b"half a file")
                print("under way", flush=True)
                time.sleep(600)
            return do(part, made)

        classifying.classify_part = slow
        classifying.classify([sys.argv[1]], sys.argv[2], part_size=10)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), archive, tmp_path / "made"],
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout.readline() == "under way\n"
        os.kill(running.pid, signal.SIGKILL)
    done = classify([archive], tmp_path / "made", part_size=10)
    assert (done.parts, done.done_before, done.records) == (4, 1, 40)
    classify([archive], tmp_path / "whole", part_size=10)
    assert_frame_equal(rows(tmp_path / "made"), rows(tmp_path / "whole"))


def test_a_new_archive_replaces_the_old_one_when_it_is_done(archive, texts, tmp_path):
    classify([archive], tmp_path)
    before = current(tmp_path)
    lines = tmp_path / "newer.jsonl"
    lines.write_bytes(b"\n".join(texts[:5]))
    classify([lines], tmp_path)
    assert rows(tmp_path).height == 5
    assert not before.exists()


def test_a_second_run_does_nothing_again(archive, tmp_path):
    first = classify([archive], tmp_path)
    again = classify([archive], tmp_path)
    assert (again.done_before, again.parts) == (1, 1)
    assert again.records == first.records


def test_records_that_can_not_be_read_are_listed(texts, tmp_path):
    lines = tmp_path / "studies.jsonl"
    lines.write_bytes(texts[0] + b"\n{broken\n" + texts[1])
    done = classify([lines], tmp_path / "made")
    assert done.records == 2
    assert [(fault.file, fault.place) for fault in done.faults] == [("studies.jsonl", "line 2")]


def test_a_part_of_nothing_but_faults_has_no_rows(tmp_path):
    lines = tmp_path / "studies.jsonl"
    lines.write_bytes(b'{"colour": 1}\n{"colour": 2}\n')
    done = classify([lines], tmp_path / "made")
    assert (done.records, done.cells, len(done.faults)) == (0, 0, 2)
    assert rows(tmp_path / "made").columns == list(SCHEMA)


def test_parts_are_done_by_several_processes(archive, tmp_path):
    classify([archive], tmp_path / "here", part_size=10)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        classify([archive], tmp_path / "there", part_size=10, executor=executor)
    assert_frame_equal(rows(tmp_path / "here"), rows(tmp_path / "there"))


@pytest.mark.filterwarnings("default")  # those of the cluster are not ours
def test_parts_are_done_by_a_dask_cluster(archive, tmp_path):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        done = classify([archive], tmp_path / "there", part_size=10, executor=client.get_executor())
    classify([archive], tmp_path / "here", part_size=10)
    assert done.parts == 4
    assert_frame_equal(rows(tmp_path / "here"), rows(tmp_path / "there"))


def test_counts_by_condition_and_product(archive, tmp_path):
    classify([archive], tmp_path)
    cells = rows(tmp_path).filter("is_cell_therapy", pl.col("condition").is_not_null())
    found = counts(tmp_path)
    assert found["trials"].sum() == cells.height > 0
    top = found.row(0, named=True)
    same = cells.filter(
        pl.col("condition").eq_missing(top["condition"])
        & pl.col("cell_source").eq_missing(top["cell_source"])
        & pl.col("donor").eq_missing(top["donor"])
    )
    assert (same.height, same["enrollment"].sum()) == (top["trials"], top["people"])


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("SELECT colour FROM trials", "colour"),
        ("SELEKT", "not understood"),
    ],
)
def test_queries_that_are_not_understood_say_so(archive, tmp_path, sql, problem):
    classify([archive], tmp_path)
    with pytest.raises(InputError, match=problem):
        query(tmp_path, sql)


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"none\.zip: no such file"):
        classify([tmp_path / "none.zip"], tmp_path / "made")
    with pytest.raises(InputError, match="no file of records was named"):
        classify([], tmp_path / "made")
    assert not (tmp_path / "made").exists()
