"""What a page says: answers put in order, named, and ready for the templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from reprieve.answers import comparisons
from reprieve.answers.answer import Answer, Effect, Exclusion
from reprieve.answers.multiverse import Multiverse, multiverse
from reprieve.answers.words import OUTCOMES, capital, months
from reprieve.effects.question import Question
from reprieve.evidence import vocabulary
from reprieve.evidence.catalogue import evidence_map, studies_of
from reprieve.evidence.records import Evidence
from reprieve.evidence.words import Condition
from reprieve.figures.evidence_map import colours
from reprieve.figures.text import sides
from reprieve.figures.theme import unchecked
from reprieve.report.charts import Chart, forest_chart, people_chart
from reprieve.report.diagnostics import Diagnostics, diagnostics_of
from reprieve.report.harms import HarmsSection, harms_section
from reprieve.report.missing import Missing, missing_of
from reprieve.report.networks import Section, network_sections
from reprieve.report.trajectories import Course, course_of


@dataclass(frozen=True)
class Block:
    """One answered question with its figures.

    Attributes
    ----------
    anchor : str
        The id of its place on the page.
    title : str
        Such as ``Pain, about 6 months after treatment``.
    measured : str
        When the trials measured, where that is not the month asked for; else empty.
    answer : Answer
    forest, people : Chart or None
    excluded : dict of str to tuple of Exclusion
        Trials left out, by reason.
    command : str
        What computes the same again.
    diagnostics : Diagnostics or None
        Whether the answer holds.
    """

    anchor: str
    title: str
    measured: str
    answer: Answer
    forest: Chart | None
    people: Chart | None
    excluded: dict[str, tuple[Exclusion, ...]]
    command: str
    diagnostics: Diagnostics | None


@dataclass(frozen=True)
class Comparison:
    """A treatment against a comparator, with every block about it.

    Attributes
    ----------
    anchor, treatment, comparator : str
    blocks : tuple of Block
        Those with a number; or the one that says why there is none.
    status : {"number", "known", "untested"}
        Whether there is a number, trials without one, or no trial.
    cells : tuple of (Block or None)
        The blocks in the columns of the overview.
    """

    anchor: str
    treatment: str
    comparator: str
    blocks: tuple[Block, ...]
    status: str
    cells: tuple[Block | None, ...]

    @property
    def title(self) -> str:
        return f"{capital(self.treatment)} against {self.comparator}"


@dataclass(frozen=True)
class Box:
    """One cell of the evidence map, as a box of the page."""

    name: str
    trials: int
    people: int
    read: int
    fill: str
    ink: str


@dataclass(frozen=True)
class Page:
    """All that the page of a condition says.

    Attributes
    ----------
    condition : Condition
    headline : Answer or None
        The answer that the page opens with.
    columns : tuple of str
        Headings of the overview.
    comparisons : tuple of Comparison
    course : Course or None
        The question that the page opens with, over months.
    networks : tuple of Section
        All treatments at once, for each outcome.
    harms : HarmsSection or None
        What can go wrong.
    missing : Missing or None
        Registered trials that stayed silent, and the way from records to trials.
    boxes : tuple of Box
    unread : dict of str to list of dict
        Trials known whose results have not been read, by kind.
    date : str
    """

    condition: Condition
    headline: Answer | None
    columns: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    course: Course | None
    networks: tuple[Section, ...]
    harms: HarmsSection | None
    missing: Missing | None
    boxes: tuple[Box, ...]
    unread: dict[str, list[dict[str, object]]]
    date: str

    def of(self, status: str) -> list[Comparison]:
        """The comparisons with a number, with trials but no number, or without trials."""
        return [c for c in self.comparisons if c.status == status]

    @property
    def entry(self) -> IndexEntry:
        """What an index says of the page."""
        opening = self.headline
        tested = any(box.trials for box in self.boxes if box.name == "cell therapy")
        return IndexEntry(
            condition=self.condition,
            effect=opening.effect if opening else None,
            symbols=opening.certainty.symbols if opening else "",
            level=opening.certainty.level if opening else "",
            brief=in_brief(opening) if opening else "",
            tested=tested,
            answered=bool(self.of("number")),
        )


@dataclass(frozen=True)
class IndexEntry:
    """What an index says of one condition.

    Attributes
    ----------
    condition : Condition
    effect : Effect or None
        That of the answer which the page opens with.
    symbols, level : str
        Its certainty.
    brief : str
        Who was compared with whom.
    tested : bool
        Whether any trial has cells.
    answered : bool
        Whether any comparison has a number.
    """

    condition: Condition
    effect: Effect | None
    symbols: str
    level: str
    brief: str
    tested: bool
    answered: bool


def page_of(condition: str, evidence: Evidence, cells: pl.DataFrame | None = None) -> Page:
    """Answer everything about a condition and put it in order.

    Parameters
    ----------
    condition : str
        A code of the vocabulary.
    evidence : Evidence
    cells : polars.DataFrame, optional
        The evidence map, when it has been made already.

    Returns
    -------
    Page
    """
    entry = vocabulary.condition(condition)
    answers = comparisons(condition, evidence)
    cells = evidence_map(evidence) if cells is None else cells
    shown = list(dict.fromkeys(_column(a) for a in answers if a.effect))
    opening = headline(answers)
    with unchecked():
        return _page(entry, answers, opening, shown, evidence, cells)


def _page(
    entry: Condition,
    answers: list[Answer],
    opening: Answer | None,
    shown: list[tuple[str, float]],
    evidence: Evidence,
    cells: pl.DataFrame,
) -> Page:
    condition = entry.code
    return Page(
        condition=entry,
        headline=opening,
        columns=tuple(_heading(*column) for column in shown),
        comparisons=tuple(_comparisons(answers, shown, _everything(opening, evidence))),
        course=course_of(opening, evidence),
        networks=network_sections(condition, evidence),
        harms=harms_section(condition, opening, evidence),
        missing=missing_of(condition, opening, evidence),
        boxes=tuple(_boxes(cells.filter(pl.col("condition") == condition))),
        unread=_unread(evidence, condition),
        date=evidence.date,
    )


def headline(answers: Sequence[Answer]) -> Answer | None:
    """The answer to open with: cell therapy first, pooled before single trials, pain first."""
    with_number = [a for a in answers if a.effect and a.question.treatment == "cell_therapy"]
    return next(
        (a for a in with_number if a.status == "pooled"), with_number[0] if with_number else None
    )


def in_brief(answer: Answer) -> str:
    """Who was compared with whom, in one line; empty where there is no number."""
    if answer.effect is None:
        return ""
    treatment, comparator = sides(answer)
    outcome, effect = OUTCOMES[answer.question.outcome][0], answer.effect
    trials = "one trial" if effect.k == 1 else f"{effect.k} trials"
    low, high = effect.ci
    unsure = " The interval holds zero: which is better is not shown." if low < 0 < high else ""
    return (
        f"Difference in {outcome} about {months(answer.question.month)} after {treatment} against "
        f"{comparator}; {trials}, {effect.n:,} people.{unsure}"
    )


def command(question: Question) -> str:
    """What to type to get the same answer."""
    return (
        f"reprieve ask {question.condition} --treatment {question.treatment} "
        f"--comparator {question.comparator} --outcome {question.outcome} "
        f"--month {question.month:g}"
    )


def _column(answer: Answer) -> tuple[str, float]:
    return answer.question.outcome, answer.question.month


def _heading(outcome: str, month: float) -> str:
    name = OUTCOMES[outcome][0]
    return f"{capital(name)}, month {month:g}"


def _everything(opening: Answer | None, evidence: Evidence) -> Multiverse | None:
    """All analyses of the question that the page opens with."""
    if opening is None or opening.fit is None:
        return None
    return multiverse(opening.question, evidence)


def _comparisons(
    answers: list[Answer], shown: list[tuple[str, float]], every: Multiverse | None
) -> list[Comparison]:
    pairs: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        pair = answer.question.treatment, answer.question.comparator
        pairs.setdefault(pair, []).append(answer)
    found = []
    for (treatment, comparator), asked in pairs.items():
        anchor = f"{treatment}-against-{comparator}".replace("_", "-")
        blocks = tuple(_block(anchor, answer, every) for answer in asked)
        places = {_column(block.answer): block for block in blocks}
        status = (
            "number"
            if any(a.effect for a in asked)
            else "untested"
            if all(a.status == "no_trial" for a in asked)
            else "known"
        )
        found.append(
            Comparison(
                anchor=anchor,
                treatment=vocabulary.treatment(treatment).name,
                comparator=vocabulary.treatment(comparator).name,
                blocks=blocks,
                status=status,
                cells=tuple(places.get(column) for column in shown),
            )
        )
    return found


def _block(anchor: str, answer: Answer, every: Multiverse | None) -> Block:
    question = answer.question
    excluded: dict[str, tuple[Exclusion, ...]] = {}
    for left_out in answer.excluded:
        excluded[left_out.reason] = (*excluded.get(left_out.reason, ()), left_out)
    outcome = OUTCOMES[question.outcome][0]
    return Block(
        anchor=f"{anchor}-{question.outcome}-{question.month:g}".replace("_", "-"),
        title=f"{capital(outcome)}, about {months(question.month)} after treatment",
        measured=_measured(answer),
        answer=answer,
        forest=forest_chart(answer) if answer.effect else None,
        people=people_chart(answer),
        excluded=excluded,
        command=command(question),
        diagnostics=diagnostics_of(
            answer, every if every is not None and every.question == question else None
        ),
    )


def _measured(answer: Answer) -> str:
    months = sorted({study.month for study in answer.studies})
    if not months or months == [answer.question.month]:
        return ""
    if len(months) == 1:
        return f"measured at month {months[0]:g}"
    return f"measured at months {months[0]:g} to {months[-1]:g}"


def _boxes(cells: pl.DataFrame) -> list[Box]:
    boxes = []
    for row in cells.iter_rows(named=True):
        read = row["trials_with_numbers"]
        fill, ink = colours(row["trials"] if read else 0)
        boxes.append(Box(row["treatment_name"], row["trials"], row["people"], read, fill, ink))
    return boxes


def _unread(evidence: Evidence, condition: str) -> dict[str, list[dict[str, object]]]:
    """Trials without a single result read: those of cell therapy, then the others."""
    everything = studies_of(evidence, condition).filter(pl.col("values") == 0)
    with_cells = studies_of(evidence, condition, "cell_therapy")["study_id"]
    mine = pl.col("study_id").is_in(with_cells.to_list())
    return {
        kind: [row | {"names": _names(row["treatments"])} for row in chosen.iter_rows(named=True)]
        for kind, chosen in (
            ("Trials of cell therapy", everything.filter(mine)),
            ("Trials of other treatments", everything.filter(~mine)),
        )
        if not chosen.is_empty()
    }


def _names(codes: str | None) -> str:
    """Treatments by name, from codes joined by semicolons."""
    return ", ".join(vocabulary.treatment(code).name for code in (codes or "").split(";") if code)
