"""Cluster-robust inference against clubSandwich, and by its definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis import meta_analysis, meta_regression
from reprieve.synthesis.correlated.block_covariance import block_covariance
from reprieve.synthesis.correlated.multilevel import multilevel
from reprieve.synthesis.correlated.robust import robust

KINDS = ["CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3"]


def check(found, expected, rtol=1e-7):
    np.testing.assert_allclose(found.coefficients.se, expected["se"], rtol=rtol)
    np.testing.assert_allclose(found.coefficients.df, expected["df"], rtol=rtol)


def check_undefined(fit, cluster):
    """One cluster alone decides a coefficient, where clubSandwich divides by rounding errors."""
    with pytest.raises(SynthesisError, match="CR3 is not defined"):
        robust(fit, cluster, "CR3")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["nested", "nested_mods", "V", "V_mods", "V_study"])
def test_effects_in_studies(reference, key, kind):
    data = reference("metafor/correlated")["assink2016"]
    known = {"variance": "vi"}
    if key.startswith("V"):
        known = {"V": block_covariance(data, variance="vi", study="study", correlation=0.6)}
    fit = multilevel(
        data,
        effect="yi",
        random="study" if key == "V_study" else "study/esid",
        formula="~ deltype + year" if "mods" in key else None,
        **known,
    )
    if "mods" in key and kind == "CR3":
        check_undefined(fit, "study")
        return
    found = robust(fit, "study", kind)
    check(found, data["fits"][key][kind])
    if "mods" in key and kind == "CR2":
        columns = found.coefficients.names[1 : 3 if key == "V_mods" else 4]
        for test, values in data["fits"][key]["wald"].items():
            result = found.wald_test(columns, test)
            assert result.statistic == pytest.approx(values["F"], rel=1e-6)
            np.testing.assert_allclose(result.df, values["df"], rtol=1e-6)
            assert result.p == pytest.approx(values["p"], rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("structure", ["HAR", "CS"])
def test_effects_at_several_times(reference, structure, kind):
    data = reference("metafor/correlated")["ishak2007"]
    fit = multilevel(
        data,
        effect="yi",
        V=block_covariance(data, variance="vi", study="study", months="time", decay=0.97),
        random=f"{structure}(time | study)",
        formula="~ 0 + C(time)",
    )
    check(robust(fit, kind=kind), data["fits"][structure][kind], rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_moderators_and_own_weights(reference, kind):
    data = reference("metafor/correlated")["robust_bcg"]
    fit = meta_regression("~ ablat + alloc", data, effect="yi", variance="vi")
    if kind == "CR3":
        check_undefined(fit, data["cluster"])
        return
    found = robust(fit, data["cluster"], kind)
    check(found, data[kind], rtol=1e-8)
    if kind == "CR2":
        for test, values in data["wald"].items():
            result = found.wald_test(list(fit.names[2:]), test)
            assert result.statistic == pytest.approx(values["F"], rel=1e-8)
            np.testing.assert_allclose(result.df, values["df"], rtol=1e-8)
        weighted = meta_analysis(data, effect="yi", variance="vi", weights="weights")
        check(robust(weighted, data["cluster"]), data["weights_CR2"], rtol=1e-8)


@pytest.mark.parametrize("kind", ["CR2", "metafor_CR1"])
def test_every_row_a_cluster(reference, kind):
    results = reference("metafor/robust")["fits"]
    assert len(results) >= 14
    for name, expected in results.items():
        data = reference("metafor/pairwise")[name]
        fit = meta_analysis(effect=data["yi"], variance=data["vi"])
        found = robust(fit) if kind == "CR2" else robust(fit, kind="CR1p", df="m - p")
        row = found.to_frame().row(0, named=True)
        for mine, theirs in (("se", "se"), ("df", "df"), ("p", "p"), ("statistic", "t")):
            assert row[mine] == pytest.approx(expected[kind][theirs], rel=1e-8), (name, mine)


def simulated(seed, m=6, p=2):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 5, m)
    cluster = np.repeat(range(m), sizes)
    n = len(cluster)
    v = rng.uniform(0.05, 0.4, n)
    x = rng.normal(size=n)
    y = 0.3 * x + rng.normal(size=m)[cluster] * 0.4 + rng.normal(size=n) * np.sqrt(v)
    return {"y": y, "v": v, "x": x, "cluster": cluster}


@given(st.integers(0, 10_000))
@settings(max_examples=25)
def test_cr2_is_unbiased_under_the_model_and_df_are_those_of_its_variance(seed):
    data = simulated(seed)
    fit = meta_regression("~ x", data, effect="y", variance="v")
    if len(data["y"]) < 10:
        return
    theta, X = np.diag(fit.v + fit.tau2), fit.X
    W = np.linalg.inv(theta)
    M = np.linalg.inv(X.T @ W @ X)
    R = np.eye(fit.k) - X @ M @ X.T @ W
    found = robust(fit, data["cluster"])
    # the sandwich is Σ (gᵢᵀ e)²; by brute force, with each gᵢ over all rows
    expectation, variance = np.zeros(2), np.zeros(2)
    for j in range(2):
        g = []
        for c in np.unique(data["cluster"]):
            rows = np.flatnonzero(data["cluster"] == c)
            D = np.linalg.cholesky(theta[np.ix_(rows, rows)]).T
            block = (R @ theta @ R.T)[np.ix_(rows, rows)]
            values, vectors = np.linalg.eigh(D @ block @ D.T)
            half = (vectors * np.where(values > 1e-12, values, np.inf) ** -0.5) @ vectors.T
            A = D.T @ half @ D
            g.append(R[rows].T @ A @ W[np.ix_(rows, rows)] @ X[rows] @ M[:, j])
        P = np.array(g) @ theta @ np.array(g).T
        expectation[j], variance[j] = np.trace(P), 2 * (P**2).sum()
    np.testing.assert_allclose(expectation, np.diag(M), rtol=1e-8)
    np.testing.assert_allclose(found.coefficients.df, 2 * expectation**2 / variance, rtol=1e-7)


def test_one_coefficient_by_htz_is_its_t_test():
    data = simulated(4)
    found = robust(meta_regression("~ x", data, effect="y", variance="v"), data["cluster"])
    row, test = found.to_frame().row(1, named=True), found.wald_test("x")
    assert test.statistic == pytest.approx(row["statistic"] ** 2)
    assert test.df == (1, pytest.approx(row["df"]))
    assert test.p == pytest.approx(row["p"])


def test_order_of_rows_and_names_of_clusters_do_not_matter():
    data = simulated(7)
    order = np.random.default_rng(1).permutation(len(data["y"]))
    shuffled = {name: values[order] for name, values in data.items()}
    fits = [meta_regression("~ x", d, effect="y", variance="v") for d in (data, shuffled)]
    one = robust(fits[0], data["cluster"])
    other = robust(fits[1], [f"c{c}" for c in shuffled["cluster"]])
    np.testing.assert_allclose(one.cov, other.cov, rtol=1e-9)
    np.testing.assert_allclose(one.coefficients.df, other.coefficients.df, rtol=1e-8)


def test_excluded_rows_and_study_labels():
    data = simulated(3)
    fit = meta_analysis(data, effect="y", variance="v", study="cluster")
    gap = {name: np.append(values, values[-1]) for name, values in data.items()}
    gap["v"][-1] = 0.0
    gapped = meta_analysis(gap, effect="y", variance="v", study="cluster")
    whole = robust(fit, data["cluster"])
    for found in (robust(fit), robust(gapped), robust(gapped, gap["cluster"])):
        np.testing.assert_allclose(found.cov, whole.cov)
    assert found.draws(5, seed=1).shape == (5, 1)
    assert "CR2" in found.summary()
    assert found.to_dict()["robust"] == {"kind": "CR2", "df": "Satterthwaite", "clusters": 6}


def test_wrong_calls():
    data = simulated(3)
    fit = meta_analysis(data, effect="y", variance="v")
    nested = multilevel(
        data | {"id": np.arange(len(data["y"]))},
        effect="y",
        variance="v",
        random="cluster",
    )
    for call, error, message in (
        (lambda: robust(fit, [1, 2]), InputError, "2 values"),
        (lambda: robust(fit, [1] * fit.k), SynthesisError, "two clusters"),
        (lambda: robust(fit, [None, *range(fit.k - 1)]), InputError, "no cluster"),
        (lambda: robust(fit, "lab"), InputError, "each row"),
        (lambda: robust(nested, "lab"), InputError, "cluster"),
        (lambda: robust(fit, kind="HC3"), InputError, "CR1S"),
        (lambda: robust(fit, df="m"), InputError, "Satterthwaite"),
        (lambda: robust(nested, range(nested.k)), InputError, "different clusters"),
        (lambda: robust(fit).wald_test("x"), InputError, "mean effect"),
        (lambda: robust(fit).wald_test("mean effect", "F"), InputError, "naive-F"),
    ):
        with pytest.raises(error, match=message):
            call()
