"""Where the words of an SVG stand, and which of them touch or leave the picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree

LETTER = 0.48
"""Width of an average letter as a share of its height: rather too small than too large."""


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float
    said: str


def crowded(svg: str) -> list[str]:
    """Pairs of words that touch, and words that leave the picture."""
    root = ElementTree.fromstring(svg)
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    boxes = list(_boxes(root, 0.0, 0.0))
    assert boxes
    found = [
        f"{a.said!r} touches {b.said!r}"
        for i, a in enumerate(boxes)
        for b in boxes[:i]
        if a.left < b.right and b.left < a.right and a.top < b.bottom and b.top < a.bottom
    ]
    return found + [
        f"{b.said!r} leaves the picture"
        for b in boxes
        if b.left < -1 or b.top < -1 or b.right > width + 1 or b.bottom > height + 1
    ]


def _boxes(node: ElementTree.Element, x: float, y: float) -> Iterator[Box]:
    if float(node.get("opacity") or 1) == 0:
        return
    for kind, numbers in re.findall(r"(\w+)\(([^)]*)\)", node.get("transform", "")):
        values = [float(n) for n in re.split(r"[ ,]+", numbers)]
        if kind == "translate":
            x, y = x + values[0], y + values[1]
        if kind == "rotate" and node.tag.endswith("text"):
            yield from _upright(node, x, y)
            return
    if node.tag.endswith("text"):
        yield from _lying(node, x, y)
        return
    for child in node:
        yield from _boxes(child, x, y)


def _lines(node: ElementTree.Element) -> Iterator[tuple[float, str]]:
    """Each line with how far it stands below the first."""
    down = 0.0
    if node.text:
        yield 0.0, node.text
    for span in node:
        down += float(span.get("dy") or 0)
        yield down, span.text or ""


def _lying(node: ElementTree.Element, x: float, y: float) -> Iterator[Box]:
    size = float(node.get("font-size", "11px").removesuffix("px"))
    for down, said in _lines(node):
        long = LETTER * size * len(said)
        left = x - {"middle": long / 2, "end": long}.get(node.get("text-anchor", ""), 0.0)
        if said.strip():
            yield Box(left, y + down - 0.7 * size, left + long, y + down + 0.1 * size, said)


def _upright(node: ElementTree.Element, x: float, y: float) -> Iterator[Box]:
    """Words turned by 90°, centred."""
    size = float(node.get("font-size", "11px").removesuffix("px"))
    for down, said in _lines(node):
        half = LETTER * size * len(said) / 2
        yield Box(x + down - 0.7 * size, y - half, x + down + 0.1 * size, y + half, said)
