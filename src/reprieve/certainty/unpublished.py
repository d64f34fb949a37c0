"""Trials that were registered and stayed silent, and what they could do to an answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from reprieve.effects.harmonise import Comparisons, harmonise
from reprieve.effects.question import Question
from reprieve.evidence import vocabulary
from reprieve.evidence.records import Evidence
from reprieve.evidence.register import AS_OF, REGISTER, STATES, registered_trials
from reprieve.synthesis.base import Interval
from reprieve.synthesis.blocks import study_means
from reprieve.synthesis.findings import Finding, plain
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.pairwise import meta_analysis
from reprieve.synthesis.results import MetaAnalysis

CELLS = "cell_therapy"


@dataclass(frozen=True, eq=False, repr=False)
class WhatIf:
    """The pooled difference if silent trials had found something.

    Attributes
    ----------
    effect : float
        What each silent trial is taken to have found, in points of 100.
    estimate : float
    ci : tuple of float
    """

    effect: float
    estimate: float
    ci: Interval


@dataclass(frozen=True, eq=False, repr=False)
class MissingEvidence(Finding):
    """What `missing_evidence` returns.

    Attributes
    ----------
    question : Question
    as_of : date
        The day of the register's extract.
    trials : polars.DataFrame
        Every registered trial of cell therapy in the condition, with its ``state``.
    silent, planned_silent : int
        Randomised silent trials, and the people that they planned.
    people : int
        People in the trials that answer the question.
    estimate, ci : float, tuple
        The answer as it is; NaN where no trial answers.
    if_null, if_opposite : WhatIf or None
        The pooled difference had each silent trial found nothing, or the opposite of the answer.
    """

    question: Question
    as_of: date
    trials: pl.DataFrame
    silent: int
    planned_silent: int
    people: int
    estimate: float
    ci: Interval
    if_null: WhatIf | None
    if_opposite: WhatIf | None

    @property
    def share_missing(self) -> float:
        """Part of all people, in the answer or planned in silent trials, that is silent."""
        whole = self.people + self.planned_silent
        return self.planned_silent / whole if whole else float("nan")

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """For each state the number of trials and of people planned."""
        grouped = self.trials.group_by("state").agg(pl.len(), pl.col("planned").sum())
        found = {row[0]: (row[1], row[2] or 0) for row in grouped.iter_rows()}
        return {state: found.get(state, (0, 0)) for state in STATES}

    def to_frame(self) -> pl.DataFrame:
        """The registered trials, each with its state."""
        return self.trials

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it."""
        content = {
            "register": REGISTER,
            "as_of": self.as_of.isoformat(),
            "counts": {
                state: {"trials": trials, "planned": planned}
                for state, (trials, planned) in self.counts.items()
            },
            "silent_randomised": self.silent,
            "planned_silent": self.planned_silent,
            "people": self.people,
            "share_missing": self.share_missing,
            "estimate": self.estimate,
            "ci": self.ci,
            "if_null": self.if_null,
            "if_opposite": self.if_opposite,
            "silent_trials": self.trials.filter(state="silent")["nct_id"].to_list(),
        }
        return dict(plain(content))

    def summary(self) -> str:
        """What is missing, in a few sentences."""
        name = vocabulary.condition(self.question.condition).name
        states = "; ".join(
            f"{trials} {STATES[state]} ({planned:,} people planned)"  # type: ignore[index]
            for state, (trials, planned) in self.counts.items()
            if trials
        )
        lines = [
            f"{REGISTER} on {self.as_of.isoformat()}: {self.trials.height} trials of mesenchymal "
            f"cells in {name}. {states}.",
        ]
        if vocabulary.treatment_class(self.question.treatment) != CELLS:
            treatment = vocabulary.treatment(self.question.treatment).name
            lines.append(
                f"The extract holds no trials of {treatment}: it can't tell what is missing."
            )
        if self.silent:
            lines.append(
                f"{self.silent} randomised trials with {self.planned_silent:,} people planned are "
                f"silent: {100 * self.share_missing:.0f}% of all people of this question and them."
            )
        for what, found in (("nothing", self.if_null), ("the opposite", self.if_opposite)):
            if found:
                lines.append(
                    f"Had each found {what}: {_told(found.estimate, found.ci)} in place of "
                    f"{_told(self.estimate, self.ci)}."
                )
        return "\n".join(lines)


def _told(estimate: float, ci: tuple[float, float]) -> str:
    told = f"{estimate:.1f} ({ci[0]:.1f} to {ci[1]:.1f})"
    return told.replace("-0.0", "0.0").replace("-", "−")


def missing_evidence(question: Question, evidence: Evidence) -> MissingEvidence:
    """The registered, ended and silent trials behind a question, and how they could move it.

    Parameters
    ----------
    question : Question
    evidence : Evidence

    Returns
    -------
    MissingEvidence

    Notes
    -----
    The register's extract holds trials of cells only, and not their comparators: silent trials of
    the condition count for every question about cells in it. That is a worst case: some held cells
    against something else. Each randomised silent trial becomes a study with the effect assumed,
    two arms of half its planned people, and the typical spread of the trials that answer; the whole
    is pooled as the answer is (Page, Sterne & Higgins 2021 Cochrane Handbook 13.3; ROB-ME).

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> question = Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid")
    >>> found = missing_evidence(question, load_evidence())
    >>> found.silent > 0, found.if_null.estimate > found.estimate
    (True, True)
    """
    found = harmonise(evidence, question)
    fit = None
    if not found.table.is_empty():
        y, v = study_means(found.table["estimate"].to_numpy(), list(found.covariance.values()))
        fit = meta_analysis(effect=y, variance=v, method="REML", test="adhoc", level=question.level)
    return missing_from(question, evidence, found, fit)


def missing_from(
    question: Question, evidence: Evidence, found: Comparisons, fit: MetaAnalysis | None
) -> MissingEvidence:
    """`missing_evidence` of comparisons that have been found and pooled already."""
    trials = registered_trials(question.condition, evidence)
    asks_cells = vocabulary.treatment_class(question.treatment) == CELLS
    silent = trials.filter(
        (pl.col("state") == "silent") & (pl.col("allocation") == "Randomized") & asks_cells
    )
    planned = silent["planned"].fill_null(0).to_numpy()
    estimate, ci, null, opposite = float("nan"), (float("nan"), float("nan")), None, None
    if fit is not None:
        estimate, ci = fit.estimate, _pair(fit.ci)
        sizes = planned[planned > 1]
        if len(sizes):
            added = 4 * _typical_variance(found, fit.v) / sizes
            null = _what_if(0.0, fit.y, fit.v, added, question.level)
            opposite = _what_if(-fit.estimate, fit.y, fit.v, added, question.level)
    return MissingEvidence(
        question=question,
        as_of=AS_OF,
        trials=trials,
        silent=silent.height,
        planned_silent=int(planned.sum()),
        people=round(float(_people(found).sum())),
        estimate=estimate,
        ci=ci,
        if_null=null,
        if_opposite=opposite,
    )


def _what_if(effect: float, y: Array, v: Array, added: Array, level: float) -> WhatIf:
    fit = meta_analysis(
        effect=np.concatenate([y, np.full(len(added), effect)]),
        variance=np.concatenate([v, added]),
        method="REML",
        test="adhoc",
        level=level,
    )
    return WhatIf(effect, fit.estimate, _pair(fit.ci))


def _people(found: Comparisons) -> Array:
    """People of each trial, in the order of its covariance blocks; zero where unknown."""
    people = []
    for study in found.covariance:
        rows = found.table.filter(study_id=study)
        sides = [rows.unique([f"arm_{s}"])[f"n_{s}"].fill_null(0).sum() for s in "tc"]
        people.append(max(sides) if rows["same_people"].any() else sum(sides))
    return np.array(people, dtype=float)


def _typical_variance(found: Comparisons, v: Array) -> float:
    """The variance between people that the trials' own precision implies: v · n/4, the median."""
    people = _people(found)
    return float(np.median((v * people / 4)[people > 0]))


def _pair(interval: Any) -> Interval:
    low, high = interval
    return float(low), float(high)
