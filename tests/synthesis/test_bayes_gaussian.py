import json
import math

import numpy as np
import pytest

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.bayes.analysis import bayesian_meta_analysis, bayesian_meta_regression
from reprieve.synthesis.bayes.gaussian import bayesian_gaussian
from reprieve.synthesis.gaussian import GaussianModel
from reprieve.synthesis.random_effects import Scaled, Structured

Y = np.array([0.1, -0.4, 0.8, 0.3, 0.5, 0.0])
V = np.array([0.04, 0.03, 0.06, 0.05, 0.02, 0.03])


def studies(X=None, restricted=True):
    return GaussianModel(Y, V, X, terms=[Scaled(range(6), name="study")], restricted=restricted)


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("mu_prior", [None, "normal(0, 1)"])
def test_one_variance_is_a_meta_analysis(restricted, mu_prior):
    found = bayesian_gaussian(
        studies(restricted=restricted),
        "half-normal(0.5)",
        coefficient_priors=None if mu_prior is None else [mu_prior],
        names=["mu"],
    )
    expected = bayesian_meta_analysis(
        effect=Y, variance=V, prior="half-normal(0.5)", mu_prior=mu_prior
    )
    p = [0.025, 0.3, 0.5, 0.975]
    np.testing.assert_allclose(found["mu"].quantile(p), expected.mu.quantile(p), atol=1e-8)
    np.testing.assert_allclose(found["study"].quantile(p), expected.tau.quantile(p), atol=1e-7)
    np.testing.assert_allclose(found["study"].shortest(), expected.tau.shortest(), atol=1e-6)
    assert found["study"].mode == pytest.approx(expected.tau.mode, abs=1e-6)
    assert found["mu"].sd == pytest.approx(expected.mu.sd, rel=1e-9)
    if mu_prior is None:
        assert math.isnan(found.log_evidence)
    else:
        assert found.log_evidence == pytest.approx(expected.log_evidence, abs=1e-9)


def test_flat_and_normal_priors_side_by_side_are_a_meta_regression():
    x = np.array([0.0, 1.0, 2.0, 4.0, 3.0, 1.0])
    found = bayesian_gaussian(
        studies(np.column_stack([np.ones(6), x])),
        "half-cauchy(0.5)",
        coefficient_priors=["flat", "normal(0, 0.2)"],
    )
    expected = bayesian_meta_regression(
        "~ x",
        {"y": Y, "v": V, "x": x},
        effect="y",
        variance="v",
        prior="half-cauchy(0.5)",
        coefficient_priors={"x": "normal(0, 0.2)"},
    )
    for ours, theirs in (("beta1", "Intercept"), ("beta2", "x"), ("study", "tau")):
        assert found[ours].median == pytest.approx(expected[theirs].median, abs=1e-7)
        assert found[ours].interval() == pytest.approx(expected[theirs].interval(), abs=1e-6)
    at = found.at([[1.0, 0.0], [1.0, 2.0]])
    assert at.median[1] == pytest.approx(expected.at([1.0, 2.0]).median, abs=1e-8)


def brute_force(model, scale, reach=6.0):
    """Two standard deviations on Gauss–Legendre nodes: weights and the law of the mean."""
    x, w = np.polynomial.legendre.leggauss(120)
    sd, w = reach * scale * (x + 1) / 2, w * reach * scale / 2
    a, b = np.meshgrid(sd, sd, indexing="ij")
    loglik, beta, cov = model.profile(np.stack([a, b], axis=-1) ** 2)
    logs = loglik - (a**2 + b**2) / (2 * scale**2)
    weight = w[:, None] * w * np.exp(logs - logs.max())
    return sd, weight / weight.sum(), beta[..., 0], cov[..., 0, 0]


def test_two_levels_equal_brute_force(reference):
    data = reference("metafor/multilevel")["konstantopoulos2011"]
    schools = [f"{d}/{s}" for d, s in zip(data["district"], data["school"], strict=True)]
    terms = [Scaled(data["district"], name="district"), Scaled(schools, name="school")]
    model = GaussianModel(data["yi"], data["vi"], terms=terms)
    found = bayesian_gaussian(model, "half-normal(0.3)", names=["mean"])
    sd, w, mean, var = brute_force(model, 0.3)
    centre = (w * mean).sum()
    assert found["mean"].mean == pytest.approx(centre, abs=1e-7)
    assert found["mean"].sd == pytest.approx(
        math.sqrt((w * (var + (mean - centre) ** 2)).sum()), rel=1e-6
    )
    assert found["district"].mean == pytest.approx(w.sum(axis=1) @ sd, rel=1e-6)
    assert found["school"].mean == pytest.approx(w.sum(axis=0) @ sd, rel=1e-6)
    assert found.warnings == ()
    fit = model.fit()
    # the posterior lies around the restricted maximum
    low, high = found["school"].interval()
    assert low < math.sqrt(fit.theta["school"]) < high


def test_a_level_without_information_keeps_its_prior():
    terms = [Scaled([1] * 6, name="all"), Scaled(range(6), name="study")]
    model = GaussianModel(Y, V, terms=terms)
    found = bayesian_gaussian(model, {"all": "half-normal(0.4)", "study": "half-normal(0.5)"})
    from scipy.stats import halfnorm

    p = [0.1, 0.5, 0.9]
    # its variance moves the mean only, which is flat
    np.testing.assert_allclose(found["all"].quantile(p), halfnorm.ppf(p, scale=0.4), rtol=1e-5)


def test_two_correlated_outcomes(reference):
    data = reference("metafor/multilevel")["berkey1998"]
    X = np.column_stack([np.array(data["outcome"]) == o for o in ("AL", "PD")]).astype(float)
    term = Structured(data["trial"], data["outcome"], "UN")
    model = GaussianModel(data["yi"], data["V"], X, [term])
    found = bayesian_gaussian(model, "half-normal(0.3)", names=["AL", "PD"])
    fit = model.fit()
    for j, name in enumerate(("AL", "PD")):
        se = math.sqrt(fit.cov[j, j])
        assert found[name].mean == pytest.approx(fit.beta[j], abs=se)
        assert found[name].sd > se
    rho = found["rho[AL,PD]"]
    assert -1 < rho.interval()[0] < rho.median < rho.interval()[1] < 1
    difference = found.at([1.0, -1.0])
    drawn = found.draws(40_000, seed=2) @ np.array([1.0, -1.0])
    assert drawn.mean() == pytest.approx(difference.mean, abs=5 * difference.sd / 200)
    assert (drawn < difference.quantile(0.9)).mean() == pytest.approx(0.9, abs=0.01)


def test_tables_and_dictionary():
    found = bayesian_gaussian(studies(), "half-normal(0.5)", names=["mean"], level=0.9)
    content = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert content["posterior"]["mean"]["ci"] == pytest.approx(list(found["mean"].interval(0.9)))
    assert content["model"]["priors"] == {"mean": "flat", "study": "half-normal(0.5)"}
    assert found.to_frame()["name"].to_list() == ["mean", "study"]
    assert "90 % central" in found.summary()
    assert found.probability_below(0) == pytest.approx(found["mean"].cdf(0.0))


@pytest.mark.parametrize(
    ("priors", "more", "error", "says"),
    [
        ("uniform", {}, InputError, "improper"),
        ("dumouchel", {}, InputError, "made for one variance"),
        ("normal(0, 1)", {}, InputError, "for τ"),
        ({}, {}, InputError, "give a prior for .* study"),
        ({"lab": "half-normal(1)"}, {}, InputError, "names .'lab'"),
        ("half-normal(1)", {"names": ["a", "b"]}, InputError, "1 coefficients"),
        ("half-normal(1)", {"coefficient_priors": ["half-normal(1)"]}, InputError, "for effects"),
    ],
)
def test_what_can_not_be_done_says_why(priors, more, error, says):
    with pytest.raises(error, match=says):
        bayesian_gaussian(studies(), priors, **more)


def test_too_many_hyperparameters_and_bad_correlations():
    three = Structured([1, 1, 1, 2, 2, 2], [1, 2, 3, 1, 2, 3], "UN")
    with pytest.raises(SynthesisError, match="6 hyperparameters"):
        bayesian_gaussian(GaussianModel(Y, V, terms=[three]), "half-normal(1)")
    with pytest.raises(SynthesisError, match="0 hyperparameters"):
        bayesian_gaussian(GaussianModel(Y, V), "half-normal(1)")
    same = Structured([1, 1, 1, 2, 2, 2], [1, 2, 3, 1, 2, 3], "CS")
    with pytest.raises(InputError, match="the correlation rho"):
        bayesian_gaussian(
            GaussianModel(Y, V, terms=[same]), {"tau2": "half-normal(1)", "rho": "uniform(-1, 1)"}
        )
