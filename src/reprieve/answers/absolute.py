"""From a risk with the comparator and a ratio to a risk with the treatment, as tables show it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from reprieve.errors import InputError


class Absolute(NamedTuple):
    """A risk with the treatment, and its difference from the assumed one.

    Attributes
    ----------
    risk, low, high : float
        The corresponding risk and the ends of its interval, in the unit of the assumed risk.
    difference : tuple of float
        Corresponding minus assumed: the estimate, and the ends of its interval.
    """

    risk: float
    low: float
    high: float
    difference: tuple[float, float, float]


def corresponding_risk(
    assumed: float,
    ratio: tuple[float, float, float],
    measure: Literal["RR", "OR"] = "RR",
    *,
    of: float = 1000.0,
) -> Absolute:
    """The corresponding risk of a Summary-of-Findings table.

    Parameters
    ----------
    assumed : float
        People of `of` with the event under the comparator.
    ratio : tuple of float
        The risk ratio or odds ratio, and the ends of its interval.
    measure : {"RR", "OR"}
    of : float
        The denominator, such as 1,000 people.

    Notes
    -----
    Cochrane Handbook 6.5, 14.1.5 and 15.4.4: assumed risk times the risk ratio; odds are
    multiplied for an odds ratio. No more than everybody can have an event.

    Examples
    --------
    Duloxetine for painful diabetic neuropathy, half the pain gone (Lunn 2014, CD007115):

    >>> found = corresponding_risk(257, (1.73, 1.44, 2.08))
    >>> [round(risk) for risk in found[:3]]
    [445, 370, 535]
    """
    if not 0 <= assumed <= of:
        raise InputError(f"assumed is {assumed:g} of {of:g}; expected 0 to {of:g}")
    if measure == "OR":
        odds = assumed / (of - assumed) if assumed < of else float("inf")
        risks = [
            of if odds == float("inf") else of * odds * each / (1 + odds * each) for each in ratio
        ]
    else:
        risks = [min(of, assumed * each) for each in ratio]
    risk, low, high = risks
    return Absolute(risk, low, high, (risk - assumed, low - assumed, high - assumed))
