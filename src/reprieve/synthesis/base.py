"""What every fit gives back: pairwise meta-analysis and meta-regression share one interface.

The numbers that cost little are computed with the fit; everything else on first use, and kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.core import CochranQ, estimate, homogeneity
from reprieve.synthesis.findings import plain
from reprieve.synthesis.heterogeneity import COMMON, log_likelihood, spread
from reprieve.synthesis.inputs import Excluded
from reprieve.synthesis.least_squares import Array, LeastSquares

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.permutation import PermutationTest

Interval = tuple[float, float]


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """What pairwise meta-analysis and meta-regression have in common.

    Attributes
    ----------
    beta : ndarray, shape (p,)
        Coefficients.
    cov : ndarray, shape (p, p)
        Their covariance, as the test scales it.
    tau2 : float
        Variance between studies; NaN when a single study can't tell.
    names : tuple of str
        Names of the coefficients.
    y, v : ndarray, shape (k,)
        The estimates that were pooled and their sampling variances.
    X : ndarray, shape (k, p), or None
        The design; None is an intercept alone.
    study : tuple of str
        Labels of the studies.
    method, test : str
        How τ² was estimated and which test was used.
    level : float
        Coverage of the intervals shown by default, such as 0.95.
    own_weights : ndarray or None
        The weights that the user gave in place of inverse variances.
    excluded : tuple of Excluded
        Rows of the data that could not be used, with the reason.
    warnings : tuple of str
        What a reader of the result should know.
    """

    beta: Array
    cov: Array
    tau2: float
    names: tuple[str, ...]
    y: Array
    v: Array
    X: Array | None
    study: tuple[str, ...]
    method: str
    test: str
    level: float
    own_weights: Array | None = None
    excluded: tuple[Excluded, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    def __repr__(self) -> str:
        return self.summary()

    # -- size and reference distribution

    @property
    def k(self) -> int:
        """Number of studies (rows) pooled."""
        return len(self.y)

    @property
    def df(self) -> float:
        """Degrees of freedom of the tests of coefficients; infinite for z."""
        return math.inf if self.test == "z" else float(self.k - len(self.beta))

    def _critical(self, level: float, df: float | None = None) -> float:
        """Half-width of a central interval, in standard errors."""
        df = self.df if df is None else df
        if not 0 < level < 1:
            raise InputError(f"level must lie between 0 and 1, such as 0.95; it was {level!r}")
        from scipy.special import ndtri, stdtrit

        if df < 1:
            return math.nan
        return float(ndtri((1 + level) / 2) if math.isinf(df) else stdtrit(df, (1 + level) / 2))

    @cached_property
    def _se(self) -> Array:
        return np.asarray(np.sqrt(np.diagonal(self.cov)))

    @cached_property
    def _statistics(self) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.beta / self._se)

    @cached_property
    def _p_values(self) -> Array:
        from scipy.special import ndtr, stdtr

        size = -np.abs(self._statistics)
        return np.asarray(2 * (ndtr(size) if math.isinf(self.df) else stdtr(self.df, size)))

    # -- heterogeneity

    @property
    def tau(self) -> float:
        """Standard deviation between studies."""
        return math.sqrt(self.tau2)

    @cached_property
    def _batch(self) -> LeastSquares:
        return LeastSquares(self.y[None], self.v[None], self.X)

    @property
    def _tau2_used(self) -> Array:
        """τ² as the fit used it: zero where it can't be estimated."""
        return np.array([0.0 if math.isnan(self.tau2) else self.tau2])

    @cached_property
    def tau2_se(self) -> float:
        """Standard error of τ²; NaN for the methods that set it to zero."""
        own = None if self.own_weights is None else self.own_weights[None]
        return float(spread(self._batch, self.method, self._tau2_used, own)[0])

    def tau2_interval(
        self, method: Literal["QP", "PL", "GENQ"] = "QP", level: float | None = None
    ) -> Interval:
        """Confidence interval of τ².

        Parameters
        ----------
        method : {"QP", "PL", "GENQ"}
            Q-profile (Viechtbauer 2007 Stat Med 26:37); profile likelihood (Hardy & Thompson
            1996 Stat Med 15:619; after ML or REML); generalised Q (Jackson 2013 Res Synth
            Methods 4:220; after GENQ).
        level : float, optional
            Coverage; that of the fit when not given.

        Examples
        --------
        >>> from reprieve.synthesis import meta_analysis
        >>> fit = meta_analysis(effect=[0.1, -0.4, 0.8, 0.3], variance=[0.04, 0.03, 0.06, 0.05])
        >>> low, high = fit.tau2_interval()
        >>> round(low, 3), round(high, 3)
        (0.035, 3.384)
        """
        from reprieve.synthesis.tau2_intervals import tau2_interval

        if math.isnan(self.tau2) or self.method in COMMON:
            return math.nan, math.nan
        return tau2_interval(
            self._batch,
            self.tau2,
            self.level if level is None else level,
            method=method,
            estimator=self.method,
            weights=self.own_weights,
        )

    @cached_property
    def _q(self) -> CochranQ:
        return homogeneity(self._batch)

    @property
    def Q(self) -> float:  # noqa: N802
        """Cochran's Q, the weighted sum of squares around the common-effect fit."""
        return float(self._q.Q[0])

    @property
    def Q_df(self) -> int:  # noqa: N802
        """Degrees of freedom of Q."""
        return self.k - len(self.beta)

    @cached_property
    def Q_p(self) -> float:  # noqa: N802
        """P value of the test of homogeneity."""
        from scipy.special import chdtrc

        return float(chdtrc(self.Q_df, self.Q)) if self.Q_df > 0 else 1.0

    @property
    def typical_variance(self) -> float:
        """The sampling variance of a typical study; see `cochran_q`."""
        return float(self._q.typical_variance[0])

    @property
    def I2(self) -> float:  # noqa: N802
        """Share of total variance that lies between studies, in percent."""
        if self.method in COMMON:
            return 100 * max(0.0, (self.Q - self.Q_df) / self.Q) if self.Q > 0 else 0.0
        return 100 * self.tau2 / (self.typical_variance + self.tau2)

    @property
    def H2(self) -> float:  # noqa: N802
        """Total variance over sampling variance."""
        if self.method in COMMON:
            return self.Q / self.Q_df if self.Q_df else math.nan
        if not self.typical_variance:
            return math.inf if self.tau2 else math.nan
        return self.tau2 / self.typical_variance + 1

    # -- fit

    @cached_property
    def loglik(self) -> float:
        """Log-likelihood at the fit: restricted for REML, otherwise full."""
        kind = "REML" if self.method == "REML" else "ML"
        value = float(log_likelihood(self._batch, self._tau2_used, kind)[0])
        if self.own_weights is None:
            return value
        # the coefficients are not those of highest likelihood
        w = 1 / (self.v + self._tau2_used[0])
        best, _ = estimate(self._batch, self._tau2_used, "z")
        excess = sum(
            sign * float(w @ (self.y - self._fitted(beta)) ** 2)
            for sign, beta in ((1, self.beta), (-1, best[0]))
        )
        return value - 0.5 * excess

    def _fitted(self, beta: Array) -> Array:
        return np.full(self.k, beta[0]) if self.X is None else self.X @ beta

    @property
    def _parameters(self) -> int:
        return len(self.beta) + (self.method not in COMMON)

    @property
    def _observations(self) -> int:
        return self.k - len(self.beta) * (self.method == "REML")

    @property
    def AIC(self) -> float:  # noqa: N802
        """Akaike's criterion."""
        return -2 * self.loglik + 2 * self._parameters

    @property
    def AICc(self) -> float:  # noqa: N802
        """Akaike's criterion, corrected for few studies."""
        m, n = self._parameters, max(self._observations, self._parameters + 2)
        return -2 * self.loglik + 2 * m * n / (n - m - 1)

    @property
    def BIC(self) -> float:  # noqa: N802
        """Schwarz's criterion."""
        if self._observations < 1:
            return math.nan
        return -2 * self.loglik + self._parameters * math.log(self._observations)

    @property
    def _tested(self) -> list[int]:
        """The coefficients of the joint test."""
        return list(range(len(self.beta)))

    def permutation_test(
        self, n: int = 1000, seed: int | None = None, exact: bool | Literal["auto"] = "auto"
    ) -> PermutationTest:
        """P values that do not lean on normality.

        From shuffled moderators; without moderators from effects whose signs are flipped.

        Parameters
        ----------
        n : int
            Random permutations.
        seed : int, optional
            Of the random permutations.
        exact : bool or "auto"
            Take all permutations; "auto" does when there are at most `n`.

        Examples
        --------
        >>> from reprieve.synthesis import meta_analysis
        >>> fit = meta_analysis(effect=[0.1, 0.4, 0.8, 0.3], variance=[0.04, 0.03, 0.06, 0.05])
        >>> test = fit.permutation_test()
        >>> test.p, test.n, test.exact
        ((0.125,), 16, True)
        """
        if self.own_weights is not None:
            raise SynthesisError("a permutation test of a fit with own weights is not defined")
        from reprieve.synthesis.permutation import permute

        return permute(
            self.y,
            self.v,
            self.X,
            names=self.names,
            tested=self._tested,
            method=self.method,
            test=self.test,
            n=n,
            seed=seed,
            exact=exact,
        )

    # -- for machines and for people

    def _moderators(self) -> dict[str, Any] | None:
        """The test of moderators, for `to_dict`."""
        return None

    def _prediction_for_dict(self) -> Interval | None:
        return None

    def to_frame(self) -> pl.DataFrame:
        """One row per coefficient: name, estimate, se, statistic, df, p, ci_low, ci_high."""
        import polars as pl

        half = self._critical(self.level) * self._se
        return pl.DataFrame(
            {
                "name": list(self.names),
                "estimate": self.beta,
                "se": self._se,
                "statistic": self._statistics,
                "df": np.full(len(self.beta), self.df),
                "p": self._p_values,
                "ci_low": self.beta - half,
                "ci_high": self.beta + half,
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        half = self._critical(self.level) * self._se
        content = {
            "model": {"method": self.method, "test": self.test, "level": 100 * self.level},
            "k": self.k,
            "coefficients": [
                {
                    "name": name,
                    "estimate": self.beta[i],
                    "se": self._se[i],
                    "statistic": self._statistics[i],
                    "df": self.df,
                    "p": self._p_values[i],
                    "ci": [self.beta[i] - half[i], self.beta[i] + half[i]],
                }
                for i, name in enumerate(self.names)
            ],
            "prediction_interval": self._prediction_for_dict(),
            "heterogeneity": {
                "tau2": self.tau2,
                "tau2_se": self.tau2_se,
                "tau2_ci": self.tau2_interval(),
                "I2": self.I2,
                "H2": self.H2,
                "Q": self.Q,
                "Q_df": self.Q_df,
                "Q_p": self.Q_p,
            },
            "moderators": self._moderators(),
            "fit": {"loglik": self.loglik, "AIC": self.AIC, "AICc": self.AICc, "BIC": self.BIC},
            "excluded": [
                {"row": row.row, "study": row.study, "reason": row.reason} for row in self.excluded
            ],
            "warnings": list(self.warnings),
        }
        return dict(plain(content))

    def summary(self) -> str:
        """The result as a table to read."""
        raise NotImplementedError
