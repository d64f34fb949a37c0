"""The trials that a network is made of: which arms stand for which node, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import polars as pl

from reprieve.effects.options import settled
from reprieve.effects.question import Question
from reprieve.effects.summaries import Row
from reprieve.effects.trials import GroupOf, Trial, by_study
from reprieve.evidence.nodes import Level, adjunct_nodes, node, node_of
from reprieve.evidence.records import Evidence

LEFT_OUT_SCHEMA: dict[str, Any] = {
    "study_id": pl.String,
    "arm_id": pl.String,
    "reason": pl.String,
    "unread": pl.Boolean,
}
NODE_SCHEMA: dict[str, Any] = {
    "node": pl.String,
    "name": pl.String,
    "class": pl.String,
    "control": pl.Boolean,
    "trials": pl.Int64,
    "people": pl.Float64,
}


def trials_of_nodes(
    evidence: Evidence,
    question: Question,
    level: Level,
    *,
    lump: bool,
    excluded: list[dict[str, Any]],
) -> Iterator[tuple[Trial, list[dict[str, Any]]]]:
    """The trials with usable arms of two nodes or more; the others go to `excluded`.

    With each trial come rows for its arms that can't stand for their treatment.

    Parameters
    ----------
    evidence : Evidence
    question : Question
    level : {"product", "class", "combination"}
    lump : bool
        Whether all controls are one node.
    excluded : list of dict
        Rows of what is left out, with the reason, are added here.
    """

    def group_of(arm: Row) -> str:
        return node_of(arm, level, lump=lump)

    excluded += _of_one_node(evidence, question, group_of)
    for trial, reason in settled(evidence, question, group_of):
        if reason:
            excluded.append(left_out(trial, reason))
            continue
        more = _arms_with_more(trial)
        usable = replace(
            trial,
            arms={arm: row for arm, row in trial.arms.items() if arm not in more},
            outcomes=[row for row in trial.outcomes if row["arm_id"] not in more],
            contrasts=[r for r in trial.contrasts if not {r["arm_a"], r["arm_b"]} & more.keys()],
        )
        yield usable, _arms_left_out(trial, more)


def left_out(trial: Trial, reason: str, *, unread: bool = False) -> dict[str, Any]:
    """A row for a whole trial."""
    return {"study_id": trial.study_id, "arm_id": None, "reason": reason, "unread": unread}


def arms_without_values(trial: Trial, used: set[str]) -> list[dict[str, Any]]:
    """Rows for the arms of a trial of which nothing could be used."""
    return [
        left_out(trial, "no value that goes with those of the other arms") | {"arm_id": arm}
        for arm in sorted(trial.arms.keys() - used)
    ]


def nodes_of(arms: pl.DataFrame) -> pl.DataFrame:
    """The nodes of a table of arms with their trials and people, cell therapy first."""
    counted = (
        arms.group_by("study_id", "node")
        .agg(pl.col("n").max())
        .group_by("node")
        .agg(
            pl.len().cast(pl.Int64).alias("trials"),
            pl.when(pl.col("n").is_not_null().any()).then(pl.col("n").sum()).alias("people"),
        )
    )
    rows = []
    for row in counted.iter_rows(named=True):
        what = node(row["node"])
        rows.append(row | {"name": what.name, "class": what.of_class, "control": what.control})
    return pl.DataFrame(sorted(rows, key=lambda row: node(row["node"]).place), schema=NODE_SCHEMA)


def _of_one_node(evidence: Evidence, question: Question, group_of: GroupOf) -> list[dict[str, Any]]:
    """The trials with several arms that all are of one node."""
    known = by_study(evidence)
    found = []
    for key, study in known.studies.items():
        arms = known.arms.get(key, [])
        codes = {group_of(arm) for arm in arms}
        if study["condition"] == question.condition and len(arms) > 1 and len(codes) == 1:
            name = node(str(codes.pop())).name
            reason = f"all of its arms belong to one node of the network: {name}"
            found.append({"study_id": key, "arm_id": None, "reason": reason, "unread": False})
    return found


def _arms_with_more(trial: Trial) -> dict[str, str]:
    """Arms that had all that another arm with the same treatment had, and something more."""
    given = {arm: set(adjunct_nodes(row)) for arm, row in trial.arms.items()}
    alike = {arm: (trial.groups[arm], node_of(row)) for arm, row in trial.arms.items()}
    reason = "had something more than another arm with the same treatment"
    return {
        arm: reason
        for arm in trial.arms
        if any(alike[other] == alike[arm] and given[other] < given[arm] for other in trial.arms)
    }


def _arms_left_out(trial: Trial, more: dict[str, str]) -> list[dict[str, Any]]:
    """Rows for the arms of a trial that can't stand for their treatment."""
    barred = {arm: trial.barred(arm) for arm in trial.groups.keys() - trial.arms.keys()}
    reasons = barred | more
    return [left_out(trial, str(reasons[arm])) | {"arm_id": arm} for arm in sorted(reasons)]
