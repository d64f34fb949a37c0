"""The few building blocks that all figures draw with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt

Row = dict[str, Any]

SIZES = {"wide": (620, 380), "narrow": (262, 300)}
"""Width and height of charts with axes of their own, in pixels, axes not counted."""


def rows(values: Iterable[Row]) -> alt.Chart:
    """A layer over plain rows."""
    return alt.Chart(alt.InlineData(values=list(values)))


def x_pixel(field: str) -> alt.X:
    """A horizontal position that is given in pixels."""
    return alt.X(f"{field}:Q", scale=None, axis=None)


def y_pixel(field: str) -> alt.Y:
    """A vertical position that is given in pixels."""
    return alt.Y(f"{field}:Q", scale=None, axis=None)


def layered(
    layers: Sequence[alt.Chart], *, width: float, height: float, description: str
) -> alt.LayerChart:
    """The layers, from back to front, as one figure with its description."""
    return alt.LayerChart(layer=list(layers), width=width, height=height, description=description)
