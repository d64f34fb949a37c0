"""The network against a model without coherence, in which each comparison has its own effect.

Dias, Welton, Sutton, Caldwell, Lu & Ades 2013 Med Decis Making 33:641 (NICE TSD 4): the
unrelated-mean-effects model gives each pair of treatments a mean of its own instead of deriving it
from effects against a reference. Trials of several arms speak about their first arm against each
other. Where the freer model fits better, direct and indirect evidence contradict each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.synthesis.findings import Finding, p_text, plain
from reprieve.synthesis.least_squares import Array, LeastSquares
from reprieve.synthesis.networks.independent import Contrasts, independent, log_volume
from reprieve.synthesis.networks.rows import Index
from reprieve.synthesis.networks.words import frame_text

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.base import NetworkResult
    from reprieve.synthesis.networks.results import NetworkMetaAnalysis


@dataclass(frozen=True, eq=False)
class Unrelated:
    """The design of the unrelated-mean-effects model.

    Attributes
    ----------
    contrasts : Contrasts
    X : ndarray, shape (k, p)
        Uncorrelated contrasts as combinations of the pairs' effects.
    i, j : ndarray of int, shape (p,)
        Places of the treatments of each pair, first minus second.
    trials : ndarray of int, shape (p,)
        Trials that inform the effect of each pair.
    """

    contrasts: Contrasts
    X: Array
    i: Index
    j: Index
    trials: Index

    @classmethod
    def of(cls, fit: NetworkResult) -> Unrelated:
        """The design of a network; a trial's first arm is the reference, or its first by name."""
        contrasts, rows, n = independent(fit.trials), fit.trials.rows, fit.n
        arms = np.zeros((fit.k, n), dtype=bool)
        arms[rows.study, rows.a] = arms[rows.study, rows.b] = True
        base = arms.argmax(axis=1)
        r = fit.place(fit.reference)
        base[arms[:, r]] = r
        arms[np.arange(fit.k), base] = False
        row, other = np.nonzero(arms[contrasts.study])
        start = base[contrasts.study[row]]
        first, second = np.minimum(start, other), np.maximum(start, other)
        keys, column = np.unique(first * n + second, return_inverse=True)
        X = np.zeros((len(contrasts.y), len(keys)))
        X[row, column] = np.where(other < start, 1.0, -1.0) * contrasts.X[row, other]
        i, j = np.divmod(keys, n)
        study, arm = np.nonzero(arms)
        start = base[study]
        spoken = np.minimum(start, arm) * n + np.maximum(start, arm)
        return cls(contrasts, X, i, j, np.bincount(np.searchsorted(keys, spoken)))


@dataclass(frozen=True)
class ModelFit:
    """How well a model fits.

    Attributes
    ----------
    parameters : int
        Means, without τ².
    tau2 : float
        By the method of the network; NaN when no degree of freedom is left.
    Q : float
        What the model leaves of the contrasts, without τ².
    df : int
        Contrasts less parameters.
    p : float
        P value of Q; NaN without degrees of freedom.
    log_likelihood : float
        At the maximum, whatever the method of τ²: restricted likelihoods of different means can't
        be compared. With τ² = 0 for a common effect.
    random : bool
        Whether τ² counts as a parameter.
    """

    parameters: int
    tau2: float
    Q: float
    df: int
    p: float
    log_likelihood: float
    random: bool

    @property
    def deviance(self) -> float:
        """Minus twice the log-likelihood."""
        return -2 * self.log_likelihood

    @property
    def AIC(self) -> float:  # noqa: N802 - its name in the field
        """Deviance plus twice the number of parameters, τ² included."""
        return self.deviance + 2 * (self.parameters + self.random)


@dataclass(frozen=True, eq=False, repr=False)
class UnrelatedMeanEffects(Finding):
    """Consistency against unrelated mean effects: what `unrelated_mean_effects` returns.

    Attributes
    ----------
    consistency, unrelated : ModelFit
    pairs : data frame
        treatment1, treatment2, trials, estimate and se with unrelated effects, consistency and
        consistency_se, and the difference of the two estimates.
    model, method : str
    """

    consistency: ModelFit
    unrelated: ModelFit
    pairs: pl.DataFrame
    model: str
    method: str

    @property
    def statistic(self) -> float:
        """Likelihood ratio of the two models: the fall in deviance without coherence."""
        return max(0.0, self.consistency.deviance - self.unrelated.deviance)

    @property
    def df(self) -> int:
        """Parameters that coherence spares."""
        return self.unrelated.parameters - self.consistency.parameters

    @property
    def p(self) -> float:
        """P value of coherence, by the likelihood ratio; NaN where no loop could break it."""
        return _tail(self.statistic, self.df)

    def to_frame(self) -> pl.DataFrame:
        """A row per pair of treatments that trials compare; see `pairs`."""
        return self.pairs

    def models(self) -> pl.DataFrame:
        """The two models side by side."""
        import polars as pl

        names = ("parameters", "tau2", "Q", "df", "p", "deviance", "log_likelihood", "AIC")
        both = {"consistency": self.consistency, "unrelated": self.unrelated}
        rows = [
            {"model": word} | {name: getattr(fit, name) for name in names}
            for word, fit in both.items()
        ]
        return pl.DataFrame(rows).fill_nan(None)

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON can hold it; what can't be computed is None."""
        content = {
            "model": self.model,
            "method": self.method if self.model == "random" else None,
            "models": self.models().to_dicts(),
            "test": {"statistic": self.statistic, "df": self.df, "p": self.p},
            "pairs": self.pairs.to_dicts(),
        }
        return dict(plain(content))

    def summary(self) -> str:
        """The tables to read."""
        lines = [
            "Consistency against unrelated mean effects",
            "",
            frame_text(self.models()),
            "",
            f"coherence   χ² {self.statistic:.4f}   df {self.df}   p {p_text(self.p)}"
            if self.df
            else "no loop of trials: the two models are one",
            "",
            frame_text(self.pairs),
        ]
        return "\n".join(lines)


def unrelated_mean_effects(fit: NetworkMetaAnalysis) -> UnrelatedMeanEffects:
    """Compare a network with a model without coherence.

    Parameters
    ----------
    fit : NetworkMetaAnalysis

    Returns
    -------
    UnrelatedMeanEffects

    Examples
    --------
    >>> from reprieve.synthesis import network
    >>> trials = {
    ...     "trial": ["1", "2", "3", "4", "5", "6"],
    ...     "t1": ["drug", "drug", "gel", "gel", "drug", "drug"],
    ...     "t2": ["sham", "sham", "sham", "sham", "gel", "gel"],
    ...     "y": [-8.0, -9.0, -3.0, -2.0, -1.0, 0.0],
    ...     "se": [1.5, 1.5, 1.5, 1.5, 1.5, 1.5],
    ... }
    >>> fit = network(
    ...     trials, study="trial", treatment1="t1", treatment2="t2", effect="y", se="se"
    ... )
    >>> found = fit.unrelated_mean_effects()
    >>> found.df, round(found.statistic, 3), round(found.p, 4)
    (1, 8.172, 0.0043)
    >>> found.to_frame()["estimate"].round(2).to_list()
    [-0.5, -8.5, -2.5]
    """
    import polars as pl

    design = Unrelated.of(fit)
    own = LeastSquares(design.contrasts.y[None], design.contrasts.v[None], design.X)
    coherent = LeastSquares(own.y, own.v, design.contrasts.X[:, 1:])
    volume = log_volume(fit.trials)
    method = fit.method if fit.model == "random" else "FE"
    models = [_model_fit(batch, method, volume) for batch in (coherent, own)]
    estimate, se = _coefficients(own, models[1].tau2)
    i, j = design.i, design.j
    expected = fit.fit.theta[i] - fit.fit.theta[j]
    pairs = pl.DataFrame(
        {
            "treatment1": [fit.treatments[t] for t in i],
            "treatment2": [fit.treatments[t] for t in j],
            "trials": design.trials,
            "estimate": estimate,
            "se": se,
            "consistency": expected,
            "consistency_se": np.sqrt(fit.fit.variances(i, j)),
            "difference": estimate - expected,
        }
    )
    return UnrelatedMeanEffects(models[0], models[1], pairs, fit.model, fit.method)


def _model_fit(batch: LeastSquares, method: str, volume: float) -> ModelFit:
    from reprieve.synthesis.heterogeneity import log_likelihood, solve

    parameters, df = batch.p, int(batch.df)
    Q = float(batch.projection(1 / batch.v).yPy()[0]) if df else 0.0
    best = np.zeros(1)
    if method != "FE" and df:
        best = solve(batch, "ML")
    return ModelFit(
        parameters=parameters,
        tau2=float(solve(batch, method)[0]),
        Q=Q,
        df=df,
        p=_tail(Q, df),
        log_likelihood=float(log_likelihood(batch, best, "ML")[0]) + volume,
        random=method != "FE",
    )


def _coefficients(batch: LeastSquares, tau2: float) -> tuple[Array, Array]:
    from reprieve.synthesis.core import estimate

    used = 0.0 if math.isnan(tau2) else tau2
    beta, cov = estimate(batch, np.array([used]), "z")
    return beta[0], np.sqrt(np.diagonal(cov[0]))


def _tail(statistic: float, df: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(df, statistic)) if df else math.nan
