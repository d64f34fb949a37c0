"""Every record of a register classified, into Parquet files of one row a record.

Each part is done by itself and marked when it is whole, so a run that was broken off goes on where
it stopped, and parts can be done on many machines. What was there before stays in use until the
new one is complete.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reprieve.files import write_whole
from reprieve.living.bulk.parts import PART_SIZE, Part, identity, parts_of
from reprieve.living.formats.archives import forget
from reprieve.living.formats.opening import RecordFault, read_records

if TYPE_CHECKING:
    from reprieve.living.record import Record

CURRENT = "current"
"""The file that names the folder of the newest complete classification."""


@dataclass(frozen=True, slots=True)
class Classified:
    """What a classification came to.

    Attributes
    ----------
    folder : Path
        Where its Parquet files are.
    records, cells : int
        Records read, and those of cell therapy among them.
    parts, done_before : int
        Parts, and those of them that an earlier run had done.
    faults : tuple of RecordFault
        Records that could not be read.
    """

    folder: Path
    records: int
    cells: int
    parts: int
    done_before: int
    faults: tuple[RecordFault, ...]


def classify(
    sources: Sequence[str | Path],
    folder: str | Path,
    *,
    executor: Executor | None = None,
    part_size: int = PART_SIZE,
    progress: Callable[[int, int], None] | None = None,
) -> Classified:
    r"""Classify every record of some files into Parquet.

    Parameters
    ----------
    sources : sequence of path
        The archive of ClinicalTrials.gov (JSON), an AACT dump, or files that `read_records` reads.
    folder : path
        Where the files go; it is made when it is not there. Run again after a break, only what is
        missing is done; after a change of the sources or the rules, all of it.
    executor : concurrent.futures.Executor, optional
        Where parts are done: a `ProcessPoolExecutor` of spawned (not forked) processes, or that of
        a cluster such as Dask's ``client.get_executor()``, whose machines must see the same files.
        Left out: here.
    part_size : int
        Records of an archive that are done at a time.
    progress : callable, optional
        Told after each part how many of how many are done.

    Returns
    -------
    Classified

    Raises
    ------
    InputError
        A file can't be opened. Single records that can't be read are listed in `faults`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     file = Path(place) / "found.ris"
    ...     _ = file.write_text("TY  - JOUR\nID  - 1\nTI  - Marrow stem cells for knees\nER  - \n")
    ...     found = classify([file], Path(place) / "classified")
    ...     found.records, found.cells
    (1, 1)
    """
    paths, place = [Path(source).absolute() for source in sources], Path(folder).absolute()
    parts = parts_of(paths, part_size)
    made = place / identity(paths, part_size)
    made.mkdir(parents=True, exist_ok=True)
    waiting = [part for part in parts if not _account_of(made, part).exists()]
    done_before = len(parts) - len(waiting)
    try:
        for done, _ in enumerate(_each_done(waiting, made, executor), done_before + 1):
            if progress is not None:
                progress(done, len(parts))
    finally:
        forget()
    _put_in_use(place, made)
    return _joined(made, parts, done_before)


def _each_done(parts: list[Part], made: Path, executor: Executor | None) -> Iterator[Part]:
    if executor is None:
        for part in parts:
            yield classify_part(part, made)
    else:
        for future in as_completed([executor.submit(classify_part, part, made) for part in parts]):
            yield future.result()


def classify_part(part: Part, made: Path) -> Part:
    """Write the rows of one part, then its account, which says that it is whole."""
    import polars as pl

    from reprieve.living.bulk.rows import SCHEMA, row_of
    from reprieve.living.recognising import recognise_each

    faults: list[RecordFault] = []
    told = recognise_each(_without_collections(part, faults))
    columns = zip(*(row_of(record, found) for record, found in told), strict=True)
    rows = pl.DataFrame(dict(zip(SCHEMA, columns, strict=False)), schema=SCHEMA)
    target = made / f"{part.name}.parquet"
    unfinished = target.with_suffix(f".{os.getpid()}.tmp")
    rows.write_parquet(unfinished, compression="zstd")
    unfinished.replace(target)
    account = {
        "records": rows.height,
        "cells": int(rows["is_cell_therapy"].sum()),
        "faults": [[fault.file, fault.place, fault.problem] for fault in faults],
    }
    write_whole(_account_of(made, part), json.dumps(account))
    return part


def _without_collections(part: Part, faults: list[RecordFault]) -> Iterator[Record]:
    """The records of a part, without searches for cyclic garbage: records have none.

    They would go through all the rows that wait in memory, again and again.
    """
    members = None if part.start is None else range(part.start, part.stop or 0)
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield from read_records(part.source, faults, members=members, raw=False)
    finally:
        if enabled:
            gc.enable()


def _account_of(made: Path, part: Part) -> Path:
    return made / f"{part.name}.json"


def _joined(made: Path, parts: list[Part], done_before: int) -> Classified:
    accounts = [json.loads(_account_of(made, part).read_text("utf-8")) for part in parts]
    return Classified(
        made,
        sum(account["records"] for account in accounts),
        sum(account["cells"] for account in accounts),
        len(parts),
        done_before,
        tuple(RecordFault(*fault) for account in accounts for fault in account["faults"]),
    )


def _put_in_use(place: Path, made: Path) -> None:
    """From now on questions are answered from `made`; what it replaces goes."""
    before = current(place)
    write_whole(place / CURRENT, made.name)
    if before is not None and before != made:
        shutil.rmtree(before, ignore_errors=True)


def current(folder: Path) -> Path | None:
    """The newest complete classification in a folder, if there is one."""
    try:
        name = (folder / CURRENT).read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    return folder / name if name.isalnum() else None
