import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis import meta_analysis, meta_regression
from reprieve.synthesis.blocks import BlockDiagonal, components, study_means
from reprieve.synthesis.gaussian import GaussianModel
from reprieve.synthesis.random_effects import Scaled, Structured


def nested(data):
    schools = [f"{d}/{s}" for d, s in zip(data["district"], data["school"], strict=True)]
    return [Scaled(data["district"], name="district"), Scaled(schools, name="school")]


def check(model, expected, theta):
    fit = model.fit()
    # metafor's optimiser stops a little below the maximum
    assert fit.loglik >= expected["logLik"] - 1e-9
    assert fit.loglik == pytest.approx(expected["logLik"], abs=1e-7)
    np.testing.assert_allclose(fit.beta, list(expected["beta"].values()), rtol=1e-6)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.cov)), expected["se"], rtol=1e-6)
    np.testing.assert_allclose(list(fit.theta.values()), theta, rtol=2e-6, atol=2e-9)
    assert pytest.approx(expected["QE"], rel=1e-10) == fit.Q
    assert pytest.approx(expected["AIC"], rel=1e-8) == fit.AIC
    assert pytest.approx(expected["BIC"], rel=1e-8) == fit.BIC


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_schools_in_districts_equal_metafor(reference, method):
    data = reference("metafor/multilevel")["konstantopoulos2011"]
    expected = data["fits"][f"threelevel_{method}"]
    model = GaussianModel(data["yi"], data["vi"], terms=nested(data), restricted=method == "REML")
    check(model, expected, expected["sigma2"])


def test_a_moderator_equals_metafor(reference):
    data = reference("metafor/multilevel")["konstantopoulos2011"]
    expected = data["fits"]["threelevel_mods_year_REML"]
    X = np.column_stack([np.ones(len(data["yi"])), data["year"]])
    model = GaussianModel(data["yi"], data["vi"], X, nested(data))
    check(model, expected, expected["sigma2"])


def test_compound_symmetry_equals_metafor(reference):
    data = reference("metafor/multilevel")["konstantopoulos2011"]
    expected = data["fits"]["CS_school_in_district"]
    term = Structured(data["district"], data["school"], "CS")
    model = GaussianModel(data["yi"], data["vi"], terms=[term])
    check(model, expected, [expected["tau2"], expected["rho"]])


def test_grid_and_profile_interval_equal_metafor(reference):
    data = reference("metafor/multilevel")["konstantopoulos2011"]
    model = GaussianModel(data["yi"], data["vi"], terms=nested(data))
    grid = np.array([[s, 0.03] for s in data["profile"]["sigma2_1_grid"]])
    expected = data["profile"]["loglik_REML_sigma2_2_fixed_0.03"]
    np.testing.assert_allclose(model.profile(grid).loglik, expected, rtol=1e-12)
    np.testing.assert_array_equal(
        model.profile(grid.reshape(1, -1, 2)).beta[0], model.profile(grid).beta
    )
    top = model.fit().loglik
    for name, ends in zip(model.names, data["confint_REML"], strict=True):
        for end in ends:
            fall = 2 * (top - model.fit(fixed={name: end}).loglik)
            # metafor's search for the ends stops at an absolute 1.2e-4
            assert fall == pytest.approx(3.841459, abs=0.02)


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_two_outcomes_equal_metafor(reference, method):
    data = reference("metafor/multilevel")["berkey1998"]
    expected = data["fits"][f"UN_{method}"]
    X = np.array([[o == "AL", o == "PD"] for o in data["outcome"]], dtype=float)
    term = Structured(data["trial"], data["outcome"])
    model = GaussianModel(data["yi"], data["V"], X, [term], restricted=method == "REML")
    check(model, expected, [*expected["tau2"], expected["rho"]])
    V = np.array(data["V"])
    blocks = [V[i : i + 2, i : i + 2] for i in range(0, 10, 2)]
    again = GaussianModel(data["yi"], blocks, X, [term], restricted=method == "REML")
    assert again.fit().loglik == pytest.approx(model.fit().loglik, rel=1e-12)


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_two_arms_equal_metafor(reference, method):
    data = reference("metafor/multilevel")["bcg_bivariate"]
    expected = data["fits"][f"UN_{method}"]
    X = np.array([[g == 2, g == 1] for g in data["group"]], dtype=float)
    model = GaussianModel(
        data["yi"],
        data["vi"],
        X,
        [Structured(data["trial"], data["group"])],
        restricted=method == "REML",
    )
    # metafor lists group 2 first
    check(model, expected, [*expected["tau2"][::-1], expected["rho"]])


@pytest.mark.parametrize("what", ["lnCVR", "lnVR"])
def test_effects_in_papers_equal_metafor(reference, what):
    data = reference("metafor/multilevel")["curtis1998"]
    terms = [Scaled(data["paper"], name="paper"), Scaled(data["id"], name="effect")]
    model = GaussianModel(data[what], data[f"v_{what}"], terms=terms)
    expected = data["fits"][what]
    fit = model.fit()
    assert fit.loglik >= expected["logLik"] - 1e-9
    np.testing.assert_allclose(fit.beta, list(expected["beta"].values()), rtol=1e-6)
    np.testing.assert_allclose(list(fit.theta.values()), expected["sigma2"], rtol=2e-6, atol=2e-9)


def make(n, seed):
    rng = np.random.default_rng(seed)
    v = rng.uniform(0.02, 0.5, n)
    return rng.normal(size=n), v, np.column_stack([np.ones(n), rng.normal(size=n)])


@given(st.integers(4, 15), st.integers(0, 10_000), st.sampled_from(["REML", "ML"]))
@example(n=7, seed=4042, method="ML")  # a maximum at zero, and a lower one further out
@settings(max_examples=30)
def test_one_intercept_per_row_is_the_usual_model(n, seed, method):
    y, v, X = make(n, seed)
    term = Scaled(range(n), name="tau2")
    fit = GaussianModel(y, v, terms=[term], restricted=method == "REML").fit()
    usual = meta_analysis(effect=y, variance=v, method=method, test="z")
    assert fit.theta["tau2"] == pytest.approx(usual.tau2, rel=1e-6, abs=1e-8)
    assert fit.loglik == pytest.approx(usual.loglik, rel=1e-9)
    assert fit.beta[0] == pytest.approx(usual.estimate, rel=1e-6, abs=1e-9)
    assert pytest.approx(usual.Q) == fit.Q
    assert fit.AICc == pytest.approx(usual.AICc)
    fit = GaussianModel(y, v, X, [term], restricted=method == "REML").fit()
    usual = meta_regression(
        "~ x", {"y": y, "v": v, "x": X[:, 1]}, effect="y", variance="v", method=method, test="z"
    )
    assert fit.theta["tau2"] == pytest.approx(usual.tau2, rel=1e-6, abs=1e-8)
    np.testing.assert_allclose(fit.cov, usual.cov, rtol=1e-6)


def dense_loglik(y, M, X, restricted):
    W = np.linalg.inv(M)
    A = X.T @ W @ X
    r = y - X @ np.linalg.solve(A, X.T @ W @ y)
    n = len(y) - X.shape[1] * restricted
    value = -0.5 * (n * np.log(2 * np.pi) + np.linalg.slogdet(M)[1] + r @ W @ r)
    if restricted:
        value += 0.5 * (np.linalg.slogdet(X.T @ X)[1] - np.linalg.slogdet(A)[1])
    return value


def correlated(n, seed):
    """Rows of 3 studies, crossed with 4 laboratories, with a full V within studies."""
    y, v, X = make(n, seed)
    rng = np.random.default_rng(seed + 1)
    study, laboratory = np.arange(n) % 3, rng.integers(0, 4, n)
    inner = rng.integers(0, 3, n)
    inner[:3] = [0, 1, 2]
    V = np.where(study[:, None] == study, 0.3 * np.sqrt(v[:, None] * v), 0) + 0.7 * np.diag(v)
    return y, V, X, study, laboratory, inner


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("structure", ["DIAG", "CS", "HCS", "AR", "HAR", "UN"])
def test_blocks_equal_the_dense_matrix(structure, restricted):
    y, V, X, study, laboratory, inner = correlated(11, 3)
    term = Structured(study, inner, structure)
    model = GaussianModel(
        y, V, X, [term, Scaled(laboratory, name="laboratory")], restricted=restricted
    )
    theta = np.array([0.3] * len(model.names))
    theta[: 3 if structure in ("DIAG", "HCS", "HAR", "UN") else 1] = (
        [0.2, 0.5, 0.9] if structure in ("DIAG", "HCS", "HAR", "UN") else 0.4
    )
    sd = np.sqrt([0.2, 0.5, 0.9] if structure in ("DIAG", "HCS", "HAR", "UN") else [0.4] * 3)
    apart = np.abs(np.subtract.outer(range(3), range(3)))
    R = {
        "DIAG": np.eye(3),
        "AR": 0.3**apart,
        "HAR": 0.3**apart,
    }.get(structure, np.where(apart == 0, 1, 0.3))
    G = np.outer(sd, sd) * R
    M = V + np.where(study[:, None] == study, G[inner[:, None], inner], 0)
    M = M + 0.3 * (laboratory[:, None] == laboratory)
    found = model.profile(theta)
    assert found.loglik == pytest.approx(dense_loglik(y, M, X, restricted), rel=1e-11)
    np.testing.assert_allclose(found.cov, np.linalg.inv(X.T @ np.linalg.solve(M, X)), rtol=1e-9)


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("structure", ["DIAG", "CS", "HCS", "AR", "HAR", "UN"])
def test_gradient_is_the_slope_of_the_likelihood(structure, restricted):
    y, V, X, study, laboratory, inner = correlated(11, 5)
    terms = [Structured(study, inner, structure), Scaled(laboratory, name="laboratory")]
    model = GaussianModel(y, V, X, terms, restricted=restricted)
    at = np.concatenate([terms[0].start(0.4), [0.2]])
    value, gradient, information = model._climb(at)
    natural = np.concatenate([terms[0].to_natural(at[:-1]), at[-1:]])
    assert value == pytest.approx(model.profile(natural).loglik, rel=1e-11)
    for i, step in enumerate(1e-5 * np.eye(len(at))):
        slope = (model._climb(at + step)[0] - model._climb(at - step)[0]) / 2e-5
        assert gradient[i] == pytest.approx(slope, rel=1e-5, abs=1e-7)
    assert np.linalg.eigvalsh(information).min() > -1e-10


def test_a_known_matrix_in_place_of_groups():
    # three arms: two contrasts share half of the heterogeneity
    y = [0.3, 0.6, -0.1, 0.8]
    V = [[[0.05, 0.02], [0.02, 0.06]], 0.04, 0.03]
    shared = Scaled(matrix=[[[1.0, 0.5], [0.5, 1.0]], 1.0, 1.0], name="tau2")
    dense = Scaled(
        matrix=[[1.0, 0.5, 0, 0], [0.5, 1.0, 0, 0], [0, 0, 1.0, 0], [0, 0, 0, 1.0]], name="tau2"
    )
    one, two = (GaussianModel(y, V, terms=[term]).profile([0.2]) for term in (shared, dense))
    M = np.array([[0.25, 0.12, 0, 0], [0.12, 0.26, 0, 0], [0, 0, 0.24, 0], [0, 0, 0, 0.23]])
    assert one.loglik == pytest.approx(dense_loglik(np.array(y), M, np.ones((4, 1)), True))
    assert two.loglik == pytest.approx(float(one.loglik))


def test_study_means_lose_nothing():
    rng = np.random.default_rng(0)
    sizes = [1, 2, 3, 1, 2, 2]
    blocks = []
    for m in sizes:
        A = rng.normal(size=(m, m + 2))
        blocks.append(0.05 * A @ A.T + 0.02 * np.eye(m))
    y = rng.normal(size=sum(sizes))
    study = np.repeat(range(6), sizes)
    full = GaussianModel(y, blocks, terms=[Scaled(study, name="tau2")]).fit()
    means = study_means(y, blocks)
    short = meta_analysis(effect=means.y, variance=means.v, test="z")
    assert short.tau2 == pytest.approx(full.theta["tau2"], rel=1e-7)
    assert short.estimate == pytest.approx(full.beta[0], rel=1e-9)
    assert short.se == pytest.approx(np.sqrt(full.cov[0, 0]), rel=1e-7)
    plain = study_means([1.0, 2.0], [0.1, 0.2])
    assert (plain.y.tolist(), plain.v.tolist()) == ([1.0, 2.0], [0.1, 0.2])


def test_order_of_rows_does_not_matter():
    y, V, X, study, laboratory, inner = correlated(12, 9)
    order = np.random.default_rng(1).permutation(12)

    def fit(o):
        terms = [Structured(study[o], inner[o], "HCS"), Scaled(laboratory[o], name="laboratory")]
        return GaussianModel(y[o], V[np.ix_(o, o)], X[o], terms).fit()

    one, other = fit(np.arange(12)), fit(order)
    assert one.loglik == pytest.approx(other.loglik, rel=1e-9)
    np.testing.assert_allclose(one.beta, other.beta, rtol=1e-4, atol=1e-6)


def test_a_large_mean_costs_no_digits():
    y, V, X, study, _, _ = correlated(12, 9)
    term = [Scaled(study, name="study")]
    near, far = (GaussianModel(y + shift, V, X, term) for shift in (0.0, 1e6))
    assert far.profile([0.2]).loglik == pytest.approx(float(near.profile([0.2]).loglik), rel=1e-8)
    assert far.profile([0.2]).beta[0] - 1e6 == pytest.approx(near.profile([0.2]).beta[0], abs=1e-8)


def test_without_random_terms_it_is_least_squares():
    y, v, X = make(8, 2)
    fit = GaussianModel(y, v, X).fit()
    usual = meta_regression(
        "~ x", {"y": y, "v": v, "x": X[:, 1]}, effect="y", variance="v", method="EE", test="z"
    )
    np.testing.assert_allclose(fit.beta, usual.beta, rtol=1e-9)
    assert fit.theta == {}
    assert pytest.approx(usual.Q) == fit.Q


def test_impossible_hyperparameters_have_no_likelihood():
    y, V, X, study, _, inner = correlated(11, 3)
    model = GaussianModel(y, V, X, [Structured(study, inner, "UN")])
    theta = [1.0, 1.0, 1.0, 0.99, -0.99, 0.99]
    found = model.profile([theta, [0.1, 0.1, 0.1, 0.0, 0.0, 0.0]])
    assert found.loglik[0] == -np.inf
    assert np.isfinite(found.loglik[1])
    assert np.isnan(found.beta[0]).all()


def test_components_follow_chains():
    chain = components(6, [np.array([0, 0, 1, 1, 2, 3]), np.array([0, 1, 1, 2, 3, 4])], [])
    assert [group.tolist() for group in chain] == [[0, 1, 2, 3], [4], [5]]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: GaussianModel([1.0, 2.0], [0.1]), InputError, "V has 1 rows"),
        (lambda: GaussianModel([1.0, np.nan], [0.1, 0.1]), InputError, "finite"),
        (lambda: GaussianModel([1.0, 2.0], [0.1, 0.1], [[1.0]]), InputError, "2 rows"),
        (
            lambda: GaussianModel([1.0, 2.0], [0.1, 0.1], [[1.0, 2.0], [1.0, 2.0]]),
            SynthesisError,
            "depend",
        ),
        (lambda: Scaled(), InputError, "either groups= or matrix="),
        (lambda: Structured([1], [1], "TOEP"), InputError, "DIAG"),
        (lambda: Structured([1, 1], ["a", "b"], "AR"), InputError, "times"),
        (lambda: Structured([1, 1, 2], [1, 2], "CS"), InputError, "3 values but inner 2"),
        (
            lambda: GaussianModel([1.0], [0.1], terms=[Scaled([1, 2])]),
            InputError,
            "sigma2 has 2 rows",
        ),
        (
            lambda: GaussianModel([1.0, 2.0], [0.1] * 2, terms=[Scaled([1, 2]), Scaled([1, 1])]),
            InputError,
            "different names",
        ),
        (
            lambda: GaussianModel([1.0, 2.0], [0.1] * 2, terms=[Scaled([1, 2])]).profile([[1, 2]]),
            InputError,
            "sigma2",
        ),
        (
            lambda: GaussianModel([1.0, 2.0], [0.1] * 2, terms=[Scaled([1, 2])]).fit({"tau": 1}),
            InputError,
            "'tau'",
        ),
        (lambda: BlockDiagonal([[[1.0, 0.3], [0.2, 1.0]], 1.0]), InputError, "symmetric"),
        (lambda: BlockDiagonal([[[1.0, 0.3]], 1.0]), InputError, "square"),
        (lambda: study_means([1.0], [0.1, 0.2]), InputError, "2 rows"),
        (
            lambda: GaussianModel([1.0, 2.0], [0.1] * 2, terms=[Structured([1, 1], [1, 2])]).fit(
                {"tau2[1]": 0.1}
            ),
            InputError,
            "unstructured",
        ),
    ],
)
def test_wrong_calls(call, error, message):
    with pytest.raises(error, match=message):
        call()
