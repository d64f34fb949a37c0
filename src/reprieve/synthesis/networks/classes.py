"""Networks whose treatments belong to classes, so that they tell about each other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis.bayes.gaussian import BayesianGaussian, bayesian_gaussian
from reprieve.synthesis.bayes.mixtures import check_level
from reprieve.synthesis.bayes.priors import Prior
from reprieve.synthesis.findings import choice
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.analysis import check_words
from reprieve.synthesis.networks.class_results import ClassNetwork
from reprieve.synthesis.networks.connection import components
from reprieve.synthesis.networks.grouping import Grouping
from reprieve.synthesis.networks.independent import Contrasts, independent
from reprieve.synthesis.networks.reading import read_trials
from reprieve.synthesis.networks.relatives import Relatives
from reprieve.synthesis.networks.rows import Rows, label_of
from reprieve.synthesis.networks.shrinkage import (
    TRIALS,
    ShrinkageModel,
    Variances,
    estimate_variances,
    predicted,
)
from reprieve.synthesis.networks.trials import Trials

_FEW = 3  # treatments beyond one a class, below which σ is hardly known


def class_network(
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
    classes: Mapping[str, str],
    reference: str | None = None,
    spread: Literal["shared", "own", "none"] = "shared",
    method: Literal["REML", "ML", "DL"] = "REML",
    prior: str | Prior | None = None,
    class_prior: str | Prior | None = None,
    level: float = 0.95,
    small_values: Literal["desirable", "undesirable"] = "desirable",
) -> ClassNetwork:
    """Estimate the effects of treatments and of the classes that they belong to.

    Parameters
    ----------
    data, study, treatment1, treatment2, effect, variance, se
        Contrasts, as in `network`.
    treatment, mean, sd, events, n, measure
        Arms, as in `network`.
    classes : mapping of str to str
        The class of each treatment; a treatment that is not in it stands alone.
    reference : str, optional
        A treatment or a class, against which the others are shown; the first treatment by name
        when not given. It changes no difference.
    spread : {"shared", "own", "none"}
        How much treatments of a class differ: by one σ for all classes, by a σ of each class
        (hardly known in small classes), or not at all (a class is one treatment).
    method : {"REML", "ML", "DL"}
        Estimator of τ² and σ²; DL knows only τ², so that it needs ``spread="none"``.
    prior, class_prior : str or Prior, optional
        For τ and for σ, such as ``"half-normal(5)"``: they make the analysis Bayesian, exact by
        quadrature, with flat priors for classes. Then `method` is not used.
    level : float
        Coverage of intervals.
    small_values : {"desirable", "undesirable"}
        Whether less is better.

    Returns
    -------
    ClassNetwork

    Raises
    ------
    InputError
        A class with the name of a treatment that is not all of it; priors that are missing.
    SynthesisError
        Classes that no trial connects; a single class.

    Notes
    -----
    The effect of treatment k is D_class + u_k with u_k ~ N(0, σ²): treatments of a class are
    drawn towards its mean, the more the less is known of them (Dias et al. 2018, Network
    Meta-Analysis for Decision Making, chapter 8; Owen, Tincello & Abrams 2015 Value Health
    18:116; Warren, Abrams & Sutton 2014 Stat Med 33:2449). Standard errors of REML and ML take τ
    and σ as known; the Bayesian analysis does not. Where no trial connects two parts of the
    network, a class with members in both may: then the comparison rests on the class alone, and
    a warning says so.

    Examples
    --------
    >>> trials = {
    ...     "trial": ["1", "2", "3", "4", "5", "6"],
    ...     "t1": ["fat", "fat", "marrow", "marrow", "cord", "steroid"],
    ...     "t2": ["saline", "saline", "saline", "steroid", "saline", "saline"],
    ...     "difference": [-8.0, -10.0, -6.0, -4.0, -14.0, -2.0],
    ...     "se": [3.0, 3.0, 3.5, 3.0, 5.0, 2.0],
    ... }
    >>> fit = class_network(
    ...     trials, study="trial", treatment1="t1", treatment2="t2", effect="difference",
    ...     se="se", reference="saline", prior="half-normal(5)", class_prior="half-normal(5)",
    ...     classes={"fat": "cells", "marrow": "cells", "cord": "cells"},
    ... )
    >>> cells = fit.relative("cells", "saline")
    >>> round(cells.estimate, 1), [round(end, 1) for end in cells.ci]
    (-8.8, [-15.3, -2.8])
    >>> round(fit.relative("cord", "saline").estimate, 1)  # one small trial found −14
    -9.9
    """
    choice("spread", spread, ("shared", "own", "none"))
    check_words({"method": method, "value of small_values": small_values})
    check_level(level)
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
    groups = Grouping.of(rows.treatments, classes)
    names = (*rows.treatments, *(name for name in groups.names if name not in rows.treatments))
    reference = rows.treatments[0] if reference is None else label_of(reference)
    if reference not in names:
        raise UnknownWordError("reference treatment or class", reference, names)
    _require_connected(rows, groups)
    trials = Trials.of(rows)
    model = Model(independent(trials), groups, spread)
    posterior, variances = None, None
    if prior is None and class_prior is None:
        variances = estimate_variances(
            model.contrasts.y, model.contrasts.v, model.X, model.Z, method
        )
        nodes = Nodes.of_estimates(variances)
    else:
        posterior = _posterior(model, prior, class_prior, level)
        nodes = Nodes.of_posterior(posterior, model)
    notes = _notes(rows, groups, classes, spread, variances)
    if posterior is not None:
        notes += posterior.warnings
    return ClassNetwork(
        everything=model.relatives(
            nodes,
            trials=trials,
            names=names,
            reference=reference,
            level=level,
            small_values=small_values,
        ),
        members=groups.members,
        spread=spread,
        method=method,
        variances=variances,
        posterior=posterior,
        excluded=rows.excluded,
        warnings=(*trials.warnings, *notes),
    )


class Nodes:
    """Points of the variances with their weights: one of a likelihood, many of a posterior.

    Parameters
    ----------
    weights, tau2 : ndarray, shape (g,)
    terms : dict of ndarray, shape (g,)
        Variances within classes.
    df : int or None
        Degrees of freedom of Cochran's Q; None for a posterior.
    tail : float
    """

    def __init__(
        self, weights: Array, tau2: Array, terms: dict[str, Array], df: int | None, tail: float
    ) -> None:
        self.weights, self.tau2, self.terms, self.df, self.tail = weights, tau2, terms, df, tail

    @classmethod
    def of_estimates(cls, found: Variances) -> Nodes:
        """The one point of highest likelihood."""
        terms = {name: np.array([value]) for name, value in found.terms.items()}
        return cls(np.ones(1), np.array([found.tau2_used]), terms, found.df, math.inf)

    @classmethod
    def of_posterior(cls, found: BayesianGaussian, model: Model) -> Nodes:
        """The nodes of a posterior."""
        variance = found.node_theta**2
        terms = {name: variance[:, j] for j, name in enumerate(model.Z)}
        return cls(found.node_weights, variance[:, -1], terms, None, found.tail)


class Model:
    """The design of a network of classes.

    Attributes
    ----------
    X : ndarray, shape (k, groups − 1)
        Means of classes and treatments that stand alone, but the first.
    Z : dict of ndarray
        Members of classes about their mean, where there are two of them or more.
    """

    def __init__(self, contrasts: Contrasts, groups: Grouping, spread: str) -> None:
        self.contrasts, self.groups, self.spread = contrasts, groups, spread
        self.X = (contrasts.X @ groups.matrix)[:, 1:]
        self.places = groups.random(spread)
        self.Z = {name: contrasts.X[:, where] for name, where in self.places.items()}

    def relatives(self, nodes: Nodes, *, names: tuple[str, ...], **given: Any) -> Relatives:
        """All treatments, then all classes, at the nodes of the variances."""
        groups, n = self.groups, len(self.groups.home)
        places = dict(self.places)
        if self.spread == "shared" and places:
            # the mean of a class of one is not known better than σ; it says nothing about σ
            places["sigma"] = np.flatnonzero(groups.classed)
        Z = {name: self.contrasts.X[:, where] for name, where in places.items()}
        found, cov = predicted(
            self.contrasts.y, self.contrasts.v, self.X, Z, nodes.tau2, nodes.terms
        )
        own = [groups.names.index(name) for name in names[n:]]
        L = np.zeros((len(names), found.shape[1]))
        p = self.X.shape[1]
        L[:n, :p], L[n:, :p] = groups.matrix[:, 1:], np.eye(len(groups.names))[own, 1:]
        column = p
        for where in places.values():
            L[where, column + np.arange(len(where))] = 1.0
            column += len(where)
        between, df = self._predictions(nodes, own)
        return Relatives(
            names=names,
            weights=nodes.weights,
            mean=found @ L.T,
            cov=L @ cov @ L.T,
            between=between,
            prediction_df=df,
            bayesian=nodes.df is None,
            tail=nodes.tail,
            **given,
        )

    def _predictions(self, nodes: Nodes, own: list[int]) -> tuple[Array, Array]:
        """What is added for a new trial of a treatment, or for a new treatment of a class."""
        n, g = len(self.groups.home), len(nodes.weights)
        between = np.zeros((g, n + len(own)))
        df = np.full(n + len(own), math.inf)
        between[:, :n] = nodes.tau2[:, None]
        if nodes.df is not None:
            df[:n] = nodes.df if nodes.df >= 2 else math.nan
        for i, group in enumerate(own, n):
            name = self.groups.term(group, self.spread)
            if self.spread == "none":
                continue
            if name not in nodes.terms:
                df[i] = math.nan
                continue
            between[:, i] = nodes.terms[name]
            if nodes.df is not None:
                homes = self.groups.home[self.places[name]]
                df[i] = len(homes) - len(np.unique(homes))
        return between, df


def _posterior(
    model: Model, prior: str | Prior | None, class_prior: str | Prior | None, level: float
) -> BayesianGaussian:
    """The posterior of τ, σ and the means of classes."""
    if prior is None:
        raise InputError("class_prior= came without prior=: give a prior for τ as well")
    if (class_prior is None) != (not model.Z):
        raise InputError(
            'prior= came without class_prior=: give a prior for σ, or spread="none"'
            if model.Z
            else "class_prior= is for a σ that this model does not have; leave it out"
        )
    priors = {TRIALS: prior}
    if class_prior is not None:
        priors |= dict.fromkeys(model.Z, class_prior)
    engine = ShrinkageModel(model.contrasts.y, model.contrasts.v, model.X, model.Z)
    base, *names = model.groups.names
    return bayesian_gaussian(
        engine, priors, names=[f"{name} minus {base}" for name in names], level=level
    )


def _require_connected(rows: Rows, groups: Grouping) -> None:
    """Raise, with the parts, unless trials connect all classes."""
    if len(groups.names) < 2:
        raise SynthesisError(
            f"all treatments belong to the class {groups.names[0]!r}, so that there is nothing "
            "to compare it with; leave out classes= and use `network`"
        )
    parts = components(len(groups.names), groups.home[rows.a], groups.home[rows.b])
    if len(parts) == 1:
        return
    shown = "; ".join(
        f"({i}) {', '.join(groups.described(group) for group in part)}"
        for i, part in enumerate(parts, 1)
    )
    raise SynthesisError(
        f"even by its classes the network falls into {len(parts)} parts that no trial connects: "
        f"{shown}. Analyse each part by itself, or widen a class that has reason to hold "
        "treatments of both"
    )


def _notes(
    rows: Rows,
    groups: Grouping,
    classes: Mapping[str, str],
    spread: str,
    variances: Variances | None,
) -> tuple[str, ...]:
    """What a reader should know."""
    notes = []
    if number := len(rows.excluded):
        notes.append(f"{number} row{'s' * (number > 1)} could not be used; see excluded")
    parts = components(len(rows.treatments), rows.a, rows.b)
    if len(parts) > 1:
        shown = "; ".join(", ".join(rows.treatments[t] for t in part) for part in parts)
        notes.append(
            f"no trial connects these parts: {shown}. They are compared through classes alone, on "
            "the assumption that treatments of a class are exchangeable across parts"
        )
    if absent := [name for name in classes if name not in rows.treatments]:
        notes.append(f"classes holds treatments that no trial has: {', '.join(map(str, absent))}")
    sizes = [len(found) for found in groups.members.values() if len(found) > 1]
    single = [name for name, found in groups.members.items() if len(found) == 1]
    if spread != "none" and not sizes:
        notes.append("no class has two treatments: σ can't be estimated, and classes do nothing")
    elif spread == "own" and single:
        notes.append(f"classes of one treatment stand alone: {', '.join(single)}")
    elif spread == "shared" and sum(sizes) - len(sizes) < _FEW:
        plural = "es" * (len(sizes) != 1)
        notes.append(f"σ rests on {sum(sizes)} treatments of {len(sizes)} class{plural} alone")
    if variances is not None and any(value == 0 for value in variances.terms.values()):
        notes.append(
            "σ is estimated as zero, so that treatments of a class come out (nearly) equal: few "
            "treatments can't show that they are, and a Bayesian fit (class_prior=) keeps that open"
        )
    if variances is not None and math.isnan(variances.tau2):
        notes.append("no degree of freedom is left: τ² can't be estimated and is left out")
    return tuple(notes)
