"""Which shape of dose–response curve goes best with the trials."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reprieve.errors import SynthesisError
from reprieve.synthesis.heterogeneity import solve
from reprieve.synthesis.least_squares import Array, LeastSquares
from reprieve.synthesis.networks.designs import QTest
from reprieve.synthesis.networks.dose_curves import Curves, EmaxCurves
from reprieve.synthesis.networks.dose_fitting import Nodes, fit_curves
from reprieve.synthesis.networks.parameters import fit_parameters

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.dose_results import DoseNetwork


@dataclass(frozen=True)
class ShapeFit:
    """How one shape goes with the trials, fitted by maximum likelihood.

    Attributes
    ----------
    predictive : ndarray, shape (trials,)
        Log-density of each trial's contrasts as the others predict them; NaN where the others
        can't, or where it was not asked for.
    parameters : int
        Of the curves, and τ².
    tau2, loglik, AIC, Q : float
        Q without τ².
    df : int
        Degrees of freedom of Q.
    fault : str
        Why the shape can't be fitted; empty if it can.
    """

    predictive: Array
    parameters: int = 0
    tau2: float = math.nan
    loglik: float = math.nan
    AIC: float = math.nan
    Q: float = math.nan
    df: int = 0
    fault: str = ""


def compare_shapes(
    nodes: Nodes,
    candidates: Mapping[str, Curves | SynthesisError],
    model: str,
    *,
    leave_out: bool = False,
) -> dict[str, ShapeFit]:
    """Each shape by maximum likelihood; with `leave_out`, also trial by trial from the others."""
    method, trials = ("ML" if model == "random" else "EE"), int(nodes.contrasts.study.max()) + 1
    nothing = np.full(trials, math.nan)
    table = {}
    for name, curves in candidates.items():
        if isinstance(curves, SynthesisError):
            table[name] = ShapeFit(nothing, fault=str(curves))
            continue
        fitted, found = fit_curves(nodes, curves, method)
        count = found.rank + (model == "random")
        table[name] = ShapeFit(
            _predict(nodes, fitted, found.beta, method, trials) if leave_out else nothing,
            count,
            found.tau2,
            found.loglik,
            2 * count - 2 * found.loglik,
            found.Q,
            found.df,
        )
    return table


def _predict(nodes: Nodes, curves: Curves, beta: Array, method: str, trials: int) -> Array:
    """Log predictive density of each trial from the others."""
    if isinstance(curves, EmaxCurves):
        return np.array([_left_out(nodes, curves, beta, method, t) for t in range(trials)])
    y, v, study = nodes.contrasts.y, nodes.contrasts.v, nodes.contrasts.study
    X = nodes.X @ curves.gradient(beta, nodes.curve, nodes.dose)
    span = fit_parameters(y, v, X, "EE").reduced(X)
    used = study != np.arange(trials)[:, None]
    batch = LeastSquares(np.tile(y, (trials, 1)), np.tile(v, (trials, 1)), span, used)
    tau2 = np.nan_to_num(solve(batch, method))
    gamma, cov = batch.projection(batch.weights(batch.v + tau2[:, None])).coefficients()
    found = np.full(trials, math.nan)
    for t in np.flatnonzero(~batch.unfit):
        mine = study == t
        spread = span[mine] @ cov[t] @ span[mine].T
        found[t] = _log_density(y[mine] - span[mine] @ gamma[t], spread, v[mine] + tau2[t])
    return found


def _left_out(nodes: Nodes, curves: EmaxCurves, beta: Array, method: str, trial: int) -> float:
    rest = nodes.without(trial)
    mine = nodes.contrasts.study == trial
    fitted, found = fit_curves(rest, curves, method, beta)
    L = nodes.X[mine] @ fitted.gradient(found.beta, nodes.curve, nodes.dose)
    if not found.estimable(L).all():
        return math.nan
    residual = nodes.contrasts.y[mine] - nodes.X[mine] @ fitted.values(
        found.beta, nodes.curve, nodes.dose
    )
    root = L @ found.root
    return _log_density(residual, root @ root.T, nodes.contrasts.v[mine] + found.tau2_used)


def _log_density(residual: Array, spread: Array, variance: Array) -> float:
    total = spread + np.diag(variance)
    _, logdet = np.linalg.slogdet(total)
    distance = residual @ np.linalg.solve(total, residual)
    return -0.5 * float(len(residual) * math.log(2 * math.pi) + logdet + distance)


def shape_table(fit: DoseNetwork, leave_out: bool) -> pl.DataFrame:
    """All shapes side by side; see `DoseNetwork.shapes`."""
    import polars as pl

    found = compare_shapes(fit.nodes, fit.candidates, fit.model, leave_out=leave_out)
    usable = [row.predictive for row in found.values() if not row.fault]
    both = np.isfinite(usable).all(axis=0)
    rows = []
    for name, row in found.items():
        cost = QTest(math.nan, 0, math.nan)
        if not row.fault:
            df = row.df - fit.full.df
            cost = QTest.of(max(0.0, row.Q - fit.full.Q) if df else 0.0, df)
        rows.append(
            {
                "shape": name,
                "parameters": None if row.fault else row.parameters,
                "tau2": row.tau2,
                "loglik": row.loglik,
                "AIC": row.AIC,
                "Q": cost.Q,
                "df": None if row.fault else cost.df,
                "p": cost.p,
                "predictive": math.nan if row.fault else float(row.predictive[both].sum()),
                "trials": int(both.sum()),
                "fault": row.fault,
            }
        )
    table = pl.DataFrame(rows).fill_nan(None).sort("AIC", nulls_last=True, maintain_order=True)
    return table if leave_out else table.drop("predictive", "trials")
