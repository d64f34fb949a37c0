"""Between instruments, points, standard deviations and people."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.effects import scales
from reprieve.errors import InputError, UnknownWordError

scale = st.tuples(st.floats(-50, 50), st.floats(1, 200), st.sampled_from(["worse", "better"]))


@given(scale, st.floats(0, 1))
def test_there_and_back(instrument: tuple[float, float, str], part: float) -> None:
    low, width, higher_is = instrument
    value = low + part * width
    points = scales.rescale(value, low, low + width, higher_is)
    assert -1e-6 <= points <= 100 + 1e-6
    assert scales.unscale(points, low, low + width, higher_is) == pytest.approx(value, abs=1e-6)


@given(scale, st.floats(0, 1), st.floats(0, 1))
def test_a_difference_of_scores_is_the_scaled_difference(
    instrument: tuple[float, float, str], one: float, two: float
) -> None:
    low, width, higher_is = instrument
    ends = (low, low + width, higher_is)
    difference = scales.rescale(low + one * width, *ends) - scales.rescale(low + two * width, *ends)
    scaled = scales.rescale_difference((one - two) * width, *ends)
    assert scaled == pytest.approx(difference, abs=1e-6)


def test_higher_is_worse_afterwards() -> None:
    assert scales.rescale(0, 0, 10, "worse") == 0
    assert scales.rescale(0, 0, 10, "better") == 100
    assert scales.rescale_difference(5, 0, 10, "better") == -50
    assert scales.rescale_sd(2, 0, 10) == 20


def test_a_score_off_its_scale_is_refused() -> None:
    with pytest.raises(InputError, match=r"value\[1\] is 45; expected a score on its scale"):
        scales.rescale([4, 45], 0, 10, "worse")
    with pytest.raises(InputError, match="value is -3"):
        scales.rescale(-3, 0, 10, "worse")


def test_a_scale_without_width_is_refused() -> None:
    with pytest.raises(InputError, match="high minus low is 0"):
        scales.rescale_sd(1, 10, 10)


def test_an_unknown_direction_is_refused() -> None:
    with pytest.raises(UnknownWordError, match="direction of a scale 'up'"):
        scales.rescale(1, 0, 10, ["worse", "up"])


@given(st.floats(-3, 3), st.floats(1, 50))
def test_smd_and_points(smd: float, sd: float) -> None:
    assert scales.points_to_smd(scales.smd_to_points(smd, sd), sd) == pytest.approx(smd)


def test_chance_of_less_pain_is_the_share_of_pairs() -> None:
    rng = np.random.default_rng(8)
    treated, untreated = rng.normal(-0.6, 1, 400_000), rng.normal(0, 1, 400_000)
    assert scales.chance_of_less_pain(-0.6) == pytest.approx(
        (treated < untreated).mean(), abs=0.004
    )


def test_logistic_scores_have_this_odds_ratio() -> None:
    """A shift of a logistic distribution multiplies the odds of every threshold alike."""
    shift = 0.4
    log_odds = shift / (3**0.5 / np.pi)
    assert scales.smd_to_log_odds(0.4) == pytest.approx(log_odds)


def test_responders_are_counted_right() -> None:
    rng = np.random.default_rng(9)
    untreated = rng.normal(-12, 24, 400_000)
    people = scales.responders(effect=-9, mcid=20, control_change=-12, sd=24)
    assert people.untreated == pytest.approx(100 * (untreated <= -20).mean(), abs=0.3)
    assert people.treated == pytest.approx(100 * (untreated - 9 <= -20).mean(), abs=0.3)
    assert people.difference == pytest.approx(people.treated - people.untreated)


@given(st.floats(-60, 60), st.floats(1, 30), st.floats(-40, 40), st.floats(1, 60))
def test_a_better_effect_never_helps_fewer(
    effect: float, mcid: float, change: float, sd: float
) -> None:
    people = scales.responders([effect, effect - 1, 0.0], mcid, change, sd)
    assert people.treated[1] >= people.treated[0]
    assert people.difference[2] == 0
    assert ((people.treated >= 0) & (people.treated <= 100)).all()


def test_draws_of_the_effect_give_draws_of_people() -> None:
    draws = np.linspace(-20, 0, 5)
    people = scales.responders(draws, 15, -10, 25)
    assert people.treated.shape == people.untreated.shape == (5,)
    assert (np.diff(people.difference) < 0).all()


def test_missing_values_pass() -> None:
    assert np.isnan(scales.rescale(np.nan, 0, 10, "worse"))
    assert np.isnan(scales.responders(np.nan, 15, -10, 25).treated)
