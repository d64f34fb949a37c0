"""BibTeX libraries."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from functools import partial
from typing import IO, Any

from reprieve.errors import InputError
from reprieve.living.formats.pieces import Piece, Pieces, as_text, whole
from reprieve.living.formats.references import Cited, record_from_citation
from reprieve.living.record import Record

_KINDS = {
    "article": "Journal Article",
    "inproceedings": "Conference Paper",
    "conference": "Conference Paper",
    "phdthesis": "Thesis",
    "mastersthesis": "Thesis",
    "book": "Book",
    "incollection": "Book Chapter",
    "inbook": "Book Chapter",
}


def bibtex_pieces(stream: IO[bytes]) -> Pieces:
    """The entries of a BibTeX file."""
    from bibtexparser.entrypoint import parse_string
    from bibtexparser.model import DuplicateBlockKeyBlock, Entry, ParsingFailedBlock

    text = as_text(whole(stream))
    # The parser also logs what it hands back as a failed block.
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)
    try:
        library = parse_string(text)
    except Exception as error:  # the parser's own errors share no base
        raise InputError(f"BibTeX that can't be read ({error})") from error
    for block in library.blocks:
        line = f"line {(block.start_line or 0) + 1}"
        if isinstance(block, DuplicateBlockKeyBlock):
            # Two references under one key are still two.
            block = block.ignore_error_block or block
        if isinstance(block, Entry):
            fields = {field.key.lower(): field.value for field in block.fields}
            yield Piece(line, partial(record_from_bibtex, block.entry_type, block.key, fields))
        elif isinstance(block, ParsingFailedBlock):
            yield Piece(line, partial(_broken, str(block.error)))


def record_from_bibtex(kind: str, key: str, fields: Mapping[str, Any]) -> Record:
    r"""Read one BibTeX entry.

    Raises
    ------
    InputError
        It has neither a title nor a number.

    Examples
    --------
    >>> record = record_from_bibtex("article", "vega2015", {
    ...     "title": "{Cells} for knees", "author": "Vega, Aurelio and Mart{\\'i}n, M",
    ...     "year": "2015", "keywords": "knee; pain"})
    >>> record.id, record.title, record.authors, record.keywords
    ('vega2015', 'Cells for knees', ('Vega A', 'Martin M'), ('knee', 'pain'))
    """
    given = {name: _plain(str(value)) for name, value in fields.items()}
    raw_authors = " ".join(str(fields.get("author", "")).split())
    return record_from_citation(
        Cited(
            title=given.get("title", ""),
            number=key,
            kind=_KINDS.get(kind.lower(), kind),
            abstract=given.get("abstract", ""),
            authors=tuple(
                _plain(name) for name in re.split(r"\s+and\s+", raw_authors) if name.strip()
            ),
            journal=given.get("journal", "") or given.get("booktitle", ""),
            date=given.get("date", "")
            or " ".join(part for part in (given.get("year", ""), given.get("month", "")) if part),
            keywords=tuple(
                word.strip()
                for word in re.split(r"[;,]", given.get("keywords", ""))
                if word.strip()
            ),
            pmid=given.get("pmid", ""),
            doi=given.get("doi", ""),
            numbers=(given.get("pmcid", ""), given.get("eprint", "")),
            notes=(given.get("note", ""), given.get("annote", "")),
            url=given.get("url", ""),
        )
    )


def _plain(written: str) -> str:
    """Text without TeX's braces and the commands for accents, whose letters are kept bare."""
    bare = re.sub(r"\\[`'^\"~=.uvHcbdrk]\s*\{?\\?([A-Za-z])\}?", r"\1", written)
    bare = re.sub(r"\\([&%$#_{}])", r"\1", bare)
    return " ".join(bare.replace("{", "").replace("}", "").replace("~", " ").split())


def _broken(problem: str) -> Record:
    raise InputError(f"a BibTeX entry that can't be read ({problem})")
