"""What is computed again: all that can differ, and nothing that can't see the change."""

from dataclasses import replace

import polars as pl
import pytest

from reprieve.evidence import load_evidence
from reprieve.updates.affected import affected
from reprieve.updates.concluding import conclude_all
from reprieve.updates.topics import topics


@pytest.fixture(scope="module")
def evidence():
    return load_evidence()


@pytest.fixture(scope="module")
def conclusions(evidence):
    return conclude_all(evidence)


def without(evidence, table, keep):
    return replace(evidence, **{table: evidence.table(table).filter(keep)})


def keys(before, after):
    return {topic.key for topic in affected(before, after)}


def test_rows_that_only_moved_in_their_file(evidence):
    turned = evidence.outcomes.reverse().with_columns((pl.col("row") + 7).alias("row"))
    assert keys(evidence, replace(evidence, outcomes=turned)) == set()


def test_only_questions_that_see_the_trial(evidence):
    less = without(
        evidence, "outcomes", (pl.col("study_id") != "vega-2015") | (pl.col("domain") != "pain")
    )
    found = keys(evidence, less)
    assert "knee_osteoarthritis cell_therapy injection pain 6" in found
    assert "knee_osteoarthritis order pain 6" in found
    assert not any("function" in key or "harms" in key for key in found)
    assert "knee_osteoarthritis surgery placebo pain 6" not in found
    assert len(found) < len(list(topics(set(evidence.studies["condition"])))) / 10


def test_an_event(evidence):
    found = keys(evidence, without(evidence, "events", pl.col("study_id") != "vega-2015"))
    assert found
    assert all(key.startswith("knee_osteoarthritis") and "harms" in key for key in found)


def test_a_caution(evidence, conclusions):
    barred = evidence.cautions.filter(
        pl.col("kind").is_in(["other_population", "pooled_in", "background"])
    )["study_id"][0]
    less = without(evidence, "cautions", pl.col("study_id") != barred)
    assert keys(evidence, less) >= moved(conclusions, less)


def test_a_borrowed_spread(make_evidence):
    """A missing standard deviation comes from other trials, of other conditions too."""
    lender = {"study_id": "lender", "arm_id": "cells", "mean": 40, "month": 6}
    rows = [
        lender | {"sd": 20},
        lender | {"arm_id": "saline", "sd": 20},
        *({"study_id": "borrower", "arm_id": arm, "mean": 30} for arm in ("cells", "saline")),
    ]
    studies = [{"study_id": "lender", "condition": "tendinopathy"}, {"study_id": "borrower"}]
    before = make_evidence(studies=studies, outcomes=rows)
    rows[0] = rows[0] | {"sd": 30}
    after = make_evidence(studies=studies, outcomes=rows)
    found = keys(before, after)
    assert "knee_osteoarthritis cell_therapy placebo pain 6" in found
    assert "tendinopathy cell_therapy placebo pain 6" in found
    assert "knee_osteoarthritis cell_therapy placebo function 6" not in found
    assert conclude_all(before) != conclude_all(after)


def moved(conclusions, after):
    now = conclude_all(after)
    return {key for key in {*conclusions, *now} if conclusions.get(key) != now.get(key)}


@pytest.mark.parametrize(
    "study",
    [
        "vega-2015",
        pytest.param("gupta-2016", marks=pytest.mark.slow),
        pytest.param("noriega-2017", marks=pytest.mark.slow),
    ],
)
def test_nothing_is_missed(evidence, conclusions, study):
    """Computing everything again finds no answer that differs beyond those foretold."""
    less = evidence
    for table in ("studies", "arms", "outcomes", "contrasts", "events", "cautions"):
        less = without(less, table, pl.col("study_id") != study)
    assert keys(evidence, less) >= moved(conclusions, less)
    assert keys(less, evidence) == keys(evidence, less)


@pytest.mark.slow
@pytest.mark.parametrize("table", ["outcomes", "contrasts", "events", "cautions"])
def test_nothing_is_missed_row_by_row(evidence, conclusions, table):
    rows = evidence.table(table)
    for place in range(0, rows.height, max(1, rows.height // 8)):
        number = rows["row"][place]
        less = without(evidence, table, pl.col("row") != number)
        assert keys(evidence, less) >= moved(conclusions, less), (table, number)
