"""How well each shape predicts trials that it has not seen.

Each trial in turn is predicted from all others: its log predictive density, summed over trials,
is the score of a shape. Sizes, departures and the form are estimated anew without the trial, in
closed form (a block of rows is taken out of least squares, and the weights of forms are divided
by what the trial said); the variances are kept at their estimates from all trials.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reprieve.synthesis.blocks import BlockDiagonal
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.connection import components
from reprieve.synthesis.trajectories.fitting import Nodes
from reprieve.synthesis.trajectories.layout import Layout
from reprieve.synthesis.trajectories.visits import Visits

_TIE = 0.01  # differences of scores too small to prefer the less simple
FEWEST = 3
"""Trials that must be predictable for a choice to be made."""


@dataclass(frozen=True)
class Score:
    """One shape: its fit to all trials, and how it predicts each from the others.

    Attributes
    ----------
    shape : str
    layout : Layout
    nodes : Nodes
    log_density : ndarray, shape (trials,)
        NaN for trials without which the network falls apart.
    """

    shape: str
    layout: Layout
    nodes: Nodes
    log_density: Array

    @property
    def total(self) -> float:
        """The sum over trials that can be predicted; NaN without any."""
        known = np.isfinite(self.log_density)
        return float(self.log_density[known].sum()) if known.any() else np.nan


def predictable(visits: Visits) -> list[int]:
    """Trials without which the others still connect all treatments."""
    T, found = len(visits.treatments), []
    after = visits.after
    for s in range(len(visits.studies)):
        rest = after & (visits.study != s)
        if len(components(T, visits.a[rest], visits.b[rest])) == 1:
            found.append(s)
    return found


def log_densities(
    layout: Layout, nodes: Nodes, covariance: BlockDiagonal, trials: list[int]
) -> Array:
    """Log predictive density of each trial given all others, at known variances.

    With S the covariance of a trial's rows, C that of the coefficients and e its residuals, the
    trial left out is predicted with precision-weighted surprise eᵀ(S − XCXᵀ)⁻¹e, and the log
    determinant of its covariance is 2 log|S| − log|S − XCXᵀ|. Forms are averaged by the
    weights that the other trials give them, whence the harmonic mean.
    """
    visits = layout.visits
    out = np.full(len(visits.studies), np.nan)
    rows_of = visits.rows_of_studies
    logs = np.empty((len(nodes.weights), len(trials)))
    known = [covariance.dense(rows_of[s]) for s in trials]
    for node, (psi, beta, C) in enumerate(zip(nodes.psi, nodes.beta, nodes.cov, strict=True)):
        X = layout.design(psi)
        for place, (s, S) in enumerate(zip(trials, known, strict=True)):
            rows = rows_of[s]
            x = X[rows]
            e = visits.y[rows] - x @ beta
            left = S - x @ C @ x.T
            sign, small = np.linalg.slogdet(left)
            surprise = e @ np.linalg.solve(left, e) if sign > 0 else np.inf
            spread = 2 * np.linalg.slogdet(S)[1] - small
            logs[node, place] = -0.5 * (len(rows) * np.log(2 * np.pi) + spread + surprise)
    lowest = logs.min(axis=0)
    out[trials] = lowest - np.log(nodes.weights @ np.exp(lowest - logs))
    return out


def best(scores: list[Score]) -> Score:
    """The shape with the highest score; of those that tie, the simplest (the first)."""
    totals = np.array([score.total for score in scores])
    if not np.isfinite(totals).any():
        return scores[0]
    return scores[int(np.flatnonzero(totals >= np.nanmax(totals) - _TIE)[0])]


def table(scores: list[Score], chosen: Score) -> list[dict[str, object]]:
    """A row a shape: score, difference from the chosen with its standard error, parameters."""
    found: list[dict[str, object]] = []
    for score in scores:
        apart = score.log_density - chosen.log_density
        apart = apart[np.isfinite(apart)]
        spread = float(np.std(apart, ddof=1)) * np.sqrt(len(apart)) if len(apart) > 1 else np.nan
        found.append(
            {
                "shape": score.shape,
                "log_density": score.total,
                "difference": float(apart.sum()) if len(apart) else np.nan,
                "se": spread if score is not chosen else 0.0,
                "tau": float(np.sqrt(score.nodes.parameter("tau2"))),
                "departure": float(np.sqrt(score.nodes.parameter("departure"))),
                "form": form_words(score.layout, score.nodes),
                "chosen": score is chosen,
            }
        )
    return found


def form_words(layout: Layout, nodes: Nodes) -> str:
    """The parameters of the form, with 95 % intervals, in words."""
    said = []
    for j, label in enumerate(layout.shape.labels):
        order = np.argsort(nodes.psi[:, j], kind="stable")
        share = np.cumsum(nodes.weights[order])
        places = np.minimum(np.searchsorted(share, [0.025, 0.5, 0.975]), len(share) - 1)
        low, middle, high = np.exp(nodes.psi[order[places], j])
        said.append(f"{label} {middle:.3g} ({low:.3g} to {high:.3g})")
    return "; ".join(said)


def at_limits(layout: Layout, nodes: Nodes) -> list[str]:
    """Parameters of the form that the data don't bound: weight lies at the ends of their range."""
    found = []
    for j, label in enumerate(layout.shape.labels):
        limits = layout.shape.limits[j]
        near = 0.02 * (limits[1] - limits[0])
        ends = (limits[0] + near, limits[1] - near)
        outside = (nodes.psi[:, j] < ends[0]) | (nodes.psi[:, j] > ends[1])
        if nodes.weights[outside].sum() > 0.05:
            found.append(label)
    return found
