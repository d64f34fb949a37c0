"""What a specification curve shows, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from reprieve.answers.multiverse import Multiverse
from reprieve.figures.drawing import Row
from reprieve.figures.effect_axis import EffectAxis
from reprieve.figures.forest_table import Width
from reprieve.figures.theme import OKABE_ITO

MOST = {"wide": 400, "narrow": 160}
"""Analyses that are drawn at most; more would cover one another."""

LOOKS = {
    "worthwhile": ("circle", OKABE_ITO["green"], "better by a worthwhile difference"),
    "better": ("square", OKABE_ITO["blue"], "better"),
    "unclear": ("diamond", "#8a939d", "unclear: the interval holds zero"),
    "worse": ("triangle-up", OKABE_ITO["vermillion"], "worse"),
}
"""Mark, colour and words for each verdict that comes with a number."""


def in_words(verdict: str) -> str:
    """A verdict of the multiverse as words."""
    return LOOKS[verdict][2] if verdict in LOOKS else "no number: no trial can be used"


@dataclass(frozen=True)
class _Measures:
    """Pixels."""

    width: int
    left: int
    step: float
    curve: int = 210
    gap: int = 9
    legend: int = 17

    @property
    def across(self) -> int:
        return self.width - self.left - 4


_MEASURES = {"wide": _Measures(880, 216, 14), "narrow": _Measures(328, 116, 14, curve=170)}
_ENDS = (("ci_low", 0.2), ("ci_high", 0.8))
"""The ends of intervals that the axis must reach; what lies further out is cut off."""


@dataclass(frozen=True)
class SpecificationPlan:
    """Which analyses are drawn, and where their choices stand."""

    multiverse: Multiverse
    width: Width

    @property
    def size(self) -> _Measures:
        return _MEASURES[self.width]

    @cached_property
    def numbers(self) -> pl.DataFrame:
        """The analyses that gave a number, by their estimate."""
        known = self.multiverse.analyses.filter(pl.col("estimate").is_not_null())
        return known.sort("estimate", "ci_high", "ci_low", maintain_order=True)

    @cached_property
    def shown(self) -> pl.DataFrame:
        """An even selection of them."""
        n, most = self.numbers.height, MOST[self.width]
        if n <= most:
            return self.numbers
        places = np.linspace(0, n - 1, most).round().astype(int)
        return self.numbers.select(pl.all().gather(places))

    @cached_property
    def axis(self) -> EffectAxis:
        """Of differences; intervals that run far out are cut off."""
        low, high = (float(self.shown[end].quantile(q) or 0) for end, q in _ENDS)
        least = min([0.0, float(self.shown["estimate"][0]), *(-p for p in self.thresholds)])
        most = max(0.0, float(self.shown["estimate"][-1]))
        return EffectAxis(
            max(min(low, least), -100.0),
            min(max(high, most), 100.0),
            name="Points of 100",
            digits=1,
        )

    @cached_property
    def thresholds(self) -> list[float]:
        """The published worthwhile differences."""
        return [float(t) for t in self.multiverse.choices.get("threshold", ()) if t != "nan"]

    @cached_property
    def influence(self) -> list[Row]:
        """The choices, those that explain most first."""
        return self.multiverse.influence().to_dicts()

    @property
    def top(self) -> float:
        """Upper end of the curve, under title and legend."""
        return 26 + self.size.legend * len(self.verdicts) + 12

    @cached_property
    def verdicts(self) -> dict[str, float]:
        """The share of all analyses that end in each verdict, where any does."""
        return {v: share for v, share in self.multiverse.verdicts().items() if share}

    @property
    def drawn(self) -> list[str]:
        """The verdicts that can be drawn."""
        return [verdict for verdict in self.verdicts if verdict in LOOKS]

    @cached_property
    def options(self) -> list[tuple[str, str, float]]:
        """Choice, option and height of each row of the lower part."""
        found, y = [], self.top + self.size.curve + (44 if self.width == "narrow" else 34)
        for row in self.influence:
            y += self.size.step if self.width == "narrow" else 0
            for option in row["options"]:
                found.append((row["choice"], option, y))
                y += self.size.step
            y += self.size.gap
        return found

    @property
    def bottom(self) -> float:
        return self.options[-1][2] + 14 if self.options else self.top + self.size.curve + 20

    def x(self, i: int) -> float:
        """Where an analysis stands."""
        return self.size.left + self.size.across * (i + 0.5) / self.shown.height

    def y(self, points: float) -> float:
        """Where a difference stands."""
        first, last = self.axis.domain
        inside = min(max(points, first), last)
        return self.top + self.size.curve * (last - inside) / (last - first)
