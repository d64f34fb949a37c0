"""Contribution bars: which direct comparisons, or which risk of bias, each estimate stands on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import altair as alt
import numpy as np

from reprieve.errors import UnknownWordError
from reprieve.figures import text
from reprieve.figures.drawing import Row, layered
from reprieve.figures.forest_table import Width
from reprieve.figures.judgements import JUDGEMENTS, judgements
from reprieve.figures.lettering import Word, boxes, broken, lettered, paragraph, room
from reprieve.figures.network_parts import Names, shown_names
from reprieve.figures.theme import INK, MUTED, PAPER, themed
from reprieve.synthesis.networks.contribution import Contributions
from reprieve.synthesis.networks.results import NetworkMetaAnalysis

_ACROSS = {"wide": 880.0, "narrow": 328.0}
_LABELS, _BAR, _GAP, _LINE = 250.0, 24.0, 8.0, 14
_NOTHING = 1e-9
_FEWEST = 0.04
"""Parts of an estimate that are smaller are drawn together, as others."""
_DIRECT, _INDIRECT, _REST = "#0072b2", ("#cfe3f1", "#9cc6e3"), "#e6eaee"


def contribution_bars(
    fit: NetworkMetaAnalysis,
    method: Literal["shortestpath", "randomwalk"] = "shortestpath",
    *,
    pairs: Literal["reference", "all"] = "reference",
    risk_of_bias: Mapping[str, str | None] | None = None,
    names: Names | None = None,
    width: Width = "wide",
) -> alt.LayerChart:
    """Each estimate as a bar of 100 %, divided among what contributes to it.

    Without judgements the parts are direct comparisons: that of the two treatments themselves
    first and dark, then the others by their numbers in the list below. With judgements of risk of
    bias the parts are those of low, some and high risk; the share of a comparison is divided
    among its trials by their weights (Nikolakopoulou et al. 2020 PLoS Med 17:e1003082).

    Parameters
    ----------
    fit : NetworkMetaAnalysis
    method : {"shortestpath", "randomwalk"}
        As in :meth:`NetworkMetaAnalysis.contributions`.
    pairs : {"reference", "all"}
        Estimates against the reference, or all of them.
    risk_of_bias : mapping of str to str, optional
        Judgement of each study: low, some concerns, high, or not judged (None, or left out).
    names : mapping of str to str, optional
        What treatments are called.
    width : {"wide", "narrow"}
        880 pixels, or 328 for phones.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    UnknownWordError
        A study that is not in the network, or an unknown judgement, method or kind of pairs.

    Examples
    --------
    >>> from reprieve.synthesis import network
    >>> fit = network(
    ...     study=["1", "2", "3"],
    ...     treatment1=["cells", "exercise", "cells"],
    ...     treatment2=["saline", "saline", "exercise"],
    ...     effect=[-12.0, -5.0, -6.0],
    ...     se=[4.0, 3.0, 5.0],
    ... )
    >>> print(contribution_bars(fit).to_dict()["description"])
    Contributions to 2 estimates ...
    """
    if pairs not in ("reference", "all"):
        raise UnknownWordError("kind of pairs", str(pairs), ("reference", "all"))
    found = fit.contributions(method)
    called = dict(zip(fit.treatments, shown_names(fit.treatments, names), strict=True))
    chosen = [r for r, row in enumerate(found.rows) if pairs == "all" or fit.reference in row]
    if risk_of_bias is None:
        numbered = _numbered(found, chosen)
        parts = [_by_comparison(found, r, numbered, called) for r in chosen]
    else:
        numbered = []
        parts = _by_judgement(fit, found, chosen, risk_of_bias)
    bars = [
        _Bar(_versus(found.rows[r], called, fit.reference, pairs), tuple(some))
        for r, some in zip(chosen, parts, strict=True)
    ]
    heading = f"Estimates against {called[fit.reference]}" if pairs == "reference" else "Estimates"
    said = "; ".join(f"{bar.name}: {bar.words}" for bar in bars[:40])
    more = f"; and {len(bars) - 40} more" if len(bars) > 40 else ""
    return _drawn(
        bars,
        [" v ".join(called[t] for t in found.columns[c]) for c in numbered],
        heading,
        _note(risk_of_bias is not None),
        f"Contributions to {len(bars)} estimates ({method}). {heading}: {said}{more}.",
        width,
    )


def _versus(pair: tuple[str, str], called: Mapping[str, str], reference: str, pairs: str) -> str:
    """The two treatments; the one alone where all are against the reference."""
    if pairs == "reference":
        return called[pair[1] if pair[0] == reference else pair[0]]
    return f"{called[pair[0]]} v {called[pair[1]]}"


# -- what bars are made of


class _Part(NamedTuple):
    """A part of a bar: what it is, its share, what stands on it if there is room, its look."""

    name: str
    share: float
    sign: str
    fill: str
    ink: str

    @property
    def percent(self) -> str:
        """The share in words."""
        return text.percent(100 * self.share)


class _Bar(NamedTuple):
    """An estimate with its parts."""

    name: str
    parts: tuple[_Part, ...]

    @property
    def words(self) -> str:
        """The parts that weigh most, in words."""
        most = sorted(self.parts, key=lambda part: -part.share)[:3]
        return ", ".join(f"{part.name} {part.percent}" for part in most)


def _numbered(found: Contributions, chosen: list[int]) -> list[int]:
    """The comparisons that are drawn as a part of other estimates, the most important first."""
    shares = found.shares[chosen]
    order = np.argsort(-shares.sum(axis=0), kind="stable").tolist()
    other = np.array([[found.rows[r] != pair for pair in found.columns] for r in chosen])
    return [c for c in order if (shares[:, c] * other[:, c]).max() >= _FEWEST]


def _by_comparison(
    found: Contributions, r: int, numbered: list[int], called: Mapping[str, str]
) -> list[_Part]:
    """The parts of an estimate: direct evidence, numbered comparisons, the rest."""
    made: list[_Part] = []
    for c, (pair, share) in enumerate(zip(found.columns, found.shares[r].tolist(), strict=True)):
        name = " v ".join(called[t] for t in pair)
        if pair == found.rows[r] and share > _NOTHING:
            made.append(_Part(name, share, "direct", _DIRECT, PAPER))
        elif share >= _FEWEST:
            made.append(_Part(name, share, f"#{numbered.index(c) + 1}", "", INK))
    made.sort(key=lambda part: (part.sign != "direct", -part.share))
    made = [p if p.fill else p._replace(fill=_INDIRECT[i % 2]) for i, p in enumerate(made)]
    rest = float(found.shares[r].sum()) - sum(part.share for part in made)
    if rest > _NOTHING:
        made.append(_Part("other comparisons", rest, "others", _REST, INK))
    return made


def _by_judgement(
    fit: NetworkMetaAnalysis,
    found: Contributions,
    chosen: list[int],
    risk_of_bias: Mapping[str, str | None],
) -> list[list[_Part]]:
    """For each estimate, what trials of each judgement contribute."""
    rows = fit.trials.rows
    for study in risk_of_bias:
        if study not in rows.studies:
            raise UnknownWordError("study of risk_of_bias", study, rows.studies)
    judged = judgements([risk_of_bias.get(study) for study in rows.studies], fit.k)
    column = {pair: c for c, pair in enumerate(found.columns)}
    words = list(JUDGEMENTS)
    divided = np.zeros((len(found.columns), len(words)))
    for study, a, b, weight in zip(rows.study, rows.a, rows.b, np.abs(fit.fit.w), strict=True):
        place = column[fit.treatments[a], fit.treatments[b]]
        divided[place, words.index(judged[study].word)] += weight
    divided /= divided.sum(axis=1, keepdims=True)
    return [
        [
            _Part(j.word, share, j.sign, j.fill, j.ink)
            for j, share in zip(JUDGEMENTS.values(), line, strict=True)
            if share > _NOTHING
        ]
        for line in (found.shares[chosen] @ divided).tolist()
    ]


def _note(judged: bool) -> str:
    if judged:
        signs = ", ".join(f"{j.sign} {j.word}" for j in JUDGEMENTS.values())
        return (
            f"Risk of bias of what contributes: {signs}. The share of a comparison is divided "
            "among its trials by their weights."
        )
    return (
        "What direct comparisons contribute to each estimate, in percent; those that contribute "
        f"less than {100 * _FEWEST:g}% to it are drawn together."
    )


# -- drawing


def _drawn(
    bars: list[_Bar], listed: list[str], heading: str, note: str, description: str, width: Width
) -> alt.LayerChart:
    across, left = _ACROSS[width], _LABELS if width == "wide" else 0.0
    words = paragraph(heading, 0, 8, across, size=12)
    drawn: list[Row] = []
    top = words[-1].y + 16
    for bar in bars:
        lines = broken(bar.name, (left or across) - 8, lines=4)
        high = _LINE * len(lines)
        start = top + (max(0.0, (high - _BAR) / 2) if left else high + 2)
        first = start + (_BAR - high) / 2 + _LINE / 2 if left else top + _LINE / 2
        words += [Word(0, first + _LINE * i, line) for i, line in enumerate(lines)]
        placed = _segments(bar, left, start, across - left)
        drawn += [row for row, _ in placed]
        words += [word for _, said in placed for word in said]
        top = max(start + _BAR, top + high if left else 0.0) + _GAP
    words += _axis(left, top - _GAP, across - left)
    key, bottom = _key(listed, top + 40, across, 2 if width == "wide" else 1)
    notes = paragraph(note, 0, bottom + 8, across)
    return themed(
        layered(
            [
                *boxes(drawn, "Estimate", "Part", "Share", stroke=PAPER, strokeWidth=1),
                *lettered([*words, *key, *notes]),
            ],
            width=across,
            height=notes[-1].y + 10,
            description=description,
        )
    )


def _segments(bar: _Bar, left: float, top: float, across: float) -> list[tuple[Row, list[Word]]]:
    """The parts of a bar, each with what fits on it."""
    whole = sum(part.share for part in bar.parts)
    x = left
    found = []
    for part in bar.parts:
        broad = across * part.share / whole
        row: Row = {"x": x, "x2": x + broad, "y": top, "y2": top + _BAR, "fill": part.fill}
        row |= {"Estimate": bar.name, "Part": part.name, "Share": part.percent}
        fitting = [
            said
            for said in (f"{part.sign} {part.percent}", part.sign)
            if room(said, 11) + 4 <= broad
        ]
        middle = x + broad / 2, top + _BAR / 2
        found.append((row, [Word(*middle, s, "center", 11, part.ink) for s in fitting[:1]]))
        x += broad
    return found


def _axis(left: float, bottom: float, across: float) -> list[Word]:
    """Percent under the bars."""
    ends = [(0, "left"), (0.5, "center"), (1, "right")]
    return [
        Word(left + across * share, bottom + 12, f"{100 * share:g}%", align, 11, MUTED)
        for share, align in ends
    ]


def _key(listed: list[str], top: float, across: float, columns: int) -> tuple[list[Word], float]:
    """The numbered comparisons in columns, and where the list ends."""
    words: list[Word] = []
    each = -(-len(listed) // columns)
    bottom = top
    for column in range(columns):
        left, y = column * across / columns, top
        for number in range(column * each, min((column + 1) * each, len(listed))):
            lines = broken(listed[number], across / columns - 44, size=11, lines=9)
            words.append(Word(left + 26, y, f"#{number + 1}", "right", 11))
            words += [Word(left + 32, y + _LINE * i, line, size=11) for i, line in enumerate(lines)]
            y += _LINE * len(lines)
        bottom = max(bottom, y)
    return words, bottom
