"""Texts that were written to break something."""

import datetime

import pytest

from reprieve.living.record import Record
from reprieve.living.store import FaultyChangeError, Insert
from reprieve.living.store.clock import now
from reprieve.living.store.errors import UnfitTextError
from reprieve.living.store.models import Alert, Search
from reprieve.living.store.records import keep_records, record_of
from reprieve.living.worklists import RiskOfBias

ODD = [
    "Robert'); DROP TABLE revisions;--",
    '"; DELETE FROM users; --',
    "<script>alert(1)</script>",
    "100 % of {people} $1 :who %(x)s ?",
    "back\\slash \\u0000 \\\\u0000 literally",
    "line\nbreak and \ttab",
    "ΔP ≥ 3 µg 漢字 🦴 é é",
    "x" * 200_000,
]


@pytest.mark.parametrize("odd", ODD)
def test_odd_texts_come_back_as_they_were(filled, pain, odd):
    filled.edit(pain.id, {"locator": odd}, who="reviewer", why=odd)
    (newest, *_) = filled.history(row_id=pain.id)
    assert newest.why == odd
    assert newest.after["locator"] == odd
    assert filled.evidence().outcomes["locator"][1] == odd
    assert len(filled.accounts.all(by="admin")) == 5


@pytest.mark.parametrize("unfit", ["a\0b", "half \ud800 pair"])
def test_texts_that_no_database_keeps_are_refused(filled, pain, unfit):
    with pytest.raises(UnfitTextError, match="take it out"):
        filled.edit(pain.id, {"locator": unfit}, who="reviewer", why="x")
    with pytest.raises(UnfitTextError, match="take it out"):
        filled.edit(pain.id, {"n": 19}, who="reviewer", why=unfit)
    with pytest.raises(UnfitTextError, match="take it out"), filled.writing() as session:
        session.add(Alert(key="k", at=now(), kind="x", data={"deep": [{"in": unfit}]}))
    assert len(filled.history(row_id=pain.id)) == 1


def test_numbers_and_times_that_no_database_keeps(store):
    with pytest.raises(UnfitTextError, match="NaN"), store.writing() as session:
        session.add(Alert(key="k", at=now(), kind="x", data={"n": float("nan")}))
    with pytest.raises(UnfitTextError, match="time zone"), store.writing() as session:
        session.add(Search(source="x", query="y", started=datetime.datetime(2026, 3, 1)))


def test_names_that_no_index_holds_are_refused(filled):
    name = "".join(map(chr, range(0x4E00, 0x4E00 + 600)))
    rows = {"study_id": name, "arm_id": "cells"}
    with pytest.raises(FaultyChangeError, match="is empty, expected"):
        filled.change([Insert("arms", rows)], who="editor", why="a long name")
    with pytest.raises(UnfitTextError, match="has 601 characters"):
        filled.change(
            [Insert("arms", rows | {"study_id": name + "x"})], who="editor", why="too long"
        )
    bias = RiskOfBias(filled)
    assert bias.queue("vega-2015", who="editor", outcome=name[:500]) == 1
    with pytest.raises(UnfitTextError, match="shorten it"):
        bias.queue("vega-2015", who="editor", outcome=name * 2)


def test_numbers_larger_than_any_that_a_database_keeps(filled):
    for asked in ({"batch": 2**63}, {"row_id": -(2**63) - 1}):
        with pytest.raises(UnfitTextError, match="larger than any number"):
            filled.history(**asked)
    with pytest.raises(UnfitTextError, match="larger than any number"):
        filled.edit(10**30, {"n": 1}, who="reviewer", why="x")


def test_formulas_do_not_get_past_the_gates(filled, pain):
    with pytest.raises(FaultyChangeError, match="run as a formula"):
        filled.edit(pain.id, {"locator": "=cmd|'/c calc'!A1"}, who="reviewer", why="x")


@pytest.mark.parametrize("odd", ODD[:7])
def test_records_too(store, odd):
    record = Record("file", odd, "paper", title=odd, raw={"nested": [odd]})
    with store.writing() as session:
        (kept,) = keep_records(session, [record])
        assert record_of(session, kept.row) == record
        assert record_of(session, kept.row).raw == record.raw
