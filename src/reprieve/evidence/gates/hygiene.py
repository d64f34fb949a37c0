"""Texts: nothing that runs as a formula in a spreadsheet, nothing hidden, no odd addresses."""

from __future__ import annotations

import re

import polars as pl

from reprieve.evidence.faults import Fault, Level, faults_where
from reprieve.evidence.records import Evidence
from reprieve.evidence.schema import SIDE_TABLES, TABLES

# A sign before a bare number is a number; before anything else a spreadsheet reads a formula.
_FORMULA = r"^[=@\t\r]|^[+\-](\D|$)|^[+\-]\d.*[=|!(]"
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
_HIDDEN = r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
_LOOSE = r"^\s|\s$"
_ANY = "|".join((_FORMULA, _CONTROL, _HIDDEN, _LOOSE))
_WEB = r"^https?://[^\s/]+\.\S+$"
_SCHEME = r"^[A-Za-z][A-Za-z0-9+.\-]*:\S"

_TEXT_FAULTS: tuple[tuple[str, str, str, Level], ...] = (
    (_FORMULA, "would run as a formula in a spreadsheet", "no = + - or @ at its start", "error"),
    (_CONTROL, "holds a control character", "plain text", "error"),
    (_HIDDEN, "holds an invisible character", "plain text", "warning"),
    (_LOOSE, "has spaces around the text", "none", "warning"),
)


def runs_as_formula(text: str) -> bool:
    """Whether a spreadsheet that opens a text in a CSV file would run it.

    Examples
    --------
    >>> runs_as_formula('=HYPERLINK("https://example.org")'), runs_as_formula("-12.5")
    (True, False)
    """
    return re.search(_FORMULA, text) is not None


def unsafe_text(evidence: Evidence) -> list[Fault]:
    """Cells that a spreadsheet would run, or that hold characters a reader can't see."""
    faults = []
    for table, columns in {**TABLES, **SIDE_TABLES}.items():
        frame = evidence.table(table)
        for name in (column.name for column in columns if column.kind == "text"):
            # Nearly all columns are clean, so that one look is enough.
            if not frame[name].str.contains(_ANY).any():
                continue
            for pattern, message, expected, level in _TEXT_FAULTS:
                bad = pl.col(name).str.contains(pattern)
                faults += faults_where(table, frame, bad, name, message, expected, level)
    return faults


def addresses(evidence: Evidence) -> list[Fault]:
    """The page that was read is a web page; any other kind of address could do harm."""
    faults = []
    url = pl.col("source_url")
    shown = pl.format("'{}' is no address of a web page", url.str.head(60))
    expected = "an address that starts with https:// or http://"
    for table, columns in TABLES.items():
        if all(column.name != "source_url" for column in columns):
            continue
        odd = evidence.table(table).filter(~url.str.contains(_WEB))
        scheme = url.str.contains(_SCHEME)
        faults += faults_where(table, odd, scheme, "source_url", shown, expected)
        faults += faults_where(table, odd, ~scheme, "source_url", shown, expected, "warning")
    return faults
