"""How each pair of treatments is estimated: directly, over how many steps, along how many paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reprieve.synthesis.networks.designs import DesignLevel

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.results import NetworkMetaAnalysis


def measures(fit: NetworkMetaAnalysis) -> pl.DataFrame:
    """Share of direct evidence, mean path length and minimal parallelism of all pairs.

    The hat matrix of the designs says how each estimate flows through them. A design takes
    ½(|Σh| + Σ|h|) of it: summed over designs the mean length of paths, and one over the largest
    the least number of parallel ones (König, Krahn & Binder 2013 Stat Med 32:5414).
    """
    import polars as pl

    level = DesignLevel.of(fit.trials, fit.tau2_used)
    i, j = fit.pairs
    length, largest = np.zeros(len(i)), np.zeros(len(i))
    for design in level.designs:
        pull = fit.fit.cov[:, design.arms] @ design.information[:, 1:]
        hat = pull[i] - pull[j]
        flow = 0.5 * (np.abs(hat.sum(axis=1)) + np.abs(hat).sum(axis=1))
        length += flow
        largest = np.maximum(largest, flow)
    return pl.DataFrame(
        {
            "treatment1": [fit.treatments[t] for t in i],
            "treatment2": [fit.treatments[t] for t in j],
            "proportion_direct": fit.evidence.proportion,
            "mean_path": length,
            "minimal_parallelism": 1 / largest,
        }
    )
