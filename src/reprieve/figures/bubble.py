"""The bubble plot of a meta-regression: effects along a feature of the studies."""

from __future__ import annotations

import re

import altair as alt
import numpy as np

from reprieve.errors import InputError, UnknownWordError
from reprieve.figures.drawing import SIZES, Row, layered, rows
from reprieve.figures.effect_axis import EffectAxis, Favours, Transform
from reprieve.figures.forest_fit import reach_of
from reprieve.figures.forest_table import Width
from reprieve.figures.labels import names_layer
from reprieve.figures.theme import INK, MUTED, OKABE_ITO, SHADE, themed
from reprieve.synthesis.heterogeneity import COMMON
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.regression import MetaRegression

LARGEST, SMALLEST = 700.0, 16.0
"""Areas of bubbles in square pixels."""
_POINTS = 61


def bubble(
    regression: MetaRegression,
    moderator: str,
    *,
    along: str | None = None,
    measure: str = "Effect",
    transform: Transform = None,
    favours: Favours = None,
    width: Width = "wide",
) -> alt.LayerChart:
    """Studies as bubbles along a moderator, with the fitted line.

    The area of a bubble is the study's weight. The shade holds the mean effect, the broken lines
    the effect of a new study. Other moderators are held at the studies' mean.

    Parameters
    ----------
    regression : MetaRegression
    moderator : str
        The name of a coefficient whose column is the moderator itself.
    along : str, optional
        What the moderator is called, with its unit.
    measure, transform, favours, width
        As in :func:`forest_of`.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    InputError
        A name that is no coefficient, or a moderator that other coefficients use too, so that no
        single line shows it (a curve of one moderator alone can be drawn).

    Examples
    --------
    >>> from reprieve.synthesis import meta_regression
    >>> trials = {
    ...     "difference": [-12.0, -4.0, -9.0, -15.0, -6.0],
    ...     "se": [4.0, 3.0, 5.0, 4.5, 3.5],
    ...     "month": [3.0, 12.0, 6.0, 3.0, 12.0],
    ... }
    >>> fit = meta_regression("~ month", trials, effect="difference", se="se")
    >>> bubble(fit, "month", measure="Difference in pain, points of 100").to_dict()["width"]
    620
    """
    j = _place(regression, moderator)
    values = _design(regression)[:, j]
    grid = np.linspace(values.min(), values.max(), _POINTS)
    curve = _curve(regression, j, moderator, grid)
    line_ends = [(row["ci_low"], row["ci_high"]) for row in curve]
    axis = EffectAxis(
        *reach_of(regression.y.tolist(), line_ends),
        name=measure,
        transform=transform,
        favours=favours,
    )
    x_axis = EffectAxis(float(values.min()), float(values.max()), name=along or moderator)
    across, high = SIZES[width]
    bubbles = _bubbles(regression, values, axis)
    points = [
        (
            across * _share(row["x"], x_axis.domain),
            high * (1 - _share(row["effect"], axis.domain)),
            (row["area"] / np.pi) ** 0.5,
            row["Study"],
        )
        for row in sorted(bubbles, key=lambda row: -row["area"])
    ]
    layers = [
        *_bands(curve, x_axis, axis),
        _marks(bubbles, x_axis, axis),
        *names_layer(points, across, high),
    ]
    slope, (low, end) = float(regression.beta[j]), regression.interval()[regression.names[j]]
    said = (
        f"{axis.name} of {regression.k} studies along {x_axis.name}; slope {slope:.3g} "
        f"({low:.3g} to {end:.3g}) on the scale of the fit."
    )
    return themed(layered(layers, width=across, height=high, description=said))


def _design(regression: MetaRegression) -> Array:
    return np.ones((regression.k, 1)) if regression.X is None else regression.X


def _place(regression: MetaRegression, moderator: str) -> int:
    """The column of a moderator that can be drawn."""
    if moderator not in regression.names:
        raise UnknownWordError("coefficient", moderator, regression.names)
    j = regression.names.index(moderator)
    if np.ptp(_design(regression)[:, j]) == 0:
        raise InputError(f"{moderator!r} is the same in all studies; name another moderator")
    others = [n for n in regression.names if n != moderator and _mentions(n, moderator)]
    if others and not _alone(regression, moderator):
        raise InputError(
            f"{moderator!r} is part of {', '.join(others)} too, so that no single line shows it; "
            "compare the predictions of predict() instead"
        )
    return j


def _mentions(name: str, moderator: str) -> bool:
    return re.search(rf"(?<![\w]){re.escape(moderator)}(?![\w])", name) is not None


def _alone(regression: MetaRegression, moderator: str) -> bool:
    design = regression.design
    return design is not None and list(design.variables) == [moderator]


def _curve(regression: MetaRegression, j: int, moderator: str, grid: Array) -> list[Row]:
    """Mean effects with both intervals along the moderator."""
    if _alone(regression, moderator):
        found = regression.predict({moderator: grid}).to_dicts()
    else:
        found = _held(regression, j, grid)
    return [{"x": x} | row for x, row in zip(grid.tolist(), found, strict=True)]


def _held(regression: MetaRegression, j: int, grid: Array) -> list[Row]:
    """Predictions along the moderator, the other columns of the design at their means."""
    X = np.tile(_design(regression).mean(axis=0), (len(grid), 1))
    X[:, j] = grid
    slope, end = regression.beta[j], regression.interval()[regression.names[j]][1]
    critical = (end - slope) / np.sqrt(regression.cov[j, j])
    mean = X @ regression.beta
    variance = np.einsum("np,pq,nq->n", X, regression.cov, X)
    predicted = []
    for m, v in zip(mean.tolist(), variance.tolist(), strict=True):
        half, wide = critical * v**0.5, critical * (v + regression.tau2) ** 0.5
        row: Row = {"estimate": m, "ci_low": m - half, "ci_high": m + half}
        none = regression.method in COMMON
        row |= {"pi_low": None if none else m - wide, "pi_high": None if none else m + wide}
        predicted.append(row)
    return predicted


def _bands(curve: list[Row], x_axis: EffectAxis, axis: EffectAxis) -> list[alt.Chart]:
    base = rows(curve)
    x = x_axis.x("x")
    layers: list[alt.Chart] = [
        base.mark_area(color=SHADE, opacity=1, clip=True, aria=False).encode(
            x=x, y=axis.y("ci_low"), y2=alt.Y2("ci_high:Q")
        ),
        base.mark_line(color=INK, strokeWidth=1.5, clip=True, aria=False).encode(
            x=x, y=axis.y("estimate")
        ),
    ]
    if curve[0]["pi_low"] is not None:
        layers += [
            base.mark_line(
                color=MUTED, strokeDash=[5, 4], strokeWidth=1, clip=True, aria=False
            ).encode(x=x, y=axis.y(end))
            for end in ("pi_low", "pi_high")
        ]
    zero = (
        rows([{"y": 0.0}])
        .mark_rule(color=MUTED, strokeWidth=0.75, aria=False)
        .encode(y=axis.y("y"))
    )
    return [layers[0], zero, *layers[1:]]


def _bubbles(regression: MetaRegression, values: Array, axis: EffectAxis) -> list[Row]:
    tau2 = 0.0 if np.isnan(regression.tau2) else regression.tau2
    own = regression.own_weights
    weights = 1 / (regression.v + tau2) if own is None else own
    areas = np.maximum(LARGEST * weights / weights.max(), SMALLEST)
    return [
        {
            "Study": regression.study[i],
            "x": float(values[i]),
            "effect": float(regression.y[i]),
            "area": float(areas[i]),
            "Effect": axis.number(float(regression.y[i])),
            "Weight": f"{100 * weights[i] / weights.sum():.1f}%",
        }
        for i in range(regression.k)
    ]


def _marks(bubbles: list[Row], x_axis: EffectAxis, axis: EffectAxis) -> alt.Chart:
    layer: alt.Chart = (
        rows(bubbles)
        .mark_point(fill=OKABE_ITO["blue"], fillOpacity=0.35, stroke=OKABE_ITO["blue"], opacity=1)
        .encode(
            x=x_axis.x("x"),
            y=axis.y("effect"),
            size=alt.Size("area:Q", scale=None),
            tooltip=[
                "Study:N",
                alt.Tooltip("x:Q", title=x_axis.name),
                "Effect:N",
                "Weight:N",
            ],
        )
    )
    return layer


def _share(value: float, domain: tuple[float, float]) -> float:
    return (value - domain[0]) / (domain[1] - domain[0])
