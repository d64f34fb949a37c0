"""Records of one trial meet; records of two never do, and doubt becomes a question."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.evidence import load_evidence
from reprieve.living.formats.opening import read_records
from reprieve.living.record import Dates, Intervention, Record, Reference
from reprieve.living.threads import join_threads, threads_of_studies

SAMPLES = Path(__file__).parent / "samples"


def registration(number, **fields):
    source = "isrctn" if number.startswith("ISRCTN") else "clinicaltrials.gov"
    return Record(source, number, "registration", **fields)


def paper(pmid, *ids, **fields):
    return Record("pubmed", pmid, "paper", ids=ids, **fields)


def ids(threads):
    return [(thread.id, [record.id for record in thread.members]) for thread in threads.threads]


def test_a_paper_that_names_a_trial_is_of_it():
    (article,) = read_records(SAMPLES / "pubmed/efetch_22663011.xml")
    (short,) = read_records(SAMPLES / "europepmc/search_lite_1hit.json")
    joined = join_threads([short, registration("NCT01245062", has_results=True), article])
    (thread,) = joined.threads
    assert thread.id == "NCT01245062"
    assert [record.source for record in thread.papers] == ["europepmc", "pubmed"]
    assert thread.duplicates == (("europepmc 22663011", "pubmed 22663011"),)
    assert [record.id for record in thread.posted_results] == ["NCT01245062"]
    assert joined.of("pmid:22663011") == joined.of("doi:10.1056/nejmoa1203421") == (thread,)
    assert thread.because == ("pmid:22663011 names NCT01245062",)


def test_a_paper_on_two_trials_is_of_both_and_does_not_make_them_one():
    (article,) = read_records(SAMPLES / "pubmed/efetch_22327499.xml")
    joined = join_threads([article, registration("NCT00289757"), registration("NCT00291876")])
    assert ids(joined) == [
        ("NCT00289757", ["NCT00289757", "22327499"]),
        ("NCT00291876", ["NCT00291876", "22327499"]),
    ]
    assert len(joined.of("pmid:22327499")) == 2


@pytest.mark.parametrize(
    "article",
    [
        paper("1", "NCT00000001", "NCT00000002", "NCT00000003", "NCT00000004"),
        paper("1", "NCT00000001", publication_types=("Systematic Review",)),
        paper("1", "NCT00000001", title="Cells for knees: a meta-analysis"),
    ],
)
def test_a_paper_about_trials_only_mentions_them(article):
    joined = join_threads([registration("NCT00000001"), article])
    assert ids(joined) == [("NCT00000001", ["NCT00000001"]), ("pmid:1", ["1"])]
    assert joined.threads[0].mentions == (article,)


@pytest.mark.parametrize(
    ("kind", "year", "joined"),
    [
        ("result", 2015, True),
        ("derived", 2015, True),
        ("background", 2015, False),
        ("", 2015, False),
        ("result", 2005, False),
    ],
)
def test_a_registration_names_its_results(kind, year, joined):
    trial = registration(
        "NCT00000001", references=(Reference("1", kind=kind),), dates=Dates(start="2010-03")
    )
    threads = join_threads([paper("1", year=year), trial]).threads
    assert (len(threads) == 1) is joined


def test_registrations_in_two_registers_meet_by_a_number():
    threads = join_threads(
        [registration("ISRCTN00000001", ids=("NCT00000001",)), registration("NCT00000001")]
    ).threads
    assert [thread.numbers for thread in threads] == [("NCT00000001", "ISRCTN00000001")]


def test_registrations_in_two_registers_meet_by_a_paper_that_names_both():
    both = paper("1", "NCT00000001", "ISRCTN00000001")
    alike = {"title": "Fat cells for the painful knee", "conditions": ("Knee pain",)}
    records = [registration("ISRCTN00000001", **alike), registration("NCT00000001", **alike), both]
    assert len(join_threads(records).threads) == 1


def test_but_not_if_they_are_about_different_things():
    both = paper("1", "NCT00000001", "ISRCTN00000001")
    one = registration("ISRCTN00000001", title="Fat cells for the knee", conditions=("Knee pain",))
    other = registration("NCT00000001", title="Insulin in coma", conditions=("Diabetes",))
    joined = join_threads([both, one, other])
    assert len(joined.threads) == 2
    assert "differ in what they say" in joined.questions[0].because


def test_an_old_number_of_a_registration_is_its_own():
    joined = join_threads([registration("NCT00000009", ids=("NCT00000001",))])
    assert [thread.id for thread in joined.threads] == ["NCT00000009"]
    assert joined.of("NCT00000001") == joined.threads


def test_different_numbers_of_one_register_are_different_trials():
    shared = "EudraCT 2009-017405-11"
    first = registration("NCT00000001", ids=(shared,), title="Cells for knees")
    second = registration("NCT00000002", ids=(shared,), title="Cells for knees")
    extension = registration("NCT00000003", ids=("NCT00000001",))
    joined = join_threads([first, second, extension])
    assert [thread.id for thread in joined.threads] == [
        "NCT00000001",
        "NCT00000002",
        "NCT00000003",
    ]
    asked = {(question.first, question.second) for question in joined.questions}
    assert asked == {("NCT00000001", "NCT00000002"), ("NCT00000001", "NCT00000003")}
    assert all("is not" in question.because for question in joined.questions)


TITLE = "Intra-articular injection of adipose derived stromal cells for painful knee osteoarthritis"
FOUND = Record("file", "x", "paper", title=TITLE, authors=("Vega A", "Soler R"), year=2015)


def test_a_reference_without_numbers_meets_its_paper():
    article = paper("1", "NCT00000001", title=f"{TITLE}.", authors=("Vega A",), year=2015)
    joined = join_threads([FOUND, article, registration("NCT00000001")])
    assert ids(joined) == [("NCT00000001", ["NCT00000001", "x", "1"])]
    assert any("titles 100% alike; a name in common" in why for why in joined.threads[0].because)


@pytest.mark.parametrize(
    "other",
    [
        paper("1", title=TITLE, authors=("Orozco L",), year=2015),
        paper("1", title=TITLE, year=2015),
        paper("1", title=TITLE.replace("painful", "advanced"), authors=("Vega A",), year=2016),
    ],
    ids=["other people", "nobody named", "another title"],
)
def test_what_is_not_sure_is_asked(other):
    joined = join_threads([FOUND, other])
    assert len(joined.threads) == 2
    (question,) = joined.questions
    assert (question.first, question.second) == ("file:x", "pmid:1")
    assert 0.2 <= question.score <= 1
    assert "alike" in question.because


def test_a_trial_and_its_paper_without_numbers_are_asked_about():
    trial = registration(
        "NCT00000001",
        title="Stromal cells from fat in osteoarthritis of the knee",
        official_title="Adipose derived stromal cells for painful knee osteoarthritis, phase 2",
        conditions=("Knee osteoarthritis",),
        interventions=(Intervention("Adipose derived stromal cells"),),
        authors=("Soler R",),
        enrollment=30,
        dates=Dates(start="2012-01"),
    )
    (question,) = join_threads([trial, replace(FOUND, summary="We treated 30 patients.")]).questions
    assert question.score > 0.8
    assert "a name in common; the same number of people" in question.because
    joined = join_threads([trial, replace(FOUND, year=2003)])
    assert not joined.questions


def test_titles_never_join_different_numbers_of_a_register():
    first = registration("NCT00000001", title=TITLE, authors=("Vega A",), enrollment=30)
    joined = join_threads([first, replace(first, id="NCT00000002")])
    assert len(joined.threads) == 2
    assert joined.questions == ()


def test_a_retraction_reaches_the_thread():
    trial = registration("NCT00000001")
    result = paper("1", "doi:10.1000/x", "NCT00000001")
    notice = paper("2", references=(Reference("1", retracted=True),), title="Retraction: cells")
    (thread,) = join_threads([notice, result, trial]).threads
    assert thread.retracted == ("pmid:1",)
    assert [record.id for record in thread.papers] == ["1", "2"]
    assert "pmid:2 retracts pmid:1" in thread.because
    (thread,) = join_threads([replace(result, retracted=True), trial]).threads
    assert thread.retracted == ("doi:10.1000/x", "pmid:1")
    trial = replace(trial, references=(Reference("1", kind="result", retracted=True),))
    assert join_threads([result, trial]).threads[0].retracted == ("pmid:1",)


NUMBERS = [f"NCT0000000{n}" for n in range(1, 4)] + ["ISRCTN00000001", "EudraCT 2009-017405-11"]
TITLES = [TITLE, "Adipose derived stromal cells in knee osteoarthritis", "Insulin in coma", ""]
FIELDS = {
    "title": st.sampled_from(TITLES),
    "authors": st.sampled_from([(), ("Vega A",), ("Soler R", "Vega A")]),
    "year": st.sampled_from([None, 2010, 2020]),
    "retracted": st.booleans(),
}
PAPERS = st.builds(
    Record,
    source=st.sampled_from(["pubmed", "europepmc", "file"]),
    id=st.sampled_from(["1", "2", "10.1000/x"]),
    kind=st.just("paper"),
    ids=st.lists(st.sampled_from([*NUMBERS, "pmid:1", "doi:10.1000/x"]), max_size=3).map(tuple),
    **FIELDS,
)
REGISTRATIONS = st.builds(
    Record,
    source=st.just("clinicaltrials.gov"),
    id=st.sampled_from(NUMBERS[:4]),
    kind=st.just("registration"),
    ids=st.lists(st.sampled_from(NUMBERS), max_size=2).map(tuple),
    references=st.lists(
        st.builds(Reference, pmid=st.sampled_from("12"), kind=st.sampled_from(["result", ""])),
        max_size=2,
    ).map(tuple),
    title=FIELDS["title"],
)


@given(st.lists(PAPERS | REGISTRATIONS, max_size=8), st.randoms())
def test_the_order_of_records_does_not_matter(records, random):
    joined = join_threads(records)
    shuffled = list(records)
    random.shuffle(shuffled)
    assert join_threads(shuffled) == joined


@given(st.lists(PAPERS | REGISTRATIONS, max_size=8))
def test_every_record_is_somewhere_and_no_two_registrations_of_a_register_are_one(records):
    joined = join_threads(records)
    held = [record for thread in joined.threads for record in thread.members]
    assert all(record in held for record in records)
    for thread in joined.threads:
        numbers = {record.id for record in thread.registrations if record.id.startswith("NCT")}
        assert len(numbers) <= 1
    known = {thread.id for thread in joined.threads}
    assert len(known) == len(joined.threads)
    assert all({question.first, question.second} <= known for question in joined.questions)


def test_every_study_of_the_snapshot_meets_its_registration():
    folder = Path(load_evidence.__code__.co_filename).parent
    registered = list(read_records(folder / "register_data" / "trials.csv"))
    assert all(record.kind == "registration" for record in registered)
    evidence = load_evidence()
    joined = join_threads(registered)
    found = threads_of_studies(evidence, joined)
    numbers = {record.id for record in registered}
    named = evidence.studies.filter(
        pl.col("registration")
        .str.extract_all(r"NCT\d{8}")
        .list.eval(pl.element().is_in(list(numbers)))
        .list.any()
    )
    assert set(found) == set(named["study_id"])
    assert len(found) == 24


def test_a_study_meets_its_paper_by_any_of_its_numbers():
    evidence = load_evidence()
    study = evidence.studies.filter(pl.col("study_id") == "adipoa2-2025").row(0, named=True)
    for keys in ((f"pmid:{study['pmid']}",), (f"doi:{study['doi'].upper()}",)):
        article = Record("file", "x", "paper", ids=tuple(key.lower() for key in keys))
        found = threads_of_studies(evidence, join_threads([article]))
        assert list(found) == ["adipoa2-2025"]


def test_what_trials_call_their_results_is_told_from_what_they_cite():
    """Nine of the papers that these trials call results are older than the trial, or reviews."""
    records = list(read_records(SAMPLES / "study_fields_150.jsonl.gz"))
    named = {}
    for record in records:
        for reference in record.references:
            year = re.search(r"\b(?:19|20)\d\d(?= )", reference.citation)
            title = reference.citation.split(". ")[1] if ". " in reference.citation else ""
            if reference.pmid:
                named.setdefault(reference.pmid, paper(reference.pmid, title=title))
                if year:
                    named[reference.pmid] = replace(named[reference.pmid], year=int(year[0]))
    joined = join_threads([*records, *named.values()])
    of_kind = Counter()
    for record in records:
        (thread,) = joined.of(record.id)
        kinds = {reference.pmid: reference.kind for reference in record.references}
        of_kind.update(kinds.get(article.id, "") for article in thread.papers)
    assert of_kind == {"result": 6, "derived": 28}


def test_an_old_number_that_another_register_names_too_still_joins():
    records = [
        registration("NCT00000009", ids=("NCT00000001",)),
        registration("ISRCTN00000001", ids=("NCT00000001",)),
    ]
    assert len(join_threads(records).threads) == 1
