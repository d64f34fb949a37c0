"""The Gaussian engine: y ~ N(Xβ, V + Σ of random terms), V known and block-diagonal.

Rows that nothing joins fall into blocks; blocks of equal size are stacked, so that the cost is
linear in their number and the work is done by batched linear algebra. β is profiled out. What
remains, the (restricted) likelihood of a few hyperparameters, can be climbed (`fit`) or
evaluated on a grid at once (`profile`), which is all that exact Bayes by quadrature needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.ascent import maximise
from reprieve.synthesis.blocks import BlockDiagonal, Codes, components
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.random_effects import Term

_ELEMENTS = 1 << 20


class Profile(NamedTuple):
    """The model at given hyperparameters, β profiled out.

    Attributes
    ----------
    loglik : ndarray, shape (...)
        Log-likelihood (restricted where the model is), with all constants.
    beta : ndarray, shape (..., p)
        Generalised least squares.
    cov : ndarray, shape (..., p, p)
        Their covariance.
    """

    loglik: Array
    beta: Array
    cov: Array


@dataclass(frozen=True)
class GaussianFit:
    """The model at the hyperparameters of highest likelihood.

    Attributes
    ----------
    beta : ndarray, shape (p,)
    cov : ndarray, shape (p, p)
    theta : dict of float
        Hyperparameters by name: variances and correlations.
    loglik : float
    Q, Q_df : float, int
        Residual heterogeneity: the quadratic form of the residuals without random terms.
    AIC, AICc, BIC : float
        As metafor counts for `rma.mv`.
    """

    beta: Array
    cov: Array
    theta: dict[str, float]
    loglik: float
    Q: float
    Q_df: int
    AIC: float
    AICc: float
    BIC: float


class _Stack(NamedTuple):
    """Blocks of one size m; b of them."""

    y: Array  # (b, m), residuals of least squares
    X: Array  # (b, m, p), an orthonormal basis of the design
    V: Array  # (b, m, m)
    patterns: Array  # (terms, b, m, m)
    inner: list[tuple[Codes, Codes]]  # per term, index into G


class _Sums(NamedTuple):
    """Sums over all rows at g points; W is the inverse covariance of the data."""

    XWX: Array  # (g, p, p)
    XWy: Array  # (g, p)
    total: Array  # (g,): yᵀWy
    logdet: Array  # (g,) of the covariance
    sound: NDArray[np.bool_]  # (g,) whether it is positive definite


class GaussianModel:
    """y ~ N(Xβ, V + Σ_j Z_j G_j Z_jᵀ).

    Parameters
    ----------
    y : array_like, shape (n,)
        Estimates.
    V : array_like or sequence of arrays
        Their covariance: a vector of variances, a matrix, or the blocks from top to bottom.
    X : array_like, shape (n, p), optional
        Design; an intercept alone when not given.
    terms : sequence of Scaled or Structured
        Random terms, nested or crossed.
    restricted : bool
        REML (default) or ML.

    Attributes
    ----------
    names : tuple of str
        The hyperparameters, in the order in which `profile` takes them.
    V : BlockDiagonal
        The known covariance.
    typical : float
        The harmonic mean of its variances.

    Examples
    --------
    Effects in studies in laboratories:

    >>> from reprieve.synthesis.random_effects import Scaled
    >>> model = GaussianModel(
    ...     y=[0.2, 0.5, 0.1, 0.9, 0.8, 0.4],
    ...     V=[0.02, 0.03, 0.02, 0.04, 0.03, 0.02],
    ...     terms=[Scaled([1, 1, 2, 2, 3, 3], name="laboratory"), Scaled(range(6), name="study")],
    ... )
    >>> {name: round(value, 4) for name, value in model.fit().theta.items()}
    {'laboratory': 0.0, 'study': 0.0712}
    >>> model.profile([[0.0, 0.05], [0.02, 0.05]]).loglik.round(3)
    array([-1.407, -1.687])
    """

    def __init__(
        self,
        y: ArrayLike,
        V: Any,
        X: ArrayLike | None = None,
        terms: Sequence[Term] = (),
        *,
        restricted: bool = True,
    ) -> None:
        self.y = np.asarray(y, dtype=float)
        n = len(self.y)
        design = np.ones((n, 1)) if X is None else np.asarray(X, dtype=float)
        if design.ndim != 2 or len(design) != n:
            raise InputError(f"X must have {n} rows, one per estimate; its shape is {design.shape}")
        if not np.isfinite(self.y).all() or not np.isfinite(design).all():
            raise InputError("y and X must be finite; leave out rows with missing values first")
        self.terms = tuple(terms)
        self.restricted = restricted
        self.names = tuple(name for term in self.terms for name in term.names)
        if len(set(self.names)) < len(self.names):
            raise InputError(f"random terms need different names; these are {self.names}")
        basis, self._R = np.linalg.qr(design)
        size = np.abs(np.diag(self._R))
        if n < design.shape[1] or (size <= 1e-10 * np.linalg.norm(design, axis=0)).any():
            raise SynthesisError("the columns of X depend on one another, or are more than rows")
        self.n, self.p = n, design.shape[1]
        # least-squares residuals in place of y keep the digits that a large mean would cost
        self._shift = basis.T @ self.y
        self._residual = self.y - basis @ self._shift
        known = V if isinstance(V, BlockDiagonal) else BlockDiagonal(V)
        self.V = known
        for name, rows in [("V", known.n), *((term.names[0], term.n) for term in self.terms)]:
            if rows != n:
                raise InputError(f"{name} has {rows} rows, but there are {n} estimates")
        self.typical = 1 / float(np.mean(1 / known.variances()))
        cuts = np.cumsum([len(term.names) for term in self.terms])
        self._slices = [
            slice(int(end) - len(term.names), int(end))
            for term, end in zip(self.terms, cuts, strict=True)
        ]
        self._prepare(basis)

    def _prepare(self, basis: Array) -> None:
        """What the likelihood needs of the data, and how large its arrays are."""
        by_size: dict[int, list[Codes]] = {}
        for rows in self._rows:
            # blocks of 5 to 8 rows share a stack, and so on: padding costs less than a loop
            by_size.setdefault(1 << (len(rows) - 1).bit_length(), []).append(rows)
        self._stacks = [self._pad(size, rows, self.V, basis) for size, rows in by_size.items()]
        self._load = max(stack.V.size for stack in self._stacks)

    @cached_property
    def _rows(self) -> list[Codes]:
        """The rows of each independent block."""
        codes, links = list[Codes](), list(self.V.links())
        for term in self.terms:
            more_codes, more_links = term.joined()
            codes += more_codes
            links += more_links
        return components(self.n, codes, links)

    def covariance(self, theta: ArrayLike) -> BlockDiagonal:
        """The covariance of the data at natural hyperparameters, known and random parts."""
        natural, blocks = np.asarray(theta, dtype=float), []
        for rows in self._rows:
            block = self.V.dense(rows)
            for term, cut in zip(self.terms, self._slices, strict=True):
                inner = term.inner(rows)
                block += term.covariance(natural[cut])[np.ix_(inner, inner)] * term.pattern(rows)
            blocks.append(block)
        return BlockDiagonal(blocks, self._rows)

    def _pad(self, m: int, groups: list[Codes], V: BlockDiagonal, basis: Array) -> _Stack:
        """Stack blocks of up to m rows; a row that fills up is independent of all and says 0."""
        b = len(groups)
        stack = _Stack(
            np.zeros((b, m)),
            np.zeros((b, m, self.p)),
            np.tile(np.eye(m), (b, 1, 1)),
            np.zeros((len(self.terms), b, m, m)),
            [(np.zeros((b, m, 1), np.intp), np.zeros((b, 1, m), np.intp)) for _ in self.terms],
        )
        for i, rows in enumerate(groups):
            k = len(rows)
            stack.y[i, :k], stack.X[i, :k] = self._residual[rows], basis[rows]
            stack.V[i, :k, :k] = V.dense(rows)
            for term, pattern, (left, right) in zip(
                self.terms, stack.patterns, stack.inner, strict=True
            ):
                pattern[i, :k, :k] = term.pattern(rows)
                left[i, :k, 0] = right[i, 0, :k] = term.inner(rows)
        return stack

    # -- the likelihood

    def profile(self, theta: ArrayLike) -> Profile:
        """Log-likelihood, β and its covariance at natural hyperparameters.

        Parameters
        ----------
        theta : array_like, shape (..., h)
            Variances and correlations in the order of `names`; any number of points at once.

        Returns
        -------
        Profile
            −∞ where the covariance of the data is not positive definite.
        """
        theta = np.asarray(theta, dtype=float)
        if theta.shape[-1:] != (len(self.names),):
            raise InputError(
                f"theta must end in {len(self.names)} hyperparameters ({', '.join(self.names)}); "
                f"its shape is {theta.shape}"
            )
        lead = theta.shape[:-1]
        flat = theta.reshape(int(np.prod(lead)), len(self.names))
        size = max(1, _ELEMENTS // self._load)
        parts = [self._profile(flat[i : i + size]) for i in range(0, len(flat), size)]
        loglik, beta, cov = (np.concatenate(found) for found in zip(*parts, strict=True))
        return Profile(
            loglik.reshape(lead),
            beta.reshape(*lead, self.p),
            cov.reshape(*lead, self.p, self.p),
        )

    def _sums(self, theta: Array) -> _Sums:
        """The likelihood's sums over rows, at g points (g, h)."""
        g, p = len(theta), self.p
        XWX, XWy = np.zeros((g, p, p)), np.zeros((g, p))
        yWy, logdet, sound = np.zeros(g), np.zeros(g), np.ones(g, dtype=bool)
        for stack in self._stacks:
            M = np.broadcast_to(stack.V, (g, *stack.V.shape)).copy()
            for term, cut, pattern, where in zip(
                self.terms, self._slices, stack.patterns, stack.inner, strict=True
            ):
                M += term.covariance(theta[:, cut])[:, where[0], where[1]] * pattern
            W, dets, good = _invert(M)
            sound &= good.all(axis=1)
            _, a, b, c = _products(stack, W)
            XWX, XWy, yWy, logdet = XWX + a, XWy + b, yWy + c, logdet + dets.sum(axis=1)
        return _Sums(XWX, XWy, yWy, logdet, sound & np.isfinite(logdet))

    def _profile(self, theta: Array) -> Profile:
        p = self.p
        XWX, XWy, yWy, logdet, sound = self._sums(theta)
        XWX[~sound] = np.eye(p)
        inverse = np.linalg.inv(XWX)
        beta = np.einsum("gpq,gq->gp", inverse, XWy)
        rss = yWy - np.einsum("gp,gp->g", beta, XWy)
        count = self.n - p if self.restricted else self.n
        loglik = -0.5 * (count * np.log(2 * np.pi) + logdet + rss)
        if self.restricted:
            loglik -= 0.5 * np.linalg.slogdet(XWX)[1]
        back = np.linalg.inv(self._R)
        beta, cov = (beta + self._shift) @ back.T, back @ inverse @ back.T
        beta[~sound], cov[~sound] = np.nan, np.nan
        return Profile(np.where(sound, loglik, -np.inf), beta, cov)

    def _climb(self, internal: Array) -> tuple[float, Array, Array]:
        """Log-likelihood, gradient and expected information at internal hyperparameters."""
        h, p = len(internal), self.p
        XWX, XWy, yWy, logdet = np.zeros((p, p)), np.zeros(p), np.zeros(()), 0.0
        kept = []
        for stack in self._stacks:
            M, slopes = stack.V.copy(), []
            for term, cut, pattern, where in zip(
                self.terms, self._slices, stack.patterns, stack.inner, strict=True
            ):
                G, dG = term.slopes(internal[cut])
                M += G[where] * pattern
                slopes.append(dG[:, where[0], where[1]] * pattern)
            W, dets, good = _invert(M)
            if not good.all():
                return -np.inf, np.zeros(h), np.eye(h)
            WX, a, b, c = _products(stack, W)
            XWX, XWy, yWy, logdet = XWX + a, XWy + b, yWy + c, logdet + float(dets.sum())
            kept.append((stack, W, WX, np.concatenate(slopes)))
        inverse = np.linalg.inv(XWX)
        beta = inverse @ XWy
        rss = float(yWy - beta @ XWy)
        count = self.n - p if self.restricted else self.n
        loglik = -0.5 * (count * np.log(2 * np.pi) + logdet + rss)
        quadratic, traces, B = np.zeros(h), np.zeros(h), np.zeros((h, p, p))
        first, second = np.zeros((h, h)), np.zeros((h, h, p, p))
        for stack, W, WX, D in kept:
            r = (W @ (stack.y - stack.X @ beta)[..., None])[..., 0]
            WD = W @ D
            quadratic += np.einsum("hbmi,bm->h", D @ r[..., None], r)
            traces += np.einsum("hbmm->h", WD)
            first += WD.reshape(h, -1) @ np.swapaxes(WD, 2, 3).reshape(h, -1).T
            if self.restricted:
                DWX = D @ WX
                B += np.einsum("bmp,hbmq->hpq", WX, DWX)
                second += np.einsum("hbmp,ibmq->hipq", DWX, W @ DWX)
        if not self.restricted:
            return loglik, 0.5 * (quadratic - traces), 0.5 * first
        loglik -= 0.5 * float(np.linalg.slogdet(XWX)[1])
        side = inverse @ B
        gradient = 0.5 * (quadratic - traces + np.einsum("hpp->h", side))
        information = first - 2 * np.einsum("pq,hiqp->hi", inverse, second)
        information += np.einsum("hpq,iqp->hi", side, side)
        return loglik, gradient, 0.5 * information

    # -- the highest likelihood

    def fit(self, fixed: dict[str, float] | None = None) -> GaussianFit:
        """Climb the likelihood from several starts and keep the highest point.

        Parameters
        ----------
        fixed : dict of float, optional
            Hyperparameters to hold at a value, by name: for profile intervals.

        Raises
        ------
        SynthesisError
            When no start leads to a maximum.
        """
        if not self.terms:
            return self._result(np.empty(0), 0)
        bounds = np.array([limit for term in self.terms for limit in term.bounds])
        held = self._held(fixed or {})
        starts = self._starts()
        for start in starts:
            start[list(held)] = list(held.values())
        best = maximise(self._climb, starts, bounds, [*held])
        if best is None:
            raise SynthesisError(
                "the likelihood has no maximum that could be found: use fewer random terms, or "
                "check that V is positive definite"
            )
        return self._result(best.theta, len(held))

    def _held(self, fixed: dict[str, float]) -> dict[int, float]:
        held = {}
        for name, value in fixed.items():
            if name not in self.names:
                raise InputError(f"there is no hyperparameter {name!r}; there are {self.names}")
            place = self.names.index(name)
            for term, cut in zip(self.terms, self._slices, strict=True):
                if cut.start <= place < cut.stop:
                    held[place] = term.to_internal(place - cut.start, value)
        return held

    def _starts(self) -> list[Array]:
        """All terms alike, each in turn dominant, and next to none; correlations of both signs.

        With few studies a likelihood can have a maximum at zero besides another further out.
        """
        total = float(self._residual @ self._residual) / max(self.n - self.p, 1) - self.typical
        total = max(total, 0.1 * self.typical)
        count = len(self.terms)
        shares = [np.full(count, 1 / count)]
        if count > 1:
            shares += list(0.9 * np.eye(count) + 0.1 / count)
        shares.append(np.full(count, 1e-3))
        signs = (1, -1) if any(len(term.names) > term.variances for term in self.terms) else (1,)
        return [
            np.concatenate(
                [t.start(total * a, sign) for t, a in zip(self.terms, share, strict=True)]
            )
            for sign in signs
            for share in shares
        ]

    def _result(self, internal: Array, held: int) -> GaussianFit:
        natural = np.concatenate(
            [t.to_natural(internal[cut]) for t, cut in zip(self.terms, self._slices, strict=True)]
            or [np.empty(0)]
        )
        at = self.profile(natural)
        loglik = float(at.loglik)
        df = self.n - self.p
        common = self._sums(np.zeros((1, len(self.names))))
        XWX, XWy, yWy = common.XWX[0], common.XWy[0], common.total[0]
        m = self.p + len(internal) - held
        count = df if self.restricted else self.n
        most = max(count, m + 2)
        return GaussianFit(
            beta=at.beta,
            cov=at.cov,
            theta=dict(zip(self.names, natural.tolist(), strict=True)),
            loglik=loglik,
            Q=max(0.0, float(yWy - XWy @ np.linalg.solve(XWX, XWy))),
            Q_df=df,
            AIC=-2 * loglik + 2 * m,
            AICc=-2 * loglik + 2 * m * most / (most - m - 1),
            BIC=-2 * loglik + m * float(np.log(count)) if count > 0 else float("nan"),
        )


def _products(stack: _Stack, W: Array) -> tuple[Array, Array, Array, Array]:
    """`WX` of each block; and summed over blocks `XᵀWX`, `XᵀWy` and `yᵀWy`."""
    WX = W @ stack.X
    XWX = np.einsum("bmp,...bmq->...pq", stack.X, WX)
    XWy = np.einsum("...bmp,bm->...p", WX, stack.y)
    yWy = np.einsum("...bmi,bm->...", W @ stack.y[..., None], stack.y)
    return WX, np.asarray(XWX), np.asarray(XWy), np.asarray(yWy)


def _invert(M: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Inverses and log-determinants of stacked matrices, and which are positive definite."""
    if M.shape[-1] == 1:
        det = M[..., 0, 0]
        good = det > 0
        det = np.where(good, det, 1.0)
        return np.asarray(1 / det)[..., None, None], np.asarray(np.log(det)), good
    try:
        L = np.linalg.cholesky(M)
    except np.linalg.LinAlgError:
        good = np.linalg.eigvalsh(M)[..., 0] > 0
        M = np.where(good[..., None, None], M, np.eye(M.shape[-1]))
        L = np.linalg.cholesky(M)
    else:
        good = np.ones(M.shape[:-2], dtype=bool)
    logdet = 2 * np.log(np.diagonal(L, axis1=-2, axis2=-1)).sum(axis=-1)
    return np.asarray(np.linalg.inv(M), dtype=float), np.asarray(logdet, dtype=float), good
