import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from reprieve.errors import InputError
from reprieve.synthesis.accruing.group_sequential import (
    crossing_probabilities,
    efficacy_bounds,
    futility_bounds,
    spent,
    stagewise_inference,
)

FIFTHS = [0.2, 0.4, 0.6, 0.8, 1.0]


def test_bounds_and_crossing_probabilities_are_those_of_gsdesign(reference):
    for case in reference("sequential/group_sequential"):
        t, spending = case["fractions"], case["spending"]
        found = efficacy_bounds(t, case["alpha"], spending)
        # gsDesign stops its search at 1e-7 of the probabilities
        assert found == pytest.approx(case["symmetric"], abs=4e-5), case
        lower = futility_bounds(t, case["upper"], case["drift"], case["beta"], spending)
        assert lower == pytest.approx(case["lower"], abs=2e-7), case
        for drift, expected in ((0.0, "crossing_null"), (case["drift"], "crossing_drift")):
            above = crossing_probabilities(t, case["lower"], case["upper"], drift).above
            assert above == pytest.approx(case[expected], abs=2e-9), case


def test_published_bounds_for_five_looks():
    # ldbounds, and Reboussin et al. 2000; its grid is coarser
    published = [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]
    assert efficacy_bounds(FIFTHS) == pytest.approx(published, abs=2e-4)
    pocock = [2.43797668805, 2.42677349263, 2.41013987607, 2.39658000336, 2.38590632041]
    assert efficacy_bounds(FIFTHS, spending="Pocock") == pytest.approx(pocock, abs=2e-4)


def test_the_second_bound_by_the_multivariate_normal_integral():
    t = np.array([0.2, 0.4])
    bound = efficacy_bounds(t)
    cov = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
    stays = multivariate_normal(cov=cov, abseps=1e-12, releps=1e-12).cdf(bound, lower_limit=-bound)
    assert 1 - stays == pytest.approx(2 * spent(0.4, 0.025), abs=1e-10)


@given(
    st.lists(st.floats(0.01, 0.99), min_size=1, max_size=8),
    st.floats(0.001, 0.3),
    st.sampled_from(["OBF", "Pocock"]),
)
def test_all_alpha_is_spent_and_no_more(inner, alpha, spending):
    t = np.unique(np.round([*inner, 1.0], 3))
    bound = efficacy_bounds(t, alpha, spending)
    below, above = crossing_probabilities(t, -bound, bound)
    assert below == pytest.approx(above, abs=1e-12)
    assert np.cumsum(above) == pytest.approx(spent(t, alpha / 2, spending), abs=1e-9)


def test_a_hundred_looks_keep_the_error():
    t = np.arange(1, 101) / 100
    bound = efficacy_bounds(t)
    assert crossing_probabilities(t, -bound, bound).above.sum() == pytest.approx(0.025, abs=1e-10)


def test_stagewise_limits_are_those_of_ldbounds():
    # ldBounds(t), ldPower(b, conf=.95, zval=z): the drift there is that at the last look
    for t, z, low, high in (
        ([0.2, 0.4, 0.6, 0.8], 2.82, 0.660895943591, 4.7023196364),
        ([0.3, 0.6, 1.0], 1.5, -0.463861651471, 3.45879811769),
        ([0.25, 0.5, 0.75], 2.5, 0.512129597613, 4.44954223161),
    ):
        found = stagewise_inference(t, efficacy_bounds(t), z)
        scale = t[-1] ** 0.5
        assert (found.low * scale, found.high * scale) == pytest.approx((low, high), abs=1e-3)
        assert found.low < found.estimate < found.high


def test_one_look_is_a_plain_z_test():
    assert efficacy_bounds([1.0]) == pytest.approx([1.959963984540054])
    found = stagewise_inference([1.0], [1.959963984540054], 2.5)
    assert found == pytest.approx(
        (2.5, 2.5 - 1.959963984540054, 2.5 + 1.959963984540054, 0.01242), abs=1e-5
    )


def test_a_look_too_early_to_spend_anything_can_not_be_crossed():
    assert efficacy_bounds([0.01, 1.0])[0] == np.inf


@pytest.mark.parametrize(
    ("fractions", "message"),
    [
        ([], "above zero"),
        ([0.0, 1.0], "above zero"),
        ([0.5, 0.5], "increase"),
        ([0.5, 1.1, 1.4], "is the last"),
        ([np.nan], "above zero"),
    ],
)
def test_impossible_fractions(fractions, message):
    with pytest.raises(InputError, match=message):
        efficacy_bounds(fractions)


def test_impossible_options():
    with pytest.raises(InputError, match="alpha"):
        efficacy_bounds([1.0], alpha=1.0)
    with pytest.raises(InputError, match="spending"):
        efficacy_bounds([1.0], spending="OF")
    with pytest.raises(InputError, match="drift"):
        futility_bounds([1.0], [2.0], drift=0.0)
