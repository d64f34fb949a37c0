"""A reference as any library exports it, made into a record."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reprieve.errors import InputError
from reprieve.living.formats.dates import iso_date, year_of
from reprieve.living.formats.fields import once
from reprieve.living.formats.numbers import own_numbers, paper_ids, trial_numbers
from reprieve.living.record import Dates, Record

_PUBMED_PAGE = re.compile(r"pubmed(?:\.ncbi\.nlm\.nih\.gov)?/(\d{4,9})")
_REGISTER_PAGE = re.compile(r"clinicaltrials\.gov|isrctn\.com|euclinicaltrials|trialsearch", re.I)
_PMCID = re.compile(r"\bPMC\d{4,}\b")
_RETRACTED = re.compile(
    r"^\W*retracted\b|\bretracted (?:publication|article)\b|\bretraction in\b"
    r"|\b(?:article|paper) (?:has been|was) retracted\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Cited:
    """What a library says of one reference; all but `title` may be empty.

    Attributes
    ----------
    number : str
        What the file calls it.
    kind : str
        Publication types, several parted by ``;``.
    pmid, doi : str
    numbers : tuple of str
        Texts in which numbers of the paper or its trial may stand.
    date : str
        As written.
    database : str
        Where the reference was found, which tells whose accession numbers are meant.
    """

    title: str
    number: str = ""
    kind: str = ""
    abstract: str = ""
    authors: tuple[str, ...] = ()
    journal: str = ""
    date: str = ""
    keywords: tuple[str, ...] = ()
    mesh: tuple[str, ...] = ()
    pmid: str = ""
    doi: str = ""
    numbers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    url: str = ""
    database: str = ""


def record_from_citation(cited: Cited) -> Record:
    """The record of a reference.

    A reference to a page of a register is a registration. The number of a record is the first of
    these that it has: its trial's (of a registration), PubMed's, the DOI, the file's own, its
    title.

    Raises
    ------
    InputError
        There is neither a title nor a number.

    Examples
    --------
    >>> record = record_from_citation(Cited("RETRACTED: Cells", doi="10.1000/1", date="2020/03//"))
    >>> record.id, record.title, record.year, record.retracted
    ('10.1000/1', 'RETRACTED: Cells', 2020, True)
    """
    registered = _registered(cited)
    pmid = cited.pmid or _pmid(cited)
    ids = paper_ids(
        pmid=pmid,
        doi_text=cited.doi or " ".join(cited.numbers),
        pmc=" ".join(_PMCID.findall(" ".join(cited.numbers))),
    )
    number_doi = next((item for item in ids if item.startswith("doi:")), "").removeprefix("doi:")
    own = registered or pmid or number_doi or cited.number or cited.title[:80]
    if not own:
        raise InputError("a reference with neither a title nor a number; give it one of them")
    written = (*cited.numbers, cited.url, cited.title, cited.abstract, *cited.notes)
    published = iso_date(cited.date)
    types = once(kind.strip() for kind in cited.kind.split(";"))
    return Record(
        source="file",
        id=own,
        kind="registration" if registered else "paper",
        ids=(*ids, *own_numbers(written, own)),
        title=cited.title,
        summary=cited.abstract,
        keywords=once(cited.keywords),
        mesh=once(cited.mesh),
        dates=Dates(published=published),
        authors=once(person(name) for name in cited.authors),
        journal=cited.journal,
        year=year_of(published),
        publication_types=types,
        retracted=any(
            _RETRACTED.search(text) for text in (cited.title[:40], cited.kind, *cited.notes)
        ),
        url=cited.url,
    )


def person(name: str) -> str:
    """A name as ``"Vega A"``.

    Examples
    --------
    >>> person("Vega, Aurelio"), person("Van Herck, K. J."), person("Aurelio Vega")
    ('Vega A', 'Van Herck KJ', 'Vega A')
    """
    family, comma, given = (part.strip() for part in name.partition(","))
    if comma:
        parts = re.split(r"[\s.-]+", given)
        # Initials may stand together already ("Vega, AB").
        together = len(parts) == 1 and given.isupper() and len(given) <= 3
        return (
            f"{family} {given if together else ''.join(p[0].upper() for p in parts if p)}".strip()
        )
    words = family.split()
    if len(words) < 2 or (words[-1].isupper() and len(words[-1]) <= 3):
        return family
    return f"{words[-1]} {''.join(word[0].upper() for word in words[:-1])}"


def _registered(cited: Cited) -> str:
    """The register number of a reference that is a registration itself."""
    for written in (cited.number, *cited.numbers):
        found = trial_numbers(written)
        if len(found) == 1 and len(written) <= len(found[0]) + 4:
            return found[0]
    if _REGISTER_PAGE.search(cited.url) and not cited.doi and not cited.pmid:
        return next(iter(trial_numbers(cited.url)), "")
    return ""


def _pmid(cited: Cited) -> str:
    for written in (*cited.numbers, cited.url):
        if found := _PUBMED_PAGE.search(written):
            return found[1]
    if re.search(r"pubmed|medline", cited.database, re.IGNORECASE):
        return next((n for n in (*cited.numbers, cited.number) if re.fullmatch(r"\d{4,9}", n)), "")
    return ""
