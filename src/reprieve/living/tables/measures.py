"""Kinds of comparison, and estimates brought to the natural scale."""

from __future__ import annotations

import math

from reprieve.living.tables.cells import CellError, reduced
from reprieve.living.tables.values import RATIOS

_NAMES = {
    "md": "MD",
    "meandifference": "MD",
    "smd": "SMD",
    "standardizedmeandifference": "SMD",
    "standardisedmeandifference": "SMD",
    "stdmeandifference": "SMD",
    "or": "OR",
    "oddsratio": "OR",
    "petoor": "OR",
    "petooddsratio": "OR",
    "rr": "RR",
    "riskratio": "RR",
    "rd": "RD",
    "riskdifference": "RD",
    "hr": "HR",
    "hazardratio": "HR",
}


def measure_named(text: str) -> str:
    """The code of a kind of comparison.

    Raises
    ------
    CellError

    Examples
    --------
    >>> measure_named("Standardized Mean Difference"), measure_named("Peto Odds Ratio")
    ('SMD', 'OR')
    """
    if not text:
        raise CellError("which measure it is, is not said")
    try:
        return _NAMES[reduced(text)]
    except KeyError:
        raise CellError(f"the measure {text[:40]!r} is none of MD, SMD, RD, OR, RR, HR") from None


def natural(measure: str, value: float) -> float:
    """A value of the scale of analysis (logarithmic for ratios) on the natural scale.

    Raises
    ------
    CellError
        It would be too large to be a ratio.

    Examples
    --------
    >>> natural("OR", 0.0), natural("MD", -7.5)
    (1.0, -7.5)
    """
    if measure not in RATIOS:
        return value
    if abs(value) > 50:
        raise CellError(f"{value:g} is not the logarithm of any sensible ratio")
    return math.exp(value)
