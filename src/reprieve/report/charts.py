"""Figures as a page holds them: an SVG for paper, and specifications for the screen."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, get_args

import polars as pl
from markupsafe import Markup

from reprieve.answers.answer import Answer
from reprieve.answers.flow import Flow
from reprieve.answers.multiverse import Multiverse
from reprieve.answers.networks import Part
from reprieve.answers.trajectories import TrajectoryAnswer
from reprieve.answers.words import OUTCOMES
from reprieve.evidence.nodes import ANY_CONTROL, node
from reprieve.figures.effect_axis import Favours
from reprieve.figures.evidence_map import evidence_map
from reprieve.figures.forest import forest
from reprieve.figures.forest_table import Width
from reprieve.figures.funnel import funnel
from reprieve.figures.lumping_figure import lumping_figure
from reprieve.figures.network_forest import network_forest
from reprieve.figures.network_graph import network_graph
from reprieve.figures.people import people
from reprieve.figures.prisma import prisma_flow
from reprieve.figures.specification_curve import specification_curve
from reprieve.figures.theme import AnyChart, specification, to_svg
from reprieve.figures.trajectory import trajectory
from reprieve.synthesis.networks.results import NetworkMetaAnalysis
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
    return _live(partial(forest, answer))


def people_chart(answer: Answer) -> Chart | None:
    """The people of a hundred, where they are known."""
    if answer.per_100 is None:
        return None
    found = specification(people(answer))
    return Chart(found["description"], _svg(found))


def funnel_chart(fit: MetaAnalysis, measure: str, favours: Favours) -> Chart:
    """Small trials beside large ones, live and still."""
    return _live(partial(funnel, fit, measure=measure, favours=favours))


def curve_chart(every: Multiverse) -> Chart:
    """Every analysis of a question, live and still."""
    return _live(partial(specification_curve, every))


def course_chart(answer: TrajectoryAnswer) -> Chart:
    """A treatment against a comparator over months, live and still."""
    question = answer.question
    if answer.fit is None:
        raise AssertionError("a course without a fit is not shown")
    return _live(
        partial(
            trajectory,
            answer.fit,
            [question.treatment],
            question.comparator,
            mcid=answer.mcid,
            effect=f"Difference in {OUTCOMES[question.outcome][0]} (points of 100)",
            names=answer.names,
        )
    )


def flow_chart(flow: Flow) -> Chart:
    """From records to the trials of an answer, live and still."""
    return _live(partial(prisma_flow, flow))


def graph_chart(part: Part, nodes: pl.DataFrame) -> Chart:
    """Which treatments trials have compared, live and still."""
    people = {
        row["node"]: row["people"] and round(row["people"])
        for row in nodes.filter(pl.col("node").is_in(part.treatments)).iter_rows(named=True)
    }
    return _live(partial(network_graph, part.fit, people=people, names=part.names))


def network_chart(part: Part, outcome: str, worthwhile: float | None) -> Chart:
    """Each treatment of a network against its reference, live and still."""
    return _live(
        partial(
            network_forest,
            part.fit,
            measure=f"Difference in {outcome}, points of 100",
            worthwhile=worthwhile,
            names=part.names,
        )
    )


def choices_chart(
    fits: Mapping[str, NetworkMetaAnalysis], part: Part, outcome: str
) -> Chart | None:
    """The same treatments under several choices, live and still; None where nothing changes."""
    own = part.fit.reference
    against = {
        name: own if own in fit.treatments else ANY_CONTROL
        for name, fit in fits.items()
        if own in fit.treatments or ANY_CONTROL in fit.treatments
    }
    if not _differ(fits, against):
        return None
    codes = {ANY_CONTROL, *(code for fit in fits.values() for code in fit.treatments)}
    return _live(
        partial(
            lumping_figure,
            {name: fits[name] for name in against},
            reference=against,
            measure=f"Difference in {outcome}, points of 100",
            names={code: node(code).name for code in codes},
        )
    )


def _differ(fits: Mapping[str, NetworkMetaAnalysis], against: Mapping[str, str]) -> bool:
    """Whether any treatment moves by a tenth of a point, which the figure could show."""
    seen: dict[str, float] = {}
    for name, reference in against.items():
        for treatment in fits[name].treatments:
            estimate = fits[name].relative(treatment, reference).estimate
            if abs(estimate - seen.setdefault(treatment, estimate)) >= 0.1:
                return True
    return False


def map_chart(cells: pl.DataFrame) -> Chart:
    """The map of the evidence, live and still."""
    found = specification(evidence_map(cells))
    return Chart(found["description"], _svg(found), wide=_script(found))


def _live(draw: Callable[..., AnyChart]) -> Chart:
    """A figure for wide and for narrow screens, and as a picture that stands still."""
    wide, narrow = (specification(draw(width=width)) for width in get_args(Width))
    return Chart(wide["description"], _svg(wide), _script(wide), _script(narrow))


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
