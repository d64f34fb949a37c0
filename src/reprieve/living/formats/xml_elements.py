"""Taking parts out of XML elements, whatever namespace they are in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

_PARAGRAPHS = re.compile(r"\n[ \t]*\n")


def local_name(element: Element) -> str:
    """The name of an element without its namespace; empty for comments and instructions."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def children(element: Element | None, name: str) -> Iterator[Element]:
    """The children of that name, in order."""
    if element is not None:
        yield from (part for part in element if local_name(part) == name)


def child(element: Element | None, *path: str) -> Element | None:
    """The first child of that name, or deeper along `path`; None where there is none."""
    for name in path:
        element = next(children(element, name), None)
    return element


def line(element: Element | None, *path: str) -> str:
    """All text inside the element at `path`, on one line; empty where there is none."""
    found = child(element, *path)
    return "" if found is None else " ".join("".join(found.itertext()).split())


def lines(element: Element | None, name: str) -> tuple[str, ...]:
    """The text of each child of that name, without empty ones."""
    return tuple(kept for part in children(element, name) if (kept := line(part)))


def paragraphs(element: Element | None, *path: str) -> str:
    """Text whose blank lines part paragraphs, with the source's line breaks within them undone."""
    found = child(element, *path)
    if found is None:
        return ""
    parts = (" ".join(part.split()) for part in _PARAGRAPHS.split("".join(found.itertext())))
    return "\n\n".join(part for part in parts if part)


def as_mapping(element: Element, *, attributes: bool = True) -> dict[str, Any]:
    """An element as nested mappings.

    Children go under their names, in a list where the name repeats; attributes under ``@name``. A
    child without children or attributes is its text, else its text is under ``#text``. The order
    between children of different names, and text between them, is not kept. Attributes may be left
    out.

    Examples
    --------
    >>> from xml.etree.ElementTree import fromstring
    >>> as_mapping(fromstring("<a><b>1</b><b>2</b><c t='x'>3</c></a>"))
    {'b': ['1', '2'], 'c': {'@t': 'x', '#text': '3'}}
    """
    given = element.attrib if attributes else {}
    mapping: dict[str, Any] = {f"@{name}": value for name, value in given.items()}
    for part in element:
        name = local_name(part)
        if not name:
            continue
        leaf = len(part) == 0 and not (attributes and part.attrib)
        inner = (part.text or "").strip() if leaf else as_mapping(part, attributes=attributes)
        if name not in mapping:
            mapping[name] = inner
        elif isinstance(mapping[name], list):
            mapping[name].append(inner)
        else:
            mapping[name] = [mapping[name], inner]
    if len(element) == 0 and (element.text or "").strip():
        mapping["#text"] = (element.text or "").strip()
    return mapping
