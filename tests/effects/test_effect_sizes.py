"""What holds for effect sizes whatever the data: symmetry, units, arrays, missing values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.effects import binary, changes, continuous, correlations, rates, variability
from reprieve.effects.effect import Effect
from reprieve.effects.measures import MEASURES, effect_sizes
from reprieve.errors import InputError, UnknownWordError

means = st.floats(1, 100)
sds = st.floats(0.5, 50)
sizes = st.integers(3, 300)
two_groups = st.tuples(means, sds, sizes, means, sds, sizes)
tables = st.tuples(st.integers(0, 30), st.integers(30, 90), st.integers(0, 30), st.integers(30, 90))

BY_MEANS = {
    "MD": continuous.mean_difference,
    "SMD": continuous.standardized_mean_difference,
    "SMDH": continuous.standardized_mean_difference_unequal,
    "ROM": continuous.ratio_of_means,
    "CVR": variability.log_cv_ratio,
    "D2OR": continuous.log_odds_ratio_from_means,
    "RPB": correlations.point_biserial,
    "RBIS": correlations.biserial,
}
BY_EVENTS = {
    "OR": binary.odds_ratio,
    "RR": binary.risk_ratio,
    "RD": binary.risk_difference,
    "PETO": binary.peto_odds_ratio,
    "AS": binary.arcsine_difference,
    "PBIT": binary.probit_difference,
    "PHI": correlations.phi,
    "YUQ": correlations.yule,
    "OR2D": binary.smd_from_odds_ratio,
}


@pytest.mark.parametrize("measure", BY_MEANS)
@given(groups=two_groups)
def test_swapping_arms_turns_the_sign(measure: str, groups: tuple[float, ...]) -> None:
    there, back = BY_MEANS[measure](*groups), BY_MEANS[measure](*groups[3:], *groups[:3])
    assert there.estimate == pytest.approx(-back.estimate, abs=1e-9)
    assert there.variance == pytest.approx(back.variance)


@pytest.mark.parametrize("measure", BY_EVENTS)
@given(table=tables)
def test_swapping_arms_turns_the_sign_of_events(measure: str, table: tuple[int, ...]) -> None:
    there, back = BY_EVENTS[measure](*table), BY_EVENTS[measure](*table[2:], *table[:2])
    np.testing.assert_allclose(there.estimate, -back.estimate, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(there.variance, back.variance, rtol=1e-9)


@pytest.mark.parametrize("measure", ["OR", "PETO", "YUQ", "PHI", "RD"])
@given(table=tables)
def test_counting_the_others_turns_the_sign(measure: str, table: tuple[int, ...]) -> None:
    x1, n1, x2, n2 = table
    there, back = BY_EVENTS[measure](*table), BY_EVENTS[measure](n1 - x1, n1, n2 - x2, n2)
    np.testing.assert_allclose(there.estimate, -back.estimate, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("measure", ["SMD", "SMDH", "D2OR", "RPB"])
@given(groups=two_groups, shift=st.floats(-50, 50), unit=st.floats(0.1, 10))
def test_standardised_effects_know_no_unit(
    measure: str, groups: tuple[float, ...], shift: float, unit: float
) -> None:
    m1, s1, n1, m2, s2, n2 = groups
    moved = (m1 * unit + shift, s1 * unit, n1, m2 * unit + shift, s2 * unit, n2)
    ours, theirs = BY_MEANS[measure](*groups), BY_MEANS[measure](*moved)
    assert ours.estimate == pytest.approx(theirs.estimate, abs=1e-7)
    assert ours.variance == pytest.approx(theirs.variance, abs=1e-7)


@given(groups=two_groups, unit=st.floats(0.1, 10))
def test_ratios_know_no_unit_and_differences_carry_it(
    groups: tuple[float, ...], unit: float
) -> None:
    m1, s1, n1, m2, s2, n2 = groups
    scaled = (m1 * unit, s1 * unit, n1, m2 * unit, s2 * unit, n2)
    for measure in ("ROM", "CVR"):
        assert BY_MEANS[measure](*groups).estimate == pytest.approx(
            BY_MEANS[measure](*scaled).estimate, abs=1e-9
        )
    assert continuous.mean_difference(*scaled).estimate == pytest.approx(unit * (m1 - m2), abs=1e-9)
    assert continuous.mean_difference(*scaled).variance == pytest.approx(
        unit**2 * continuous.mean_difference(*groups).variance
    )


def _sample(rng: np.random.Generator, k: int) -> dict[str, np.ndarray]:
    n1, n2 = rng.integers(10, 80, k), rng.integers(10, 80, k)
    return {
        "m1i": rng.uniform(5, 50, k),
        "m2i": rng.uniform(5, 50, k),
        "sd1i": rng.uniform(1, 9, k),
        "sd2i": rng.uniform(1, 9, k),
        "n1i": n1,
        "n2i": n2,
        "ai": rng.binomial(n1, 0.2),
        "ci": rng.binomial(n2, 0.3),
        "x1i": rng.poisson(4, k),
        "x2i": rng.poisson(4, k),
        "t1i": rng.uniform(20, 90, k),
        "t2i": rng.uniform(20, 90, k),
        "xi": rng.binomial(9, 0.3, k),
        "ti": rng.uniform(20, 90, k),
        "ni": rng.integers(10, 60, k),
        "ri": rng.uniform(-0.8, 0.8, k),
        "mi": rng.uniform(5, 50, k),
        "sdi": rng.uniform(1, 9, k),
    }


@pytest.mark.parametrize("measure", MEASURES)
def test_arrays_do_what_a_loop_does(measure: str) -> None:
    data = {
        name: column
        for name, column in _sample(np.random.default_rng(7), 8).items()
        if name in MEASURES[measure].columns
    }
    together = effect_sizes(measure, **data)
    for i in range(8):
        alone = effect_sizes(measure, **{name: column[i] for name, column in data.items()})
        np.testing.assert_allclose(together.estimate[i], alone.estimate, rtol=1e-14)
        np.testing.assert_allclose(together.variance[i], alone.variance, rtol=1e-14)
    grid = effect_sizes(measure, **{n: np.reshape(column, (2, 4)) for n, column in data.items()})
    np.testing.assert_array_equal(grid.estimate.ravel(), together.estimate)


@pytest.mark.parametrize("measure", MEASURES)
def test_missing_input_gives_missing_effects(measure: str) -> None:
    full = {
        name: column.astype(float)
        for name, column in _sample(np.random.default_rng(3), 3).items()
        if name in MEASURES[measure].columns
    }
    for name in full:
        holed = {key: column.copy() for key, column in full.items()}
        holed[name][1] = np.nan
        effect = effect_sizes(measure, **holed)
        complete = np.isfinite(effect.estimate) & np.isfinite(effect.variance)
        np.testing.assert_array_equal(complete, [True, False, True], err_msg=name)


@pytest.mark.parametrize("vtype", ["AV", "AVHO"])
def test_averages_run_over_the_studies_of_one_analysis(vtype: str) -> None:
    """The last axis holds the studies: two analyses at once are the two alone."""
    rng = np.random.default_rng(5)
    data = {
        name: np.reshape(column, (2, 4))
        for name, column in _sample(rng, 8).items()
        if name in MEASURES["ROM"].columns
    }
    both = effect_sizes("ROM", vtype=vtype, **data)
    for i in range(2):
        alone = effect_sizes("ROM", vtype=vtype, **{n: column[i] for n, column in data.items()})
        np.testing.assert_allclose(both.variance[i], alone.variance)


def test_if0all_looks_at_one_analysis_only() -> None:
    events = np.array([[0, 3], [2, 3]])
    effect = binary.odds_ratio(events, 10, 4, 10, to="if0all")
    alone = binary.odds_ratio([2, 3], 10, 4, 10, to="none")
    np.testing.assert_allclose(effect.estimate[1], alone.estimate)
    corrected = binary.odds_ratio([0, 3], 10, 4, 10, to="all")
    np.testing.assert_allclose(effect.estimate[0], corrected.estimate)


def test_zeros_without_correction_can_not_be_estimated() -> None:
    for compute in (binary.odds_ratio, binary.risk_ratio):
        effect = compute([0, 2], 10, [3, 3], 10, to="none")
        np.testing.assert_array_equal(np.isnan(effect.estimate), [True, False])
        np.testing.assert_array_equal(np.isnan(effect.variance), [True, False])
    assert np.isnan(binary.peto_odds_ratio(0, 10, 0, 10, to="none").estimate)
    assert np.isnan(rates.rate_ratio(0, 10, 2, 10, to="none").estimate)


def test_peto_by_the_handbook() -> None:
    """Cochrane Handbook 10.4.2: exp((O − E)/V), and no correction for one zero."""
    expected = 100 * 3 / 200
    variance = 100 * 100 * 3 * 197 / (200**2 * 199)
    effect = binary.peto_odds_ratio(0, 100, 3, 100, to="none")
    assert effect.estimate == pytest.approx((0 - expected) / variance)
    assert effect.variance == pytest.approx(1 / variance)


def test_double_zeros_can_be_dropped() -> None:
    effect = binary.risk_difference([0, 10, 1], 10, [0, 10, 1], 10, drop00=True)
    np.testing.assert_array_equal(np.isnan(effect.estimate), [True, True, False])
    effect = rates.rate_difference([0, 1], 10, [0, 1], 10, drop00=True)
    np.testing.assert_array_equal(np.isnan(effect.estimate), [True, False])


def test_pooled_variance_equals_separate_when_groups_are_alike() -> None:
    own = continuous.mean_difference(3, 2, 20, 4, 2, 30)
    shared = continuous.mean_difference(3, 2, 20, 4, 2, 30, vtype="HO")
    assert own.variance == pytest.approx(shared.variance)


def test_hedges_g_has_no_bias_and_its_variance_is_right() -> None:
    """The mean of g over many small trials is the truth; its spread is the UB variance."""
    rng = np.random.default_rng(11)
    n, truth, trials = 8, -0.7, 60_000
    one, two = rng.normal(truth, 1, (trials, n)), rng.normal(0, 1, (trials, n))
    effect = continuous.standardized_mean_difference(
        one.mean(1), one.std(1, ddof=1), n, two.mean(1), two.std(1, ddof=1), n, vtype="UB"
    )
    assert effect.estimate.mean() == pytest.approx(truth, abs=0.01)
    assert effect.variance.mean() == pytest.approx(effect.estimate.var(), rel=0.03)
    without = continuous.standardized_mean_difference(
        one.mean(1), one.std(1, ddof=1), n, two.mean(1), two.std(1, ddof=1), n, correct=False
    )
    assert without.estimate.mean() < truth - 0.02


def test_correction_is_not_defined_for_one_degree_of_freedom() -> None:
    assert np.isnan(continuous.hedges_correction(1))
    assert continuous.hedges_correction(1e6) == pytest.approx(1, abs=1e-6)


def test_small_correlations_have_no_variance() -> None:
    assert np.isnan(correlations.correlation(0.5, 3, scale="raw").variance)
    assert np.isnan(correlations.correlation(0.5, 4, scale="unbiased").estimate)
    assert np.isfinite(correlations.correlation(0.5, 5, scale="unbiased").estimate)


@pytest.mark.parametrize("n", [41.0, 42.0, 43.0])
def test_unbiased_correlation_is_smooth_where_its_series_takes_over(n: float) -> None:
    """At n = 42 the computation changes; both sides follow Olkin and Pratt's approximation."""
    found = correlations.correlation(0.3, n, scale="unbiased").estimate
    assert found == pytest.approx(0.3 * (1 + (1 - 0.09) / (2 * (n - 4))), rel=5e-4)


def test_change_with_one_sd_is_free_of_the_other() -> None:
    alone = changes.mean_change_in_first_sd(30, 7, 24, 20, 0.5)
    unequal = changes.mean_change_in_first_sd(30, 7, 24, 20, 0.5, sd2=8)
    assert alone.estimate == unequal.estimate
    assert alone.variance != unequal.variance


def test_effect_unpacks_and_knows_its_standard_error() -> None:
    estimate, variance = Effect.of([1.0, np.inf], 4.0)
    assert estimate[0] == 1
    assert np.isnan(estimate[1])
    assert np.isnan(variance[1])
    assert Effect.of(1.0, 4.0).standard_error == 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: continuous.mean_difference(1, [2, -2], 9, 1, 2, 9), r"sd1\[1\] is -2"),
        (lambda: continuous.mean_difference(1, 2, 9, 1, 2, 1), "n2 is 1; expected at least 2"),
        (lambda: continuous.ratio_of_means([1, -1], 2, 9, 3, 2, 9), r"mean1/mean2\[1\] is -0.33"),
        (lambda: continuous.mean(0, 1, 9, scale="log"), "mean is 0"),
        (lambda: variability.log_cv_ratio(-1, 2, 9, -1, 2, 9), "mean1 is -1"),
        (lambda: binary.odds_ratio(11, 10, 1, 10), "events1 is 11; expected no more events than"),
        (lambda: binary.odds_ratio(1, 10, -1, 10), "events2 is -1; expected a count"),
        (lambda: rates.rate(1, 0), "time is 0; expected a number above zero"),
        (lambda: changes.mean_change(1, 1, 1, 1, 9, 1.1), "correlation is 1.1"),
        (lambda: changes.ratio_of_means_change(1, 1, -1, 1, 9, 0), "mean1/mean2 is -1"),
        (lambda: correlations.correlation(-2, 10), "r is -2; expected a correlation"),
        (lambda: binary.proportion([[1, 2], [3, 99]], 9), r"events\[1, 1\] is 99"),
    ],
)
def test_impossible_input_is_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


def test_unknown_words_are_refused() -> None:
    with pytest.raises(UnknownWordError, match="did you mean 'only0'"):
        binary.odds_ratio(1, 9, 1, 9, to="only")
    with pytest.raises(UnknownWordError):
        binary.proportion(1, 9, scale="sqrt")


def test_polars_columns_with_gaps() -> None:
    import polars as pl

    frame = pl.DataFrame({"m": [30.0, None], "sd": [7.0, 8.0], "n": [20, None]})
    effect = continuous.mean(frame["m"], frame["sd"], frame["n"])
    np.testing.assert_array_equal(np.isnan(effect.estimate), [False, True])
