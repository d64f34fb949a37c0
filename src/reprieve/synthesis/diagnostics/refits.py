"""A fit repeated on subsets of its studies, all subsets in one batch."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import SynthesisError
from reprieve.synthesis.base import Result
from reprieve.synthesis.core import estimate, homogeneity
from reprieve.synthesis.heterogeneity import COMMON, as_batch, solve
from reprieve.synthesis.least_squares import Array


class Refits:
    """The method, test and weights of `fit` applied to n subsets of its studies.

    Parameters
    ----------
    fit : Result
        A meta-analysis or meta-regression.
    used : ndarray of bool, shape (n, k)
        The studies of each subset.

    Attributes
    ----------
    beta : ndarray, shape (n, p)
        Coefficients; NaN where a subset can't be fitted.
    cov : ndarray, shape (n, p, p)
        Their covariance, as the test of the fit scales it.
    tau2 : ndarray, shape (n,)
        NaN where it can't be estimated. A study alone gives its own estimate, its sampling
        variance and no τ², as in `meta_analysis`.
    k : ndarray, shape (n,)
        Sizes of the subsets.

    Examples
    --------
    >>> from reprieve.synthesis import meta_analysis
    >>> fit = meta_analysis(effect=[0.1, -0.4, 0.8], variance=[0.04, 0.03, 0.06], test="z")
    >>> refits = Refits(fit, np.array([[True, True, False], [False, False, True]]))
    >>> refits.beta[:, 0].round(2), refits.tau2.round(2)
    (array([-0.16,  0.8 ]), array([0.09,  nan]))
    """

    def __init__(self, fit: Result, used: NDArray[np.bool_]) -> None:
        self.common = fit.method in COMMON
        self._batch, _ = as_batch(fit.y, fit.v, fit.X, used)
        own = fit.own_weights
        self._weights = None if own is None else np.where(used, own, 0.0)
        self.k = self._batch.k
        self.tau2 = solve(self._batch, fit.method, self._weights)
        self.beta, self.cov = estimate(self._batch, self.tau2, fit.test, self._weights)
        self.scaled = fit.test in ("knha", "adhoc")
        self.alone = (self.k == 1) & (fit.X is None)
        if self.alone.any():
            which = used[self.alone].argmax(axis=1)
            self.beta[self.alone, 0] = fit.y[which]
            self.cov[self.alone, 0, 0] = fit.v[which]

    @property
    def tau2_used(self) -> Array:
        """τ² as the fits used it: zero for a study alone."""
        return np.where(self.alone, 0.0, self.tau2)

    @cached_property
    def scale(self) -> Array:
        """What the test multiplied the covariance with, shape (n,)."""
        if not self.scaled:
            return np.ones(len(self.k))
        plain = estimate(self._batch, self.tau2, "z", self._weights)[1]
        return np.where(self.alone, 1.0, self.cov[:, 0, 0] / plain[:, 0, 0])

    @cached_property
    def _homogeneity(self) -> tuple[Array, Array, Array]:
        q, df, typical = homogeneity(self._batch)
        return q, df, typical

    @property
    def Q(self) -> Array:  # noqa: N802
        """Cochran's Q of each subset."""
        return self._homogeneity[0]

    @property
    def Q_df(self) -> Array:  # noqa: N802
        """Its degrees of freedom."""
        return self._homogeneity[1]

    @property
    def I2(self) -> Array:  # noqa: N802
        """Share of the variance that lies between studies, in percent."""
        q, df, typical = self._homogeneity
        with np.errstate(all="ignore"):
            if self.common:
                return np.where(q > 0, 100 * np.maximum(0.0, (q - df) / q), 0 * q)
            return np.asarray(100 * self.tau2 / (typical + self.tau2))

    @property
    def H2(self) -> Array:  # noqa: N802
        """Total variance over sampling variance."""
        q, df, typical = self._homogeneity
        with np.errstate(all="ignore"):
            return np.asarray(q / df if self.common else 1 + self.tau2 / typical)


def check_several(fit: Result, what: str) -> None:
    """Refuse a fit of a single study."""
    if fit.k < 2:
        raise SynthesisError(
            f"{what} needs at least two studies, but the fit is of one ({fit.study[0]})"
        )
