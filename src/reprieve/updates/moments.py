"""Moments as text, and back."""

from __future__ import annotations

import datetime


def moment(text: str) -> datetime.datetime:
    """A moment of ISO 8601; one without a zone is in UTC.

    Examples
    --------
    >>> moment("2026-03-01").isoformat()
    '2026-03-01T00:00:00+00:00'
    """
    found = datetime.datetime.fromisoformat(text)
    aware = found if found.tzinfo else found.replace(tzinfo=datetime.UTC)
    return aware.astimezone(datetime.UTC)
