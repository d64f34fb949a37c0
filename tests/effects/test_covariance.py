"""Covariances within a trial: against published numbers and simulation, and impossible ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.effects import covariance
from reprieve.effects.continuous import mean_difference, standardized_mean_difference
from reprieve.effects.measures import effect_sizes
from reprieve.errors import InputError


def test_gleser_olkin_standardised_differences() -> None:
    """Gleser & Olkin 2009, pages 364–367: four trials, some with two treatments and one control.

    Generalised least squares with these blocks gives the published estimates (2.3743, 1.5702),
    their covariance matrix and the heterogeneity statistic 3.9447.
    """
    trials = [
        ((7.87, 4.35), -1.36, 4.2593, (25, 22), 25),
        ((9.32,), 0.98, 2.8831, (38,), 40),
        ((8.08,), 1.17, 3.1764, (50,), 50),
        ((7.44, 5.34), 0.45, 2.9344, (30, 30), 30),
    ]
    information, weighted, squares = np.zeros((2, 2)), np.zeros(2), 0.0
    for treated, control, sd, n1, n2 in trials:
        d = (np.array(treated) - control) / sd
        k = len(d)
        V = covariance.smd_covariance(
            list(range(k)), ["control"] * k, n1, n2, d, n_total=sum(n1) + n2
        )
        X, W = np.eye(2)[:k], np.linalg.inv(V)
        information += X.T @ W @ X
        weighted += X.T @ W @ d
        squares += d @ W @ d
    estimates = np.linalg.solve(information, weighted)
    assert estimates == pytest.approx([2.3743, 1.5702], abs=5e-5)
    assert np.linalg.inv(information) == pytest.approx(
        np.array([[0.02257, 0.01244], [0.01244, 0.03554]]), abs=5e-6
    )
    assert squares - estimates @ weighted == pytest.approx(3.9447, abs=5e-5)


@pytest.mark.parametrize(
    ("measure", "group", "estimates", "heterogeneity"),
    [
        ("RD", "PR", [0.0200, 0.0043, 0.0211], 7.1907),
        ("OR", "PLO", [0.5099, 0.0044, 0.4301], 2.0563),
        ("RR", "PLN", [0.4875, 0.0006, 0.4047], 1.8954),
        ("AS", "PAS", [0.1010 / 2, 0.0102 / 2, 0.0982 / 2], 4.2634),
    ],
)
def test_gleser_olkin_events(
    measure: str, group: str, estimates: list[float], heterogeneity: float
) -> None:
    """Gleser & Olkin 2009, pages 358–365: control against one, two or three treatments.

    What the shared arm contributes is the variance of the effect size of one group.
    """
    trials = [
        ((40, 1000), [(100, 4000), (150, 4000)]),
        ((10, 200), [(15, 400)]),
        ((150, 2000), [(40, 1000), (80, 1000), (50, 1000)]),
    ]
    information, weighted, squares = np.zeros((3, 3)), np.zeros(3), 0.0
    for control, treated in trials:
        k = len(treated)
        y = [
            float(effect_sizes(measure, ai=control[0], n1i=control[1], ci=x, n2i=n).estimate)
            for x, n in treated
        ]
        own = [effect_sizes(group, xi=x, ni=n).variance for x, n in treated]
        shared = effect_sizes(group, xi=control[0], ni=control[1]).variance
        V = covariance.study_covariance(["control"] * k, list(range(k)), shared, own)
        X, W = np.eye(3)[:k], np.linalg.inv(V)
        information += X.T @ W @ X
        weighted += X.T @ W @ y
        squares += y @ W @ np.array(y)
    found = np.linalg.solve(information, weighted)
    assert found == pytest.approx(estimates, abs=6e-5)
    assert squares - found @ weighted == pytest.approx(heterogeneity, abs=5e-4)


def _three_arms(
    rng: np.random.Generator, trials: int, months: np.ndarray, rho: np.ndarray, n: list[int]
) -> list[np.ndarray]:
    """People of arms with true means 0.8, 0.5 and 0 in SDs, measured in each month."""
    root = np.linalg.cholesky(rho)
    return [
        truth + rng.standard_normal((trials, size, len(months))) @ root.T
        for truth, size in zip((0.8, 0.5, 0.0), n, strict=True)
    ]


def test_simulated_trials_have_these_covariances() -> None:
    """Two treatments, one control, two months: four mean differences of the same people."""
    rng = np.random.default_rng(2)
    months, n = np.array([3.0, 6.0]), [12, 15, 20]
    rho = covariance.month_correlation(months, 0.85, "decay")
    a, b, c = (arm.mean(axis=1) for arm in _three_arms(rng, 60_000, months, rho, n))
    y = np.concatenate([a - c, b - c], axis=1)
    V = covariance.study_covariance(
        ["a", "a", "b", "b"],
        ["c"] * 4,
        [1 / 12, 1 / 12, 1 / 15, 1 / 15],
        1 / 20,
        covariance.month_correlation([3, 6, 3, 6], 0.85, "decay"),
    )
    np.testing.assert_allclose(np.cov(y.T), V, atol=0.003)


def test_simulated_standardised_differences_have_these_covariances() -> None:
    rng = np.random.default_rng(4)
    months, n = np.array([3.0, 6.0]), [60, 60, 60]
    rho = covariance.month_correlation(months, 0.6)
    arms = _three_arms(rng, 8_000, months, rho, n)
    sd = np.sqrt(sum(arm.var(axis=1, ddof=1) for arm in arms) / 3)
    a, b, c = (arm.mean(axis=1) / sd for arm in arms)
    y = np.concatenate([a - c, b - c], axis=1)
    V = covariance.smd_covariance(
        ["a", "a", "b", "b"],
        ["c"] * 4,
        60,
        60,
        [0.8, 0.8, 0.5, 0.5],
        180,
        covariance.month_correlation([3, 6, 3, 6], 0.6),
    )
    np.testing.assert_allclose(np.cov(y.T), V, atol=0.0025)


def test_diagonal_is_the_variance_of_each_effect() -> None:
    V = covariance.study_covariance(["a", "b"], ["c", "c"], [4 / 20, 9 / 30], 16 / 25)
    one = mean_difference([1, 1], [2, 3], [20, 30], 1, 4, 25)
    np.testing.assert_allclose(np.diag(V), one.variance)
    assert V[0, 1] == pytest.approx(16 / 25)
    S = covariance.smd_covariance(["a"], ["c"], 20, 25, 0.5, 45)
    g = standardized_mean_difference(0.5, 1, 20, 0, 1, 25, correct=False)
    assert S[0, 0] == pytest.approx(g.variance)


def test_an_arm_on_both_sides_makes_effects_move_apart() -> None:
    V = covariance.study_covariance(["a", "b"], ["b", "c"], [4, 5], [5, 3])
    np.testing.assert_allclose(V, [[9, -5], [-5, 8]])


def test_arms_that_are_not_shared_leave_effects_independent() -> None:
    V = covariance.study_covariance(["a", "b"], ["c", "d"], 1, 1)
    np.testing.assert_allclose(V, [[2, 0], [0, 2]])


@given(
    st.lists(st.floats(0.01, 9), min_size=2, max_size=6),
    st.floats(0.01, 9),
    st.floats(0, 0.99),
)
def test_blocks_are_always_possible(own: list[float], shared: float, rho: float) -> None:
    k = len(own)
    V = covariance.study_covariance(
        list(range(k)), ["c"] * k, own, shared, covariance.month_correlation(range(k), rho)
    )
    assert (np.linalg.eigvalsh(V) > 0).all()
    np.testing.assert_allclose(
        covariance.study_covariance(list(range(k)), ["c"] * k, own, shared),
        covariance.covariance_block(np.array(own) + shared, shared),
    )


def test_closed_loop_is_refused() -> None:
    with pytest.raises(InputError, match="Leave out effects that follow from others"):
        covariance.study_covariance(["a", "b", "a"], ["c", "c", "b"], [1, 2, 1], [3, 3, 2])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: covariance.covariance_block([1, 1], 2), "these covariances are not possible"),
        (lambda: covariance.covariance_block([1, 1], [[1, 0.5], [0.2, 1]]), "not symmetric"),
        (lambda: covariance.covariance_block([1, np.nan], 0.1), "is missing"),
        (lambda: covariance.covariance_block([1, 0], 0.1), r"variances\[1\] is 0"),
        (lambda: covariance.study_covariance(["a"], ["b", "c"], 1, 1), "one label for each"),
        (lambda: covariance.study_covariance(["a", "b"], ["c", "b"], 1, 1), "effect 1 compares"),
        (lambda: covariance.month_correlation([1, 2], -0.5, "decay"), "0 or more"),
    ],
)
def test_impossible_input_is_named(call: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
