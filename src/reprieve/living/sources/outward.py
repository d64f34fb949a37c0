"""The last step before the wire, below the cache: the pause, the key, and the proxy.

The key joins the request here, so that neither the cache nor an error ever holds it.
"""

from __future__ import annotations

import urllib.request

import httpx2

from reprieve.living.sources.pace import Pace
from reprieve.living.sources.settings import Settings


class Outward(httpx2.BaseTransport):
    """Sends requests one after another, each when it is due.

    Parameters
    ----------
    settings : Settings
    pace : Pace
    """

    def __init__(self, settings: Settings, pace: Pace) -> None:
        self._settings, self._pace = settings, pace
        self._keyed_host = httpx2.URL(settings.urls["pubmed"]).host
        self._ways: dict[str, httpx2.HTTPTransport] = {}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Wait for the host's turn, and send."""
        host = request.url.host
        self._pace.wait(host, self._settings.interval(host))
        if self._settings.ncbi_key and host == self._keyed_host:
            request = _with_key(request, self._settings.ncbi_key)
        return self._way(request.url).handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        for way in self._ways.values():
            way.close()

    def _way(self, url: httpx2.URL) -> httpx2.HTTPTransport:
        """Straight, or through the proxy that the environment names."""
        bypass = self._settings.interval(url.host) == 0 or urllib.request.proxy_bypass(url.host)
        proxy = "" if bypass else urllib.request.getproxies().get(url.scheme, "")
        if proxy not in self._ways:
            self._ways[proxy] = httpx2.HTTPTransport(proxy=proxy or None)
        return self._ways[proxy]


def _with_key(request: httpx2.Request, key: str) -> httpx2.Request:
    if request.method == "GET":
        return httpx2.Request(
            "GET",
            request.url.copy_merge_params({"api_key": key}),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions,
        )
    form = request.read() + b"&" + str(httpx2.QueryParams({"api_key": key})).encode()
    headers = {n: v for n, v in request.headers.items() if n.lower() != "content-length"}
    return httpx2.Request(
        request.method, request.url, headers=headers, content=form, extensions=request.extensions
    )
