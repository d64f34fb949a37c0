"""Dose–response curves fitted to the contrasts of a network."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.dose_curves import Curves, EmaxCurves
from reprieve.synthesis.networks.independent import Contrasts
from reprieve.synthesis.networks.parameters import Parameters, fit_parameters
from reprieve.synthesis.networks.rows import Index

_GRID = 40
_ROUNDS = 100
_SETTLED = 1e-9
_AT_THE_END = 0.05  # so near to its bound, on the scale of logarithms, an ED50 is not told


@dataclass(frozen=True, eq=False)
class Nodes:
    """Agents at doses, as the treatments of a network.

    Attributes
    ----------
    contrasts : Contrasts
        Of n nodes.
    active : ndarray of int, shape (a,)
        The nodes with a dose above zero.
    curve : ndarray of int, shape (a,)
        Which curve each of them lies on.
    dose : ndarray, shape (a,)
    """

    contrasts: Contrasts
    active: Index
    curve: Index
    dose: Array

    @property
    def X(self) -> Array:  # noqa: N802 - a design
        """The contrasts as combinations of active nodes; the others are zero by definition."""
        return self.contrasts.X[:, self.active]

    def without(self, trial: int) -> Nodes:
        """The nodes, and the contrasts of all trials but one."""
        keep, c = self.contrasts.study != trial, self.contrasts
        return replace(self, contrasts=Contrasts(c.y[keep], c.v[keep], c.X[keep], c.study[keep]))


def fit_curves(
    nodes: Nodes, curves: Curves, method: str, start: Array | None = None
) -> tuple[Curves, Parameters]:
    """Curves by generalised least squares, and τ².

    Parameters
    ----------
    nodes : Nodes
    curves : Curves
    method : str
        DL, REML or ML; EE for τ² = 0.
    start : ndarray, shape (p,), optional
        Parameters of Emax curves to start from; sought on a grid when not given.

    Returns
    -------
    curves : Curves
        With what had to be held.
    parameters : Parameters

    Notes
    -----
    Emax curves are fitted by nonlinear least squares at a given τ², and τ² is estimated on the
    tangent of the fit, in turn until neither moves. With ML this is the joint maximum of the
    likelihood; with REML that of the restricted likelihood of the tangent model; with DL τ² is that
    of the tangent at the fit without τ².
    """
    if not isinstance(curves, EmaxCurves):
        X = nodes.X @ curves.gradient(np.empty(0), nodes.curve, nodes.dose)
        return curves, fit_parameters(nodes.contrasts.y, nodes.contrasts.v, X, method)
    beta = _search(nodes, curves) if start is None else start
    curves, beta = _descend(nodes, curves, beta, 0.0)
    plain = _tangent(nodes, curves, beta, "EE")
    if method == "EE":
        return curves, plain
    found = _tangent(nodes, curves, beta, method)
    if method == "DL":
        tau2 = found.tau2
        curves, beta = _descend(nodes, curves, beta, found.tau2_used)
        return curves, replace(_tangent(nodes, curves, beta, method, tau2), Q=plain.Q)
    tau2, before = found.tau2, (math.nan, math.nan)
    for _ in range(_ROUNDS):
        if not tau2 > 0:
            curves, beta = _descend(nodes, curves, beta, 0.0)
            found = _tangent(nodes, curves, beta, method, tau2)
            break
        curves, beta = _descend(nodes, curves, beta, tau2)
        found = _tangent(nodes, curves, beta, method)
        change = found.tau2 - tau2
        if abs(change) <= _SETTLED * tau2:
            break
        # the change is zero where neither moves: a secant finds that sooner than repetition
        slope = (change - before[1]) / (tau2 - before[0])
        before = tau2, change
        step = -change / slope if slope < 0 else change
        tau2 = tau2 + step if tau2 / 8 < tau2 + step < 8 * tau2 else found.tau2
    return curves, replace(found, Q=plain.Q)


def _tangent(
    nodes: Nodes, curves: EmaxCurves, beta: Array, method: str, tau2: float | None = None
) -> Parameters:
    """The linear model that touches the curves at `beta`."""
    residual = nodes.contrasts.y - nodes.X @ curves.values(beta, nodes.curve, nodes.dose)
    J = nodes.X @ curves.gradient(beta, nodes.curve, nodes.dose)
    found = fit_parameters(residual, nodes.contrasts.v, J, method, tau2)
    return replace(found, beta=beta)


def _search(nodes: Nodes, curves: EmaxCurves) -> Array:
    """A start: each ED50 in turn at the best point of a grid, the effects profiled out."""
    w = np.sqrt(1 / nodes.contrasts.v)
    y, ends = w * nodes.contrasts.y, curves.bounds
    ed50 = ends.mean(axis=1)
    design = w[:, None] * nodes.X
    columns = np.arange(curves.count)

    def squares(points: Array) -> Array:
        """Residual sums of squares at points of log ED50, shape (g, q)."""
        beta = np.concatenate([np.ones((len(points), curves.count)), points], axis=1)
        height = curves.values(beta, nodes.curve, nodes.dose)
        C = height[:, :, None] * (nodes.curve[:, None] == columns)
        axes, size, _ = np.linalg.svd(design @ C, full_matrices=False)
        told = size > 1e-9 * size.max(axis=1, keepdims=True)
        fitted = (axes.transpose(0, 2, 1) @ y) ** 2
        return np.asarray(y @ y - np.where(told, fitted, 0.0).sum(axis=1))

    for _ in range(1 if curves.common else 2):
        for q in np.flatnonzero(curves.told):
            points = np.tile(ed50, (_GRID, 1))
            points[:, q] = np.linspace(ends[q, 0], ends[q, 1], _GRID)
            ed50 = points[int(squares(points).argmin())]
    return np.concatenate([np.zeros(curves.count), ed50])


def _descend(
    nodes: Nodes, curves: EmaxCurves, start: Array, tau2: float
) -> tuple[EmaxCurves, Array]:
    """Nonlinear least squares at a τ²; an ED50 that runs to an end of its range is held there."""
    w = np.sqrt(1 / (nodes.contrasts.v + tau2))
    design, y = w[:, None] * nodes.X, w * nodes.contrasts.y
    ends = curves.bounds
    curves = replace(curves, held=np.zeros(len(ends), dtype=bool))
    beta = start.copy()
    ed50 = beta[curves.count :]
    ed50[:] = np.clip(ed50, ends[:, 0] + 10 * _AT_THE_END, ends[:, 1] - 10 * _AT_THE_END)
    # the effects that go best with these ED50
    heights = curves.gradient(beta, nodes.curve, nodes.dose)[:, : curves.count]
    beta[: curves.count] = np.linalg.lstsq(design @ heights, y, rcond=1e-9)[0]
    while True:
        beta = _least_squares(nodes, curves, design, y, beta)
        ed50 = beta[curves.count :]
        near = np.abs(ends - ed50[:, None]) < _AT_THE_END
        lost = near.any(axis=1) & curves.told & ~curves.held
        if not lost.any():
            return curves, beta
        ed50[lost] = ends[near & lost[:, None]]
        curves = replace(curves, held=curves.held | lost)


def _least_squares(nodes: Nodes, curves: EmaxCurves, design: Array, y: Array, beta: Array) -> Array:
    """Nonlinear least squares of all parameters that are not held, from `beta`."""
    from scipy.optimize import least_squares

    free = np.concatenate([np.ones(curves.count, dtype=bool), curves.told & ~curves.held])
    inside = np.concatenate([np.tile([-np.inf, np.inf], (curves.count, 1)), curves.bounds])[free]

    def whole(part: Any) -> Array:
        full = beta.copy()
        full[free] = part
        return full

    def residual(part: Any) -> Array:
        return np.asarray(design @ curves.values(whole(part), nodes.curve, nodes.dose) - y)

    def slope(part: Any) -> Array:
        return np.asarray((design @ curves.gradient(whole(part), nodes.curve, nodes.dose))[:, free])

    found = least_squares(
        residual,
        beta[free],
        slope,
        bounds=inside.T,
        x_scale="jac",
        xtol=1e-15,
        ftol=1e-15,
        gtol=1e-13,
        max_nfev=500,
    )
    return whole(found.x)
