"""Ways out that the environment names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reprieve.errors import InputError
from reprieve.updates.deliveries.atom import Feed
from reprieve.updates.deliveries.channel import Channel
from reprieve.updates.deliveries.mail import Mail
from reprieve.updates.deliveries.webhook import Webhook


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where alerts go.

    Attributes
    ----------
    channels : tuple of Channel
        Each gets every alert once.
    feed : Feed or None
        Written anew with the last alerts.
    """

    channels: tuple[Channel, ...] = ()
    feed: Feed | None = None


def outlets(environment: Mapping[str, str] | None = None) -> Outlets:
    """The ways out that environment variables name; none where they name none.

    Parameters
    ----------
    environment : mapping of str to str, optional
        By default that of the process. ``REPRIEVE_MAIL_TO`` (addresses, joined by commas),
        ``REPRIEVE_MAIL_FROM``, ``REPRIEVE_SMTP_HOST``, ``REPRIEVE_SMTP_PORT``,
        ``REPRIEVE_SMTP_SECURITY`` (starttls, tls or none), ``REPRIEVE_SMTP_USER`` and
        ``REPRIEVE_SMTP_PASSWORD``; ``REPRIEVE_WEBHOOKS`` (addresses, joined by blanks) and
        ``REPRIEVE_WEBHOOK_SECRET``; ``REPRIEVE_FEED`` (a file), ``REPRIEVE_FEED_ID`` and
        ``REPRIEVE_FEED_URL``.

    Raises
    ------
    InputError
        A variable does not hold what it should, or one that it needs is missing.

    Examples
    --------
    >>> outlets({"REPRIEVE_WEBHOOKS": "https://example.org/hook"}).channels[0].name
    'webhook:example.org#...'
    >>> outlets({})
    Outlets(channels=(), feed=None)
    """
    given = os.environ if environment is None else environment

    def value(name: str) -> str:
        return given.get(f"REPRIEVE_{name}", "").strip()

    channels: list[Channel] = []
    if recipients := [part.strip() for part in value("MAIL_TO").split(",") if part.strip()]:
        channels += [_mail(value, recipient) for recipient in recipients]
    secret = value("WEBHOOK_SECRET")
    channels += [Webhook(url, secret) for url in value("WEBHOOKS").split()]
    feed = None
    if path := value("FEED"):
        identity = value("FEED_ID") or value("FEED_URL") or "urn:reprieve:alerts"
        feed = Feed(Path(path), identity, value("FEED_URL"))
    return Outlets(tuple(channels), feed)


def _mail(value: Any, recipient: str) -> Mail:
    for name in ("SMTP_HOST", "MAIL_FROM"):
        if not value(name):
            raise InputError(f"REPRIEVE_MAIL_TO is set and REPRIEVE_{name} is not; set it too")
    port = value("SMTP_PORT")
    if port and not (port.isdecimal() and 0 < int(port) < 65536):
        raise InputError(f"REPRIEVE_SMTP_PORT is {port!r}; expected a number from 1 to 65535")
    return Mail(
        host=value("SMTP_HOST"),
        sender=value("MAIL_FROM"),
        recipient=recipient,
        security=value("SMTP_SECURITY") or "starttls",
        port=int(port) if port else None,
        user=value("SMTP_USER"),
        password=value("SMTP_PASSWORD"),
    )
