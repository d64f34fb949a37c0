"""A network as one record: what `reprieve network --json` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from reprieve.synthesis.networks.results import NetworkMetaAnalysis


def record(fit: NetworkMetaAnalysis) -> dict[str, Any]:
    """The content of `NetworkMetaAnalysis.to_dict`."""
    coherence, low_high = fit.coherence(), fit.I2_interval
    return {
        "model": {
            "model": fit.model,
            "method": fit.method if fit.model == "random" else None,
            "level": 100 * fit.level,
            "small_values": fit.small_values,
        },
        "treatments": list(fit.treatments),
        "reference": fit.reference,
        "k": fit.k,
        "m": fit.m,
        "n_designs": fit.n_designs,
        "tau2": fit.tau2,
        "I2": fit.I2,
        "I2_ci": low_high,
        "Q": {
            "total": fit.Q,
            "df": fit.df,
            "p": fit.Q_p,
            "heterogeneity": coherence.within.Q,
            "heterogeneity_df": coherence.within.df,
            "heterogeneity_p": coherence.within.p,
            "inconsistency": coherence.between.Q,
            "inconsistency_df": coherence.between.df,
            "inconsistency_p": coherence.between.p,
        },
        "effects": _effects(fit),
        "ranks": [
            {"treatment": name, "p_score": score, "sucra": score}
            for name, score in zip(fit.treatments, fit.p_scores.tolist(), strict=True)
        ],
        "split": [{key: row[key] for key in _SPLIT} for row in fit.split().to_dict()["split"]],
        "excluded": [
            {"row": row.row, "study": row.study, "reason": row.reason} for row in fit.excluded
        ],
        "warnings": list(fit.warnings),
    }


_SPLIT = (
    "treatment1", "treatment2", "k", "proportion_direct", "direct", "direct_se", "indirect",
    "indirect_se", "difference", "se", "z", "p",
)  # fmt: skip


def _effects(fit: NetworkMetaAnalysis) -> list[dict[str, Any]]:
    evidence = fit.evidence
    columns = fit.effects().to_dict(as_series=False)
    own = {
        "direct": evidence.direct.tolist(),
        "direct_se": evidence.direct_se.tolist(),
        "indirect": evidence.indirect.tolist(),
        "indirect_se": evidence.indirect_se.tolist(),
        "proportion_direct": evidence.proportion.tolist(),
        "trials": np.asarray(evidence.trials).tolist(),
    }
    rows = []
    for e in range(len(fit.estimates)):
        row = {name: columns[name][e] for name in ("treatment1", "treatment2", "estimate", "se")}
        row["ci"] = [columns["ci_low"][e], columns["ci_high"][e]]
        row["p"] = columns["p"][e]
        row["prediction_interval"] = [columns["pi_low"][e], columns["pi_high"][e]]
        row |= {name: values[e] for name, values in own.items()}
        rows.append(row)
    return rows
