"""I² where there is more than one random effect: which level do differences come from?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from reprieve.synthesis.blocks import BlockDiagonal
from reprieve.synthesis.least_squares import Array

if TYPE_CHECKING:
    from reprieve.synthesis.correlated.multilevel_fit import MultilevelFit


def variance_shares(fit: MultilevelFit) -> dict[str, float]:
    """Share of each random effect in the total variance, in percent.

    The sampling variance of a typical row is (k − p) / tr P with P = V⁻¹ − V⁻¹X(XᵀV⁻¹X)⁻¹XᵀV⁻¹
    (Nakagawa & Santos 2012 Evol Ecol 26:1253, Cheung 2014 Psychol Methods 19:211, generalised as
    on metafor's page "I² for multilevel and multivariate models"). Where each outcome has a
    variance of its own, its share is taken among the rows of that outcome, as there.

    Returns
    -------
    dict of float
        By the name of the variance; ``"total"`` is their sum, where all rows share them.

    Examples
    --------
    >>> from reprieve.synthesis.correlated.multilevel import multilevel
    >>> data = {"y": [0.2, 0.5, 0.1, 0.9, 0.8, 0.2], "v": [0.02] * 6, "lab": [1, 1, 2, 2, 3, 3]}
    >>> fit = multilevel(data | {"id": range(6)}, effect="y", variance="v", random="lab/id")
    >>> {name: round(share, 1) for name, share in fit.I2.items()}
    {'lab': 0.0, 'lab/id': 82.6, 'total': 82.6}
    """
    diagonal = projection_diagonal(fit.model.V, fit.X)
    own = fit.own_variances
    shared = {
        term.names[0]: fit.theta[term.names[0]] for term in fit.model.terms if term not in own
    }
    if own:
        shares, every = {}, np.arange(fit.k)
        for term in own:
            inner = term.inner(every)
            for level, name in enumerate(term.names[: term.variances]):
                here = inner == level
                typical = (int(here.sum()) - 1) / float(diagonal[here].sum())
                between = fit.theta[name] + sum(shared.values())
                shares[name] = _percent(fit.theta[name], between + typical)
        return shares
    typical = (fit.k - len(fit.beta)) / float(diagonal.sum())
    whole = typical + sum(shared.values())
    shares = {name: _percent(variance, whole) for name, variance in shared.items()}
    return shares | {"total": sum(shares.values())}


def _percent(part: float, whole: float) -> float:
    return 100 * part / whole if whole > 0 else math.nan


def projection_diagonal(V: BlockDiagonal, X: Array) -> Array:
    """The diagonal of V⁻¹ − V⁻¹X(XᵀV⁻¹X)⁻¹XᵀV⁻¹, shape (n,)."""
    if V.diagonal is not None:
        WX, inverse = X / V.diagonal[:, None], 1 / V.diagonal
    else:
        WX, inverse = np.empty_like(X), np.empty(len(X))
        for rows, block in V.parts():
            W = np.linalg.inv(block)
            WX[rows], inverse[rows] = W @ X[rows], np.diag(W)
    explained = np.einsum("np,np->n", WX @ np.linalg.inv(X.T @ WX), WX)
    return np.asarray(inverse - explained)
