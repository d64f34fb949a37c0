"""What the steps of an update leave in the store, one by one."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from reprieve.errors import InputError
from reprieve.living.record import Dates, Intervention, Record, Reference
from reprieve.living.store.models import FetchedRecord, Thread, WorkItem
from reprieve.updates.files import RecordFiles
from reprieve.updates.run import update

SAMPLES = Path(__file__).parents[1] / "living" / "samples" / "ctgov_study_fields"
TRIAL = Record(
    "clinicaltrials.gov",
    "NCT09000001",
    "registration",
    title="Bone Marrow Mesenchymal Stem Cells for Knee Osteoarthritis: a Randomised Trial",
    conditions=("Knee Osteoarthritis",),
    study_type="interventional",
    status="completed",
    interventions=(
        Intervention("autologous bone marrow mesenchymal stem cells", "biological", "injected"),
    ),
    dates=Dates(primary_completion="2024-01"),
)
PAPER = Record(
    "pubmed",
    "31000001",
    "paper",
    ids=("NCT09000001",),
    title="Mesenchymal stem cells relieve pain in knee osteoarthritis",
    summary="Patients were randomised to an intra-articular injection of mesenchymal stem cells or "
    "of saline. Pain was lower with cells.",
    authors=("Doe J",),
    year=2025,
)


@pytest.fixture(scope="module")
def small(make_shared_evidence):
    return make_shared_evidence(
        studies=[{"study_id": "a", "label": "Trial a", "registration": "NCT09000009"}],
        outcomes=[
            {"study_id": "a", "arm_id": arm, "mean": mean, "sd": 10}
            for arm, mean in (("cells", 30), ("saline", 45))
        ],
    )


class Records:
    """A source that gives what it is told to."""

    name = "pubmed"

    def __init__(self, *records, vanished=()):
        self.records, self.vanished = records, vanished

    def search(self, query, since=None, resume=None):
        from reprieve.living.sources import Page

        yield Page(self.records, None, vanished=self.vanished)


def take_in(store, *records, **how):
    return update(store, [Records(*records, **how)], {"pubmed": "stem cells"})


def all_of(store, table, *conditions):
    with store.reading() as session:
        return session.scalars(select(table).where(*conditions).order_by(table.id)).all()


def test_registration_and_paper_become_one_thread(filled):
    take_in(filled, TRIAL, PAPER)
    (thread,) = all_of(filled, Thread)
    assert (thread.key, thread.condition) == ("NCT09000001", "knee_osteoarthritis")
    assert {row.thread_id for row in all_of(filled, FetchedRecord)} == {thread.id}
    assert thread.data["because"]
    assert len(all_of(filled, WorkItem, WorkItem.kind == "screening")) == 2


def test_threads_that_turn_out_to_be_one(filled):
    take_in(filled, TRIAL, replace(PAPER, ids=()))
    assert len(all_of(filled, Thread)) == 2
    take_in(filled, PAPER)
    (thread,) = all_of(filled, Thread)
    assert {row.thread_id for row in all_of(filled, FetchedRecord)} == {thread.id}


def test_likely_the_same_is_asked_of_people(filled):
    other = replace(TRIAL, source="isrctn", id="ISRCTN10000001", title=TRIAL.title + " in Spain")
    take_in(filled, TRIAL, other)
    items = all_of(filled, WorkItem, WorkItem.kind == "joining")
    threads = all_of(filled, Thread)
    assert (len(items), len(threads)) in {(1, 2), (0, 1)}
    if items:
        assert {items[0].data["first"], items[0].data["second"]} == {t.key for t in threads}
    take_in(filled)
    assert len(all_of(filled, WorkItem, WorkItem.kind == "joining")) == len(items)


def test_records_of_trials_in_the_evidence_are_not_screened(filled):
    take_in(filled, replace(TRIAL, id="NCT09000009"))
    (thread,) = all_of(filled, Thread)
    assert thread.study_id == "a"
    assert all_of(filled, WorkItem) == []


def test_a_second_copy_is_not_screened(filled):
    copy = replace(PAPER, source="europepmc", ids=("NCT09000001", "pmid:31000001"))
    found = take_in(filled, PAPER, copy)
    assert len(all_of(filled, FetchedRecord)) == 2
    assert found.queued == 1
    assert found.version.flow.duplicates == 1


def test_what_is_surely_no_cell_therapy_is_not_screened(filled):
    plain = Record("pubmed", "1", "paper", title="Exercise for knee osteoarthritis: a trial")
    found = take_in(filled, plain)
    assert found.queued == 0
    assert found.version.flow.not_cell_therapy == 1


def test_a_record_that_vanished_leaves_the_pipeline_and_stays_in_the_store(filled):
    take_in(filled, replace(TRIAL, source="pubmed"))
    found = take_in(filled, vanished=("NCT09000001",))
    assert found.fetched[0].vanished == 1
    (row,) = all_of(filled, FetchedRecord)
    assert row.vanished is not None


def test_a_retraction_that_another_record_tells_of(filled):
    """A registration can name a retracted paper before the paper itself says so."""
    take_in(filled, TRIAL, PAPER)
    note = (Reference(pmid="31000001", kind="result", retracted=True),)
    take_in(filled, replace(TRIAL, references=note))
    assert "pmid:31000001" in all_of(filled, Thread)[0].data["retracted"]


def test_posted_results_are_read_once_a_state(filled):
    files = RecordFiles([SAMPLES / "NCT01183728.json"])
    queries = {files.name: files.query}
    first = update(filled, [files], queries)
    (read,) = first.results
    assert read.proposed > 0
    assert read.placed > 0
    assert update(filled, [files], queries).results == ()
    verify = all_of(filled, WorkItem, WorkItem.kind == "verification")
    assert len(verify) == read.proposed
    with filled.writing() as session:
        row = session.scalar(select(FetchedRecord))
        assert row.recognised["results"]["proposed"] == read.proposed


def test_posted_results_that_no_row_can_be_made_of_are_left_to_people(filled, monkeypatch):
    def refuse(record, known=None):
        raise InputError(f"{record.id}: its form is not that of the register")

    monkeypatch.setattr("reprieve.updates.steps.results.read_posted_results", refuse)
    files = RecordFiles([SAMPLES / "NCT01183728.json"])
    (read,) = update(filled, [files], {files.name: files.query}).results
    assert (read.proposed, "not that of the register" in read.why) == (0, True)
    (item,) = all_of(filled, WorkItem, WorkItem.kind == "extraction")
    assert item.data["why"] == read.why


def test_many_records_in_a_file_come_in_pages(filled, tmp_path):
    lines = [
        json.dumps({"NCTId": [f"NCT{number:08}"], "BriefTitle": ["Knee pain"], "Rank": [number]})
        for number in range(1, 251)
    ]
    file = tmp_path / "many.jsonl"
    file.write_text("\n".join(lines))
    pages = list(RecordFiles([file]).search("records"))
    assert [len(page.records) for page in pages] == [100, 100, 50]
    assert [page.cursor is None for page in pages] == [False, False, True]
    found = update(filled, [RecordFiles([file])], {"files": "records"})
    assert (found.fetched[0].new, found.recognised) == (250, 250)
    with pytest.raises(InputError, match="by number"):
        RecordFiles([file]).fetch(["NCT00000001"])


def test_hostile_texts_stay_text(filled):
    nasty = replace(TRIAL, title="'; DROP TABLE records; -- <b>Stem cells for knee osteoarthritis")
    found = take_in(filled, nasty)
    assert found.queued == 1
    assert all_of(filled, FetchedRecord)[0].title == nasty.title
