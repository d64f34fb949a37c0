"""`ask_trajectory`: one treatment against another at every month, from all visits of all trials."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from reprieve.effects.question import Question
from reprieve.effects.visits import Visits, every_visit
from reprieve.evidence import vocabulary
from reprieve.evidence.nodes import node
from reprieve.evidence.package import load_evidence
from reprieve.evidence.records import Evidence
from reprieve.synthesis.findings import plain
from reprieve.synthesis.networks.connection import components
from reprieve.synthesis.trajectories.analysis import trajectory
from reprieve.synthesis.trajectories.milestones import Milestone
from reprieve.synthesis.trajectories.results import Trajectories

Status = Literal["connected", "apart", "no_trial"]
"""Whether trials connect the two, each stands in trials that do not, or one stands in none."""


@dataclass(frozen=True)
class TrajectoryAnswer:
    """What lies between a treatment and a comparator over months.

    Attributes
    ----------
    question : Question
    status : {"connected", "apart", "no_trial"}
    fit : Trajectories or None
        Of the part of the network that holds both; the comparator is its reference.
    names : dict of str to str
        What its treatments are called.
    courses : polars.DataFrame
        How people with the comparator changed, visit by visit.
    baseline : float
        Mean before treatment in the trials of the comparator; NaN where unknown.
    evidence_date : str
    """

    question: Question
    status: Status
    fit: Trajectories | None
    names: dict[str, str]
    courses: pl.DataFrame
    baseline: float
    evidence_date: str

    @cached_property
    def mcid(self) -> float | None:
        """The smallest worthwhile improvement in points of 100."""
        question = self.question
        return question.mcid or vocabulary.threshold(question.condition, question.outcome).points

    @property
    def reach(self) -> float:
        """The last month that data reach; NaN where nothing connects the two."""
        if self.fit is None:
            return math.nan
        found = self.fit.difference(self.question.treatment).filter(pl.col("estimate").is_not_nan())
        return float(found["month"].max() or math.nan)  # type: ignore[arg-type]

    @property
    def start(self) -> float:
        """The first month with data; NaN where nothing connects the two."""
        if self.fit is None:
            return math.nan
        both = (self.question.treatment, self.question.comparator)
        ends = pl.col("treatment1").is_in(both) & pl.col("treatment2").is_in(both)
        return float(self.fit.reach().filter(ends)["start"].item())

    def at(self, month: float) -> dict[str, float] | None:
        """The difference at a month; None beyond the data."""
        if self.fit is None:
            return None
        (row,) = self.fit.difference(self.question.treatment, months=[month]).to_dicts()
        return None if math.isnan(row["estimate"]) else row

    @cached_property
    def milestones(self) -> dict[str, Milestone]:
        """Peak, onset, half-life and the time until below the smallest worthwhile difference."""
        if self.fit is None:
            return {}
        treatment = self.question.treatment
        found = {
            "peak": self.fit.peak(treatment),
            "onset": self.fit.onset(treatment),
            "half_life": self.fit.half_life(treatment),
        }
        if self.mcid:
            found["time_below_mcid"] = self.fit.time_below(treatment, mcid=self.mcid)
        return found

    def absolute(self) -> pl.DataFrame | None:
        """Mean points under the treatment and the comparator from the trials' mean baseline.

        None where the comparator's course or baseline is not known.
        """
        if self.fit is None or self.courses.is_empty() or math.isnan(self.baseline):
            return None
        columns = {"study_id": "study"}
        known = self.courses.drop_nulls(["change", "se"]).rename(columns)
        if known.is_empty():
            return None
        found = self.fit.absolute(self.baseline, response=known)
        both = (self.question.treatment, self.question.comparator)
        return found.filter(pl.col("treatment").is_in(both) & pl.col("estimate").is_not_nan())

    @cached_property
    def in_words(self) -> str:
        """The answer as a few plain sentences."""
        from reprieve.answers.trajectory_words import in_words

        return in_words(self)

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON can hold it; None where nothing connects the two."""
        fit, question = self.fit, self.question
        absolute = self.absolute()
        content: dict[str, Any] = {
            "question": {
                "condition": question.condition,
                "treatment": question.treatment,
                "comparator": question.comparator,
                "outcome": question.outcome,
            },
            "status": self.status,
            "in_words": self.in_words,
            "evidence_date": self.evidence_date,
        }
        if fit is not None:
            content |= {
                "at": self.at(question.month),
                "curve": fit.difference(question.treatment).to_dicts(),
                "start": self.start,
                "reach": self.reach,
                "milestones": self.milestones,
                "area": fit.area(question.treatment),
                "absolute": absolute.to_dicts() if absolute is not None else None,
                "network": fit.to_dict(),
            }
        return dict(plain(content))


def ask_trajectory(question: Question, evidence: Evidence | None = None) -> TrajectoryAnswer:
    """A treatment against a comparator at every month.

    All visits of all trials of the condition stand in one network over time. The treatment and
    the comparator are nodes, with everything that belongs to them; the others are products.

    Parameters
    ----------
    question : Question
        Its window does not count; its month is only the one that the words name.
    evidence : Evidence, optional
        By default the curated snapshot that ships with the package.

    Returns
    -------
    TrajectoryAnswer

    Examples
    --------
    >>> answer = ask_trajectory(Question(condition="radiculopathy", treatment="epidural_steroid"))
    >>> answer.status
    'connected'
    """
    evidence = evidence or load_evidence()
    visits = every_visit(evidence, question)
    meant = _meant(visits, question)
    table, covariance = relabelled(visits, meant)
    both = question.treatment, question.comparator
    members = _connected(table, question.treatment)
    fit: Trajectories | None = None
    status: Status = "no_trial"
    if question.comparator in members:
        status = "connected"
        mine = table.filter(pl.col("treatment1").is_in(members))
        fit = trajectory(
            mine,
            study="study_id",
            month="month",
            treatment1="treatment1",
            treatment2="treatment2",
            effect="estimate",
            covariance={study: covariance[study] for study in mine["study_id"].unique()},
            reference=question.comparator,
            level=question.level,
        )
    elif all(code in {*table["treatment1"], *table["treatment2"]} for code in both):
        status = "apart"
    other = [code for code, family in meant.items() if family == question.comparator]
    return TrajectoryAnswer(
        question=question,
        status=status,
        fit=fit,
        names={code: _name(code, both) for code in members},
        courses=visits.courses.filter(pl.col("node").is_in(other)),
        baseline=_baseline(visits.baselines.filter(pl.col("node").is_in(other))),
        evidence_date=evidence.date,
    )


def _meant(visits: Visits, question: Question) -> dict[str, str]:
    """Nodes that belong to the treatment or to the comparator.

    Of several controls that the comparator covers only those count that trials hold directly
    against the treatment, where there are any: salt water in a joint is not a tablet.
    """
    pairs = set(visits.table.select("treatment1", "treatment2").iter_rows())
    known = {code for pair in pairs for code in pair}

    def family(code: str) -> set[str]:
        return known & {code, *vocabulary.descendants(code)}

    treated, compared = family(question.treatment), family(question.comparator)
    direct = {
        other
        for pair in pairs
        for one, other in (pair, pair[::-1])
        if one in treated and other in compared
    }
    meant = dict.fromkeys(direct or compared, question.comparator)
    return dict.fromkeys(treated, question.treatment) | meant


def relabelled(
    visits: Visits, meant: dict[str, str]
) -> tuple[pl.DataFrame, dict[str, NDArray[np.float64]]]:
    """The contrasts with some nodes as one: arms that become one are averaged.

    Parameters
    ----------
    visits : Visits
    meant : dict of str to str
        What each of these nodes becomes.

    Returns
    -------
    tuple of polars.DataFrame and dict of ndarray
        ``study_id``, ``treatment1``, ``treatment2``, ``month``, ``estimate``; and the covariance
        matrix of each trial, in the order of its rows.
    """
    parts, covariance = [], {}
    for (study,), rows in visits.table.group_by("study_id", maintain_order=True):
        named = rows.select(
            "study_id",
            pl.col("treatment1").replace(meant),
            pl.col("treatment2").replace(meant),
            "month",
            "estimate",
        ).with_row_index("row")
        kept = named.filter(pl.col("treatment1") != pl.col("treatment2"))
        if kept.is_empty():
            continue
        grouped = kept.group_by(
            "study_id", "treatment1", "treatment2", "month", maintain_order=True
        ).agg(pl.col("row"), pl.col("estimate").mean())
        L = np.zeros((grouped.height, rows.height))
        for i, members in enumerate(grouped["row"].to_list()):
            L[i, members] = 1 / len(members)
        covariance[str(study)] = L @ visits.covariance[str(study)] @ L.T
        parts.append(grouped.drop("row"))
    schema = {
        "study_id": pl.String, "treatment1": pl.String, "treatment2": pl.String,
        "month": pl.Float64, "estimate": pl.Float64,
    }  # fmt: skip
    return (pl.concat(parts) if parts else pl.DataFrame(schema=schema)), covariance


def _connected(table: pl.DataFrame, treatment: str) -> list[str]:
    """What trials connect with a treatment."""
    names = sorted({*table["treatment1"], *table["treatment2"]})
    if treatment not in names:
        return []
    place = {name: i for i, name in enumerate(names)}
    a, b = (np.array([place[name] for name in table[side]], dtype=np.intp)
            for side in ("treatment1", "treatment2"))  # fmt: skip
    parts = components(len(names), a, b)
    mine = next(part for part in parts if place[treatment] in part)
    return [names[i] for i in mine]


def _baseline(baselines: pl.DataFrame) -> float:
    known = baselines.drop_nulls(["mean", "n"])
    if known.is_empty():
        return math.nan
    return float(np.average(known["mean"].to_numpy(), weights=known["n"].to_numpy()))


def _name(code: str, both: tuple[str, str]) -> str:
    return vocabulary.treatment(code).name if code in both else node(code).name
