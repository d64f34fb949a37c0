"""What every source offers: a search that comes in pages, can be left and taken up again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, TypeVar

from reprieve.errors import InputError
from reprieve.living.account import LeftOut
from reprieve.living.formats.fields import kind_of
from reprieve.living.record import Record

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search.

    Attributes
    ----------
    records : tuple of Record
        Those that no earlier page of this search held.
    cursor : str or None
        Where the next page begins: keep it once the page is stored, and hand it to `search` to go
        on from there, in another process if need be. None after the last page.
    total : int or None
        How many records the source says that it found.
    searched : str
        The string that was sent, exactly (PRISMA-S).
    vanished : tuple of str
        Numbers that the source listed but no longer holds.
    left_out : tuple of LeftOut
        Records that could not be read, with the reason.
    notes : tuple of str
        What the source remarks on the query, such as a phrase that it does not know.
    """

    records: tuple[Record, ...]
    cursor: str | None
    total: int | None = None
    searched: str = ""
    vanished: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fetched:
    """Records asked for by number.

    Attributes
    ----------
    records : tuple of Record
    vanished : tuple of str
        Numbers that the source does not hold, or holds no longer.
    left_out : tuple of LeftOut
        Records that could not be read, with the reason.
    """

    records: tuple[Record, ...]
    vanished: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


class Source(Protocol):
    """A register or a literature service."""

    @property
    def name(self) -> str:
        """As in `Record.source`: ``"clinicaltrials.gov"``, ``"pubmed"`` …"""

    def search(
        self, query: str, since: date | None = None, resume: str | None = None
    ) -> Iterator[Page]:
        """Search, page by page.

        Parameters
        ----------
        query : str
            In the source's own language; `reprieve.living.sources.queries` makes one.
        since : date, optional
            Only what is new or changed since that day (inclusive).
        resume : str, optional
            The cursor of the last page that was stored, of a search with the same query and date.
            Not given: from the beginning.

        Yields
        ------
        Page

        Raises
        ------
        SourceError
            The source can't be reached or does not answer sensibly. The pages before stand.
        reprieve.errors.InputError
            The cursor belongs to another search.
        """

    def fetch(self, ids: Sequence[str]) -> Fetched:
        """Fetch records by their numbers.

        Raises
        ------
        SourceError
        reprieve.errors.InputError
            One of the numbers is none.
        """


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """`items`, so many at a time.

    Examples
    --------
    >>> list(batches("abcde", 2))
    ['ab', 'cd', 'e']
    """
    for start in range(0, len(items), size):
        yield items[start : start + size]


def checked(ids: Sequence[str], pattern: re.Pattern[str], example: str) -> list[str]:
    """The numbers without blanks and repeats; what is no number of the source is refused.

    Raises
    ------
    reprieve.errors.InputError

    Examples
    --------
    >>> checked([" NCT02674399", "NCT02674399"], re.compile("NCT[0-9]{8}"), "NCT02674399")
    ['NCT02674399']
    """
    numbers = list(dict.fromkeys(number.strip() for number in ids))
    for number in numbers:
        if not pattern.fullmatch(number):
            raise InputError(f"{number[:40]!r} is no number of this source; expected {example!r}")
    return numbers


def from_object(read: Callable[[Mapping[str, Any]], Record]) -> Callable[[Any], Record]:
    """`read`, with an `reprieve.errors.InputError` for what is no JSON object at all."""

    def read_object(item: Any) -> Record:
        if not isinstance(item, dict):
            raise InputError(f"expected an object, found {kind_of(item)}")
        return read(item)

    return read_object


def read_each(
    items: Iterable[Item], read: Callable[[Item], Record], name: Callable[[Item], str], where: str
) -> tuple[tuple[Record, ...], tuple[LeftOut, ...]]:
    """Read records one by one; one that is broken does not cost the others.

    Parameters
    ----------
    items : iterable
    read : callable
        Makes a record, or raises `reprieve.errors.InputError`.
    name : callable
        What to call an item that can't be read.
    where : str
        The source.

    Returns
    -------
    tuple of Record, tuple of LeftOut
    """
    records, left_out = [], []
    for item in items:
        try:
            records.append(read(item))
        except InputError as error:
            left_out.append(LeftOut(name(item), str(error), where))
    return tuple(records), tuple(left_out)
