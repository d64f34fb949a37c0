"""All words of a forest plot, as layers of text."""

from __future__ import annotations

from typing import Any

import altair as alt

from reprieve.answers.answer import StudyEffect
from reprieve.answers.words import OUTCOMES
from reprieve.figures import text
from reprieve.figures.drawing import Row, rows, x_pixel, y_pixel
from reprieve.figures.forest_plan import Plan
from reprieve.figures.theme import INK, MUTED

WIDEST_LETTER = 0.68
"""Width of an average letter in the widest of the fonts, as a share of its height."""
SHAPES = {"reported": "square", "recovered": "triangle", "imputed": "circle"}
"""The mark of each basis; those that are not as reported are open."""

_LOOKS = ("align", "fontSize", "color", "fontWeight", "limit")
_PEOPLE, _WEIGHT = 296, 880


def words(plan: Plan) -> list[alt.Chart]:
    """One layer for each look of words."""
    found = [*_trials(plan), *_pooled(plan), *_axis(plan), *_notes(plan)]
    if not plan.layout.narrow:
        found += _headings(plan)
    kinds: dict[tuple[Any, ...], list[Row]] = {}
    for word in found:
        kinds.setdefault(tuple(word[k] for k in _LOOKS), []).append(word)
    return [
        rows({k: word[k] for k in ("px", "y", "text")} for word in some)
        .mark_text(**dict(zip(_LOOKS, look, strict=True)), baseline="middle", aria=False)
        .encode(x=x_pixel("px"), y=y_pixel("y"), text=alt.Text("text:N"))
        for look, some in kinds.items()
    ]


def details(study: StudyEffect) -> Row:
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


def _word(
    px: float,
    y: float,
    said: str,
    align: str = "left",
    *,
    size: int = 13,
    color: str = INK,
    bold: bool = False,
    limit: float = 0,
) -> Row:
    """Words at a place; cut off with an ellipsis where they are longer than the limit.

    Words that are sure to fit go without a limit, since measuring is what takes time.
    """
    if len(said) * size * WIDEST_LETTER <= limit:
        limit = 0
    looks = (align, size, color, "bold" if bold else "normal", limit)
    return {"px": px, "y": y, "text": said} | dict(zip(_LOOKS, looks, strict=True))


def _headings(plan: Plan) -> list[Row]:
    level = f"{plan.answer.question.level * 100:g}% CI"
    placed = (
        (0, "Trial and treatment", "left"),
        (_PEOPLE, "People", "center"),
        (sum(plan.layout.plot) / 2, "Difference", "center"),
        (plan.layout.right, f"Points ({level})", "right"),
        (_WEIGHT, "Weight", "right"),
    )
    return [_word(px, 12, said, align, size=12, color=MUTED) for px, said, align in placed]


def _trials(plan: Plan) -> list[Row]:
    found = []
    for i, study in enumerate(plan.trials):
        y, room = plan.top(i) + plan.layout.text_y, plan.layout.label
        sign = text.BASES[text.basis(study)][0]
        label = f"{sign} {study.label}".lstrip()
        effect = text.effect(study.estimate, study.ci)
        found.append(_word(0, y, label, limit=room))
        if plan.layout.narrow:
            found.append(_word(plan.layout.right, y, effect, "right"))
        else:
            found += [
                _word(0, y + 15, study.treatment, size=11, color=MUTED, limit=room),
                _word(_PEOPLE, y + 7, text.people(study), "center"),
                _word(plan.layout.right, y + 7, effect, "right"),
                _word(_WEIGHT, y + 7, text.percent(study.weight), "right"),
            ]
    return found


def _pooled(plan: Plan) -> list[Row]:
    effect, layout = plan.effect, plan.layout
    if effect.k == 1:
        return []
    y = plan.pooled_top + (layout.text_y if layout.narrow else layout.mark_y)
    number = "Both" if effect.k == 2 else f"All {effect.k}"
    found = [
        _word(0, y, f"{number} trials together", bold=True),
        _word(layout.right, y, text.effect(effect.estimate, effect.ci), "right", bold=True),
    ]
    if not layout.narrow:
        found += [
            _word(_PEOPLE, y, f"{effect.n:,}", "center", bold=True),
            _word(_WEIGHT, y, "100%", "right", bold=True),
        ]
    if effect.prediction_interval is not None:
        name = "In a new setting" if layout.narrow else "In a new setting (prediction interval)"
        found += [
            _word(0, y + layout.step, name),
            _word(
                layout.right, y + layout.step, text.interval(effect.prediction_interval), "right"
            ),
        ]
    return found


def _axis(plan: Plan) -> list[Row]:
    """Ticks, which side favours what, and the unit."""
    left, right = plan.layout.plot
    y, middle, room = plan.bottom + 15, (left + right) / 2, 0.44 * (right - left)
    treatment, comparator = text.sides(plan.answer)
    outcome = OUTCOMES[plan.answer.question.outcome][0]
    ticks = [
        _word(plan.pixel(t), y, text.number(t, 0), "center", size=12, color=MUTED)
        for t in plan.ticks
    ]
    return [
        *ticks,
        _word(left, y + 22, "← favours", size=12),
        _word(left, y + 36, treatment, size=12, limit=room),
        _word(right, y + 22, "favours →", "right", size=12),
        _word(right, y + 36, comparator, "right", size=12, limit=room),
        _word(middle, y + 56, f"Difference in {outcome}, points of 100", "center", size=12),
    ]


def _notes(plan: Plan) -> list[Row]:
    """Under the plot: what shade and signs mean."""
    narrow, notes = plan.layout.narrow, []
    if plan.effect.mcid is not None:
        points = f"{plan.effect.mcid:g} points"
        notes.append(
            f"Shaded: less than {points}, too small to be worthwhile"
            if narrow
            else f"Shaded: differences of less than {points}, regarded as too small to be "
            "worthwhile to a person."
        )
    used = {text.basis(s) for s in plan.trials}
    for key in ("recovered", "imputed"):
        if key in used:
            sign, meaning = text.BASES[key]
            told = f"{key}, not as reported" if narrow else f"{meaning}."
            notes.append(f"{sign} open {SHAPES[key]}: {told}")
    y = plan.bottom + 93
    return [_word(0, y + 15 * i, note, size=11, color=MUTED) for i, note in enumerate(notes)]
