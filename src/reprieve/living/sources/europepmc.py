"""Europe PMC (https://europepmc.org/RestfulWebService), with full texts of open articles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from reprieve.living.account import LeftOut
from reprieve.living.formats.europepmc import record_from_europepmc
from reprieve.living.record import Record
from reprieve.living.sources.client import PoliteClient
from reprieve.living.sources.errors import RefusedError
from reprieve.living.sources.page import Fetched, Page, batches, checked, from_object, read_each
from reprieve.living.sources.progress import Progress
from reprieve.living.sources.replies import Reply, UnreadableReplyError, as_json, as_xml

PAGE_SIZE = 100
_PMID = re.compile(r"[1-9]\d{0,8}")
_PMCID = re.compile(r"PMC[1-9]\d{0,9}")
_IDS_AT_ONCE = 25
_read = from_object(record_from_europepmc)


class EuropePmc:
    """Europe PMC: PubMed, preprints, and open full texts.

    Parameters
    ----------
    client : PoliteClient
    """

    name = "europepmc"

    def __init__(self, client: PoliteClient) -> None:
        self._client = client
        self._base = client.settings.urls["europepmc"]

    def search(
        self, query: str, since: date | None = None, resume: str | None = None
    ) -> Iterator[Page]:
        """Search in Europe PMC's language; see `Source.search`.

        With `since`, what was first indexed or was updated since that day.
        """
        progress = Progress.begin(self.name, query, since, resume)
        searched = _with_date(progress)
        while True:
            mark = progress.place.get("mark", "*")
            try:
                reply = self._ask(searched, mark)
            except RefusedError as refusal:
                progress.begin_again("mark", refusal)
                continue
            progress.total = reply.get("hitCount", progress.total)
            records, left_out = read_each(
                reply["resultList"]["result"],
                from_object(record_from_europepmc),
                _number,
                self.name,
            )
            fresh = progress.new(records)
            following = reply.get("nextCursorMark")
            # The mark repeats itself after the last page.
            last = not following or following == mark or not reply["resultList"]["result"]
            progress.place["mark"] = following
            yield Page(
                records=fresh,
                cursor=None if last else progress.cursor(),
                total=progress.total,
                searched=searched,
                left_out=left_out,
            )
            if last:
                return

    def fetch(self, ids: Sequence[str]) -> Fetched:
        """Fetch articles by PubMed number; see `Source.fetch`."""
        numbers = checked(ids, _PMID, "22663011")
        found: list[Record] = []
        left_out: list[LeftOut] = []
        for batch in batches(numbers, _IDS_AT_ONCE):
            wanted = " OR ".join(f"EXT_ID:{number}" for number in batch)
            for page in self.search(f"({wanted}) AND SRC:MED"):
                found += page.records
                left_out += page.left_out
        held = {record.id for record in found} | {fault.what for fault in left_out}
        vanished = tuple(number for number in numbers if number not in held)
        return Fetched(tuple(found), vanished, tuple(left_out))

    def full_text(self, pmcid: str) -> bytes:
        """The full text of an open article, as JATS XML.

        Parameters
        ----------
        pmcid : str
            Such as ``"PMC5446739"``.

        Returns
        -------
        bytes
            Checked to be XML without entities of its own.

        Raises
        ------
        NotThereError
            There is none, or it is not open.
        SourceError
        reprieve.errors.InputError
        """
        (number,) = checked([pmcid], _PMCID, "PMC5446739")
        return self._client.get(f"{self._base}/{number}/fullTextXML", None, _article)

    def _ask(self, query: str, mark: str) -> Mapping[str, Any]:
        params = {
            "query": query,
            "format": "json",
            "resultType": "core",
            "pageSize": str(PAGE_SIZE),
            "cursorMark": mark,
            "synonym": "TRUE",  # as the website does; without it the counts differ
        }
        return self._client.get(f"{self._base}/search", params, _results)


def _with_date(progress: Progress) -> str:
    if not progress.since:
        return progress.query
    span = f"[{progress.since} TO *]"
    return f"({progress.query}) AND (FIRST_IDATE:{span} OR UPDATE_DATE:{span})"


def _results(reply: Reply) -> Mapping[str, Any]:
    value = as_json(reply)
    try:
        if isinstance(value["resultList"]["result"], list):
            return dict(value)
    except (KeyError, TypeError):
        pass
    raise UnreadableReplyError("JSON without a list of results")


def _number(result: Any) -> str:
    return str(result.get("id", "")) if isinstance(result, dict) else "an article without a number"


def _article(reply: Reply) -> bytes:
    root = as_xml(reply)
    if root.tag != "article":
        raise UnreadableReplyError(f"XML that is no article but {root.tag[:40]!r}")
    return reply.body
