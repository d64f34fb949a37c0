"""An axis: its ends and ticks, its title, and the numbers along it as words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import altair as alt

from reprieve.errors import InputError
from reprieve.figures import text

Transform = Literal["exp"] | None
"""How effects are shown: as they are, or, for logarithms of ratios, as ratios."""
Favours = tuple[str, str] | None
"""Whom effects on the left favour, and whom those on the right."""
Bounds = tuple[float, float]

_MOST = 7


@dataclass(frozen=True)
class EffectAxis:
    """An axis of effects on the scale on which they are pooled.

    Attributes
    ----------
    low, high : float
        What it must show; it ends in the next ticks beyond.
    name : str
        Of the effect, with its unit.
    transform : {"exp"} or None
        ``exp`` labels logarithms as ratios, so that the axis is logarithmic.
    favours : tuple of str, optional
        Names of the sides.
    digits : int, optional
        Decimals of effects; by default as the ends of the axis call for.

    Examples
    --------
    >>> axis = EffectAxis(-1.6, 0.5, "Risk ratio", "exp")
    >>> [axis.label(tick) for tick in axis.ticks]
    ['0.2', '0.3', '0.5', '0.7', '1', '1.5', '2']
    >>> axis.effect(-0.7145, (-1.07, -0.36))
    '0.49 (0.34 to 0.70)'
    """

    low: float
    high: float
    name: str = "Effect"
    transform: Transform = None
    favours: Favours = None
    digits: int | None = None

    def __post_init__(self) -> None:
        if self.transform not in (None, "exp"):
            raise InputError(
                f'transform must be None, or "exp" for logarithms of ratios; it was '
                f"{self.transform!r}"
            )
        if self.favours is not None and len(self.favours) != 2:
            raise InputError(
                "favours must be two names, of the left and of the right side; it was "
                f"{self.favours!r}"
            )

    @cached_property
    def ticks(self) -> list[float]:
        """Where its ticks stand, rising; at least three."""
        if self.transform is None:
            return _even(self.low, self.high)
        return [math.log(ratio) for ratio in _ratios(math.exp(self.low), math.exp(self.high))]

    @property
    def domain(self) -> Bounds:
        """Its ends."""
        return self.ticks[0], self.ticks[-1]

    def inside(self, bounds: Bounds) -> Bounds:
        """The part of an interval that it shows."""
        return max(bounds[0], self.domain[0]), min(bounds[1], self.domain[1])

    # -- words

    def label(self, tick: float) -> str:
        """What a tick says."""
        if self.transform == "exp":
            return f"{math.exp(tick):.3g}" if tick < math.log(1000) else f"{math.exp(tick):,.0f}"
        step = self.ticks[1] - self.ticks[0]
        return text.number(tick, max(0, -math.floor(math.log10(step) + 1e-9)))

    def number(self, value: float) -> str:
        """An effect as it is read."""
        if self.transform == "exp":
            ratio = math.exp(min(value, 700.0))
            digits = sum(ratio < least for least in (100, 10, 0.1))
            return f"{ratio:,.{digits}f}"
        return text.number(value, self._decimals)

    @cached_property
    def _decimals(self) -> int:
        if self.digits is not None:
            return self.digits
        reach = max(abs(end) for end in self.domain)
        return min(max(2 - math.floor(math.log10(reach)), 0), 4)

    def interval(self, bounds: Bounds) -> str:
        """An interval as it is read."""
        return f"{self.number(bounds[0])} to {self.number(bounds[1])}"

    def effect(self, estimate: float, bounds: Bounds) -> str:
        """An estimate with its interval."""
        return f"{self.number(estimate)} ({self.interval(bounds)})"

    @property
    def direction(self) -> str:
        """Which side is which; empty where nobody said."""
        return "" if self.favours is None else "← favours {} · favours {} →".format(*self.favours)

    # -- for charts with axes of their own

    def x(self, field: str, **scale: Any) -> alt.X:
        """A place along the axis, lying; `scale` is handed on."""
        return alt.X(f"{field}:Q", **self._look(scale))

    def y(self, field: str, **scale: Any) -> alt.Y:
        """A place along the axis, standing."""
        return alt.Y(f"{field}:Q", **self._look(scale))

    def _look(self, scale: dict[str, Any]) -> dict[str, Any]:
        shown = "exp(datum.value)" if self.transform == "exp" else "datum.value"
        kind = ".3~r" if self.transform == "exp" else "~"
        return {
            "scale": alt.Scale(domain=list(self.domain), nice=False, zero=False, **scale),
            "axis": alt.Axis(
                values=self.ticks,
                title=[self.name, self.direction] if self.direction else self.name,
                labelExpr=f"format({shown}, '{kind}')",
            ),
        }


def _even(low: float, high: float) -> list[float]:
    """Round numbers at even steps from below `low` to above `high`."""
    size = max(abs(low), abs(high))
    if high - low <= max(1e-9 * size, 1e-200):
        half = 0.5 * (size if size > 1e-200 else 1.0)
        low, high = low - half, high + half
    power = math.floor(math.log10((high - low) / _MOST))
    step = next(
        m * 10.0**e
        for e in (power, power + 1)
        for m in (1, 2, 5)
        if (high - low) / (m * 10.0**e) <= _MOST
    )
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if last - first < 2:
        last += 1
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def _ratios(low: float, high: float) -> list[float]:
    """Round ratios from below `low` to above `high`."""
    if high / low < 4:
        ticks = _even(low, high)
        if ticks[0] > 0:
            return ticks
    first, last = math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1
    grids = [
        [m * 10.0**e for e in range(first, last + 1) if e % every == 0 for m in mantissas]
        for every, mantissas in (
            (1, (1, 1.5, 2, 3, 5, 7)),
            (1, (1, 2, 5)),
            (1, (1, 3)),
            (1, (1,)),
            (2, (1,)),
            (5, (1,)),
            (25, (1,)),
        )
    ]
    for grid in grids:
        below = [g for g in grid if g <= low * (1 + 1e-9)] or [grid[0]]
        above = [g for g in grid if g >= high * (1 - 1e-9)] or [grid[-1]]
        ticks = [g for g in grid if below[-1] <= g <= above[0]]
        if len(ticks) <= _MOST:
            break
    return ticks
