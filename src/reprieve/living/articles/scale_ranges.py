"""On which range an instrument was used: a line of 10 cm or of 100 mm, five items or a hundred."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from reprieve.living.articles.instrument_words import Scale, all_families
from reprieve.living.articles.numbers import plain

_SCALE_END = re.compile(
    r"\b0\.?\d?\s*(?:-|to|and|–|=[^.;]{0,40}?(?:to|-|,|and)\s*)\s*(?P<a>\d{1,4})\b|"
    r"\b(?P<b>\d{2,4})[- ]?(?:mm|point|points)\b|\b(?P<c>10)[- ]?cm\b|"
    r"out of (?:a maximum )?(?P<d>\d{2,4})\b|"
    r"(?:max(?:imum|imal)?(?: score)?|total score|scale|range|scored)\s*(?:of|=|:|is|"
    r"from)?\s*(?P<e>\d{1,4})\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Ranges:
    """Tells the ranges of instruments in an article.

    Parameters
    ----------
    text : str
        Abstract, methods and results, as `plain` text.
    """

    text: str
    _ends: dict[str, list[float]] = field(init=False, default_factory=dict)

    def of(self, scale: Scale, values: Iterable[float], around: str) -> tuple[float, float] | None:
        """The range on which an instrument was used, from what is said and from the values.

        None where the vocabulary gives no range, or no known range holds the values.

        Examples
        --------
        >>> vas = Scale("pain", "VAS", "vas", ((0.0, 10.0), (0.0, 100.0)))
        >>> Ranges("").of(vas, [6.2, 3.1], ""), Ranges("").of(vas, [62], "")
        ((0.0, 10.0), (0.0, 100.0))
        """
        largest = max((abs(value) for value in values), default=0.0)
        fitting = [ends for ends in scale.ranges if largest <= ends[1]]
        if len(fitting) < 2:
            return fitting[0] if fitting else None
        if scale.family in ("vas", "nrs"):
            return fitting[0]
        said = self._said_ends(scale.family) + _ends_in(plain(around))
        if said:
            for ends in fitting:
                if ends[1] in said and ends[1] <= 20 * max(largest, 1.0):
                    return ends
        return fitting[0]

    def _said_ends(self, name: str) -> list[float]:
        """The upper ends of scales that the text names beside an instrument."""
        if name not in self._ends:
            family = next((f for f in all_families() if f.name == name), None)
            found: list[float] = []
            if family is not None:
                for match in list(family.pattern.finditer(self.text))[:40]:
                    found += _ends_in(self.text[match.start() : match.end() + 260])
            self._ends[name] = found
        return self._ends[name]


def _ends_in(text: str) -> list[float]:
    return [
        float(next(end for end in match.groups() if end)) for match in _SCALE_END.finditer(text)
    ]
