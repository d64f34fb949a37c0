"""Alerts as an Atom feed (RFC 4287): one file, written anew and put in place at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from reprieve.errors import InputError
from reprieve.files import write_whole
from reprieve.updates.alerts import Alert
from reprieve.updates.deliveries.channel import DeliveryError
from reprieve.updates.moments import moment

ATOM = "http://www.w3.org/2005/Atom"
TITLE = "Reprieve: conclusions that changed"
NO_ALERT = "1970-01-01T00:00:00+00:00"


def feed(alerts: Sequence[Alert], identity: str, link: str = "") -> bytes:
    """The feed as XML.

    Parameters
    ----------
    alerts : sequence of Alert
        The newest first.
    identity : str
        An IRI that names the feed for ever, such as ``"tag:team@example.org,2026:reprieve"``.
    link : str
        Where the feed can be read; empty where it has no address.

    Returns
    -------
    bytes
        UTF-8. Ids follow from the identity and the key of an alert, so that a reader shows an
        alert once.

    Examples
    --------
    >>> feed((), "urn:example:feed")[:38]
    b"<?xml version='1.0' encoding='utf-8'?>"
    """
    ElementTree.register_namespace("", ATOM)
    root = ElementTree.Element(f"{{{ATOM}}}feed")
    _add(root, "id", identity)
    _add(root, "title", TITLE)
    _add(root, "updated", alerts[0].date if alerts else NO_ALERT)
    author = _add(root, "author", "")
    _add(author, "name", "Reprieve")
    if link:
        _add(root, "link", "").attrib.update(rel="self", href=link)
    for alert in alerts:
        entry = _add(root, "entry", "")
        _add(entry, "id", f"{identity}:{alert.key}")
        _add(entry, "title", alert.subject)
        _add(entry, "updated", alert.date)
        _add(entry, "summary", alert.summary)
        _add(entry, "content", alert.text()).attrib["type"] = "text"
        for kind in alert.kinds:
            _add(entry, "category", "").attrib["term"] = kind
        if alert.difference.condition:
            _add(entry, "category", "").attrib["term"] = alert.difference.condition
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _add(parent: ElementTree.Element, name: str, text: str) -> ElementTree.Element:
    made = ElementTree.SubElement(parent, f"{{{ATOM}}}{name}")
    if name == "updated":
        text = moment(text).isoformat()
    # XML 1.0 can hold no control characters, not even escaped.
    made.text = "".join(c for c in text if c in "\n\t" or c.isprintable()) or None
    return made


@dataclass(frozen=True, slots=True)
class Feed:
    """A file that always holds the last alerts.

    Attributes
    ----------
    path : Path
    identity, link : str
        As for `feed`.
    """

    path: Path
    identity: str
    link: str = ""

    def __post_init__(self) -> None:
        if not self.identity or any(c.isspace() for c in self.identity) or ":" not in self.identity:
            raise InputError(
                f"the identity of the feed is {self.identity!r}; expected an IRI such as "
                "tag:team@example.org,2026:reprieve"
            )

    def write(self, alerts: Sequence[Alert]) -> None:
        """Put the feed in place: whoever reads meanwhile gets the old one or the new one, whole.

        Raises
        ------
        DeliveryError
            The file can't be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, feed(alerts, self.identity, self.link))
        except OSError as error:
            raise DeliveryError(
                f"the feed {self.path} can't be written ({error.strerror}); name another place"
            ) from error
