"""Weighted least squares on a batch of data sets: what every estimator of τ² is made of.

With weights *a*, `P = A − AX(XᵀAX)⁻¹XᵀA` gives residual sums of squares `yᵀPy`, and the traces
of `P` and its products say what to expect of them. Everything here works on arrays whose first
axis runs over data sets and whose last axis runs over studies; nothing of size k × k is made.

What makes thousands of small data sets fast is memory: there are mostly more data sets than
studies, so arrays are held with the data sets side by side (Fortran order), and a sum over
studies is an addition of long columns. A study that does not count has weight zero: one over its
variance becomes zero over it, and nothing else needs to know.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_LOST = 1e-13  # what is left, of one, of a squared column that the others explain

# A large block, once freed, teaches glibc to keep freed memory at hand instead of giving it back
# to the system: arrays of a batch then cost no page faults, which took most of the time.
np.empty(3 << 20)


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

    Attributes
    ----------
    unfit : ndarray of bool, shape (n,)
        Data sets that can't be fitted: a number that is not finite, a variance that is not
        positive, a design that has lost rank. What is computed of them has no meaning; callers
        overwrite it with NaN.

    Notes
    -----
    The design is replaced by an orthonormal basis of its columns, which changes neither the
    residuals nor `P` and spares the digits that a moderator such as the calendar year would
    cost.

    Examples
    --------
    >>> batch = LeastSquares(np.array([[1.0, 2.0, 4.0]]), np.array([[1.0, 1.0, 2.0]]))
    >>> batch.projection(1 / batch.v).yPy()
    array([3.])
    """

    def __init__(
        self, y: Array, v: Array, X: Array | None = None, used: NDArray[np.bool_] | None = None
    ) -> None:
        n, k = y.shape
        self.used = used
        self.count: Array | float = 1.0
        self.k: Any = k
        if used is not None:
            self.count = np.array(used, dtype=float, order="F")
            self.k = _sum(self.count)
        self.p = 1 if X is None else X.shape[-1]
        self.df = self.k - self.p
        self.unfit = np.full(n, False) | (self.df < 0)
        sound = np.isfinite(y) & (v > 0) & (v < np.inf)
        if not sound.all():
            if used is not None:
                y, v, sound = np.where(used, y, 0.0), np.where(used, v, 1.0), sound | ~used
            self.unfit |= ~sound.all(axis=-1)
        self.y, self.v = np.asfortranarray(y), np.asfortranarray(v)
        self.logdet_unit: Any  # of XᵀX, which the full restricted likelihood holds
        if X is None:
            self.basis: Array | None = None
            with np.errstate(divide="ignore"):
                self.logdet_unit = np.log(self.k)
        else:
            self._set_design(X)

    def _set_design(self, X: Array) -> None:
        one_each = X.ndim == 3
        if one_each and self.used is not None:
            X = np.where(self.used[..., None], X, 0.0)
        if X.shape[-2] < self.p:
            basis, R = np.zeros(X.shape), np.zeros((*X.shape[:-2], self.p, self.p))
        else:
            basis, R = np.linalg.qr(X)
        size = np.abs(np.diagonal(R, axis1=-2, axis2=-1))
        # a column that the others explain leaves nothing of itself
        lost = ~(size > 1e-10 * np.linalg.norm(X, axis=-2)).all(axis=-1)
        self.unfit |= lost
        R = np.where(lost[..., None, None], np.eye(self.p), R)
        self.basis, self.R, self.logdet_unit = basis, R, 0.0
        # one row of products per study: XᵀAX is then a plain matrix product with the weights
        self.products = (basis[..., :, None] * basis[..., None, :]).reshape(*basis.shape[:-1], -1)
        if not one_each and self.used is not None:
            # a basis of the whole design serves its parts as well, but they may have lost rank
            with np.errstate(all="ignore"):
                pivots = _invert(self.cross(np.asarray(self.count)))[1]
                self.unfit |= ~(pivots > _LOST).all(axis=0)
                self.logdet_unit = np.log(pivots).sum(axis=0)

    def cross(self, a: Array) -> Array:
        """`XᵀAX` for weights a, shape (p, p, n)."""
        products = self.products
        flat = products.T @ a.T if products.ndim == 2 else np.einsum("nk,nkq->qn", a, products)
        return np.asarray(flat.reshape(self.p, self.p, len(a)))

    def project(self, a: Array) -> Array:
        """`Xᵀa`, shape (p, n)."""
        basis = self.basis
        assert basis is not None
        return np.asarray(basis.T @ a.T if basis.ndim == 2 else np.einsum("nk,nkp->pn", a, basis))

    def fitted(self, beta: Array) -> Array:
        """`Xβ`, shape (n, k), for `beta` of shape (p, n)."""
        basis = self.basis
        assert basis is not None
        fitted = (basis @ beta).T if basis.ndim == 2 else np.einsum("nkp,pn->nk", basis, beta)
        return np.asarray(fitted)

    def take(self, chosen: NDArray[np.intp] | slice) -> LeastSquares:
        """The batch of the `chosen` data sets alone."""
        part = object.__new__(LeastSquares)
        part.__dict__.update(self.__dict__)
        part.y, part.v = _columns(self.y, chosen), _columns(self.v, chosen)
        part.unfit = self.unfit[chosen]
        if self.used is not None:
            part.used = self.used[chosen]
            part.count = _columns(np.asarray(self.count), chosen)
            part.k, part.df = self.k[chosen], self.df[chosen]
        if np.ndim(self.logdet_unit):
            part.logdet_unit = self.logdet_unit[chosen]
        if self.basis is not None and self.basis.ndim == 3:
            part.basis, part.R = self.basis[chosen], self.R[chosen]
            part.products = self.products[chosen]
        return part

    def weights(self, variance: Array | float) -> Array:
        """One over `variance`, zero for studies that do not count; shape (n, k)."""
        weights = np.asarray(self.count / variance)
        return weights if weights.ndim == 2 else np.broadcast_to(weights, self.y.shape)

    def extremes(self) -> tuple[Array, Array]:
        """The smallest and the largest sampling variance of each data set."""
        return 1 / self.weights(self.v).max(axis=-1), (self.count * self.v).max(axis=-1)

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
            cross = batch.cross(a)
            if batch.unfit.any():
                cross[:, :, batch.unfit] = np.eye(batch.p)[:, :, None]
            self._inverse, self._pivots = _invert(cross)

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
        beta, cov = self._beta.T, self._inverse.transpose(2, 0, 1)
        if variance is not None:
            cov = cov @ batch.cross(a * a * variance).transpose(2, 0, 1) @ cov
        # back from the orthonormal basis to the columns of the design
        back = np.linalg.inv(batch.R)
        beta = np.asarray(np.einsum("...pq,...q->...p", back, beta))
        return beta, np.asarray(back @ cov @ np.swapaxes(back, -1, -2))

    @cached_property
    def _beta(self) -> Array:
        """Coefficients of the orthonormal basis, shape (p, n)."""
        return _times(self._inverse, self.batch.project(self.a * self.batch.y))

    @cached_property
    def _residual(self) -> Array:
        y = self.batch.y
        if self.batch.basis is None:
            return np.asarray(y - (_sum(self.a, y) / self._divisor)[:, None])
        return np.asarray(y - self.batch.fitted(self._beta))

    @cached_property
    def _Py(self) -> Array:  # noqa: N802
        return self.a * self._residual

    def yPy(self) -> Array:  # noqa: N802
        """The weighted residual sum of squares, shape (n,)."""
        return _sum(self._Py, self._residual)

    def yPPy(self) -> Array:  # noqa: N802
        """`yᵀPPy`, shape (n,)."""
        return _sum(self._Py, self._Py)

    def yPPPy(self) -> Array:  # noqa: N802
        """`yᵀPPPy`, shape (n,)."""
        aPy = self.a * self._Py
        if self.batch.basis is None:
            bend = _sum(aPy) ** 2 / self._divisor
        else:
            u = self.batch.project(aPy)
            bend = (u * _times(self._inverse, u)).sum(axis=0)
        return np.asarray(_sum(aPy, self._Py) - bend)

    @cached_property
    def _aa(self) -> Array:
        return self.a * self.a

    @cached_property
    def squares(self) -> Array:
        """Sums of the squared weights, shape (n,)."""
        return _sum(self.a, self.a)

    @cached_property
    def _XAAX(self) -> Array:  # noqa: N802
        return self.batch.cross(self._aa)

    def trace(self, d: Array | None = None) -> Array:
        """Trace of `PD` for a diagonal `D`, by default the identity; shape (n,)."""
        a = self.a
        total = self.total if d is None else _sum(a, d)
        if self.batch.basis is None:
            squares = self.squares if d is None else _sum(a, a * d)
            return np.asarray(total - squares / self._divisor)
        cross = self._XAAX if d is None else self.batch.cross(self._aa * d)
        return np.asarray(total - _sum_of_products(self._inverse, cross))

    def trace2(self, d: Array | None = None) -> Array:
        """Trace of `PDPD` for a diagonal `D`, by default the identity; shape (n,)."""
        a = self.a
        ad = a if d is None else a * d
        adad = self._aa if d is None else ad * ad
        squares = self.squares if d is None else _sum(ad, ad)
        if self.batch.basis is None:
            middle = _sum(a, adad) / self._divisor
            side = squares if d is None else _sum(a, ad)
            return np.asarray(squares - 2 * middle + (side / self._divisor) ** 2)
        middle = _sum_of_products(self._inverse, self.batch.cross(a * adad))
        cross = self._XAAX if d is None else self.batch.cross(a * ad)
        block = np.einsum("pqn,qrn->prn", self._inverse, cross)
        return np.asarray(squares - 2 * middle + _sum_of_products(block, block.swapaxes(0, 1)))

    def leverage(self) -> Array:
        """The diagonal of the hat matrix `X(XᵀAX)⁻¹XᵀA`, shape (n, k)."""
        basis = self.batch.basis
        if basis is None:
            return np.asarray(self.a / self._divisor[:, None])
        axes = "kp,pqn,kq->nk" if basis.ndim == 2 else "nkp,pqn,nkq->nk"
        reach = np.einsum(axes, basis, self._inverse, basis)
        return np.asarray(self.a * reach)

    def dense(self) -> Array:
        """`P` written out, shape (n, k, k): for the rare use that needs its eigenvalues."""
        k = self.a.shape[-1]
        X = self.batch.basis if self.batch.basis is not None else np.ones((k, 1))
        AX = self.a[..., None] * X
        if self.batch.basis is None:
            inverse = 1.0 / self._divisor[:, None, None]
        else:
            inverse = self._inverse.transpose(2, 0, 1)
        return np.asarray(self.a[..., None] * np.eye(k) - AX @ inverse @ np.swapaxes(AX, -1, -2))

    def logdet(self) -> Array:
        """Log-determinant of `XᵀAX` less that of `XᵀX`, shape (n,)."""
        if self.batch.basis is None:
            own = np.log(self._divisor)
        else:
            own = np.log(self._pivots).sum(axis=0)
        return np.asarray(own - self.batch.logdet_unit)


def _columns(values: Array, chosen: NDArray[np.intp] | slice) -> Array:
    """The `chosen` rows, which lie side by side as those of `values` do."""
    if isinstance(chosen, slice):
        return values[chosen]
    return np.asarray(values.T.take(chosen, axis=1).T)


def _sum(a: Array, b: Array | None = None) -> Array:
    """Sum over studies of a, or of a times b."""
    return np.asarray(np.einsum("nk->n", a) if b is None else np.einsum("nk,nk->n", a, b))


def _times(M: Array, u: Array) -> Array:
    """`Mu` of each data set: (p, q, n) times (q, n)."""
    return np.asarray((M * u).sum(axis=1))


def _sum_of_products(A: Array, B: Array) -> Array:
    """The sum of the products of the elements: the trace of `ABᵀ`, shape (n,)."""
    return np.asarray((A * B).sum(axis=(0, 1)))


def _invert(M: Array) -> tuple[Array, Array]:
    """The inverses of positive definite matrices, shape (p, p, n), and their pivots, (p, n).

    Gauss–Jordan steps on all matrices together, for which LAPACK's call per matrix would take
    ten times as long. No pivoting is needed. The product of the pivots is the determinant.
    """
    p, _, n = M.shape
    M, pivots = M.copy(), np.empty((p, n))
    for j in range(p):
        pivots[j] = M[j, j]
        row = M[j] / pivots[j]
        column = M[:, j].copy()
        M -= column[:, None] * row
        M[j] = row
        M[:, j] = -column / pivots[j]
        M[j, j] = 1 / pivots[j]
    return M, pivots
