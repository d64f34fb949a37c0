"""The stopping rule: the published formula, its exactness on random samples, and its words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from reprieve.errors import InputError
from reprieve.living.screening import assess


def _published(labels, total, target):
    """Callaghan & Müller-Hansen 2020, with every run of the last records tried."""
    labels = np.array(labels)
    found, smallest = labels.sum(), 1.0
    for size in range(1, len(labels) + 1):
        lately = labels[-size:].sum()
        # as many relevant ones must have been in the urn for recall to be below the target
        at_least = np.floor(found / target + 1 - (found - lately))
        urn = total - (len(labels) - size)
        if at_least > urn:
            smallest = 0.0
        else:
            smallest = min(smallest, hypergeom.cdf(lately, urn, at_least, size))
    return smallest


screened = st.lists(st.integers(0, 1), min_size=1, max_size=60)


@given(screened, st.integers(1, 80), st.sampled_from([0.8, 0.9, 0.95]))
def test_the_published_formula(labels, left, target):
    said = assess(labels, len(labels) + left, target=target)
    assert said.p == pytest.approx(_published(labels, len(labels) + left, target), abs=1e-9)
    assert said.stop == (said.p < 0.05)


@given(screened, st.integers(0, 80))
def test_the_statement_is_what_the_rule_does_not_refuse(labels, left):
    total = len(labels) + left
    said = assess(labels, total)
    assert 0 <= said.missed <= said.missed_at_most <= left
    if said.recall is not None:
        assert said.recall_at_least <= said.recall <= 1
    if said.stop and said.found:
        assert said.recall_at_least >= said.target - 1e-9


@given(screened, st.integers(0, 40))
def test_another_irrelevant_record_never_makes_it_less_sure(labels, left):
    total = len(labels) + left + 1
    assert assess([*labels, 0], total).p <= assess(labels, total).p + 1e-12


def test_a_random_sample_by_hand():
    """None relevant among 11 of 20 left: m missed escape with C(20 − m, 11) / C(20, 11)."""
    said = assess([1] * 19 + [0] * 11, total=39, random_from=19)
    assert said.p == pytest.approx(31824 / 167960)  # of 19 found, one missed is 95 % still
    assert said.missed == 0  # one missed: 75582 / 167960 = 0.45
    assert said.missed_at_most == 3  # three: 0.074; four: 4368 / 167960 = 0.026
    assert not said.stop


def test_the_bound_from_a_random_sample_holds_as_often_as_promised():
    """A sample at random: at most 5 % of the bounds may be false, whatever has been missed."""
    rng = np.random.default_rng(7)
    for missed in (1, 5, 20):
        left = np.zeros(300, dtype=int)
        left[:missed] = 1
        false = 0
        for _ in range(300):
            sample = rng.permutation(left)[:120]
            said = assess([*([1] * 50), *sample], 350, random_from=50)
            false += said.missed_at_most < missed - sample.sum()
        assert false / 300 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


def test_the_end_is_the_end():
    said = assess([0, 1, 0, 0], total=4)
    assert said.stop
    assert said.recall_at_least == 1
    assert "Nothing is left" in str(said)


def test_nothing_found_says_nothing():
    said = assess([0, 0], total=10)
    assert said.recall is None
    assert "too early" in str(said)
    assert assess([], total=10).p == 1


def test_where_nothing_relevant_can_be_left_it_is_not_too_early():
    assert str(assess([0] * 10, total=10)) == (
        "10 of 10 records screened, 0 relevant. Nothing is left to screen."
    )
    said = assess([0] * 480, total=500)
    assert said.stop
    assert "0 relevant. Screening may stop" in str(said)


def test_words_round_recall_down():
    said = assess([1] * 70 + [0] * 360, total=500)
    assert said.recall_at_least == pytest.approx(70 / 71)
    assert "at least 98 %" in str(said)
    assert "may stop" in str(said)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"screened": [1, 0], "total": 1}, "only 1 in total"),
        ({"screened": [2], "total": 5}, "relevant \\(1\\) or not \\(0\\)"),
        ({"screened": [1], "total": 5, "target": 95}, "target is 95"),
        ({"screened": [1], "total": 5, "confidence": 0}, "confidence is 0"),
        ({"screened": [1], "total": 5, "random_from": 3}, "random_from is 3"),
    ],
)
def test_what_makes_no_sense_is_refused(bad, says):
    with pytest.raises(InputError, match=says):
        assess(**bad)
