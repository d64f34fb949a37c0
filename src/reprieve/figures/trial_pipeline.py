"""The trial pipeline: a mark a trial, in the year in which its results are expected."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING

import altair as alt

from reprieve.errors import InputError
from reprieve.figures.drawing import SIZES, Row, layered, rows
from reprieve.figures.forest_table import Width
from reprieve.figures.theme import MUTED, OKABE_ITO, themed

if TYPE_CHECKING:
    from reprieve.updates.pipeline import Awaited, Pipeline

# A shape and a colour a state, so that neither is needed alone.
MARKS = {
    "reported": ("circle", OKABE_ITO["green"], "results reported"),
    "overdue": ("cross", OKABE_ITO["vermillion"], "results overdue"),
    "due": ("triangle-up", OKABE_ITO["orange"], "results due"),
    "ongoing": ("square", OKABE_ITO["sky"], "ongoing"),
}
STEP = {"wide": 13, "narrow": 9}
"""Pixels from mark to mark."""
WIDEST = 34
"""Pixels from year to year, at most."""


def trial_pipeline(pipeline: Pipeline, *, width: Width = "wide") -> alt.LayerChart:
    """Trials by the year in which their results are expected, and what has become of them.

    A mark is a trial: its shape and colour tell whether results are reported, overdue, due, or the
    trial is ongoing. Marks are stacked over the year; the day of the register stands above its own.
    Trials that never ran, or have no date, are counted in words.

    Parameters
    ----------
    pipeline : Pipeline
        From `reprieve.updates`.
    width : {"wide", "narrow"}
        For a page, or for a phone.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    InputError
        If no trial has a month in which results are expected.

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> from reprieve.updates.registered import shipped_pipeline
    >>> chart = trial_pipeline(shipped_pipeline(load_evidence()))
    >>> "trials" in chart.to_dict()["description"]
    True
    """
    marks = [each for each in pipeline.trials if each.state in MARKS and each.expected]
    if not marks:
        raise InputError("no trial here has a month in which results are expected; ask for more")
    years = [int(each.expected[:4]) for each in marks]
    first, last = min(years), max([*years, pipeline.on.year])
    up, across = STEP[width], min(WIDEST, SIZES[width][0] / (last - first + 1))
    placed = _stacked(marks)
    height = up * (max(row["height"] for row in placed) + 1)
    x = alt.X(
        "year:O",
        scale=alt.Scale(domain=list(range(first, last + 1)), paddingInner=0),
        axis=alt.Axis(title="Year in which results are expected", labelOverlap=True, labelAngle=0),
    )
    y = alt.Y(
        "height:Q",
        scale=alt.Scale(domain=[0, height / up]),
        axis=alt.Axis(title="Trials", tickMinStep=1, format="d"),
    )
    return themed(
        layered(
            [
                _today(pipeline.on, x, late=2 * pipeline.on.year > first + last),
                _trials(placed, x, y, size=(up - 3) ** 2),
            ],
            width=across * (last - first + 1),
            height=max(height, 60),
            description=_description(pipeline, marks),
        )
    )


def _stacked(marks: list[Awaited]) -> list[Row]:
    """A row a trial; within a year those of a state stand together."""
    by_year: dict[int, list[Awaited]] = defaultdict(list)
    for each in sorted(marks, key=lambda each: (list(MARKS).index(each.state), each.expected)):
        by_year[int(each.expected[:4])].append(each)
    return [
        {
            "year": year,
            "height": place + 0.5,
            "State": MARKS[each.state][2],
            "Trial": each.trial.id,
            "Title": each.trial.title,
            "Condition": each.trial.condition.replace("_", " "),
            "Cells": each.product,
            "Results expected": each.expected,
            "People planned": "?" if each.trial.planned is None else str(each.trial.planned),
            "url": each.trial.url,
        }
        for year, some in sorted(by_year.items())
        for place, each in enumerate(some)
    ]


def _trials(placed: list[Row], x: alt.X, y: alt.Y, size: float) -> alt.Chart:
    present = [mark for mark in MARKS.values() if any(row["State"] == mark[2] for row in placed)]
    names = [name for _, _, name in present]
    told = ("Trial", "Title", "State", "Condition", "Cells", "Results expected", "People planned")
    shown: alt.Chart = (
        rows(placed)
        .mark_point(filled=True, opacity=1, size=size)
        .encode(
            x=x,
            y=y,
            shape=alt.Shape(
                "State:N",
                scale=alt.Scale(domain=names, range=[shape for shape, _, _ in present]),
                legend=alt.Legend(title=None, columns=2),
            ),
            color=alt.Color(
                "State:N", scale=alt.Scale(domain=names, range=[colour for _, colour, _ in present])
            ),
            href="url:N",
            tooltip=[alt.Tooltip(f"{name}:N") for name in told],
        )
    )
    return shown


def _today(day: date, x: alt.X, *, late: bool) -> alt.Chart:
    """The day of the register, above its year; the words stand where there is room."""
    said = f"register of {day.isoformat()} ▾" if late else f"▾ register of {day.isoformat()}"
    shown: alt.Chart = (
        rows([{"year": day.year, "said": said}])
        .mark_text(
            baseline="bottom",
            align="right" if late else "left",
            dx=5 if late else -5,
            dy=-4,
            fontSize=11,
            color=MUTED,
        )
        .encode(x=x, y=alt.value(0), text="said:N")
    )
    return shown


def _description(pipeline: Pipeline, marks: list[Awaited]) -> str:
    counts = [
        f"{sum(each.state == state for each in marks):,} {name}"
        for state, (_, _, name) in MARKS.items()
    ]
    undated = len(pipeline.trials) - len(marks)
    more = f"; {undated} more never ran or have no date" if undated else ""
    return (
        f"{len(marks):,} registered trials of cells by the year in which results are expected, as "
        f"of {pipeline.on.isoformat()}: {', '.join(counts)}{more}."
    )
