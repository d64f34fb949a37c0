"""Dose–response curves of a network as text to read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reprieve.synthesis.findings import notes_text
from reprieve.synthesis.networks.words import frame_text, q_text

if TYPE_CHECKING:
    from reprieve.synthesis.networks.dose_results import DoseNetwork


def dose_summary(fit: DoseNetwork) -> str:
    """The curves, how far data go, and the effects at the doses tested."""
    import polars as pl

    kind = "Random-effects" if fit.model == "random" else "Common-effect"
    estimator = f" (τ² by {fit.method})" if fit.model == "random" else ""
    agents = len(fit.curves.place)
    lines = [
        f"{kind} dose–response network meta-analysis{estimator}, {fit.shape} curves",
        f"{agents} agent{'s' * (agents > 1)} at {len(fit.nodes.dose)} doses, {fit.k} trials, "
        f"{fit.m} contrasts",
        "",
    ]
    if fit.model == "random" and not math.isnan(fit.tau2):
        lines.append(f"τ²   {fit.tau2:.4f}   τ {fit.tau:.4f}")
    lines += [
        f"Q    {q_text(*fit.Q)}",
        f"     agents and doses as they are  {q_text(*fit.Q_full)}",
        f"     what the shape costs          {q_text(*fit.Q_difference)}",
        "",
        "Curves",
        "",
        frame_text(fit.to_frame()),
        "",
    ]
    for curve in fit.curves.curves:
        of = f" ({', '.join(curve.agents)})" if curve.agents != (curve.name,) else ""
        unit = "" if fit.shape == "emax" else f"; unit {curve.unit:g}"
        lines.append(
            f"{curve.name}{of}: tested at {', '.join(f'{dose:g}' for dose in curve.tested)}{unit}"
        )
    effects = pl.concat([fit.curve(agent, fit.tested(agent)) for agent in fit.curves.place])
    lines += ["", f"At the doses tested, against {fit.placebo}", ""]
    shown = effects.drop("extrapolated").with_columns(pl.col("dose").map_elements(
        lambda dose: f"{dose:g}", return_dtype=pl.String
    ))  # fmt: skip
    lines.append(frame_text(shown))
    lines += [""] * bool(fit.excluded)
    lines += [f"excluded: row {row.row} ({row.study}): {row.reason}" for row in fit.excluded]
    return "\n".join([*lines, *notes_text(fit.warnings)])
