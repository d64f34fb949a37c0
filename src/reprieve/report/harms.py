"""What a page says about harms: trials, bounds, published rates, and benefit beside harm."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from reprieve.answers.answer import Answer
from reprieve.answers.benefit_harm import benefit_harm
from reprieve.answers.harm_words import allowed, difference, of_people
from reprieve.answers.harms import HarmResult, HarmsAnswer, ask_harms
from reprieve.answers.words import capital
from reprieve.effects.harms import HarmsQuestion
from reprieve.evidence import vocabulary
from reprieve.evidence.published_harms import PublishedHarm, published_harms
from reprieve.evidence.records import Evidence
from reprieve.figures.benefit_harm import benefit_harm as benefit_harm_figure
from reprieve.figures.theme import specification, to_svg
from reprieve.report.charts import Chart

CELLS, USUAL = "cell_therapy", "placebo"
OTHERS = ("traditional", "injection")
"""Whose published harms stand beside those of cells."""


@dataclass(frozen=True)
class HarmRow:
    """A family of events in the overview.

    Attributes
    ----------
    name, treatment, comparator : str
        What it is; people with it on both sides.
    difference, range : str
        How many more of 100 people, and from where to where.
    alone, allows : str
        People with it with the treatment in all trials; and, where nobody had it, what that still
        allows. Each is empty where no trial counts it.
    result : HarmResult
    """

    name: str
    treatment: str
    comparator: str
    difference: str
    range: str
    alone: str
    allows: str
    result: HarmResult


@dataclass(frozen=True)
class HarmsSection:
    """The harms of cell therapy in a condition.

    Attributes
    ----------
    title, treatment, comparator : str
    answer : HarmsAnswer
    rows : tuple of HarmRow
        Families that some trial counts.
    chart : Chart or None
        Benefit and harm on one axis, where the page opens with people of 100.
    published : dict of str to list of PublishedHarm
        Published numbers by treatment, none of them an outbreak or a case report.
    command : str
    """

    title: str
    treatment: str
    comparator: str
    answer: HarmsAnswer
    rows: tuple[HarmRow, ...]
    chart: Chart | None
    published: dict[str, list[PublishedHarm]]
    command: str


def harms_section(
    condition: str, opening: Answer | None, evidence: Evidence
) -> HarmsSection | None:
    """Harms against the comparator that the page opens with, else against placebo.

    None where neither a trial nor a published number tells of a harm.
    """
    comparator = opening.question.comparator if opening else USUAL
    question = HarmsQuestion(condition=condition, treatment=CELLS, comparator=comparator)
    answer = ask_harms(question, evidence)
    rows = tuple(_row(found) for found in answer.families if found.status != "not_reported")
    published = _published(condition)
    if not rows and not published:
        return None
    treatment, other = (vocabulary.treatment(code).name for code in (CELLS, comparator))
    chart = None
    people = opening is not None and opening.per_100 is not None and opening.fit is not None
    if opening is not None and people and any(row.treatment for row in rows):
        found = specification(benefit_harm_figure(benefit_harm(opening, answer)))
        chart = Chart(found["description"], Markup(to_svg(found)))
    return HarmsSection(
        title=f"{capital(treatment)} against {other}",
        treatment=treatment,
        comparator=other,
        answer=answer,
        rows=rows,
        chart=chart,
        published=published,
        command=f"reprieve harms {condition} --treatment {CELLS} --comparator {comparator}",
    )


def _row(found: HarmResult) -> HarmRow:
    both, one = found.pooled, found.alone
    more, _, ends = difference(both).partition(" (") if both else ("", "", "")
    return HarmRow(
        name=capital(found.family.name),
        treatment=of_people(both.treatment) if both else "",
        comparator=of_people(both.comparator) if both else "",
        difference=more,
        range=ends.rstrip(")"),
        alone=of_people(one.people) if one else "",
        allows=f"still allows {allowed(one.people)}" if one and not one.people.events else "",
        result=found,
    )


def _published(condition: str) -> dict[str, list[PublishedHarm]]:
    rows = [row for code in (CELLS, *OTHERS) for row in published_harms(code, condition)]
    found: dict[str, list[PublishedHarm]] = {}
    for row in dict.fromkeys(rows):
        if not row.apart and row.kind not in ("count", "other"):
            found.setdefault(vocabulary.treatment(row.treatment).name, []).append(row)
    return found
