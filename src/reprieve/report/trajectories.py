"""What a page says about time: the question it opens with, month by month."""

from __future__ import annotations

from dataclasses import dataclass

from reprieve.answers.answer import Answer
from reprieve.answers.trajectories import TrajectoryAnswer, ask_trajectory
from reprieve.answers.words import capital
from reprieve.evidence.records import Evidence
from reprieve.figures import text
from reprieve.report.charts import Chart, course_chart

MONTHS = (1.0, 3.0, 6.0, 12.0, 24.0)


@dataclass(frozen=True)
class Course:
    """A treatment against a comparator over months.

    Attributes
    ----------
    title : str
    answer : TrajectoryAnswer
    chart : Chart
    rows : tuple of (str, str, str)
        Month, difference, and mean pain under treatment and comparator where known.
    shapes : tuple of (str, str, bool)
        What was tried, how much worse it predicts than the best, and whether it was chosen.
    command : str
    """

    title: str
    answer: TrajectoryAnswer
    chart: Chart
    rows: tuple[tuple[str, str, str], ...]
    shapes: tuple[tuple[str, str, bool], ...]
    command: str


def course_of(opening: Answer | None, evidence: Evidence) -> Course | None:
    """The course of the question that a page opens with; None where trials show one visit."""
    if opening is None:
        return None
    question = opening.question
    answer = ask_trajectory(question, evidence)
    fit = answer.fit
    if fit is None or len(fit.months) < 2:
        return None
    both = text.names(question)
    return Course(
        title=f"{capital(both[0])} against {both[1]}",
        answer=answer,
        chart=course_chart(answer),
        rows=tuple(_rows(answer)),
        shapes=tuple(
            (row["shape"], text.number(row["difference"], 1), row["chosen"])
            for row in fit.shapes.iter_rows(named=True)
        ),
        command=(
            f"reprieve ask {question.condition} --treatment {question.treatment} "
            f"--comparator {question.comparator} --outcome {question.outcome} --month all"
        ),
    )


def _rows(answer: TrajectoryAnswer) -> list[tuple[str, str, str]]:
    absolute = answer.absolute()
    question = answer.question
    rows = []
    for month in MONTHS:
        found = answer.at(month)
        if found is None or month < answer.start:
            continue
        levels = ""
        if absolute is not None and answer.fit is not None:
            near = absolute.filter(absolute["month"] == month)
            known = dict(zip(near["treatment"], near["estimate"], strict=True))
            if {question.treatment, question.comparator} <= set(known):
                levels = (
                    f"{text.number(known[question.treatment], 0)} against "
                    f"{text.number(known[question.comparator], 0)}"
                )
        effect = text.effect(found["estimate"], (found["ci_low"], found["ci_high"]))
        rows.append((f"{month:g}", effect, levels))
    return rows
