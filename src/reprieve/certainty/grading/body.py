"""The body of evidence: all numbers that the rules look at, gathered once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from reprieve.certainty.risk_of_bias.records import BiasJudgement
from reprieve.certainty.risk_of_bias.tools import NOT_JUDGED
from reprieve.certainty.risk_of_bias.using import judgement_of
from reprieve.certainty.unpublished import MissingEvidence, missing_from
from reprieve.effects import scales
from reprieve.effects.harmonise import Comparisons
from reprieve.effects.question import Question
from reprieve.effects.trials import by_study
from reprieve.evidence import vocabulary
from reprieve.evidence.records import Evidence
from reprieve.synthesis.base import Interval
from reprieve.synthesis.findings import quantile
from reprieve.synthesis.missing_evidence.asymmetry import regression_test
from reprieve.synthesis.results import MetaAnalysis

RANDOMISED = ("parallel", "crossover", "cluster")
_CLASSES = {
    "low": ("low",),
    "some concerns": ("some concerns", "some_concerns", "moderate", "unclear", "no information"),
    "high": ("high", "serious", "critical"),
}
CLASS_OF = {word: found for found, words in _CLASSES.items() for word in words}
"""Judgements of all tools in three classes; what is not here is not judged."""


@dataclass(frozen=True, kw_only=True)
class TrialFacts:
    """One trial, as the rules see it.

    Attributes
    ----------
    study, label : str
    weight : float
        Its share of the pooled estimate, of 1.
    estimate : float
    ci : tuple of float
    people : int
    bias : str
        ``low``, ``some concerns``, ``high`` or ``not judged``.
    randomised, double_blind : bool
    funding : str
        A word of the evidence; empty where unknown.
    adjunct : str
        What only one side was given besides; empty where nothing.
    month : float or None
    dose : float or None
        Cells per injection of the treated arms, the mean of several.
    """

    study: str
    label: str
    weight: float
    estimate: float
    ci: Interval
    people: int
    bias: str = NOT_JUDGED
    randomised: bool = True
    double_blind: bool = False
    funding: str = ""
    adjunct: str = ""
    month: float | None = None
    dose: float | None = None


@dataclass(frozen=True, kw_only=True)
class Asymmetry:
    """A small-study test: its p value, and whether small trials favour the treatment more."""

    p: float
    favours_treatment: bool


@dataclass(frozen=True, kw_only=True)
class Body:
    """The numbers behind one rating.

    What is not known has a default, so that other results (harms, zero events, the estimates of a
    network) can be rated by the same rules.

    Attributes
    ----------
    key : str
        The question in short; overrules are kept under it.
    treatment, comparator, outcome : str
        In words, and a code of the outcomes' domains.
    month : float or None
    estimate, ci : float, tuple of float
        Treatment minus comparator; negative is better.
    prediction_interval : tuple of float or None
    mcid : float or None
    I2 : float or None
        Percent; None for one trial.
    people : int
    sd : float or None
        Typical standard deviation between people.
    trials : tuple of TrialFacts
    asymmetry : Asymmetry or None
    missing : MissingEvidence or None
    risk_ratio : tuple of float or None
        Of people with a worthwhile improvement: the estimate, and the ends of its interval.
    """

    key: str
    treatment: str
    comparator: str
    outcome: str
    estimate: float
    ci: Interval
    people: int
    trials: tuple[TrialFacts, ...]
    month: float | None = None
    prediction_interval: Interval | None = None
    mcid: float | None = None
    I2: float | None = None
    sd: float | None = None
    asymmetry: Asymmetry | None = None
    missing: MissingEvidence | None = None
    risk_ratio: tuple[float, float, float] | None = None

    @property
    def k(self) -> int:
        """The number of trials."""
        return len(self.trials)

    @property
    def randomised(self) -> bool:
        """Whether every trial randomised."""
        return all(trial.randomised for trial in self.trials)

    def share(self, chosen: Iterable[bool]) -> float:
        """The share of the weight in some of the trials."""
        parts = [t.weight for t, take in zip(self.trials, chosen, strict=True) if take]
        return min(1.0, math.fsum(parts))


def key_of(question: Question) -> str:
    """A question in short: condition, treatment, comparator, outcome and month.

    Examples
    --------
    >>> key_of(Question(condition="knee_osteoarthritis"))
    'knee_osteoarthritis cell_therapy placebo pain 6'
    """
    return (
        f"{question.condition} {question.treatment} {question.comparator} {question.outcome} "
        f"{question.month:g}"
    )


def body_of(
    question: Question,
    evidence: Evidence,
    found: Comparisons,
    fit: MetaAnalysis,
    judgements: Sequence[BiasJudgement] = (),
) -> Body:
    """Gather what the rules look at.

    Parameters
    ----------
    question : Question
    evidence : Evidence
    found : Comparisons
        The comparisons that were pooled.
    fit : MetaAnalysis
        The pooled difference, with a study for each trial of `found`.
    judgements : sequence of BiasJudgement
        What people judged; where they did not, the judgement that the evidence quotes from a
        published review stands.
    """
    mcid = question.mcid or vocabulary.threshold(question.condition, question.outcome).points
    trials = _trials(evidence, found, fit, _biases(question, evidence, found, judgements))
    low, high = fit.ci
    ci = (float(low), float(high))
    return Body(
        key=key_of(question),
        treatment=vocabulary.treatment(question.treatment).name,
        comparator=vocabulary.treatment(question.comparator).name,
        outcome=question.outcome,
        month=question.month,
        estimate=fit.estimate,
        ci=ci,
        prediction_interval=_prediction(fit),
        mcid=mcid,
        I2=None if fit.k == 1 else float(fit.I2),
        people=sum(trial.people for trial in trials),
        sd=_typical_sd(fit, trials),
        trials=trials,
        asymmetry=_asymmetry(fit),
        missing=missing_from(question, evidence, found, fit),
        risk_ratio=_risk_ratio(found, (fit.estimate, *ci), mcid),
    )


def _prediction(fit: MetaAnalysis) -> Interval | None:
    if fit.k < 3:
        return None
    low, high = fit.prediction_interval
    return None if math.isnan(low) else (float(low), float(high))


def _biases(
    question: Question,
    evidence: Evidence,
    found: Comparisons,
    judgements: Sequence[BiasJudgement],
) -> dict[str, str]:
    judged = judgement_of(judgements, outcome=question.outcome)
    studies = by_study(evidence).studies
    return {
        study: CLASS_OF.get(judged.get(study) or studies[study]["rob"] or "", NOT_JUDGED)
        for study in found.covariance
    }


def _trials(
    evidence: Evidence, found: Comparisons, fit: MetaAnalysis, biases: Mapping[str, str]
) -> tuple[TrialFacts, ...]:
    known = by_study(evidence)
    half = quantile((1 + fit.level) / 2, math.inf) * np.sqrt(fit.v)
    parts = found.table.partition_by("study_id", as_dict=True)
    facts = []
    for i, study in enumerate(fit.study):
        row, rows = known.studies[study], parts[(study,)]
        arms = {arm["arm_id"]: arm for arm in known.arms[study]}
        y = float(fit.y[i])
        facts.append(
            TrialFacts(
                study=study,
                label=row["label"],
                weight=float(fit.weights[i]) / 100,
                estimate=y,
                ci=(y - float(half[i]), y + float(half[i])),
                people=people_in(rows, row),
                bias=biases[study],
                randomised=row["design"] in RANDOMISED,
                double_blind=row["blinding"] == "double",
                funding=row["funding"] or "",
                adjunct=_adjunct(rows, arms),
                month=rows["month"][0],
                dose=_dose(rows, arms),
            )
        )
    return tuple(facts)


def people_in(rows: pl.DataFrame, study: Mapping[str, Any]) -> int:
    """People of a trial in the comparison, each once; those randomised where arms do not say."""
    sides = [rows.unique([f"arm_{side}"])[f"n_{side}"] for side in "tc"]
    if any(side.null_count() for side in sides):
        return int(study["n_randomised"] or 0)
    numbers = [round(side.sum()) for side in sides]
    return max(numbers) if rows["same_people"].any() else sum(numbers)


def _adjunct(rows: pl.DataFrame, arms: Mapping[str, Mapping[str, Any]]) -> str:
    """What one side of every comparison was given besides and the other was not."""

    def given(arm: str) -> set[str]:
        return {word for word in (arms[arm]["adjunct"] or "").split(";") if word}

    differences = [
        given(treated) ^ given(compared)
        for treated, compared in rows.select("arm_t", "arm_c").iter_rows()
    ]
    return ";".join(sorted(set().union(*differences))) if all(differences) else ""


def _dose(rows: pl.DataFrame, arms: Mapping[str, Mapping[str, Any]]) -> float | None:
    doses = [arms[arm]["dose_cells"] for arm in rows["arm_t"].unique(maintain_order=True)]
    return float(np.mean(doses)) if all(doses) else None


def _typical_sd(fit: MetaAnalysis, trials: Sequence[TrialFacts]) -> float | None:
    """The spread between people that the trials' own precision implies: √(v n / 4), the median."""
    people = np.array([trial.people for trial in trials], dtype=float)
    spreads = np.sqrt(fit.v * people / 4)[people > 0]
    return float(np.median(spreads)) if len(spreads) else None


def _asymmetry(fit: MetaAnalysis) -> Asymmetry | None:
    """Egger's test; it needs three trials of different precision to be computed at all."""
    if fit.k < 3 or float(np.ptp(fit.v)) == 0:
        return None
    test = regression_test(fit)
    return Asymmetry(p=test.p, favours_treatment=test.slope < 0)


def _risk_ratio(
    found: Comparisons, effects: Sequence[float], mcid: float | None
) -> tuple[float, float, float] | None:
    """How many times more often people improve by a worthwhile amount than with the comparator."""
    known = found.table.drop_nulls(["change_c", "sd_change_c"]).unique(
        ["study_id", "arm_c"], maintain_order=True
    )
    if mcid is None or known.is_empty():
        return None
    n, change, sd = (known[column].to_numpy() for column in ("n_c", "change_c", "sd_change_c"))
    spread = float(np.sqrt(np.average(sd**2, weights=n - 1)))
    people = scales.responders(list(effects), mcid, float(np.average(change, weights=n)), spread)
    middle, one, other = (float(part) / float(people.untreated[0]) for part in people.treated)
    return middle, min(one, other), max(one, other)
