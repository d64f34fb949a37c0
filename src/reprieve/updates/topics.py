"""What is asked at every update: each question that a report answers, under a lasting key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from reprieve.answers.ask import AGAINST_CELLS, AGAINST_PLACEBO
from reprieve.certainty.grading.body import key_of
from reprieve.effects.harms import HarmsQuestion
from reprieve.effects.question import Question

CELLS = "cell_therapy"
OUTCOMES_ASKED = ("pain", "function")
MONTHS_ASKED = (6.0, 12.0)
PAIRS_ASKED = (
    *((CELLS, comparator) for comparator in AGAINST_CELLS),
    *((treatment, "placebo") for treatment in AGAINST_PLACEBO),
)
"""Cell therapy against each class, and each class against placebo, as in a report."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One question, and which kind of answer is wanted.

    Attributes
    ----------
    kind : {"effect", "order", "harm"}
        Two treatments held against each other; all options at once; unwanted events.
    key : str
        The same in every version.
    condition : str
    question : Question or HarmsQuestion
    """

    kind: Literal["effect", "order", "harm"]
    key: str
    condition: str
    question: Question | HarmsQuestion


def topics(conditions: Iterable[str]) -> Iterator[Topic]:
    """Everything that is asked about some conditions.

    Examples
    --------
    >>> every = list(topics(["knee_osteoarthritis"]))
    >>> len(every), len({topic.key for topic in every})
    (69, 69)
    >>> every[0].key
    'knee_osteoarthritis cell_therapy placebo pain 6'
    """
    for condition in conditions:
        for treatment, comparator in PAIRS_ASKED:
            for outcome in OUTCOMES_ASKED:
                for month in MONTHS_ASKED:
                    yield effect_topic(
                        Question(
                            condition=condition,
                            treatment=treatment,
                            comparator=comparator,
                            outcome=outcome,
                            month=month,
                        )
                    )
        for outcome in OUTCOMES_ASKED:
            for month in MONTHS_ASKED:
                yield order_topic(Question(condition=condition, outcome=outcome, month=month))
        for comparator in AGAINST_CELLS:
            yield harm_topic(HarmsQuestion(condition=condition, comparator=comparator))


def effect_topic(question: Question) -> Topic:
    """Two treatments held against each other."""
    return Topic("effect", key_of(question), question.condition, question)


def order_topic(question: Question) -> Topic:
    """All options of a condition; the treatments of the question do not count."""
    key = f"{question.condition} order {question.outcome} {question.month:g}"
    return Topic("order", key, question.condition, question)


def harm_topic(question: HarmsQuestion) -> Topic:
    """Unwanted events with a treatment and with a comparator."""
    condition = question.condition or "all"
    key = f"{condition} {question.treatment} {question.comparator} harms"
    return Topic("harm", key, condition, question)
