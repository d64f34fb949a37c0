"""Manners: how long to wait between two requests, and how long a source asks to be left alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


class Pace:
    """Keeps requests to one host apart, whichever thread sends them.

    Parameters
    ----------
    clock : callable
        Seconds that only ever grow.
    sleep : callable
        Waits that many seconds.

    Examples
    --------
    >>> waited = []
    >>> pace = Pace(clock=lambda: 0.0, sleep=waited.append)
    >>> for _ in range(3):
    ...     pace.wait("example.org", 1.0)
    >>> waited
    [1.0, 2.0]
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._free_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait(self, host: str, interval: float) -> None:
        """Wait until `host` may be asked again.

        Parameters
        ----------
        host : str
        interval : float
            Seconds that this request keeps the next one away.
        """
        with self._lock:
            now = self._clock()
            turn = max(now, self._free_at.get(host, now))
            self._free_at[host] = turn + interval
        if turn > now:
            self._sleep(turn - now)


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The pause that a source asks for, in seconds; None where it asks for none.

    The header holds a number of seconds or a date (RFC 9110, section 10.2.3); anything else
    counts as nothing.

    Examples
    --------
    >>> retry_after({"retry-after": "7"})
    7.0
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> retry_after({"retry-after": "Thu, 01 Jan 2026 12:00:30 GMT"}, noon)
    30.0
    >>> retry_after({"retry-after": "soon"}) is None
    True
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - (now or datetime.now(UTC))).total_seconds())
