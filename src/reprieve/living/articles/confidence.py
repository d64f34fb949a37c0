"""How far to trust a candidate row."""

from __future__ import annotations

from reprieve.living.articles.candidate import Candidate

_OUT_OF_RANGE, _ODD_SPREAD, _ARMS_MISSING = 0.2, 0.5, 0.8


def confidence_of(candidate: Candidate, *, ranged: bool, plausible: bool, complete: bool) -> float:
    """How surely instrument, time, arm and kind of number were told, multiplied.

    It orders the rows for the person who reads them; it is no calibrated probability, since too
    few of the rows that were checked were wrong to fit one.

    Parameters
    ----------
    candidate : Candidate
    ranged : bool
        Whether the value lies within the range of its instrument.
    plausible : bool
        Whether its deviation is one that people on that range may have.
    complete : bool
        Whether every arm has values of the instrument.
    """
    told = (
        candidate.measure_certainty
        * candidate.time_certainty
        * candidate.arm_certainty
        * candidate.spread_certainty
    )
    odd = (ranged or _OUT_OF_RANGE) * (plausible or _ODD_SPREAD) * (complete or _ARMS_MISSING)
    return round(told * odd, 3)
