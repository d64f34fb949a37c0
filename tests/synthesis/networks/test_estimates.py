"""Effects, heterogeneity and prediction against netmeta; see tests/reference/netmeta."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from reprieve.synthesis import meta_analysis, network


@pytest.mark.parametrize("method", ["common", "DL", "REML", "ML"])
def test_all_pairs_are_those_of_netmeta(net, method, fit_contrasts, matrix):
    expected = net["common"] if method == "common" else net[f"random_{method}"]
    if "TE" not in expected:
        pytest.skip("netmeta itself fails here")
    if method in ("REML", "ML") and net["dataset"] in ("Senn2013_MD", "Linde2016_OR"):
        pytest.skip("netmeta leaves out the covariance of contrasts; see the test below")
    options = {"model": "common"} if method == "common" else {"method": method}
    fit = fit_contrasts(net["data"], **options)
    assert list(fit.treatments) == net["treatments"]
    close = {"rel": 1e-6, "abs": 5e-7} if method in ("REML", "ML") else {"rel": 1e-10, "abs": 1e-12}
    i, j = fit.pairs
    assert fit.estimates == pytest.approx(matrix(expected["TE"])[i, j], **close)
    assert fit.standard_errors == pytest.approx(matrix(expected["seTE"])[i, j], **close)
    if method != "common":
        assert fit.tau2 == pytest.approx(expected["tau2"], **close)
        found = fit.effects()
        for mine, theirs in (("pi_low", "pi_lower"), ("pi_high", "pi_upper")):
            assert found[mine].to_numpy() == pytest.approx(
                matrix(expected[theirs])[i, j], abs=2 * close["abs"], rel=close["rel"]
            )


def test_size_q_and_i2(net, fit_contrasts):
    fit = fit_contrasts(net["data"])
    assert (fit.k, fit.m) == (net["n_studies"], len(net["data"]["TE"]))
    assert (fit.n_designs, fit.df) == (net["n_designs"], net["df_Q"])
    assert pytest.approx(net["Q"], rel=1e-12) == fit.Q
    assert fit.Q_p == pytest.approx(net["pval_Q"], rel=1e-10)
    assert pytest.approx(100 * net["I2"], rel=1e-10) == fit.I2
    assert fit.I2_interval == pytest.approx(
        (100 * net["lower_I2"], 100 * net["upper_I2"]), rel=1e-10
    )


def test_reml_of_contrasts_minds_their_covariance(reference, fit_contrasts):
    """netmeta's REML of Senn2013 is that of contrasts without covariance; ours is not."""
    net = reference("netmeta/networks")["Senn2013_MD"]
    data = {name: np.array(values) for name, values in net["data"].items()}
    treatments = net["treatments"]
    three = "Willms1999"
    keep = (data["study"] != three) | (data["treat2"] == "plac")
    y, v = data["TE"][keep], data["seTE"][keep] ** 2
    X = np.array(
        [
            [(name == a) - float(name == b) for name in treatments if name != "plac"]
            for a, b in zip(data["treat1"][keep], data["treat2"][keep], strict=True)
        ]
    )
    mine = data["study"][keep] == three
    both = np.outer(mine, mine) & ~np.eye(len(y), dtype=bool)
    pair = (data["study"] == three) & (data["treat2"] != "plac")
    shared = (v[mine].sum() - data["seTE"][pair][0] ** 2) / 2

    def reml(tau2, covariance):
        V = np.diag(v + tau2) + both * (covariance + tau2 / 2)
        W = np.linalg.inv(V)
        information = X.T @ W @ X
        residual = y - X @ np.linalg.solve(information, X.T @ W @ y)
        return np.linalg.slogdet(V)[1] + np.linalg.slogdet(information)[1] + residual @ W @ residual

    def best(covariance):
        found = minimize_scalar(
            reml, bounds=(0, 1), args=(covariance,), method="bounded", options={"xatol": 1e-10}
        )
        return found.x

    assert best(0.0) == pytest.approx(net["random_REML"]["tau2"], abs=1e-6)
    assert fit_contrasts(net["data"], method="REML").tau2 == pytest.approx(best(shared), abs=1e-7)


def test_two_treatments_are_a_pairwise_meta_analysis():
    y, v = [0.4, -0.1, 0.9, 0.3, -0.5], [0.04, 0.02, 0.1, 0.05, 0.03]
    sides = {"study": list("abcde"), "treatment1": ["drug"] * 5, "treatment2": ["sham"] * 5}
    for method in ("DL", "REML", "ML"):
        fit = network(**sides, effect=y, variance=v, method=method)
        pooled = meta_analysis(effect=y, variance=v, method=method, test="z")
        assert fit.tau2 == pytest.approx(pooled.tau2, rel=1e-8)
        found = fit.relative("drug", "sham")
        assert (found.estimate, found.se, found.p) == pytest.approx(
            (pooled.estimate, pooled.se, pooled.p), rel=1e-8
        )
        assert found.ci == pytest.approx(pooled.ci, rel=1e-8)
        assert pytest.approx(pooled.Q, rel=1e-12) == fit.Q


def test_one_trial_has_no_tau2():
    fit = network(study=["a"], treatment1=["x"], treatment2=["y"], effect=[-3.0], se=[1.5])
    assert np.isnan(fit.tau2)
    assert "τ²" in fit.warnings[0]
    found = fit.relative("y", "x")
    assert (found.estimate, found.se) == (3.0, 1.5)
    assert np.isnan(found.prediction_interval).all()
    assert fit.to_dict()["tau2"] is None
    assert "x" in fit.summary()


def test_level_and_draws(smoking, fit_contrasts):
    fit = fit_contrasts(smoking, reference="A", level=0.9)
    low, high = fit.relative("C", "A").ci
    assert high - low == pytest.approx(2 * 1.6448536269514722 * fit.relative("C", "A").se)
    drawn = fit.draws(40_000, seed=3)
    assert drawn.shape == (40_000, 4)
    assert (drawn[:, 0] == 0).all()
    for t, name in enumerate(fit.treatments[1:], 1):
        assert drawn[:, t].mean() == pytest.approx(fit.relative(name, "A").estimate, abs=0.01)
        assert drawn[:, t].std() == pytest.approx(fit.relative(name, "A").se, rel=0.02)
    assert (fit.draws(5, seed=3) == fit.draws(5, seed=3)).all()


def test_tables(smoking, fit_contrasts):
    fit = fit_contrasts(smoking, reference="A")
    against = fit.to_frame()
    assert against["treatment"].to_list() == ["B", "C", "D"]
    assert against["estimate"][1] == pytest.approx(fit.relative("C", "A").estimate)
    league = fit.league()
    assert "column minus row" in league.summary()
    below = league.table.filter(league.table[""] == "C")["A"].item()
    assert below.startswith(f"{fit.relative('A', 'C').estimate:.2f} [")
    above = league.table.filter(league.table[""] == "A")["C"].item()
    assert above.startswith("-0.74 [")  # netsplit: direct C:A 0.743466
    assert "against A" in fit.summary()
