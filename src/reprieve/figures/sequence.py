"""The forest plot of a meta-analysis repeated: studies left out in turn, or added in turn."""

from __future__ import annotations

import altair as alt

from reprieve.figures.effect_axis import EffectAxis, Favours, Transform
from reprieve.figures.forest_drawing import draw
from reprieve.figures.forest_fit import p_words, reach_of
from reprieve.figures.forest_table import ForestTable, Headings, Line, Width
from reprieve.synthesis.diagnostics.leave_one_out import SequenceOfFits
from reprieve.synthesis.results import MetaAnalysis


def sequence(
    result: SequenceOfFits,
    fit: MetaAnalysis | None = None,
    *,
    measure: str = "Effect",
    transform: Transform = None,
    favours: Favours = None,
    width: Width = "wide",
) -> alt.LayerChart:
    """The pooled effect without each study, or after each study.

    Parameters
    ----------
    result : SequenceOfFits
        From :func:`reprieve.synthesis.diagnostics.leave_one_out` or ``cumulative``.
    fit : MetaAnalysis, optional
        The fit of all studies: a broken line shows its effect, a diamond its interval.
    measure, transform, favours, width
        As in :func:`forest_of`.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> from reprieve.synthesis import leave_one_out, meta_analysis
    >>> fit = meta_analysis(effect=[-12.0, -4.0, -9.0, -15.0], se=[4.0, 3.0, 5.0, 4.5])
    >>> sequence(leave_one_out(fit), fit).to_dict()["width"]
    880
    """
    left_out = result.kind == "leave-one-out"
    bounds = list(zip(result.ci_low.tolist(), result.ci_high.tolist(), strict=True))
    estimates = result.estimate.tolist()
    everything = ([*estimates, fit.estimate], [*bounds, fit.ci]) if fit else (estimates, bounds)
    axis = EffectAxis(*reach_of(*everything), name=measure, transform=transform, favours=favours)
    table = ForestTable(
        lines=[*(_line(result, i, axis) for i in range(len(result.k))), *_whole(fit)],
        axis=axis,
        headings=Headings(
            label="Left out" if left_out else "Added",
            middle="Studies",
            plot="",
            effect=f"{'Ratio' if transform else 'Effect'} ({100 * result.level:g}% CI)",
            last="I²",
        ),
        marked=None if fit is None else fit.estimate,
        notes=[
            "Each line: all studies but the one named."
            if left_out
            else "Each line: the study named and all above it."
        ],
        description=_description(result, axis),
    )
    return draw(table, width)


def _line(result: SequenceOfFits, i: int, axis: EffectAxis) -> Line:
    ci = float(result.ci_low[i]), float(result.ci_high[i])
    estimate, name = float(result.estimate[i]), result.study[i]
    share = "" if result.k[i] == 1 else f"{result.I2[i]:.0f}%"
    sign = "−" if result.kind == "leave-one-out" else "+"
    return Line(
        "trial",
        label=f"{sign} {name}",
        estimate=estimate,
        ci=ci,
        middle=str(result.k[i]),
        last=share,
        told={
            "Left out" if result.kind == "leave-one-out" else "Added": name,
            "Studies": str(result.k[i]),
            axis.name: axis.effect(estimate, ci),
            "p": p_words(float(result.p[i])),
            "I²": share or "one study alone",
        },
    )


def _whole(fit: MetaAnalysis | None) -> list[Line]:
    if fit is None:
        return []
    return [
        Line(
            "pooled",
            label=f"All {fit.k} studies",
            estimate=fit.estimate,
            ci=fit.ci,
            middle=str(fit.k),
            last=f"{fit.I2:.0f}%",
            bold=True,
            ruled=True,
        )
    ]


def _description(result: SequenceOfFits, axis: EffectAxis) -> str:
    low, high, said = result.ci_low, result.ci_high, "without"
    if result.kind == "cumulative":
        said = "after"
    steps = "; ".join(
        f"{said} {name} {axis.effect(float(result.estimate[i]), (float(low[i]), float(high[i])))}"
        for i, name in enumerate(result.study)
    )
    return f"{result.kind.capitalize()} meta-analysis, {axis.name}: {steps}."
