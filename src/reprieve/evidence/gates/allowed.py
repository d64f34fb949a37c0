"""Cells that must be filled, and words that the schema and the vocabulary hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

import polars as pl

from reprieve.errors import nearest_words
from reprieve.evidence import vocabulary
from reprieve.evidence.faults import Fault, faults_where
from reprieve.evidence.records import Evidence
from reprieve.evidence.schema import SIDE_TABLES, TABLES


def required_cells(evidence: Evidence) -> list[Fault]:
    """Cells that the schema requires are filled, and an outcome has a value."""
    faults = []
    for table, columns in {**TABLES, **SIDE_TABLES}.items():
        frame = evidence.table(table)
        for column in columns:
            if column.required and frame[column.name].null_count():
                empty = pl.col(column.name).is_null()
                faults += faults_where(
                    table, frame, empty, column.name, "is empty", column.description
                )
    return faults + faults_where(
        "outcomes",
        evidence.outcomes,
        pl.col("mean").is_null() & pl.col("median").is_null(),
        "mean",
        "is empty, and so is median",
        "a mean or a median",
    )


def schema_words(evidence: Evidence) -> list[Fault]:
    """Columns with a fixed list of words hold one of them."""
    faults = []
    for table, columns in {**TABLES, **SIDE_TABLES}.items():
        for column in columns:
            if column.words:
                frame = evidence.table(table)
                faults += _unknown(table, frame, column.name, column.words, column.words)
    return faults


def vocabulary_words(evidence: Evidence) -> list[Fault]:
    """Conditions, treatments, events and instruments are those of the vocabulary."""
    conditions, treatments = vocabulary.conditions(), vocabulary.treatments()
    return (
        _unknown("studies", evidence.studies, "condition", conditions)
        + _unknown("arms", evidence.arms, "treatment", treatments)
        + _unknown("events", evidence.events, "event", vocabulary.events())
        + _unknown_instruments("outcomes", evidence.outcomes)
        + _unknown_instruments("contrasts", evidence.contrasts)
    )


def countries(evidence: Evidence) -> list[Fault]:
    """Countries are two-letter codes."""
    return faults_where(
        "studies",
        evidence.studies,
        ~pl.col("country").str.contains(r"^[A-Z]{2}(;[A-Z]{2})*$"),
        "country",
        pl.format("'{}' is no list of country codes", "country"),
        "ISO 3166 codes of two letters, joined by ;",
    )


def _unknown(
    table: str,
    frame: pl.DataFrame,
    column: str,
    known: Iterable[str],
    listed: tuple[str, ...] = (),
) -> list[Fault]:
    known = tuple(known)
    if set(frame[column].unique().drop_nulls()) <= set(known):
        return []
    expected = " or ".join(listed) if 0 < len(listed) <= 6 else f"a known {column}"
    return faults_where(
        table,
        frame,
        ~pl.col(column).is_in(known),
        column,
        pl.format(
            "'{}' is no known {}{}",
            pl.col(column).str.head(60),
            pl.lit(column),
            _hint(pl.col(column), known),
        ),
        expected,
    )


def _hint(word: pl.Expr, known: Iterable[str]) -> pl.Expr:
    """The nearest known words, as part of a message."""
    return word.map_elements(_nearest(tuple(known)), return_dtype=pl.String)


def _nearest(known: tuple[str, ...]) -> Callable[[str], str]:
    @cache
    def hint(word: str) -> str:
        near = nearest_words(word[:80], known)
        return f" (did you mean {' or '.join(near)}?)" if near else ""

    return hint


def _unknown_instruments(table: str, frame: pl.DataFrame) -> list[Fault]:
    known = vocabulary.instruments()
    pairs = frame.select("domain", "instrument").unique()
    lost = pairs.filter(
        [pair not in known for pair in pairs.iter_rows()], pl.col("instrument").is_not_null()
    )
    if lost.is_empty():
        return []
    domains: dict[str, list[str]] = {}
    for domain, name in known:
        domains.setdefault(name, []).append(domain)
    hint = _nearest(tuple(domains))

    def described(pair: dict[str, str]) -> str:
        name = pair["instrument"]
        if name in domains:
            return f" (it measures {' or '.join(domains[name])})"
        return hint(name)

    return faults_where(
        table,
        frame.join(lost, on=["domain", "instrument"], how="semi", nulls_equal=True).sort("row"),
        pl.lit(True),
        "instrument",
        pl.format(
            "'{}' is no known instrument of {}{}",
            pl.col("instrument").str.head(60),
            pl.col("domain").fill_null("?"),
            pl.struct("domain", "instrument").map_elements(described, return_dtype=pl.String),
        ),
        "an instrument of the vocabulary",
    )
