"""What a page says about what is missing: trials registered and never heard of again."""

from __future__ import annotations

from dataclasses import dataclass

from reprieve.answers.answer import Answer
from reprieve.answers.flow import Flow, flow_from
from reprieve.answers.words import capital
from reprieve.certainty.unpublished import CELLS, MissingEvidence, missing_from
from reprieve.effects.harmonise import harmonise
from reprieve.effects.question import Question
from reprieve.evidence import vocabulary
from reprieve.evidence.catalogue import studies_of
from reprieve.evidence.records import Evidence
from reprieve.evidence.register import REGISTER, STATES
from reprieve.figures import text
from reprieve.report.charts import Chart, flow_chart

RECORD = "https://clinicaltrials.gov/study/"


@dataclass(frozen=True)
class SilentTrial:
    """A registered trial that ended and shows no results.

    Attributes
    ----------
    nct_id, title, link : str
    planned : int or None
        People.
    randomised : bool
    ended : str
        Year and month of primary completion, as registered.
    """

    nct_id: str
    title: str
    link: str
    planned: int | None
    randomised: bool
    ended: str


@dataclass(frozen=True)
class Missing:
    """What is missing from the question that a page opens with.

    Attributes
    ----------
    title : str
    found : MissingEvidence
    flow : Flow
    words : tuple of str
        Paragraphs.
    states : tuple of (str, int, int)
        What has become of registered trials: in words, trials, people planned.
    what_if : tuple of (str, str)
        The difference as found, and had silent trials found something.
    silent : tuple of SilentTrial
    chart : Chart
    command : str
    """

    title: str
    found: MissingEvidence
    flow: Flow
    words: tuple[str, ...]
    states: tuple[tuple[str, int, int], ...]
    what_if: tuple[tuple[str, str], ...]
    silent: tuple[SilentTrial, ...]
    chart: Chart
    command: str


def missing_of(condition: str, opening: Answer | None, evidence: Evidence) -> Missing | None:
    """What is missing from the question of a page: the one it opens with, or cells against placebo.

    None where the register holds no trial and the page opens with no number.
    """
    question = opening.question if opening else Question(condition=condition)
    comparisons = harmonise(evidence, question)
    found = missing_from(question, evidence, comparisons, opening.fit if opening else None)
    if opening is None and found.trials.is_empty():
        return None
    flow = flow_from(found, comparisons, evidence)
    with_cells = evidence.studies.join(
        studies_of(evidence, condition, CELLS), on="study_id", how="semi"
    )
    treatment, comparator = text.names(question)
    return Missing(
        title=f"{capital(treatment)} against {comparator}",
        found=found,
        flow=flow,
        words=tuple(_words(found, with_cells.height, with_cells["registration"].null_count())),
        states=tuple(
            (capital(STATES[state]), trials, planned)  # type: ignore[index]
            for state, (trials, planned) in found.counts.items()
            if trials
        ),
        what_if=tuple(_what_if(found)),
        silent=tuple(_silent(found)),
        chart=flow_chart(flow),
        command=(
            f"reprieve missing {condition} --treatment {question.treatment} "
            f"--comparator {question.comparator} --outcome {question.outcome} "
            f"--month {question.month:g}"
        ),
    )


def _words(found: MissingEvidence, known: int, without_number: int) -> list[str]:
    name = vocabulary.condition(found.question.condition).name
    registered, day = found.trials.height, found.as_of.isoformat()
    if not registered:
        return [f"{REGISTER} held no trial of mesenchymal cells in {name} on {day}."]
    trials = "one trial" if registered == 1 else f"{registered} trials"
    opening = f"On {day}, {REGISTER} held {trials} of mesenchymal cells in {name}."
    if not found.silent:
        return [f"{opening} No randomised one among them is overdue without results."]
    one = found.silent == 1
    share = text.percent(100 * found.share_missing)
    of_whom = (
        f": {share} of all people in this question's trials and in {'it' if one else 'them'}"
        if found.people
        else ""
    )
    said = [
        f"{opening} {'One' if one else found.silent} randomised {'trial' if one else 'trials'}, "
        f"with {found.planned_silent:,} people planned, ended more than a year before that day "
        f"and {'has' if one else 'have'} shown no results there or in this evidence{of_whom}."
    ]
    if found.if_null is None:
        said.append("There is no pooled number yet that they could move.")
    else:
        said.append(
            "The table shows how far they could move the answer. It is a worst case: what each "
            "held cells against is not in the register's extract, so all are counted here, each "
            "with the people it planned."
        )
    if without_number:
        said.append(
            f"Registered and reported trials are matched by registration number. {without_number} "
            f"of {known} trials of cells in this evidence have none on record, and some of the "
            "silent trials may be among them."
        )
    return said


def _what_if(found: MissingEvidence) -> list[tuple[str, str]]:
    if found.if_null is None or found.if_opposite is None:
        return []
    return [
        ("As found", text.effect(found.estimate, found.ci)),
        (
            "If each silent trial found no difference",
            text.effect(found.if_null.estimate, found.if_null.ci),
        ),
        (
            f"If each found the opposite ({text.number(found.if_opposite.effect)})",
            text.effect(found.if_opposite.estimate, found.if_opposite.ci),
        ),
    ]


def _silent(found: MissingEvidence) -> list[SilentTrial]:
    rows = found.trials.filter(state="silent").sort("primary_completion_date", "nct_id")
    return [
        SilentTrial(
            nct_id=row["nct_id"],
            title=row["title"],
            link=RECORD + row["nct_id"],
            planned=row["planned"],
            randomised=row["allocation"] == "Randomized",
            ended=str(row["primary_completion_date"] or row["completion_date"]),
        )
        for row in rows.iter_rows(named=True)
    ]
