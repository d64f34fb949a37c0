"""The trials of a network as uncorrelated contrasts, so that any linear model can be put to them.

A trial of n arms, turned to the axes of its covariance, is n − 1 uncorrelated contrasts. Each has
the variance v without heterogeneity and v + τ² with it, whatever the number of arms. What is
assumed of treatments (components, classes, doses, covariates) is then only another design matrix.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.rows import Index
from reprieve.synthesis.networks.trials import Trials


@dataclass(frozen=True, eq=False)
class Contrasts:
    """Uncorrelated contrasts that hold all that the trials say.

    Attributes
    ----------
    y, v : ndarray, shape (k,)
        Estimates, and sampling variances, to which τ² adds.
    X : ndarray, shape (k, n)
        Each contrast as a combination of the n treatment effects; rows sum to zero, and no column
        is left out for a reference.
    study : ndarray of int, shape (k,)
        The trial of each.
    """

    y: Array
    v: Array
    X: Array
    study: Index


def independent(trials: Trials) -> Contrasts:
    """Uncorrelated contrasts of the trials of a network.

    Parameters
    ----------
    trials : Trials

    Returns
    -------
    Contrasts
        k = arms less one, summed over trials: first trials of two arms, then the others.

    Examples
    --------
    >>> from reprieve.synthesis.networks.rows import read_rows
    >>> rows = read_rows(None, ["A", "B"], ["drug", "sham"], ["sham", "drug"], [-5, 3], se=[1, 2])
    >>> found = independent(Trials.of(rows))
    >>> found.X, found.y, found.v
    (array([[ 1., -1.],
           [ 1., -1.]]), array([-5., -3.]), array([1., 4.]))
    """
    rows, n = trials.rows, trials.n
    two = trials.two
    pair = np.zeros((len(two), n))
    at = np.arange(len(two))
    pair[at, rows.a[two]], pair[at, rows.b[two]] = 1.0, -1.0
    y, v, X, study = [rows.y[two]], [rows.v[two]], [pair], [rows.study[two]]
    for group in trials.multi:
        count, arms = group.arms.shape
        turned = np.zeros((count, arms - 1, n))
        at = np.arange(count)[:, None, None]
        axis = np.arange(arms - 1)[None, :, None]
        turned[at, axis, group.arms[:, None, :]] = np.sqrt(2) * group.axes.transpose(0, 2, 1)
        y.append(group.scores(group.means).ravel())
        v.append(2 * group.spread.ravel())
        X.append(turned.reshape(-1, n))
        study.append(np.repeat(rows.study[group.rows[:, 0]], arms - 1))
    return Contrasts(np.concatenate(y), np.concatenate(v), np.concatenate(X), np.concatenate(study))


def log_volume(trials: Trials) -> float:
    """Log-density of contrasts against one arm of each trial, less that of `independent` ones.

    Turning and scaling changes no comparison between models, but it changes the density itself.

    Examples
    --------
    >>> from reprieve.synthesis.networks.rows import read_rows
    >>> rows = read_rows(None, ["A"] * 3, list("aab"), list("bcc"), [-5, 3, 8], se=[1, 2, 2])
    >>> round(log_volume(Trials.of(rows)), 6) == round(math.log(2 / math.sqrt(3)), 6)
    True
    """
    volume = 0.0
    for group in trials.multi:
        count, n = group.arms.shape
        volume += 0.5 * count * ((n - 1) * math.log(2) - math.log(n))
    return volume
