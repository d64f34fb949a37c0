"""Registers and literature services, asked politely: a search gives records, page by page.

`source` opens one by name; `queries.default_query` makes the string to search it with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reprieve.errors import UnknownWordError
from reprieve.living.sources.errors import NotThereError, RefusedError, SourceError
from reprieve.living.sources.page import Fetched, Page, Source
from reprieve.living.sources.settings import Settings

if TYPE_CHECKING:
    from reprieve.living.sources.client import PoliteClient

__all__ = [
    "SOURCES",
    "Fetched",
    "NotThereError",
    "Page",
    "RefusedError",
    "Settings",
    "Source",
    "SourceError",
    "source",
]

SOURCES = ("clinicaltrials.gov", "pubmed", "europepmc", "isrctn", "ctis")
"""Their names, as in `Record.source`."""


def source(name: str, client: PoliteClient) -> Source:
    """The source called `name`.

    Parameters
    ----------
    name : str
        One of `SOURCES`.
    client : PoliteClient
        Shared by the sources, so that it keeps one cache and one pace.

    Returns
    -------
    Source

    Raises
    ------
    reprieve.errors.UnknownWordError

    Examples
    --------
    >>> from reprieve.living.sources.client import PoliteClient
    >>> with PoliteClient(Settings()) as client:
    ...     source("isrctn", client).name
    'isrctn'
    """
    from reprieve.living.sources.ctgov import ClinicalTrialsGov
    from reprieve.living.sources.ctis import Ctis
    from reprieve.living.sources.europepmc import EuropePmc
    from reprieve.living.sources.isrctn import Isrctn
    from reprieve.living.sources.pubmed import PubMed

    makers = (ClinicalTrialsGov, PubMed, EuropePmc, Isrctn, Ctis)
    by_name = {maker.name: maker for maker in makers}
    if name not in by_name:
        raise UnknownWordError("source", name, by_name)
    return by_name[name](client)
