"""What a page says about all treatments at once: the network of each outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reprieve.answers.months import OverMonths, over_months
from reprieve.answers.network_certainty import network_certainty
from reprieve.answers.networks import Bridge, NetworkAnswer, Part, Response, choices
from reprieve.answers.words import OUTCOMES, capital
from reprieve.certainty.grading.certainty import Certainty
from reprieve.certainty.networks.results import NetworkCertainty
from reprieve.effects.question import Question
from reprieve.evidence import vocabulary
from reprieve.evidence.nodes import node
from reprieve.evidence.records import Evidence
from reprieve.figures import text
from reprieve.report.charts import Chart, choices_chart, graph_chart, network_chart

SHOWN_FROM = 3
"""Treatments from which a network is shown; two are a pair, which the page shows above."""

SHOWN_AT = 6.0
"""The month whose network is drawn, or the one nearest to it that has one."""


@dataclass(frozen=True)
class Row:
    """A treatment against the reference, at each month.

    Attributes
    ----------
    name : str
    certainty : Certainty or None
        Of the difference at the month that is drawn.
    cells : tuple of (tuple of str or None)
        For each month the difference with its interval, the rank with its interval, and trials.
    """

    name: str
    certainty: Certainty | None
    cells: tuple[tuple[str, str, str] | None, ...]


@dataclass(frozen=True)
class Section:
    """The network of one outcome.

    Attributes
    ----------
    anchor, title : str
    answer : NetworkAnswer
        At the month that is drawn.
    month : str
    reference : str
        What all are held against, in words.
    months : tuple of str
        The columns of `rows`.
    rows : tuple of Row
    league : tuple of tuple of str
        Row by row; the diagonal holds names.
    reading : str
        Which way a cell of the league table is to be read.
    graph, forest, choices : Chart
    coherence : str
        Whether direct and indirect evidence agree.
    bridges : tuple of Bridge
    responses : tuple of (str, Response)
    command : str
    """

    anchor: str
    title: str
    answer: NetworkAnswer
    month: str
    reference: str
    months: tuple[str, ...]
    rows: tuple[Row, ...]
    league: tuple[tuple[str, ...], ...]
    reading: str
    graph: Chart
    forest: Chart
    choices: Chart | None
    coherence: str
    bridges: tuple[Bridge, ...]
    responses: tuple[tuple[str, Response], ...]
    command: str


def network_sections(
    condition: str, evidence: Evidence, outcomes: Sequence[str] = ("pain", "function")
) -> tuple[Section, ...]:
    """The network of each outcome that connects three treatments or more."""
    found = (
        _section(over_months(Question(condition=condition, outcome=outcome), evidence), evidence)
        for outcome in outcomes
    )
    return tuple(section for section in found if section)


def _section(found: OverMonths, evidence: Evidence) -> Section | None:
    answer = found.nearest(SHOWN_AT)
    part = answer.main if answer else None
    if answer is None or part is None or len(part.treatments) < SHOWN_FROM:
        return None
    question = answer.question
    outcome = OUTCOMES[question.outcome][0]
    league = part.fit.league(digits=1)
    names = {code: capital(name) for code, name in part.names.items()}
    return Section(
        anchor=f"all-{question.outcome}",
        title=capital(outcome),
        answer=answer,
        month=f"{question.month:g}",
        reference=node(str(found.reference)).name,
        months=tuple(f"Month {month:g}" for month in found.months),
        rows=tuple(_rows(found, network_certainty(answer, evidence))),
        league=tuple(
            tuple(names.get(cell, cell.replace("-", "−")) for cell in row[1:])
            for row in league.to_frame().rows()
        ),
        reading=league.reading,
        graph=graph_chart(part, answer.found.nodes),
        forest=network_chart(
            part, outcome, vocabulary.threshold(question.condition, question.outcome).points
        ),
        choices=choices_chart(choices(answer, evidence), part, outcome),
        coherence=_coherence(part),
        bridges=answer.bridges,
        responses=tuple((node(r.node).name, r) for r in answer.responses),
        command=(
            f"reprieve ask {question.condition} --comparator all --outcome {question.outcome} "
            f"--month {question.month:g}"
        ),
    )


def _rows(found: OverMonths, rated: NetworkCertainty | None) -> list[Row]:
    """Treatments in the order of the month in which most of them stand."""
    months = found.months
    cells = {
        (row["treatment"], row["month"]): (
            text.effect(row["estimate"], (row["ci_low"], row["ci_high"])),
            f"rank {row['median_rank']:.0f} of {row['of']} "
            f"({row['rank_low']} to {row['rank_high']})",
            f"{row['trials']} trial{'s' * (row['trials'] > 1)}",
        )
        for row in found.table.iter_rows(named=True)
    }
    fullest = max(months, key=lambda month: sum(key[1] == month for key in cells))
    order = found.table.filter(month=fullest)["treatment"].to_list()
    order += [code for code in found.table["treatment"].unique(maintain_order=True)
              if code not in order]  # fmt: skip
    sure = {pair.treatment: pair.certainty for pair in rated.against_reference()} if rated else {}
    return [
        Row(
            capital(node(code).name),
            sure.get(code),
            tuple(cells.get((code, month)) for month in months),
        )
        for code in order
    ]


def _coherence(part: Part) -> str:
    """Whether direct and indirect evidence agree, in a sentence or two."""
    split = part.fit.split().to_frame().drop_nulls("difference")
    split = split.filter(split["difference"].is_not_nan())
    if split.is_empty():
        return (
            "No comparison is made both directly and through other treatments, so whether the "
            "two ways agree can't be checked."
        )
    apart = split.filter(split["p"] < 0.05)
    ways = f"{len(split)} comparison{'s' * (len(split) > 1)}"
    if apart.is_empty():
        return (
            f"{ways} can be made both directly and through other treatments; in none do the two "
            "ways differ by more than chance may explain. With so few trials that is weak "
            "reassurance."
        )
    worst = apart.sort("p").row(0, named=True)
    pair = f"{node(worst['treatment1']).name} and {node(worst['treatment2']).name}"
    return (
        f"{ways} can be made both directly and through other treatments; in {len(apart)} the two "
        f"ways differ by more than chance explains (most of all {pair}: p {worst['p']:.3f}). "
        "Estimates that mix the two should be read with care."
    )
