"""Every visit of every trial: the contrasts over time that trajectories are made of."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from reprieve.effects.all_comparisons import CONTRAST_SCHEMA
from reprieve.effects.covariance import month_correlation, study_covariance
from reprieve.effects.imputation import TypicalSpread
from reprieve.effects.network_trials import (
    LEFT_OUT_SCHEMA,
    arms_without_values,
    left_out,
    nodes_of,
    trials_of_nodes,
)
from reprieve.effects.node_values import (
    NodeValue,
    arms_by_node,
    combined,
    difference,
    values_of_nodes,
)
from reprieve.effects.options import (
    Option,
    baseline_of,
    instrument_rank,
    kinds_in_order,
    offers,
)
from reprieve.effects.question import Question
from reprieve.effects.summaries import Unusable
from reprieve.effects.trials import Trial, by_study
from reprieve.errors import InputError
from reprieve.evidence.nodes import Level, node
from reprieve.evidence.records import Evidence

BASELINE_SCHEMA: dict[str, Any] = {
    "study_id": pl.String,
    "node": pl.String,
    "instrument": pl.String,
    "n": pl.Float64,
    "mean": pl.Float64,
    "sd": pl.Float64,
}
COURSE_SCHEMA: dict[str, Any] = {
    "study_id": pl.String,
    "node": pl.String,
    "control": pl.Boolean,
    "instrument": pl.String,
    "month": pl.Float64,
    "n": pl.Float64,
    "change": pl.Float64,
    "se": pl.Float64,
}


@dataclass(frozen=True)
class Visits:
    """Every visit of the trials of a condition, and what was left out.

    Attributes
    ----------
    question : Question
        Its treatment, comparator and month do not count here.
    table : polars.DataFrame
        The columns of `AllComparisons.table`; a row a visit and node other than the trial's base
        node, which is ``treatment2`` in all rows of a trial. Sorted by trial (as published),
        month and ``treatment1``. All rows of a trial are of one instrument and kind of value.
    covariance : dict of str to ndarray
        For each trial the covariance matrix of its rows, in the order of the table.
    baselines : polars.DataFrame
        ``study_id``, ``node``, ``instrument``, ``n``, ``mean`` and ``sd`` before treatment, where
        known, in points of 100.
    courses : polars.DataFrame
        ``study_id``, ``node``, ``control``, ``instrument``, ``month``, ``n``, and the mean
        ``change`` since baseline with its standard error ``se``, where known.
    nodes : polars.DataFrame
        ``node``, ``name``, ``class``, ``control``, and the ``trials`` and ``people`` with it
        (those of known number; null where no trial says).
    excluded : polars.DataFrame
        ``study_id``, ``arm_id`` (null: all), ``month`` (null: all), ``reason`` and ``unread``.
    """

    question: Question
    table: pl.DataFrame
    covariance: dict[str, NDArray[np.float64]]
    baselines: pl.DataFrame
    courses: pl.DataFrame
    nodes: pl.DataFrame
    excluded: pl.DataFrame


def every_visit(
    evidence: Evidence,
    question: Question,
    *,
    nodes: Level = "product",
    lump: bool = False,
    between_visits: float = 0.5,
) -> Visits:
    """All visits of the trials of a condition as contrasts over time, for a trajectory.

    A trial gives one instrument and kind of value, at all visits with a usable number: of those
    that show the most nodes, the instrument that stands highest in the hierarchy, as the kind
    with the most reported spreads, then the most visits, then the preferred kind. Each node is
    compared with the trial's base node: the one with the most visits, of several a control.
    Everything else is as in `compare_all`.

    Parameters
    ----------
    evidence : Evidence
    question : Question
        Condition, outcome and the choices count. The later end of its window, where one is
        given, is the last month taken; treatment, comparator and month do not count.
    nodes : {"product", "class", "combination"}
        What a node is; see :mod:`reprieve.evidence.nodes`.
    lump : bool
        Whether all controls (placebo, sham, usual care, no treatment) are one node.
    between_visits : float
        Correlation between the means of one arm at different visits. Trials hardly ever report
        it; 0.5 is an assumption, like the correlation between baseline and follow-up.

    Returns
    -------
    Visits

    Raises
    ------
    InputError
        `nodes` is none of the three, or the correlation is not at least 0 and below 1.

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> found = every_visit(load_evidence(), Question(condition="knee_osteoarthritis"))
    >>> vega = found.table.filter(study_id="vega-2015")
    >>> vega.select("treatment1", "treatment2", "month").rows()
    [('bm_msc', 'hyaluronic_acid', 3.0), ('bm_msc', 'hyaluronic_acid', 6.0), ...]
    >>> found.covariance["vega-2015"].shape == (vega.height, vega.height)
    True
    """
    if not 0 <= between_visits < 1:
        raise InputError(
            f"between_visits is {between_visits}; expected a correlation of at least 0 and below 1"
        )
    spread = by_study(evidence).spread
    months = 0.0, question.window[1] if question.window else math.inf
    rows: list[dict[str, Any]] = []
    baselines: list[dict[str, Any]] = []
    courses: list[dict[str, Any]] = []
    covariance: dict[str, NDArray[np.float64]] = {}
    excluded: list[dict[str, Any]] = []
    for trial, without in trials_of_nodes(evidence, question, nodes, lump=lump, excluded=excluded):
        options = offers(trial, question, spread, months)
        if isinstance(options, Unusable):
            excluded.append(left_out(trial, options.reason, unread=trial.unread))
            continue
        found = _of_trial(_one_kind(options, trial, question), trial, question, spread)
        rows += found.rows
        covariance[trial.study_id] = found.covariance(between_visits)
        baselines += _baselines(trial, found.instrument, found.arms)
        courses += found.courses()
        excluded += without
        excluded += arms_without_values(trial, found.arms)
        excluded += found.without_base()
    course_table = pl.DataFrame(courses, schema=COURSE_SCHEMA)
    return Visits(
        question,
        pl.DataFrame(rows, schema=CONTRAST_SCHEMA),
        covariance,
        pl.DataFrame(baselines, schema=BASELINE_SCHEMA),
        course_table,
        nodes_of(course_table),
        pl.DataFrame(excluded, schema={"month": pl.Float64} | LEFT_OUT_SCHEMA).select(
            "study_id", "arm_id", "month", "reason", "unread"
        ),
    )


@dataclass(frozen=True)
class _Course:
    """A trial over time: the values of its nodes at each visit, and its base node."""

    trial: Trial
    instrument: str
    statistic: str
    base: str
    visits: dict[float, dict[str, NodeValue]]

    @property
    def arms(self) -> set[str]:
        values = (value for visit in self.visits.values() for value in visit.values())
        return {arm for value in values for arm in value.arms}

    @property
    def pairs(self) -> list[tuple[float, NodeValue, NodeValue]]:
        """Month, node and base node of each row."""
        return [
            (month, value, visit[self.base])
            for month, visit in self.visits.items()
            if self.base in visit
            for code, value in visit.items()
            if code != self.base
        ]

    @property
    def rows(self) -> list[dict[str, Any]]:
        which = {
            "study_id": self.trial.study_id,
            "instrument": self.instrument,
            "statistic": self.statistic,
            "same_people": self.trial.within_person,
        }
        return [
            which | {"month": month} | difference(value, base, self.trial)
            for month, value, base in self.pairs
        ]

    def covariance(self, between_visits: float) -> NDArray[np.float64]:
        """Rows share the base node, and the people of both nodes at other visits."""
        months, values, bases = zip(*self.pairs, strict=True)
        return study_covariance(
            [value.node for value in values],
            [base.node for base in bases],
            [value.squared_se for value in values],
            [base.squared_se for base in bases],
            month_correlation(months, between_visits),
        )

    def courses(self) -> list[dict[str, Any]]:
        return [
            {
                "study_id": self.trial.study_id,
                "node": code,
                "control": node(code).control,
                "instrument": self.instrument,
                "month": month,
                "n": value.n,
                "change": value.change.mean if value.change else None,
                "se": value.change.squared_se**0.5 if value.change else None,
            }
            for month, visit in self.visits.items()
            for code, value in visit.items()
        ]

    def without_base(self) -> list[dict[str, Any]]:
        """Rows of what is left out: visits at which the base node has no value."""
        reason = f"no value of {node(self.base).name}, which the other visits are compared with"
        return [
            left_out(self.trial, reason) | {"month": month}
            for month, visit in self.visits.items()
            if self.base not in visit
        ]


def _one_kind(options: list[Option], trial: Trial, question: Question) -> list[Option]:
    """The options of one instrument and kind of value, by month."""
    by_kind: defaultdict[tuple[str, str], list[Option]] = defaultdict(list)
    for option in options:
        by_kind[option.instrument, option.statistic].append(option)
    kinds = kinds_in_order(trial, question)

    def rank(kind: tuple[str, str]) -> tuple[float, ...]:
        instrument, statistic = kind
        visits = by_kind[kind]
        return (
            -max(len(trial.groups_of(visit.arms)) for visit in visits),
            *instrument_rank(instrument, question),
            -sum(not visit.imputed for visit in visits),
            -len(visits),
            kinds.index(statistic),
        )

    return sorted(by_kind[min(by_kind, key=rank)], key=lambda option: option.month)


def _of_trial(
    options: list[Option], trial: Trial, question: Question, spread: TypicalSpread
) -> _Course:
    visits = {
        option.month: {v.node: v for v in values_of_nodes(option, trial, question, spread)}
        for option in options
    }
    seen = Counter(code for visit in visits.values() for code in visit)
    base = max(seen, key=lambda code: (seen[code], node(code).place))
    return _Course(trial, options[0].instrument, options[0].statistic, base, visits)


def _baselines(trial: Trial, instrument: str, used: set[str]) -> list[dict[str, Any]]:
    rows = []
    for code, arms in arms_by_node(trial, used).items():
        found = [baseline_of(trial, arm, instrument) for arm in arms]
        known = [value for value in found if value is not None and value.sd is not None]
        if known and len(known) == len(found):
            whole = combined(known)
            row = {"study_id": trial.study_id, "node": code, "instrument": instrument}
            rows.append(row | {"n": whole.n, "mean": whole.mean, "sd": whole.sd})
    return rows
