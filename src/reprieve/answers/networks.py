"""`ask_network`: all treatments of a condition at once, and which trial would connect the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import polars as pl

from reprieve.effects.all_comparisons import AllComparisons, compare_all
from reprieve.effects.question import Question
from reprieve.evidence import vocabulary
from reprieve.evidence.nodes import Level, node
from reprieve.evidence.package import load_evidence
from reprieve.evidence.records import Evidence
from reprieve.synthesis.findings import plain
from reprieve.synthesis.networks.analysis import network
from reprieve.synthesis.networks.connection import components
from reprieve.synthesis.networks.results import NetworkMetaAnalysis
from reprieve.synthesis.networks.rows import read_rows
from reprieve.synthesis.pairwise import meta_analysis

CELLS = "cell_therapy"
TRADITIONAL = ("physical_therapy", "medication", "nerve_block", "surgery")
"""Classes that a person would choose instead of cell therapy."""


@dataclass(frozen=True)
class Part:
    """Treatments that trials connect with each other.

    Attributes
    ----------
    treatments : tuple of str
        Codes of nodes.
    studies : tuple of str
    people : int
        In the arms whose number is known, each trial once.
    fit : NetworkMetaAnalysis
        Random effects, τ² by REML.
    """

    treatments: tuple[str, ...]
    studies: tuple[str, ...]
    people: int
    fit: NetworkMetaAnalysis

    @property
    def cells(self) -> tuple[str, ...]:
        """The cell products among the treatments."""
        return tuple(code for code in self.treatments if node(code).of_class == CELLS)

    @property
    def names(self) -> dict[str, str]:
        """The words for each treatment."""
        return {code: node(code).name for code in self.treatments}


@dataclass(frozen=True)
class Bridge:
    """A class of treatments that no chain of trials connects with cell therapy.

    Attributes
    ----------
    of_class : str
    treatment, comparator : str
        The trial that would connect them: the best-studied cell product, and the best-studied
        treatment of the class (the class itself where no trial of it has usable numbers).
    apart : bool
        Whether trials of the class have usable numbers, but in another part of the network.
    """

    of_class: str
    treatment: str
    comparator: str
    apart: bool

    @property
    def class_name(self) -> str:
        """The class in words."""
        return vocabulary.treatment(self.of_class).name

    @property
    def trial(self) -> str:
        """The trial that would connect it, in words."""
        return f"{_name(self.treatment)} against {_name(self.comparator)}"

    @property
    def why(self) -> str:
        """Why nothing connects it now, in words."""
        return (
            "its trials share no treatment with those of cell therapy"
            if self.apart
            else "no trial of it has numbers that can be used"
        )


@dataclass(frozen=True)
class Response:
    """How much people with a control improved since baseline: the contextual response.

    Attributes
    ----------
    node : str
    k, n : int
        Trials and people with a known change.
    change : float
        Mean change in points of 100; negative is an improvement.
    ci : tuple of float
    """

    node: str
    k: int
    n: int
    change: float
    ci: tuple[float, float]


@dataclass(frozen=True)
class NetworkAnswer:
    """All treatments of a condition at once.

    Attributes
    ----------
    question : Question
        Its treatment and comparator do not count here.
    found : AllComparisons
        The contrasts, and what was left out.
    parts : tuple of Part
        What trials connect, the largest first.
    bridges : tuple of Bridge
        What they do not connect with cell therapy.
    responses : tuple of Response
        Of the controls.
    level : str
        What a node is: "product" or "class".
    lump : bool
        Whether controls are one node.
    evidence_date : str
    """

    question: Question
    found: AllComparisons
    parts: tuple[Part, ...]
    bridges: tuple[Bridge, ...]
    responses: tuple[Response, ...]
    level: str
    lump: bool
    evidence_date: str

    @property
    def main(self) -> Part | None:
        """The part to look at: the largest with cell therapy, else the largest."""
        return _main(self.parts)

    @cached_property
    def in_words(self) -> str:
        """The answer as a few plain sentences."""
        from reprieve.answers.network_words import in_words

        return in_words(self)

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON can hold it."""
        content = {
            "question": {
                "condition": self.question.condition,
                "outcome": self.question.outcome,
                "month": self.question.month,
                "window": self.question.months,
            },
            "nodes": self.found.nodes.to_dicts(),
            "parts": [
                {"studies": part.studies, "people": part.people, "network": part.fit.to_dict()}
                for part in self.parts
            ],
            "not_connected": [
                {
                    "class": bridge.of_class,
                    "treatment": bridge.treatment,
                    "comparator": bridge.comparator,
                    "why": bridge.why,
                    "trial": bridge.trial,
                }
                for bridge in self.bridges
            ],
            "contextual_response": list(self.responses),
            "contrasts": self.found.table.to_dicts(),
            "excluded": self.found.excluded.to_dicts(),
            "in_words": self.in_words,
            "evidence_date": self.evidence_date,
        }
        return dict(plain(content))


def ask_network(
    question: Question,
    evidence: Evidence | None = None,
    *,
    nodes: Level = "product",
    lump: bool = False,
) -> NetworkAnswer:
    """All treatments of a condition against each other, from direct and indirect comparisons.

    Parameters
    ----------
    question : Question
        Its condition, outcome and month; treatment and comparator do not count.
    evidence : Evidence, optional
        By default the curated snapshot that ships with the package.
    nodes : {"product", "class", "combination"}
        What a node is; see :mod:`reprieve.evidence.nodes`.
    lump : bool
        Whether all controls (placebo, sham, usual care, no treatment) are one node. They are
        not by default: saline injected into a joint is not a tablet.

    Returns
    -------
    NetworkAnswer
        Each part that trials connect is a network of its own (random effects, τ² by REML).

    Examples
    --------
    >>> answer = ask_network(Question(condition="knee_osteoarthritis", month=12))
    >>> "hyaluronic_acid" in answer.main.treatments, len(answer.parts) > 1
    (True, True)
    """
    evidence = evidence or load_evidence()
    found = compare_all(evidence, question, nodes=nodes, lump=lump)
    parts = tuple(_parts(found, question.level))
    return NetworkAnswer(
        question=question,
        found=found,
        parts=parts,
        bridges=tuple(_bridges(parts, found, evidence)),
        responses=tuple(_responses(found, question.level)),
        level=nodes,
        lump=lump,
        evidence_date=evidence.date,
    )


def choices(answer: NetworkAnswer, evidence: Evidence) -> dict[str, NetworkMetaAnalysis]:
    """The network with cell therapy under choices that a reader may question.

    As it is; with all controls as one node; and without trials that gave a treatment on top of
    what both groups got, which count as that treatment against what both got.

    Examples
    --------
    >>> answer = ask_network(Question(condition="knee_osteoarthritis", month=12))
    >>> fits = choices(answer, load_evidence())
    >>> list(fits)
    ['as analysed', 'all controls as one', 'without add-on trials']
    """
    question, found = answer.question, answer.found
    together = ask_network(question, evidence, lump=True)
    alone = replace(found, table=found.table.filter(~pl.col("add_on")))
    named = {
        "as analysed": answer.parts,
        "all controls as one": together.parts,
        "without add-on trials": _parts(alone, question.level),
    }
    return {name: main.fit for name, parts in named.items() if (main := _main(parts))}


def _main(parts: Sequence[Part]) -> Part | None:
    """The largest part with cell therapy, else the largest."""
    return next((part for part in parts if part.cells), next(iter(parts), None))


def _parts(found: AllComparisons, level: float) -> list[Part]:
    if found.table.is_empty():
        return []
    columns = found.columns()
    rows = read_rows(None, **columns)
    parts = []
    for members in components(len(rows.treatments), rows.a, rows.b):
        treatments = tuple(rows.treatments[i] for i in members)
        mine = found.table.filter(pl.col("treatment1").is_in(treatments))
        fit = network(
            mine,
            study="study_id",
            treatment1="treatment1",
            treatment2="treatment2",
            effect="estimate",
            variance="variance",
            reference=_reference(treatments, found.nodes),
            method="REML",
            level=level,
        )
        arms = found.arms.filter(pl.col("node").is_in(treatments))
        studies = tuple(mine["study_id"].unique(maintain_order=True))
        parts.append(Part(treatments, studies, _people(mine, arms), fit))
    return sorted(parts, key=lambda each: (-len(each.treatments), -each.fit.k, -each.people))


def _people(contrasts: pl.DataFrame, arms: pl.DataFrame) -> int:
    """People in the arms, once where both arms hold the same ones."""
    paired = set(contrasts.filter("same_people")["study_id"])
    known = arms.with_columns(
        pl.when(pl.col("study_id").is_in(paired)).then(0.5).otherwise(1.0).alias("share")
    )
    return round(float((known["n"].fill_null(0) * known["share"]).sum()))


def _reference(treatments: Sequence[str], nodes: pl.DataFrame) -> str:
    """What to hold the others against: the control in most trials, else the commonest node."""
    mine = nodes.filter(pl.col("node").is_in(list(treatments)))
    order = mine.sort("control", "trials", "people", descending=True, nulls_last=True)
    return str(order["node"][0])


def _bridges(parts: Sequence[Part], found: AllComparisons, evidence: Evidence) -> list[Bridge]:
    """Traditional classes that no chain of trials connects with cell therapy."""
    holding = [part for part in parts if part.cells]
    cell = _best_studied(holding[0].cells, found.nodes) if holding else _commonest(found, evidence)
    joined = {node(code).of_class for part in holding for code in part.treatments}
    bridges = []
    for of_class in TRADITIONAL:
        if of_class in joined or cell is None:
            continue
        known = found.nodes.filter(pl.col("class") == of_class)
        other = _best_studied(known["node"].to_list(), found.nodes) if len(known) else of_class
        bridges.append(Bridge(of_class, cell, other, apart=not known.is_empty()))
    return bridges


def _best_studied(codes: Sequence[str], nodes: pl.DataFrame) -> str:
    mine = nodes.filter(pl.col("node").is_in(list(codes)))
    return str(mine.sort("trials", "people", descending=True, nulls_last=True)["node"][0])


def _commonest(found: AllComparisons, evidence: Evidence) -> str | None:
    """The cell product that most trials of the condition give; None where there is none."""
    studies = evidence.studies.filter(pl.col("condition") == found.question.condition)
    arms = evidence.arms.filter(
        pl.col("study_id").is_in(studies["study_id"].to_list()) & (pl.col("category") == CELLS)
    )
    counted = arms.group_by("treatment").agg(pl.col("study_id").n_unique())
    counted = counted.sort("study_id", "treatment", descending=[True, False])
    return None if counted.is_empty() else str(counted["treatment"][0])


def _responses(found: AllComparisons, level: float) -> list[Response]:
    responses = []
    for (code,), rows in found.responses.group_by("node", maintain_order=True):
        fit = meta_analysis(
            effect=rows["change"].to_numpy(),
            variance=rows["se"].to_numpy() ** 2,
            study=rows["study_id"].to_list(),
            method="REML",
            test="adhoc",
            level=level,
        )
        low, high = fit.ci
        people = round(float(rows["n"].fill_null(0).sum()))
        ends = float(low), float(high)
        responses.append(Response(str(code), fit.k, people, fit.estimate, ends))
    return sorted(responses, key=lambda response: -response.n)


def _name(code: str) -> str:
    """A node, or a class of treatments, in words."""
    if code in vocabulary.treatments() and code in TRADITIONAL:
        return vocabulary.treatment(code).name
    return node(code).name
