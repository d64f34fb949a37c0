"""What is shown of a posterior: the same numbers in tables, frames and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reprieve.synthesis.bayes.mixtures import NormalMixture
from reprieve.synthesis.bayes.quadrature import Posterior


def described(found: Posterior | NormalMixture, level: float) -> dict[str, Any]:
    """What is shown of a posterior, or of k at once."""
    low, median, high = found.quantile([(1 - level) / 2, 0.5, (1 + level) / 2])
    near, far = found.shortest(level)
    return {
        "mean": found.mean,
        "sd": found.sd,
        "median": median,
        "mode": found.mode,
        "ci_low": low,
        "ci_high": high,
        "shortest_low": near,
        "shortest_high": far,
    }


def nested(row: dict[str, Any]) -> dict[str, Any]:
    """The same with pairs for intervals."""
    return {
        **{name: row[name] for name in ("mean", "sd", "median", "mode")},
        "ci": [row["ci_low"], row["ci_high"]],
        "shortest": [row["shortest_low"], row["shortest_high"]],
    }


def posterior_lines(named: Mapping[str, Posterior | NormalMixture], level: float) -> list[str]:
    """A table to read, a line per quantity."""
    percent = f"{100 * level:g} %"
    width = max(len(name) for name in named)
    lines = [
        f"{'':{width}}  {'mean':>9}  {'sd':>9}  {'median':>9}  "
        f"{percent + ' central':>22}  {percent + ' shortest':>22}"
    ]
    for name, found in named.items():
        row = described(found, level)
        lines.append(
            f"{name:{width}}  {row['mean']:>9.4f}  {row['sd']:>9.4f}  {row['median']:>9.4f}  "
            f"{row['ci_low']:>9.4f} to {row['ci_high']:>9.4f}  "
            f"{row['shortest_low']:>9.4f} to {row['shortest_high']:>9.4f}"
        )
    return lines
