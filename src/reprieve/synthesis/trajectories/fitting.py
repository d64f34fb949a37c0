"""Coefficients of a trajectory at nodes of its form, each with its weight.

The form's parameters ψ are few; given them and the variances the model is linear. So ψ is laid
out on a grid that zooms in on where the likelihood is, and each node holds the exact least
squares of the rest. Flat on the scale of log ψ within its limits, and flat in the sizes on an
orthonormal basis (so that the scale of a form doesn't matter), the restricted likelihood of a
node is its weight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reprieve.errors import SynthesisError
from reprieve.synthesis.blocks import BlockDiagonal
from reprieve.synthesis.gaussian import GaussianModel
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.random_effects import Term
from reprieve.synthesis.trajectories.layout import Layout

_SIDE = {1: 31, 2: 13}  # nodes along each parameter
_DEPTH = 9.0  # log-likelihood below the top at which nodes no longer count
_ZOOMS, _ROUNDS = 5, 4
_SETTLED = 5e-3
_BAYES_SIDE = {1: 17, 2: 9}
_LIGHT = 1e-7  # nodes that hold less than this share of the weight are left out


@dataclass(frozen=True)
class Nodes:
    """What is known of the coefficients: a mixture of normal distributions.

    Attributes
    ----------
    weights : ndarray, shape (N,)
    psi : ndarray, shape (N, q)
    beta, cov : ndarray, shape (N, p) and (N, p, p)
    theta : ndarray, shape (N, h)
        Variances and correlations, in the order of `names`.
    names : tuple of str
    loglik : float
        The (restricted) log-likelihood, ψ integrated out as `weights` say.
    """

    weights: Array
    psi: Array
    beta: Array
    cov: Array
    theta: Array
    names: tuple[str, ...]
    loglik: float

    @property
    def middle(self) -> Array:
        """The mean of ψ."""
        return np.asarray(self.weights @ self.psi)

    def parameter(self, name: str) -> float:
        """The mean of a variance or correlation; NaN where the model has none."""
        if name not in self.names:
            return np.nan
        return float(self.weights @ self.theta[:, self.names.index(name)])


class Whitened:
    """A layout at known variances: least squares at any form.

    Departures don't depend on the form, so that they are swept out once.

    Parameters
    ----------
    layout : Layout
    covariance : BlockDiagonal
        Of all rows, known and random parts.
    restricted : bool
    """

    def __init__(self, layout: Layout, covariance: BlockDiagonal, restricted: bool) -> None:
        self.layout, self.restricted = layout, restricted
        self.root, self.logdet = _root(covariance)
        self.y = self.root @ layout.y
        self._sizes = layout.sizes.shape[1]
        own = self.root @ layout.design(layout.shape.limits.mean(axis=1))[:, self._sizes :]
        self._basis, R = np.linalg.qr(own)
        self._swept = self.y - self._basis @ (self._basis.T @ self.y)
        self._logdet_own = 2 * float(np.log(np.abs(np.diag(R))).sum())

    def loglik(self, psi: Array) -> float:
        """The (restricted) log-likelihood of one form, the sizes flat on an orthonormal basis."""
        X = self.layout.design(psi)[:, : self._sizes]
        W = self.root @ X
        W = W - self._basis @ (self._basis.T @ W)
        P, pull = W.T @ W, W.T @ self._swept
        rss = float(self._swept @ self._swept - pull @ np.linalg.solve(P, pull))
        count = len(self.y) - (self.layout.p if self.restricted else 0)
        loglik = -0.5 * (count * np.log(2 * np.pi) + self.logdet + rss)
        if self.restricted:
            own = X[: len(self.layout.visits.y), : self.layout.free]
            scale = float(np.linalg.slogdet(own.T @ own)[1])
            loglik -= 0.5 * (self._logdet_own + float(np.linalg.slogdet(P)[1]) - scale)
        return float(loglik)

    def coefficients(self, psi: Array) -> tuple[Array, Array]:
        """Coefficients and their covariance at one form."""
        W = self.root @ self.layout.design(psi)
        cov = np.linalg.inv(W.T @ W)
        return cov @ (W.T @ self.y), cov


def _root(covariance: BlockDiagonal) -> tuple[Any, float]:
    """A sparse matrix that whitens rows, and the log-determinant of their covariance."""
    from scipy.sparse import coo_array

    rows, columns, values, logdet = [], [], [], 0.0
    for place, block in covariance.parts():
        factor = np.linalg.cholesky(block)
        logdet += 2 * float(np.log(np.diag(factor)).sum())
        grid = np.meshgrid(place, place, indexing="ij")
        rows.append(grid[0].ravel())
        columns.append(grid[1].ravel())
        values.append(np.linalg.inv(factor).ravel())
    n = covariance.n
    where = (np.concatenate(rows), np.concatenate(columns))
    return coo_array((np.concatenate(values), where), shape=(n, n)).tocsr(), logdet


def fit_layout(layout: Layout, terms: list[Term], *, restricted: bool) -> Nodes:
    """Variances of highest likelihood, and the coefficients at all forms that matter.

    Variances are kept at their estimate while the form varies, as usual for standard errors.
    """
    limits = layout.shape.limits
    box, psi = limits, limits.mean(axis=1)
    theta: Array | None = None  # none yet: the ascent then starts from several points
    for _ in range(_ROUNDS):
        model = layout.model(psi, terms, restricted=restricted)
        theta = _climb(model, theta) if layout.pseudo and terms else _highest(model)
        whitened = Whitened(layout, model.covariance(theta), restricted)
        box, grid, loglik = _zoom(whitened, limits)
        found = _weights(loglik) @ grid
        settled = (np.abs(found - psi) < _SETTLED * np.ptp(limits, axis=1)).all()
        psi = found
        if settled or not terms:
            break
    weights = _weights(loglik)
    kept = weights > _LIGHT
    solved = [whitened.coefficients(each) for each in grid[kept]]
    average = float(loglik.max() + np.log(np.mean(np.exp(loglik - loglik.max()))))
    return Nodes(
        weights=weights[kept] / weights[kept].sum(),
        psi=grid[kept],
        beta=np.array([beta for beta, _ in solved]),
        cov=np.array([cov for _, cov in solved]),
        theta=np.tile(np.asarray(theta), (int(kept.sum()), 1)),
        names=model.names,
        loglik=average + float(np.log(_share(box, limits))),
    )


def _highest(model: GaussianModel) -> Array:
    return np.array(list(model.fit().theta.values()))


def _climb(model: GaussianModel, start: Array | None) -> Array:
    """The hyperparameters of highest likelihood, with many coefficients.

    The engine's own ascent costs the square of their number; differences of the likelihood,
    of which it evaluates many at once, don't. Standard deviations are climbed: in place of a
    total and a correlation those of the part that stays and of that which is new at each visit.
    """
    from scipy.optimize import minimize

    scale = float(np.sqrt(np.median(model.V.variances())))
    split = "rho" in model.names
    h, step = len(model.names), 1e-4

    def natural(at: Array) -> Array:
        found = np.maximum(at, 0.0) ** 2 * scale**2
        if split:
            total = found[..., 0] + found[..., 1]
            found[..., 1] = found[..., 0] / np.where(total > 0, total, 1.0)
            found[..., 0] = total
        return found

    def fall(at: Array) -> tuple[float, Array]:
        low = np.minimum(at, step)
        points = np.vstack([at, at + step * np.eye(h), at - np.diag(low)])
        found = model.profile(natural(points)).loglik
        if not np.isfinite(found).all():
            return 1e10, np.zeros(h)
        return -float(found[0]), (found[h + 1 :] - found[1 : h + 1]) / (step + low)

    starts = [np.ones(h), np.where(np.arange(h) < 1 + split, 1.0, 0.1)]
    if start is not None:
        back = start.copy()
        if split:
            back[:2] = start[0] * start[1], start[0] * (1 - start[1])
        starts = [np.sqrt(back) / scale + 0.05]
    bounds = [(0.0, None)] * h
    options = {"ftol": 1e-12, "gtol": 1e-6}
    ends = [
        minimize(fall, at, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        for at in starts
    ]
    best: Array = min(ends, key=lambda end: float(end.fun)).x
    return natural(best)


def _zoom(whitened: Whitened, limits: Array) -> tuple[Array, Array, Array]:
    """The box of forms that are not far less likely than the likeliest; its nodes, their logs."""
    box = limits
    for _ in range(_ZOOMS):
        grid = _grid(box, _SIDE.get(len(box), 1))
        loglik = np.array([whitened.loglik(psi) for psi in grid])
        if not np.isfinite(loglik).any():
            raise SynthesisError("no form of this shape fits; choose another with shape=")
        if not len(box):
            break
        held = grid[loglik > np.nanmax(loglik) - _DEPTH]
        step = np.ptp(box, axis=1) / (_SIDE[len(box)] - 1)
        low = np.maximum(held.min(axis=0) - step, box[:, 0])
        high = np.minimum(held.max(axis=0) + step, box[:, 1])
        if ((high - low) > 0.6 * np.ptp(box, axis=1)).all():
            break
        box = np.stack([low, high], axis=1)
    return box, grid, loglik


def _grid(box: Array, side: int) -> Array:
    if not len(box):
        return np.empty((1, 0))
    axes = [np.linspace(low, high, side) for low, high in box]
    return np.stack([part.ravel() for part in np.meshgrid(*axes, indexing="ij")], axis=-1)


def _weights(loglik: Array) -> Array:
    w = np.where(np.isfinite(loglik), np.exp(loglik - np.nanmax(loglik)), 0.0)
    return np.asarray(w / w.sum())


def _share(box: Array, limits: Array) -> float:
    """The share of the limits that the box takes."""
    return float(np.prod(np.ptp(box, axis=1) / np.ptp(limits, axis=1))) if len(box) else 1.0


def fit_bayes(
    layout: Layout, terms: list[Term], start: Nodes, prior: str | Mapping[str, str]
) -> Nodes:
    """The exact posterior, over variances by quadrature and over forms on a grid.

    Parameters
    ----------
    start : Nodes
        The fit by restricted likelihood, which says where forms that matter lie.
    prior : str or mapping
        Of standard deviations, as `bayesian_gaussian` takes it.
    """
    from reprieve.synthesis.bayes.gaussian import bayesian_gaussian

    if not terms:
        raise SynthesisError(
            "there is nothing that a prior could say: the model has no heterogeneity. Leave out "
            "prior=, or let model= be 'random'"
        )
    box, side = np.empty((0, 2)), 1
    if start.psi.shape[1]:
        margin = 0.25 * np.ptp(start.psi, axis=0) + 1e-9
        low, high = start.psi.min(axis=0) - margin, start.psi.max(axis=0) + margin
        limits = layout.shape.limits
        box = np.clip(np.stack([low, high], axis=1), limits[:, :1], limits[:, 1:])
        side = _BAYES_SIDE[len(box)]
    parts, logs, names = [], [], tuple[str, ...]()
    for psi in _grid(box, side):
        model = layout.model(psi, terms, restricted=True)
        fit = bayesian_gaussian(model, dict(prior) if isinstance(prior, Mapping) else prior)
        own = layout.design(psi)[: len(layout.visits.y), : layout.free]
        logs.append(fit.log_mass + 0.5 * float(np.linalg.slogdet(own.T @ own)[1]))
        keep = fit.node_weights > _LIGHT
        parts.append((psi, fit, keep))
        names = model.names
    share = _weights(np.array(logs))
    held = [(w, *part) for w, part in zip(share, parts, strict=True) if w > _LIGHT]
    weights = np.concatenate([w * fit.node_weights[keep] for w, _, fit, keep in held])
    top = float(np.max(logs))
    variances = _variances(terms)
    theta = np.concatenate([fit.node_theta[keep] for _, _, fit, keep in held])
    theta[:, variances] **= 2
    return Nodes(
        weights=weights / weights.sum(),
        psi=np.concatenate([np.tile(psi, (int(keep.sum()), 1)) for _, psi, _, keep in held]),
        beta=np.concatenate([fit.node_mean[keep] for _, _, fit, keep in held]),
        cov=np.concatenate([fit.node_cov[keep] for _, _, fit, keep in held]),
        theta=theta,
        names=names,
        loglik=top + float(np.log(np.mean(np.exp(np.array(logs) - top)))),
    )


def _variances(terms: list[Term]) -> list[int]:
    """Which hyperparameters are variances."""
    flags = [i < term.variances for term in terms for i in range(len(term.names))]
    return [i for i, flag in enumerate(flags) if flag]


def covariance_at(layout: Layout, terms: list[Term], nodes: Nodes) -> BlockDiagonal:
    """The covariance of all rows at the variances of a fit by likelihood."""
    model: GaussianModel = layout.model(nodes.middle, terms, restricted=True)
    return model.covariance(nodes.theta[0])
