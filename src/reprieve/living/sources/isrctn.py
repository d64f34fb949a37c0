"""The ISRCTN registry (https://www.isrctn.com/page/api).

A reply holds the first so many trials and says how many there are, but there are no pages; a
search that finds more is cut into spans of days of the last edit.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from reprieve.errors import InputError
from reprieve.living.account import LeftOut
from reprieve.living.formats.xml_files import xml_pieces
from reprieve.living.record import Record
from reprieve.living.sources.client import PoliteClient
from reprieve.living.sources.days import fitting
from reprieve.living.sources.page import Fetched, Page, batches, checked, read_each
from reprieve.living.sources.progress import Progress
from reprieve.living.sources.replies import Reply, UnreadableReplyError, as_xml

PAGE_SIZE = 100
_FIRST_DAY = date(2000, 1, 1)
_NUMBER = re.compile(r"ISRCTN\d{8}")
_IDS_AT_ONCE = 25


@dataclass(frozen=True, slots=True)
class _Answer:
    total: int
    records: tuple[Record, ...]
    left_out: tuple[LeftOut, ...]


class Isrctn:
    """The ISRCTN registry.

    Parameters
    ----------
    client : PoliteClient
    today : date, optional
        The last day of a search; today where not given.
    """

    name = "isrctn"

    def __init__(self, client: PoliteClient, today: date | None = None) -> None:
        self._client = client
        self._url = f"{client.settings.urls['isrctn']}/query/format/default"
        self._today = today

    def search(
        self, query: str, since: date | None = None, resume: str | None = None
    ) -> Iterator[Page]:
        """Search with words, AND, OR, NOT and ``field:``; see `Source.search`.

        A page is a span of days of the last edit.
        """
        progress = Progress.begin(self.name, query, since, resume)
        place = progress.place
        first = place.setdefault("from", (since or _FIRST_DAY).isoformat())
        today = self._today or datetime.now(UTC).date()
        last = place.setdefault("until", today.isoformat())
        span = date.fromisoformat(first), date.fromisoformat(max(first, last))

        def ask(start: date, end: date) -> _Answer:
            span_query = _within(query, start, end)
            answer = self._all(span_query) if start == end else self._ask(span_query, PAGE_SIZE)
            if progress.total is None:
                progress.total = answer.total
            return answer

        for _, end, answer in fitting([span], ask, lambda held: held.total, PAGE_SIZE):
            place["from"] = (end + timedelta(days=1)).isoformat()
            yield Page(
                records=progress.new(answer.records),
                cursor=progress.cursor() if end < span[1] else None,
                total=progress.total,
                searched=_within(query, since or _FIRST_DAY, span[1]),
                left_out=answer.left_out,
            )

    def fetch(self, ids: Sequence[str]) -> Fetched:
        """Fetch trials by ISRCTN number; see `Source.fetch`."""
        numbers = checked(ids, _NUMBER, "ISRCTN88261002")
        answers = [self._all(" OR ".join(batch)) for batch in batches(numbers, _IDS_AT_ONCE)]
        # The search is one of words: a trial that names the number of another comes too.
        asked = set(numbers)
        records = tuple(r for answer in answers for r in answer.records if r.id in asked)
        left_out = tuple(fault for answer in answers for fault in answer.left_out)
        held = {record.id for record in records}
        vanished = () if left_out else tuple(n for n in numbers if n not in held)
        return Fetched(records, vanished, left_out)

    def _all(self, query: str) -> _Answer:
        answer = self._ask(query, PAGE_SIZE)
        return answer if answer.total <= PAGE_SIZE else self._ask(query, answer.total)

    def _ask(self, query: str, most: int) -> _Answer:
        return self._client.get(self._url, {"q": query, "limit": str(most)}, _trials)


def _within(query: str, start: date, end: date) -> str:
    after = end + timedelta(days=1)
    return (
        f"({query}) AND lastEdited GE {start.isoformat()}T00:00:00 "
        f"AND lastEdited LT {after.isoformat()}T00:00:00"
    )


def _trials(reply: Reply) -> _Answer:
    root = as_xml(reply)
    total = root.get("totalCount", "")
    if root.tag.rpartition("}")[2] != "allTrials" or not total.isdigit():
        raise UnreadableReplyError(f"no list of trials but {root.tag[:60]!r}")
    try:
        pieces = list(xml_pieces(io.BytesIO(reply.body))) if int(total) else []
    except InputError as error:
        raise UnreadableReplyError(f"not readable ({error})") from error
    records, left_out = read_each(
        pieces, lambda piece: piece.read(), lambda piece: piece.place, Isrctn.name
    )
    return _Answer(int(total), records, left_out)
