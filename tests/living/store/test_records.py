"""Fetched records: each state once."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from reprieve.errors import InputError
from reprieve.living.record import Dates, Intervention, Record, Reference
from reprieve.living.store.models import RecordState
from reprieve.living.store.records import keep_records, mark_vanished, record_of

TRIAL = Record(
    "clinicaltrials.gov",
    "NCT01183728",
    "registration",
    title="Knee osteoarthritis",
    status="recruiting",
    interventions=(Intervention("MSV", "biological", other_names=("MSC",)),),
    references=(Reference(pmid="1", retracted=True),),
    dates=Dates(start="2010-09", planned=("completion",)),
    enrollment=15,
    raw={"protocolSection": {"x": [1, 2.5, None, "é"]}},
)


def states(session):
    return session.scalar(select(func.count()).select_from(RecordState))


def test_a_record_is_kept_whole(store):
    with store.writing() as session:
        (kept,) = keep_records(session, [TRIAL])
        assert kept.seen == "new"
    with store.reading() as session:
        found = record_of(session, kept.row)
    assert found == TRIAL
    assert found.raw == TRIAL.raw


def test_each_state_is_kept_once(store):
    done = replace(TRIAL, status="completed", raw={})
    for record, seen, count in (
        (TRIAL, "new", 1), (TRIAL, "unchanged", 1), (done, "changed", 2), (done, "unchanged", 2),
    ):  # fmt: skip
        with store.writing() as session:
            (kept,) = keep_records(session, [record])
            assert (kept.seen, states(session)) == (seen, count)
    with store.reading() as session:
        assert record_of(session, kept.row).status == "completed"
        assert record_of(session, kept.row, state=-2).status == "recruiting"
        assert record_of(session, kept.row, state=0).status == "recruiting"
        with pytest.raises(InputError, match="not seen in a state"):
            record_of(session, kept.row, state=-3)


def test_what_was_made_of_a_record_ends_with_its_state(store):
    with store.writing() as session:
        (kept,) = keep_records(session, [TRIAL])
        kept.row.recognised = {"is_cell_therapy": True}
    with store.writing() as session:
        (kept,) = keep_records(session, [TRIAL])
        assert kept.row.recognised == {"is_cell_therapy": True}
        (kept,) = keep_records(session, [replace(TRIAL, status="completed")])
        assert kept.row.recognised is None


def test_a_record_twice_on_a_page_is_one(store):
    with store.writing() as session:
        kept = keep_records(session, [TRIAL, TRIAL])
        assert [k.seen for k in kept] == ["new", "unchanged"]
        assert kept[0].row is kept[1].row


def test_a_record_that_vanishes_is_remembered(store):
    with store.writing() as session:
        keep_records(session, [TRIAL])
        (row,) = mark_vanished(session, "clinicaltrials.gov", ["NCT01183728", "NCT00000000"])
        assert row.vanished is not None
        assert mark_vanished(session, "clinicaltrials.gov", ["NCT01183728"]) == []
        assert record_of(session, row) == TRIAL
    with store.writing() as session:
        (kept,) = keep_records(session, [TRIAL])
        assert kept.row.vanished is None


def test_monstrous_records_are_refused(store, monkeypatch):
    monkeypatch.setattr("reprieve.living.store.records._LARGEST", 100)
    with pytest.raises(InputError, match="NCT01183728 has"), store.writing() as session:
        keep_records(session, [TRIAL])
