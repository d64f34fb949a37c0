"""Shapes of dose–response curves: effects of agents as functions of dose that are 0 at dose 0."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.rows import Index

Shape = Literal["linear", "log-linear", "emax", "spline"]
SHAPES: tuple[Shape, ...] = ("linear", "log-linear", "emax", "spline")
_FAR = 1000.0  # ED50 is sought up to so many times beyond the doses that were tested


@dataclass(frozen=True)
class Curve:
    """What is known of a curve before it is fitted.

    Attributes
    ----------
    name : str
        The agent, or the class of agents that share the curve.
    agents : tuple of str
    unit : float
        The dose that counts as one.
    tested : tuple of float
        Distinct doses above zero, ascending.
    """

    name: str
    agents: tuple[str, ...]
    unit: float
    tested: tuple[float, ...]

    @property
    def top(self) -> float:
        """The largest dose that was tested."""
        return self.tested[-1]


def plan_curves(
    doses: Mapping[str, Sequence[float]], classes: Mapping[str, str] | None, unit: float | None
) -> tuple[Curve, ...]:
    """The curves of some agents: one each, or one for the agents of a class.

    Parameters
    ----------
    doses : mapping of str to sequence of float
        Doses above zero that were tested, by agent.
    classes : mapping of str to str, optional
        The class of agents that share a curve.
    unit : float, optional
        The dose that counts as one; the smallest that was tested, curve by curve, if not given.
    """
    classes = classes or {}
    for agent in classes:
        if agent not in doses:
            raise UnknownWordError("agent of classes", agent, doses)
    if unit is not None and not 0 < unit < np.inf:
        raise InputError(f"unit is a dose above zero; it was {unit!r}")
    members: dict[str, list[str]] = {}
    for agent in doses:
        members.setdefault(classes.get(agent, agent), []).append(agent)
    made = []
    for name, agents in members.items():
        tested = sorted({dose for agent in agents for dose in doses[agent]})
        made.append(Curve(name, tuple(agents), unit or tested[0], tuple(tested)))
    return tuple(made)


@dataclass(frozen=True, eq=False)
class Curves(ABC):
    """All curves of a network, in one shape.

    Attributes
    ----------
    curves : tuple of Curve
    """

    curves: tuple[Curve, ...]

    @cached_property
    def place(self) -> dict[str, int]:
        """The curve of each agent."""
        return {agent: i for i, curve in enumerate(self.curves) for agent in curve.agents}

    @abstractmethod
    def values(self, beta: Array, curve: Index, dose: Array) -> Array:
        """Effects at doses of curves, shape (..., m), for parameters of shape (..., p)."""

    @abstractmethod
    def gradient(self, beta: Array, curve: Index, dose: Array) -> Array:
        """Their derivatives by the parameters, shape (m, p)."""

    @property
    @abstractmethod
    def names(self) -> tuple[tuple[str, str], ...]:
        """Curve and parameter, for each parameter."""


@dataclass(frozen=True, eq=False)
class LinearCurves(Curves):
    """Curves that are linear in their parameters: linear, log-linear, restricted cubic splines.

    With z = dose/unit they are βz, β log(1 + z), and a restricted cubic spline in log(1 + z).

    Attributes
    ----------
    shape : str
    knots : int
        Most knots of a spline, the outer ones at dose 0 and at the largest dose tested.
    """

    shape: Shape
    knots: int

    @cached_property
    def _terms(self) -> list[int]:
        if self.shape != "spline":
            return [1] * len(self.curves)
        return [min(self.knots - 1, len(curve.tested)) for curve in self.curves]

    @cached_property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Curve and parameter."""
        if self.shape != "spline":
            word = "per unit" if self.shape == "linear" else "per log(1 + dose/unit)"
            return tuple((curve.name, word) for curve in self.curves)
        return tuple(
            (curve.name, f"spline term {i + 1}")
            for curve, count in zip(self.curves, self._terms, strict=True)
            for i in range(count)
        )

    def values(self, beta: Array, curve: Index, dose: Array) -> Array:
        """Effects at doses of curves."""
        return np.asarray(beta @ self.gradient(beta, curve, dose).T)

    def gradient(self, beta: Array, curve: Index, dose: Array) -> Array:
        """Rows of the design."""
        made = np.zeros((len(dose), sum(self._terms)))
        first = np.cumsum([0, *self._terms])
        for i, (one, count) in enumerate(zip(self.curves, self._terms, strict=True)):
            mine = curve == i
            made[mine, first[i] : first[i + 1]] = self._basis(one, count, dose[mine])
        return made

    def _basis(self, curve: Curve, terms: int, dose: Array) -> Array:
        if self.shape == "linear":
            return (dose / curve.unit)[:, None]
        z = np.log1p(dose / curve.unit)
        if terms == 1:
            return z[:, None]
        inner = np.quantile(np.log1p(np.array(curve.tested) / curve.unit), _inside(terms + 1))
        return restricted_cubic(z, np.array([0.0, *inner, np.log1p(curve.top / curve.unit)]))


def _inside(knots: int) -> Array:
    return np.arange(1, knots - 1) / (knots - 1)


def restricted_cubic(z: Array, knots: Array) -> Array:
    """Restricted cubic spline without intercept, linear beyond the outer knots.

    Parameters
    ----------
    z : ndarray, shape (m,)
    knots : ndarray, shape (K,), ascending

    Returns
    -------
    ndarray, shape (m, K - 1)
        Harrell's truncated power basis (Regression Modeling Strategies, 2nd ed. 2015, section
        2.4.5; R's ``rms::rcs``); all columns are 0 where z is 0 and the first knot at 0.

    Examples
    --------
    >>> restricted_cubic(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0])).tolist()
    [[0.0, 0.0], [1.0, 0.25], [2.0, 1.5]]
    """
    last, before = knots[-1], knots[-2]
    made = [z]
    for knot in knots[:-2]:
        cube = [np.maximum(z - end, 0.0) ** 3 for end in (knot, before, last)]
        bend = cube[0] - cube[1] * (last - knot) / (last - before)
        bend += cube[2] * (before - knot) / (last - before)
        made.append(bend / (last - knots[0]) ** 2)
    return np.stack(made, axis=1)


@dataclass(frozen=True, eq=False)
class EmaxCurves(Curves):
    """Curves that level off: Emax · dose/(ED50 + dose).

    The parameters are the effects at the largest doses tested, which are told even where the curve
    has hardly begun to bend, then the logarithms of ED50.

    Attributes
    ----------
    common : bool
        One ED50 for all curves, or one each.
    held : ndarray of bool
        Which log ED50 stand at an end of `bounds`, for trials do not tell them.
    """

    common: bool
    held: NDArray[np.bool_]

    @classmethod
    def of(cls, curves: tuple[Curve, ...], common: bool) -> EmaxCurves:
        """Curves with ED50 that can be told.

        Raises
        ------
        SynthesisError
            Nothing has been tested at two doses.
        """
        if all(len(curve.tested) < 2 for curve in curves):
            raise SynthesisError(
                "nothing has been tested at two doses, so that no ED50 can be told; use another "
                "shape"
            )
        return cls(curves, common, np.zeros(1 if common else len(curves), dtype=bool))

    @property
    def count(self) -> int:
        """Number of curves, each with one linear parameter."""
        return len(self.curves)

    @cached_property
    def told(self) -> NDArray[np.bool_]:
        """Which log ED50 doses can tell: of a curve with one dose, only the effect at that dose."""
        if self.common:
            return np.ones(1, dtype=bool)
        return np.array([len(curve.tested) > 1 for curve in self.curves])

    @cached_property
    def ed50_place(self) -> Index:
        """Which log ED50 each curve has, by its place among the parameters."""
        own = np.zeros(self.count) if self.common else np.arange(self.count)
        return np.asarray(self.count + own, dtype=np.intp)

    @cached_property
    def tops(self) -> Array:
        """The largest dose tested of each curve."""
        return np.array([curve.top for curve in self.curves])

    @cached_property
    def bounds(self) -> Array:
        """Ends of each log ED50, shape (q, 2)."""
        ends = np.log([[c.tested[0] / _FAR, c.top * _FAR] for c in self.curves])
        if self.common:
            return np.array([[ends[:, 0].min(), ends[:, 1].max()]])
        return np.asarray(ends)

    @cached_property
    def names(self) -> tuple[tuple[str, str], ...]:
        """Curve and parameter."""
        tops = tuple((c.name, f"effect at {c.top:g}") for c in self.curves)
        if self.common:
            return (*tops, ("all", "log ED50"))
        return (*tops, *((c.name, "log ED50") for c in self.curves))

    def _parts(self, beta: Array, curve: Index, dose: Array) -> tuple[Any, Array, Any]:
        """Effect at the largest dose, that dose, and ED50 of each curve."""
        place = self.ed50_place[curve]
        # beyond these ends, which draws may leave, a curve is flat or a straight line
        low, high = self.bounds[place - self.count].T
        ed50 = np.exp(np.clip(beta[..., place], low, high))
        return beta[..., curve], self.tops[curve], ed50

    def values(self, beta: Array, curve: Index, dose: Array) -> Array:
        """Effects at doses of curves."""
        effect, top, ed50 = self._parts(beta, curve, dose)
        return np.asarray(effect * dose * (ed50 + top) / (top * (ed50 + dose)))

    def gradient(self, beta: Array, curve: Index, dose: Array) -> Array:
        """Their derivatives by effects and log ED50; zero by those that are held."""
        effect, top, ed50 = self._parts(beta, curve, dose)
        made = np.zeros((len(dose), self.count + len(self.held)))
        at = np.arange(len(dose))
        made[at, curve] = dose * (ed50 + top) / (top * (ed50 + dose))
        made[at, self.ed50_place[curve]] += (
            effect * ed50 * dose * (dose - top) / (top * (ed50 + dose) ** 2)
        )
        made[:, self.count :][:, self.held] = 0.0
        return made

    def maximum(self, beta: Array, curve: int) -> tuple[float, Array]:
        """The effect at an infinite dose, and its derivatives, shape (1, p)."""
        place = self.ed50_place[curve]
        top, ed50 = self.tops[curve], float(np.exp(beta[place]))
        row = np.zeros((1, self.count + len(self.held)))
        row[0, curve] = (ed50 + top) / top
        if not self.held[place - self.count]:
            row[0, place] = beta[curve] * ed50 / top
        return float(beta[curve] * (ed50 + top) / top), row
