"""EU CTIS, the clinical trials of the European Union since 2022 (https://euclinicaltrials.eu).

The interface serves the register's own website and is not documented. Pages are numbered from 1;
page 0 answers that nothing was found, whatever was asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from reprieve.errors import InputError
from reprieve.living.account import LeftOut
from reprieve.living.formats.ctis import record_from_ctis
from reprieve.living.record import Record
from reprieve.living.sources.client import PoliteClient
from reprieve.living.sources.errors import NotThereError, SourceError
from reprieve.living.sources.page import Fetched, Page, checked
from reprieve.living.sources.progress import Progress
from reprieve.living.sources.replies import Reply, UnreadableReplyError, as_json

PAGE_SIZE = 20
_MOST_RECORDS = 10_000
_NUMBER = re.compile(r"\d{4}-\d{6}-\d{2}-\d{2}")


class Ctis:
    """The EU's register of clinical trials.

    Parameters
    ----------
    client : PoliteClient
    """

    name = "ctis"

    def __init__(self, client: PoliteClient) -> None:
        self._client = client
        self._base = client.settings.urls["ctis"]

    def search(
        self, query: str, since: date | None = None, resume: str | None = None
    ) -> Iterator[Page]:
        """Search with the criteria of the register's website, as JSON; see `Source.search`.

        ``{"containAny": "mesenchymal, stromal vascular fraction"}``. The register can't search by
        date: with `since`, the list is read in full and only what has changed is retrieved.
        """
        progress = Progress.begin(self.name, query, since, resume)
        criteria = _criteria(query)
        while True:
            number = progress.place.get("page", 1)
            reply = self._ask(criteria, number)
            progress.total = total = reply["pagination"]["totalRecords"]
            if total > _MOST_RECORDS:
                raise SourceError(
                    f"it finds {total} trials and shows {_MOST_RECORDS}",
                    f"{self._base}/search",
                    advice="narrow the query",
                )
            due = [item for item in reply["data"] if _changed_since(item, progress.since)]
            got = self._retrieve({str(item["ctNumber"]): item for item in due})
            last = not reply["data"] or number * PAGE_SIZE >= total
            progress.place["page"] = number + 1
            fresh = progress.new(got.records)
            yield Page(
                records=fresh,
                cursor=None if last else progress.cursor(),
                total=progress.total,
                searched=query,
                vanished=got.vanished,
                left_out=got.left_out,
            )
            if last:
                return

    def fetch(self, ids: Sequence[str]) -> Fetched:
        """Fetch trials by EU CT number; see `Source.fetch`."""
        return self._retrieve({n: {} for n in checked(ids, _NUMBER, "2024-510663-34-00")})

    def _retrieve(self, overviews: Mapping[str, Mapping[str, Any]]) -> Fetched:
        records: list[Record] = []
        vanished, left_out = [], []
        for number, overview in overviews.items():
            try:
                trial = self._client.get(f"{self._base}/retrieve/{number}", None, _trial)
                records.append(record_from_ctis({**overview, **trial}))
            except NotThereError:
                vanished.append(number)
            except InputError as error:
                left_out.append(LeftOut(number, str(error), self.name))
        return Fetched(tuple(records), tuple(vanished), tuple(left_out))

    def _ask(self, criteria: Mapping[str, Any], page: int) -> Mapping[str, Any]:
        asked = {
            "pagination": {"page": page, "size": PAGE_SIZE},
            "sort": {"property": "decisionDate", "direction": "DESC"},
            "searchCriteria": criteria,
        }
        return self._client.post(f"{self._base}/search", _overview, json=asked)


def _criteria(query: str) -> Mapping[str, Any]:
    try:
        criteria = json.loads(query)
    except (ValueError, RecursionError):
        criteria = None
    if not isinstance(criteria, dict) or not criteria:
        raise InputError(
            f"the query for CTIS is {query[:60]!r}; expected its criteria as JSON, such as "
            '{"containAny": "mesenchymal, stromal vascular fraction"}'
        )
    return criteria


def _overview(reply: Reply) -> Mapping[str, Any]:
    value = as_json(reply)
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("pagination"), dict)
        or not isinstance(value["pagination"].get("totalRecords"), int)
        or not isinstance(value.get("data"), list)
        or not all(
            isinstance(item, dict) and _NUMBER.fullmatch(str(item.get("ctNumber")))
            for item in value["data"]
        )
    ):
        raise UnreadableReplyError("JSON without a list of trials")
    return value


def _trial(reply: Reply) -> Mapping[str, Any]:
    value = as_json(reply)
    if not isinstance(value, dict) or "ctNumber" not in value:
        raise UnreadableReplyError("JSON that is no trial")
    return value


def _changed_since(overview: Mapping[str, Any], since: str) -> bool:
    """Whether to retrieve a trial: it has changed, or does not say when it last did.

    Examples
    --------
    >>> _changed_since({"lastUpdated": "15/09/2025"}, "2025-09-16")
    False
    >>> _changed_since({}, "2025-09-16")
    True
    """
    updated = re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", str(overview.get("lastUpdated", "")))
    return not since or updated is None or "-".join(reversed(updated.groups())) >= since
