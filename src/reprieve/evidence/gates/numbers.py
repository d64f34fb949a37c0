"""Numbers of one row: inside their range, inside the scale, in order, and possible together."""

from __future__ import annotations

import math

import polars as pl

from reprieve.evidence.faults import Fault, faults_where
from reprieve.evidence.records import Evidence
from reprieve.evidence.schema import TABLES, UNVERIFIED

_LONGEST_MONTHS = 600
_RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "studies": {
        "n_randomised": (0, 1e6),
        "follow_up_months": (0, _LONGEST_MONTHS),
        "mean_age": (0, 120),
        "percent_female": (0, 100),
    },
    "arms": {"dose_cells": (1, 1e12), "injections": (1, 1000), "n_randomised": (0, 1e6)},
    "outcomes": {
        "month": (0, _LONGEST_MONTHS),
        "n": (1, 1e6),
        "sd": (0, math.inf),
        "se": (0, math.inf),
    },
    "contrasts": {
        "month": (0, _LONGEST_MONTHS),
        "se": (0, math.inf),
        "p": (0, 1),
        "n_a": (1, 1e6),
        "n_b": (1, 1e6),
    },
    "events": {"month": (0, _LONGEST_MONTHS), "events": (0, 1e6), "n": (0, 1e6)},
}
_RATIOS = ("RR", "OR", "HR")
_LARGEST_SD = 0.6
"""Of the range of the scale; half of it is the most for many people, a little more for few."""
_ROUNDING = 0.005
"""Of the range of the scale, which printed means and SDs may be off by rounding."""

final = pl.col("statistic") == "final"
span = pl.col("scale_max") - pl.col("scale_min")
scale = pl.format("a scale of {} to {}", "scale_min", "scale_max")


def ranges(evidence: Evidence) -> list[Fault]:
    """Counts, months, percentages, ages and p values lie where such numbers can lie."""
    faults = []
    for table, limits in _RANGES.items():
        frame = evidence.table(table)
        for name, (low, high) in limits.items():
            faults += faults_where(
                table,
                frame,
                ~pl.col(name).is_between(low, high),
                name,
                pl.format("{} is out of range", name),
                f"{low:.10g} to {high:.10g}" if high < math.inf else f"{low:.10g} or more",
            )
    for table in TABLES:
        faults += faults_where(
            table,
            evidence.table(table),
            pl.col("readings") < 0,
            "readings",
            pl.format("{} is too few", "readings"),
            "0 or more",
        )
    return faults


def people_have_read(evidence: Evidence) -> list[Fault]:
    """A number that no person has read is flagged so, and no other is."""
    faults = []
    for table in ("outcomes", "contrasts", "events"):
        frame = evidence.table(table)
        unverified = pl.col("flag").eq_missing(UNVERIFIED)
        faults += faults_where(
            table,
            frame,
            (pl.col("readings") == 0) & ~unverified,
            "readings",
            "0: no person has read this row, and its flag does not say so",
            f"the flag {UNVERIFIED}, or 1 once somebody has read it",
        )
        faults += faults_where(
            table,
            frame,
            (pl.col("readings") > 0) & unverified,
            "readings",
            pl.format("{} for a row that is flagged as unverified", "readings"),
            "0, or another flag (or none) once somebody has read it",
        )
    return faults


def events_within_people(evidence: Evidence) -> list[Fault]:
    """No more people with an event than people."""
    return faults_where(
        "events",
        evidence.events,
        pl.col("events") > pl.col("n"),
        "events",
        pl.format("{} is more than the people at risk", "events"),
        pl.format("at most {}", "n"),
    )


def scales(evidence: Evidence) -> list[Fault]:
    """A scale has two ends, the lower one first."""
    faults = []
    for table in ("outcomes", "contrasts"):
        frame = evidence.table(table)
        faults += faults_where(
            table,
            frame,
            span <= 0,
            "scale_max",
            pl.format("{} is not above scale_min", "scale_max"),
            pl.format("more than {}", "scale_min"),
        )
        faults += faults_where(
            table,
            frame,
            pl.col("scale_min").is_null() != pl.col("scale_max").is_null(),
            "scale_max",
            "one end of the scale is given without the other",
            "both or none",
            "warning",
        )
    return faults


def inside_scale(evidence: Evidence) -> list[Fault]:
    """Values lie on their scale; changes and differences are no larger than it."""
    outcomes, contrasts = evidence.outcomes, evidence.contrasts
    faults = []
    for name in ("mean", "median", "q1", "q3", "min", "max"):
        value = pl.col(name)
        faults += faults_where(
            "outcomes",
            outcomes,
            final & (span > 0) & ~value.is_between("scale_min", "scale_max"),
            name,
            pl.format("{} is off the scale", name),
            pl.format("{} to {}", "scale_min", "scale_max"),
        )
        faults += faults_where(
            "outcomes",
            outcomes,
            ~final & (span > 0) & (value.abs() > span),
            name,
            pl.format("a change of {} is more than the scale allows", name),
            pl.format("at most {} on {}", span, scale),
        )
    return faults + faults_where(
        "contrasts",
        contrasts,
        (pl.col("measure") == "MD") & (pl.col("estimate").abs() > span),
        "estimate",
        pl.format("a difference of {} is more than the scale allows", "estimate"),
        pl.format("at most {} on {}", span, scale),
    )


def spread(evidence: Evidence) -> list[Fault]:
    """Standard deviations that the scale allows.

    On a scale from a to b, the standard deviation of n values with mean m is at most
    ``sqrt((m - a)(b - m) n / (n - 1))``; without a mean, 0.6 of the range is the limit.

    References
    ----------
    Bhatia R, Davis C (2000). A better bound on the variance. Am Math Mon 107, 353-357.
    """
    mean, n = pl.col("mean"), pl.col("n").cast(pl.Float64)
    few = pl.when(n > 1).then(n / (n - 1)).otherwise(2.0)
    bound = ((mean - pl.col("scale_min")) * (pl.col("scale_max") - mean) * few).sqrt()
    on_scale = final & mean.is_between("scale_min", "scale_max")
    most = span * _LARGEST_SD
    limit = pl.when(on_scale).then(pl.min_horizontal(bound, most)).otherwise(most)
    with_mean = pl.when(on_scale).then(pl.format(" with a mean of {}", mean)).otherwise(pl.lit(""))
    too_wide = pl.col("sd") > limit * 1.01 + span * _ROUNDING
    return faults_where(
        "outcomes",
        evidence.outcomes.filter(pl.col("sd").is_not_null() & (span > 0)),
        too_wide,
        "sd",
        pl.format("{} is more than the scale allows", "sd"),
        pl.format("at most {} on {}{}", limit.round(2), scale, with_mean),
    ) + faults_where(
        "outcomes",
        evidence.outcomes,
        (pl.col("n") > 1) & (pl.col("sd") < pl.col("se")),
        "sd",
        pl.format("{} is less than the standard error", "sd"),
        pl.format("more than {}", "se"),
    )


def in_order(evidence: Evidence) -> list[Fault]:
    """Quartiles, extremes and intervals lie in their order."""
    pairs = {
        "outcomes": (
            ("min", "q1"),
            ("min", "median"),
            ("q1", "median"),
            ("median", "q3"),
            ("median", "max"),
            ("q3", "max"),
            ("min", "mean"),
            ("mean", "max"),
            ("ci_low", "mean"),
            ("mean", "ci_high"),
        ),
        "contrasts": (("ci_low", "estimate"), ("estimate", "ci_high")),
    }
    faults = []
    for table, ordered in pairs.items():
        frame = evidence.table(table)
        # An interval with its ends exchanged is one fault, not two.
        swapped = pl.col("ci_low") > pl.col("ci_high")
        faults += faults_where(
            table,
            frame,
            swapped,
            "ci_low",
            pl.format("{} is above ci_high", "ci_low"),
            pl.format("at most {}", "ci_high"),
        )
        for low, high in ordered:
            wrong = pl.col(low) > pl.col(high)
            if low == "ci_low" or high == "ci_high":
                wrong &= swapped.not_().fill_null(True)
            faults += faults_where(
                table,
                frame,
                wrong,
                low,
                pl.format("{} is above {}", low, pl.lit(high)),
                pl.format("at most {}", high),
            )
    return faults


def ratios(evidence: Evidence) -> list[Fault]:
    """Ratios and their limits are positive."""
    ratio = pl.col("measure").is_in(_RATIOS)
    faults = []
    for name in ("estimate", "ci_low", "ci_high"):
        faults += faults_where(
            "contrasts",
            evidence.contrasts,
            ratio & (pl.col(name) <= 0),
            name,
            pl.format("{} can't be part of a ratio ({})", name, "measure"),
            "a number above 0",
        )
    return faults


def months(evidence: Evidence) -> list[Fault]:
    """Each value has its month, and a change comes after the start."""
    faults = faults_where(
        "outcomes",
        evidence.outcomes,
        ~final & (pl.col("month") == 0),
        "statistic",
        "a change at month 0 has nothing to change from",
        "a later month, or final",
    )
    for table in ("outcomes", "contrasts", "events"):
        faults += faults_where(
            table,
            evidence.table(table),
            pl.col("month").is_null(),
            "month",
            "is empty",
            "the months after treatment",
            "warning",
        )
    return faults
