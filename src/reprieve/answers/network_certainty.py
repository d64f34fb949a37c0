"""How sure the estimates of a network are: what the evidence knows of each trial, rated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

import polars as pl

from reprieve.answers.networks import CELLS, NetworkAnswer, Part
from reprieve.certainty.grading.body import RANDOMISED
from reprieve.certainty.grading.overrules import Overrule
from reprieve.certainty.grading.rating import DEFAULT
from reprieve.certainty.grading.rules import Rules
from reprieve.certainty.networks.cinema import cinema
from reprieve.certainty.networks.comparisons import Setting, TrialNotes, with_judgements
from reprieve.certainty.networks.grade import rate_network
from reprieve.certainty.networks.results import NetworkCertainty
from reprieve.certainty.risk_of_bias.records import BiasJudgement
from reprieve.certainty.risk_of_bias.tools import NOT_JUDGED
from reprieve.certainty.unpublished import missing_evidence
from reprieve.effects.trials import by_study
from reprieve.errors import UnknownWordError
from reprieve.evidence import vocabulary
from reprieve.evidence.package import load_evidence
from reprieve.evidence.records import Evidence

Approach = Literal["GRADE", "CINeMA"]


def network_certainty(
    answer: NetworkAnswer,
    evidence: Evidence | None = None,
    *,
    part: Part | None = None,
    approach: Approach = "GRADE",
    judgements: Sequence[BiasJudgement] = (),
    overrules: Iterable[Overrule] = (),
    rules: Rules = DEFAULT,
) -> NetworkCertainty | None:
    """The certainty of every estimate of a network.

    Parameters
    ----------
    answer : NetworkAnswer
    evidence : Evidence, optional
        What `answer` was computed from; by default the curated snapshot.
    part : Part, optional
        Which part of the network; by default `answer.main`.
    approach : {"GRADE", "CINeMA"}
    judgements : sequence of BiasJudgement
        What people judged; where they did not, what the evidence quotes from published reviews.
    overrules : iterable of Overrule
        For GRADE.
    rules : Rules

    Returns
    -------
    NetworkCertainty or None
        None where no trial compares treatments with usable numbers.

    Examples
    --------
    >>> from reprieve.answers.networks import ask_network
    >>> from reprieve.effects.question import Question
    >>> answer = ask_network(Question(condition="diabetic_neuropathy", month=3))
    >>> found = network_certainty(answer)
    >>> len(found.pairs) == answer.main.fit.n * (answer.main.fit.n - 1) // 2
    True
    """
    if approach not in ("GRADE", "CINeMA"):
        raise UnknownWordError("approach", approach, ("GRADE", "CINeMA"))
    evidence, part = evidence or load_evidence(), part or answer.main
    if part is None:
        return None
    question = answer.question
    notes = with_judgements(trial_notes(answer, part, evidence), judgements, question.outcome)
    cells = replace(question, treatment=CELLS, comparator="placebo")
    setting = Setting(
        outcome=question.outcome,
        month=question.month,
        mcid=question.mcid or vocabulary.threshold(question.condition, question.outcome).points,
        names=part.names,
        key=f"{question.condition} {question.outcome} {question.month:g} network",
        missing=missing_evidence(cells, evidence),
        silent_about=frozenset(part.cells),
    )
    if approach == "CINeMA":
        return cinema(part.fit, notes, setting, rules=rules)
    return rate_network(part.fit, notes, setting, rules=rules, overrules=overrules)


def trial_notes(answer: NetworkAnswer, part: Part, evidence: Evidence) -> dict[str, TrialNotes]:
    """What the evidence knows of the trials of a part, by study."""
    known = by_study(evidence).studies
    people: dict[str, dict[str, float]] = {}
    for study, code, n in answer.found.arms.select("study_id", "node", "n").iter_rows():
        if n is not None:
            people.setdefault(study, {})[code] = float(n)
    table = answer.found.table.filter(pl.col("study_id").is_in(list(part.studies)))
    notes = {}
    for (key,), rows in table.group_by("study_id", maintain_order=True):
        study, row = str(key), known[str(key)]
        notes[study] = TrialNotes(
            bias=row["rob"] or NOT_JUDGED,
            people=people.get(study, {}),
            same_people=bool(rows["same_people"].any()),
            randomised=row["design"] in RANDOMISED,
            double_blind=row["blinding"] == "double",
            funding=row["funding"] or "",
            add_on=bool(rows["add_on"].any()),
            month=rows["month"][0],
        )
    return notes
