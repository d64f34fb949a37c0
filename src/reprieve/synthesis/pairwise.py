"""Pairwise meta-analysis: one pooled effect from the effects of several studies."""

from __future__ import annotations

from typing import Any

import numpy as np

from reprieve.errors import InputError
from reprieve.synthesis.core import check_test, default_test, estimate, fit_mean
from reprieve.synthesis.heterogeneity import COMMON, check_method, solve
from reprieve.synthesis.inputs import read_effects
from reprieve.synthesis.least_squares import Array, LeastSquares
from reprieve.synthesis.results import MetaAnalysis


def meta_analysis(
    data: Any = None,
    *,
    effect: Any,
    variance: Any = None,
    se: Any = None,
    study: Any = None,
    method: str = "REML",
    test: str | None = None,
    weights: Any = None,
    level: float = 0.95,
) -> MetaAnalysis:
    """Pool the effects of several studies.

    Parameters
    ----------
    data : data frame, optional
        Anything that narwhals reads (polars, pandas, pyarrow …) or a mapping of columns.
    effect : str or sequence of float
        A column of `data`, or the values: one effect per study, on a scale that may be averaged
        (logarithms for ratios).
    variance, se : str or sequence of float
        Sampling variances, or standard errors.
    study : str or sequence, optional
        Labels; the row numbers when not given.
    method : str
        Estimator of τ²: ``REML`` (default), ``ML``, ``DL``, ``PM``, ``EB``, ``HE``, ``HS``,
        ``HSk``, ``SJ``, ``PMM``, ``DLIT``, ``SJIT``, ``GENQ`` (needs `weights`); ``EE`` (or
        ``FE``) for a common effect.
    test : {"knha", "adhoc", "t", "z"}, optional
        Knapp–Hartung (default), the same but never narrower, Student's t, or normal (default for
        a common effect).
    weights : str or sequence of float, optional
        Weights to use in place of inverse variances.
    level : float
        Coverage of the intervals.

    Returns
    -------
    MetaAnalysis
        With rows that could not be used listed in `excluded`. One study alone gives its own
        estimate with a normal interval and τ² NaN.

    Raises
    ------
    InputError
        A column that is not there, or arguments that contradict each other.
    SynthesisError
        No row can be used.

    Notes
    -----
    The numbers are those of `rma(yi, vi, method=, test=)` of the R package metafor
    (Viechtbauer 2010 J Stat Softw 36:3). The maximum of the likelihood is found from the sign of
    the score on a grid and Newton steps within a bracket, so that ML and REML can neither fail
    to converge nor stop at a lesser maximum.

    Examples
    --------
    >>> trials = {
    ...     "trial": ["A", "B", "C", "D"],
    ...     "difference": [-12.0, -4.0, -9.0, -15.0],
    ...     "se": [4.0, 3.0, 5.0, 4.5],
    ... }
    >>> fit = meta_analysis(trials, effect="difference", se="se", study="trial")
    >>> round(fit.estimate, 2), [round(end, 2) for end in fit.ci]
    (-9.39, [-17.28, -1.5])
    """
    method = check_method(method)
    test = check_test(test or default_test(method))
    if not 0 < level < 1:
        raise InputError(f"level must lie between 0 and 1, such as 0.95; it was {level!r}")
    effects = read_effects(data, effect, variance, se, study, weights)
    y, v, own = effects.y, effects.v, effects.weights
    notes = fit_notes(v, effects.study, len(effects.excluded), method, test)
    if len(y) == 1:
        test = "z"
        beta, cov, tau2 = y, v[None], 0.0 if method in COMMON else float("nan")
    elif own is None:
        mean, spread, tau2 = fit_mean(y, v, method, test)
        beta, cov = np.array([mean]), np.array([[spread]])
    else:
        beta, cov, tau2 = fit_weighted(LeastSquares(y[None], v[None]), method, test, own)
    if len(y) > 1 and not cov.any():
        notes += (
            "the effects do not differ at all, so that the Knapp–Hartung interval has no width; "
            'test "adhoc" or "z" gives the interval that chance allows',
        )
    return MetaAnalysis(
        beta=beta,
        cov=cov,
        tau2=tau2,
        names=("mean effect",),
        y=y,
        v=v,
        X=None,
        study=effects.study,
        method=method,
        test=test,
        level=level,
        own_weights=own,
        excluded=effects.excluded,
        warnings=notes,
    )


def fit_weighted(
    batch: LeastSquares, method: str, test: str, own: Array | None
) -> tuple[Array, Array, float]:
    """Coefficients, their covariance and τ² of a batch of one, with the user's weights if any."""
    rows = None if own is None else own[None]
    tau2 = solve(batch, method, rows)
    beta, cov = estimate(batch, tau2, test, rows)
    return beta[0], cov[0], float(tau2[0])


def fit_notes(
    v: Array, study: tuple[str, ...], excluded: int, method: str, test: str
) -> tuple[str, ...]:
    """What a reader of a fit should know about its input."""
    notes = []
    if excluded:
        notes.append(f"{excluded} row{'s' * (excluded > 1)} could not be used; see excluded")
    repeated = len(study) - len(set(study))
    if repeated:
        notes.append(
            f"{repeated} row{'s repeat' if repeated > 1 else ' repeats'} a study label; rows are "
            "pooled as if independent (a nested random effect would not)"
        )
    if len(v) == 1:
        notes.append(
            "one study: its own estimate with a normal interval; τ² and a prediction interval "
            "can't be estimated"
        )
    elif method in COMMON and test in ("knha", "adhoc"):
        notes.append("the Knapp–Hartung test is not meant for a common-effect model")
    if v.max() >= 1e7 * v.min():
        notes.append(
            "the largest sampling variance is over ten million times the smallest; check both"
        )
    return tuple(notes)
