"""A fit, or what is needed to make one: the door of every analysis that starts from a fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.base import Result
from reprieve.synthesis.inputs import column
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.pairwise import meta_analysis
from reprieve.synthesis.results import MetaAnalysis


def given_fit(data: Any, how: dict[str, Any], least: int = 2, **default: Any) -> Result:
    """The fit that was given as `data`, or that of `meta_analysis(data, **how)`.

    Parameters
    ----------
    data : MetaAnalysis, MetaRegression or what `meta_analysis` takes
    how : dict
        The other arguments of `meta_analysis`; none with a fit.
    least : int
        Studies that the analysis needs.
    **default
        Arguments of `meta_analysis` where `how` has none.

    Examples
    --------
    >>> given_fit(None, {"effect": [0.2, 0.4], "se": [0.1, 0.1]}, method="DL").method
    'DL'
    """
    if isinstance(data, Result):
        if how:
            raise InputError(
                f"a fit was given, so that {', '.join(how)} can't be; give either a fit or data"
            )
        fit = data
    elif "effect" not in how:
        raise InputError("give a fit of meta_analysis, or data with effect= and variance= or se=")
    else:
        fit = meta_analysis(data, **(default | how))
    if fit.k < least:
        raise SynthesisError(f"this analysis needs at least {least} studies; there are {fit.k}")
    return fit


def given_mean(data: Any, how: dict[str, Any], least: int = 2, **default: Any) -> MetaAnalysis:
    """As `given_fit`, for analyses that know no moderators."""
    fit = given_fit(data, how, least, **default)
    if not isinstance(fit, MetaAnalysis):
        raise SynthesisError(
            "this analysis knows no moderators; give a fit of meta_analysis, not a meta-regression"
        )
    return fit


def aligned(fit: Result, data: Any, values: Any, role: str) -> Array:
    """Positive numbers such as sample sizes, one per study of `fit`.

    `values` may also hold those of the rows that `fit` left out.
    """
    numbers = np.asarray(column(None if isinstance(data, Result) else data, values, role), float)
    gone = [row.row - 1 for row in fit.excluded]
    if len(numbers) == fit.k + len(gone):
        numbers = np.delete(numbers, gone)
    if len(numbers) != fit.k:
        raise InputError(
            f"{role} holds {len(numbers)} values, but the fit has {fit.k} studies; give one each"
        )
    bad = np.flatnonzero(~(np.isfinite(numbers) & (numbers > 0)))
    if len(bad):
        raise InputError(
            f"{role} must be positive numbers; that of study {fit.study[bad[0]]!r} is "
            f"{numbers[bad[0]]}"
        )
    return numbers
