import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis import meta_analysis, meta_regression
from reprieve.synthesis.missing_evidence.asymmetry import (
    pustejovsky_rodgers_test,
    rank_correlation,
    rank_test,
    regression_test,
)

Y = np.array([0.1, -0.4, 0.8, 0.3, 0.5, -0.2])
V = np.array([0.04, 0.03, 0.06, 0.05, 0.02, 0.09])
# key of the reference: method of the fit, its test, model, predictor
EGGER = {
    "egger_lm": ("EE", "z", "lm", "sei"),
    "egger_lm_vi": ("EE", "z", "lm", "vi"),
    "egger_rma_EE": ("EE", "z", "rma", "sei"),
    "egger_rma_DL": ("DL", "z", "rma", "sei"),
    "egger_rma_REML": ("REML", "z", "rma", "sei"),
    "egger_rma_REML_knha": ("REML", "knha", "rma", "sei"),
    "egger_rma_REML_vi_knha": ("REML", "knha", "rma", "vi"),
}
SIZES = {
    f"regtest_{model}_{predictor}": ("REML", "z", model, predictor)
    for model in ("lm", "rma")
    for predictor in ("ni", "ninv", "sqrtni", "sqrtninv")
}


def first(value):
    return value[0] if isinstance(value, list) else value


def test_regression_tests_equal_metafor(reference):
    compared = 0
    for name, data in reference("metafor/small_study").items():
        for key, (method, test, model, predictor) in (EGGER | SIZES).items():
            if key not in data:
                continue
            expected = data[key]
            fit = meta_analysis(effect=data["yi"], variance=data["vi"], method=method, test=test)
            found = regression_test(
                fit, model=model, predictor=predictor, sample_size=data.get("ni")
            )
            rel = 1e-7 if method == "REML" and model == "rma" else 1e-10
            what = (name, key)
            assert found.statistic == pytest.approx(expected["stat"], rel=rel), what
            assert found.p == pytest.approx(expected["pval"], rel=10 * rel), what
            assert found.slope == pytest.approx(expected["coef"][1], rel=rel), what
            assert found.slope_se == pytest.approx(expected["se"][1], rel=rel), what
            assert (found.df if math.isfinite(found.df) else None) == expected["df"], what
            limit = expected["est"]
            limit = limit["intrcpt"] if isinstance(limit, dict) else limit
            if limit in (None, [], {}):
                assert predictor in ("ni", "sqrtni"), what
                assert math.isnan(found.limit), what
            else:
                ends = first(expected["ci_lb"]), first(expected["ci_ub"])
                assert found.limit == pytest.approx(first(limit), rel=rel), what
                assert found.limit_ci == pytest.approx(ends, rel=rel), what
            compared += 1
    assert compared > 22 * 7


def test_rank_test_equals_metafor(reference):
    for name, data in reference("metafor/small_study").items():
        found = rank_test(effect=data["yi"], variance=data["vi"])
        assert found.tau == pytest.approx(data["ranktest"]["tau"], rel=1e-10), name
        assert found.p == pytest.approx(data["ranktest"]["pval"], rel=1e-9), name


def test_pustejovsky_rodgers_equals_meta(reference):
    for name in ("pustejovsky_normand1999", "pustejovsky_gibson2002"):
        data = reference("meta/small_study")[name]
        fit = meta_analysis(effect=data["yi"], variance=data["vi"])
        found = pustejovsky_rodgers_test(fit, n1=data["n1"], n2=data["n2"])
        assert found.statistic == pytest.approx(data["statistic"], rel=1e-10)
        assert found.p == pytest.approx(data["pval"], rel=1e-10)


@given(st.floats(-5, 5), st.floats(0.1, 10), st.sampled_from(["lm", "rma"]))
@settings(max_examples=30)
def test_egger_knows_no_origin_and_no_unit(shift, scale, model):
    plain = regression_test(effect=Y, variance=V, model=model)
    moved = regression_test(effect=-scale * Y + shift, variance=scale**2 * V, model=model)
    assert moved.statistic == pytest.approx(-plain.statistic, rel=1e-5)
    assert moved.limit == pytest.approx(-scale * plain.limit + shift, rel=1e-5, abs=1e-6)


@given(st.permutations(range(6)), st.floats(-5, 5))
@settings(max_examples=30)
def test_rank_test_knows_no_order(order, shift):
    assert (
        rank_test(effect=Y[order] + shift, variance=V[order]).p == rank_test(effect=Y, variance=V).p
    )


def test_kendall_with_ties_against_a_known_value():
    # R: cor.test(c(1,2,2,3,4), c(1,3,2,2,5), method="kendall", exact=FALSE)
    found = rank_correlation(np.array([1.0, 2, 2, 3, 4]), np.array([1.0, 3, 2, 2, 5]), "a test")
    assert found.tau == pytest.approx(0.6666666666666667)
    assert found.p == pytest.approx(0.118433, rel=1e-5)


def test_exact_p_sums_all_orders():
    from itertools import permutations

    x = np.arange(5.0)
    scores = [
        sum(np.sign(order[j] - order[i]) for i in range(5) for j in range(i + 1, 5))
        for order in permutations(range(5))
    ]
    order = np.array([0.0, 1, 3, 2, 4])
    score = sum(np.sign(order[j] - order[i]) for i in range(5) for j in range(i + 1, 5))
    expected = np.mean(np.abs(scores) >= score)
    assert rank_correlation(x, order, "a test").p == pytest.approx(expected)


def test_moderators_stay_in_the_model():
    data = pl.DataFrame({"y": Y, "v": V, "dose": [1.0, 2.0, 1.0, 3.0, 2.0, 3.0]})
    fit = meta_regression("~ dose", data, effect="y", variance="v", method="DL", test="z")
    by_hand = meta_regression(
        "~ dose + se",
        data.with_columns(se=pl.Series(np.sqrt(V))),
        effect="y",
        variance="v",
        method="DL",
        test="z",
    )
    found = regression_test(fit, model="rma")
    assert found.slope == pytest.approx(by_hand.beta[2])
    assert math.isnan(found.limit)


def test_sizes_of_rows_left_out_are_left_out():
    fit = meta_analysis(effect=[*Y, None], variance=[*V, 0.1])
    sizes = [10, 20, 30, 40, 50, 60]
    whole = regression_test(fit, predictor="ni", sample_size=[*sizes, 70])
    assert whole.p == regression_test(fit, predictor="ni", sample_size=sizes).p


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"variance": [0.1] * 6}, "same for all studies"),
        ({"variance": V, "predictor": "ni"}, "needs sample_size"),
        ({"variance": V, "predictor": "ni", "sample_size": [1, 2, 3]}, "holds 3 values"),
        ({"variance": V, "predictor": "ni", "sample_size": [1, 2, 3, 4, 5, 0]}, "positive"),
        ({"variance": V, "predictor": "nix"}, "predictor must be one of"),
        ({"variance": V, "model": "glm"}, "model must be one of"),
    ],
)
def test_what_can_not_be(arguments, message):
    with pytest.raises((InputError, SynthesisError), match=message):
        regression_test(effect=Y, **arguments)


def test_too_few_studies():
    with pytest.raises(SynthesisError, match="more than 2"):
        regression_test(effect=Y[:2], variance=V[:2])
    with pytest.raises(SynthesisError, match="at least three"):
        rank_test(effect=Y[:2], variance=V[:2])


def test_a_fit_and_data_are_too_much():
    fit = meta_analysis(effect=Y, variance=V)
    with pytest.raises(InputError, match="either a fit or data"):
        regression_test(fit, method="DL")
    with pytest.raises(InputError, match="give a fit"):
        regression_test()


def test_shown():
    found = regression_test(effect=Y, variance=V)
    assert "Egger's regression, k = 6" in found.summary()
    assert "fewer than 10 studies" in found.summary()
    assert found.to_frame()["p"][0] == found.p
    assert found.to_dict()["limit_ci"] == list(found.limit_ci)
    assert "Kendall's tau" in rank_test(effect=Y, variance=V).summary()
