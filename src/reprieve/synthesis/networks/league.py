"""The league table: all estimates of a network in one square."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.synthesis.findings import Finding
from reprieve.synthesis.least_squares import Array

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.base import NetworkResult
    from reprieve.synthesis.networks.results import NetworkMetaAnalysis


@dataclass(frozen=True, eq=False, repr=False)
class League(Finding):
    """Estimates of all pairs below the diagonal, and what stands beside them above it.

    Attributes
    ----------
    reading : str
        Which way a cell is to be read.
    table : data frame
        A row and a column a treatment; "estimate [low, high]", and "." where there is none.
    """

    reading: str
    table: pl.DataFrame

    def to_frame(self) -> pl.DataFrame:
        """The table."""
        return self.table

    def to_dict(self) -> dict[str, Any]:
        """The reading direction, and the table as a list of rows."""
        return {"reading": self.reading, "league": self.table.to_dicts()}

    def summary(self) -> str:
        """The table to read, under its reading direction."""
        from reprieve.synthesis.networks.words import frame_text

        return f"{self.reading}\n\n{frame_text(self.table)}"


def league(fit: NetworkMetaAnalysis, digits: int) -> League:
    """The league table of a network; see `NetworkMetaAnalysis.league`."""
    evidence = fit.evidence
    below = intervals(fit.estimates, *_ends(fit, fit.estimates, fit.standard_errors), digits)
    above = intervals(evidence.direct, *_ends(fit, evidence.direct, evidence.direct_se), digits)
    reading = (
        "Below the diagonal: network estimates, column minus row. Above it: direct estimates, row "
        f"minus column. {100 * fit.level:g} % intervals."
    )
    return square(fit, reading, below, above)


def _ends(fit: NetworkMetaAnalysis, estimate: Array, se: Array) -> tuple[Array, Array]:
    half = fit._deviate * se
    return estimate - half, estimate + half


def square(fit: NetworkResult, reading: str, below: Sequence[str], above: Sequence[str]) -> League:
    """A league table from cells for all `pairs` of a network, the diagonal with the names."""
    import polars as pl

    names, n = fit.treatments, fit.n
    i, j = fit.pairs
    cells = np.full((n, n), "", dtype=object)
    np.fill_diagonal(cells, names)
    cells[j, i], cells[i, j] = below, above
    columns = {"": list(names)} | {name: cells[:, t].tolist() for t, name in enumerate(names)}
    return League(reading, pl.DataFrame(columns))


def intervals(estimate: Array, low: Array, high: Array, digits: int) -> list[str]:
    """Estimates with their intervals as text; "." where there is none."""
    return [
        "." if np.isnan(row[0]) else "{:.{d}f} [{:.{d}f}, {:.{d}f}]".format(*row, d=digits)
        for row in zip(estimate, low, high, strict=True)
    ]
