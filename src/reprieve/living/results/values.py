"""One posted measurement as the columns of an outcome: mean, spread, limits, quartiles."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from reprieve.living.results.numerals import decimals, number
from reprieve.living.results.posted import Measurement

_MEANS = {"mean": "", "least squares mean": "least-squares mean"}
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_OFF_CENTRE = 0.01
"""Of the width of an interval, by which its middle may be off the mean, beside rounding."""

_WIDEST = 0.6
"""Of the range; a standard deviation is half of it at most, and a little more in small groups."""
_Z95 = 1.96


@dataclass(slots=True)
class Value:
    """The columns that a measurement fills.

    Attributes
    ----------
    columns : dict
        Names of the schema (``"mean"``, ``"sd"`` …) to numbers; empty where nothing is certain.
    reason : str
        Why nothing is, where that is so.
    notes : list of str
        For the locator.
    dropped : list of (str, str)
        Parts of the measurement that were left out, each with its reason.
    """

    columns: dict[str, float] = field(default_factory=dict)
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)

    def drop(self, what: str, reason: str) -> None:
        """Leave a part of the measurement out."""
        self.dropped.append((what, reason))
        self.notes.append(f"{what} {reason}, left out")


def value_of(cell: Measurement, parameter: str, dispersion: str) -> Value:
    """What a measurement says.

    Parameters
    ----------
    cell : Measurement
    parameter : str
        What the value is: ``"mean"``, ``"median"``, ``"least squares mean"`` …
    dispersion : str
        What the spread is, in the words of the record.

    Examples
    --------
    >>> value_of(Measurement("A", "3.1", "1.2"), "mean", "Standard Deviation").columns
    {'mean': 3.1, 'sd': 1.2}
    >>> off = value_of(
    ...     Measurement("A", "8.20", "", "0.33", "16.73"), "mean", "95% Confidence Interval")
    >>> off.columns, off.notes
    ({'mean': 8.2}, ['posted interval 0.33 to 16.73 is not centred on its mean, left out'])
    >>> value_of(Measurement("A", "57", "15"), "median", "Standard Deviation").reason
    'a median can not have a standard deviation: one of the two words is wrong'
    """
    value, kind = number(cell.value), dispersion.lower()
    if value is None:
        said = f": {cell.comment}" if cell.comment else ""
        return Value(reason=f"{cell.value!r} is no number{said}" if cell.value else "is empty")
    if parameter not in (*_MEANS, "median"):
        return Value(reason=f"a {parameter or 'number of unsaid kind'} is not used")
    if parameter == "median" and "standard" in kind:
        word = "deviation" if "deviation" in kind else "error"
        reason = f"a median can not have a standard {word}: one of the two words is wrong"
        return Value(reason=reason)
    found = Value({"median" if parameter == "median" else "mean": value})
    if _MEANS.get(parameter):
        found.notes.append(_MEANS[parameter])
    if "standard" in kind:
        _add_spread(found, cell, "sd" if "deviation" in kind else "se")
    elif "confidence" in kind:
        _add_interval(found, cell, kind)
    elif "quartile" in kind:
        _add_pair(found, cell, "q1", "q3")
    elif "range" in kind:
        _add_pair(found, cell, "min", "max")
    elif cell.spread or cell.lower or cell.upper:
        found.drop(f"posted spread {cell.spread or cell.lower!r}", f"is of unknown kind {kind!r}")
    return found


def drop_impossible(found: Value, scale: tuple[float, float], people: int) -> None:
    """Drop a standard error, or an interval, that is wider than people on the scale can be.

    A standard deviation under the name of an error is the usual cause.

    Examples
    --------
    >>> found = Value({"mean": 40.0, "se": 22.0})
    >>> drop_impossible(found, (0.0, 100.0), 20)
    >>> found.columns, found.notes
    ({'mean': 40.0}, ['posted SE 22 is too large for the scale, left out'])
    """
    error = found.columns.get("se", 0.0)
    if "ci_low" in found.columns:
        error = (found.columns["ci_high"] - found.columns["ci_low"]) / (2 * _Z95)
    if error * people**0.5 <= _WIDEST * (scale[1] - scale[0]):
        return
    if "se" in found.columns:
        found.drop(f"posted SE {found.columns.pop('se'):g}", "is too large for the scale")
    else:
        low, high = found.columns.pop("ci_low"), found.columns.pop("ci_high")
        found.drop(f"posted interval {low:g} to {high:g}", "is too wide for the scale")


def _add_spread(found: Value, cell: Measurement, name: str) -> None:
    spread = number(cell.spread)
    if spread is not None and spread >= 0:
        found.columns[name] = spread
    elif cell.spread:
        found.drop(f"posted {name.upper()} {cell.spread!r}", "is no proper number")


def _add_pair(found: Value, cell: Measurement, low: str, high: str) -> None:
    lower, upper = number(cell.lower), number(cell.upper)
    if lower is not None and upper is not None and lower <= upper:
        found.columns |= {low: lower, high: upper}
    elif cell.lower or cell.upper or cell.spread:
        shown = cell.spread or f"{cell.lower} to {cell.upper}"
        found.drop(f"posted limits {shown}", "are no proper limits")


def _add_interval(found: Value, cell: Measurement, kind: str) -> None:
    shown = f"posted interval {cell.lower} to {cell.upper}"
    level = _PERCENT.search(kind)
    lower, upper = number(cell.lower), number(cell.upper)
    if "median" in found.columns:
        found.drop(shown, "is that of a median")
    elif level is None or float(level[1]) != 95:
        found.drop(shown, "is not a 95 % interval")
    elif lower is None or upper is None or lower > upper:
        found.drop(shown, "is no proper interval")
    else:
        rounding = 10.0 ** -min(map(decimals, (cell.value, cell.lower, cell.upper)))
        off = abs((lower + upper) / 2 - found.columns["mean"])
        if off > _OFF_CENTRE * (upper - lower) + rounding:
            found.drop(shown, "is not centred on its mean")
        else:
            found.columns |= {"ci_low": lower, "ci_high": upper}
