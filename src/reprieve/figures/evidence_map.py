"""The map of the evidence: which condition was treated with what, in how many trials."""

from __future__ import annotations

from typing import Any, Literal

import altair as alt
import polars as pl

from reprieve.errors import InputError
from reprieve.figures.drawing import Row, layered, rows
from reprieve.figures.theme import INK, MUTED, PAPER, themed

COLUMNS = (
    "condition",
    "condition_name",
    "treatment",
    "treatment_name",
    "trials",
    "people",
    "trials_with_numbers",
)
CELL = (84, 58)
"""Width and height of a cell in pixels."""

BLUES = ("#d6e6f2", "#9cc6e3", "#4f9ccb", "#0072b2", "#00486f")
"""From one trial to many; ends in the dark relative of the house's blue."""
STEPS = (1, 3, 10, 30)
"""Where the colours change: 1–2, 3–9, 10–29, 30 and more."""


def evidence_map(cells: pl.DataFrame) -> alt.LayerChart:
    """A grid of conditions and classes of treatment.

    Each cell tells the number of trials (large), the people in them, and of how many trials the
    results have been read. A cell with a broken outline and no filling has trials, but none of
    their results has been read; a dash stands where there is no trial.

    Parameters
    ----------
    cells : polars.DataFrame
        From :func:`reprieve.evidence.catalogue.evidence_map`: a row a cell, with ``condition``,
        ``condition_name``, ``treatment``, ``treatment_name``, ``trials``, ``people`` and
        ``trials_with_numbers``. Rows and columns appear in the order of the table.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    InputError
        If a column is missing.

    Examples
    --------
    >>> from reprieve.evidence import load_evidence
    >>> from reprieve.evidence.catalogue import evidence_map as grid
    >>> chart = evidence_map(grid(load_evidence()))
    >>> len(chart.to_dict()["layer"])
    6
    """
    missing = [column for column in COLUMNS if column not in cells.columns]
    if missing:
        raise InputError(
            f"the cells of an evidence map lack {', '.join(missing)}; expected the columns "
            f"{', '.join(COLUMNS)} (see reprieve.evidence.catalogue.evidence_map)"
        )
    cells_shown = [_cell(row) for row in cells.iter_rows(named=True)]
    conditions = list(dict.fromkeys(row["Condition"] for row in cells_shown))
    treatments = list(dict.fromkeys(row["Treatment"] for row in cells_shown))
    x = alt.X(
        "Treatment:N",
        sort=treatments,
        axis=_axis(orient="top", wrap=14, padding=22),
        scale=alt.Scale(paddingInner=0.05, paddingOuter=0),
    )
    y = alt.Y(
        "Condition:N",
        sort=conditions,
        axis=_axis(orient="left", wrap=34, padding=10),
        scale=alt.Scale(paddingInner=0.08, paddingOuter=0),
    )
    return themed(
        layered(
            _layers(rows(cells_shown).encode(x=x, y=y)),
            width=CELL[0] * len(treatments),
            height=CELL[1] * len(conditions),
            description=_description(cells_shown),
        )
    )


def colours(trials: int) -> tuple[str, str]:
    """The filling for a number of trials, and the ink that can be read on it."""
    step = sum(trials >= s for s in STEPS)
    return ("#ffffff", MUTED) if step == 0 else (BLUES[step - 1], INK if step < 4 else PAPER)


def _cell(row: dict[str, Any]) -> Row:
    """What a cell shows, and what its tooltip says."""
    trials, read = row["trials"], row["trials_with_numbers"]
    state = "none" if trials == 0 else "unread" if read == 0 else "read"
    fill, ink = colours(trials if state == "read" else 0)
    people = f"{row['people']:,} people" if row["people"] else "n not stated"
    results = {"none": "", "unread": "none read"}.get(state, f"{read} read")
    return {
        "Condition": row["condition_name"],
        "Treatment": row["treatment_name"],
        "Trials": trials,
        "People": people if trials else "none",
        "Results read": f"of {read} of {trials} trials" if trials else "no trial",
        "state": state,
        "fill": fill,
        "ink": INK if state == "unread" else ink,
        "large": str(trials) if trials else "–",
        "small": people if trials else "",
        "smaller": results,
    }


def _layers(base: alt.Chart) -> list[alt.Chart]:
    tooltip = ["Condition:N", "Treatment:N", "Trials:Q", "People:N", "Results read:N"]
    ink = alt.Color("ink:N", scale=None)

    def words(field: str, dy: int, size: int, weight: Literal["bold", "normal"]) -> alt.Chart:
        mark = base.mark_text(dy=dy, fontSize=size, fontWeight=weight, aria=False)
        layer: alt.Chart = mark.encode(text=alt.Text(f"{field}:N"), color=ink)
        return layer

    def boxes(state: str, **look: Any) -> alt.Chart:
        chosen = base.transform_filter(f"datum.state === '{state}'")
        mark = chosen.mark_rect(cornerRadius=3, **look)
        layer: alt.Chart = mark.encode(fill=alt.Fill("fill:N", scale=None), tooltip=tooltip)
        return layer

    return [
        boxes("none"),
        boxes("unread", stroke=MUTED, strokeDash=[3, 3]),
        boxes("read"),
        words("large", -13, 17, "bold"),
        words("small", 4, 10, "normal"),
        words("smaller", 17, 10, "normal"),
    ]


def _axis(orient: Literal["top", "left"], wrap: int, padding: int) -> alt.Axis:
    """Labels without lines; those longer than `wrap` characters are broken in two."""
    halves = f"replace(datum.label, regexp('^(.{{1,{wrap}}})\\\\s+(.+)$'), '$1|$2')"
    return alt.Axis(
        orient=orient,
        title=None,
        domain=False,
        ticks=False,
        labelPadding=padding,
        labelAngle=0,
        labelColor=INK,
        labelFontSize=12,
        labelLimit=240,
        labelExpr=f"length(datum.label) > {wrap} ? split({halves}, '|') : datum.label",
    )


def _description(cells: list[Row]) -> str:
    filled = [row for row in cells if row["Trials"]]
    told = "; ".join(
        f"{row['Condition']}, {row['Treatment']}: {row['Trials']} trials" for row in filled[:40]
    )
    more = f"; and {len(filled) - 40} more cells" if len(filled) > 40 else ""
    return f"Map of the evidence, trials by condition and treatment. {told}{more}."
