"""The trials that compare what a question is about, with the rows that bear on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import polars as pl

from reprieve.effects.imputation import TypicalSpread
from reprieve.effects.question import Question
from reprieve.effects.summaries import Row
from reprieve.evidence.records import Evidence

GroupOf = Callable[[Row], str | None]
"""What an arm stands for: a side of a question, a node of a network; None for neither."""


@dataclass(frozen=True)
class Trial:
    """A trial with arms of at least two groups, with the rows that bear on the question.

    Attributes
    ----------
    study : dict
        Its row of the studies table.
    arms : dict of str to dict
        The arms that the question is about, by arm_id.
    groups : dict of str to str
        What each arm stands for: a side of a question, or a node of a network.
    outcomes, contrasts, cautions : list of dict
        Rows about those arms and the outcome asked for; what the curators warn of.
    """

    study: Row
    arms: dict[str, Row]
    groups: dict[str, str]
    outcomes: list[Row]
    contrasts: list[Row]
    cautions: list[Row]

    @property
    def study_id(self) -> str:
        return str(self.study["study_id"])

    def groups_of(self, arms: Iterable[str]) -> set[str]:
        """What some arms stand for."""
        return {self.groups[arm] for arm in arms}

    def refusal(self, question: Question, candidates: set[str]) -> str | None:
        """Why the trial as a whole can't answer, if it can't."""
        if question.randomised and self.study["design"] not in ("parallel", "crossover", "cluster"):
            return "not randomised"
        if question.blinded and self.study["blinding"] != "double":
            return "not double-blind"
        for caution in self.cautions:
            if caution["kind"] == "pooled_in" and caution["other_study_id"] in candidates:
                return str(caution["reason"])
        barred = {arm: reason for arm in self.arms if (reason := self.barred(arm))}
        left = self.groups_of(self.arms.keys() - barred.keys())
        if len(left) >= 2:
            return None
        return next(reason for arm, reason in barred.items() if self.groups[arm] not in left)

    def barred(self, arm_id: str) -> str | None:
        """Why an arm can't stand for its treatment, if it can't."""
        for caution in self.cautions:
            if caution["kind"] in ("other_population", "background") and (
                caution["arm_id"] in (None, arm_id)
            ):
                return str(caution["reason"])
        return None

    def usable(self) -> Trial:
        """The trial without the arms that can't stand for their treatment."""
        barred = {arm for arm in self.arms if self.barred(arm)}
        if not barred:
            return self
        return replace(
            self,
            arms={arm: row for arm, row in self.arms.items() if arm not in barred},
            outcomes=[r for r in self.outcomes if r["arm_id"] not in barred],
            contrasts=[r for r in self.contrasts if not {r["arm_a"], r["arm_b"]} & barred],
        )

    @property
    def within_person(self) -> bool:
        """Whether the arms are the same people: crossovers, and pairs of knees."""
        paired = any(caution["kind"] == "paired" for caution in self.cautions)
        return paired or self.study["design"] == "crossover"

    @property
    def doubtful_spread(self) -> bool:
        """Whether the standard deviations that the trial reports are not to be believed."""
        return any(caution["kind"] == "spread" for caution in self.cautions)

    def spoilt(self, row: Row) -> bool:
        """Whether the arm had crossed over, or lost people to it, by the row's month."""
        arms = {row.get("arm_id"), row.get("arm_a"), row.get("arm_b")}
        return any(
            c["kind"] == "contaminated"
            and (c["arm_id"] is None or c["arm_id"] in arms)
            and (c["from_month"] is None or (row["month"] or 0) >= c["from_month"])
            for c in self.cautions
        )

    @property
    def unread(self) -> bool:
        """Whether none of the trial's results for this outcome has been read."""
        return not self.outcomes and not self.contrasts


def trials_of(evidence: Evidence, question: Question, group_of: GroupOf) -> list[Trial]:
    """The trials of the condition with arms of two groups or more, in order of publication."""
    rows = by_study(evidence)
    trials = []
    for study in rows.studies.values():
        if study["condition"] != question.condition:
            continue
        key = study["study_id"]
        found = [(arm, group_of(arm)) for arm in rows.arms.get(key, [])]
        groups = {arm["arm_id"]: group for arm, group in found if group is not None}
        if len(set(groups.values())) < 2:
            continue
        trials.append(
            Trial(
                study,
                {arm["arm_id"]: arm for arm, group in found if group is not None},
                groups,
                [
                    r
                    for r in rows.outcomes.get(key, [])
                    if r["domain"] == question.outcome and r["arm_id"] in groups
                ],
                [
                    r
                    for r in rows.contrasts.get(key, [])
                    if r["domain"] == question.outcome
                    and r["measure"] == "MD"
                    and {r["arm_a"], r["arm_b"]} <= groups.keys()
                ],
                rows.cautions.get(key, []),
            )
        )
    return trials


@dataclass(frozen=True)
class RowsByStudy:
    """The tables as rows by study, made once for an evidence and asked many times."""

    studies: dict[str, Row]
    arms: dict[str, list[Row]]
    outcomes: dict[str, list[Row]]
    contrasts: dict[str, list[Row]]
    cautions: dict[str, list[Row]]
    spread: TypicalSpread


@lru_cache(maxsize=4)
def by_study(evidence: Evidence) -> RowsByStudy:
    """The rows of an evidence by study, and the usual spread of its instruments."""
    studies = evidence.studies.sort("year", "study_id")
    return RowsByStudy(
        {s["study_id"]: s for s in studies.iter_rows(named=True)},
        _grouped(evidence.arms),
        _grouped(evidence.outcomes),
        _grouped(evidence.contrasts),
        _grouped(evidence.cautions),
        TypicalSpread(evidence),
    )


def _grouped(table: pl.DataFrame) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    for row in table.iter_rows(named=True):
        rows.setdefault(row["study_id"], []).append(row)
    return rows
