"""What a mention of cells means: a product that is given, or what only sounds like one.

Words for cells are kept as a product unless the words around them say otherwise: what cells
secrete (exosomes, conditioned medium), a disease ("sickle cell"), people ("recipients of a stem
cell transplant"), or a look at cells under the microscope ("stem cell counts").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from reprieve.living.recognising.patterns import cell_rules, rules

AROUND = 90
"""Letters before and behind a mention that say what it means."""

CELLS = frozenset({"product", "transplant", "immune", "brand"})
"""Kinds of mentions that are cells given; the others are not."""

ENDINGS = ("leucel", "strocel", "tocel", "dubicel", "plasmacel")
"""How names of products end that are told by that."""

WORKS = (
    r"(?:ameliorat|attenuat|alleviat|improv|enhanc|promot|restor|prevent|protect|preserv|mitigat"
    r"|revers|relie|reduc|accelerat|rescu|repair|facilitat|support|treat|suppress|inhibit|modulat)"
)
"""How words begin that say what a treatment does: what stands behind them is not the cells'."""

_MESENCHYMAL = re.compile(r"mesen|mensen|strom|msc|regenerat")
_TRANSPLANTED = re.compile(
    r"[ -](?:\([a-z]+\) ?)?(?:(?:or|and) (?:bone )?marrow )?"
    r"(?:auto|allo)?-?(?:transplan|rescue|support|reinfusion)\w*"
)


_OTHER_KINDS = {"transplantation": "transplant", "immune_cells": "immune"}
_AS = {"transplanted": "people", "measured": "study", "of_cancer": "study", "afterwards": "people"}
_TRAINED = re.compile(r"\b(?:rehabilit|exercis|train|physio|sport|weight-?bear)\w*")
_PUT_IN = re.compile(
    r"\b(?:inject|infus|implant|transplant|autolog|allogen|administ|therap|given)\w*"
)


_PLACED = re.compile(r"\b(?:inject|infus|implant|transplant)ed (?:[\w-]+ ){0,3}$")


class Mention(NamedTuple):
    """Words for cells in a text.

    Attributes
    ----------
    kind : str
        ``"product"``, ``"transplant"``, ``"immune"`` or ``"brand"``, or why they are none of these.
    start, end : int
    """

    kind: str
    start: int
    end: int


def mentions(low: str) -> Iterator[Mention]:
    """Every mention of cells in a lower-case text.

    Examples
    --------
    >>> [m.kind for m in mentions("exosomes of stem cells, or stem cells after cord blood hct")]
    ['derived', 'product', 'people']
    """
    ends = any(map(low.__contains__, ENDINGS))
    for code, match in cell_rules(ends=ends).found(low):
        start, end = match.span()
        if code == "stem_or_stromal" and not _MESENCHYMAL.search(match.group()):
            transplanted = _TRANSPLANTED.match(low, end)
            if transplanted is not None:
                code, end = "transplantation", transplanted.end()
        yield Mention(_kind(low, code, start, end), start, end)


def names_cells(low: str) -> bool:
    """Whether a lower-case text names cells as a product.

    Examples
    --------
    >>> names_cells("low dose of stem cells"), names_cells("repair without stem cells")
    (True, False)
    """
    return any(mention.kind in CELLS for mention in mentions(low))


def _kind(low: str, code: str, start: int, end: int) -> str:
    any_behind, each_behind = _behind()
    if any_behind.match(low, end, end + AROUND):
        for why, pattern in each_behind:
            if pattern.match(low, end, end + AROUND) and not (
                why == "study" and _PLACED.search(low, max(0, start - AROUND), start)
            ):
                return why
    before = low[max(0, start - AROUND) : start]
    if rules("before_cells").expression.search(before):
        for why, pattern in rules("before_cells").each:
            if pattern.search(before) and _holds(why, low, code, start, end):
                return _AS.get(why, why)
    if code == "brand":
        return "brand"
    return _OTHER_KINDS.get(code, "product")


def _holds(why: str, low: str, code: str, start: int, end: int) -> bool:
    """Whether what stands before words for cells says what it seems to, of this kind of cells."""
    if why == "transplanted":
        return code == "transplantation"
    if why == "afterwards":  # years after a repair with cells, it is the repair that is studied
        return code != "tissue_cells" or _TRAINED.search(low) is not None
    if why == "of_cancer":
        return code == "stem_or_stromal"
    if why == "disease":
        return code in {"words_for_therapy", "immune_cells"}
    if why == "measured":  # cells of the blood are given at times, and looked at most often
        looked_at = low.startswith(("mononucl", "progenitor", "precursor"), start)
        around = low[max(0, start - AROUND) : end + AROUND]
        return looked_at and code not in _OTHER_KINDS and not _PUT_IN.search(around)
    return True


@cache
def _behind() -> tuple[re.Pattern[str], tuple[tuple[str, re.Pattern[str]], ...]]:
    """What right behind words for cells says that they are none, with what may stand between.

    Any of it as one expression, and each kind of it.
    """
    between = (
        r"[\s)]*(?:\([^)]{0,30}\)\s*)?(?:-?\s?(?:derived|secreted))?[\s/-]*"
        r"(?:(?!and\b|or\b|with\b|in\b|plus\b|versus\b|vs\b|to\b|on\b|for\b|from\b|of\b"
        rf"|{WORKS})\w+\s)?"
    )
    words = rules("not_cells")
    return re.compile(f"{between}(?:{words.expression.pattern})"), tuple(
        (why, re.compile(f"{between}(?:{pattern.pattern})")) for why, pattern in words.each
    )
