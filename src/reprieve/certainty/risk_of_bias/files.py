"""The file of judgements that a team keeps beside its evidence: ``risk_of_bias.csv``.

A row a domain of a result, with named columns: ``study_id``, ``tool``, ``domain``, ``judgement``,
``who`` and ``date`` must be there; ``outcome``, ``comparison``, ``proposed``, ``answers`` and
``why`` may be.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from reprieve.certainty.risk_of_bias.records import (
    BiasJudgement,
    flaws,
    proposals,
    refuse_flaws,
)
from reprieve.certainty.risk_of_bias.tools import NOT_JUDGED
from reprieve.errors import InputError, nearest_words
from reprieve.evidence.faults import Fault
from reprieve.evidence.reading import Folder, read_cells
from reprieve.files import write_whole

COLUMNS = (
    "study_id",
    "outcome",
    "comparison",
    "tool",
    "domain",
    "judgement",
    "proposed",
    "answers",
    "who",
    "date",
    "why",
)
REQUIRED = ("study_id", "tool", "domain", "judgement", "who", "date")


class CellError(Exception):
    """A cell that can't be read; turned into a fault with its file, row and column."""


def read_judgements(path: str | Path) -> list[BiasJudgement]:
    """The judgements of a file.

    Parameters
    ----------
    path : str or Path
        A CSV file in UTF-8 with the columns of this module, in any order.

    Returns
    -------
    list of BiasJudgement
        In the order of the file. An empty judgement is ``not judged``.

    Raises
    ------
    PackageError
        If the file can't be read at all.
    InputError
        With the first faults as ``file:row: column: …``: a column that is missing or unknown, a
        word that is no judgement of its tool, a judgement without a name or a day, one that
        departs from the proposal without a reason, or a ``proposed`` that the answers don't
        propose.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> mine = [BiasJudgement("vega-2015", "D1", "low", who="A. Reader", date="2026-11-30")]
    >>> with TemporaryDirectory() as folder:
    ...     write_judgements(Path(folder) / "risk_of_bias.csv", mine)
    ...     read_judgements(Path(folder) / "risk_of_bias.csv") == mine
    True
    """
    path = Path(path)
    rows = named_rows(path, COLUMNS, REQUIRED)
    faults: list[Fault] = []
    found: list[BiasJudgement] = []
    for number, row in enumerate(rows, start=2):
        try:
            answers = _answers(row["answers"])
        except CellError as error:
            faults.append(Fault(path.name, number, "answers", str(error), "1.1=Y; 1.2=PN"))
            answers = {}
        found.append(
            BiasJudgement(
                study=row["study_id"],
                domain=row["domain"],
                judgement=row["judgement"].lower().replace("_", " ") or NOT_JUDGED,
                tool=row["tool"],
                outcome=row["outcome"],
                comparison=row["comparison"],
                answers=answers,
                who=row["who"],
                date=row["date"],
                why=row["why"],
            )
        )
    faults += [
        Fault(path.name, flaw.place + 2, flaw.column, flaw.message, flaw.expected)
        for flaw in flaws(found)
    ]
    if not faults:
        faults = _proposals_that_moved(path.name, rows, found)
    refuse_faults(path, faults)
    return found


def write_judgements(path: str | Path, judgements: Iterable[BiasJudgement]) -> None:
    """Write judgements to a file, with what the algorithms propose; all of them, or nothing.

    Parameters
    ----------
    path : str or Path
        Replaced when it is there.
    judgements : iterable of BiasJudgement

    Raises
    ------
    InputError
        If a judgement could not be read back: an unknown word, a judgement without a name or a
        day, or one that departs from the proposal without a reason.
    """
    rows = list(judgements)
    refuse_flaws(rows)
    write_rows(
        Path(path),
        COLUMNS,
        (
            (j.study, j.outcome, j.comparison, j.tool, j.domain,
             "" if j.judgement == NOT_JUDGED else j.judgement, proposal.judgement or "",
             "; ".join(f"{question}={answer}" for question, answer in j.answers.items()),
             j.who, j.date, j.why)
            for j, proposal in zip(rows, proposals(rows), strict=True)
        ),
    )  # fmt: skip


def named_rows(path: Path, known: Sequence[str], required: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a CSV file as text by column; columns that are not there are empty.

    Raises
    ------
    PackageError
        If the file can't be read at all.
    InputError
        If a column is missing, unknown or there twice.
    """
    header, cells = read_cells(Folder(path.absolute().parent).read(path.name), path.name)
    header = [name.strip() for name in header]
    faults = []
    for name in dict.fromkeys(header):
        if name not in known:
            near = nearest_words(name, known)[:1] or known
            faults.append(Fault(path.name, 1, name, "is no column of this file", " or ".join(near)))
        elif header.count(name) > 1:
            faults.append(Fault(path.name, 1, name, f"stands {header.count(name)} times", "once"))
    faults += [
        Fault(path.name, 1, name, "is missing", f"a column {name}")
        for name in required
        if name not in header
    ]
    refuse_faults(path, faults)
    blank = dict.fromkeys(known, "")
    return [
        blank | {name: (cell or "").strip() for name, cell in zip(header, row, strict=True)}
        for row in cells.iter_rows()
    ]


def refuse_faults(path: Path, faults: Sequence[Fault]) -> None:
    """Raise with the first faults, if there are any.

    Raises
    ------
    InputError
    """
    if faults:
        more = f"\n  and {len(faults) - 5} more" if len(faults) > 5 else ""
        listed = "\n".join(f"  {fault}" for fault in sorted(faults)[:5])
        raise InputError(f"{path} can't be used:\n{listed}{more}")


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV file: it is complete, or it is what it was before.

    Raises
    ------
    InputError
        If a cell holds a NUL character, which could not be read back.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    if "\0" in text.getvalue():
        raise InputError(f"{path}: a cell holds a NUL character; take it out")
    write_whole(path, text.getvalue())


def _answers(text: str) -> dict[str, str]:
    """Answers written as ``1.1=Y; 1.2=PN``."""
    found: dict[str, str] = {}
    for piece in filter(None, (piece.strip() for piece in text.split(";"))):
        question, sign, answer = (word.strip() for word in piece.partition("="))
        if not (question and sign and answer):
            raise CellError(f"{piece!r} is no answer")
        if question in found:
            raise CellError(f"{question} is answered twice")
        found[question] = answer.upper()
    return found


def _proposals_that_moved(
    file: str, rows: Sequence[dict[str, str]], found: Sequence[BiasJudgement]
) -> list[Fault]:
    """Faults where the file says that something else is proposed than is."""
    return [
        Fault(file, number, "proposed", f"{row['proposed']!r} is not what is proposed",
              " or ".join([*filter(None, [proposal.judgement]), "an empty cell"]))
        for number, (row, proposal) in enumerate(
            zip(rows, proposals(found), strict=True), start=2
        )
        if row["proposed"] and row["proposed"].lower() != proposal.judgement
    ]  # fmt: skip
