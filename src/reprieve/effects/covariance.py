"""Covariances of effects from one trial: arms that are shared, people who are measured again.

Two comparisons with the same control arm move together, since a lucky control makes both look
bad; so do two visits of the same people. An analysis that takes such effects for independent
counts people twice.

`study_covariance` makes the block of one trial for differences of anything that each arm
estimates by itself (means, log means, log odds, log risks, log rates, …), `smd_covariance` for
standardised mean differences, whose standard deviation is shared too.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reprieve.effects import checks
from reprieve.effects.checks import Array
from reprieve.errors import InputError


def month_correlation(
    months: ArrayLike, correlation: float, kind: Literal["constant", "decay"] = "constant"
) -> Array:
    """Correlations between repeated measurements of the same people.

    Source: compound symmetry, or the continuous autoregressive model of order one (Jones RH,
    Boadi-Boateng F. Biometrics 1991;47:161–175).

    Parameters
    ----------
    months : array_like, shape (k,)
        When each of the k effects was measured.
    correlation : float
        Between any two different months (``"constant"``), or between measurements one month
        apart (``"decay"``), which becomes correlation ** distance.
    kind : {"constant", "decay"}
        Whether the correlation weakens with the distance in time.

    Returns
    -------
    ndarray, shape (k, k)

    Examples
    --------
    >>> print(month_correlation([3, 6, 12], 0.9, "decay").round(3))
    [[1.    0.729 0.387]
     [0.729 1.    0.531]
     [0.387 0.531 1.   ]]
    """
    at = np.atleast_1d(checks.numbers("months", months))
    rho = checks.correlation("correlation", correlation)
    distance = np.abs(at[:, None] - at[None, :])
    if checks.word("kind", kind, ("constant", "decay")) == "constant":
        return np.where(distance == 0, 1.0, rho)
    checks.require("correlation", rho, rho >= 0, "a correlation of 0 or more, so that it can decay")
    decayed: Array = rho**distance
    return decayed


def study_covariance(
    arm1: ArrayLike,
    arm2: ArrayLike,
    variance1: ArrayLike,
    variance2: ArrayLike,
    correlation: ArrayLike = 1.0,
) -> Array:
    """Covariance matrix of the differences between arms of one trial.

    The variance of a difference is what its two arms contribute; the covariance of two
    differences is what the arms they share contribute to both.

    Source: Gleser LJ, Olkin I. Stochastically dependent effect sizes. In: Cooper H et al. (eds)
    The handbook of research synthesis and meta-analysis, 2nd ed., 2009, chapter 19; Franchini
    AJ et al. Res Synth Methods 2012;3:142–160; Cochrane Handbook 23.3.

    Parameters
    ----------
    arm1, arm2 : array_like of labels, shape (k,)
        The arms of each of the k differences: first minus second.
    variance1, variance2 : array_like, shape (k,)
        What each arm contributes to the variance: SD²/n for mean differences; for other
        measures the variance of the effect size of one group (``MNLN`` for ``ROM``, ``PLO`` for
        ``OR``, ``PLN`` for ``RR``, ``PR`` for ``RD``, ``IRLN`` for ``IRR``).
    correlation : array_like, shape (k, k), optional
        Between the months of the differences (`month_correlation`), if they differ.

    Returns
    -------
    ndarray, shape (k, k)

    Raises
    ------
    InputError
        The matrix is not positive definite; most often a difference follows from the others.

    Examples
    --------
    Two treatments with SD²/n of 4 and 5 against one control with 3:

    >>> print(study_covariance(["a", "b"], ["c", "c"], [4, 5], [3, 3]))
    [[7. 3.]
     [3. 8.]]
    """
    first, second = _labels(arm1, arm2)
    se1 = np.sqrt(checks.positive("variance1", variance1) * np.ones(len(first)))
    se2 = np.sqrt(checks.positive("variance2", variance2) * np.ones(len(first)))
    block = _shared_arms(first, second, se1, se2) * checks.correlation("correlation", correlation)
    return require_positive_definite(block)


def smd_covariance(
    arm1: ArrayLike,
    arm2: ArrayLike,
    n1: ArrayLike,
    n2: ArrayLike,
    smd: ArrayLike,
    n_total: float,
    correlation: ArrayLike = 1.0,
) -> Array:
    """Covariance matrix of the standardised mean differences of one trial.

    Source: Gleser and Olkin 2009 (see `study_covariance`), for differences in the standard
    deviation pooled over all arms, with a shared control and, by `correlation`, with several
    measurements of the same people.

    Parameters
    ----------
    arm1, arm2 : array_like of labels, shape (k,)
        The arms of each of the k differences: first minus second.
    n1, n2 : array_like, shape (k,)
        People in those arms.
    smd : array_like, shape (k,)
        The standardised mean differences.
    n_total : float
        People in all arms over which the standard deviation was pooled.
    correlation : array_like, shape (k, k), optional
        Between the months of the differences (`month_correlation`), if they differ.

    Returns
    -------
    ndarray, shape (k, k)

    Raises
    ------
    InputError
        The matrix is not positive definite.

    Examples
    --------
    >>> V = smd_covariance(["a", "b"], ["c", "c"], [25, 22], 25, [2.167, 1.3406], n_total=72)
    >>> print(V.round(4))
    [[0.1126 0.0602]
     [0.0602 0.0979]]
    """
    first, second = _labels(arm1, arm2)
    d = checks.numbers("smd", smd) * np.ones(len(first))
    se1 = np.sqrt(1 / (checks.group_size("n1", n1) * np.ones(len(first))))
    se2 = np.sqrt(1 / (checks.group_size("n2", n2) * np.ones(len(first))))
    rho = checks.correlation("correlation", correlation)
    of_sd = np.outer(d, d) * rho**2 / (2 * checks.group_size("n_total", n_total))
    return require_positive_definite(_shared_arms(first, second, se1, se2) * rho + of_sd)


def covariance_block(variances: ArrayLike, shared: ArrayLike) -> Array:
    """Covariance matrix from the variances of effects and what they share.

    Parameters
    ----------
    variances : array_like, shape (k,)
        Of the effects.
    shared : array_like, scalar or shape (k, k)
        Their covariances; the diagonal is not looked at. One number where all effects have the
        same control arm: what that arm contributes to each variance.

    Returns
    -------
    ndarray, shape (k, k)

    Raises
    ------
    InputError
        The matrix is not symmetric, or not positive definite.

    Examples
    --------
    >>> print(covariance_block([7, 8], shared=3))
    [[7. 3.]
     [3. 8.]]
    """
    diagonal = np.atleast_1d(checks.positive("variances", variances))
    block = np.broadcast_to(checks.numbers("shared", shared), (len(diagonal),) * 2).copy()
    np.fill_diagonal(block, diagonal)
    return require_positive_definite(block)


def require_positive_definite(matrix: Array) -> Array:
    """`matrix`, if it can be the covariance matrix of effects none of which follows from others.

    Raises
    ------
    InputError
        It is not symmetric, or not positive definite.

    Examples
    --------
    >>> require_positive_definite(np.array([[1.0, 2.0], [2.0, 1.0]]))
    Traceback (most recent call last):
        ...
    reprieve.errors.InputError: these covariances are not possible: ... lower the correlations
    """
    if np.isnan(matrix).any():
        raise InputError(
            "a covariance is missing (NaN); leave out the effects whose variance is not known"
        )
    if not np.allclose(matrix, matrix.T, rtol=1e-10, atol=0):
        raise InputError(
            "the covariance matrix is not symmetric; "
            "the covariance of effects i and j must stand at [i, j] and at [j, i]"
        )
    # Scaled to correlations, so that the unit of the effects does not matter.
    scale = np.sqrt(np.abs(np.diag(matrix)))
    smallest = float(np.linalg.eigvalsh(matrix / np.outer(scale, scale)).min())
    if smallest < 1e-10:
        raise InputError(
            "these covariances are not possible: the smallest eigenvalue of the correlation "
            f"matrix is {smallest:.3g}, which must be above zero. Leave out effects that follow "
            "from others (a−c is a−b plus b−c), or lower the correlations"
        )
    return matrix


def _labels(arm1: ArrayLike, arm2: ArrayLike) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    first = np.atleast_1d(np.asarray(arm1, dtype=object))
    second = np.atleast_1d(np.asarray(arm2, dtype=object))
    if first.shape != second.shape or first.ndim != 1:
        raise InputError(
            f"arm1 has shape {first.shape} and arm2 has shape {second.shape}; "
            "expected two lists with one label for each effect"
        )
    same = first == second
    if same.any():
        where = int(np.argmax(same))
        raise InputError(f"effect {where} compares arm {first[where]!r} with itself")
    return first, second


def _shared_arms(
    first: NDArray[np.object_], second: NDArray[np.object_], se1: Array, se2: Array
) -> Array:
    """Covariance through shared arms, with the sign by which an arm enters each difference."""

    def shared(a: NDArray[np.object_], b: NDArray[np.object_], se_a: Array, se_b: Array) -> Array:
        return np.where(a[:, None] == b[None, :], np.outer(se_a, se_b), 0.0)

    crossed = shared(first, second, se1, se2)
    same_side = shared(first, first, se1, se1) + shared(second, second, se2, se2)
    return same_side - crossed - crossed.T
