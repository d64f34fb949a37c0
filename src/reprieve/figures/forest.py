"""The forest plot of an answer: what each trial found, and what they say together."""

from __future__ import annotations

import altair as alt

from reprieve.answers.answer import Answer, Effect, StudyEffect
from reprieve.answers.words import OUTCOMES
from reprieve.figures import text
from reprieve.figures.drawing import Row, layered, rows
from reprieve.figures.effect_axis import EffectAxis
from reprieve.figures.forest_drawing import draw
from reprieve.figures.forest_plan import LAYOUTS
from reprieve.figures.forest_table import ForestTable, Headings, Line, Width
from reprieve.figures.theme import MUTED, themed

SHAPES = {"reported": "square", "recovered": "triangle", "imputed": "circle"}
"""The mark of each basis; those that are not as reported are open."""


def forest(answer: Answer, width: Width = "wide") -> alt.LayerChart:
    """Every trial's difference with its interval, and the pooled difference below.

    Trials stand in order of year. The area of a mark grows with the trial's weight; its shape,
    and a sign before the label, tell whether the value was reported, recovered or imputed. A
    diamond shows the pooled difference, a bar the range in which the difference of a new setting
    would lie. The shaded zone holds differences too small to be worthwhile. Intervals that leave
    the axis end in an arrow head.

    Parameters
    ----------
    answer : Answer
        From :func:`reprieve.answers.ask`. Without a number, the figure says so.
    width : {"wide", "narrow"}
        880 pixels with all columns, or 328 for phones, with the numbers over each mark.

    Returns
    -------
    altair.LayerChart
        The same chart serves the screen, with a tooltip for each trial, and paper.

    Examples
    --------
    >>> from reprieve.answers import Question, ask
    >>> chart = forest(ask(Question(condition="tendinopathy", comparator="surgery")))
    >>> chart.to_dict()["width"]
    880
    """
    if answer.effect is None:
        return _nothing(answer, LAYOUTS[width].width)
    return draw(table_of(answer, answer.effect, width), width)


def description(answer: Answer) -> str:
    """The figure in a sentence or two, for those who can't see it."""
    treatment, comparator = text.sides(answer)
    what = f"{treatment} against {comparator}, {OUTCOMES[answer.question.outcome][0]}"
    if answer.effect is None:
        return f"Forest plot of {what}: no trial with results to show."
    trials = "; ".join(f"{s.label} {text.effect(s.estimate, s.ci)}" for s in text.in_order(answer))
    if answer.effect.k == 1:
        return f"Forest plot of {what}. One trial: {trials} points of 100."
    pooled = text.effect(answer.effect.estimate, answer.effect.ci)
    return (
        f"Forest plot of {what}. {answer.effect.k} trials, pooled difference {pooled} points of "
        f"100, negative favours {treatment}. Trials: {trials}."
    )


def table_of(answer: Answer, effect: Effect, width: Width) -> ForestTable:
    """What the forest plot of an answer says."""
    mcid, narrow = effect.mcid, width == "narrow"
    return ForestTable(
        lines=[*map(_trial, text.in_order(answer)), *_pooled(effect, narrow)],
        axis=_axis(answer, effect),
        headings=Headings(
            label="Trial and treatment",
            middle="People",
            plot="Difference",
            effect=f"Points ({answer.question.level * 100:g}% CI)",
            last="Weight",
        ),
        shaded=None if mcid is None else (-mcid, mcid),
        notes=_notes(answer, mcid, narrow),
        description=description(answer),
    )


def _nothing(answer: Answer, width: float) -> alt.LayerChart:
    said = {
        "no_trial": "No trial tests this.",
        "not_read": "Trials are known, but their results have not been read yet.",
        "not_usable": "Trials are known, but none gives a number for this question.",
    }.get(answer.status, "No trial gives a number for this question.")
    layer: alt.Chart = (
        rows([{"text": said}])
        .mark_text(align="left", x=0, y=20, color=MUTED, limit=width)
        .encode(text=alt.Text("text:N"))
    )
    return themed(layered([layer], width=width, height=40, description=description(answer)))


def _axis(answer: Answer, effect: Effect) -> EffectAxis:
    """Every trial's interval fits, zero too, and the pooled ones if near."""
    mcid = effect.mcid or 0.0
    low = min([*(s.ci[0] for s in answer.studies), effect.estimate, -1.2 * mcid, -5.0])
    high = max([*(s.ci[1] for s in answer.studies), effect.estimate, 1.2 * mcid, 5.0])
    reach = 0.5 * (high - low)
    for bounds in (effect.ci, effect.prediction_interval):
        if bounds is not None and bounds[0] > low - reach and bounds[1] < high + reach:
            low, high = min(low, bounds[0]), max(high, bounds[1])
    return EffectAxis(
        max(low, -100.0),
        min(high, 100.0),
        name=f"Difference in {OUTCOMES[answer.question.outcome][0]}, points of 100",
        favours=text.sides(answer),
        digits=1,
    )


def _trial(study: StudyEffect) -> Line:
    basis = text.basis(study)
    return Line(
        "trial",
        label=f"{text.BASES[basis][0]} {study.label}".lstrip(),
        estimate=study.estimate,
        ci=study.ci,
        detail=study.treatment,
        middle=text.people(study),
        last=text.percent(study.weight),
        weight=study.weight,
        shape=SHAPES[basis],
        open=basis != "reported",
        told=_details(study),
    )


def _details(study: StudyEffect) -> Row:
    """What the tooltip says of a trial."""
    return {
        "Trial": study.label,
        "Treatment": study.treatment,
        "Comparator": study.comparator,
        "People": text.people(study, " against "),
        "Measured": f"{study.instrument}, month {study.month:g}, {study.statistic} values",
        "Difference": f"{text.effect(study.estimate, study.ci)} points of 100",
        "Weight": f"{study.weight:.1f}%",
        "Notes": "; ".join(study.notes) or "as reported",
    }


def _pooled(effect: Effect, narrow: bool) -> list[Line]:
    if effect.k == 1:
        return []
    number = "Both" if effect.k == 2 else f"All {effect.k}"
    mean = Line(
        "pooled",
        label=f"{number} trials together",
        estimate=effect.estimate,
        ci=effect.ci,
        middle=f"{effect.n:,}",
        last="100%",
        bold=True,
        ruled=True,
    )
    if effect.prediction_interval is None:
        return [mean]
    name = "In a new setting" if narrow else "In a new setting (prediction interval)"
    return [mean, Line("prediction", label=name, ci=effect.prediction_interval)]


def _notes(answer: Answer, mcid: float | None, narrow: bool) -> list[str]:
    """Under the plot: what shade and signs mean."""
    notes = []
    if mcid is not None:
        notes.append(
            f"Shaded: less than {mcid:g} points, too small to be worthwhile"
            if narrow
            else f"Shaded: differences of less than {mcid:g} points, regarded as too small to be "
            "worthwhile to a person."
        )
    used = {text.basis(s) for s in answer.studies}
    for key in ("recovered", "imputed"):
        if key in used:
            sign, meaning = text.BASES[key]
            told = f"{key}, not as reported" if narrow else f"{meaning}."
            notes.append(f"{sign} open {SHAPES[key]}: {told}")
    return notes
