"""The search strings: well formed, repeatable, and sensitive."""

import csv
import json
import re
from pathlib import Path

import pytest

from reprieve.errors import UnknownWordError
from reprieve.evidence.vocabulary import conditions
from reprieve.living.formats.opening import read_records
from reprieve.living.sources import SOURCES
from reprieve.living.sources.queries import cells, default_query, pain

LIVING = Path(__file__).parents[1]
RECORDS = LIVING / "samples" / "study_fields_150.jsonl.gz"
LABELS = LIVING / "labels" / "study_fields_150.csv"


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_has_a_string_that_fits_into_an_address(name):
    query = default_query(name)
    assert query == default_query(name)
    assert len(query.encode()) < 5000
    assert query.count("(") == query.count(")")
    assert query.count('"') % 2 == 0
    assert "mesenchymal" in query


def test_pubmed_names_every_heading_of_the_vocabulary():
    query = default_query("pubmed")
    assert all(f'"{one.mesh_term}"[Mesh]' in query for one in conditions().values() if one.mesh_id)
    assert query.endswith("NOT (animals[mh] NOT humans[mh])")


@pytest.mark.parametrize("code", conditions())
def test_every_condition_has_words_of_its_own(code):
    assert pain([code]).text
    assert default_query("isrctn", [code]) != default_query("isrctn")


def test_ctis_gets_its_criteria():
    assert "mesenchymal" in json.loads(default_query("ctis"))["containAny"].split(", ")


def test_unknown_words_are_refused():
    with pytest.raises(UnknownWordError, match="pubmed"):
        default_query("pubmet")
    with pytest.raises(UnknownWordError, match="knee_osteoarthritis"):
        default_query("pubmed", ["knee_osteoarthritus"])


def test_the_words_find_the_registrations_they_are_meant_for():
    # 150 registrations labelled by reading: those of cell therapy for a condition of ours.
    with LABELS.open(encoding="utf-8") as file:
        labelled = {row["id"]: row for row in csv.DictReader(file)}
    wanted = {
        number
        for number, row in labelled.items()
        if row["is_cell_therapy"] == "true" and row["condition"]
    }
    cell_words, pain_words = _pattern(cells().text), _pattern(pain().text)
    found = {
        record.id
        for record in read_records(RECORDS)
        if cell_words.search(_text(record)) and pain_words.search(_text(record))
    }
    assert len(wanted) > 80
    assert wanted <= found


def _pattern(phrases):
    return re.compile("|".join(rf"\b{re.escape(phrase.lower())}\b" for phrase in phrases))


def _text(record):
    given = (one.name + " " + one.description for one in record.interventions)
    parts = (record.title, record.official_title, record.summary, *record.conditions, *given)
    return " ".join([*parts, *record.keywords, *record.mesh]).lower()


@pytest.mark.parametrize("name", SOURCES)
def test_the_documents_print_what_is_sent(name):
    page = (LIVING.parents[1] / "docs" / "sources.md").read_text(encoding="utf-8")
    assert f"\n{name}:\n\n```text\n{default_query(name)}\n```\n" in page
