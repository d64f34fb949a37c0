"""From the row that a trial reports to people, mean and standard deviation on 0–100 points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from reprieve.effects import quantiles, recover, scales
from reprieve.evidence.schema import UNVERIFIED

NORM_BASED = ("SF-12 ", "SF-36 PCS", "SF-36 MCS", "PROMIS")
"""Scores with a population mean of 50 and SD of 10: their points are not percent of a range."""

UNREAD_BY_PEOPLE = "a program read the values; nobody has read them against their source yet"
"""Why a row flagged `unverified` is not used."""

Row = dict[str, Any]
"""A row of the outcomes table."""


@dataclass(frozen=True)
class Summary:
    """What one arm shows at one visit, in points of 100 where higher is worse.

    Attributes
    ----------
    n : float
    mean : float
    sd : float or None
        None where the trial gives nothing that it could be recovered from.
    notes : tuple of str
        How a value was come by when it was not simply read.
    rows : tuple of int
        The rows of the outcomes table that it stands on.
    """

    n: float
    mean: float
    sd: float | None
    notes: tuple[str, ...]
    rows: tuple[int, ...]

    @property
    def squared_se(self) -> float:
        """The squared standard error of the mean, of a summary whose spread is known."""
        if self.sd is None:  # options fill or drop missing spreads before they are compared
            raise AssertionError("standard deviation missing")
        return self.sd**2 / self.n

    def with_sd(self, sd: float, note: str) -> Summary:
        """The same with a standard deviation from elsewhere, and the note that says whence."""
        return replace(self, sd=sd, notes=(*self.notes, note))


@dataclass(frozen=True)
class Unusable:
    """Why a row can't be used."""

    reason: str


def summarise(row: Row, n_randomised: float | None) -> Summary | Unusable:
    """Read one row of the outcomes table as a mean and standard deviation on 0–100.

    Parameters
    ----------
    row : dict
        A row of the outcomes table.
    n_randomised : float or None
        People randomised to the arm, taken where the row does not say how many were analysed.

    Returns
    -------
    Summary or Unusable

    Notes
    -----
    Standard deviations come, in this order, from the standard deviation, the standard error,
    the confidence interval (Cochrane Handbook 6.5.2.2), the quartiles (Wan 2014) and the range
    (Wan 2014); means from the mean, or the median with quartiles or range (Luo 2018).
    """
    notes: list[str] = []
    if row["flag"] == UNVERIFIED:
        return Unusable(UNREAD_BY_PEOPLE)
    if row["flag"] == "subgroup":
        return Unusable("only part of the arm (a subgroup) is reported")
    if row["scale_min"] is None or row["scale_max"] is None:
        return Unusable(no_range(row))
    if row["instrument"].startswith(NORM_BASED):
        return Unusable(f"{row['instrument']} is scored against a population, not from 0 to 100")
    n = row["n"]
    if n is None:
        if n_randomised is None:
            return Unusable("the number of people is not reported")
        n = n_randomised
        notes.append("number analysed not reported: the number randomised was taken")
    if n < 2:
        return Unusable(f"only {n:g} person in an arm")
    if n < quantiles.LEAST and row["mean"] is None:
        return Unusable(f"a median of {n:g} people is too little to recover a mean from")
    mean = _mean(row, n, notes)
    if mean is None:
        return Unusable("neither a mean nor a median with quartiles is reported")
    sd = _sd(row, n, notes)
    if row["flag"] == "imputed":
        notes.append("the value in the source was itself computed or imputed")
    elif row["flag"] == "read_off":
        notes.append("read off a figure")
    low, high, higher_is = row["scale_min"], row["scale_max"], row["higher_is"]
    place = scales.rescale if row["statistic"] == "final" else scales.rescale_difference
    return Summary(
        n=float(n),
        mean=float(place(mean, low, high, higher_is)),
        sd=None if sd is None else float(scales.rescale_sd(sd, low, high)),
        notes=tuple(notes),
        rows=(row["row"],),
    )


def change_between(baseline: Summary, later: Summary, correlation: float) -> Summary:
    """The change of an arm between two visits, its spread from a stated correlation.

    Source: Cochrane Handbook 6.5.2.8.
    """
    sd = None
    if baseline.sd is not None and later.sd is not None:
        sd = float(recover.sd_of_change(baseline.sd, later.sd, correlation))
    note = f"change computed from baseline and follow-up with a correlation of {correlation:g}"
    return Summary(
        n=later.n,
        mean=later.mean - baseline.mean,
        sd=sd,
        notes=(*later.notes, note),
        rows=(*later.rows, *baseline.rows),
    )


def no_range(row: Row) -> str:
    """The reason to give when a scale has no stated range."""
    return f"the range of {row['instrument']} is not stated, so it has no place on 0–100"


def _mean(row: Row, n: float, notes: list[str]) -> float | None:
    if row["mean"] is not None:
        return float(row["mean"])
    if row["median"] is None:
        return None
    if row["q1"] is not None and row["q3"] is not None:
        notes.append("mean estimated from the median and quartiles (Luo 2018)")
        if quantiles.looks_skewed_from_quartiles(row["q1"], row["median"], row["q3"], n):
            notes.append("the quartiles look skewed, so that mean may mislead (Shi 2023)")
        return float(quantiles.mean_from_quartiles(row["q1"], row["median"], row["q3"], n))
    if row["min"] is not None and row["max"] is not None:
        notes.append("mean estimated from the median and range (Luo 2018)")
        return float(quantiles.mean_from_range(row["min"], row["median"], row["max"], n))
    return None


def _sd(row: Row, n: float, notes: list[str]) -> float | None:
    if row["sd"]:
        return float(row["sd"])
    if row["se"]:
        notes.append("SD recovered from the standard error")
        return float(recover.sd_from_se(row["se"], n))
    if row["ci_low"] is not None and row["ci_high"] is not None and row["ci_high"] > row["ci_low"]:
        notes.append("SD recovered from the 95% confidence interval")
        return float(recover.sd_from_ci(row["ci_low"], row["ci_high"], n))
    if row["q1"] is not None and row["q3"] is not None and row["q3"] > row["q1"]:
        notes.append("SD estimated from the quartiles (Wan 2014)")
        return float(quantiles.sd_from_quartiles(row["q1"], row["q3"], n))
    if row["min"] is not None and row["max"] is not None and row["max"] > row["min"]:
        notes.append("SD estimated from the range (Wan 2014)")
        return float(quantiles.sd_from_range(row["min"], row["max"], n))
    return None
