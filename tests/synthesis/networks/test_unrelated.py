"""Unrelated mean effects against metafor's rma.mv, and where they must be the plain network."""

import json

import numpy as np
import pytest

from reprieve.synthesis import network
from reprieve.synthesis.networks.posterior import bayesian_network
from reprieve.synthesis.networks.unrelated import Unrelated

COLUMNS = {
    "study": "study", "treatment1": "treat1", "treatment2": "treat2", "effect": "TE", "se": "seTE",
}  # fmt: skip
SETS = ("Baker2009_OR", "Dong2013_OR", "Linde2015_OR", "Senn2013_MD", "smokingcessation_OR")


@pytest.fixture(params=SETS)
def case(request, reference):
    """Data, and what metafor makes of them."""
    data = reference("netmeta/networks")[request.param]["data"]
    return data, reference("metafor/unrelated")[request.param]


def effects_of(expected, name):
    """metafor's effects, in the direction in which pairs are shown."""
    cell, found = expected[name], {}
    for pair, estimate, se in zip(expected["pairs"], cell["estimate"], cell["se"], strict=True):
        one, two = sorted(pair, key=str.casefold)
        found[one, two] = (estimate if pair == [one, two] else -estimate, se)
    return found


@pytest.mark.parametrize("method", ["ML", "REML", "FE"])
def test_metafor(case, method):
    data, expected = case
    options = {"model": "common"} if method == "FE" else {"method": method}
    fit = network(data, **COLUMNS, reference=expected["reference"], **options)
    found = fit.unrelated_mean_effects()
    likelihood = "FE" if method == "FE" else "ML"
    for name, mine in (("consistency", found.consistency), ("unrelated", found.unrelated)):
        theirs = expected[f"{name}_{method}"]
        best = expected[f"{name}_{likelihood}"]
        assert mine.parameters == len(theirs["estimate"])
        assert mine.tau2 == pytest.approx(theirs["tau2"], rel=1e-5, abs=1e-7)
        assert (mine.Q, mine.df) == pytest.approx((theirs["QE"], theirs["QE_df"]), rel=1e-9)
        assert mine.log_likelihood == pytest.approx(best["loglik"], rel=1e-9)
        assert (
            pytest.approx(-2 * best["loglik"] + 2 * (mine.parameters + (method != "FE")), rel=1e-9)
            == mine.AIC
        )
    assert found.consistency.tau2 == pytest.approx(fit.tau2, rel=1e-7, abs=1e-9)
    theirs = effects_of(expected, f"unrelated_{method}")
    table = found.to_frame()
    assert len(table) == len(theirs)
    for row in table.iter_rows(named=True):
        estimate, se = theirs[row["treatment1"], row["treatment2"]]
        assert row["estimate"] == pytest.approx(estimate, rel=1e-5, abs=1e-6)
        assert row["se"] == pytest.approx(se, rel=1e-5)
        relative = fit.relative(row["treatment1"], row["treatment2"])
        assert row["consistency"] == pytest.approx(relative.estimate, abs=1e-12)
        assert row["consistency_se"] == pytest.approx(relative.se)
        assert row["difference"] == pytest.approx(row["estimate"] - row["consistency"])


def test_the_design(reference):
    data = reference("netmeta/networks")["smokingcessation_OR"]["data"]
    for start in ("A", "C"):
        fit = network(data, **COLUMNS, reference=start)
        design = Unrelated.of(fit)
        # the trial of A, C and D speaks of two pairs, the one of B, C and D of two
        assert design.trials.sum() == len(design.contrasts.y) == 26
        # with effects that cohere the design is that of the network
        theta = np.array([0.3, -1.0, 2.0, 0.7])
        assert design.X @ (theta[design.i] - theta[design.j]) == pytest.approx(
            design.contrasts.X @ theta, abs=1e-12
        )
        pairs = set(zip(design.i.tolist(), design.j.tolist(), strict=True))
        assert pairs == {(i, j) for i in range(4) for j in range(i + 1, 4)}


def test_pairs_of_two_arm_trials_are_direct_estimates(reference):
    data = reference("netmeta/networks")["smokingcessation_OR"]["data"]
    two = [data["study"].count(study) == 1 for study in data["study"]]
    kept = {name: [x for x, keep in zip(c, two, strict=True) if keep] for name, c in data.items()}
    fit = network(kept, **COLUMNS, model="common")
    found = fit.unrelated_mean_effects().to_frame()
    direct = fit.split().to_frame()
    assert found["estimate"].to_numpy() == pytest.approx(direct["direct"].to_numpy())
    assert found["se"].to_numpy() == pytest.approx(direct["direct_se"].to_numpy())
    assert found["trials"].to_list() == direct["k"].to_list()
    # a common effect: what coherence costs is what Q is between designs
    result = fit.unrelated_mean_effects()
    assert result.statistic == pytest.approx(fit.coherence().between.Q)
    assert (result.df, result.p) == pytest.approx(
        (fit.coherence().between.df, fit.coherence().between.p)
    )


TREE = {
    "study": ["1", "2", "3"],
    "treat1": ["a", "a", "b"],
    "treat2": ["b", "b", "c"],
    "TE": [1.0, 2.0, 0.5],
    "seTE": [0.4, 0.5, 0.6],
}


def test_without_loops_the_models_are_one():
    fit = network(TREE, **COLUMNS)
    found = fit.unrelated_mean_effects()
    assert (found.df, found.statistic) == (0, pytest.approx(0))
    assert np.isnan(found.p)
    assert found.to_frame()["difference"].to_numpy() == pytest.approx(np.zeros(2), abs=1e-12)
    assert "no loop of trials" in found.summary()
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["test"]["p"] is None
    bayes = bayesian_network(TREE, **COLUMNS, prior="half-normal(1)")
    models = bayes.unrelated_mean_effects().models()
    assert models["DIC"][0] == pytest.approx(models["DIC"][1], rel=1e-8)


def test_nothing_left_for_tau():
    once = {name: column[1:] for name, column in TREE.items()}
    found = network(once, **COLUMNS).unrelated_mean_effects()
    assert np.isnan(found.unrelated.tau2)
    assert np.isfinite(found.to_frame()["se"].to_numpy()).all()
    assert found.models()["tau2"].null_count() == 2
    assert found.to_dict()["models"][1]["p"] is None


def test_bayesian(reference, dense):
    data = reference("netmeta/networks")["smokingcessation_OR"]["data"]
    fit = bayesian_network(data, **COLUMNS, prior="half-normal(5)")
    found = fit.unrelated_mean_effects()
    models = {row["model"]: row for row in found.models().iter_rows(named=True)}
    assert (models["consistency"]["parameters"], models["unrelated"]["parameters"]) == (3, 6)
    assert models["consistency"]["DIC"] == pytest.approx(fit.deviance.DIC)
    assert models["unrelated"]["tau_median"] > fit.tau.median * 0.8
    # the posterior by brute force, in contrasts against the first arm
    y, V, T, _ = dense(fit)
    design = Unrelated.of(fit)
    rows = fit.trials.rows
    columns = {pair: c for c, pair in enumerate(zip(design.i, design.j, strict=True))}
    X = []
    for s in range(fit.k):
        mine = rows.study == s
        first, *others = sorted({*rows.a[mine], *rows.b[mine]})
        for other in others:
            X.append(np.zeros(6))
            X[-1][columns[first, other]] = -1.0
    X = np.array(X)
    tau = np.linspace(0, 6, 3001)[1:]
    logs, means = [], []
    for t in tau:
        W = np.linalg.inv(V + t * t * T)
        cov = np.linalg.inv(X.T @ W @ X)
        beta = cov @ X.T @ W @ y
        fall = y @ W @ (y - X @ beta) + (t / 5) ** 2
        logs.append(0.5 * (np.linalg.slogdet(W)[1] + np.linalg.slogdet(cov)[1] - fall))
        means.append(beta)
    w = np.exp(np.array(logs) - max(logs))
    w /= w.sum()
    assert found.to_frame()["mean"].to_numpy() == pytest.approx(w @ np.array(means), rel=1e-6)
    assert models["unrelated"]["tau_mean"] == pytest.approx(w @ tau, rel=1e-6)
    assert "26 contrasts" in found.summary()
    content = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert len(content["pairs"]) == 6
    assert content["models"][1]["DIC"] == pytest.approx(models["unrelated"]["DIC"])


def test_bayesian_common_effect(reference):
    data = reference("netmeta/networks")["smokingcessation_OR"]["data"]
    found = bayesian_network(data, **COLUMNS, model="common").unrelated_mean_effects()
    plain = network(data, **COLUMNS, model="common").unrelated_mean_effects()
    mine = found.to_frame()
    assert mine["mean"].to_numpy() == pytest.approx(plain.to_frame()["estimate"].to_numpy())
    assert found.models()["pD"].to_list() == pytest.approx([3, 6])
    assert found.models()["tau_median"].null_count() == 2
    assert "common effect" in found.summary()
    assert found.models()["deviance"].to_list() == pytest.approx(
        [plain.consistency.Q + 3, plain.unrelated.Q + 6]
    )


def test_long_chains(reference):
    # NUTS of tests/reference/numpyro/unrelated.py
    data = reference("netmeta/networks")["smokingcessation_OR"]["data"]
    chains = reference("numpyro/unrelated")
    fit = bayesian_network(data, **COLUMNS, prior="half-normal(1)", effect_prior="normal(0, 100)")
    found = fit.unrelated_mean_effects()
    pairs = {(row[1], row[0]): (-row[3], row[4]) for row in found.to_frame().iter_rows()}
    against = {row[0]: (row[2], row[3]) for row in fit.to_frame().iter_rows()}
    for name, given, effects in (
        ("consistency", fit.given, against),
        ("unrelated", found.given, pairs),
    ):
        theirs = chains[name]["posterior"]
        for i, of in enumerate(chains[name]["d"]):
            mean, sd = effects[of if isinstance(of, str) else tuple(of)]
            error = theirs["d"]["mcse"][i]
            assert mean == pytest.approx(theirs["d"]["mean"][i], abs=4 * error)
            assert sd == pytest.approx(theirs["d"]["sd"][i], abs=4 * error)
        tau, deviance = theirs["tau"], theirs["deviance"]
        assert given.posterior.mean == pytest.approx(tau["mean"], abs=4 * tau["mcse"])
        assert given.posterior.sd == pytest.approx(tau["sd"], abs=4 * tau["mcse"])
        assert given.deviance.mean == pytest.approx(deviance["mean"], abs=4 * deviance["mcse"])
        assert given.deviance.pD == pytest.approx(theirs["pD"], abs=4 * deviance["mcse"])
