"""JSON of registers and libraries: one record, a list, a reply of an API, or one record a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import IO, Any

from reprieve.errors import InputError
from reprieve.living.formats.ctgov_v2 import record_from_v2, record_of, study_in
from reprieve.living.formats.ctis import record_from_ctis
from reprieve.living.formats.europepmc import record_from_europepmc
from reprieve.living.formats.fields import kind_of, section, sections
from reprieve.living.formats.isrctn import record_from_isrctn
from reprieve.living.formats.pieces import RECORD_LIMIT, Piece, Pieces, too_large, whole
from reprieve.living.formats.study_fields import record_from_study_fields
from reprieve.living.record import Record

# What tells the forms apart: a key that one has and the others don't.
_READERS: tuple[tuple[str, Callable[[Mapping[str, Any]], Record]], ...] = (
    ("protocolSection", record_from_v2),
    ("NCTId", record_from_study_fields),
    ("trialDescription", record_from_isrctn),
    ("ctNumber", record_from_ctis),
    ("authorString", record_from_europepmc),
    ("pubYear", record_from_europepmc),
)


def decode(data: bytes) -> Any:
    """Decode JSON.

    Raises
    ------
    InputError
        The bytes are not JSON, or nested too deeply.

    Examples
    --------
    >>> decode(b'{"a": [1]}')
    {'a': [1]}
    """
    import msgspec

    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, ValueError) as error:
        raise InputError(f"not valid JSON: {error}") from error
    except RecursionError as error:
        raise InputError("JSON that is nested too deeply to be a record") from error


def record_from_json(value: object) -> Record:
    """Read one decoded record, whichever register or library it is of.

    Raises
    ------
    InputError
        It is of none of the known forms, or a field of it can't be read.

    Examples
    --------
    >>> record_from_json({"NCTId": ["NCT02674399"], "BriefTitle": ["JointStem"]}).title
    'JointStem'
    """
    if not isinstance(value, dict):
        raise InputError(f"expected a record as a JSON object, found {kind_of(value)}")
    for key, read in _READERS:
        if key in value:
            return read(value)
    keys = ", ".join(str(key)[:40] for key in list(value)[:5]) or "no fields"
    raise InputError(
        f"an object of no known form (it has {keys}); expected a study of ClinicalTrials.gov "
        "(protocolSection, or flat with NCTId), ISRCTN, CTIS or Europe PMC"
    )


def json_pieces(stream: IO[bytes], *, raw: bool = True) -> Pieces:
    """The records of a JSON document, or of one record a line."""
    first = _line(stream, 1)
    second = _line(stream, 2) if first else b""
    if first.lstrip().startswith(b"{") and second.startswith(b"{"):
        yield from _lines(stream, first, second, raw=raw)
        return
    yield from document_pieces(first + second + whole(stream), raw=raw)


def document_pieces(data: bytes, *, raw: bool = True) -> Pieces:
    """The records of a JSON document."""
    study = None if raw else study_in(data)
    if study is not None:
        yield Piece("record 1", partial(record_of, study))
        return
    for number, value in enumerate(_unwrapped(decode(data)), 1):
        yield Piece(f"record {number}", partial(record_from_json, value))


def _lines(stream: IO[bytes], *begun: bytes, raw: bool) -> Pieces:
    read = _from_line if raw else _from_line_in_short
    number = 0
    for line in begun:
        number += 1
        yield Piece(f"line {number}", partial(read, line))
    while line := _line(stream, number + 1):
        number += 1
        if not line.isspace():
            yield Piece(f"line {number}", partial(read, line))


def _from_line(line: bytes) -> Record:
    return record_from_json(decode(line))


def _from_line_in_short(line: bytes) -> Record:
    study = study_in(line)
    return _from_line(line) if study is None else record_of(study)


def _line(stream: IO[bytes], number: int) -> bytes:
    line = stream.readline(RECORD_LIMIT + 1)
    if len(line) > RECORD_LIMIT:
        raise too_large(f"line {number}", RECORD_LIMIT, "no record of a trial is as long as that")
    return line


def _unwrapped(document: object) -> Iterator[object]:
    """The records in a document: a list of them, a reply that holds some, or one."""
    if isinstance(document, list):
        for item in document:
            yield from _unwrapped(item) if isinstance(item, dict) else (item,)
    elif not isinstance(document, dict):
        raise InputError(f"expected an object or a list of records, found {kind_of(document)}")
    elif "StudyFieldsResponse" in document:
        yield from sections(section(document, "StudyFieldsResponse"), "StudyFields")
    elif "resultList" in document:
        yield from sections(section(document, "resultList"), "result")
    elif "studies" in document and "protocolSection" not in document:
        yield from sections(document, "studies")
    elif "pagination" in document and "data" in document:
        yield from sections(document, "data")
    else:
        yield document
