"""Spans of days, halved until what they hold fits into one reply."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import TypeVar

Answer = TypeVar("Answer")
Span = tuple[date, date]


def fitting(
    spans: list[Span],
    ask: Callable[[date, date], Answer],
    count: Callable[[Answer], int],
    most: int,
) -> Iterator[tuple[date, date, Answer]]:
    """Ask for spans of days, and for halves of those that hold more than a reply can.

    Parameters
    ----------
    spans : list of (date, date)
        First and last day, inclusive, in order.
    ask : callable
        Asks the source for what the days from its first to its second argument hold.
    count : callable
        How many records there are according to the answer.
    most : int
        As many fit. A single day comes even if it holds more: it can't be halved.

    Yields
    ------
    date, date, object
        First and last day, and the answer.

    Examples
    --------
    >>> span = (date(2026, 1, 1), date(2026, 1, 4))
    >>> for start, end, held in fitting([span], lambda a, b: 10 * ((b - a).days + 1), int, 20):
    ...     print(start, end, held)
    2026-01-01 2026-01-02 20
    2026-01-03 2026-01-04 20
    """
    waiting = [span for span in reversed(spans) if span[0] <= span[1]]
    while waiting:
        start, end = waiting.pop()
        answer = ask(start, end)
        if count(answer) <= most or start == end:
            yield start, end, answer
        else:
            middle = start + (end - start) // 2
            waiting += [(middle + timedelta(days=1), end), (start, middle)]
