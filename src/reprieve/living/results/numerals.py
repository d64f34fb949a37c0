"""Numbers as people type them into a register: a point or a comma, thousands, signs, "<"."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,2})?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+\.\d+|[+-]?\d{1,3}(?:,\d{3}){2,}")
_DECIMAL_COMMA = re.compile(r"[+-]?(?:\d+,(?:\d{1,2}|\d{4,})|0,\d+)")
_MINUS = str.maketrans({"\u2212": "-", "\u2013": "-", "\u2010": "-", "\u2011": "-", "\u00a0": " "})
_LONGEST = 40
"""Characters of a number; more are none that anybody measured."""
_P = re.compile(r"(?:p(?:-?\s?value)?\s*)?([=<>≤≥]?)\s*(.+)", re.I)


def number(written: str) -> float | None:
    """The number that a text is, or None where it is none or could be two.

    ``"1,234"`` is a thousand or a little more than one: it is not read.

    Examples
    --------
    >>> number("-20.121"), number("3,5"), number("1,234.5"), number("−2.5")
    (-20.121, 3.5, 1234.5, -2.5)
    >>> number("1,234"), number("6."), number("NA"), number("<0.0001")
    (None, None, None, None)
    >>> number("9" * 400)
    """
    text = written.translate(_MINUS).strip()
    if len(text) > _LONGEST:
        return None
    if _PLAIN.fullmatch(text):
        return float(text)
    if _THOUSANDS.fullmatch(text):
        return float(text.replace(",", ""))
    if _DECIMAL_COMMA.fullmatch(text):
        return float(text.replace(",", "."))
    return None


def whole(written: str) -> int | None:
    """The count that a text is, or None.

    Examples
    --------
    >>> whole("19"), whole("19.0"), whole("-1"), whole("1,234")
    (19, 19, None, None)
    """
    found = number(written)
    return int(found) if found is not None and found >= 0 and found == int(found) else None


def p_value(written: str) -> float | None:
    """A p value that is posted exactly; None for a bound such as ``"<0.001"``.

    Examples
    --------
    >>> p_value("=0.247"), p_value("0.52"), p_value("<0.0001")
    (0.247, 0.52, None)
    """
    match = _P.fullmatch(written.strip())
    if match is None or match[1] not in ("", "="):
        return None
    found = number(match[2])
    return found if found is not None and 0 <= found <= 1 else None


def decimals(written: str) -> int:
    """How many digits stand behind the point.

    Examples
    --------
    >>> decimals("3.50"), decimals("12")
    (2, 0)
    """
    _, _, behind = written.strip().replace(",", ".").partition(".")
    return len(behind)
