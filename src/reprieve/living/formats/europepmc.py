"""Europe PMC: results of its search, short ("lite") or full ("core")."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from reprieve.errors import InputError
from reprieve.living.formats.dates import iso_date, year_of
from reprieve.living.formats.fields import once, section, sections, text, texts
from reprieve.living.formats.numbers import doi, own_numbers, paper_ids, trial_numbers
from reprieve.living.record import Dates, Record, Reference

PAGE = "https://europepmc.org/article/"
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]*)?/?>")
_RETRACTED = frozenset({"retracted publication", "retracted article"})


def record_from_europepmc(result: Mapping[str, Any]) -> Record:
    """Read one result of a Europe PMC search.

    Parameters
    ----------
    result : mapping
        An item of ``resultList.result``.

    Returns
    -------
    Record
        Its `id` is the number within `result`'s source (the PubMed number where that is MED).

    Raises
    ------
    InputError
        There is no id, or a field holds another type than the API's.

    Examples
    --------
    >>> record = record_from_europepmc({
    ...     "id": "22663011", "source": "MED", "pmid": "22663011", "title": "A <i>BRAF</i> trial.",
    ...     "authorString": "Flaherty KT, Robert C.", "pubYear": "2012",
    ...     "pubType": "randomized controlled trial; journal article"})
    >>> record.title, record.authors, record.year, record.publication_types[0]
    ('A BRAF trial.', ('Flaherty KT', 'Robert C'), 2012, 'randomized controlled trial')
    """
    number = text(result, "id") or text(result, "pmid")
    if not number:
        raise InputError("field 'id': expected the number of an article, found nothing")
    title, abstract = plain(text(result, "title")), plain(text(result, "abstractText"))
    types = _publication_types(result)
    journal = section(section(result, "journalInfo"), "journal")
    published = text(result, "firstPublicationDate") or text(result, "electronicPublicationDate")
    year = text(result, "pubYear")
    return Record(
        source="europepmc",
        id=number,
        kind="paper",
        ids=(
            *paper_ids(
                pmid=text(result, "pmid"),
                doi_text=text(result, "doi"),
                pmc=text(result, "pmcid"),
            ),
            *own_numbers(trial_numbers(f"{title} {abstract}"), number),
        ),
        title=title,
        summary=abstract,
        keywords=texts(section(result, "keywordList"), "keyword"),
        mesh=once(
            text(heading, "descriptorName")
            for heading in sections(section(result, "meshHeadingList"), "meshHeading")
        ),
        dates=Dates(published=iso_date(published), first_posted=text(result, "firstIndexDate")),
        authors=_authors(result),
        journal=text(result, "journalTitle") or text(journal, "title"),
        year=year_of(year) or year_of(published),
        publication_types=types,
        references=tuple(_notices(result)),
        retracted=any(kind.lower() in _RETRACTED for kind in types)
        or any(_note_kind(note) == "retraction in" for note in _notes(result)),
        url=f"{PAGE}{text(result, 'source') or 'MED'}/{number}",
        raw=result,
    )


def plain(marked: str) -> str:
    """Text without the HTML marks that Europe PMC leaves in titles and abstracts.

    Examples
    --------
    >>> plain("<h4>Methods</h4>Pain (P &lt; 0.05) in <i>n</i> < 20")
    'Methods Pain (P < 0.05) in n < 20'
    """
    if "<" in marked:
        marked = re.sub(r"</h\d>\s*", " ", marked)
        marked = _TAG.sub("", marked)
    return html.unescape(marked).strip()


def _publication_types(result: Mapping[str, Any]) -> tuple[str, ...]:
    listed = texts(section(result, "pubTypeList"), "pubType")
    return listed or once(kind.strip() for kind in text(result, "pubType").split(";"))


def _authors(result: Mapping[str, Any]) -> tuple[str, ...]:
    listed = sections(section(result, "authorList"), "author")
    names = [f"{text(who, 'lastName')} {text(who, 'initials')}".strip() for who in listed]
    return once(names) or once(name.strip(" .") for name in text(result, "authorString").split(","))


def _notes(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return sections(section(result, "commentCorrectionList"), "commentCorrection")


def _note_kind(note: Mapping[str, Any]) -> str:
    return text(note, "type").lower()


def _notices(result: Mapping[str, Any]) -> Iterator[Reference]:
    """What a notice of retraction retracts."""
    for note in _notes(result):
        if _note_kind(note) == "retraction of":
            pmid = text(note, "id") if text(note, "source") == "MED" else ""
            citation = text(note, "reference")
            yield Reference(pmid=pmid, doi=doi(citation), citation=citation, retracted=True)
