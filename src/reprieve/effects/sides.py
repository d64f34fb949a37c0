"""The two sides of a question: which arms stand on which, and how they compare."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.effects.covariance import study_covariance
from reprieve.effects.options import ArmOption, ContrastOption, Option
from reprieve.effects.question import Question
from reprieve.effects.summaries import Row
from reprieve.effects.trials import GroupOf, Trial
from reprieve.evidence import vocabulary

TREATMENT, COMPARATOR = "treatment", "comparator"

Compared = tuple[list[dict[str, Any]], NDArray[np.float64]]
"""Rows of comparisons and their covariance matrix."""


def side_of(question: Question) -> GroupOf:
    """On which side of a question an arm stands.

    Where one side holds the other, the narrower keeps what both hold.
    """
    treatment = vocabulary.descendants(question.treatment)
    comparator = vocabulary.descendants(question.comparator)
    shared = treatment & comparator
    if len(treatment) <= len(comparator):
        comparator -= shared
    else:
        treatment -= shared

    def side(arm: Row) -> str | None:
        if arm["treatment"] in treatment:
            return TREATMENT
        return COMPARATOR if arm["treatment"] in comparator else None

    return side


def compare_sides(option: Option, trial: Trial, question: Question) -> Compared:
    """Treatment minus comparator: comparisons that hold all others, and what they share."""
    if isinstance(option, ArmOption):
        return _from_arms(option, trial, question)
    return _from_contrasts(option, trial)


def _from_arms(option: ArmOption, trial: Trial, question: Question) -> Compared:
    """Pairs of arms that hold all the others, and the covariance that shared arms bring."""
    values = option.summaries
    on_side = {
        side: [arm for arm in values if trial.groups[arm] == side]
        for side in (TREATMENT, COMPARATOR)
    }
    pairs = _spanning_pairs(on_side[TREATMENT], on_side[COMPARATOR])
    left, right = zip(*pairs, strict=True)
    block = study_covariance(
        left,
        right,
        [values[arm].squared_se for arm in left],
        [values[arm].squared_se for arm in right],
    )
    rows = []
    for (t, c), variance in zip(pairs, np.diag(block), strict=True):
        a, b = values[t], values[c]
        change = option.change(trial, c, question)
        baseline = change.rows if change else ()
        rows.append(
            {
                **_which(option, trial),
                "arm_t": t,
                "arm_c": c,
                "n_t": a.n,
                "n_c": b.n,
                "estimate": a.mean - b.mean,
                "variance": float(variance),
                "change_c": change.mean if change else None,
                "sd_change_c": change.sd if change else None,
                "notes": list(dict.fromkeys((*a.notes, *b.notes))),
                "rows": [
                    {"table": "outcomes", "row": row}
                    for row in dict.fromkeys((*a.rows, *b.rows, *baseline))
                ],
            }
        )
    return rows, block


def _from_contrasts(option: ContrastOption, trial: Trial) -> Compared:
    """The differences as reported; half correlated where they share an arm, as equal arms with a
    common control are (Cochrane Handbook 23.3.4).
    """
    rows = []
    for row, estimate, variance in _spanning_contrasts(option.rows):
        forward = trial.groups[row["arm_a"]] == TREATMENT
        a, b = "ab" if forward else "ba"
        arms = row[f"arm_{a}"], row[f"arm_{b}"]
        people = row[f"n_{a}"], row[f"n_{b}"]
        notes = ["difference between arms as reported"]
        if None in people:
            notes.append("number analysed not reported")
        rows.append(
            {
                **_which(option, trial),
                "arm_t": arms[0],
                "arm_c": arms[1],
                "n_t": people[0] or trial.arms[arms[0]]["n_randomised"],
                "n_c": people[1] or trial.arms[arms[1]]["n_randomised"],
                "estimate": estimate if forward else -estimate,
                "variance": variance,
                "change_c": None,
                "sd_change_c": None,
                "notes": notes,
                "rows": [{"table": "contrasts", "row": row["row"]}],
            }
        )
    se = np.sqrt([r["variance"] for r in rows])
    sharing = np.array(
        [
            [
                1.0 if a is b else 0.5 * (a["arm_t"] == b["arm_t"] or a["arm_c"] == b["arm_c"])
                for b in rows
            ]
            for a in rows
        ]
    )
    return rows, sharing * np.outer(se, se)


def _which(option: Option, trial: Trial) -> dict[str, Any]:
    """What all comparisons of an option have in common."""
    return {
        "study_id": trial.study_id,
        "instrument": option.instrument,
        "month": option.month,
        "statistic": option.statistic,
        "same_people": trial.within_person,
    }


def _spanning_pairs(treated: list[str], compared: list[str]) -> list[tuple[str, str]]:
    """Every treatment against the first comparator, the first treatment against the others.

    Further pairs follow from these (with two arms on each side the fourth difference is the sum
    of two less the third), so that they would add no information and a singular covariance.
    """
    return [(t, compared[0]) for t in treated] + [(treated[0], c) for c in compared[1:]]


def _spanning_contrasts(rows: list[tuple[Row, float, float]]) -> list[tuple[Row, float, float]]:
    """The first contrasts that tie arms together; those that follow from them are left out."""
    tied: list[set[str]] = []
    kept = []
    for row in rows:
        arms = {row[0]["arm_a"], row[0]["arm_b"]}
        met = [group for group in tied if group & arms]
        if any(arms <= group for group in met):
            continue
        tied = [group for group in tied if group not in met] + [arms.union(*met)]
        kept.append(row)
    return kept
