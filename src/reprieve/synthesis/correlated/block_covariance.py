"""The covariance of effects that share people, from what is known or guessed about correlations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError
from reprieve.synthesis.blocks import BlockDiagonal
from reprieve.synthesis.inputs import column
from reprieve.synthesis.least_squares import Array


def block_covariance(
    data: Any = None,
    *,
    variance: Any,
    study: Any,
    correlation: float | None = None,
    outcome: Any = None,
    months: Any = None,
    decay: float | None = None,
    arms: tuple[Any, Any] | None = None,
    sizes: tuple[Any, Any] | None = None,
) -> BlockDiagonal:
    """Covariance of effects of which some come from the same people: V for `multilevel`.

    The correlation of two effects of a study is a product of up to three parts: `correlation`
    where they show different outcomes, `decay` to the power of the months between them, and
    what the arms that they share contribute.

    Parameters
    ----------
    data : data frame, optional
        Holds the columns that are named.
    variance : str or sequence of float
        Sampling variances.
    study : str or sequence
        Effects of different studies are independent.
    correlation : float, optional
        Between effects with different `outcome`; where no outcome is given, between any two
        effects of a study (unless months or arms tell them apart).
    outcome : str or sequence, optional
        What each effect measures.
    months : str or sequence of float, optional
        When.
    decay : float, optional
        Correlation between measurements one month apart.
    arms : (str, str) or pair of sequences, optional
        The arms that each effect compares, first minus second.
    sizes : (str, str) or pair of sequences, optional
        People in these arms; equal when not given.

    Returns
    -------
    BlockDiagonal
        In the order of the rows, which may mix studies.

    Raises
    ------
    InputError
        Correlations that are not possible together, with the study; a correlation without what
        it is between.

    Notes
    -----
    The numbers are those of `vcalc(vi, cluster, obs, rho=, time1, phi=, grp1, grp2, w1, w2)` of
    the R package metafor, and with `correlation` alone of `impute_covariance_matrix` of
    clubSandwich.

    Examples
    --------
    Two doses against one control, and one of them again after half a year:

    >>> V = block_covariance(
    ...     variance=[0.04, 0.05, 0.06],
    ...     study=["A", "A", "A"],
    ...     arms=(["low", "high", "high"], ["saline"] * 3),
    ...     months=[6, 6, 12],
    ...     decay=0.95,
    ... )
    >>> print(V.dense(np.arange(3)).round(4))
    [[0.04   0.0224 0.018 ]
     [0.0224 0.05   0.0403]
     [0.018  0.0403 0.06  ]]
    """
    from reprieve.effects.covariance import month_correlation

    variances = np.asarray(column(data, variance, "variance"), dtype=float)
    groups = _codes(data, study, "study", len(variances))
    _check(correlation, outcome, months, decay, arms, sizes)
    measures = None if outcome is None else _codes(data, outcome, "outcome", len(variances))
    times = None if months is None else _numbers(data, months, "months", len(variances))
    pair = None if arms is None else _pair(data, arms, "arms", len(variances))
    people = None
    if sizes is not None:
        people = np.array([_numbers(data, one, "sizes", len(variances)) for one in sizes])
    rho = 1.0 if correlation is None else correlation
    alone = measures is None and times is None and pair is None
    order = np.argsort(groups, kind="stable")
    rows = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    labels, blocks = column(data, study, "study"), []
    for here in rows:
        R = np.ones((len(here), len(here)))
        if alone:
            R = np.where(np.eye(len(here)), 1.0, rho)
        if measures is not None:
            same = measures[here][:, None] == measures[here]
            R = R * np.where(same, 1.0, rho)
        if times is not None:
            assert decay is not None
            R = R * month_correlation(times[here], decay, "decay")
        try:
            blocks.append(_block(variances[here], R, pair, people, here))
        except InputError as error:
            raise InputError(f"study {labels[here[0]]!r}: {error}") from error
    return BlockDiagonal(blocks, rows)


def _block(
    v: Array,
    R: Array,
    pair: tuple[NDArray[Any], NDArray[Any]] | None,
    people: Array | None,
    here: NDArray[np.intp],
) -> Array:
    """The covariance of the effects of one study."""
    from reprieve.effects.covariance import covariance_block, study_covariance

    if pair is None:
        sd = np.sqrt(v)
        return covariance_block(v, R * np.outer(sd, sd))
    shares = np.full((2, len(v)), 0.5)
    if people is not None:
        shares = 1 / people[:, here]
        shares = shares / shares.sum(axis=0)
    return study_covariance(pair[0][here], pair[1][here], v * shares[0], v * shares[1], R)


def _check(
    correlation: float | None, outcome: Any, months: Any, decay: float | None, arms: Any, sizes: Any
) -> None:
    if (months is None) != (decay is None):
        raise InputError("months= and decay= (the correlation one month apart) belong together")
    if outcome is not None and correlation is None:
        raise InputError("outcome= needs correlation=, that between different outcomes")
    if sizes is not None and arms is None:
        raise InputError("sizes= are those of arms=, which were not given")
    if correlation is None and months is None and arms is None:
        raise InputError(
            "give correlation= (between effects of a study), months= with decay=, or arms="
        )
    if correlation is not None and outcome is None and (months is not None or arms is not None):
        raise InputError(
            "correlation= is between different outcomes where months= or arms= are given; say "
            "which effect measures what by outcome=, or leave it out"
        )


def _codes(data: Any, name: Any, role: str, n: int) -> NDArray[np.intp]:
    values = _sized(column(data, name, role), role, n)
    places: dict[Any, int] = {}
    return np.array([places.setdefault(value, len(places)) for value in values], dtype=np.intp)


def _numbers(data: Any, name: Any, role: str, n: int) -> Array:
    return np.asarray(_sized(column(data, name, role), role, n), dtype=float)


def _pair(data: Any, arms: tuple[Any, Any], role: str, n: int) -> tuple[NDArray[Any], NDArray[Any]]:
    first, second = (_sized(column(data, one, role), role, n) for one in arms)
    return np.asarray(list(first), dtype=object), np.asarray(list(second), dtype=object)


def _sized(values: Sequence[Any], role: str, n: int) -> Sequence[Any]:
    if len(values) != n:
        raise InputError(f"{role} holds {len(values)} values, but there are {n} variances")
    return values
