"""Candidate rows of a whole article set against one another: ranges, signs, repeats, confidence."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from reprieve.living.articles.article import Article
from reprieve.living.articles.candidate import Candidate, Refusal, key_of
from reprieve.living.articles.confidence import confidence_of
from reprieve.living.articles.instrument_words import Scale
from reprieve.living.articles.instruments import higher_is
from reprieve.living.articles.numbers import plain

_FALL = re.compile(r"reduc\w*|decreas\w*|improve\w*|relief|declin\w*|fall\b|drop", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate with its range and how far to trust it.

    Attributes
    ----------
    candidate : Candidate
    ends : (float, float) or None
        Range of the instrument as used.
    higher_is : str
    confidence : float
    doubts : tuple of str
        What speaks against it, in words.
    """

    candidate: Candidate
    ends: tuple[float, float] | None
    higher_is: str
    confidence: float
    doubts: tuple[str, ...]


def judged(candidates: Sequence[Candidate], article: Article) -> tuple[list[Judged], list[Refusal]]:
    """Give candidates their range, sign and confidence, and keep one of those that repeat."""
    ends = _ranges(candidates, article)
    turned = _turned(candidates)
    everyone = [
        _judge(candidate, ends[candidate.scale.instrument], turned, article) for candidate in turned
    ]
    return _once(everyone)


def _ranges(
    candidates: Sequence[Candidate], article: Article
) -> dict[str, tuple[float, float] | None]:
    values: defaultdict[str, list[float]] = defaultdict(list)
    scales: dict[str, Scale] = {}
    around: defaultdict[str, list[str]] = defaultdict(list)
    for candidate in candidates:
        name = candidate.scale.instrument
        scales[name] = candidate.scale
        values[name].append(candidate.reading.value.main)
        words = (
            *candidate.reading.headings,
            candidate.layout.table.caption,
            candidate.layout.table.foot,
        )
        around[name] += [word for word in words if word not in around[name]]
    ranges = {
        name: article.instruments.ranges.of(scale, values[name], " ".join(around[name]))
        for name, scale in scales.items()
    }
    # One trial uses one sort of line for all its ratings of pain.
    lines = {ends for name, ends in ranges.items() if scales[name].family == "vas" and ends}
    widest = max(lines, default=None, key=lambda ends: ends[1])
    return {
        name: widest if scales[name].family == "vas" and ends and widest else ends
        for name, ends in ranges.items()
    }


def _turned(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Changes with the sign of later minus earlier, where a fall was written without one."""
    levels: dict[tuple[object, ...], float] = {
        (c.arm, c.stratum, c.scale.instrument, c.month): c.reading.value.main
        for c in candidates
        if not c.change
    }
    groups: defaultdict[tuple[object, ...], list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        if candidate.change:
            groups[id(candidate.layout), candidate.scale.instrument].append(candidate)
    turn = {key for key, group in groups.items() if _written_as_fall(group, levels)}
    return [
        _opposite(c) if c.change and (id(c.layout), c.scale.instrument) in turn else c
        for c in candidates
    ]


def _written_as_fall(group: Sequence[Candidate], levels: dict[tuple[object, ...], float]) -> bool:
    agree = differ = 0
    for c in group:
        start = levels.get((c.arm, c.stratum, c.scale.instrument, 0.0))
        end = levels.get((c.arm, c.stratum, c.scale.instrument, c.month))
        change = c.reading.value.main
        if start is None or end is None or not change:
            continue
        near = abs((end - start) - change) <= abs((end - start) + change)
        agree, differ = agree + near, differ + (not near)
    if agree or differ:
        return differ > agree
    if higher_is(group[0].scale) != "worse":
        return False
    positive = sum(1 for c in group if c.reading.value.main > 0)
    if positive < 0.8 * len(group):
        return False
    words = " ".join(
        plain(text) for c in group for text in (*c.reading.headings, c.layout.table.caption)
    )
    return bool(_FALL.search(words)) or positive == len(group)


def _opposite(candidate: Candidate) -> Candidate:
    value = candidate.reading.value
    low = None if value.high is None else -value.high
    high = None if value.low is None else -value.low
    value = replace(value, main=-value.main, low=low, high=high)
    return replace(candidate, reading=replace(candidate.reading, value=value), turned=True)


def _judge(
    candidate: Candidate,
    ends: tuple[float, float] | None,
    everyone: Sequence[Candidate],
    article: Article,
) -> Judged:
    doubts = []
    value = candidate.reading.value
    ranged = True
    if candidate.scale.ranges and ends is None:
        doubts.append("outside every known range of the instrument")
        ranged = False
    width = ends[1] - ends[0] if ends else None
    spread = value.spread if candidate.said.spread in ("sd", "se") else None
    plausible = True
    if ends and not candidate.change and not ends[0] <= value.main <= ends[1]:
        doubts.append("outside the range of the instrument")
        ranged = False
    if width and spread is not None and candidate.said.spread == "sd":
        if spread > 0.6 * width:
            doubts.append("standard deviation wider than the range allows")
            plausible = False
        elif spread < 0.02 * width:
            doubts.append("standard deviation too small: perhaps a standard error")
            plausible = False
    if spread is not None and spread <= 0:
        doubts.append("no spread")
        plausible = False
    arms = {c.arm for c in everyone if c.scale.instrument == candidate.scale.instrument}
    complete = len(arms) == max(1, len(article.arms))
    if not complete:
        doubts.append("no values of all arms were found")
    confidence = confidence_of(candidate, ranged=ranged, plausible=plausible, complete=complete)
    return Judged(candidate, ends, higher_is(candidate.scale), confidence, tuple(doubts))


def _once(everyone: Iterable[Judged]) -> tuple[list[Judged], list[Refusal]]:
    """One of the candidates that are about the same thing, the most certain."""
    best: dict[tuple[object, ...], Judged] = {}
    refused: list[Refusal] = []
    contradicted: set[int] = set()
    for judgement in everyone:
        key = key_of(judgement.candidate)
        other = best.get(key)
        if other is None:
            best[key] = judgement
            continue
        keep, drop = (
            (judgement, other)
            if judgement.confidence > other.confidence + 0.02
            else (other, judgement)
        )
        best[key] = keep
        if keep.candidate.reading.value.main != drop.candidate.reading.value.main:
            contradicted.add(id(keep))
        place = keep.candidate.layout.table.place(keep.candidate.reading.cell)
        refused.append(
            Refusal(drop.candidate.reading, drop.candidate.layout, f"the same as {place}")
        )
    nameless = {
        id(judgement)
        for judgement in best.values()
        if judgement.candidate.arm < 0 and id(judgement) in contradicted
    }
    refused += [
        Refusal(j.candidate.reading, j.candidate.layout, "another table gives another number")
        for j in best.values()
        if id(j) in nameless
    ]
    return [j for j in best.values() if id(j) not in nameless], refused
