"""Where treatments stand on a circle, and where their names and the numbers of lines find room."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reprieve.synthesis.networks.connection import components

Pairs = Sequence[tuple[int, int]]
Points = NDArray[np.float64]
Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""

_GAP = 1.0  # between parts that nothing connects, in places for a treatment
_MOST = 60  # treatments whose order is searched for; more can't be read anyway
_ROUNDS = 8
_MOST_BENT = 0.6


@dataclass(frozen=True)
class Place:
    """Where something stands, in pixels; `angle` clockwise from the right, in radians."""

    x: float
    y: float
    angle: float


def crossings(order: Sequence[int], pairs: Pairs) -> int:
    """How often straight lines between places on a circle cross.

    Examples
    --------
    >>> crossings([0, 1, 2, 3], [(0, 2), (1, 3)]), crossings([0, 2, 1, 3], [(0, 2), (1, 3)])
    (1, 0)
    """
    return int(_cost(order, np.array(pairs, dtype=int).reshape(-1, 2))[0])


def parts_in_order(n: int, pairs: Pairs) -> list[list[int]]:
    """Treatments by the part of the network that they belong to, so that few lines cross.

    Each part is one stretch of the circle, the largest first; lines of different parts can then
    not cross. Within a part, treatments are added one by one where they cost least, and then
    moved as long as that saves crossings, or else length.

    Examples
    --------
    >>> ring = [(0, 2), (2, 1), (1, 3), (3, 0)]
    >>> crossings(parts_in_order(4, ring)[0], ring)
    0
    """
    both = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    found = []
    for part in components(n, both[:, 0], both[:, 1]):
        inside = both[np.isin(both[:, 0], part)]
        found.append(_improved(_built(part, inside), inside))
    return found


def circle(
    parts: Sequence[Sequence[int]], middle: tuple[float, float], radius: float
) -> list[Place]:
    """The place of each treatment, clockwise from the top, with a gap between parts."""
    gap = _GAP if len(parts) > 1 else 0.0
    total = sum(map(len, parts)) + gap * len(parts)
    places: dict[int, Place] = {}
    slot = gap / 2
    for part in parts:
        for treatment in part:
            angle = 2 * math.pi * (slot + 0.5) / total - math.pi / 2
            x, y = radius * math.cos(angle), radius * math.sin(angle)
            places[treatment] = Place(middle[0] + x, middle[1] + y, angle)
            slot += 1
        slot += gap
    return [places[t] for t in range(len(places))]


def spread(wished: Sequence[float], heights: Sequence[float], gap: float = 0.0) -> list[float]:
    """Middles of labels that don't overlap and stand as near as can be to where they were wished.

    Parameters
    ----------
    wished : sequence of float
        Wished middles, rising.
    heights : sequence of float
    gap : float
        Least distance between two.

    Examples
    --------
    >>> spread([0.0, 2.0, 50.0], [10.0, 10.0, 10.0])
    [-4.0, 6.0, 50.0]
    """
    if not wished:
        return []
    steps = [(a + b) / 2 + gap for a, b in pairwise(heights)]
    offsets = np.concatenate([[0.0], np.cumsum(steps)])
    blocks: list[tuple[float, int]] = []  # means of neighbours that touch (pooled violators)
    for value in (np.array(wished) - offsets).tolist():
        mean, size = value, 1
        while blocks and blocks[-1][0] > mean:
            before, many = blocks.pop()
            mean, size = (mean * size + before * many) / (size + many), size + many
        blocks.append((mean, size))
    level = [mean for mean, size in blocks for _ in range(size)]
    return [float(y) for y in np.array(level) + offsets]


def bent(a: Place, b: Place, middle: tuple[float, float], bend: float) -> Points:
    """Points along a line that is drawn towards the middle by a share of the way, shape (n, 2).

    Examples
    --------
    >>> left, right = Place(0.0, 10.0, 0.0), Place(10.0, 10.0, 0.0)
    >>> bent(left, right, (5.0, 0.0), 0.5)[10].tolist()
    [5.0, 7.5]
    """
    share = np.linspace(0, 1, 21)[:, None]
    start, end = np.array([a.x, a.y]), np.array([b.x, b.y])
    control = (1 - bend) * (start + end) / 2 + bend * np.array(middle)
    return np.asarray((1 - share) ** 2 * start + 2 * share * (1 - share) * control + share**2 * end)


def bend_past(
    ends: tuple[Place, Place],
    middle: tuple[float, float],
    others: Sequence[Place],
    reaches: Sequence[float],
) -> float:
    """How far a line must be drawn to the middle to pass by other circles, as a share of the way.

    Parameters
    ----------
    ends : tuple of Place
        Of the line.
    middle : tuple of float
        Of the circle on which all stand.
    others : sequence of Place
        Circles that it does not join.
    reaches : sequence of float
        How far from each of them the line must stay.

    Examples
    --------
    >>> ends = Place(-30.0, -40.0, 0.0), Place(30.0, -40.0, 0.0)
    >>> bend_past(ends, (0, 0), [Place(0.0, -50.0, 0.0)], [14.0])
    0.2
    >>> bend_past(ends, (0, 0), [Place(0.0, 50.0, 0.0)], [14.0])
    0.0
    """
    if not others:
        return 0.0
    a, b = ends
    line = np.array([[a.x, a.y, b.x, b.y]])
    lacking = max(
        reach - float(_distances(place.x, place.y, line)[0])
        for place, reach in zip(others, reaches, strict=True)
    )
    away = math.hypot((a.x + b.x) / 2 - middle[0], (a.y + b.y) / 2 - middle[1])
    if lacking <= 0 or away < 1:
        return 0.0
    return min(2 * lacking / away, _MOST_BENT)  # its middle moves half as far as it is drawn


def number_places(
    lines: Sequence[Points],
    widths: Sequence[float],
    taken: Sequence[Box],
    sizes: Sequence[tuple[float, float]],
) -> list[tuple[float, float] | None]:
    """Where the number of each line finds room on it: clear of other lines, numbers and circles.

    Parameters
    ----------
    lines : sequence of ndarray
        Points along each, the most important line first.
    widths : sequence of float
        Of the lines.
    taken : sequence of Box
        What must not be covered.
    sizes : sequence of (width, height)
        Of the numbers.
    """
    pieces = np.concatenate([np.hstack([line[:-1], line[1:]]) for line in lines])
    owner = np.repeat(np.arange(len(lines)), [len(line) - 1 for line in lines])
    half, boxes = np.array(widths)[owner] / 2, list(taken)
    found: list[tuple[float, float] | None] = []
    for i, (line, (across, high)) in enumerate(zip(lines, sizes, strict=True)):
        others = owner != i
        place = None
        middle = (len(line) - 1) // 2
        for point in sorted(range(3, len(line) - 3), key=lambda p: abs(p - middle)):
            x, y = line[point].tolist()
            box = (x - across / 2, y - high / 2, x + across / 2, y + high / 2)
            room = _distances(x, y, pieces[others]) - half[others]
            if (room >= 0.5 * max(across, high)).all() and not any(touch(box, b) for b in boxes):
                boxes.append(box)
                place = (x, y)
                break
        found.append(place)
    return found


def touch(a: Box, b: Box) -> bool:
    """Whether two boxes overlap."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _distances(x: float, y: float, lines: NDArray[np.float64]) -> NDArray[np.float64]:
    """From a point to each line."""
    start, along = lines[:, :2], lines[:, 2:] - lines[:, :2]
    away = np.array([x, y]) - start
    share = np.clip((away * along).sum(axis=1) / (along**2).sum(axis=1), 0, 1)
    rest = away - share[:, None] * along
    return np.asarray(np.hypot(rest[:, 0], rest[:, 1]))


def _cost(order: Sequence[int], pairs: NDArray[np.intp]) -> tuple[int, int]:
    """Crossings of the lines between those in the order, and their length in places."""
    position = np.full(1 + max(*order, int(pairs.max())), -1)
    position[list(order)] = np.arange(len(order))
    ends = np.sort(position[pairs], axis=1)
    low, high = ends[ends[:, 0] >= 0].T
    crossed = (low[:, None] < low) & (low < high[:, None]) & (high[:, None] < high)
    length = high - low
    return int(crossed.sum()), int(np.minimum(length, len(order) - length).sum())


def _built(part: Sequence[int], pairs: NDArray[np.intp]) -> list[int]:
    """Neighbours after neighbours, each inserted where it costs least."""
    neighbours: dict[int, list[int]] = {t: [] for t in part}
    for a, b in pairs.tolist():
        neighbours[a].append(b)
        neighbours[b].append(a)
    waiting = [max(part, key=lambda t: len(neighbours[t]))]
    order: list[int] = []
    seen = set(waiting)
    while waiting:
        treatment = waiting.pop(0)
        fresh = [t for t in neighbours[treatment] if t not in seen]
        seen.update(fresh)
        waiting += sorted(fresh, key=lambda t: -len(neighbours[t]))
        order = _inserted(order, treatment, pairs) if len(part) <= _MOST else [*order, treatment]
    return order


def _improved(order: list[int], pairs: NDArray[np.intp]) -> list[int]:
    """The order after each treatment was moved to where it costs least, as long as that helps."""
    if not 4 <= len(order) <= _MOST:
        return order
    cost = _cost(order, pairs)
    for _ in range(_ROUNDS):
        before = cost
        for treatment in list(order):
            moved = _inserted([t for t in order if t != treatment], treatment, pairs)
            if (found := _cost(moved, pairs)) < cost:
                order, cost = moved, found
        if cost == before:
            break
    return order


def _inserted(order: list[int], treatment: int, pairs: NDArray[np.intp]) -> list[int]:
    """The order with one more treatment, at the place that costs least."""
    tried = [[*order[:i], treatment, *order[i:]] for i in range(len(order) + 1)]
    return min(tried, key=lambda some: _cost(some, pairs))
