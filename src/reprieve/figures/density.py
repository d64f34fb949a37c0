"""The posterior of the mean effect, and of the effect in a new setting."""

from __future__ import annotations

import altair as alt
import numpy as np

from reprieve.errors import InputError
from reprieve.figures.drawing import SIZES, Row, layered, rows, x_pixel, y_pixel
from reprieve.figures.effect_axis import EffectAxis, Favours, Transform
from reprieve.figures.forest_table import Width
from reprieve.figures.theme import INK, MUTED, OKABE_ITO, themed
from reprieve.synthesis.bayes.results import BayesianMetaAnalysis
from reprieve.synthesis.least_squares import Array

_POINTS = 161


def density(
    result: BayesianMetaAnalysis,
    *,
    worthwhile: float | None = None,
    measure: str = "Effect",
    transform: Transform = None,
    favours: Favours = None,
    width: Width = "wide",
) -> alt.LayerChart:
    """Where the mean effect is likely to lie, and where the effect of a new setting is.

    Parameters
    ----------
    result : BayesianMetaAnalysis
    worthwhile : float, optional
        The smallest improvement that matters, on the scale of the fit: a broken line shows it
        below zero, and the words tell the probability of more than that.
    measure, transform, favours, width
        As in :func:`forest_of`.

    Returns
    -------
    altair.LayerChart

    Examples
    --------
    >>> from reprieve.synthesis import bayesian_meta_analysis
    >>> fit = bayesian_meta_analysis(
    ...     effect=[-12.0, -4.0, -9.0, -15.0], se=[4.0, 3.0, 5.0, 4.5], prior="half-normal(10)"
    ... )
    >>> chart = density(fit, worthwhile=10, measure="Difference in pain, points of 100")
    >>> "beyond −10.0" in chart.to_dict()["description"]
    True
    """
    if worthwhile is not None and not worthwhile > 0:
        raise InputError(f"worthwhile must be a size above zero; it was {worthwhile!r}")
    low, high = result.predictive.interval(0.98)
    ends = [0.0] if worthwhile is None else [0.0, -worthwhile]
    axis = EffectAxis(
        min(low, *ends), max(high, *ends), name=measure, transform=transform, favours=favours
    )
    grid = np.linspace(*axis.domain, _POINTS)
    curves = {
        "mean effect": np.asarray(result.mu.density(grid)),
        "effect in a new setting": np.asarray(result.predictive.density(grid)),
    }
    top = 1.08 * max(float(values.max()) for values in curves.values())
    layers = [
        *_areas(curves, grid, axis, top),
        *_marks(result, worthwhile, axis, top),
    ]
    across, high_pixels = SIZES[width]
    return themed(
        layered(
            layers,
            width=across,
            height=high_pixels,
            description=_description(result, worthwhile, axis),
        )
    )


_LOOKS = {
    "mean effect": (OKABE_ITO["blue"], [1, 0]),
    "effect in a new setting": (OKABE_ITO["orange"], [6, 3]),
}


def _y(field: str, top: float) -> alt.Y:
    scale = alt.Scale(domain=[0, top], nice=False)
    return alt.Y(
        f"{field}:Q",
        scale=scale,
        axis=alt.Axis(title="Probability density", labels=False, ticks=False),
    )


def _areas(curves: dict[str, Array], grid: Array, axis: EffectAxis, top: float) -> list[alt.Chart]:
    names = list(_LOOKS)
    scale = alt.Scale(domain=names, range=[_LOOKS[n][0] for n in names])
    dashes = alt.Scale(domain=names, range=[_LOOKS[n][1] for n in names])
    legend = alt.Legend(title=None, symbolType="stroke", symbolSize=300, symbolStrokeWidth=2)
    points: list[Row] = [
        {"x": x, "density": value, "of": name}
        for name, values in curves.items()
        for x, value in zip(grid.tolist(), values.tolist(), strict=True)
    ]
    base = rows(points).encode(x=axis.x("x"), color=alt.Color("of:N", scale=scale, legend=legend))
    fill = base.mark_area(opacity=0.15, aria=False).encode(
        y=alt.Y("density:Q", stack=None, scale=alt.Scale(domain=[0, top], nice=False))
    )
    line = base.mark_line(strokeWidth=2, aria=False).encode(
        y=_y("density", top),
        strokeDash=alt.StrokeDash("of:N", scale=dashes, legend=legend),
    )
    return [fill, line]


def _marks(
    result: BayesianMetaAnalysis, worthwhile: float | None, axis: EffectAxis, top: float
) -> list[alt.Chart]:
    """Zero and the worthwhile difference, with the probability beyond."""

    def line(x: float, dash: list[int]) -> alt.Chart:
        mark = rows([{"x": x, "y": 0.0, "y2": top}]).mark_rule(
            color=MUTED, strokeDash=dash, aria=False
        )
        layer: alt.Chart = mark.encode(x=axis.x("x"), y=_y("y", top), y2=alt.Y2("y2:Q"))
        return layer

    if worthwhile is None:
        return [line(0.0, [])]
    mean, new = _beyond(result, worthwhile)
    said = f"Beyond the broken line: mean {mean}, new setting {new}"
    words: alt.Chart = (
        rows([{"px": 0, "py": -12, "said": said}])
        .mark_text(align="left", fontSize=11, color=INK, aria=False)
        .encode(x=x_pixel("px"), y=y_pixel("py"), text="said:N")
    )
    return [line(0.0, []), line(-worthwhile, [4, 3]), words]


def _beyond(result: BayesianMetaAnalysis, worthwhile: float) -> tuple[str, str]:
    mean = result.probability_below(-worthwhile)
    new = result.probability_below(-worthwhile, "predictive")
    return f"{100 * mean:.0f}%", f"{100 * new:.0f}%"


def _description(result: BayesianMetaAnalysis, worthwhile: float | None, axis: EffectAxis) -> str:
    said = (
        f"Posterior of {axis.name}, {result.k} studies: mean effect "
        f"{axis.effect(result.mu.median, result.mu.interval(result.level))}, in a new setting "
        f"{axis.interval(result.predictive.interval(result.level))}."
    )
    if worthwhile is not None:
        mean, new = _beyond(result, worthwhile)
        where = axis.number(-worthwhile)
        said += f" Probability beyond {where}: mean effect {mean}, new setting {new}."
    return said
