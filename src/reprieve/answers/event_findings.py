"""Events of a question as a row of findings: counts pooled, bounded where none happened, rated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reprieve.answers.absolute import corresponding_risk
from reprieve.certainty.grading.body import CLASS_OF, RANDOMISED, Body, TrialFacts, key_of
from reprieve.certainty.grading.certainty import Certainty
from reprieve.certainty.grading.rating import DEFAULT, rate_body
from reprieve.certainty.grading.rules import Rules
from reprieve.certainty.risk_of_bias.records import BiasJudgement
from reprieve.certainty.risk_of_bias.tools import NOT_JUDGED
from reprieve.certainty.risk_of_bias.using import judgement_of
from reprieve.effects.question import Question
from reprieve.effects.sides import COMPARATOR, TREATMENT, side_of
from reprieve.effects.trials import Trial, trials_of
from reprieve.errors import SynthesisError
from reprieve.evidence import vocabulary
from reprieve.evidence.records import Evidence
from reprieve.synthesis.base import Interval
from reprieve.synthesis.findings import quantile
from reprieve.synthesis.rare.analysis import rare_events
from reprieve.synthesis.rare.bounds import upper_bound

EVENTS = {
    "withdrawal_adverse_event": "withdrawals because of adverse events",
    "serious_adverse_event": "serious adverse events",
}
"""Events of the evidence that a table of findings shows, in words."""


@dataclass(frozen=True)
class EventFinding:
    """What trials say about one kind of event.

    Attributes
    ----------
    event : str
        In words.
    trials, people : int
    events, sizes : tuple of int
        People with the event, and all people: with the treatment and with the comparator.
    assumed, corresponding : float
        People of 100 with the comparator and with the treatment.
    corresponding_ci, difference_ci : tuple of float
        Without any event in either group, exact bounds of each.
    difference : float
        Treatment minus comparator, of 100.
    ratio : tuple of float or None
        Risk ratio with its interval; None where it can't be estimated.
    certainty : Certainty
    """

    event: str
    trials: int
    people: int
    events: tuple[int, int]
    sizes: tuple[int, int]
    assumed: float
    corresponding: float
    corresponding_ci: Interval
    difference: float
    difference_ci: Interval
    ratio: tuple[float, float, float] | None
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
        Its outcome and month do not count: each trial gives its longest count.
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
    Mantel–Haenszel risk ratio, and the corresponding risk from it; where no ratio can be
    estimated (a group without events), the Mantel–Haenszel risk difference; where nobody had the
    event, exact bounds (Cochrane Handbook 10.4.4; Clopper & Pearson 1934).

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> question = Question(condition="knee_osteoarthritis", comparator="saline")
    >>> found = event_finding(question, "serious_adverse_event", load_evidence())
    >>> found.trials > 1, found.certainty.outcome
    (True, 'serious adverse events')
    """
    tables = _tables(question, event, evidence)
    if not tables:
        return None
    counts = [counted for _, counted in tables]
    a, n1, c, n2 = (sum(column) for column in zip(*counts, strict=True))
    assumed = 100 * c / n2
    difference, ends, ratio = _compare(counts, assumed, question.level)
    body = Body(
        key=f"{key_of(question)} {event}",
        treatment=vocabulary.treatment(question.treatment).name,
        comparator=vocabulary.treatment(question.comparator).name,
        outcome=EVENTS[event],
        estimate=difference,
        ci=ends,
        people=n1 + n2,
        trials=_facts(tables, question, judgements),
    )
    bounds = assumed + ends[0], assumed + ends[1]
    if not a and not c:
        bounds = (0.0, ends[1])
    return EventFinding(
        event=EVENTS[event],
        trials=len(tables),
        people=n1 + n2,
        events=(a, c),
        sizes=(n1, n2),
        assumed=assumed,
        corresponding=assumed + difference,
        corresponding_ci=(max(0.0, bounds[0]), min(100.0, bounds[1])),
        difference=difference,
        difference_ci=ends,
        ratio=ratio,
        certainty=rate_body(body, rules),
    )


Counted = tuple[int, int, int, int]
"""Events and people with the treatment, and with the comparator."""


def _tables(question: Question, event: str, evidence: Evidence) -> list[tuple[Trial, Counted]]:
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    chosen = evidence.events.filter(event=event).drop_nulls(["events", "n"])
    for row in chosen.sort("month", nulls_last=False).iter_rows(named=True):
        if row["n"] > 0:
            rows[row["study_id"], row["arm_id"]] = row
    trials = trials_of(evidence, question, side_of(question))
    candidates = {trial.study_id for trial in trials}
    found = []
    for trial in trials:
        if trial.within_person or trial.refusal(question, candidates):
            continue
        used = trial.usable()
        counted = [0, 0, 0, 0]
        for arm in used.arms:
            row = rows.get((trial.study_id, arm), {})
            at = {TREATMENT: 0, COMPARATOR: 2}[used.groups[arm]]
            counted[at] += row.get("events", 0)
            counted[at + 1] += row.get("n", 0)
        if counted[1] and counted[3]:
            found.append((trial, (counted[0], counted[1], counted[2], counted[3])))
    return found


def _compare(
    counts: Sequence[Counted], assumed: float, level: float
) -> tuple[float, Interval, tuple[float, float, float] | None]:
    """Difference in people of 100 with its interval, and the risk ratio."""
    a, n1, c, n2 = (sum(column) for column in zip(*counts, strict=True))
    if not a and not c:
        one_sided = (1 + level) / 2
        high = 100 * upper_bound(0, n=n1, level=one_sided).upper
        return 0.0, (-100 * upper_bound(0, n=n2, level=one_sided).upper, high), None
    columns = dict(zip(("events1", "n1", "events2", "n2"), zip(*counts, strict=True), strict=True))
    if a and c:
        try:
            pooled = rare_events(**columns, measure="RR", level=level)
        except SynthesisError:
            pass
        else:
            low, high = (math.exp(end) for end in pooled.ci)
            ratio = math.exp(pooled.estimate), low, high
            shown = corresponding_risk(assumed, ratio, of=100.0)
            return shown.difference[0], shown.difference[1:], ratio
    pooled = rare_events(**columns, measure="RD", level=level)
    ends = 100 * pooled.ci[0], 100 * pooled.ci[1]
    return 100 * pooled.estimate, ends, None


def _facts(
    tables: Sequence[tuple[Trial, Counted]],
    question: Question,
    judgements: Sequence[BiasJudgement],
) -> tuple[TrialFacts, ...]:
    """The trials, weighted as Mantel and Haenszel weight risk differences: n₁n₂/(n₁ + n₂)."""
    judged = judgement_of(judgements, outcome=question.outcome)
    weights = [n1 * n2 / (n1 + n2) for _, (_, n1, _, n2) in tables]
    z = quantile((1 + question.level) / 2, math.inf)
    facts = []
    for (trial, (a, n1, c, n2)), weight in zip(tables, weights, strict=True):
        one, two = (a + 0.5) / (n1 + 1), (c + 0.5) / (n2 + 1)
        half = 100 * z * math.sqrt(one * (1 - one) / n1 + two * (1 - two) / n2)
        difference = 100 * (a / n1 - c / n2)
        study = trial.study
        facts.append(
            TrialFacts(
                study=trial.study_id,
                label=study["label"],
                weight=weight / sum(weights),
                estimate=difference,
                ci=(difference - half, difference + half),
                people=n1 + n2,
                bias=CLASS_OF.get(judged.get(trial.study_id) or study["rob"] or "", NOT_JUDGED),
                randomised=study["design"] in RANDOMISED,
                double_blind=study["blinding"] == "double",
                funding=study["funding"] or "",
            )
        )
    return tuple(facts)
