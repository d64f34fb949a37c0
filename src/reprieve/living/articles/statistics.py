"""What a heading, a caption or a note says of the numbers: mean or median, deviation or error."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from reprieve.living.articles.numbers import plain

_WORDS = {
    "se": r"\bs\.?\s?e\.?\s?m\.?(?![a-z])|\bs\.?e\.?(?![a-z.])|standard errors?(?: of the mean)?",
    "sd": r"\bs\.?\s?d\.?(?![a-z])|standard deviations?|std\.?\s?dev\w*|\bstdev\b",
    "ci": r"\b9[059]\s?%?\s*-?\s*(?:c\.?\s?i\.?|confidence|cl\b)|confidence intervals?|"
    r"\bc\.?i\.?(?![a-z])",
    "iqr": r"\bi\.?q\.?r\.?(?![a-z])|inter-?\s?quartile|quartiles?|25th|q1\s?[-,;]\s?q3|\bp25\b",
    "range": r"\brange\b(?! of)|min(?:imum)?\.?\s?(?:[-,;/]|to|and)\s?max",
    "percent": r"\(\s?%\s?\)|\[\s?%\s?\]|percentages?|\bpercent\b|, ?%",
}
_SPREAD = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _WORDS.items()}
_CENTRE = {
    "median": re.compile(r"\bmedians?\b|\bMdn\b", re.IGNORECASE),
    "mean": re.compile(r"\bmeans?\b|\baverages?\b|LSM\b|X̄|x̅", re.IGNORECASE),
    "m": re.compile(r"\bM(?=\s?[±(,]|\s?SD)"),
}
_PAIR = re.compile(
    r"(?P<centre>means?|averages?|medians?|m|values?)\s*(?:values?|scores?|changes?)?\s*"
    r"(?:±|\(|\[|,|/|and|with|or)\s*±?\s*(?P<spread>(?:(?!\bor\b|\bmedians?\b)[^)\];]){1,40})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """What words say of numbers.

    Attributes
    ----------
    centre : str
        ``"mean"``, ``"median"`` or empty.
    spread : str
        ``"sd"``, ``"se"``, ``"ci"``, ``"iqr"``, ``"range"``, ``"percent"`` or empty.
    """

    centre: str = ""
    spread: str = ""

    def __bool__(self) -> bool:
        return bool(self.centre or self.spread)


@lru_cache(maxsize=8192)
def said_of_numbers(text: str) -> Said:
    """What a short text, such as a heading, says of the numbers under it.

    Examples
    --------
    >>> said_of_numbers("Posttherapy (mean ± SE)")
    Said(centre='mean', spread='se')
    >>> said_of_numbers("Age, y, median (IQR)")
    Said(centre='median', spread='iqr')
    >>> said_of_numbers("Cingal (n = 30)")
    Said(centre='', spread='')
    """
    text = plain(text)
    centre = ""
    if _CENTRE["median"].search(text):
        centre = "median"
    elif _CENTRE["mean"].search(text) or _CENTRE["m"].search(text):
        centre = "mean"
    found = {name: pattern.search(text) for name, pattern in _SPREAD.items()}
    names = [name for name, match in found.items() if match]
    if "percent" in names and len(names) > 1:
        names.remove("percent")
    spread = ""
    if len(names) == 1:
        spread = names[0]
    elif names:
        spread = min(names, key=lambda name: found[name].start())  # type: ignore[union-attr]
    return Said(centre, spread)


def all_said(text: str) -> list[Said]:
    """Every pair of centre and spread that a longer text names, in its order.

    Examples
    --------
    >>> all_said("Values are mean ± SD or median (IQR) where stated.")
    [Said(centre='mean', spread='sd'), Said(centre='median', spread='iqr')]
    >>> all_said("Values are means (standard errors of the mean).")
    [Said(centre='mean', spread='se')]
    """
    found = []
    for match in _PAIR.finditer(plain(text)):
        spread = said_of_numbers(match["spread"]).spread
        if spread and spread != "percent":
            centre = "median" if match["centre"].lower().startswith("median") else "mean"
            found.append(Said(centre, spread))
    return list(dict.fromkeys(found))


def spreads_explained(text: str) -> set[str]:
    """Which of SD and SE a note spells out, as in ``"SD: standard deviation"``.

    Examples
    --------
    >>> spreads_explained("VAS: visual analogue scale; SD: standard deviation.")
    {'sd'}
    """
    return {name for name in ("sd", "se") if _SPREAD[name].search(plain(text))}


_BETWEEN = re.compile(
    r"between[- ](?:the )?(?:two )?groups?|group difference|differences? between|"
    r"treatment (?:effect|difference)s?(?! *\))|\bvs\.?\b|"
    r"versus|\bminus\b|effect size|cohen|\bcompar|adjusted (?:mean )?difference|"
    r"mean difference|estimated difference|"
    r"\bintergroup\b|\bmd\b|\bsmd\b|interaction|\bbeta\b|β|coefficient|regression|odds|correlation",
    re.IGNORECASE,
)


def compares_groups(heading: str) -> bool:
    """Whether a heading stands above comparisons between groups.

    Examples
    --------
    >>> compares_groups("Mean difference (95% CI)"), compares_groups("Change from baseline")
    (True, False)
    """
    return bool(_BETWEEN.search(heading))
