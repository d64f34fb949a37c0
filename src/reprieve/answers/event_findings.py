"""Events of a question as a row of findings: counts pooled, bounded where none happened, rated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reprieve.answers.harm_models import Pooled, pool
from reprieve.certainty.grading.body import (
    CLASS_OF,
    RANDOMISED,
    Asymmetry,
    Body,
    TrialFacts,
    key_of,
)
from reprieve.certainty.grading.certainty import Certainty
from reprieve.certainty.grading.imprecision import imprecision
from reprieve.certainty.grading.rating import DEFAULT, rate_body
from reprieve.certainty.grading.rules import Rules
from reprieve.certainty.risk_of_bias.records import BiasJudgement
from reprieve.certainty.risk_of_bias.tools import NOT_JUDGED
from reprieve.certainty.risk_of_bias.using import judgement_of
from reprieve.effects.harms import HarmsQuestion, harms_of
from reprieve.effects.question import Question
from reprieve.effects.trials import by_study
from reprieve.errors import SynthesisError
from reprieve.evidence import vocabulary
from reprieve.evidence.records import Evidence
from reprieve.synthesis.base import Interval
from reprieve.synthesis.findings import quantile
from reprieve.synthesis.missing_evidence.asymmetry import RegressionTest
from reprieve.synthesis.missing_evidence.asymmetry_binary import binary_asymmetry_test

EVENTS = {
    "withdrawal_harm": "withdrawals because of adverse events",
    "serious": "serious adverse events",
}
"""Families of events that a table of findings shows, in words."""


@dataclass(frozen=True)
class EventFinding:
    """What trials say about one kind of event, and how sure that is.

    Attributes
    ----------
    event : str
        In words.
    pooled : Pooled
        As in the answer about harms.
    corresponding_ci : tuple of float
        People of 100 with the treatment; where nobody had the event, what that still allows.
    certainty : Certainty
    """

    event: str
    pooled: Pooled
    corresponding_ci: Interval
    certainty: Certainty


def event_finding(
    question: Question,
    event: str,
    evidence: Evidence,
    *,
    judgements: Sequence[BiasJudgement] = (),
    rules: Rules = DEFAULT,
) -> EventFinding | None:
    """Pool an event over the trials of a question that count it in both groups.

    Parameters
    ----------
    question : Question
        Its outcome and month do not count: each trial gives its longest follow-up (`harms_of`).
    event : str
        A key of `EVENTS`.
    evidence : Evidence
    judgements : sequence of BiasJudgement
    rules : Rules

    Returns
    -------
    EventFinding or None
        None where no trial counts the event in both groups.

    Notes
    -----
    Counts and pooling are those of the answer about harms (`harm_models.RULE`). Certainty is about
    any difference, with the information size that so rare an event needs.

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> question = Question(condition="knee_osteoarthritis", comparator="placebo")
    >>> found = event_finding(question, "serious", load_evidence())
    >>> found.pooled.treatment.trials > 1, found.certainty.outcome
    (True, 'serious adverse events')
    """
    asked = HarmsQuestion(
        condition=question.condition,
        treatment=question.treatment,
        comparator=question.comparator,
        randomised=question.randomised,
        level=question.level,
    )
    trials = harms_of(evidence, asked, event).trials
    if trials.is_empty():
        return None
    pooled = pool(trials, question.level)
    people = pooled.treatment.people + pooled.comparator.people
    happened = pooled.treatment.events + pooled.comparator.events
    counts = list(trials.select("events_t", "n_t", "events_c", "n_c").iter_rows())
    body = Body(
        key=f"{key_of(question)} {event}",
        treatment=vocabulary.treatment(question.treatment).name,
        comparator=vocabulary.treatment(question.comparator).name,
        outcome=EVENTS[event],
        estimate=pooled.per_100.difference,
        ci=pooled.per_100.difference_ci,
        people=people,
        trials=_facts(trials["study_id"].to_list(), counts, question, evidence, judgements),
        asymmetry=_asymmetry(counts),
    )
    size = information_size((happened + 0.5) / (people + 1), rules)
    return EventFinding(EVENTS[event], pooled, _bounds(pooled), _rated(body, size, rules))


def _bounds(pooled: Pooled) -> Interval:
    if not pooled.comparator.events and pooled.treatment.upper is not None:
        return 0.0, pooled.treatment.upper
    low, high = (pooled.per_100.with_comparator + end for end in pooled.per_100.difference_ci)
    return max(0.0, low), min(100.0, high)


def _rated(body: Body, size: float, rules: Rules) -> Certainty:
    """The certainty, with imprecision held against the information size of the event."""
    found = rate_body(body, rules)
    own = imprecision(body, replace(rules, information_size=size))
    domains = tuple(own if d.domain == own.domain else d for d in found.domains)
    return replace(found, domains=domains)


def information_size(risk: float, rules: Rules = DEFAULT) -> float:
    """People that a single trial needs to show a quarter fewer events: the information size.

    Source: GRADE guidelines 6 (Guyatt 2011 J Clin Epidemiol 64:1283), which takes relative
    reductions of 20 to 30 % as an example.

    Examples
    --------
    >>> round(information_size(0.10), -2), round(information_size(0.01), -2)
    (4000.0, 43600.0)
    """
    fewer = 0.75 * risk
    z = quantile(1 - rules.alpha / 2, math.inf) + quantile(rules.power, math.inf)
    return 2 * z**2 * (risk * (1 - risk) + fewer * (1 - fewer)) / (risk - fewer) ** 2


Counted = tuple[int, int, int, int]
"""Events and people with the treatment, and with the comparator."""


def _asymmetry(counts: Sequence[Counted]) -> Asymmetry | None:
    """Harbord's test, where trials with events are enough for it to be computed."""
    events1, n1, events2, n2 = zip(*counts, strict=True)
    try:
        test = binary_asymmetry_test(events1=events1, n1=n1, events2=events2, n2=n2)
    except SynthesisError:
        return None
    if not isinstance(test, RegressionTest) or math.isnan(test.p):
        return None
    return Asymmetry(p=test.p, favours_treatment=test.slope < 0)


def _facts(
    studies: Sequence[str],
    counts: Sequence[Counted],
    question: Question,
    evidence: Evidence,
    judgements: Sequence[BiasJudgement],
) -> tuple[TrialFacts, ...]:
    """The trials, weighted as Mantel and Haenszel weight risk differences: n₁n₂/(n₁ + n₂)."""
    judged = judgement_of(judgements, outcome=question.outcome)
    known = by_study(evidence).studies
    weights = [n1 * n2 / (n1 + n2) for _, n1, _, n2 in counts]
    z = quantile((1 + question.level) / 2, math.inf)
    facts = []
    for key, (a, n1, c, n2), weight in zip(studies, counts, weights, strict=True):
        study = known[key]
        one, two = (a + 0.5) / (n1 + 1), (c + 0.5) / (n2 + 1)
        half = 100 * z * math.sqrt(one * (1 - one) / n1 + two * (1 - two) / n2)
        difference = 100 * (a / n1 - c / n2)
        facts.append(
            TrialFacts(
                study=key,
                label=study["label"],
                weight=weight / sum(weights),
                estimate=difference,
                ci=(difference - half, difference + half),
                people=n1 + n2,
                bias=CLASS_OF.get(judged.get(key) or study["rob"] or "", NOT_JUDGED),
                randomised=study["design"] in RANDOMISED,
                double_blind=study["blinding"] == "double",
                funding=study["funding"] or "",
            )
        )
    return tuple(facts)
