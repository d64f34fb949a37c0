"""From a formula and a data frame to a design matrix, with a reason for every row left out."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError, SynthesisError, nearest_words
from reprieve.synthesis.inputs import Effects, Excluded, column, column_names
from reprieve.synthesis.least_squares import Array

# a column that the others explain to this share of its length is taken to depend on them
_DEPENDENT = 1e-9


class Design:
    """A formula with the data that it was first applied to.

    Attributes
    ----------
    matrix : ndarray, shape (k, p)
        The design matrix of the rows that could be used.
    names : tuple of str
        Its columns.
    """

    def __init__(self, formula: str, data: Any, effects: Effects) -> None:
        self.formula = formula
        parsed = _parse(formula)
        self.variables = _variables(formula, [] if data is None else column_names(data))
        frame = _frame(data, self.variables, len(effects.y) + len(effects.excluded))
        if effects.kept is not None:
            frame = frame[effects.kept].reset_index(drop=True)
        missing = _missing(frame)
        self.present = np.asarray(~missing.any(axis=1))
        if not self.present.any():
            raise SynthesisError(
                f"no study has all moderators of {formula!r}; they are {self.variables}"
            )
        rows = np.arange(1, len(frame) + 1 + len(effects.excluded))
        if effects.kept is not None:
            rows = rows[effects.kept]
        self.excluded = tuple(
            Excluded(
                int(rows[i]),
                effects.study[i],
                "missing moderator "
                + ", ".join(n for n, m in zip(self.variables, missing[i], strict=True) if m),
            )
            for i in np.flatnonzero(~self.present)
        )
        matrix = _materialise(parsed, frame[self.present].reset_index(drop=True), formula)
        self._spec = matrix.model_spec
        self.names = tuple(str(name) for name in matrix.columns)
        self.matrix = _numbers(matrix)

    def apply(self, data: Any) -> Array:
        """The design matrix of new data, shape (n, p).

        Raises
        ------
        InputError
            A missing column or value, or a category that the fit has not seen.
        """
        rows = _length(data)
        frame = _frame(data, self.variables, rows)
        missing = _missing(frame).any(axis=1)
        if missing.any():
            row = int(np.flatnonzero(missing)[0]) + 1
            raise InputError(f"row {row} of the new data lacks a moderator of {self.formula!r}")
        return _numbers(_materialise(self._spec, frame, self.formula))


def check_rank(X: Array, names: tuple[str, ...]) -> None:
    """Refuse a design whose columns depend on one another, and say which.

    Raises
    ------
    SynthesisError
        Naming each column that the earlier ones explain, and those that explain it.

    Examples
    --------
    >>> X = np.array([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    >>> check_rank(X, ("Intercept", "random", "not_random"))
    Traceback (most recent call last):
    ...
    reprieve.errors.SynthesisError: moderators depend on one another: 'not_random' follows from
    'Intercept', 'random'; leave out one of them
    """
    length = np.linalg.norm(X, axis=0)
    faults, kept = [], list[int]()
    for j, name in enumerate(names):
        column = X[:, j] / (length[j] or 1.0)
        earlier = X[:, kept] / np.where(length[kept] > 0, length[kept], 1.0)
        share = np.linalg.lstsq(earlier, column, rcond=None)[0] if kept else np.empty(0)
        rest = np.linalg.norm(column - earlier @ share)
        if rest > _DEPENDENT:
            kept.append(j)
            continue
        causes = [names[i] for i, part in zip(kept, share, strict=True) if abs(part) > 1e-6]
        why = f"follows from {', '.join(map(repr, causes))}" if causes else "is zero everywhere"
        faults.append(f"{name!r} {why}")
    if faults:
        raise SynthesisError(
            f"moderators depend on one another: {'; '.join(faults)}; leave out one of them"
        )


_ALLOWED = (
    r"\bnp\.(?:log|log2|log10|log1p|exp|expm1|sqrt|abs|square|power|minimum|maximum)\b"
    r"|\bcontr\.\w+"
)
"""The only names with a dot that a formula may hold."""


def _parse(formula: str) -> Any:
    from formulaic import Formula  # type: ignore[import-untyped]
    from formulaic.errors import FormulaicError  # type: ignore[import-untyped]

    if not isinstance(formula, str):
        raise InputError(f'the formula must be text such as "~ age + dose"; it was {formula!r}')
    if "__" in formula:
        # factors are evaluated as Python: no way into the insides of an object
        raise InputError(f"the formula {formula!r} can't hold two underscores in a row")
    try:
        parsed = Formula(formula)
    except (FormulaicError, SyntaxError, ValueError, TypeError) as error:
        raise InputError(f"the formula {formula!r} can't be read: {_first_line(error)}") from error
    if "|" in formula:
        raise InputError(f"the formula {formula!r} has several parts; give moderators alone")
    if hasattr(parsed, "lhs"):
        raise InputError(
            f"the formula {formula!r} names an outcome; give moderators alone, such as "
            '"~ age + dose", and the outcome as effect='
        )
    return parsed


def _variables(formula: str, columns: list[str]) -> list[str]:
    """The columns that a formula uses.

    Factors are evaluated as Python, so no other name than these and formulaic's own
    transformations is let through.
    """
    from formulaic.transforms import TRANSFORMS  # type: ignore[import-untyped]

    quoted = re.findall(r"`([^`]+)`", formula)
    bare = re.sub(r"""`[^`]*`|'[^']*'|"[^"]*\"""", " ", formula)
    reached = re.search(r"\.\s*[^\W\d]\w*", re.sub(_ALLOWED, " ", bare))
    if reached:
        # an attribute could do anything, such as write a file
        raise InputError(
            f"the formula {formula!r} reaches into {reached[0].strip()!r}; it may use columns and "
            "functions such as log(dose), np.sqrt(age), C(route), bs(month, df=3)"
        )
    # names, but neither attributes (contr.sum) nor keywords (df=3)
    words = re.findall(r"(?<![\w.])[^\W\d]\w*\b(?!\s*=(?!=))", bare)
    used = dict.fromkeys([*quoted, *words])
    for name in used:
        if name not in columns and name not in TRANSFORMS and name not in ("True", "False"):
            near = nearest_words(name, columns)
            hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"it has {columns}"
            raise InputError(
                f"the formula {formula!r} uses {name!r}, which is no column of the data; {hint}"
            )
    return [name for name in used if name in columns]


def _frame(data: Any, variables: list[str], rows: int) -> Any:
    import pandas as pd  # type: ignore[import-untyped]

    columns = {name: list(column(data, name, "moderator")) for name in variables}
    for name, values in columns.items():
        if len(values) != rows:
            raise InputError(
                f"moderator {name!r} holds {len(values)} values, but there are {rows} rows"
            )
    return pd.DataFrame(columns, index=range(rows))


def _missing(frame: Any) -> NDArray[np.bool_]:
    """Which cells hold nothing, NaN or an infinite number."""
    bad = np.zeros(frame.shape, dtype=bool)
    for j, name in enumerate(frame.columns):
        bad[:, j] = frame[name].isna()
        if frame[name].dtype.kind == "f":
            bad[:, j] |= np.isinf(frame[name].to_numpy())
    return bad


def _materialise(source: Any, frame: Any, formula: str) -> Any:
    """The model matrix of a formula or of the specification of an earlier fit."""
    from formulaic.errors import (
        DataMismatchWarning,
        FormulaicError,
    )

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DataMismatchWarning)
            return source.get_model_matrix(frame, context={})
    except DataMismatchWarning as error:
        raise InputError(
            f"the new data hold a category that the fit of {formula!r} has not seen: {error}"
        ) from error
    except (FormulaicError, SyntaxError, ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"the formula {formula!r} can't be applied to the data: {_first_line(error)}"
        ) from error


def _numbers(matrix: Any) -> Array:
    return np.ascontiguousarray(matrix.to_numpy(dtype=float))


def _length(data: Any) -> int:
    if isinstance(data, Mapping):
        return len(next(iter(data.values()), ()))
    return len(data)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
