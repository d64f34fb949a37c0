"""From contrasts as the user holds them to rows that a network can be built of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.inputs import Excluded, column, opened, read_effects
from reprieve.synthesis.least_squares import Array

Index = NDArray[np.intp]


@dataclass(frozen=True)
class Rows:
    """Contrasts between treatments, each the first minus the second treatment.

    Attributes
    ----------
    treatments : tuple of str
        All treatments, sorted without regard to case.
    studies : tuple of str
        All studies, in the order in which they come.
    study, a, b : ndarray of int, shape (m,)
        Study and treatments of each row, ``a < b``; sorted by study, then a, then b.
    y, v : ndarray, shape (m,)
        Estimates and sampling variances.
    excluded : tuple of Excluded
        Rows of the data that could not be used.
    """

    treatments: tuple[str, ...]
    studies: tuple[str, ...]
    study: Index
    a: Index
    b: Index
    y: Array
    v: Array
    excluded: tuple[Excluded, ...]


def read_rows(
    data: Any,
    study: Any,
    treatment1: Any,
    treatment2: Any,
    effect: Any,
    variance: Any = None,
    se: Any = None,
) -> Rows:
    """Contrasts from columns of a data frame, or from arrays.

    Raises
    ------
    InputError
        A column is not there or of another length; a row compares a treatment with itself.
    SynthesisError
        No row can be used.

    Examples
    --------
    >>> rows = read_rows(None, ["A", "B"], ["drug", "sham"], ["sham", "drug"], [-5, 3], se=[1, 2])
    >>> rows.treatments, rows.y
    (('drug', 'sham'), array([-5., -3.]))
    """
    data = opened(data)
    roles = {"study": study, "treatment1": treatment1, "treatment2": treatment2}
    names = {role: labels_of(column(data, given, role)) for role, given in roles.items()}
    effects = read_effects(data, effect, variance, se, names["study"])
    total = len(effects.study) + len(effects.excluded)
    for role, labels in names.items():
        if len(labels) != total:
            raise InputError(
                f"effect holds {total} values but {role} {len(labels)}; they must be of one length"
            )
    y, v, excluded = effects.y, effects.v, effects.excluded
    places = range(total) if effects.kept is None else np.flatnonzero(effects.kept).tolist()
    unnamed = {
        i: role for role, labels in names.items() if None in labels
        for i in places if labels[i] is None
    }  # fmt: skip
    if unnamed:
        excluded += tuple(
            Excluded(i + 1, names["study"][i] or "?", f"{role} is missing")
            for i, role in sorted(unnamed.items())
        )
        excluded = tuple(sorted(excluded, key=lambda each: each.row))
        keep = np.array([i not in unnamed for i in places])
        y, v, places = y[keep], v[keep], [i for i in places if i not in unnamed]
        if not len(y):
            raise SynthesisError("there is no contrast to use: rows lack a study or a treatment")
    whole = len(places) == total
    label, first, second = (
        cast("list[str]", part if whole else [part[i] for i in places]) for part in names.values()
    )
    return arrange(label, first, second, y, v, excluded, places)


def arrange(
    labels: Sequence[str],
    first: Sequence[str],
    second: Sequence[str],
    y: Array,
    v: Array,
    excluded: tuple[Excluded, ...] = (),
    places: Sequence[int] | None = None,
) -> Rows:
    """Rows in their order: first treatment before second, studies as they come.

    Parameters
    ----------
    labels, first, second : sequence of str
        Study and treatments of each row.
    y, v : ndarray, shape (m,)
    excluded : tuple of Excluded
    places : sequence of int, optional
        Where each row stands in the data, from 0, for messages.
    """
    treatments = tuple(sorted({*first, *second}, key=lambda word: (word.casefold(), word)))
    number = {name: i for i, name in enumerate(treatments)}
    of_study = {label: i for i, label in enumerate(dict.fromkeys(labels))}
    study, one, two = (
        np.fromiter(map(places_of.__getitem__, names), np.intp, len(names))
        for places_of, names in ((of_study, labels), (number, first), (number, second))
    )
    if (one == two).any():
        i = int((one == two).argmax())
        row = i if places is None else places[i]
        raise InputError(
            f"row {row + 1} (study {labels[i]!r}) compares {first[i]!r} with itself; give two "
            "different treatments, or combine the arms first"
        )
    swapped = one > two
    a, b = np.where(swapped, two, one), np.where(swapped, one, two)
    n = len(treatments)
    order = np.argsort((study * n + a) * n + b, kind="stable")
    y = np.where(swapped, -y, y)
    return Rows(
        treatments,
        tuple(of_study),
        study[order],
        a[order],
        b[order],
        y[order],
        v[order],
        excluded,
    )


def labels_of(values: Any) -> list[str | None]:
    """Names as text; None where missing.

    Codes are whole numbers, though a data frame may hold them as 2.0 beside a missing value.

    Examples
    --------
    >>> labels_of([2, 2.0, float("nan"), " sham "])
    ['2', '2', None, 'sham']
    """
    if isinstance(values, np.ndarray):
        values = values.tolist()
    words = {value: label_of(value) or None for value in set(values)}
    return [words[value] for value in values]


def label_of(value: Any) -> str:
    """One name as text; empty where missing."""
    if isinstance(value, str):
        return value.strip()
    if value is None or value != value:
        return ""
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value)
