"""Numbers and labels as people read them: true minus signs, intervals, who and how."""

from __future__ import annotations

from reprieve.answers.answer import Answer, StudyEffect
from reprieve.effects.question import Question
from reprieve.evidence import vocabulary

Basis = str
"""How a trial's value was come by: a key of `BASES`."""

BASES = {
    "reported": ("", "as reported"),
    "recovered": ("†", "computed from other numbers of the report, or read off a figure"),
    "imputed": ("‡", "rests on a value that was not reported and was imputed"),
}
"""For each basis, its footnote sign and what it means."""


def number(value: float, digits: int = 1) -> str:
    """A number with a true minus sign, and never a minus zero.

    Examples
    --------
    >>> number(-8.34), number(-0.04), number(12.0, 0)
    ('−8.3', '0.0', '12')
    """
    return f"{value:.{digits}f}".replace("-", "−") if round(value, digits) else f"{0:.{digits}f}"


def interval(bounds: tuple[float, float]) -> str:
    """An interval in points of 100, safe to read beside minus signs.

    Examples
    --------
    >>> interval((-15.1, -1.5))
    '−15.1 to −1.5'
    """
    low, high = bounds
    return f"{number(low)} to {number(high)}"


def effect(estimate: float, bounds: tuple[float, float]) -> str:
    """An estimate in points of 100 with its interval.

    Examples
    --------
    >>> effect(-8.3, (-15.1, -1.5))
    '−8.3 (−15.1 to −1.5)'
    """
    return f"{number(estimate)} ({interval(bounds)})"


def percent(share: float) -> str:
    """A share of 100 without decimals, which never calls a small one nothing.

    Examples
    --------
    >>> percent(41.2), percent(0.3)
    ('41%', '<1%')
    """
    return f"{share:.0f}%" if share >= 0.5 else "<1%"


def people(study: StudyEffect, between: str = " v ") -> str:
    """People analysed with the treatment and with the comparator; a question mark if unknown."""
    return f"{study.n_treatment or '?'}{between}{study.n_comparator or '?'}"


def basis(study: StudyEffect) -> Basis:
    """How a trial's value was come by, from its notes and the flags of its source rows."""
    said = " ".join(study.notes)
    flags = {row.flag for row in study.rows}
    if "imputed" in said or "imputed" in flags:
        return "imputed"
    if "read_off" in flags or any(w in said for w in ("recovered", "estimated", "read off")):
        return "recovered"
    return "reported"


def in_order(answer: Answer) -> list[StudyEffect]:
    """The trials by year, those without one last."""
    return sorted(answer.studies, key=lambda s: (s.year is None, s.year or 0, s.label))


def sides(answer: Answer) -> tuple[str, str]:
    """The names of the treatment and of the comparator."""
    return names(answer.question)


def names(question: Question) -> tuple[str, str]:
    """The same, of a question."""
    return (
        vocabulary.treatment(question.treatment).name,
        vocabulary.treatment(question.comparator).name,
    )
