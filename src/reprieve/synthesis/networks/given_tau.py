"""Exact posterior of a linear model of a network: normal distributions at nodes of τ.

Given τ, trials as uncorrelated contrasts `y ~ N(Xβ, v + τ²)` leave the coefficients normal, and τ
itself with a density in closed form. Whatever is asked for is then a mixture over nodes of τ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reprieve.synthesis.bayes.analysis import reader_notes, solve_random_effects
from reprieve.synthesis.bayes.marginal import RandomEffects
from reprieve.synthesis.bayes.mixtures import NormalMixture
from reprieve.synthesis.bayes.priors import Prior
from reprieve.synthesis.bayes.quadrature import Posterior
from reprieve.synthesis.findings import Finding, number
from reprieve.synthesis.least_squares import Array

# nodes this light change no result in its first ten digits
_LIGHT = 1e-13


@dataclass(frozen=True, eq=False)
class GivenTau:
    """A linear model of uncorrelated contrasts, given τ at each of N nodes.

    Attributes
    ----------
    y, v : ndarray, shape (k,)
        Contrasts and sampling variances.
    X : ndarray, shape (k, p)
        Design.
    posterior : Posterior or None
        Of τ; None where τ is zero.
    weights, tau : ndarray, shape (N,)
        Probability and τ of each node.
    mean, cov : ndarray, shape (N, p) and (N, p, p)
        Coefficients given τ.
    log_evidence : float
        Log-density of the contrasts; NaN with an improper prior.
    tail : float
        The power with which the density of τ falls.
    notes : tuple of str
        What a reader should know.
    """

    y: Array
    v: Array
    X: Array
    posterior: Posterior | None
    weights: Array
    tau: Array
    mean: Array
    cov: Array
    log_evidence: float
    tail: float
    notes: tuple[str, ...] = ()

    def marginals(self, heavy: bool) -> NormalMixture:
        """Posterior of each coefficient; `heavy` where priors are flat."""
        sds = np.sqrt(np.diagonal(self.cov, axis1=1, axis2=2)).T
        tail = self.tail if heavy else math.inf
        return NormalMixture(self.weights, self.mean.T, sds, tail=tail)

    @cached_property
    def deviance(self) -> Deviance:
        """How well the model fits, and how many parameters it takes for that.

        Given τ, the true contrast of a trial is drawn from its estimate towards the fitted one by
        the share v/(v + τ²).
        """
        v, square = self.v[:, None], self.tau**2
        pull = v / (v + square)
        off = pull * (self.y[:, None] - self.X @ self.mean.T)
        reach = np.stack([((self.X @ cov) * self.X).sum(axis=1) for cov in self.cov], axis=1)
        spread = pull * square + pull**2 * reach
        mean = ((off**2 + spread) @ self.weights) / self.v
        at_mean = (off @ self.weights) ** 2 / self.v
        return Deviance(mean, at_mean)


@dataclass(frozen=True, eq=False, repr=False)
class Deviance(Finding):
    """Residual deviance of the contrasts of trials, given their true contrasts.

    Spiegelhalter et al. 2002 J R Stat Soc B 64:583; for networks Dias et al. 2013 Med Decis Making
    33:607 (NICE TSD 2), as in R's multinma: a model that fits well has a mean deviance near the
    number of contrasts, and of two models that with the smaller DIC (by 3 to 5 or more) is to be
    preferred.

    Attributes
    ----------
    by_contrast : ndarray, shape (k,)
        Posterior mean of the deviance of each uncorrelated contrast.
    at_mean : ndarray, shape (k,)
        Deviance at the posterior mean of each true contrast.
    """

    by_contrast: Array
    at_mean: Array

    @property
    def contrasts(self) -> int:
        """Number of uncorrelated contrasts."""
        return len(self.by_contrast)

    @property
    def mean(self) -> float:
        """Posterior mean of the residual deviance."""
        return float(self.by_contrast.sum())

    @property
    def pD(self) -> float:  # noqa: N802 - its name in the field
        """Effective number of parameters: mean deviance less the deviance at the mean."""
        return float(self.leverage.sum())

    @property
    def DIC(self) -> float:  # noqa: N802 - its name in the field
        """Deviance information criterion: mean deviance plus `pD`."""
        return self.mean + self.pD

    @property
    def leverage(self) -> Array:
        """What each contrast adds to `pD`, shape (k,)."""
        return np.asarray(self.by_contrast - self.at_mean)

    def to_dict(self) -> dict[str, float]:
        """contrasts, mean, pD and DIC."""
        return {
            "contrasts": self.contrasts, "mean": self.mean, "pD": self.pD, "DIC": self.DIC
        }  # fmt: skip

    def summary(self) -> str:
        """One line to read."""
        return (
            f"deviance {number(self.mean, 2)} ({self.contrasts} contrasts)   "
            f"pD {number(self.pD, 2)}   DIC {number(self.DIC, 2)}"
        )


def solve_given_tau(
    y: Array, v: Array, X: Array, prior: Prior | None, effect_prior: Prior
) -> GivenTau:
    """Posterior of `y ~ N(Xβ, v + τ²)`.

    Parameters
    ----------
    y, v : ndarray, shape (k,)
    X : ndarray, shape (k, p)
    prior : Prior or None
        For τ; None is τ = 0.
    effect_prior : Prior
        For each coefficient.

    Examples
    --------
    >>> from reprieve.synthesis.bayes.priors import FLAT
    >>> y, v, X = np.array([1.0, 3.0]), np.ones(2), np.ones((2, 1))
    >>> given = solve_given_tau(y, v, X, None, FLAT)
    >>> given.mean, given.deviance.pD
    (array([[2.]]), 1.0)
    """
    priors = (effect_prior,) * X.shape[1]
    if prior is None:
        model = RandomEffects(y, v, X, priors)
        logs, mean, cov = model.given(np.zeros(1))
        evidence = math.nan if model.flat.any() else float(logs[0])
        one, zero = np.ones(1), np.zeros(1)
        return GivenTau(y, v, X, None, one, zero, mean, cov, evidence, math.inf)
    solved = solve_random_effects(y, v, X, prior, priors, ("contrast", "contrasts"))
    tau: Posterior = solved["tau"]
    held = tau.weights > _LIGHT
    proper = prior.proper and effect_prior.proper
    return GivenTau(
        y=y,
        v=v,
        X=X,
        posterior=tau,
        weights=tau.weights[held] / tau.weights[held].sum(),
        tau=tau.values[held],
        mean=solved["node_mean"][held],
        cov=solved["node_cov"][held],
        log_evidence=solved["log_mass"] if proper else math.nan,
        tail=tau.tail,
        notes=reader_notes(solved, 0),
    )
