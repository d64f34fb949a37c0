"""From everything that trials report to one comparable effect a trial, for one question.

For each trial of the condition that has both treatments, `harmonise` picks one instrument, one
visit and one kind of value by stated rules, puts it on 0–100 points where higher is worse, and
says for every trial left out why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from reprieve.effects.options import choose, settled
from reprieve.effects.question import Question
from reprieve.effects.sides import compare_sides, side_of
from reprieve.effects.summaries import Unusable
from reprieve.effects.trials import by_study
from reprieve.evidence.records import Evidence

COMPARISON_SCHEMA: dict[str, Any] = {
    "study_id": pl.String,
    "arm_t": pl.String,
    "arm_c": pl.String,
    "instrument": pl.String,
    "month": pl.Float64,
    "statistic": pl.String,
    "n_t": pl.Float64,
    "n_c": pl.Float64,
    "same_people": pl.Boolean,
    "estimate": pl.Float64,
    "variance": pl.Float64,
    "change_c": pl.Float64,
    "sd_change_c": pl.Float64,
    "notes": pl.List(pl.String),
    "rows": pl.List(pl.Struct({"table": pl.String, "row": pl.Int64})),
}

OF_STUDY = ("label", "year", "blinding", "mean_age", "percent_female")
OF_ARM = (
    "treatment",
    "cell_source",
    "donor",
    "processing",
    "dose_cells",
    "injections",
    "route",
)


@dataclass(frozen=True)
class Comparisons:
    """The effects that answer a question, and what was left out.

    Attributes
    ----------
    question : Question
    table : polars.DataFrame
        A row a comparison of two arms: which arms, instrument, month and kind of value; people
        (``n_t``, ``n_c``; ``same_people`` when both arms hold the same ones); ``estimate`` and
        ``variance`` of treatment minus comparator in points of 100 (negative is better); the
        comparator's mean improvement and its spread (``change_c``, ``sd_change_c``; null where
        unknown); ``notes`` on what was recovered or imputed; and ``rows``, the rows of the
        evidence that it stands on.
    covariance : dict of str to ndarray
        For each trial the covariance matrix of its comparisons, in the order of the table:
        comparisons that share an arm are correlated.
    excluded : polars.DataFrame
        ``study_id``, ``reason`` and ``unread``: whether the trial's numbers have not been read
        (so that it may count one day) rather than do not fit the question.
    """

    question: Question
    table: pl.DataFrame
    covariance: dict[str, NDArray[np.float64]]
    excluded: pl.DataFrame

    def described(self, evidence: Evidence) -> pl.DataFrame:
        """The table with what is known of each trial and its treated arm, as moderators.

        Returns
        -------
        polars.DataFrame
            The columns of `table`, then ``label``, ``year``, ``blinding``, ``mean_age`` and
            ``percent_female`` of the trial, and ``treatment``, ``cell_source``, ``donor``,
            ``processing``, ``dose_cells``, ``injections`` and ``route`` of the treated arm.

        Examples
        --------
        >>> from reprieve.evidence import load_evidence
        >>> evidence = load_evidence()
        >>> question = Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid")
        >>> table = harmonise(evidence, question).described(evidence)
        >>> sorted(set(table["cell_source"]))
        ['adipose', 'bone_marrow']
        """
        studies = evidence.studies.select("study_id", *OF_STUDY)
        arms = evidence.arms.select("study_id", pl.col("arm_id").alias("arm_t"), *OF_ARM)
        return self.table.join(studies, on="study_id", how="left", maintain_order="left").join(
            arms, on=["study_id", "arm_t"], how="left", maintain_order="left"
        )


def harmonise(evidence: Evidence, question: Question) -> Comparisons:
    """One comparable effect a trial for a question, with everything left out and why.

    The rules, in order: trials of the condition with an arm of each treatment; randomised ones
    (unless the question says otherwise); not a population, pool or period that the curators warn
    of; the outcome measured within the window of months; whole arms, on a scale with a known
    range. Of what remains each trial gives the instrument that stands highest in the hierarchy,
    at the visit nearest to the month asked for, as the kind of value with a reported spread,
    then as the preferred kind. A missing standard deviation is taken from other trials with the
    same instrument, and noted.

    Parameters
    ----------
    evidence : Evidence
    question : Question

    Returns
    -------
    Comparisons

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> question = Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid")
    >>> found = harmonise(load_evidence(), question)
    >>> "vega-2015" in set(found.table["study_id"])
    True
    """
    rows: list[dict[str, Any]] = []
    covariance: dict[str, NDArray[np.float64]] = {}
    excluded: list[dict[str, Any]] = []
    spread = by_study(evidence).spread
    for trial, reason in settled(evidence, question, side_of(question)):
        option = Unusable(reason) if reason else choose(trial, question, spread)
        if isinstance(option, Unusable):
            excluded.append(
                {
                    "study_id": trial.study_id,
                    "reason": option.reason,
                    "unread": reason is None and trial.unread,
                }
            )
        else:
            comparisons, covariance[trial.study_id] = compare_sides(option, trial, question)
            rows += comparisons
    return Comparisons(
        question,
        pl.DataFrame(rows, schema=COMPARISON_SCHEMA),
        covariance,
        pl.DataFrame(
            excluded, schema={"study_id": pl.String, "reason": pl.String, "unread": pl.Boolean}
        ),
    )
