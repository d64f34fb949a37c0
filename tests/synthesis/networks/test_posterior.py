"""The exact posterior against brute force, other software, and what it must be in special cases."""

import json
from itertools import combinations

import numpy as np
import pytest
from scipy.special import ndtr

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis import bayesian_meta_analysis, network
from reprieve.synthesis.networks.fitting import fit_at
from reprieve.synthesis.networks.posterior import bayesian_network

COLUMNS = {
    "study": "study", "treatment1": "treat1", "treatment2": "treat2", "effect": "TE", "se": "seTE",
}  # fmt: skip


def bayes(data, prior="half-normal(1)", **options):
    return bayesian_network(data, **COLUMNS, prior=prior, **options)


def brute_force(y, V, T, X, scale=1.0):
    """Moments and deviance on a fine grid of τ, with a half-normal prior and flat effects."""
    tau = np.linspace(0, 8 * scale, 4001)[1:]
    logs, means, covs, misfit, fitted = [], [], [], [], []
    for t in tau:
        inverse = np.linalg.inv(V + t * t * T)
        cov = np.linalg.inv(X.T @ inverse @ X)
        beta = cov @ X.T @ inverse @ y
        P = inverse - inverse @ X @ cov @ X.T @ inverse
        logs.append(
            0.5
            * (
                np.linalg.slogdet(inverse)[1]
                + np.linalg.slogdet(cov)[1]
                - y @ P @ y
                - (t / scale) ** 2
            )
        )
        means.append(beta)
        covs.append(cov)
        misfit.append(y @ P @ V @ P @ y + len(y) - np.trace(P @ V))
        fitted.append(V @ P @ y)
    w = np.exp(np.array(logs) - max(logs))
    w /= w.sum()
    off = w @ np.array(fitted)
    deviance = w @ np.array(misfit)
    mean = w @ np.array(means)
    spread = np.array(means) - mean
    cov = np.einsum("n,npq->pq", w, covs) + np.einsum("n,np,nq->pq", w, spread, spread)
    return {
        "tau": w @ tau,
        "mean": mean,
        "cov": cov,
        "deviance": deviance,
        "pD": deviance - off @ np.linalg.solve(V, off),
    }


def test_brute_force(smoking, dense):
    fit = bayes(smoking)
    expected = brute_force(*dense(fit))
    # the grid itself errs by its first cell
    assert fit.tau.mean == pytest.approx(expected["tau"], rel=1e-6)
    table = fit.to_frame()
    assert table["mean"].to_numpy() == pytest.approx(expected["mean"], rel=1e-6)
    assert table["sd"].to_numpy() == pytest.approx(np.sqrt(np.diag(expected["cov"])), rel=1e-6)
    assert fit.deviance.mean == pytest.approx(expected["deviance"], rel=1e-6)
    assert fit.deviance.pD == pytest.approx(expected["pD"], rel=1e-6)
    between = fit.relative("B", "C")
    cov = expected["cov"]
    assert between.sd == pytest.approx(np.sqrt(cov[0, 0] + cov[1, 1] - 2 * cov[0, 1]), rel=1e-6)


def parkinsons(content):
    """Contrasts of all pairs of arms."""
    found = {name: [] for name in COLUMNS.values()}
    data = content["data"]
    for study in dict.fromkeys(data["studyn"]):
        mine = [i for i, s in enumerate(data["studyn"]) if s == study]
        first = mine[0]
        value = {i: data["diff"][i] or 0.0 for i in mine}
        for i, j in combinations(mine, 2):
            variance = data["se_diff"][j] ** 2
            if i != first:
                variance += data["se_diff"][i] ** 2 - 2 * data["se_diff"][first] ** 2
            row = (study, data["trtn"][i], data["trtn"][j], value[i] - value[j], variance**0.5)
            for name, cell in zip(COLUMNS.values(), row, strict=True):
                found[name].append(cell)
    return found


def test_multinma(reference):
    content = reference("multinma/parkinsons")
    expected, dic = content["RE"], content["dic"]
    fit = bayes(parkinsons(content), "half-normal(5)", reference="4", effect_prior="normal(0, 100)")
    error = dict(zip(expected["parameter"], expected["mcse"], strict=True))
    mean = dict(zip(expected["parameter"], expected["mean"], strict=True))
    median = dict(zip(expected["parameter"], expected["50%"], strict=True))
    for row in fit.to_frame().iter_rows(named=True):
        name = f"d[{row['treatment']}]"
        assert row["mean"] == pytest.approx(mean[name], abs=4 * error[name])
        assert row["median"] == pytest.approx(median[name], abs=4 * error[name])
    assert fit.tau.mean == pytest.approx(mean["tau"], abs=4 * error["tau"])
    assert fit.deviance.mean == pytest.approx(dic["resdev"], abs=0.2)
    assert fit.deviance.pD == pytest.approx(dic["pd"], abs=0.2)
    assert pytest.approx(dic["dic"], abs=0.3) == fit.deviance.DIC


@pytest.mark.parametrize("name", ["parkinsons", "smokingcessation_OR", "Senn2013_MD"])
def test_long_chains(name, reference):
    # NUTS of tests/reference/numpyro/networks.py, whose batches give the error of each number
    chains = reference("numpyro/networks")
    theirs, shares = chains["networks"][name], np.array(chains["quantiles"])
    if name == "parkinsons":
        data = parkinsons(reference("multinma/parkinsons"))
    else:
        data = reference("netmeta/networks")[name]["data"]
    options = {key: theirs[key] for key in ("prior", "effect_prior", "reference")}
    fit = bayes(data, **options)

    def near(mine, told):
        for value, of in ((mine.mean, "mean"), (mine.sd, "sd")):
            assert value == pytest.approx(told[of], abs=4 * told[f"mcse_{of}"])
        off = np.abs(mine.quantile(shares) - told["quantiles"])
        assert (off <= 4 * np.array(told["mcse_quantiles"])).all()

    near(fit.tau, theirs["tau"])
    for row in theirs["effects"]:
        near(fit.relative(row["treatment1"], row["treatment2"]).posterior, row)
    assert fit.treatments == tuple(theirs["treatments"])
    error = np.array(theirs["mcse_rank_probabilities"])
    mine = fit.ranks(100_000).probabilities
    error = np.hypot(error, np.sqrt(mine * (1 - mine) / 100_000)) + 1e-5
    assert (np.abs(mine - theirs["rank_probabilities"]) <= 4.5 * error).all()


@pytest.mark.parametrize("effect_prior", ["flat", "normal(0, 2)"])
def test_two_treatments_are_a_meta_analysis(effect_prior):
    y, se = [-0.4, 0.1, -0.9, -0.2, 0.3], [0.2, 0.3, 0.25, 0.4, 0.2]
    columns = {"study": list("abcde"), "treatment1": ["pill"] * 5, "treatment2": ["sham"] * 5}
    fit = bayesian_network(
        **columns, effect=y, se=se, reference="sham", prior="half-cauchy(0.5)",
        effect_prior=effect_prior,
    )  # fmt: skip
    plain = bayesian_meta_analysis(effect=y, se=se, prior="half-cauchy(0.5)", mu_prior=effect_prior)
    pill = fit.relative("pill", "sham")
    assert pill.mean == pytest.approx(plain.mu.mean, rel=1e-9)
    assert pill.sd == pytest.approx(plain.mu.sd, rel=1e-9)
    assert pill.ci == pytest.approx(plain.interval(), rel=1e-8)
    assert pill.prediction_interval == pytest.approx(plain.predictive.interval(), rel=1e-8)
    assert pill.probability_better == pytest.approx(plain.probability_below(0), rel=1e-9)
    assert fit.tau.interval() == pytest.approx(plain.tau.interval(), rel=1e-9)
    assert fit.log_evidence == pytest.approx(plain.log_evidence, rel=1e-9, nan_ok=True)


def test_the_reference_makes_no_difference_with_flat_priors(smoking):
    one, other = bayes(smoking, reference="A"), bayes(smoking, reference="D")
    for name in ("mean", "sd", "ci_low", "ci_high", "pi_low", "probability_better"):
        assert one.effects()[name].to_numpy() == pytest.approx(
            other.effects()[name].to_numpy(), rel=1e-9
        )
    assert pytest.approx(other.deviance.DIC, rel=1e-9) == one.deviance.DIC
    assert other.interval()["A"] == pytest.approx(
        [-end for end in reversed(one.interval()["D"])], rel=1e-9
    )
    assert one.relative("C", "B").mean == pytest.approx(-one.relative("B", "C").mean)


def test_a_common_effect_is_the_frequentist_one(net):
    fit = bayesian_network(net["data"], **COLUMNS, model="common")
    plain = network(net["data"], **COLUMNS, model="common")
    assert fit.effects()["mean"].to_numpy() == pytest.approx(plain.estimates, rel=1e-8, abs=1e-9)
    assert fit.effects()["sd"].to_numpy() == pytest.approx(plain.standard_errors, rel=1e-8)
    assert fit.p_scores == pytest.approx(plain.p_scores, rel=1e-7)
    assert fit.deviance.pD == pytest.approx(fit.n - 1)
    assert fit.deviance.mean == pytest.approx(plain.Q + fit.n - 1)
    assert fit.effects()["pi_low"].null_count() == len(plain.estimates)
    with pytest.raises(InputError, match="no posterior"):
        _ = fit.tau
    assert "common-effect" in fit.summary()
    assert json.loads(json.dumps(fit.to_dict()))["tau"] is None


def test_a_known_tau_is_the_frequentist_one(net):
    fit = bayes(net["data"], "uniform(0.3, 0.3000001)")
    known, (i, j) = fit_at(fit.trials, 0.09), fit.pairs
    table = fit.effects()
    assert table["mean"].to_numpy() == pytest.approx(known.theta[i] - known.theta[j], abs=1e-6)
    assert table["sd"].to_numpy() == pytest.approx(np.sqrt(known.variances(i, j)), rel=1e-6)


def test_much_data_leave_the_prior_nothing_to_say(smoking):
    often = {name: list(values) * 400 for name, values in smoking.items()}
    often["study"] = [f"{name} {i // len(smoking['TE'])}" for i, name in enumerate(often["study"])]
    fit = bayes(often, effect_prior="normal(0, 10)")
    plain = network(often, **COLUMNS, method="ML")
    assert fit.tau.mean == pytest.approx(plain.tau, rel=2e-3)
    assert fit.effects()["mean"].to_numpy() == pytest.approx(plain.estimates, abs=2e-3)
    assert fit.effects()["sd"].to_numpy() == pytest.approx(plain.standard_errors, rel=0.02)


def test_draws_and_probabilities_are_of_one_posterior(smoking):
    fit = bayes(smoking, reference="B")
    drawn = fit.draws(200_000, seed=3)
    assert (drawn[:, 1] == 0).all()
    assert (fit.draws(50, seed=3) == fit.draws(50, seed=3)).all()
    table = fit.to_frame()
    others = [0, 2, 3]
    assert drawn[:, others].mean(axis=0) == pytest.approx(table["mean"].to_numpy(), abs=0.006)
    assert drawn[:, others].std(axis=0) == pytest.approx(table["sd"].to_numpy(), rel=0.01)
    i, j = fit.pairs
    counted = (drawn[:, i] < drawn[:, j]).mean(axis=0)
    assert fit.effects()["probability_better"].to_numpy() == pytest.approx(counted, abs=0.005)
    by = fit.probability_better(by=0.3)
    row = by.filter((by["treatment1"] == "A") & (by["treatment2"] == "C"))["probability"].item()
    assert row == pytest.approx((drawn[:, 0] - drawn[:, 2] < -0.3).mean(), abs=0.005)
    assert row == pytest.approx(fit.relative("A", "C").posterior.cdf(-0.3))
    ranks = fit.ranks(100_000).to_frame()
    assert ranks["sucra"].to_numpy() == pytest.approx(ranks["p_score"].to_numpy(), abs=0.005)
    assert fit.p_scores.mean() == pytest.approx(0.5)
    best = fit.probability_among_best(2, n=100_000)
    assert best["probability"].sum() == pytest.approx(2)
    assert best["treatment"][0] == ranks["treatment"][0]
    two = fit.hierarchy(["A", "C"], n=100_000)
    assert two == pytest.approx(counted[1], abs=0.006)


def test_more_is_better(smoking):
    less, more = bayes(smoking), bayes(smoking, small_values="undesirable")
    assert more.p_scores == pytest.approx(1 - less.p_scores)
    assert more.relative("A", "C").probability_better == pytest.approx(
        1 - less.relative("A", "C").probability_better
    )


def test_the_mixture_is_exact_where_it_can_be_checked(smoking):
    fit = bayes(smoking)
    found = fit.relative("C", "A")
    given = fit.given
    mean, sd = given.mean[:, 1], np.sqrt(given.cov[:, 1, 1])
    assert found.posterior.cdf(0.5) == pytest.approx(
        float(given.weights @ ndtr((0.5 - mean) / sd)), abs=1e-12
    )
    assert found.predictive.sd == pytest.approx(
        np.sqrt(found.sd**2 + given.weights @ given.tau**2), rel=1e-9
    )
    assert found.prediction_interval[0] < found.ci[0] < found.median < found.ci[1]
    assert found.posterior.cdf(found.ci[0]) == pytest.approx(0.025, abs=1e-9)


def test_evidence_is_that_of_contrasts_against_one_arm(smoking, dense):
    fit = bayes(smoking, "uniform(0.6, 0.600001)", effect_prior="normal(0, 2)")
    y, V, T, X = dense(fit)
    total = V + 0.6**2 * T + 4 * X @ X.T
    expected = -0.5 * (
        len(y) * np.log(2 * np.pi) + np.linalg.slogdet(total)[1] + y @ np.linalg.solve(total, y)
    )
    assert fit.log_evidence == pytest.approx(expected, rel=1e-6)
    assert np.isnan(bayes(smoking).log_evidence)


def test_trials_that_stand_apart(smoking):
    fit = bayes(smoking)
    table = fit.trial_fit()
    assert table["deviance"].sum() == pytest.approx(fit.deviance.mean)
    assert table["leverage"].sum() == pytest.approx(fit.deviance.pD)
    assert table["contrasts"].sum() == fit.deviance.contrasts == 26
    share = table["deviance"] / table["contrasts"]
    assert share.is_sorted(descending=True)


def test_for_readers_and_machines(smoking):
    broken = {name: [*values, values[0]] for name, values in smoking.items()}
    broken["study"][-1], broken["seTE"][-1] = "lost", None
    fit = bayes(broken, reference="A")
    text = repr(fit)
    assert "Bayesian random-effects network meta-analysis" in text
    assert "τ ~ half-normal(1), effects against A ~ flat" in text
    assert "DIC" in text
    assert "excluded: row 29 (lost)" in text
    content = json.loads(json.dumps(fit.to_dict(), allow_nan=False))
    assert content["treatments"] == ["A", "B", "C", "D"]
    assert (content["k"], content["m"], content["n_designs"]) == (24, 28, 8)
    assert len(content["effects"]) == 6
    assert content["tau"]["median"] == pytest.approx(fit.tau.median)
    assert content["log_evidence"] is None
    assert [row["study"] for row in content["excluded"]] == ["lost"]
    assert content["deviance"]["DIC"] == pytest.approx(fit.deviance.DIC)
    league = fit.league()
    cell = league.table.filter(league.table[""] == "C")["A"].item()
    assert cell.startswith(f"{fit.relative('A', 'C').median:.2f} [")
    above = league.table.filter(league.table[""] == "A")["C"].item()
    assert float(above) == pytest.approx(fit.relative("A", "C").probability_better, abs=0.005)


def test_heavy_tails_are_told():
    one = {"study": ["1"], "treat1": ["a"], "treat2": ["b"], "TE": [1.0], "seTE": [0.5]}
    fit = bayes(one, "half-cauchy(1)")
    assert np.isnan(fit.relative("a", "b").mean)
    assert np.isfinite(fit.relative("a", "b").median)
    assert any("tails" in note for note in fit.warnings)
    assert any("say nothing about τ" in note for note in fit.warnings)


def test_a_wide_network_of_many_treatments(dense):
    # above a dozen treatments sums are sparse; they must be those of the dense code
    rng = np.random.default_rng(5)
    n, k = 25, 90
    pairs = [(s, s + 1) if s < n - 1 else rng.choice(n, 2, replace=False) for s in range(k)]
    data = {
        "study": [str(s) for s in range(k)],
        "treat1": [f"t{a:02}" for a, _ in pairs],
        "treat2": [f"t{b:02}" for _, b in pairs],
        "TE": rng.normal(0, 2, k),
        "seTE": rng.uniform(0.5, 1.5, k),
    }
    fit = bayes(data, "half-normal(2)")
    expected = brute_force(*dense(fit), scale=2.0)
    assert fit.to_frame()["mean"].to_numpy() == pytest.approx(expected["mean"], abs=1e-6)
    assert fit.tau.mean == pytest.approx(expected["tau"], rel=1e-6)
    assert fit.deviance.pD == pytest.approx(expected["pD"], rel=1e-6)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"prior": None}, InputError, "give prior="),
        ({"model": "common"}, InputError, "has no τ"),
        ({"prior": "normal(0, 1)"}, InputError, "can't be used here"),
        ({"effect_prior": "half-normal(1)"}, InputError, "can't be used here"),
        ({"prior": "half-norm(1)"}, UnknownWordError, "half-normal"),
        ({"reference": "Z"}, UnknownWordError, "reference treatment"),
        ({"model": "fixed"}, UnknownWordError, "model"),
        ({"small_values": "good"}, UnknownWordError, "small_values"),
        ({"level": 95}, InputError, "level"),
    ],
)
def test_wrong_calls(smoking, options, error, message):
    with pytest.raises(error, match=message):
        bayes(smoking, **options)


def test_what_has_no_posterior(smoking):
    tree = {"study": ["1", "2"], "treat1": ["a", "b"], "treat2": ["b", "c"], "TE": [1, 2]}
    with pytest.raises(SynthesisError, match=r"at least 4 contrasts are needed, and there are 2"):
        bayes(tree | {"seTE": [1, 1]}, "uniform")
    apart = {"study": ["1", "2"], "treat1": ["a", "c"], "treat2": ["b", "d"], "TE": [1, 2]}
    with pytest.raises(SynthesisError, match="2 parts"):
        bayes(apart | {"seTE": [1, 1]})
    with pytest.raises(InputError, match="two different treatments"):
        bayes(smoking).relative("A", "A")
