"""The section of a page on what can go wrong."""

from reprieve.evidence import load_evidence
from reprieve.report.harms import harms_section


def test_without_an_opening_answer_placebo_stands_opposite():
    section = harms_section("knee_osteoarthritis", None, load_evidence())
    assert section.comparator == "placebo"
    assert section.chart is None
    assert "--comparator placebo" in section.command
    serious = next(row for row in section.rows if row.result.family.code == "serious")
    people = serious.result.pooled.treatment
    assert serious.treatment == f"{people.events} of {people.people}"
    assert serious.difference
    assert serious.range.startswith("from ")


def test_published_numbers_hold_no_outbreak():
    section = harms_section("knee_osteoarthritis", None, load_evidence())
    rows = [row for some in section.published.values() for row in some]
    assert not any(row.apart for row in rows)
    assert {"knee_replacement", "opioid", "nsaid"} <= {row.treatment for row in rows}
    assert all(row.apart for row in section.answer.apart)
