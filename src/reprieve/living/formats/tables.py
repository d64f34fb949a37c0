"""Tables of references with a heading, as Covidence, ASReview, PubMed and registers export."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import IO

from reprieve.errors import InputError
from reprieve.living.formats.ctgov_csv import record_from_ctgov_row
from reprieve.living.formats.pieces import MEGABYTE, Piece, Pieces, as_text, whole
from reprieve.living.formats.references import Cited, record_from_citation
from reprieve.living.record import Record

# What columns are called, as letters only in lower case; the first that a table has is taken.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "articletitle", "studytitle", "brieftitle", "primarytitle", "ti"),
    "number": ("covidence", "recordid", "id", "ref", "key"),
    "trial": ("nctid", "nctnumber", "trialid", "registration", "mainid"),
    "kind": ("publicationtype", "publicationtypes", "documenttype", "type"),
    "abstract": ("abstract", "abstracttext", "briefsummary", "ab"),
    "authors": ("authors", "author", "authornames", "au"),
    "journal": ("journal", "journalbook", "sourcetitle", "journaltitle", "source"),
    "date": ("publicationdate", "publishedyear", "publicationyear", "year", "date"),
    "keywords": ("keywords", "authorkeywords", "keyword"),
    "pmid": ("pmid", "pubmedid"),
    "doi": ("doi",),
    "pmcid": ("pmcid", "pmc"),
    "accession": ("accessionnumber", "accession"),
    "notes": ("notes", "note"),
    "url": ("url", "link", "studyurl"),
    "database": ("database", "databasename"),
}


def table_pieces(stream: IO[bytes]) -> Pieces:
    """The rows of a table of references."""
    text = as_text(whole(stream))
    csv.field_size_limit(MEGABYTE)
    delimiter = _delimiter(text)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        heading = [_letters(name) for name in next(rows, [])]
        read = _reader(heading)
        for row in rows:
            if any(cell.strip() for cell in row):
                yield Piece(f"line {rows.line_num}", partial(_from_row, read, heading, row))
    except csv.Error as error:
        raise InputError(f"line {rows.line_num}: a table that can't be read ({error})") from error


def _delimiter(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max(",;\t|", key=first.count)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _reader(heading: list[str]) -> Callable[[Mapping[str, str]], Record]:
    if "nctnumber" in heading and "studystatus" in heading:
        return record_from_ctgov_row
    if not any(name in heading for name in (*_COLUMNS["title"], *_COLUMNS["trial"])):
        shown = ", ".join(name[:30] for name in heading[:6] if name) or "nothing"
        raise InputError(
            "a file of no known form: expected records of a register or a library, or a table "
            f"with a heading that has a column 'title'; its first line has {shown}"
        )
    return _record_from_reference_row


def _from_row(
    read: Callable[[Mapping[str, str]], Record], heading: list[str], row: list[str]
) -> Record:
    if len(row) > len(heading) and any(cell.strip() for cell in row[len(heading) :]):
        raise InputError(
            f"expected {len(heading)} cells as in the heading, found {len(row)}; "
            "put cells that hold the delimiter in quotes"
        )
    return read({name: cell.strip() for name, cell in zip(heading, row, strict=False)})


def _record_from_reference_row(row: Mapping[str, str]) -> Record:
    def cell(column: str) -> str:
        return next((row[name] for name in _COLUMNS[column] if row.get(name)), "")

    accession = cell("accession")
    return record_from_citation(
        Cited(
            title=cell("title"),
            number=cell("trial") or cell("number"),
            kind=cell("kind"),
            abstract=cell("abstract"),
            authors=_authors(cell("authors")),
            journal=cell("journal"),
            date=cell("date"),
            keywords=_split(cell("keywords")),
            pmid=cell("pmid") if cell("pmid").isdigit() else "",
            doi=cell("doi"),
            numbers=(cell("pmcid"), accession),
            notes=(cell("notes"),),
            url=cell("url"),
            database=cell("database"),
        )
    )


def _split(written: str) -> tuple[str, ...]:
    parts = re.split(r"[;|]" if re.search(r"[;|]", written) else ",", written)
    return tuple(part.strip() for part in parts if part.strip())


def _authors(written: str) -> tuple[str, ...]:
    """Names parted by semicolons (``Vega, A; …``), `` and ``, or commas (``Vega A, …``)."""
    if ";" in written:
        return _split(written.rstrip("."))
    if " and " in written:
        return tuple(name.strip() for name in written.split(" and ") if name.strip())
    # "Vega, A." is one name, "Vega A, Martin M" two.
    if re.fullmatch(r"[^,\s]+, ?(?:[A-Z]\.? ?){1,4}", written):
        return (written,)
    return tuple(name.strip(" .") for name in written.split(",") if name.strip(" ."))
