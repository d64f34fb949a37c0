"""Multilevel fits against metafor's `rma.mv`."""

import numpy as np
import pytest

from reprieve.synthesis.correlated.block_covariance import block_covariance
from reprieve.synthesis.correlated.multilevel import multilevel

ASSINK = {
    "nested": {"random": "study/esid"},
    "nested_ML": {"random": "study/esid", "method": "ML"},
    "nested_t": {"random": "study/esid", "test": "t"},
    "nested_contain": {
        "random": "study/esid",
        "formula": "~ year + pubstatus",
        "test": "t",
        "dfs": "contain",
    },
    "nested_mods": {"random": "study/esid", "formula": "~ deltype + year"},
    "V": {"random": "study/esid"},
    "V_mods": {"random": "study/esid", "formula": "~ deltype + year"},
    "V_study": {"random": "study"},
    "CS_deltype": {"random": "CS(deltype | study)", "formula": "~ 0 + deltype"},
    "CS_plus": {"random": ["id", "CS(deltype | study)"]},
    "crossed": {"random": ["study", "deltype", "id"]},
}
ISHAK = ["HAR", "AR", "CAR", "CS", "HCS", "UN", "DIAG", "HAR_ML"]


def listed(value):
    return value if isinstance(value, list) else [value]


def check(fit, expected, order=None, rtol=1e-6):
    """Compare all that metafor reports; its optimisers may stop a little below the maximum."""
    assert fit.loglik >= expected["logLik"] - 1e-9
    assert fit.loglik == pytest.approx(expected["logLik"], abs=1e-6)
    order = range(len(fit.beta)) if order is None else order
    beta = expected["beta"]
    np.testing.assert_allclose(fit.beta[order], beta, rtol=rtol, atol=1e-7)
    np.testing.assert_allclose(fit.coefficients.se[order], expected["se"], rtol=rtol)
    np.testing.assert_allclose(fit.coefficients.p[order], expected["pval"], rtol=1e-4, atol=1e-12)
    low = np.array([ends[0] for ends in fit.interval().values()])
    np.testing.assert_allclose(low[order], expected["ci_lb"], rtol=1e-5, atol=1e-6)
    theta = []
    for key in ("sigma2", "tau2", "rho"):
        values = listed(expected.get(key, []))
        theta += [v for v in values if not (key == "rho" and v == 0)]
    np.testing.assert_allclose(list(fit.theta.values()), theta, rtol=20 * rtol, atol=1e-8)
    assert expected["QE"] == pytest.approx(fit.Q, rel=1e-9)
    assert expected["QEdf"] == fit.Q_df
    for name in ("AIC", "AICc", "BIC"):
        assert getattr(fit, name) == pytest.approx(expected[name], abs=1e-5)


def check_moderators(fit, expected):
    assert fit.moderators.statistic == pytest.approx(expected["QM"], rel=1e-5)
    assert fit.moderators.p == pytest.approx(expected["QMp"], rel=1e-4)


def assink(reference, key):
    data = reference("metafor/correlated")["assink2016"]
    how = ASSINK[key]
    if key.startswith("V"):
        V = block_covariance(data, variance="vi", study="study", correlation=0.6)
        return data, multilevel(data, effect="yi", V=V, **how)
    return data, multilevel(data, effect="yi", variance="vi", **how)


@pytest.mark.parametrize("key", ASSINK)
def test_effects_in_studies(reference, key):
    data, fit = assink(reference, key)
    expected = data["fits"][key]
    check(fit, expected)
    check_moderators(fit, expected)
    if key == "nested":
        shares = list(fit.I2.values())
        np.testing.assert_allclose(shares[:2], expected["I2"], rtol=1e-6)
        assert shares[2] == pytest.approx(sum(expected["I2"]))


@pytest.mark.parametrize("structure", ["DIAG", "HCS", "UN"])
def test_a_level_that_one_study_shows(reference, structure):
    # its variance is free, so that only the likelihood can be compared
    data = reference("metafor/correlated")["assink2016"]
    fit = multilevel(
        data,
        effect="yi",
        variance="vi",
        random=f"{structure}(deltype | study)",
        formula="~ 0 + deltype",
    )
    expected = data["fits"][f"{structure}_deltype"]["logLik"]
    assert fit.loglik >= expected - 1e-9
    assert fit.loglik == pytest.approx(expected, abs=1e-5)
    assert "shows covert" in fit.warnings[0]


def test_containment_degrees_of_freedom(reference):
    data = reference("metafor/correlated")["assink2016"]
    fit = multilevel(data, effect="yi", variance="vi", random="study/esid", test="t", dfs="contain")
    check(fit, data["fits"]["nested_contain"]["intercept"])
    assert fit.coefficients.df.tolist() == [16.0]
    data = reference("metafor/multilevel")["konstantopoulos2011"]
    fit = multilevel(
        data,
        effect="yi",
        variance="vi",
        random="district/school",
        formula="~ year",
        test="t",
        dfs="contain",
    )
    fits = reference("metafor/correlated")["konstantopoulos2011"]["fits"]
    check(fit, fits["t_contain"])


@pytest.mark.parametrize("key", ISHAK)
def test_effects_at_several_times(reference, key):
    data = reference("metafor/correlated")["ishak2007"]
    V = block_covariance(data, variance="vi", study="study", months="time", decay=0.97)
    structure, _, method = key.partition("_")
    structure = structure.replace("CAR", "AR")
    fit = multilevel(
        data,
        effect="yi",
        V=V,
        random=f"{structure}(time | study)",
        formula="~ 0 + C(time)",
        method=method or "REML",
    )
    check(fit, data["fits"][key])
    check_moderators(fit, data["fits"][key])


@pytest.mark.parametrize("key", ["lnCVR", "lnVR", "lnCVR_genus", "lnVR_genus"])
def test_effects_in_papers_crossed_with_genera(reference, key):
    data = reference("metafor/correlated")["curtis1998"]
    measure, _, crossed = key.partition("_")
    random = ["paper/id", "genus"] if crossed else "paper/id"
    fit = multilevel(data, effect=measure, variance=f"v_{measure}", random=random)
    expected = data["fits"][key]
    # metafor's variances end near zero, not at it
    check(fit, expected, rtol=2e-6)
    assert any("zero" in warning for warning in fit.warnings) == (min(expected["sigma2"]) < 1e-8)


@pytest.mark.parametrize("key", ["UN_REML", "UN_ML", "UN_year_ML", "HCS_ML", "DIAG_ML"])
def test_two_outcomes(reference, key):
    data = reference("metafor/correlated")["berkey1998"]
    structure, method = key.split("_")[0], key.split("_")[-1]
    columns = {name: data[name] for name in ("trial", "outcome", "year", "yi")}
    fit = multilevel(
        columns | {"since": [year - 1983 for year in data["year"]]},
        effect="yi",
        V=data["V"],
        random=f"{structure}(outcome | trial)",
        formula="~ 0 + outcome + outcome:since" if "year" in key else "~ 0 + outcome",
        method=method,
    )
    expected = data["fits"][key]
    check(fit, expected, rtol=3e-6)
    check_moderators(fit, expected)
    if "ranef" in expected:
        # metafor lists AL first
        found = fit.blups().sort("group", "inner")
        np.testing.assert_allclose(found["estimate"], expected["ranef"]["intrcpt"], atol=1e-6)
        np.testing.assert_allclose(found["se"], expected["ranef"]["se"], rtol=1e-5)
    if key == "UN_REML":
        np.testing.assert_allclose(list(fit.I2.values()), data["fits"]["I2"], rtol=1e-5)
    if "ci" in expected:
        for name, ends in zip(fit.theta, expected["ci"], strict=False):
            np.testing.assert_allclose(fit.variance_interval(name), ends, rtol=2e-3, atol=1e-4)


def test_likelihood_ratio(reference):
    data = reference("metafor/correlated")["berkey1998"]
    columns = {name: data[name] for name in ("trial", "outcome", "yi")}
    full, part = (
        multilevel(
            columns,
            effect="yi",
            V=data["V"],
            random=f"{structure}(outcome | trial)",
            formula="~ 0 + outcome",
            method="ML",
        )
        for structure in ("UN", "DIAG")
    )
    test = full.compare(part)
    assert test.statistic == pytest.approx(data["fits"]["lrt"]["LRT"], rel=1e-6)
    assert (test.df, test.p) == (1, pytest.approx(data["fits"]["lrt"]["p"], rel=1e-6))
    data = reference("metafor/multilevel")["konstantopoulos2011"]
    both, one = (
        multilevel(data, effect="yi", variance="vi", random=random)
        for random in ("district/school", "district")
    )
    expected = reference("metafor/correlated")["konstantopoulos2011"]["fits"]["lrt"]
    assert one.compare(both).statistic == pytest.approx(expected["LRT"], rel=1e-8)
    assert one.compare(both).p == pytest.approx(expected["p"], rel=1e-6)


def test_nested_means_prediction_intervals_and_random_effects(reference):
    data = reference("metafor/multilevel")["konstantopoulos2011"]
    fit = multilevel(data, effect="yi", variance="vi", random="district/school")
    expected = data["fits"]["threelevel_REML"]
    np.testing.assert_allclose(list(fit.theta.values()), expected["sigma2"], rtol=2e-6)
    # metafor 5.1: predict(fit)
    np.testing.assert_allclose(
        fit.prediction_interval, (-0.450230974418622, 0.819657302484593), rtol=1e-6
    )
    for name, ends in zip(fit.theta, data["confint_REML"], strict=True):
        np.testing.assert_allclose(fit.variance_interval(name), ends, rtol=1e-3)
    effects = fit.blups()
    expected = reference("metafor/correlated")["konstantopoulos2011"]["fits"]["ranef"]
    for term, values in expected.items():
        mine = effects.filter(effects["term"] == term)
        np.testing.assert_allclose(mine["estimate"], values["intrcpt"], atol=1e-6)
        np.testing.assert_allclose(mine["se"], values["se"], rtol=1e-5)


def test_schools_that_share_a_correlation(reference):
    data = reference("metafor/multilevel")["konstantopoulos2011"]
    fit = multilevel(data, effect="yi", variance="vi", random="CS(school | district)")
    expected = data["fits"]["CS_school_in_district"]
    assert fit.theta["district: school"] == pytest.approx(expected["tau2"], rel=2e-6)
    assert fit.theta["district: rho"] == pytest.approx(expected["rho"], rel=2e-6)
    np.testing.assert_allclose(
        fit.prediction_interval, (-0.450230955410983, 0.819657281755609), rtol=1e-6
    )


SETS = [
    "bornmann",
    "bornmann_mods",
    "crede",
    "kalaian_UN",
    "kalaian_HCS",
    "kalaian_CS",
    "craft_HCS",
    "craft_UN",
    "craft_DIAG",
    "lim_crossed",
    "knapp",
    "knapp_mods",
    "moura3",
    "tanner",
    "tanner_UN",
]


@pytest.mark.parametrize("name", SETS)
def test_many_data_sets(reference, name):
    content = reference("metafor/multilevel_sets")
    assert set(content) == set(SETS)
    case, expected = content[name], content[name]["fit"]
    fit = multilevel(
        case["data"], effect="yi", variance="vi", random=case["random"], formula=case["formula"]
    )
    assert fit.loglik >= expected["logLik"] - 1e-9
    assert fit.loglik == pytest.approx(expected["logLik"], abs=2e-8)
    np.testing.assert_allclose(fit.beta, expected["beta"], rtol=2e-6, atol=1e-7)
    np.testing.assert_allclose(fit.coefficients.se, expected["se"], rtol=1e-5)
    assert pytest.approx(expected["QE"], rel=1e-10) == fit.Q
    if name in ("knapp", "tanner_UN"):
        # metafor splits what only has a sum, and holds correlations that nothing shows at 0
        return
    theta = [v for key in ("sigma2", "tau2", "rho") for v in listed(expected[key])]
    theta = [v for v in theta if v != 0]
    mine = [v for v in fit.theta.values() if v != 0]
    if name == "kalaian_CS":
        # at a variance of zero any correlation is as good
        mine, theta = mine[:-1], theta[1:-1]
    if name in ("lim_crossed", "knapp_mods", "craft_DIAG"):
        theta = [v for v in theta if v > 1e-7]
    # the likelihood of the 21 parameters of craft_UN is flat
    np.testing.assert_allclose(mine, theta, rtol=1e-3 if name == "craft_UN" else 1e-4)


def test_block_covariance_equals_vcalc(reference):
    content = reference("metafor/correlated")["vcalc"]
    data, every = content["data"], np.arange(8)
    common = {"variance": "v", "study": "s"}
    full = {"outcome": "o", "correlation": 0.5, "months": "t", "decay": 0.9}
    for key, how in {
        "simple": {"correlation": 0.6},
        "outcome_months": full,
        "arms": full | {"arms": ("g1", "g2"), "sizes": ("n1", "n2")},
        "arms_equal": full | {"arms": ("g1", "g2")},
    }.items():
        if key == "outcome_months":
            # rows 5 and 7 of the data show one outcome 11 months apart, rows 6 and 7 two at once
            assert content[key][4][6] == pytest.approx(
                np.sqrt(0.07 * 0.08) * 0.5 * 0.9**11, rel=1e-12
            )
        V = block_covariance(data, **common, **how).dense(every)
        np.testing.assert_allclose(V, content[key], rtol=1e-12, atol=1e-15)
