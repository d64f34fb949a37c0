"""Direct beside indirect evidence: do the trials of two treatments agree with the detours?"""

from __future__ import annotations

from typing import Any, Literal

import altair as alt

from reprieve.figures.drawing import layered
from reprieve.figures.effect_axis import EffectAxis, Transform
from reprieve.figures.forest_drawing import draw
from reprieve.figures.forest_fit import p_words, reach_of
from reprieve.figures.forest_names import alone
from reprieve.figures.forest_table import ForestTable, Headings, Line, Width
from reprieve.figures.lettering import lettered, paragraph
from reprieve.figures.network_forest import sides
from reprieve.figures.network_parts import Names, normal_reach, shown_names
from reprieve.figures.network_plan import count
from reprieve.figures.theme import themed
from reprieve.synthesis.networks.results import NetworkMetaAnalysis


def direct_indirect_forest(
    fit: NetworkMetaAnalysis,
    *,
    method: Literal["back-calculation", "SIDDE"] = "back-calculation",
    measure: str = "Effect",
    transform: Transform = None,
    names: Names | None = None,
    width: Width = "wide",
) -> alt.LayerChart:
    """For every pair with both kinds of evidence: direct, indirect, and what the network says.

    Pairs stand in the order of the p value of the difference, those that agree least first.

    Parameters
    ----------
    fit : NetworkMetaAnalysis
    method : {"back-calculation", "SIDDE"}
        How indirect estimates are found; see :meth:`NetworkMetaAnalysis.split`.
    measure : str
        What the effects are called, with the unit.
    transform : {"exp"}, optional
        Show logarithms of ratios as ratios, on a logarithmic axis.
    names : mapping of str to str, optional
        What treatments are called.
    width : {"wide", "narrow"}
        880 pixels with all columns, or 328 for phones.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    UnknownWordError
        `method` is none of the two.

    Examples
    --------
    >>> from reprieve.synthesis import network
    >>> fit = network(
    ...     study=["1", "2", "3"],
    ...     treatment1=["cells", "exercise", "cells"],
    ...     treatment2=["saline", "saline", "exercise"],
    ...     effect=[-12.0, -5.0, -6.0],
    ...     se=[3.0, 2.0, 3.0],
    ... )
    >>> direct_indirect_forest(fit).to_dict()["description"][:61]
    'Direct and indirect evidence, Effect, 3 pairs: cells v saline'
    """
    table = fit.split(method).to_frame().to_dicts()
    both = [row for row in table if row["p"] is not None]
    both.sort(key=lambda row: row["p"])
    if not both:
        return _nothing(len(table), width)
    called = dict(zip(fit.treatments, shown_names(fit.treatments, names), strict=True))
    reach = normal_reach(fit.level)
    parts = [(row, _estimates(fit, row, reach)) for row in both]
    bounds = [ci for _, three in parts for _, ci in three]
    axis = EffectAxis(
        *reach_of([estimate for _, three in parts for estimate, _ in three], bounds),
        name=measure,
        transform=transform,
        favours=sides("first named", "second named", fit),
    )
    ratio = "Ratio" if transform else "Effect"
    return draw(
        ForestTable(
            lines=[line for row, three in parts for line in _lines(row, three, called, axis)],
            axis=axis,
            headings=Headings(
                label="Evidence",
                middle="Trials",
                plot="",
                effect=f"{ratio} ({100 * fit.level:g}% CI)",
                last="Share",
            ),
            notes=_notes(fit, len(both), len(table), method),
            description=_description(parts, called, axis),
        ),
        width,
    )


_Estimate = tuple[float, tuple[float, float]]


def _estimates(fit: NetworkMetaAnalysis, row: dict[str, Any], reach: float) -> list[_Estimate]:
    """Direct, indirect and network estimate, each with its interval."""
    found = []
    for kind in ("direct", "indirect"):
        half = reach * row[f"{kind}_se"]
        found.append((row[kind], (row[kind] - half, row[kind] + half)))
    network = fit.relative(row["treatment1"], row["treatment2"])
    return [*found, (network.estimate, network.ci)]


def _lines(
    row: dict[str, Any], three: list[_Estimate], called: Names, axis: EffectAxis
) -> list[Line]:
    """Under the two treatments, and the p value of the difference, a line for each estimate."""
    share = row["proportion_direct"]
    kinds = (
        ("Direct", str(row["k"]), f"{100 * share:.0f}%", "square"),
        ("Indirect", "", f"{100 * (1 - share):.0f}%", "diamond"),
        ("Network", "", "", ""),
    )
    pair, p = _pair(row, called), p_words(row["p"])
    lines = [alone(f"{pair}, p\u00a0{p}", bold=True)]
    for (kind, trials, part, shape), (estimate, ci) in zip(kinds, three, strict=True):
        told = {"Pair": pair, "Evidence": kind, axis.name: axis.effect(estimate, ci)}
        told |= {"Direct minus indirect": axis.number(row["difference"]), "p of that": p}
        drawn: Literal["trial", "pooled"] = "trial" if shape else "pooled"
        lines.append(
            Line(
                drawn,
                label=kind,
                estimate=estimate,
                ci=ci,
                middle=trials,
                last=part,
                shape=shape or "square",
                open=kind == "Indirect",
                told=told,
            )
        )
    return lines


def _pair(row: dict[str, Any], called: Names) -> str:
    return f"{called[row['treatment1']]} v {called[row['treatment2']]}"


def _notes(fit: NetworkMetaAnalysis, both: int, compared: int, method: str) -> list[str]:
    how = {
        "back-calculation": "what the network adds to the direct estimate",
        "SIDDE": "from the network without the trials that compare the two",
    }[method]
    notes = [
        "Each effect is the first named minus the second. p: of the difference between direct and "
        "indirect evidence; a large one is no proof that they agree.",
        f"Indirect: {how}. Share: of direct and of indirect evidence in the network estimate.",
    ]
    if both < compared:
        notes.append(
            f"Not shown: {count(compared - both, 'pair')} with direct evidence alone, and all "
            "pairs that no trial compares."
        )
    if both > 1:
        notes.append(f"About {0.05 * both:.2g} of {both} p values would be below 0.05 by chance.")
    return notes


def _nothing(compared: int, width: Width) -> alt.LayerChart:
    said = (
        f"No pair of treatments has both direct and indirect evidence: {count(compared, 'pair')} "
        "compared by trials, and none of them in a closed loop."
    )
    across = 620.0 if width == "wide" else 328.0
    words = paragraph(said, 0, 12, across)
    return themed(
        layered(lettered(words), width=across, height=15 * len(words) + 10, description=said)
    )


def _description(
    parts: list[tuple[dict[str, Any], list[_Estimate]]], called: Names, axis: EffectAxis
) -> str:
    told = "; ".join(
        f"{_pair(row, called)} direct {axis.effect(*three[0])}, indirect {axis.effect(*three[1])}, "
        f"network {axis.effect(*three[2])}, p of the difference {p_words(row['p'])}"
        for row, three in parts
    )
    return f"Direct and indirect evidence, {axis.name}, {count(len(parts), 'pair')}: {told}."
