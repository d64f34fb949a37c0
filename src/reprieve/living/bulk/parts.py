"""The parts into which big files of records are cut, each done by itself."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reprieve.errors import InputError
from reprieve.living.formats.archives import holds, listed

PART_SIZE = 20_000
"""Records of an archive that are done at a time: about 20 MB of rows in memory."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file of records, or a run of the files in an archive.

    Attributes
    ----------
    source : Path
    start, stop : int or None
        Which files of the archive; None for a file that is read as a whole.
    name : str
        The name of what is made of it, without ending.
    """

    source: Path
    start: int | None
    stop: int | None
    name: str


def parts_of(sources: Sequence[Path], size: int = PART_SIZE) -> list[Part]:
    """Cut files into parts, archives after so many files.

    Raises
    ------
    InputError
        There is nothing to read, or a file can't be opened.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "studies.zip"
    ...     with zipfile.ZipFile(path, "w") as archive:
    ...         for number in range(5):
    ...             archive.writestr(f"{number}.json", "{}")
    ...     [(part.start, part.stop) for part in parts_of([path], size=2)]
    [(0, 2), (2, 4), (4, 5)]
    """
    if not sources:
        raise InputError("no file of records was named; give an archive or files of records")
    parts: list[Part] = []
    for source in sources:
        for start, stop in _cuts(source, size):
            parts.append(Part(source, start, stop, f"part-{len(parts):05}"))
    return parts


def _cuts(source: Path, size: int) -> list[tuple[int | None, int | None]]:
    if not source.is_file():
        raise InputError(f"{source}: no such file; give an archive or files of records")
    if not zipfile.is_zipfile(source):
        return [(None, None)]
    members = listed(source)
    if holds(members, "studies.txt"):
        return [(None, None)]  # the tables of a dump belong together
    return [(start, min(start + size, len(members))) for start in range(0, len(members), size)]


def identity(sources: Sequence[Path], size: int) -> str:
    """A short text that changes when the files, how they are cut, or the rules change."""
    from reprieve.living.recognising import VERSION

    told = [VERSION, str(size)]
    for source in sources:
        stat = source.stat()
        told += [source.name, str(stat.st_size), str(stat.st_mtime_ns)]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:12]
