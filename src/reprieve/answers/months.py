"""The same network at several months: what lasts, and how far the trials go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from reprieve.answers.networks import NetworkAnswer, Part, ask_network
from reprieve.effects.question import Question
from reprieve.evidence.nodes import Level, node
from reprieve.evidence.records import Evidence

_COLUMNS: dict[str, Any] = {
    "month": pl.Float64,
    "treatment": pl.String,
    "name": pl.String,
    "estimate": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "trials": pl.Int64,
    "median_rank": pl.Float64,
    "rank_low": pl.Int64,
    "rank_high": pl.Int64,
    "of": pl.Int64,
}


@dataclass(frozen=True)
class OverMonths:
    """Networks of one condition and outcome at several months.

    Attributes
    ----------
    answers : tuple of NetworkAnswer
        One a month.
    reference : str or None
        What all are held against: the control that stands in most of the months' networks.
    table : polars.DataFrame
        A row a month and treatment of its main part: ``estimate`` against the reference with
        ``ci_low`` and ``ci_high`` (points of 100, negative is better), the ``trials`` with the
        treatment, and its ``median_rank`` from ``rank_low`` to ``rank_high`` among ``of``.
    """

    answers: tuple[NetworkAnswer, ...]
    reference: str | None
    table: pl.DataFrame

    @property
    def months(self) -> list[float]:
        """The months that have a network with the reference."""
        return self.table["month"].unique(maintain_order=True).to_list()

    def nearest(self, month: float) -> NetworkAnswer | None:
        """The answer nearest to a month, of those that have a network with the reference."""
        held = [answer for answer in self.answers if answer.question.month in self.months]
        return min(held, key=lambda answer: abs(answer.question.month - month), default=None)


def over_months(
    question: Question,
    evidence: Evidence,
    *,
    months: Sequence[float] = (3.0, 6.0, 12.0, 24.0),
    nodes: Level = "product",
) -> OverMonths:
    """All treatments at once, month by month.

    Each month is a network of its own, of the trials with a visit within half to twice that
    month: a trial with several visits stands in several of them.

    Parameters
    ----------
    question : Question
        Its month, window, treatment and comparator do not count.
    evidence : Evidence
    months : sequence of float
    nodes : {"product", "class", "combination"}

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> found = over_months(Question(condition="knee_osteoarthritis"), load_evidence())
    >>> found.reference, found.months
    ('saline', [3.0, 6.0, 12.0, 24.0])
    """
    answers = tuple(
        ask_network(replace(question, month=month, window=None), evidence, nodes=nodes)
        for month in months
    )
    reference = _common_reference([answer.main for answer in answers if answer.main])
    if reference is not None:
        answers = tuple(_against(answer, reference) for answer in answers)
    rows = [
        row
        for answer in answers
        if answer.main and answer.main.fit.reference == reference
        for row in _rows(answer.question.month, answer.main)
    ]
    return OverMonths(answers, reference, pl.DataFrame(rows, schema=_COLUMNS))


def _against(answer: NetworkAnswer, reference: str) -> NetworkAnswer:
    """The answer with another reference, where its network has it."""
    parts = tuple(
        replace(part, fit=replace(part.fit, reference=reference))
        if reference in part.treatments
        else part
        for part in answer.parts
    )
    return replace(answer, parts=parts)


def _common_reference(parts: Sequence[Part]) -> str | None:
    """The reference of most months; of several, the one in most trials."""
    if not parts:
        return None

    def held(code: str) -> tuple[bool, int, int]:
        within = [part for part in parts if code in part.treatments]
        return node(code).control, len(within), sum(trials_with(part, code) for part in within)

    return max(sorted({code for part in parts for code in part.treatments}), key=held)


def trials_with(part: Part, code: str) -> int:
    """Trials of a part that have a treatment."""
    rows, place = part.fit.trials.rows, part.fit.place(code)
    return len({*rows.study[(rows.a == place) | (rows.b == place)].tolist()})


def _rows(month: float, part: Part) -> list[dict[str, Any]]:
    reference = part.fit.reference
    ranks = {row["treatment"]: row for row in part.fit.ranks().to_frame().iter_rows(named=True)}
    rows = []
    for code in part.treatments:
        if code == reference:
            continue
        found, rank = part.fit.relative(code, reference), ranks[code]
        rows.append(
            {
                "month": month,
                "treatment": code,
                "name": node(code).name,
                "estimate": found.estimate,
                "ci_low": found.ci[0],
                "ci_high": found.ci[1],
                "trials": trials_with(part, code),
                "median_rank": rank["median_rank"],
                "rank_low": rank["rank_low"],
                "rank_high": rank["rank_high"],
                "of": part.fit.n,
            }
        )
    return sorted(rows, key=lambda row: row["estimate"])
