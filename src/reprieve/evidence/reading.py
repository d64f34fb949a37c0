"""Reading the files of a package safely: nothing hostile is loaded, nothing odd is guessed at.

Every byte is looked at before a parser sees it: size, encoding, length of lines, quotation marks
and the number of fields of each row. A file that fails gives one `FileFaultError`.
"""

from __future__ import annotations

import csv
import io
import os
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np
import numpy.typing as npt
import polars as pl

from reprieve.evidence.faults import FileFaultError

MOST_BYTES = 512 * 1024 * 1024
"""The largest package that is read: all files together, unpacked."""
MOST_BYTES_PER_LINE = 1024 * 1024
"""The longest line, and the longest row, that is read."""
MOST_COLUMNS = 100
"""How many columns a table may have; the largest has 24."""
MOST_COMPRESSION = 200
"""How many times larger than packed a file of an archive may be; tables reach about 30."""
MOST_ENTRIES = 1000
"""How many files an archive may hold."""

_STEP = 1024 * 1024
_SCAN = 2 * 1024 * 1024
_COMMA, _QUOTE, _NEWLINE, _RETURN = b',"\n\r'

Bytes = npt.NDArray[np.uint8]


class Folder:
    """The files of a package that lies in a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = MOST_BYTES
        try:
            self.names = frozenset(os.listdir(path))
        except OSError as error:
            raise _unreadable(path.name, error) from error

    def read(self, name: str) -> bytes:
        """The bytes of one file, within the limits of this module."""
        path = self._path / name
        try:
            if not path.resolve().is_relative_to(self._path.resolve()):
                raise FileFaultError(
                    name, "is a link that leads out of the package", "a file of its own"
                )
            found = path.stat()
            if not stat.S_ISREG(found.st_mode):
                raise FileFaultError(name, "is a folder or a device", "a CSV file")
            _refuse_large(name, found.st_size, self._left)
            with path.open("rb") as stream:
                data = _pour(stream, name)
        except OSError as error:
            raise _unreadable(name, error) from error
        self._left -= len(data)
        return data


class Archive:
    """The files of a package that lies in a zip archive, at its root or one folder down."""

    def __init__(self, path: Path) -> None:
        self._file = path.name
        self._path = path
        self._left = MOST_BYTES
        try:
            if path.stat().st_size > MOST_BYTES:
                _refuse_large(path.name, path.stat().st_size, MOST_BYTES)
            with zipfile.ZipFile(path) as archive:
                entries = archive.infolist()
        except zipfile.BadZipFile as error:
            raise FileFaultError(
                path.name, f"is no zip archive ({error})", "a zip archive or a folder"
            ) from error
        except OSError as error:
            raise _unreadable(path.name, error) from error
        if len(entries) > MOST_ENTRIES:
            raise FileFaultError(
                path.name, f"holds {len(entries)} files", f"at most {MOST_ENTRIES}"
            )
        self._entries = self._by_name(entries)
        self.names = frozenset(self._entries)

    def _by_name(self, entries: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        """The entries of the one folder that holds ``studies.csv``."""
        for entry in entries:
            path = PurePosixPath(entry.filename.replace("\\", "/"))
            if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
                raise FileFaultError(
                    self._file,
                    f"holds {entry.filename!r}, a name that leads out of the archive",
                    "plain file names",
                )
        files = [e for e in entries if not e.is_dir() and not e.filename.startswith("__MACOSX/")]
        folders = {PurePosixPath(e.filename).parent for e in files if _leaf(e) == "studies.csv"}
        folders = {folder for folder in folders if len(folder.parts) <= 1}
        if len(folders) != 1:
            found = "no studies.csv" if not folders else f"{len(folders)} packages"
            raise FileFaultError(
                self._file,
                f"holds {found} at its root or one folder down",
                "one package in the archive",
            )
        (folder,) = folders
        inside = [e for e in files if PurePosixPath(e.filename).parent == folder]
        names = [_leaf(e) for e in inside]
        for name in names:
            if names.count(name) > 1:
                raise FileFaultError(self._file, f"holds {name} twice", "each file once")
        return dict(zip(names, inside, strict=True))

    def read(self, name: str) -> bytes:
        """The bytes of one file, within the limits of this module."""
        entry = self._entries[name]
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise FileFaultError(name, "is a link inside the archive", "a file of its own")
        if entry.flag_bits & 0x1:
            raise FileFaultError(name, "is encrypted", "an archive without a password")
        _refuse_large(name, entry.file_size, self._left)
        ratio = entry.file_size / max(entry.compress_size, 1)
        if ratio > MOST_COMPRESSION and entry.file_size > _STEP:
            raise FileFaultError(
                name,
                f"unpacks to {ratio:.0f} times its size, like a zip bomb",
                f"at most {MOST_COMPRESSION} times",
            )
        try:
            with zipfile.ZipFile(self._path) as archive, archive.open(entry) as stream:
                data = _pour(stream, name)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise FileFaultError(
                name, f"can't be unpacked ({error})", "an undamaged archive"
            ) from error
        except OSError as error:
            raise _unreadable(name, error) from error
        self._left -= len(data)
        return data


def open_package(path: Path) -> Folder | Archive:
    """The package at `path`, a folder or a zip archive, opened for reading.

    Raises
    ------
    FileFaultError
        If there is nothing there that could be a package.
    """
    if path.is_dir():
        return Folder(path)
    if not path.exists():
        raise FileFaultError(str(path), "is not there", "a folder or a zip archive")
    if not path.is_file():
        raise FileFaultError(path.name, "is a device", "a folder or a zip archive")
    if path.suffix.lower() == ".csv":
        raise FileFaultError(path.name, "is one table", "the folder that holds all the tables")
    return Archive(path)


def read_cells(data: bytes, file: str) -> tuple[list[str], pl.DataFrame]:
    r"""The header and the cells of a CSV file, every cell as text, empty cells as null.

    Parameters
    ----------
    data : bytes
        The whole file: UTF-8 with or without byte order mark, ``\n`` or ``\r\n``.
    file : str
        Its name, for messages.

    Returns
    -------
    header : list of str
        The names of the columns as they stand, duplicates included.
    cells : polars.DataFrame
        Columns ``"0"``, ``"1"`` … of text, one for each column of the header.

    Raises
    ------
    FileFaultError
        With the first row that can't be read.

    Examples
    --------
    >>> header, cells = read_cells(b'label,n\n"Vega, 2015",30\nVarma,\n', "studies.csv")
    >>> header, cells.rows()
    (['label', 'n'], [('Vega, 2015', '30'), ('Varma', None)])
    """
    data = _plain_text(data, file)
    layout = _lay_out(data, file)
    (header,) = csv.reader(io.StringIO(data[: layout.header_end].decode(), newline=""))
    if len(header) > MOST_COLUMNS:
        raise FileFaultError(file, f"has {len(header)} columns", f"at most {MOST_COLUMNS}", row=1)
    schema = {str(i): pl.String() for i in range(len(header))}
    if layout.records == 0:
        return header, pl.DataFrame(schema=schema)
    # a header of numbers: polars takes a table that begins with "x^" for a compressed one
    numbered = ",".join(schema).encode() + b"\n" + data[layout.header_end :]
    try:
        cells = pl.read_csv(numbered, schema=schema, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise FileFaultError(file, f"can't be parsed ({error})", "a CSV file") from error
    if cells.height != layout.records:
        raise FileFaultError(
            file, f"was parsed into {cells.height} rows of {layout.records}", "all of them"
        )
    empty = [name for name in cells.columns if (cells[name] == "").any()]
    return header, cells.with_columns(pl.col(empty).replace("", None))


@dataclass(frozen=True)
class _Layout:
    """Where the header ends and how many records follow it."""

    header_end: int
    records: int


def _plain_text(data: bytes, file: str) -> bytes:
    """`data` without byte order mark, known to be UTF-8 without NUL bytes."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise FileFaultError(file, "is in UTF-16", "UTF-8 (save as 'CSV UTF-8')")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data or data.isspace():
        raise FileFaultError(file, "is empty", "a header and one row a record")
    nul = data.find(b"\0")
    if nul >= 0:
        raise FileFaultError(
            file,
            f"byte {nul} is NUL, as in UTF-16 or a damaged file",
            "text in UTF-8",
            row=_row_at(data, nul),
        )
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise FileFaultError(
                file,
                f"byte {error.start} (0x{data[error.start]:02x}) is not UTF-8, as in Latin-1",
                "UTF-8 (save as 'CSV UTF-8')",
                row=_row_at(data, error.start),
            ) from error
    if b"\n" not in data and b"\r" in data:
        raise FileFaultError(
            file, "has lines that end in a carriage return alone", r"lines that end in \n"
        )
    return data


def _lay_out(data: bytes, file: str) -> _Layout:
    """Find the rows of a CSV text, and refuse it where a row is not like the header.

    A comma or a line end divides only where the number of quotation marks before it is even.
    """
    text = np.frombuffer(data, dtype=np.uint8)
    quoted = _QUOTE in data
    if quoted:
        _refuse_loose_quotes(data, text, file)
    records = 0
    fields_of_header = header_end = 0
    inside, pending, record_start = 0, 0, 0
    for start in range(0, len(text), _SCAN):
        piece = text[start : start + _SCAN]
        divides = (piece == _COMMA) | (piece == _NEWLINE)
        if quoted:
            parity = (np.cumsum(piece == _QUOTE, dtype=np.uint8) & 1) ^ inside
            divides &= parity == 0
            inside = int(parity[-1])
        places = np.flatnonzero(divides)
        ends = np.flatnonzero(piece[places] == _NEWLINE)
        if len(ends) == 0:
            pending += len(places)
        else:
            fields = np.diff(ends, prepend=-1 - pending)
            stops = places[ends] + start
            if records == 0:
                fields_of_header, header_end = int(fields[0]), int(stops[0]) + 1
            lengths = np.diff(stops, prepend=record_start - 1)
            _refuse_odd_rows(fields, lengths, fields_of_header, records + 1, file)
            records += len(ends)
            pending = len(places) - int(ends[-1]) - 1
            record_start = int(stops[-1]) + 1
    if record_start < len(text):
        if records == 0:
            fields_of_header, header_end = pending + 1, len(text)
        last = np.array([pending + 1]), np.array([len(text) - record_start])
        _refuse_odd_rows(*last, fields_of_header, records + 1, file)
        records += 1
    return _Layout(header_end, records - 1)


def _refuse_odd_rows(
    fields: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    expected: int,
    first_row: int,
    file: str,
) -> None:
    odd = np.flatnonzero((fields != expected) | (lengths > MOST_BYTES_PER_LINE))
    if len(odd) == 0:
        return
    row = first_row + int(odd[0])
    if lengths[odd[0]] > MOST_BYTES_PER_LINE:
        raise _long_line(file, row)
    found = int(fields[odd[0]])
    others = f" (and {len(odd) - 1} more such rows)" if len(odd) > 1 else ""
    raise FileFaultError(
        file,
        f"has {found} field{'s' if found > 1 else ''}{others}",
        f"{expected} as in the header (is a comma in a text without quotation marks?)",
        row=row,
    )


def _refuse_loose_quotes(data: bytes, text: Bytes, file: str) -> None:
    """Refuse quotation marks that do not open or close a whole field."""
    marks = np.flatnonzero(text == _QUOTE)
    opening, closing = marks[0::2], marks[1::2]
    before = text[opening - 1]
    starts = (opening == 0) | np.isin(before, (_COMMA, _NEWLINE, _QUOTE))
    after = text[np.minimum(closing + 1, len(text) - 1)]
    finishes = (closing == len(text) - 1) | np.isin(after, (_COMMA, _NEWLINE, _RETURN, _QUOTE))
    loose = [int(opening[~starts][0])] if not starts.all() else []
    if not finishes.all():
        loose.append(int(opening[: len(closing)][~finishes][0]))
    if not loose and len(opening) > len(closing):
        loose.append(int(opening[-1]))
    if loose:
        raise FileFaultError(
            file,
            "has a quotation mark that is not closed, or stands inside a field",
            'fields with a comma or a " to be enclosed in "…", with "" for each " inside',
            row=_row_at(data, min(loose)),
        )


def _row_at(data: bytes, place: int) -> int:
    """The row, as a spreadsheet shows it, in which the byte at `place` stands."""
    text = np.frombuffer(data, dtype=np.uint8, count=place)
    outside = np.cumsum(text == _QUOTE, dtype=np.uint8) & 1 == 0
    return 1 + int(np.count_nonzero((text == _NEWLINE) & outside))


def _pour(stream: IO[bytes], name: str) -> bytes:
    """Read a stream piece by piece; give up at the first line that is too long."""
    pieces: list[bytes] = []
    line, rows, size = 0, 0, 0
    while piece := stream.read(_STEP):
        size += len(piece)
        _refuse_large(name, size, MOST_BYTES)
        first, last = piece.find(b"\n"), piece.rfind(b"\n")
        line = line + len(piece) if first < 0 else max(line + first, 0)
        if line > MOST_BYTES_PER_LINE:
            raise _long_line(name, rows + 1)
        if first >= 0:
            rows += piece.count(b"\n")
            line = len(piece) - last - 1
        pieces.append(piece)
    return b"".join(pieces)


def _long_line(file: str, row: int) -> FileFaultError:
    limit = MOST_BYTES_PER_LINE // 1024
    return FileFaultError(file, f"is longer than {limit} kB", "rows of ordinary length", row=row)


def _refuse_large(name: str, size: int, most: int) -> None:
    if size > most:
        raise FileFaultError(
            name,
            f"takes the package to more than {MOST_BYTES // 1024**2} MB",
            "a package within that size",
        )


def _unreadable(name: str, error: OSError) -> FileFaultError:
    reason = (error.strerror or str(error)).lower()
    return FileFaultError(name, f"can't be read ({reason})", "a file that may be read")


def _leaf(entry: zipfile.ZipInfo) -> str:
    return PurePosixPath(entry.filename).name
