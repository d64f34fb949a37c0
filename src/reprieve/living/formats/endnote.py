"""EndNote XML: a library of references as EndNote and its like export it."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from reprieve.living.formats.references import Cited, record_from_citation
from reprieve.living.formats.xml_elements import child, line, lines
from reprieve.living.record import Record


def record_from_endnote(reference: Element) -> Record:
    """Read one ``record`` of an EndNote library.

    Parameters
    ----------
    reference : Element
        Parsed with `defusedxml`.

    Returns
    -------
    Record

    Raises
    ------
    InputError
        It has neither a title nor a number.
    """
    titles = child(reference, "titles")
    kind = child(reference, "ref-type")
    return record_from_citation(
        Cited(
            number=line(reference, "rec-number"),
            kind="" if kind is None else kind.get("name", ""),
            title=line(titles, "title"),
            abstract=line(reference, "abstract"),
            authors=lines(child(reference, "contributors", "authors"), "author"),
            journal=line(titles, "secondary-title") or line(reference, "periodical", "full-title"),
            date=line(reference, "dates", "year"),
            keywords=lines(child(reference, "keywords"), "keyword"),
            numbers=(
                line(reference, "electronic-resource-num"),
                line(reference, "accession-num"),
                line(reference, "custom2"),
            ),
            notes=lines(reference, "notes") + lines(reference, "research-notes"),
            url=line(reference, "urls", "related-urls", "url"),
            database=line(reference, "remote-database-name"),
        )
    )
