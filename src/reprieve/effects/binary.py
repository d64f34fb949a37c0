"""Effect sizes from people with and without an event, in one group or in two.

Ratios are logarithms, group 1 over group 2; differences are group 1 minus group 2.

Tables with a zero have no odds ratio or risk ratio, so all functions of two groups take:

add : float
    What is added to every cell of a table that needs it.
to : {"only0", "all", "if0all", "none"}
    Which tables need it: those with a zero; all; all if any study of the analysis (the last
    axis) has a zero; none, so that effects which can't be estimated are NaN.
drop00 : bool
    Whether tables with no event, or only events, in both groups are taken as missing.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reprieve.effects import checks
from reprieve.effects.checks import Array
from reprieve.effects.effect import Effect

To = Literal["only0", "all", "if0all", "none"]
"""Which tables are added to."""


class Table(NamedTuple):
    """Cells of 2×2 tables.

    Attributes
    ----------
    a, b : ndarray
        People of group 1 with and without the event.
    c, d : ndarray
        People of group 2 with and without the event.
    """

    a: Array
    b: Array
    c: Array
    d: Array

    @property
    def n1(self) -> Array:
        """People in group 1."""
        return self.a + self.b

    @property
    def n2(self) -> Array:
        """People in group 2."""
        return self.c + self.d

    @property
    def risk1(self) -> Array:
        """Part of group 1 with the event."""
        return self.a / self.n1

    @property
    def risk2(self) -> Array:
        """Part of group 2 with the event."""
        return self.c / self.n2


def needs_adding(zero: NDArray[np.bool_], to: str) -> NDArray[np.bool_]:
    """Which studies are added to, given which have a zero.

    Examples
    --------
    >>> needs_adding(np.array([True, False]), "if0all")
    array([ True,  True])
    """
    checks.word("to", to, ("only0", "all", "if0all", "none"))
    if to == "only0":
        return zero
    if to == "if0all":
        return np.broadcast_to(np.atleast_1d(zero).any(axis=-1, keepdims=True), zero.shape)
    return np.full(zero.shape, to == "all")


def two_by_two(
    events1: ArrayLike,
    n1: ArrayLike,
    events2: ArrayLike,
    n2: ArrayLike,
    *,
    add: float,
    to: str,
    drop00: bool,
) -> Table:
    """Checked 2×2 tables, with what `add`, `to` and `drop00` do to those that have zeros.

    Examples
    --------
    >>> table = two_by_two([0, 3], 10, [2, 4], 10, add=0.5, to="only0", drop00=False)
    >>> print(table.a, table.n1)
    [0.5 3. ] [11. 10.]
    """
    n1, n2 = checks.group_size("n1", n1, 1), checks.group_size("n2", n2, 1)
    a, c = checks.count("events1", events1, n1), checks.count("events2", events2, n2)
    cells = np.stack(np.broadcast_arrays(a, n1 - a, c, n2 - c))
    zero = (cells == 0).any(axis=0)
    if drop00:
        alike = ((cells[0] == 0) & (cells[2] == 0)) | ((cells[1] == 0) & (cells[3] == 0))
        cells = np.where(alike, np.nan, cells)
    return Table(*(cells + add * needs_adding(zero, to)))


# Two groups ----------------------------------------------------------------------------------


@np.errstate(divide="ignore", invalid="ignore")
def odds_ratio(
    events1: ArrayLike,
    n1: ArrayLike,
    events2: ArrayLike,
    n2: ArrayLike,
    *,
    add: float = 0.5,
    to: To = "only0",
    drop00: bool = False,
) -> Effect:
    """Logarithm of the odds ratio (OR).

    Source: Cochrane Handbook 10.4; metafor ``escalc(measure="OR")``.

    Parameters
    ----------
    events1, n1, events2, n2 : array_like
        People with the event, and all people, of each group.
    add, to, drop00
        What to do about zeros: see the top of this module.

    Examples
    --------
    >>> effect = odds_ratio(4, 123, 11, 139)
    >>> print(effect.estimate.round(4), effect.variance.round(4))
    -0.9387 0.3571
    """
    t = two_by_two(events1, n1, events2, n2, add=add, to=to, drop00=drop00)
    return Effect.of(np.log(t.a * t.d / (t.b * t.c)), 1 / t.a + 1 / t.b + 1 / t.c + 1 / t.d)


@np.errstate(divide="ignore", invalid="ignore")
def risk_ratio(
    events1: ArrayLike,
    n1: ArrayLike,
    events2: ArrayLike,
    n2: ArrayLike,
    *,
    add: float = 0.5,
    to: To = "only0",
    drop00: bool = False,
) -> Effect:
    """Logarithm of the risk ratio (RR).

    Source: Cochrane Handbook 10.4; metafor ``escalc(measure="RR")``.

    Parameters
    ----------
    events1, n1, events2, n2 : array_like
        People with the event, and all people, of each group.
    add, to, drop00
        What to do about zeros: see the top of this module.

    Examples
    --------
    >>> effect = risk_ratio(4, 123, 11, 139)
    >>> print(effect.estimate.round(4), effect.variance.round(4))
    -0.8893 0.3256
    """
    t = two_by_two(events1, n1, events2, n2, add=add, to=to, drop00=drop00)
    variance = 1 / t.a - 1 / t.n1 + 1 / t.c - 1 / t.n2
    return Effect.of(np.log(t.risk1 / t.risk2), variance)


def risk_difference(
    events1: ArrayLike,
    n1: ArrayLike,
    events2: ArrayLike,
    n2: ArrayLike,
    *,
    add: float = 0.5,
    to: To = "only0",
    drop00: bool = False,
) -> Effect:
    """Difference of risks (RD).

    Source: Cochrane Handbook 10.4; metafor ``escalc(measure="RD")``.

    Parameters
    ----------
    events1, n1, events2, n2 : array_like
        People with the event, and all people, of each group.
    add, to, drop00
        What to do about zeros: see the top of this module.

    Examples
    --------
    >>> effect = risk_difference(4, 123, 11, 139)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    -0.0466 0.00078
    """
    t = two_by_two(events1, n1, events2, n2, add=add, to=to, drop00=drop00)
    variance = t.risk1 * (1 - t.risk1) / t.n1 + t.risk2 * (1 - t.risk2) / t.n2
    return Effect.of(t.risk1 - t.risk2, variance)


@np.errstate(divide="ignore", invalid="ignore")
def peto_odds_ratio(
    events1: ArrayLike,
    n1: ArrayLike,
    events2: ArrayLike,
    n2: ArrayLike,
    *,
    add: float = 0.5,
    to: To = "only0",
    drop00: bool = False,
) -> Effect:
    """Logarithm of the odds ratio by Peto's method, for rare events in groups alike in size (PETO).

    Source: Yusuf S et al. Prog Cardiovasc Dis 1985;27:335–371; Cochrane Handbook 10.4.2;
    metafor ``escalc(measure="PETO")``. The method needs no correction for a zero in one group:
    give ``to="none"`` for the estimate of the Handbook.

    Parameters
    ----------
    events1, n1, events2, n2 : array_like
        People with the event, and all people, of each group.
    add, to, drop00
        What to do about zeros: see the top of this module.

    Examples
    --------
    >>> effect = peto_odds_ratio(4, 123, 11, 139)
    >>> print(effect.estimate.round(4), effect.variance.round(4))
    -0.8604 0.2828
    """
    t = two_by_two(events1, n1, events2, n2, add=add, to=to, drop00=drop00)
    n, events = t.n1 + t.n2, t.a + t.c
    information = events * (n - events) * t.n1 * t.n2 / (n**2 * (n - 1))
    return Effect.of((t.a - events * t.n1 / n) / information, 1 / information)


def arcsine_difference(
    events1: ArrayLike,
    n1: ArrayLike,
    events2: ArrayLike,
    n2: ArrayLike,
    *,
    add: float = 0.0,
    to: To = "only0",
    drop00: bool = False,
) -> Effect:
    """Difference of arcsine-root risks, which is defined for zeros as they are (AS).

    Source: Rücker G et al. Stat Med 2009;28:721–738; metafor ``escalc(measure="AS")``.

    Parameters
    ----------
    events1, n1, events2, n2 : array_like
        People with the event, and all people, of each group.
    add, to, drop00
        What to do about zeros: see the top of this module.

    Examples
    --------
    >>> effect = arcsine_difference(4, 123, 11, 139)
    >>> print(effect.estimate.round(4), effect.variance.round(5))
    -0.1038 0.00383
    """
    t = two_by_two(events1, n1, events2, n2, add=add, to=to, drop00=drop00)
    y = np.arcsin(np.sqrt(t.risk1)) - np.arcsin(np.sqrt(t.risk2))
    return Effect.of(y, 1 / (4 * t.n1) + 1 / (4 * t.n2))


def smd_from_odds_ratio(
    events1: ArrayLike,
    n1: ArrayLike,
    events2: ArrayLike,
    n2: ArrayLike,
    *,
    distribution: Literal["logistic", "normal"] = "logistic",
    add: float = 0.5,
    to: To = "only0",
    drop00: bool = False,
) -> Effect:
    """Standardised mean difference behind an odds ratio (OR2D, OR2DL, OR2DN).

    Source: Chinn S. Stat Med 2000;19:3127–3131 (logistic: ln OR·√3/π); Cox DR, Snell EJ.
    Analysis of binary data, 1989 (normal: ln OR/1.65); metafor ``escalc`` with measure
    ``"OR2DL"`` and ``"OR2DN"``.

    Parameters
    ----------
    events1, n1, events2, n2 : array_like
        People with the event, and all people, of each group.
    distribution : {"logistic", "normal"}
        Of the scores that were cut in two.
    add, to, drop00
        What to do about zeros: see the top of this module.

    Examples
    --------
    >>> effect = smd_from_odds_ratio(4, 123, 11, 139)
    >>> print(effect.estimate.round(4), effect.variance.round(4))
    -0.5175 0.1086
    """
    checks.word("distribution", distribution, ("logistic", "normal"))
    factor = 3**0.5 / np.pi if distribution == "logistic" else 1 / 1.65
    y, variance = odds_ratio(events1, n1, events2, n2, add=add, to=to, drop00=drop00)
    return Effect.of(factor * y, factor**2 * variance)


@np.errstate(invalid="ignore", over="ignore")
def probit_difference(
    events1: ArrayLike,
    n1: ArrayLike,
    events2: ArrayLike,
    n2: ArrayLike,
    *,
    add: float = 0.5,
    to: To = "only0",
    drop00: bool = False,
) -> Effect:
    """Difference of probit risks, a standardised mean difference if scores are normal (PBIT).

    Source: Sánchez-Meca J et al. Psychol Methods 2003;8:448–467, equation 21; metafor
    ``escalc(measure="PBIT")``.

    Parameters
    ----------
    events1, n1, events2, n2 : array_like
        People with the event, and all people, of each group.
    add, to, drop00
        What to do about zeros: see the top of this module.

    Examples
    --------
    >>> effect = probit_difference(4, 123, 11, 139)
    >>> print(effect.estimate.round(4), effect.variance.round(4))
    -0.4341 0.0725
    """
    t = two_by_two(events1, n1, events2, n2, add=add, to=to, drop00=drop00)
    one, two = _probit(t.risk1, t.n1), _probit(t.risk2, t.n2)
    return Effect.of(one.estimate - two.estimate, one.variance + two.variance)


# One group -----------------------------------------------------------------------------------

Scale = Literal["raw", "log", "logit", "probit", "arcsine", "freeman_tukey"]
"""Scales for a proportion."""


@np.errstate(divide="ignore", invalid="ignore", over="ignore")
def proportion(
    events: ArrayLike,
    n: ArrayLike,
    *,
    scale: Scale = "raw",
    add: float | None = None,
    to: To = "only0",
) -> Effect:
    """Proportion of one group, raw or on a scale better fit for pooling (PR, PLN, PLO, …).

    Source: metafor ``escalc`` with measure ``"PR"`` (raw), ``"PLN"`` (log), ``"PLO"`` (logit),
    ``"PRZ"`` (probit), ``"PAS"`` (arcsine root) and ``"PFT"`` (Freeman MF, Tukey JW. Ann Math
    Stat 1950;21:607–611).

    Parameters
    ----------
    events, n : array_like
        People with the event, and all people.
    scale : {"raw", "log", "logit", "probit", "arcsine", "freeman_tukey"}
        On which scale.
    add : float, optional
        What is added to people with and without the event where that is needed; ½, or nothing
        on the last two scales, which are defined for zeros.
    to : {"only0", "all", "if0all", "none"}
        Where it is needed: see the top of this module.

    Examples
    --------
    >>> effect = proportion(16, 17, scale="logit")
    >>> print(effect.estimate.round(4), effect.variance)
    2.7726 1.0625
    """
    checks.word("scale", scale, ("raw", "log", "logit", "probit", "arcsine", "freeman_tukey"))
    if add is None:
        add = 0.0 if scale in ("arcsine", "freeman_tukey") else 0.5
    n = checks.group_size("n", n, 1)
    x = checks.count("events", events, n)
    extra = add * needs_adding((x == 0) | (x == n), to)
    x, n = x + extra, n + 2 * extra
    p = x / n
    match scale:
        case "raw":
            return Effect.of(p, p * (1 - p) / n)
        case "log":
            return Effect.of(np.log(p), 1 / x - 1 / n)
        case "logit":
            return Effect.of(np.log(x / (n - x)), 1 / x + 1 / (n - x))
        case "probit":
            return _probit(p, n)
        case "arcsine":
            return Effect.of(np.arcsin(np.sqrt(p)), 1 / (4 * n))
        case "freeman_tukey":
            below, above = np.sqrt(x / (n + 1)), np.sqrt((x + 1) / (n + 1))
            return Effect.of((np.arcsin(below) + np.arcsin(above)) / 2, 1 / (4 * n + 2))


def _probit(risk: Array, n: Array) -> Effect:
    from scipy.special import ndtri

    z = ndtri(risk)
    return Effect.of(z, 2 * np.pi * risk * (1 - risk) * np.exp(z**2) / n)
