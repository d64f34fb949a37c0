"""All treatments of a condition against each other: the contrasts that a network is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from reprieve.effects.network_trials import (
    LEFT_OUT_SCHEMA,
    arms_without_values,
    left_out,
    nodes_of,
    trials_of_nodes,
)
from reprieve.effects.node_values import NodeValue, differences, values_of_nodes
from reprieve.effects.options import choose
from reprieve.effects.question import Question
from reprieve.effects.summaries import Unusable
from reprieve.effects.trials import by_study
from reprieve.evidence.nodes import Level, node
from reprieve.evidence.records import Evidence

SOURCE_ROWS = pl.List(pl.Struct({"table": pl.String, "row": pl.Int64}))

CONTRAST_SCHEMA: dict[str, Any] = {
    "study_id": pl.String,
    "treatment1": pl.String,
    "treatment2": pl.String,
    "instrument": pl.String,
    "month": pl.Float64,
    "statistic": pl.String,
    "n1": pl.Float64,
    "n2": pl.Float64,
    "same_people": pl.Boolean,
    "estimate": pl.Float64,
    "variance": pl.Float64,
    "add_on": pl.Boolean,
    "notes": pl.List(pl.String),
    "rows": SOURCE_ROWS,
}
ARM_SCHEMA: dict[str, Any] = {
    "study_id": pl.String,
    "node": pl.String,
    "control": pl.Boolean,
    "arms": pl.List(pl.String),
    "instrument": pl.String,
    "month": pl.Float64,
    "n": pl.Float64,
    "change": pl.Float64,
    "se": pl.Float64,
    "notes": pl.List(pl.String),
    "rows": SOURCE_ROWS,
}


@dataclass(frozen=True)
class AllComparisons:
    """Every comparison between nodes that the trials of a condition make, and what was left out.

    Attributes
    ----------
    question : Question
        Its treatment and comparator do not count here.
    table : polars.DataFrame
        A row a contrast: ``study_id``, ``treatment1`` and ``treatment2`` (codes of nodes, a
        control second), ``instrument``, ``month``, ``statistic``, people (``n1``, ``n2``; null
        where unknown; ``same_people`` when both are the same ones), ``estimate`` and
        ``variance`` of the first minus the second in points of 100 (negative is better),
        ``add_on`` (whether one side had all of the other and something more, so that the
        contrast shows what that adds), ``notes`` and the ``rows`` of the evidence. A trial of n
        nodes has all n(n − 1)/2 contrasts, whose estimates and variances agree with each other.
    arms : polars.DataFrame
        A row a trial and node: ``study_id``, ``node``, ``control``, the ``arms`` in it,
        ``instrument``, ``month``, people (``n``), their mean ``change`` since baseline with its
        standard error ``se`` (null where unknown), ``notes``, ``rows``.
    nodes : polars.DataFrame
        ``node``, ``name``, ``class``, ``control``, and the ``trials`` and ``people`` with it
        (those of known number; null where no trial says).
    excluded : polars.DataFrame
        ``study_id``, ``arm_id`` (null: the whole trial), ``reason`` and ``unread``: whether the
        trial's numbers have not been read, rather than do not fit the question.
    """

    question: Question
    table: pl.DataFrame
    arms: pl.DataFrame
    nodes: pl.DataFrame
    excluded: pl.DataFrame

    @property
    def responses(self) -> pl.DataFrame:
        """The contextual response: how much people with each control improved since baseline.

        Rows of `arms` with a control and a known change; negative is an improvement.
        """
        return self.arms.filter(pl.col("control") & pl.col("se").is_not_null())

    def columns(self) -> dict[str, list[Any]]:
        """The contrasts as a network takes them: ``network(**found.columns())``."""
        names = {"study": "study_id", "effect": "estimate"}
        wanted = ("study", "treatment1", "treatment2", "effect", "variance")
        return {name: self.table[names.get(name, name)].to_list() for name in wanted}


def compare_all(
    evidence: Evidence, question: Question, *, nodes: Level = "product", lump: bool = False
) -> AllComparisons:
    """All contrasts between treatments that the trials of a condition give, for a network.

    The rules are those of `harmonise`, for all arms of a trial at once: of the instruments,
    visits and kinds of value that show the most nodes the trial gives the one that stands
    highest. Arms of one node are taken together (Cochrane Handbook 6.5.2.10), but for arms that
    had what another arm of the node had and something more. Where a trial reports only
    differences between arms, these are taken.

    Parameters
    ----------
    evidence : Evidence
    question : Question
        Condition, outcome, month and the choices count; treatment and comparator do not.
    nodes : {"product", "class", "combination"}
        What a node is; see :mod:`reprieve.evidence.nodes`.
    lump : bool
        Whether all controls (placebo, sham, usual care, no treatment) are one node.

    Returns
    -------
    AllComparisons

    Raises
    ------
    InputError
        `nodes` is none of the three.

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> found = compare_all(load_evidence(), Question(condition="knee_osteoarthritis"))
    >>> three_arms = found.table.filter(study_id="buendia-lopez-2018")
    >>> three_arms.select("treatment1", "treatment2").rows()
    [('nsaid', 'hyaluronic_acid'), ('nsaid', 'prp'), ('hyaluronic_acid', 'prp')]
    """
    spread = by_study(evidence).spread
    rows: list[dict[str, Any]] = []
    arms: list[dict[str, Any]] = []
    excluded: list[dict[str, Any]] = []
    for trial, without in trials_of_nodes(evidence, question, nodes, lump=lump, excluded=excluded):
        option = choose(trial, question, spread)
        if isinstance(option, Unusable):
            excluded.append(left_out(trial, option.reason, unread=trial.unread))
            continue
        values = values_of_nodes(option, trial, question, spread)
        which = {
            "study_id": trial.study_id,
            "instrument": option.instrument,
            "month": option.month,
            "statistic": option.statistic,
            "same_people": trial.within_person,
        }
        rows += [which | row for row in differences(values, trial)]
        arms += [_arm_row(which, value) for value in values]
        excluded += without
        excluded += arms_without_values(trial, {arm for value in values for arm in value.arms})
    arm_table = pl.DataFrame(arms, schema=ARM_SCHEMA)
    return AllComparisons(
        question,
        pl.DataFrame(rows, schema=CONTRAST_SCHEMA),
        arm_table,
        nodes_of(arm_table),
        pl.DataFrame(excluded, schema=LEFT_OUT_SCHEMA),
    )


def _arm_row(which: dict[str, Any], value: NodeValue) -> dict[str, Any]:
    change = value.change
    return {
        "study_id": which["study_id"],
        "node": value.node,
        "control": node(value.node).control,
        "arms": list(value.arms),
        "instrument": which["instrument"],
        "month": which["month"],
        "n": value.n,
        "change": change.mean if change else None,
        "se": change.squared_se**0.5 if change else None,
        "notes": list(change.notes if change else value.notes),
        "rows": list(value.rows),
    }
