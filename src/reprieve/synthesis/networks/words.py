"""Tables of a network as text to read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.base import NetworkResult
    from reprieve.synthesis.networks.posterior_results import BayesianNetwork
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
    lines = [f"{kind} network meta-analysis{estimator}", _size(fit), ""]
    if fit.model == "random" and not math.isnan(fit.tau2):
        lines.append(f"τ²   {fit.tau2:.4f}   τ {fit.tau:.4f}")
    if fit.df:
        low, high = fit.I2_interval
        ends = "" if math.isnan(low) else f"   {100 * fit.level:g} % CI {low:.1f} to {high:.1f} %"
        coherence = fit.coherence()
        lines += [
            f"I²   {fit.I2:.1f} %{ends}",
            f"Q    {q_text(fit.Q, fit.df, fit.Q_p)}",
            f"     within designs   {q_text(*coherence.within)}",
            f"     between designs  {q_text(*coherence.between)}",
        ]
    lines += _against_reference(fit, fit.to_frame().drop("reference", "statistic"))
    return "\n".join(lines + _notes(fit))


def posterior_summary(fit: BayesianNetwork) -> str:
    """The posterior of τ, of all treatments against the reference, and how the model fits."""
    from reprieve.synthesis.bayes.tables import posterior_lines

    kind = "random-effects" if fit.prior is not None else "common-effect"
    tau = f"τ ~ {fit.prior.text}, " if fit.prior is not None else ""
    lines = [
        f"Bayesian {kind} network meta-analysis",
        _size(fit),
        f"priors: {tau}effects against {fit.reference} ~ {fit.effect_prior.text}",
        "",
    ]
    if fit.prior is not None:
        lines += posterior_lines({"tau": fit.tau}, fit.level)
    lines.append(fit.deviance.summary())
    lines += _against_reference(fit, fit.to_frame().drop("reference"))
    return "\n".join(lines + _notes(fit))


def _size(fit: NetworkResult) -> str:
    counts = {"treatment": fit.n, "trial": fit.k, "contrast": fit.m, "design": fit.n_designs}
    return ", ".join(f"{count} {what}{'s' * (count != 1)}" for what, count in counts.items())


def _against_reference(fit: NetworkResult, table: pl.DataFrame) -> list[str]:
    side = "lower" if fit.small_values == "desirable" else "higher"
    title = f"against {fit.reference} (treatment minus reference; {side} is better)"
    return ["", title, "", frame_text(table)]


def _notes(fit: NetworkMetaAnalysis | BayesianNetwork) -> list[str]:
    lines = [f"excluded: row {row.row} ({row.study}): {row.reason}" for row in fit.excluded]
    lines += [f"note: {warning}" for warning in fit.warnings]
    return ["", *lines] if lines else []


def q_text(statistic: float, df: int, p: float) -> str:
    """A Q statistic for a summary."""
    if not df:
        return "0 (nothing to compare)"
    return f"{statistic:.4f}   df {df}   p {_cell('p', p)}"
