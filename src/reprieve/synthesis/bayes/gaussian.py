"""Exact Bayes for the Gaussian engine: quadrature over up to four hyperparameters.

Multilevel, multivariate, network and other models that build a `GaussianModel` get their
posterior here: coefficients as mixtures of normal distributions, standard deviations and
correlations on nodes of a product rule.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from reprieve.errors import InputError
from reprieve.synthesis.bayes.mixtures import NormalMixture, check_level
from reprieve.synthesis.bayes.priors import FLAT, Prior, parse_prior
from reprieve.synthesis.bayes.product_rule import Rule, find_box, read_hyperparameters, refine
from reprieve.synthesis.bayes.quadrature import Posterior
from reprieve.synthesis.bayes.tables import described, nested, posterior_lines
from reprieve.synthesis.findings import plain
from reprieve.synthesis.gaussian import GaussianModel
from reprieve.synthesis.least_squares import Array

if TYPE_CHECKING:
    import polars as pl

# the error of leaving out every other node from which a reader is told
_TOLERATED = 1e-2
# nodes this light change no result in its first ten digits
_LIGHT = 1e-13


@dataclass(frozen=True, eq=False, repr=False)
class BayesianGaussian:
    """What `bayesian_gaussian` returns.

    Attributes
    ----------
    names : tuple of str
        Coefficients.
    coefficients : tuple of NormalMixture
        Their posteriors.
    hyperparameters : dict of Posterior
        Of the *standard deviation* behind each variance of the model, and of correlations, by
        the model's names.
    log_evidence : float
        Log marginal likelihood; NaN where a coefficient has a flat prior.
    log_mass : float
        The same with density 1 for flat priors: it compares models whose flat coefficients mean
        the same.
    level : float
        Probability of the intervals shown by default.
    node_weights, node_mean, node_cov : ndarray, shape (n,), (n, p), (n, p, p)
        Coefficients given the hyperparameters at each node.
    node_theta : ndarray, shape (n, h)
        Standard deviations and correlations at each node.
    tail : float
        The power with which the density of coefficients with flat priors falls.
    warnings : tuple of str
    """

    names: tuple[str, ...]
    coefficients: tuple[NormalMixture, ...]
    hyperparameters: dict[str, Posterior]
    priors: dict[str, str]
    log_evidence: float
    log_mass: float
    level: float
    node_weights: Array
    node_mean: Array
    node_cov: Array
    node_theta: Array
    tail: float
    warnings: tuple[str, ...] = field(default=())

    def __repr__(self) -> str:
        return self.summary()

    def __getitem__(self, of: str) -> Posterior | NormalMixture:
        """The posterior of a coefficient or of a hyperparameter."""
        found = self._named.get(of)
        if found is None:
            raise InputError(f"there is no {of!r} in the posterior; there are {list(self._named)}")
        return found

    @cached_property
    def _named(self) -> dict[str, Posterior | NormalMixture]:
        return {**dict(zip(self.names, self.coefficients, strict=True)), **self.hyperparameters}

    def at(self, rows: ArrayLike) -> NormalMixture:
        """Posterior of combinations of coefficients: contrasts, predictions.

        Parameters
        ----------
        rows : array_like, shape (p,) or (m, p)
        """
        X = np.asarray(rows, dtype=float)
        spread = np.einsum("...p,npq,...q->...n", X, self.node_cov, X)
        return NormalMixture(
            self.node_weights, X @ self.node_mean.T, np.sqrt(spread), tail=self.tail
        )

    def interval(self, level: float | None = None) -> dict[str, tuple[float, float]]:
        """Central interval of each coefficient."""
        level = self.level if level is None else level
        return {
            name: found.interval(level)
            for name, found in zip(self.names, self.coefficients, strict=True)
        }

    def probability_below(self, x: float, of: str | None = None) -> float:
        """Probability that a coefficient (the first when not given) is below `x`."""
        return float(self[self.names[0] if of is None else of].cdf(x))

    def draws(self, n: int = 10_000, seed: int | None = None) -> Array:
        """Independent draws of the coefficients, shape (n, p)."""
        rng = np.random.default_rng(seed)
        which = rng.choice(len(self.node_weights), size=n, p=self.node_weights)
        unit = rng.standard_normal((n, len(self.names), 1))
        factors = np.linalg.cholesky(self.node_cov)
        return np.asarray(self.node_mean[which] + (factors[which] @ unit)[..., 0])

    def to_frame(self) -> pl.DataFrame:
        """A row per coefficient and hyperparameter."""
        import polars as pl

        rows = [{"name": n, **described(found, self.level)} for n, found in self._named.items()]
        return pl.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what does not exist is None."""
        content = {
            "model": {"priors": self.priors, "level": self.level},
            "posterior": {
                name: nested(described(found, self.level)) for name, found in self._named.items()
            },
            "log_evidence": self.log_evidence,
            "warnings": list(self.warnings),
        }
        return dict(plain(content))

    def summary(self) -> str:
        """The result as a table to read."""
        priors = ", ".join(f"{name} ~ {prior}" for name, prior in self.priors.items())
        lines = ["Bayesian Gaussian model", f"priors: {priors}", ""]
        lines += posterior_lines(self._named, self.level)
        if self.warnings:
            lines += ["", *(f"note: {warning}" for warning in self.warnings)]
        return "\n".join(lines)


def bayesian_gaussian(
    model: GaussianModel,
    priors: str | Prior | Mapping[str, str | Prior],
    *,
    coefficient_priors: Sequence[str | Prior] | None = None,
    names: Sequence[str] | None = None,
    level: float = 0.95,
) -> BayesianGaussian:
    """Exact posterior of any model of the Gaussian engine.

    Parameters
    ----------
    model : GaussianModel
        With one to four hyperparameters. Whether it is restricted makes no difference.
    priors : str, Prior or mapping
        For the standard deviation behind each variance: one prior for all, or by the names of
        the model. Correlations have a uniform prior on their range, unless the mapping gives
        them another ``uniform(low, high)``.
    coefficient_priors : sequence of str or Prior, length p, optional
        ``normal(mean, sd)`` or ``flat``; all flat when not given.
    names : sequence of str, length p, optional
        Of the coefficients.
    level : float
        Probability of the intervals.

    Returns
    -------
    BayesianGaussian

    Raises
    ------
    InputError
        Priors that are improper, missing or do not belong here.
    SynthesisError
        More than four hyperparameters, or a posterior without mass.

    Notes
    -----
    The integral is a sum over a product of nodes (see `product_rule`). Its error is measured by
    leaving out every other node, and there are more nodes until it is small. With one to three
    hyperparameters quantiles are good to about 1e-5 standard deviations. With four those of the
    hyperparameters are good to about 1e-2, which a warning says; coefficients are much better.

    Examples
    --------
    Effects in studies in laboratories:

    >>> from reprieve.synthesis.random_effects import Scaled
    >>> model = GaussianModel(
    ...     y=[0.2, 0.5, 0.1, 0.9, 0.8, 0.4],
    ...     V=[0.02, 0.03, 0.02, 0.04, 0.03, 0.02],
    ...     terms=[Scaled([1, 1, 2, 2, 3, 3], name="laboratory"), Scaled(range(6), name="study")],
    ... )
    >>> fit = bayesian_gaussian(model, "half-normal(0.5)", names=["mean"])
    >>> round(fit["mean"].mean, 3), round(fit["study"].median, 3)
    (0.465, 0.312)
    """
    check_level(level)
    parameters = read_hyperparameters(model, priors)
    betas = tuple(
        parse_prior(prior).expect("effect")
        for prior in (coefficient_priors if coefficient_priors is not None else [FLAT] * model.p)
    )
    labels = tuple(names if names is not None else (f"beta{j + 1}" for j in range(model.p)))
    for given, what in ((betas, "coefficient_priors"), (labels, "names")):
        if len(given) != model.p:
            raise InputError(f"{what} holds {len(given)}, but the model has {model.p} coefficients")
    rule = Rule(model, parameters, betas)
    logs, nodes, error = refine(rule, find_box(rule))
    weights = np.exp(logs - logs.max())
    step = float(np.prod([s[1] - s[0] for s in nodes]))
    log_mass = float(logs.max() + np.log(weights.sum() * step))
    weights /= weights.sum()
    tails = [p.prior.tail + max(p.levels - model.p, 0) for p in parameters]
    marginals = {
        p.name: Posterior(p.axis, nodes[i], _along(weights, i), tail=tails[i])
        for i, p in enumerate(parameters)
    }
    held = weights.reshape(-1) > _LIGHT
    theta, kept = rule.values(nodes)[held], weights.reshape(-1)[held]
    _, mean, cov = rule.given(theta)
    flat = np.array([prior.word == "flat" for prior in betas])
    # what is spread flat inherits the heaviest tail of the standard deviations
    tail = min(t for t, p in zip(tails, parameters, strict=True) if p.is_sd)
    coefficients = tuple(
        NormalMixture(kept, mean[:, j], np.sqrt(cov[:, j, j]), tail=tail if flat[j] else math.inf)
        for j in range(model.p)
    )
    shown = {**dict(zip(labels, betas, strict=True)), **{p.name: p.prior for p in parameters}}
    return BayesianGaussian(
        names=labels,
        coefficients=coefficients,
        hyperparameters=marginals,
        priors={name: prior.text for name, prior in shown.items()},
        log_evidence=math.nan if flat.any() else log_mass,
        log_mass=log_mass,
        level=level,
        node_weights=kept / kept.sum(),
        node_mean=mean,
        node_cov=cov,
        node_theta=theta,
        tail=tail if flat.any() else math.inf,
        warnings=_notes(error),
    )


def _along(weights: Array, i: int) -> Array:
    """Weights of the nodes of axis i alone."""
    return np.asarray(weights.sum(axis=tuple(j for j in range(weights.ndim) if j != i)))


def _notes(error: float) -> tuple[str, ...]:
    if error <= _TOLERATED:
        return ()
    return (
        f"the grid is coarse: quantiles of hyperparameters are good to about {error:.0e} of a "
        "standard deviation; fewer hyperparameters, or tighter priors, help",
    )
