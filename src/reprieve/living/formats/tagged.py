"""References in tagged lines: RIS (``TY  - JOUR``) and PubMed's MEDLINE form (``PMID- 123``)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import IO

from reprieve.living.formats.dates import iso_date
from reprieve.living.formats.numbers import doi
from reprieve.living.formats.pieces import Piece, Pieces, as_text, whole
from reprieve.living.formats.references import Cited, record_from_citation
from reprieve.living.record import Record, Reference

Tags = Mapping[str, list[str]]

_RIS_LINE = re.compile(r"([A-Z][A-Z0-9])  ?-(?: (.*))?$")
_MEDLINE_LINE = re.compile(r"([A-Z]{2,4}) {0,2}- (.*)$")
_RIS_TYPES = {
    "JOUR": "Journal Article",
    "EJOUR": "Journal Article",
    "MGZN": "Magazine Article",
    "CONF": "Conference Paper",
    "CPAPER": "Conference Paper",
    "THES": "Thesis",
    "BOOK": "Book",
    "CHAP": "Book Chapter",
}


def ris_pieces(stream: IO[bytes]) -> Pieces:
    """The references of a RIS file."""
    for number, line, tags in _groups(as_text(whole(stream)), _RIS_LINE, first="TY", last="ER"):
        yield Piece(f"record {number} (line {line})", partial(record_from_ris, tags))


def medline_pieces(stream: IO[bytes]) -> Pieces:
    """The references of a MEDLINE (nbib) file."""
    text = as_text(whole(stream))
    for number, line, tags in _groups(text, _MEDLINE_LINE, first="PMID", last=""):
        yield Piece(f"record {number} (line {line})", partial(record_from_medline, tags))


def record_from_ris(tags: Tags) -> Record:
    """Read one RIS reference.

    Parameters
    ----------
    tags : mapping
        Two-letter tags to their values, in order.

    Raises
    ------
    InputError
        It has neither a title nor a number.

    Examples
    --------
    >>> record = record_from_ris({"TY": ["JOUR"], "TI": ["Cells for knees"], "AU": ["Vega, A."],
    ...     "PY": ["2015//"], "DO": ["10.1097/TP.0000000000000678"], "KW": ["knee", "pain"]})
    >>> record.id, record.authors, record.year, record.keywords
    ('10.1097/tp.0000000000000678', ('Vega A',), 2015, ('knee', 'pain'))
    """
    kind = _first(tags, "TY")
    return record_from_citation(
        Cited(
            title=_first(tags, "TI", "T1", "CT", "BT"),
            number=_first(tags, "ID", "AN"),
            kind=_first(tags, "M3") or _RIS_TYPES.get(kind, kind),
            abstract=" ".join(tags.get("AB") or tags.get("N2") or ()),
            authors=tuple(tags.get("AU") or tags.get("A1") or ()),
            journal=_first(tags, "T2", "JF", "JO", "JA", "J2"),
            date=_first(tags, "DA", "PY", "Y1"),
            keywords=tuple(
                part.strip() for given in tags.get("KW", ()) for part in given.split(";")
            ),
            doi=doi(" ".join((*tags.get("DO", ()), *tags.get("UR", ())))),
            numbers=tuple(
                value for tag in ("AN", "C2", "C6", "C7", "M1", "U1") for value in tags.get(tag, ())
            ),
            notes=tuple(tags.get("N1", ())),
            url=_first(tags, "UR", "L2", "LK"),
            database=_first(tags, "DB", "DP"),
        )
    )


def record_from_medline(tags: Tags) -> Record:
    """Read one reference in MEDLINE form.

    Parameters
    ----------
    tags : mapping
        Tags to their values, in order.

    Raises
    ------
    InputError
        It has neither a title nor a number.

    Examples
    --------
    >>> record = record_from_medline({"PMID": ["22327499"], "TI": ["Antibody persistence."],
    ...     "AU": ["Van Herck K"], "DP": ["2012 Mar"], "PT": ["Journal Article"],
    ...     "SI": ["ClinicalTrials.gov/NCT00289757"], "RIN": ["J. 2013. PMID: 1"]})
    >>> record.id, record.ids, record.retracted
    ('22327499', ('pmid:22327499', 'NCT00289757'), True)
    """
    record = record_from_citation(
        Cited(
            title=_first(tags, "TI", "BTI"),
            kind=";".join(tags.get("PT", ())),
            abstract=" ".join(tags.get("AB", ())),
            authors=(*tags.get("AU", ()), *tags.get("CN", ())),
            journal=_first(tags, "TA", "JT"),
            date=_first(tags, "DEP", "DP"),
            keywords=tuple(tags.get("OT", ())),
            mesh=tuple(given.split("/", 1)[0].strip("* ") for given in tags.get("MH", ())),
            pmid=_first(tags, "PMID"),
            doi=_doi(tags),
            numbers=(*tags.get("SI", ()), *tags.get("PMC", ())),
            notes=("Retraction in",) if "RIN" in tags else (),
        )
    )
    retracts = tuple(
        Reference(_noted_pmid(note), doi(note), "", note, retracted=True)
        for note in tags.get("ROF", ())
    )
    dates = replace(record.dates, last_update=iso_date(_first(tags, "LR")))
    return replace(record, references=retracts, dates=dates)


def _groups(
    text: str, pattern: re.Pattern[str], first: str, last: str
) -> Iterator[tuple[int, int, Tags]]:
    """The tagged values of each reference, with its number and the line on which it begins.

    What stands before the first reference names the library that it was exported from.
    """
    number = begun = 0
    tags: dict[str, list[list[str]]] = defaultdict(list)
    tag = ""
    for line_number, line in enumerate(text.splitlines(), 1):
        found = pattern.match(line)
        if found and found[1] == first and tags:
            yield number, begun, _joined(tags)
            tags, tag = defaultdict(list), ""
        if found and found[1] == last:
            if tags:
                yield number, begun, _joined(tags)
            tags, tag = defaultdict(list), ""
        elif found:
            if not tags:
                number, begun = number + 1, line_number
            tag = found[1]
            tags[tag].append([(found[2] or "").strip()])
        elif line.strip() and (tags or number):
            if not tags:
                # Stray text between references: a reference of its own, that can't be read.
                number, begun, tags[""] = number + 1, line_number, [[]]
            tags[tag][-1].append(line.strip())
    if tags:
        yield number, begun, _joined(tags)


def _joined(tags: Mapping[str, list[list[str]]]) -> Tags:
    """Values with the lines on which they went on."""
    return {
        tag: [" ".join(filter(None, lines)) for lines in values] for tag, values in tags.items()
    }


def _first(tags: Tags, *names: str) -> str:
    return next((value for name in names for value in tags.get(name, ()) if value), "")


def _doi(tags: Tags) -> str:
    given = (*tags.get("LID", ()), *tags.get("AID", ()))
    return next((doi(value) for value in given if value.endswith("[doi]")), "")


def _noted_pmid(note: str) -> str:
    found = re.search(r"PMID: ?(\d+)", note)
    return found[1] if found else ""
