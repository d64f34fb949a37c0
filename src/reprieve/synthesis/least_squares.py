"""Weighted least squares on a batch of data sets: what every estimator of τ² is made of.

With weights *a*, `P = A − AX(XᵀAX)⁻¹XᵀA` gives residual sums of squares `yᵀPy`, and the traces
of `P` and its products say what to expect of them. Everything here works on arrays whose first
axis runs over data sets and whose last axis runs over studies; nothing of size k × k is made.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Residuals(NamedTuple):
    """Quadratic forms of the data in `P`, one value per data set."""

    yPy: Array  # noqa: N815 - as on paper
    yPPy: Array  # noqa: N815
    yPPPy: Array  # noqa: N815


class LeastSquares:
    """A batch of n data sets of k studies on one design, or on a design each.

    Parameters
    ----------
    y, v : ndarray, shape (n, k)
        Estimates and their sampling variances.
    X : ndarray, shape (k, p) or (n, k, p), optional
        Design matrix; an intercept alone when not given.
    used : ndarray of bool, shape (n, k), optional
        The studies that count in each data set; all of them when not given.

    Notes
    -----
    The design is replaced by an orthonormal basis of its columns, which changes neither the
    residuals nor `P` and spares the digits that a moderator such as the calendar year would
    cost. Data sets on which the design has lost rank (`rank_lost`) give numbers without meaning;
    callers overwrite them with NaN.

    Examples
    --------
    >>> batch = LeastSquares(np.array([[1.0, 2.0, 4.0]]), np.array([[1.0, 1.0, 2.0]]))
    >>> batch.projection(1 / batch.v).residuals().yPy
    array([3.])
    """

    def __init__(
        self, y: Array, v: Array, X: Array | None = None, used: NDArray[np.bool_] | None = None
    ) -> None:
        n, k = y.shape
        self.used = used
        if used is None:
            self.y, self.v = y, v
            self.k: Any = k
        else:
            self.y, self.v = np.where(used, y, 0.0), np.where(used, v, 1.0)
            self.k = used.sum(axis=-1).astype(float)
        self.p = 1 if X is None else X.shape[-1]
        self.df = self.k - self.p
        # the log-determinant of XᵀX, which the full restricted likelihood holds
        self.logdet_XX: Any
        if X is None:
            self.basis: Array | None = None
            self.rank_lost = self.k < 1 if used is not None else np.zeros(n, dtype=bool)
            with np.errstate(divide="ignore"):
                self.logdet_XX = np.log(self.k)
        else:
            self._set_design(X, n)

    def _set_design(self, X: Array, n: int) -> None:
        if self.used is not None:
            X = np.where(self.used[..., None], X, 0.0)
        basis, R = np.linalg.qr(X)
        size = np.abs(np.diagonal(R, axis1=-2, axis2=-1))
        # a column that the others explain leaves nothing of itself
        lost = (size <= 1e-10 * np.linalg.norm(X, axis=-2)).any(axis=-1)
        self.rank_lost = np.broadcast_to(lost | (np.asarray(self.k) < self.p), (n,))
        with np.errstate(divide="ignore"):
            self.logdet_XX = 2 * np.log(size).sum(axis=-1)
        self.basis, self.R = basis, R
        # one row of products per study: XᵀAX is then a plain matrix product with the weights
        self.products = (basis[..., :, None] * basis[..., None, :]).reshape(*basis.shape[:-1], -1)

    def take(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> LeastSquares:
        """The batch of the `chosen` data sets alone."""
        part = object.__new__(LeastSquares)
        part.__dict__.update(self.__dict__)
        part.y, part.v, part.rank_lost = self.y[chosen], self.v[chosen], self.rank_lost[chosen]
        if self.used is not None:
            part.used = self.used[chosen]
            part.k, part.df = self.k[chosen], self.df[chosen]
        if np.ndim(self.logdet_XX):
            part.logdet_XX = self.logdet_XX[chosen]
        if self.basis is not None and self.basis.ndim == 3:
            part.basis, part.R = self.basis[chosen], self.R[chosen]
            part.products = self.products[chosen]
        return part

    def weights(self, variance: Array | float) -> Array:
        """One over `variance`, zero for studies that do not count."""
        weights = np.broadcast_to(1.0 / variance, self.y.shape)
        return weights if self.used is None else np.where(self.used, weights, 0.0)

    def projection(self, a: Array) -> Projection:
        """`P` for weights `a`, shape (n, k)."""
        return Projection(self, a)


class Projection:
    """`P = A − AX(XᵀAX)⁻¹XᵀA` of each data set of a batch, never written out.

    Attributes
    ----------
    a : ndarray, shape (n, k)
        The weights.
    total : ndarray, shape (n,)
        Their sums.
    """

    def __init__(self, batch: LeastSquares, a: Array) -> None:
        self.batch, self.a = batch, a
        self.total = _sum(a)
        if batch.basis is None:
            self._divisor = np.where(self.total > 0, self.total, 1.0)
        else:
            self._XAX = self._cross(a)
            if batch.rank_lost.any():
                self._XAX[batch.rank_lost] = np.eye(batch.p)
            self._inverse = 1.0 / self._XAX if batch.p == 1 else np.linalg.inv(self._XAX)

    def _cross(self, a: Array) -> Array:
        """`XᵀAX` for weights a, shape (n, p, p)."""
        products, p = self.batch.products, self.batch.p
        flat = a @ products if products.ndim == 2 else np.einsum("nk,nkq->nq", a, products)
        return np.asarray(flat.reshape(len(a), p, p))

    def _project(self, a: Array) -> Array:
        """`Xᵀa`, shape (n, p)."""
        basis = self.batch.basis
        assert basis is not None
        flat = a @ basis if basis.ndim == 2 else np.einsum("nk,nkp->np", a, basis)
        return np.asarray(flat)

    def coefficients(self, variance: Array | None = None) -> tuple[Array, Array]:
        """Coefficients `(XᵀAX)⁻¹XᵀAy`, shape (n, p), and their covariance, shape (n, p, p).

        The variances of `y` are one over the weights, or `variance` where given, shape (n, k).
        """
        batch, a = self.batch, self.a
        if batch.basis is None:
            beta = (_sum(a, batch.y) / self._divisor)[:, None]
            inverse = (1.0 / self._divisor)[:, None, None]
            if variance is None:
                return beta, inverse
            return beta, np.asarray(inverse**2 * _sum(a * a, variance)[:, None, None])
        beta = np.einsum("npq,nq->np", self._inverse, self._project(a * batch.y))
        cov = self._inverse
        if variance is not None:
            cov = cov @ self._cross(a * a * variance) @ cov
        # back from the orthonormal basis to the columns of the design
        R = batch.R
        if batch.rank_lost.any():
            R = np.where(batch.rank_lost[:, None, None], np.eye(batch.p), R)
        back = np.linalg.inv(R)
        beta = np.asarray(np.einsum("...pq,...q->...p", back, beta))
        return beta, np.asarray(back @ cov @ np.swapaxes(back, -1, -2))

    def residuals(self) -> Residuals:
        """`yᵀPy`, `yᵀPPy` and `yᵀPPPy`."""
        batch, a = self.batch, self.a
        basis = batch.basis
        if basis is None:
            r = batch.y - (_sum(a, batch.y) / self._divisor)[:, None]
        else:
            beta = np.einsum("npq,nq->np", self._inverse, self._project(a * batch.y))
            shared = basis.ndim == 2
            r = batch.y - (beta @ basis.T if shared else np.einsum("nkp,np->nk", basis, beta))
        ar = a * r
        aar = a * ar
        if basis is None:
            bend = _sum(aar) ** 2 / self._divisor
        else:
            u = self._project(aar)
            bend = np.einsum("np,npq,nq->n", u, self._inverse, u)
        return Residuals(_sum(ar, r), _sum(ar, ar), _sum(aar, ar) - bend)

    def trace(self, d: Array | None = None) -> Array:
        """Trace of `PD` for a diagonal `D`, by default the identity."""
        a = self.a
        ad = a if d is None else a * d
        if self.batch.basis is None:
            return np.asarray(_sum(ad) - _sum(a, ad) / self._divisor)
        return np.asarray(_sum(ad) - np.einsum("npq,nqp->n", self._inverse, self._cross(a * ad)))

    def trace2(self, d: Array | None = None) -> Array:
        """Trace of `PDPD` for a diagonal `D`, by default the identity."""
        a = self.a
        ad = a if d is None else a * d
        adad = ad * ad
        if self.batch.basis is None:
            middle = _sum(a, adad) / self._divisor
            return np.asarray(_sum(adad) - 2 * middle + (_sum(a, ad) / self._divisor) ** 2)
        middle = np.einsum("npq,nqp->n", self._inverse, self._cross(a * adad))
        side = self._inverse @ self._cross(a * ad)
        return np.asarray(_sum(adad) - 2 * middle + np.einsum("npq,nqp->n", side, side))

    def dense(self) -> Array:
        """`P` written out, shape (n, k, k): for the rare use that needs its eigenvalues."""
        k = self.a.shape[-1]
        X = self.batch.basis if self.batch.basis is not None else np.ones((k, 1))
        AX = self.a[..., None] * X
        inverse = 1.0 / self._divisor[:, None, None] if self.batch.basis is None else self._inverse
        return np.asarray(self.a[..., None] * np.eye(k) - AX @ inverse @ np.swapaxes(AX, -1, -2))

    def logdet(self) -> Array:
        """Log-determinant of `XᵀAX`, for the design as it was given."""
        if self.batch.basis is None:
            return np.log(self._divisor)
        return np.asarray(np.linalg.slogdet(self._XAX)[1] + self.batch.logdet_XX)


def _sum(a: Array, b: Array | None = None) -> Array:
    """Sum over studies of a, or of a times b (einsum is fastest on short last axes)."""
    return np.asarray(np.einsum("nk->n", a) if b is None else np.einsum("nk,nk->n", a, b))
