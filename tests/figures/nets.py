"""Networks to draw: three that netmeta ships, and one of thirty treatments with long names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from reprieve.synthesis import network
from reprieve.synthesis.networks.results import NetworkMetaAnalysis

_DATA = json.loads(
    (Path(__file__).parents[1] / "reference" / "netmeta" / "networks.json").read_text()
)


def fit(name: str, **options: Any) -> NetworkMetaAnalysis:
    """A network of netmeta's."""
    columns = {"study": "study", "treatment1": "treat1", "treatment2": "treat2"}
    return network(_DATA[name]["data"], **columns, effect="TE", se="seTE", **options)


def thirty() -> NetworkMetaAnalysis:
    """Thirty treatments, ten of them with long names, and 121 trials."""
    rng = np.random.default_rng(1)
    names = [
        f"adipose-derived mesenchymal stem cells, donor {i}, in hyaluronic acid"
        if i % 3 == 0
        else f"treatment number {i}"
        for i in range(30)
    ]
    rows = []
    for i in range(1, 30):
        for j in {int(rng.integers(i)), 0}:
            for _ in range(rng.integers(1, 4)):
                y, se = float(rng.normal(-0.3 * i, 4)), float(rng.uniform(2, 6))
                rows.append((f"Author{len(rows)} 2001", names[i], names[j], y, se))
    study, treatment1, treatment2, effect, errors = (
        list(column) for column in zip(*rows, strict=True)
    )
    return network(
        study=study,
        treatment1=treatment1,
        treatment2=treatment2,
        effect=effect,
        se=errors,
        reference=names[0],
    )


SENN = fit("Senn2013_MD", reference="plac")
LINDE = fit("Linde2015_OR", reference="Placebo", small_values="undesirable")
SMOKING = fit("smokingcessation_OR", small_values="undesirable")
THIRTY = thirty()
ALL = (SENN, LINDE, SMOKING, THIRTY)
