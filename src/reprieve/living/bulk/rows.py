"""The row of a record in the Parquet files: what it is, and what the register says of it."""

from __future__ import annotations

from typing import Any

import polars as pl

from reprieve.living.recognising import Recognition
from reprieve.living.record import Record

SCHEMA: dict[str, type[pl.DataType]] = {
    "id": pl.String,
    "source": pl.String,
    "title": pl.String,
    "is_cell_therapy": pl.Boolean,
    "condition": pl.String,
    "cell_source": pl.String,
    "donor": pl.String,
    "processing": pl.String,
    "route": pl.String,
    "comparator": pl.String,
    "design": pl.String,
    "phase": pl.String,
    "confidence": pl.Float64,
    "status": pl.String,
    "enrollment": pl.Int64,
    "start": pl.String,
    "primary_completion": pl.String,
    "completion": pl.String,
    "results_first_posted": pl.String,
    "last_update": pl.String,
    "has_results": pl.Boolean,
    "sponsor": pl.String,
    "sponsor_class": pl.String,
    "countries": pl.String,
    "year": pl.Int64,
}
"""Columns and their types; dates as exact as the register gives them, countries joined by ``;``."""


def row_of(record: Record, found: Recognition) -> tuple[Any, ...]:
    """The values of a record and of what it is, in the order of the columns; None if unknown.

    Examples
    --------
    >>> from reprieve.living.recognising import recognise
    >>> record = Record("file", "1", "paper", title="Marrow stem cells for knee arthrosis")
    >>> dict(zip(SCHEMA, row_of(record, recognise(record))))["cell_source"]
    'bone_marrow'
    """
    dates = record.dates
    return (
        record.id,
        record.source,
        record.title or record.official_title or None,
        found.is_cell_therapy,
        found.condition,
        found.cell_source,
        found.donor,
        found.processing,
        found.route,
        found.comparator,
        found.design,
        found.phase,
        found.confidence,
        record.status or None,
        record.enrollment,
        dates.start or None,
        dates.primary_completion or None,
        dates.completion or None,
        dates.results_first_posted or None,
        dates.last_update or None,
        record.has_results,
        record.sponsor or None,
        record.sponsor_class or None,
        ";".join(record.countries) or None,
        record.year,
    )
