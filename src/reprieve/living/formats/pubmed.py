"""PubMed: articles as ``efetch`` gives them in XML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from reprieve.errors import InputError
from reprieve.living.formats.dates import iso_date, year_of
from reprieve.living.formats.fields import once
from reprieve.living.formats.numbers import doi, own_numbers, paper_ids, trial_numbers
from reprieve.living.formats.xml_elements import child, children, line, lines
from reprieve.living.record import Dates, Record, Reference

PAGE = "https://pubmed.ncbi.nlm.nih.gov/"
RETRACTED_TYPE = "Retracted Publication"


def record_from_pubmed(article: Element) -> Record:
    """Read one article of PubMed.

    Parameters
    ----------
    article : Element
        A ``PubmedArticle`` (or ``PubmedBookArticle``), parsed with `defusedxml`.

    Returns
    -------
    Record
        `ids` holds the trial numbers of its data banks, and of its title and abstract.

    Raises
    ------
    InputError
        There is no PubMed number.
    """
    citation = child(article, "MedlineCitation")
    if citation is None:
        citation = child(article, "BookDocument")
    pmid = line(citation, "PMID")
    if not pmid:
        raise InputError("element <PMID>: expected a PubMed number, found nothing")
    text = child(citation, "Article")
    if text is None:
        text = citation
    title = line(text, "ArticleTitle") or line(citation, "Book", "BookTitle")
    abstract = _abstract(text)
    types = lines(child(text, "PublicationTypeList"), "PublicationType") or lines(
        text, "PublicationType"
    )
    published = _published(text)
    banked = tuple(_bank_numbers(text))
    return Record(
        source="pubmed",
        id=pmid,
        kind="paper",
        ids=once(
            (
                *_article_ids(article, text),
                *own_numbers((*banked, *trial_numbers(f"{title} {abstract}")), pmid),
            )
        ),
        title=title,
        summary=abstract,
        keywords=once(
            word for group in children(citation, "KeywordList") for word in lines(group, "Keyword")
        ),
        mesh=once(_mesh(citation)),
        dates=Dates(published=published, last_update=_date(child(citation, "DateRevised"))),
        authors=once(_authors(text)),
        journal=line(text, "Journal", "ISOAbbreviation") or line(text, "Journal", "Title"),
        year=year_of(published),
        publication_types=types,
        references=tuple(_notices(citation)),
        retracted=RETRACTED_TYPE in types or any(_corrections(citation, "RetractionIn")),
        url=f"{PAGE}{pmid}/",
    )


def _abstract(text: Element | None) -> str:
    parts = []
    for part in children(child(text, "Abstract"), "AbstractText"):
        label = part.get("Label", "")
        parts.append(f"{label}: {line(part)}" if label else line(part))
    return "\n\n".join(part for part in parts if part)


def _bank_numbers(text: Element | None) -> Iterator[str]:
    for bank in children(child(text, "DataBankList"), "DataBank"):
        yield from lines(child(bank, "AccessionNumberList"), "AccessionNumber")


def _article_ids(article: Element, text: Element | None) -> tuple[str, ...]:
    listed = child(article, "PubmedData", "ArticleIdList")
    ids = {part.get("IdType", ""): line(part) for part in children(listed, "ArticleId")}
    for part in children(text, "ELocationID"):
        if part.get("EIdType") == "doi" and part.get("ValidYN", "Y") == "Y":
            ids.setdefault("doi", line(part))
    return paper_ids(doi_text=ids.get("doi", ""), pmc=ids.get("pmc", ""))


def _mesh(citation: Element | None) -> Iterator[str]:
    for heading in children(child(citation, "MeshHeadingList"), "MeshHeading"):
        yield line(heading, "DescriptorName")


def _authors(text: Element | None) -> Iterator[str]:
    for who in children(child(text, "AuthorList"), "Author"):
        name = f"{line(who, 'LastName')} {line(who, 'Initials')}".strip()
        yield name or line(who, "CollectiveName")


def _published(text: Element | None) -> str:
    """The date on which it appeared first: on line where that is said, else in its issue."""
    online = child(text, "ArticleDate")
    if online is not None:
        return _date(online)
    issue = child(text, "Journal", "JournalIssue", "PubDate")
    if issue is None:
        issue = child(text, "Book", "PubDate")
    return _date(issue) or iso_date(line(issue, "MedlineDate"))


def _date(given: Element | None) -> str:
    year, month, day = (line(given, name) for name in ("Year", "Month", "Day"))
    if re.fullmatch(r"\d{1,2}", month):
        return iso_date("-".join(part for part in (year, month, day) if part))
    return iso_date(" ".join(part for part in (year, month, day) if part))


def _corrections(citation: Element | None, kind: str) -> Iterator[Element]:
    for note in children(child(citation, "CommentsCorrectionsList"), "CommentsCorrections"):
        if note.get("RefType") == kind:
            yield note


def _notices(citation: Element | None) -> Iterator[Reference]:
    """What a notice of retraction retracts."""
    for note in _corrections(citation, "RetractionOf"):
        source = line(note, "RefSource")
        yield Reference(line(note, "PMID"), doi(source), "", source, retracted=True)
