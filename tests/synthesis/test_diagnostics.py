"""Leave-one-out, cumulative, influence, residuals and Baujat against metafor, and by themselves."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis import meta_analysis, meta_regression
from reprieve.synthesis.diagnostics.influence import baujat, influence, standardized_residuals
from reprieve.synthesis.diagnostics.leave_one_out import cumulative, leave_one_out

Y = [0.1, -0.4, 0.8, 0.3, 0.5, -0.1]
V = [0.04, 0.03, 0.06, 0.05, 0.02, 0.07]
X = [1.0, 4.0, 2.0, 8.0, 3.0, 5.0]
W = [1.0, 2.0, 3.0, 1.0, 2.0, 1.5]
NAMES = {
    "estimate": "estimate",
    "se": "se",
    "zval": "statistic",
    "pval": "p",
    "ci_lb": "ci_low",
    "ci_ub": "ci_high",
    "Q": "Q",
    "Qp": "Q_p",
    "tau2": "tau2",
    "I2": "I2",
    "H2": "H2",
}


def equal(found, expected, what, rel=1e-8, floor=1e-9):
    # one value of dfbetas is missing in the reference
    there = np.array([value is not None for value in expected])
    assert np.isfinite(found).all(), what
    expected = np.array([value for value in expected if value is not None])
    np.testing.assert_allclose(found[there], expected, rtol=rel, atol=floor, err_msg=str(what))


def same_sequence(found, expected, what, first=0):
    # metafor stops at 1e-12 of τ², where I², H² and small p values amplify it
    for theirs, ours in NAMES.items():
        if expected.get(theirs) is not None:
            equal(getattr(found, ours)[first:], expected[theirs][first:], (what, ours), 5e-8, 2e-8)


def test_leave_one_out_equals_metafor(reference):
    for name, data in reference("metafor/pairwise").items():
        for method, expected in data["leave1out"].items():
            fit = meta_analysis(effect=data["yi"], variance=data["vi"], method=method, test="z")
            same_sequence(leave_one_out(fit), expected, (name, method))


def test_cumulative_equals_metafor(reference):
    data = reference("metafor/pairwise")
    for name, case in reference("metafor/diagnostics")["pairwise"].items():
        places = np.array(case["cumulative_order_rows"]) - 1
        order = np.empty(len(places))
        order[places] = np.arange(len(places))
        for method, expected in case["cumulative"].items():
            fit = meta_analysis(
                effect=data[name]["yi"], variance=data[name]["vi"], method=method, test="z"
            )
            steps = cumulative(fit, order)
            same_sequence(steps, expected, (name, method), first=1)
            # of the first study alone τ² is unknown; the rest is metafor's
            assert np.isnan(steps.tau2[0])
            equal(steps.estimate[:1], expected["estimate"][:1], name)
            equal(steps.ci_low[:1], expected["ci_lb"][:1], name)
            assert steps.study == tuple(str(row) for row in case["cumulative_order_rows"])


def test_influence_residuals_and_baujat_equal_metafor(reference):
    data = reference("metafor/pairwise")
    for name, case in reference("metafor/diagnostics")["pairwise"].items():
        fit = meta_analysis(
            effect=data[name]["yi"], variance=data[name]["vi"], method="REML", test="z"
        )
        found, expected = influence(fit), case["influence"]
        for theirs, ours in (
            ("rstudent", "rstudent"),
            ("dffits", "dffits"),
            ("cook", "cook"),
            ("cov_r", "cov_ratio"),
            ("tau2_del", "tau2_deleted"),
            ("QE_del", "Q_deleted"),
            ("hat", "hat"),
            ("weight", "weight"),
        ):
            equal(getattr(found, ours), expected[theirs], (name, ours), 1e-7)
        equal(found.dfbetas[:, 0], expected["dfbs"], (name, "dfbs"), 1e-7)
        equal(found.residual, case["rstudent"]["resid"], name)
        equal(found.residual_se, case["rstudent"]["se"], name)
        residuals = standardized_residuals(fit)
        for ours, theirs in (("residual", "resid"), ("se", "se"), ("z", "z")):
            equal(getattr(residuals, ours), case["rstandard"][theirs], (name, ours))
        plot = baujat(fit)
        equal(plot.heterogeneity, case["baujat"]["x"], (name, "x"), 1e-7)
        equal(plot.influence, case["baujat"]["y"], (name, "y"), 1e-7)


def test_influence_on_a_regression_equals_metafor(reference):
    cases = reference("metafor/regression")
    for name, expected in reference("metafor/diagnostics")["regression"].items():
        case = cases[name]
        moderators = {f"x{j}": [row[j] for row in case["X"]] for j in range(1, len(case["X"][0]))}
        data = {"y": case["yi"], "v": case["vi"], **moderators}
        formula = "~ " + " + ".join(moderators)
        fit = meta_regression(formula, data, effect="y", variance="v", test="z")
        found = influence(fit)
        equal(found.hat, expected["hat"], name)
        equal(found.cook, expected["cooks"], (name, "cook"), 1e-6)
        equal(found.rstudent, expected["rstudent_z"], (name, "rstudent"), 1e-6)


def fits(method, test, weights):
    options = {"method": method, "test": test, "effect": "y", "variance": "v", "weights": weights}
    data = {"y": Y, "v": V, "x": X, "w": W}
    return [(meta_analysis, options, data), (meta_regression, {"formula": "~ x", **options}, data)]


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("test", ["z", "knha", "adhoc", "t"])
@pytest.mark.parametrize("method", ["REML", "DL", "EE", "PM"])
def test_influence_is_what_separate_fits_give(method, test, weights):
    for function, options, data in fits(method, test, weights):
        fit = function(data=data, **options)
        found, residuals, plot = influence(fit), standardized_residuals(fit), baujat(fit)
        design = np.ones((6, 1)) if fit.X is None else fit.X
        a = np.array(W) if weights else 1 / (fit.v + fit.tau2)
        to_beta = np.linalg.solve(design.T * a @ design, design.T * a)
        hat = design @ to_beta
        np.testing.assert_allclose(found.hat, np.diag(hat))
        rest = np.eye(6) - hat
        spread = np.diag(rest @ np.diag(fit.v + fit.tau2) @ rest.T)
        np.testing.assert_allclose(residuals.se, np.sqrt(spread))
        for i in range(6):
            part = {name: [x for j, x in enumerate(c) if j != i] for name, c in data.items()}
            other = function(data=part, **options)
            s2 = other.cov[0, 0] / function(data=part, **{**options, "test": "z"}).cov[0, 0]
            s2 = s2 if test in ("knha", "adhoc") else 1.0
            row = design[i]
            predicted, variance = row @ other.beta, row @ other.cov @ row
            shift = fit.beta - other.beta
            total = np.diag(fit.v + other.tau2)
            vb = np.linalg.inv(design.T @ np.linalg.inv(total) @ design)
            reach = found.hat[i] * total[i, i]
            if weights:
                vb = to_beta @ total @ to_beta.T
                reach = (hat @ total @ hat.T)[i, i]
            se = np.sqrt(total[i, i] * s2 + variance)
            expected = {
                "tau2_deleted": other.tau2,
                "Q_deleted": other.Q,
                "residual": Y[i] - predicted,
                "rstudent": (Y[i] - predicted) / se,
                "dffits": row @ shift / np.sqrt(s2 * reach),
                "cook": shift @ np.linalg.solve(fit.cov, shift),
                "cov_ratio": np.linalg.det(other.cov) / np.linalg.det(fit.cov),
            }
            for name, value in expected.items():
                assert getattr(found, name)[i] == pytest.approx(value, rel=1e-7, abs=1e-9), name
            np.testing.assert_allclose(found.dfbetas[i], shift / np.sqrt(s2 * np.diag(vb)))
            moved = (row @ shift) ** 2 / variance
            assert plot.influence[i] == pytest.approx(moved, rel=1e-7)


@pytest.mark.parametrize("weights", [None, W])
@pytest.mark.parametrize("test", ["z", "knha", "adhoc", "t"])
@pytest.mark.parametrize("method", ["REML", "ML", "SJ", "EE", "PMM"])
def test_refits_are_what_separate_fits_give(method, test, weights):
    def fit(places):
        own = None if weights is None else [weights[i] for i in places]
        return meta_analysis(
            effect=[Y[i] for i in places],
            variance=[V[i] for i in places],
            weights=own,
            method=method,
            test=test,
            level=0.9,
        )

    whole = fit(range(6))
    for found, subsets in (
        (leave_one_out(whole), [[j for j in range(6) if j != i] for i in range(6)]),
        (cumulative(whole), [list(range(i)) for i in range(1, 7)]),
    ):
        for i, places in enumerate(subsets):
            other = fit(places)
            assert found.k[i] == other.k
            for name in ("estimate", "se", "df", "statistic", "p", "tau2", "I2", "H2", "Q", "Q_p"):
                expected = pytest.approx(getattr(other, name), rel=1e-7, abs=1e-9, nan_ok=True)
                assert getattr(found, name)[i] == expected, (name, places)
            assert (found.ci_low[i], found.ci_high[i]) == pytest.approx(other.ci, rel=1e-7)


def test_an_outlier_is_flagged_and_others_are_not():
    fit = meta_analysis(
        effect=[0.1, 0.2, 0.15, 0.12, 0.18, 3.0], variance=[0.01] * 6, study=list("ABCDEF")
    )
    found = influence(fit)
    assert [s for s, flag in zip(found.study, found.influential, strict=True) if flag] == ["F"]
    assert "F" in found.summary().splitlines()[-1]
    assert found.summary().splitlines()[-1].endswith("*")


def test_two_studies_leave_one():
    fit = meta_analysis(effect=[0.1, 0.9], variance=[0.04, 0.09], study=["A", "B"])
    alone = leave_one_out(fit)
    np.testing.assert_allclose(alone.estimate, [0.9, 0.1])
    np.testing.assert_allclose(alone.se, [0.3, 0.2])
    assert np.isinf(alone.df).all()
    assert np.isnan(alone.tau2).all()
    case = influence(fit)
    np.testing.assert_allclose(case.rstudent, [-0.8 / np.sqrt(0.13), 0.8 / np.sqrt(0.13)])


def test_a_coefficient_that_hangs_on_one_study_gives_nan():
    data = {"y": Y, "v": V, "x": [0, 0, 0, 0, 0, 1]}
    fit = meta_regression("~ x", data, effect="y", variance="v")
    found = influence(fit)
    assert np.isnan(found.rstudent[5])
    assert np.isfinite(found.rstudent[:5]).all()
    assert found.hat[5] == pytest.approx(1)


def test_identical_effects_give_no_warning():
    fit = meta_analysis(effect=[0.3, 0.3, 0.3], variance=[0.04, 0.05, 0.06])
    assert influence(fit).tau2_deleted.tolist() == [0, 0, 0]
    assert leave_one_out(fit).estimate == pytest.approx([0.3] * 3)
    baujat(fit), standardized_residuals(fit).summary()


def test_order_by_column_or_with_rows_that_were_left_out():
    data = {"y": [0.1, None, 0.8, 0.3], "v": [0.04] * 4, "year": [2010, 1990, 2001, 2005]}
    fit = meta_analysis(data, effect="y", variance="v")
    assert cumulative(fit, "year", data).study == ("3", "4", "1")
    assert cumulative(fit, [3, 1, 2]).study == ("3", "4", "1")
    assert cumulative(fit).study == ("1", "3", "4")


@pytest.mark.parametrize(
    ("order", "message"),
    [([1, 2], "order holds 2 values"), ([1, None, 2], "no value"), ([1, "a", 2], "sorted")],
)
def test_an_order_that_can_not_be_used(order, message):
    fit = meta_analysis(effect=Y[:3], variance=V[:3])
    with pytest.raises(InputError, match=message):
        cumulative(fit, order)


def test_fits_that_do_not_fit():
    one = meta_analysis(effect=[0.1], variance=[0.2], study=["Only"])
    for function in (leave_one_out, influence, baujat, standardized_residuals):
        with pytest.raises(SynthesisError, match="Only"):
            function(one)
    data = {"y": Y, "v": V, "x": X}
    regression = meta_regression("~ x", data, effect="y", variance="v")
    for function in (leave_one_out, cumulative):
        with pytest.raises(SynthesisError, match="influence"):
            function(regression)


def test_results_for_machines_and_people():
    fit = meta_analysis(effect=Y, variance=V, study=list("ABCDEF"))
    results = (
        leave_one_out(fit),
        cumulative(fit),
        influence(fit),
        standardized_residuals(fit),
        baujat(fit),
    )
    for result in results:
        assert result.to_frame().height == 6
        assert "study" in result.to_frame().columns
        json.dumps(result.to_dict(), allow_nan=False)
        assert repr(result) == result.summary()
        assert all(f"\n{name} " in result.summary() for name in "ABCDEF")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.floats(-3, 3).map(lambda x: round(x, 3)), min_size=4, max_size=9, unique=True),
    st.floats(0.1, 10),
    st.floats(-5, 5),
)
def test_shift_and_scale_change_no_ratio(y, scale, shift):
    v = np.linspace(0.05, 0.4, len(y))
    first = influence(meta_analysis(effect=y, variance=v))
    moved = influence(meta_analysis(effect=scale * np.array(y) + shift, variance=scale**2 * v))
    for name in ("rstudent", "dffits", "cook", "cov_ratio", "hat", "dfbetas"):
        np.testing.assert_allclose(getattr(moved, name), getattr(first, name), rtol=1e-5, atol=1e-6)
