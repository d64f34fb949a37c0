"""Many records at once are recognised as each by itself."""

import csv
import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.living.formats.opening import read_records
from reprieve.living.recognising import cells, recognise, recognise_each
from reprieve.living.recognising.cells import each_may_be_cells, may_be_cells
from reprieve.living.recognising.recognise import AT_ONCE
from reprieve.living.record import ArmGroup, Intervention, Record

LIVING = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def records():
    found = [*read_records(LIVING / "samples" / "study_fields_150.jsonl.gz")]
    for path in sorted((LIVING / "samples" / "ctgov_v2").glob("*.json")):
        found += read_records(path)
    with gzip.open(LIVING / "labels" / "knee_cells_reviewed.csv.gz", "rt", "utf-8") as file:
        for row in csv.DictReader(file):
            texts = {"title": row["title"], "summary": row["abstract"]}
            found.append(Record("file", row["openalex_id"], "paper", **texts))
    found += [replace(record, summary="", interventions=(), arms=()) for record in found]
    return found


def test_each_of_many_records_is_recognised_as_by_itself(records):
    assert len(records) > AT_ONCE
    told = [*recognise_each(iter(records))]
    assert [record for record, _ in told] == records
    assert [found for _, found in told] == [recognise(record) for record in records]


def test_no_records_are_no_trouble():
    assert [*recognise_each([])] == []


def test_likely_records_are_told_alike(records):
    likely = each_may_be_cells(records)
    assert likely == [may_be_cells(record) for record in records]
    assert 100 < sum(likely) < len(records) - 100


WORDS = st.sampled_from(
    [
        *cells._HINTS,
        *cells._PIECES,
        *sorted(cells._begun_names()),
        *("care", "carcinoma", "acid", "sclerosis", "knee", "Größe", "é", "ſ", "K", "İ", "_", "1"),
    ]
)
TEXT = st.lists(
    WORDS | st.sampled_from([" ", "-", "_", ".", "\n", "é", "s", "2", "\u0301"]), max_size=6
).map("".join)


@given(TEXT | st.text(max_size=30), TEXT, st.booleans())
def test_no_likely_record_is_missed(name, other, upper):
    name = name.upper() if upper else name
    some = [
        Record("file", "1", "paper", title=name, summary=other),
        Record("file", "2", "registration", interventions=(Intervention(other, "", name),)),
        Record("file", "3", "registration", arms=(ArmGroup(name, "", other),), keywords=(other,)),
    ]
    for record, likely in zip(some, each_may_be_cells(some), strict=True):
        assert likely or not may_be_cells(record)
