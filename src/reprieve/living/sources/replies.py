"""What a reply says: its body decoded, and refused when it is not what it should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


class UnreadableReplyError(ValueError):
    """The body of a reply is broken: cut short, garbled, or another kind of thing."""


class UnsafeReplyError(ValueError):
    """The body of a reply holds what no honest reply needs, such as XML entities."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply with status 200.

    Attributes
    ----------
    body : bytes
        Unpacked, otherwise as sent.
    charset : str
        As the header says; empty where it says nothing.
    """

    body: bytes
    charset: str = ""


def as_bytes(reply: Reply) -> bytes:
    """The body as it came."""
    return reply.body


def as_json(reply: Reply) -> Any:
    """The body read as JSON.

    JSON is UTF-8 (RFC 8259); where it is not and the header names another character set, that
    one is believed. Nothing is replaced by question marks.

    Raises
    ------
    UnreadableReplyError

    Examples
    --------
    >>> as_json(Reply(b'{"totalCount": 21}'))
    {'totalCount': 21}
    >>> as_json(Reply('{"name": "Orozco Núñez"}'.encode("latin-1"), "iso-8859-1"))
    {'name': 'Orozco Núñez'}
    """
    import msgspec

    try:
        return msgspec.json.decode(_utf8(reply))
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnreadableReplyError(f"a body that is no JSON ({error})") from None


def as_xml(reply: Reply) -> Element:
    """The body read as XML; a document type may be named, but entities are refused.

    Raises
    ------
    UnreadableReplyError, UnsafeReplyError

    Examples
    --------
    >>> as_xml(Reply(b"<eSearchResult><Count>63</Count></eSearchResult>")).findtext("Count")
    '63'
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(reply.body, forbid_dtd=False)
    except DefusedXmlException:
        raise UnsafeReplyError("XML with entities or outside references") from None
    except (ParseError, ValueError, LookupError) as error:
        raise UnreadableReplyError(f"a body that is no XML ({error})") from None
    return root


def _utf8(reply: Reply) -> bytes:
    body = reply.body.removeprefix(b"\xef\xbb\xbf")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        try:
            return body.decode(reply.charset or "utf-8").encode()
        except (UnicodeDecodeError, LookupError):
            raise UnreadableReplyError(f"a body that is no text ({error})") from None
    return body
