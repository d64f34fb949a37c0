"""How likely a study is to be seen, given its p value: the curves of selection models.

A curve is known on the axis of z = effect/se, signed so that a large z is the wanted result and
p = Φ(−z). It consists of cells of constant weight and of quadrature nodes between them, so that
the probability of being seen, an integral of the curve times a normal density, is a matrix
product, exact for the cells and with Gauss–Legendre nodes elsewhere. The density of z is never
narrower than a standard normal one, so that the nodes are the same for all studies.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from reprieve.synthesis.least_squares import Array

KINDS = ("step", "beta", "halfnorm", "negexp", "logistic", "power")
_CLAMP = 1e-5  # beta and power take p values beyond this, and one minus it, to be equal to it
_EVERYWHERE = 8.5  # beyond this z, p is 0 or 1 to the last digit
_MOST = 100.0  # metafor's bound of the parameters


@cache
def _nodes(n: int) -> tuple[Array, Array]:
    """Gauss–Legendre nodes and weights."""
    return np.polynomial.legendre.leggauss(n)


class Points(NamedTuple):
    """Where a curve is wanted: logarithms of p and of 1 − p, and the number of the step."""

    log_p: Array
    log_q: Array
    step: Array


class Curve:
    """A curve of selection.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    steps : ndarray
        For kind step: upper ends of its intervals of p, the last of them 1.
    low, high : ndarray, shape (J,)
        Ends of the cells of constant weight, in z.
    node, width : ndarray, shape (Q,)
        Nodes and weights of the quadrature between the cells.
    points : Points
        The cells and then the nodes, as p values.
    floor, ceiling, null : ndarray, shape (n,)
        Bounds of the parameters, and their values where nothing is selected.
    """

    def __init__(self, kind: str, steps: Array | None = None) -> None:
        from scipy.special import log_ndtr, ndtri

        self.kind = kind
        self.steps = np.empty(0) if steps is None else steps
        if kind == "step":
            cuts = -ndtri(self.steps)
            self.low, self.high = cuts, np.concatenate([[np.inf], cuts[:-1]])
            self.node = self.width = np.empty(0)
            n = len(self.steps)
            self.points = Points(np.empty(n), np.empty(n), np.arange(n, dtype=float))
        else:
            clamped = kind in ("beta", "power")
            reach = float(-ndtri(_CLAMP)) if clamped else _EVERYWHERE
            n = {"beta": 2}.get(kind, 1)
            self.low, self.high = np.array([reach, -np.inf]), np.array([np.inf, -reach])
            node, width = _nodes(64 if clamped else 128)
            self.node, self.width = reach * node, reach * width
            z = np.concatenate([[reach, -reach], self.node])
            self.points = Points(log_ndtr(-z), log_ndtr(z), np.empty(len(z)))
        smallest = {"beta": _CLAMP}.get(kind, 0.0)
        self.floor, self.ceiling = np.full(n, smallest), np.full(n, _MOST)
        self.null = np.full(n, 1.0 if kind in ("step", "beta") else 0.0)

    def at(self, z: Array) -> Points:
        """The points of studies with these z."""
        from scipy.special import log_ndtr, ndtr

        if self.kind == "step":
            step = np.searchsorted(self.steps, ndtr(-z)).astype(float)
            return Points(np.empty(len(z)), np.empty(len(z)), step)
        if self.kind in ("beta", "power"):
            z = np.clip(z, -self.low[0], self.low[0])
        return Points(log_ndtr(-z), log_ndtr(z), np.empty(len(z)))

    def log_weight(self, delta: Array, points: Points) -> tuple[Array, Array, Array]:
        """Logarithm of the weight, shape (m,), its first and its (unmixed) second derivatives.

        By the parameters, shape (n, m); mixed second derivatives are zero for every curve.
        """
        log_p, log_q, step = points
        if self.kind == "step":
            hit = step == np.arange(len(delta))[:, None]
            with np.errstate(divide="ignore"):
                one = np.where(hit, 1 / delta[:, None], 0.0)
                return np.log(delta[step.astype(int)]), one, -(one**2)
        if self.kind == "beta":
            slope = np.array([log_p, log_q])
            return (delta - 1) @ slope, slope, np.zeros_like(slope)
        if self.kind == "logistic":
            p = np.exp(log_p)
            up = 1 / (1 + np.exp(-delta[0] * p))
            log_w = np.log(2) - np.logaddexp(0, delta[0] * p)
            return log_w, -(p * up)[None], -(p * p * up * (1 - up))[None]
        slope = {"halfnorm": -np.exp(2 * log_p), "negexp": -np.exp(log_p), "power": log_q}[
            self.kind
        ][None]
        return delta[0] * slope[0], slope, np.zeros_like(slope)

    def integrand(self, delta: Array) -> tuple[float, Array, Array, Array]:
        """What is integrated: a scale, and over it the weight and its derivatives at `points`.

        The weights are divided by exp(scale) lest they overflow. Shapes (M,), (n, M), (n, n, M).
        """
        n = len(delta)
        if self.kind == "step":
            return 0.0, delta, np.eye(n), np.zeros((n, n, n))
        log_w, slope, bend = self.log_weight(delta, self.points)
        scale = float(log_w.max())
        weight = np.exp(log_w - scale)
        second = slope[:, None] * slope[None]
        second[np.arange(n), np.arange(n)] += bend
        return scale, weight, weight * slope, weight * second
