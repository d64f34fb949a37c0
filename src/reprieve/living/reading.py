"""Files of register records and of articles, read together into one package of evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from reprieve.errors import InputError
from reprieve.evidence.records import Evidence
from reprieve.evidence.schema import SIDE_TABLES, TABLES
from reprieve.evidence.typed import empty_table
from reprieve.living.account import LeftOut, Placed
from reprieve.living.articles.reading import read_article
from reprieve.living.formats.opening import RecordFault, read_records
from reprieve.living.formats.pieces import open_stream, whole
from reprieve.living.record import Record
from reprieve.living.results import read_posted_results
from reprieve.living.threads import Question, join_threads


@dataclass(frozen=True, eq=False)
class TrialRead:
    """What one record or article gave.

    Attributes
    ----------
    id, file : str
        Its number, and the file that it came from.
    evidence : Evidence
        The rows that were placed; every table is empty where nothing was.
    placed : tuple of Placed
    left_out : tuple of LeftOut
    """

    id: str
    file: str
    evidence: Evidence
    placed: tuple[Placed, ...]
    left_out: tuple[LeftOut, ...]

    def to_dict(self) -> dict[str, Any]:
        """The account as JSON."""
        return {
            "id": self.id,
            "file": self.file,
            "study_ids": self.evidence.studies["study_id"].to_list(),
            "placed": [
                {"what": p.what, "where": p.where, "table": p.table, "confidence": p.confidence}
                for p in self.placed
            ],
            "left_out": [
                {"what": left.what, "reason": left.reason, "where": left.where}
                for left in self.left_out
            ],
        }


@dataclass(frozen=True, eq=False)
class FilesRead:
    """What some files gave.

    Attributes
    ----------
    trials : tuple of TrialRead
        In the order of the files.
    evidence : Evidence
        The rows of all of them; nobody has read them yet.
    same_trial : tuple of tuple of str
        Ids that belong to one trial and were both read: its people stand in the package twice.
    questions : tuple of Question
        Records that may be of one trial.
    faults : tuple of RecordFault
        Records that could not be read.
    """

    trials: tuple[TrialRead, ...]
    evidence: Evidence
    same_trial: tuple[tuple[str, ...], ...]
    questions: tuple[Question, ...]
    faults: tuple[RecordFault, ...]

    def to_dict(self) -> dict[str, Any]:
        """The account as JSON: all that was placed and left out, then trial by trial."""
        trials = [trial.to_dict() for trial in self.trials]
        return {
            "placed": [{"trial": t["id"], **placed} for t in trials for placed in t["placed"]],
            "left_out": [{"trial": t["id"], **left} for t in trials for left in t["left_out"]],
            "trials": [
                {
                    "id": t["id"],
                    "file": t["file"],
                    "study_ids": t["study_ids"],
                    "placed": len(t["placed"]),
                    "left_out": len(t["left_out"]),
                }
                for t in trials
            ],
            "same_trial": [list(ids) for ids in self.same_trial],
            "questions": [
                {"first": q.first, "second": q.second, "score": q.score, "because": q.because}
                for q in self.questions
            ],
            "faults": [str(fault) for fault in self.faults],
        }


def read_files(
    paths: Sequence[str | Path],
    known: Evidence | None = None,
    *,
    progress: Callable[[str], None] | None = None,
) -> FilesRead:
    """Read posted results and article tables as evidence that people have yet to verify.

    Parameters
    ----------
    paths : sequence of path
        Register records with posted results (API v2, the flat form, the old XML; one or many in a
        file) and articles in JATS.
    known : Evidence, optional
        Trials that stand in it keep their ids and their arms.
    progress : callable, optional
        Told each record's number before it is read.

    Returns
    -------
    FilesRead

    Raises
    ------
    InputError
        If a file can't be opened or is of no known form. Single records that can't be read are
        listed in `faults`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "planned.json"
    ...     _ = file.write_text('{"NCTId": ["NCT01586312"], "BriefTitle": ["Cells for knees"]}')
    ...     found = read_files([file])
    >>> [left.reason for left in found.trials[0].left_out]
    ['the record has no posted results']
    """
    faults: list[RecordFault] = []
    records: list[Record] = []
    trials: list[TrialRead] = []
    files: dict[str, str] = {}
    for path in map(Path, paths):
        for record in read_records(path, faults):
            if progress is not None:
                progress(record.id)
            try:
                trial = _trial(record, path, known)
            except InputError as error:
                faults.append(RecordFault(path.name, record.id, str(error)))
                continue
            for study in trial.evidence.studies["study_id"]:
                if study in files:
                    reason = f"its trial is taken from {files[study]} already"
                    trial = _nothing(record, path, reason)
            files |= dict.fromkeys(trial.evidence.studies["study_id"], path.name)
            records.append(record)
            trials.append(trial)
    _refuse_unreadable(paths, trials, faults)
    read = {trial.id for trial in trials if trial.evidence.studies.height}
    threads = join_threads(records)
    same = [
        tuple(sorted({member.id for member in (*t.registrations, *t.papers)} & read))
        for t in threads.threads
    ]
    return FilesRead(
        tuple(trials),
        _together([trial.evidence for trial in trials]),
        tuple(ids for ids in same if len(ids) > 1),
        tuple(q for q in threads.questions if {q.first, q.second} <= read),
        tuple(faults),
    )


def _trial(record: Record, path: Path, known: Evidence | None) -> TrialRead:
    if record.kind == "paper":
        return _paper(record, path)
    try:
        found = read_posted_results(record, known)
    except InputError:
        if record.has_results:
            raise
        return _nothing(record, path, "the record has no posted results")
    return TrialRead(record.id, path.name, found.evidence, found.placed, found.left_out)


def _paper(record: Record, path: Path) -> TrialRead:
    with path.open("rb") as source:
        stream = open_stream(source)
        head = stream.peek(4096)[:4096]
        if head.startswith(b"PK\x03\x04") or b"<pmc-articleset" in head:
            return _nothing(record, path, "not in a file of its own; save each article in one")
        if b"<article" not in head:
            return _nothing(record, path, "a reference, not the full text of an article (JATS)")
        article = read_article(whole(stream))
    return TrialRead(record.id, path.name, article.evidence, article.placed, article.left_out)


def _nothing(record: Record, path: Path, reason: str) -> TrialRead:
    left = LeftOut(record.title or record.id, reason, record.id)
    return TrialRead(record.id, path.name, _together([]), (), (left,))


def _refuse_unreadable(
    paths: Sequence[str | Path], trials: Sequence[TrialRead], faults: Sequence[RecordFault]
) -> None:
    if not trials:
        raise InputError(
            "; ".join(map(str, faults))
            or f"{', '.join(Path(path).name for path in paths)}: no record was found"
        )


def _together(packages: Sequence[Evidence]) -> Evidence:
    """Several packages of different trials as one, their rows numbered anew."""
    tables: dict[str, pl.DataFrame] = {}
    for table in (*TABLES, *SIDE_TABLES):
        joined = pl.concat([empty_table(table), *(package.table(table) for package in packages)])
        tables[table] = joined.with_columns(pl.int_range(2, joined.height + 2).alias("row"))
    date = max((package.date for package in packages), default="")
    return Evidence(**tables, date=date, origin="read from files")
