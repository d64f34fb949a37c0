"""What a file falls into, one piece a record, and the limits within which files are read.

Whatever comes from outside is read in bounded memory: a line or an element that grows beyond
`RECORD_LIMIT`, or a document beyond `DOCUMENT_LIMIT` that can only be read whole, is refused.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from reprieve.errors import InputError

if TYPE_CHECKING:
    from reprieve.living.record import Record

MEGABYTE = 1_000_000
RECORD_LIMIT = 50 * MEGABYTE
DOCUMENT_LIMIT = 200 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Piece:
    """The part of a file that should be one record.

    Attributes
    ----------
    place : str
        Where it stands: ``"line 12"``, ``"record 3"``.
    read : callable
        Reads it; raises `InputError` where it can't be read.
    """

    place: str
    read: Callable[[], Record]


Pieces = Iterator[Piece]


class Stream(io.RawIOBase):
    """Bytes of a file, or what is inside a compressed one, that fail with an `InputError`."""

    def __init__(self, source: IO[bytes] | gzip.GzipFile) -> None:
        self._source = source

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill a buffer, as `io.BufferedReader` asks for."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        try:
            data = self._source.read(len(view))
        except (EOFError, zlib.error, gzip.BadGzipFile, OSError) as error:
            raise InputError(
                f"the compressed data are cut off or damaged ({error}); fetch the file again"
            ) from error
        view[: len(data)] = data
        return len(data)


def open_stream(source: IO[bytes]) -> io.BufferedReader[Stream]:
    """A buffered reader of a file, looking through gzip.

    Examples
    --------
    >>> open_stream(io.BytesIO(gzip.compress(b"TY  - JOUR"))).read()
    b'TY  - JOUR'
    """
    plain = io.BufferedReader(Stream(source), 1 << 16)
    if plain.peek(2)[:2] != b"\x1f\x8b":
        return plain
    return io.BufferedReader(Stream(gzip.GzipFile(fileobj=plain)), 1 << 16)


def whole(stream: IO[bytes], limit: int = DOCUMENT_LIMIT) -> bytes:
    """All that is left of a stream.

    Raises
    ------
    InputError
        There is more than `limit` bytes of it.

    Examples
    --------
    >>> whole(io.BytesIO(b"{}"))
    b'{}'
    """
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise too_large("the document", limit, "split it, or give one record a line (.jsonl)")
    return data


def as_text(data: bytes) -> str:
    r"""Text from bytes in UTF-8 or, where a byte order mark says so, UTF-16.

    Raises
    ------
    InputError
        The bytes are neither.

    Examples
    --------
    >>> as_text("Müller".encode("utf-16")), as_text(b"\xef\xbb\xbfTY")
    ('Müller', 'TY')
    """
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"byte {error.start} is not {encoding.removesuffix('-sig').upper()} text; "
            "save the file in UTF-8"
        ) from error


def too_large(what: str, limit: int, remedy: str) -> InputError:
    """The error for something that grew beyond a limit."""
    return InputError(f"{what} is larger than {limit // MEGABYTE} MB; {remedy}")
