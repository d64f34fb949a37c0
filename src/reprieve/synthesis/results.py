"""The result of a pairwise meta-analysis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.base import Interval, Result
from reprieve.synthesis.core import estimate
from reprieve.synthesis.heterogeneity import COMMON
from reprieve.synthesis.least_squares import Array

__all__ = ["Interval", "MetaAnalysis", "Result"]


@dataclass(frozen=True, eq=False, repr=False)
class MetaAnalysis(Result):
    """A pooled effect: what `meta_analysis` returns.

    See `Result` for the attributes that it shares with meta-regression.
    """

    @property
    def estimate(self) -> float:
        """The mean effect (the common effect for EE)."""
        return float(self.beta[0])

    @cached_property
    def se(self) -> float:
        """Standard error of the mean effect."""
        return math.sqrt(self.cov[0, 0])

    @property
    def statistic(self) -> float:
        """Estimate over standard error: t, or z when `test` is z."""
        return float(self._statistics[0])

    @property
    def p(self) -> float:
        """Two-sided p value of no mean effect."""
        return float(self._p_values[0])

    @cached_property
    def ci(self) -> Interval:
        """Confidence interval of the mean effect at `level`."""
        return self.interval()

    def interval(self, level: float | None = None) -> Interval:
        """Confidence interval of the mean effect."""
        half = self._critical(self.level if level is None else level) * self.se
        return self.estimate - half, self.estimate + half

    @cached_property
    def prediction_interval(self) -> Interval:
        """Interval for the true effect of a new study, as metafor predicts it."""
        return self.prediction()

    def prediction(
        self, level: float | None = None, method: Literal["metafor", "HTS", "NNF"] = "metafor"
    ) -> Interval:
        """Interval for the true effect of a new study.

        Parameters
        ----------
        level : float, optional
            Coverage; that of the fit when not given.
        method : {"metafor", "HTS", "NNF"}
            metafor: the reference distribution of `test` on √(τ² + se²). HTS: t with k − 2
            degrees of freedom (Higgins, Thompson & Spiegelhalter 2009 J R Stat Soc A 172:137).
            NNF: confidence distribution of τ² (Nagashima, Noma & Furukawa 2019 Stat Methods
            Med Res 28:1689), which keeps its coverage with few studies; computed without
            random numbers.

        Returns
        -------
        tuple of float
            NaN for the methods without heterogeneity, and where studies are too few.

        Examples
        --------
        >>> from reprieve.synthesis import meta_analysis
        >>> fit = meta_analysis(effect=[0.1, -0.4, 0.8, 0.3], variance=[0.04, 0.03, 0.06, 0.05])
        >>> [round(end, 2) for end in fit.prediction(method="HTS")]
        [-2.03, 2.39]
        """
        level = self.level if level is None else level
        if self.method in COMMON or math.isnan(self.tau2):
            return math.nan, math.nan
        if method == "NNF":
            from reprieve.synthesis.prediction import confidence_distribution_interval

            return confidence_distribution_interval(self.y, self.v, level)
        if method == "HTS":
            _, cov = estimate(
                self._batch,
                self._tau2_used,
                "z",
                None if self.own_weights is None else self.own_weights[None],
            )
            half = self._critical(level, self.k - 2) * math.sqrt(self.tau2 + cov[0, 0, 0])
        elif method == "metafor":
            half = self._critical(level) * math.sqrt(self.tau2 + self.se**2)
        else:
            raise InputError(f'method must be "metafor", "HTS" or "NNF"; it was {method!r}')
        return self.estimate - half, self.estimate + half

    @cached_property
    def weights(self) -> Array:
        """The weight of each study in the mean, in percent; shape (k,)."""
        a = self.own_weights
        if a is None:
            a = 1 / (self.v + self._tau2_used[0])
        return np.asarray(100 * a / a.sum())

    def draws(self, n: int = 10_000, seed: int | None = None, *, predictive: bool = False) -> Array:
        """Draws of the mean effect, or of the true effect in a new study.

        They follow the distribution behind `interval` (`predictive`: behind
        `prediction_interval`), so that their quantiles agree with it.

        Examples
        --------
        >>> from reprieve.synthesis import meta_analysis
        >>> fit = meta_analysis(effect=[0.1, -0.4, 0.8, 0.3], variance=[0.04, 0.03, 0.06, 0.05])
        >>> fit.draws(3, seed=1).shape
        (3,)
        """
        if predictive and math.isnan(self.tau2):
            raise SynthesisError(
                "a new study can't be predicted from one: τ² can't be estimated with k = 1"
            )
        rng = np.random.default_rng(seed)
        spread = math.sqrt(self.se**2 + (self.tau2 if predictive else 0.0))
        unit = rng.standard_normal(n) if math.isinf(self.df) else rng.standard_t(self.df, n)
        return np.asarray(self.estimate + spread * unit)

    def _prediction_for_dict(self) -> Interval:
        return self.prediction_interval

    def summary(self) -> str:
        """The result as a table to read."""
        from reprieve.synthesis.summaries import pairwise_summary

        return pairwise_summary(self)
