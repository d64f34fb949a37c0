"""The dose–response curve: the effect of an agent along its dose, and how far trials reach."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import altair as alt
import numpy as np

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.figures.drawing import SIZES, Row, layered, rows
from reprieve.figures.effect_axis import EffectAxis, Favours, Transform
from reprieve.figures.forest_fit import reach_of
from reprieve.figures.forest_table import Width
from reprieve.figures.lettering import broken, caption
from reprieve.figures.theme import INK, MUTED, OKABE_ITO, SHADE, themed
from reprieve.synthesis.networks.dose_results import DoseNetwork

_WIDE_RANGE = 20.0
"""Doses that differ by more than this factor stand on a logarithmic axis."""
_BELOW = 2.0
"""How far a logarithmic axis goes below the smallest dose tested, as a factor."""
_POINTS = 81
_MILLION = 1e6


def dose_curve(
    fit: DoseNetwork,
    agent: str,
    *,
    doses: Sequence[float] | None = None,
    scale: Literal["auto", "log", "linear"] = "auto",
    unit: str = "",
    measure: str = "Effect",
    transform: Transform = None,
    favours: Favours = None,
    width: Width = "wide",
) -> alt.LayerChart:
    """The effect of an agent against placebo along its dose, with the doses that were tested.

    The band holds the mean effect. Marks with whiskers are the effects at the doses tested, from
    the network without any curve: they show what the curve makes of the trials. Beyond the largest
    dose tested the line is broken and the band only outlined: there the shape speaks, no trial.

    Parameters
    ----------
    fit : DoseNetwork
        From :func:`reprieve.synthesis.networks.doses.dose_network`.
    agent : str
    doses : sequence of float, optional
        Where to draw the curve; up to the largest dose tested when not given.
    scale : {"auto", "log", "linear"}
        "auto" takes a logarithmic axis where doses differ more than twentyfold, as those of cells
        do. Dose 0 has no place on it; its effect is 0 by definition.
    unit : str
        Of doses, such as "cells"; those of a million and more are counted in millions.
    measure, transform, favours, width
        As in :func:`forest_of`.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    UnknownWordError
        An agent that no trial has, or an unknown scale.
    InputError
        Fewer than two different doses to draw.
    SynthesisError
        No chain of trials leads from the agent to placebo.

    Examples
    --------
    >>> from reprieve.synthesis.networks.doses import dose_network
    >>> arms = {
    ...     "trial": ["1", "1", "1", "2", "2"],
    ...     "agent": ["placebo", "drug", "drug", "placebo", "drug"],
    ...     "dose": [0, 10, 20, 0, 40],
    ...     "mean": [50, 44, 41, 52, 40],
    ...     "sd": [20, 20, 20, 20, 20],
    ...     "n": [80, 80, 80, 100, 100],
    ... }
    >>> fit = dose_network(
    ...     arms, study="trial", agent="agent", dose="dose", mean="mean", sd="sd", n="n"
    ... )
    >>> print(dose_curve(fit, "drug", unit="mg").to_dict()["description"])
    Effect, against placebo, of drug along its dose; 3 doses tested, from 10 mg to 40 mg, where it
    is −12.3 (−17.1 to −7.6).
    """
    if scale not in ("auto", "log", "linear"):
        raise UnknownWordError("scale of doses", str(scale), ("auto", "log", "linear"))
    log = _logarithmic(fit, agent, scale)
    curve = _curve(fit, agent, doses, log)
    tested = fit.points().filter(agent=agent).drop_nulls(("estimate", "ci_low")).to_dicts()
    axes = _Axes.of(curve, tested, log, unit, width)
    effects = [row["estimate"] for row in (*curve, *tested)]
    reach = reach_of(effects, [(row["ci_low"], row["ci_high"]) for row in (*curve, *tested)])
    axis = EffectAxis(
        *reach, name=f"{measure}, against {fit.placebo}", transform=transform, favours=favours
    )
    across, high = SIZES[width]
    y_title = [*broken(axis.name, high, lines=2), *filter(None, [axis.direction])]
    chart = layered(
        [*_bands(curve, axes, axis, y_title), *_marks(tested, axes, axis, y_title)],
        width=across,
        height=high,
        description=_description(fit, agent, curve, axes, axis),
    )
    return themed(chart.properties(title=caption([_note(fit, tested, curve, log)], across)))


# -- what is drawn


def _logarithmic(fit: DoseNetwork, agent: str, scale: str) -> bool:
    """Whether doses stand on a logarithmic axis."""
    if scale not in ("auto", "log", "linear"):
        raise UnknownWordError("scale of doses", scale, ("auto", "log", "linear"))
    tested = fit.tested(agent)
    return scale == "log" or (scale == "auto" and tested[-1] > _WIDE_RANGE * tested[0])


def _curve(fit: DoseNetwork, agent: str, doses: Sequence[float] | None, log: bool) -> list[Row]:
    """The rows of the curve, by rising dose."""
    tested = fit.tested(agent)
    if doses is None:
        low = tested[0] / _BELOW if log else 0.0
        grid = (np.geomspace if log else np.linspace)(low, tested[-1], _POINTS)
        grid[-1] = tested[-1]
        doses = grid.tolist()
    drawn = sorted({dose for dose in doses if dose != 0 or not log})
    if len(drawn) < 2:
        raise InputError("a curve needs two different doses to draw; above zero on a log scale")
    if drawn[0] < tested[-1] < drawn[-1]:  # where the line begins to be broken
        drawn = sorted({*drawn, tested[-1]})
    found = fit.curve(agent, drawn).drop_nulls("estimate").to_dicts()
    if not found:
        raise SynthesisError(
            f"no chain of trials tells the effect of {agent!r} against {fit.placebo}; there is no "
            "curve to draw"
        )
    return found


@dataclass(frozen=True)
class _Axes:
    """The axis of doses.

    Attributes
    ----------
    axis : EffectAxis
        Of doses, in logarithms where `log`.
    log : bool
    one : float
        The dose that the axis counts as one.
    unit : str
    """

    axis: EffectAxis
    log: bool
    one: float
    unit: str

    @classmethod
    def of(cls, curve: list[Row], tested: list[Row], log: bool, unit: str, width: Width) -> _Axes:
        """An axis that shows all doses, in millions where they are large."""
        doses = [row["dose"] for row in (*curve, *tested)]
        one = _MILLION if max(doses) >= _MILLION else 1.0
        counted = " ".join(filter(None, ("million" if one > 1 else "", unit)))
        title = ", ".join(filter(None, ("Dose", counted, "logarithmic scale" if log else "")))
        if width == "narrow":
            title = title.replace("logarithmic", "log")
        low, high = min(doses) / one, max(doses) / one
        if log:
            return cls(EffectAxis(math.log(low), math.log(high), title, "exp"), log, one, counted)
        return cls(EffectAxis(low, high, title), log, one, counted)

    def place(self, dose: float) -> float:
        """A dose on the axis."""
        return math.log(dose / self.one) if self.log else dose / self.one

    def words(self, dose: float) -> str:
        """A dose as it is read."""
        return " ".join(filter(None, (f"{dose / self.one:,.4g}", self.unit)))


def _placed(row: Row, axes: _Axes, axis: EffectAxis) -> Row:
    """What a mark needs of a row."""
    low, high = axis.inside((row["ci_low"], row["ci_high"]))
    return {
        "x": axes.place(row["dose"]),
        "y": row["estimate"],
        "low": low,
        "high": high,
        "Dose": axes.words(row["dose"]),
        "Effect": axis.effect(row["estimate"], (row["ci_low"], row["ci_high"])),
    }


def _y(axis: EffectAxis, field: str, title: list[str]) -> alt.Y:
    y = axis.y(field)
    y["axis"]["title"] = title
    return y


def _bands(curve: list[Row], axes: _Axes, axis: EffectAxis, title: list[str]) -> list[alt.Chart]:
    """The curve with its band, and where it goes on beyond what was tested."""
    inside = [row for row in curve if not row["extrapolated"]]
    beyond = inside[-1:] + [row for row in curve if row["extrapolated"]]
    x, y = axes.axis.x("x"), _y(axis, "y", title)
    low, high = _y(axis, "low", title), alt.Y2("high:Q")
    layers: list[alt.Chart] = []
    if len(inside) > 1:
        base = rows(_placed(row, axes, axis) for row in inside)
        area = base.mark_area(color=SHADE, opacity=1, clip=True, aria=False)
        line = base.mark_line(color=INK, strokeWidth=2, clip=True, aria=False)
        layers += [area.encode(x=x, y=low, y2=high), line.encode(x=x, y=y)]
    if len(beyond) > 1:
        base = rows(_placed(row, axes, axis) for row in beyond)
        line = base.mark_line(color=INK, strokeWidth=2, strokeDash=[5, 4], clip=True, aria=False)
        edge = base.mark_line(color=MUTED, strokeDash=[2, 3], clip=True, aria=False)
        layers += [line.encode(x=x, y=y)]
        layers += [edge.encode(x=x, y=_y(axis, end, title)) for end in ("low", "high")]
    zero = rows([{"y": 0.0}]).mark_rule(color=MUTED, strokeWidth=0.75, aria=False).encode(y=y)
    return [*layers[:1], zero, *layers[1:]]


def _marks(tested: list[Row], axes: _Axes, axis: EffectAxis, title: list[str]) -> list[alt.Chart]:
    """The effects at the doses that were tested."""
    if not tested:
        return []
    base = rows(_placed(row, axes, axis) | {"Trials": row["trials"]} for row in tested)
    x = axes.axis.x("x")
    whiskers = base.mark_rule(color=OKABE_ITO["blue"], strokeWidth=1.25, aria=False)
    points = base.mark_point(size=55, filled=True, color=OKABE_ITO["blue"], opacity=1)
    return [
        whiskers.encode(x=x, y=_y(axis, "low", title), y2=alt.Y2("high:Q")),
        points.encode(
            x=x, y=_y(axis, "y", title), tooltip=["Dose:N", "Effect:N", alt.Tooltip("Trials:Q")]
        ),
    ]


# -- words


def _note(fit: DoseNetwork, tested: list[Row], curve: list[Row], log: bool) -> str:
    said = f"Line and band: {fit.shape} curve with its {100 * fit.level:g}% interval."
    if tested:
        said += " Points: doses tested, estimated without a curve."
    if any(row["extrapolated"] for row in curve):
        said += " Broken: beyond all doses tested."
    if log:
        said += f" At dose 0 the effect is that of {fit.placebo}, by definition."
    return said


def _description(
    fit: DoseNetwork, agent: str, curve: list[Row], axes: _Axes, axis: EffectAxis
) -> str:
    doses = fit.tested(agent)
    end = fit.effect(agent, doses[-1])
    said = (
        f"{axis.name}, of {agent} along its dose; {len(doses)} doses tested, from "
        f"{axes.words(doses[0])} to {axes.words(doses[-1])}, where it is "
        f"{axis.effect(end.estimate, end.ci)}."
    )
    if any(row["extrapolated"] for row in curve):
        said += f" Beyond, up to {axes.words(curve[-1]['dose'])}, nothing was tested."
    return said
