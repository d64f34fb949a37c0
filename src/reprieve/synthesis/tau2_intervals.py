"""Confidence intervals of τ²: Q-profile, profile likelihood, generalised Q."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.heterogeneity import log_likelihood, solve_q
from reprieve.synthesis.least_squares import Array, LeastSquares

Interval = tuple[float, float]


def tau2_interval(
    batch: LeastSquares,
    tau2: float,
    level: float,
    *,
    method: str,
    estimator: str,
    weights: Array | None = None,
) -> Interval:
    """Interval of τ² for a batch of one; see `Result.tau2_interval`."""
    if not 0 < level < 1:
        raise InputError(f"level must lie between 0 and 1, such as 0.95; it was {level!r}")
    if method == "QP":
        return _q_profile(batch, level)
    if method == "PL":
        if estimator not in ("ML", "REML"):
            raise SynthesisError(
                f"a profile-likelihood interval needs method ML or REML, not {estimator}"
            )
        return _profile_likelihood(batch, tau2, level, estimator)
    if method == "GENQ":
        if estimator != "GENQ" or weights is None:
            raise SynthesisError(f"a GENQ interval needs a fit by method GENQ, not {estimator}")
        return _generalised_q(batch, level, weights)
    raise InputError(f'method must be "QP", "PL" or "GENQ"; it was {method!r}')


def _q_profile(batch: LeastSquares, level: float) -> Interval:
    """The τ² at which Q meets the χ² quantiles (Viechtbauer 2007 Stat Med 26:37)."""
    from scipy.special import chdtri

    tails = chdtri(float(batch.df), np.array([(1 - level) / 2, (1 + level) / 2]))
    low, high = solve_q(batch.take(np.zeros(2, dtype=np.intp)), tails)
    return float(low), float(high)


def _profile_likelihood(batch: LeastSquares, tau2: float, level: float, kind: str) -> Interval:
    def height(value: float) -> float:
        return float(log_likelihood(batch, np.array([value]), kind)[0])

    return likelihood_interval(height, tau2, level, float(batch.v.max()))


def likelihood_interval(
    height: Callable[[float], float], tau2: float, level: float, unit: float
) -> Interval:
    """The τ² whose log-likelihood is half a χ²₁ quantile lower than the highest, at `tau2`.

    `unit` is the step with which the search for the upper end begins.
    """
    from scipy.special import chdtri

    floor = height(tau2) - 0.5 * float(chdtri(1.0, 1 - level))

    def above(value: float) -> float:
        return height(value) - floor

    low = 0.0 if above(0.0) >= 0 else _root(above, 0.0, tau2)
    far = 2 * tau2 + unit
    while above(far) > 0:
        far *= 2
    return low, _root(above, tau2, far)


def _generalised_q(batch: LeastSquares, level: float, weights: Array) -> Interval:
    """The τ² for which the observed generalised Q is a quantile of its exact distribution.

    Jackson (2013) Res Synth Methods 4:220.
    """
    from reprieve.synthesis.quadratic_forms import weighted_chi2_cdf

    P = batch.projection(weights[None])
    q = float(P.yPy()[0])
    dense = P.dense()[0]

    def upper_tail(tau2: float) -> float:
        root = np.sqrt(batch.v[0] + tau2)
        scales = np.linalg.eigvalsh(root[:, None] * dense * root)[batch.p :]
        return 1.0 - weighted_chi2_cdf(q, scales)

    def end(tail: float) -> float:
        if upper_tail(0.0) > tail:
            return 0.0
        far = float(batch.v.max())
        while upper_tail(far) < tail:
            far *= 2
        return _root(lambda tau2: upper_tail(tau2) - tail, 0.0, far)

    return end((1 - level) / 2), end((1 + level) / 2)


def _root(f: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(f, low, high, xtol=1e-14 * max(high, 1e-8), rtol=1e-13))
