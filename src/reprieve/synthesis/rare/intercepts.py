"""A risk of its own for each trial: the unconditional model with fixed trial effects.

Arms are binomial (or Poisson) around α_i ± θ_i/2, with θ_i from one normal distribution. The α are
profiled out by an arrow-shaped Newton step, so that the cost is linear in the number of trials
(Turner et al. 2000 Stat Med 19:3417; R's `metafor::rma.glmm` with UM.FS).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.rare.arms import Arms
from reprieve.synthesis.rare.integral import (
    Maximum,
    centred_nodes,
    no_finite_effect,
    no_finite_variance,
    uphill,
)

_STEPS = 60
_CLOSE = 1e-10


class _State(NamedTuple):
    """The log-likelihood, its slope and its bend; trials' own parts beside the shared ones."""

    value: float
    own_slope: Array  # (k,)
    slope: Array  # (2,): mean, log τ
    own_bend: Array  # (k,)
    mixed: Array  # (k, 2)
    bend: Array  # (2, 2)


def maximise_with_intercepts(arms: Arms, *, common: bool) -> Maximum:
    """Mean and standard deviation of log ratios, with a free intercept for each trial.

    Examples
    --------
    >>> from reprieve.synthesis.rare.arms import Arms
    >>> from reprieve.synthesis.rare.counts import read_counts
    >>> counts = read_counts(None, None, [4, 6], [123, 306], [11, 29], [139, 303],
    ...                      person_time=False)
    >>> found = maximise_with_intercepts(Arms.of(counts), common=True)
    >>> round(found.mean, 4), round(found.se, 4)
    (-1.429, 0.3605)
    """
    alpha = arms.start()
    one = _climb(arms, alpha, 0.0, None)
    if common:
        return one[0]
    found, alpha = one
    excess = _excess(arms, alpha, found.mean)
    if excess <= 0:
        return found
    varied, _ = _climb(arms, alpha, found.mean, math.log(max(0.1, found.se)))
    return varied if varied.loglik > found.loglik + 1e-12 else found


def _climb(arms: Arms, alpha: Array, mean: float, log_tau: float | None) -> tuple[Maximum, Array]:
    """Newton's method from a start; without τ when `log_tau` is None."""
    shared = np.array([mean] if log_tau is None else [mean, log_tau])
    state = _state(arms, alpha, shared)
    for _ in range(_STEPS):
        solved = state.mixed / state.own_bend[:, None]
        bend = state.bend - state.mixed.T @ solved
        slope = state.slope - solved.T @ state.own_slope
        step = uphill(slope, bend)
        own = -(state.own_slope + state.mixed @ step) / state.own_bend
        if max(np.abs(step).max(), np.abs(own).max()) < _CLOSE * (1 + abs(shared[0])):
            break
        own = np.clip(own, -2.0, 2.0)
        for _ in range(40):
            new = _state(arms, alpha + own, shared + step)
            if new.value >= state.value - 1e-12 * abs(state.value):
                break
            step, own = step / 2, own / 2
        gained = new.value - state.value
        alpha, shared, state = alpha + own, shared + step, new
        # nothing left to gain in a double's digits: steps would only follow rounding
        if abs(gained) <= 1e-13 * (1 + abs(state.value)):
            break
        if abs(shared[0]) > 50:
            raise no_finite_effect()
        if len(shared) > 1 and shared[1] < -16:
            break
    solved = state.mixed / state.own_bend[:, None]
    information = -(state.bend - state.mixed.T @ solved)
    if not (np.linalg.eigvalsh(information) > 0).all():
        raise no_finite_variance()
    se = math.sqrt(np.linalg.inv(information)[0, 0])
    tau = math.exp(shared[1]) if len(shared) > 1 else 0.0
    return Maximum(float(shared[0]), tau, se, state.value), alpha


def _excess(arms: Arms, alpha: Array, mean: float) -> float:
    """The slope of the profile likelihood by τ² at zero: positive where trials differ."""
    at = arms.at(alpha[:, None], np.full((len(alpha), 1), mean))
    return float((at.by_effect**2 + at.by_effect2).sum())


def _state(arms: Arms, alpha: Array, shared: Array) -> _State:
    mean, a = shared[0], alpha[:, None]
    if len(shared) == 1:
        at = arms.at(a, np.full_like(a, mean))
        return _State(
            float(at.value.sum()), at.by_alpha[:, 0], np.array([at.by_effect.sum()]),
            at.by_alpha2[:, 0], at.by_both, np.array([[at.by_effect2.sum()]]),
        )  # fmt: skip
    tau = math.exp(shared[1])

    def bent(z: Array) -> tuple[Array, Array]:
        found = arms.at(a, mean + tau * z)
        return found.by_effect, found.by_effect2

    z, weights = centred_nodes(bent, np.zeros_like(a), tau)
    at = arms.at(a, mean + tau * z)
    logs = at.value - 0.5 * z * z + weights
    top = logs.max(axis=1, keepdims=True)
    p = np.exp(logs - top)
    mass = p.sum(axis=1, keepdims=True)
    value = float((top + np.log(mass)).sum()) - len(z) * 0.5 * math.log(2 * math.pi)
    p /= mass
    off = tau * z
    slopes = np.stack([at.by_alpha, at.by_effect, at.by_effect * off])
    first = np.einsum("kq,ikq->ik", p, slopes)
    spread = np.einsum("kq,ikq,jkq->kij", p, slopes, slopes) - np.einsum("ik,jk->kij", first, first)
    bends = np.stack([
        at.by_alpha2, at.by_both, at.by_both * off, at.by_effect2, at.by_effect2 * off,
        at.by_effect2 * off * off + at.by_effect * off,
    ])  # fmt: skip
    aa, ae, at_, ee, et, tt = np.einsum("kq,ikq->ik", p, bends)
    bend = np.array([[ee.sum(), et.sum()], [et.sum(), tt.sum()]]) + spread[:, 1:, 1:].sum(axis=0)
    mixed = np.stack([ae, at_], axis=1) + spread[:, 0, 1:]
    return _State(value, first[0], first[1:].sum(axis=1), aa + spread[:, 0, 0], mixed, bend)
