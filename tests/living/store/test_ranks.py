"""Places in an order."""

from hypothesis import given
from hypothesis import strategies as st

from reprieve.living.store.ranks import ranks_between


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 20)), max_size=30))
def test_there_is_always_room_between(steps):
    order = []
    for at, count in steps:
        at %= len(order) + 1
        low = order[at - 1] if at else ""
        high = order[at] if at < len(order) else ""
        order[at:at] = ranks_between(low, high, count)
    assert order == sorted(set(order))


def test_rows_at_the_end_do_not_make_places_long():
    last = ""
    for _ in range(3000):
        (last,) = ranks_between(last, "", 1)
    assert len(last) <= 8
