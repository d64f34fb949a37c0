import json
import math

import numpy as np
import polars as pl
import pytest

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis import fit_batch, meta_analysis, meta_regression
from reprieve.synthesis.permutation import _all_orders, _groups

RNG = np.random.default_rng(7)
K = 14
DATA = {
    "trial": [f"T{i}" for i in range(K)],
    "d": RNG.normal(size=K).round(3).tolist(),
    "v": RNG.uniform(0.05, 0.4, K).round(3).tolist(),
    "year": (1990 + 2 * np.arange(K)).tolist(),
    "route": ["oral", "injected", "spinal", "oral", "spinal", "injected", "oral"] * 2,
}


def fit(formula="~ year + route", data=DATA, **options):
    return meta_regression(formula, data, effect="d", variance="v", study="trial", **options)


def as_data(case):
    moderators = {f"x{j}": [row[j] for row in case["X"]] for j in range(1, len(case["columns"]))}
    return {"y": case["yi"], "v": case["vi"], **moderators}, "~ " + " + ".join(moderators)


def equal(found, expected, rel=2e-8, floor=1e-8, what=None):
    if expected is None:
        assert not math.isfinite(found), what
    else:
        assert found == pytest.approx(expected, rel=rel, abs=floor), what


def test_every_method_and_test_equals_metafor(reference):
    compared = 0
    for name, case in reference("metafor/regression").items():
        data, formula = as_data(case)
        for key, expected in case["fits"].items():
            if "error" in expected:
                continue
            method, test = key.split("_")
            found = meta_regression(
                formula, data, effect="y", variance="v", method=method, test=test
            )
            where = (name, key)
            table = found.to_frame()
            betas = list(expected["beta"].values())
            np.testing.assert_allclose(found.beta, betas, rtol=2e-8, atol=1e-10)
            for column, theirs in (
                ("se", "se"),
                ("statistic", "stat"),
                ("p", "pval"),
                ("ci_low", "ci_lb"),
                ("ci_high", "ci_ub"),
            ):
                np.testing.assert_allclose(
                    table[column], expected[theirs], rtol=2e-8, atol=1e-10, err_msg=str(where)
                )
            np.testing.assert_allclose(found.cov, expected["vb"]["values"], rtol=1e-7, atol=1e-12)
            for ours, theirs in (
                (found.df, "ddf"),
                (found.tau2, "tau2"),
                (found.tau2_se, "se_tau2"),
                (found.I2, "I2"),
                (found.H2, "H2"),
                (found.Q, "QE"),
                (found.Q_p, "QEp"),
                (found.moderators.statistic, "QM"),
                (found.moderators.p, "QMp"),
                (found.R2, "R2"),
                (found.loglik, "logLik"),
                (found.AIC, "AIC"),
                (found.AICc, "AICc"),
                (found.BIC, "BIC"),
            ):
                equal(ours, expected[theirs], what=(*where, theirs))
            compared += 1
    assert compared == 6 * 17


def test_predictions_intervals_and_tests_equal_metafor(reference):
    for case in reference("metafor/regression").values():
        data, formula = as_data(case)
        call = {"effect": "y", "variance": "v"}
        found = meta_regression(formula, data, **call, test="z")
        predicted = found.predict()
        for ours, theirs in (
            ("estimate", "pred"),
            ("se", "se"),
            ("ci_low", "ci_lb"),
            ("ci_high", "ci_ub"),
            ("pi_low", "pi_lb"),
            ("pi_high", "pi_ub"),
        ):
            np.testing.assert_allclose(
                predicted[ours], case["predict"][theirs], rtol=1e-7, atol=1e-10
            )
        np.testing.assert_allclose(list(found.vif.values()), case["vif"], rtol=1e-8)
        np.testing.assert_allclose(
            found.tau2_interval(), case["confint_tau2_QP"][1:], rtol=1e-8, atol=1e-11
        )
        larger, smaller = (meta_regression(f, data, **call, method="ML") for f in (formula, "~ 1"))
        compared = larger.compare(smaller)
        equal(compared.statistic, case["LRT_ML_vs_intercept"]["LRT"])
        equal(compared.p, case["LRT_ML_vs_intercept"]["p"])
        if "wald_btt" in case:
            columns = [found.names[i - 1] for i in case["wald_btt"]["btt"]]
            equal(found.wald_test(columns).statistic, case["wald_btt"]["QM"])
            equal(found.wald_test(columns).p, case["wald_btt"]["QMp"])
            knha = meta_regression(formula, data, **call).wald_test(columns)
            equal(knha.statistic, case["wald_btt_knha"]["F"])
            equal(knha.p, case["wald_btt_knha"]["p"])


@pytest.mark.parametrize("method", ["REML", "DL", "EE", "ML", "PM"])
@pytest.mark.parametrize("test", ["z", "t", "knha", "adhoc"])
def test_an_intercept_alone_is_a_meta_analysis(method, test):
    regression = fit("~ 1", method=method, test=test)
    assert regression.to_dict()["moderators"] is None
    assert "moderators" not in regression.summary()
    pooled = meta_analysis(DATA, effect="d", variance="v", method=method, test=test)
    assert regression.beta[0] == pytest.approx(pooled.estimate)
    assert regression.interval()["Intercept"] == pytest.approx(pooled.ci)
    for name in ("tau2", "tau2_se", "Q", "I2", "H2", "loglik", "AICc", "BIC"):
        assert getattr(regression, name) == pytest.approx(getattr(pooled, name), nan_ok=True), name


def test_own_weights_with_an_intercept_alone_are_those_of_a_meta_analysis():
    data = {**DATA, "w": np.arange(1.0, K + 1).tolist()}
    regression = fit("~ 1", data, weights="w")
    pooled = meta_analysis(data, effect="d", variance="v", weights="w")
    assert regression.beta[0] == pytest.approx(pooled.estimate)
    assert regression.cov[0, 0] == pytest.approx(pooled.se**2)
    assert regression.loglik == pytest.approx(pooled.loglik)


def test_another_coding_of_a_factor_is_the_same_fit():
    treatment, means = fit("~ route"), fit("~ 0 + C(route)")
    assert treatment.tau2 == pytest.approx(means.tau2)
    assert treatment.loglik == pytest.approx(means.loglik)
    np.testing.assert_allclose(treatment.predict()["pi_low"], means.predict()["pi_low"])
    assert treatment.R2 > 0
    assert math.isnan(means.R2)  # without an intercept there is nothing to explain beyond
    assert fit("~ route", method="ML").loglik == pytest.approx(
        fit("~ 0 + route", method="ML").loglik
    )


def test_a_moderator_of_other_scale_is_the_same_fit():
    shifted = {**DATA, "year": [1e3 * (year - 2000) for year in DATA["year"]]}
    one, other = fit("~ year"), fit("~ year", shifted)
    assert one.tau2 == pytest.approx(other.tau2, rel=1e-9)
    assert one.beta[1] == pytest.approx(1e3 * other.beta[1], rel=1e-9)


def test_transformed_moderators_are_predicted_with_the_same_transformation():
    found = fit("~ center(year) + np.log(v) + C(route, contr.treatment(base='spinal'))")
    X = found.design.apply({"year": [2003.0], "v": [0.2], "route": ["oral"]})
    assert X[0].tolist() == pytest.approx([1.0, 0.0, np.log(0.2), 0.0, 1.0])
    odd = {**DATA, "dose (mg)": DATA["year"]}
    assert (
        pytest.approx(fit("~ year + I((year - 2000)**2)").Q)
        == fit("~ poly(`dose (mg)`, degree=2)", odd).Q
    )


def test_predictions_at_new_moderators():
    found = fit()
    new = pl.DataFrame({"year": [2001.0, 2005.0], "route": ["oral", "spinal"]})
    row = found.predict(new, level=0.8)
    beta = dict(zip(found.names, found.beta, strict=True))
    assert row["estimate"][1] == pytest.approx(
        beta["Intercept"] + 2005 * beta["year"] + beta["route[T.spinal]"]
    )
    assert row["ci_low"][0] > found.predict(new)["ci_low"][0]
    assert fit(method="EE", test="z").predict(new)["pi_low"].null_count() == 2
    with pytest.raises(InputError, match="category"):
        found.predict({"year": [2001.0], "route": ["sublingual"]})
    with pytest.raises(InputError, match="row 1 of the new data"):
        found.predict({"year": [None], "route": ["oral"]})
    with pytest.raises(InputError, match="'year'"):
        found.predict({"yaer": [2000], "route": ["oral"]})


def test_rows_without_a_moderator_are_listed():
    data = {**DATA, "year": [None, *DATA["year"][1:]], "route": [*DATA["route"][:-1], None]}
    data["v"] = [*DATA["v"][:5], 0.0, *DATA["v"][6:]]
    found = fit(data=data)
    assert [(row.row, row.study, row.reason) for row in found.excluded] == [
        (1, "T0", "missing moderator year"),
        (6, "T5", "variance is zero"),
        (14, "T13", "missing moderator route"),
    ]
    assert found.k == K - 3
    assert found.study[0] == "T1"
    complete = {
        name: [v for i, v in enumerate(c) if i not in (0, 5, 13)] for name, c in data.items()
    }
    np.testing.assert_allclose(found.beta, fit(data=complete).beta)


def test_moderators_that_depend_on_one_another_are_named():
    data = {**DATA, "decade": [(year - 1900) / 10 for year in DATA["year"]]}
    with pytest.raises(SynthesisError, match=r"'decade' follows from 'Intercept', 'year'"):
        fit("~ year + decade", data)
    with pytest.raises(SynthesisError, match="'none' is zero everywhere"):
        fit("~ year + none", {**DATA, "none": [0.0] * K})


def test_too_many_moderators():
    few = {name: values[:3] for name, values in DATA.items()}
    with pytest.raises(SynthesisError, match="3 studies can't give 3 coefficients and τ²"):
        fit("~ route", few)
    assert fit("~ route", few, method="EE", test="z").Q == 0


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("~ year +* route", "can't be read"),
        ("d ~ year", "names an outcome"),
        ("~ yaer", "'year'"),
        ("~ nofunction(year)", "'nofunction'"),
        ("~ log(route)", "can't be applied"),
        ("~ ().__class__", "two underscores"),
        ("~ open('x')", "'open'"),
        ("~ center(open('x'))", "'open'"),
        ("~ year + `dose`", "'dose'"),
        (3, "must be text"),
    ],
)
def test_wrong_formulas(formula, message):
    with pytest.raises(InputError, match=message):
        fit(formula)


def test_comparisons_that_mean_nothing_are_refused():
    small, large = fit("~ year"), fit("~ year + route")
    with pytest.raises(SynthesisError, match="by ML"):
        large.compare(small)
    small, large = fit("~ year", method="ML"), fit("~ route", method="ML")
    with pytest.raises(SynthesisError, match="not nested"):
        large.compare(small)
    fewer = {name: values[1:] for name, values in DATA.items()}
    with pytest.raises(SynthesisError, match="different studies"):
        fit("~ route", method="ML").compare(fit("~ 1", fewer, method="ML"))
    pooled = meta_analysis(DATA, effect="d", variance="v", method="ML")
    assert large.compare(pooled).df == 2


def test_exact_permutations_equal_metafor(reference):
    case = reference("metafor/pairwise")["normand1999_SMD"]
    data = {"y": case["yi"], "v": case["vi"]}
    found = meta_regression("~ 1", data, effect="y", variance="v", method="DL", test="z")
    result = found.permutation_test()
    assert result.exact
    assert result.n == 2**9
    assert result.p[0] == pytest.approx(0.08984375, abs=1e-12)


def test_exact_permutations_are_all_assignments():
    data = {name: values[:6] for name, values in DATA.items()}
    data["arm"] = [0.0, 1.0, 0.0, 1.0, 0.0, 0.0]
    found = fit("~ arm", data)
    result = found.permutation_test(exact=True)
    assert result.n == 15
    X = found.X
    orders = _all_orders(_groups(X), 15)
    statistics = []
    for order in orders:
        one = fit_batch(found.y[order], found.v[order], X)
        statistics.append(abs(one.beta[1] / one.se[1]))
    share = np.mean(np.array(statistics) >= statistics_of(found) - 1e-8)
    assert result.p[1] == pytest.approx(share)
    # every choice of two of the six studies is met once
    chosen = {tuple(sorted(order[[1, 3]])) for order in orders}
    assert len(chosen) == 15


def statistics_of(found):
    return abs(found.beta[1] / math.sqrt(found.cov[1, 1]))


def test_one_moderator_without_intercept_is_shuffled():
    data = {name: values[:5] for name, values in DATA.items()}
    result = fit("~ 0 + year", data).permutation_test(exact=True)
    assert result.n == 120


def test_random_permutations_repeat_with_their_seed():
    found = fit("~ year")
    one, two = (found.permutation_test(200, seed=4) for _ in range(2))
    assert one == two
    assert not one.exact
    assert all(0 < p <= 1 for p in (*one.p, one.p_moderators))
    with pytest.raises(SynthesisError, match="exact test would take"):
        found.permutation_test(exact=True)


def test_draws_summary_and_dict():
    found = fit("~ 0 + route", test="z")
    draws = found.draws(100_000, seed=1)
    np.testing.assert_allclose(np.cov(draws.T), found.cov, rtol=0.05, atol=1e-3)
    heavy = fit("~ 0 + route").draws(100_000, seed=1)
    scale = 11 / 9  # variance of t with 11 degrees of freedom
    np.testing.assert_allclose(np.cov(heavy.T), scale * fit("~ 0 + route").cov, rtol=0.1, atol=3e-3)
    assert "moderators   χ²(3)" in fit(test="z").summary()
    assert "moderators   F(3, 10)" in fit().summary()
    content = json.loads(json.dumps(fit().to_dict()))
    assert content["moderators"]["df"] == [3, 10]
    assert content["prediction_interval"] is None
    with pytest.raises(InputError, match="these are not"):
        found.wald_test("dose")
