"""Work lists on both databases, with records to screen."""

import pytest

from reprieve.living.record import Record
from reprieve.living.store.records import keep_records
from reprieve.living.worklists import Screening


@pytest.fixture(scope="session")
def add_accounts():
    """Gives a store an admin, an editor, a reader, and the reviewers ada, ben and cleo."""

    def add(store):
        store.accounts.add("admin", "admin")
        store.accounts.add("editor", "editor", by="admin")
        store.accounts.add("reader", "reader", by="admin")
        for name in ("ada", "ben", "cleo"):
            store.accounts.add(name, "reviewer", by="admin")

    return add


@pytest.fixture
def keep(store):
    """Put papers into the store: `keep(title, …)` gives their ids."""

    def kept(*titles):
        records = [Record("pubmed", str(i), "paper", title=t) for i, t in enumerate(titles)]
        with store.writing() as session:
            return [found.row.id for found in keep_records(session, records)]

    return kept


@pytest.fixture
def screening(store, keep):
    """A list of four records."""
    keep("cells for knees", "cells for discs", "cells for hearts", "insulin")
    screening = Screening(store)
    assert screening.queue(who="ada") == 4
    return screening


@pytest.fixture(scope="session")
def small(make_shared_evidence):
    """One trial that passes the gates: ``vega-2015``, cells and saline."""
    return make_shared_evidence(
        studies=[{"study_id": "vega-2015", "label": "Vega 2015", "n_randomised": 40}],
        outcomes=[
            {"study_id": "vega-2015", "arm_id": arm, "month": 0, "mean": mean, "sd": 21.5}
            for arm, mean in (("cells", 61.5), ("saline", 60.5))
        ],
    )


def pain(arm, mean, **cells):
    """An extracted row: pain at month 6."""
    return {
        "arm_id": arm,
        "domain": "pain",
        "instrument": "VAS",
        "scale_min": 0,
        "scale_max": 100,
        "higher_is": "worse",
        "month": 6,
        "statistic": "final",
        "n": 20,
        "mean": mean,
        "sd": 20,
        "locator": "Table 2",
        "source_url": "https://example.org",
        **cells,
    }


@pytest.fixture
def row():
    """`row(arm, mean, …)` is an extracted row: pain at month 6."""
    return pain
