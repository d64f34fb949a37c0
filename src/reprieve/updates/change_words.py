"""Changes in plain words: templates over the numbers, both sides told, uncertainty shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reprieve.answers.words import OUTCOMES, capital, points
from reprieve.certainty.grading.rules import Rules
from reprieve.certainty.grading.verdicts import claim, target_of
from reprieve.evidence import vocabulary
from reprieve.evidence.nodes import node
from reprieve.updates.conclusions import (
    Conclusion,
    EffectConclusion,
    HarmConclusion,
    HarmSignal,
    Interval,
    Notice,
    OptionPair,
)

if TYPE_CHECKING:
    from reprieve.updates.changes import ChangeKind, Difference

NO_NUMBER = "no number"
NO_LONGER = {
    "retracted": "no longer known as retracted",
    "silent": "no longer silent",
}
MOST_NAMED = 4


def number(conclusion: Conclusion | None) -> str:
    """What a conclusion says at a glance; for a network the order of its options."""
    if conclusion is None:
        return NO_NUMBER
    if isinstance(conclusion, EffectConclusion):
        return _effect(conclusion)
    if isinstance(conclusion, HarmConclusion):
        return "; ".join(_counts(f) for f in conclusion.families) or "no trial counts both"
    named = [option(code) for code in conclusion.options]
    return f"{', '.join(named)} (best first by P-score)"


def size(found: EffectConclusion) -> str:
    """On which side of the smallest worthwhile difference estimate and interval lie."""
    if found.mcid is None or found.estimate is None or found.ci is None:
        return ""
    target = target_of(found.estimate, found.mcid, Rules())
    return f"{target.verdict}; the interval holds {target.says(found.ci)}"


def side(found: EffectConclusion) -> str:
    """On which side of no difference estimate and interval lie."""
    assert found.estimate is not None
    shown = {
        "treatment": "the treatment is shown to be better",
        "comparator": "the comparator is shown to be better",
        "neither": "which is better is not shown",
    }[found.better]
    if found.estimate == 0:
        return f"no difference on average; {shown}"
    ahead = "the treatment" if found.estimate < 0 else "the comparator"
    return f"{ahead} ahead on average; {shown}"


def appears(now: EffectConclusion) -> str:
    """A question that has its first number."""
    who = "one trial" if len(now.trials) == 1 else f"{len(now.trials)} trials"
    return f"For the first time there is a number, from {who}: {number(now)}."


def disappears(was: EffectConclusion) -> str:
    """A question that has lost its number."""
    return (
        f"No number can be given any more. It was {number(was)}. That is not evidence that the "
        "treatment works, nor that it does not."
    )


def crosses_worthwhile(was: EffectConclusion, now: EffectConclusion) -> str:
    """Estimate or interval on another side of the smallest worthwhile difference."""
    if was.mcid != now.mcid:
        return (
            f"The smallest worthwhile difference is now {_points(now.mcid)} (it was "
            f"{_points(was.mcid)}): {size(now) or 'nothing can be held against it'}."
        )
    assert now.mcid is not None
    old, new = (target_of(_known(each.estimate), each.mcid, Rules()) for each in (was, now))
    threshold = f"(a difference of {now.mcid:g} points is regarded as worthwhile)"
    holds = new.says(_ends(now))
    if old.verdict != new.verdict:
        return (
            f"The average difference was {claim(old.verdict)} and is now {claim(new.verdict)} "
            f"{threshold}; its interval holds {holds}."
        )
    return (
        f"The average difference is {claim(new.verdict)} as before {threshold}, but its interval "
        f"held {old.says(_ends(was))}, and now holds {holds}."
    )


def crosses_null(was: EffectConclusion, now: EffectConclusion) -> str:
    """Estimate or interval on another side of no difference."""
    names = {
        "treatment": vocabulary.treatment(now.treatment).name,
        "comparator": vocabulary.treatment(now.comparator).name,
    }
    better = OUTCOMES[now.outcome][1]
    if was.better == now.better:
        told = (
            "which is better was not shown before and is not shown now"
            if now.better == "neither"
            else "the interval lies on the same side as before"
        )
        ahead = names["treatment" if _known(now.estimate) < 0 else "comparator"]
        return f"On average people now have {better} with {ahead}; {told}."
    if now.better == "neither":
        return (
            f"The interval now includes no difference: {better} with {names[was.better]} was "
            "shown, and is no longer shown."
        )
    if was.better == "neither":
        return (
            f"The interval no longer includes no difference: trials now show {better} with "
            f"{names[now.better]}."
        )
    return (
        f"The direction has turned: trials showed {better} with {names[was.better]}, and now "
        f"show it with {names[now.better]}."
    )


def certainty(was: EffectConclusion, now: EffectConclusion) -> str:
    """Another level of certainty."""
    text = f"How sure we can be: {was.certainty} certainty before, {now.certainty} now"
    if now.provisional:
        text += " (provisional: the risk of bias in some trials has not been judged)"
    return f"{text}."


def turned(old: OptionPair, new: OptionPair) -> str:
    """Two options in another order."""
    first, second = str(new.first), str(old.first)
    low, high = new.ci if new.first == new.one else (-new.ci[1], -new.ci[0])
    shown = (
        "The interval includes no difference: the order is not shown beyond chance."
        if low <= 0 <= high
        else "The interval does not include no difference."
    )
    return (
        f"Order of {option(first)} and {option(second)}: the first named is now ahead by "
        f"{abs(new.estimate):.1f} points ({_from_to(low, high)}); before, the other was ahead by "
        f"{abs(old.estimate):.1f}. {shown}"
    )


def pair_certainty(old: OptionPair, new: OptionPair) -> str:
    """Another level of certainty of two options of a network."""
    return (
        f"{capital(option(new.one))} against {option(new.two)}, from all evidence: "
        f"{old.certainty} certainty before, {new.certainty} now."
    )


def harm(old: HarmSignal | None, new: HarmSignal | None, asked: HarmConclusion) -> str:
    """A harm that is shown, or no longer shown."""
    family = new or old
    assert family is not None
    treatment, comparator = (
        vocabulary.treatment(code).name for code in (asked.treatment, asked.comparator)
    )
    if new is None or new.side == "not shown":
        direction = "more" if old is not None and old.side == "more" else "fewer"
        state = (
            f"It is no longer shown that {direction} people have {family.name} with {treatment} "
            f"than with {comparator}"
        )
    else:
        who = "A trial now shows" if len(new.trials) == 1 else "Trials now show"
        state = (
            f"{who} {new.side} people with {family.name} with {treatment} than with {comparator}"
        )
    before = f"before: {_counts(old)}" if old else "before, no trial counted both"
    now = _counts(new) if new else "no trial counts both now"
    return (
        f"{state}: {now} ({before}). Many kinds of events are compared, so that one can seem to "
        "differ by chance."
    )


def notice(kind: ChangeKind, known: Notice, answers: Sequence[str]) -> str:
    """A retraction, or a silence."""
    if kind == "silent":
        return (
            f"Results of the registered trial {known.label} are overdue: {known.why}. What it "
            "found is not known; answers may look better or worse than they are without it."
        )
    text = f"A report of {known.label} has been retracted ({known.why})."
    if not answers:
        return f"{text} No answer stands on it."
    count = "one answer stands" if len(answers) == 1 else f"{len(answers)} answers stand"
    return f"{text} {capital(count)} on it until a person decides what to do."


def difference(found: Difference) -> str:
    """All about one answer or trial, to read: what changed, from what to what, and why."""
    lines = [found.title]
    lines += [f"  • {change.words}" for change in found.changes]
    if found.before:
        lines += [f"  − before: {found.before}", f"  + now:    {found.after}"]
    elif not found.changes:
        lines.append(f"  {found.after}")
    for sign, what, trials in (
        ("+", "came in", found.came),
        ("−", "went out", found.went),
        ("~", "says something else now", found.other),
    ):
        for trial in trials:
            says = f": {trial.says}" if trial.says else ""
            lines.append(f"  {sign} {what}: {trial.label}{says}")
    lines += [f"  without it: {line}" for line in found.without]
    if found.also:
        what = "the same in" if found.before else "stands behind"
        named = found.also[:MOST_NAMED]
        more = len(found.also) - len(named)
        rest = f" and {more} more" if more else ""
        lines.append(f"  {what}: {'; '.join(named)}{rest}")
    return "\n".join(lines)


def option(code: str) -> str:
    """A node of a network in words."""
    return node(code).name


def _effect(found: EffectConclusion) -> str:
    if found.estimate is None or found.ci is None:
        return NO_NUMBER
    low, high = found.ci
    trials = "one trial" if len(found.trials) == 1 else f"{len(found.trials)} trials"
    parts = [
        f"{points(found.estimate)} points of 100 ({points(low)} to {points(high)})",
        f"{trials}, {found.people:,} people",
        f"{found.certainty} certainty",
    ]
    if found.per_100 and found.per_100_ci:
        treated, compared = found.per_100
        ends = " to ".join(_signed(value) for value in found.per_100_ci)
        parts.append(
            f"of 100 people {treated:.0f} against {compared:.0f} with a worthwhile improvement "
            f"({ends})"
        )
    return "; ".join(parts)


def _counts(family: HarmSignal) -> str:
    text = (
        f"{family.name}: {family.events_treatment:,} of {family.people_treatment:,} against "
        f"{family.events_comparator:,} of {family.people_comparator:,} people"
    )
    if family.difference is None or family.ci is None:
        return text
    low, high = family.ci
    return f"{text}, of 100 people {_more(family.difference)} ({_more(low)} to {_more(high)})"


def _signed(value: float) -> str:
    return f"{round(value):+d}".replace("-", "−").replace("+0", "0")


def _more(value: float) -> str:
    return f"{abs(value):.1f} {'more' if value >= 0 else 'fewer'}"


def _from_to(low: float, high: float) -> str:
    """How far the first is ahead: negative is better."""

    def end(value: float) -> str:
        return f"{abs(value):.1f} {'ahead' if value <= 0 else 'behind'}"

    return f"{end(low)} to {end(high)}"


def _points(value: float | None) -> str:
    return "not known" if value is None else f"{value:g} points"


def _known(value: float | None) -> float:
    assert value is not None
    return value


def _ends(found: EffectConclusion) -> Interval:
    assert found.ci is not None
    return found.ci
