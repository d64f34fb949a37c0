"""From answers to conclusions, and every conclusion that the evidence allows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import singledispatch
from itertools import combinations

import polars as pl

from reprieve.answers.answer import Answer, StudyEffect
from reprieve.answers.ask import ask
from reprieve.answers.harms import HarmResult, HarmsAnswer, HarmTrial, ask_harms
from reprieve.answers.network_certainty import network_certainty
from reprieve.answers.networks import NetworkAnswer, ask_network
from reprieve.answers.words import OUTCOMES, capital, months, points
from reprieve.certainty.networks.results import NetworkCertainty
from reprieve.certainty.risk_of_bias.records import BiasJudgement
from reprieve.effects.harms import HarmsQuestion
from reprieve.effects.question import Question
from reprieve.effects.trials import by_study
from reprieve.evidence import vocabulary
from reprieve.evidence.catalogue import study_link
from reprieve.evidence.nodes import node
from reprieve.evidence.package import load_evidence
from reprieve.evidence.records import Evidence
from reprieve.updates.change_words import number
from reprieve.updates.conclusions import (
    Conclusion,
    EffectConclusion,
    HarmConclusion,
    HarmSignal,
    OptionPair,
    OrderConclusion,
    TrialUsed,
)
from reprieve.updates.topics import Topic, effect_topic, harm_topic, order_topic, topics

FEWEST_OPTIONS = 3
"""Options from which an order is told; two are a pair, which is asked anyway."""


def conclude_all(
    evidence: Evidence, wanted: Iterable[Topic] | None = None
) -> dict[str, Conclusion]:
    """The conclusions of some topics, by key; those that rest on no trial are left out.

    Parameters
    ----------
    evidence : Evidence
    wanted : iterable of Topic, optional
        By default everything about every condition of the evidence.

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> found = conclude_all(load_evidence(), topics(["diabetic_neuropathy"]))
    >>> {conclusion.condition for conclusion in found.values()}
    {'diabetic_neuropathy'}
    """
    if wanted is None:
        wanted = topics(sorted(set(evidence.studies["condition"])))
    found = ((topic.key, conclude_topic(topic, evidence)) for topic in wanted)
    return {key: conclusion for key, conclusion in found if conclusion is not None}


def conclude_topic(
    topic: Topic, evidence: Evidence, judgements: Sequence[BiasJudgement] = ()
) -> Conclusion | None:
    """Ask a topic and conclude; None where no trial bears on it.

    Parameters
    ----------
    topic : Topic
    evidence : Evidence
    judgements : sequence of BiasJudgement
        Of the risk of bias in the trials, for the certainty.
    """
    question = topic.question
    if isinstance(question, HarmsQuestion):
        harms = _harms(ask_harms(question, evidence))
        return harms if harms.families else None
    if topic.kind == "order":
        network = ask_network(question, evidence)
        if network.main is None or len(network.main.treatments) < FEWEST_OPTIONS:
            return None
        return _order(network, evidence, judgements)
    answer = ask(question, evidence, judgements=judgements)
    return None if answer.status == "no_trial" else conclude(answer)


def without_trial(
    study_id: str, evidence: Evidence, conclusions: Iterable[Conclusion]
) -> tuple[str, ...]:
    """What the answers that stand on a trial would say without it, a line each.

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> question = Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid")
    >>> lines = without_trial("vega-2015", load_evidence(), [conclude(ask(question))])
    >>> len(lines), "points of 100" in lines[0]
    (1, True)
    """
    less = replace(
        evidence,
        studies=_others(evidence.studies, study_id),
        arms=_others(evidence.arms, study_id),
        outcomes=_others(evidence.outcomes, study_id),
        contrasts=_others(evidence.contrasts, study_id),
        events=_others(evidence.events, study_id),
        cautions=_others(evidence.cautions, study_id),
    )
    lines = []
    for found in conclusions:
        if isinstance(found, EffectConclusion) and study_id in {t.study_id for t in found.trials}:
            question = Question(
                condition=found.condition,
                treatment=found.treatment,
                comparator=found.comparator,
                outcome=found.outcome,
                month=found.month,
            )
            left = conclude_topic(effect_topic(question), less)
            lines.append(f"{_outcome(question)}: {_sides(question)}: {number(left)}")
    return tuple(lines)


@singledispatch
def conclude(
    answer: object, evidence: Evidence | None = None, judgements: Sequence[BiasJudgement] = ()
) -> Conclusion:
    """What an answer says, without its workings.

    Parameters
    ----------
    answer : Answer, NetworkAnswer or HarmsAnswer
    evidence : Evidence, optional
        What a network was computed from (for its certainty); by default the curated snapshot.
    judgements : sequence of BiasJudgement
        Of the risk of bias in its trials, for the same; other answers hold theirs.

    Returns
    -------
    EffectConclusion, OrderConclusion or HarmConclusion

    Examples
    --------
    >>> question = Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid")
    >>> found = conclude(ask(question))
    >>> found.kind, found.key, found.better
    ('effect', 'knee_osteoarthritis cell_therapy hyaluronic_acid pain 6', ...)
    """
    raise TypeError(f"no conclusion can be drawn from a {type(answer).__name__}")


@conclude.register
def _effect(answer: Answer, *_: object) -> EffectConclusion:
    question, effect, people = answer.question, answer.effect, answer.per_100
    return EffectConclusion(
        key=effect_topic(question).key,
        title=f"{_outcome(question)}: {_sides(question)} in {_condition(question.condition)}",
        condition=question.condition,
        treatment=question.treatment,
        comparator=question.comparator,
        outcome=question.outcome,
        month=question.month,
        status=answer.status,
        estimate=effect.estimate if effect else None,
        ci=effect.ci if effect else None,
        mcid=effect.mcid if effect else None,
        per_100=(people.with_treatment, people.with_comparator) if people else None,
        per_100_ci=people.difference_ci if people else None,
        people=effect.n if effect else 0,
        certainty=answer.certainty.level,
        provisional=answer.certainty.provisional,
        verdict=answer.certainty.verdict,
        trials=tuple(_trial(study) for study in answer.studies),
        in_words=answer.in_words,
    )


@conclude.register
def _order(
    answer: NetworkAnswer,
    evidence: Evidence | None = None,
    judgements: Sequence[BiasJudgement] = (),
) -> OrderConclusion:
    question, main = answer.question, answer.main
    topic = order_topic(question)
    options: tuple[str, ...] = ()
    pairs: tuple[OptionPair, ...] = ()
    if main is not None:
        scores = dict(zip(main.fit.treatments, main.fit.p_scores, strict=True))
        options = tuple(sorted(main.treatments, key=lambda code: -scores[code]))
        certainty = network_certainty(answer, evidence, judgements=judgements)
        pairs = _pairs(answer, options, certainty)
    return OrderConclusion(
        key=topic.key,
        title=f"{_outcome(question)}: all options of {_condition(question.condition)}",
        condition=question.condition,
        outcome=question.outcome,
        month=question.month,
        options=options,
        reference=main.fit.reference if main else "",
        pairs=pairs,
        trials=_network_trials(answer, evidence),
        in_words=answer.in_words,
    )


@conclude.register
def _harms(answer: HarmsAnswer, *_: object) -> HarmConclusion:
    question = answer.question
    where = _condition(question.condition) if question.condition else "any painful condition"
    names = (vocabulary.treatment(code).name for code in (question.treatment, question.comparator))
    return HarmConclusion(
        key=harm_topic(question).key,
        title=f"Harms: {' against '.join(names)} in {where}",
        condition=question.condition or "",
        treatment=question.treatment,
        comparator=question.comparator,
        families=tuple(_signal(found) for found in answer.families if found.pooled is not None),
        in_words=answer.in_words,
    )


def _signal(found: HarmResult) -> HarmSignal:
    pooled = found.pooled
    assert pooled is not None
    happened = found.status == "compared"
    return HarmSignal(
        family=found.family.code,
        name=found.family.name,
        events_treatment=pooled.treatment.events,
        people_treatment=pooled.treatment.people,
        events_comparator=pooled.comparator.events,
        people_comparator=pooled.comparator.people,
        difference=pooled.per_100.difference if happened else None,
        ci=pooled.per_100.difference_ci if happened else None,
        ratio_ci=pooled.ratio.ci if pooled.ratio else None,
        trials=tuple(_harm_trial(trial) for trial in found.trials),
        in_words=found.in_words,
    )


def _pairs(
    answer: NetworkAnswer, options: tuple[str, ...], rated: NetworkCertainty | None
) -> tuple[OptionPair, ...]:
    assert answer.main is not None
    fit = answer.main.fit
    levels = (
        {frozenset((p.treatment, p.comparator)): p.level for p in rated.against_reference()}
        if rated
        else {}
    )
    pairs = []
    for one, two in combinations(options, 2):
        found = fit.relative(one, two)
        low, high = found.ci
        level = levels.get(frozenset((one, two)))
        pairs.append(OptionPair(one, two, found.estimate, (float(low), float(high)), level))
    return tuple(pairs)


def _network_trials(answer: NetworkAnswer, evidence: Evidence | None) -> tuple[TrialUsed, ...]:
    if answer.main is None:
        return ()
    known = by_study(evidence or load_evidence()).studies
    table = answer.found.table
    trials = []
    for key in answer.main.studies:
        says = "; ".join(
            f"{node(row['treatment1']).name} against {node(row['treatment2']).name} "
            f"{points(row['estimate'])}, "
            f"{row['instrument']}, month {row['month']:g}"
            for row in table.filter(study_id=key).iter_rows(named=True)
        )
        trials.append(TrialUsed(key, known[key]["label"], study_link(known[key]), says))
    return tuple(trials)


def _trial(study: StudyEffect) -> TrialUsed:
    low, high = study.ci
    says = (
        f"{points(study.estimate)} ({points(low)} to {points(high)}), {study.instrument}, "
        f"month {study.month:g}, {study.treatment} against {study.comparator}"
    )
    return TrialUsed(study.study_id, study.label, study.link, says)


def _harm_trial(trial: HarmTrial) -> TrialUsed:
    says = (
        f"{trial.event}: {trial.events_treatment} of {trial.n_treatment} against "
        f"{trial.events_comparator} of {trial.n_comparator}"
    )
    return TrialUsed(trial.study_id, trial.label, trial.link, says)


def _others(table: pl.DataFrame, study_id: str) -> pl.DataFrame:
    return table.filter(pl.col("study_id") != study_id)


def _outcome(question: Question) -> str:
    name = OUTCOMES[question.outcome][0]
    return f"{capital(name)}, about {months(question.month)} after treatment"


def _sides(question: Question) -> str:
    return " against ".join(
        vocabulary.treatment(code).name for code in (question.treatment, question.comparator)
    )


def _condition(code: str) -> str:
    return vocabulary.condition(code).name
