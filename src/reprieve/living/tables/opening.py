"""Any table of results, told by the names of its columns."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from reprieve.errors import InputError
from reprieve.living.formats.pieces import DOCUMENT_LIMIT, whole
from reprieve.living.tables.arms import is_long, is_wide, read_long, read_wide
from reprieve.living.tables.cells import read_cells
from reprieve.living.tables.comparisons import (
    is_effects,
    is_two_groups,
    read_effects,
    read_two_groups,
)
from reprieve.living.tables.revman_package import is_data_package, read_data_package
from reprieve.living.tables.revman_results import is_study_results, read_study_results
from reprieve.living.tables.values import ReadTable

_MOST_MEMBERS = 1000
_DEEPEST = 2
_ANALYSES = frozenset({"analysisgroup", "analysisnumber", "study"})
_EXPECTED = (
    "study, treatment, n and events, or mean and SD, an arm a row or numbered (T.1, N.1, R.1 …); "
    "ai bi ci di; m1i sd1i n1i m2i sd2i n2i; yi vi; TE seTE treat1 treat2; id t1 t2 effect se; "
    "or RevMan's Study results"
)


def read_table(
    path: Path | str,
    *,
    measure: str = "",
    arms: tuple[str, str] = ("experimental", "control"),
) -> ReadTable:
    r"""Read a table of results: CSV in any of the usual forms, or RevMan's data package.

    Parameters
    ----------
    path : Path or str
        A CSV file, the zip of a data package, or the folder that it unpacks to.
    measure : str
        For tables of effects, which do not say it: ``"MD"``, ``"SMD"``, ``"RD"``, ``"OR"``,
        ``"RR"`` or ``"HR"``. Ratios are expected as logarithms, as metafor, netmeta and CINeMA
        have them, and are given as ratios.
    arms : (str, str)
        What the first and the second group are called, where the table does not say.

    Returns
    -------
    ReadTable

    Raises
    ------
    reprieve.errors.InputError
        The file can't be opened, or is of no known form.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "pain.csv"
    ...     _ = file.write_text("studlab,treat1,treat2,TE,seTE\nVega 2015,MSC,HA,-11.2,6.1\n")
    ...     read = read_table(file, measure="MD")
    >>> read.contrasts[0].arm_a, read.contrasts[0].estimate
    ('MSC', -11.2)
    """
    path = Path(path)
    try:
        files = dict(_files(path))
    except OSError as error:
        raise InputError(
            f"{path}: can't be read ({error.strerror or error}); give a CSV file, or the zip or "
            "the folder of a data package"
        ) from error
    if len(files) > 1 and is_data_package(files):
        return read_data_package(files)
    if len(files) != 1:
        raise InputError(
            f"{path}: {len(files)} CSV files that are no data package of RevMan; give one of them"
        )
    ((name, data),) = files.items()
    table = read_cells(data, name)
    columns = frozenset(table.columns)
    if is_study_results(columns):
        return read_study_results(table)
    if columns >= _ANALYSES:
        raise InputError(
            f"{name}: rows of analyses without their settings; give the whole data package, as "
            "zip or as folder"
        )
    if is_two_groups(columns):
        return read_two_groups(table, arms)
    if is_effects(columns):
        return read_effects(table, measure, arms)
    if is_wide(columns):
        return read_wide(table)
    if is_long(columns):
        return read_long(table)
    shown = ", ".join(written for written in table.columns.values() if written)[:200]
    raise InputError(f"{name}: a table of no known form (it has {shown}); expected {_EXPECTED}")


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(path.rglob("*.csv")):
            with file.open("rb") as stream:
                yield str(file.relative_to(path)), whole(stream)
        return
    with path.open("rb") as stream:
        data = whole(stream)
    if data[:4] == b"PK\x03\x04":
        yield from _members(data, path.name, _DEEPEST)
    else:
        yield path.name, data


def _members(data: bytes, name: str, depth: int) -> Iterator[tuple[str, bytes]]:
    """The CSV files in a zip, and in the zips in it."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        infos = archive.infolist()
        if len(infos) > _MOST_MEMBERS or sum(i.file_size for i in infos) > DOCUMENT_LIMIT:
            raise InputError(f"{name}: more or larger files in the zip than a data package has")
        for info in infos:
            if info.filename.endswith(".csv"):
                with archive.open(info) as member:
                    yield info.filename, whole(member)
            elif info.filename.endswith(".zip") and depth:
                with archive.open(info) as member:
                    yield from _members(whole(member), info.filename, depth - 1)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{name}: a zip that can't be read ({error}); export it again") from error
