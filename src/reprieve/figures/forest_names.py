"""Long names in forest plots, broken into lines that fit."""

from __future__ import annotations

import textwrap

from reprieve.figures.forest_table import Line, Width

_BESIDE = {"wide": 31, "narrow": 20}  # letters of a label beside what stands next to it
_ALONE = 45  # letters of a line of words: it must not reach into the plot


def label(name: str, width: Width) -> str:
    r"""The name in lines that fit beside the other columns.

    Examples
    --------
    >>> label("radiofrequency ablation of genicular nerves", "wide")
    'radiofrequency ablation of\ngenicular nerves'
    """
    return "\n".join(textwrap.wrap(name, _BESIDE[width]))


def alone(words: str, *, bold: bool = False) -> Line:
    r"""Words between other lines, in lines that stay beside the plot.

    Examples
    --------
    >>> alone("radiofrequency ablation of genicular nerves v sham").label
    'radiofrequency ablation of genicular nerves v\nsham'
    """
    return Line("words", label="\n".join(textwrap.wrap(words, _ALONE)), bold=bold)


def against(measure: str, reference: str, width: Width) -> str:
    """The title of an axis of effects against a treatment, which goes unnamed if it is too long.

    Examples
    --------
    >>> against("Odds ratio", "placebo", "narrow")
    'Odds ratio, against placebo'
    """
    title = f"{measure}, against {reference}"
    room = 52 if width == "narrow" else 110
    return title if len(title) <= room else f"{measure}, against the reference"
