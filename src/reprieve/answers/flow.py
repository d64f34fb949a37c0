"""From records to the trials of an answer: the numbers of the PRISMA 2020 flow diagram."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from reprieve.certainty.unpublished import CELLS, MissingEvidence, missing_from
from reprieve.effects.harmonise import Comparisons, harmonise
from reprieve.effects.question import Question
from reprieve.evidence import vocabulary
from reprieve.evidence.records import Evidence
from reprieve.evidence.register import REGISTER, STATES
from reprieve.synthesis.findings import Finding

Counts = Mapping[str, int]
"""How many, by reason; reasons that hold for none are left out."""

OTHER_TREATMENTS = "in this evidence, and does not hold the two treatments against each other"
OTHER_CONDITION = "in this evidence under another condition"
NOT_READ = "in this evidence, with none of its results for the outcome read"


@dataclass(frozen=True, eq=False, repr=False)
class Flow(Finding):
    """What `flow` returns: the boxes of a PRISMA 2020 flow diagram.

    Attributes
    ----------
    question : Question
    as_of : date
        The day of the register's extract.
    registers, other_methods : int
        Records identified from the register, and trials of the evidence found in other ways.
    duplicates : int
        Register records of a trial that another record stands for already.
    records_excluded, not_retrieved, reports_excluded : mapping of str to int
        By reason.
    included : int
        Studies included in the answer.
    people : int
        In them.
    """

    question: Question
    as_of: date
    registers: int
    other_methods: int
    duplicates: int
    records_excluded: Counts
    not_retrieved: Counts
    reports_excluded: Counts
    included: int
    people: int

    @property
    def screened(self) -> int:
        """Records screened: one a trial."""
        return self.registers + self.other_methods - self.duplicates

    @property
    def sought(self) -> int:
        """Reports sought for retrieval."""
        return self.screened - sum(self.records_excluded.values())

    @property
    def assessed(self) -> int:
        """Reports assessed for eligibility."""
        return self.sought - sum(self.not_retrieved.values())

    @property
    def identified_from(self) -> Counts:
        """Where records come from."""
        named = f"Registers ({REGISTER}, {self.as_of.isoformat()})"
        return {named: self.registers, "Other methods (articles and reviews)": self.other_methods}

    def to_dict(self) -> dict[str, Any]:
        """The boxes by their names in PRISMA 2020."""
        return {
            "register": REGISTER,
            "as_of": self.as_of.isoformat(),
            "records_identified": {
                "registers": self.registers,
                "other_methods": self.other_methods,
            },
            "records_removed_before_screening": {"duplicates": self.duplicates},
            "records_screened": self.screened,
            "records_excluded": dict(self.records_excluded),
            "reports_sought_for_retrieval": self.sought,
            "reports_not_retrieved": dict(self.not_retrieved),
            "reports_assessed_for_eligibility": self.assessed,
            "reports_excluded": dict(self.reports_excluded),
            "studies_included_in_review": self.included,
            "people_in_included_studies": self.people,
        }

    def to_frame(self) -> pl.DataFrame:
        """A row a box or reason: ``box``, ``reason`` (empty for the box itself) and ``n``."""
        rows: list[tuple[str, str, int]] = []
        for box, n, reasons in self.boxes():
            rows.append((box, "", n))
            rows += [(box, reason, count) for reason, count in reasons.items()]
        return pl.DataFrame(rows, schema=["box", "reason", "n"], orient="row")

    def boxes(self) -> list[tuple[str, int, Counts]]:
        """The boxes from top to bottom: name in PRISMA 2020, number, and its parts."""
        return [
            (
                "Records identified from",
                self.registers + self.other_methods,
                self.identified_from,
            ),
            (
                "Records removed before screening",
                self.duplicates,
                {"Duplicate records": self.duplicates},
            ),
            ("Records screened", self.screened, {}),
            ("Records excluded", sum(self.records_excluded.values()), self.records_excluded),
            ("Reports sought for retrieval", self.sought, {}),
            ("Reports not retrieved", sum(self.not_retrieved.values()), self.not_retrieved),
            ("Reports assessed for eligibility", self.assessed, {}),
            ("Reports excluded", sum(self.reports_excluded.values()), self.reports_excluded),
            ("Studies included in review", self.included, {"People in them": self.people}),
        ]

    def summary(self) -> str:
        """Box by box, each with its reasons."""
        lines = []
        for box, n, reasons in self.boxes():
            lines.append(f"{box}: {n:,}")
            lines += [f"  {count:,} {reason}" for reason, count in reasons.items() if n]
        return "\n".join(lines)


def flow(question: Question, evidence: Evidence) -> Flow:
    """How many records there were, and what kept each out of the answer.

    Parameters
    ----------
    question : Question
    evidence : Evidence

    Returns
    -------
    Flow

    Notes
    -----
    The boxes are those of PRISMA 2020 (Page 2021 BMJ 372:n71, flow diagram for searches of
    databases, registers and other methods). Records are the register's trials of cells in the
    condition and the trials of the evidence that it does not hold. This evidence was not made by
    one search of bibliographic databases, so no number of database records exists. The register's
    extract does not give comparators: its trials that are not in the evidence are sought whatever
    they held cells against. The two are matched by registration number; a trial of the evidence
    without one may be counted twice. For questions that are not about cells, the register counts
    none.

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> question = Question(condition="knee_osteoarthritis", comparator="hyaluronic_acid")
    >>> found = flow(question, load_evidence())
    >>> found.registers, found.included + sum(found.reports_excluded.values()) == found.assessed
    (121, True)
    """
    found = harmonise(evidence, question)
    return flow_from(missing_from(question, evidence, found, None), found, evidence)


def flow_from(missing: MissingEvidence, found: Comparisons, evidence: Evidence) -> Flow:
    """`flow` of comparisons and registered trials that have been found already."""
    question = found.question
    trials = missing.trials
    if vocabulary.treatment_class(question.treatment) != CELLS:
        trials = trials.clear()
    here = set(evidence.studies.filter(condition=question.condition)["study_id"])
    linked = trials["study_id"].drop_nulls()
    outside = set(linked) - here
    asked = len(found.covariance) + found.excluded.height
    unread = found.excluded.filter("unread").height
    states = Counter(trials.filter(pl.col("study_id").is_null())["state"].to_list())
    reasons = Counter(found.excluded.filter(~pl.col("unread"))["reason"].to_list())
    return Flow(
        question=question,
        as_of=missing.as_of,
        registers=trials.height,
        other_methods=len(here - set(linked)),
        duplicates=len(linked) - linked.n_unique(),
        records_excluded=_some(
            {
                OTHER_TREATMENTS: len(here) - asked,
                OTHER_CONDITION: len(outside),
                STATES["running"]: states["running"],
                STATES["never_run"]: states["never_run"],
            }
        ),
        not_retrieved=_some(
            {
                NOT_READ: unread,
                STATES["silent"]: states["silent"],
                STATES["posted"]: states["posted"],
            }
        ),
        reports_excluded=dict(reasons.most_common()),
        included=len(found.covariance),
        people=missing.people,
    )


def _some(counts: Counts) -> Counts:
    return {reason: count for reason, count in counts.items() if count}
