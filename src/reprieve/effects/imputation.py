"""A missing standard deviation, taken from other trials that used the same instrument."""

from __future__ import annotations

import polars as pl

from reprieve.effects.summaries import Summary, Unusable


class TypicalSpread:
    """The usual standard deviation of each instrument, pooled over the evidence.

    Pooled as sqrt(Σ(n−1)sd² / Σ(n−1)) over all follow-up rows that report a standard deviation,
    in points of 100, separately for final values and changes (Furukawa 2006; Cochrane Handbook
    6.5.2.7).

    Parameters
    ----------
    outcomes : polars.DataFrame
        The outcomes table of the evidence.
    """

    def __init__(self, outcomes: pl.DataFrame) -> None:
        weight = pl.col("n") - 1
        sd = pl.col("sd") * 100 / (pl.col("scale_max") - pl.col("scale_min"))
        pooled = (
            outcomes.filter((pl.col("month") > 0) & (pl.col("sd") > 0) & (pl.col("n") > 1))
            .group_by("instrument", "statistic")
            .agg(
                ((weight * sd**2).sum() / weight.sum()).sqrt().alias("sd"),
                pl.col("study_id").n_unique().alias("trials"),
            )
            .drop_nulls("sd")
        )
        self._pooled = {(i, s): (sd, k) for i, s, sd, k in pooled.iter_rows()}

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
