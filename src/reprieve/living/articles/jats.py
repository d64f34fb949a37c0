"""The XML of an article (JATS): opened safely, and its text without reference numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from reprieve.errors import InputError

DEEPEST = 120
"""No article nests its elements deeper than this."""

MOST_BYTES = 50_000_000
"""No article is larger than this; supplementary files come apart from it."""

_SILENT = {"tex-math", "annotation", "object-id", "alt-text", "long-desc", "fn-group"}
_BLOCKS = {"p", "title", "break", "td", "th", "label", "sec", "list-item", "def", "caption"}
_REMOVED = {"table-wrap", "fig", "disp-formula", "supplementary-material", "ref-list"}
_SPACES = re.compile(r"[\s\u00a0\u2000-\u200b\u202f\u205f\u2060\u3000\ufeff]+")


def open_article(source: Path | str | bytes) -> Element:
    """The ``article`` element of a JATS file, or of its bytes, without namespaces.

    A document type may be declared, as publishers do; entities may not, and nothing outside the
    file is fetched.

    Parameters
    ----------
    source : path, str or bytes
        A path, or the XML itself as bytes.

    Raises
    ------
    InputError
        If the file can't be read, is no XML, defines entities, or holds no article.

    Examples
    --------
    >>> open_article(b"<article><front/></article>").tag
    'article'
    """
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    name, content = _content(source)
    try:
        root: Element = fromstring(content, forbid_dtd=False, forbid_entities=True)
    except DefusedXmlException as error:
        raise InputError(
            f"{name}: the XML defines entities or refers to files outside it ({error}); expected"
            " a plain JATS article: fetch it again from its archive"
        ) from error
    except (ParseError, ValueError, LookupError) as error:
        raise InputError(
            f"{name}: this is no well-formed XML ({error}); expected a JATS article"
        ) from error
    if _deeper_than(root, DEEPEST):
        raise InputError(f"{name}: XML nested deeper than {DEEPEST} elements; expected an article")
    for element in root.iter():
        if isinstance(element.tag, str) and "}" in element.tag:
            element.tag = element.tag.partition("}")[2]
    article = root if root.tag == "article" else root.find(".//article")
    if article is None:
        raise InputError(
            f"{name}: the XML holds <{str(root.tag)[:40]}> and no <article>; expected JATS full "
            f"text"
        )
    return article


def _deeper_than(root: Element, limit: int) -> bool:
    level: list[Element] = [root]
    for _ in range(limit):
        level = [child for element in level for child in element]
        if not level:
            return False
    return True


def _content(source: Path | str | bytes) -> tuple[str, bytes]:
    if isinstance(source, bytes):
        name, content = "article", source
    else:
        name = str(source)
        path = Path(source)
        if not path.is_file():
            raise InputError(f"{name}: there is no such file; expected a JATS article")
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{name}: larger than {MOST_BYTES:,} bytes; expected one article")
        content = path.read_bytes()
    if len(content) > MOST_BYTES:
        raise InputError(f"{name}: larger than {MOST_BYTES:,} bytes; expected one article")
    return name, content


def text_of(element: Element | None) -> str:
    """The text of an element on one line, without reference numbers and formula sources.

    Examples
    --------
    >>> from xml.etree.ElementTree import fromstring
    >>> text_of(fromstring("<p>Pain fell<xref ref-type='bibr'>12</xref> by&#x2009;2 cm.</p>"))
    'Pain fell by 2 cm.'
    """
    return tidy("".join(_pieces(element))) if element is not None else ""


def tidy(text: str) -> str:
    """Every run of white space, however wide, as one blank.

    Examples
    --------
    >>> tidy(" 5.2  ±   1.3  ")
    '5.2 ± 1.3'
    """
    return _SPACES.sub(" ", text).strip()


def paragraphs(element: Element | None) -> Iterator[tuple[tuple[str, ...], str]]:
    """The paragraphs below an element, each with the titles of the sections around it.

    Tables, figures and the list of references are left out.
    """
    if element is None:
        return
    yield from _walk(element, ())


def _walk(element: Element, titles: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    here = titles
    if element.tag == "sec":
        title = text_of(element.find("title"))
        here = (*titles, title) if title else titles
    for child in element:
        if child.tag == "p":
            text = text_of(child)
            if text:
                yield here, text
        elif child.tag not in _REMOVED:
            yield from _walk(child, here)


def _pieces(element: Element) -> Iterator[str]:
    if element.text:
        yield element.text
    for child in element:
        silent = child.tag in _SILENT or child.tag in _REMOVED or not isinstance(child.tag, str)
        if child.tag == "xref" and child.get("ref-type") == "bibr":
            silent = True
        if not silent:
            if child.tag in _BLOCKS:
                yield " "
            yield from _pieces(child)
            if child.tag in _BLOCKS:
                yield " "
        if child.tail:
            yield child.tail
