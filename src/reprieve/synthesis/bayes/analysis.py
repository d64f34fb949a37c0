"""Exact Bayesian meta-analysis and meta-regression, by quadrature over τ."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.bayes.marginal import RandomEffects
from reprieve.synthesis.bayes.mixtures import NormalMixture, check_level
from reprieve.synthesis.bayes.priors import FLAT, Prior, parse_prior
from reprieve.synthesis.bayes.quadrature import Axis, Posterior, place
from reprieve.synthesis.bayes.results import BayesianMetaAnalysis, BayesianMetaRegression
from reprieve.synthesis.formulas import Design, check_rank
from reprieve.synthesis.inputs import read_effects
from reprieve.synthesis.least_squares import Array


def bayesian_meta_analysis(
    data: Any = None,
    *,
    effect: Any,
    variance: Any = None,
    se: Any = None,
    study: Any = None,
    prior: str | Prior,
    mu_prior: str | Prior | None = None,
    level: float = 0.95,
) -> BayesianMetaAnalysis:
    """Exact posterior of a random-effects meta-analysis.

    Parameters
    ----------
    data, effect, variance, se, study
        As in `meta_analysis`.
    prior : str or Prior
        For τ, the standard deviation between studies, such as ``"half-normal(0.5)"``: see
        `parse_prior`.
    mu_prior : str or Prior, optional
        For the mean effect: ``"normal(0, 4)"`` (mean, sd); flat when not given.
    level : float
        Probability of the intervals.

    Returns
    -------
    BayesianMetaAnalysis
        Posterior of the mean (`mu`), of `tau`, of the effect in a new study (`predictive`) and
        of the effect in each study (`studies`).

    Raises
    ------
    InputError, UnknownWordError
        A column that is not there, a prior that can't be read or does not belong here.
    SynthesisError
        No row can be used, or the posterior would be improper.

    Notes
    -----
    Given τ all that is asked for is normal, and τ itself has a density in closed form
    (Röver 2020 J Stat Softw 93(6)). The integral over τ is a sum over nodes that are placed
    where the posterior lies, to about ten digits; so every marginal posterior is a mixture of
    a few dozen normal distributions. There are no random numbers and nothing to converge.

    Examples
    --------
    The eight schools of Rubin (1981):

    >>> fit = bayesian_meta_analysis(
    ...     effect=[28.39, 7.94, -2.75, 6.82, -0.64, 0.63, 18.01, 12.16],
    ...     se=[14.9, 10.2, 16.3, 11.0, 9.4, 11.4, 10.4, 17.6],
    ...     study=list("ABCDEFGH"),
    ...     prior="half-cauchy(25)",
    ...     mu_prior="normal(0, 50)",
    ... )
    >>> round(fit.mu.mean, 2), round(fit.mu.sd, 2), round(fit.tau.median, 2)
    (7.99, 5.0, 4.76)
    >>> round(fit.probability_below(0), 3)
    0.051
    """
    check_level(level)
    tau_prior = parse_prior(prior).expect("heterogeneity")
    mean_prior = FLAT if mu_prior is None else parse_prior(mu_prior).expect("effect")
    effects = read_effects(data, effect, variance, se, study)
    solved = solve_random_effects(
        effects.y, effects.v, np.ones((len(effects.y), 1)), tau_prior, (mean_prior,)
    )
    return BayesianMetaAnalysis(
        **solved,
        names=("mu",),
        study=effects.study,
        level=level,
        excluded=effects.excluded,
        warnings=reader_notes(solved, len(effects.excluded)),
    )


def bayesian_meta_regression(
    formula: str,
    data: Any,
    *,
    effect: Any,
    variance: Any = None,
    se: Any = None,
    study: Any = None,
    prior: str | Prior,
    coefficient_priors: Mapping[str, str | Prior] | None = None,
    level: float = 0.95,
) -> BayesianMetaRegression:
    """Exact posterior of a random-effects meta-regression.

    Parameters
    ----------
    formula, data, effect, variance, se, study
        As in `meta_regression`.
    prior : str or Prior
        For τ, the standard deviation between studies beyond what the moderators explain.
    coefficient_priors : mapping, optional
        ``normal(mean, sd)`` by name of the coefficient (``Intercept``, ``dose`` …); flat for
        those not named.
    level : float
        Probability of the intervals.

    Returns
    -------
    BayesianMetaRegression

    Raises
    ------
    InputError, UnknownWordError
        A formula, a column or a prior that can't be read, a coefficient that is not there.
    SynthesisError
        Coefficients with flat priors that depend on one another, or an improper posterior.

    Notes
    -----
    As `bmr` of the R package bayesmeta (Röver & Friede 2023 Comput Methods Programs Biomed,
    doi 10.1016/j.cmpb.2022.107303).

    Examples
    --------
    >>> trials = {
    ...     "difference": [-12.0, -4.0, -9.0, -15.0, -6.0],
    ...     "se": [4.0, 3.0, 5.0, 4.5, 3.5],
    ...     "month": [3.0, 12.0, 6.0, 3.0, 12.0],
    ... }
    >>> fit = bayesian_meta_regression(
    ...     "~ month", trials, effect="difference", se="se", prior="half-normal(5)",
    ...     coefficient_priors={"month": "normal(0, 2)"},
    ... )
    >>> round(fit["month"].mean, 2), round(fit.probability_below(0, of="month"), 3)
    (0.86, 0.042)
    """
    check_level(level)
    tau_prior = parse_prior(prior).expect("heterogeneity")
    effects = read_effects(data, effect, variance, se, study)
    design = Design(formula, data, effects)
    given = dict(coefficient_priors or {})
    unknown = [name for name in given if name not in design.names]
    if unknown:
        raise InputError(
            f"coefficient_priors names {unknown}, but the coefficients of {formula!r} are "
            f"{list(design.names)}"
        )
    priors = tuple(parse_prior(given.get(name, FLAT)).expect("effect") for name in design.names)
    kept = design.present
    flat = [i for i, p in enumerate(priors) if p.word == "flat"]
    if 0 < len(flat) <= kept.sum() and len(priors) > 1:
        check_rank(design.matrix[:, flat], tuple(design.names[i] for i in flat))
    solved = solve_random_effects(
        effects.y[kept], effects.v[kept], design.matrix, tau_prior, priors
    )
    excluded = tuple(sorted((*effects.excluded, *design.excluded), key=lambda row: row.row))
    return BayesianMetaRegression(
        **solved,
        names=design.names,
        study=tuple(s for s, keep in zip(effects.study, kept, strict=True) if keep),
        level=level,
        excluded=excluded,
        warnings=reader_notes(solved, len(excluded)),
        design=design,
    )


def solve_random_effects(
    y: Array,
    v: Array,
    X: Array,
    prior: Prior,
    priors: Sequence[Prior],
    noun: tuple[str, str] = ("study", "studies"),
) -> dict[str, Any]:
    """Posterior of τ and the coefficients, as the fields that the results share.

    Parameters
    ----------
    y, v : ndarray, shape (k,)
        Independent estimates and their sampling variances.
    X : ndarray, shape (k, p)
        Its columns with flat priors do not depend on one another.
    prior : Prior
        For τ.
    priors : sequence of Prior, length p
        For the coefficients.
    noun : tuple of str
        What an estimate is called in messages, one and many.
    """
    tail = _posterior_tail(len(y), [p.word for p in priors].count("flat"), prior, noun)
    model = RandomEffects(y, v, X, priors)

    def log_joint(tau: Array) -> Array:
        return model.log_marginal(tau) + prior.log_density(tau, v)

    start = axis_of(prior, v)
    axis, s, logs = place(log_joint, start, "τ")
    top = logs.max()
    weights = np.exp(logs - top)
    log_mass = float(top + np.log(weights.sum() * (s[1] - s[0])))
    if prior.proper and not prior.scaled:
        prior_axis, at, prior_logs = place(lambda t: prior.log_density(t, v), start, "the prior")
        del prior_axis
        prior_mass = float(np.log(np.exp(prior_logs).sum() * (at[1] - at[0])))
    else:
        prior_mass = 0.0
    posterior = Posterior(
        axis,
        s,
        weights / weights.sum(),
        lambda tau: log_joint(tau) - log_mass,
        tail=tail,
    )
    _, mean, cov = model.given(posterior.values)
    coefficients = tuple(
        NormalMixture(
            posterior.weights,
            mean[:, j],
            np.sqrt(cov[:, j, j]),
            tail=tail if p.word == "flat" else math.inf,
        )
        for j, p in enumerate(priors)
    )
    return {
        "model": model,
        "prior": prior,
        "coefficient_priors": tuple(priors),
        "tau": posterior,
        "coefficients": coefficients,
        "node_mean": mean,
        "node_cov": cov,
        "log_mass": log_mass - prior_mass,
    }


def axis_of(prior: Prior, v: Array) -> Axis:
    """A first map of the support of a prior to the line."""
    low, high = prior.support
    typical = math.sqrt(len(v) / float((1 / v).sum()))
    if math.isinf(high):
        return Axis(low, high, low + typical)
    return Axis(low, high, low + min(typical, 0.5 * (high - low)))


def _posterior_tail(k: int, flat: int, prior: Prior, noun: tuple[str, str]) -> float:
    """The power with which the posterior density of τ falls.

    For large τ the data weigh in as τ to the power of minus k, and of plus one for every
    coefficient with a flat prior.

    Raises
    ------
    SynthesisError
        Where the posterior does not exist.
    """
    free = k - flat
    tail = prior.tail + free
    if prior.support[1] < math.inf:
        tail = math.inf
    what = f"{k} {noun[k != 1]}"
    if free < 0:
        raise SynthesisError(
            f"the posterior is improper: {what} can't inform {flat} coefficients with flat "
            "priors; give normal priors, or use fewer moderators"
        )
    if not prior.proper and tail <= 1:
        needed = flat + math.floor(1 - prior.tail) + 1
        raise SynthesisError(
            f"the posterior is improper: with the improper prior {prior.text} for τ and "
            f"{flat or 'no'} flat prior{'s' * (flat != 1)} for effects at least {needed} "
            f"{noun[1]} are needed, and there {'is' if k == 1 else 'are'} {k}; give τ a proper "
            "prior such as half-normal(0.5)"
        )
    return tail


def reader_notes(solved: dict[str, Any], excluded: int) -> tuple[str, ...]:
    """What a reader of a posterior should know about its input."""
    model: RandomEffects = solved["model"]
    notes = []
    if excluded:
        notes.append(f"{excluded} row{'s' * (excluded > 1)} could not be used; see excluded")
    if len(model.y) <= model.flat.sum():
        notes.append("the data say nothing about τ: its posterior is its prior")
    if model.v.max() >= 1e7 * model.v.min():
        notes.append(
            "the largest sampling variance is over ten million times the smallest; check both"
        )
    if solved["tau"].tail <= 3:
        notes.append(
            "the posterior of τ has tails so heavy that its sd, and with it that of a new study, "
            "does not exist; read medians and intervals, or give a prior with lighter tails"
        )
    return tuple(notes)
