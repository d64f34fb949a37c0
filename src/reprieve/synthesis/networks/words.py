"""Tables of a network as text to read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.results import NetworkMetaAnalysis


def frame_text(table: pl.DataFrame) -> str:
    """A frame as aligned columns; numbers with four decimals, p values as usual.

    Examples
    --------
    >>> import polars as pl
    >>> print(frame_text(pl.DataFrame({"name": ["a"], "x": [0.5], "p": [1e-9]})))
    name       x       p
    a     0.5000  <.0001
    """
    columns = []
    for name in table.columns:
        cells = [name, *(_cell(name, value) for value in table[name].to_list())]
        width = max(map(len, cells))
        text = table[name].dtype.is_numeric()
        columns.append([cell.rjust(width) if text else cell.ljust(width) for cell in cells])
    return "\n".join("  ".join(line).rstrip() for line in zip(*columns, strict=True))


def _cell(name: str, value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if not isinstance(value, float):
        return str(value)
    if name == "p" and value < 0.0001:
        return "<.0001"
    return f"{value:.4f}"


def network_summary(fit: NetworkMetaAnalysis) -> str:
    """The network, its heterogeneity, and all treatments against the reference."""
    kind = "Random-effects" if fit.model == "random" else "Common-effect"
    estimator = f" (τ² by {fit.method})" if fit.model == "random" else ""
    lines = [
        f"{kind} network meta-analysis{estimator}",
        f"{fit.n} treatments, {fit.k} trials, {fit.m} contrasts, {fit.n_designs} "
        f"design{'s' * (fit.n_designs != 1)}",
        "",
    ]
    if fit.model == "random" and not math.isnan(fit.tau2):
        lines.append(f"τ²   {fit.tau2:.4f}   τ {fit.tau:.4f}")
    if fit.df:
        low, high = fit.I2_interval
        ends = "" if math.isnan(low) else f"   {100 * fit.level:g} % CI {low:.1f} to {high:.1f} %"
        coherence = fit.coherence()
        lines += [
            f"I²   {fit.I2:.1f} %{ends}",
            f"Q    {_q(fit.Q, fit.df, fit.Q_p)}",
            f"     within designs   {_q(*coherence.within)}",
            f"     between designs  {_q(*coherence.between)}",
        ]
    side = "lower" if fit.small_values == "desirable" else "higher"
    table = fit.to_frame().drop("reference", "statistic")
    lines += ["", f"against {fit.reference} (treatment minus reference; {side} is better)", ""]
    lines.append(frame_text(table))
    lines += [""] * bool(fit.excluded or fit.warnings)
    lines += [f"excluded: row {row.row} ({row.study}): {row.reason}" for row in fit.excluded]
    lines += [f"note: {warning}" for warning in fit.warnings]
    return "\n".join(lines)


def _q(statistic: float, df: int, p: float) -> str:
    if not df:
        return "0 (nothing to compare)"
    return f"{statistic:.4f}   df {df}   p {_cell('p', p)}"
