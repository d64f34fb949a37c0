"""The rows of a Summary-of-Findings table, and the table itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from reprieve.certainty.grading.certainty import Certainty
from reprieve.certainty.grading.domains import DOMAINS
from reprieve.evidence import vocabulary
from reprieve.synthesis.base import Interval
from reprieve.synthesis.findings import Finding, plain, text_table

MOST = 7
"""Outcomes that a table of findings holds at most (Cochrane Handbook 14.1.4)."""

Kind = Literal["points", "people", "none"]


@dataclass(frozen=True)
class Row:
    """One outcome.

    Attributes
    ----------
    outcome : str
        What was measured and when, in words.
    scale : str
        Of what the numbers are.
    kind : {"points", "people", "none"}
        Mean changes in points of 100, people of 100, or nothing to show.
    assumed : float or None
        With the comparator: the mean change since baseline (negative is an improvement), or
        people of 100; None where unknown.
    corresponding, corresponding_ci : float, tuple of float or None
        The same with the treatment.
    difference, difference_ci : float, tuple of float or None
        Treatment minus comparator.
    ratio : tuple of float or None
        Ratio of risks or odds with its interval.
    trials, people : int
    certainty : Certainty or None
        None where there is nothing to rate.
    statement : str
        In GRADE's standard wording.
    note : str
        What a reader must know of the numbers; empty where nothing.
    measure : str
        RR or OR; empty without a ratio.
    """

    outcome: str
    scale: str
    kind: Kind
    assumed: float | None
    corresponding: float | None
    corresponding_ci: Interval | None
    difference: float | None
    difference_ci: Interval | None
    ratio: tuple[float, float, float] | None
    trials: int
    people: int
    certainty: Certainty | None
    statement: str
    note: str = ""
    measure: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the level is what it is, a footnote for each domain that moved it."""
        if self.certainty is None:
            return ()
        return tuple(footnote(domain.domain, domain.downgrade, domain.reason, by=(
            f"{domain.overruled_by.who}: {domain.overruled_by.reason}"
            if domain.overruled_by and not domain.overruled_by.inputs_changed
            else ""
        )) for domain in self.certainty.reasons)  # fmt: skip


def footnote(domain: str, downgrade: int, reason: str, by: str = "") -> str:
    """A reason for a level, as a footnote says it.

    Examples
    --------
    >>> footnote("imprecision", 2, "few people")
    'Imprecision: down two levels; few people.'
    """
    levels = {1: "one level", 2: "two levels", 3: "three levels"}[abs(downgrade)]
    way = "down" if downgrade > 0 else "up"
    decided = f" (decided by {by})" if by else ""
    return f"{domain[:1].upper()}{domain[1:]}: {way} {levels}{decided}; {reason}."


@dataclass(frozen=True, eq=False, repr=False)
class SummaryOfFindings(Finding):
    """What `summary_of_findings` returns.

    Attributes
    ----------
    condition, treatment, comparator : str
        Codes of the vocabulary.
    rows : tuple of Row
        Seven at most.
    evidence_date : str
    """

    condition: str
    treatment: str
    comparator: str
    rows: tuple[Row, ...]
    evidence_date: str

    @property
    def names(self) -> tuple[str, str, str]:
        """Condition, treatment and comparator in words."""
        return (
            vocabulary.condition(self.condition).name,
            vocabulary.treatment(self.treatment).name,
            vocabulary.treatment(self.comparator).name,
        )

    @property
    def footnotes(self) -> tuple[str, ...]:
        """Every reason once, in the order in which the rows name them."""
        return tuple(dict.fromkeys(reason for row in self.rows for reason in row.reasons))

    @property
    def command(self) -> str:
        """What to type for the same table."""
        return (
            f"reprieve findings {self.condition} --treatment {self.treatment} "
            f"--comparator {self.comparator} -o findings.html"
        )

    def to_frame(self) -> pl.DataFrame:
        """A row an outcome, with its numbers, its certainty and its reasons."""
        return pl.DataFrame(
            [
                {
                    "outcome": row.outcome,
                    "scale": row.scale,
                    "assumed": row.assumed,
                    "corresponding": row.corresponding,
                    "corresponding_low": _end(row.corresponding_ci, 0),
                    "corresponding_high": _end(row.corresponding_ci, 1),
                    "difference": row.difference,
                    "difference_low": _end(row.difference_ci, 0),
                    "difference_high": _end(row.difference_ci, 1),
                    "measure": row.measure,
                    "ratio": _end(row.ratio, 0),
                    "ratio_low": _end(row.ratio, 1),
                    "ratio_high": _end(row.ratio, 2),
                    "people": row.people,
                    "trials": row.trials,
                    "certainty": row.certainty.level if row.certainty else "",
                    "symbols": row.certainty.symbols if row.certainty else "",
                    **{
                        name.replace(" ", "_"): row.certainty.domain(name).downgrade
                        if row.certainty
                        else None
                        for name in DOMAINS
                    },
                    "reasons": " ".join(row.reasons),
                    "statement": row.statement,
                    "note": row.note,
                }
                for row in self.rows
            ],
            infer_schema_length=None,
        )

    def profile(self) -> pl.DataFrame:
        """The evidence profile: a row an outcome, a column a domain with its levels down."""
        return pl.DataFrame(
            [
                {
                    "outcome": row.outcome,
                    "trials": row.trials,
                    "people": row.people,
                    "start": row.certainty.start,
                    **{d.domain: d.seriousness for d in row.certainty.domains},
                    "other": "; ".join(
                        f"{d.domain} {d.seriousness}" for d in row.certainty.upgrades if d.downgrade
                    ),
                    "certainty": row.certainty.level,
                    "symbols": row.certainty.symbols,
                }
                for row in self.rows
                if row.certainty
            ],
            infer_schema_length=None,
        )

    def to_dict(self) -> dict[str, Any]:
        """The table as JSON can hold it."""
        content = {
            "condition": self.condition,
            "treatment": self.treatment,
            "comparator": self.comparator,
            "outcomes": [
                {
                    "outcome": row.outcome,
                    "scale": row.scale,
                    "assumed": row.assumed,
                    "corresponding": row.corresponding,
                    "corresponding_ci": row.corresponding_ci,
                    "difference": row.difference,
                    "difference_ci": row.difference_ci,
                    "ratio": row.ratio,
                    "measure": row.measure,
                    "trials": row.trials,
                    "people": row.people,
                    "certainty": row.certainty,
                    "reasons": row.reasons,
                    "statement": row.statement,
                    "note": row.note,
                }
                for row in self.rows
            ],
            "evidence_date": self.evidence_date,
        }
        return dict(plain(content))

    def summary(self) -> str:
        """The table to read."""
        condition, treatment, comparator = self.names
        rows = [
            [
                row.outcome,
                "–" if row.difference is None else f"{row.difference:.1f}".replace("-", "−"),
                f"{row.people:,} ({row.trials})",
                row.certainty.level if row.certainty else "–",
            ]
            for row in self.rows
        ]
        head = f"{treatment} against {comparator} in {condition}"
        table = text_table(["outcome", "difference", "people (trials)", "certainty"], rows)
        return "\n".join([head, "", *table, "", *(row.statement for row in self.rows)])


def _end(ends: Sequence[float] | None, place: int) -> float | None:
    return None if ends is None else float(ends[place])
