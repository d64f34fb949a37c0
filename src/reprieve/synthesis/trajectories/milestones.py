"""When relief starts, peaks and goes: times read off draws of a curve.

A time that a curve does not reach within the data is only known to lie beyond: such draws are
censored, and a quantile that falls among them is not reached.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from reprieve.synthesis.findings import Finding
from reprieve.synthesis.least_squares import Array


@dataclass(frozen=True, eq=False, repr=False)
class Milestone(Finding):
    """A time on the curve of one treatment against another.

    Attributes
    ----------
    name : str
        What it is the time of.
    treatment1, treatment2 : str
    months : float
        Median over draws with relief; infinite where it is not reached within the data, NaN
        where no draw has relief.
    ci : tuple of float
        Interval; an end that is infinite lies beyond the data.
    not_reached : float
        Share of draws with relief that don't reach it within the data.
    no_relief : float
        Share of draws in which treatment1 is at no month better than treatment2.
    reach : float
        The last month with data.
    size, size_ci : float, tuple of float
        At a peak: the difference there; else NaN.
    level : float
    """

    name: str
    treatment1: str
    treatment2: str
    months: float
    ci: tuple[float, float]
    not_reached: float
    no_relief: float
    reach: float
    size: float
    size_ci: tuple[float, float]
    level: float

    def summary(self) -> str:
        """The time in words."""
        low, high = (self._month(end) for end in self.ci)
        lines = [f"{self.name}, {self.treatment1} against {self.treatment2}"]
        lines.append(f"month {self._month(self.months)} ({100 * self.level:g} %: {low} to {high})")
        if not math.isnan(self.size):
            ends = "{:.2f} to {:.2f}".format(*self.size_ci)
            lines.append(f"difference there {self.size:.2f} ({ends})")
        if self.not_reached:
            lines.append(
                f"not reached within the data (month {self.reach:g}): "
                f"{100 * self.not_reached:.0f} % of draws"
            )
        if self.no_relief:
            lines.append(f"no relief at any month: {100 * self.no_relief:.0f} % of draws")
        return "\n".join(lines)

    def _month(self, value: float) -> str:
        if math.isnan(value):
            return "–"
        return f"beyond {self.reach:g}" if math.isinf(value) else f"{value:.2f}"


class Relief(NamedTuple):
    """Draws of the relief of one treatment over another.

    Attributes
    ----------
    grid : ndarray, shape (m,)
        Months from 0 to the end of the data.
    drawn : ndarray, shape (n, m)
        Relief: positive where the first treatment is better.
    sign : float
        What makes a difference of relief.
    names : tuple of str
    level : float
    """

    grid: Array
    drawn: Array
    sign: float
    names: tuple[str, str]
    level: float

    def peak(self) -> Milestone:
        """The month of greatest relief, and the difference there."""
        place = self.drawn.argmax(axis=1)
        top = self.drawn.max(axis=1)
        some = top > 0
        sizes = np.where(some, self.sign * top, self.sign * self.drawn[:, 1:].max(axis=1))
        return self._of("Peak of relief", np.where(some, self.grid[place], np.nan), sizes)

    def onset(self) -> Milestone:
        """The first month at which half of the peak is reached."""
        top = self.drawn.max(axis=1)
        when = _crossing(self.grid, self.drawn, 0.5 * top, np.zeros(len(top), int), rising=True)
        return self._of("Onset (half of the peak)", np.where(top > 0, when, np.nan))

    def half_life(self) -> Milestone:
        """The first month after the peak at which half of it has gone."""
        place, top = self.drawn.argmax(axis=1), self.drawn.max(axis=1)
        when = _crossing(self.grid, self.drawn, 0.5 * top, place, rising=False)
        return self._of("Half of the peak gone", np.where(top > 0, when, np.nan))

    def time_below(self, mcid: float) -> Milestone:
        """The first month after the peak with less relief than `mcid`; 0 if it never is."""
        place, top = self.drawn.argmax(axis=1), self.drawn.max(axis=1)
        when = _crossing(self.grid, self.drawn, np.full(len(top), mcid), place, rising=False)
        when = np.where(top < mcid, 0.0, when)
        return self._of(f"Relief below {mcid:g}", when)

    def _of(self, name: str, when: Array, sizes: Array | None = None) -> Milestone:
        some = ~np.isnan(when)
        tail = (1 - self.level) / 2
        shares = [tail, 0.5, 1 - tail]
        ends = [math.nan] * 3
        if some.any():
            ends = np.quantile(when[some], shares, method="lower").tolist()
        size = [math.nan] * 3 if sizes is None else np.quantile(sizes, shares).tolist()
        return Milestone(
            name,
            *self.names,
            months=ends[1],
            ci=(ends[0], ends[2]),
            not_reached=float(np.isinf(when[some]).mean()) if some.any() else math.nan,
            no_relief=float((self.drawn.max(axis=1) <= 0).mean()),
            reach=float(self.grid[-1]),
            size=size[1],
            size_ci=(size[0], size[2]),
            level=self.level,
        )


def _crossing(grid: Array, drawn: Array, height: Array, start: Array, *, rising: bool) -> Array:
    """The first month from `start` on at which a curve passes a height; infinite if it doesn't."""
    passed = drawn >= height[:, None] if rising else drawn < height[:, None]
    if not rising:  # one that falls to the height exactly has reached it
        passed |= drawn == height[:, None]
    passed &= np.arange(len(grid)) >= start[:, None]
    place = passed.argmax(axis=1)
    some = passed.any(axis=1)
    before = np.maximum(place - 1, 0)
    each = np.arange(len(drawn))
    low, high = drawn[each, before], drawn[each, place]
    gap = high - low
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where((gap != 0) & (place > start), (height - low) / gap, 1.0)
    when = grid[before] + np.clip(share, 0, 1) * (grid[place] - grid[before])
    return np.where(some, when, np.inf)
