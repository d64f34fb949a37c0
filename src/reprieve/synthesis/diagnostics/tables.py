"""Data frames as plain text, for the summaries of results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reprieve.synthesis.findings import number, text_table

if TYPE_CHECKING:
    import polars as pl


def frame_table(frame: pl.DataFrame) -> str:
    """The rows of `frame` under its column names.

    Examples
    --------
    >>> import polars as pl
    >>> print(frame_table(pl.DataFrame({"study": ["A", "B"], "estimate": [0.5, float("nan")]})))
    study  estimate
    A        0.5000
    B             –
    """
    return "\n".join(text_table(frame.columns, [list(map(_cell, row)) for row in frame.rows()]))


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "*" if value else ""
    return number(value) if isinstance(value, float) else str(value)
