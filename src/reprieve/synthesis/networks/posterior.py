"""Bayesian network meta-analysis, exact by quadrature over τ."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from reprieve.errors import InputError
from reprieve.synthesis.bayes.mixtures import check_level
from reprieve.synthesis.bayes.priors import Prior, parse_prior
from reprieve.synthesis.networks.analysis import check_words, set_up
from reprieve.synthesis.networks.given_tau import solve_given_tau
from reprieve.synthesis.networks.independent import independent
from reprieve.synthesis.networks.posterior_results import BayesianNetwork
from reprieve.synthesis.networks.reading import read_trials
from reprieve.synthesis.networks.trials import Trials


def bayesian_network(
    data: Any = None,
    *,
    study: Any,
    treatment1: Any = None,
    treatment2: Any = None,
    effect: Any = None,
    variance: Any = None,
    se: Any = None,
    treatment: Any = None,
    mean: Any = None,
    sd: Any = None,
    events: Any = None,
    n: Any = None,
    measure: str | None = None,
    reference: str | None = None,
    prior: str | Prior | None = None,
    effect_prior: str | Prior = "flat",
    model: Literal["random", "common"] = "random",
    level: float = 0.95,
    small_values: Literal["desirable", "undesirable"] = "desirable",
) -> BayesianNetwork:
    """Exact posterior of all treatments against each other, and of the heterogeneity of trials.

    Parameters
    ----------
    data, study, treatment1, treatment2, effect, variance, se
        Contrasts, as in `network`.
    treatment, mean, sd, events, n, measure
        Arms, as in `network`.
    reference : str, optional
        The treatment that the others are shown against, and to which `effect_prior` applies; the
        first by name when not given.
    prior : str or Prior
        For τ, the standard deviation of true contrasts between trials, such as
        ``"half-normal(5)"`` for differences on a scale of 0 to 100: see `parse_prior`. A random
        model needs one; where trials are few it matters, so there is no default.
    effect_prior : str or Prior
        For the effect of each treatment against the reference: ``"flat"``, with which the
        reference makes no difference, or ``"normal(0, 100)"`` (mean, sd).
    model : {"random", "common"}
        Whether the true contrasts of trials vary, by one τ for all comparisons.
    level : float
        Probability of the intervals.
    small_values : {"desirable", "undesirable"}
        Whether less is better, as with pain; it decides ranks.

    Returns
    -------
    BayesianNetwork

    Raises
    ------
    InputError, UnknownWordError
        A column, a treatment or a prior that is not there or does not belong here.
    SynthesisError
        As in `network`; or a posterior that would be improper.

    Notes
    -----
    The model of Lu & Ades 2004 Stat Med 23:3105 (NICE TSD 2) with a normal likelihood of contrasts,
    trials of several arms with correlation ½ between their true contrasts. Given τ everything is
    normal; the integral over τ is a sum over a few dozen nodes, to about ten digits. There are no
    random numbers and nothing to converge.

    Examples
    --------
    >>> trials = {
    ...     "trial": ["1", "2", "3", "4", "4", "4"],
    ...     "t1": ["exercise", "injection", "injection", "exercise", "injection", "injection"],
    ...     "t2": ["usual care", "usual care", "exercise", "usual care", "usual care", "exercise"],
    ...     "difference": [-8.0, -10.0, -3.0, -6.0, -11.0, -5.0],
    ...     "se": [3.0, 3.5, 3.0, 2.5, 2.7, 2.6],
    ... }
    >>> fit = bayesian_network(
    ...     trials, study="trial", treatment1="t1", treatment2="t2", effect="difference",
    ...     se="se", reference="usual care", prior="half-normal(5)",
    ... )
    >>> injection = fit.relative("injection", "usual care")
    >>> round(injection.mean, 2), [round(end, 2) for end in injection.ci]
    (-10.66, [-15.56, -5.73])
    >>> round(injection.probability_better, 4), round(fit.tau.median, 2)
    (0.9992, 1.46)
    """
    check_words({"model": model, "value of small_values": small_values})
    check_level(level)
    tau_prior = _prior_of_tau(prior, model)
    rows = read_trials(
        data,
        study=study,
        treatment1=treatment1,
        treatment2=treatment2,
        effect=effect,
        variance=variance,
        se=se,
        treatment=treatment,
        mean=mean,
        sd=sd,
        events=events,
        n=n,
        measure=measure,
    )
    trials, reference, notes = set_up(rows, reference)
    return posterior_of(
        trials,
        reference=reference,
        prior=tau_prior,
        effect_prior=parse_prior(effect_prior).expect("effect"),
        level=level,
        small_values=small_values,
        warnings=notes,
    )


def posterior_of(
    trials: Trials,
    *,
    reference: str,
    prior: Prior | None,
    effect_prior: Prior,
    level: float,
    small_values: str,
    warnings: tuple[str, ...],
) -> BayesianNetwork:
    """The posterior of trials that connect all treatments; without a prior of τ, τ is zero."""
    contrasts = independent(trials)
    others = [t for t, name in enumerate(trials.rows.treatments) if name != reference]
    given = solve_given_tau(
        contrasts.y,
        contrasts.v,
        contrasts.X[:, others],
        prior,
        effect_prior,
    )
    mean, cov = np.zeros((len(given.tau), trials.n)), np.zeros((len(given.tau), trials.n, trials.n))
    mean[:, others] = given.mean
    cov[np.ix_(range(len(given.tau)), others, others)] = given.cov
    return BayesianNetwork(
        trials=trials,
        reference=reference,
        prior=prior,
        effect_prior=effect_prior,
        given=given,
        node_mean=mean,
        node_cov=cov,
        level=level,
        small_values=small_values,
        excluded=trials.rows.excluded,
        warnings=warnings + given.notes,
    )


def _prior_of_tau(prior: str | Prior | None, model: str) -> Prior | None:
    if model == "common":
        if prior is not None:
            raise InputError('model="common" has no τ; leave out prior=, or use model="random"')
        return None
    if prior is None:
        raise InputError(
            "give prior=, the prior of τ (the standard deviation of true contrasts between "
            'trials), such as "half-normal(5)" for points of 0 to 100 or "half-normal(0.5)" for '
            "log odds ratios"
        )
    return parse_prior(prior).expect("heterogeneity")
