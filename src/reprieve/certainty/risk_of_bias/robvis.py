"""Judgements in the layout of the R package robvis: a row a study, a column a domain.

The columns are found by their names (Study, D1 …, Overall, Weight), never by their place
(McGuinness & Higgins 2021 Res Synth Methods 12:55).
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from reprieve.certainty.risk_of_bias.files import (
    named_rows,
    refuse_faults,
    write_rows,
)
from reprieve.certainty.risk_of_bias.records import BiasJudgement, refuse_flaws
from reprieve.certainty.risk_of_bias.tools import NOT_JUDGED, OVERALL, Tool, tool
from reprieve.errors import InputError
from reprieve.evidence.faults import Fault

_NOTHING = ("", "na", "n/a", "not judged", "none")


class Robvis(NamedTuple):
    """A file in robvis's layout.

    Attributes
    ----------
    judgements : list of BiasJudgement
    weights : dict of str to float
        By study; empty where the file has no column Weight.
    """

    judgements: list[BiasJudgement]
    weights: dict[str, float]


def columns(tool_id: str) -> tuple[str, ...]:
    """The columns of robvis's layout for a tool.

    Examples
    --------
    >>> columns("rob2")
    ('Study', 'D1', 'D2', 'D3', 'D4', 'D5', 'Overall', 'Weight')
    """
    domains = [domain for domain in tool(tool_id).domains if domain != OVERALL]
    return ("Study", *domains, "Overall", "Weight")


def read_robvis(
    path: str | Path, tool_id: str = "rob2", *, who: str, date: str | None = None
) -> Robvis:
    """Read judgements from a file in robvis's layout.

    Parameters
    ----------
    path : str or Path
        A CSV file; ``Overall`` and ``Weight`` may be left out.
    tool_id : str
    who : str
        Whose judgements they are, such as the review that they come from.
    date : str, optional
        The day on which they were judged, ISO 8601; today when not given.

    Returns
    -------
    Robvis
        An empty cell, ``NA``, or (RoB 2 has no such judgement) ``No information`` is not judged.

    Raises
    ------
    PackageError, InputError
        With the first faults as ``file:row: column: …``.
    """
    path, chosen = Path(path), tool(tool_id)
    known = columns(tool_id)
    rows = named_rows(path, known, known[:-2])
    day = date or datetime.date.today().isoformat()
    faults: list[Fault] = []
    weights: dict[str, float] = {}
    found: dict[tuple[str, str], BiasJudgement] = {}
    for number, row in enumerate(rows, start=2):
        study = row["Study"]
        if not study:
            faults.append(Fault(path.name, number, "Study", "is empty", "the name of a study"))
        elif (study, OVERALL) in found:
            faults.append(
                Fault(path.name, number, "Study", f"{study!r} stands twice", "each study once")
            )
        for column in known[1:-1]:
            domain = OVERALL if column == "Overall" else column
            word = _word(chosen, row[column])
            if word is None:
                expected = ", ".join(w.capitalize() for w in chosen.judgements)
                message = f"{row[column]!r} is no judgement of {chosen.name}"
                faults.append(Fault(path.name, number, column, message, expected))
                continue
            judged = word != NOT_JUDGED
            found[study, domain] = BiasJudgement(
                study, domain, word, tool_id,
                who=who if judged else "",
                date=day if judged else "",
                why=f"as given in {path.name}" if judged else "",
            )  # fmt: skip
        if row["Weight"]:
            weight = _weight(row["Weight"])
            if weight is None:
                message = f"{row['Weight']!r} is no weight"
                faults.append(Fault(path.name, number, "Weight", message, "a number above 0"))
            else:
                weights[study] = weight
    refuse_faults(path, faults)
    judgements = list(found.values())
    refuse_flaws(judgements)
    return Robvis(judgements, weights)


def write_robvis(
    path: str | Path,
    judgements: Iterable[BiasJudgement],
    weights: Mapping[str, float] | None = None,
) -> None:
    """Write judgements of one tool in robvis's layout.

    Parameters
    ----------
    path : str or Path
    judgements : iterable of BiasJudgement
        Of one tool, one result a study. What nobody judged is ``No information`` for RoB 2, as
        robvis has it, and an empty cell for ROBINS-I, where that word is a judgement.
    weights : mapping of str to float, optional
        By study: the column ``Weight``.

    Raises
    ------
    InputError
        Several tools, several results of a study, or studies without a weight.
    """
    table = by_study(judgements)
    chosen = tool(next(iter(next(iter(table.values())).values())).tool) if table else tool("rob2")
    blank = "" if "no information" in chosen.judgements else "No information"
    header = columns(chosen.id)[: None if weights is not None else -1]
    rows = []
    for study, domains in table.items():
        if weights is not None and study not in weights:
            raise InputError(f"weights has none for {study!r}; give one a study, or none at all")
        cells = [study]
        for column in columns(chosen.id)[1:-1]:
            judged = domains.get(OVERALL if column == "Overall" else column)
            told = judged is not None and judged.judgement != NOT_JUDGED
            cells.append(judged.judgement.capitalize() if judged and told else blank)
        rows.append(cells if weights is None else [*cells, f"{weights[study]:.10g}"])
    write_rows(Path(path), header, rows)


def by_study(judgements: Iterable[BiasJudgement]) -> dict[str, dict[str, BiasJudgement]]:
    """The judgements of one tool by study and domain.

    Raises
    ------
    InputError
        Several tools, or several results of a study.
    """
    table: dict[str, dict[str, BiasJudgement]] = {}
    results: dict[str, tuple[str, ...]] = {}
    used: dict[str, None] = {}
    for judgement in judgements:
        used[judgement.tool] = None
        if len(used) > 1:
            raise InputError(
                f"judgements by {' and '.join(used)} don't share their domains; choose those of "
                "one tool"
            )
        if results.setdefault(judgement.study, judgement.result) != judgement.result:
            raise InputError(
                f"{judgement.study} has judgements of several results; choose one by its outcome "
                "or comparison"
            )
        table.setdefault(judgement.study, {})[judgement.domain] = judgement
    return table


def _word(chosen: Tool, cell: str) -> str | None:
    word = " ".join(cell.lower().replace("_", " ").split())
    if word in chosen.judgements:
        return word
    missing = word in _NOTHING or word == "no information"
    return NOT_JUDGED if missing else None


def _weight(cell: str) -> float | None:
    try:
        weight = float(cell)
    except ValueError:
        return None
    return weight if weight > 0 and math.isfinite(weight) else None
