"""Any file of records, opened by what is in it rather than by its name."""

from __future__ import annotations

import contextlib
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from reprieve.errors import InputError
from reprieve.living.formats.archives import Archive, holds
from reprieve.living.formats.bibtex import bibtex_pieces
from reprieve.living.formats.json_files import document_pieces, json_pieces
from reprieve.living.formats.pieces import RECORD_LIMIT, Pieces, open_stream
from reprieve.living.formats.tables import table_pieces
from reprieve.living.formats.tagged import medline_pieces, ris_pieces
from reprieve.living.formats.xml_files import xml_pieces
from reprieve.living.record import Record

MEMBERS_LIMIT = 2_000_000

_RIS = re.compile(r"^[ \t]*TY  ?- ", re.MULTILINE)
_MEDLINE = re.compile(r"\A\s*PMID- ")
_BIBTEX = re.compile(r"\A(?:\s|%[^\n]*\n)*@[A-Za-z]+\s*[{(]")


@dataclass(frozen=True, slots=True)
class RecordFault:
    """A record that could not be read.

    Attributes
    ----------
    file : str
        Its name, with the member's where it is an archive.
    place : str
        ``"line 12"``, ``"record 3"``; empty where the whole file is meant.
    problem : str
        What was found, what was expected, and the next step.
    """

    file: str
    place: str
    problem: str

    def __str__(self) -> str:
        """The fault as one line.

        Examples
        --------
        >>> print(RecordFault("trials.jsonl", "line 2", "not valid JSON"))
        trials.jsonl, line 2: not valid JSON
        """
        return (
            f"{self.file}, {self.place}: {self.problem}"
            if self.place
            else (f"{self.file}: {self.problem}")
        )


def read_records(
    path: Path | str,
    faults: list[RecordFault] | None = None,
    *,
    members: range | None = None,
    raw: bool = True,
) -> Iterator[Record]:
    r"""Read the records of a file, one after the other.

    The form is told by the content: studies of the ClinicalTrials.gov API v2 (one, a list, a page
    of a search, one a line), its flat study_fields form, its old XML, its archives of JSON or XML
    and the pipe-delimited AACT dump (zip), PubMed XML, Europe PMC searches, ISRCTN, CTIS, RIS,
    MEDLINE (nbib), BibTeX, EndNote XML, tables of references with a heading (CSV, TSV), and
    articles in JATS. Any of them may be compressed with gzip. Memory does not grow with the number
    of lines or members.

    Parameters
    ----------
    path : Path or str
    faults : list of RecordFault, optional
        Records that can't be read are added here and reading goes on behind them. Without a list,
        the first one ends the reading.
    members : range, optional
        Of an archive of one file a record, read only these, counted from 0.
    raw : bool
        Whether `Record.raw` is asked for. Studies of ClinicalTrials.gov are read in half the time
        without it, as their posted results, which no other field holds, are passed over.

    Yields
    ------
    Record

    Raises
    ------
    InputError
        The file can't be opened, is of no known form, or (without `faults`) a record can't be read;
        the message names the file and the record.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "found.ris"
    ...     _ = file.write_text("TY  - JOUR\nTI  - Cells for knees\nPY  - 2020\nER  - \n")
    ...     [(record.title, record.year) for record in read_records(file)]
    [('Cells for knees', 2020)]
    """
    path = Path(path)
    for file, pieces in _parts(path, members, raw=raw):
        place = ""
        try:
            for piece in pieces:
                place = piece.place
                try:
                    record = piece.read()
                except InputError as error:
                    _report(RecordFault(file, place, str(error)), error, faults)
                else:
                    yield record
        except _ReportedError:
            raise
        except InputError as error:
            behind = f"behind {place}" if place else ""
            _report(RecordFault(file, behind, str(error)), error, faults)


class _ReportedError(InputError):
    """An error whose message names the file already."""


def _report(fault: RecordFault, cause: InputError, faults: list[RecordFault] | None) -> None:
    if faults is None:
        raise _ReportedError(str(fault)) from cause
    faults.append(fault)


def _parts(path: Path, members: range | None, *, raw: bool) -> Iterator[tuple[str, Pieces]]:
    """The files to be read, with their names: one, or those in an archive."""
    try:
        source = path.open("rb")
    except OSError as error:
        raise _ReportedError(
            f"{path}: can't be opened ({error.strerror}); give the path of a file of records"
        ) from error
    with source:
        if source.read(4) == b"PK\x03\x04":
            yield from _members(path, members, raw=raw)
        else:
            source.seek(0)
            yield path.name, _pieces(source, raw=raw)


def _members(path: Path, wanted: range | None, *, raw: bool) -> Iterator[tuple[str, Pieces]]:
    try:
        archive = Archive(path, in_parts=wanted is not None)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _ReportedError(
            f"{path.name}: not a zip archive that can be read ({error}); fetch it again"
        ) from error
    with archive:
        if len(archive.members) > MEMBERS_LIMIT:
            raise _ReportedError(f"{path.name}: more than {MEMBERS_LIMIT} files in one archive")
        if wanted is None and holds(archive.members, "studies.txt"):
            from reprieve.living.formats.aact import aact_pieces

            yield path.name, aact_pieces(archive.whole)
            return
        chosen = slice(None) if wanted is None else slice(wanted.start, wanted.stop)
        for member in archive.members[chosen]:
            name = f"{path.name}/{member.filename}"
            yield name, _member_pieces(archive, member, raw=raw)


def _member_pieces(archive: Archive, member: zipfile.ZipInfo, *, raw: bool) -> Pieces:
    try:
        if member.file_size <= RECORD_LIMIT:
            yield from _small_pieces(archive.read(member), raw=raw)
        else:
            with archive.open(member) as source:
                yield from _pieces(source, raw=raw)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise InputError(f"can't be taken out of the archive ({error})") from error


def _small_pieces(data: bytes, *, raw: bool) -> Pieces:
    """The pieces of a small file; one JSON document, as nearly all are, without a stream."""
    if data[:1] == b"{":
        with contextlib.suppress(InputError):  # one record a line: no document
            yield from [*document_pieces(data, raw=raw)]
            return
    yield from _pieces(io.BytesIO(data), raw=raw)


def _pieces(source: IO[bytes], *, raw: bool) -> Pieces:
    """The pieces of a file that is no archive."""
    stream = open_stream(source)
    head = stream.peek(4096)[:4096]
    if not head:
        raise InputError("the file is empty; expected records")
    if head[:4] == b"PK\x03\x04":
        raise InputError("an archive inside another; unpack it first")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start in (b"{", b"["):
        if head.startswith(b"\xef\xbb\xbf"):
            stream.read(3)
        yield from json_pieces(stream, raw=raw)
    elif start == b"<":
        yield from xml_pieces(stream)
    else:
        yield from _text_pieces(stream, head)


def _text_pieces(stream: IO[bytes], head: bytes) -> Pieces:
    opening = head.decode("utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "ignore")
    opening = opening.lstrip("\ufeff")
    if "\x00" in opening:
        raise InputError("binary data; expected records of a register or a library")
    for sign, read in ((_RIS, ris_pieces), (_MEDLINE, medline_pieces), (_BIBTEX, bibtex_pieces)):
        if sign.search(opening):
            yield from read(stream)
            return
    yield from table_pieces(stream)
