"""Many people at once, and processes that die: nothing is lost, nothing is half done."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import event

from reprieve.evidence import write_package
from reprieve.living.store import Insert, StoreError, Update, open_store
from reprieve.living.store.cells import ALL_TABLES
from reprieve.living.store.models import Batch, EvidenceRow

SCRIPTS = Path(__file__).with_name("scripts.py")


def start(*words):
    return subprocess.Popen(
        [sys.executable, str(SCRIPTS), *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("store_url", "people"),
    [
        ("sqlite", 40),
        ("postgresql", 100),
        pytest.param("sqlite", 100, marks=pytest.mark.slow),
    ],
    indirect=["store_url"],
)
def test_many_people_lose_nothing(filled, store_url, people):
    """Four processes with a quarter of the people each, who are threads, all at eight rows.

    Each builds on what it saw.
    """
    rows = [row for trial in ("vega-2015", "lee-2019") for row in filled.rows("outcomes", trial)]
    each = people // 4
    processes = [start("edit", store_url, n, n + each) for n in range(0, people, each)]
    for process in processes:
        _, said = process.communicate(timeout=300)
        assert (process.returncode, said) == (0, "")
    for place, row in enumerate(rows):
        chain = filled.history(row_id=row.id)[::-1]
        seen = [int(number) for number in chain[-1].after["locator"].split()[2:]]
        assert sorted(seen) == list(range(place, people, 8))
        # The history is one chain: each began from what the one before had left.
        assert len(chain) == len(seen) + 1
        assert all(a.after == b.before for a, b in pairwise(chain))
    with filled.reading() as session:
        batches = session.query(Batch).order_by(Batch.id).all()
    assert len(batches) == people + 1
    assert all(a.at < b.at for a, b in pairwise(batches))


def test_two_can_not_put_in_the_same_arm(filled):
    """Neither sees the other's row when it starts; the gates must see both."""
    arm = {"study_id": "lee-2019", "arm_id": "third", "label": "third", "category": "injection",
           "treatment": "saline"}  # fmt: skip
    script = (
        "import sys; from reprieve.living.store import *\n"
        "store = open_store(sys.argv[1])\n"
        f"try: store.change([Insert('arms', {arm!r})], who='reviewer', why='Table 1')\n"
        "except FaultyChangeError as error: print(error)\n"
        "store.close()"
    )
    address = filled.engine.url.render_as_string(hide_password=False)
    both = [
        subprocess.Popen([sys.executable, "-c", script, address], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = sorted(process.communicate(timeout=120)[0] for process in both)
    assert said[0] == ""
    assert "'third' stands in an earlier row of lee-2019 already" in said[1]
    assert len(filled.rows("arms", "lee-2019", arm_id="third")) == 1


@pytest.fixture
def newer(filled, small, tmp_path):
    """A package that differs from the store in many rows of several tables."""
    changes = [
        Update(row.id, {"sd": "20.5"})
        for trial in ("vega-2015", "lee-2019")
        for row in filled.rows("outcomes", trial)
    ]
    event = filled.rows("events", "vega-2015")[0].cells | {"event": "joint_swelling"}
    batch = filled.change([*changes, Insert("events", event)], who="editor", why="x")
    package = tmp_path / "newer"
    write_package(filled.evidence(), package)
    filled.undo(batch=batch, who="editor")
    return package


@pytest.mark.parametrize("kill_at", ["1", "4", "7", "9", "commit"])
def test_an_import_that_is_killed_leaves_nothing_and_the_next_completes_it(
    filled, store_url, newer, kill_at
):
    before = filled.evidence()
    revisions = len(filled.history(limit=1000))
    killed = start("import", store_url, newer, kill_at)
    killed.communicate(timeout=120)
    assert killed.returncode == -9
    assert all(filled.evidence().table(t).equals(before.table(t)) for t in ALL_TABLES)
    assert len(filled.history(limit=1000)) == revisions
    statements = []
    event.listen(filled.engine, "after_cursor_execute", lambda *_: statements.append(1))
    filled.import_package(newer, who="editor", why="the package")
    assert len(statements) > 9
    assert filled.evidence().outcomes["sd"].unique().to_list() == [20.5]
    assert filled.evidence().events.height == 2
    assert len(filled.history(limit=1000)) == revisions + 9


def test_readers_see_one_state_while_others_write(filled, pain):
    with filled.reading() as session:
        first = session.query(Batch).count()
        filled.edit(pain.id, {"mean": 43.2}, who="reviewer", why="meanwhile")
        assert session.query(Batch).count() == first
    with filled.reading() as session:
        assert session.query(Batch).count() == first + 1


def test_a_writer_that_does_not_end_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr("reprieve.living.store.engine.BUSY_SECONDS", 0)
    with open_store(tmp_path / "x.db") as one, open_store(tmp_path / "x.db") as other:
        with (
            one.writing(),
            pytest.raises(StoreError, match="another writer did not finish"),
            other.writing(),
        ):
            pass
        with other.writing():
            pass


def test_an_error_in_a_transaction_leaves_nothing(filled, pain):
    def fail():
        with filled.writing() as session:
            session.get(EvidenceRow, pain.id).study_id = "x"
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert filled.rows("outcomes", "vega-2015", arm_id="cells", month="12") == [pain]
