"""Dates as registers and journals write them, to ISO 8601 as exact as they were given."""

from __future__ import annotations

import re
from functools import lru_cache

_MONTHS = {
    name: f"{number:02d}"
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_ISO = re.compile(r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?(?![\d-])")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)$")
_DAY_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\b")
_MONTH_YEAR = re.compile(r"(\d{1,2})/(\d{4})\b")
_MONTH_DAY_YEAR = re.compile(r"([A-Za-z]{3})[a-z]*\.? (?:(\d{1,2})(?:st|nd|rd|th)?,? )?(\d{4})\b")
_DAY_MONTH_YEAR = re.compile(r"(\d{1,2})[ -]([A-Za-z]{3})[a-z]*[ -](\d{4})\b")
_YEAR_MONTH_DAY = re.compile(r"(\d{4}) ([A-Za-z]{3})[a-z]*(?:[ -](\d{1,2})\b)?")
_YEAR = re.compile(r"(?<!\d)(?:1[89]|20)\d\d(?!\d)")


@lru_cache(maxsize=65536)
def iso_date(written: str) -> str:
    """A written date as ``YYYY-MM-DD``, ``YYYY-MM`` or ``YYYY``; empty where no year is found.

    A day of the month before a slash is the day (as CTIS writes it), and a date that does not
    exist is cut to what does.

    Examples
    --------
    >>> iso_date("December 2011"), iso_date("October 22, 2019"), iso_date("2019-04")
    ('2011-12', '2019-10-22', '2019-04')
    >>> iso_date("2016-09-01T00:00:00.000Z"), iso_date("15/09/2025"), iso_date("2012 Mar-Apr")
    ('2016-09-01', '2025-09-15', '2012-03')
    >>> iso_date("Spring 2012"), iso_date("soon"), iso_date("2013/05/06/")
    ('2012', '', '2013-05-06')
    >>> iso_date("20120213")
    '2012-02-13'
    """
    written = written.strip().split("T", 1)[0] if written[:4].isdigit() else written.strip()
    if found := _YEAR_MONTH_DAY.match(written):
        return _joined(found[1], _MONTHS.get(found[2].lower()), found[3])
    if found := _ISO.match(written):
        return _joined(found[1], found[2], found[3])
    if found := _COMPACT.match(written):
        return _joined(found[1], found[2], found[3])
    if found := _DAY_FIRST.match(written):
        return _joined(found[3], found[2], found[1])
    if found := _MONTH_YEAR.match(written):
        return _joined(found[2], found[1], None)
    if found := _MONTH_DAY_YEAR.match(written):
        return _joined(found[3], _MONTHS.get(found[1].lower()), found[2])
    if found := _DAY_MONTH_YEAR.match(written):
        return _joined(found[3], _MONTHS.get(found[2].lower()), found[1])
    year = _YEAR.search(written)
    return year[0] if year else ""


def year_of(iso: str) -> int | None:
    """The year of an ISO date.

    Examples
    --------
    >>> year_of("2011-12"), year_of("")
    (2011, None)
    """
    return int(iso[:4]) if iso[:4].isdigit() else None


def _joined(year: str, month: str | None, day: str | None) -> str:
    if not month or not 1 <= int(month) <= 12:
        return year
    if not day or not 1 <= int(day) <= 31:
        return f"{year}-{int(month):02d}"
    return f"{year}-{int(month):02d}-{int(day):02d}"
