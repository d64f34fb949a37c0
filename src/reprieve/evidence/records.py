"""The evidence in memory: the five tables of a package and what is known about them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, eq=False)
class Evidence:
    """Trials, their arms, and every number read from them.

    Each table has the columns of :mod:`reprieve.evidence.schema`, then ``readings`` (how often
    the row has been read against its source) and ``row`` (its row number in the CSV file, as a
    spreadsheet shows it: the header is row 1). Empty cells are null.

    Attributes
    ----------
    studies, arms, outcomes, contrasts, events : polars.DataFrame
        The five tables.
    cautions : polars.DataFrame
        What the curators warn of, by trial; `harmonise` acts on it.
    conflicts : polars.DataFrame
        Where two sources disagree about a value.
    date : str
        The day on which this state of the evidence was compiled (ISO 8601).
    origin : str
        Where it was read from.
    """

    studies: pl.DataFrame
    arms: pl.DataFrame
    outcomes: pl.DataFrame
    contrasts: pl.DataFrame
    events: pl.DataFrame
    cautions: pl.DataFrame
    conflicts: pl.DataFrame
    date: str
    origin: str

    def table(self, name: str) -> pl.DataFrame:
        """One of the tables by its name, such as ``"outcomes"``."""
        frame: pl.DataFrame = getattr(self, name)
        return frame
