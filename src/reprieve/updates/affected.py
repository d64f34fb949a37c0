"""Which answers have to be computed again: those that may see a row that changed, and no other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from reprieve.effects.harms import HarmsQuestion
from reprieve.effects.question import Question
from reprieve.effects.sides import COMPARATOR, TREATMENT, side_of
from reprieve.evidence import vocabulary
from reprieve.evidence.records import Evidence
from reprieve.evidence.register import registered_trials
from reprieve.updates.topics import CELLS, Topic, topics

_BASE = ("studies", "arms", "cautions")
_VALUES = ("outcomes", "contrasts")
_JUDGED = "risk of bias"
_SPREADS = ("sd", "se", "ci_low", "q1", "min")
"""Columns from one of which a standard deviation can come."""


def affected(before: Evidence, after: Evidence, judged: Collection[str] = ()) -> list[Topic]:
    """The topics whose answers can differ between two states of the evidence.

    A topic counts when a trial with arms on both of its sides has other rows than before: any row
    about the trial or its arms, a value of the outcome asked for, or an event. Two ways lead
    further: a missing standard deviation is taken from other trials with the same instrument, and
    what has become of registered trials weighs in the certainty. Where a row stands in its file
    does not count.

    Parameters
    ----------
    before, after : Evidence
    judged : collection of str
        Trials whose risk of bias has been judged otherwise, which weighs in the certainty.

    Returns
    -------
    list of Topic
        Of the conditions of either.

    Examples
    --------
    >>> from dataclasses import replace
    >>> from reprieve.evidence import load_evidence
    >>> evidence = load_evidence()
    >>> affected(evidence, evidence)
    []
    >>> less = replace(evidence, events=evidence.events.filter(pl.col("study_id") != "lee-2019"))
    >>> {topic.kind for topic in affected(evidence, less)}
    {'harm'}
    """
    was, now = _rows(before), _rows(after)
    moved = {study: _moved(was.get(study), now.get(study)) for study in {*was, *now}}
    moved = {study: parts for study, parts in moved.items() if parts}
    for study, domain in _imputing(before, after, moved, was, now):
        moved.setdefault(study, set()).add(domain)
    for study in judged:
        moved.setdefault(study, set()).add(_JUDGED)
    pairs = [
        (trial, parts)
        for study, parts in moved.items()
        for trial in (was.get(study), now.get(study))
        if trial is not None
    ]
    silence = _other_states(before, after)
    conditions = sorted({*before.studies["condition"], *after.studies["condition"]})
    return [
        topic
        for topic in topics(conditions)
        if (topic.condition in silence and _rates_cells(topic))
        or any(_bears(trial, parts, topic) for trial, parts in pairs)
    ]


@dataclass(frozen=True)
class _TrialRows:
    """All rows of one trial, without their places in the files."""

    condition: str
    arms: list[dict[str, Any]]
    base: tuple[str, ...]
    domains: dict[str, tuple[str, ...]]
    events: tuple[str, ...]
    instruments: set[tuple[str, str]]


def _rows(evidence: Evidence) -> dict[str, _TrialRows]:
    base = _by_study(evidence, _BASE)
    values = _by_study(evidence, _VALUES)
    events = _by_study(evidence, ("events",))
    arms = _dicts(evidence.arms)
    found = {}
    for row in evidence.studies.iter_rows(named=True):
        study = row["study_id"]
        domains: dict[str, list[str]] = defaultdict(list)
        instruments = set()
        for table, value in values.get(study, []):
            domains[value["domain"]].append(_text(table, value))
            instruments.add((value["domain"], value["instrument"]))
        found[study] = _TrialRows(
            condition=row["condition"],
            arms=arms.get(study, []),
            base=tuple(sorted(_text(*each) for each in base.get(study, []))),
            domains={domain: tuple(sorted(texts)) for domain, texts in domains.items()},
            events=tuple(sorted(_text(*each) for each in events.get(study, []))),
            instruments=instruments,
        )
    return found


def _by_study(
    evidence: Evidence, tables: Iterable[str]
) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    rows: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for table in tables:
        for row in evidence.table(table).iter_rows(named=True):
            rows[row["study_id"]].append((table, row))
    return rows


def _dicts(table: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in table.iter_rows(named=True):
        rows[row["study_id"]].append(row)
    return rows


def _text(table: str, row: dict[str, Any]) -> str:
    cells = [f"{name}={value!r}" for name, value in sorted(row.items()) if name != "row"]
    return f"{table}: {' '.join(cells)}"


def _moved(before: _TrialRows | None, after: _TrialRows | None) -> set[str]:
    """What of a trial differs: ``"base"``, ``"events"``, and names of domains."""
    if before is None or after is None:
        return {"base"}
    parts = {
        domain
        for domain in {*before.domains, *after.domains}
        if before.domains.get(domain) != after.domains.get(domain)
    }
    if before.base != after.base:
        parts.add("base")
    if before.events != after.events:
        parts.add("events")
    return parts


def _imputing(
    before: Evidence,
    after: Evidence,
    moved: dict[str, set[str]],
    was: dict[str, _TrialRows],
    now: dict[str, _TrialRows],
) -> Iterator[tuple[str, str]]:
    """Trials, with the domain, whose missing spread may come from a trial that moved."""
    lent = {
        (domain, instrument)
        for study, parts in moved.items()
        for trial in (was.get(study), now.get(study))
        if trial is not None
        for domain, instrument in trial.instruments
        if "base" in parts or domain in parts
    }
    names = {instrument for _, instrument in lent}
    for evidence in (before, after):
        doubted = evidence.cautions.filter(pl.col("kind") == "spread")["study_id"].to_list()
        borrowing = evidence.outcomes.filter(
            pl.col("instrument").is_in(list(names))
            & (
                pl.all_horizontal(pl.col(name).is_null() for name in _SPREADS)
                | pl.col("study_id").is_in(doubted)
                | pl.col("flag").eq("imputed").fill_null(False)
            )
        )
        yield from borrowing.select("study_id", "domain").unique().iter_rows()


def _other_states(before: Evidence, after: Evidence) -> set[str]:
    """Conditions in which something else has become of a registered trial."""
    return {
        condition
        for condition in vocabulary.conditions()
        if registered_trials(condition, before)["state"].to_list()
        != registered_trials(condition, after)["state"].to_list()
    }


def _rates_cells(topic: Topic) -> bool:
    """Whether the certainty of a topic looks at registered trials of cells."""
    if topic.kind == "effect" and isinstance(topic.question, Question):
        return topic.question.treatment == CELLS
    return topic.kind == "order"


def _bears(trial: _TrialRows, parts: set[str], topic: Topic) -> bool:
    """Whether what moved in a trial can move the answer to a topic."""
    if trial.condition != topic.condition:
        return False
    question = topic.question
    if isinstance(question, HarmsQuestion):
        if not parts & {"base", "events"}:
            return False
        side = side_of(question.within(trial.condition))
        return any(side(arm) == TREATMENT for arm in trial.arms)
    if not parts & {"base", _JUDGED, question.outcome}:
        return False
    if topic.kind == "order":
        return True
    side = side_of(question)
    return {TREATMENT, COMPARATOR} <= {side(arm) for arm in trial.arms}
