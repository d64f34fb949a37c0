import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis import meta_analysis
from reprieve.synthesis.bayes.analysis import bayesian_meta_analysis, bayesian_meta_regression
from reprieve.synthesis.bayes.priors import parse_prior

CASES = [
    "bcg_RR__DuMouchel",
    "bcg_RR__HN0.5_mu_N0_4",
    "bcg_RR__Jeffreys",
    "bcg_RR__conventional",
    "bcg_RR__exp1",
    "bcg_RR__overallJeffreys",
    "bcg_RR__shrinkage",
    "bcg_RR__turner_lognormal",
    "bcg_RR__uniform_muflat",
    "gibson2002_SMD__HN0.5_muflat",
    "rubin1981_schools__HC25_mu_N0_50",
]
Y, SE = [0.1, -0.4, 0.8, 0.3], [0.2, 0.17, 0.25, 0.22]


@pytest.fixture(scope="module", params=CASES)
def case(request, reference):
    content = reference("bayesmeta/posteriors")
    expected = content["posteriors"][request.param]
    data = content["data"][expected["dataset"]]
    fit = bayesian_meta_analysis(
        effect=data["y"],
        se=data["sigma"],
        study=data["label"],
        prior=expected["tau_prior"],
        mu_prior=expected["mu_prior"],
    )
    return fit, expected


def table(frame):
    return {
        row: dict(zip(frame["cols"], values, strict=True))
        for row, values in zip(frame["rows"], frame["values"], strict=True)
    }


def test_tau_equals_bayesmeta(case):
    fit, expected = case
    summary = {row: values["tau"] for row, values in table(expected["summary"]).items()}
    sd = summary["sd"]
    assert fit.tau.mean == pytest.approx(summary["mean"], abs=1e-8 * sd)
    assert fit.tau.sd == pytest.approx(sd, rel=1e-8)
    for p, value in expected["tau_quantiles"].items():
        assert fit.tau.quantile(float(p)) == pytest.approx(value, abs=1e-7 * sd), p
    np.testing.assert_allclose(fit.tau.interval(), expected["tau_central95"], atol=1e-7 * sd)
    np.testing.assert_allclose(
        fit.tau.density(expected["tau_density"]["tau"]), expected["tau_density"]["d"], rtol=1e-9
    )
    # bayesmeta's search for the mode and the shortest interval stops early
    shortest = summary["95% lower"], summary["95% upper"]
    np.testing.assert_allclose(fit.tau.shortest(), shortest, atol=2e-4 * sd)
    assert np.diff(fit.tau.shortest()) <= np.diff(shortest) + 1e-9 * sd
    assert fit.tau.mode == pytest.approx(summary["mode"], abs=3e-4 * sd)
    assert fit.tau.density(fit.tau.mode) >= fit.tau.density(summary["mode"]) * (1 - 1e-12)


@pytest.mark.parametrize(("ours", "theirs"), [("mu", "mu"), ("predictive", "theta")])
def test_effects_equal_bayesmeta(case, ours, theirs):
    fit, expected = case
    found = fit[ours]
    summary = {row: values[theirs] for row, values in table(expected["summary"]).items()}
    sd = summary["sd"]
    assert found.mean == pytest.approx(summary["mean"], abs=1e-4 * sd)
    assert found.median == pytest.approx(summary["median"], abs=1e-4 * sd)
    assert found.mode == pytest.approx(summary["mode"], abs=2e-4 * sd)
    assert found.sd == pytest.approx(sd, rel=3e-4)
    shortest = summary["95% lower"], summary["95% upper"]
    np.testing.assert_allclose(found.shortest(), shortest, atol=6e-4 * sd)
    for p, value in expected[f"{'mu' if ours == 'mu' else 'predictive'}_quantiles"].items():
        # the far tails suffer most from bayesmeta's grid of τ
        close = 1e-3 if float(p) in (0.005, 0.995) else 6e-4
        assert found.quantile(float(p)) == pytest.approx(value, abs=close * sd), p
    chance = expected["P_mu_le_0" if ours == "mu" else "P_pred_le_0"]
    assert fit.probability_below(0, of=ours) == pytest.approx(chance, abs=5e-5)
    if ours == "mu":
        density = expected["mu_density"]
        np.testing.assert_allclose(found.density(density["mu"]), density["d"], rtol=3e-4)
        np.testing.assert_allclose(found.interval(), expected["mu_central95"], atol=6e-4 * sd)


def test_shrinkage_equals_bayesmeta(case):
    fit, expected = case
    theta = {
        row: np.array(list(v.values())) for row, v in table(expected["theta_shrinkage"]).items()
    }
    sd = theta["sd"]
    for name in ("mean", "median"):
        np.testing.assert_allclose((getattr(fit.studies, name) - theta[name]) / sd, 0, atol=4e-4)
    np.testing.assert_allclose(fit.studies.sd, sd, rtol=3e-4)
    low, high = fit.studies.shortest()
    np.testing.assert_allclose((low - theta["95% lower"]) / sd, 0, atol=6e-4)
    np.testing.assert_allclose((high - theta["95% upper"]) / sd, 0, atol=6e-4)


def test_weights_and_evidence_equal_bayesmeta(case):
    fit, expected = case
    weights = [expected["weights_pct"][label] for label in fit.study]
    np.testing.assert_allclose(fit.weights, 100 * np.array(weights), rtol=1e-6)
    factors = table(expected["bayesfactor_tau0_mu0"])["actual"]
    if expected["log_evidence"] is None:
        assert math.isnan(fit.log_evidence)
        return
    assert fit.log_evidence == pytest.approx(expected["log_evidence"], abs=1e-10)
    for name, value in factors.items():
        assert fit.bayes_factors[name] == pytest.approx(value, rel=1e-7)


def test_the_vignette_of_bayesmeta(reference):
    # bayesmeta 3.4, vignette "Using the bayesmeta package": bayesmeta(y, sigma), default accuracy
    data = reference("bayesmeta/posteriors")["data"]["rubin1981_schools"]
    fit = bayesian_meta_analysis(effect=data["y"], se=data["sigma"], prior="uniform")
    assert fit.tau.mode == 0
    assert fit.tau.median == pytest.approx(5.227732, abs=1e-6)
    assert fit.tau.mean == pytest.approx(6.585992, abs=1e-6)
    assert fit.tau.sd == pytest.approx(5.685974, abs=1e-6)
    assert fit.tau.shortest() == pytest.approx((0, 17.265797), abs=1e-6)
    assert fit.mu.mean == pytest.approx(8.092138, abs=1e-4 * fit.mu.sd)
    assert fit.predictive.median == pytest.approx(8.008111, abs=3e-4 * fit.predictive.sd)


def test_regression_equals_bmr(reference):
    content = reference("bayesmeta/posteriors")
    expected, data = content["regression"], content["data"]["bcg_RR"]
    fit = bayesian_meta_regression(
        "~ ablat",
        {**data, "ablat": expected["ablat_minus_33.46"]},
        effect="y",
        se="sigma",
        prior="half-normal(0.5)",
        coefficient_priors={"Intercept": "normal(0, 4)", "ablat": "normal(0, 1)"},
    )
    names = {"tau": "tau", "Intercept": "intercept", "ablat": "ablat"}
    summary = table(expected["summary"])
    for ours, theirs in names.items():
        # the call used bayesmeta's default accuracy, delta = 0.01
        sd = summary["sd"][theirs]
        close = 1e-6 if ours == "tau" else 3e-3
        assert fit[ours].mean == pytest.approx(summary["mean"][theirs], abs=close * sd)
        assert fit[ours].median == pytest.approx(summary["median"][theirs], abs=close * sd)
        assert fit[ours].sd == pytest.approx(sd, rel=close)
    theta = {row: np.array(list(v.values())) for row, v in table(expected["theta"]).items()}
    np.testing.assert_allclose((fit.studies.mean - theta["mean"]) / theta["sd"], 0, atol=4e-3)
    factors = table(expected["bayesfactor"])["actual"]
    for ours, theirs in names.items():
        assert fit.bayes_factors[f"{ours}=0"] == pytest.approx(factors[f"{theirs}=0"], rel=1e-6)


def test_mcmc_agrees_within_its_error(reference):
    draws = reference("bayesmeta/brms_bcg")["draws"]
    data = reference("bayesmeta/posteriors")["data"]["bcg_RR"]
    fit = bayesian_meta_analysis(
        effect=data["y"], se=data["sigma"], prior="half-normal(0.5)", mu_prior="normal(0, 4)"
    )
    rows = {name: i for i, name in enumerate(draws["variable"])}
    for name, found in (("b_Intercept", fit.mu), ("sd_id__Intercept", fit.tau)):
        i = rows[name]
        assert found.mean == pytest.approx(draws["mean"][i], abs=4 * draws["mcse_mean"][i])
        assert found.sd == pytest.approx(draws["sd"][i], rel=0.05)


# -- against brute force, which knows no grid but its own


def brute_force(y, se, prior, mu_prior, reach):
    """Nodes of τ with weights, and the normal law of mu at each."""
    x, w = np.polynomial.legendre.leggauss(20)
    edges = np.concatenate([[0, 0.1, 0.4, 1.0], np.geomspace(1e-60, 1, 1500) * reach])
    edges = np.unique(edges)
    half = np.diff(edges)[:, None] / 2
    tau = ((edges[:-1] + edges[1:])[:, None] / 2 + half * x).ravel()
    w = (half * w).ravel()
    total = np.asarray(se) ** 2 + tau[:, None] ** 2
    a, b = (1 / total).sum(axis=1), (np.asarray(y) / total).sum(axis=1)
    logs = -0.5 * (np.log(total).sum(axis=1) + (np.asarray(y) ** 2 / total).sum(axis=1))
    if mu_prior is not None:
        m, s = mu_prior
        a, b = a + s**-2, b + m / s**2
        logs = logs - 0.5 * (m / s) ** 2
    logs = logs + 0.5 * b**2 / a - 0.5 * np.log(a)
    logs = logs + parse_prior(prior).log_density(tau, np.asarray(se) ** 2)
    weight = w * np.exp(logs - logs.max())
    return tau, weight / weight.sum(), b / a, a**-0.5


@pytest.mark.parametrize(
    ("prior", "mu_prior", "reach"),
    [
        ("half-normal(0.5)", None, 8),
        ("half-cauchy(0.3)", (0, 1), 3e4),
        ("uniform(0, 2)", (0.5, 0.2), 2),
        ("log-normal(-1, 0.5)", None, 1e3),
        ("inverse-gamma(1, 0.05)", (0, 4), 1e4),
        ("log-t(-1.5, 1.1, 5)", (0, 4), 1e5),
        ("i2", None, 1e5),
        ("sqrt", (0, 10), 1e5),
        ("berger-deely", None, 1e6),
    ],
)
def test_quadrature_equals_brute_force(prior, mu_prior, reach):
    tau, w, mean, sd = brute_force(Y, SE, prior, mu_prior, reach)
    text = None if mu_prior is None else f"normal({mu_prior[0]}, {mu_prior[1]})"
    fit = bayesian_meta_analysis(effect=Y, se=SE, prior=prior, mu_prior=text)
    for x in (-0.5, 0.0, 0.2, 0.9):
        assert fit.mu.cdf(x) == pytest.approx(w @ ndtr((x - mean) / sd), abs=2e-9)
        spread = np.hypot(sd, tau)
        assert fit.predictive.cdf(x) == pytest.approx(w @ ndtr((x - mean) / spread), abs=2e-9)
    for x in (0.1, 0.4, 1.0):
        assert fit.tau.cdf(x) == pytest.approx(w[tau <= x].sum(), abs=2e-9)
    if fit.tau.tail > 3:
        assert fit.tau.mean == pytest.approx(w @ tau, rel=1e-4)
        assert fit.mu.mean == pytest.approx(w @ mean, abs=1e-6)


# -- properties


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-2, 2), st.floats(0.05, 1)), min_size=3, max_size=8),
    st.floats(-50, 50),
    st.floats(0.01, 100),
)
def test_shift_and_scale_carry_through(rows, shift, scale):
    y, se = np.array(rows).T
    plain = bayesian_meta_analysis(effect=y, se=se, prior="half-normal(0.5)")
    moved = bayesian_meta_analysis(
        effect=scale * (y + shift), se=scale * se, prior=f"half-normal({0.5 * scale!r})"
    )
    p = [0.025, 0.5, 0.9]
    size = scale * plain.mu.sd
    close = {"rtol": 0, "atol": 1e-6 * size}
    np.testing.assert_allclose(
        moved.mu.quantile(p), scale * (plain.mu.quantile(p) + shift), **close
    )
    np.testing.assert_allclose(moved.tau.quantile(p), scale * plain.tau.quantile(p), **close)
    np.testing.assert_allclose(moved.studies.mean, scale * (plain.studies.mean + shift), **close)


def test_order_does_not_matter():
    forth = bayesian_meta_analysis(effect=Y, se=SE, prior="jeffreys")
    back = bayesian_meta_analysis(effect=Y[::-1], se=SE[::-1], prior="jeffreys")
    assert forth.mu.sd == pytest.approx(back.mu.sd, rel=1e-12)
    np.testing.assert_allclose(forth.studies.mean, back.studies.mean[::-1], rtol=1e-12)


def test_flat_priors_come_near_reml_in_large_samples():
    rng = np.random.default_rng(11)
    v = rng.uniform(0.01, 0.05, 4000)
    y = rng.normal(0.3, np.sqrt(v + 0.04))
    fit = bayesian_meta_analysis(effect=y, variance=v, prior="uniform")
    reml = meta_analysis(effect=y, variance=v, test="z")
    assert fit.mu.mean == pytest.approx(reml.estimate, abs=0.02 * reml.se)
    assert fit.mu.sd == pytest.approx(reml.se, rel=0.01)
    assert fit.tau.mode == pytest.approx(reml.tau, rel=0.01)


def test_one_study_leaves_tau_to_its_prior():
    fit = bayesian_meta_analysis(effect=[0.4], se=[0.1], prior="half-normal(0.5)")
    p = [0.05, 0.5, 0.95]
    from scipy.stats import halfnorm

    np.testing.assert_allclose(fit.tau.quantile(p), halfnorm.ppf(p, scale=0.5), rtol=1e-8)
    assert any("say nothing about τ" in note for note in fit.warnings)
    assert fit.bayes_factors["tau=0"] == pytest.approx(1)


def test_a_regression_on_an_intercept_is_a_meta_analysis():
    data = {"y": Y, "se": SE}
    one = bayesian_meta_regression(
        "~ 1",
        data,
        effect="y",
        se="se",
        prior="half-cauchy(0.5)",
        coefficient_priors={"Intercept": "normal(0, 2)"},
    )
    other = bayesian_meta_analysis(
        data, effect="y", se="se", prior="half-cauchy(0.5)", mu_prior="normal(0, 2)"
    )
    assert one.log_evidence == pytest.approx(other.log_evidence, rel=1e-12)
    np.testing.assert_allclose(one["Intercept"].shortest(), other.mu.shortest(), rtol=1e-9)
    assert one.interval(0.9)["Intercept"] == pytest.approx(other.interval(0.9))
    frame = one.predict({"y": [0.0]})
    assert frame["pi_low"][0] == pytest.approx(other.predictive.interval()[0], rel=1e-9)


def test_a_tight_prior_holds_a_coefficient():
    data = {"y": Y, "se": SE, "x": [0.0, 1.0, 2.0, 4.0]}
    tight = bayesian_meta_regression(
        "~ x",
        data,
        effect="y",
        se="se",
        prior="half-normal(0.5)",
        coefficient_priors={"x": "normal(0, 1e-6)"},
    )
    without = bayesian_meta_analysis(data, effect="y", se="se", prior="half-normal(0.5)")
    assert tight["Intercept"].mean == pytest.approx(without.mu.mean, abs=1e-5)
    assert tight["Intercept"].sd == pytest.approx(without.mu.sd, rel=1e-5)
    # normal priors make sense of moderators that depend on one another
    twin = {**data, "z": data["x"]}
    both = bayesian_meta_regression(
        "~ x + z",
        twin,
        effect="y",
        se="se",
        prior="half-normal(0.5)",
        coefficient_priors={"x": "normal(0, 1)", "z": "normal(0, 1)"},
    )
    assert both["x"].mean == pytest.approx(both["z"].mean, rel=1e-9)


def test_draws_belong_together_and_follow_the_posterior():
    fit = bayesian_meta_analysis(
        effect=Y, se=SE, study=list("ABCD"), prior="half-normal(0.5)", mu_prior="normal(0, 1)"
    )
    n = 40_000
    drawn = {name: fit.draws(n, seed=5, of=name) for name in ("mu", "tau", "predictive", "B")}
    for name, values in drawn.items():
        assert values.mean() == pytest.approx(fit[name].mean, abs=5 * fit[name].sd / math.sqrt(n))
        assert (values < fit[name].quantile(0.05)).mean() == pytest.approx(0.05, abs=0.006)
    # a new study lies around the mean, all the wider the larger tau
    away = np.abs(drawn["predictive"] - drawn["mu"]) / drawn["tau"]
    assert (away < 1.959964).mean() == pytest.approx(0.95, abs=0.006)
    studies = fit.draws(n, seed=5, of="studies")
    np.testing.assert_array_equal(studies[:, 1], drawn["B"])
    np.testing.assert_array_equal(fit.draws(9, seed=1), fit.draws(9, seed=1, of="mu"))


def test_heavy_tails_are_told():
    fit = bayesian_meta_analysis(effect=Y[:2], se=SE[:2], prior="half-cauchy(0.5)")
    assert fit.tau.tail == 3
    assert fit.predictive.sd == math.inf
    assert any("does not exist" in note for note in fit.warnings)
    content = fit.to_dict()["posterior"]
    assert content["predictive"]["sd"] is None
    assert content["predictive"]["median"] is not None


# -- what people see


def test_the_dictionary_is_json_and_has_what_the_command_line_prints():
    fit = bayesian_meta_analysis(
        {"y": [*Y, None], "s": [*SE, 0.1]}, effect="y", se="s", prior="half-normal(0.5)", level=0.9
    )
    content = json.loads(json.dumps(fit.to_dict(), allow_nan=False))
    for name in ("mu", "tau", "predictive"):
        entry = content["posterior"][name]
        assert {"mean", "sd", "median", "ci", "shortest"} <= set(entry)
        assert entry["ci"] == pytest.approx(list(fit[name].interval(0.9)))
        assert entry["shortest"] == pytest.approx(list(fit[name].shortest(0.9)))
    assert content["model"]["prior"] == "half-normal(0.5)"
    assert content["excluded"] == [{"row": 5, "study": "5", "reason": "effect is missing"}]
    assert content["bayes_factors"]["mu=0"] is None
    assert len(content["studies"]) == content["k"] == 4


def test_tables():
    fit = bayesian_meta_analysis(
        effect=Y, se=SE, study=list("ABCD"), prior="dumouchel", mu_prior="normal(0, 4)"
    )
    text = fit.summary()
    for part in ("k = 4", "τ ~ dumouchel", "mu ~ normal(0, 4)", "predictive", "Bayes factors"):
        assert part in text
    assert repr(fit) == text
    assert fit.to_frame()["name"].to_list() == ["mu", "tau", "predictive"]
    frame = fit.shrinkage()
    assert frame["study"].to_list() == list("ABCD")
    # every study is drawn towards the mean
    pulled = np.abs(frame["mean"] - fit.mu.mean) < np.abs(frame["effect"] - fit.mu.mean)
    assert pulled.all()


# -- bad input


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"prior": "normal(0, 1)"}, InputError, "for τ"),
        ({"mu_prior": "half-normal(1)"}, InputError, "for effects"),
        ({"prior": "half-norm(1)"}, UnknownWordError, "half-normal"),
        ({"level": 95}, InputError, "level"),
        ({"effect": Y[:2], "se": SE[:2], "prior": "uniform"}, SynthesisError, "at least 3 studies"),
        ({"effect": Y[:1], "se": SE[:1], "prior": "jeffreys"}, SynthesisError, "at least 2"),
        (
            {"effect": Y[:1], "se": SE[:1], "prior": "uniform", "mu_prior": "normal(0, 1)"},
            SynthesisError,
            "at least 2 studies",
        ),
        ({"effect": [None] * 4}, SynthesisError, "no row"),
    ],
)
def test_what_can_not_be_done_says_why(change, error, says):
    with pytest.raises(error, match=says):
        bayesian_meta_analysis(**{"effect": Y, "se": SE, "prior": "half-normal(0.5)", **change})


def test_improper_priors_with_enough_studies():
    bayesian_meta_analysis(effect=Y[:3], se=SE[:3], prior="uniform")
    bayesian_meta_analysis(effect=Y[:2], se=SE[:2], prior="jeffreys")
    bayesian_meta_analysis(effect=Y[:2], se=SE[:2], prior="uniform", mu_prior="normal(0, 1)")


def test_bad_regressions_say_why():
    data = {"y": Y, "se": SE, "x": [0.0, 1.0, 2.0, 4.0], "z": [0.0, 2.0, 4.0, 8.0]}
    call = {"effect": "y", "se": "se", "prior": "half-normal(0.5)"}
    with pytest.raises(InputError, match="Intercept"):
        bayesian_meta_regression("~ x", data, coefficient_priors={"dose": "flat"}, **call)
    with pytest.raises(SynthesisError, match="depend"):
        bayesian_meta_regression("~ x + z", data, **call)
    few = {name: values[:1] for name, values in data.items()}
    with pytest.raises(SynthesisError, match="improper"):
        bayesian_meta_regression("~ x", few, **call)
    fit = bayesian_meta_regression("~ x", data, **call)
    with pytest.raises(InputError, match="predict"):
        fit.draws(of="predictive")
    with pytest.raises(UnknownWordError, match="quantity"):
        fit.probability_below(0, of="mu")
    with pytest.raises(UnknownWordError, match="quantity"):
        fit.draws(of="mu")


@pytest.mark.slow
def test_intervals_hold_what_they_promise():
    """Parameters drawn from the priors lie in 80 % intervals 80 % of the time."""
    rng = np.random.default_rng(21)
    n, k = 2000, 5
    held = np.zeros(4)
    for _ in range(n):
        tau, mu = abs(rng.normal(0, 0.5)), rng.normal(0, 1)
        se = rng.uniform(0.1, 0.4, k)
        theta = rng.normal(mu, tau, k + 1)
        fit = bayesian_meta_analysis(
            effect=rng.normal(theta[:k], se),
            se=se,
            prior="half-normal(0.5)",
            mu_prior="normal(0, 1)",
        )
        for i, (found, truth) in enumerate(
            [(fit.mu, mu), (fit.tau, tau), (fit.predictive, theta[k]), (fit.studies[0], theta[0])]
        ):
            low, high = found.interval(0.8) if i % 2 else found.shortest(0.8)
            held[i] += low <= truth <= high
    # four standard errors of a share of 2000
    np.testing.assert_allclose(held / n, 0.8, atol=0.036)
