"""What an exact Bayesian fit gives back: posteriors, intervals, probabilities, draws."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from reprieve.errors import InputError, UnknownWordError
from reprieve.synthesis.bayes.marginal import RandomEffects
from reprieve.synthesis.bayes.mixtures import NormalMixture
from reprieve.synthesis.bayes.priors import Prior
from reprieve.synthesis.bayes.quadrature import Posterior
from reprieve.synthesis.bayes.tables import described, nested, posterior_lines
from reprieve.synthesis.findings import plain
from reprieve.synthesis.formulas import Design
from reprieve.synthesis.inputs import Excluded
from reprieve.synthesis.least_squares import Array

if TYPE_CHECKING:
    import polars as pl

# numbers held at once while drawing
_CHUNK = 1 << 21


@dataclass(frozen=True, eq=False, repr=False)
class BayesianFit:
    """What Bayesian meta-analysis and meta-regression have in common.

    Attributes
    ----------
    tau : Posterior
        Of the standard deviation between studies.
    coefficients : tuple of NormalMixture
        Posteriors in the order of `names`.
    names : tuple of str
    prior : Prior
        For τ.
    coefficient_priors : tuple of Prior
        In the order of `names`.
    study : tuple of str
        Labels of the studies.
    level : float
        Probability of the intervals shown by default.
    excluded : tuple of Excluded
        Rows of the data that could not be used, with the reason.
    warnings : tuple of str
        What a reader of the result should know.
    model : RandomEffects
        Estimates, variances and design.
    node_mean, node_cov : ndarray, shape (n, p) and (n, p, p)
        Coefficients given τ at each node of `tau`.
    log_mass : float
        Log of the integral of likelihood times priors, flat ones taken as 1.
    """

    tau: Posterior
    coefficients: tuple[NormalMixture, ...]
    names: tuple[str, ...]
    prior: Prior
    coefficient_priors: tuple[Prior, ...]
    study: tuple[str, ...]
    level: float
    model: RandomEffects
    node_mean: Array
    node_cov: Array
    log_mass: float
    excluded: tuple[Excluded, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    def __repr__(self) -> str:
        return self.summary()

    @property
    def y(self) -> Array:
        """The estimates that were pooled."""
        return self.model.y

    @property
    def v(self) -> Array:
        """Their sampling variances."""
        return self.model.v

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.model.y)

    # -- posteriors

    @cached_property
    def studies(self) -> NormalMixture:
        """True effects of the studies, each drawn towards the mean: k mixtures."""
        weight, variance = self.model.shrinkage(self.tau.values)
        X = self.model.X
        fitted = X @ self.node_mean.T
        spread = np.einsum("kp,npq,kq->kn", X, self.node_cov, X)
        means = self.y[:, None] + weight * (fitted - self.y[:, None])
        return NormalMixture(self.tau.weights, means, np.sqrt(variance + weight**2 * spread))

    def at(self, row: ArrayLike, *, new_study: bool = False) -> NormalMixture:
        """Posterior of the mean effect at a row of the design, or of a new study there.

        Parameters
        ----------
        row : array_like, shape (p,) or (m, p)
        new_study : bool
            Add the variation between studies.
        """
        X = np.asarray(row, dtype=float)
        spread = np.einsum("...p,npq,...q->...n", X, self.node_cov, X)
        if new_study:
            spread = spread + self.tau.values**2
        tail = self.tau.tail if new_study or self.model.flat.any() else math.inf
        return NormalMixture(self.tau.weights, X @ self.node_mean.T, np.sqrt(spread), tail=tail)

    def __getitem__(self, of: str) -> Posterior | NormalMixture:
        """The posterior of ``tau``, of a coefficient, or of the effect in a study."""
        if of in self._named:
            return self._named[of]
        if of in self.study:
            return self.studies[self.study.index(of)]
        raise UnknownWordError("quantity of the posterior", of, [*self._named, *self.study])

    @cached_property
    def _named(self) -> dict[str, Posterior | NormalMixture]:
        return {**dict(zip(self.names, self.coefficients, strict=True)), "tau": self.tau}

    def probability_below(self, x: float, of: str | None = None) -> float:
        """Probability that a quantity is below `x`, such as a worthwhile benefit.

        Parameters
        ----------
        x : float
            On the scale of the effects.
        of : str, optional
            ``mu`` or the name of a coefficient (the first when not given), ``tau``,
            ``predictive`` (the effect in a new study) or the label of a study.
        """
        return float(self[self.names[0] if of is None else of].cdf(x))

    # -- evidence

    @property
    def log_evidence(self) -> float:
        """Log of the marginal likelihood; NaN where a prior is improper."""
        if not self.prior.proper or self.model.flat.any():
            return math.nan
        return self.log_mass

    @cached_property
    def bayes_factors(self) -> dict[str, float]:
        """Evidence for τ = 0, and for each coefficient = 0, over the fitted model.

        Low values speak against the hypothesis. NaN where the prior of the quantity in question
        is improper; a flat prior of another quantity cancels.
        """
        factors = {"tau=0": math.nan}
        if self.prior.proper and self.prior.support[0] == 0:
            none = float(self.model.log_marginal(np.zeros(1))[0])
            factors["tau=0"] = math.exp(min(none - self.log_mass, 700.0))
        for name, prior, mixture in zip(
            self.names, self.coefficient_priors, self.coefficients, strict=True
        ):
            factors[f"{name}=0"] = math.nan
            if prior.word == "normal":
                # Savage and Dickey: posterior over prior density
                mean, sd = prior.parameters
                before = math.exp(-0.5 * (mean / sd) ** 2) / (math.sqrt(2 * math.pi) * sd)
                factors[f"{name}=0"] = mixture.density(0.0) / before if before else math.nan
        return factors

    # -- draws

    def draws(self, n: int = 10_000, seed: int | None = None, of: str | None = None) -> Array:
        """Independent draws from the posterior.

        Parameters
        ----------
        n : int
        seed : int, optional
            Draws of different quantities with one `n` and `seed` belong together: they are draws
            of the joint posterior.
        of : str, optional
            ``mu`` or the name of a coefficient (the first when not given), ``tau``,
            ``predictive``, ``coefficients``, ``studies``, or the label of a study.

        Returns
        -------
        ndarray
            Shape (n,); (n, p) for ``coefficients`` and (n, k) for ``studies``.
        """
        of = self.names[0] if of is None else of
        if of not in ("coefficients", "studies", *self._named, *self.study):
            raise UnknownWordError(
                "quantity of the posterior",
                of,
                ["coefficients", "studies", *self._named, *self.study],
            )
        rng = np.random.default_rng(seed)
        tau = self.tau.at_probability(rng.random(n))
        unit, beyond = rng.standard_normal((n, len(self.names))), rng.standard_normal(n)
        if of == "tau":
            return tau
        beta = self._coefficients_given(tau, unit)
        if of in self.names:
            return beta[:, self.names.index(of)]
        if of == "coefficients":
            return beta
        if of == "predictive":
            return np.asarray(beta[:, 0] + tau * beyond)
        weight, variance = self.model.shrinkage(tau)
        means = self.y[:, None] + weight * (self.model.X @ beta.T - self.y[:, None])
        effects = (means + np.sqrt(variance) * rng.standard_normal((self.k, n))).T
        return effects if of == "studies" else effects[:, self.study.index(of)]

    def _coefficients_given(self, tau: Array, unit: Array) -> Array:
        out = np.empty_like(unit)
        size = max(1, _CHUNK // self.k)
        for i in range(0, len(tau), size):
            _, mean, cov = self.model.given(tau[i : i + size])
            L = np.linalg.cholesky(cov)
            out[i : i + size] = mean + (L @ unit[i : i + size, :, None])[..., 0]
        return out

    # -- for machines and for people

    def to_frame(self) -> pl.DataFrame:
        """A row per quantity: name, mean, sd, median, mode, ci and shortest interval."""
        import polars as pl

        rows = [
            {"name": name, **described(found, self.level)} for name, found in self._named.items()
        ]
        return pl.DataFrame(rows)

    def shrinkage(self) -> pl.DataFrame:
        """A row per study: its estimate and se, and the posterior of its true effect."""
        import polars as pl

        return pl.DataFrame(
            {
                "study": list(self.study),
                "effect": self.y,
                "se": np.sqrt(self.v),
                **described(self.studies, self.level),
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what does not exist is None.

        Each posterior has `ci`, the central interval, and `shortest` beside it.
        """
        effects = {
            name: np.asarray(column).tolist()
            for name, column in described(self.studies, self.level).items()
        }
        content = {
            "model": {
                "prior": self.prior.text,
                "coefficient_priors": {
                    name: prior.text
                    for name, prior in zip(self.names, self.coefficient_priors, strict=True)
                },
                "level": self.level,
            },
            "k": self.k,
            "posterior": {
                name: nested(described(found, self.level)) for name, found in self._named.items()
            },
            "studies": [
                {"study": label, **nested({name: column[i] for name, column in effects.items()})}
                for i, label in enumerate(self.study)
            ],
            "log_evidence": self.log_evidence,
            "bayes_factors": self.bayes_factors,
            "excluded": [
                {"row": e.row, "study": e.study, "reason": e.reason} for e in self.excluded
            ],
            "warnings": list(self.warnings),
        }
        return dict(plain(content))

    def summary(self) -> str:
        """The result as a table to read."""
        priors = dict(zip(self.names, self.coefficient_priors, strict=True))
        shown_priors = ", ".join(f"{name} ~ {prior.text}" for name, prior in priors.items())
        lines = [
            f"Bayesian random-effects model, k = {self.k}",
            f"priors: τ ~ {self.prior.text}, {shown_priors}",
            "",
        ]
        lines += posterior_lines(self._named, self.level)
        shown = {name: value for name, value in self.bayes_factors.items() if value == value}
        if shown:
            factors = "   ".join(f"{name}: {value:.4g}" for name, value in shown.items())
            lines += ["", f"Bayes factors   {factors}"]
        notes = [f"excluded: row {e.row} ({e.study}): {e.reason}" for e in self.excluded]
        notes += [f"note: {warning}" for warning in self.warnings]
        return "\n".join([*lines, *(["", *notes] if notes else [])])


@dataclass(frozen=True, eq=False, repr=False)
class BayesianMetaAnalysis(BayesianFit):
    """What `bayesian_meta_analysis` returns.

    See `BayesianFit` for what it shares with a meta-regression. Posteriors have `mean`, `sd`,
    `median`, `mode`, `interval(level)` (central), `shortest(level)`, `density(x)`, `cdf(x)` and
    `quantile(p)`.
    """

    @property
    def mu(self) -> NormalMixture:
        """Posterior of the mean effect."""
        return self.coefficients[0]

    def interval(self, level: float | None = None) -> tuple[float, float]:
        """Central interval of the mean effect."""
        return self.mu.interval(self.level if level is None else level)

    @cached_property
    def weights(self) -> Array:
        """The weight of each study in the posterior mean of `mu`, in percent; shape (k,).

        With a normal prior the rest of 100 is the weight of the prior mean (Röver & Friede 2021
        Biom J 65:1131).
        """
        a = 1 / (self.v + (self.tau.values**2)[:, None])
        return np.asarray(100 * self.tau.weights @ (a * self.node_cov[:, 0]))

    @cached_property
    def predictive(self) -> NormalMixture:
        """Posterior of the true effect in a new study."""
        return self.at(np.ones(1), new_study=True)

    @cached_property
    def _named(self) -> dict[str, Posterior | NormalMixture]:
        return {"mu": self.mu, "tau": self.tau, "predictive": self.predictive}


@dataclass(frozen=True, eq=False, repr=False)
class BayesianMetaRegression(BayesianFit):
    """What `bayesian_meta_regression` returns: posteriors by name, as ``fit["dose"]``.

    See `BayesianFit` for what it shares with a meta-analysis.

    Attributes
    ----------
    design : Design
        The formula, as it was applied to the data.
    """

    design: Design | None = None

    def interval(self, level: float | None = None) -> dict[str, tuple[float, float]]:
        """Central interval of each coefficient."""
        level = self.level if level is None else level
        return {
            name: found.interval(level)
            for name, found in zip(self.names, self.coefficients, strict=True)
        }

    def predict(self, new_data: Any = None, level: float | None = None) -> pl.DataFrame:
        """Mean effects, and effects of new studies, at given moderators.

        Parameters
        ----------
        new_data : data frame or mapping, optional
            Moderators; those of the fitted studies when not given.
        level : float, optional
            Probability of the central intervals; that of the fit when not given.

        Returns
        -------
        polars.DataFrame
            A row per row of `new_data`: mean, sd, median, ci_low, ci_high, pi_low, pi_high.
        """
        import polars as pl

        assert self.design is not None
        X = self.model.X if new_data is None else self.design.apply(new_data)
        level = self.level if level is None else level
        here, new = self.at(X), self.at(X, new_study=True)
        (low, high), (new_low, new_high) = here.interval(level), new.interval(level)
        return pl.DataFrame(
            {
                "mean": here.mean,
                "sd": here.sd,
                "median": here.median,
                "ci_low": low,
                "ci_high": high,
                "pi_low": new_low,
                "pi_high": new_high,
            }
        )

    def draws(
        self, n: int = 10_000, seed: int | None = None, of: str | None = "coefficients"
    ) -> Array:
        """Independent draws from the posterior, shape (n, p) unless `of` says otherwise.

        See `BayesianFit.draws`; there is no ``predictive`` without moderators.
        """
        if of == "predictive":
            raise InputError("the effect in a new study depends on its moderators; use predict()")
        return super().draws(n, seed, of)
