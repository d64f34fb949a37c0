"""How pain changes with the reference treatment: what absolute curves stand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.blocks import BlockDiagonal
from reprieve.synthesis.gaussian import GaussianModel
from reprieve.synthesis.inputs import column, opened
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.rows import labels_of
from reprieve.synthesis.random_effects import Term
from reprieve.synthesis.trajectories.layout import OverVisits
from reprieve.synthesis.trajectories.shapes import Piecewise
from reprieve.synthesis.trajectories.visits import Visits


@dataclass(frozen=True)
class Response:
    """The pooled change from baseline of arms, straight between few knots.

    Attributes
    ----------
    knots : ndarray, shape (K,)
    beta, cov : ndarray, shape (K,) and (K, K)
        Change at the knots.
    tau2 : float
        Variance of the change between trials; NaN where one trial can't tell.
    studies : int
    """

    knots: Array
    beta: Array
    cov: Array
    tau2: float
    studies: int

    @property
    def horizon(self) -> float:
        """The last month with data."""
        return float(self.knots[-1])

    def at(self, months: Array) -> tuple[Array, Array]:
        """Mean change at months, and its variance."""
        B = _tents(self.knots, months)
        return B @ self.beta, np.einsum("mk,kl,ml->m", B, self.cov, B)


def _tents(knots: Array, months: Array) -> Array:
    known = np.concatenate([[0.0], knots])
    return np.stack([np.interp(months, known, tent) for tent in np.eye(len(known))[1:]], axis=-1)


def response_of_arms(visits: Visits, treatment: int) -> Response:
    """The change from baseline in the arms of one treatment."""
    arms, name = visits.arms, visits.treatments[treatment]
    if arms is None:
        raise InputError(
            "contrasts don't say how pain changes in any arm: give response= (a table of study, "
            f"month, change and se of arms with {name!r}), or fit the data of arms"
        )
    study, month, y, blocks = [], [], [], []
    for s in range(len(visits.studies)):
        rows = np.flatnonzero((arms.study == s) & (arms.treatment == treatment))
        start, later = rows[arms.month[rows] == 0], rows[arms.month[rows] > 0]
        if not len(start) or not len(later):
            continue
        both = np.concatenate([start, later])
        se = np.sqrt(arms.variance[both])
        S = np.outer(se, se) * np.where(np.eye(len(both), dtype=bool), 1.0, arms.correlation)
        L = np.hstack([-np.ones((len(later), 1)), np.eye(len(later))])
        study += [s] * len(later)
        month += arms.month[later].tolist()
        y += (L @ arms.mean[both]).tolist()
        blocks.append(L @ S @ L.T)
    if not y:
        raise SynthesisError(
            f"no trial gives {name!r} both at month 0 and later, so that its change can't be "
            "pooled; give response= (a table of study, month, change and se)"
        )
    return _pool(np.array(study), np.array(month), np.array(y), blocks)


def response_of_table(table: Any, correlation: float) -> Response:
    """The change from a table with the columns study, month, change and se."""
    table = opened(table)
    words = labels_of(column(table, "study", "response"))
    month, change, se = (
        np.asarray(column(table, name, "response"), dtype=float)
        for name in ("month", "change", "se")
    )
    sound = np.isfinite(change) & np.isfinite(se) & (se > 0) & (month > 0)
    if not sound.all() or None in words:
        row = int(np.flatnonzero(~sound)[0]) + 1 if not sound.all() else words.index(None) + 1
        raise InputError(
            f"row {row} of response= can't be used: each needs a study, a month above 0, a "
            "change and a standard error above 0"
        )
    names = list(dict.fromkeys(words))
    code = np.array([names.index(word) for word in words])
    order = np.argsort(code, kind="stable")
    blocks = []
    for s in range(len(names)):
        rows = order[code[order] == s]
        R = np.where(np.eye(len(rows), dtype=bool), 1.0, correlation)
        blocks.append(np.outer(se[rows], se[rows]) * R)
    return _pool(code[order], month[order], change[order], blocks)


def _pool(study: Array, month: Array, y: Array, blocks: list[Array]) -> Response:
    distinct = np.unique(month)
    knots = Piecewise(month).knots if len(distinct) > 3 else distinct
    X = _tents(knots, month)
    number = np.unique(study, return_inverse=True)[1]
    terms: list[Term] = []
    if number.max() and len(y) > len(knots) + 1:
        ones = BlockDiagonal([np.ones_like(block) for block in blocks])
        terms = [OverVisits(number, month, ones, "CS")]
    model = GaussianModel(y, [*blocks], X, terms)
    fit = model.fit()
    return Response(knots, fit.beta, fit.cov, fit.theta.get("tau2", np.nan), int(number.max()) + 1)
