"""On which scale: the range that a description gives, and what a higher score means."""

from __future__ import annotations

import re

from reprieve.living.results.numerals import number

_NUMBER = r"\d[\d,]*(?:\.\d+)?"
_SAID = (
    r"\s*(?:mm|cm|%|points?)?\s*(?:\([^()]{0,80}\)|[\"“'‘][^\"”'’]{0,80}[\"”'’]|=[^,;()]{0,60}?)?"
)
_FROM_TO = re.compile(
    rf"(?<![\d.,])(?P<low>[01])(?![\d.,]*\d){_SAID}\s*(?:-|–|—|to|through|and|,)\s*(?:and\s+)?"
    rf"(?:by\s+)?(?P<high>{_NUMBER})(?![\d.,]*\d)(?!\s*-?\s*(?:days?|weeks?|months?|years?|hours?|ms\b|visits?))",
    re.I,
)
_REPRESENTING = re.compile(
    r"(?<![\d.,])(?P<low>0)\s+(?:represent|indicat|mean|correspond|is |was |being )[^.;\d]{0,80}?"
    r"\b(?P<high>10{1,2})\b\s+(?:represent|indicat|mean|correspond|is |was |being )",
    re.I,
)
_MILLIMETRES = re.compile(r"\b(?P<high>100)\s*-?\s*mm\b|\b(?P<ten>10)\s*-?\s*cm\b", re.I)
_OTHER_RANGE = re.compile(
    r"\brang\w*\W+(?:(?:is|are|was|of|from|between|scores?)\W+){0,2}(?P<low>[2-9]|\d\d)\s*"
    rf"(?:-|–|—|to|and)\s*(?P<high>{_NUMBER})(?![\d.,]*\d)"
    r"(?!\s*-?\s*(?:days?|weeks?|months?|years?|hours?|ms\b|degrees?|°))",
    re.I,
)
_LARGEST = 3000
_WORSE = (
    r"(?:wors\w*|more severe|most severe|severe|greater severity"
    r"|(?:more|higher|increased|greater) (?:levels? of |severe |functional )?"
    r"(?:pain|disabilit\w*|symptom\w*|stiffness|limitation\w*|impairment)"
    r"|poorer|disabilit\w*|extreme problems|maximum pain|unbearable)"
)
_BETTER = (
    r"(?:better|best|improv\w*|greater function|higher function|more desirable|healthier|good\b"
    r"|(?:less|lower|fewer|reduced|decreased) (?:levels? of |severe |functional )?"
    r"(?:pain|disabilit\w*|symptom\w*|stiffness|limitation\w*|impairment|problem\w*)"
    r"|no (?:limitation|symptom|problem|disab|pain)\w*|least impairment)"
)
_MEANS = (
    r"(?:mean|indicat|represent|denot|show|reflect|correspond|is|are|=|:)\w*\s+"
    r"(?:a |an |the )?[^.;]{0,25}?"
)
_HIGHER = re.compile(
    r"\b(?:higher|greater|larger|increas\w+|more positive|positive)\b[^.;]{0,50}?"
    rf"{_MEANS}(?:(?P<worse>{_WORSE})|(?P<better>{_BETTER}))",
    re.I,
)
_LOWER = re.compile(
    r"\b(?:lower|smaller|decreas\w+|more negative|negative)\b[^.;]{0,60}?"
    rf"{_MEANS}(?:(?P<worse>{_BETTER})|(?P<better>{_WORSE}))",
    re.I,
)
_ANCHOR = re.compile(
    r"(?<![\d.,-])(?P<end>\d[\d,]*)(?![\d.]*\d)\s*(?:mm|cm|points?)?\s*"
    r"(?:\(|=|:|represent\w*|indicat\w*|mean\w*|correspond\w* to|being|is\b|was\b)\s*[\"“'‘]?\s*"
    r"(?:(?:the|a|an)\s+)?[^.;,\d]{0,30}?"
    r"\b(?:(?P<bad>worst|most severe|severest|maxim\w+|unbearable|extreme|as bad|greatest)"
    r"|(?P<good>no|none|best|least|normal|without|excellent))\b",
    re.I,
)


def ranges_in(text: str) -> frozenset[tuple[float, float]]:
    """The ranges of scales that a description gives.

    Examples
    --------
    >>> sorted(ranges_in("Score range: 0-2,400. A score of 2,400 represents the most severe"))
    [(0.0, 2400.0)]
    >>> sorted(ranges_in('0-10 with 0 representing "no pain" and 10 representing "worst pain"'))
    [(0.0, 10.0)]
    >>> sorted(ranges_in("visual analogue scale (0 = no pain, 10 = pain as bad as can be)"))
    [(0.0, 10.0)]
    >>> ranges_in("at 0, 3 and 6 months"), sorted(ranges_in("100-mm VAS"))
    (frozenset(), [(0.0, 100.0)])
    """
    found = set()
    for pattern in (_FROM_TO, _REPRESENTING):
        for match in pattern.finditer(text):
            high = number(match["high"].rstrip(",.").replace(",", ""))
            listed = re.match(r"\s*,?\s*(?:and\s+)?\d", text[match.end() :])
            if high is not None and 4 <= high <= _LARGEST and not listed:
                found.add((float(match["low"]), high))
    if not found:
        for match in _MILLIMETRES.finditer(text):
            found.add((0.0, 100.0 if match["high"] else 10.0))
    return frozenset(found)


def other_range_in(text: str) -> tuple[float, float] | None:
    """A range that does not begin at 0 or 1, where a description gives one as that of a score.

    Examples
    --------
    >>> other_range_in("The score ranges from 12 to 60"), other_range_in("aged 40 to 75")
    ((12.0, 60.0), None)
    """
    for match in _OTHER_RANGE.finditer(text):
        low, high = number(match["low"]), number(match["high"])
        if low is not None and high is not None and low < high:
            return low, high
    return None


def direction_in(text: str) -> str:
    """What a description says a higher score means: ``"worse"``, ``"better"``, or nothing.

    Nothing, too, where it says both, as of two instruments. What stands at the ends of the scale
    counts as well.

    Examples
    --------
    >>> direction_in("scored 0 to 10, higher scores meaning worse outcome")
    'worse'
    >>> direction_in("More negative values show more improvement on both scales.")
    'worse'
    >>> direction_in("Higher score means better function")
    'better'
    >>> direction_in("from 0 (no disability) to 100 (most severe disability)")
    'worse'
    >>> direction_in("0 = worst pain, 100 = no pain")
    'better'
    >>> direction_in("For VAS, lower values represent a better outcome. For SF-36, higher values "
    ...              "represent a better outcome.")
    ''
    """
    said = {
        "worse" if match["worse"] else "better"
        for pattern in (_HIGHER, _LOWER)
        for match in pattern.finditer(text)
    } | {
        "better" if bool(match["good"]) == (_is_high(match["end"])) else "worse"
        for match in _ANCHOR.finditer(text)
        if match["end"] == "0" or _is_high(match["end"])
    }
    return said.pop() if len(said) == 1 else ""


def _is_high(end: str) -> bool:
    found = number(end.rstrip(",").replace(",", ""))
    return found is not None and found >= 10
