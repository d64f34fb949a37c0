"""Trajectories: what separates two treatments over months, with the trials it stands on."""

from __future__ import annotations

import math

import altair as alt
import numpy as np

from reprieve.errors import InputError
from reprieve.figures import text
from reprieve.figures.drawing import SIZES, Row, layered, rows
from reprieve.figures.effect_axis import EffectAxis
from reprieve.figures.forest_table import Width
from reprieve.figures.network_parts import Names, shown_names
from reprieve.figures.theme import INK, MUTED, OKABE_ITO, themed
from reprieve.synthesis.trajectories.results import Trajectories

_STEPS = 120
_SMALLEST, _LARGEST = 20.0, 220.0  # area of points, in square pixels
_COLOURS = ("blue", "vermillion", "green", "purple", "orange", "sky")


def trajectory(
    fit: Trajectories,
    treatments: list[str] | tuple[str, ...] | None = None,
    comparator: str | None = None,
    *,
    mcid: float | None = None,
    effect: str = "Difference in pain (points)",
    names: Names | None = None,
    width: Width = "wide",
) -> alt.LayerChart:
    """Differences from a comparator over months: curve, band, and the trials' visits.

    Curves and bands end where the data do. Points are visits of trials that compare the two
    directly, larger where more precise, joined trial by trial; a pair without such trials rests
    on indirect evidence alone and has none.

    Parameters
    ----------
    fit : Trajectories
    treatments : sequence of str, optional
        One to six; all but the comparator when not given.
    comparator : str, optional
        The reference of the fit when not given.
    mcid : float, optional
        The smallest worthwhile difference: a broken line on the side of relief.
    effect : str
        What the axis says.
    names : mapping of str to str, optional
        What treatments are called.
    width : {"wide", "narrow"}

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    InputError
        More than six treatments, or none.

    Examples
    --------
    >>> from reprieve.synthesis.trajectories.analysis import trajectory as fit_trajectory
    >>> fit = fit_trajectory(
    ...     study=["a", "a", "b"], month=[3, 12, 6], treatment1=["cells"] * 3,
    ...     treatment2=["saline"] * 3, effect=[-9.0, -6.0, -8.0], se=[2.0, 2.5, 2.0],
    ...     reference="saline", shape="constant",
    ... )
    >>> chart = trajectory(fit, ["cells"], mcid=10)
    >>> chart.to_dict()["description"][:44]
    'Difference from saline over months, with 95%'
    """
    other = fit.reference if comparator is None else comparator
    chosen = _chosen(fit, treatments, other)
    called = dict(zip(fit.treatments, shown_names(fit.treatments, names), strict=True))
    curves, ends = _curves(fit, chosen, other, called)
    visits = _visits(fit, chosen, other, called)
    other, chosen = called[other], [called[name] for name in chosen]
    side = -1.0 if fit.small_values == "desirable" else 1.0
    line = None if mcid is None else side * mcid
    known = [row[key] for row in curves for key in ("low", "high")]
    known += [row["estimate"] for row in visits] + [0.0] + ([] if line is None else [line])
    last = max(row["month"] for row in curves)
    x_axis = EffectAxis(0.0, last, name="Months")
    better = "below 0: better than " if side < 0 else "above 0: better than "
    y_axis = EffectAxis(min(known), max(known), name=f"{effect} · {better}{other}")
    across, high = SIZES[width]
    x, y = x_axis.x("month"), y_axis.y("estimate")
    colours = [OKABE_ITO[name] for name in _COLOURS[: len(chosen)]]
    scale = alt.Scale(domain=chosen, range=colours)
    title = f"Treatment (against {other})"
    colour = alt.Color("treatment:N", scale=scale, title=title)
    if len(chosen) == 1:  # one curve needs no key
        colour = colour.legend(None)
    layers = [
        rows([{"estimate": 0.0}]).mark_rule(color=MUTED, aria=False).encode(y=y),
        rows(curves)
        .mark_area(opacity=0.16, aria=False)
        .encode(x=x, y=y_axis.y("low"), y2=alt.Y2("high:Q"), color=colour),
    ]
    if visits:
        layers += [
            rows(visits)
            .mark_line(strokeWidth=0.8, opacity=0.45, aria=False)
            .encode(x=x, y=y, color=colour, detail=["study:N", "treatment:N"]),
            rows(visits)
            .mark_point(filled=True, opacity=0.6, stroke="white", strokeWidth=0.5)
            .encode(
                x=x,
                y=y,
                color=colour,
                size=alt.Size("area:Q", scale=None, legend=None),
                tooltip=["Trial:N", "Treatment:N", "Month:N", "Difference:N"],
            ),
        ]
    layers.append(
        rows(curves)
        .mark_line(strokeWidth=2.5)
        .encode(x=x, y=y, color=colour, tooltip=["Treatment:N", "Month:N", "Difference:N"])
    )
    if line is not None:
        layers += _worthwhile(line, x_axis, y_axis)
    return themed(
        layered(
            layers,
            width=across,
            height=high,
            description=f"Difference from {other} over months, with {100 * fit.level:g}% bands, "
            f"as far as data go: {'; '.join(ends)}.",
        )
    )


def _chosen(
    fit: Trajectories, treatments: list[str] | tuple[str, ...] | None, other: str
) -> list[str]:
    fit.place(other)
    given = fit.treatments if treatments is None else treatments
    chosen = [name for name in given if name != other]
    for name in chosen:
        fit.place(name)
    if not 1 <= len(chosen) <= len(_COLOURS):
        raise InputError(
            f"a picture holds one to {len(_COLOURS)} treatments beside the comparator; given were "
            f"{len(chosen)}: name some in treatments="
        )
    return chosen


def _curves(
    fit: Trajectories, chosen: list[str], other: str, called: dict[str, str]
) -> tuple[list[Row], list[str]]:
    """Points of curves up to where data end, and in words where they end."""
    reach = {
        frozenset((row["treatment1"], row["treatment2"])): row["months"]
        for row in fit.reach().to_dicts()
    }
    found: list[Row] = []
    ends = []
    for name in chosen:
        last = float(reach[frozenset((name, other))])
        # an effect that is constant from the first visit on starts just after month 0
        months = np.concatenate([[0.0, 1e-6 * last], np.linspace(0, last, _STEPS + 1)[1:]])
        table = fit.difference(name, other, months)
        for row in table.iter_rows(named=True):
            bounds = (row["ci_low"], row["ci_high"])
            found.append(
                {
                    "treatment": called[name],
                    "month": row["month"],
                    "estimate": row["estimate"],
                    "low": bounds[0],
                    "high": bounds[1],
                    "Treatment": f"{called[name]} against {called[other]}",
                    "Month": text.number(row["month"], 1),
                    "Difference": text.effect(row["estimate"], bounds),
                }
            )
        final = table.row(-1, named=True)
        said = text.effect(final["estimate"], (final["ci_low"], final["ci_high"]))
        ends.append(f"{called[name]} {said} at month {last:g}, where its data end")
    return found, ends


def _visits(fit: Trajectories, chosen: list[str], other: str, called: dict[str, str]) -> list[Row]:
    """Visits after baseline of trials that compare the two directly."""
    visits, found = fit.visits, list[Row]()
    j = fit.place(other)
    for name in chosen:
        i = fit.place(name)
        for rows_of in visits.rows_of_studies:
            found += _of_trial(fit, rows_of, i, j, called[name])
    if found:
        best = max(row["precision"] for row in found)
        for row in found:
            row["area"] = max(_SMALLEST, _LARGEST * row.pop("precision") / best)
    return found


def _of_trial(
    fit: Trajectories, rows_of: np.ndarray[tuple[int, ...], np.dtype[np.intp]],
    i: int, j: int, name: str,
) -> list[Row]:  # fmt: skip
    """One trial's visits: a contrast of the two, or the difference of two against one base."""
    visits, found = fit.visits, list[Row]()
    s = int(visits.study[rows_of[0]])
    block = visits.blocks[s]
    for month in np.unique(visits.month[rows_of]):
        here = np.flatnonzero(visits.month[rows_of] == month)
        arms = np.zeros((len(here), len(fit.treatments)))
        arms[np.arange(len(here)), visits.a[rows_of[here]]] += 1
        arms[np.arange(len(here)), visits.b[rows_of[here]]] -= 1
        target = np.zeros(len(fit.treatments))
        target[i], target[j] = 1, -1
        weights, *_ = np.linalg.lstsq(arms.T, target)
        if month == 0 or not np.allclose(arms.T @ weights, target):
            continue
        estimate = float(weights @ visits.y[rows_of[here]])
        se = math.sqrt(float(weights @ block[np.ix_(here, here)] @ weights))
        half = 1.959964 * se
        found.append(
            {
                "treatment": name,
                "study": visits.studies[s],
                "month": float(month),
                "estimate": estimate,
                "precision": 1 / se**2,
                "Trial": visits.studies[s],
                "Treatment": name,
                "Month": text.number(float(month), 1),
                "Difference": text.effect(estimate, (estimate - half, estimate + half)),
            }
        )
    return found


def _worthwhile(line: float, x_axis: EffectAxis, y_axis: EffectAxis) -> list[alt.Chart]:
    """The line of the smallest worthwhile difference, and what it is."""
    words = f"smallest worthwhile difference: {text.number(abs(line))}"
    spot = rows([{"estimate": line, "month": x_axis.domain[1], "said": words}])
    return [
        spot.mark_rule(color=INK, strokeDash=[5, 4], aria=False).encode(y=y_axis.y("estimate")),
        spot.mark_text(align="right", baseline="bottom", dy=-3, fontSize=11, color=INK, aria=False)
        .encode(x=x_axis.x("month"), y=y_axis.y("estimate"), text="said:N"),
    ]  # fmt: skip
