"""Numbers that are possible but unlikely: means no sample can have, copies, errors named SD."""

from __future__ import annotations

import polars as pl

from reprieve.evidence import vocabulary
from reprieve.evidence.faults import Fault, faults_where
from reprieve.evidence.gates.keys import rows_alike
from reprieve.evidence.records import Evidence

_FEWEST_PEOPLE = 8
"""For fewer people a small standard deviation says little."""
_REPEATS = 3
"""So many equal pairs of mean and SD in two arms do not come about by chance."""


def grim(evidence: Evidence) -> list[Fault]:
    """Means that no sample of whole scores can have.

    On a scale of whole steps, n people's scores add up to a multiple of the step, so the mean is
    a multiple of step / n; a printed mean must lie within rounding of one.

    References
    ----------
    Brown NJL, Heathers JAJ (2017). The GRIM test. Soc Psychol Personal Sci 8, 363-369.
    """
    steps = _instruments("item_step", "score_min", "score_max")
    rows = evidence.outcomes.filter(
        (pl.col("statistic") == "final")
        & pl.col("flag").is_null()
        & pl.all_horizontal(pl.col("mean", "n", "scale_max").is_not_null())
    )
    rows = rows.join(steps, on=["domain", "instrument"], maintain_order="left").filter(
        (pl.col("scale_min") == pl.col("score_min")) & (pl.col("scale_max") == pl.col("score_max"))
    )
    decimals = pl.col("mean").cast(pl.String).str.extract(r"\.(\d+)$").str.len_chars()
    rounding = pl.lit(0.5) * pl.lit(10.0).pow(-decimals.cast(pl.Float64)) + 1e-9
    grain = pl.col("item_step") / pl.col("n")
    above = pl.col("mean") - pl.col("scale_min")
    nearest = (above / grain).round() * grain
    return faults_where(
        "outcomes",
        rows,
        (above - nearest).abs() > rounding,
        "mean",
        pl.format("{} can't be the mean of {} whole scores", "mean", "n"),
        pl.format("about {} (GRIM test)", (nearest + pl.col("scale_min")).round(3)),
        "warning",
    )


def error_as_deviation(evidence: Evidence) -> list[Fault]:
    """Standard deviations that look like standard errors.

    Less than a third of what is usual on the instrument, while ``sd * sqrt(n)`` is about usual.
    """
    usual = _instruments("usual_sd_percent")
    rows = evidence.outcomes.filter(
        (pl.col("statistic") == "final")
        & (pl.col("n") >= _FEWEST_PEOPLE)
        & (pl.col("scale_max") > pl.col("scale_min"))
        & pl.col("sd").is_not_null()
    )
    rows = rows.join(usual, on=["domain", "instrument"], maintain_order="left").with_columns(
        usual=pl.col("usual_sd_percent") / 100 * (pl.col("scale_max") - pl.col("scale_min"))
    )
    spread = pl.col("sd") * pl.col("n").sqrt()
    return faults_where(
        "outcomes",
        rows,
        (pl.col("sd") > 0)
        & (pl.col("sd") < pl.col("usual") / 3)
        & spread.is_between(pl.col("usual") / 2, pl.col("usual") * 2),
        "sd",
        pl.format("{} looks like a standard error", "sd"),
        pl.format("about {} on this scale", pl.col("usual").round(1)),
        "warning",
    )


def copies(evidence: Evidence) -> list[Fault]:
    """The same mean and SD in two arms: once is worth a look, three times is a slip of copying."""
    crossed = evidence.studies.filter(pl.col("design") == "crossover")["study_id"].implode()
    moment = ["study_id", "domain", "instrument", "month", "statistic", "mean", "sd"]
    rows = evidence.outcomes.filter(
        pl.col("mean").is_not_null()
        & (pl.col("sd") > 0)
        & (pl.col("n").is_null() | (pl.col("n") > 1))
        # In a crossover trial all arms share one baseline.
        & ~((pl.col("month") == 0) & pl.col("study_id").is_in(crossed))
    )
    alike = rows_alike(rows, moment).with_columns(first=pl.col("arm_id").first().over(moment))
    alike = alike.filter(pl.col("arm_id") != pl.col("first"))
    if alike.is_empty():
        return []
    often = pl.len().over("study_id", "domain", "instrument", "arm_id") >= _REPEATS
    alike = alike.with_columns(often=often)
    message = pl.format("{} ± {} stands in the arm {} as well", "mean", "sd", "first")
    return faults_where(
        "outcomes",
        alike,
        pl.col("often"),
        "mean",
        message,
        f"numbers of its own (equal at {_REPEATS} times or more: copied?)",
    ) + faults_where(
        "outcomes",
        alike,
        ~pl.col("often"),
        "mean",
        message,
        "numbers of its own",
        "warning",
    )


def _instruments(*fields: str) -> pl.DataFrame:
    """Fields of those instruments that have all of them, as a table."""
    known = vocabulary.instruments().items()
    rows = [(*key, *(getattr(found, name) for name in fields)) for key, found in known]
    schema = {"domain": pl.String, "instrument": pl.String, **dict.fromkeys(fields, pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row").drop_nulls()
