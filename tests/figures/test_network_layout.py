from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.figures.network_layout import (
    Place,
    bend_past,
    bent,
    circle,
    crossings,
    number_places,
    parts_in_order,
    spread,
    touch,
)

pairs_of = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda p: p[0] < p[1]),
    min_size=1,
    max_size=18,
    unique=True,
)


def _relabelled(pairs: list[tuple[int, int]]) -> tuple[int, list[tuple[int, int]]]:
    used = sorted({t for pair in pairs for t in pair})
    return len(used), [(used.index(a), used.index(b)) for a, b in pairs]


@given(pairs_of)
def test_every_treatment_stands_once_and_parts_are_what_is_connected(pairs) -> None:
    n, pairs = _relabelled(pairs)
    parts = parts_in_order(n, pairs)
    assert sorted(t for part in parts for t in part) == list(range(n))
    of = {t: i for i, part in enumerate(parts) for t in part}
    assert all(of[a] == of[b] for a, b in pairs)
    assert [len(part) for part in parts] == sorted(map(len, parts), reverse=True)
    order = [t for part in parts for t in part]
    assert crossings(order, pairs) <= crossings(list(range(n)), pairs)


def test_networks_that_can_be_drawn_without_crossings_are() -> None:
    ring = [(i, (i + 3) % 10) for i in range(10)]
    ring = [(min(pair), max(pair)) for pair in ring]
    assert crossings(range(10), ring) > 0
    assert crossings(parts_in_order(10, ring)[0], ring) == 0
    star_and_rim = [(0, i) for i in range(1, 9)] + [(1, 5), (5, 3), (3, 7), (7, 2)]
    assert crossings(parts_in_order(9, star_and_rim)[0], star_and_rim) == 0


def test_the_best_order_of_five_is_found() -> None:
    pairs = [(0, 2), (0, 3), (1, 3), (1, 4), (2, 4), (0, 1)]
    best = min(crossings(order, pairs) for order in itertools.permutations(range(5)))
    assert crossings(parts_in_order(5, pairs)[0], pairs) == best


def test_parts_stand_further_apart_than_neighbours() -> None:
    places = circle([[0, 1, 2], [3, 4]], (0, 0), 100)
    inside = math.dist((places[0].x, places[0].y), (places[1].x, places[1].y))
    across = math.dist((places[2].x, places[2].y), (places[3].x, places[3].y))
    assert across > 1.5 * inside
    assert all(math.hypot(p.x, p.y) == pytest.approx(100) for p in places)


@given(
    st.lists(st.tuples(st.floats(-200, 200), st.floats(10, 60)), min_size=1, max_size=15),
    st.floats(0, 6),
)
def test_labels_keep_their_order_and_never_overlap(labels, gap) -> None:
    labels.sort()
    wished, heights = [y for y, _ in labels], [h for _, h in labels]
    found = spread(wished, heights, gap)
    for i, (a, b) in enumerate(itertools.pairwise(found)):
        assert b - a >= (heights[i] + heights[i + 1]) / 2 + gap - 1e-6
    # moving all of them together can't bring them nearer
    assert np.mean(found) == pytest.approx(np.mean(wished), abs=1e-6)


def test_labels_with_room_stay_where_they_are() -> None:
    assert spread([0.0, 40.0, 90.0], [20.0] * 3) == [0.0, 40.0, 90.0]


def test_bent_lines_keep_their_distance() -> None:
    ends = Place(-40.0, -90.0, 0.0), Place(40.0, -90.0, 0.0)
    between = Place(0.0, -98.0, 0.0)
    bend = bend_past(ends, (0.0, 0.0), [between], [15.0])
    line = bent(*ends, (0.0, 0.0), bend)
    assert np.hypot(line[:, 0], line[:, 1] + 98.0).min() == pytest.approx(15.0, abs=0.3)
    assert line[0].tolist() == [-40, -90]
    assert line[-1].tolist() == [40, -90]


def test_numbers_avoid_lines_circles_and_each_other() -> None:
    corners = circle([[0, 1, 2, 3]], (100.0, 100.0), 90)
    pairs = [(0, 2), (1, 3), (0, 1)]
    lines = [bent(corners[a], corners[b], (100.0, 100.0), 0.0) for a, b in pairs]
    circles = [(p.x - 10, p.y - 10, p.x + 10, p.y + 10) for p in corners]
    found = number_places(lines, [2.0] * 3, circles, [(12.0, 14.0)] * 3)
    assert None not in found
    boxes = [(x - 6, y - 7, x + 6, y + 7) for x, y in found]
    for one, two in itertools.combinations(boxes + circles, 2):
        assert not touch(one, two)
    crossing = np.array([100.0, 100.0])
    assert all(np.hypot(*(np.array(place) - crossing)) > 7 for place in found[:2])


def test_a_line_without_room_has_no_number() -> None:
    near = [Place(0.0, 0.0, 0.0), Place(6.0, 0.0, 0.0)]
    circles = [(p.x - 5, p.y - 5, p.x + 5, p.y + 5) for p in near]
    assert number_places([bent(*near, (0, 50), 0.0)], [2.0], circles, [(12.0, 14.0)]) == [None]
