"""Records in files as a source: exports and single records, beside what is searched for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import Path

from reprieve.errors import InputError
from reprieve.living.sources import Fetched, Page

_AT_ONCE = 100


class RecordFiles:
    """Files in any format that Reprieve reads, taken as the results of a search.

    Parameters
    ----------
    paths : sequence of Path

    Examples
    --------
    >>> RecordFiles([Path("export.ris")]).query
    'records in export.ris'
    """

    name = "files"

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)

    @property
    def query(self) -> str:
        """What stands in the log in place of a query."""
        return f"records in {', '.join(path.name for path in self._paths)}"

    def search(
        self, query: str, since: date | None = None, resume: str | None = None
    ) -> Iterator[Page]:
        """All records of the files, page by page; see `Source.search`.

        What is known already is passed over when it is kept, so that neither a day nor a place to
        go on from is needed.
        """
        from reprieve.living.formats.opening import read_records

        found = (record for path in self._paths for record in read_records(path))
        page = tuple(islice(found, _AT_ONCE))
        while True:
            following = tuple(islice(found, _AT_ONCE))
            yield Page(page, "more" if following else None, searched=query)
            if not following:
                return
            page = following

    def fetch(self, ids: Sequence[str]) -> Fetched:
        """Not offered: files hold what they hold.

        Raises
        ------
        InputError
        """
        raise InputError("records in files can't be fetched by number; read the whole file")
