"""RevMan's table "Study results", as it imports and exports it, and as Covidence exports it.

A row without a reference arm is the result of an arm; with one, a contrast. Contrasts of ratios
stand on the logarithmic scale (``Mean``, ``SE``, ``CI start``), except in the columns ``Exp …``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from reprieve.living.tables.account import read_rows
from reprieve.living.tables.arms import sound
from reprieve.living.tables.cells import CellError, Row, Table
from reprieve.living.tables.measures import measure_named, natural
from reprieve.living.tables.values import RATIOS, ArmValue, ContrastValue, ReadTable

_USED = (
    "study",
    "outcome",
    "datatype",
    "effectmeasure",
    "arm",
    "referencearm",
    "samplesize",
    "cases",
    "mean",
    "sd",
    "se",
    "cilevel",
    "cistart",
    "ciend",
    "expmean",
    "expcistart",
    "expciend",
)


def is_study_results(columns: frozenset[str]) -> bool:
    """Whether the table is that of study results.

    Examples
    --------
    >>> is_study_results(frozenset({"study", "outcome", "datatype", "arm", "samplesize"}))
    True
    """
    return columns >= {"study", "outcome", "datatype", "arm", "samplesize"}


def read_study_results(table: Table) -> ReadTable:
    """Read RevMan's study results."""
    return read_rows(table, "RevMan study results", _read, _USED)


def _read(row: Row) -> Iterator[ArmValue | ContrastValue]:
    for column, what in (("study", "study"), ("outcome", "outcome"), ("arm", "arm")):
        if not row.text(column):
            raise CellError(f"which {what} it is, is not said")
    if row.text("referencearm"):
        yield _contrast(row)
    else:
        value = sound(_arm(row))
        if value is not None:
            yield value


def _arm(row: Row) -> ArmValue:
    kind = row.text("datatype").lower()
    if kind not in ("continuous", "dichotomous"):
        raise CellError(f"the data type {kind!r} is neither 'Continuous' nor 'Dichotomous'")
    counted = kind == "dichotomous"
    low, high = (None, None) if counted else _interval(row, "cistart", "ciend")
    return ArmValue(
        row.text("study"),
        row.text("arm"),
        row.where,
        outcome=row.text("outcome"),
        n=row.count("samplesize"),
        events=row.count("cases") if counted else None,
        mean=None if counted else row.number("mean"),
        sd=None if counted else row.positive("sd"),
        se=None if counted else row.positive("se"),
        ci_low=low,
        ci_high=high,
    )


def _contrast(row: Row) -> ContrastValue:
    measure = measure_named(row.text("effectmeasure"))
    low, high = _interval(row, "cistart", "ciend")
    estimate = row.number("mean")
    ratio = row.number("expmean") if measure in RATIOS else None
    if ratio is not None and ratio <= 0:
        raise CellError(f"{ratio:g} is no ratio")
    if ratio is None:
        if estimate is None:
            raise CellError("the contrast has no estimate")
        ratio = natural(measure, estimate)
        bounds = [None if end is None else natural(measure, end) for end in (low, high)]
    else:
        if estimate is not None and abs(math.log(ratio) - estimate) > 0.01:
            raise CellError(f"the ratio {ratio:g} and its logarithm {estimate:g} do not agree")
        bounds = list(_interval(row, "expcistart", "expciend"))
    return ContrastValue(
        row.text("study"),
        row.text("arm"),
        row.text("referencearm"),
        measure,
        ratio,
        row.where,
        outcome=row.text("outcome"),
        se=row.positive("se"),
        ci_low=bounds[0],
        ci_high=bounds[1],
    )


def _interval(row: Row, start: str, end: str) -> tuple[float | None, float | None]:
    """A 95 % interval; one of another level is none of ours."""
    low, high = row.number(start), row.number(end)
    if low is None and high is None:
        return None, None
    level = row.text("cilevel").rstrip("% ")
    if level not in ("95", "0.95", "95.0"):
        raise CellError(f"the interval's level is {level or 'not said'}, not 95 %")
    if low is not None and high is not None and low > high:
        raise CellError(f"the interval from {low:g} to {high:g} is turned round")
    return low, high
