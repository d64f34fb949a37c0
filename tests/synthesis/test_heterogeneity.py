import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis.core import cochran_q, fit_batch, fit_mean
from reprieve.synthesis.heterogeneity import (
    COMMON,
    GENERALISED_Q,
    LIKELIHOOD,
    METHODS,
    estimate_tau2,
    log_likelihood,
    standard_error_tau2,
    upper_bound,
)
from reprieve.synthesis.least_squares import LeastSquares

ESTIMATED = [m for m in METHODS if m not in (*COMMON, "GENQ")]


def make(n, k, seed=0, spread=1.0):
    rng = np.random.default_rng(seed)
    v = rng.uniform(0.02, 0.6, (n, k))
    y = 0.4 + rng.normal(size=(n, k)) * np.sqrt(v + spread * rng.uniform(0, 0.5, (n, 1)))
    return y, v


@st.composite
def studies(draw, least=3, most=12):
    k = draw(st.integers(least, most))
    y = draw(arrays(float, k, elements=st.floats(-5, 5).map(lambda x: round(x, 3))))
    v = draw(arrays(float, k, elements=st.floats(0.01, 3).map(lambda x: round(x, 3))))
    return y, v


@pytest.mark.parametrize("method", ESTIMATED)
def test_batch_equals_one_by_one(method):
    y, v = make(40, 7)
    together = estimate_tau2(y, v, method=method)
    alone = [fit_mean(a, b, method, "z")[2] for a, b in zip(y, v, strict=True)]
    np.testing.assert_allclose(together, alone, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", ESTIMATED)
def test_a_column_of_ones_is_no_design(method):
    y, v = make(20, 6, seed=1)
    ones = np.ones((6, 1))
    np.testing.assert_allclose(
        estimate_tau2(y, v, ones, method=method),
        estimate_tau2(y, v, method=method),
        rtol=1e-9,
        atol=1e-12,
    )


@pytest.mark.parametrize("method", ESTIMATED)
def test_mask_equals_leaving_out(method):
    y, v = make(1, 8, seed=2)
    y, v = y[0], v[0]
    x = np.column_stack([np.ones(8), np.linspace(0, 1, 8)])
    used = ~np.eye(8, dtype=bool)
    spoiled = np.where(used, y, np.nan)
    for X in (None, x):
        batch = estimate_tau2(spoiled, v, X, method=method, used=used)
        se = standard_error_tau2(batch, spoiled, v, X, method=method, used=used)
        for i in range(8):
            rest = np.flatnonzero(used[i])
            part = None if X is None else X[rest]
            alone = estimate_tau2(y[rest], v[rest], part, method=method)
            assert batch[i] == pytest.approx(alone, rel=1e-9, abs=1e-12)
            assert se[i] == pytest.approx(
                standard_error_tau2(alone, y[rest], v[rest], part, method=method), rel=1e-9
            )


def test_leave_one_out_equals_metafor(reference):
    compared = 0
    for data in reference("metafor/pairwise").values():
        y, v = np.array(data["yi"]), np.array(data["vi"])
        used = ~np.eye(len(y), dtype=bool)
        for method in ("DL", "REML", "EE"):
            expected = data["leave1out"][method]
            if "error" in expected:
                continue
            fits = fit_batch(y, v, method=method, test="z", used=used)
            q = cochran_q(y, v, used=used)
            found = {"estimate": fits.beta[:, 0], "se": fits.se[:, 0], "Q": q.Q}
            if method != "EE":
                found |= {
                    "tau2": fits.tau2,
                    "I2": 100 * fits.tau2 / (fits.tau2 + q.typical_variance),
                    "H2": 1 + fits.tau2 / q.typical_variance,
                }
            for what, values in found.items():
                np.testing.assert_allclose(values, expected[what], rtol=1e-7, atol=1e-8)
            compared += 1
    assert compared >= 40


def test_log_likelihood_equals_metafor(reference):
    for data in reference("metafor/pairwise").values():
        y, v = np.array([data["yi"]]), np.array([data["vi"]])
        fixed = data["fixed_tau2_loglik"]
        for method in LIKELIHOOD:
            for tau2, expected in zip(fixed["tau2"], fixed[method], strict=True):
                found = log_likelihood(LeastSquares(y, v), np.array([tau2]), method)[0]
                assert found == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("method", LIKELIHOOD)
@pytest.mark.parametrize("moderator", [False, True])
def test_no_tau2_is_likelier(method, moderator):
    y, v = make(60, 6, seed=3, spread=2.0)
    v[:, 0] /= 500  # a dominant study invites several maxima
    X = np.column_stack([np.ones(6), np.arange(6.0)]) if moderator else None
    best = estimate_tau2(y, v, X, method=method)
    batch = LeastSquares(y, v, X)
    top = upper_bound(batch, method)
    height = log_likelihood(batch, best, method)
    for share in np.linspace(0, 1, 400) ** 3:
        assert (log_likelihood(batch, share * top, method) <= height + 1e-9).all()
    assert (best <= top * (1 + 1e-9)).all()


def maxima(y, v):
    batch = LeastSquares(y[None], v[None])
    grid = np.linspace(0, 1, 20_000) ** 3 * upper_bound(batch, "REML")[0]
    same = LeastSquares(np.tile(y, (len(grid), 1)), np.tile(v, (len(grid), 1)))
    heights = log_likelihood(same, grid, "REML")
    places = [0] if heights[0] > heights[1] else []
    inner = (heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])
    places += (np.flatnonzero(inner) + 1).tolist()
    return grid[places], heights[places]


@pytest.mark.parametrize(
    ("y", "v", "at_zero"),
    [
        ([2.63, -2.96, -0.15, -0.44], [2.19723, 1.8691, 0.33878, 0.13804], False),
        ([2.58, -2.9, -0.15, -0.43], [2.19723, 1.8691, 0.33878, 0.13804], True),
    ],
)
def test_the_higher_of_two_maxima_is_taken(y, v, at_zero):
    y, v = np.array(y), np.array(v)
    places, heights = maxima(y, v)
    assert len(places) == 2
    best = places[heights.argmax()]
    assert (best == 0) == at_zero
    assert fit_mean(y, v, "REML", "z")[2] == pytest.approx(best, abs=1e-3)
    assert estimate_tau2([y, y[::-1]], [v, v[::-1]])[1] == pytest.approx(best, abs=1e-3)


@given(studies())
@settings(max_examples=60)
def test_q_meets_its_target(data):
    y, v = data
    for method in GENERALISED_Q:
        tau2 = estimate_tau2(y, v, method=method)
        batch = LeastSquares(y[None], v[None])
        q = batch.projection(1 / (batch.v + tau2)).yPy()[0]
        target = len(y) - 1
        if method == "PMM":
            from scipy.special import chdtri

            target = chdtri(target, 0.5)
        if tau2 > 0:
            assert q == pytest.approx(target, rel=1e-7)
        else:
            assert q <= target * (1 + 1e-9)


@given(studies(), st.floats(-10, 10), st.floats(0.1, 10), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_shift_scale_and_order(data, shift, scale, random):
    y, v = data
    order = list(range(len(y)))
    random.shuffle(order)
    for method in ESTIMATED:
        plain = estimate_tau2(y, v, method=method)
        moved = estimate_tau2((y * scale + shift)[order], (v * scale**2)[order], method=method)
        assert moved == pytest.approx(scale**2 * plain, rel=1e-5, abs=1e-8 * scale**2)


def fisher_scoring(y, v, most=100, threshold=1e-5):
    """The algorithm of metafor's `rma.uni` with its defaults; None when it does not converge."""
    tau2 = max(0.0, y.var(ddof=1) - v.mean())
    for _ in range(most):
        w = 1 / (v + tau2)
        P = np.diag(w) - np.outer(w, w) / w.sum()
        step = (y @ P @ P @ y - np.trace(P)) / np.trace(P @ P)
        while tau2 + step < 0:
            step /= 2
        tau2 += step
        if abs(step) <= threshold:
            return tau2
    return None


def test_reml_where_fisher_scoring_does_not_converge():
    y = np.array([-0.08, 0.04, -0.08, -0.06, -0.18, 0.61, -0.01, 0.03, 0.02, -1.53, 0.2, -0.08])
    v = np.array([0.035, 0.097, 0.2, 0.02, 0.007, 0.21, 0.052, 0.118, 0.011, 0.399, 0.122, 0.044])
    assert fisher_scoring(y, v) is None
    batch = LeastSquares(np.tile(y, (4000, 1)), np.tile(v, (4000, 1)))
    grid = np.linspace(0, 1, 4000) ** 2 * upper_bound(batch, "REML")
    heights = log_likelihood(batch, grid, "REML")
    assert fit_mean(y, v, "REML", "z")[2] == pytest.approx(grid[heights.argmax()], abs=1e-4)


def test_fisher_scoring_agrees_where_it_converges():
    y, v = make(30, 12, seed=11)
    expected = [fisher_scoring(a, b, 5000, 1e-12) for a, b in zip(y, v, strict=True)]
    assert None not in expected
    np.testing.assert_allclose(estimate_tau2(y, v), expected, rtol=1e-7, atol=1e-9)


def test_common_effect_has_no_tau2():
    y, v = make(3, 5)
    for method in COMMON:
        assert (estimate_tau2(y, v, method=method) == 0).all()


def test_nothing_to_estimate_from_gives_nan():
    assert np.isnan(estimate_tau2([0.3], [0.1]))
    used = np.array([[True, False, False], [True, True, True], [False, False, False]])
    for method in ESTIMATED:
        tau2 = estimate_tau2([0.1, 0.5, 0.3], [0.1, 0.1, 0.1], method=method, used=used)
        assert np.isnan(tau2).tolist() == [True, False, True]


def test_lost_rank_gives_nan():
    y, v = make(1, 5)
    X = np.column_stack([np.ones(5), [0, 0, 0, 0, 1.0]])
    used = np.array([[True, True, True, True, False], [True, True, True, False, True]])
    tau2 = estimate_tau2(y, v, X, used=used)
    assert np.isnan(tau2).tolist() == [True, False]


@pytest.mark.parametrize("method", ESTIMATED)
def test_unsound_numbers_give_nan(method):
    y = np.array([[0.1, 0.4, 0.9], [np.nan, 0.4, 0.9], [0.1, np.inf, 0.9], [0.1, 0.4, 0.9]])
    v = np.array([[0.1, 0.1, 0.1], [0.1, 0.1, 0.1], [0.1, 0.1, 0.1], [0.1, 0.0, 0.1]])
    for X in (None, np.ones((3, 1))):
        tau2 = estimate_tau2(y, v, X, method=method)
        assert np.isnan(tau2).tolist() == [False, True, True, True]
        fits = fit_batch(y, v, X, method=method)
        assert np.isnan(fits.beta[:, 0]).tolist() == [False, True, True, True]


def test_large_batches_are_cut_into_pieces():
    y, v = make(5000, 30, seed=5)
    np.testing.assert_allclose(
        estimate_tau2(y, v)[4990:], estimate_tau2(y[4990:], v[4990:]), rtol=1e-12
    )


def test_wrong_calls():
    with pytest.raises(UnknownWordError, match="'REML'"):
        estimate_tau2([1, 2], [1, 1], method="RELM")
    with pytest.raises(InputError, match="one size"):
        estimate_tau2([1, 2, 3], [1, 1])
    with pytest.raises(SynthesisError, match="needs weights"):
        estimate_tau2([1, 2], [1, 1], method="GENQ")
