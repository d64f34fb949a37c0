"""Multilevel fits for machines and for people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from reprieve.synthesis.findings import p_text, plain

if TYPE_CHECKING:
    from reprieve.synthesis.correlated.multilevel_fit import MultilevelFit


def as_dict(fit: MultilevelFit) -> dict[str, Any]:
    """What `MultilevelFit.to_dict` gives; None for what can't be computed."""
    shares = fit.I2
    total = shares.get("total", math.nan)
    new = not fit.moderating and not fit.own_variances
    moderators = None
    if fit.moderating:
        test = fit.moderators
        moderators = {"statistic": test.statistic, "df": test.df, "p": test.p, "R2": None}
    content: dict[str, Any] = plain(
        {
            "model": {"method": fit.method, "test": fit.test, "level": 100 * fit.level},
            "k": fit.k,
            "coefficients": fit.coefficients.to_list(),
            "random": fit.random_list(),
            "prediction_interval": fit.prediction_interval if new else None,
            "heterogeneity": {
                "tau2": fit.tau2,
                "tau2_se": None,
                "tau2_ci": None,
                "I2": total,
                "I2_by_term": {name: share for name, share in shares.items() if name != "total"},
                "H2": 100 / (100 - total),
                "Q": fit.Q,
                "Q_df": fit.Q_df,
                "Q_p": fit.Q_p,
            },
            "moderators": moderators,
            "fit": {"loglik": fit.loglik, "AIC": fit.AIC, "AICc": fit.AICc, "BIC": fit.BIC},
            "excluded": [
                {"row": row.row, "study": row.study, "reason": row.reason} for row in fit.excluded
            ],
            "warnings": list(fit.warnings),
        }
    )
    return content


def as_text(fit: MultilevelFit) -> str:
    """What `MultilevelFit.summary` prints."""
    lines = [f"Multilevel model, k = {fit.k} ({fit.method}, test: {fit.test})", ""]
    width = max(len(name) for name in fit.theta)
    for part in fit.random_list():
        name = part["term"]
        if "variance" in part:
            share = f"   I² {fit.I2[name]:.1f} %" if name in fit.I2 else ""
            spread = f"   SD {math.sqrt(part['variance']):.4f}"
            lines.append(f"{name:{width}}  σ² {part['variance']:8.4f}{spread}{share}")
        else:
            lines.append(f"{name:{width}}  ρ  {part['correlation']:8.4f}")
    if fit.Q_df > 0:
        lines.append(f"Q {fit.Q:.4f}   df {fit.Q_df}   p {p_text(fit.Q_p)}")
    lines += ["", *fit.coefficients.lines()]
    if fit.moderating:
        test = fit.moderators
        if isinstance(test.df, tuple):
            head = f"F({test.df[0]:g}, {test.df[1]:g}) = {test.statistic:.4f}"
        else:
            head = f"χ²({test.df:g}) = {test.statistic:.4f}"
        lines += ["", f"moderators   {head}   p {p_text(test.p)}"]
    low, high = fit.prediction_interval
    if not math.isnan(low):
        lines += ["", f"{100 * fit.level:g} % prediction interval  {low:.4f} to {high:.4f}"]
    notes = [f"excluded: row {r.row} ({r.study}): {r.reason}" for r in fit.excluded]
    notes += [f"note: {warning}" for warning in fit.warnings]
    return "\n".join(lines + (["", *notes] if notes else []))
