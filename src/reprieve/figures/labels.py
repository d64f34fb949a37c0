"""Names beside the marks of a chart, as many as fit without touching."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from reprieve.figures.drawing import Row, rows, x_pixel, y_pixel
from reprieve.figures.theme import INK

SIZE = 11
_LETTER = 0.56 * SIZE
_Box = tuple[float, float, float, float]


def names_layer(
    points: Sequence[tuple[float, float, float, str]], width: float, height: float
) -> list[alt.Chart]:
    """Names beside points, the first in line first; those without room are left to tooltips.

    Parameters
    ----------
    points : sequence of (x, y, radius, name)
        In pixels, the most important first.
    width, height : float
        Of the chart.

    Examples
    --------
    >>> crowd = [(50.0, 50.0, 3.0, "Chan 2011"), (52.0, 51.0, 3.0, "Lee 2012")]
    >>> len(names_layer([], 100, 100)), len(names_layer(crowd, 200, 100))
    (0, 1)
    """
    taken: list[_Box] = [(x - r, y - r, x + r, y + r) for x, y, r, _ in points]
    placed: list[Row] = []
    for i, (x, y, radius, name) in enumerate(points):
        long, gap = len(name) * _LETTER, radius + 4
        for left, middle in (
            (x + gap, y),
            (x - gap - long, y),
            (x - long / 2, y - gap - SIZE / 2),
            (x - long / 2, y + gap + SIZE / 2),
        ):
            box = (left, middle - SIZE / 2 - 1, left + long, middle + SIZE / 2 + 1)
            inside = box[0] >= 0 and box[2] <= width and box[1] >= 0 and box[3] <= height
            if inside and not any(_touch(box, b) for j, b in enumerate(taken) if j != i):
                taken.append(box)
                placed.append({"px": left, "py": middle, "name": name})
                break
    if not placed:
        return []
    return [
        rows(placed)
        .mark_text(align="left", baseline="middle", fontSize=SIZE, color=INK, aria=False)
        .encode(x=x_pixel("px"), y=y_pixel("py"), text=alt.Text("name:N"))
    ]


def _touch(a: _Box, b: _Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
