"""Effect sizes from events over time at risk, in one group or in two.

`add` and `to` do here for counts of events what they do in :mod:`reprieve.effects.binary`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from reprieve.effects import checks
from reprieve.effects.binary import To, needs_adding
from reprieve.effects.checks import Array
from reprieve.effects.effect import Effect


class _Rates(NamedTuple):
    """Events and time at risk of two groups."""

    x1: Array
    t1: Array
    x2: Array
    t2: Array


def _rates(
    events1: ArrayLike,
    time1: ArrayLike,
    events2: ArrayLike,
    time2: ArrayLike,
    add: float,
    to: str,
    drop00: bool,
) -> _Rates:
    t1, t2 = checks.positive("time1", time1), checks.positive("time2", time2)
    x1, x2 = np.broadcast_arrays(checks.count("events1", events1), checks.count("events2", events2))
    extra = add * needs_adding((x1 == 0) | (x2 == 0), to)
    if drop00:
        extra = np.where((x1 == 0) & (x2 == 0), np.nan, extra)
    return _Rates(x1 + extra, t1, x2 + extra, t2)


@np.errstate(divide="ignore", invalid="ignore")
def rate_ratio(
    events1: ArrayLike,
    time1: ArrayLike,
    events2: ArrayLike,
    time2: ArrayLike,
    *,
    add: float = 0.5,
    to: To = "only0",
    drop00: bool = False,
) -> Effect:
    """Logarithm of the ratio of two rates (IRR).

    Source: Cochrane Handbook 6.7.1; metafor ``escalc(measure="IRR")``.

    Parameters
    ----------
    events1, time1, events2, time2 : array_like
        Events, and the time that people were at risk, of each group.
    add, to, drop00
        What to do about zeros: see :mod:`reprieve.effects.binary`.

    Examples
    --------
    >>> effect = rate_ratio(7, 1344, 11, 1988)
    >>> print(effect.estimate.round(4), effect.variance.round(4))
    -0.0605 0.2338
    """
    x1, t1, x2, t2 = _rates(events1, time1, events2, time2, add, to, drop00)
    return Effect.of(np.log(x1 * t2 / (x2 * t1)), 1 / x1 + 1 / x2)


def rate_difference(
    events1: ArrayLike,
    time1: ArrayLike,
    events2: ArrayLike,
    time2: ArrayLike,
    *,
    add: float = 0.5,
    to: To = "only0",
    drop00: bool = False,
) -> Effect:
    """Difference of two rates (IRD).

    Source: Cochrane Handbook 6.7.1; metafor ``escalc(measure="IRD")``.

    Parameters
    ----------
    events1, time1, events2, time2 : array_like
        Events, and the time that people were at risk, of each group.
    add, to, drop00
        What to do about zeros: see :mod:`reprieve.effects.binary`.

    Examples
    --------
    >>> effect = rate_difference(7, 1344, 11, 1988)
    >>> print(effect.estimate.round(6), effect.variance.round(8))
    -0.000325 6.66e-06
    """
    x1, t1, x2, t2 = _rates(events1, time1, events2, time2, add, to, drop00)
    return Effect.of(x1 / t1 - x2 / t2, x1 / t1**2 + x2 / t2**2)


def root_rate_difference(
    events1: ArrayLike,
    time1: ArrayLike,
    events2: ArrayLike,
    time2: ArrayLike,
    *,
    add: float = 0.0,
    to: To = "only0",
    drop00: bool = False,
) -> Effect:
    """Difference of the square roots of two rates, defined for zeros as they are (IRSD).

    Source: metafor ``escalc(measure="IRSD")``.

    Parameters
    ----------
    events1, time1, events2, time2 : array_like
        Events, and the time that people were at risk, of each group.
    add, to, drop00
        What to do about zeros: see :mod:`reprieve.effects.binary`.

    Examples
    --------
    >>> effect = root_rate_difference(7, 1344, 11, 1988)
    >>> print(effect.estimate.round(5), effect.variance.round(6))
    -0.00222 0.000312
    """
    x1, t1, x2, t2 = _rates(events1, time1, events2, time2, add, to, drop00)
    return Effect.of(np.sqrt(x1 / t1) - np.sqrt(x2 / t2), 1 / (4 * t1) + 1 / (4 * t2))


@np.errstate(divide="ignore", invalid="ignore")
def rate(
    events: ArrayLike,
    time: ArrayLike,
    *,
    scale: Literal["raw", "log", "root", "freeman_tukey"] = "raw",
    add: float | None = None,
    to: To = "only0",
) -> Effect:
    """Rate of one group, raw or on a scale better fit for pooling (IR, IRLN, IRS, IRFT).

    Source: metafor ``escalc`` with measure ``"IR"`` (raw), ``"IRLN"`` (log), ``"IRS"`` (square
    root) and ``"IRFT"`` (Freeman MF, Tukey JW. Ann Math Stat 1950;21:607–611).

    Parameters
    ----------
    events, time : array_like
        Events, and the time that people were at risk.
    scale : {"raw", "log", "root", "freeman_tukey"}
        On which scale.
    add : float, optional
        What is added to events where that is needed; ½, or nothing on the last two scales,
        which are defined for zeros.
    to : {"only0", "all", "if0all", "none"}
        Where it is needed: see :mod:`reprieve.effects.binary`.

    Examples
    --------
    >>> effect = rate(7, 1400, scale="log")
    >>> print(effect.estimate.round(4), effect.variance.round(4))
    -5.2983 0.1429
    """
    checks.word("scale", scale, ("raw", "log", "root", "freeman_tukey"))
    if add is None:
        add = 0.0 if scale in ("root", "freeman_tukey") else 0.5
    t, x = checks.positive("time", time), checks.count("events", events)
    x = x + add * needs_adding(x == 0, to)
    match scale:
        case "raw":
            return Effect.of(x / t, x / t**2)
        case "log":
            return Effect.of(np.log(x / t), 1 / x)
        case "root":
            return Effect.of(np.sqrt(x / t), 1 / (4 * t))
        case "freeman_tukey":
            return Effect.of((np.sqrt(x / t) + np.sqrt((x + 1) / t)) / 2, 1 / (4 * t))
