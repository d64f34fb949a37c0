"""Features of trials, from data with a row a contrast or a row an arm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.formulas import Design
from reprieve.synthesis.inputs import Effects, Excluded, column, column_names, opened
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.rows import Rows, arrange, labels_of


class TrialColumns(Mapping[str, list[Any]]):
    """Columns of the data with one value for each trial.

    Parameters
    ----------
    data : data frame or mapping of columns
    study : str or sequence
        Which trial each row of the data belongs to.
    trials : tuple of str
        The trials that are wanted, in this order.

    Raises
    ------
    InputError
        On use of a column whose values differ within a trial.

    Examples
    --------
    >>> data = {"trial": ["A", "A", "B"], "year": [1990, None, 2001]}
    >>> TrialColumns(data, "trial", ("A", "B"))["year"]
    [1990, 2001]
    """

    def __init__(self, data: Any, study: Any, trials: tuple[str, ...]) -> None:
        if data is None:
            raise InputError("the covariates are columns of the data, but no data were given")
        self._data = opened(data)
        self._trials = trials
        self.labels = labels_of(column(self._data, study, "study"))

    def __iter__(self) -> Iterator[str]:
        return iter(column_names(self._data))

    def __len__(self) -> int:
        return len(column_names(self._data))

    def __getitem__(self, name: str) -> list[Any]:
        """One value per trial; None where no row of it has one."""
        values = column(self._data, name, "covariate")
        if len(values) != len(self.labels):
            raise InputError(
                f"covariate {name!r} holds {len(values)} values, but there are "
                f"{len(self.labels)} rows"
            )
        found: dict[str | None, Any] = {}
        for label, value in zip(self.labels, values, strict=True):
            if value is None or value != value or value == "":
                continue
            if found.setdefault(label, value) != value:
                raise InputError(
                    f"covariate {name!r} is {found[label]!r} and {value!r} in study {label!r}: "
                    "what modifies effects must be one value for the whole trial, such as the "
                    "mean over its arms"
                )
        return [found.get(label) for label in self._trials]


@dataclass(frozen=True, eq=False)
class Covariates:
    """The covariates of the trials that have them all.

    Attributes
    ----------
    rows : Rows
        The contrasts of these trials.
    design : Design
        The formula, applied to a row a trial.
    columns : ndarray, shape (trials, q)
        Covariates in the order of `rows.studies`, without an intercept, about their mean.
    names : tuple of str
        Of the columns.
    centre : ndarray, shape (q,)
        The means that were taken off.
    values : dict of list
        The variables of the formula, as the trials give them.
    """

    rows: Rows
    design: Design
    columns: Array
    names: tuple[str, ...]
    centre: Array
    values: dict[str, list[Any]]

    def at(self, values: Mapping[str, list[Any]]) -> Array:
        """Columns at other values of the variables, about the same means, shape (m, q)."""
        return self._without_intercept(self.design.apply(values)) - self.centre

    def _without_intercept(self, matrix: Array) -> Array:
        return matrix[:, [j for j, name in enumerate(self.design.names) if name != "Intercept"]]


def read_covariates(formula: str, data: Any, study: Any, rows: Rows) -> Covariates:
    """Covariates of trials, and the contrasts of the trials that have them all.

    Raises
    ------
    InputError
        A formula that can't be read, a column that is not there or differs within a trial.
    SynthesisError
        No trial has all covariates, or the formula names none.
    """
    source = TrialColumns(data, study, rows.studies)
    k = len(rows.studies)
    design = Design(formula, source, Effects(np.zeros(k), np.ones(k), rows.studies, None, None, ()))
    keep = [j for j, name in enumerate(design.names) if name != "Intercept"]
    names = tuple(design.names[j] for j in keep)
    if not names:
        raise SynthesisError(f"the formula {formula!r} names no covariate; use `network` instead")
    lacking = {row.study: row.reason.replace("moderator", "covariate") for row in design.excluded}
    before = {row.row for row in rows.excluded}
    excluded = tuple(
        Excluded(i, label, lacking[label])
        for i, label in enumerate(source.labels, 1)
        if label in lacking and i not in before
    )
    columns = design.matrix[:, keep]
    centre = columns.mean(axis=0)
    flat = np.ptp(columns, axis=0) == 0
    if flat.any():
        raise SynthesisError(
            f"covariate {names[int(flat.argmax())]!r} is the same in all trials that have it, so "
            "that it can't explain why effects differ; leave it out"
        )
    values = {
        name: [value for value, used in zip(source[name], design.present, strict=True) if used]
        for name in design.variables
    }
    return Covariates(
        without(rows, lacking, excluded), design, columns - centre, names, centre, values
    )


def without(rows: Rows, lacking: Mapping[str, str], excluded: tuple[Excluded, ...]) -> Rows:
    """The contrasts of all trials but some."""
    if not lacking:
        return rows
    kept = np.array([label not in lacking for label in rows.studies])[rows.study]
    return arrange(
        [rows.studies[s] for s in rows.study[kept]],
        [rows.treatments[t] for t in rows.a[kept]],
        [rows.treatments[t] for t in rows.b[kept]],
        rows.y[kept],
        rows.v[kept],
        tuple(sorted((*rows.excluded, *excluded), key=lambda row: row.row)),
    )
