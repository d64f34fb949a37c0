"""Bayesian comparison of a network with unrelated mean effects, by DIC."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.synthesis.bayes.mixtures import NormalMixture
from reprieve.synthesis.findings import Finding, plain
from reprieve.synthesis.networks.given_tau import GivenTau, solve_given_tau
from reprieve.synthesis.networks.unrelated import Unrelated
from reprieve.synthesis.networks.words import frame_text

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.posterior_results import BayesianNetwork


@dataclass(frozen=True, eq=False, repr=False)
class BayesianUnrelated(Finding):
    """Consistency against unrelated mean effects: `BayesianNetwork.unrelated_mean_effects`.

    Attributes
    ----------
    network : BayesianNetwork
        The consistency model.
    given : GivenTau
        The model of unrelated mean effects.
    effects : NormalMixture
        Posteriors of its effects, in the order of `to_frame`.
    pairs : data frame
        treatment1, treatment2, trials, mean, sd and central interval with unrelated effects,
        mean and sd by consistency, and the difference of the two means.
    """

    network: BayesianNetwork
    given: GivenTau
    effects: NormalMixture
    pairs: pl.DataFrame

    def to_frame(self) -> pl.DataFrame:
        """A row per pair of treatments that trials compare; see `pairs`."""
        return self.pairs

    def models(self) -> pl.DataFrame:
        """The two models side by side: parameters, posterior of τ, deviance, pD and DIC."""
        import polars as pl

        rows = []
        for word, given in (("consistency", self.network.given), ("unrelated", self.given)):
            tau = given.posterior
            rows.append(
                {
                    "model": word,
                    "parameters": given.X.shape[1],
                    "tau_median": math.nan if tau is None else tau.median,
                    "tau_mean": math.nan if tau is None else tau.mean,
                    "deviance": given.deviance.mean,
                    "pD": given.deviance.pD,
                    "DIC": given.deviance.DIC,
                }
            )
        return pl.DataFrame(rows).fill_nan(None)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what does not exist is None."""
        return dict(plain({"models": self.models().to_dicts(), "pairs": self.pairs.to_dicts()}))

    def summary(self) -> str:
        """The tables to read."""
        fit = self.network
        prior = "common effect" if fit.prior is None else f"τ ~ {fit.prior.text}"
        lines = [
            f"Consistency against unrelated mean effects ({prior}; effects ~ "
            f"{fit.effect_prior.text})",
            "",
            frame_text(self.models()),
            f"mean deviance is to be held against {fit.deviance.contrasts} contrasts",
            "",
            frame_text(self.pairs),
        ]
        return "\n".join(lines)


def bayesian_unrelated(fit: BayesianNetwork) -> BayesianUnrelated:
    """Compare a Bayesian network with a model without coherence, with the same priors.

    Examples
    --------
    >>> from reprieve.synthesis.networks.posterior import bayesian_network
    >>> trials = {
    ...     "trial": ["1", "2", "3", "4", "5", "6"],
    ...     "t1": ["drug", "drug", "gel", "gel", "drug", "drug"],
    ...     "t2": ["sham", "sham", "sham", "sham", "gel", "gel"],
    ...     "y": [-8.0, -9.0, -3.0, -2.0, -1.0, 0.0],
    ...     "se": [1.5, 1.5, 1.5, 1.5, 1.5, 1.5],
    ... }
    >>> fit = bayesian_network(
    ...     trials, study="trial", treatment1="t1", treatment2="t2", effect="y", se="se",
    ...     prior="half-normal(2)",
    ... )
    >>> models = fit.unrelated_mean_effects().models()
    >>> models["DIC"].round(1).to_list()
    [11.7, 7.9]
    """
    import polars as pl

    design = Unrelated.of(fit)
    i, j = design.i, design.j
    given = solve_given_tau(
        design.contrasts.y, design.contrasts.v, design.X, fit.prior, fit.effect_prior
    )
    effects = given.marginals(heavy=fit.effect_prior.word == "flat")
    coherent = fit.between(i, j)
    low, high = effects.interval(fit.level)
    pairs = pl.DataFrame(
        {
            "treatment1": [fit.treatments[t] for t in i],
            "treatment2": [fit.treatments[t] for t in j],
            "trials": design.trials,
            "mean": effects.mean,
            "sd": effects.sd,
            "ci_low": low,
            "ci_high": high,
            "consistency": coherent.mean,
            "consistency_sd": coherent.sd,
            "difference": np.asarray(effects.mean) - np.asarray(coherent.mean),
        }
    )
    return BayesianUnrelated(fit, given, effects, pairs)
