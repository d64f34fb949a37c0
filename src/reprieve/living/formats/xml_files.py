"""XML of registers and libraries, element by element, without entities and within limits."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import IO
from xml.etree.ElementTree import Element, ParseError

from reprieve.errors import InputError
from reprieve.living.formats.endnote import record_from_endnote
from reprieve.living.formats.isrctn import record_from_isrctn
from reprieve.living.formats.jats import record_from_jats
from reprieve.living.formats.legacy_xml import record_from_legacy_xml
from reprieve.living.formats.pieces import RECORD_LIMIT, Piece, Pieces, too_large
from reprieve.living.formats.pubmed import record_from_pubmed
from reprieve.living.formats.xml_elements import as_mapping, child, children, local_name
from reprieve.living.record import Record

DEPTH_LIMIT = 150


def record_from_isrctn_xml(element: Element) -> Record:
    """Read a ``trial`` of ISRCTN, or a ``fullTrial`` with its sponsor and contacts."""
    full = local_name(element) == "fullTrial"
    trial = child(element, "trial") if full else element
    if trial is None:
        raise InputError("element <fullTrial>: expected a <trial> in it, found none")
    mapping = as_mapping(trial, attributes=False)
    assigned = child(trial, "isrctn")
    if assigned is not None:
        mapping["@dateAssigned"] = assigned.get("dateAssigned")
    mapping["@lastUpdated"] = trial.get("lastUpdated")
    if full:
        for name in ("sponsor", "contact"):
            parts = children(element, name)
            mapping[name] = [as_mapping(part, attributes=False) for part in parts]
    return record_from_isrctn(mapping)


# The root of a document, the element that is one record of it, and how that is read.
_FORMS: dict[str, tuple[tuple[str, ...], Callable[[Element], Record]]] = {
    "clinical_study": (("clinical_study",), record_from_legacy_xml),
    "PubmedArticleSet": (("PubmedArticle", "PubmedBookArticle"), record_from_pubmed),
    "PubmedArticle": (("PubmedArticle",), record_from_pubmed),
    "allTrials": (("fullTrial",), record_from_isrctn_xml),
    "fullTrial": (("fullTrial",), record_from_isrctn_xml),
    "trial": (("trial",), record_from_isrctn_xml),
    "article": (("article",), record_from_jats),
    "pmc-articleset": (("article",), record_from_jats),
    "xml": (("record",), record_from_endnote),
    "records": (("record",), record_from_endnote),
}


def records_from_xml(data: bytes) -> Iterator[Record]:
    """Read the records of an XML document that is at hand, such as a reply of PubMed or ISRCTN.

    Raises
    ------
    InputError
        The document is not well-formed, of no known form, declares entities, or is too deep or
        too large; or a record of it can't be read.

    Examples
    --------
    >>> reply = b"<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>1</PMID><Article>"
    >>> reply += b"<ArticleTitle>A <i>short</i> title</ArticleTitle></Article>"
    >>> reply += b"</MedlineCitation></PubmedArticle></PubmedArticleSet>"
    >>> [(record.id, record.title) for record in records_from_xml(reply)]
    [('1', 'A short title')]
    """
    return (piece.read() for piece in xml_pieces(io.BytesIO(data)))


def xml_pieces(stream: IO[bytes]) -> Pieces:
    """The records of an XML document."""
    number = 0
    for number, (element, root) in enumerate(_elements(stream), 1):
        yield Piece(f"record {number}", partial(_FORMS[root][1], element))
    if number == 0:
        raise InputError("an XML document of a known form without a record in it")


def _elements(stream: IO[bytes]) -> Iterator[tuple[Element, str]]:
    """The elements that are records, each let go of when the next one is asked for."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    counted = _Counted(stream)
    path: list[Element] = []
    wanted: tuple[str, ...] = ()
    root = ""
    try:
        for event, element in iterparse(counted, events=("start", "end")):
            if event == "start":
                if not path:
                    root = local_name(element)
                    wanted = _wanted(root)
                path.append(element)
                if len(path) > DEPTH_LIMIT:
                    raise InputError(f"XML nested deeper than {DEPTH_LIMIT} elements")
                continue
            path.pop()
            if local_name(element) in wanted:
                counted.since_record = 0
                yield element, root
                if path:
                    path[-1].clear()
    except ParseError as error:
        raise InputError(f"not well-formed XML ({error}); fetch the file again") from error
    except DefusedXmlException as error:
        raise InputError(
            f"XML that declares entities or external files is refused ({type(error).__name__})"
        ) from error
    except (LookupError, ValueError) as error:
        raise InputError(f"XML that can't be decoded ({error}); save it in UTF-8") from error


def _wanted(root: str) -> tuple[str, ...]:
    if root not in _FORMS:
        raise InputError(
            f"an XML document <{root[:60]}> of no known form; expected one of ClinicalTrials.gov "
            "(clinical_study), PubMed (PubmedArticleSet), ISRCTN (allTrials), an article (JATS) or "
            "EndNote (xml)"
        )
    return _FORMS[root][0]


class _Counted(io.RawIOBase):
    """A stream that refuses a record that does not end."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.since_record = 0

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self.since_record += len(data)
        if self.since_record > RECORD_LIMIT + (1 << 20):
            raise too_large("one record", RECORD_LIMIT, "it is no record of a trial or a paper")
        return data
