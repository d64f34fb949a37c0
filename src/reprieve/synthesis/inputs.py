"""From what the user hands in to arrays that can be pooled, with a list of what can't."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError, SynthesisError, nearest_words
from reprieve.synthesis.least_squares import Array


@dataclass(frozen=True)
class Excluded:
    """A row that could not be used.

    Attributes
    ----------
    row : int
        Its place in the data, counted from 1.
    study : str
        Its label.
    reason : str
        Why, in a few words.
    """

    row: int
    study: str
    reason: str


@dataclass(frozen=True)
class Effects:
    """Estimates that can be pooled.

    Attributes
    ----------
    y, v : ndarray, shape (k,)
        Estimates and sampling variances.
    study : tuple of str
        Labels.
    weights : ndarray or None
        The user's own weights.
    kept : ndarray of bool, or None
        Which rows of the data these are; None when they are all.
    excluded : tuple of Excluded
        The other rows.
    """

    y: Array
    v: Array
    study: tuple[str, ...]
    weights: Array | None
    kept: NDArray[np.bool_] | None
    excluded: tuple[Excluded, ...]


def read_effects(
    data: Any,
    effect: Any,
    variance: Any = None,
    se: Any = None,
    study: Any = None,
    weights: Any = None,
) -> Effects:
    """Read estimates from columns of a data frame, or from arrays.

    Parameters
    ----------
    data : data frame, mapping of columns, or None
        Anything that narwhals reads. Names among the other arguments are its columns.
    effect, variance, se, study, weights : str or sequence
        `variance` or `se`, not both.

    Raises
    ------
    InputError
        A column that is not there, columns of different length, both or neither of `variance`
        and `se`.
    SynthesisError
        No row can be used.

    Examples
    --------
    >>> effects = read_effects(None, [0.2, None, 0.1], se=[0.1, 0.2, 0.0], study=["A", "B", "C"])
    >>> effects.study
    ('A',)
    >>> for row in effects.excluded:
    ...     print(row.row, row.study, row.reason)
    2 B effect is missing
    3 C standard error is zero
    """
    if (variance is None) == (se is None):
        raise InputError(
            "give either variance= (sampling variances) or se= (standard errors), not "
            + ("both" if se is not None else "neither")
        )
    y, bad_y = _numbers(_raw(data, effect, "effect"))
    v, bad_v = _numbers(_raw(data, variance if se is None else se, "variance or se"))
    _same_length("effect", len(y), "variance" if se is None else "se", len(v))
    own, bad_own = (None, {}) if weights is None else _numbers(_raw(data, weights, "weights"))
    if own is not None:
        _same_length("effect", len(y), "weights", len(own))
    if study is None:
        labels: Sequence[Any] = range(1, len(y) + 1)
    else:
        labels = column(data, study, "study")
        _same_length("effect", len(y), "study", len(labels))
    study_labels = tuple(map(str, labels))
    if not len(y):
        raise SynthesisError("there is no study to pool: the data hold no row")
    usable = bool((np.isfinite(y) & np.isfinite(v) & (v > 0)).all())
    if usable and own is None:
        return Effects(y, v if se is None else v * v, study_labels, None, None, ())
    name = "variance" if se is None else "standard error"
    reasons = [
        _fault("effect", y[i], bad_y.get(i), signed=True)
        or _fault(name, v[i], bad_v.get(i))
        or (_fault("weight", own[i], bad_own.get(i), zero=True) if own is not None else None)
        for i in range(len(y))
    ]
    excluded = tuple(
        Excluded(i + 1, study_labels[i], reason) for i, reason in enumerate(reasons) if reason
    )
    kept = np.array([reason is None for reason in reasons])
    if not kept.any():
        shown = "; ".join(f"row {e.row} ({e.study}): {e.reason}" for e in excluded[:5])
        more = f"; and {len(excluded) - 5} more" if len(excluded) > 5 else ""
        raise SynthesisError(f"there is no study to pool, no row can be used: {shown}{more}")
    if own is not None and not own[kept].any():
        raise SynthesisError("all weights are zero; give at least one study a positive weight")
    return Effects(
        y[kept],
        v[kept] if se is None else v[kept] ** 2,
        tuple(label for label, keep in zip(study_labels, kept, strict=True) if keep),
        None if own is None else own[kept],
        kept if excluded else None,
        excluded,
    )


def column(data: Any, name: Any, role: str) -> Any:
    """The column `name` of `data`, or `name` itself when it is not a name."""
    return _listed(_raw(data, name, role))


def _raw(data: Any, name: Any, role: str) -> Any:
    """The same, a column of a frame as narwhals' series."""
    if not isinstance(name, str):
        return name
    if data is None:
        raise InputError(f"{role} is the column {name!r}, but no data were given to hold it")
    frame = opened(data)
    if name not in (names := column_names(frame)):
        near = nearest_words(name, names)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"it has {names}"
        raise InputError(f"the data have no column {name!r} (given as {role}); {hint}")
    return frame[name] if isinstance(frame, Mapping) else frame.get_column(name)


def _listed(found: Any) -> Any:
    """A series as a list, None where missing; other columns as they are."""
    if not hasattr(found, "is_null"):
        return found
    if hasattr(found, "null_count") and not found.null_count():
        return found.to_list()
    missing = found.is_null().to_list()
    return [None if gap else value for value, gap in zip(found.to_list(), missing, strict=True)]


def column_names(data: Any) -> list[str]:
    """The columns of a data frame or mapping."""
    return list(data) if isinstance(data, Mapping) else list(_narwhals(data).columns)


def opened(data: Any) -> Any:
    """The data as narwhals reads them, for analyses that read many columns."""
    return data if data is None or isinstance(data, Mapping) else _narwhals(data)


def _narwhals(data: Any) -> Any:
    import narwhals as nw

    try:
        return nw.from_native(data, eager_only=True)
    except TypeError as error:
        raise InputError(
            f"data must be a data frame or a mapping of columns; it was {type(data).__name__}"
        ) from error


def _numbers(values: Any) -> tuple[Array, dict[int, Any]]:
    """Values as floats, NaN where missing; and, by position, those that are no numbers."""
    if hasattr(values, "is_null"):
        plain = values.dtype.is_numeric() and not values.null_count()
        values = values.to_numpy() if plain else _listed(values)
    try:
        numbers = np.array(values, dtype=float)
    except (TypeError, ValueError):
        pass
    else:
        if numbers.ndim != 1:
            raise InputError(
                f"effects and variances must be columns, but one has shape {numbers.shape}"
            )
        return numbers, {}
    numbers, bad = np.full(len(values), np.nan), {}
    for i, value in enumerate(values):
        try:
            numbers[i] = np.nan if value is None or value == "" else float(value)
        except (TypeError, ValueError):
            bad[i] = value
    return numbers, bad


def _fault(
    name: str, value: float, bad: Any, *, signed: bool = False, zero: bool = False
) -> str | None:
    """What is wrong with a value, if anything."""
    if bad is not None:
        return f"{name} is not a number: {bad!r}"
    if np.isnan(value):
        return f"{name} is missing"
    if np.isinf(value):
        return f"{name} is infinite"
    if not signed and value < 0:
        return f"{name} is negative"
    if not signed and not zero and value == 0:
        return f"{name} is zero"
    return None


def _same_length(first: str, n: int, second: str, m: int) -> None:
    if n != m:
        raise InputError(f"{first} holds {n} values but {second} {m}; they must be of one length")
