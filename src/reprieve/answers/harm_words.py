"""Harms in plain words: templates over the numbers, the same for both sides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reprieve.answers.harm_models import Alone, People, Pooled
from reprieve.answers.words import capital, listed
from reprieve.effects.harms import Harms, HarmsQuestion
from reprieve.evidence import vocabulary
from reprieve.evidence.published_harms import PublishedHarm

if TYPE_CHECKING:
    from reprieve.answers.harms import HarmResult

_MODELS = {
    "MH": "Mantel–Haenszel, one ratio for all trials",
    "IV": "random effects, so that the ratio may differ between trials",
    "CM.EL": "exact conditional model, so that the ratio may differ between trials",
}
_UNKNOWN = 90
"""Points of 100 from which an interval says nothing."""
_RATIOS = {"OR": "odds ratio", "RR": "risk ratio"}


def family(harms: Harms, pooled: Pooled | None, one: Alone | None, silent: int) -> str:
    """A family of events in a few sentences."""
    names = _names(harms.question)
    if pooled is None:
        sentences = [_not_compared(harms, names)]
    elif not pooled.treatment.events and not pooled.comparator.events:
        sentences = [_nobody(pooled, names)]
    else:
        sentences = [_both(pooled, names), *_ratio(pooled)]
    if pooled is not None and silent:
        sentences.append(
            f"{capital(_count(silent, 'more trial'))} of this comparison "
            + ("does not report it, or is" if silent == 1 else "do not report it, or are")
            + " not read yet."
        )
    if one is not None:
        sentences.append(_alone(one, names[0], harms.question.level))
    return " ".join(sentences)


def answer(
    question: HarmsQuestion, families: Sequence[HarmResult], apart: Sequence[PublishedHarm]
) -> str:
    """The whole answer in a few sentences."""
    treatment, comparator = _names(question)
    where = (
        f"in {vocabulary.condition(question.condition).name}"
        if question.condition
        else "in any painful condition"
    )
    compared = [f for f in families if f.pooled is not None]
    told = [f for f in compared if f.family.always or len(families) == 1]
    trials = {trial.study_id for f in families for trial in f.trials}
    watched = {trial.study_id for f in families for trial in f.treated}
    sentences = []
    if trials:
        kind = "randomised trial" if question.randomised else "trial"
        sentences.append(
            f"Harms of {treatment} {where}: {_count(len(trials), kind)} count unwanted events "
            f"with {treatment} and with {comparator}, {_count(len(watched), 'trial')} with "
            f"{treatment} whatever the design."
        )
    else:
        sentences.append(
            f"No {'randomised ' if question.randomised else ''}trial {where} counts unwanted "
            f"events with both {treatment} and {comparator}; {_count(len(watched), 'trial')} "
            f"count{'s' if len(watched) == 1 else ''} them with {treatment} alone."
        )
    sentences += [f"{capital(f.family.name)}: {_short(f)}" for f in told]
    others = [f.family.name for f in compared if f not in told]
    if others:
        sentences.append(f"Both sides are counted too for {listed(others)}.")
    alone = [f.family.name for f in families if f.pooled is None and f.alone is not None]
    if alone:
        sentences.append(f"Counted with {treatment} only: {listed(alone)}.")
    missing = [f.family.name for f in families if f.pooled is None and f.alone is None]
    if missing:
        sentences.append(
            f"No trial in this evidence counts, with {treatment}, {listed(missing, 'or')}; that "
            "does not mean that it does not happen."
        )
    if apart:
        kinds = [row.kind for row in apart]
        reports = [
            _count(kinds.count(kind), name)
            for kind, name in (("outbreak", "report of an outbreak"), ("case", "case report"))
            if kind in kinds
        ]
        sentences.append(
            f"Apart from trials, {' and '.join(reports)} {'is' if len(apart) == 1 else 'are'} "
            "published; without the number of people treated they give no risk."
        )
    sentences.append(
        "Trials of this size find common harms; rare or late ones need more people and more time."
    )
    return " ".join(sentences)


def difference(pooled: Pooled) -> str:
    """How many more or fewer of 100 people have it.

    Examples
    --------
    >>> from reprieve.answers.harm_models import PerHundredHarmed
    >>> people = PerHundredHarmed(9.3, 4.3, 5.0, (-0.4, 15.2), "")
    >>> difference(Pooled(None, None, None, people, None))
    '5 more (from 0.4 fewer to 15 more)'
    """
    found = pooled.per_100
    low, high = found.difference_ci
    return f"{_more(found.difference)} (from {_more(low)} to {_more(high)})"


def bound(people: People) -> str:
    """What nobody among so many people still allows.

    Examples
    --------
    >>> bound(People(3, 0, 340, None, 0.8772)), bound(People(1, 0, 4, None, 52.713))
    ('0 of 340 still allows up to 1 in 113', '0 of 4 still allows up to 53 of 100')
    """
    return f"0 of {people.people:,} still allows {allowed(people)}"


def of_people(people: People) -> str:
    """``3 of 120``."""
    return f"{people.events:,} of {people.people:,}"


def allowed(people: People) -> str:
    """The highest risk that is left where nobody had it; else people of 100."""
    if people.upper is None or people.one_in is None:
        return f"{_people(people.per_100)} of 100"
    if people.one_in >= 10:
        return f"up to 1 in {people.one_in:,}"
    return f"up to {math.ceil(people.upper)} of 100"


def watched(people: People) -> str:
    """For how long people were watched, in all and on average."""
    if people.person_months is None:
        return "for a time that not all trials state"
    average = people.person_months / people.people
    return f"over {people.person_months / 12:,.0f} person-years, {average:.2g} months on average"


def _not_compared(harms: Harms, names: tuple[str, str]) -> str:
    treatment, comparator = names
    trials = harms.excluded.height
    if not trials:
        return f"No trial compares {treatment} with {comparator}."
    silent = int(harms.excluded["silent"].sum())
    if silent < trials:
        return (
            f"No trial gives a count for both {treatment} and {comparator} that can be used "
            f"({_count(trials, 'trial')} compared them)."
        )
    return (
        f"No trial reports it for both {treatment} and {comparator} "
        f"({_count(trials, 'trial')} compared them, and {'does' if trials == 1 else 'do'} not "
        "report it or have not been read)."
    )


def _nobody(pooled: Pooled, names: tuple[str, str]) -> str:
    one, two = pooled.treatment, pooled.comparator
    where = "In one trial" if one.trials == 1 else f"In {_count(one.trials, 'trial').lower()}"
    return (
        f"{where} nobody had it: {bound(one)} people with {names[0]} ({watched(one)}), and "
        f"{bound(two)} with {names[1]} ({watched(two)})."
    )


def _both(pooled: Pooled, names: tuple[str, str]) -> str:
    one, two, people = pooled.treatment, pooled.comparator, pooled.per_100
    start = (
        f"{capital(_count(one.trials, 'trial'))}: {of_people(one)} people with {names[0]} and "
        f"{of_people(two)} with {names[1]}"
    )
    if one.person_months is not None and two.person_months is not None:
        months = (one.person_months + two.person_months) / (one.people + two.people)
        start += f" (watched for {months:.2g} months on average)"
    text = (
        f"{start}. Of 100 people, about {_people(people.with_treatment)} would have it with "
        f"{names[0]} and {_people(people.with_comparator)} with {names[1]}: {difference(pooled)}"
    )
    for side, name in ((one, names[0]), (two, names[1])):
        if side.upper is not None:
            text += f"; {bound(side)} with {name}"
    return text + "."


def _ratio(pooled: Pooled) -> list[str]:
    ratio, ends = pooled.ratio, pooled.per_100.difference_ci
    said = ["Which has more is not shown."] if ends[0] <= 0 <= ends[1] else []
    if ratio is None:
        return said
    low, high = ratio.ci
    informing = (
        "" if ratio.trials == pooled.treatment.trials else f", from the {ratio.trials} with events"
    )
    return [
        *said,
        f"({capital(_RATIOS[ratio.measure])} {ratio.estimate:.2f}, {low:.2f} to {high:.2f}: "
        f"{_MODELS[ratio.method]}{informing}.)",
    ]


def _alone(one: Alone, name: str, level: float) -> str:
    people = one.people
    start = (
        f"In all {people.trials} trials with {name} that count it, whatever their design,"
        if people.trials > 1
        else f"In the one trial with {name} that counts it,"
    ) + f" {of_people(people)} people had it"
    if people.events == 0:
        return f"{start} ({watched(people)}): {bound(people)}."
    if people.events == people.people:
        return f"{start}."
    low, high = one.ci
    if high - low > _UNKNOWN:
        return f"{start}; trials differ too much to say how many in a typical one."
    return (
        f"{start}; in a typical trial {_people(one.per_100)} of 100 "
        f"({level:.0%} interval {_people(low)} to {_people(high)})."
    )


def _short(result: HarmResult) -> str:
    pooled = result.pooled
    assert pooled is not None
    one, two = pooled.treatment, pooled.comparator
    counts = f"{of_people(one)} against {of_people(two)} people"
    if not one.events and not two.events:
        return f"{counts}; that still allows {allowed(one)} and {allowed(two)}."
    return f"{counts}; of 100 people, {difference(pooled)}."


def _names(question: HarmsQuestion) -> tuple[str, str]:
    return (
        vocabulary.treatment(question.treatment).name,
        vocabulary.treatment(question.comparator).name,
    )


def _more(value: float) -> str:
    if f"{abs(value):.1f}" == "0.0":
        return "none more"
    return f"{_people(abs(value))} {'more' if value > 0 else 'fewer'}"


def _people(value: float) -> str:
    """People of 100: whole from 10 on, with a decimal below."""
    return f"{value:.0f}" if value >= 9.95 else f"{value:.1f}".removesuffix(".0")


def _count(number: int, what: str) -> str:
    small = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    plural = what.replace("report of", "reports of") if "report of" in what else f"{what}s"
    return f"{small[number] if number < 10 else number} {what if number == 1 else plural}"
