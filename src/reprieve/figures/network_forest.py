"""The forest plot of a network: every treatment against one of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import altair as alt
import numpy as np

from reprieve.errors import InputError
from reprieve.figures.drawing import rows, y_pixel
from reprieve.figures.effect_axis import EffectAxis, Transform
from reprieve.figures.forest_drawing import draw
from reprieve.figures.forest_fit import p_words, reach_of
from reprieve.figures.forest_names import against, alone, label
from reprieve.figures.forest_plan import Plan, layout_of
from reprieve.figures.forest_table import ForestTable, Headings, Line, Width
from reprieve.figures.network_parts import Names, shown_names
from reprieve.figures.network_plan import count
from reprieve.figures.theme import OKABE_ITO
from reprieve.synthesis.networks.results import NetworkMetaAnalysis, Relative


def network_forest(
    fit: NetworkMetaAnalysis,
    *,
    reference: str | None = None,
    measure: str = "Effect",
    transform: Transform = None,
    worthwhile: float | None = None,
    names: Names | None = None,
    width: Width = "wide",
) -> alt.LayerChart:
    """Every treatment against the reference, the best first, with its P-score.

    Whiskers are intervals of the mean difference; the bars behind them are where the difference
    of a new trial would lie.

    Parameters
    ----------
    fit : NetworkMetaAnalysis
    reference : str, optional
        The treatment that the others are compared with; the fit's own when not given.
    measure : str
        What the effects are called, with the unit.
    transform : {"exp"}, optional
        Show logarithms of ratios as ratios, on a logarithmic axis.
    worthwhile : float, optional
        The smallest effect that matters, on the scale of the fit; smaller ones are shaded.
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
        A reference that is not in the network.
    InputError
        `worthwhile` is not above zero.

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
    >>> network_forest(fit, reference="saline").to_dict()["description"][:58]
    'Effect, against saline; 2 treatments, the best first: cell'
    """
    if worthwhile is not None and not worthwhile > 0:
        raise InputError(f"worthwhile must be a size above zero; it was {worthwhile!r}")
    base = fit.reference if reference is None else reference
    place = fit.place(base)
    shown = shown_names(fit.treatments, names)
    found = [fit.relative(name, base) for t, name in enumerate(fit.treatments) if t != place]
    found.sort(key=lambda one: one.estimate, reverse=fit.small_values != "desirable")
    called = dict(zip(fit.treatments, shown, strict=True))
    axis = EffectAxis(
        *_reach(found, worthwhile),
        name=against(measure, called[base], width),
        transform=transform,
        favours=sides("the treatment", called[base], fit),
    )
    lines = [_line(fit, one, called, axis, base, width) for one in found]
    score = float(fit.p_scores[place])
    lines.append(alone(f"{called[base]} (reference): P-score\u00a0{score:.2f}"))
    ratio = "Ratio" if transform else "Effect"
    table = ForestTable(
        lines=lines,
        axis=axis,
        headings=Headings(
            label="Treatment",
            middle="Direct trials",
            plot="",
            effect=f"{ratio} ({100 * fit.level:g}% CI)",
            last="P-score",
        ),
        shaded=None if worthwhile is None else (-worthwhile, worthwhile),
        notes=_notes(fit, found, called, worthwhile, axis, width),
        description=_description(fit, found, called, axis),
    )
    chart = draw(table, width)
    behind = 0 if worthwhile is None else 1  # the shaded zone is at the back
    chart.layer[behind:behind] = _predictions(Plan(table, layout_of(table, width)), found)
    return chart


def sides(first: str, second: str, fit: NetworkMetaAnalysis) -> tuple[str, str]:
    """Whom effects on the left and on the right favour, of the first minus the second."""
    return (first, second) if fit.small_values == "desirable" else (second, first)


def network_words(fit: NetworkMetaAnalysis) -> str:
    """The size of a network and how much its trials differ, in a few words.

    Examples
    --------
    >>> from reprieve.synthesis import network
    >>> columns = {"study": ["1", "2", "3"], "treatment1": ["a", "a", "b"]}
    >>> fit = network(effect=[-4, -1, -1], se=[1, 1, 1], treatment2=["c", "c", "c"], **columns)
    >>> network_words(fit)
    '3 treatments, 3 trials, τ 1.87, Q 4.5 (df 1, p 0.034)'
    """
    said = f"{count(fit.n, 'treatment')}, {count(fit.k, 'trial')}"
    if not math.isnan(fit.tau2):
        said += f", τ {fit.tau:.3g}"
    return f"{said}, Q {fit.Q:.1f} (df {fit.df}, p {p_words(fit.Q_p)})" if fit.df else said


def _reach(found: Sequence[Relative], worthwhile: float | None) -> tuple[float, float]:
    low, high = reach_of([one.estimate for one in found], [one.ci for one in found])
    if worthwhile is not None:
        low, high = min(low, -1.2 * worthwhile), max(high, 1.2 * worthwhile)
    half = 0.5 * (high - low)
    known = [one.prediction_interval for one in found if not math.isnan(one.prediction_interval[0])]
    starts = [start for start, _ in known if start > low - half]
    ends = [end for _, end in known if end < high + half]
    return min([low, *starts]), max([high, *ends])


def _line(
    fit: NetworkMetaAnalysis,
    one: Relative,
    called: Names,
    axis: EffectAxis,
    base: str,
    width: Width,
) -> Line:
    place = fit.place(one.treatment1)
    i, j = sorted((place, fit.place(base)))
    pair = int(np.flatnonzero((fit.pairs[0] == i) & (fit.pairs[1] == j))[0])
    trials = int(fit.evidence.trials[pair])
    told = {
        "Treatment": called[one.treatment1],
        axis.name: axis.effect(one.estimate, one.ci),
        "In a new trial": "not estimated"
        if math.isnan(one.prediction_interval[0])
        else axis.interval(one.prediction_interval),
        "Trials against it": str(trials),
        "P-score": f"{fit.p_scores[place]:.2f}",
    }
    return Line(
        "trial",
        label=label(called[one.treatment1], width),
        estimate=one.estimate,
        ci=one.ci,
        middle=str(trials or "none"),
        last=f"{fit.p_scores[place]:.2f}",
        told=told,
    )


def _predictions(plan: Plan, found: Sequence[Relative]) -> list[alt.Chart]:
    """Bars behind the whiskers of the first lines, as far as the axis goes."""
    bars = []
    for i, one in enumerate(found):
        if not math.isnan(one.prediction_interval[0]):
            low, high = plan.inside(one.prediction_interval)
            bars.append({"low": low, "high": high, "y": plan.mark(i)})
    if not bars:
        return []
    return [
        rows(bars)
        .mark_rule(color=OKABE_ITO["orange"], strokeWidth=7, opacity=0.45, aria=False)
        .encode(x=plan.x("low"), x2=alt.X2("high:Q"), y=y_pixel("y"))
    ]


def _notes(
    fit: NetworkMetaAnalysis,
    found: Sequence[Relative],
    called: Names,
    worthwhile: float | None,
    axis: EffectAxis,
    width: Width,
) -> list[str]:
    notes = [f"{network_words(fit)}."]
    if not math.isnan(found[0].prediction_interval[0]):
        notes.append(
            f"Broad bars: {100 * fit.level:g}% prediction intervals, where the difference in a "
            "new trial would lie, as far as the axis goes."
        )
    if width == "narrow":
        notes.append(f"P-scores: {_scores(fit, found, called)}.")
    notes.append(
        "P-score: the mean probability of being better than another treatment; it does not tell "
        "how large differences are."
    )
    if worthwhile is not None:
        zone = axis.interval((-worthwhile, worthwhile))
        notes.append(f"Shaded: effects too small to be worthwhile ({zone}).")
    return notes


def _scores(fit: NetworkMetaAnalysis, found: Sequence[Relative], called: Names) -> str:
    return "; ".join(
        f"{called[one.treatment1]} {fit.p_scores[fit.place(one.treatment1)]:.2f}" for one in found
    )


def _description(
    fit: NetworkMetaAnalysis, found: Sequence[Relative], called: Names, axis: EffectAxis
) -> str:
    told = "; ".join(
        f"{called[one.treatment1]} {axis.effect(one.estimate, one.ci)}" for one in found
    )
    return (
        f"{axis.name}; {count(len(found), 'treatment')}, the best first: {told}. P-scores: "
        f"{_scores(fit, found, called)}. {network_words(fit)}."
    )
