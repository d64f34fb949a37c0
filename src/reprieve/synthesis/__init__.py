"""From effects to pooled estimates: one Gaussian engine, many questions put to it.

`meta_analysis` pools, `meta_regression` explains; every fit is a frozen result with the same few
methods. The public names load on first use, so that importing the room costs little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reprieve.synthesis.core import fit_batch
    from reprieve.synthesis.heterogeneity import estimate_tau2
    from reprieve.synthesis.pairwise import meta_analysis
    from reprieve.synthesis.regression import MetaRegression, meta_regression
    from reprieve.synthesis.results import MetaAnalysis

_HOMES = {
    "MetaAnalysis": "results",
    "MetaRegression": "regression",
    "estimate_tau2": "heterogeneity",
    "fit_batch": "core",
    "meta_analysis": "pairwise",
    "meta_regression": "regression",
}

__all__ = [
    "MetaAnalysis",
    "MetaRegression",
    "estimate_tau2",
    "fit_batch",
    "meta_analysis",
    "meta_regression",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'reprieve.synthesis' has no attribute {name!r}")
    return getattr(import_module(f"reprieve.synthesis.{_HOMES[name]}"), name)
