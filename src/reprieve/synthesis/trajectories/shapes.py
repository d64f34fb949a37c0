"""Shapes: how the size of a treatment's effect unfolds over months.

The effect of a treatment at month t is its size times a form that all treatments share, 0 at
month 0 and 1 at its peak, plus (piecewise and spline) departures of its own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from reprieve.errors import UnknownWordError
from reprieve.synthesis.least_squares import Array

_STEPS = 400


class Shape(ABC):
    """A family of forms.

    Attributes
    ----------
    name : str
    labels : tuple of str
        Parameters of the form, as people read them.
    limits : ndarray, shape (q, 2)
        Of their logarithms ψ.
    horizon : float
        The last month with data.
    """

    name: str
    labels: tuple[str, ...] = ()

    def __init__(self, visits: Array) -> None:
        self.visits = np.sort(np.asarray(visits, dtype=float))
        self.horizon = float(self.visits[-1])
        self.limits = np.empty((0, 2))

    @abstractmethod
    def raw(self, months: Array, psi: Array) -> Array:
        """The form, not yet scaled."""

    def form(self, months: Array, psi: Array) -> Array:
        """The form at months: 0 at month 0, and 1 at its peak within the data."""
        months = np.asarray(months, dtype=float)
        grid = np.linspace(0.0, self.horizon, _STEPS + 1)
        return np.asarray(self.raw(months, psi) / self.raw(grid, psi).max())

    def departures(self, months: Array) -> Array:
        """Functions of which each treatment adds its own multiples, shape (m, K)."""
        return np.empty((len(months), 0))


class Constant(Shape):
    """The same from the first visit on."""

    name = "constant"

    def raw(self, months: Array, psi: Array) -> Array:
        """One after baseline."""
        return (months > 0).astype(float)


class LogLinear(Shape):
    """log(1 + t)."""

    name = "loglinear"

    def raw(self, months: Array, psi: Array) -> Array:
        """The logarithm, fast first and slower later."""
        return np.log1p(months)


class Emax(Shape):
    """t/(ET50 + t)."""

    name = "emax"
    labels = ("ET50",)

    def __init__(self, visits: Array) -> None:
        super().__init__(visits)
        self.limits = np.log([[self.visits[0] / 20, 5 * self.horizon]])

    def raw(self, months: Array, psi: Array) -> Array:
        """Half of the final size at ET50."""
        return np.asarray(months / (np.exp(psi[0]) + months))


class Exponential(Shape):
    """(1 − 2^(−t/onset)) 2^(−t/half-life): onset and wear-off."""

    name = "exponential"
    labels = ("onset", "wear-off half-life")

    def __init__(self, visits: Array) -> None:
        super().__init__(visits)
        first, last = self.visits[0], self.horizon
        self.limits = np.log([[first / 20, last], [last / 10, 30 * last]])

    def raw(self, months: Array, psi: Array) -> Array:
        """The difference of two exponentials."""
        onset, half_life = np.exp(psi)
        return np.asarray((1 - 2.0 ** (-months / onset)) * 2.0 ** (-months / half_life))


class _Basis(Shape):
    """Positive coefficients of K functions; the middle one is 1, ψ the logarithms of others."""

    knots: Array

    @abstractmethod
    def basis(self, months: Array) -> Array:
        """The functions, shape (m, K)."""

    def raw(self, months: Array, psi: Array) -> Array:
        """The weighted sum of the functions."""
        return np.asarray(self.basis(months) @ np.exp(np.insert(psi, (len(psi) + 1) // 2, 0.0)))

    def departures(self, months: Array) -> Array:
        """The same functions."""
        return self.basis(np.asarray(months, dtype=float))

    def _limit(self, count: int) -> None:
        self.limits = np.tile(np.log([1 / 8, 8.0]), (count - 1, 1))


class Piecewise(_Basis):
    """Straight lines between knots at early, middle and last visits."""

    name = "piecewise"

    def __init__(self, visits: Array) -> None:
        super().__init__(visits)
        marks = np.quantile(self.visits, [0.2, 0.6, 1.0], method="nearest")
        self.knots = np.unique(marks)
        if len(self.knots) < 3:
            distinct = np.unique(self.visits)
            self.knots = distinct[[0, len(distinct) // 2, -1]]
        middle = len(self.knots) // 2
        self.labels = tuple(
            f"month {k:g} to month {self.knots[middle]:g}"
            for i, k in enumerate(self.knots) if i != middle
        )  # fmt: skip
        self._limit(len(self.knots))

    def basis(self, months: Array) -> Array:
        """Tents over the knots; level beyond the last."""
        known = np.concatenate([[0.0], self.knots])
        tents = np.eye(len(known))[1:]
        return np.stack([np.interp(months, known, tent) for tent in tents], axis=-1)


class Spline(_Basis):
    """Quadratic B-spline with one knot within, zero at month 0."""

    name = "spline"
    labels = ("first to second coefficient", "third to second coefficient")

    def __init__(self, visits: Array) -> None:
        super().__init__(visits)
        inner = float(np.median(np.unique(self.visits[self.visits < self.horizon])))
        self.knots = np.array([0.0] * 3 + [inner] + [self.horizon] * 3)
        self._limit(3)

    def basis(self, months: Array) -> Array:
        """The B-splines but the first; level beyond the last month."""
        from scipy.interpolate import BSpline

        inside = np.clip(months, 0.0, self.horizon)
        return np.asarray(BSpline.design_matrix(inside, self.knots, 2).toarray()[:, 1:])


_NEEDED: dict[type[Shape], int] = {
    Constant: 1,
    LogLinear: 2,
    Emax: 2,
    Exponential: 3,
    Piecewise: 3,
    Spline: 4,
}
"""The shapes, the simplest first, and how many different months each needs."""

NAMES = tuple(kind.name for kind in _NEEDED)


def candidates(visits: Array) -> list[Shape]:
    """The shapes that so many different months can tell, the simplest first.

    Examples
    --------
    >>> [shape.name for shape in candidates(np.array([1.0, 3.0, 3.0]))]
    ['constant', 'loglinear', 'emax']
    """
    count = len(np.unique(visits))
    return [kind(visits) for kind, needed in _NEEDED.items() if count >= needed]


def shape_named(name: str, visits: Array) -> Shape:
    """The shape of this name, for visits at these months.

    Raises
    ------
    UnknownWordError
        There is no such shape, or too few different months for it.
    """
    possible = {shape.name: shape for shape in candidates(visits)}
    if name not in possible:
        raise UnknownWordError(
            f"shape for visits at {len(np.unique(visits))} different month(s)", name, possible
        )
    return possible[name]
