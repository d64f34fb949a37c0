"""The likelihood of a selection model, with its exact gradient and Hessian, and its maximum."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.missing_evidence.selection_curves import Curve

_STEPS = 300
_TINY = 1e-13  # a Newton step that promises less log-likelihood is the last

Height = tuple[float, Array, Array]


class SelectionLikelihood:
    """Log-likelihood of effects that were seen with a probability that depends on p.

    For study i, `log w(p_i) + log φ(y_i; x_i β, v_i + τ²) − log A_i`, with A_i the probability
    that a study like this one is seen, the mean of w over what it could have found.

    All derivatives of A_i by the mean are integrals of w times a Hermite polynomial times the
    density, and those by τ² follow from the heat equation (∂/∂τ² = ½ ∂²/∂μ²): five matrix
    products give the value, the gradient and the Hessian.

    Parameters
    ----------
    y, v : ndarray, shape (k,)
        Effects, signed so that the wanted result is positive, and sampling variances.
    X : ndarray, shape (k, p)
        Design.
    curve : Curve
        The curve of selection.
    """

    def __init__(self, y: Array, v: Array, X: Array, curve: Curve) -> None:
        self.y, self.v, self.X, self.curve = y, v, X, curve
        self.s = np.sqrt(v)
        self.seen = curve.at(y / self.s)

    @np.errstate(over="ignore", invalid="ignore")
    def __call__(self, theta: Array) -> Height:
        """Value, gradient and Hessian at θ = (β, τ², δ)."""
        curve, X = self.curve, self.X
        p = X.shape[1]
        beta, tau2, delta = theta[:p], theta[p], theta[p + 1 :]
        n = len(delta)
        S2 = self.v + tau2
        S = np.sqrt(S2)
        mean = X @ beta
        r = (self.y - mean) / S
        scale, w, w1, w2 = curve.integrand(delta)
        T = self._hermite_integrals(mean, S)
        weighted = T.reshape(-1, len(w)) @ np.column_stack([w, *w1])
        by_order = np.moveaxis(weighted.reshape(5, len(r), -1), 2, 1)
        A = by_order[0, 0]
        if not (np.isfinite(A).all() and (A > 0).all()):
            return self._nowhere(theta)
        log_w, slope, bend = curve.log_weight(delta, self.seen)
        value = float(
            (log_w - scale - np.log(A) - r * r / 2).sum()
            - np.log(S2).sum() / 2
            - len(r) * np.log(2 * np.pi) / 2
        )
        # derivatives of log A by the study's mean (a1, a11), τ² (a2, a22) and δ
        g1, g2, g3, g4 = by_order[1:, 0] / A
        c0, c1, c2 = by_order[:3, 1:] / A
        a1, a2 = g1 / S, g2 / (2 * S2)
        by_mean = r / S - a1
        by_tau2 = (r * r - 1) / (2 * S2) - a2
        gradient = np.concatenate([X.T @ by_mean, [by_tau2.sum()], slope.sum(1) - c0.sum(1)])
        H = np.empty((p + 1 + n, p + 1 + n))
        H[:p, :p] = (X.T * (-1 / S2 - g2 / S2 + a1 * a1)) @ X
        H[:p, p] = X.T @ (-r / (S * S2) - g3 / (2 * S * S2) + a1 * a2)
        H[p, p] = ((1 - 2 * r * r) / (2 * S2**2) - g4 / (4 * S2**2) + a2 * a2).sum()
        H[:p, p + 1 :] = X.T @ (a1 * c0 - c1 / S).T
        H[p, p + 1 :] = (a2 * c0 - c2 / (2 * S2)).sum(1)
        H[p + 1 :, p + 1 :] = np.diag(bend.sum(1)) - w2 @ ((1 / A) @ T[0]) + c0 @ c0.T
        H[p, :p], H[p + 1 :, :p], H[p + 1 :, p] = H[:p, p], H[:p, p + 1 :].T, H[p, p + 1 :]
        return (value, gradient, H) if np.isfinite(H).all() else self._nowhere(theta)

    @staticmethod
    def _nowhere(theta: Array) -> Height:
        """The height where trials like these would almost never be seen: none to compute."""
        return -np.inf, np.zeros(len(theta)), np.zeros((len(theta), len(theta)))

    def _hermite_integrals(self, mean: Array, S: Array) -> Array:
        """Integrals of Heₙ(u) φ(u) over each cell, and its value at each node; n = 0 … 4."""
        from scipy.special import ndtr

        curve = self.curve
        low, high = (
            (self.s[:, None] * edge - mean[:, None]) / S[:, None]
            for edge in (curve.low, curve.high)
        )
        # the smaller of the two tails keeps the digits of their difference
        right = low > 0
        cells = [np.where(right, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low))]
        at_low, at_high = _hermite(low), _hermite(high)
        cells += [a - b for a, b in zip(at_low, at_high, strict=True)]
        if not len(curve.node):
            return np.array(cells)
        ratio = self.s / S
        u = ratio[:, None] * curve.node - (mean / S)[:, None]
        m = len(curve.low)
        T = np.empty((5, len(S), m + len(curve.node)))
        T[:, :, :m] = cells
        nodes = T[:, :, m:]
        np.exp(-0.5 * u * u, out=nodes[0])
        nodes[0] *= ratio[:, None] * (curve.width / np.sqrt(2 * np.pi))
        np.multiply(u, nodes[0], out=nodes[1])
        for order in (1, 2, 3):
            np.multiply(u, nodes[order], out=nodes[order + 1])
            nodes[order + 1] -= order * nodes[order - 1]
        return T


def _hermite(u: Array) -> list[Array]:
    """Heₙ(u) φ(u) for n = 0 … 3; zero at infinity."""
    finite = np.where(np.isfinite(u), u, 0.0)
    density = np.where(np.isfinite(u), np.exp(-0.5 * finite * finite) / np.sqrt(2 * np.pi), 0.0)
    values = [density, finite * density]
    for order in (1, 2):
        values.append(finite * values[order] - order * values[order - 1])
    return values


def climb(
    function: Callable[[Array], Height], start: Array, low: Array, high: Array
) -> tuple[Array, Height]:
    """A maximum of `function` between `low` and `high`, from `start` uphill.

    Newton's steps, with the Hessian's eigenvalues made negative so that they lead uphill, held
    back as long as they do not; a parameter at its bound leaves it only when its slope says so.

    Examples
    --------
    >>> def hill(x):
    ...     return -float(((x - 3) ** 2).sum()), -2 * (x - 3), -2 * np.eye(2)
    >>> climb(hill, np.zeros(2), np.zeros(2), np.array([9.0, 2.0]))[0]
    array([3., 2.])
    """
    here = np.clip(start, low, high)
    height = function(here)
    damping = 0.0
    for _ in range(_STEPS):
        value, g, H = height
        free = ~(((here <= low) & (g <= 0)) | ((here >= high) & (g >= 0)))
        if not free.any() or not np.isfinite(value):
            break
        step = np.zeros(len(here))
        step[free] = _uphill(g[free], H[np.ix_(free, free)], damping)
        gain = float(g @ step)
        there = np.clip(here + step, low, high)
        new = function(there)
        if gain < _TINY:
            return (there, new) if new[0] >= value else (here, height)
        if new[0] > value:
            here, height = there, new
            damping = damping / 8 if damping > 1e-3 else 0.0
        else:
            damping = max(8 * damping, 1e-2)
            if damping > 1e12:
                break
    return here, height


def _uphill(g: Array, H: Array, damping: float) -> Array:
    """A damped Newton step on axes scaled by the curvature."""
    size = np.abs(np.diagonal(H))
    scale: NDArray[np.float64] = 1 / np.sqrt(np.maximum(size, 1e-12 * max(size.max(), 1e-300)))
    bend, axes = np.linalg.eigh(-H * np.outer(scale, scale))
    bend = np.maximum(np.abs(bend), 1e-8) + damping
    return np.asarray(scale * (axes @ ((axes.T @ (scale * g)) / bend)))
