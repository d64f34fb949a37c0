"""The forest plot of any meta-analysis, with subgroups and judgements of risk of bias."""

from __future__ import annotations

import math
from collections.abc import Sequence

import altair as alt
import numpy as np

from reprieve.errors import InputError
from reprieve.figures import text
from reprieve.figures.effect_axis import Bounds, EffectAxis, Favours, Transform
from reprieve.figures.forest_drawing import draw
from reprieve.figures.forest_table import ForestTable, Headings, Line, Width
from reprieve.figures.judgements import JUDGEMENTS, Judgement, judgements
from reprieve.synthesis.diagnostics.by_subgroup import Subgroups
from reprieve.synthesis.diagnostics.by_subgroup import subgroups as pool_subgroups
from reprieve.synthesis.results import MetaAnalysis


def forest_of(
    fit: MetaAnalysis,
    *,
    measure: str = "Effect",
    transform: Transform = None,
    favours: Favours = None,
    subgroups: Sequence[str] | None = None,
    risk_of_bias: Sequence[str | None] | None = None,
    worthwhile: float | None = None,
    width: Width = "wide",
) -> alt.LayerChart:
    """Every study's effect with its interval, and the pooled effect below.

    Parameters
    ----------
    fit : MetaAnalysis
        On any scale. Studies stand in its order.
    measure : str
        What the axis is called, with the unit.
    transform : {"exp"}, optional
        Show logarithms of ratios as ratios, on a logarithmic axis.
    favours : tuple of str, optional
        Whom effects on the left favour, and whom those on the right.
    subgroups : sequence of str, optional
        A label a study: each subgroup is pooled apart too, and the difference tested.
    risk_of_bias : sequence of str, optional
        A word a study: low, some concerns, high, or not judged (None).
    worthwhile : float, optional
        The smallest effect that matters, on the scale of the fit; the zone below is shaded.
    width : {"wide", "narrow"}
        880 pixels with all columns, or 328 for phones.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    InputError
        Labels or judgements that are not one a study.

    Examples
    --------
    >>> from reprieve.synthesis import meta_analysis
    >>> fit = meta_analysis(effect=[-12.0, -4.0, -9.0, -15.0], se=[4.0, 3.0, 5.0, 4.5])
    >>> chart = forest_of(fit, measure="Difference in pain, points of 100")
    >>> chart.to_dict()["height"]
    186
    """
    groups = None if subgroups is None else pool_subgroups(fit, subgroups)
    judged = None if risk_of_bias is None else judgements(risk_of_bias, fit.k)
    if worthwhile is not None and not worthwhile > 0:
        raise InputError(f"worthwhile must be a size above zero; it was {worthwhile!r}")
    axis = EffectAxis(*_reach(fit, worthwhile), name=measure, transform=transform, favours=favours)
    trials = [_trial(fit, i, axis, judged[i] if judged else None) for i in range(fit.k)]
    table = ForestTable(
        lines=[*(trials if groups is None else _grouped(groups, trials)), *_whole(fit, groups)],
        axis=axis,
        headings=Headings(
            label="Study",
            middle="" if judged is None else "Risk of bias",
            plot="",
            effect=f"{'Ratio' if transform else 'Effect'} ({100 * fit.level:g}% CI)",
            last="Weight",
        ),
        shaded=None if worthwhile is None else (-worthwhile, worthwhile),
        notes=_notes(fit, judged, worthwhile, axis),
        description=_description(fit, axis, groups),
    )
    return draw(table, width)


def spread(fit: MetaAnalysis) -> str:
    """How much studies differ, in a few words.

    Examples
    --------
    >>> from reprieve.synthesis import meta_analysis
    >>> spread(meta_analysis(effect=[-12.0, -4.0, -15.0], se=[4.0, 3.0, 4.5]))
    'τ 4.62, I² 60%, Q 5.1 (df 2, p 0.08)'
    """
    tau = "" if math.isnan(fit.tau2) else f"τ {fit.tau:.3g}, "
    return f"{tau}I² {fit.I2:.0f}%, Q {fit.Q:.1f} (df {fit.Q_df}, p {p_words(fit.Q_p)})"


def p_words(p: float) -> str:
    """A p value as it is read.

    Examples
    --------
    >>> p_words(0.0004), p_words(0.0312), p_words(0.4)
    ('<0.001', '0.031', '0.40')
    """
    return "<0.001" if p < 0.001 else f"{p:.3f}" if p < 0.05 else f"{p:.2f}"


def reach_of(estimates: Sequence[float], bounds: Sequence[Bounds]) -> Bounds:
    """What an axis must show: every estimate and zero, and intervals unless they run far out."""
    low, high = min([0.0, *estimates]), max([0.0, *estimates])
    lengths = [end - start for start, end in bounds if math.isfinite(end - start)]
    room = max(high - low, 2 * float(np.median(lengths)) if lengths else 0.0)
    ends = [end for pair in bounds for end in pair if low - room <= end <= high + room]
    cut = any(pair[0] < low - room for pair in bounds), any(p[1] > high + room for p in bounds)
    return (
        min([low, *ends, *([low - room] if cut[0] else [])]),
        max([high, *ends, *([high + room] if cut[1] else [])]),
    )


def _reach(fit: MetaAnalysis, worthwhile: float | None) -> Bounds:
    bounds = [_ci(fit, i) for i in range(fit.k)]
    if fit.k > 1:
        bounds.append(fit.ci)
    low, high = reach_of([*fit.y.tolist(), fit.estimate], bounds)
    if worthwhile is not None:
        low, high = min(low, -1.2 * worthwhile), max(high, 1.2 * worthwhile)
    if fit.k >= 3 and not math.isnan(fit.prediction_interval[0]):
        reach, (first, last) = 0.5 * (high - low), fit.prediction_interval
        if first > low - reach and last < high + reach:
            low, high = min(low, first), max(high, last)
    return low, high


def _ci(fit: MetaAnalysis, i: int) -> Bounds:
    """The interval of a study alone: normal, as each study's is."""
    from scipy.special import ndtri

    half = float(ndtri((1 + fit.level) / 2) * math.sqrt(fit.v[i]))
    return float(fit.y[i]) - half, float(fit.y[i]) + half


def _trial(fit: MetaAnalysis, i: int, axis: EffectAxis, judgement: Judgement | None) -> Line:
    estimate, ci, weight = float(fit.y[i]), _ci(fit, i), float(fit.weights[i])
    told = {
        "Study": fit.study[i],
        axis.name: axis.effect(estimate, ci),
        "Weight": f"{weight:.1f}%",
    }
    if judgement is not None:
        told["Risk of bias"] = judgement.word
    return Line(
        "trial",
        label=fit.study[i],
        estimate=estimate,
        ci=ci,
        last=text.percent(weight),
        weight=weight,
        judgement=judgement,
        told=told,
    )


def _grouped(groups: Subgroups, trials: list[Line]) -> list[Line]:
    """Under the name of each subgroup its studies, and its diamond."""
    lines: list[Line] = []
    for name, part in groups.fits.items():
        mine = [line for line, label in zip(trials, groups.labels, strict=True) if label == name]
        lines += [Line("words", label=name, bold=True), *mine]
        if part.k > 1:
            share = sum(line.weight or 0.0 for line in mine)
            lines.append(
                Line(
                    "pooled",
                    label=f"{_together(part.k)}, I² {part.I2:.0f}%",
                    estimate=part.estimate,
                    ci=part.ci,
                    last=text.percent(share),
                )
            )
    return lines


def _together(k: int) -> str:
    return "Both together" if k == 2 else f"These {k} together"


def _whole(fit: MetaAnalysis, groups: Subgroups | None) -> list[Line]:
    if fit.k == 1:
        return []
    label = "Both studies together" if fit.k == 2 else f"All {fit.k} studies together"
    lines = [
        Line(
            "pooled",
            label=label,
            estimate=fit.estimate,
            ci=fit.ci,
            last="100%",
            bold=True,
            ruled=True,
        )
    ]
    if fit.k >= 3 and not math.isnan(fit.prediction_interval[0]):
        lines.append(Line("prediction", label="In a new setting", ci=fit.prediction_interval))
    if groups is not None:
        lines.append(
            Line(
                "words",
                label=f"Difference between subgroups: Q {groups.Q:.1f}, df {groups.df}, "
                f"p {p_words(groups.p)}",
            )
        )
    return lines


def _notes(
    fit: MetaAnalysis,
    judged: list[Judgement] | None,
    worthwhile: float | None,
    axis: EffectAxis,
) -> list[str]:
    notes = []
    if fit.k > 1:
        notes.append(f"Differences between studies: {spread(fit)}. Pooled by {fit.method}.")
    if fit.k >= 3 and not math.isnan(fit.prediction_interval[0]):
        notes.append(
            f"Bar: {100 * fit.level:g}% prediction interval of the effect in a new setting."
        )
    if worthwhile is not None:
        zone = axis.interval((-worthwhile, worthwhile))
        notes.append(f"Shaded: effects too small to be worthwhile ({zone}).")
    if judged is not None:
        signs = [f"{sign.sign} {word}" for word, sign in JUDGEMENTS.items() if sign in judged]
        notes.append(f"Risk of bias: {', '.join(signs)}.")
    return notes


def _description(fit: MetaAnalysis, axis: EffectAxis, groups: Subgroups | None) -> str:
    studies = "; ".join(
        f"{name} {axis.effect(float(fit.y[i]), _ci(fit, i))}" for i, name in enumerate(fit.study)
    )
    start = f"Forest plot, {axis.name}."
    if fit.k == 1:
        return f"{start} One study: {studies}."
    said = f"{start} {fit.k} studies, pooled {axis.effect(fit.estimate, fit.ci)}."
    if groups is not None:
        parts = "; ".join(
            f"{name} {axis.effect(part.estimate, part.ci)}" for name, part in groups.fits.items()
        )
        said += f" Subgroups: {parts}; difference p {p_words(groups.p)}."
    return f"{said} Studies: {studies}."
