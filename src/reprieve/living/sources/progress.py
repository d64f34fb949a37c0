"""How far a search has come, in a form that outlives the process."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

from reprieve.errors import InputError
from reprieve.living.record import Record
from reprieve.living.sources.errors import RefusedError, SourceError

_MOST_RESTARTS = 3


@dataclass(slots=True)
class Progress:
    """How far a search has come.

    Attributes
    ----------
    source, query, since : str
        Which search this is; `since` is empty or ISO 8601.
    place : dict
        Where the next page begins, in the source's terms; holds only what JSON can.
    seen : dict
        Numbers of the records handed on, with the date of their last update.
    total : int or None
    """

    source: str
    query: str
    since: str
    place: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    total: int | None = None
    restarts: int = field(default=0, compare=False)

    @classmethod
    def begin(cls, source: str, query: str, since: date | None, resume: str | None) -> Self:
        """Begin a search, or take one up at a cursor.

        Raises
        ------
        InputError
            The cursor is none, or belongs to another search.

        Examples
        --------
        >>> progress = Progress.begin("pubmed", "stem cells", date(2026, 1, 1), None)
        >>> progress.place["after"] = 22663011
        >>> again = Progress.begin("pubmed", "stem cells", date(2026, 1, 1), progress.cursor())
        >>> again.place
        {'after': 22663011}
        """
        day = since.isoformat() if since else ""
        if not query.strip():
            raise InputError(f"the query for {source} is empty; expected words to search for")
        if resume is None:
            return cls(source, query, day)
        try:
            kept = json.loads(resume)
            held = cls(**kept)
            if not isinstance(held.place, dict) or not isinstance(held.seen, dict):
                raise TypeError("not a cursor")
        except (TypeError, ValueError, RecursionError):
            raise InputError(
                f"{resume[:40]!r} is no cursor of a search; begin the search anew"
            ) from None
        if (held.source, held.query, held.since) != (source, query, day):
            raise InputError(
                f"the cursor belongs to another search (of {held.source}, since "
                f"{held.since or 'ever'}: {held.query[:60]!r}); begin this search anew"
            )
        return held

    def new(self, records: Iterable[Record]) -> tuple[Record, ...]:
        """Those of `records` that were not handed on yet, or have been updated since."""
        fresh = []
        for record in records:
            before = self.seen.get(record.id)
            if before is None or record.dates.last_update > before:
                self.seen[record.id] = record.dates.last_update
                fresh.append(record)
        self.restarts = 0 if fresh else self.restarts
        return tuple(fresh)

    def begin_again(self, mark: str, refusal: RefusedError) -> None:
        """Begin the search again, because the mark of its place is no longer known.

        What was handed on is passed over when it comes again.

        Parameters
        ----------
        mark : str
            The mark within `place`.
        refusal : RefusedError
            Raised where there was no mark, so that something else must be wrong.

        Raises
        ------
        SourceError
            It has begun again several times without finding anything new.
        """
        if self.place.pop(mark, None) is None:
            raise refusal
        self.restarts += 1
        if self.restarts > _MOST_RESTARTS:
            raise SourceError(
                "the marks of its pages expire before they can be used",
                refusal.url,
                refusal.status,
                "what was fetched before is kept; try again later",
            ) from refusal

    def cursor(self) -> str:
        """The progress as text."""
        return json.dumps(
            {
                "source": self.source,
                "query": self.query,
                "since": self.since,
                "place": self.place,
                "seen": self.seen,
                "total": self.total,
            },
            separators=(",", ":"),
        )
