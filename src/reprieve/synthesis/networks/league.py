"""The league table: all estimates of a network in one square."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reprieve.synthesis.findings import Finding

if TYPE_CHECKING:
    import polars as pl

    from reprieve.synthesis.networks.results import NetworkMetaAnalysis


@dataclass(frozen=True, eq=False, repr=False)
class League(Finding):
    """Network estimates below the diagonal, direct ones above it.

    Attributes
    ----------
    reading : str
        Which way a cell is to be read.
    table : data frame
        A row and a column a treatment; "estimate [low, high]", and "." where no trial compares
        the two.
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
    import polars as pl

    names, n = fit.treatments, fit.n
    i, j = fit.pairs
    cells = np.full((n, n), ".", dtype=object)
    np.fill_diagonal(cells, names)
    evidence, z = fit.evidence, fit._deviate
    below, above = (fit.estimates, fit.standard_errors), (evidence.direct, evidence.direct_se)
    for e, (a, b) in enumerate(zip(i.tolist(), j.tolist(), strict=True)):
        cells[b, a] = _cell(below[0][e], z * below[1][e], digits)
        if evidence.trials[e]:
            cells[a, b] = _cell(above[0][e], z * above[1][e], digits)
    reading = (
        "Below the diagonal: network estimates, column minus row. Above it: direct estimates, row "
        f"minus column. {100 * fit.level:g} % intervals."
    )
    columns = {"": list(names)} | {name: cells[:, t].tolist() for t, name in enumerate(names)}
    return League(reading, pl.DataFrame(columns))


def _cell(estimate: float, half: float, digits: int) -> str:
    low, high = estimate - half, estimate + half
    return f"{estimate:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
