"""The likelihood of counts whose effect varies between trials by a normal distribution.

Each trial's likelihood is integrated over its effect by adaptive Gauss–Hermite quadrature: nodes
are centred at the effect that the trial and the distribution make most likely (Pinheiro & Bates
1995 J Comput Graph Stat 4:12). Slopes are posterior means over the same nodes, so that Newton's
method needs few steps and no finite differences.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from reprieve.errors import SynthesisError
from reprieve.synthesis.least_squares import Array

_NODES = 25
_STEPS = 60
_RUNAWAY = 3.5  # log of a standard deviation of log ratios beyond which nothing is estimated
_CLOSE = 1e-10


class Derivatives(NamedTuple):
    """A trial's log-likelihood and its first two derivatives by the effect; shape (k, q)."""

    value: Array
    slope: Array
    bend: Array


Kernel = Callable[[Array], Derivatives]
"""From effects, shape (k, q), to the log-likelihood of each trial at each of them."""


class Maximum(NamedTuple):
    """Where the likelihood is highest.

    Attributes
    ----------
    mean, tau : float
        Of the distribution of effects.
    se : float
        Standard error of the mean, from the joint information about mean and τ.
    loglik : float
    """

    mean: float
    tau: float
    se: float
    loglik: float


def maximise_mean(kernel: Kernel, start: float = 0.0) -> Maximum:
    """One effect for all trials."""
    mean, value = start, -math.inf
    for _ in range(_STEPS):
        found = kernel(np.array([[mean]]))
        value, slope, bend = (float(part.sum()) for part in found)
        if not bend < 0:
            break
        # far from the maximum a likelihood can be almost flat: no step is longer than 2
        step = min(max(-slope / bend, -2.0), 2.0)
        mean += step
        if abs(mean) > 50:
            raise no_finite_effect()
        if abs(step) < _CLOSE * (1 + abs(mean)):
            return Maximum(mean, 0.0, 1 / math.sqrt(-bend), value)
    raise SynthesisError("the likelihood has no maximum in the effect; are there any events?")


def maximise(kernel: Kernel, start: float = 0.0) -> Maximum:
    """Mean and standard deviation of the effects of trials.

    Examples
    --------
    >>> def normal(effect):  # y = ±1, variance ¼: τ² = 1 − ¼
    ...     off = np.array([[-1.0], [1.0]]) - effect
    ...     return Derivatives(-2 * off**2, 4 * off, np.full_like(off, -4.0))
    >>> found = maximise(normal)
    >>> abs(round(found.mean, 8)), round(found.tau**2, 8)
    (0.0, 0.75)
    """
    common = maximise_mean(kernel, start)
    at = kernel(np.array([[common.mean]]))
    # the slope by τ² at zero: positive when trials differ more than chance
    if float((at.slope**2 + at.bend).sum()) <= 0:
        return common
    information = float(-at.bend.sum()) / len(at.bend)
    mean, log_tau = common.mean, -0.5 * math.log(max(information, 1e-8)) - 1.0
    value, slope, bend = _integrated(kernel, mean, math.exp(log_tau))
    for _ in range(_STEPS):
        step = uphill(slope, bend)
        if np.abs(step).max() < _CLOSE * (1 + abs(mean)):
            break
        for _ in range(40):
            tried = mean + step[0], log_tau + step[1]
            new = _integrated(kernel, tried[0], math.exp(tried[1]))
            if new[0] >= value - 1e-12 * abs(value):
                break
            step = step / 2
        gained = new[0] - value
        (mean, log_tau), (value, slope, bend) = (float(tried[0]), float(tried[1])), new
        # nothing left to gain in a double's digits: steps would only follow rounding
        if abs(gained) <= 1e-13 * (1 + abs(value)):
            break
        if log_tau < -16:
            return common
        if log_tau > _RUNAWAY:
            break
    if value <= common.loglik + 1e-12:
        return common
    if log_tau > _RUNAWAY or not (np.linalg.eigvalsh(-bend) > 0).all():
        raise no_finite_variance()
    se = math.sqrt(np.linalg.inv(-bend)[0, 0])
    return Maximum(mean, math.exp(log_tau), se, value)


def uphill(slope: Array, bend: Array) -> Array:
    """Newton's step, or one up the slope where the surface is not curved like a hill."""
    size, axes = np.linalg.eigh(-bend)
    size = np.maximum(np.abs(size), 1e-6)
    step = axes @ ((axes.T @ slope) / size)
    return np.asarray(step * min(1.0, 2.0 / float(np.abs(step).max() + 1e-300)))


def _integrated(kernel: Kernel, mean: float, tau: float) -> tuple[float, Array, Array]:
    """Log-likelihood of mean and log τ, with slope and bend.

    Louis 1982 J R Stat Soc B 44:226: the bend is the mean bend within trials plus the covariance
    of slopes.
    """

    def bent(z: Array) -> tuple[Array, Array]:
        found = kernel(mean + tau * z)
        return found.slope, found.bend

    z, weights = centred_nodes(bent, np.zeros((1, 1)), tau)
    at = kernel(mean + tau * z)
    logs = at.value - 0.5 * z * z + weights
    top = logs.max(axis=1, keepdims=True)
    p = np.exp(logs - top)
    mass = p.sum(axis=1, keepdims=True)
    value = float((top + np.log(mass)).sum()) - len(z) * 0.5 * math.log(2 * math.pi)
    p /= mass
    # by mean: the slope itself; by log τ: the slope times how far the effect lies from the mean
    off = tau * z
    slopes = np.stack([at.slope, at.slope * off])
    first = (p * slopes).sum(axis=2)
    bends = np.stack([at.bend, at.bend * off, at.bend * off * off + at.slope * off])
    second = (p * bends).sum(axis=2).sum(axis=1)
    spread = np.einsum("kq,ikq,jkq->ij", p, slopes, slopes) - first @ first.T
    bend = np.array([[second[0], second[1]], [second[1], second[2]]]) + spread
    return value, first.sum(axis=1), bend


def centred_nodes(
    at: Callable[[Array], tuple[Array, Array]], start: Array, tau: float
) -> tuple[Array, Array]:
    """Standardised effects at which each trial's likelihood is summed, and their log weights.

    Parameters
    ----------
    at : callable
        Slope and bend of each trial's log-likelihood by its effect, at standardised effects.
    start : ndarray, shape (k, 1) or (1, 1)
        Where the search for the likeliest effects starts.
    tau : float
    """
    x, w = hermite()
    z = start
    for turn in range(_STEPS):
        slope, bend = at(z)
        step = (tau * slope - z) / (1 - np.minimum(tau * tau * bend, 0.0))
        # ever shorter steps: far out, where a likelihood is flat, Newton's swing to and fro
        longest = 2.0 * 0.85**turn
        z = z + np.clip(step, -longest, longest)
        if np.abs(step).max() < 1e-8:
            break
    _, bend = at(z)
    width = np.sqrt(2) / np.sqrt(1 - np.minimum(tau * tau * bend, 0.0))
    return z + width * x, np.log(width) + np.log(w) + x * x


def no_finite_effect() -> SynthesisError:
    """What to say where the likelihood rises for ever with the effect."""
    return SynthesisError(
        "the effect has no finite estimate: one group has no event (or only events) in any trial. "
        "Give an exact bound instead, or a method that adds to cells (IV)"
    )


def no_finite_variance() -> SynthesisError:
    """What to say where it rises for ever with τ, or ends on a ridge."""
    return SynthesisError(
        "the variance between trials has no finite estimate: with so few events trials point to "
        "opposite extremes. Take one effect for all trials (common), or MH"
    )


def hermite() -> tuple[Array, Array]:
    if not _RULE:
        x, w = np.polynomial.hermite.hermgauss(_NODES)
        _RULE.extend((np.asarray(x), np.asarray(w)))
    return _RULE[0], _RULE[1]


_RULE: list[Array] = []
