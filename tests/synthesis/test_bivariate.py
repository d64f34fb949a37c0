import json
import math

import numpy as np
import pytest

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis.correlated.bivariate import bivariate_analysis


def bcg(reference, without=()):
    """Log odds of infection without and with vaccination, which are independent."""
    data = reference("metafor/multilevel")["bcg_bivariate"]
    y, v = np.array(data["yi"]), np.array(data["vi"]).reshape(-1, 2)
    y[list(without)] = np.nan
    y = y.reshape(-1, 2)
    return {
        "structure": y[:, 1],
        "symptom": y[:, 0],
        "structure_variance": v[:, 1],
        "symptom_variance": v[:, 0],
        "correlation": 0.0,
    }


def berkey(reference):
    data = reference("metafor/multilevel")["berkey1998"]
    V = data["V"]["values"] if isinstance(data["V"], dict) else data["V"]
    V, y = np.array(V), np.array(data["yi"]).reshape(-1, 2)
    v, covariance = np.diag(V).reshape(-1, 2), np.diag(V, 1)[::2]
    return {
        "structure": y[:, 0],
        "symptom": y[:, 1],
        "structure_variance": v[:, 0],
        "symptom_variance": v[:, 1],
        "correlation": covariance / np.sqrt(v.prod(axis=1)),
    }


def sets(reference):
    return {
        "bcg_bivariate": bcg(reference),
        "bcg_bivariate_incomplete": bcg(reference, without=(0, 5, 13)),
        "berkey1998": berkey(reference),
    }


@pytest.mark.parametrize("method", ["ML", "REML"])
@pytest.mark.parametrize("name", ["bcg_bivariate", "bcg_bivariate_incomplete", "berkey1998"])
def test_numbers_are_those_of_metafor(reference, name, method):
    found = bivariate_analysis(method=method, **sets(reference)[name])
    expected = reference("metafor/bivariate_regression")[name][method]
    # metafor's optimiser stops a little earlier on berkey1998
    rel = 1e-5 if name == "berkey1998" else 1e-6
    assert found.fit.loglik == pytest.approx(expected["loglik"], abs=1e-9)
    assert found.means == pytest.approx(expected["means"], rel=rel)
    assert found.tau2 == pytest.approx(expected["tau2"], rel=rel)
    assert found.correlation == pytest.approx(expected["rho"], rel=rel)
    assert (found.intercept, found.slope) == pytest.approx(tuple(expected["slope"]), rel=rel)
    assert found.slope_se == pytest.approx(expected["slope_se"][1], rel=rel)
    # matreg takes the means for known in the standard error of the intercept
    slope_alone = abs(found.means[0]) * found.slope_se
    assert slope_alone == pytest.approx(expected["slope_se"][0], rel=rel)
    assert found.intercept_se > slope_alone
    if (name, method) == ("berkey1998", "ML"):
        # the drop of the log-likelihood at a variance of zero, where the correlation can be
        # anything, is 1.762 and within the limit; confint() of metafor stops before, at −0.49
        assert found.correlation_interval == (-1, 1)
    else:
        assert found.correlation_interval == pytest.approx(tuple(expected["rho_ci"]), abs=1e-6)


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_means_are_those_of_the_carried_multilevel_fits(reference, method):
    expected = reference("metafor/multilevel")["bcg_bivariate"]["fits"][f"UN_{method}"]
    found = bivariate_analysis(method=method, **bcg(reference))
    assert found.means == pytest.approx(list(expected["beta"].values()), rel=1e-6)
    assert np.sqrt(np.diag(found.fit.cov)) == pytest.approx(expected["se"], rel=1e-6)


def test_van_houwelingen_2002(reference):
    """Their table: slope 0.73 (0.087), residual variance 0.149 by maximum likelihood."""
    found = bivariate_analysis(method="ML", **bcg(reference))
    assert round(found.slope, 2) == 0.73
    assert round(found.slope_se, 3) == 0.087
    assert found.tau2[1] * (1 - found.R2) == pytest.approx(0.149, abs=5e-4)


def test_prediction_and_threshold_by_hand(reference):
    found = bivariate_analysis(**bcg(reference))
    contrast = np.array([-found.slope, 1.0])
    for x in (-6.0, found.means[0], 0.0):
        expected, low, high = found.predict(x)
        variance = found.tau2[1] * (1 - found.R2) + contrast @ found.fit.cov @ contrast
        variance += (x - found.means[0]) ** 2 * found.slope_se**2
        assert expected == pytest.approx(found.means[1] + found.slope * (x - found.means[0]))
        assert high - expected == pytest.approx(1.959963984540054 * variance**0.5)
        assert low < expected < high
    assert found.predict(0.0, level=0.5)[2] < found.predict(0.0)[2]


def made(correlation=0.9, k=40, seed=2):
    rng = np.random.default_rng(seed)
    G = np.array([[0.25, correlation * 0.5 * 8], [correlation * 0.5 * 8, 64]])
    v = np.column_stack([rng.uniform(0.01, 0.04, k), rng.uniform(4, 16, k)])
    true = rng.multivariate_normal([0.2, -6], G, k)
    y = true + rng.standard_normal((k, 2)) * np.sqrt(v)
    return {
        "structure": y[:, 0],
        "symptom": y[:, 1],
        "structure_variance": v[:, 0],
        "symptom_variance": v[:, 1],
        "correlation": 0.0,
    }


def test_threshold_effect_is_where_the_prediction_excludes_zero():
    found = bivariate_analysis(**made(-0.9))
    assert found.slope < 0
    assert found.threshold_effect > 0
    assert found.predict(found.threshold_effect)[2] == pytest.approx(0, abs=1e-6)
    assert math.isnan(bivariate_analysis(**made(0.0)).threshold_effect)


def test_scale_and_swap():
    data = made()
    found = bivariate_analysis(**data)
    scaled = bivariate_analysis(
        **{
            **data,
            "structure": -10 * data["structure"],
            "structure_variance": 100 * data["structure_variance"],
        }
    )
    assert scaled.correlation == pytest.approx(-found.correlation, rel=1e-6)
    assert scaled.slope == pytest.approx(-found.slope / 10, rel=1e-6)
    assert scaled.slope_se == pytest.approx(found.slope_se / 10, rel=1e-4)
    swapped = bivariate_analysis(
        structure=data["symptom"],
        symptom=data["structure"],
        structure_variance=data["symptom_variance"],
        symptom_variance=data["structure_variance"],
        correlation=0.0,
    )
    assert swapped.correlation == pytest.approx(found.correlation, rel=1e-6)
    assert swapped.correlation_interval == pytest.approx(found.correlation_interval, abs=1e-5)


def test_draws_agree_with_the_likelihood():
    found = bivariate_analysis(**made(k=60))
    drawn = found.draws(20_000, seed=4)
    assert drawn["symptom"].mean() == pytest.approx(found.means[1], abs=0.2)
    assert drawn["symptom"].std() == pytest.approx(found.fit.cov[1, 1] ** 0.5, rel=0.1)
    assert np.quantile(drawn["correlation"], [0.025, 0.975]) == pytest.approx(
        found.correlation_interval, abs=0.03
    )
    assert drawn["slope"].std() == pytest.approx(found.slope_se, rel=0.15)


def test_missing_outcomes_are_named(reference):
    data = bcg(reference, without=(0, 1, 4))
    data["symptom_variance"] = data["symptom_variance"].copy()
    data["symptom_variance"][5] = np.nan
    found = bivariate_analysis(**data)
    assert found.both == 10
    assert found.pairs.left_out == ("1: neither outcome", "6: symptom effect without a variance")
    assert any("left out" in warning for warning in found.warnings)
    json.dumps(found.to_dict(), allow_nan=False)


def test_words_and_table(reference):
    found = bivariate_analysis(**bcg(reference))
    assert "go together over trials" in found.conclusion
    assert found.R2_interval == pytest.approx([end**2 for end in found.correlation_interval])
    weak = bivariate_analysis(**berkey(reference))
    assert "not shown to go together" in weak.conclusion
    assert weak.R2_interval == (0, 1)
    assert any("only 5 trials" in warning for warning in weak.warnings)
    assert "threshold effect" in weak.summary()


def test_a_correlation_at_the_edge():
    x = np.array([0.1, 0.5, 0.9, 1.4, 2.0])
    found = bivariate_analysis(
        structure=x,
        symptom=-3 * x,
        structure_variance=np.full(5, 0.01),
        symptom_variance=np.full(5, 0.09),
        correlation=0.0,
    )
    assert found.correlation == pytest.approx(-1, abs=1e-3)
    if math.isnan(found.slope_se):
        with pytest.raises(SynthesisError, match="highest"):
            found.draws(5)
    assert found.correlation_interval[0] == -1
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"correlation": 1.0}, InputError, "correlation within trial"),
        ({"correlation": [0.5, 0.5]}, InputError, "differ in length"),
        ({"structure": ["a"] * 13}, InputError, "structure"),
        ({"structure": [np.inf] * 13}, InputError, "infinite"),
        ({"symptom_variance": [0.0] * 13}, InputError, "above zero"),
        ({"symptom": [np.nan] * 13}, SynthesisError, "0 trials"),
        ({"method": "DL"}, InputError, "method"),
        ({"level": 95}, InputError, "level"),
        ({"structure": "mri"}, InputError, "mri"),
    ],
)
def test_bad_input(reference, change, error, message):
    with pytest.raises(error, match=message):
        bivariate_analysis(**(bcg(reference) | change))
