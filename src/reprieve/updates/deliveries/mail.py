"""Alerts by e-mail, over SMTP."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

from reprieve.errors import InputError
from reprieve.updates.alerts import Alert
from reprieve.updates.deliveries.channel import DeliveryError
from reprieve.updates.moments import moment

TIMEOUT = 30.0
_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_LONGEST_SUBJECT = 200


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server and one person who is written to.

    Attributes
    ----------
    host : str
    sender : str
        An address.
    recipient : str
        An address. One a channel, so that whom it reached is not written to again where another
        was not reached.
    security : {"starttls", "tls", "none"}
        The server must offer what is asked for, with a certificate that is valid for `host`.
        Without either a password is not sent.
    port : int or None
        By default 587, 465 or 25.
    user, password : str
    context : ssl.SSLContext or None
        Which certificates to trust; by default those of the system.
    """

    host: str
    sender: str
    recipient: str
    security: Literal["starttls", "tls", "none"] = "starttls"
    port: int | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    context: ssl.SSLContext | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for address in (self.sender, self.recipient):
            _address(address)
        if self.security not in _PORTS:
            raise InputError(
                f"security of mail is {self.security!r}; expected starttls, tls or none"
            )
        if self.password and self.security == "none":
            raise InputError(
                "a password of the mail server would travel unprotected; use starttls or tls"
            )

    @property
    def name(self) -> str:
        """``mail:`` and the recipient."""
        return f"mail:{self.recipient}"

    def deliver(self, alert: Alert) -> None:
        """Send one alert.

        Raises
        ------
        DeliveryError
            The server can't be reached, or refuses.
        """
        try:
            with self._connected() as server:
                server.send_message(message(alert, self.sender, self.recipient))
        except (smtplib.SMTPException, ssl.SSLError, OSError, UnicodeError) as error:
            raise DeliveryError(
                f"mail to {self.recipient} by {self.host}: "
                f"{type(error).__name__} ({_said(error)}); it is tried again at the next run"
            ) from error

    def _connected(self) -> smtplib.SMTP:
        port = self.port or _PORTS[self.security]
        context = self.context or ssl.create_default_context()
        server: smtplib.SMTP
        if self.security == "tls":
            server = smtplib.SMTP_SSL(self.host, port, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(self.host, port, timeout=TIMEOUT)
        try:
            if self.security == "starttls":
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server


def message(alert: Alert, sender: str, recipient: str) -> EmailMessage:
    r"""The message of an alert.

    Its id follows from the alert and the recipient, so that a message that was sent twice is
    shown once by programs that know it.

    Examples
    --------
    >>> from reprieve.updates.changes import Difference
    >>> odd = Difference(key="k", title="Pain\r\nBcc: all@example.org", condition="",
    ...                  before="", after="", changes=())
    >>> found = message(Alert(1, "2026-03-01T06:00:00+00:00", odd), "a@example.org",
    ...                 "b@example.org")
    >>> found["Subject"], found["Bcc"]
    ('[Reprieve] Pain Bcc: all@example.org', None)
    """
    made = EmailMessage()
    made["Subject"] = f"[Reprieve] {one_line(alert.subject)}"
    made["From"] = _address(sender)
    made["To"] = _address(recipient)
    made["Date"] = format_datetime(moment(alert.date))
    made["Message-ID"] = f"<{alert.key}.{_digest(recipient)}@{_address(sender).domain}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note answers it
    made.set_content(alert.text())
    return made


def one_line(text: str) -> str:
    """A text that can't end its header: one line, no control characters, of a sane length."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(plain.split())[:_LONGEST_SUBJECT]


def _address(text: str) -> Address:
    try:
        found = Address(addr_spec=text)
    except Exception as error:  # the parser raises many kinds
        raise InputError(f"{text!r} is no e-mail address ({error})") from error
    if not found.domain or not text.isprintable():
        raise InputError(f"{text!r} is no e-mail address; expected one such as team@example.org")
    return found


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return one_line(f"{error.smtp_code} {text}")
    return one_line(str(error)) or "no reason given"
