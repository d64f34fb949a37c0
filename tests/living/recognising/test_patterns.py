"""The rules as data: every pattern matches its example, and joining them changes nothing."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.evidence import schema, vocabulary
from reprieve.living.recognising.patterns import (
    Openings,
    brands_in,
    rows,
    rules,
    sorted_by_letter,
)

KNOWN = {
    "condition": set(vocabulary.conditions())
    | {"osteoarthritis", "arthritis_of_joint", "spinal_cord_injury", "pain"},
    "cell_source": set(schema.CELL_SOURCES),
    "donor": set(schema.DONORS),
    "processing": set(schema.PROCESSING),
    "route": set(schema.ROUTES),
    "comparator": set(schema.CATEGORIES),
}


@pytest.mark.parametrize(
    "row", rows("patterns.csv"), ids=lambda row: f"{row['field']} {row['code']}"
)
def test_pattern_matches_its_example(row):
    pattern = re.compile(row["pattern"])
    example = row["example"].lower()
    assert pattern.search(example) or pattern.search(f"{example} ")
    assert pattern.groups == 0
    assert not pattern.match("")


@pytest.mark.parametrize(
    "row", rows("patterns.csv"), ids=lambda row: f"{row['field']} {row['code']}"
)
def test_codes_are_of_the_vocabulary(row):
    assert row["code"] in KNOWN.get(row["field"], {row["code"]})


@pytest.mark.parametrize("row", rows("brands.csv"), ids=lambda row: row["example"])
def test_brands_are_found_and_of_the_vocabulary(row):
    (brand, span), *_ = brands_in(f"a trial of {row['example'].lower()}")
    assert span[0] == len("a trial of ")
    assert (brand.cell_source, brand.donor) == (row["cell_source"], row["donor"])
    assert row["cell_source"] in {*schema.CELL_SOURCES, ""}
    assert row["donor"] in {*schema.DONORS, ""}
    assert row["processing"] in {*schema.PROCESSING, ""}


VOCABULARY = re.findall(
    r"\S+",
    "bone marrow derived stem cells from autologous adipose tissue umbilical cord blood in knee "
    "pain osteoarthritis of the hip disc herniation msc bm-msc h 1x10^6 cells/kg svf stromal "
    "vascular fraction exosomes after transplant - ( ) . ;",
)
WORDS = st.lists(st.sampled_from(VOCABULARY), max_size=14).map(" ".join)


@settings(deadline=None)
@given(WORDS)
@pytest.mark.parametrize("field", ["cells", "cell_source", "donor", "route", "processing"])
def test_sorting_by_letter_changes_no_beginning(field, text):
    """Where the first match begins is the same as with the patterns just put side by side."""
    plain = re.compile("|".join(pattern.pattern for _, pattern in rules(field).each))
    quick, slow = rules(field).expression.search(text), plain.search(text)
    assert (quick is None) == (slow is None)
    if quick:
        assert quick.start() == slow.start()
    assert all(code for code, _ in rules(field).found(text))


def test_choices_at_the_beginning_are_spelt_out():
    joined = sorted_by_letter([r"\b(?:own|her|h?is) cells|\bh?mscs?", r"(?:a|b)c"])
    for text in ("own cells", "her cells", "his cells", "is cells", "hmsc", "msc", "xac", "bc"):
        assert re.search(joined, text), text
    assert not re.search(joined, "down cells")


CONDITION_WORDS = re.findall(
    r"\S+",
    "knee hip osteoarthritis oa arthritis degenerative disc disease of the chronic low back pain "
    "diabetic neuropathy rotator cuff tear tendon injury lumbar spinal stenosis facet joint hiv "
    "cancer endometriosis facial nerve palsy tmj rückenschmerz arthrose - , ;",
)


@given(st.lists(st.sampled_from(CONDITION_WORDS), max_size=10).map(" ".join))
def test_openings_miss_no_pattern(text):
    patterns = {
        (row["code"], row["strength"]): row["pattern"]
        for row in rows("patterns.csv")
        if row["field"] == "condition"
    }
    likely = Openings.of(patterns).likely(text)
    assert {key for key, pattern in patterns.items() if re.search(pattern, text)} <= likely


def test_letters_that_several_alternatives_begin_with_stand_once():
    assert sorted_by_letter([r"\bstem|\bstent|\bt?x"]) == r"\b(?:s(?:t(?:e(?:m|nt)))|tx|x)"
    joined = sorted_by_letter([r"\bcar|\bcart|\bc?d", r"\bca[rt]s"])
    for text in ("car", "cart", "cd", "d", "cats"):
        assert re.search(joined, text).group() == text
