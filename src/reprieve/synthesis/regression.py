"""Meta-regression: how effects depend on features of the studies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.base import Result
from reprieve.synthesis.core import check_test, default_test
from reprieve.synthesis.formulas import Design, check_rank
from reprieve.synthesis.heterogeneity import COMMON, check_method, solve
from reprieve.synthesis.inputs import read_effects
from reprieve.synthesis.least_squares import Array, LeastSquares
from reprieve.synthesis.pairwise import fit_notes, fit_weighted

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class WaldTest:
    """A test of several coefficients at once.

    Attributes
    ----------
    columns : tuple of str
        The coefficients said to be zero.
    statistic : float
        F, or χ² when the test is z.
    df : float or (float, float)
        Degrees of freedom: of χ², or of F.
    p : float
    """

    columns: tuple[str, ...]
    statistic: float
    df: float | tuple[float, float]
    p: float


@dataclass(frozen=True)
class Comparison:
    """A likelihood-ratio test of two nested fits.

    Attributes
    ----------
    statistic : float
        Twice the difference of the log-likelihoods.
    df : int
        Coefficients that the smaller fit lacks.
    p : float
    AICc : tuple of float
        Of the smaller and the larger fit; the lower is the better.
    """

    statistic: float
    df: int
    p: float
    AICc: tuple[float, float]


@dataclass(frozen=True, eq=False, repr=False)
class MetaRegression(Result):
    """A fit of effects on moderators: what `meta_regression` returns.

    See `Result` for the attributes that it shares with a pairwise meta-analysis.

    Attributes
    ----------
    design : Design
        The formula, as it was applied to the data.
    """

    design: Design | None = None

    @property
    def _X(self) -> Array:  # noqa: N802
        assert self.X is not None
        return self.X

    @cached_property
    def _moderating(self) -> list[int]:
        """The columns that are not the intercept."""
        return [j for j in range(len(self.names)) if not (self._X[:, j] == 1).all()]

    @property
    def has_moderators(self) -> bool:
        """Whether there is more than an intercept."""
        return bool(self._moderating)

    @property
    def _tested(self) -> list[int]:
        return self._moderating or [0]

    @cached_property
    def moderators(self) -> WaldTest:
        """The test that no moderator matters (of the intercept, where there is none)."""
        return self.wald_test([self.names[j] for j in self._tested])

    def wald_test(self, columns: list[str] | str) -> WaldTest:
        """Test that the coefficients of `columns` are all zero.

        Raises
        ------
        InputError
            A column that the design does not have.
        """
        from scipy.special import chdtrc, fdtrc

        columns = [columns] if isinstance(columns, str) else list(columns)
        unknown = [name for name in columns if name not in self.names]
        if unknown or not columns:
            raise InputError(
                f"columns must be among {list(self.names)}; "
                + (f"these are not: {unknown}" if unknown else "none was given")
            )
        which = [self.names.index(name) for name in columns]
        beta = self.beta[which]
        try:
            statistic = float(beta @ np.linalg.solve(self.cov[np.ix_(which, which)], beta))
        except np.linalg.LinAlgError:
            statistic = math.nan
        m = len(which)
        if math.isinf(self.df):
            return WaldTest(tuple(columns), statistic, m, float(chdtrc(m, statistic)))
        statistic /= m
        p = float(fdtrc(m, self.df, statistic)) if self.df > 0 else math.nan
        return WaldTest(tuple(columns), statistic, (m, self.df), p)

    @cached_property
    def R2(self) -> float:  # noqa: N802
        """Share of τ² that the moderators explain, in percent.

        Raudenbush (1994): the fall of τ² against a fit of the intercept alone by the same
        method; for a common-effect fit the adjusted R² of the weighted regression. NaN without
        an intercept or without moderators.
        """
        if not (self._X == 1).all(axis=0).any() or not self.has_moderators:
            return math.nan
        alone = LeastSquares(self.y[None], self.v[None])
        own = None if self.own_weights is None else self.own_weights[None]
        if self.method in COMMON:
            a = 1 / self.v[None] if own is None else own
            rest = float(self._batch.projection(a).yPy()[0]) / self.Q_df
            whole = float(alone.projection(a).yPy()[0]) / (self.k - 1)
        else:
            rest, whole = self.tau2, float(solve(alone, self.method, own)[0])
        return 100 * max(0.0, 1 - rest / whole) if whole > 0 else 0.0

    @cached_property
    def vif(self) -> dict[str, float]:
        """Variance inflation of each coefficient but the intercept by the other moderators."""
        which = self._moderating
        cov = self.cov[np.ix_(which, which)]
        inflation = np.diagonal(np.linalg.inv(cov)) * np.diagonal(cov)
        return {self.names[j]: float(f) for j, f in zip(which, inflation, strict=True)}

    def predict(self, new_data: Any = None, level: float | None = None) -> pl.DataFrame:
        """Mean effects, and where the effect of a study would lie, at given moderators.

        Parameters
        ----------
        new_data : data frame or mapping, optional
            Moderators; those of the fitted studies when not given.
        level : float, optional
            Coverage; that of the fit when not given.

        Returns
        -------
        polars.DataFrame
            A row per row of `new_data`: estimate, se, ci_low, ci_high, pi_low, pi_high (the last
            two null for a common-effect fit).
        """
        import polars as pl

        assert self.design is not None
        X = self._X if new_data is None else self.design.apply(new_data)
        critical = self._critical(self.level if level is None else level)
        mean = X @ self.beta
        variance = np.einsum("np,pq,nq->n", X, self.cov, X)
        half, wide = critical * np.sqrt(variance), critical * np.sqrt(variance + self.tau2)
        none = self.method in COMMON
        return pl.DataFrame(
            {
                "estimate": mean,
                "se": np.sqrt(variance),
                "ci_low": mean - half,
                "ci_high": mean + half,
                "pi_low": [None] * len(mean) if none else mean - wide,
                "pi_high": [None] * len(mean) if none else mean + wide,
            },
            schema_overrides={"pi_low": pl.Float64, "pi_high": pl.Float64},
        )

    def compare(self, other: Result) -> Comparison:
        """Likelihood-ratio test against a fit with fewer, or more, of the same moderators.

        Raises
        ------
        SynthesisError
            Fits by other methods than ML (or EE), of other studies, or not nested.
        """
        from scipy.special import chdtrc

        if self.method != other.method or self.method not in ("ML", *COMMON):
            raise SynthesisError(
                "fits can be compared when both are by ML (REML likelihoods of different "
                f"moderators can't); these are by {self.method} and {other.method}"
            )
        if self.own_weights is not None or other.own_weights is not None:
            raise SynthesisError("fits with the user's own weights have no likelihood to compare")
        if not (np.array_equal(self.y, other.y) and np.array_equal(self.v, other.v)):
            raise SynthesisError(
                f"the fits are of different studies ({self.k} and {other.k}); fit both to the "
                "studies that have all moderators"
            )
        small, large = sorted((self, other), key=lambda fit: len(fit.beta))
        inner, outer = (np.ones((fit.k, 1)) if fit.X is None else fit.X for fit in (small, large))
        basis = np.linalg.qr(outer)[0]
        outside = inner - basis @ (basis.T @ inner)
        df = len(large.beta) - len(small.beta)
        if df == 0 or np.linalg.norm(outside) > 1e-8 * np.linalg.norm(inner):
            raise SynthesisError(
                f"the fits are not nested: {list(small.names)} is not part of {list(large.names)}"
            )
        statistic = max(0.0, 2 * (large.loglik - small.loglik))
        return Comparison(statistic, df, float(chdtrc(df, statistic)), (small.AICc, large.AICc))

    def interval(self, level: float | None = None) -> dict[str, tuple[float, float]]:
        """Confidence interval of each coefficient."""
        half = self._critical(self.level if level is None else level) * self._se
        return {
            name: (float(b - h), float(b + h))
            for name, b, h in zip(self.names, self.beta, half, strict=True)
        }

    def draws(self, n: int = 10_000, seed: int | None = None) -> Array:
        """Draws of the coefficients, shape (n, p), multivariate normal or t."""
        rng = np.random.default_rng(seed)
        unit = rng.standard_normal((n, len(self.beta)))
        if math.isfinite(self.df):
            unit *= np.sqrt(self.df / rng.chisquare(self.df, n))[:, None]
        values, vectors = np.linalg.eigh(self.cov)
        return np.asarray(self.beta + unit @ (vectors * np.sqrt(np.maximum(values, 0))).T)

    def _moderators(self) -> dict[str, Any] | None:
        if not self.has_moderators:
            return None
        test = self.moderators
        return {"statistic": test.statistic, "df": test.df, "p": test.p, "R2": self.R2}

    def summary(self) -> str:
        """The result as a table to read."""
        from reprieve.synthesis.summaries import regression_summary

        return regression_summary(self)


def meta_regression(
    formula: str,
    data: Any,
    *,
    effect: Any,
    variance: Any = None,
    se: Any = None,
    study: Any = None,
    method: str = "REML",
    test: str | None = None,
    weights: Any = None,
    level: float = 0.95,
) -> MetaRegression:
    """Explain the effects of studies by their features.

    Parameters
    ----------
    formula : str
        Moderators, such as ``"~ dose + C(route)"``; text columns are factors by themselves.
    data : data frame
        Anything that narwhals reads, or a mapping of columns.
    effect, variance, se, study, method, test, weights, level
        As in `meta_analysis`.

    Returns
    -------
    MetaRegression
        Rows without an effect, a variance or a moderator are listed in `excluded`.

    Raises
    ------
    InputError
        A formula that can't be read, a column that is not there.
    SynthesisError
        Moderators that depend on one another (they are named), or more coefficients than the
        studies can bear.

    Notes
    -----
    The numbers are those of `rma(yi, vi, mods=)` of the R package metafor.

    Examples
    --------
    >>> trials = {
    ...     "difference": [-12.0, -4.0, -9.0, -15.0, -6.0],
    ...     "se": [4.0, 3.0, 5.0, 4.5, 3.5],
    ...     "month": [3.0, 12.0, 6.0, 3.0, 12.0],
    ... }
    >>> fit = meta_regression("~ month", trials, effect="difference", se="se", test="z")
    >>> fit.beta.round(3)
    array([-15.776,   0.918])
    """
    method = check_method(method)
    test = check_test(test or default_test(method))
    if not 0 < level < 1:
        raise InputError(f"level must lie between 0 and 1, such as 0.95; it was {level!r}")
    effects = read_effects(data, effect, variance, se, study, weights)
    design = Design(formula, data, effects)
    present, X = design.present, design.matrix
    y, v = effects.y[present], effects.v[present]
    own = None if effects.weights is None else effects.weights[present]
    _check_size(X, design.names, method)
    check_rank(X, design.names)
    beta, cov, tau2 = fit_weighted(LeastSquares(y[None], v[None], X), method, test, own)
    excluded = tuple(sorted((*effects.excluded, *design.excluded), key=lambda row: row.row))
    study_kept = tuple(s for s, keep in zip(effects.study, present, strict=True) if keep)
    return MetaRegression(
        beta=beta,
        cov=cov,
        tau2=tau2,
        names=design.names,
        y=y,
        v=v,
        X=X,
        study=study_kept,
        method=method,
        test=test,
        level=level,
        own_weights=own,
        excluded=excluded,
        warnings=fit_notes(v, study_kept, len(excluded), method, test),
        design=design,
    )


def _check_size(X: Array, names: tuple[str, ...], method: str) -> None:
    k, p = X.shape
    needed = p if method in COMMON else p + 1
    if k < needed:
        what = f"{p} coefficients" + ("" if method in COMMON else " and τ²")
        raise SynthesisError(
            f"{k} studies can't give {what} ({', '.join(names)}); use fewer moderators"
        )
