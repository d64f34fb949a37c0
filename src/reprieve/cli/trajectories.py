"""`reprieve ask … --month all`: a treatment against a comparator over all months."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from reprieve.cli import output

if TYPE_CHECKING:
    from reprieve.answers.trajectories import TrajectoryAnswer
    from reprieve.effects.question import Question
    from reprieve.evidence import Evidence

_PLACES = 36
"""Characters of the picture in the terminal."""


def print_trajectory(
    question: Question, evidence: Evidence, picture: Path | None, *, json: bool
) -> None:
    """Every month of a question: words, a picture in the terminal, and one in a file."""
    from reprieve.answers import ask_trajectory

    answer = ask_trajectory(question, evidence)
    if picture is not None and answer.fit is not None:
        _draw(answer, picture)
    if json:
        output.print_json(answer.to_dict())
        return
    console = output.console()
    console.print(output.paragraphs(answer.in_words), markup=False)
    if answer.fit is not None:
        console.print(_months(answer))
    typer.echo(f"\nEvidence of {answer.evidence_date}. Decision support, not medical advice.")


def _draw(answer: TrajectoryAnswer, picture: Path) -> None:
    from reprieve.figures.theme import save
    from reprieve.figures.trajectory import trajectory

    question = answer.question
    if answer.fit is None:
        return
    chart = trajectory(
        answer.fit,
        [question.treatment],
        question.comparator,
        mcid=answer.mcid,
        effect=f"Difference in {question.outcome} (points of 100)",
        names=answer.names,
    )
    typer.echo(f"The picture is at {save(chart, picture)}", err=True)


def _months(answer: TrajectoryAnswer) -> object:
    fit, question = answer.fit, answer.question
    rows: list[dict[str, Any]] = []
    if fit is not None:
        found = fit.difference(question.treatment).to_dicts()
        rows = [
            row for row in found if row["month"] >= answer.start and not math.isnan(row["estimate"])
        ]
    low = min([row["ci_low"] for row in rows], default=0.0)
    high = max([row["ci_high"] for row in rows], default=0.0)
    low, high = min(low, 0.0), max(high, 0.0)
    shown = output.table(
        "Month", "Points (95% CI)", f"← better: {output.points(low)} to {output.points(high)}"
    )
    for row in rows:
        shown.add_row(
            f"{row['month']:g}",
            f"{output.points(row['estimate'])} ({output.points(row['ci_low'])} to "
            f"{output.points(row['ci_high'])})",
            _bar(row["estimate"], row["ci_low"], row["ci_high"], low, high),
        )
    return shown


def _bar(estimate: float, start: float, end: float, low: float, high: float) -> str:
    """An interval as a line of characters, with the zero.

    Examples
    --------
    >>> _bar(-5.0, -10.0, 0.0, -10.0, 5.0)[:13]
    '├───────────●'
    """

    def place(value: float) -> int:
        return round((value - low) / ((high - low) or 1.0) * (_PLACES - 1))

    line = [" "] * _PLACES
    line[place(0.0)] = "│"
    for i in range(place(start), place(end) + 1):
        line[i] = "─"
    line[place(start)], line[place(end)] = "├", "┤"
    line[place(estimate)] = "●"
    return "".join(line)
