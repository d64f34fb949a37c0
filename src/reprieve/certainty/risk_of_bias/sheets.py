"""Sheets of answers: a row a result, a column a signalling question."""

from __future__ import annotations

from pathlib import Path

from reprieve.certainty.risk_of_bias.files import named_rows, refuse_faults
from reprieve.certainty.risk_of_bias.records import BiasJudgement
from reprieve.certainty.risk_of_bias.tools import tool
from reprieve.errors import InputError
from reprieve.evidence.faults import Fault
from reprieve.evidence.reading import Folder, read_cells

_OF_RESULT = ("study_id", "outcome", "comparison")


def header_of(path: Path) -> list[str]:
    """The names of the columns of a CSV file.

    Raises
    ------
    PackageError
        If the file can't be read.
    """
    header, _ = read_cells(Folder(path.absolute().parent).read(path.name), path.name)
    return [name.strip() for name in header]


def read_answers(path: str | Path, tool_id: str) -> list[BiasJudgement]:
    """Answers of a sheet, as records that nobody has judged yet.

    Parameters
    ----------
    path : str or Path
        A CSV file with ``study_id``, if you like ``outcome`` and ``comparison``, and a column
        for each question, headed by its number: ``1.1``, ``1.2`` … Empty cells are not answered
        yet.
    tool_id : str

    Returns
    -------
    list of BiasJudgement
        For each row the domains of the tool, ``overall`` last.

    Raises
    ------
    PackageError, InputError
        With the first faults as ``file:row: column: …``.
    """
    path, chosen = Path(path), tool(tool_id)
    if not chosen.questions:
        raise InputError(
            f"{chosen.name} has no algorithm for its domains: write the judgements into a file "
            "of judgements"
        )
    rows = named_rows(path, (*_OF_RESULT, *chosen.questions), ("study_id",))
    faults: list[Fault] = []
    found: list[BiasJudgement] = []
    for number, row in enumerate(rows, start=2):
        if not row["study_id"]:
            faults.append(Fault(path.name, number, "study_id", "is empty", "the trial"))
        for question in chosen.questions.values():
            answer = row[question.id].upper()
            if answer and answer not in question.answers:
                known = ", ".join(question.answers)
                message = f"{row[question.id]!r} is no answer"
                faults.append(Fault(path.name, number, question.id, message, known))
        for domain in chosen.domains:
            asked = [q for q in chosen.asked(domain) if q in chosen.questions]
            answers = {q: row[q].upper() for q in asked if row[q]}
            found.append(
                BiasJudgement(
                    row["study_id"], domain, tool=tool_id, outcome=row["outcome"],
                    comparison=row["comparison"], answers=answers,
                )
            )  # fmt: skip
    refuse_faults(path, faults)
    return found
