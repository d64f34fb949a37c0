"""The text of a cell as numbers: what stands first, what stands beside it, and of which kind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Shape = Literal["single", "plus_minus", "bracket", "pair", "interval", "percent", "fraction"]
Spread = Literal["sd", "se", "ci", "iqr", "range", "percent"]

_MINUS = str.maketrans(
    dict.fromkeys("−–—‒﹣‐‑－", "-") | {"⁄": "/", "（": "(", "）": ")", "～": "~"}
)
_PLUS_MINUS = re.compile(r"\s*(?:±|\+\s?/\s?-|∓|\+-|±)\s*")
_DECIMAL_DOT = re.compile(r"(?<=\d)[·‧∙•](?=\d)")
_DECIMAL_COMMA = re.compile(r"(?<![\d.,])(-?\d{1,3}),(\d{1,2})(?![\d,])")
_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3})((?:,\d{3})+)(?![\d])")
_N = r"[-+]?\s?(?:\d+(?:\.\d+)?|\.\d+)"
_MARKS = r"[*†‡§¶#∥‖^$ǂ+∗]*(?:\s?[a-zA-Z]{1,2}(?![a-zA-Z]))?[*†‡§¶#∥‖^∗]*"
_SEPARATOR = r"\s*(?:,|;|:|to|-|~|/|and|–)\s*"
_UNIT = r"(?:\s?(?:%|mm|cm|points?|pts?|°|cm2|mm2)(?![a-zA-Z]))?"
_NAMED = {
    "sd": r"(?:mean\s*)?(?:±\s*)?s\.?\s?d\.?|standard deviation",
    "se": r"s\.?\s?e\.?(?:\s?m\.?)?|standard error",
    "ci": r"9[059]\s?%\s?(?:c\.?i\.?|confidence intervals?|cl)?|(?:9[059]\s?)?c\.?i\.?",
    "iqr": r"i\.?q\.?r\.?|q1\s?[-,]\s?q3|interquartile range",
    "range": r"range|min\s?[-,]\s?max",
}
_NAME = "|".join(f"(?P<{name}>{pattern})" for name, pattern in _NAMED.items())
_CELL = re.compile(
    rf"^[*†‡§¶#=~≈]*\s*(?P<main>{_N}){_UNIT}\s?{_MARKS}"
    rf"(?:(?P<pm>±)(?P<spread>{_N}){_UNIT}\s?{_MARKS})?"
    rf"(?:\s*[,;]?\s*(?P<open>[(\[{{])\s*(?:(?:{_NAME})\s*[=:,]?\s*)?(?P<first>±?\s*{_N})\s?(?P<pct>%)?"
    rf"(?:{_SEPARATOR}(?P<last>{_N})\s?%?)?\s*{_MARKS}[)\]}}])?"
    rf"(?:\s*[,;]?\s*[(\[]\s*(?:[a-zA-Z0-9%. "
    rf"]+[=:,]?\s)?(?P<low>{_N}){_SEPARATOR}(?P<high>{_N})\s*[)\]])?"
    rf"\s*{_MARKS}\s*(?P<rest>.*)$",
    re.IGNORECASE,
)
_BARE_INTERVAL = re.compile(
    rf"^[(\[]?\s*(?P<first>{_N}){_UNIT}{_SEPARATOR}(?P<last>{_N}){_UNIT}\s*[)\]]?\s*{_MARKS}$"
)
_BARE_SPREAD = re.compile(rf"^[(\[]?\s*±\s*(?P<spread>{_N})\s*[)\]]?\s*{_MARKS}$")
_PAIR = re.compile(
    rf"^(?P<main>{_N})\s*(?:[/;,]|\bSD\b)\s*(?P<spread>\d*\.\d+)\s*{_MARKS}$", re.IGNORECASE
)
_FRACTION = re.compile(
    rf"^(?P<events>\d+)\s*(?:/|of|"
    rf"out of)\s*(?P<people>\d+)\s*(?:\(\s*(?P<pct>{_N})\s?%?\s*\))?\s*{_MARKS}$"
)
_PEOPLE_FIRST = re.compile(r"^\(?\s*n\s*=\s*\d+\s*\)?\s*[:;,]?\s+(?=[-.\d])", re.IGNORECASE)
_SPAN = re.compile(
    r"^\d+(?:\.\d+)?(?:st|nd|rd|th)?[- ]?(?:h|hrs?|d|w|m|y|mo|wks?|mths?|yrs?|hours?|days?|"
    r"weeks?|months?|years?)\W*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Value:
    """The numbers of one cell.

    Attributes
    ----------
    main : float
        The number that stands first.
    shape : str
        ``"plus_minus"`` (5.2 ± 1.3), ``"bracket"`` (5.2 (1.3)), ``"pair"``
        (5.2/1.3), ``"interval"`` (5.2 (4.1 to 6.3)),
        ``"percent"`` (12 (34 %)), ``"fraction"`` (12/30) or ``"single"``.
    spread : float or None
        The number after ± or in brackets.
    low, high : float or None
        An interval.
    said : str
        What the cell itself calls its spread: ``"sd"``, ``"se"``, ``"ci"``, ``"iqr"``, ``"range"``
        or empty.
    decimals : int
        Digits after the point of the first number.
    rest : str
        Text after the numbers.
    """

    main: float
    shape: Shape
    spread: float | None = None
    low: float | None = None
    high: float | None = None
    said: str = ""
    decimals: int = 0
    rest: str = ""


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """A text with one sort of minus, of ±, and of decimal points.

    Examples
    --------
    >>> plain("−5·2 +/- 1,3")
    '-5.2±1.3'
    >>> plain("1,482.9 (6,56)")
    '1482.9 (6.56)'
    """
    text = text.translate(_MINUS)
    text = _DECIMAL_DOT.sub(".", text)
    text = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), text)
    text = _DECIMAL_COMMA.sub(r"\1.\2", text)
    return _PLUS_MINUS.sub("±", text).strip()


def read_value(text: str) -> Value | None:
    """The numbers of a cell, or None where it does not begin with one.

    Examples
    --------
    >>> value = read_value("5.2 ± 1.3*")
    >>> value.main, value.shape, value.spread
    (5.2, 'plus_minus', 1.3)
    >>> value = read_value("−3.2 (95% CI −4.1 to −2.3)")
    >>> value.main, value.shape, value.low, value.high, value.said
    (-3.2, 'interval', -4.1, -2.3, 'ci')
    >>> read_value("12 (34%)").shape, read_value("12/30 (40%)").spread
    ('percent', 30.0)
    >>> read_value("n = 19: 3.36 (2.21)").main
    3.36
    >>> read_value("P < 0.05") is None
    True
    """
    text = _PEOPLE_FIRST.sub("", plain(text))
    if not text or len(text) > 120:
        return None
    if _SPAN.match(text):
        return None
    fraction = _FRACTION.match(text)
    if fraction:
        people = float(fraction["people"])
        return Value(float(fraction["events"]), "fraction", people)
    pair = _PAIR.match(text)
    if pair:
        decimals = len(pair["main"].partition(".")[2])
        main, spread = (float(re.sub(r"\s", "", pair[part])) for part in ("main", "spread"))
        return Value(main, "pair", spread, decimals=decimals)
    found = _CELL.match(text)
    if not found or _is_label(found["rest"]):
        return None
    main = float(re.sub(r"\s", "", found["main"]))
    said = next((name for name in _NAMED if found[name]), "")
    decimals = len(found["main"].partition(".")[2])
    first, last = _float(found["first"]), _float(found["last"])
    low, high = _float(found["low"]), _float(found["high"])
    if found["pm"]:
        if last is not None:
            low, high = first, last
        return Value(
            main,
            "plus_minus",
            _float(found["spread"]),
            *_ordered(low, high),
            said,
            decimals,
            found["rest"],
        )
    if last is not None:
        return Value(main, "interval", None, *_ordered(first, last), said, decimals, found["rest"])
    if found["pct"] and not said:
        return Value(main, "percent", first, None, None, "percent", decimals, found["rest"])
    if first is not None:
        return Value(
            main,
            "bracket",
            abs(first) if said in ("sd", "se") else first,
            *_ordered(low, high),
            said,
            decimals,
            found["rest"],
        )
    if low is not None:
        return Value(main, "interval", None, *_ordered(low, high), said, decimals, found["rest"])
    return Value(main, "single", None, None, None, said, decimals, found["rest"])


def read_interval(text: str) -> tuple[float, float] | None:
    """Two numbers that bound an interval and stand alone in a cell.

    Examples
    --------
    >>> read_interval("-3.2 – 6.8"), read_interval("(4.1; 6.3)"), read_interval("5.2 (4.1 to 6.3)")
    ((-3.2, 6.8), (4.1, 6.3), None)
    """
    found = _BARE_INTERVAL.match(plain(text))
    if not found:
        return None
    first, last = _float(found["first"]), _float(found["last"])
    if first is None or last is None:
        return None
    return min(first, last), max(first, last)


def read_spread(text: str) -> float | None:
    """A spread that stands alone in a cell after ±, as in ``"± 1.3"``."""
    found = _BARE_SPREAD.match(plain(text))
    return _float(found["spread"]) if found else None


def _is_label(rest: str) -> bool:
    """Whether what follows the numbers shows that the cell is words, not a value."""
    rest = rest.strip()
    if not rest:
        return False
    if re.match(r"^[,;(\[]?\s*(?:p\s?[<=>≤]|p-?value|n\s?=|ns\b|vs\b)", rest, re.IGNORECASE):
        return False
    return bool(re.search(r"[a-zA-Z]{3,}", rest)) or len(rest) > 25


def _float(text: str | None) -> float | None:
    if text is None:
        return None
    return float(re.sub(r"[\s±]", "", text))


def _ordered(low: float | None, high: float | None) -> tuple[float | None, float | None]:
    if low is None or high is None:
        return None, None
    return min(low, high), max(low, high)
