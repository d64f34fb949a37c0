"""Means and standard deviations recovered from other statistics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import t

from reprieve.effects import quantiles, recover
from reprieve.errors import InputError

sds = st.floats(0.1, 100)
sizes = st.integers(2, 5000)
correlations = st.floats(-1, 1)


def test_handbook_t_and_p_example() -> None:
    """Cochrane Handbook 6.5.2.3: difference 3.8, p = 0.008, 25 and 22 people."""
    assert recover.se_from_p(3.8, 0.008, df=45) == pytest.approx(1.37, abs=0.005)
    assert recover.sd_from_p(3.8, 0.008, 25, 22) == pytest.approx(4.69, abs=0.01)
    assert recover.sd_from_t(3.8, -2.78, 25, 22) == pytest.approx(4.69, abs=0.02)


def test_handbook_change_example() -> None:
    """Cochrane Handbook 5.1, 16.4.6.4: SDs 2.38 and 2.21, correlation 0.68, ten people."""
    assert recover.sd_of_change(2.38, 2.21, 0.68) / 10**0.5 == pytest.approx(0.583, abs=5e-4)


def test_interval_of_25_people_uses_t() -> None:
    """Cochrane Handbook 6.5.2.2: 2 × 2.0639 takes the place of 3.92."""
    assert recover.sd_from_ci(10, 10 + 2 * 2.0639 * 0.8, 25) == pytest.approx(4.0, rel=1e-4)


def test_se_from_ci_without_df_is_normal() -> None:
    assert recover.se_from_ci(0, 3.92) == pytest.approx(1.0, rel=1e-4)
    assert recover.se_from_ci(0, 3.29, level=0.9) == pytest.approx(1.0, rel=1e-3)
    assert recover.se_from_p(1.96, 0.05) == pytest.approx(1.0, rel=1e-4)


@given(sds, sizes)
def test_se_and_back(sd: float, n: int) -> None:
    assert recover.sd_from_se(sd / n**0.5, n) == pytest.approx(sd)


@given(st.floats(-50, 50), sds, sizes, st.floats(0.5, 0.999))
def test_interval_and_back(mean: float, sd: float, n: int, level: float) -> None:
    low, high = t.interval(level, n - 1, mean, sd / n**0.5)
    assert recover.sd_from_ci(low, high, n, level) == pytest.approx(sd, rel=1e-6)


@given(st.floats(0.5, 50), sds, st.integers(2, 200), st.integers(2, 200))
def test_t_and_p_give_the_same_sd(difference: float, sd: float, n1: int, n2: int) -> None:
    statistic = difference / (sd * (1 / n1 + 1 / n2) ** 0.5)
    p = 2 * t.sf(statistic, n1 + n2 - 2)
    assert recover.sd_from_t(difference, statistic, n1, n2) == pytest.approx(sd)
    if 1e-12 < p < 1:
        assert recover.sd_from_p(-difference, p, n1, n2) == pytest.approx(sd, rel=1e-3)


@given(sds, sds, correlations)
def test_correlation_and_back(before: float, after: float, r: float) -> None:
    change = recover.sd_of_change(before, after, r)
    if change > 1e-3:
        assert recover.correlation_from_sds(before, after, change) == pytest.approx(r, abs=1e-6)


def test_impossible_correlation_is_refused() -> None:
    with pytest.raises(InputError, match="must lie between the difference and the sum"):
        recover.correlation_from_sds(3, 4, 20)


def test_perfect_correlation_leaves_no_rounding_below_zero() -> None:
    assert recover.sd_of_change(0.1, 0.1, 1.0) == 0.0


@given(st.floats(-20, 20), st.floats(1, 20), st.integers(5, 500))
def test_quantiles_of_a_normal_give_it_back(mean: float, sd: float, n: int) -> None:
    """At the expected order statistics (Blom) the estimates are exact by construction."""
    quartile = sd * ndtri((0.75 * n - 0.125) / (n + 0.25))
    end = sd * ndtri((n - 0.375) / (n + 0.25))
    q1, q3, low, high = mean - quartile, mean + quartile, mean - end, mean + end
    assert quantiles.sd_from_quartiles(q1, q3, n) == pytest.approx(sd)
    assert quantiles.sd_from_range(low, high, n) == pytest.approx(sd)
    assert quantiles.sd_from_five_numbers(low, q1, q3, high, n) == pytest.approx(sd)
    assert quantiles.mean_from_quartiles(q1, mean, q3, n) == pytest.approx(mean)
    assert quantiles.mean_from_range(low, mean, high, n) == pytest.approx(mean)
    assert quantiles.mean_from_five_numbers(low, q1, mean, q3, high, n) == pytest.approx(mean)
    assert not quantiles.looks_skewed_from_five_numbers(low, q1, mean, q3, high, n)


def test_skewness_as_in_the_example_of_metafor() -> None:
    """metafor's help page of conv.fivenum: only the third of these data sets looks skewed."""
    assert not quantiles.looks_skewed_from_range(2, 6, 14, 20)
    assert not quantiles.looks_skewed_from_quartiles(4, 6, 10, 20)
    assert quantiles.looks_skewed_from_five_numbers(2, 4, 6, 14, 20, 20)
    assert not quantiles.looks_skewed_from_five_numbers(2, 4, 6, 10, 14, 20)


def test_skewness_tests_keep_their_level() -> None:
    """About 5% of normal samples look skewed; samples of a skewed distribution mostly do."""
    rng = np.random.default_rng(1)
    for draw, low, high in ((rng.standard_normal, 0.02, 0.08), (rng.standard_exponential, 0.4, 1)):
        samples = draw((4000, 101))
        five = np.quantile(samples, [0, 0.25, 0.5, 0.75, 1], axis=1)
        found = quantiles.looks_skewed_from_five_numbers(*five, 101).mean()
        assert low < found <= high


def test_tied_quartiles_are_not_called_skewed() -> None:
    assert not quantiles.looks_skewed_from_quartiles(3, 3, 3, 30)
    assert quantiles.sd_from_quartiles(3, 3, 30) == 0


def test_missing_values_pass() -> None:
    assert np.isnan(recover.sd_from_se([np.nan, None], 10)).all()
    assert np.isnan(recover.sd_from_ci(1, np.nan, 10))
    assert np.isnan(quantiles.mean_from_quartiles(1, 2, 3, np.nan))
    assert not quantiles.looks_skewed_from_range(1, np.nan, 3, 20)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: recover.sd_from_se([1, 0], 9), r"se\[1\] is 0; expected a number above zero"),
        (lambda: recover.sd_from_se(1, 1), "n is 1; expected at least 2 people"),
        (lambda: recover.sd_from_ci(3, [4, 2], 9), r"high\[1\] is 2; expected at least low"),
        (lambda: recover.se_from_p(1, 1.2), "p is 1.2; expected a number between 0 and 1"),
        (lambda: recover.sd_from_t(1, 0, 9, 9), "t is 0; expected a statistic other than zero"),
        (lambda: recover.sd_of_change(1, 1, 2), "correlation is 2; expected"),
        (lambda: quantiles.mean_from_quartiles(2, 1, 3, 9), "median is 1; expected at least q1"),
        (lambda: quantiles.sd_from_quartiles(1, 2, 4), "n is 4; expected at least 5 people"),
        (lambda: recover.sd_from_se("x", 4), "se holds something that is not a number"),
        (
            lambda: quantiles.sd_from_five_numbers([1, 1], [2, np.nan], [3, 0.5], 4, 9),
            r"q3\[1\] is 0.5; expected at least minimum, which is 1",
        ),
    ],
)
def test_impossible_input_is_named(call: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
