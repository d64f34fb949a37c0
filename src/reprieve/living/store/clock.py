"""What time it is, in UTC."""

from __future__ import annotations

import datetime

from reprieve.errors import InputError


def now() -> datetime.datetime:
    """The present moment, aware, in UTC."""
    return datetime.datetime.now(datetime.UTC)


def end_of(moment: datetime.datetime | datetime.date | str) -> datetime.datetime:
    """The moment meant by "as of": a day means its end, in UTC.

    Raises
    ------
    InputError
        If a text is no date or time of ISO 8601.

    Examples
    --------
    >>> print(end_of("2026-03-01"))
    2026-03-01 23:59:59.999999+00:00
    >>> print(end_of("2026-03-01T12:00+01:00"))
    2026-03-01 11:00:00+00:00
    """
    if isinstance(moment, str):
        try:
            moment = (
                datetime.date.fromisoformat(moment)
                if len(moment) <= 10
                else datetime.datetime.fromisoformat(moment)
            )
        except ValueError:
            raise InputError(
                f"{moment!r} is no date; write it as 2026-03-01 or 2026-03-01T12:00"
            ) from None
    if not isinstance(moment, datetime.datetime):
        moment = datetime.datetime.combine(moment, datetime.time.max, datetime.UTC)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    try:
        return aware.astimezone(datetime.UTC)
    except OverflowError:
        raise InputError(f"{moment} lies beyond the calendar; give another day") from None
