"""One way to ask a source: polite, patient and safe.

Polite: requests to one host are kept apart, the agent says who asks, and what is known already is
asked for conditionally (ETag, Last-Modified) from a cache on disk. Patient: what may pass is tried
again with growing pauses, or after the pause that the source asks for. Safe: replies are bounded
in size and time, checked for what they are, and never followed to another host.
"""

from __future__ import annotations

import hashlib
import random
import sqlite3
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from reprieve.errors import InputError
from reprieve.living.sources.errors import NotThereError, RefusedError, SourceError, shown
from reprieve.living.sources.pace import Pace, retry_after
from reprieve.living.sources.replies import (
    Reply,
    UnreadableReplyError,
    UnsafeReplyError,
    as_bytes,
)
from reprieve.living.sources.settings import Settings

if TYPE_CHECKING:
    import httpx2
    from hishel import SqliteStorage

T = TypeVar("T")

_PASSING = (408, 425, 429, 500, 502, 503, 504)
_MOST_REDIRECTS = 3
_LONGEST_BACK_OFF = 60.0
_CACHE_SECONDS = 60 * 24 * 3600.0
_CACHE_BYTES = 1_000_000_000
_MESSAGE_BYTES = 4096
_HTML_STARTS = (b"<!doctype html", b"<html")
_KEPT = "what was fetched before is kept; try again later"


class _PassingError(SourceError):
    """Something that may be over in a moment; `pause` is what the source asks for."""

    pause: float | None = None


class PoliteClient:
    """Asks sources over HTTP; use it as a context manager.

    Parameters
    ----------
    settings : Settings, optional
        Read from the environment where not given.
    pace : Pace, optional
        Shared between clients that run side by side.

    Examples
    --------
    >>> with PoliteClient(Settings(contact="team@example.org")) as client:
    ...     client.agent
    'reprieve/... (+mailto:team@example.org)'
    """

    def __init__(self, settings: Settings | None = None, pace: Pace | None = None) -> None:
        self.settings = Settings.from_environment() if settings is None else settings
        contact = self.settings.contact
        self.agent = f"reprieve/{version('reprieve')}" + (
            f" (+mailto:{contact})" if contact else ""
        )
        self._pace = pace or Pace()
        self._http: httpx2.Client | None = None
        self._cache: SqliteStorage | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of connections and of the cache."""
        if self._http is not None:
            self._http.close()
        self._http = self._cache = None

    def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        read: Callable[[Reply], T] = as_bytes,  # type: ignore[assignment]
    ) -> T:
        """Ask with GET, and read the reply.

        Parameters
        ----------
        url : str
        params : mapping, optional
            What follows the question mark.
        read : callable
            Makes of the reply what is wanted; raises `UnreadableReplyError` where it is broken,
            and then the request is tried again.

        Returns
        -------
        object
            What `read` returns.

        Raises
        ------
        NotThereError, RefusedError, SourceError
        """
        return self._patiently(read, "GET", url, params=dict(params or {}))

    def post(
        self,
        url: str,
        read: Callable[[Reply], T],
        *,
        form: Mapping[str, str] | None = None,
        json: Any = None,
    ) -> T:
        """Ask with POST (a search that is too long for GET), with a form or with JSON.

        Raises
        ------
        NotThereError, RefusedError, SourceError
        """
        if form is not None:
            return self._patiently(read, "POST", url, data=dict(form))
        return self._patiently(read, "POST", url, json=json)

    def _patiently(self, read: Callable[[Reply], T], method: str, url: str, **content: Any) -> T:
        import stamina

        settings = self.settings
        attempts = stamina.retry_context(
            on=self._whether_again,
            attempts=settings.attempts,
            timeout=None,
            wait_initial=settings.retry_seconds,
            wait_max=max(settings.retry_seconds, _LONGEST_BACK_OFF),
            wait_jitter=settings.retry_seconds,
        )
        tried = 0
        try:
            for attempt in attempts:
                with attempt:
                    tried += 1
                    return self._once(read, method, url, content)
        except _PassingError as error:
            times = "" if tried == 1 else f" (tried {tried} times)"
            raise SourceError(
                error.problem + times, url, error.status, error.advice or _KEPT
            ) from error.__cause__
        raise AssertionError("stamina ends with a result or an error")

    def _whether_again(self, error: Exception) -> bool | float:
        if not isinstance(error, _PassingError):
            return False
        if error.pause is None:
            return True
        if error.pause > self.settings.longest_wait:
            return False
        return error.pause + random.uniform(0, self.settings.retry_seconds)

    def _once(
        self, read: Callable[[Reply], T], method: str, url: str, content: dict[str, Any]
    ) -> T:
        import httpx2

        try:
            request = self._client().build_request(method, url, **content)
            key = hashlib.sha256(str(request.url).encode()).hexdigest()
            request.extensions["caching"] = {"key": key}
            response = self._follow(request, url)
            try:
                self._judge(response, url)
                reply = Reply(self._body(response, url), response.charset_encoding or "")
            finally:
                response.close()
        except httpx2.TimeoutException as error:
            seconds = self.settings.timeout
            raise _PassingError(f"no answer within {seconds:g} seconds", url) from error
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise _PassingError(f"the connection failed ({shown(str(error))})", url) from error
        except (sqlite3.Error, RuntimeError, OSError) as error:
            raise SourceError(
                f"the cache of replies can't be used ({shown(str(error))})",
                url,
                advice="set REPRIEVE_CACHE_DIR to a folder that can be written, or empty it",
            ) from error
        return self._understand(read, reply, url, key)

    def _understand(self, read: Callable[[Reply], T], reply: Reply, url: str, key: str) -> T:
        try:
            if reply.body[:200].lstrip().lower().startswith(_HTML_STARTS):
                raise UnreadableReplyError("a web page instead of data")
            return read(reply)
        except UnreadableReplyError as error:
            self._forget(key)
            raise _PassingError(f"the reply is {error}", url, 200) from error
        except UnsafeReplyError as error:
            self._forget(key)
            raise SourceError(
                f"the reply is {error}, and is not read",
                url,
                200,
                "check the address; nothing was taken from it",
            ) from error

    def _follow(self, request: httpx2.Request, url: str) -> httpx2.Response:
        """Send, and follow redirections that stay with the host."""
        first = request.url
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._client().send(request, stream=True)
            if response.next_request is None:
                return response
            response.close()
            key = request.extensions["caching"]
            request = response.next_request
            request.extensions["caching"] = key
            if not _same_place(first, request.url):
                raise SourceError(
                    f"it sends on to another place ({shown(request.url.host)}), "
                    "which is not followed",
                    url,
                    response.status_code,
                    "if the source has moved, set its address (REPRIEVE_…_URL)",
                )
        raise SourceError("it redirects in circles", url, advice="check the address")

    def _judge(self, response: httpx2.Response, url: str) -> None:
        """Raise unless the reply is data."""
        status = response.status_code
        if status == 200:
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind in ("text/html", "application/xhtml+xml"):
                raise _PassingError("the reply is a web page instead of data", url, status)
            return
        said = self._message(response)
        if status in _PASSING:
            error = _PassingError(f"answered {status}{said}", url, status)
            error.pause = retry_after(response.headers)
            if error.pause is not None and error.pause > self.settings.longest_wait:
                error.advice = f"it asks to be left alone for {error.pause:.0f} seconds"
            raise error
        if status in (404, 410):
            raise NotThereError("there is no such record", url, status)
        if status == 400:
            raise RefusedError(f"the request was refused{said}", url, status, "correct the query")
        raise SourceError(f"answered {status}{said}", url, status, "check the address and the key")

    def _message(self, response: httpx2.Response) -> str:
        if "html" in response.headers.get("content-type", ""):
            return ""
        said = b""
        for chunk in response.iter_bytes():
            said += chunk[: _MESSAGE_BYTES - len(said)]
            if len(said) >= _MESSAGE_BYTES:
                break
        text = shown(said.decode("utf-8", "replace"))
        return f": {text}" if text else ""

    def _body(self, response: httpx2.Response, url: str) -> bytes:
        most, patience = self.settings.most_bytes, self.settings.patience
        end = time.monotonic() + patience
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > most:
                raise SourceError(
                    f"the reply is larger than {most:,} bytes, and is not read",
                    url,
                    response.status_code,
                    "ask for less at once",
                )
            if time.monotonic() > end:
                raise _PassingError(f"the reply was not complete after {patience:g} seconds", url)
        return bytes(body)

    def _forget(self, key: str) -> None:
        """Take a broken reply out of the cache, lest it come back as "not modified"."""
        if self._cache is not None:
            for entry in self._cache.get_entries(key):
                self._cache.remove_entry(entry.id)

    def _client(self) -> httpx2.Client:
        if self._http is None:
            import httpx2
            from hishel import CacheOptions, SqliteStorage
            from hishel.httpx2 import CacheTransport

            from reprieve.living.sources.outward import Outward

            self._cache = SqliteStorage(
                database_path=self._cache_folder() / "replies.db",
                default_ttl=_CACHE_SECONDS,
                max_size=_CACHE_BYTES,
                max_stream_size=self.settings.most_bytes,
            )
            self._http = httpx2.Client(
                transport=CacheTransport(
                    Outward(self.settings, self._pace),
                    storage=self._cache,
                    rfc=CacheOptions(shared=False),
                ),
                # Always ask the source whether a kept reply still holds.
                headers={"User-Agent": self.agent, "Cache-Control": "no-cache"},
                timeout=self.settings.timeout,
            )
        return self._http

    def _cache_folder(self) -> Any:
        from platformdirs import user_cache_path

        folder = self.settings.cache_dir or user_cache_path("reprieve", appauthor=False)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"the folder {str(folder)!r} for the cache of replies can't be made "
                f"({error.strerror}); set REPRIEVE_CACHE_DIR to a folder that can be written"
            ) from error
        return folder


def _same_place(first: httpx2.URL, then: httpx2.URL) -> bool:
    """The same host (with or without ``www.``) and port, and no step down from https."""
    hosts = [url.host.removeprefix("www.") for url in (first, then)]
    upgraded = first.scheme == "http" and then.scheme == "https"
    return hosts[0] == hosts[1] and (
        (first.scheme, first.port) == (then.scheme, then.port) or upgraded
    )
