"""Summary of findings: what the trials of a question say about each outcome, in GRADE's layout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from reprieve.answers.answer import Answer
from reprieve.answers.ask import ask
from reprieve.answers.event_findings import EVENTS, EventFinding, event_finding
from reprieve.answers.findings_rows import MOST, Row, SummaryOfFindings
from reprieve.answers.words import OUTCOMES, capital, months
from reprieve.certainty.grading.overrules import Overrule
from reprieve.certainty.grading.rating import DEFAULT
from reprieve.certainty.grading.rules import Rules
from reprieve.certainty.grading.statements import statement
from reprieve.certainty.risk_of_bias.records import BiasJudgement
from reprieve.effects.harmonise import harmonise
from reprieve.effects.question import Question
from reprieve.evidence.package import load_evidence
from reprieve.evidence.records import Evidence


def summary_of_findings(
    condition: str,
    treatment: str = "cell_therapy",
    comparator: str = "placebo",
    evidence: Evidence | None = None,
    *,
    outcomes: Sequence[str] = ("pain", "function"),
    months: Sequence[float] = (6.0, 12.0),
    judgements: Sequence[BiasJudgement] = (),
    overrules: Iterable[Overrule] = (),
    rules: Rules = DEFAULT,
) -> SummaryOfFindings:
    """The Summary-of-Findings table of a comparison.

    Parameters
    ----------
    condition, treatment, comparator : str
        Codes of the vocabulary.
    evidence : Evidence, optional
        By default the curated snapshot that ships with the package.
    outcomes : sequence of str
        Codes of measured outcomes.
    months : sequence of float
        When. Months that rest on the same visits of the same trials are shown once.
    judgements, overrules, rules
        As for `ask`.

    Returns
    -------
    SummaryOfFindings
        Measured outcomes, people of 100 with a worthwhile improvement in pain, withdrawals
        because of adverse events and serious adverse events: seven rows at most. What no trial
        reports has a row that says so.

    Notes
    -----
    The layout is GRADE's (Guyatt 2013 J Clin Epidemiol 66:158; Cochrane Handbook 14.1), its words
    those of Santesso 2020 J Clin Epidemiol 119:126.

    Examples
    --------
    >>> found = summary_of_findings("knee_osteoarthritis", comparator="hyaluronic_acid")
    >>> len(found.rows) <= MOST, found.rows[0].outcome
    (True, 'Pain, about 6 months after treatment')
    """
    evidence = evidence or load_evidence()
    decided = tuple(overrules)
    asked = Question(condition=condition, treatment=treatment, comparator=comparator)
    measured: list[Row] = []
    responders: list[Row] = []
    for outcome in outcomes:
        answers = [
            ask(
                replace(asked, outcome=outcome, month=month),
                evidence,
                judgements=judgements,
                overrules=decided,
                rules=rules,
            )
            for month in months
        ]
        shown = _each_once(answers)
        measured += [_measured(answer, evidence) for answer in shown] or [_nothing(answers[0])]
        if outcome == "pain":
            responders += [_responders(a) for a in shown if a.per_100][:1]
    events = [
        _event(event_finding(asked, event, evidence, judgements=judgements, rules=rules), name)
        for event, name in EVENTS.items()
    ]
    room = MOST - len(responders) - len(events)
    return SummaryOfFindings(
        condition=condition,
        treatment=treatment,
        comparator=comparator,
        rows=(*measured[:room], *responders, *events),
        evidence_date=evidence.date,
    )


def _each_once(answers: Sequence[Answer]) -> list[Answer]:
    """Those with a number, and what rests on the same rows only once, for the nearest month."""
    kept: dict[frozenset[tuple[str, int]], Answer] = {}
    for answer in answers:
        if answer.effect is None:
            continue
        rows = frozenset((s.table, s.row) for study in answer.studies for s in study.rows)
        earlier = kept.get(rows)
        if earlier is None or _away(answer) < _away(earlier):
            kept[rows] = answer
    return list(kept.values())


def _away(answer: Answer) -> float:
    months = [study.month for study in answer.studies]
    return abs(float(np.mean(months)) - answer.question.month)


def _when(question: Question) -> str:
    name = OUTCOMES[question.outcome][0]
    return f"{capital(name)}, about {months(question.month)} after treatment"


def _measured(answer: Answer, evidence: Evidence) -> Row:
    effect = answer.effect
    if effect is None:  # callers keep those with a number
        raise AssertionError("no effect")
    mean = _mean_change(answer.question, evidence)
    months = sorted({study.month for study in answer.studies})
    when = f"month {months[0]:g}" if len(months) == 1 else f"months {months[0]:g} to {months[-1]:g}"
    threshold = f"a person's worthwhile change is {effect.mcid:g} points" if effect.mcid else ""
    return Row(
        outcome=_when(answer.question),
        scale=f"points of 100, higher is worse; measured at {when}",
        kind="points",
        assumed=mean,
        corresponding=None if mean is None else mean + effect.estimate,
        corresponding_ci=None if mean is None else (mean + effect.ci[0], mean + effect.ci[1]),
        difference=effect.estimate,
        difference_ci=effect.ci,
        ratio=None,
        trials=effect.k,
        people=effect.n,
        certainty=answer.certainty,
        statement=answer.certainty.statement,
        note=threshold,
    )


def _mean_change(question: Question, evidence: Evidence) -> float | None:
    """The mean change since baseline of the comparator's people, where trials show it."""
    known = (
        harmonise(evidence, question)
        .table.drop_nulls(["change_c", "n_c"])
        .unique(["study_id", "arm_c"], maintain_order=True)
    )
    if known.is_empty():
        return None
    return float(np.average(known["change_c"].to_numpy(), weights=known["n_c"].to_numpy()))


def _responders(answer: Answer) -> Row:
    people, effect = answer.per_100, answer.effect
    if people is None or effect is None:  # callers keep those with both
        raise AssertionError("no people")
    low, high = people.with_treatment_ci
    base = people.with_comparator
    ratio = None
    if base:
        ratio = people.with_treatment / base, low / base, high / base
    return Row(
        outcome=f"Worthwhile improvement in pain, about {months(answer.question.month)} after "
        "treatment",
        scale=f"people of 100 who improve by {people.mcid:g} points or more",
        kind="people",
        assumed=base,
        corresponding=people.with_treatment,
        corresponding_ci=people.with_treatment_ci,
        difference=people.difference,
        difference_ci=people.difference_ci,
        ratio=ratio,
        trials=effect.k,
        people=effect.n,
        certainty=answer.certainty,
        statement=_people_statement(answer),
        note="computed from the mean difference, not counted",
        measure="RR" if ratio else "",
    )


def _people_statement(answer: Answer) -> str:
    """The difference in people, with the verb that the certainty allows."""
    people, level = answer.per_100, answer.certainty.level
    treatment = answer.certainty.treatment
    if people is None or level in ("very low", "not rated"):
        return (
            "The evidence is very uncertain about how many people more or fewer improve by a "
            f"worthwhile amount with {treatment}."
        )
    how = {"high": "", "moderate": "probably ", "low": "may "}[level]
    number = abs(round(people.difference))
    if not number:
        return f"About as many people {how}improve by a worthwhile amount."
    more = "more" if people.difference > 0 else "fewer"
    return f"Of 100 people, about {number} {more} {how}improve by a worthwhile amount."


def _event(found: EventFinding | None, name: str) -> Row:
    title = capital(name)
    if found is None:
        return _row_without(title, "people of 100", "No trial reports this for both groups.")
    pooled, per_100 = found.pooled, found.pooled.per_100
    treated, compared, ratio = pooled.treatment, pooled.comparator, pooled.ratio
    counted = (
        f"{treated.events:,} of {treated.people:,} against {compared.events:,} of "
        f"{compared.people:,}"
    )
    bound = ""
    if treated.upper is not None:
        bound = f"; no event still allows up to {treated.upper:.1f} of 100"
    return Row(
        outcome=title,
        scale="people of 100, at the longest follow-up",
        kind="people",
        assumed=per_100.with_comparator,
        corresponding=per_100.with_treatment,
        corresponding_ci=found.corresponding_ci,
        difference=per_100.difference,
        difference_ci=per_100.difference_ci,
        ratio=(ratio.estimate, *ratio.ci) if ratio else None,
        trials=treated.trials,
        people=treated.people + compared.people,
        certainty=found.certainty,
        statement=_event_statement(found),
        note=counted + bound,
        measure=ratio.measure if ratio else "",
    )


def _event_statement(found: EventFinding) -> str:
    """The standard wording; less than half a person of 100 is no difference to speak of."""
    rated = found.certainty
    verdict = rated.verdict if abs(found.pooled.per_100.difference) >= 0.5 else "no difference"
    return statement(
        rated.level, verdict or "no difference", rated.treatment, rated.comparator, rated.outcome
    )


def _nothing(answer: Answer) -> Row:
    why = {
        "not_read": "Trials are known, but their numbers have not been read or can't be used.",
        "not_usable": "Trials are known, but none fits the question.",
    }
    told = why.get(answer.status, "No trial tests this.")
    return _row_without(_when(answer.question), "points of 100, higher is worse", told)


def _row_without(outcome: str, scale: str, told: str) -> Row:
    return Row(
        outcome, scale, "none", None, None, None, None, None, None, 0, 0, None, told, "not reported"
    )
