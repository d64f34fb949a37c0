"""Families of harms and published rates: complete, consistent, and shown as they were published."""

import pytest

from reprieve.errors import UnknownWordError
from reprieve.evidence import vocabulary
from reprieve.evidence.event_families import event_families, event_family
from reprieve.evidence.published_harms import published_harms


def test_every_harm_belongs_to_one_family():
    of_families = [event for family in event_families().values() for event in family.events]
    harms = {
        code
        for code, event in vocabulary.events().items()
        if event.kind in ("harm", "withdrawal", "procedure")
    }
    assert len(of_families) == len(set(of_families))
    assert set(of_families) == harms


def test_an_unknown_family_names_the_nearest():
    with pytest.raises(UnknownWordError, match="infection"):
        event_family("infections")


def test_published_rows_speak_the_vocabulary():
    for row in published_harms():
        assert row.treatment in vocabulary.treatments()
        assert row.condition in vocabulary.conditions()
        assert row.family in ("", *event_families())
        assert row.source
        assert row.locator
        assert row.read_at.startswith("http")
        assert row.read_on in ("original", "copy")
        assert row.source_tier in ("primary", "secondary")
        assert row.shown
        assert "None" not in row.shown


def test_percent_and_counts_agree():
    for row in published_harms():
        if row.kind == "risk" and row.value is not None and row.numerator is not None:
            assert row.per_100 == pytest.approx(row.value, abs=0.6), row


def test_conversion_only_where_counts_or_percent_are_given():
    for row in published_harms():
        if row.per_100 is not None:
            assert row.unit == "percent" or (row.numerator is not None and row.denominator)
        if row.apart or row.kind in ("ratio", "difference", "count", "rate", "range", "other"):
            assert row.per_100 is None


def test_outbreaks_are_apart():
    apart = [row for row in published_harms() if row.apart]
    assert {row.kind for row in apart} == {"outbreak", "case"}
    assert all("of 100" not in row.shown for row in apart)


def test_a_class_finds_its_members_and_a_member_its_class():
    assert {r.treatment for r in published_harms("traditional")} >= {"nsaid", "opioid"}
    assert "cell_therapy" in {r.treatment for r in published_harms("bm_msc")}
    assert {r.condition for r in published_harms(condition="low_back_pain")} <= {
        "low_back_pain",
        "other_chronic_pain",
    }


def test_copies_and_secondary_sources_are_told():
    for row in published_harms():
        said = " ".join(row.caveats)
        assert ("copy" in said) >= (row.read_on == "copy")
        assert ("secondary" in said) >= (row.source_tier == "secondary")


def test_the_word_for_a_year_of_people():
    rate = next(r for r in published_harms("nsaid") if r.kind == "rate")
    assert rate.shown == "0.9 of 100 people a year (439 of 49,006 person-years)"
    assert 100 * rate.numerator / rate.denominator == pytest.approx(rate.value, abs=0.05)
