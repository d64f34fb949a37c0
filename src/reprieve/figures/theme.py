"""The one look of all figures, and how a figure becomes a file or an SVG."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import altair as alt

from reprieve.errors import InputError

AnyChart = alt.Chart | alt.LayerChart

FONT = "system-ui, -apple-system, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif"
OKABE_ITO = {
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
    "black": "#000000",
}
"""Colours that people with any kind of colour vision tell apart (Okabe & Ito 2008)."""

INK, MUTED, LINE, SHADE, PAPER = "#1b2430", "#566270", "#c9d0d8", "#eef1f4", "#ffffff"
"""Text, secondary text, rules, quiet areas, background; the texts reach contrast 4.5 on paper."""

FORMATS = (".svg", ".png", ".html", ".json")

_CONFIG: dict[str, Any] = {
    "font": FONT,
    "background": PAPER,
    "padding": 4,
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "labelFontSize": 11,
        "titleColor": INK,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "domainColor": MUTED,
        "tickColor": MUTED,
        "grid": False,
    },
    "legend": {
        "orient": "bottom",
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "titleColor": INK,
        "labelColor": INK,
        "labelFontSize": 11,
        "labelLimit": 300,
        "symbolOpacity": 1,
        "symbolStrokeColor": MUTED,
    },
    "text": {"color": INK, "fontSize": 12},
    "range": {"category": [c for name, c in OKABE_ITO.items() if name != "yellow"]},
}


def themed(chart: alt.LayerChart) -> alt.LayerChart:
    """The chart with the look of the house; charts of other people are left alone."""
    dressed: alt.LayerChart = chart.configure(**_CONFIG)
    return dressed


def unchecked() -> AbstractContextManager[None]:
    """Build charts without Altair's check of each part against the schema.

    A page of dozens of figures takes half the time; tests build every figure with the check.
    """
    from altair.utils.schemapi import debug_mode

    return debug_mode(False)


def specification(chart: AnyChart) -> dict[str, Any]:
    """The chart as a Vega-Lite specification.

    Altair's own check against the schema takes longer than all the rest; it is left to tests.
    """
    found: dict[str, Any] = chart.to_dict(validate=False)
    return found


def to_svg(chart: AnyChart | dict[str, Any]) -> str:
    """The chart, or its specification, as SVG text.

    Examples
    --------
    >>> import altair as alt
    >>> to_svg(alt.Chart(alt.Data(values=[{}])).mark_text(text="pain"))[:4]
    '<svg'
    """
    import vl_convert

    chosen = chart if isinstance(chart, dict) else specification(chart)
    return str(vl_convert.vegalite_to_svg(chosen))


def save(chart: AnyChart, path: str | Path) -> Path:
    """Write the chart to a file that opens offline; the ending decides on the kind.

    Parameters
    ----------
    chart : altair.Chart
    path : str or Path
        Ends in ``.svg``, ``.png`` (two pixels a point), ``.html`` (interactive) or ``.json``
        (the Vega-Lite specification).

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        If the ending is another one.
    """
    path = Path(path)
    if path.suffix not in FORMATS:
        raise InputError(
            f"a figure can't be saved as {path.name!r}; end the name in {', '.join(FORMATS)}"
        )
    path.write_bytes(_rendered(chart, path.suffix))
    return path


def _rendered(chart: AnyChart, ending: str) -> bytes:
    import vl_convert

    if ending == ".json":
        return json.dumps(specification(chart), ensure_ascii=False, indent=1).encode()
    if ending == ".png":
        return bytes(vl_convert.vegalite_to_png(specification(chart), scale=2))
    if ending == ".html":
        return str(vl_convert.vegalite_to_html(specification(chart), bundle=True)).encode()
    return to_svg(chart).encode()
