"""A network as one record: what `reprieve network --json` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from reprieve.synthesis.inputs import Excluded
    from reprieve.synthesis.networks.base import NetworkResult
    from reprieve.synthesis.networks.posterior_results import BayesianNetwork
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
        "ranks": _ranks(fit),
        "split": [{key: row[key] for key in _SPLIT} for row in fit.split().to_dict()["split"]],
        "excluded": _excluded(fit.excluded),
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


def posterior_record(fit: BayesianNetwork) -> dict[str, Any]:
    """The content of `BayesianNetwork.to_dict`."""
    from reprieve.synthesis.bayes.tables import described, nested

    random = fit.prior is not None
    return {
        "model": {
            "model": fit.model,
            "prior": fit.prior.text if fit.prior is not None else None,
            "effect_prior": fit.effect_prior.text,
            "level": 100 * fit.level,
            "small_values": fit.small_values,
        },
        "treatments": list(fit.treatments),
        "reference": fit.reference,
        "k": fit.k,
        "m": fit.m,
        "n_designs": fit.n_designs,
        "tau": nested(described(fit.tau, fit.level)) if random else None,
        "effects": [
            {name: row[name] for name in ("treatment1", "treatment2", "mean", "sd", "median")}
            | {
                "ci": [row["ci_low"], row["ci_high"]],
                "prediction_interval": [row["pi_low"], row["pi_high"]],
                "probability_better": row["probability_better"],
            }
            for row in fit.effects().iter_rows(named=True)
        ],
        "ranks": _ranks(fit),
        "deviance": fit.deviance,
        "log_evidence": fit.log_evidence,
        "excluded": _excluded(fit.excluded),
        "warnings": list(fit.warnings),
    }


def _ranks(fit: NetworkResult) -> list[dict[str, Any]]:
    return [
        {"treatment": name, "p_score": score, "sucra": score}
        for name, score in zip(fit.treatments, fit.p_scores.tolist(), strict=True)
    ]


def _excluded(rows: tuple[Excluded, ...]) -> list[dict[str, Any]]:
    return [{"row": row.row, "study": row.study, "reason": row.reason} for row in rows]
