"""PubMed through the E-utilities (https://www.ncbi.nlm.nih.gov/books/NBK25499/).

A search is answered with at most 10,000 numbers, so a larger one is cut into spans of days. The
records of a span are fetched in the order of their numbers: to go on later it is enough to know
the span and the last number, and nothing on the server can expire.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from reprieve.errors import InputError
from reprieve.living.account import LeftOut
from reprieve.living.formats.xml_files import xml_pieces
from reprieve.living.record import Record
from reprieve.living.sources.client import PoliteClient
from reprieve.living.sources.days import fitting
from reprieve.living.sources.page import Fetched, Page, batches, checked, read_each
from reprieve.living.sources.progress import Progress
from reprieve.living.sources.replies import Reply, UnreadableReplyError, as_json, as_xml

MOST_NUMBERS = 9_999
PAGE_SIZE = 200
_FIRST_DAY = date(1800, 1, 1)
_NUMBER = re.compile(r"[1-9]\d{0,8}")


class PubMed:
    """PubMed.

    Parameters
    ----------
    client : PoliteClient
    today : date, optional
        The last day of a search; today where not given.
    """

    name = "pubmed"

    def __init__(self, client: PoliteClient, today: date | None = None) -> None:
        self._client = client
        self._base = client.settings.urls["pubmed"]
        self._today = today

    def search(
        self, query: str, since: date | None = None, resume: str | None = None
    ) -> Iterator[Page]:
        """Search in PubMed's language; see `Source.search`.

        With `since`, what was added or revised since that day (a retraction is a revision);
        without, everything by the day on which it was added. The last page is empty.
        """
        progress = Progress.begin(self.name, query, since, resume)
        begun, after = self._begin(progress, since)
        first_answer: Mapping[str, Any] = {}

        def ask(start: date, end: date) -> Mapping[str, Any]:
            nonlocal first_answer
            answer = self._ask(progress, start, end)
            first_answer = first_answer or answer
            return answer

        until = date.fromisoformat(progress.place["until"])
        spans = [begun, (begun[1] + timedelta(days=1), until)]
        for start, end, answer in fitting(spans, ask, _count, MOST_NUMBERS):
            if progress.total is None:
                progress.total = _count(first_answer)
            known = after if end <= begun[1] else 0
            progress.place.update({"from": start.isoformat(), "to": end.isoformat()})
            due = sorted(number for number in map(int, answer["idlist"]) if number > known)
            for batch in batches(due, PAGE_SIZE):
                got = self._fetch([str(number) for number in batch])
                progress.place["after"] = batch[-1]
                yield Page(
                    records=got.records,
                    cursor=progress.cursor(),
                    total=progress.total,
                    searched=_searched(progress),
                    vanished=got.vanished,
                    left_out=got.left_out,
                )
        yield Page((), None, progress.total, _searched(progress), notes=_notes(first_answer))

    def fetch(self, ids: Sequence[str]) -> Fetched:
        """Fetch articles by PubMed number; see `Source.fetch`."""
        numbers = checked(ids, _NUMBER, "22663011")
        got = [self._fetch(batch) for batch in batches(numbers, PAGE_SIZE)]
        return Fetched(
            tuple(record for part in got for record in part.records),
            tuple(number for part in got for number in part.vanished),
            tuple(fault for part in got for fault in part.left_out),
        )

    def _begin(self, progress: Progress, since: date | None) -> tuple[tuple[date, date], int]:
        """The first span to be asked for, and the last number in it that is known."""
        place = progress.place
        if not place:
            today = self._today or datetime.now(UTC).date()
            place["until"] = today.isoformat()
            return (since or _FIRST_DAY, today), 0
        span = date.fromisoformat(place["from"]), date.fromisoformat(place["to"])
        return span, place["after"]

    def _fetch(self, numbers: Sequence[str]) -> Fetched:
        form = {**self._ourselves(), "db": "pubmed", "id": ",".join(numbers), "retmode": "xml"}
        records, left_out = self._client.post(f"{self._base}/efetch.fcgi", _articles, form=form)
        held = {record.id for record in records}
        # What can't be read does not tell its number, and is not taken for vanished.
        vanished = () if left_out else tuple(n for n in numbers if n not in held)
        return Fetched(records, vanished, left_out)

    def _ask(self, progress: Progress, start: date, end: date) -> Mapping[str, Any]:
        form = {
            **self._ourselves(),
            "db": "pubmed",
            "term": progress.query,
            "retmode": "json",
            "retmax": str(MOST_NUMBERS),
            "datetype": _datetype(progress),
            "mindate": start.strftime("%Y/%m/%d"),
            "maxdate": end.strftime("%Y/%m/%d"),
        }
        return self._client.post(f"{self._base}/esearch.fcgi", _found, form=form)

    def _ourselves(self) -> dict[str, str]:
        contact = self._client.settings.contact
        return {"tool": "reprieve", **({"email": contact} if contact else {})}


def _datetype(progress: Progress) -> str:
    return "mdat" if progress.since else "edat"


def _searched(progress: Progress) -> str:
    if not progress.since:
        return progress.query
    first, last = (d.replace("-", "/") for d in (progress.since, progress.place["until"]))
    return f"({progress.query}) AND {first}:{last}[mdat]"


def _found(reply: Reply) -> Mapping[str, Any]:
    value = as_json(reply)
    try:
        result: Mapping[str, Any] = value["esearchresult"]
        if "ERROR" in result:
            raise UnreadableReplyError(f"an error of the search: {str(result['ERROR'])[:200]}")
        _count(result)
        if all(_NUMBER.fullmatch(number) for number in result["idlist"]):
            return result
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableReplyError(f"JSON without a search result ({error!r})") from error
    raise UnreadableReplyError("a search result with numbers that are none")


def _count(result: Mapping[str, Any]) -> int:
    return int(result["count"])


def _notes(result: Mapping[str, Any]) -> tuple[str, ...]:
    """What PubMed did not understand in the query, and how it read the rest."""
    remarks = [
        f"PubMed knows no {kind}: {word}"
        for holder, key, kind in (
            ("errorlist", "phrasesnotfound", "phrase"),
            ("errorlist", "fieldsnotfound", "field"),
            ("warninglist", "quotedphrasesnotfound", "phrase"),
        )
        for word in (result.get(holder) or {}).get(key) or ()
    ]
    translation = result.get("querytranslation")
    return (*remarks, *([f"PubMed read the query as: {translation}"] if translation else ()))


def _articles(reply: Reply) -> tuple[tuple[Record, ...], tuple[LeftOut, ...]]:
    root = as_xml(reply)
    if root.tag != "PubmedArticleSet":
        said = " ".join(" ".join(root.itertext()).split())[:200]
        raise UnreadableReplyError(f"no set of articles but {root.tag[:40]!r} ({said})")
    if len(root) == 0:
        return (), ()
    try:
        pieces = list(xml_pieces(io.BytesIO(reply.body)))
    except InputError as error:
        raise UnreadableReplyError(f"not readable ({error})") from error
    return read_each(pieces, lambda piece: piece.read(), lambda piece: piece.place, PubMed.name)
