"""Events in two groups of many trials, read from a data frame with what can't be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.inputs import Excluded, column, opened
from reprieve.synthesis.least_squares import Array


class ImpossibleCountError(InputError):
    """A number that can't be a count.

    Attributes
    ----------
    row : int
        Of the data, from 1.
    role, problem : str
        Which number, and what is wrong with it.
    """

    def __init__(self, row: int, role: str, problem: str) -> None:
        super().__init__(f"row {row}: {problem}")
        self.row, self.role, self.problem = row, role, problem


@dataclass(frozen=True, eq=False)
class Counts:
    """Events and people (or person-time) of two groups.

    Attributes
    ----------
    x1, x2 : ndarray, shape (k,)
        Events in groups 1 and 2.
    n1, n2 : ndarray, shape (k,)
        People, or person-time.
    person_time : bool
        Whether `n1` and `n2` are person-time, so that a person can have many events.
    study : tuple of str
    excluded : tuple of Excluded
    """

    x1: Array
    n1: Array
    x2: Array
    n2: Array
    person_time: bool
    study: tuple[str, ...]
    excluded: tuple[Excluded, ...] = ()

    @property
    def k(self) -> int:
        """Number of trials."""
        return len(self.study)

    @property
    def without_event(self) -> NDArray[np.bool_]:
        """Trials in which nobody has the event, or (people) everybody in both groups."""
        none: NDArray[np.bool_] = (self.x1 == 0) & (self.x2 == 0)
        if self.person_time:
            return none
        every: NDArray[np.bool_] = (self.x1 == self.n1) & (self.x2 == self.n2)
        return none | every

    def only(self, chosen: NDArray[np.bool_]) -> Counts:
        """Some of the trials."""
        return replace(
            self,
            x1=self.x1[chosen],
            n1=self.n1[chosen],
            x2=self.x2[chosen],
            n2=self.n2[chosen],
            study=tuple(s for s, keep in zip(self.study, chosen, strict=True) if keep),
        )


def read_counts(
    data: Any, study: Any, events1: Any, n1: Any, events2: Any, n2: Any, *, person_time: bool
) -> Counts:
    """Counts from columns of a data frame, or from arrays.

    Raises
    ------
    InputError
        A column is not there or of another length.
    ImpossibleCountError
        A number that can't be a count, with its row.
    SynthesisError
        No row can be used.

    Examples
    --------
    >>> counts = read_counts(None, ["A", "B"], [1, 0], [50, 40], [0, None], [25, 41],
    ...                      person_time=False)
    >>> counts.study, counts.excluded[0].reason
    (('A',), 'events2 is missing')
    """
    data = opened(data)
    size = "time" if person_time else "n"
    given = {"events1": events1, f"{size}1": n1, "events2": events2, f"{size}2": n2}
    values = {role: _numbers(column(data, name, role), role) for role, name in given.items()}
    total = len(values["events1"])
    labels = [str(i + 1) for i in range(total)] if study is None else column(data, study, "study")
    for role, some in {**values, "study": labels}.items():
        if len(some) != total:
            raise InputError(f"events1 holds {total} values but {role} {len(some)}")
    labels = tuple(map(str, labels))
    missing = {
        int(i): role
        for role, some in reversed(values.items())
        for i in np.flatnonzero(np.isnan(some))
    }
    _require_possible(values, labels, person_time)
    excluded = tuple(
        Excluded(i + 1, labels[i], f"{role} is missing") for i, role in sorted(missing.items())
    )
    keep = np.array([i not in missing for i in range(total)], dtype=bool)
    if not keep.any():
        raise SynthesisError("there is no trial to use: every row lacks a count or a group size")
    x1, size1, x2, size2 = values.values()
    every = Counts(x1, size1, x2, size2, person_time, labels, excluded)
    return every.only(keep)


def _numbers(values: Any, role: str) -> Array:
    found = np.full(len(values), np.nan)
    for i, value in enumerate(values):
        if value is None or value == "":
            continue
        try:
            found[i] = float(value)
        except (TypeError, ValueError) as error:
            problem = f"{role} is not a number: {value!r}; correct it, or leave it empty"
            raise ImpossibleCountError(i + 1, role, problem) from error
    return found


def _require_possible(values: dict[str, Array], labels: Sequence[str], person_time: bool) -> None:
    """Raise on the first count that can't be one."""
    for side in "12":
        events, people = f"events{side}", f"{'time' if person_time else 'n'}{side}"
        x, size = values[events], values[people]
        over = (x > size) & (not person_time)
        for bad, role, expected in (
            (x < 0, events, "0 or more"),
            (~np.isnan(x) & (x != np.floor(x)), events, "a whole number of events"),
            (size <= 0, people, "more than 0"),
            (np.isinf(size), people, "a finite number"),
            (over, events, "no more events than people in the group (are columns swapped?)"),
        ):
            if bad.any():
                i = int(bad.argmax())
                problem = f"{role} of study {labels[i]} is {values[role][i]:g}; expected {expected}"
                raise ImpossibleCountError(i + 1, role, problem)
