"""The traffic lights of risk of bias: a row a study, a column a domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import altair as alt

from reprieve.certainty.risk_of_bias.records import BiasJudgement
from reprieve.certainty.risk_of_bias.tools import OVERALL
from reprieve.figures.bias_signs import SIGNS, BiasTable, bias_table, legend, short
from reprieve.figures.drawing import Row, layered, rows, x_pixel, y_pixel
from reprieve.figures.lettering import Word, broken, lettered, paragraph, room, rules
from reprieve.figures.theme import MUTED, PAPER, themed

_ROW, _COLUMN, _TOP, _LABELS = 28, 44, 34, 260
"""Height of a row, width of a column, room of the headings, and the widest labels in pixels."""


def traffic_light(
    judgements: Iterable[BiasJudgement],
    studies: Mapping[str, str] | Sequence[str] | None = None,
) -> alt.LayerChart:
    """Judgements of one tool as coloured signs, a row a study and a column a domain.

    Each judgement has a sign of its own, so that the figure can be read without its colours; a
    study that nobody judged shows question marks.

    Parameters
    ----------
    judgements : iterable of BiasJudgement
        One result a study.
    studies : mapping of str to str, or sequence of str, optional
        The studies to show, with their labels, in this order; those with a judgement when not
        given.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    InputError
        Nothing to show, several tools, or several results of a study.

    Examples
    --------
    >>> mine = [BiasJudgement("vega-2015", "D1", "low", who="A. Reader", date="2026-11-30")]
    >>> chart = traffic_light(mine, ["vega-2015", "gupta-2016"])
    >>> "not judged" in chart.to_dict()["description"]
    True
    """
    table = bias_table(judgements, studies)
    left = min(_LABELS, max(70.0, *(room(label, 12) for label in table.labels.values()))) + 12
    width = max(left + _COLUMN * len(table.domains) + 14, 430.0)
    places = {d: _place(left, i, d) for i, d in enumerate(table.domains)}
    bottom = _TOP + _ROW * len(table.labels)
    lights, texts = _lights(table, places)
    heads = [Word(x, 14, short(d), "center", 12, bold=True) for d, x in places.items()]
    names = [
        Word(left - 12, _TOP + _ROW * (i + 0.5), broken(label, left - 12, lines=1)[0], "right")
        for i, label in enumerate(table.labels.values())
    ]
    signs, meanings = legend(table.words, 0, bottom + 22)
    key = paragraph(_domains(table), 0, bottom + 46, width)
    lines = [(0.0, width, y, y) for y in (_TOP - 6, bottom + 4)]
    return themed(
        layered(
            [
                *rules(lines),
                _circles(lights, 420, ["Study:N", "Domain:N", "Judgement:N", "Why:N"]),
                _circles(signs, 260),
                *lettered([*heads, *names, *texts, *meanings, *key]),
            ],
            width=width,
            height=key[-1].y + 10,
            description=_description(table),
        )
    )


def _place(left: float, column: int, domain: str) -> float:
    """The middle of a column; the last stands a little apart."""
    return left + _COLUMN * (column + 0.5) + (14 if domain == OVERALL else 0)


def _lights(table: BiasTable, places: Mapping[str, float]) -> tuple[list[Row], list[Word]]:
    lights, texts = [], []
    for i, (study, label) in enumerate(table.labels.items()):
        y = _TOP + _ROW * (i + 0.5)
        for domain, x in places.items():
            sign = SIGNS[table.word(study, domain)]
            judged = table.judged.get(study, {}).get(domain)
            lights.append(
                {
                    "px": x,
                    "py": y,
                    "fill": sign.fill,
                    "Study": label,
                    "Domain": table.tool.domains[domain],
                    "Judgement": sign.word,
                    "Why": judged.why if judged and judged.why else "–",
                }
            )
            texts.append(Word(x, y, sign.sign, "center", 14, sign.ink, bold=True))
    return lights, texts


def _circles(marks: Sequence[Row], size: int, tooltip: Sequence[str] = ()) -> alt.Chart:
    layer: alt.Chart = (
        rows(marks)
        .mark_point(shape="circle", filled=True, size=size, opacity=1, aria=bool(tooltip))
        .encode(
            x=x_pixel("px"),
            y=y_pixel("py"),
            color=alt.Color("fill:N", scale=None),
            stroke=alt.value(MUTED if tooltip else PAPER),
        )
    )
    return layer.encode(tooltip=list(tooltip)) if tooltip else layer


def _domains(table: BiasTable) -> str:
    named = [f"{d} {name}" for d, name in table.tool.domains.items() if d != OVERALL]
    return f"{table.tool.name}. {'; '.join(named)}." if named else f"{table.tool.name}."


def _description(table: BiasTable) -> str:
    told = [
        f"{label}: {table.word(study, OVERALL)}" for study, label in list(table.labels.items())[:40]
    ]
    more = f"; and {len(table.labels) - 40} more" if len(table.labels) > 40 else ""
    return f"Risk of bias by {table.tool.name}, overall. {'; '.join(told)}{more}."
