"""A candidate row of outcomes, and candidates that only the part of an arm tells apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reprieve.living.articles.arms import name_of
from reprieve.living.articles.instrument_words import Scale
from reprieve.living.articles.layout import Layout, Reading
from reprieve.living.articles.statistics import Said


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row of outcomes as read, with how surely each part of it was.

    Attributes
    ----------
    reading : Reading
    layout : Layout
    arm : int
        Number of the arm; -1 in an article that names none.
    stratum, strata : str, tuple of str
        Part of the arm, and headings that may name one.
    scale : Scale
    month : float
    change : bool
    n : int or None
    said : Said
    measure_certainty, time_certainty, arm_certainty, spread_certainty : float
    turned : bool
        Whether the sign was turned, a fall being given as a positive number.
    """

    reading: Reading
    layout: Layout
    arm: int
    scale: Scale
    month: float
    change: bool
    n: int | None
    said: Said
    measure_certainty: float
    time_certainty: float
    arm_certainty: float
    spread_certainty: float
    stratum: str = ""
    strata: tuple[str, ...] = ()
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A number that became no candidate, and why."""

    reading: Reading
    layout: Layout
    reason: str


def key_of(candidate: Candidate) -> tuple[object, ...]:
    """What a row is about."""
    scale = candidate.scale
    return (
        candidate.arm,
        candidate.stratum,
        scale.domain,
        scale.instrument,
        candidate.month,
        candidate.change,
        candidate.said.centre == "median",
    )


def stratified(found: list[Candidate]) -> tuple[list[Candidate], list[Refusal]]:
    """Rows that would be the same are told apart by the headings that differ, as strata."""
    groups: dict[tuple[object, ...], list[Candidate]] = {}
    for candidate in found:
        groups.setdefault(key_of(candidate), []).append(candidate)
    clashing = [group for group in groups.values() if len(group) > 1]
    if not clashing:
        return found, []
    split = sum(1 for group in clashing if len({c.strata for c in group}) == len(group))
    kept: list[Candidate] = []
    refused: list[Refusal] = []
    for group in groups.values():
        if len(group) == 1:
            kept += group
        elif split == len(clashing) and all(c.strata for c in group):
            kept += [replace(c, stratum=_stratum_name(c.strata)) for c in group]
        elif len({(c.reading.value.main, c.reading.value.spread) for c in group}) == 1:
            kept.append(group[0])
        else:
            clearest = _clearest(group)
            kept += clearest
            refused += [
                Refusal(
                    c.reading, c.layout, "several numbers for the same arm, instrument and time"
                )
                for c in group
                if c not in clearest
            ]
    return kept, refused


def _clearest(group: Sequence[Candidate]) -> list[Candidate]:
    """The one candidate whose instrument is named more plainly than that of the others.

    Of the parts of a questionnaire and its total, the total is named plainly.
    """
    ranked = sorted(group, key=lambda c: c.measure_certainty, reverse=True)
    plainly = ranked[0].measure_certainty >= 0.8 > ranked[1].measure_certainty
    return ranked[:1] if plainly else []


def _stratum_name(strata: Sequence[str]) -> str:
    """Headings that name a part of an arm, without their short forms in brackets."""
    names = [re.sub(r"\s*\([A-Za-z]{1,4}\)\s*$", "", name_of(part)) for part in strata]
    return ", ".join(names)
