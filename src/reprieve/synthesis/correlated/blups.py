"""Predictions of the random effects themselves: how far each study or laboratory lies off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reprieve.synthesis.blocks import Codes
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.random_effects import Structured, Term

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.correlated.multilevel_fit import MultilevelFit


def random_effects_of(fit: MultilevelFit) -> pl.DataFrame:
    """Best linear unbiased predictions of the random effects.

    As metafor's `ranef`: û = G Zᵀ M⁻¹(y − Xβ) with M the covariance of the data, and its
    standard error with the uncertainty of β, at the estimated variances (Robinson 1991 Stat Sci
    6:15).

    Returns
    -------
    polars.DataFrame
        A row per effect: term, group, inner (null for intercepts), estimate, se, pi_low, pi_high.

    Examples
    --------
    >>> from reprieve.synthesis.correlated.multilevel import multilevel
    >>> data = {"y": [0.2, 0.5, 0.8, 0.9, 0.1, 0.2], "lab": list("aabbcc")}
    >>> fit = multilevel(data, effect="y", variance=[0.02] * 6, random="lab")
    >>> fit.blups().select("term", "group", "estimate").row(2)
    ('lab', 'c', -0.27...)
    """
    import polars as pl

    labels = [fit.factors.labels(spec.group) for spec in fit.random]
    found: list[list[tuple[str, str, str | None, float, float]]] = [[] for _ in fit.random]
    residual = fit.y - fit.X @ fit.beta
    for rows, block in fit.model.covariance([*fit.theta.values()]).parts():
        W = np.linalg.inv(block)
        WX, Wr = W @ fit.X[rows], W @ residual[rows]
        P = W - WX @ fit.cov @ WX.T
        for number, (term, spec) in enumerate(zip(fit.model.terms, fit.random, strict=True)):
            theta = np.array([fit.theta[name] for name in term.names])
            first, C, prior = _effects(term, term.covariance(theta), rows)
            se = np.sqrt(np.maximum(prior - np.einsum("em,mn,en->e", C, P, C), 0))
            for i, estimate, error in zip(first, C @ Wr, se, strict=True):
                inner = None
                if isinstance(term, Structured):
                    inner = str(term.levels[term.inner(rows[[i]])[0]])
                group = labels[number][rows[i]]
                found[number].append((spec.name, group, inner, float(estimate), float(error)))
    half = float(fit.coefficients.critical()[0])
    return pl.DataFrame(
        [effect for effects in found for effect in effects],
        schema=["term", "group", "inner", "estimate", "se"],
        orient="row",
        schema_overrides={"inner": pl.String},
    ).with_columns(
        pi_low=pl.col("estimate") - half * pl.col("se"),
        pi_high=pl.col("estimate") + half * pl.col("se"),
    )


def _effects(term: Term, G: Array, rows: Codes) -> tuple[Codes, Array, Array]:
    """The effects that `rows` show: a row of each, covariances with all rows, and variances."""
    pattern, inner = term.pattern(rows), term.inner(rows)
    same = (pattern != 0) & (inner[:, None] == inner)
    first = np.unique(same.argmax(axis=1))
    return first, G[inner[first]][:, inner] * pattern[first], np.diagonal(G)[inner[first]]
