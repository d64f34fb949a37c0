from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reprieve.errors import InputError
from reprieve.figures.effect_axis import EffectAxis

ends = st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)).map(sorted)


@given(ends)
@example([0.0, 0.0])
@example([0.0, 5e-324])
@example([3e-9, 4e-9])
def test_even_ticks_hold_the_ends_and_are_few(bounds: list[float]) -> None:
    axis = EffectAxis(*bounds)
    first, last = axis.domain
    room = 1e-6 * (last - first)
    assert first <= bounds[0] + room
    assert last >= bounds[1] - room
    assert 3 <= len(axis.ticks) <= 9
    steps = [b - a for a, b in zip(axis.ticks[:-1], axis.ticks[1:], strict=True)]
    assert steps == pytest.approx([steps[0]] * len(steps))


@given(st.floats(-12, 12), st.floats(0.01, 20))
def test_ticks_of_ratios_hold_the_ends_and_are_few(low: float, long: float) -> None:
    axis = EffectAxis(low, low + long, transform="exp")
    assert axis.domain[0] <= low + 1e-6
    assert axis.domain[1] >= low + long - 1e-6
    assert 2 <= len(axis.ticks) <= 9
    assert axis.ticks == sorted(axis.ticks)


def test_effects_have_as_many_decimals_as_their_scale_calls_for() -> None:
    assert EffectAxis(-60, 40).effect(-8.34, (-15.12, -1.5)) == "−8.3 (−15.1 to −1.5)"
    assert EffectAxis(-1.2, 0.4).number(-0.456) == "−0.46"
    assert EffectAxis(-400, 200).number(-123.4) == "−123"


def test_ratios_are_shown_as_ratios() -> None:
    axis = EffectAxis(math.log(0.2), math.log(4), transform="exp")
    assert axis.effect(math.log(0.5), (math.log(0.25), 0.0)) == "0.50 (0.25 to 1.00)"
    assert "1" in [axis.label(tick) for tick in axis.ticks]
    assert axis.number(math.log(1234.6)) == "1,235"
    assert axis.number(1e6).startswith("10")


def test_bad_calls_are_refused() -> None:
    with pytest.raises(InputError, match='transform must be None, or "exp"'):
        EffectAxis(0, 1, transform="log")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="favours must be two names"):
        EffectAxis(0, 1, favours=("cells",))  # type: ignore[arg-type]
