import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from reprieve.errors import InputError, SynthesisError, UnknownWordError
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
    alone = [estimate_tau2(a, b, method=method) for a, b in zip(y, v, strict=True)]
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
    for data in reference("metafor/pairwise").values():
        k = len(data["yi"])
        for method in ("DL", "REML"):
            expected = data["leave1out"][method]
            if "error" in expected:
                continue
            found = estimate_tau2(
                data["yi"], data["vi"], method=method, used=~np.eye(k, dtype=bool)
            )
            np.testing.assert_allclose(found, expected["tau2"], rtol=1e-6, atol=1e-9)


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


def test_the_higher_of_two_maxima_is_taken():
    # the restricted likelihood has a maximum at zero and a higher one away from it
    y = np.array([0.0, 0.0, 3.0, -3.0, 3.1, -3.1])
    v = np.array([1e-4, 1e-4, 4.0, 4.0, 4.0, 4.0])
    batch = LeastSquares(y[None], v[None])
    grid = np.linspace(0, upper_bound(batch, "REML")[0], 5000)
    heights = np.array([log_likelihood(batch, np.array([t]), "REML")[0] for t in grid])
    inner = (heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])
    maxima = inner.sum() + (heights[0] > heights[1])
    found = estimate_tau2(y, v)
    assert maxima >= 1
    assert log_likelihood(batch, np.array([found]), "REML")[0] >= heights.max() - 1e-9


@given(studies())
@settings(max_examples=60)
def test_q_meets_its_target(data):
    y, v = data
    for method in GENERALISED_Q:
        tau2 = estimate_tau2(y, v, method=method)
        batch = LeastSquares(y[None], v[None])
        q = batch.projection(1 / (batch.v + tau2)).residuals().yPy[0]
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


def test_reml_that_does_not_converge_in_metafor():
    # Fisher scoring runs in a circle here at full steps; the maximum is unique
    y = np.array([-0.47, -1.56, 0.18, 0.88, -2.06, 0.91, -0.49, -0.27, -0.51, 0.81, -0.49, 0.24])
    v = np.array([0.66, 0.71, 0.001, 0.06, 0.15, 1.3, 0.22, 0.0009, 0.51, 0.003, 0.3, 0.4])
    tau2 = estimate_tau2(y, v)
    batch = LeastSquares(y[None], v[None])
    w = 1 / (batch.v + tau2)
    P = batch.projection(w)
    assert P.residuals().yPPy[0] == pytest.approx(P.trace()[0], rel=1e-9)


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
