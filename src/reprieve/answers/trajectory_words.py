"""A trajectory in plain words: templates over the numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reprieve.answers.words import OUTCOMES, points
from reprieve.evidence import vocabulary

if TYPE_CHECKING:
    from reprieve.answers.trajectories import TrajectoryAnswer
    from reprieve.synthesis.trajectories.milestones import Milestone


def in_words(answer: TrajectoryAnswer) -> str:
    """The answer as a few plain sentences."""
    question = answer.question
    treatment = vocabulary.treatment(question.treatment).name
    comparator = vocabulary.treatment(question.comparator).name
    condition = vocabulary.condition(question.condition).name
    if answer.fit is None:
        return (
            f"No trial, and no chain of trials, connects {treatment} with {comparator} in "
            f"{condition} with numbers that can be used."
        )
    fit = answer.fit
    sentences = [
        f"{_count(len(fit.visits.study), 'difference')} from {_count(fit.k, 'trial')} of "
        f"{condition}, measured at {_count(len(fit.months), 'different month')}, in one network "
        f"over time; for {treatment} against {comparator} they cover {_span(answer)}.",
        _at(answer, treatment, comparator),
        _form(answer),
        *_milestones(answer, treatment),
        "Certainty is rated for single months, not for this course; each number was read once.",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _at(answer: TrajectoryAnswer, treatment: str, comparator: str) -> str:
    found = answer.at(answer.question.month)
    if found is None:
        return f"Month {answer.question.month:g} lies beyond the data; nothing is said about it."
    _, better, worse = OUTCOMES[answer.question.outcome]
    size, low, high = found["estimate"], found["ci_low"], found["ci_high"]
    unsure = " The interval holds zero: which is better is not shown." if low < 0 < high else ""
    early = (
        f" No visit is that early: it rests on the form of the course before month "
        f"{answer.start:g}."
        if answer.question.month < answer.start
        else ""
    )
    return (
        f"At month {answer.question.month:g}: {better if size < 0 else worse} with {treatment} "
        f"than with {comparator} by {abs(size):.1f} points of 100 (95% interval {points(low)} to "
        f"{points(high)})." + unsure + early
    )


def _span(answer: TrajectoryAnswer) -> str:
    start, reach = answer.start, answer.reach
    return f"month {reach:g} alone" if start == reach else f"months {start:g} to {reach:g}"


def _form(answer: TrajectoryAnswer) -> str:
    fit = answer.fit
    if fit is None:
        return ""
    if fit.shape == "constant":
        return (
            "No curve predicts left-out trials clearly better than a difference that stays as it "
            "is from the first visit on."
        )
    form = f" ({fit.form})" if fit.form else ""
    return f"No shape tried predicts left-out trials clearly better than {fit.shape}{form}."


def _milestones(answer: TrajectoryAnswer, treatment: str) -> list[str]:
    found = answer.milestones
    if not found or answer.fit is None:
        return []
    sentences = []
    if answer.fit.shape != "constant":
        peak, half = found["peak"], found["half_life"]
        gone = (
            f"half of it has not gone when the data end (month {half.reach:g})"
            if math.isinf(half.months)
            else f"half of it has gone by month {_month(half)}"
        )
        sentences.append(
            f"The difference is greatest when the data end (month {half.reach:g})."
            if peak.months == peak.ci[0] == half.reach
            else f"The difference is greatest about month {_month(peak)}; {gone}."
        )
    below = found.get("time_below_mcid")
    if below is not None and answer.mcid:
        if below.months == 0 or math.isnan(below.months):
            sentences.append(
                f"More likely than not the difference reaches a worthwhile {answer.mcid:g} points "
                "at no month."
            )
        elif math.isinf(below.months):
            sentences.append(
                f"It is still at least a worthwhile {answer.mcid:g} points when the data end."
            )
        else:
            sentences.append(
                f"It stays above a worthwhile {answer.mcid:g} points until month {_month(below)}."
            )
    return sentences


def _month(found: Milestone) -> str:
    def one(value: float) -> str:
        return f"beyond {found.reach:g}" if math.isinf(value) else f"{value:.1f}"

    return f"{one(found.months)} ({one(found.ci[0])} to {one(found.ci[1])})"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
