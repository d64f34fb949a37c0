"""Risks of trials from a distribution: the unconditional model with random trial effects.

Arms are binomial (or Poisson) around γ + σa ± (β + τz)/2, with a and z standard normal in each
trial (Turner et al. 2000 Stat Med 19:3417; Jackson et al. 2018 Stat Med 37:1059, model 4). As in
R's `metafor::rma.glmm` with UM.RS, a common effect is integrated by adaptive quadrature and random
effects, which need two dimensions, by Laplace's approximation. The likelihood is evaluated at many
parameters at once, so that a step of Newton's method is one call.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.rare.arms import Arms
from reprieve.synthesis.rare.batched import climb, differences
from reprieve.synthesis.rare.integral import Maximum, hermite

_STEPS = 100
_GONE = -9.0  # log of a standard deviation that is zero for all purposes
_FLOOR = np.array([-np.inf, -np.inf, _GONE, _GONE])
"""Where parameters stop being free; they stand in the order γ, β, log σ, log τ."""


def maximise_with_random_intercepts(arms: Arms, *, common: bool) -> tuple[Maximum, float]:
    """Mean and standard deviation of log ratios; and the standard deviation of intercepts.

    Examples
    --------
    >>> from reprieve.synthesis.rare.counts import read_counts
    >>> counts = read_counts(None, None, [4, 6, 2], [123, 306, 90], [11, 29, 9], [139, 303, 88],
    ...                      person_time=False)
    >>> found, sigma = maximise_with_random_intercepts(Arms.of(counts), common=True)
    >>> round(found.mean, 2), round(sigma, 2)
    (-1.46, 0.0)
    """
    start = arms.start()
    at = np.array([float(start.mean()), 0.0, math.log(max(0.1, float(start.std()))), _GONE])
    likelihood = partial(_quadrature if common else _laplace, arms)
    at, value = climb(likelihood, at, [0, 1, 2], _FLOOR)
    if not common:
        tried = np.array([*at[:3], math.log(0.3)])
        tried, better = climb(likelihood, tried, [0, 1, 2, 3], _FLOOR)
        if better > value + 1e-9 and tried[3] > _GONE:
            at, value = tried, better
    free = [i for i in range(4) if i < 2 or at[i] > _GONE]
    _, _, bend = differences(likelihood, at, free)
    se = math.sqrt(np.linalg.inv(-bend)[1, 1])
    sigma, tau = (math.exp(log) if log > _GONE else 0.0 for log in at[2:])
    return Maximum(float(at[1]), tau, se, value), sigma


def _laplace(arms: Arms, points: Array) -> Array:
    """Log-likelihood at each of the points, shape (g,)."""
    gamma, beta, log_sigma, log_tau = points.T
    sigma, tau = np.exp(log_sigma), np.where(log_tau > _GONE, np.exp(log_tau), 0.0)
    sigma = np.where(log_sigma > _GONE, sigma, 0.0)
    a = np.zeros((arms.counts.k, len(points)))
    z = np.zeros_like(a)
    for _ in range(_STEPS):
        at = arms.at(gamma + sigma * a, beta + tau * z)
        by_a, by_z = sigma * at.by_alpha - a, tau * at.by_effect - z
        aa, zz = 1 - sigma**2 * at.by_alpha2, 1 - tau**2 * at.by_effect2
        az = -sigma * tau * at.by_both
        det = aa * zz - az * az
        step_a, step_z = (zz * by_a - az * by_z) / det, (aa * by_z - az * by_a) / det
        a, z = a + np.clip(step_a, -2, 2), z + np.clip(step_z, -2, 2)
        if max(np.abs(step_a).max(), np.abs(step_z).max()) < 1e-10:
            break
    at = arms.at(gamma + sigma * a, beta + tau * z)
    aa, zz = 1 - sigma**2 * at.by_alpha2, 1 - tau**2 * at.by_effect2
    az = -sigma * tau * at.by_both
    return np.asarray((at.value - 0.5 * (a * a + z * z) - 0.5 * np.log(aa * zz - az * az)).sum(0))


def _quadrature(arms: Arms, points: Array) -> Array:
    """Log-likelihood with one effect for all trials, at each of the points, shape (g,)."""
    gamma, beta, log_sigma, _ = points.T
    sigma = np.where(log_sigma > _GONE, np.exp(log_sigma), 0.0)
    a = np.zeros((arms.counts.k, len(points)))
    for _ in range(_STEPS):
        at = arms.at(gamma + sigma * a, beta + 0 * a)
        step = (sigma * at.by_alpha - a) / (1 - sigma**2 * at.by_alpha2)
        a = a + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-10:
            break
    at = arms.at(gamma + sigma * a, beta + 0 * a)
    width = np.sqrt(2 / (1 - sigma**2 * at.by_alpha2))
    logs = []
    for x, w in zip(*hermite(), strict=True):
        node = a + width * x
        value = arms.at(gamma + sigma * node, beta + 0 * node).value
        logs.append(value - 0.5 * node**2 + x * x + np.log(w * width))
    sums = np.logaddexp.reduce(np.array(logs), axis=0)
    return np.asarray(sums.sum(axis=0) - 0.5 * math.log(2 * math.pi) * arms.counts.k)
