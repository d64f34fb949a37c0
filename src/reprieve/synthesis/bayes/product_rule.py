"""Where to put nodes for the hyperparameters of a Gaussian model, and what is there.

A product of equally spaced nodes on the double-exponential line of each hyperparameter (see
`quadrature`), over the box that holds the posterior.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.bayes.priors import Prior, parse_prior
from reprieve.synthesis.bayes.quadrature import Axis
from reprieve.synthesis.gaussian import GaussianModel
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.random_effects import Scaled, Structured, Term

# nodes per axis of the grid that finds where the posterior lies, by number of axes
_COARSE = {1: 61, 2: 25, 3: 15, 4: 11}
# beyond a hundred thousand times the scale of the data matrices would lose their digits
_LOW, _HIGH = -6.0, math.asinh(math.log(1e5))
# the box ends this many log units below the highest point, by number of axes
_DEPTH = {1: 32.0, 2: 26.0, 3: 22.0, 4: 18.0}
_FIRST, _MOST_POINTS = 17, 100_000
# wanted error of leaving out every other node; that of keeping all is about its square
_WANTED = {1: 1e-9, 2: 1e-6, 3: 1e-5, 4: 1e-5}


class Hyperparameter(NamedTuple):
    """A standard deviation or a correlation."""

    name: str
    prior: Prior
    axis: Axis
    is_sd: bool
    levels: int


def read_hyperparameters(
    model: GaussianModel, priors: str | Prior | Mapping[str, str | Prior]
) -> list[Hyperparameter]:
    """The model's hyperparameters with their priors, centred on the highest likelihood."""
    count = len(model.names)
    if not 1 <= count <= max(_COARSE):
        raise SynthesisError(
            f"the model has {count} hyperparameters; quadrature takes one to {max(_COARSE)}. Use "
            "a simpler structure, such as CS in place of UN"
        )
    given = dict(priors) if isinstance(priors, Mapping) else dict.fromkeys(_sds(model), priors)
    unknown = [name for name in given if name not in model.names]
    if unknown:
        raise InputError(f"priors names {unknown}, but the model has {list(model.names)}")
    fitted = model.fit().theta
    # where the likelihood is highest at zero, sampling variances tell the scale
    largest = max(model.typical, *(fitted[name] for name in _sds(model)))
    found = []
    for term in model.terms:
        levels = _levels(term)
        for name, limits in zip(term.names, _ranges(term), strict=True):
            is_sd = limits is None
            if limits is not None:
                low, high = limits
                prior = parse_prior(given.get(name, Prior("uniform", limits)))
                if prior.word != "uniform" or prior.support[0] < low or prior.support[1] > high:
                    raise InputError(
                        f"the correlation {name} needs a prior uniform(low, high) within "
                        f"{low:.4g} to {high:.4g}; it was {prior.text}"
                    )
                typical = sum(prior.support) / 2
            else:
                if name not in given:
                    raise InputError(f"give a prior for the standard deviation of {name}")
                prior = parse_prior(given[name]).expect("heterogeneity")
                _check_usable(prior, name)
                low, high = prior.support
                typical = low + math.sqrt(max(fitted[name], 0.05 * largest))
                if not low < typical < high:
                    typical = 0.5 * (low + high)
            axis = Axis(*prior.support, typical)
            found.append(Hyperparameter(name, prior, axis, is_sd, levels))
    return found


def _check_usable(prior: Prior, name: str) -> None:
    if not prior.scaled or prior.by_data:
        raise InputError(
            f"the prior {prior.text} for {name} is improper or made for one variance; give a "
            "proper one such as half-normal(0.5)"
        )


def _sds(model: GaussianModel) -> list[str]:
    """Hyperparameters that are variances."""
    return [
        name
        for term in model.terms
        for name, limits in zip(term.names, _ranges(term), strict=True)
        if limits is None
    ]


def _ranges(term: Term) -> list[tuple[float, float] | None]:
    """Ranges of a term's correlations; None for variances."""
    if isinstance(term, Scaled):
        return [None]
    assert isinstance(term, Structured)
    q, own = len(term.levels), term.structure in ("DIAG", "HCS", "HAR", "UN")
    variances: list[tuple[float, float] | None] = [None] * (q if own else 1)
    rest = len(term.names) - len(variances)
    limits = (-1.0, 1.0) if term.structure == "UN" else term.bounds[-1]
    return variances + [limits] * rest


def _levels(term: Term) -> int:
    """How many effects a term has: what the data can say about its variance."""
    codes, _ = term.joined()
    return int(codes[0].max()) + 1 if codes else term.n


class Rule:
    """The joint density of hyperparameters and data, coefficients integrated out."""

    def __init__(
        self, model: GaussianModel, parameters: list[Hyperparameter], betas: tuple[Prior, ...]
    ) -> None:
        self.model, self.parameters = model, parameters
        self.proper = np.array([j for j, prior in enumerate(betas) if prior.word == "normal"], int)
        numbers = np.array([betas[j].parameters for j in self.proper]).reshape(-1, 2)
        self.prior_mean, self.prior_cov = numbers[:, 0], np.diag(numbers[:, 1] ** 2)
        # the restricted likelihood integrates over an orthonormal basis of the design
        self.volume = float(np.linalg.slogdet(model._R)[1])

    def values(self, nodes: Sequence[Array]) -> Array:
        """Standard deviations and correlations at all nodes of a product, shape (n, h)."""
        values = [p.axis.to_value(s) for p, s in zip(self.parameters, nodes, strict=True)]
        return np.stack([a.reshape(-1) for a in np.meshgrid(*values, indexing="ij")], axis=-1)

    def given(self, theta: Array) -> tuple[Array, Array, Array]:
        """Log marginal likelihood, and mean and covariance of the coefficients."""
        natural = theta.copy()
        sds = [i for i, p in enumerate(self.parameters) if p.is_sd]
        natural[:, sds] **= 2
        loglik, beta, cov = self.model.profile(natural)
        p = self.model.p
        if self.model.restricted:
            log = loglik - self.volume
        else:
            sound = np.where(np.isfinite(loglik)[:, None, None], cov, np.eye(p))
            log = loglik + 0.5 * (p * math.log(2 * math.pi) + np.linalg.slogdet(sound)[1])
        if len(self.proper):
            some = self.proper
            beta, cov = np.nan_to_num(beta), np.where(np.isfinite(cov), cov, np.eye(p))
            total = cov[:, some[:, None], some] + self.prior_cov
            gain = np.swapaxes(np.linalg.solve(total, cov[:, some]), 1, 2)
            surprise = (beta[:, some] - self.prior_mean)[..., None]
            size = (surprise * np.linalg.solve(total, surprise)).sum(axis=(1, 2))
            log = log - 0.5 * (
                len(some) * math.log(2 * math.pi) + np.linalg.slogdet(total)[1] + size
            )
            beta = beta - (gain @ surprise)[..., 0]
            cov = cov - gain @ cov[:, some]
        return log, beta, cov

    def on_lines(self, nodes: Sequence[Array]) -> Array:
        """Log joint density on the axes' lines, at all nodes of a product."""
        shape = tuple(len(s) for s in nodes)
        logs = self.given(self.values(nodes))[0].reshape(shape)
        for i, (p, s) in enumerate(zip(self.parameters, nodes, strict=True)):
            along = p.prior.log_density(p.axis.to_value(s)) + p.axis.log_slope(s)
            logs = logs + along.reshape([-1 if j == i else 1 for j in range(len(shape))])
        return np.where(np.isnan(logs), -np.inf, logs)


def find_box(rule: Rule) -> list[tuple[float, float]]:
    """The box of the lines that holds the posterior."""
    h = len(rule.parameters)
    n = _COARSE[h]
    ends = [(_LOW, _HIGH if math.isinf(p.axis.high) else -_LOW) for p in rule.parameters]
    for _ in range(40):
        nodes = [np.linspace(low, high, n) for low, high in ends]
        logs = rule.on_lines(nodes)
        top = logs.max()
        if not np.isfinite(top):
            raise SynthesisError("the posterior has no mass: the priors exclude what the data say")
        settled = True
        for i in range(h):
            along = logs.max(axis=tuple(j for j in range(h) if j != i))
            held = np.flatnonzero(along > top - _DEPTH[h])
            first, last = max(held[0] - 1, 0), min(held[-1] + 1, n - 1)
            ends[i] = (float(nodes[i][first]), float(nodes[i][last]))
            settled &= last - first > n // 2
        if settled:
            break
    return ends


def refine(rule: Rule, ends: list[tuple[float, float]]) -> tuple[Array, list[Array], float]:
    """Log density at enough nodes of the box, the nodes, and the error of leaving out half."""
    h, n = len(ends), _FIRST
    while True:
        nodes = [np.linspace(low, high, n) for low, high in ends]
        logs = rule.on_lines(nodes)
        f = np.exp(logs - logs.max())
        error = max(_left_out(f, s, i) for i, s in enumerate(nodes))
        more = max(n + 2, 4 * (n // 3) + 1)
        more += (more + 1) % 2
        if error <= _WANTED[h] or more**h > _MOST_POINTS:
            return logs, nodes, error
        n = more


def _left_out(f: Array, s: Array, i: int) -> float:
    """Relative change of mass and centre when every other node of axis i is left out."""
    along = f.sum(axis=tuple(j for j in range(f.ndim) if j != i))
    changes = [
        abs(values.sum() - 2 * values[::2].sum()) for values in (along, along * (s - s.mean()))
    ]
    return float(max(changes) / along.sum())
