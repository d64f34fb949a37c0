"""ClinicalTrials.gov, API v2 (https://clinicaltrials.gov/data-api/api)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from reprieve.errors import InputError
from reprieve.living.account import LeftOut
from reprieve.living.formats import words
from reprieve.living.formats.ctgov_v2 import record_from_v2
from reprieve.living.record import Record
from reprieve.living.sources.client import PoliteClient
from reprieve.living.sources.errors import NotThereError, RefusedError
from reprieve.living.sources.page import Fetched, Page, batches, checked, from_object, read_each
from reprieve.living.sources.progress import Progress
from reprieve.living.sources.replies import Reply, UnreadableReplyError, as_json

PAGE_SIZE = 100
_NUMBER = re.compile(r"NCT\d{8}")
_read = from_object(record_from_v2)


@dataclass(frozen=True, slots=True)
class Version:
    """One version in the history of a registration.

    Attributes
    ----------
    number : int
        0 is the first.
    date : str
        When it was submitted, ISO 8601.
    status : str
        As in `Record.status`.
    changed : tuple of str
        The parts that changed, as the register calls them.
    """

    number: int
    date: str
    status: str
    changed: tuple[str, ...]


class ClinicalTrialsGov:
    """The register of the US National Library of Medicine, results included.

    When a page token has expired the search begins again and passes over what it has handed on.

    Parameters
    ----------
    client : PoliteClient
    """

    name = "clinicaltrials.gov"

    def __init__(self, client: PoliteClient) -> None:
        self._client = client
        self._base = client.settings.urls["ctgov"]

    def search(
        self, query: str, since: date | None = None, resume: str | None = None
    ) -> Iterator[Page]:
        """Search with an Essie expression (``query.term``); see `Source.search`."""
        progress = Progress.begin(self.name, query, since, resume)
        while True:
            try:
                reply = self._ask(progress)
            except RefusedError as refusal:
                progress.begin_again("token", refusal)
                continue
            page = self._page(progress, reply)
            yield page
            if page.cursor is None:
                return

    def fetch(self, ids: Sequence[str]) -> Fetched:
        """Fetch registrations by NCT number; see `Source.fetch`."""
        numbers = checked(ids, _NUMBER, "NCT02674399")
        found: list[Record] = []
        vanished: list[str] = []
        left_out: list[LeftOut] = []
        for batch in batches(numbers, PAGE_SIZE):
            params = {"filter.ids": "|".join(batch), "pageSize": str(PAGE_SIZE), "format": "json"}
            studies = self._client.get(self._studies, params, _studies)["studies"]
            records, faults = read_each(studies, _read, _nct, self.name)
            found += records
            left_out += faults
            missing = set(batch) - {_nct(study) for study in studies}
            for number in sorted(missing):
                # The number of a withdrawn duplicate leads to the registration that is kept.
                try:
                    found.append(self._client.get(f"{self._studies}/{number}", None, _one_record))
                except NotThereError:
                    vanished.append(number)
        return Fetched(tuple(found), tuple(vanished), tuple(left_out))

    def history(self, nct: str) -> tuple[Version, ...]:
        """The versions of a registration, oldest first.

        This asks an address that serves the register's own pages and is not documented; it may
        change without notice, and nothing else here depends on it.

        Parameters
        ----------
        nct : str

        Returns
        -------
        tuple of Version

        Raises
        ------
        SourceError
        reprieve.errors.InputError
        """
        (number,) = checked([nct], _NUMBER, "NCT02674399")
        return self._client.get(
            f"{self._base}/int/studies/{number}", {"history": "true"}, _versions
        )

    @property
    def _studies(self) -> str:
        return f"{self._base}/v2/studies"

    def _ask(self, progress: Progress) -> Mapping[str, Any]:
        params = {
            "query.term": progress.query,
            "sort": "LastUpdatePostDate:asc",
            "countTotal": "true",
            "pageSize": str(PAGE_SIZE),
            "format": "json",
        }
        if progress.since:
            params["filter.advanced"] = f"AREA[LastUpdatePostDate]RANGE[{progress.since},MAX]"
        if "token" in progress.place:
            params["pageToken"] = progress.place["token"]
        return self._client.get(self._studies, params, _studies)

    def _page(self, progress: Progress, reply: Mapping[str, Any]) -> Page:
        if progress.total is None:
            progress.total = reply.get("totalCount")
        records, left_out = read_each(reply["studies"], _read, _nct, self.name)
        fresh = progress.new(records)
        token = reply.get("nextPageToken")
        if token:
            progress.place["token"] = token
        return Page(
            records=fresh,
            cursor=progress.cursor() if token else None,
            total=progress.total,
            searched=progress.query,
            left_out=left_out,
        )


def _studies(reply: Reply) -> Mapping[str, Any]:
    value = as_json(reply)
    if not isinstance(value, dict) or not isinstance(value.get("studies"), list):
        raise UnreadableReplyError("JSON without a list of studies")
    return value


def _one_record(reply: Reply) -> Record:
    try:
        return record_from_v2(as_json(reply))
    except (InputError, AttributeError) as error:
        raise UnreadableReplyError(f"JSON that is no study ({error})") from error


def _nct(study: Any) -> str:
    try:
        return str(study["protocolSection"]["identificationModule"]["nctId"])
    except (KeyError, TypeError):
        return "a study without a number"


def _versions(reply: Reply) -> tuple[Version, ...]:
    try:
        return tuple(
            Version(
                number=int(change["version"]),
                date=str(change["date"]),
                status=words.status(str(change["status"])),
                changed=tuple(map(str, change.get("moduleLabels", ()))),
            )
            for change in as_json(reply)["history"]["changes"]
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableReplyError(f"JSON without a history ({error!r})") from error
