"""Where the sources are, who is asking, and how patient to be; read from the environment.

==========================  ===================================================================
``REPRIEVE_CTGOV_URL``      ClinicalTrials.gov; default ``https://clinicaltrials.gov/api``
``REPRIEVE_PUBMED_URL``     E-utilities; ``https://eutils.ncbi.nlm.nih.gov/entrez/eutils``
``REPRIEVE_EUROPEPMC_URL``  ``https://www.ebi.ac.uk/europepmc/webservices/rest``
``REPRIEVE_ISRCTN_URL``     ``https://www.isrctn.com/api``
``REPRIEVE_CTIS_URL``       ``https://euclinicaltrials.eu/ctis-public-api``
``REPRIEVE_CONTACT``        an e-mail address that the sources may write to
``NCBI_API_KEY``            a personal key for PubMed (ten requests a second instead of three)
``REPRIEVE_CACHE_DIR``      folder of the cache of replies; default: the user's cache folder
``REPRIEVE_RETRY_SECONDS``  the first pause before a request is tried again; default 1
==========================  ===================================================================
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from reprieve.errors import InputError

_URLS = {
    "ctgov": "https://clinicaltrials.gov/api",
    "pubmed": "https://eutils.ncbi.nlm.nih.gov/entrez/eutils",
    "europepmc": "https://www.ebi.ac.uk/europepmc/webservices/rest",
    "isrctn": "https://www.isrctn.com/api",
    "ctis": "https://euclinicaltrials.eu/ctis-public-api",
}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PUBMED_WITHOUT_KEY, _PUBMED_WITH_KEY, _OTHERS = 1 / 3, 1 / 10, 1.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How sources are reached.

    Attributes
    ----------
    urls : mapping
        Base address by source: ``ctgov``, ``pubmed``, ``europepmc``, ``isrctn``, ``ctis``.
    contact : str
        An e-mail address, sent along so that a source can complain to somebody.
    ncbi_key : str
        Sent to PubMed only; never kept in the cache, never shown.
    cache_dir : Path or None
        Folder of the cache; None: the user's cache folder.
    intervals : mapping
        Seconds between two requests to a host, where that is not what `interval` would say.
    retry_seconds : float
        The first pause before trying again; it doubles each time, and chance is added.
    attempts : int
        How often a request is tried in all.
    longest_wait : float
        The longest pause, in seconds, that a source may ask for (``Retry-After``); asked for
        more, the request fails and says so.
    timeout : float
        Seconds without a byte after which a connection is given up.
    patience : float
        Seconds after which a reply that trickles is given up.
    most_bytes : int
        The largest reply that is read, after unpacking.

    Examples
    --------
    >>> settings = Settings.from_environment({"REPRIEVE_CTGOV_URL": "http://127.0.0.1:8080/api/"})
    >>> settings.urls["ctgov"], settings.urls["isrctn"]
    ('http://127.0.0.1:8080/api', 'https://www.isrctn.com/api')
    """

    urls: Mapping[str, str] = field(default_factory=lambda: dict(_URLS))
    contact: str = ""
    ncbi_key: str = field(default="", repr=False)
    cache_dir: Path | None = None
    intervals: Mapping[str, float] = field(default_factory=dict)
    retry_seconds: float = 1.0
    attempts: int = 4
    longest_wait: float = 120.0
    timeout: float = 30.0
    patience: float = 300.0
    most_bytes: int = 200_000_000

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from the environment.

        Parameters
        ----------
        environment : mapping, optional
            Instead of that of the process.

        Returns
        -------
        Settings

        Raises
        ------
        reprieve.errors.InputError
            An address that is none, or a number that is none.
        """
        given = os.environ if environment is None else environment
        cache = given.get("REPRIEVE_CACHE_DIR", "")
        return cls(
            urls={name: _address(given, name, default) for name, default in _URLS.items()},
            contact=_contact(given.get("REPRIEVE_CONTACT", "").strip()),
            ncbi_key=given.get("NCBI_API_KEY", "").strip(),
            cache_dir=Path(cache).expanduser() if cache else None,
            retry_seconds=_seconds(given, "REPRIEVE_RETRY_SECONDS", 1.0),
        )

    def interval(self, host: str) -> float:
        """The least number of seconds between two requests to `host`.

        ClinicalTrials.gov asks robots for one second, NCBI for three requests a second without
        and ten with a key; the others get a second too. One's own machine needs no manners.

        Examples
        --------
        >>> Settings().interval("clinicaltrials.gov"), Settings().interval("127.0.0.1")
        (1.0, 0.0)
        """
        if host in self.intervals:
            return self.intervals[host]
        if host in _LOOPBACK:
            return 0.0
        if host == urlsplit(self.urls["pubmed"]).hostname:
            return _PUBMED_WITH_KEY if self.ncbi_key else _PUBMED_WITHOUT_KEY
        return _OTHERS


def _address(given: Mapping[str, str], name: str, default: str) -> str:
    variable = f"REPRIEVE_{name.upper()}_URL"
    address = given.get(variable, "").strip() or default
    parts = urlsplit(address)
    plain = not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise InputError(
            f"{variable} is no base address; expected something like {default!r}, without "
            "a user name or anything after a question mark; correct or unset it"
        )
    return address.rstrip("/")


def _contact(text: str) -> str:
    if text and ("@" not in text or not text.isprintable() or " " in text):
        raise InputError(
            f"REPRIEVE_CONTACT is {text!r}, which is no e-mail address; correct or unset it"
        )
    return text


def _seconds(given: Mapping[str, str], variable: str, default: float) -> float:
    text = given.get(variable, "").strip()
    try:
        seconds = float(text) if text else default
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise InputError(
            f"{variable} is {text!r}; expected a number of seconds from 0 to 3600; "
            "correct or unset it"
        )
    return seconds
