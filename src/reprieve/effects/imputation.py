"""A missing standard deviation, taken from other trials that used the same instrument."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import polars as pl

from reprieve.effects.summaries import Summary, Unusable, summarise
from reprieve.evidence.records import Evidence

NOT_TYPICAL = ("other_population", "spread")
"""Cautions that keep a trial's spread from standing for others."""


class TypicalSpread:
    """The usual standard deviation of each instrument, pooled over the evidence.

    Pooled as sqrt(Σ(n−1)sd² / Σ(n−1)) over all follow-up values of whole arms, reported or
    recovered from standard errors, intervals and quartiles, in points of 100, separately for
    final values and changes (Furukawa 2006; Cochrane Handbook 6.5.2.7). Trials whose spread the
    curators doubt are left out.

    Parameters
    ----------
    evidence : Evidence
    """

    def __init__(self, evidence: Evidence) -> None:
        doubted = set(evidence.cautions.filter(_kind_in(NOT_TYPICAL))["study_id"])
        sizes: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
        trials: dict[tuple[str, str], set[str]] = defaultdict(set)
        for row in evidence.outcomes.iter_rows(named=True):
            if not row["month"] or row["n"] is None or row["study_id"] in doubted:
                continue
            summary = summarise(row, None)
            if isinstance(summary, Summary) and summary.sd and "imputed" not in (row["flag"] or ""):
                key = row["instrument"], row["statistic"]
                sizes[key].append((summary.n - 1, summary.sd))
                trials[key].add(row["study_id"])
        self._pooled = {key: (_pool(found), len(trials[key])) for key, found in sizes.items()}

    def fill(self, summary: Summary, instrument: str, statistic: str) -> Summary | Unusable:
        """The summary with the instrument's usual standard deviation, or why there is none."""
        if (instrument, statistic) not in self._pooled:
            return Unusable(
                "no standard deviation is reported, and no other trial gives one "
                f"for {instrument} as {'a change' if statistic == 'change' else 'a final value'}"
            )
        sd, trials = self._pooled[instrument, statistic]
        return summary.with_sd(
            sd,
            f"SD not reported: {sd:.1f} points imputed, pooled from "
            f"{trials} other {'trial' if trials == 1 else 'trials'} with {instrument}",
        )


def _kind_in(kinds: tuple[str, ...]) -> pl.Expr:
    return pl.col("kind").is_in(kinds)


def _pool(found: list[tuple[float, float]]) -> float:
    weight, sd = np.array(found).T
    return float(np.sqrt(np.average(sd**2, weights=weight)))
