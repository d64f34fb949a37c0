"""Alerts to a web address, signed."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from reprieve.errors import InputError
from reprieve.updates.alerts import Alert
from reprieve.updates.deliveries.channel import DeliveryError

SIGNATURE = "X-Reprieve-Signature"
IDEMPOTENCY = "Idempotency-Key"
_PASSING = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that takes alerts as JSON.

    Attributes
    ----------
    url : str
    secret : str
        Signs the body: the header ``X-Reprieve-Signature`` holds ``sha256=`` and the HMAC. Without
        a secret there is no such header.
    attempts : int
        How often a call that may pass is tried, with growing pauses.
    pause : float
        Seconds before the second attempt.
    timeout : float
        Seconds.
    """

    url: str
    secret: str = field(default="", repr=False)
    attempts: int = 4
    pause: float = 1.0
    timeout: float = 30.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(
                "the address of a webhook must start with https:// or http:// and name a host; "
                f"{parts.scheme or 'no scheme'!r} and {parts.hostname or 'no host'!r} were given"
            )

    @property
    def name(self) -> str:
        """``webhook:``, the host, and a digest of the address, since addresses hold secrets."""
        digest = hashlib.sha256(self.url.encode()).hexdigest()[:8]
        return f"webhook:{urlsplit(self.url).hostname}#{digest}"

    def deliver(self, alert: Alert) -> None:
        """Post one alert; a reply between 200 and 299 means that it arrived.

        Redirects are not followed: they would carry the alert to another place than was named.

        Raises
        ------
        DeliveryError
        """
        import httpx2
        import stamina

        body = json.dumps(alert.to_dict(), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", IDEMPOTENCY: alert.key}
        if self.secret:
            headers[SIGNATURE] = signature(body, self.secret)
        try:
            for attempt in stamina.retry_context(
                on=(httpx2.TransportError, _PassingError),
                attempts=self.attempts,
                timeout=None,
                wait_initial=self.pause,
                wait_jitter=self.pause,
            ):
                with attempt:
                    reply = httpx2.post(
                        self.url, content=body, headers=headers, timeout=self.timeout
                    )
                    if reply.status_code in _PASSING:
                        raise _PassingError(f"it answered {reply.status_code}")
        except (httpx2.TransportError, _PassingError) as error:
            said = str(error) or type(error).__name__
            raise DeliveryError(
                f"{self.name}: {said}; it is tried again at the next run"
            ) from error
        if not reply.is_success:
            raise DeliveryError(
                f"{self.name}: it answered {reply.status_code}; check the address and its rights"
            )


def signature(body: bytes, secret: str) -> str:
    """What the signature header holds; the receiver computes the same from the body it got.

    Examples
    --------
    >>> signature(b"{}", "secret")[:15]
    'sha256=77325902'
    """
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


class _PassingError(Exception):
    """An answer that may be another one in a moment."""
