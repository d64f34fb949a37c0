"""Effects on two outcomes per trial, either of which may be missing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from reprieve.errors import InputError
from reprieve.synthesis.gaussian import GaussianModel
from reprieve.synthesis.inputs import column
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.random_effects import Structured

OUTCOMES = ("structure", "symptom")


@dataclass(frozen=True)
class Pairs:
    """Effects on structure and symptoms, as one column of estimates.

    Attributes
    ----------
    y : ndarray, shape (n,)
    V : tuple of ndarray
        Covariance of the estimates of each trial.
    outcome : ndarray of int, shape (n,)
        0 structure, 1 symptom.
    trial : ndarray of int, shape (n,)
    study : tuple of str
        Trials that have at least one of the two.
    left_out : tuple of str
        What could not be used, with the reason.
    """

    y: Array
    V: tuple[Array, ...]
    outcome: Any
    trial: Any
    study: tuple[str, ...]
    left_out: tuple[str, ...]

    def model(self, structure: Literal["UN", "HCS"], restricted: bool) -> GaussianModel:
        """The engine; HCS is the same model in terms whose correlation can be held."""
        X = np.column_stack([self.outcome == 0, self.outcome == 1]).astype(float)
        term = Structured(self.trial, self.outcome, structure)
        return GaussianModel(self.y, list(self.V), X, [term], restricted=restricted)


def read_pairs(
    data: Any, structure: Any, symptom: Any, var1: Any, var2: Any, correlation: Any, study: Any
) -> Pairs:
    """Both outcomes as arrays, checked, and put one below the other.

    The arguments are those of `bivariate_analysis`.

    Examples
    --------
    >>> pairs = read_pairs(None, [0.4, None], [-0.3, -0.1], [0.01, None], [0.02, 0.02], 0.5, None)
    >>> pairs.y, pairs.outcome, pairs.trial
    (array([ 0.4, -0.3, -0.1]), array([0, 1, 1]), array([0, 0, 1]))
    """
    given = {
        "structure": structure,
        "symptom": symptom,
        "structure_variance": var1,
        "symptom_variance": var2,
    }
    read = {name: _numbers(name, column(data, value, name)) for name, value in given.items()}
    sizes = {name: len(values) for name, values in read.items()}
    k = sizes["structure"]
    if isinstance(correlation, int | float):
        r = np.full(k, float(correlation))
    else:
        r = _numbers("correlation", column(data, correlation, "correlation"))
    labels = range(1, k + 1) if study is None else column(data, study, "study")
    sizes |= {"correlation": len(r), "study": len(labels)}
    if len(set(sizes.values())) > 1:
        shown = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise InputError(f"the columns differ in length: {shown}")
    effects = np.array([read["structure"], read["symptom"]])
    variances = np.array([read["structure_variance"], read["symptom_variance"]])
    known = np.isfinite(effects) & np.isfinite(variances)
    y, V, outcome, trial, names, left_out = [], [], [], [], [], []
    for i, label in enumerate(map(str, labels)):
        here = np.flatnonzero(known[:, i])
        for j in np.flatnonzero(np.isfinite(effects[:, i]) & ~known[:, i]):
            left_out.append(f"{label}: {OUTCOMES[j]} effect without a variance")
        if not len(here):
            left_out.append(f"{label}: neither outcome")
            continue
        v = variances[here, i]
        if (v <= 0).any():
            raise InputError(f"a variance of trial {label!r} is {v.min():g}; it must be above zero")
        block = np.diag(v)
        if len(here) == 2:
            if not -1 < r[i] < 1:
                raise InputError(
                    f"the correlation within trial {label!r} is {r[i]:g}; it must lie between "
                    "-1 and 1. Assume one where it is not known"
                )
            block[0, 1] = block[1, 0] = r[i] * math.sqrt(v[0] * v[1])
        y += effects[here, i].tolist()
        outcome += here.tolist()
        trial += [i] * len(here)
        V.append(block)
        names.append(label)
    return Pairs(
        np.array(y), tuple(V), np.array(outcome), np.array(trial), tuple(names), tuple(left_out)
    )


def _numbers(name: str, values: Any) -> Array:
    """Numbers, NaN where missing."""
    try:
        found = np.array([np.nan if x is None or x == "" else float(x) for x in values])
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} holds something that is not a number ({error})") from error
    if np.isinf(found).any():
        raise InputError(f"{name} holds an infinite value; leave it empty if it is not known")
    return found
