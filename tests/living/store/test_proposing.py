"""Rows that a program read, put beside what is there."""

from dataclasses import replace

import polars as pl
import pytest

from reprieve.errors import InputError
from reprieve.living.store import AccessError


@pytest.fixture
def read(make_evidence):
    """What a program read of a trial that is new."""
    found = make_evidence(
        studies=[{"study_id": "new-2020", "label": "New 2020", "doi": "10.1000/c"}],
        outcomes=[
            {"study_id": "new-2020", "arm_id": arm, "month": 6, "mean": 40, "sd": 20}
            for arm in ("cells", "saline")
        ],
        events=[],
        cautions=[],
    )
    return unread(found)


def unread(evidence):
    """The same as a program would have read it."""
    tables = {
        table: evidence.table(table).with_columns(readings=pl.lit(0, pl.Int64))
        for table in ("studies", "arms", "outcomes", "events")
    }
    flagged = {
        table: tables[table].with_columns(flag=pl.lit("unverified"))
        for table in ("outcomes", "events")
    }
    return replace(evidence, **tables | flagged)


def test_a_new_trial_comes_in_unverified_and_nothing_else_changes(filled, small, read):
    done = filled.propose(read, who="reviewer", why="read")
    assert (done.inserted, done.beside) == (5, {})
    assert {row.cells["flag"] for row in filled.rows("outcomes", "new-2020")} == {"unverified"}
    assert filled.evidence().outcomes[: small.outcomes.height].equals(small.outcomes)
    assert {change.kind for change in filled.history(batch=done.batch)} == {"proposal"}
    assert filled.propose(read, who="reprieve", why="read again").batch is None


def test_what_a_trial_has_is_left_alone_and_counted(filled, small):
    again = unread(replace(small, cautions=small.cautions[:0]))
    without = again.outcomes.with_columns(mean=pl.lit(1.0))
    done = filled.propose(replace(again, outcomes=without), who="reviewer", why="read")
    assert (done.batch, done.inserted) == (None, 0)
    assert done.beside == {
        ("vega-2015", "outcomes"): 4,
        ("lee-2019", "outcomes"): 4,
        ("vega-2015", "events"): 1,
    }


def test_what_people_read_is_not_proposed(filled, small, read):
    with pytest.raises(InputError, match=r"vega-2015, pain .*is flagged unverified"):
        filled.propose(replace(small, cautions=small.cautions[:0]), who="reviewer", why="x")
    half = read.outcomes.with_columns(flag=pl.lit(None, pl.String))
    with pytest.raises(InputError, match=r"new-2020, pain"):
        filled.propose(replace(read, outcomes=half), who="reviewer", why="x")
    with pytest.raises(AccessError, match="may not propose"):
        filled.propose(read, who="reader", why="x")
