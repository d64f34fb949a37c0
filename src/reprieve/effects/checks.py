"""What the functions of this room demand of their input, with errors that say where it fails.

A missing value is NaN, passes every check, and makes the result missing.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reprieve.errors import InputError, UnknownWordError

Array = NDArray[np.float64]


def numbers(name: str, values: ArrayLike) -> Array:
    """`values` as an array of floats.

    Raises
    ------
    InputError
        Something in `values` is not a number.

    Examples
    --------
    >>> numbers("mean", [1, None])
    array([ 1., nan])
    """
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} holds something that is not a number ({error}); "
            "give numbers, and leave missing values empty (NaN)"
        ) from error


def require(name: str, values: Array, valid: NDArray[np.bool_], expected: str) -> Array:
    """`values`, if all of them are valid or missing.

    Raises
    ------
    InputError
        Names the first value that is not valid and where it stands.

    Examples
    --------
    >>> sd = np.array([1.0, -2.0])
    >>> require("sd", sd, sd > 0, "a positive number")
    Traceback (most recent call last):
        ...
    reprieve.errors.InputError: sd[1] is -2; expected a positive number. Correct it, or leave ...
    """
    bad = ~(valid | np.isnan(values))
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        where = f"{name}[{', '.join(map(str, index))}]" if index else name
        value = np.broadcast_to(values, bad.shape)[index]
        raise InputError(
            f"{where} is {value:g}; expected {expected}. "
            "Correct it, or leave it empty (NaN) if it is not known"
        )
    return values


def positive(name: str, values: ArrayLike) -> Array:
    """Numbers above zero, such as standard deviations or person-time."""
    found = numbers(name, values)
    return require(name, found, found > 0, "a number above zero")


def group_size(name: str, values: ArrayLike, least: int = 2) -> Array:
    """Numbers of people, at least `least` in a group."""
    found = numbers(name, values)
    return require(name, found, found >= least, f"at least {least} people")


def count(name: str, values: ArrayLike, most: Array | None = None) -> Array:
    """Numbers of events: not negative and, where `most` is given, not above it."""
    found = numbers(name, values)
    require(name, found, found >= 0, "a count, zero or more")
    if most is not None:
        require(name, found, (found <= most) | np.isnan(most), "no more events than people")
    return found


def correlation(name: str, values: ArrayLike) -> Array:
    """Correlations, from −1 to 1."""
    found = numbers(name, values)
    return require(name, found, np.abs(found) <= 1, "a correlation from -1 to 1")


def probability(name: str, values: ArrayLike) -> Array:
    """Numbers strictly between 0 and 1."""
    found = numbers(name, values)
    return require(name, found, (found > 0) & (found < 1), "a number between 0 and 1")


def ordered(**values: ArrayLike) -> tuple[Array, ...]:
    """Values of which none, along the arguments, is below the one before it.

    Raises
    ------
    InputError
        Names the first value that is below its forerunner.

    Examples
    --------
    >>> ordered(q1=2, median=1, q3=4)
    Traceback (most recent call last):
        ...
    reprieve.errors.InputError: median is 1; expected at least q1, which is 2. Correct it, ...
    """
    found = {name: numbers(name, column) for name, column in values.items()}
    shape = np.broadcast_shapes(*(column.shape for column in found.values()))
    # NaN says nothing about order: the last known value is what the next must not be below.
    floor, floor_name = np.full(shape, -np.inf), np.full(shape, "", dtype=object)
    for name, column in found.items():
        bad = column < floor
        if bad.any():
            index = tuple(int(i) for i in np.argwhere(bad)[0])
            require(
                name,
                np.broadcast_to(column, shape),
                ~bad,
                f"at least {floor_name[index]}, which is {floor[index]:g}",
            )
        floor_name = np.where(np.isnan(column), floor_name, name)
        floor = np.where(np.isnan(column), floor, column)
    return tuple(found.values())


def word(kind: str, given: str, known: Iterable[str]) -> str:
    """`given`, if it is one of the known words."""
    known = tuple(known)
    if given not in known:
        raise UnknownWordError(kind, given, known)
    return given
