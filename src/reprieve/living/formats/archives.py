"""Zip archives of very many small files: listed once, and each file taken out in one go.

`zipfile` needs seconds to list an archive of 600,000 files, and for a small file as long for its
own care as for the bytes. So a list is kept for the next part of the same archive, and what is
packed in the usual way is unpacked here; everything else is left to `zipfile`.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterable
from functools import cached_property, lru_cache
from pathlib import Path
from typing import IO, Self

_HEADER = struct.Struct("<4s22xHH")
"""What stands before a file in an archive: a sign, the length of its name, and of what follows."""

_USUAL = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED_OR_PATCHED = 0x1 | 0x20 | 0x40


class Archive:
    """An archive that is open.

    Parameters
    ----------
    path : Path
    in_parts : bool
        Whether it is read part by part, so that its list is kept for the next one.

    Raises
    ------
    zipfile.BadZipFile
        It can't be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "studies.zip"
    ...     with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
    ...         made.writestr("1.json", "{}")
    ...     with Archive(path) as archive:
    ...         [(member.filename, archive.read(member)) for member in archive.members]
    [('1.json', b'{}')]
    """

    def __init__(self, path: Path, *, in_parts: bool = False) -> None:
        self.members = (listed if in_parts else _members)(path)
        self._path = path
        self._file = path.open("rb", buffering=1 << 20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if "whole" in self.__dict__:
            self.whole.close()

    @cached_property
    def whole(self) -> zipfile.ZipFile:
        """The archive as `zipfile` opens it."""
        return zipfile.ZipFile(self._path)

    def open(self, member: zipfile.ZipInfo) -> IO[bytes]:
        """A file of the archive, to be read bit by bit."""
        return self.whole.open(member)

    def read(self, member: zipfile.ZipInfo) -> bytes:
        """A file of the archive as a whole.

        Raises
        ------
        zipfile.BadZipFile
            It is damaged.
        """
        if member.compress_type not in _USUAL or member.flag_bits & _ENCRYPTED_OR_PATCHED:
            return self.whole.read(member)
        try:
            data = self._packed(member)
            if member.compress_type == zipfile.ZIP_DEFLATED:
                data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, member.file_size + 1)
        except (struct.error, zlib.error, OSError) as error:
            raise zipfile.BadZipFile(str(error)) from error
        if len(data) != member.file_size or zlib.crc32(data) != member.CRC:
            raise zipfile.BadZipFile("it is not what was packed")
        return data

    def _packed(self, member: zipfile.ZipInfo) -> bytes:
        self._file.seek(member.header_offset)
        sign, name, extra = _HEADER.unpack(self._file.read(_HEADER.size))
        if sign != b"PK\x03\x04":
            raise zipfile.BadZipFile("it does not begin where it should")
        self._file.seek(name + extra, 1)
        return self._file.read(member.compress_size)


def holds(members: Iterable[zipfile.ZipInfo], name: str) -> bool:
    """Whether a file of this name is in an archive, in whatever folder."""
    return any(member.filename.rpartition("/")[2] == name for member in members)


def listed(path: Path) -> tuple[zipfile.ZipInfo, ...]:
    """The files of an archive, in their order; the list is kept."""
    state = path.stat()
    return _kept(path, state.st_size, state.st_mtime_ns)


def forget() -> None:
    """Keep no list any longer: that of a whole register takes 300 MB."""
    _kept.cache_clear()


@lru_cache(maxsize=1)
def _kept(path: Path, _size: int, _changed: int) -> tuple[zipfile.ZipInfo, ...]:
    return _members(path)


def _members(path: Path) -> tuple[zipfile.ZipInfo, ...]:
    with zipfile.ZipFile(path) as archive:
        return tuple(member for member in archive.infolist() if not member.is_dir())
