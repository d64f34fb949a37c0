"""In and out again: a store loses nothing of a package."""

import datetime
import random
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.errors import InputError
from reprieve.evidence import load_evidence, write_package
from reprieve.living.store import ConflictError, Delete, FaultyChangeError, Insert, Update
from reprieve.living.store.cells import ALL_TABLES
from reprieve.living.store.importing import differences
from reprieve.living.store.models import EvidenceRow


def same(one, other):
    return all(one.table(name).equals(other.table(name)) for name in ALL_TABLES)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_snapshot_comes_out_byte_for_byte(store, tmp_path):
    snapshot = load_evidence()
    done = store.import_package(snapshot, who="editor", why="the snapshot")
    assert done.inserted == sum(snapshot.table(name).height for name in ALL_TABLES)
    assert same(store.evidence(), snapshot)
    write_package(snapshot, tmp_path / "expected")
    store.export_package(tmp_path / "exported")
    assert files(tmp_path / "exported") == files(tmp_path / "expected")
    assert "conflicts.csv" in files(tmp_path / "exported")
    # The past is worked out from the revisions, another way to the same rows.
    store.export_package(tmp_path / "past", as_of=datetime.datetime.now(datetime.UTC))
    assert files(tmp_path / "past") == files(tmp_path / "expected")
    again = store.import_package(tmp_path / "exported", who="editor", why="once more")
    assert (again.batch, again.inserted, again.updated, again.deleted) == (None, 0, 0, 0)
    assert len(store.history(limit=10_000)) == done.inserted


def test_readings_and_numbers_come_back(store, small):
    given = replace(
        small,
        outcomes=small.outcomes.with_columns(
            readings=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
            mean=pl.col("mean") + 0.1 + 0.2,
        ),
        events=small.events.with_columns(readings=pl.lit(0, pl.Int64), flag=pl.lit("unverified")),
    )
    store.import_package(given, who="editor", why="x")
    assert same(store.evidence(), given)


def test_only_what_differs_is_written(filled, small):
    changed = small.outcomes.with_columns(
        sd=pl.when(pl.col("row") == 3).then(19.5).otherwise(pl.col("sd"))
    )
    done = filled.import_package(
        replace(small, outcomes=changed[1:]), who="editor", why="a newer package"
    )
    assert (done.inserted, done.updated, done.deleted) == (0, 1, 1)
    assert {c.columns.get("sd") for c in filled.history(batch=done.batch)} >= {("21.5", "19.5")}
    assert filled.evidence().outcomes["sd"].to_list() == changed[1:]["sd"].to_list()


def test_order_is_kept_and_few_rows_move(filled, small):
    order = [7, 0, 1, 2, 3, 4, 5, 6]
    moved = replace(small, outcomes=small.outcomes[order])
    done = filled.import_package(moved, who="editor", why="sorted")
    assert done.updated == 1
    assert filled.evidence().outcomes["mean"].to_list() == moved.outcomes["mean"].to_list()
    (change,) = filled.history(batch=done.batch)
    assert change.before == change.after
    assert "moved" in change.words


def test_undoing_brings_back_the_order_too(filled, small):
    order = [7, 0, 1, 2, 3, 4, 5, 6]
    events = small.events.with_columns(n=pl.lit(19, pl.Int64))
    moved = replace(small, outcomes=small.outcomes[order], events=events)
    done = filled.import_package(moved, who="editor", why="sorted")
    in_order = filled.evidence()
    again = filled.undo(batch=done.batch, who="editor")
    assert same(filled.evidence(), small)
    filled.undo(batch=again, who="editor")
    assert same(filled.evidence(), in_order)


def test_a_part_of_the_evidence_is_not_imported_over_the_whole(filled, small):
    part = replace(
        small,
        **{
            table: small.table(table).filter(pl.col("study_id") == "vega-2015")
            for table in ("studies", "arms", "outcomes", "events", "cautions")
        },
    )
    with pytest.raises(ConflictError, match=r"lacks 1 of 2 trials .*lee-2019; nothing was written"):
        filled.import_package(part, who="editor", why="one trial only")
    assert same(filled.evidence(), small)
    filled.import_package(part, who="editor", why="the other is no trial", replace=True)
    assert same(filled.evidence(), part)


def test_a_faulty_package_changes_nothing(filled, small):
    faulty = replace(small, outcomes=small.outcomes.with_columns(sd=-pl.col("sd")))
    with pytest.raises(FaultyChangeError, match=r"outcomes.csv:2: sd: -21.5 is out of range"):
        filled.import_package(faulty, who="editor", why="x")
    assert same(filled.evidence(), small)


def test_an_import_does_not_run_over_peoples_work(filled, small, pain):
    filled.edit(pain.id, {"mean": 43.2}, who="reviewer", why="misread Table 2")
    with pytest.raises(ConflictError, match=r"1 rows.*\n.*A. Reviewer, .*misread Table 2"):
        filled.import_package(small, who="editor", why="the old package again")
    # What the package and people agree on is in nobody's way.
    newer = replace(small, events=small.events.with_columns(events=pl.lit(2, pl.Int64)))
    agreeing = replace(newer, outcomes=filled.evidence().outcomes)
    assert filled.import_package(agreeing, who="editor", why="both").updated == 1
    done = filled.import_package(small, who="editor", why="it is right", replace=True)
    assert done.updated == 2
    assert same(filled.evidence(), small)


def test_an_empty_store_says_what_to_do(store):
    with pytest.raises(InputError, match="store import"):
        store.evidence()


def test_the_day_of_compilation_is_the_packages_then_that_of_the_last_change(filled, small, pain):
    dated = replace(small, date="2024-02-29")
    filled.import_package(dated, who="editor", why="dated")
    assert filled.evidence().date == "2024-02-29"
    filled.edit(pain.id, {"mean": 43.2}, who="reviewer", why="misread")
    assert filled.evidence().date == datetime.datetime.now(datetime.UTC).date().isoformat()


# The difference between any two packages leads from one to the other, whatever was shuffled.

rows = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=12)


def conflicts(pairs):
    return [
        {"table": "arms", "study_id": study, "key": None, "column": "label", "kept": kept,
         "other": None, "kept_source": None, "other_source": None}
        for study, kept in pairs
    ]  # fmt: skip


@given(rows, rows, st.randoms(use_true_random=False))
def test_differences_lead_from_any_package_to_any_other(old, new, chance: random.Random):
    new = new + old[: chance.randint(0, len(old))]
    chance.shuffle(new)
    number = 0
    present: list[EvidenceRow] = []
    for wanted in (conflicts(old), conflicts(new)):
        changes = differences({"conflicts": list(present)}, {"conflicts": wanted})
        for change in changes:
            if isinstance(change, Delete):
                present = [row for row in present if row.id != change.row_id]
            elif isinstance(change, Insert):
                number += 1
                present.append(
                    EvidenceRow(id=number, cells=change.cells, position=change.position, version=1)
                )
            elif isinstance(change, Update):
                (row,) = (row for row in present if row.id == change.row_id)
                row.cells, row.position = {**row.cells, **change.cells}, change.position
        present.sort(key=lambda row: row.position)
        assert [row.cells for row in present] == wanted
        assert differences({"conflicts": present}, {"conflicts": wanted}) == []
