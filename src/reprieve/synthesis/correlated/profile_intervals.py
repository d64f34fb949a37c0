"""Profile-likelihood intervals of variances and correlations."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.base import Interval
from reprieve.synthesis.gaussian import GaussianModel
from reprieve.synthesis.random_effects import Structured, Term

if TYPE_CHECKING:
    from reprieve.synthesis.correlated.multilevel_fit import MultilevelFit

_DOUBLINGS = 60


def profile_interval(fit: MultilevelFit, name: str, level: float) -> Interval:
    """The values of a hyperparameter that the likelihood does not rule out.

    Parameters
    ----------
    fit : MultilevelFit
    name : str
        One of `fit.theta`.
    level : float
        Coverage.

    Returns
    -------
    (float, float)
        Ends where twice the log-likelihood, the other parameters at their best, lies the `level`
        quantile of χ²₁ below its maximum; an end is the limit of the parameter (0 for a
        variance, ±1 for a correlation) where that is not reached, infinite for a variance that
        the data do not bound.

    Raises
    ------
    InputError
        No such hyperparameter, or one of an unstructured term with three levels or more.
    SynthesisError
        A variance that is held at zero.
    """
    from scipy.optimize import brentq
    from scipy.special import chdtri

    if name not in fit.theta:
        raise InputError(f"there is no {name!r} among the random effects; there are {[*fit.theta]}")
    if name in fit.held:
        raise SynthesisError(
            f"the variance of {name!r} can't be told from these data; see warnings"
        )
    model = _holdable(fit, name)
    most = float(chdtri(1, 1 - level)) / 2
    best, top = fit.theta[name], fit.loglik

    def excess(value: float) -> float:
        return top - model.fit(fixed={**fit.held, name: value}).loglik - most

    term = next(t for t in model.terms if name in t.names)
    low, high = (0.0, math.inf) if term.names.index(name) < term.variances else _limits(term)

    def end(limit: float) -> float:
        outside = limit
        if math.isinf(limit):
            outside = 2 * best + 1e-4 * model.typical
            for _ in range(_DOUBLINGS):
                if excess(outside) > 0:
                    break
                outside *= 2
            else:
                return limit
        elif outside == best or not excess(outside) > 0:
            return limit
        return float(brentq(excess, best, outside, xtol=1e-14 + 1e-10 * abs(best), rtol=1e-10))

    return end(low), end(high)


def _limits(term: Term) -> Interval:
    low, high = term.bounds[-1]
    return low, high


def _holdable(fit: MultilevelFit, name: str) -> GaussianModel:
    """The model in a form in which the hyperparameter `name` can be held.

    An unstructured term of two levels is one with unlike variances and a single correlation.
    """
    terms = []
    for term, spec in zip(fit.model.terms, fit.random, strict=True):
        if isinstance(term, Structured) and term.structure == "UN":
            if len(term.levels) == 2:
                names = term.names
                term = fit.factors.term(replace(spec, structure="HCS"))
                term.names = names
            elif name in term.names:
                raise InputError(
                    f"no interval is known for {name!r} of an unstructured term with "
                    f"{len(term.levels)} levels; fit HCS or DIAG for one"
                )
        terms.append(term)
    if all(new is old for new, old in zip(terms, fit.model.terms, strict=True)):
        return fit.model
    restricted = fit.method == "REML"
    return GaussianModel(fit.y, fit.model.V, fit.X, terms, restricted=restricted)
