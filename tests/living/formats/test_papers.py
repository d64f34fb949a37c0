"""PubMed, Europe PMC, articles, and the files that libraries export."""

import pytest

from reprieve.errors import InputError
from reprieve.living.formats.europepmc import record_from_europepmc
from reprieve.living.formats.opening import read_records
from reprieve.living.formats.xml_files import records_from_xml


def test_a_pubmed_article_is_read_in_full(read_sample):
    record = read_sample("pubmed/efetch_22663011.xml")
    assert (record.source, record.id, record.kind) == ("pubmed", "22663011", "paper")
    assert record.ids == ("doi:10.1056/nejmoa1203421", "NCT01245062")
    assert record.title == "Improved survival with MEK inhibition in BRAF-mutated melanoma."
    assert record.summary.startswith("BACKGROUND: Activating mutations")
    assert record.summary.count("\n\n") == 3
    assert record.authors[0] == "Flaherty KT"
    assert record.authors[-1] == "METRIC Study Group"
    assert record.dates.published == "2012-06-04"
    assert "Randomized Controlled Trial" in record.publication_types
    assert "Melanoma" in record.mesh
    assert not record.retracted


def test_both_numbers_of_a_data_bank_are_read(read_sample):
    record = read_sample("pubmed/efetch_22327499.xml")
    assert record.ids[1:] == ("NCT00289757", "NCT00291876")


def pubmed(inside, article=""):
    return (
        b"<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID>"
        + f"<Article><ArticleTitle>T</ArticleTitle>{article}</Article>{inside}".encode()
        + b"</MedlineCitation></PubmedArticle></PubmedArticleSet>"
    )


@pytest.mark.parametrize(
    ("inside", "article"),
    [
        (
            '<CommentsCorrectionsList><CommentsCorrections RefType="RetractionIn"><RefSource>J'
            "</RefSource></CommentsCorrections></CommentsCorrectionsList>",
            "",
        ),
        (
            "",
            "<PublicationTypeList><PublicationType>Retracted Publication</PublicationType>"
            "</PublicationTypeList>",
        ),
    ],
)
def test_retracted_articles_are_marked(inside, article):
    (record,) = records_from_xml(pubmed(inside, article))
    assert record.retracted


def test_a_notice_of_retraction_names_what_it_retracts():
    notice = (
        '<CommentsCorrectionsList><CommentsCorrections RefType="RetractionOf"><RefSource>J 2015'
        "</RefSource><PMID>99</PMID></CommentsCorrections></CommentsCorrectionsList>"
    )
    (record,) = records_from_xml(pubmed(notice))
    assert not record.retracted
    assert [(r.pmid, r.retracted) for r in record.references] == [("99", True)]


def test_europe_pmcs_short_results_are_read(sample):
    records = list(read_records(sample("europepmc/search_lite_5hits.json")))
    assert len(records) == 5
    assert records[0].id == "39272813"
    assert "<i>" not in records[0].title
    assert "BRCA" in records[0].title
    assert "pmcid:PMC11393874" in records[0].ids
    assert records[0].authors[0] == "Kurkilahti V"


def test_europe_pmcs_full_results_are_read():
    record = record_from_europepmc(
        {
            "id": "1",
            "source": "MED",
            "title": "Cells",
            "abstractText": "<h4>Registration</h4>NCT02674399, P &lt; 0.05",
            "authorList": {"author": [{"lastName": "Vega", "initials": "A"}]},
            "meshHeadingList": {"meshHeading": [{"descriptorName": "Osteoarthritis, Knee"}]},
            "keywordList": {"keyword": ["pain"]},
            "journalInfo": {"journal": {"title": "Transplantation"}},
            "pubTypeList": {"pubType": ["Retracted Publication", "Journal Article"]},
            "commentCorrectionList": {"commentCorrection": [{"type": "Comment in"}]},
        }
    )
    assert record.summary == "Registration NCT02674399, P < 0.05"
    assert record.ids == ("NCT02674399",)
    assert (record.authors, record.mesh) == (("Vega A",), ("Osteoarthritis, Knee",))
    assert (record.journal, record.retracted) == ("Transplantation", True)


def test_an_article_gives_its_front_matter(read_sample):
    record = read_sample("jats/PMC5446739.nxml")
    assert record.id == "PMC5446739"
    assert record.ids == ("pmid:28549436", "doi:10.1186/s12891-017-1591-4", "NCT01510535")
    assert record.authors[0] == "Ha CW"
    assert record.year == 2017
    assert record.summary.startswith("Background: This randomized, double-blind")
    assert "Hyaluronic acid" in record.keywords


def jats(body):
    return (
        "<article><front><article-meta><article-id pub-id-type='pmid'>1</article-id>"
        "<title-group><article-title>T</article-title></title-group></article-meta></front>"
        f"<body><p>{body}</p></body></article>"
    ).encode()


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("The trial was registered at ClinicalTrials.gov (NCT01510535).", ("NCT01510535",)),
        ("Cells were given as before. An ongoing trial is registered (NCT01510535).", ()),
        ("Vega et al. gave cells (NCT01510535).", ()),
    ],
)
def test_only_an_articles_own_number_is_taken_from_its_text(body, found):
    (record,) = records_from_xml(jats(body))
    assert record.ids == found


RIS = """TY  - JOUR
TI  - Treatment of knee osteoarthritis with allogeneic bone marrow
      mesenchymal stem cells
AU  - Vega, Aurelio
AU  - Martín-Ferrero, Miguel Angel
PY  - 2015
T2  - Transplantation
DO  - 10.1097/TP.0000000000000678
AB  - Trial NCT01586312 in 30 patients.
KW  - knee
KW  - cells
ER  -

TY  - JOUR
T1  - RETRACTED: Nothing to see
Y1  - 2019/03//
ER  -

TY  - JOUR
TI  - A registration
AN  - NCT01245062
UR  - https://clinicaltrials.gov/show/NCT01245062
"""


def test_ris_is_read_with_continued_lines_and_without_a_last_end(read_text):
    first, second, third = read_text(RIS)
    assert first.title.endswith("bone marrow mesenchymal stem cells")
    assert first.id == "10.1097/tp.0000000000000678"
    assert first.ids == ("doi:10.1097/tp.0000000000000678", "NCT01586312")
    assert first.authors == ("Vega A", "Martín-Ferrero MA")
    assert (first.year, first.keywords) == (2015, ("knee", "cells"))
    assert (second.retracted, second.dates.published) == (True, "2019-03")
    assert (third.kind, third.id) == ("registration", "NCT01245062")


def test_ris_in_utf_16_and_with_a_mark_is_read(read_text):
    for encoding in ("utf-16", "utf-8-sig"):
        assert read_text(RIS.encode(encoding))[0].authors[1] == "Martín-Ferrero MA"


def test_ris_from_pubmed_knows_whose_number_it_is(read_text):
    (record,) = read_text("TY  - JOUR\nTI  - T\nAN  - 22663011\nDP  - NLM PubMed\nER  - \n")
    assert record.ids == ("pmid:22663011",)


NBIB = """PMID- 22327499
OWN - NLM
TI  - Seventeen-year antibody persistence in adults primed with two doses of an
      inactivated hepatitis A vaccine.
AB  - Antibody persistence
DP  - 2012 Mar
DEP - 20120213
FAU - Van Herck, Koen
AU  - Van Herck K
PT  - Randomized Controlled Trial
MH  - *Hepatitis A Vaccines/immunology
OT  - memory
SI  - ClinicalTrials.gov/NCT00289757
SI  - ClinicalTrials.gov/NCT00291876
LID - 10.4161/hv.18617 [doi]
AID - 18617 [pii]
PMC - PMC3426078

PMID- 1
TI  - Retracted
RIN - J. 2013. PMID: 2
"""


def test_nbib_is_read(read_text):
    first, second = read_text(NBIB)
    assert first.id == "22327499"
    assert first.title.endswith("doses of an inactivated hepatitis A vaccine.")
    assert first.ids == (
        "pmid:22327499",
        "doi:10.4161/hv.18617",
        "pmcid:PMC3426078",
        "NCT00289757",
        "NCT00291876",
    )
    assert first.dates.published == "2012-02-13"
    assert first.mesh == ("Hepatitis A Vaccines",)
    assert (first.authors, first.keywords) == (("Van Herck K",), ("memory",))
    assert not first.retracted
    assert second.retracted


def test_bibtex_is_read_also_where_a_key_is_used_twice(read_text):
    entry = (
        "@article{vega, title={{Cells} \\& knees}, author={Vega, A and Mart{\\'i}n, M}, year=2015}"
    )
    other = "@article{vega, title={Other cells}, doi={10.1000/X}}"
    first, second = read_text(f"% a library\n{entry}\n{other}\n")
    assert first.title == "Cells & knees"
    assert first.authors == ("Vega A", "Martin M")
    assert second.id == "10.1000/x"


def test_endnote_xml_is_read(read_text):
    (record,) = read_text(
        "<xml><records><record><rec-number>7</rec-number><ref-type name='Journal Article'>17"
        "</ref-type><contributors><authors><author><style>Vega, A.</style></author></authors>"
        "</contributors><titles><title><style>Cells</style></title></titles><dates><year>2015"
        "</year></dates><electronic-resource-num>10.1000/x</electronic-resource-num></record>"
        "</records></xml>"
    )
    assert (record.title, record.authors, record.year) == ("Cells", ("Vega A",), 2015)
    assert record.ids == ("doi:10.1000/x",)


@pytest.mark.parametrize(
    "table",
    [
        'Title,Authors,Published Year,DOI,Covidence #\n"Cells, again","Vega, A.; Soler, R.",2015,'
        "10.1000/x,#12\n",
        "title\tauthors\tyear\tdoi\nCells, again\tVega A, Soler R\t2015\tdoi.org/10.1000/x\n",
        'PMID,Title,Authors,Publication Year,DOI\n,"Cells, again","Vega A, Soler R.",2015,'
        "10.1000/x\n",
    ],
)
def test_tables_of_references_are_read(read_text, table):
    (record,) = read_text(table)
    assert record.title == "Cells, again"
    assert record.authors == ("Vega A", "Soler R")
    assert (record.id, record.year) == ("10.1000/x", 2015)


def test_a_reference_without_anything_is_refused(read_text):
    with pytest.raises(InputError, match=r"record 1 \(line 1\).*neither a title nor a number"):
        read_text("TY  - JOUR\nPY  - 2015\nER  - \n")


@pytest.mark.parametrize(
    "hostile", ["a", "))", "10.1000/", "NCT", "IRCT1", "n = ", "<i", "\\", "1/"]
)
def test_long_hostile_text_is_read_like_any_other(read_text, hostile):
    text = hostile * 300_000
    ris = f"TY  - JOUR\nTI  - T\nAB  - {text}\nAU  - {text}\nPY  - {text}\nDO  - {text}\nER  - \n"
    assert read_text(ris)[0].title == "T"
    bibtex = "@article{a, title={T}, author={" + text.replace("\\", "") + "}}"
    assert read_text(bibtex)[0].title == "T"
    assert record_from_europepmc({"id": "1", "title": "T", "abstractText": text}).title == "T"


def test_a_value_may_go_on_for_very_many_lines(read_text):
    (record,) = read_text("TY  - JOUR\nTI  - T\nAB  - a\n" + "b\n" * 200_000 + "ER  - \n")
    assert record.summary == "a" + " b" * 200_000


def test_the_methods_may_give_a_trials_number_beside_its_name():
    said = "The Cingal trial (NCT01891396) was a randomized, saline-controlled study."
    (elsewhere,) = records_from_xml(jats(said))
    methods = f"</p><sec><title>Materials and Methods</title><p>{said}</p></sec><p>"
    (in_methods,) = records_from_xml(jats(methods))
    assert (elsewhere.ids, in_methods.ids) == ((), ("NCT01891396",))


def test_titles_of_cited_papers_give_no_number():
    article = jats("x").replace(
        b"</article>",
        b"<back><ref-list><title>References</title><ref><mixed-citation>A registered trial "
        b"[ISRCTN38432711]</mixed-citation></ref></ref-list></back></article>",
    )
    (record,) = records_from_xml(article)
    assert record.ids == ()


def test_a_ris_file_may_begin_with_where_it_is_from(read_text):
    head = "Provider: A publisher\nContent:text/plain; charset=UTF-8\n\n"
    assert [record.year for record in read_text(head + RIS)][:1] == [2015]


def test_stray_text_between_references_is_named_and_passed_over(read_text):
    faults = []
    content = "TY  - JOUR\nTI  - A\nER  - \nwhat is this\nTY  - JOUR\nTI  - B\nER  - \n"
    assert [record.title for record in read_text(content, faults=faults)] == ["A", "B"]
    assert [fault.place for fault in faults] == ["record 2 (line 4)"]
