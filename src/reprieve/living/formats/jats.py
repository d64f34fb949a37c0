"""Articles in JATS, the form of PubMed Central and Europe PMC: their front matter as a record.

The tables of an article are read by `reprieve.living.articles`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from reprieve.errors import InputError
from reprieve.living.formats.dates import iso_date, year_of
from reprieve.living.formats.fields import once
from reprieve.living.formats.numbers import own_numbers, paper_ids, pmcid, trial_numbers
from reprieve.living.formats.xml_elements import child, children, line, local_name
from reprieve.living.record import Dates, Record, Reference

PAGE = "https://pmc.ncbi.nlm.nih.gov/articles/"

# In the body, a number is the article's own where the words around it say that it was registered;
# elsewhere it may be another trial's.
_REGISTERED = re.compile(r"regist|identifier|trial number|clinical ?trials?\.gov", re.IGNORECASE)
# Where the methods say what the trial was, its number may stand beside its name.
_DESCRIBED = re.compile(r"\bwas an? [^.]{0,120}\b(?:trial|study)\b", re.IGNORECASE)
_OTHERS = re.compile(r"ongoing|other trial|another|previous|future|underway|et al", re.IGNORECASE)
_TYPES = {
    "research-article": "Journal Article",
    "review-article": "Review",
    "systematic-review": "Systematic Review",
    "retraction": "Retraction of Publication",
    "case-report": "Case Reports",
}


def record_from_jats(article: Element) -> Record:
    """Read the front matter of an article.

    Parameters
    ----------
    article : Element
        The ``article``, parsed with `defusedxml`.

    Returns
    -------
    Record
        Its `id` is the PMC number, else the PubMed number, else the DOI. `ids` holds the trial
        numbers of its front matter, and those that its text gives where it speaks of registering.

    Raises
    ------
    InputError
        There is no front matter, or no number of the article.
    """
    front = child(article, "front", "article-meta")
    if front is None:
        raise InputError("element <article>: expected <front><article-meta>, found none")
    given = {part.get("pub-id-type", ""): line(part) for part in children(front, "article-id")}
    pmc = pmcid(given.get("pmc") or given.get("pmcid") or "")
    ids = paper_ids(pmid=given.get("pmid", ""), doi_text=given.get("doi", ""), pmc=pmc)
    if not ids:
        raise InputError("element <article-id>: expected a PMC or PubMed number or a DOI")
    own = pmc or given.get("pmid") or ids[0].removeprefix("doi:")
    kind = article.get("article-type", "")
    published = _published(front)
    return Record(
        source="europepmc",
        id=own,
        kind="paper",
        ids=(
            *(number for number in ids if number.partition(":")[2] != own),
            *own_numbers((*_front_numbers(front), *_body_numbers(article)), own),
        ),
        title=_title(front),
        summary=_abstract(front),
        keywords=once(
            line(word) for group in children(front, "kwd-group") for word in children(group, "kwd")
        ),
        dates=Dates(published=published),
        authors=once(_authors(front)),
        journal=line(article, "front", "journal-meta", "journal-title-group", "journal-title")
        or line(article, "front", "journal-meta", "journal-title"),
        year=year_of(published),
        publication_types=once((_TYPES.get(kind, kind),)),
        references=tuple(_retracts(front, kind)),
        retracted=any(
            note.get("related-article-type") in {"retraction-forward", "retracted-article-notice"}
            for note in children(front, "related-article")
        ),
        url=f"{PAGE}{pmc}/" if pmc else "",
    )


def _title(front: Element) -> str:
    title = line(front, "title-group", "article-title")
    subtitle = line(front, "title-group", "subtitle")
    return f"{title}: {subtitle}" if subtitle else title


def _abstract(front: Element) -> str:
    """The abstract with its headings; graphical ones and summaries for lay people are left out."""
    for abstract in children(front, "abstract"):
        if abstract.get("abstract-type") is None:
            return "\n\n".join(part for part in _paragraphs(abstract) if part)
    return ""


def _paragraphs(section: Element) -> Iterator[str]:
    heading = line(section, "title")
    for part in section:
        match local_name(part):
            case "sec":
                yield from _paragraphs(part)
            case "p":
                yield f"{heading.rstrip(':')}: {line(part)}" if heading else line(part)
                heading = ""


def _authors(front: Element) -> Iterator[str]:
    for group in children(front, "contrib-group"):
        for who in children(group, "contrib"):
            if who.get("contrib-type", "author") != "author":
                continue
            given = line(who, "name", "given-names")
            initials = "".join(part[0] for part in re.split(r"[\s.-]+", given) if part)
            name = f"{line(who, 'name', 'surname')} {initials}".strip()
            yield name or line(who, "collab")


def _published(front: Element) -> str:
    """The earliest date that is given for it."""
    dates = []
    for given in children(front, "pub-date"):
        year, month, day = (line(given, name) for name in ("year", "month", "day"))
        written = "-".join(part for part in (year, month, day if month else "") if part)
        if month and not month.isdigit():
            written = " ".join(part for part in (year, month, day) if part)
        dates.append(iso_date(written))
    # Of dates in one year, the one that says more stands first.
    return min((date for date in dates if date), default="", key=lambda date: date.ljust(10, "9"))


def _front_numbers(front: Element) -> tuple[str, ...]:
    return trial_numbers(" ".join(front.itertext()))


def _body_numbers(article: Element) -> Iterator[str]:
    for part in ("body", "back"):
        within = child(article, part)
        if within is not None:
            yield from _numbers_of_section(within, in_methods=False)


def _numbers_of_section(section: Element, *, in_methods: bool) -> Iterator[str]:
    in_methods = in_methods or "method" in line(section, "title").lower()
    for part in section:
        name = local_name(part)
        if name in {"p", "title"}:
            text = line(part)
            for number in trial_numbers(text):
                around = _around(text, number)
                said = _REGISTERED.search(around) or (in_methods and _DESCRIBED.search(around))
                if said and not _OTHERS.search(around):
                    yield number
        elif name != "ref-list":
            yield from _numbers_of_section(part, in_methods=in_methods)


def _around(text: str, number: str) -> str:
    """The sentence in which the digits of a number stand."""
    at = text.find(number.split(" ")[-1].lstrip("NCTISR"))
    begin = max(text.rfind(". ", 0, max(at, 0)), 0)
    end = text.find(". ", at)
    return text[begin : end if end > 0 else None]


def _retracts(front: Element, kind: str) -> Iterator[Reference]:
    """What a notice of retraction retracts."""
    for note in children(front, "related-article"):
        retracts = note.get("related-article-type") == "retracted-article"
        if retracts or (kind == "retraction" and note.get("ext-link-type") in {"doi", "pmid"}):
            target = next(
                (value for name, value in note.attrib.items() if name.endswith("href")), ""
            )
            number = dict.fromkeys(paper_ids(doi_text=target))
            bare = target if target.isdigit() else ""
            doi = next(iter(number), "").removeprefix("doi:")
            yield Reference(bare, doi, "", line(note), retracted=True)
