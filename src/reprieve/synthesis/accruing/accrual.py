"""Trials in the order in which they came, and what their pool was after each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError
from reprieve.synthesis.core import fit_batch
from reprieve.synthesis.given import given_mean
from reprieve.synthesis.inputs import column
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.results import MetaAnalysis, Result


@dataclass(frozen=True)
class Accrual:
    """The studies of a fit, oldest first.

    Attributes
    ----------
    fit : MetaAnalysis
        Of all of them.
    y, v : ndarray, shape (k,)
    study : tuple of str
    places : ndarray of int, shape (k,)
        Where each of them stands in the fit.
    """

    fit: MetaAnalysis
    y: Array
    v: Array
    study: tuple[str, ...]
    places: NDArray[np.intp]

    def pooled(self) -> tuple[Array, Array]:
        """Estimate and normal standard error after each study, with τ² estimated anew."""
        so_far = np.tri(len(self.y), dtype=bool)
        fits = fit_batch(self.y, self.v, method=self.fit.method, test="z", used=so_far)
        estimate, se = fits.beta[:, 0], fits.se[:, 0]
        # one study tells nothing about τ²: it stands for itself
        estimate[0], se[0] = self.y[0], self.v[0] ** 0.5
        return estimate, se


def in_order(data: Any, order: Any, how: dict[str, Any]) -> Accrual:
    """The studies of a fit, or of data that are fitted first, sorted by `order`.

    Parameters
    ----------
    data : MetaAnalysis or what `meta_analysis` takes
    order : str, sequence or None
        Dates, years or any other values that sort, one per row of the data or per study of the
        fit. The order of the rows when None; ties keep it.
    how : dict
        The other arguments of `meta_analysis`; none with a fit.

    Raises
    ------
    InputError
        `order` of another length, or with values that are missing or do not sort; a fit with
        weights of the user's own.

    Examples
    --------
    >>> trials = {"year": [2020, 2012, 2016], "d": [-0.4, -0.1, -0.3], "v": [0.02, 0.05, 0.04]}
    >>> in_order(trials, "year", {"effect": "d", "variance": "v"}).study
    ('2', '3', '1')
    """
    fit = given_mean(data, how, least=1, test="z")
    if fit.own_weights is not None:
        raise InputError(
            "looks at accumulating evidence need inverse-variance weights; fit without weights="
        )
    if order is None:
        places = np.arange(fit.k)
    else:
        places = _sorted(fit, column(None if isinstance(data, Result) else data, order, "order"))
    names = tuple(fit.study[place] for place in places)
    return Accrual(fit, fit.y[places], fit.v[places], names, places)


def _sorted(fit: MetaAnalysis, order: Any) -> NDArray[np.intp]:
    values = list(order)
    gone = {row.row - 1 for row in fit.excluded}
    if gone and len(values) == fit.k + len(gone):
        values = [value for i, value in enumerate(values) if i not in gone]
    if len(values) != fit.k:
        raise InputError(
            f"order holds {len(values)} values, but {fit.k} studies were pooled; give one each"
        )
    for study, value in zip(fit.study, values, strict=True):
        if value is None or value != value:  # NaN
            raise InputError(
                f"order is missing for study {study!r}; give its date or year, or leave it out"
            )
    try:
        return np.array(sorted(range(fit.k), key=values.__getitem__), dtype=np.intp)
    except TypeError as error:
        raise InputError(
            f"the values of order do not sort ({error}); give dates, years or numbers, all of "
            "one kind"
        ) from error
