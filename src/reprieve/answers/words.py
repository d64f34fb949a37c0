"""The answer in plain words: templates over the numbers, never free-form claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from reprieve.answers.answer import Effect, PerHundred, Status, StudyEffect
from reprieve.certainty.grading.certainty import Certainty
from reprieve.effects.question import Question
from reprieve.evidence import vocabulary

OUTCOMES = {
    "pain": ("pain", "less pain", "more pain"),
    "function": ("limits to daily activity", "fewer limits", "more limits"),
    "quality_of_life": ("loss of quality of life", "a better quality of life", "a worse one"),
    "structure": ("damage to tissue", "less damage", "more damage"),
    "inflammation": ("inflammation", "less inflammation", "more inflammation"),
    "global": ("overall complaints", "fewer complaints", "more complaints"),
}
"""For each outcome: its name when higher is worse, and the words for better and worse."""


WIDE = 40
"""Points of 100 from which an interval is called very wide."""


def in_words(
    question: Question,
    status: Status,
    effect: Effect | None,
    per_100: PerHundred | None,
    studies: Sequence[StudyEffect],
    excluded: pl.DataFrame,
    certainty: Certainty,
) -> str:
    """The answer as a few plain sentences."""
    sides = _sides(question)
    unread = int(excluded["unread"].sum()) if not excluded.is_empty() else 0
    if effect is None:
        return _nothing(question, sides, excluded, unread)
    sentences = [
        _who(question, sides, effect, studies),
        _how_much(question, sides, effect),
        *_worthwhile(question, effect),
        *_people(sides, per_100),
        *_elsewhere(effect),
    ]
    if unread:
        sentences.append(
            f"{_count(unread, 'more trial', 'more trials').capitalize()} of this comparison "
            f"{'is' if unread == 1 else 'are'} known, whose results have not been read yet or were "
            "not reported as numbers that can be used."
        )
    if any("imputed, pooled" in note for study in studies for note in study.notes):
        imputed = sum(any("imputed, pooled" in n for n in s.notes) for s in studies)
        sentences.append(
            f"{_count(imputed, 'trial', 'trials').capitalize()} did not report how much people "
            "varied; that was taken from other trials."
        )
    sentences += [certainty.in_words(), "Each number has been read once."]
    return " ".join(sentences)


def arm(row: Mapping[str, Any]) -> str:
    """An arm in words: the treatment, its dose and what was given besides.

    Examples
    --------
    >>> arm({"treatment": "bm_msc", "label": "MSC", "donor": "allogeneic", "dose_cells": 4.0e7,
    ...      "injections": 1, "adjunct": None})
    'bone-marrow mesenchymal stem cells (donor cells, 40 million cells)'
    """
    details = []
    if row["donor"]:
        details.append({"autologous": "own cells", "allogeneic": "donor cells"}[row["donor"]])
    if row["dose_cells"]:
        details.append(f"{cells(row['dose_cells'])} cells")
    if row["injections"] and row["injections"] > 1:
        details.append(f"{row['injections']:g} injections")
    if row["adjunct"]:
        details.append(f"with {row['adjunct'].replace('_', ' ').replace(';', ', ')}")
    name = vocabulary.treatment(row["treatment"]).name
    return f"{name} ({', '.join(details)})" if details else name


def cells(dose: float) -> str:
    """A number of cells in words.

    Examples
    --------
    >>> cells(4.0e7), cells(1.2e9), cells(350_000)
    ('40 million', '1.2 billion', '350,000')
    """
    if dose >= 1e9:
        return f"{dose / 1e9:.3g} billion"
    if dose >= 1e6:
        return f"{dose / 1e6:.3g} million"
    return f"{dose:,.0f}"


def months(number: float) -> str:
    """A number of months.

    Examples
    --------
    >>> months(1.0), months(6.0)
    ('1 month', '6 months')
    """
    return f"{number:g} month{'s' * (number != 1)}"


def points(value: float) -> str:
    """Points with a decimal and a true minus sign.

    Examples
    --------
    >>> points(-8.25)
    '−8.2'
    """
    return f"{value:.1f}".replace("-", "−")


def listed(names: Sequence[str], last: str = "and") -> str:
    """Names in a sentence.

    Examples
    --------
    >>> listed(["surgery"]), listed(["exercise", "medication", "surgery"], "or")
    ('surgery', 'exercise, medication or surgery')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def capital(words: str) -> str:
    """The words with a capital at their start.

    Examples
    --------
    >>> capital("sham surgery")
    'Sham surgery'
    """
    return words[:1].upper() + words[1:]


def row(table: str, found: Mapping[str, Any], arms: Mapping[str, Any]) -> str:
    """A row of the evidence in words: which arm, which instrument, when, what value."""
    month = "month not stated" if found["month"] is None else f"month {found['month']:g}"
    when = "before treatment" if found["month"] == 0 else month
    scale = f"{found['instrument']} {_number(found['scale_min'])}–{_number(found['scale_max'])}"
    if table == "contrasts":
        names = " against ".join(arms[found[side]]["label"] for side in ("arm_a", "arm_b"))
        value = f"difference {_number(found['estimate'])}{_interval(found)}"
    else:
        names = arms[found["arm_id"]]["label"]
        kind = "change " if found["statistic"] == "change" else ""
        value = kind + _spread(found)
    return f"{names}: {scale}, {when}: {value}"


def _spread(found: Mapping[str, Any]) -> str:
    if found["mean"] is None:
        text = f"median {_number(found['median'])}"
    else:
        text = f"mean {_number(found['mean'])}"
    if found["sd"] is not None:
        text += f", SD {_number(found['sd'])}"
    elif found["se"] is not None:
        text += f", SE {_number(found['se'])}"
    elif found["q1"] is not None:
        text += f", quartiles {_number(found['q1'])} to {_number(found['q3'])}"
    else:
        text += _interval(found)
    return text if found["n"] is None else f"{text}, n {found['n']:g}"


def _interval(found: Mapping[str, Any]) -> str:
    if found["ci_low"] is None or found["ci_high"] is None:
        return ""
    return f", 95% CI {_number(found['ci_low'])} to {_number(found['ci_high'])}"


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:g}".replace("-", "−")


def _sides(question: Question) -> tuple[str, str]:
    return (
        vocabulary.treatment(question.treatment).name,
        vocabulary.treatment(question.comparator).name,
    )


def _who(
    question: Question, sides: tuple[str, str], effect: Effect, studies: Sequence[StudyEffect]
) -> str:
    condition = vocabulary.condition(question.condition).name
    months = sorted({s.month for s in studies})
    when = (
        f"{months[0]:.3g} months"
        if len(months) == 1
        else f"{months[0]:.2g} to {months[-1]:.2g} months (nearest to {question.month:g})"
    )
    kind = "randomised " if question.randomised else ""
    trials = _count(effect.k, f"{kind}trial", f"{kind}trials")
    least = (
        "at least " if any(s.n_treatment is None or s.n_comparator is None for s in studies) else ""
    )
    return (
        f"In {condition}, {trials} with {least}{effect.n:,} people compared {sides[0]} "
        f"with {sides[1]} after {when}."
    )


def _how_much(question: Question, sides: tuple[str, str], effect: Effect) -> str:
    _, better, worse = OUTCOMES[question.outcome]
    low, high = effect.ci
    interval = f"{question.level:.0%} confidence interval {_from_to(low, high)}"
    size = f"{abs(effect.estimate):.1f}"
    points = "1.0 point" if size == "1.0" else f"{size} points"
    direction = better if effect.estimate < 0 else worse
    if size == "0.0":
        average = f"there was no difference on average ({interval})"
    else:
        average = (
            f"on average people had {direction} with {sides[0]} than with {sides[1]}, by {points} "
            f"of 100 ({interval})"
        )
    if not low < 0 < high:
        text = f"{average[0].upper()}{average[1:]}."
    else:
        who = "The trial does" if effect.k == 1 else "The trials do"
        included = average.replace(interval, f"{interval}, which includes no difference")
        text = f"{who} not show which is better: {included}."
    if effect.k == 2 and high - low > WIDE:
        text += (
            " With two trials the interval is very wide, because they hardly show how much "
            "trials differ."
        )
    return text


def _worthwhile(question: Question, effect: Effect) -> list[str]:
    if effect.mcid is None:
        return ["No published threshold for a worthwhile difference was found for this outcome."]
    low, high = effect.ci
    start = (
        f"A person's improvement of {effect.mcid:g} points or more is regarded as worthwhile; the "
        "average difference "
    )
    if high <= -effect.mcid:
        return [start + "is at least as large, wherever in the interval it lies."]
    if low <= -effect.mcid:
        return [start + "may be larger or smaller than that."]
    text = start + "is smaller, wherever in the interval it lies."
    if high >= effect.mcid:
        text = start + "in favour of the treatment is smaller, wherever in the interval it lies; "
        text += "a worsening that large can't be ruled out."
    return [text]


def _people(sides: tuple[str, str], per_100: PerHundred | None) -> list[str]:
    if per_100 is None:
        return []
    more = "more" if per_100.difference >= 0 else "fewer"
    low, high = per_100.difference_ci
    return [
        f"Of 100 people, about {per_100.with_treatment:.0f} would have a worthwhile improvement "
        f"with {sides[0]} and about {per_100.with_comparator:.0f} with {sides[1]}: "
        f"{abs(per_100.difference):.0f} {more} ({_people_range(low, high)})."
    ]


def _people_range(low: float, high: float) -> str:
    def side(value: float) -> str:
        return f"{abs(value):.0f} {'more' if value >= 0 else 'fewer'}"

    return f"from {side(low)} to {side(high)}"


def _elsewhere(effect: Effect) -> list[str]:
    if effect.prediction_interval is None or not effect.tau:
        return []
    low, high = effect.prediction_interval
    return [
        "Trials differ; in a new setting the average difference could lie anywhere "
        f"{_from_to(low, high)}."
    ]


def _from_to(low: float, high: float) -> str:
    def side(value: float) -> str:
        return f"{abs(value):.1f} {'lower' if value < 0 else 'higher'}"

    return f"from {side(low)} to {side(high)}"


def _nothing(
    question: Question, sides: tuple[str, str], excluded: pl.DataFrame, unread: int
) -> str:
    condition = vocabulary.condition(question.condition).name
    asked = f"{sides[0]} against {sides[1]} in {condition}"
    if excluded.is_empty():
        return (
            f"No trial in the evidence tests {asked}. "
            "That is not evidence that it works, nor that it does not."
        )
    others = excluded.height - unread
    text = (
        f"No number can be given for {asked} ({question.outcome.replace('_', ' ')}, about "
        f"{months(question.month)}). {_count(excluded.height, 'trial', 'trials').capitalize()} "
        f"{'is' if excluded.height == 1 else 'are'} known that compared them"
    )
    if unread:
        whose = "its" if excluded.height == 1 else f"of {_number_word(unread)} the"
        text += f"; {whose} results have not been read yet or are not usable numbers"
    if others:
        it = "it" if excluded.height == 1 else _number_word(others)
        text += f"; {it} could not be used for this question (see what was left out)"
    return text + ". That is not evidence that it works, nor that it does not."


def _count(number: int, one: str, many: str) -> str:
    return f"{_number_word(number)} {one if number == 1 else many}"


def _number_word(number: int) -> str:
    small = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return small[number] if number < len(small) else str(number)
