"""A network of treatments from counts: the mixed model with an intercept for each trial.

Arms are binomial around α_i + d_t + u_ia on the logit scale: trial i has an intercept of its own,
treatment t a log odds ratio d_t, and the deviations u of a trial's arms add up to zero with
covariance τ²/2·(I − J/a), so that all contrasts of a trial with a arms vary by τ², and two that
share an arm are correlated by ½. With two treatments that is R's `metafor::rma.glmm` with UM.FS.
Deviations are integrated out by adaptive Gauss–Hermite quadrature in a − 1 dimensions; slopes are
posterior means over its nodes (Louis 1982 J R Stat Soc B 44:226), and intercepts are profiled out
by an arrow-shaped Newton step. Jansen et al. 2008 Value Health 11:956; Dias et al. 2013 Med Decis
Making 33:607 (the model, by simulation).
"""

from __future__ import annotations

import math
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.rare.integral import uphill
from reprieve.synthesis.rare.network_arms import TrialGroup

_NODES = {1: 25, 2: 15, 3: 9, 4: 7, 5: 5, 6: 4, 7: 3, 8: 3}
"""Nodes a dimension, by the number of dimensions."""
_STEPS = 200
_CLOSE = 1e-10
_FAR = 30.0
"""A log odds ratio that no estimate reaches."""


class NetworkFit(NamedTuple):
    """Log odds ratios against the first treatment, and how they vary.

    Attributes
    ----------
    d : ndarray, shape (treatments,)
        The first is zero.
    cov : ndarray, shape (treatments, treatments)
    tau : float
        NaN where one effect is assumed.
    loglik : float
        NaN where there is no likelihood.
    """

    d: Array
    cov: Array
    tau: float
    loglik: float


class _State(NamedTuple):
    """The log-likelihood with slopes and bends; trials' own parts beside the shared ones."""

    value: float
    own_slope: list[Array]
    own_bend: list[Array]
    mixed: list[Array]
    slope: Array
    bend: Array


class _Moments(NamedTuple):
    """Of each trial: log-likelihood, slopes and bends by its arms (and log τ)."""

    value: Array  # (k,)
    slope: Array  # (k, a) or (k, a + 1)
    bend: Array


def fit_mixed(groups: list[TrialGroup], treatments: int, *, common: bool) -> NetworkFit:
    """Maximise the likelihood of arms of trials.

    Raises
    ------
    InputError
        A trial has more than nine arms.
    SynthesisError
        A log odds ratio runs away.

    Examples
    --------
    >>> trials = TrialGroup(
    ...     np.array([[11.0, 4.0], [29.0, 6.0]]), np.array([[139.0, 123.0], [303.0, 306.0]]),
    ...     np.array([[0, 1], [0, 1]]),
    ... )
    >>> found = fit_mixed([trials], 2, common=True)
    >>> round(float(found.d[1]), 4), round(math.sqrt(found.cov[1, 1]), 4)
    (-1.429, 0.3605)
    """
    widest = max(group.t.shape[1] for group in groups)
    if widest - 1 > max(_NODES):
        raise InputError(
            f"a trial has {widest} arms; the mixed model takes at most {max(_NODES) + 1}: add up "
            "arms that are alike, or take method MH"
        )
    alpha = [_start(group) for group in groups]
    found, alpha = _climb(groups, alpha, np.zeros(treatments - 1), None)
    if common:
        return found._replace(tau=math.nan)
    if _excess(groups, alpha, found.d) <= 0:
        return found
    varied, _ = _climb(groups, alpha, found.d[1:], math.log(0.3))
    return varied if varied.loglik > found.loglik + 1e-10 else found


def _start(group: TrialGroup) -> Array:
    x, n = group.x.sum(axis=1) + 0.5, group.n.sum(axis=1) + 1.0
    return np.asarray(np.log(x / (n - x)))


def _climb(
    groups: list[TrialGroup], alpha: list[Array], d: Array, log_tau: float | None
) -> tuple[NetworkFit, list[Array]]:
    """Newton's method from a start; without τ when `log_tau` is None."""
    shared = d.copy() if log_tau is None else np.append(d, log_tau)
    count = len(d)
    state = _state(groups, alpha, shared, count)
    for _ in range(_STEPS):
        slope, bend = _profiled(state)
        step = uphill(slope, bend)
        own = [
            np.clip(-(slope_i + mixed @ step) / bend_i, -2.0, 2.0)
            for slope_i, mixed, bend_i in zip(
                state.own_slope, state.mixed, state.own_bend, strict=True
            )
        ]
        if max(np.abs(part).max() for part in (step, *own)) < _CLOSE:
            break
        for _ in range(40):
            tried = [a + move for a, move in zip(alpha, own, strict=True)]
            new = _state(groups, tried, shared + step, count)
            if new.value >= state.value - 1e-12 * abs(state.value):
                break
            step, own = step / 2, [move / 2 for move in own]
        alpha, shared, state = tried, shared + step, new
        if np.abs(shared[:count]).max() > _FAR:
            raise SynthesisError(
                "a log odds ratio has no finite estimate: between two parts of the network events "
                "were seen on one side only. Give exact bounds (`upper_bound`), or lump treatments"
            )
        if len(shared) > count and shared[count] < -12:
            break
    _, bend = _profiled(state)
    cov = np.zeros((count + 1, count + 1))
    cov[1:, 1:] = np.linalg.inv(-bend)[:count, :count]
    tau = math.exp(shared[count]) if len(shared) > count else 0.0
    return NetworkFit(np.append(0.0, shared[:count]), cov, tau, state.value), alpha


def _profiled(state: _State) -> tuple[Array, Array]:
    """Slope and bend by the shared parameters when each intercept follows them."""
    slope, bend = state.slope.copy(), state.bend.copy()
    for own_slope, own_bend, mixed in zip(
        state.own_slope, state.own_bend, state.mixed, strict=True
    ):
        solved = mixed / own_bend[:, None]
        slope -= solved.T @ own_slope
        bend -= mixed.T @ solved
    return slope, bend


def _state(groups: list[TrialGroup], alpha: list[Array], shared: Array, count: int) -> _State:
    """Sums over trials; the shared parameters are the log odds ratios and, last, log τ."""
    d = np.append(0.0, shared[:count])
    tau = math.exp(shared[count]) if len(shared) > count else None
    size = count + 1 + (tau is not None)
    value, slope, bend = 0.0, np.zeros(size), np.zeros((size, size))
    own_slope, own_bend, mixed = [], [], []
    for group, a in zip(groups, alpha, strict=True):
        k, arms = group.t.shape
        found = _moments(group, a[:, None] + d[group.t], tau)
        value += float(found.value.sum())
        by_intercept = found.bend[:, :arms].sum(axis=1)
        own_slope.append(found.slope[:, :arms].sum(axis=1))
        own_bend.append(by_intercept[:, :arms].sum(axis=1))
        place = group.t if tau is None else np.column_stack([group.t, np.full(k, size - 1)])
        both = np.zeros((k, size))
        np.add.at(both, (np.arange(k)[:, None], place), by_intercept)
        mixed.append(both[:, 1:])
        np.add.at(slope, place, found.slope)
        np.add.at(bend, (place[:, :, None], place[:, None, :]), found.bend)
    return _State(value, own_slope, own_bend, mixed, slope[1:], bend[1:, 1:])


def _moments(group: TrialGroup, eta: Array, tau: float | None) -> _Moments:
    """A trial's likelihood around linear predictors, shape (k, a), of its arms."""
    ways = _ways(group)
    if tau is None:
        value, slope, weight = _arms(group, eta[:, None])
        bend = -weight[:, 0, :, None] * np.eye(eta.shape[1])
        return _Moments(value[:, 0] + ways, slope[:, 0], bend)
    nodes, logs = _nodes(group, eta, tau)
    off = tau * nodes @ _spread(eta.shape[1]).T  # (k, q, a)
    value, slope, weight = _arms(group, eta[:, None] + off)
    logs = logs + value
    top = logs.max(axis=1, keepdims=True)
    p = np.exp(logs - top)
    mass = p.sum(axis=1, keepdims=True)
    p = p / mass
    by_tau = (slope * off).sum(axis=2, keepdims=True)
    slopes = np.concatenate([slope, by_tau], axis=2)
    first = np.einsum("kq,kqi->ki", p, slopes)
    bend = np.einsum("kq,kqi,kqj->kij", p, slopes, slopes)
    bend -= first[:, :, None] * first[:, None, :]
    arms = np.arange(eta.shape[1])
    bend[:, arms, arms] -= np.einsum("kq,kqi->ki", p, weight)
    mixed = np.einsum("kq,kqi->ki", p, weight * off)
    bend[:, arms, -1] -= mixed
    bend[:, -1, arms] -= mixed
    bend[:, -1, -1] += np.einsum("kq,kqi->k", p, slope * off - weight * off * off)
    return _Moments((top + np.log(mass))[:, 0] + ways, first, bend)


def _arms(group: TrialGroup, eta: Array) -> tuple[Array, Array, Array]:
    """Log-likelihood of trials (k, q), and slopes and weights of arms (k, q, a)."""
    from scipy.special import expit, log_expit

    x, n = group.x[:, None], group.n[:, None]
    p = expit(eta)
    value = (x * log_expit(eta) + (n - x) * log_expit(-eta)).sum(axis=2)
    return value, x - n * p, n * p * (1 - p)


def _ways(group: TrialGroup) -> Array:
    """The part of the log-likelihood that no parameter changes."""
    from scipy.special import gammaln

    x, n = group.x, group.n
    return np.asarray((gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)).sum(axis=1))


def _nodes(group: TrialGroup, eta: Array, tau: float) -> tuple[Array, Array]:
    """Standard normal deviations at which each trial is summed, and their log weights."""
    spread = tau * _spread(eta.shape[1])
    dims = spread.shape[1]
    z = np.zeros((len(eta), dims))
    unit = np.eye(dims)
    for _ in range(_STEPS):
        _, slope, weight = _arms(group, (eta + z @ spread.T)[:, None])
        curve = unit + np.einsum("ai,ka,aj->kij", spread, weight[:, 0], spread)
        step = np.linalg.solve(curve, (slope[:, 0] @ spread - z)[..., None])[..., 0]
        z = z + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-8:
            break
    _, _, weight = _arms(group, (eta + z @ spread.T)[:, None])
    curve = unit + np.einsum("ai,ka,aj->kij", spread, weight[:, 0], spread)
    root = np.linalg.inv(np.linalg.cholesky(curve)).transpose(0, 2, 1)  # root rootᵀ = curve⁻¹
    points, log_weights = _rule(dims)
    nodes = z[:, None] + math.sqrt(2) * points @ root.transpose(0, 2, 1)
    size = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    logs = log_weights + size[:, None] - 0.5 * (nodes**2).sum(axis=2)
    return nodes, logs


@cache
def _rule(dims: int) -> tuple[Array, Array]:
    """Gauss–Hermite nodes (q, dims) and log weights of integrals over e^(−z²/2)/√(2π)^dims."""
    x, w = np.polynomial.hermite.hermgauss(_NODES[dims])
    points = np.array(list(product(x, repeat=dims)))
    weights = np.array(list(product(np.log(w) + x * x - 0.5 * math.log(math.pi), repeat=dims)))
    return points, weights.sum(axis=1)


@cache
def _spread(arms: int) -> Array:
    """L, shape (a, a − 1), with L Lᵀ = ½(I − J/a)."""
    columns = np.zeros((arms, arms - 1))
    for j in range(arms - 1):  # Helmert's contrasts
        columns[: j + 1, j] = 1.0
        columns[j + 1, j] = -(j + 1.0)
        columns[:, j] /= math.sqrt(2 * (j + 1) * (j + 2))
    return columns


def _excess(groups: list[TrialGroup], alpha: list[Array], d: Array) -> float:
    """The slope of the profile likelihood by τ² at zero: positive where trials differ."""
    total = 0.0
    for group, a in zip(groups, alpha, strict=True):
        _, slope, weight = _arms(group, (a[:, None] + d[group.t])[:, None])
        slope, weight = slope[:, 0], weight[:, 0]
        arms = slope.shape[1]
        total += float(
            (slope**2 - weight).sum() - ((slope.sum(axis=1) ** 2 - weight.sum(axis=1)) / arms).sum()
        )
    return total
