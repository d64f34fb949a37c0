"""`ask`: the one place where evidence, effects and synthesis meet."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from reprieve.answers import words
from reprieve.answers.answer import (
    UNIT,
    Answer,
    Effect,
    Exclusion,
    PerHundred,
    Source,
    Status,
    StudyEffect,
)
from reprieve.certainty.grading.body import people_in
from reprieve.certainty.grading.overrules import Overrule
from reprieve.certainty.grading.rating import DEFAULT, rate
from reprieve.certainty.grading.rules import Rules
from reprieve.certainty.risk_of_bias.records import BiasJudgement
from reprieve.effects import scales
from reprieve.effects.harmonise import Comparisons, harmonise
from reprieve.effects.question import Question
from reprieve.effects.trials import RowsByStudy, by_study
from reprieve.evidence import vocabulary
from reprieve.evidence.catalogue import study_link
from reprieve.evidence.package import load_evidence
from reprieve.evidence.records import Evidence
from reprieve.synthesis.blocks import StudyMeans, study_means
from reprieve.synthesis.findings import quantile
from reprieve.synthesis.pairwise import meta_analysis
from reprieve.synthesis.results import MetaAnalysis

AGAINST_CELLS = (
    "placebo",
    "traditional",
    "physical_therapy",
    "medication",
    "nerve_block",
    "surgery",
    "injection",
    "usual_care",
    "no_treatment",
)
"""What a report holds cell therapy against."""

SHOWN = ("spread", "paired", "unit", "scale", "overlap", "note")
"""Cautions that stand beside a trial's number; the others keep numbers out, with their reason."""

AGAINST_PLACEBO = ("physical_therapy", "medication", "nerve_block", "surgery", "injection")
"""What it also holds against placebo, so that a reader sees what cell therapy would replace."""


def ask(
    question: Question,
    evidence: Evidence | None = None,
    *,
    judgements: Sequence[BiasJudgement] = (),
    overrules: Sequence[Overrule] = (),
    rules: Rules = DEFAULT,
) -> Answer:
    """What the trials say to a question.

    Parameters
    ----------
    question : Question
    evidence : Evidence, optional
        By default the curated snapshot that ships with the package.
    judgements : sequence of BiasJudgement
        Of the risk of bias in the trials (`read_judgements`).
    overrules : sequence of Overrule
        What people decided about the certainty (`read_overrules`).
    rules : Rules
        The thresholds by which certainty is proposed.

    Returns
    -------
    Answer
        Pooled by random effects (REML) with the Knapp–Hartung interval, never narrower than the
        one without their correction (Cochrane Handbook 10.10.4.3: with few, similar trials it
        can shrink below what chance allows); a single trial stands alone; where no trial can
        answer, `status` and `in_words` say so.

    Examples
    --------
    >>> answer = ask(Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid"))
    >>> answer.status
    'pooled'
    >>> answer.effect.k == len(answer.studies)
    True
    """
    evidence = evidence or load_evidence()
    found = harmonise(evidence, question)
    known = by_study(evidence)
    excluded = tuple(
        Exclusion(
            r["study_id"],
            known.studies[r["study_id"]]["label"],
            study_link(known.studies[r["study_id"]]),
            r["reason"],
        )
        for r in found.excluded.iter_rows(named=True)
    )
    fit = pool(found, question.level)
    certainty = rate(
        question, evidence, found, fit, rules=rules, judgements=judgements, overrules=overrules
    )
    status = _status(found, fit)
    effect = per_100 = None
    studies: tuple[StudyEffect, ...] = ()
    if fit is not None:
        studies = _studies(found, fit, known)
        people = sum(
            people_in(found.table.filter(study_id=key), known.studies[key]) for key in fit.study
        )
        effect = _effect(found, fit, question, people)
        per_100 = _per_100(found, fit, effect)
    return Answer(
        question=question,
        status=status,
        effect=effect,
        per_100=per_100,
        studies=studies,
        excluded=excluded,
        in_words=words.in_words(
            question, status, effect, per_100, studies, found.excluded, certainty
        ),
        certainty=certainty,
        evidence_date=evidence.date,
        fit=fit,
    )


def comparisons(
    condition: str,
    evidence: Evidence,
    *,
    outcomes: Sequence[str] = ("pain", "function"),
    months: Sequence[float] = (6.0, 12.0),
) -> list[Answer]:
    """Every comparison of a condition that the evidence holds, answered.

    Cell therapy against each other class, then each traditional class and injections against
    placebo; for each outcome and month. What rests on the same rows is answered once: for the
    nearest month, and for the narrower comparator. A comparison that no trial makes gives one
    answer that says so (for the first outcome and month), so that the gap is visible.

    Parameters
    ----------
    condition : str
    evidence : Evidence
    outcomes : sequence of str
    months : sequence of float

    Returns
    -------
    list of Answer
    """
    pairs = [("cell_therapy", comparator) for comparator in AGAINST_CELLS]
    pairs += [(treatment, "placebo") for treatment in AGAINST_PLACEBO]
    answers = []
    for treatment, comparator in pairs:
        asked = [
            ask(
                Question(
                    condition=condition,
                    treatment=treatment,
                    comparator=comparator,
                    outcome=outcome,
                    month=month,
                ),
                evidence,
            )
            for outcome in outcomes
            for month in months
        ]
        with_numbers = [a for a in asked if a.effect is not None]
        if with_numbers:
            answers += with_numbers
        elif treatment == "cell_therapy" or asked[0].status != "no_trial":
            answers.append(asked[0])
    return _each_once(answers)


def _each_once(answers: Sequence[Answer]) -> list[Answer]:
    """The answers without those that rest on the same rows as another."""
    kept: dict[Any, Answer] = {}
    for answer in answers:
        question = answer.question
        rows = frozenset((s.table, s.row) for study in answer.studies for s in study.rows)
        key = (question.treatment, question.outcome, rows or question.comparator)
        earlier = kept.get(key)
        if earlier is not None and earlier.question.comparator == question.comparator:
            kept[key] = min(earlier, answer, key=_distance)
            continue
        kept.pop(key, None)  # a class and its only member: the member says more
        kept[key] = answer
    return list(kept.values())


def _distance(answer: Answer) -> float:
    """How far the visits of an answer's trials lie from the month asked for, on average."""
    months = [study.month for study in answer.studies] or [answer.question.month]
    return abs(float(np.mean(months)) - answer.question.month)


def study_effects(found: Comparisons) -> StudyMeans:
    """One effect and variance a trial: the generalised least-squares mean of its comparisons."""
    return study_means(found.table["estimate"].to_numpy(), list(found.covariance.values()))


def pool(
    found: Comparisons, level: float, *, method: str = "REML", test: str = "adhoc"
) -> MetaAnalysis | None:
    """The pooled difference, a study a trial; None where no trial was found."""
    if found.table.is_empty():
        return None
    y, v = study_effects(found)
    study = list(found.covariance)
    return meta_analysis(
        effect=y,
        variance=v,
        study=study,
        method=method,
        test=test,
        level=level,
    )


def _status(found: Comparisons, fit: MetaAnalysis | None) -> Status:
    if fit is None:
        if found.excluded.is_empty():
            return "no_trial"
        return "not_read" if found.excluded["unread"].any() else "not_usable"
    return "single_trial" if fit.k == 1 else "pooled"


def _effect(found: Comparisons, fit: MetaAnalysis, question: Question, people: int) -> Effect:
    threshold = vocabulary.threshold(question.condition, question.outcome)
    own = question.mcid is not None
    alone = fit.k == 1
    return Effect(
        measure="MD",
        unit=UNIT,
        estimate=fit.estimate,
        ci=_pair(fit.ci),
        prediction_interval=_pair(fit.prediction_interval) if fit.k >= 3 else None,
        k=fit.k,
        n=people,
        tau=None if alone else fit.tau,
        I2=None if alone else fit.I2,
        p=fit.p,
        mcid=question.mcid if own else threshold.points,
        mcid_source="chosen by the person who asked" if own else threshold.source,
    )


def _pair(interval: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    low, high = interval
    return float(low), float(high)


def _per_100(found: Comparisons, fit: MetaAnalysis, effect: Effect) -> PerHundred | None:
    """People of 100 with a worthwhile improvement, from what the comparator's people did."""
    known = found.table.drop_nulls(["change_c", "sd_change_c"]).unique(
        ["study_id", "arm_c"], maintain_order=True
    )
    if effect.mcid is None or known.is_empty():
        return None
    n, change, sd = (known[c].to_numpy() for c in ("n_c", "change_c", "sd_change_c"))
    mean_change = float(np.average(change, weights=n))
    pooled_sd = float(np.sqrt(np.average(sd**2, weights=n - 1)))

    people = scales.responders([effect.estimate, *effect.ci], effect.mcid, mean_change, pooled_sd)
    with_treatment, *bounds = (float(p) for p in people.treated)
    with_comparator = float(people.untreated[0])
    low, high = sorted(bounds)
    trials = known["study_id"].n_unique()
    shown_by = "the trial that shows it" if trials == 1 else f"the {trials} trials that show it"
    return PerHundred(
        with_treatment=with_treatment,
        with_comparator=with_comparator,
        difference=with_treatment - with_comparator,
        with_treatment_ci=(low, high),
        difference_ci=(low - with_comparator, high - with_comparator),
        mcid=effect.mcid,
        basis=(
            f"the comparator's people improved by {-mean_change:.1f} points on average "
            f"(SD {pooled_sd:.1f}) in {shown_by}; improvements are taken to be normal; "
            "the ranges carry the uncertainty of the difference only"
        ),
    )


def _studies(found: Comparisons, fit: MetaAnalysis, known: RowsByStudy) -> tuple[StudyEffect, ...]:
    half = quantile((1 + fit.level) / 2, math.inf) * np.sqrt(fit.v)
    effects = []
    for i, key in enumerate(fit.study):
        rows = found.table.filter(pl.col("study_id") == key)
        first = rows.row(0, named=True)
        cautions = [c["reason"] for c in known.cautions.get(key, []) if c["kind"] in SHOWN]
        study = known.studies[key]
        sources = _Sources(known, key)
        effects.append(
            StudyEffect(
                study_id=key,
                label=study["label"],
                year=study["year"],
                link=study_link(study),
                treatment=sources.arms(rows["arm_t"]),
                comparator=sources.arms(rows["arm_c"]),
                instrument=first["instrument"],
                statistic=first["statistic"],
                month=first["month"],
                n_treatment=_people(rows, "t"),
                n_comparator=_people(rows, "c"),
                estimate=float(fit.y[i]),
                ci=(float(fit.y[i] - half[i]), float(fit.y[i] + half[i])),
                weight=float(fit.weights[i]),
                notes=(
                    *dict.fromkeys(note for some in rows["notes"] for note in some),
                    *(caution.rstrip(".") for caution in cautions),
                ),
                rows=sources.rows(rows),
            )
        )
    return tuple(effects)


def _people(rows: pl.DataFrame, side: str) -> int | None:
    """People in the arms of one side; None where one of them is unknown."""
    numbers = rows.unique([f"arm_{side}"])[f"n_{side}"]
    return None if numbers.null_count() else round(numbers.sum())


class _Sources:
    """Arms and rows of one trial, in words."""

    def __init__(self, known: RowsByStudy, study_id: str) -> None:
        self._arms = {arm["arm_id"]: arm for arm in known.arms[study_id]}
        self._rows = {
            (name, row["row"]): row
            for name, table in (("outcomes", known.outcomes), ("contrasts", known.contrasts))
            for row in table.get(study_id, [])
        }

    def arms(self, arm_ids: pl.Series) -> str:
        named = Counter(words.arm(self._arms[arm]) for arm in arm_ids.unique(maintain_order=True))
        return "; ".join(
            name if number == 1 else f"{name} ({number} arms)" for name, number in named.items()
        )

    def rows(self, comparisons: pl.DataFrame) -> tuple[Source, ...]:
        asked: dict[tuple[str, int], None] = {}
        for cell in comparisons["rows"].to_list():
            asked |= {(r["table"], r["row"]): None for r in cell}
        return tuple(self._source(table, row) for table, row in asked)

    def _source(self, table: str, row: int) -> Source:
        found = self._rows[table, row]
        return Source(
            table=table,
            row=row,
            what=words.row(table, found, self._arms),
            locator=found["locator"],
            read_at=found["source_url"],
            readings=found["readings"],
            flag=found["flag"],
        )
