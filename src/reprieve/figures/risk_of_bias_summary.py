"""Risk of bias in sum: for each domain the share of the studies, or of their weight."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import altair as alt

from reprieve.certainty.risk_of_bias.records import BiasJudgement
from reprieve.certainty.risk_of_bias.tools import OVERALL
from reprieve.errors import InputError
from reprieve.figures.bias_signs import SIGNS, BiasTable, bias_table, legend
from reprieve.figures.drawing import Row, layered
from reprieve.figures.lettering import Word, boxes, lettered, paragraph, room
from reprieve.figures.text import percent
from reprieve.figures.theme import PAPER, themed

_ROW, _BAR, _WIDE = 34, 24, 400
"""Height of a row and of its bar, and width of a whole bar in pixels."""


def risk_of_bias_summary(
    judgements: Iterable[BiasJudgement],
    weights: Mapping[str, float] | None = None,
    studies: Mapping[str, str] | Sequence[str] | None = None,
) -> alt.LayerChart:
    """A bar a domain: how much of the evidence has which judgement.

    Parameters
    ----------
    judgements : iterable of BiasJudgement
        Of one tool, one result a study.
    weights : mapping of str to float, optional
        The weight of each study in a fit: ``dict(zip(fit.study, fit.weights))``. Its studies are
        those shown, and those that nobody judged count as not judged; judged studies without a
        weight are not in the fit and are counted below the figure. Without weights each study
        counts the same.
    studies : mapping of str to str, or sequence of str, optional
        The studies to count where there are no weights; those with a judgement when not given.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    InputError
        Nothing to show, weights that are no numbers from zero or are all zero, several tools,
        or several results of a study.

    Examples
    --------
    >>> mine = [BiasJudgement("vega-2015", "overall", "low", who="A. Reader", date="2026-11-30")]
    >>> chart = risk_of_bias_summary(mine, {"vega-2015": 40.0, "gupta-2016": 60.0})
    >>> "overall: 40% low, 60% not judged" in chart.to_dict()["description"]
    True
    """
    judged = list(judgements)
    if weights is not None:
        _refuse(weights)
    table = bias_table(judged, list(weights) if weights is not None else studies)
    weight = weights if weights is not None else dict.fromkeys(table.labels, 1.0)
    order = [OVERALL, *(domain for domain in table.domains if domain != OVERALL)]
    shares = {domain: _shares(table, domain, weight) for domain in order}
    left = max(room(_name(table, domain), 12) for domain in order) + 14
    segments, texts = _segments(table, shares, left)
    names = [
        Word(left - 12, _ROW * (i + 0.5), _name(table, d), "right", bold=d == OVERALL)
        for i, d in enumerate(order)
    ]
    bottom = _ROW * len(order)
    ticks = [
        Word(left + _WIDE * share / 100, bottom + 10, f"{share}%", "center", 10)
        for share in (0, 25, 50, 75, 100)
    ]
    signs, meanings = legend(table.words, 0, bottom + 36)
    width = left + _WIDE + 16
    counted = paragraph(_counted(table, weights), 0, bottom + 60, width)
    squares = [
        {"x": s["px"] - 8, "x2": s["px"] + 8, "y": s["py"] - 8, "y2": s["py"] + 8, **s}
        for s in signs
    ]
    return themed(
        layered(
            [
                *boxes(segments, "Domain", "Judgement", "Share", "Studies", stroke=PAPER),
                *boxes(squares),
                *lettered([*names, *texts, *ticks, *meanings, *counted]),
            ],
            width=width,
            height=counted[-1].y + 10,
            description=_description(table, shares),
        )
    )


def _refuse(weights: Mapping[str, float]) -> None:
    for study, weight in weights.items():
        if not (math.isfinite(weight) and weight >= 0):
            raise InputError(f"the weight of {study!r} is {weight!r}; expected a number from 0")
    if weights and not any(weights.values()):
        raise InputError("all weights are 0; give those of a fit, such as fit.weights")


def _shares(
    table: BiasTable, domain: str, weight: Mapping[str, float]
) -> dict[str, tuple[float, int]]:
    """For each judgement its share in percent and the number of studies, best first."""
    total = math.fsum(weight[study] for study in table.labels)
    found = {}
    for word in table.words:
        mine = [study for study in table.labels if table.word(study, domain) == word]
        if mine:
            found[word] = 100 * math.fsum(weight[study] for study in mine) / total, len(mine)
    return found


def _segments(
    table: BiasTable, shares: Mapping[str, Mapping[str, tuple[float, int]]], left: float
) -> tuple[list[Row], list[Word]]:
    segments, texts = [], []
    for i, (domain, found) in enumerate(shares.items()):
        x, y = left, _ROW * (i + 0.5)
        for word, (share, k) in found.items():
            sign, long = SIGNS[word], _WIDE * share / 100
            segments.append(
                {
                    "x": x,
                    "x2": x + long,
                    "y": y - _BAR / 2,
                    "y2": y + _BAR / 2,
                    "fill": sign.fill,
                    "Domain": table.tool.domains[domain],
                    "Judgement": word,
                    "Share": percent(share),
                    "Studies": f"{k} of {len(table.labels)}",
                }
            )
            for told, air in ((f"{sign.sign} {percent(share)}", 4), (sign.sign, 1)):
                if room(told, 11, bold=True) + air <= long:
                    texts.append(Word(x + long / 2, y, told, "center", 11, sign.ink, bold=True))
                    break
            x += long
    return segments, texts


def _name(table: BiasTable, domain: str) -> str:
    name = table.tool.domains[domain]
    return name.capitalize() if domain == OVERALL else f"{domain} {name}"


def _counted(table: BiasTable, weights: Mapping[str, float] | None) -> str:
    k = len(table.labels)
    studies = f"{k} {'study' if k == 1 else 'studies'}"
    if weights is None:
        return f"{table.tool.name}. {studies}, each counted the same."
    outside = len(set(table.judged) - set(table.labels))
    left_out = (
        f" {outside} judged {'study is' if outside == 1 else 'studies are'} not in the analysis "
        "and not counted."
        if outside
        else ""
    )
    return f"{table.tool.name}. {studies}, each counted by its weight in the analysis.{left_out}"


def _description(table: BiasTable, shares: Mapping[str, Mapping[str, tuple[float, int]]]) -> str:
    told = [
        f"{table.tool.domains[domain]}: "
        + ", ".join(f"{percent(share)} {word}" for word, (share, _) in found.items())
        for domain, found in shares.items()
    ]
    return f"Risk of bias by {table.tool.name}, in sum. {'; '.join(told)}."
