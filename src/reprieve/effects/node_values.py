"""What a trial shows of each node of a network: its arms taken together, on one scale.

Everything that a network or a trajectory needs follows from these values: the difference between
two nodes is that of their means, and its variance the sum of their squared standard errors, so
that all contrasts of a trial agree with each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.effects.arms import combine_arms
from reprieve.effects.imputation import TypicalSpread
from reprieve.effects.options import ArmOption, ContrastOption, Option
from reprieve.effects.question import Question
from reprieve.effects.summaries import Row, Summary
from reprieve.effects.trials import Trial
from reprieve.evidence import vocabulary
from reprieve.evidence.nodes import adjunct_nodes, node, node_of

SourceRow = dict[str, Any]
"""Which row of which table: ``{"table": "outcomes", "row": 12}``."""


@dataclass(frozen=True)
class NodeValue:
    """What the people of one node show at one visit of a trial, in points of 100.

    Attributes
    ----------
    node : str
    arms : tuple of str
        The arms of that node.
    n : float or None
        People; None where a trial that reports only differences does not say.
    mean : float
        Where the trial reports only differences: how far from the average of its arms.
    squared_se : float
        What the node adds to the variance of a difference.
    change : Summary or None
        The change since baseline, where it is known.
    notes : tuple of str
    rows : tuple of dict
        The rows of the evidence that it stands on.
    """

    node: str
    arms: tuple[str, ...]
    n: float | None
    mean: float
    squared_se: float
    change: Summary | None
    notes: tuple[str, ...]
    rows: tuple[SourceRow, ...]


def values_of_nodes(
    option: Option, trial: Trial, question: Question, spread: TypicalSpread
) -> list[NodeValue]:
    """The values of all nodes that an option has, cell therapy first and controls last.

    Several arms of a node are taken together as if they were one (Cochrane Handbook 6.5.2.10).
    """
    if isinstance(option, ArmOption):
        values = _from_arms(option, trial, question, spread)
    else:
        values = _from_contrasts(option, trial)
    return sorted(values, key=lambda value: node(value.node).place)


def differences(values: Sequence[NodeValue], trial: Trial) -> list[dict[str, Any]]:
    """All pairs of nodes of a trial: estimates, variances, and what they stand on."""
    return [difference(a, b, trial) for a, b in combinations(values, 2)]


def difference(a: NodeValue, b: NodeValue, trial: Trial) -> dict[str, Any]:
    """The first node minus the second."""
    added = _added(a, b, trial)
    return {
        "treatment1": a.node,
        "treatment2": b.node,
        "n1": a.n,
        "n2": b.n,
        "estimate": a.mean - b.mean,
        "variance": a.squared_se + b.squared_se,
        "add_on": bool(added),
        "notes": list(dict.fromkeys((*a.notes, *b.notes, *added))),
        "rows": _each_once((*a.rows, *b.rows)),
    }


def combined(summaries: Sequence[Summary]) -> Summary:
    """Several arms as if they were one; their spreads are known."""
    if len(summaries) == 1:
        return summaries[0]
    spreads = [(s.squared_se * s.n) ** 0.5 for s in summaries]
    together = combine_arms([s.n for s in summaries], [s.mean for s in summaries], spreads)
    return Summary(
        float(together.n),
        float(together.mean),
        float(together.sd),
        tuple(dict.fromkeys(note for s in summaries for note in s.notes)),
        tuple(dict.fromkeys(row for s in summaries for row in s.rows)),
    )


def arms_by_node(trial: Trial, arms: Iterable[str]) -> dict[str, list[str]]:
    """Arms by what they stand for, in an order that does not depend on that of the rows."""
    by_node: dict[str, list[str]] = {}
    for arm in sorted(arms):
        by_node.setdefault(trial.groups[arm], []).append(arm)
    return by_node


def _from_arms(
    option: ArmOption, trial: Trial, question: Question, spread: TypicalSpread
) -> list[NodeValue]:
    values = []
    for code, arms in arms_by_node(trial, option.arms).items():
        whole = combined([option.summaries[arm] for arm in arms])
        change = change_of(option, arms, trial, question, spread)
        rows = dict.fromkeys((*whole.rows, *(change.rows if change else ())))
        values.append(
            NodeValue(
                code,
                tuple(arms),
                whole.n,
                whole.mean,
                whole.squared_se,
                change,
                (*whole.notes, *_arm_notes(arms, trial)),
                tuple({"table": "outcomes", "row": row} for row in rows),
            )
        )
    return values


def change_of(
    option: ArmOption, arms: Sequence[str], trial: Trial, question: Question, spread: TypicalSpread
) -> Summary | None:
    """The change of some arms since baseline, taken together; None where one is not known."""
    changes = []
    for arm in arms:
        change = option.change(trial, arm, question)
        if change is not None and change.sd is None and question.impute:
            filled = spread.fill(change, option.instrument, "change")
            change = filled if isinstance(filled, Summary) else None
        if change is None or change.sd is None:
            return None
        changes.append(change)
    return combined(changes)


def _from_contrasts(option: ContrastOption, trial: Trial) -> list[NodeValue]:
    """Arms placed so that their differences are those reported, then taken together by node."""
    rows = _tied(option.rows, trial)
    arms = sorted({row[arm] for row, *_ in rows for arm in ("arm_a", "arm_b")})
    people = {arm: _people(arm, rows, trial) for arm in arms}
    mean, squared_se = _resolve(rows, arms, people)
    notes = ["difference between arms as reported"]
    if any(None in (row["n_a"], row["n_b"]) for row, *_ in rows):
        notes.append("number analysed not reported")
    values = []
    for code, own in arms_by_node(trial, arms).items():
        at = [arms.index(arm) for arm in own]
        sizes = [people[arm] for arm in own]
        known = [size for size in sizes if size is not None]
        all_known = len(known) == len(sizes)
        weight = np.array(known if all_known else [1.0] * len(own))
        weight /= weight.sum()
        values.append(
            NodeValue(
                code,
                tuple(own),
                sum(known) if all_known else None,
                float(weight @ mean[at]),
                float(weight**2 @ squared_se[at]),
                None,
                (*notes, *_arm_notes(own, trial)),
                tuple(
                    {"table": "contrasts", "row": row["row"]}
                    for row, *_ in rows
                    if row["arm_a"] in own or row["arm_b"] in own
                ),
            )
        )
    return values


def _tied(rows: list[tuple[Row, float, float]], trial: Trial) -> list[tuple[Row, float, float]]:
    """The contrasts that hang together; of several such sets the one with the most nodes."""
    sets: list[list[tuple[Row, float, float]]] = []
    for row in rows:
        met = [s for s in sets if _arms_of(s) & _arms_of([row])]
        sets = [s for s in sets if s not in met]
        sets.append([*(r for s in met for r in s), row])
    return max(sets, key=lambda s: (len(trial.groups_of(_arms_of(s))), sorted(_arms_of(s))))


def _arms_of(rows: Sequence[tuple[Row, float, float]]) -> set[str]:
    return {row[arm] for row, *_ in rows for arm in ("arm_a", "arm_b")}


def _people(arm: str, rows: list[tuple[Row, float, float]], trial: Trial) -> float | None:
    """People of an arm: those analysed where any contrast says so, else those randomised."""
    for row, *_ in rows:
        for side in "ab":
            if row[f"arm_{side}"] == arm and row[f"n_{side}"] is not None:
                return float(row[f"n_{side}"])
    randomised = trial.arms[arm]["n_randomised"]
    return None if randomised is None else float(randomised)


def _resolve(
    rows: list[tuple[Row, float, float]], arms: list[str], people: Mapping[str, float | None]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means and squared standard errors of arms whose differences are reported.

    The means are those that come nearest to all differences (weighted least squares; exact where
    none follows from the others). The squared standard errors are those whose sums are the
    variances reported and that lie nearest to one standard deviation shared by all people;
    where that would make one negative, that shared standard deviation itself.
    """
    incidence = np.zeros((len(rows), len(arms)))
    for i, (row, *_) in enumerate(rows):
        incidence[i, arms.index(row["arm_a"])] = 1.0
        incidence[i, arms.index(row["arm_b"])] = -1.0
    y = np.array([estimate for _, estimate, _ in rows])
    v = np.array([variance for *_, variance in rows])
    scaled = incidence / np.sqrt(v)[:, None]
    mean = np.linalg.lstsq(scaled, y / np.sqrt(v), rcond=None)[0]
    sizes = [people[arm] for arm in arms]
    known = [size for size in sizes if size is not None]
    per_person = 1 / np.array(known) if len(known) == len(sizes) else np.ones(len(arms))
    sums = np.abs(incidence)
    shared = per_person * (v.sum() / (sums @ per_person).sum())
    exact = shared + np.linalg.lstsq(sums, v - sums @ shared, rcond=None)[0]
    return mean, exact if (exact > 0).all() else shared


def _arm_notes(arms: Sequence[str], trial: Trial) -> list[str]:
    """That arms were taken together, and what they were given besides."""
    notes = []
    if len(arms) > 1:
        labels = "; ".join(trial.arms[arm]["label"] for arm in arms)
        notes.append(f"{len(arms)} arms taken together: {labels}")
    for arm in arms:
        words = [word for word in (trial.arms[arm]["adjunct"] or "").split(";") if word]
        if words:
            given = ", ".join(vocabulary.word("adjunct", word) for word in words)
            notes.append(f"{trial.arms[arm]['label']}: given with {given}")
    return notes


def _added(a: NodeValue, b: NodeValue, trial: Trial) -> list[str]:
    """That one node was added to the other: what is compared is not one instead of the other."""
    notes = []
    for added, alone in ((a, b), (b, a)):
        without = {node_of(trial.arms[arm]) for arm in alone.arms}
        if all(without <= set(adjunct_nodes(trial.arms[arm])) for arm in added.arms):
            common, more = node(alone.node).name, node(added.node).name
            notes.append(f"everyone had {common}: this shows what {more} adds")
    return notes


def _each_once(rows: Iterable[SourceRow]) -> list[SourceRow]:
    return list({(row["table"], row["row"]): row for row in rows}.values())
