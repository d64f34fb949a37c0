"""Summary of findings of a network: every treatment against one, for several outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from reprieve.answers.network_certainty import Approach, network_certainty
from reprieve.answers.networks import NetworkAnswer, Part, ask_network
from reprieve.answers.words import OUTCOMES, capital, months
from reprieve.certainty.grading.rating import DEFAULT
from reprieve.certainty.grading.rules import Rules
from reprieve.certainty.networks.results import PairCertainty
from reprieve.certainty.risk_of_bias.records import BiasJudgement
from reprieve.effects.question import Question
from reprieve.errors import UnknownWordError
from reprieve.evidence import vocabulary
from reprieve.evidence.nodes import node
from reprieve.evidence.package import load_evidence
from reprieve.evidence.records import Evidence
from reprieve.synthesis.findings import Finding, plain, text_table


@dataclass(frozen=True)
class Column:
    """One outcome of a network.

    Attributes
    ----------
    outcome : str
    month : float
    reference : str
        The treatment that the others are held against.
    reference_change : float or None
        Mean change since baseline of the people who got it; None where unknown.
    trials, people : int
    pairs : mapping of str to PairCertainty
        By treatment.
    """

    outcome: str
    month: float
    reference: str
    reference_change: float | None
    trials: int
    people: int
    pairs: dict[str, PairCertainty]

    @property
    def title(self) -> str:
        """The outcome and when."""
        name = OUTCOMES[self.outcome][0]
        return f"{capital(name)}, about {months(self.month)} after treatment"

    @property
    def reference_name(self) -> str:
        """The reference in words."""
        return node(self.reference).name


@dataclass(frozen=True, eq=False, repr=False)
class NetworkFindings(Finding):
    """What `network_findings` returns.

    Attributes
    ----------
    condition : str
    approach : {"GRADE", "CINeMA"}
    columns : tuple of Column
        An outcome each; empty where no trial can be used.
    evidence_date : str
    """

    condition: str
    approach: str
    columns: tuple[Column, ...]
    evidence_date: str

    @property
    def treatments(self) -> dict[str, str]:
        """Codes and words of every treatment but the references, those best in pain first."""
        codes = dict.fromkeys(
            code
            for column in self.columns
            for code in sorted(column.pairs, key=lambda code: column.pairs[code].estimate)
        )
        return {code: node(code).name for code in codes}

    @property
    def condition_name(self) -> str:
        """The condition in words."""
        return vocabulary.condition(self.condition).name

    @property
    def command(self) -> str:
        """What to type for the same table."""
        return f"reprieve findings {self.condition} --comparator all -o network.html"

    def to_frame(self) -> pl.DataFrame:
        """A row a treatment and outcome."""
        rows = []
        for column in self.columns:
            for code, pair in column.pairs.items():
                rated = pair.certainty
                rows.append(
                    {
                        "outcome": column.outcome,
                        "month": column.month,
                        "treatment": code,
                        "comparator": column.reference,
                        "estimate": pair.estimate,
                        "ci_low": pair.ci[0],
                        "ci_high": pair.ci[1],
                        "trials": pair.trials,
                        "certainty": pair.level,
                        "symbols": pair.symbols,
                        "rests_on": pair.rests_on,
                        "via": ";".join(pair.via),
                        "reasons": "; ".join(
                            f"{domain.domain} ({domain.downgrade}): {domain.reason}"
                            for domain in rated.reasons
                        ),
                        "statement": rated.statement,
                    }
                )
        return pl.DataFrame(rows, infer_schema_length=None)

    def to_dict(self) -> dict[str, Any]:
        """The table as JSON can hold it."""
        content = {
            "condition": self.condition,
            "approach": self.approach,
            "outcomes": [
                {
                    "outcome": column.outcome,
                    "month": column.month,
                    "reference": column.reference,
                    "reference_change": column.reference_change,
                    "trials": column.trials,
                    "people": column.people,
                    "treatments": [pair.to_dict() for pair in column.pairs.values()],
                }
                for column in self.columns
            ],
            "evidence_date": self.evidence_date,
        }
        return dict(plain(content))

    def summary(self) -> str:
        """The table to read."""
        lines = [f"All treatments of {self.condition_name}; certainty by {self.approach}"]
        for column in self.columns:
            rows = [
                [
                    node(code).name,
                    f"{pair.estimate:.1f} ({pair.ci[0]:.1f} to {pair.ci[1]:.1f})",
                    f"{pair.level} ({pair.rests_on})",
                ]
                for code, pair in column.pairs.items()
            ]
            head = ["treatment", f"against {column.reference_name}", "certainty"]
            lines += ["", column.title, *text_table(head, rows)]
        return "\n".join(lines)


def network_findings(
    condition: str,
    evidence: Evidence | None = None,
    *,
    outcomes: Sequence[str] = ("pain", "function"),
    month: float = 6.0,
    reference: str | None = None,
    approach: Approach = "GRADE",
    judgements: Sequence[BiasJudgement] = (),
    rules: Rules = DEFAULT,
) -> NetworkFindings:
    """All treatments of a condition against one, for each outcome with its certainty.

    Parameters
    ----------
    condition : str
    evidence : Evidence, optional
    outcomes : sequence of str
    month : float
    reference : str, optional
        A node of the network; by default the control in most trials. An outcome whose network
        does not hold it is left out.
    approach : {"GRADE", "CINeMA"}
    judgements, rules
        As for `network_certainty`.

    Raises
    ------
    UnknownWordError
        No network of the condition holds the reference.

    Notes
    -----
    The layout follows Yepes-Nuñez 2019 J Clin Epidemiol 115:1 (SoF tables of networks).

    Examples
    --------
    >>> found = network_findings("diabetic_neuropathy", month=3)
    >>> [column.outcome for column in found.columns]
    ['pain', 'function']
    """
    evidence = evidence or load_evidence()
    columns = []
    known: set[str] = set()
    for outcome in outcomes:
        answer = ask_network(Question(condition=condition, outcome=outcome, month=month), evidence)
        part = _part(answer, reference)
        known.update(code for each in answer.parts for code in each.treatments)
        if part is None:
            continue
        rated = network_certainty(
            answer, evidence, part=part, approach=approach, judgements=judgements, rules=rules
        )
        if rated is None:
            continue
        columns.append(
            Column(
                outcome=outcome,
                month=month,
                reference=part.fit.reference,
                reference_change=_change(answer, part.fit.reference),
                trials=part.fit.k,
                people=part.people,
                pairs={pair.treatment: pair for pair in rated.against_reference()},
            )
        )
    if reference is not None and not columns:
        raise UnknownWordError("reference", reference, sorted(known))
    return NetworkFindings(condition, approach, tuple(columns), evidence.date)


def _part(answer: NetworkAnswer, reference: str | None) -> Part | None:
    """The part of the network that holds the reference, seen from it."""
    if reference is None:
        return answer.main
    for part in answer.parts:
        if reference in part.treatments:
            return replace(part, fit=replace(part.fit, reference=reference))
    return None


def _change(answer: NetworkAnswer, code: str) -> float | None:
    return next((r.change for r in answer.responses if r.node == code), None)
