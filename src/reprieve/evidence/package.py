"""Evidence packages: the five CSV files, their side tables, and how they are read and written."""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from reprieve.errors import InputError, nearest_words
from reprieve.evidence.datapackage import datapackage
from reprieve.evidence.faults import Fault, FileFaultError
from reprieve.evidence.reading import Archive, Folder, open_package, read_cells
from reprieve.evidence.records import Evidence
from reprieve.evidence.schema import READINGS, SIDE_TABLES, TABLES, Column
from reprieve.evidence.typed import columns_of, empty_table, header_faults, typed_table

SNAPSHOT = Path(__file__).with_name("snapshot")
"""The curated evidence that comes with Reprieve."""
DESCRIPTION = "datapackage.json"
REQUIRED = ("studies", "arms")


def load_evidence(path: str | Path | None = None) -> Evidence:
    """The evidence of a package, or the curated snapshot that comes with Reprieve.

    Parameters
    ----------
    path : str or Path, optional
        A folder or a zip archive; left out, the snapshot.

    Returns
    -------
    Evidence

    Raises
    ------
    PackageError
        If a file can't be read at all.
    InputError
        If columns are wrong or a cell is not of its type.

    Examples
    --------
    >>> evidence = load_evidence()
    >>> evidence.arms.columns[:2]
    ['study_id', 'arm_id']
    """
    return _snapshot() if path is None else read_package(path)


@cache
def _snapshot() -> Evidence:
    return read_package(SNAPSHOT)


def read_package(path: str | Path) -> Evidence:
    """Read an evidence package from a folder or a zip archive.

    The types are made sure of here; whether the content makes sense is the business of
    :func:`reprieve.evidence.check.check_package`.

    Parameters
    ----------
    path : str or Path
        The folder or zip archive.

    Returns
    -------
    Evidence

    Raises
    ------
    PackageError
        If a file can't be read at all.
    InputError
        If columns are wrong or a cell is not of its type; the message lists the first faults.
    """
    found = scan_package(Path(path))
    for error in found.unreadable:
        raise error
    if found.faults:
        first = "\n".join(f"  {fault}" for fault in found.faults[:5])
        raise InputError(
            f"{path} has {len(found.faults)} faults in columns or cells:\n{first}\n"
            f"Run `reprieve evidence check {path}` to see all of them."
        )
    return found.evidence


@dataclass
class Scan:
    """What reading a package gave: evidence as far as it goes, and what stood in the way.

    Attributes
    ----------
    evidence : Evidence
        Tables that could not be read are empty; cells that could not be read are null.
    faults : list of Fault
        Faults of columns and cells.
    unreadable : list of FileFaultError
        Files that could not be read at all.
    missing : set of str
        The tables that are empty because of either.
    """

    evidence: Evidence
    faults: list[Fault] = field(default_factory=list)
    unreadable: list[FileFaultError] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)


def scan_package(path: Path) -> Scan:
    """Read what can be read of a package; faults are collected, not raised.

    Raises
    ------
    FileFaultError
        Only if the folder or archive as a whole can't be opened.
    """
    source = open_package(path)
    tables: dict[str, pl.DataFrame] = {}
    scan = Scan(
        Evidence(**{t: empty_table(t) for t in (*TABLES, *SIDE_TABLES)}, date="", origin="")
    )
    for table in (*TABLES, *SIDE_TABLES):
        try:
            tables[table], faults = _read_table(source, table)
            scan.faults += faults
        except FileFaultError as error:
            scan.unreadable.append(error)
        except _HeaderFaultsError as error:
            scan.faults += error.faults
        if table not in tables:
            tables[table] = empty_table(table)
            scan.missing.add(table)
    try:
        created = _date_of(source)
    except FileFaultError as error:
        scan.unreadable.append(error)
        created = ""
    scan.evidence = Evidence(**tables, date=created, origin=str(path))
    return scan


class _HeaderFaultsError(Exception):
    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__()


def _read_table(source: Folder | Archive, table: str) -> tuple[pl.DataFrame, list[Fault]]:
    file = f"{table}.csv"
    if file not in source.names:
        others = [name for name in sorted(source.names) if name.lower().endswith(".csv")]
        near = nearest_words(file, others[:100])
        hint = f" (is {near[0]} meant?)" if near else ""
        if table in REQUIRED:
            raise FileFaultError(file, f"is missing{hint}", "a file with this name")
        return empty_table(table), []
    header, cells = read_cells(source.read(file), file)
    if wrong := header_faults(table, header):
        raise _HeaderFaultsError(wrong)
    return typed_table(table, header, cells)


def _date_of(source: Folder | Archive) -> str:
    """The day on which the package was compiled, empty where the package does not say."""
    if DESCRIPTION not in source.names:
        return ""
    try:
        description = json.loads(source.read(DESCRIPTION))
    except (ValueError, RecursionError) as error:
        raise FileFaultError(DESCRIPTION, f"is not JSON ({error})", "a JSON object") from error
    created = description.get("created", "") if isinstance(description, dict) else None
    if not isinstance(created, str) or not re.fullmatch(r"(\d{4}-\d\d-\d\d.*)?", created):
        raise FileFaultError(DESCRIPTION, "has no proper `created`", "a day such as 2026-01-31")
    return created[:10]


def write_package(evidence: Evidence, folder: Path, *, created: str | None = None) -> None:
    """Write evidence as a package: all of its files, or none.

    Parameters
    ----------
    evidence : Evidence
        What to write. Empty texts are written as empty cells, whole numbers without decimals,
        other numbers with the fewest digits that read back as the same number.
    folder : Path
        Where to; made when it is not there. Files of a package that stand there are replaced,
        other files are left alone.
    created : str, optional
        The day to write down as that of compilation (ISO 8601); left out, that of `evidence`,
        or today where it has none.

    Raises
    ------
    InputError
        If a table lacks columns or has others, if a text holds characters that a package can't
        hold, or if `folder` is a file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_package(load_evidence(), Path(folder) / "mine")
    ...     read_package(Path(folder) / "mine").arms.equals(load_evidence().arms)
    True
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; a package is written into a folder")
    files = {
        f"{table}.csv": _csv_text(table, evidence.table(table))
        for table in (*TABLES, *SIDE_TABLES)
        if table in TABLES or not evidence.table(table).is_empty()
    }
    day = created or evidence.date or datetime.date.today().isoformat()
    files[DESCRIPTION] = _description(day, files)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        (beside / "new").mkdir()
        (beside / "old").mkdir()
        for name, text in files.items():
            (beside / "new" / name).write_text(text, encoding="utf-8", newline="")
        if folder.exists():
            _swap_files(beside / "new", folder, beside / "old")
        else:
            os.rename(beside / "new", folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _swap_files(new: Path, folder: Path, old: Path) -> None:
    """Put the files of `new` in place of the package in `folder`; put all back on failure."""
    ours = [f"{table}.csv" for table in (*TABLES, *SIDE_TABLES)] + [DESCRIPTION]
    placed: list[str] = []
    try:
        for name in ours:
            if (folder / name).exists():
                os.rename(folder / name, old / name)
        for name in os.listdir(new):
            os.rename(new / name, folder / name)
            placed.append(name)
    except OSError:
        for name in placed:
            os.unlink(folder / name)
        for name in os.listdir(old):
            os.rename(old / name, folder / name)
        raise


def _csv_text(table: str, frame: pl.DataFrame) -> str:
    """A table as CSV text; ``readings`` only where a row was not read just once."""
    columns = columns_of(table)
    wrong = {column.name for column in columns} ^ (set(frame.columns) - {"row"})
    if wrong:
        raise InputError(
            f"the table {table} lacks or should not have the columns {', '.join(sorted(wrong))}; "
            f"expected {', '.join(column.name for column in columns)}"
        )
    if table in TABLES and not (frame["readings"] != 1).any():
        columns = TABLES[table]
    cells = text_cells(frame, columns)
    for column in columns:
        text = cells[column.name]
        unfit = text.str.contains("\0", literal=True)
        if column.kind == "number":
            unfit |= text.is_in(["NaN", "inf", "-inf"])
        if unfit.any():
            study = frame.filter(unfit)["study_id"][0]
            raise InputError(
                f"{table}, column {column.name}, study {study}: a package can't hold NUL "
                "characters, NaN or infinity; leave the cell empty (null)"
            )
    return cells.write_csv()


def text_cells(frame: pl.DataFrame, columns: Iterable[Column]) -> pl.DataFrame:
    """Some columns of a table as the text of CSV cells; empty cells are null.

    Examples
    --------
    >>> frame = pl.DataFrame({"month": [12.0, 1.4, None]})
    >>> text_cells(frame, [Column("month", "number", "months after treatment")])["month"].to_list()
    ['12', '1.4', None]
    """
    return frame.select(
        _number_text(column.name)
        if column.kind == "number"
        else pl.col(column.name).cast(pl.String).replace("", None)
        for column in columns
    )


def _number_text(name: str) -> pl.Expr:
    number = pl.col(name).cast(pl.Float64)
    whole = (number == number.round()) & (number.abs() < 1e15)
    short = number.cast(pl.Int64, strict=False).cast(pl.String)
    return pl.when(whole).then(short).otherwise(number.cast(pl.String)).alias(name)


def _description(created: str, files: dict[str, str]) -> str:
    """The descriptor, of the files that are there and with the columns that they have."""
    description: dict[str, Any] = datapackage(created)
    resources = [found for found in description["resources"] if found["path"] in files]
    for resource in resources:
        if files[resource["path"]].partition("\n")[0].endswith(f",{READINGS.name}"):
            del resource[READINGS.name]
            field = {"name": READINGS.name, "type": "integer", "description": READINGS.description}
            resource["schema"]["fields"].append(field)
    description["resources"] = resources
    return json.dumps(description, indent=2, ensure_ascii=False) + "\n"
