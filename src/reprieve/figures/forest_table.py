"""What a forest plot says, line by line, whatever it is a plot of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from reprieve.figures.drawing import Row
from reprieve.figures.effect_axis import Bounds, EffectAxis
from reprieve.figures.judgements import Judgement

Width = Literal["wide", "narrow"]
"""All columns side by side, or words above each mark for phones."""


@dataclass(frozen=True)
class Line:
    """One line of a forest plot.

    Attributes
    ----------
    kind : {"trial", "pooled", "prediction", "words"}
        Drawn as a mark with whiskers, a diamond, a bar, or not at all.
    label : str
        In several lines where it holds line breaks.
    estimate, ci : float and tuple, or None
        On the scale of the axis; a prediction has an interval only.
    detail : str
        Under the label.
    middle, last : str
        What stands in the column before, and in the one at the end.
    weight : float or None
        As the area of the mark; without it all have the same.
    shape, open : str, bool
        The mark of a trial.
    judgement : Judgement or None
        Its risk of bias.
    bold, ruled : bool
        How the words look, and whether a rule separates it from what is above.
    told : dict
        Its tooltip.
    """

    kind: Literal["trial", "pooled", "prediction", "words"]
    label: str
    estimate: float | None = None
    ci: Bounds | None = None
    detail: str = ""
    middle: str = ""
    last: str = ""
    weight: float | None = None
    shape: str = "square"
    open: bool = False
    judgement: Judgement | None = None
    bold: bool = False
    ruled: bool = False
    told: Row = field(default_factory=dict)


@dataclass(frozen=True)
class Headings:
    """What stands over the columns."""

    label: str
    middle: str
    plot: str
    effect: str
    last: str


@dataclass(frozen=True)
class ForestTable:
    """All that a forest plot says.

    Attributes
    ----------
    lines : sequence of Line
        From top to bottom.
    axis : EffectAxis
    headings : Headings
        Shown where there is room for columns.
    shaded : tuple of float, or None
        The zone of effects too small to matter.
    marked : float or None
        Where a broken line shows an effect to compare with.
    notes : sequence of str
        Under the plot.
    description : str
        The figure in words.
    """

    lines: Sequence[Line]
    axis: EffectAxis
    headings: Headings
    description: str
    shaded: Bounds | None = None
    marked: float | None = None
    notes: Sequence[str] = ()
