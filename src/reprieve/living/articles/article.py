"""What the text of an article tells its tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reprieve.living.articles.arms import Arms
from reprieve.living.articles.instruments import Instruments


@dataclass(frozen=True, slots=True)
class Article:
    """What the text of an article tells its tables.

    Attributes
    ----------
    arms : Arms
    several : bool
        Whether title or abstract say that people were randomised.
    instruments : Instruments
    visits : dict of int to float
        Months of numbered visits.
    treatment : float or None
        How long treatment went on, in months.
    treatment_certainty : float
    after_end : frozenset of float
        Months that the text counts from the end of treatment.
    follow_up : float or None
        At which month people were followed up, where there was one follow-up.
    follow_up_certainty : float
    spread : str
        ``"sd"`` or ``"se"`` where the methods say how numbers are given; else empty.
    short : mapping of str to str
        What short names stand for.
    """

    arms: Arms
    several: bool
    instruments: Instruments
    visits: dict[int, float]
    treatment: float | None
    treatment_certainty: float
    after_end: frozenset[float]
    follow_up: float | None
    follow_up_certainty: float
    spread: str
    short: Mapping[str, str]
