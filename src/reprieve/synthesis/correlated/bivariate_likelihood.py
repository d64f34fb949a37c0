"""The likelihood of bivariate random effects: interval of the correlation, curvature, posterior.

Hyperparameters are the variances of the two true effects between trials and their correlation;
inside, the logarithms of the variances and Fisher's z of the correlation.
"""

from __future__ import annotations

import math

import numpy as np

from reprieve.errors import SynthesisError
from reprieve.synthesis.correlated.paired_outcomes import Pairs
from reprieve.synthesis.gaussian import GaussianFit
from reprieve.synthesis.least_squares import Array

Theta = tuple[float, float, float]

_STEP = 1e-3  # of the numerical derivatives
_WALL = 1 - 1e-6  # a correlation as good as 1
_PROPOSALS = 20_000
_DF = 4  # heavy tails for the proposals


def correlation_interval(
    pairs: Pairs, best: GaussianFit, restricted: bool, level: float
) -> tuple[float, float]:
    """The correlations whose profile log-likelihood is within half a χ²₁ quantile of the best.

    An end is ±1 where nothing rules that out; both are where one of the variances may be zero,
    for then the correlation can be anything.
    """
    from scipy.optimize import brentq
    from scipy.special import chdtri

    model, limit = pairs.model("HCS", restricted), 0.5 * float(chdtri(1.0, 1 - level))

    def excess(rho: float) -> float:
        return best.loglik - model.fit(fixed={"rho": rho}).loglik - limit

    inside = min(max(list(best.theta.values())[2], -_WALL), _WALL)
    low, high = (
        sign if excess(sign * _WALL) <= 0 else float(brentq(excess, sign * _WALL, inside))
        for sign in (-1.0, 1.0)
    )
    return low, high


def curvature_covariance(pairs: Pairs, restricted: bool, theta: Theta) -> Array:
    """Covariance of the inner hyperparameters, from the curvature of the likelihood at its top.

    NaN where the likelihood is highest at the edge and has no curvature to tell.
    """
    unknown = np.full((3, 3), np.nan)
    if min(theta[:2]) <= 0 or abs(theta[2]) >= _WALL:
        return unknown
    moves = np.array(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij")).reshape(3, -1).T
    points = _natural(_internal(theta) + _STEP * moves)
    height = pairs.model("UN", restricted).profile(points).loglik.reshape(3, 3, 3)
    bend = np.array([[_second_difference(height, i, j) for j in range(3)] for i in range(3)])
    bend /= -(_STEP**2)
    return np.asarray(np.linalg.inv(bend)) if np.linalg.eigvalsh(bend)[0] > 0 else unknown


def posterior_draws(
    pairs: Pairs, restricted: bool, theta: Theta, n: int, seed: int | None
) -> dict[str, Array]:
    """Draws of the posterior with flat priors; see `BivariateAnalysis.draws`."""
    covariance = curvature_covariance(pairs, restricted, theta)
    if np.isnan(covariance).any():
        raise SynthesisError(
            "the likelihood is highest where a variance is zero or the correlation is ±1: with "
            "so little information there are no draws; see correlation_interval"
        )
    rng = np.random.default_rng(seed)
    unit = rng.standard_normal((_PROPOSALS, 3))
    unit /= np.sqrt(rng.chisquare(_DF, (_PROPOSALS, 1)) / _DF)
    proposed = _internal(theta) + unit @ np.linalg.cholesky(1.5 * covariance).T
    at = pairs.model("UN", restricted).profile(_natural(proposed))
    # flat in τ and ρ: the Jacobians of log τ² and of Fisher's z
    log_prior = proposed[:, :2].sum(axis=1) / 2 - 2 * np.logaddexp(proposed[:, 2], -proposed[:, 2])
    log_t = -(_DF + 3) / 2 * np.log1p((unit**2).sum(axis=1) / _DF)
    # the likelihood with flat means: for ML, whose profile keeps them, they are averaged too
    log_means = 0.0 if restricted else 0.5 * np.linalg.slogdet(at.cov)[1]
    weight = at.loglik + log_means + log_prior - log_t
    weight = np.exp(weight - weight.max())
    chosen = rng.choice(_PROPOSALS, n, p=weight / weight.sum())
    drawn = _natural(proposed[chosen])
    half = np.linalg.cholesky(at.cov[chosen])
    mean = at.beta[chosen] + np.einsum("nij,nj->ni", half, rng.standard_normal((n, 2)))
    tau, rho = np.sqrt(drawn[:, :2]), drawn[:, 2]
    return {
        "structure": mean[:, 0],
        "symptom": mean[:, 1],
        "tau_structure": tau[:, 0],
        "tau_symptom": tau[:, 1],
        "correlation": rho,
        "slope": rho * tau[:, 1] / tau[:, 0],
        "R2": rho**2,
    }


def _internal(theta: Theta) -> Array:
    return np.array([math.log(theta[0]), math.log(theta[1]), math.atanh(theta[2])])


def _natural(internal: Array) -> Array:
    """Variances and correlation, from their logarithms and Fisher's z."""
    return np.concatenate([np.exp(internal[..., :2]), np.tanh(internal[..., 2:])], axis=-1)


def _second_difference(height: Array, i: int, j: int) -> float:
    """∂²/∂i∂j of a 3 × 3 × 3 stencil, times the squared step."""

    def at(*moves: tuple[int, int]) -> float:
        place = [1, 1, 1]
        for axis, by in moves:
            place[axis] += by
        return float(height[tuple(place)])

    if i == j:
        return at((i, 1)) - 2 * at() + at((i, -1))
    return (
        at((i, 1), (j, 1)) - at((i, 1), (j, -1)) - at((i, -1), (j, 1)) + at((i, -1), (j, -1))
    ) / 4
