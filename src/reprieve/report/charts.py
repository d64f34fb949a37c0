"""Figures as a page holds them: an SVG for paper, and specifications for the screen."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

import polars as pl
from markupsafe import Markup

from reprieve.answers.answer import Answer
from reprieve.answers.multiverse import Multiverse
from reprieve.figures.effect_axis import Favours
from reprieve.figures.evidence_map import evidence_map
from reprieve.figures.forest import forest
from reprieve.figures.forest_table import Width
from reprieve.figures.funnel import funnel
from reprieve.figures.people import people
from reprieve.figures.specification_curve import specification_curve
from reprieve.figures.theme import specification, to_svg
from reprieve.synthesis.results import MetaAnalysis


@dataclass(frozen=True)
class Chart:
    """One figure of a page.

    Attributes
    ----------
    description : str
        The figure in words.
    still : Markup
        As SVG: shown on paper, without scripts, and until the script has drawn the live one.
    wide, narrow : Markup or None
        Vega-Lite specifications for the live figure on wide and on narrow screens.
    """

    description: str
    still: Markup
    wide: Markup | None = None
    narrow: Markup | None = None


def forest_chart(answer: Answer) -> Chart:
    """The forest plot of an answer, live and still."""
    wide = specification(forest(answer))
    narrow = specification(forest(answer, width="narrow"))
    return Chart(wide["description"], _svg(wide), _script(wide), _script(narrow))


def people_chart(answer: Answer) -> Chart | None:
    """The people of a hundred, where they are known."""
    if answer.per_100 is None:
        return None
    found = specification(people(answer))
    return Chart(found["description"], _svg(found))


def funnel_chart(fit: MetaAnalysis, measure: str, favours: Favours) -> Chart:
    """Small trials beside large ones, live and still."""
    wide, narrow = (
        specification(funnel(fit, measure=measure, favours=favours, width=width))
        for width in get_args(Width)
    )
    return Chart(wide["description"], _svg(wide), _script(wide), _script(narrow))


def curve_chart(every: Multiverse) -> Chart:
    """Every analysis of a question, live and still."""
    wide, narrow = (
        specification(specification_curve(every, width=width)) for width in get_args(Width)
    )
    return Chart(wide["description"], _svg(wide), _script(wide), _script(narrow))


def map_chart(cells: pl.DataFrame) -> Chart:
    """The map of the evidence, live and still."""
    found = specification(evidence_map(cells))
    return Chart(found["description"], _svg(found), wide=_script(found))


_SNIPPET = "window.vegaEmbed = vegaEmbed;"


@cache
def library() -> Markup:
    """Vega, Vega-Lite and Vega-Embed as one script that needs nothing else."""
    import vl_convert

    return Markup(str(vl_convert.javascript_bundle(_SNIPPET)).replace("</script", "<\\/script"))


def _svg(specification: dict[str, Any]) -> Markup:
    """The SVG as markup, its paths at a hundredth of a pixel: Vega escapes every text it draws."""
    return Markup(_PATH.sub(_rounded, to_svg(specification)))


_PATH = re.compile(r' d="[^"]*"')
_LONG_NUMBER = re.compile(r"\d+\.\d{3,}(?!\d*e)")


def _rounded(path: re.Match[str]) -> str:
    return _LONG_NUMBER.sub(lambda found: f"{float(found[0]):.2f}", path[0])


def _script(specification: dict[str, Any]) -> Markup:
    """JSON that can stand inside a script element."""
    return Markup(json.dumps(specification, ensure_ascii=False).replace("<", "\\u003c"))
