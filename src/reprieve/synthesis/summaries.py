"""Results as tables to read, in the order in which metafor prints them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reprieve.synthesis.findings import p_text
from reprieve.synthesis.heterogeneity import COMMON

if TYPE_CHECKING:
    from reprieve.synthesis.base import Result
    from reprieve.synthesis.regression import MetaRegression
    from reprieve.synthesis.results import MetaAnalysis

_TESTS = {
    "z": "normal",
    "t": "t",
    "knha": "Knapp–Hartung t",
    "adhoc": "Knapp–Hartung t, never narrower than the plain one",
}


def pairwise_summary(fit: MetaAnalysis) -> str:
    """The table of a pairwise meta-analysis."""
    lines = [_title(fit), "", *_heterogeneity(fit), "", *_coefficients(fit)]
    low, high = fit.prediction_interval
    if not math.isnan(low):
        lines += ["", f"{_percent(fit.level)} prediction interval  {low:.4f} to {high:.4f}"]
    return "\n".join(lines + _notes(fit))


def regression_summary(fit: MetaRegression) -> str:
    """The table of a meta-regression."""
    lines = [_title(fit), "", *_heterogeneity(fit), "", *_coefficients(fit)]
    if fit.has_moderators:
        test = fit.moderators
        if isinstance(test.df, tuple):
            head = f"F({test.df[0]:g}, {test.df[1]:g}) = {test.statistic:.4f}"
        else:
            head = f"χ²({test.df:g}) = {test.statistic:.4f}"
        explained = "" if math.isnan(fit.R2) else f"   R² {fit.R2:.1f} %"
        lines += ["", f"moderators   {head}   p {p_text(test.p)}{explained}"]
    return "\n".join(lines + _notes(fit))


def _title(fit: Result) -> str:
    kind = "Common-effect" if fit.method in COMMON else "Random-effects"
    estimator = "" if fit.method in COMMON else f"τ² by {fit.method}, "
    return f"{kind} model, k = {fit.k} ({estimator}test: {_TESTS[fit.test]})"


def _heterogeneity(fit: Result) -> list[str]:
    lines = []
    if fit.method not in COMMON and not math.isnan(fit.tau2):
        low, high = fit.tau2_interval()
        se = "" if math.isnan(fit.tau2_se) else f"   SE {fit.tau2_se:.4f}"
        lines += [
            f"τ²   {fit.tau2:.4f}{se}   {_percent(fit.level)} CI {low:.4f} to {high:.4f}",
            f"τ    {fit.tau:.4f}",
        ]
    if fit.Q_df > 0:
        lines += [
            f"I²   {fit.I2:.1f} %",
            f"H²   {fit.H2:.2f}",
            f"Q    {fit.Q:.4f}   df {fit.Q_df}   p {p_text(fit.Q_p)}",
        ]
    return lines


def _coefficients(fit: Result) -> list[str]:
    table = fit.to_frame()
    name_width = max([len(name) for name in fit.names] + [4])
    ends = f"{_percent(fit.level)} CI"
    kind = "z" if math.isinf(fit.df) else "t"
    lines = [
        f"{'':{name_width}}  {'estimate':>10}  {'se':>9}  {kind:>8}  {'p':>7}  {ends:>22}",
    ]
    for row in table.iter_rows(named=True):
        lines.append(
            f"{row['name']:{name_width}}  {row['estimate']:>10.4f}  {row['se']:>9.4f}  "
            f"{row['statistic']:>8.3f}  {p_text(row['p']):>7}  "
            f"{row['ci_low']:>9.4f} to {row['ci_high']:>9.4f}"
        )
    return lines


def _notes(fit: Result) -> list[str]:
    lines = [f"excluded: row {row.row} ({row.study}): {row.reason}" for row in fit.excluded]
    lines += [f"note: {warning}" for warning in fit.warnings]
    return ["", *lines] if lines else []


def _percent(level: float) -> str:
    return f"{100 * level:g} %"
