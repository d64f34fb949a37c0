"""What `multilevel` gives back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.base import Interval
from reprieve.synthesis.blocks import Codes
from reprieve.synthesis.correlated.coefficients import Coefficients
from reprieve.synthesis.correlated.random_formula import Factors, RandomTerm
from reprieve.synthesis.formulas import Design
from reprieve.synthesis.gaussian import GaussianFit, GaussianModel
from reprieve.synthesis.inputs import Excluded, column, column_names
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.random_effects import Structured
from reprieve.synthesis.regression import Comparison, WaldTest

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False, repr=False)
class MultilevelFit:
    """A fit with several random effects: what `multilevel` returns.

    Attributes
    ----------
    coefficients : Coefficients
        Mean effect or moderators, with their tests and intervals.
    theta : dict of float
        Variances and correlations of the random effects, by name: a random intercept is called
        as its group (``"study"``, ``"study/effect"``); ``UN(outcome | study)`` has variances
        ``"study: outcome[pain]"`` … and correlations ``"study: rho[function,pain]"`` …
    random : tuple of RandomTerm
        The terms, in words.
    X : ndarray, shape (k, p)
        The design.
    study : tuple of str
        Labels of the rows.
    method, test : str
        REML or ML; z or t.
    level : float
        Coverage of the intervals shown by default.
    held : dict of float
        Variances that the data can't tell, held at zero; see `warnings`.
    model, fitted : GaussianModel, GaussianFit
        The engine and its maximum.
    factors : Factors
        The groups of each row.
    design : Design or None
        The formula, as it was applied to the data.
    excluded : tuple of Excluded
        Rows of the data that could not be used, with the reason.
    warnings : tuple of str
        What a reader of the result should know.
    """

    coefficients: Coefficients
    random: tuple[RandomTerm, ...]
    X: Array
    study: tuple[str, ...]
    method: str
    test: str
    held: dict[str, float]
    model: GaussianModel
    fitted: GaussianFit
    factors: Factors
    design: Design | None
    excluded: tuple[Excluded, ...]
    warnings: tuple[str, ...]

    def __repr__(self) -> str:
        return self.summary()

    # -- the parts that every fit has

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return self.coefficients.names

    @property
    def beta(self) -> Array:
        """Coefficients, shape (p,)."""
        return self.coefficients.beta

    @property
    def cov(self) -> Array:
        """Their covariance, shape (p, p)."""
        return self.coefficients.cov

    @property
    def level(self) -> float:
        """Coverage of the intervals shown by default."""
        return self.coefficients.level

    @property
    def theta(self) -> dict[str, float]:
        """Variances and correlations of the random effects."""
        return self.fitted.theta

    @property
    def y(self) -> Array:
        """The estimates, shape (k,)."""
        return self.model.y

    @property
    def k(self) -> int:
        """Number of estimates (rows)."""
        return self.model.n

    @property
    def loglik(self) -> float:
        """Log-likelihood: restricted for REML."""
        return self.fitted.loglik

    @property
    def AIC(self) -> float:  # noqa: N802
        """Akaike's criterion."""
        return self.fitted.AIC

    @property
    def AICc(self) -> float:  # noqa: N802
        """Akaike's criterion, corrected for few rows."""
        return self.fitted.AICc

    @property
    def BIC(self) -> float:  # noqa: N802
        """Schwarz's criterion."""
        return self.fitted.BIC

    # -- heterogeneity

    @property
    def Q(self) -> float:  # noqa: N802
        """Residual heterogeneity: the quadratic form of residuals without random effects."""
        return self.fitted.Q

    @property
    def Q_df(self) -> int:  # noqa: N802
        """Degrees of freedom of Q."""
        return self.fitted.Q_df

    @cached_property
    def Q_p(self) -> float:  # noqa: N802
        """P value of the test that sampling error explains all differences."""
        from scipy.special import chdtrc

        return float(chdtrc(self.Q_df, self.Q)) if self.Q_df > 0 else 1.0

    @property
    def own_variances(self) -> list[Structured]:
        """The terms with a variance of its own for each level."""
        return [t for t in self.model.terms if isinstance(t, Structured) and t.variances > 1]

    @property
    def _shared(self) -> float:
        """The sum of the variances that all rows have in common."""
        return sum(self.theta[t.names[0]] for t in self.model.terms if t not in self.own_variances)

    @property
    def tau2(self) -> float:
        """The variance of true effects, all levels taken together; NaN where outcomes differ."""
        return math.nan if self.own_variances else self._shared

    @cached_property
    def I2(self) -> dict[str, float]:  # noqa: N802
        """Share of each random effect in the total variance, in percent; see `variance_shares`."""
        from reprieve.synthesis.correlated.variance_shares import variance_shares

        return variance_shares(self)

    def variance_interval(self, name: str, level: float | None = None) -> Interval:
        """Profile-likelihood interval of a variance or correlation.

        The values at which the likelihood, all else at its best, is no worse than the χ²
        distribution allows (as metafor's `confint.rma.mv`).

        Parameters
        ----------
        name : str
            One of `theta`.
        level : float, optional
            Coverage; that of the fit when not given.

        Examples
        --------
        See `multilevel`.
        """
        from reprieve.synthesis.correlated.profile_intervals import profile_interval

        return profile_interval(self, name, self.level if level is None else level)

    # -- coefficients

    @property
    def moderating(self) -> list[str]:
        """The coefficients that are not the intercept."""
        return [n for n, x in zip(self.names, self.X.T, strict=True) if not (x == 1).all()]

    @property
    def moderators(self) -> WaldTest:
        """The test that no moderator matters (of the intercept, where there is none)."""
        return self.wald_test(self.moderating or [self.names[0]])

    def wald_test(self, columns: list[str] | str) -> WaldTest:
        """Test that the coefficients of `columns` are all zero: χ², or F when the test is t."""
        from scipy.special import chdtrc, fdtrc

        which = self.coefficients.which(columns)
        m, beta = len(which), self.beta[which]
        statistic = float(beta @ np.linalg.solve(self.cov[np.ix_(which, which)], beta))
        df = float(self.coefficients.df[which].min())
        names = tuple(self.names[j] for j in which)
        if math.isinf(df):
            return WaldTest(names, statistic, m, float(chdtrc(m, statistic)))
        return WaldTest(names, statistic / m, (m, df), float(fdtrc(m, df, statistic / m)))

    def interval(self, level: float | None = None) -> dict[str, Interval]:
        """Confidence interval of each coefficient."""
        half = self.coefficients.critical(level) * self.coefficients.se
        return {
            name: (float(b - h), float(b + h))
            for name, b, h in zip(self.names, self.beta, half, strict=True)
        }

    def draws(self, n: int = 10_000, seed: int | None = None) -> Array:
        """Draws of the coefficients, shape (n, p), multivariate normal or t."""
        return self.coefficients.draws(n, seed)

    # -- prediction

    @property
    def prediction_interval(self) -> Interval:
        """Interval for the true effect of a new row; NaN with moderators or several variances."""
        if self.moderating or self.own_variances:
            return math.nan, math.nan
        row = self.predict().row(0, named=True)
        return row["pi_low"], row["pi_high"]

    def predict(self, new_data: Any = None, level: float | None = None) -> pl.DataFrame:
        """Mean effects, and where a true effect would lie, at given moderators.

        Parameters
        ----------
        new_data : data frame or mapping, optional
            Moderators, and the outcomes or times of random effects whose variances differ;
            the fitted rows when not given (one row for a fit of the mean alone).
        level : float, optional
            Coverage; that of the fit when not given.

        Returns
        -------
        polars.DataFrame
            estimate, se, ci_low, ci_high, pi_low, pi_high; the last two null where it is not
            known which variance applies.
        """
        import polars as pl

        if new_data is None:
            X = self.X if self.moderating else self.X[:1]
        elif self.design is None:
            raise InputError("the fit has no moderators; leave out new_data")
        else:
            X = self.design.apply(new_data)
        df = np.where(X != 0, self.coefficients.df, np.inf).min(axis=1)
        critical = self.coefficients.critical(level, df)
        mean, variance = X @ self.beta, np.einsum("np,pq,nq->n", X, self.cov, X)
        half = critical * np.sqrt(variance)
        wide = critical * np.sqrt(variance + self._between(new_data, len(X)))
        return pl.DataFrame(
            {
                "estimate": mean,
                "se": np.sqrt(variance),
                "ci_low": mean - half,
                "ci_high": mean + half,
                "pi_low": mean - wide,
                "pi_high": mean + wide,
            }
        ).with_columns(pl.col("pi_low", "pi_high").fill_nan(None))

    def _between(self, new_data: Any, rows: int) -> Array:
        """The variance of true effects in each row; NaN where it depends on what is not given."""
        total = np.full(rows, self._shared)
        every = np.arange(self.k)
        for term, spec in zip(self.model.terms, self.random, strict=True):
            if term not in self.own_variances or not isinstance(term, Structured):
                continue
            if new_data is None:
                codes = term.inner(every) if rows == self.k else None
            elif spec.inner in column_names(new_data):
                codes = _codes(term, column(new_data, spec.inner, "random"), spec.inner)
            else:
                codes = None
            variances = np.array([self.theta[name] for name in term.names[: term.variances]])
            total = total + (np.nan if codes is None else variances[codes])
        return total

    def blups(self) -> pl.DataFrame:
        """Best linear unbiased predictions of the random effects; see `random_effects_of`."""
        from reprieve.synthesis.correlated.blups import random_effects_of

        return random_effects_of(self)

    # -- comparison

    def compare(self, other: MultilevelFit) -> Comparison:
        """Likelihood-ratio test against a fit with fewer, or more, random effects or moderators.

        REML fits can be compared when their moderators are the same. A variance of zero lies on
        the edge of what is possible, where the test is conservative.

        Raises
        ------
        SynthesisError
            Fits by different methods, of other rows, or not nested.
        """
        from scipy.special import chdtrc

        small, large = sorted((self, other), key=lambda fit: fit._free)
        if self.method != other.method:
            raise SynthesisError(
                f"fits by {self.method} and {other.method} can't be compared; use one method"
            )
        same_V = np.array_equal(self.model.V.variances(), other.model.V.variances())
        if not (np.array_equal(self.y, other.y) and same_V):
            raise SynthesisError(
                f"the fits are of different rows ({self.k} and {other.k}); fit both to the same"
            )
        basis = np.linalg.qr(large.X)[0]
        outside = np.linalg.norm(small.X - basis @ (basis.T @ small.X))
        if self.method == "REML" and len(self.beta) != len(other.beta):
            raise SynthesisError(
                "REML likelihoods of different moderators can't be compared; fit both by ML"
            )
        groups = [{term.group for term in fit.random} for fit in (small, large)]
        nested = outside <= 1e-8 * np.linalg.norm(small.X) and groups[0] <= groups[1]
        if not nested or small._free == large._free or small.loglik > large.loglik + 1e-6:
            raise SynthesisError("the fits are not nested: one must be a special case of the other")
        statistic = max(0.0, 2 * (large.loglik - small.loglik))
        df = large._free - small._free
        return Comparison(statistic, df, float(chdtrc(df, statistic)), (small.AICc, large.AICc))

    @property
    def _free(self) -> int:
        """Parameters that were estimated."""
        return len(self.beta) + len(self.theta) - len(self.held)

    # -- for machines and for people

    def random_list(self) -> list[dict[str, Any]]:
        """Each variance and correlation with the name of its term, as in `to_dict`."""
        return [
            {
                "term": name,
                "variance" if place < term.variances else "correlation": self.theta[name],
            }
            for term in self.model.terms
            for place, name in enumerate(term.names)
        ]

    def to_frame(self) -> pl.DataFrame:
        """One row per coefficient: name, estimate, se, statistic, df, p, ci_low, ci_high."""
        return self.coefficients.to_frame()

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it, keys as for `meta_analysis` and `random` besides.

        `tau2` and `I2` are totals over all levels; `I2_by_term` splits the latter.
        """
        from reprieve.synthesis.correlated.multilevel_tables import as_dict

        return as_dict(self)

    def summary(self) -> str:
        """The result as a table to read."""
        from reprieve.synthesis.correlated.multilevel_tables import as_text

        return as_text(self)


def _codes(term: Structured, values: Any, name: str | None) -> Codes:
    """The places of `values` among the levels of a term."""
    places = {level: place for place, level in enumerate(term.levels)}
    unknown = [value for value in values if value not in places]
    if unknown:
        raise InputError(
            f"the new data hold {unknown[0]!r} as {name!r}, which the fit has not seen; it knows "
            f"{[*places]}"
        )
    return np.array([places[value] for value in values], dtype=np.intp)
