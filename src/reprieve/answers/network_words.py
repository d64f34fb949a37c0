"""A network in plain words: templates over the numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from reprieve.answers.words import OUTCOMES, listed, points
from reprieve.evidence import vocabulary
from reprieve.evidence.nodes import node

if TYPE_CHECKING:
    from reprieve.answers.networks import NetworkAnswer, Part


def in_words(answer: NetworkAnswer) -> str:
    """The answer as a few plain sentences."""
    part = answer.main
    sentences = (
        [_nothing(answer)] if part is None else [_size(answer, part), *_effects(answer, part)]
    )
    if answer.bridges:
        classes = listed([bridge.class_name for bridge in answer.bridges], "or")
        trials = "; ".join(bridge.trial for bridge in answer.bridges)
        sentences.append(
            f"No chain of trials connects cell therapy with {classes}. "
            f"{'A trial' if len(answer.bridges) == 1 else 'Trials'} that would: {trials}."
        )
    sentences.append(
        "Each number has been read once; how sure the estimates are is rated one by one."
    )
    return " ".join(sentences)


def _nothing(answer: NetworkAnswer) -> str:
    question = answer.question
    low, high = question.months
    return (
        f"No trial of {vocabulary.condition(question.condition).name} compares treatments by "
        f"{OUTCOMES[question.outcome][0]} between months {low:g} and {high:g} with numbers that "
        "can be used."
    )


def _size(answer: NetworkAnswer, part: Part) -> str:
    question = answer.question
    trials = "One trial" if part.fit.k == 1 else f"{part.fit.k} trials"
    verb = "connects" if part.fit.k == 1 else "connect"
    others = len(answer.parts) - 1
    apart = (
        f" {_count(others)} other group{'s' * (others > 1)} of treatments "
        f"{'stand' if others > 1 else 'stands'} apart: no trial ties "
        f"{'them' if others > 1 else 'it'} to these."
        if others
        else ""
    )
    mine = answer.found.table.filter(pl.col("study_id").is_in(part.studies))
    added = mine.filter("add_on")["study_id"].n_unique()
    which = "it" if part.fit.k == 1 else f"{_count(added).lower()} of the trials"
    on_top = f" In {which} a treatment was given on top of what both groups got." if added else ""
    low, high = question.months
    when = f"about {question.month:g} month{'s' * (question.month != 1)} after treatment"
    return (
        f"{trials} with {people_of(part)} {verb} {len(part.treatments)} treatments of "
        f"{vocabulary.condition(question.condition).name}, {when} (visits of months {low:g} to "
        f"{high:g} count).{on_top}{apart}"
    )


def people_of(part: Part) -> str:
    """How many people a part holds, in words."""
    return f"{part.people:,} people" if part.people else "an unreported number of people"


def _effects(answer: NetworkAnswer, part: Part) -> list[str]:
    """Each treatment against the reference, those first that are shown to differ."""
    fit = part.fit
    name, better, worse = OUTCOMES[answer.question.outcome]
    against = node(fit.reference).name
    question = answer.question
    worthwhile = question.mcid or vocabulary.threshold(question.condition, question.outcome).points
    shown, unsure = [], []
    for row in fit.to_frame().sort("estimate").iter_rows(named=True):
        low, high = row["ci_low"], row["ci_high"]
        treatment = node(row["treatment"]).name
        if low <= 0 <= high:
            unsure.append(treatment)
            continue
        which = better if row["estimate"] < 0 else worse
        shown.append(
            f"{treatment}: {which} by {abs(row['estimate']):.1f} points of 100 "
            f"({100 * fit.level:g}% interval {points(low)} to {points(high)})"
            + _worth(low, high, worthwhile)
        )
    sentences = []
    if shown:
        sentences.append(f"Against {against}, the difference is shown for {'; '.join(shown)}.")
    if unsure:
        sentences.append(
            f"For {listed(unsure)} the interval of the difference in {name} from {against} holds "
            "zero: it is not shown which is better."
        )
    if fit.df < 2:
        sentences.append(
            "Hardly any comparison was made twice, so that differences between trials can't be "
            "told from chance; the intervals may be too narrow."
        )
    return sentences


def _worth(low: float, high: float, worthwhile: float | None) -> str:
    """Whether a difference that is shown is also large enough to matter.

    Examples
    --------
    >>> _worth(-17.3, -0.3, 17.5), _worth(-21.7, -6.7, 17.5), _worth(-30.0, -20.0, 17.5)
    (', less than a worthwhile 17.5', ', not shown to be a worthwhile 17.5', '')
    """
    least, most = sorted((abs(low), abs(high)))
    if worthwhile is None or least >= worthwhile:
        return ""
    what = "less than" if most < worthwhile else "not shown to be"
    return f", {what} a worthwhile {worthwhile:g}"


def _count(number: int) -> str:
    words = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
    return words[number] if number < len(words) else str(number)
