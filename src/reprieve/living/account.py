"""What a reader made of a source: what it placed, and what it left out and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Placed:
    """One value or group of values that became part of a row.

    Attributes
    ----------
    what : str
        What was placed, in words: ``"WOMAC pain, month 6, JointStem: mean 4.2, sd 1.9"``.
    where : str
        Where it stands in the source: ``"outcome 4, class 2"``, ``"Table 2, row 5, column 3"``.
    table : str
        The table of the evidence that it went to: ``"outcomes"``, ``"events"`` …
    confidence : float
        How sure the reader is that the row is right, 0 to 1.
    """

    what: str
    where: str
    table: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that could not be placed with certainty.

    Attributes
    ----------
    what : str
    reason : str
        Why it was left out, in a sentence.
    where : str
        Where it stands in the source.
    """

    what: str
    reason: str
    where: str
