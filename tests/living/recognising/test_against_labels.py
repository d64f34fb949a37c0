"""Records and papers that were labelled by reading."""

import csv
import gzip
import importlib
from pathlib import Path

import pytest

from reprieve.evidence import schema, vocabulary
from reprieve.living.formats.opening import read_records
from reprieve.living.recognising import recognise
from reprieve.living.record import Record

LIVING = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def records():
    return list(read_records(LIVING / "samples" / "study_fields_150.jsonl.gz"))


@pytest.fixture(scope="module")
def labels():
    with (LIVING / "labels" / "study_fields_150.csv").open(encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def pairs(records, labels):
    assert {record.id for record in records} == set(labels)
    return [(recognise(record), labels[record.id]) for record in records]


def test_cell_therapy_is_found_and_little_else(pairs):
    said = [found.is_cell_therapy for found, _ in pairs]
    true = [label["is_cell_therapy"] == "true" for _, label in pairs]
    both = sum(s and t for s, t in zip(said, true, strict=True))
    assert sum(true) == 135
    assert both / sum(true) >= 0.98
    assert both / sum(said) >= 0.95


@pytest.mark.parametrize(
    ("field", "share"),
    [
        ("condition", 0.99),
        ("cell_source", 0.97),
        ("donor", 0.98),
        ("processing", 0.94),
        ("route", 0.91),
        ("design", 0.99),
    ],
)
def test_fields_are_right(pairs, field, share):
    wrong = [
        (found.id, label[field], getattr(found, field))
        for found, label in pairs
        if (getattr(found, field) or "") != label[field]
    ]
    assert len(wrong) <= (1 - share) * len(pairs), wrong


def test_certainty_means_what_it_says(pairs):
    error = [
        (found.confidence if found.is_cell_therapy else 1 - found.confidence)
        - (label["is_cell_therapy"] == "true")
        for found, label in pairs
    ]
    assert sum(e * e for e in error) / len(error) < 0.02


def test_words_stand_where_they_are_said_to(records):
    for record in records:
        for why in recognise(record).because:
            text = record
            for step in why.where.replace("]", "").replace("[", ".").split("."):
                text = text[int(step)] if step.isdigit() else getattr(text, step)
            assert text[why.start : why.end] == why.word, (record.id, why)


def test_only_words_of_the_vocabulary(pairs):
    allowed = {
        "condition": set(vocabulary.conditions()),
        "cell_source": set(schema.CELL_SOURCES),
        "donor": set(schema.DONORS),
        "processing": set(schema.PROCESSING),
        "route": set(schema.ROUTES),
        "comparator": set(schema.CATEGORIES),
    }
    for found, _ in pairs:
        for field, words in allowed.items():
            assert getattr(found, field) in words | {None}
        assert all(0 <= share <= 1 for share in found.confidences.values())


def test_nothing_is_said_of_cells_where_none_are_given(pairs):
    for found, _ in pairs:
        if not found.is_cell_therapy:
            assert (found.cell_source, found.donor, found.route, found.comparator) == (None,) * 4


# -- title and text alone --------------------------------------------------------------------


def with_title(record):
    return Record(record.source, record.id, "paper", title=record.title)


def with_summary(record):
    return Record(
        record.source,
        record.id,
        "registration",
        title=record.title,
        official_title=record.official_title,
        summary=record.summary,
    )


def found_among(recognised, true):
    """Recall and precision of what was recognised as cell therapy."""
    both = sum(
        found.is_cell_therapy and cells for found, cells in zip(recognised, true, strict=True)
    )
    return both / sum(true), both / sum(found.is_cell_therapy for found in recognised)


def test_title_and_summary_are_enough(records, labels):
    true = [labels[record.id]["is_cell_therapy"] == "true" for record in records]
    recall, precision = found_among([recognise(with_summary(r)) for r in records], true)
    assert recall >= 0.98
    assert precision >= 0.97


def test_a_title_is_enough_where_it_names_the_product(records, labels):
    true = [labels[record.id]["is_cell_therapy"] == "true" for record in records]
    recall, precision = found_among([recognise(with_title(r)) for r in records], true)
    assert recall >= 0.94  # six of the 135 titles name no product
    assert precision >= 0.97


@pytest.fixture(scope="module")
def papers():
    with gzip.open(
        LIVING / "labels" / "knee_cells_reviewed.csv.gz", "rt", encoding="utf-8"
    ) as file:
        return {
            row["openalex_id"]: Record(
                "file", row["openalex_id"], "paper", title=row["title"], summary=row["abstract"]
            )
            for row in csv.DictReader(file)
        }


def rows(name):
    with (LIVING / "labels" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_papers(papers):
    labelled = rows("papers_74.csv")
    found = {row["id"]: recognise(papers[row["id"]]) for row in labelled}
    recall, precision = found_among(
        found.values(), [row["is_cell_therapy"] == "true" for row in labelled]
    )
    assert recall >= 0.93
    assert precision >= 0.93
    for field, share in (("condition", 0.94), ("cell_source", 0.91), ("donor", 0.92)):
        judged = [row for row in labelled if row[field] != "?"]
        right = sum((getattr(found[row["id"]], field) or "") == row[field] for row in judged)
        assert right / len(judged) >= share, field


def test_papers_first_seen_later(papers):
    labelled = [row for row in rows("unseen_170.csv") if row["id"] in papers]
    judged = [row for row in labelled if row["is_cell_therapy"] != "?"]
    assert len(judged) > 40
    recall, precision = found_among(
        [recognise(papers[row["id"]]) for row in judged],
        [row["is_cell_therapy"] == "true" for row in judged],
    )
    assert recall >= 0.95
    assert precision >= 0.95


def test_certainty_about_papers_means_what_it_says(papers):
    labelled = [row for row in rows("cell_therapy.csv") if row["from"] == "papers"]
    assert len(labelled) > 200
    error = []
    for row in labelled:
        found = recognise(papers[row["id"]])
        chance = found.confidence if found.is_cell_therapy else 1 - found.confidence
        error.append(chance - (row["is_cell_therapy"] == "true"))
    assert sum(e * e for e in error) / len(error) < 0.06


# -- the quick way past records without cells ------------------------------------------------


def test_quick_rejection_changes_nothing(records, papers, monkeypatch):
    """Records whose syllables rule cells out are recognised the same when read to the end."""
    v2 = [r for path in sorted((LIVING / "samples" / "ctgov_v2").glob("*")) for r in opened(path)]
    assert v2
    every = [*records, *v2, *papers.values()]
    every += [with_title(record) for record in every]
    quick = [recognise(record) for record in every]
    assert sum(not found.is_cell_therapy for found in quick) > 500
    module = importlib.import_module("reprieve.living.recognising.recognise")
    monkeypatch.setattr(module, "may_be_cells", lambda record: True)
    for record, found in zip(every, quick, strict=True):
        assert recognise(record) == found, record.title


def opened(path):
    return read_records(path) if path.suffix == ".json" else ()
