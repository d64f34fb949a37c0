"""A trajectory as text to read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reprieve.synthesis.networks.words import frame_text

if TYPE_CHECKING:
    from reprieve.synthesis.trajectories.results import Trajectories

_MOST = 4  # months that a summary shows


def trajectory_summary(fit: Trajectories) -> str:
    """The model, how its shape was chosen, and all treatments against the reference."""
    import polars as pl

    months = fit.months
    lines = [
        f"Trajectories over months ({fit.method})",
        f"{len(fit.treatments)} treatments, {fit.k} trials, {len(fit.visits.y)} contrasts at "
        f"visits, {len(months)} different month{'s' * (len(months) > 1)} "
        f"({months[0]:g} to {months[-1]:g})",
        f"shape: {fit.shape}" + (f"; {fit.form}" if fit.form else ""),
    ]
    if not math.isnan(fit.tau2):
        between = "" if math.isnan(fit.rho) else f"   correlation between visits {fit.rho:.2f}"
        lines.append(f"τ {math.sqrt(fit.tau2):.4f}{between}")
    for name, said in (("class", "within classes"), ("departure", "of departures")):
        if name in fit.nodes.names:
            lines.append(f"standard deviation {said} {math.sqrt(fit.nodes.parameter(name)):.4f}")
    if len(fit.scores) > 1:
        lines += ["", "how shapes predict trials left out (higher is better)", ""]
        lines.append(frame_text(fit.shapes.drop("form").with_columns(pl.col("chosen").cast(str))))
    side = "lower" if fit.small_values == "desirable" else "higher"
    lines += ["", f"against {fit.reference} (treatment minus reference; {side} is better)", ""]
    chosen = months if len(months) <= _MOST else months[_spread(len(months))]
    table = fit.to_frame().filter(pl.col("month").is_in(chosen.tolist()))
    lines.append(frame_text(table.drop("reference", "extrapolated")))
    lines += [""] * bool(fit.excluded or fit.warnings)
    lines += [f"excluded: row {row.row} ({row.study}): {row.reason}" for row in fit.excluded]
    lines += [f"note: {warning}" for warning in fit.warnings]
    return "\n".join(lines)


def _spread(count: int) -> list[int]:
    """Places spread over `count`, first and last among them."""
    return [round(i * (count - 1) / (_MOST - 1)) for i in range(_MOST)]
