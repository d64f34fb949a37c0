"""The words of the vocabulary as records, and the reading of the files that hold them.

One CSV file in ``vocabulary_data`` for each kind of word; look-ups are in
:mod:`reprieve.evidence.vocabulary`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files

Row = dict[str, str]


@dataclass(frozen=True)
class Condition:
    """A painful condition.

    Attributes
    ----------
    code, name : str
        The code, and the words for it inside a sentence.
    family : str
        ``musculoskeletal``, ``nerve_related``, ``spinal`` or ``other``.
    mesh_id, mesh_term : str
        The nearest descriptor of the Medical Subject Headings; empty where none fits.
    plain : str
        What it is, in one plain sentence.
    """

    code: str
    name: str
    family: str
    mesh_id: str
    mesh_term: str
    plain: str


@dataclass(frozen=True)
class Treatment:
    """A node of the treatment network: a treatment, or a group of treatments.

    Attributes
    ----------
    code, name : str
        The code, and the words for it inside a sentence.
    parents : tuple of str
        The groups right above it; empty at the top.
    plain : str
        What it is, in one plain sentence.
    note : str
        Why it stands where it stands, when that isn't plain to see.
    """

    code: str
    name: str
    parents: tuple[str, ...]
    plain: str
    note: str


@dataclass(frozen=True)
class NodeRule:
    """Which node of a network a treatment, and what lies below it, belongs to.

    Attributes
    ----------
    code : str
        Code of the treatment.
    routes : tuple of str
        The rule holds for arms given by one of these routes; for all where it is empty.
    product, class_ : str
        Code of the node at either level; empty where a rule further up decides.
    control : bool
        Whether the node is a control.
    name : str
        The words for the node, where they are not those of the treatment.
    why : str
        Why the node is cut like this.
    """

    code: str
    routes: tuple[str, ...]
    product: str
    class_: str
    control: bool
    name: str
    why: str


@dataclass(frozen=True)
class CellProduct:
    """A cell treatment made of one source, from one kind of donor, in one way.

    Attributes
    ----------
    treatment : str
        Code of the treatment.
    cell_source, donor, processing : str
        Words of the arms table.
    name : str
        The words for it inside a sentence.
    """

    treatment: str
    cell_source: str
    donor: str
    processing: str
    name: str


@dataclass(frozen=True)
class Instrument:
    """A way to measure an outcome, as the evidence names it.

    Attributes
    ----------
    name, domain, full_name : str
    measures : str
        What the score is about, in short.
    higher_is : {"worse", "better"}
        What a higher score usually means.
    score_min, score_max : float or None
        The usual range. Trials use others too: the range stands with every score.
    item_step : float or None
        The smallest step of one person's score on the usual range, where it is known. It holds
        only for a score reported on that range.
    usual_sd_percent : float or None
        The usual standard deviation between people, in percent of the range.
    sd_source : str
        Where that came from.
    priority : int
        Rank inside the domain, 1 first: the instrument that is taken when a trial reports
        several.
    priority_source : str
        The rule or paper behind the rank.
    source, locator, source_tier : str
        Where range and direction were read.
    note : str
    """

    name: str
    domain: str
    full_name: str
    measures: str
    higher_is: str
    score_min: float | None
    score_max: float | None
    item_step: float | None
    usual_sd_percent: float | None
    sd_source: str
    priority: int
    priority_source: str
    source: str
    locator: str
    source_tier: str
    note: str


@dataclass(frozen=True)
class Mcid:
    """A published threshold: how large a difference people call important.

    Attributes
    ----------
    instrument, condition, treatment_context : str
        For which instrument, people and treatment.
    threshold : str
        What kind of threshold: MCID, MIC, PASS …
    value, low, high : float or None
        The threshold and its range, in `unit`.
    unit : str
        ``points``, ``cm``, ``percent of baseline`` or ``utility``.
    scale_min, scale_max : float or None
    higher_is : str
        What a higher score means; empty where it differs between versions.
    method : str
        How it was found.
    n : int or None
        People behind it.
    source, locator, source_tier : str
    read_at, read_on : str
        The page that was read, and whether that was the original or a copy: provenance, not a
        link to show.
    note : str
    """

    instrument: str
    condition: str
    treatment_context: str
    threshold: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    scale_min: float | None
    scale_max: float | None
    higher_is: str
    method: str
    n: int | None
    source: str
    locator: str
    read_at: str
    read_on: str
    source_tier: str
    note: str

    @property
    def points(self) -> float | None:
        """The threshold in points of a 0–100 scale; None where it can't be told."""
        if self.value is None or self.scale_min is None or self.scale_max is None:
            return None
        if self.unit not in ("points", "cm"):
            return None
        return 100 * self.value / (self.scale_max - self.scale_min)


@dataclass(frozen=True)
class Threshold:
    """The difference that answers treat as important, for a condition and a domain.

    Attributes
    ----------
    condition, domain : str
    points : float or None
        Points of a 0–100 scale; None when no published threshold fits.
    instrument, source, locator, source_tier : str
        The published threshold behind it.
    reason : str
        Why this one.
    """

    condition: str
    domain: str
    points: float | None
    instrument: str
    source: str
    locator: str
    source_tier: str
    reason: str


@dataclass(frozen=True)
class Event:
    """Something that happens to a person and is counted.

    Attributes
    ----------
    code, name : str
        The code, and the words for it inside a sentence.
    kind : {"harm", "benefit", "withdrawal", "procedure", "structure"}
    better : {"fewer", "more"}
        Whether a treatment is better when fewer or when more people have it.
    plain : str
        What it is, in one plain sentence.
    """

    code: str
    name: str
    kind: str
    better: str
    plain: str


def read_conditions() -> tuple[Condition, ...]:
    """The conditions, in the order of the file."""
    return tuple(Condition(**row) for row in _rows("conditions.csv"))


def read_treatments() -> tuple[Treatment, ...]:
    """The treatments, every group before its members."""
    return tuple(
        Treatment(
            code=row["code"],
            name=row["name"],
            parents=tuple(filter(None, row["parents"].split(";"))),
            plain=row["plain"],
            note=row["note"],
        )
        for row in _rows("treatments.csv")
    )


def read_node_rules() -> tuple[NodeRule, ...]:
    """The rules that make nodes of treatments, in the order of the file."""
    return tuple(
        NodeRule(
            code=row["code"],
            routes=tuple(filter(None, row["route"].split(";"))),
            product=row["product"],
            class_=row["class"],
            control=row["control"] == "yes",
            name=row["name"],
            why=row["why"],
        )
        for row in _rows("network_nodes.csv")
    )


def read_cell_products() -> tuple[CellProduct, ...]:
    """The cell products, in the order of the file."""
    return tuple(CellProduct(**row) for row in _rows("cell_products.csv"))


def read_instruments() -> tuple[Instrument, ...]:
    """The instruments, by domain and priority."""
    return tuple(
        Instrument(
            name=row["name"],
            domain=row["domain"],
            full_name=row["full_name"],
            measures=row["measures"],
            higher_is=row["higher_is"],
            score_min=_number(row["score_min"]),
            score_max=_number(row["score_max"]),
            item_step=_number(row["item_step"]),
            usual_sd_percent=_number(row["usual_sd_percent"]),
            sd_source=row["sd_source"],
            priority=int(row["priority"]),
            priority_source=row["priority_source"],
            source=row["source"],
            locator=row["locator"],
            source_tier=row["source_tier"],
            note=row["note"],
        )
        for row in _rows("instruments.csv")
    )


def read_mcids() -> tuple[Mcid, ...]:
    """The published thresholds, in the order of the file."""
    return tuple(
        Mcid(
            instrument=row["instrument"],
            condition=row["condition"],
            treatment_context=row["treatment_context"],
            threshold=row["threshold"],
            value=_number(row["value"]),
            low=_number(row["low"]),
            high=_number(row["high"]),
            unit=row["unit"],
            scale_min=_number(row["scale_min"]),
            scale_max=_number(row["scale_max"]),
            higher_is=row["higher_is"],
            method=row["method"],
            n=int(row["n"]) if row["n"] else None,
            source=row["source"],
            locator=row["locator"],
            read_at=row["read_at"],
            read_on=row["read_on"],
            source_tier=row["source_tier"],
            note=row["note"],
        )
        for row in _rows("mcids.csv")
    )


def read_thresholds() -> tuple[Threshold, ...]:
    """The thresholds that answers use, in the order of the file."""
    return tuple(
        Threshold(
            condition=row["condition"],
            domain=row["domain"],
            points=_number(row["points"]),
            instrument=row["instrument"],
            source=row["source"],
            locator=row["locator"],
            source_tier=row["source_tier"],
            reason=row["reason"],
        )
        for row in _rows("mcid_choice.csv")
    )


def read_events() -> tuple[Event, ...]:
    """The events, in the order of the file."""
    return tuple(Event(**row) for row in _rows("events.csv"))


def read_words() -> dict[tuple[str, str], str]:
    """The plain names of the remaining codes, by field and code."""
    return {(row["field"], row["code"]): row["name"] for row in _rows("words.csv")}


def _rows(name: str) -> list[Row]:
    data = files("reprieve.evidence").joinpath("vocabulary_data", name)
    return list(csv.DictReader(data.read_text(encoding="utf-8").splitlines()))


def _number(text: str) -> float | None:
    return float(text) if text else None
