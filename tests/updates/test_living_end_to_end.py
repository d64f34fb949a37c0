"""From a register's posted results to the alert: one trial taken out, and read back.

The posted results of a trial are taken out of a copy of the snapshot. The review of what is left is
its first version. Then the register record comes in: its rows are read by the program, wait for a
person, are verified, and only then change the answer; the alert says what changed and why.
"""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import select

from reprieve.evidence import load_evidence
from reprieve.evidence.schema import TABLES
from reprieve.living.store import open_store
from reprieve.living.store.models import EvidenceRow
from reprieve.living.worklists.extraction import Extraction
from reprieve.living.worklists.verification import Verification
from reprieve.updates.changes import compare
from reprieve.updates.concluding import conclude_all
from reprieve.updates.conclusions import Standing
from reprieve.updates.files import RecordFiles
from reprieve.updates.kept import last_version
from reprieve.updates.run import update

SAMPLES = Path(__file__).parents[1] / "living" / "samples" / "ctgov_study_fields"
VALUES = ("outcomes", "contrasts", "events")

STUDY, NUMBER = "chun-2022", "NCT02298023"
"""A trial whose rows in the snapshot were all read from its posted results."""


@pytest.fixture(scope="module")
def snapshot():
    return load_evidence()


@pytest.fixture(scope="module")
def part(snapshot):
    """The condition of the trial only: quicker, and the same to it."""
    kept = snapshot.studies.filter(condition="rotator_cuff_tear")["study_id"].to_list()
    tables = (*TABLES, "cautions", "conflicts")
    mine = pl.col("study_id").is_in(kept)
    return replace(snapshot, **{name: snapshot.table(name).filter(mine) for name in tables})


def without(evidence, study, tables):
    kept = {name: evidence.table(name).filter(pl.col("study_id") != study) for name in tables}
    return replace(evidence, **kept)


def rows_of(evidence, study, table):
    """The rows of a trial, whatever their order in the file and the wording of their locators."""
    columns = [column.name for column in TABLES[table] if column.name != "locator"]
    rows = evidence.table(table).filter(study_id=study).select(*columns, "readings").to_dicts()
    return sorted(rows, key=lambda row: repr({k: v for k, v in row.items() if k != "n"}))


def assert_restored(read, known):
    """The same rows; where the snapshot leaves open how many were analysed, the reader may know."""
    assert len(read) == len(known)
    for one, other in zip(read, known, strict=True):
        assert one == other | ({"n": one["n"]} if other.get("n") is None else {})


def conclusions(store):
    with store.reading() as session:
        return last_version(session).standing.conclusions


def bring_in(store, number):
    """Take in the register record, as a search would."""
    files = RecordFiles([SAMPLES / f"{number}.json"])
    return update(store, [files], {files.name: files.query})


@pytest.fixture
def review(tmp_path):
    """A store with an admin and a reviewer."""
    with open_store(tmp_path / "review.db") as store:
        store.accounts.add("admin", "admin")
        store.accounts.add("reader", "reviewer", by="admin", full_name="A. Reader")
        yield store


def verify_all(store):
    """A person holds every row against its source: some one by one, the others together."""
    work = Verification(store)
    waiting = work.rows(who="reader", limit=1000)
    for row in waiting[:3]:
        work.accept(row.item.id, who="reader", expected_version=row.version)
    with store.reading() as session:
        unread = session.scalars(select(EvidenceRow.id).where(EvidenceRow.readings == 0)).all()
    store.verify(unread, who="reader", why="held against the register")
    return len(waiting)


@pytest.mark.parametrize("known", ["part", pytest.param("snapshot", marks=pytest.mark.slow)])
def test_posted_results_read_back_restore_the_answer(review, known, request):
    snapshot = request.getfixturevalue(known)
    less = without(snapshot, STUDY, VALUES)
    review.import_package(less, who="admin", why="the snapshot without one trial's results")
    first = update(review)
    assert (first.version.number, first.alerts) == (1, ())
    before = conclusions(review)

    read = bring_in(review, NUMBER)
    (account,) = read.results
    assert account.study_id == STUDY
    assert account.proposed == sum(len(rows_of(snapshot, STUDY, table)) for table in VALUES)
    assert account.why == ""
    assert read.version.triggers[0] == "the evidence changed (1 proposal)"
    assert read.alerts == ()  # nobody has seen the numbers yet: no answer uses them
    numbers = {key: found.ci for key, found in before.items() if found.kind == "effect"}
    assert {key: conclusions(review)[key].ci for key in numbers} == numbers
    unverified = review.evidence().outcomes.filter(study_id=STUDY)
    assert set(unverified["flag"]) == {"unverified"}
    assert set(unverified["readings"]) == {0}

    assert verify_all(review) == account.proposed
    verified = review.evidence()
    for table in VALUES:
        assert_restored(rows_of(verified, STUDY, table), rows_of(snapshot, STUDY, table))

    found = update(review)
    assert 0 < found.recomputed < found.kept
    whole = Standing("2026-01-01", conclude_all(snapshot))
    assert compare(whole, Standing("2026-01-01", conclusions(review))) == ()
    told = found.alerts[0]
    assert told.difference.condition == "rotator_cuff_tear"
    for part in ("before: ", "now: ", "came in: Chun 2022: ", "not medical advice"):
        assert part in told.text()
    kinds = {kind for alert in found.alerts for kind in alert.kinds}
    assert kinds == {"number_appears", "harm_signal"}
    assert f"A. Reader (reviewer): verification of {account.proposed} rows" in found.version.text()
    assert update(review).version is None


def test_a_trial_that_the_evidence_does_not_know(review, part):
    less = without(part, STUDY, (*TABLES, "cautions", "conflicts"))
    review.import_package(less, who="admin", why="the snapshot without one trial")
    update(review)
    (account,) = bring_in(review, NUMBER).results
    assert account.study_id == NUMBER.lower()
    assert verify_all(review) == account.proposed
    found = update(review)
    assert found.alerts
    came = {trial.study_id for alert in found.alerts for trial in alert.difference.came}
    assert came == {NUMBER.lower()}


def test_values_that_people_have_read_are_not_doubled(review, part):
    review.import_package(part, who="admin", why="the snapshot")
    update(review)
    found = bring_in(review, NUMBER)
    assert [each.proposed for each in found.results] == [0]
    assert "in the evidence already" in found.results[0].why
    assert found.alerts == ()
    (item,) = Extraction(review).page(who="reader")
    assert item.study_id == STUDY
