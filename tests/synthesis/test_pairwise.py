import json
import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis import meta_analysis

Y = [0.1, -0.4, 0.8, 0.3, 0.5]
V = [0.04, 0.03, 0.06, 0.05, 0.02]
# methods that metafor solves by iteration, to its threshold of 1e-12 in τ²
ITERATED = {"ML", "REML", "EB", "PM", "PMM", "DLIT", "SJIT"}


def close(found, expected, rel, what, floor=0.0):
    if expected is None:
        assert not math.isfinite(found), what
    else:
        assert found == pytest.approx(expected, rel=rel, abs=floor), what


def numbers(fit):
    low, high = fit.ci
    return {
        "se": fit.se,
        "stat": fit.statistic,
        "pval": fit.p,
        "ci_lb": low,
        "ci_ub": high,
        "ddf": fit.df,
        "tau2": fit.tau2,
        "se_tau2": fit.tau2_se,
        "I2": fit.I2,
        "H2": fit.H2,
        "QE": fit.Q,
        "QEp": fit.Q_p,
        "logLik": fit.loglik,
        "AIC": fit.AIC,
        "AICc": fit.AICc,
        "BIC": fit.BIC,
    }


def test_every_method_and_test_equals_metafor(reference):
    compared = 0
    for name, data in reference("metafor/pairwise").items():
        for key, expected in data["methods"].items():
            if "error" in expected:
                continue
            method, test = key.split("_")
            fit = meta_analysis(effect=data["yi"], variance=data["vi"], method=method, test=test)
            rel = 2e-8 if method in ITERATED else 1e-10
            # where τ² is 0, metafor's iterations stop just above it
            floor = 1e-9 if method in ITERATED else 0.0
            close(fit.estimate, expected["beta"]["intrcpt"], rel, (name, key), floor)
            for what, found in numbers(fit).items():
                close(found, expected[what], rel, (name, key, what), floor)
            low, high = fit.prediction_interval
            close(low, expected["predict"]["pi_lb"], rel, (name, key), floor)
            close(high, expected["predict"]["pi_ub"], rel, (name, key), floor)
            compared += 1
    assert compared == 14 * 38


def test_intervals_of_tau2_equal_metafor(reference):
    for name, data in reference("metafor/pairwise").items():
        y, v = data["yi"], data["vi"]
        for key, expected in data["ci_tau2"].items():
            if "error" in expected:
                continue
            kind, method = key.split("_")
            weights = None
            if kind == "GENQ":
                weights = [1 / a for a in v] if method == "DLw" else [1.0] * len(v)
                method = "GENQ"
            fit = meta_analysis(effect=y, variance=v, method=method, weights=weights)
            low, high = fit.tau2_interval(kind)
            _, least, most = expected["tau2"]
            # metafor looks no further than this for the upper end
            end = max(100.0, 10 * fit.tau2)
            rel, floor = (1e-3, 1.3e-4) if kind == "GENQ" else (1e-8, 1e-12)
            assert low == pytest.approx(least, rel=rel, abs=floor), (name, key)
            assert min(high, end) == pytest.approx(most, rel=rel, abs=floor), (name, key)


def test_weights_equal_metafor(reference):
    for data in reference("metafor/pairwise").values():
        fit = meta_analysis(effect=data["yi"], variance=data["vi"])
        np.testing.assert_allclose(fit.weights, data["REML_weights_pct"], rtol=1e-8)


@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 2)), min_size=2, max_size=9),
    st.floats(-10, 10),
    st.floats(0.1, 10),
)
def test_shift_and_scale(rows, shift, scale):
    y, v = (np.array(column).round(3) for column in zip(*rows, strict=True))
    plain = meta_analysis(effect=y, variance=v)
    moved = meta_analysis(effect=scale * y[::-1] + shift, variance=scale**2 * v[::-1])
    assert moved.estimate == pytest.approx(scale * plain.estimate + shift, rel=1e-6, abs=1e-6)
    assert moved.se == pytest.approx(scale * plain.se, rel=1e-4, abs=1e-6)


def test_own_weights():
    w = [1.0, 2.0, 3.0, 4.0, 5.0]
    fit = meta_analysis(effect=Y, variance=V, weights=w, method="DL", test="z")
    a = np.array(w) / 15
    assert fit.estimate == pytest.approx(a @ Y)
    assert fit.se == pytest.approx(math.sqrt(a**2 @ (np.array(V) + fit.tau2)))
    np.testing.assert_allclose(fit.weights, 100 * a)
    plain = meta_analysis(effect=Y, variance=V, method="DL", test="z")
    assert fit.tau2 == plain.tau2
    assert fit.loglik < plain.loglik
    same = meta_analysis(
        effect=Y, variance=V, weights=1 / (np.array(V) + plain.tau2), method="DL", test="z"
    )
    assert same.loglik == pytest.approx(plain.loglik)
    assert same.se == pytest.approx(plain.se)


@pytest.mark.parametrize("frame", [dict, pl.DataFrame, pd.DataFrame])
def test_any_frame(frame):
    data = frame({"trial": list("ABCDE"), "d": Y, "s": [math.sqrt(a) for a in V]})
    fit = meta_analysis(data, effect="d", se="s", study="trial")
    assert fit.study == tuple("ABCDE")
    assert fit.estimate == pytest.approx(meta_analysis(effect=Y, variance=V).estimate)


def test_missing_numbers_of_pandas():
    data = pd.DataFrame({"d": pd.array([1, None, 2], "Int64"), "v": [0.1, 0.1, 0.2]})
    fit = meta_analysis(data, effect="d", variance="v")
    assert [row.reason for row in fit.excluded] == ["effect is missing"]


def test_the_result_keeps_its_own_numbers():
    y = np.array(Y)
    fit = meta_analysis(effect=y, variance=V)
    y[:] = 0
    assert fit.y.tolist() == Y


def test_unusable_rows_are_listed():
    data = {
        "trial": list("ABCDEFGH"),
        "d": [0.1, None, "n/a", math.inf, 0.3, 0.2, 0.4, 0.2],
        "v": [0.1, 0.1, 0.1, 0.1, 0.0, -1.0, math.nan, 0.2],
    }
    fit = meta_analysis(data, effect="d", variance="v", study="trial")
    assert [(row.row, row.study, row.reason) for row in fit.excluded] == [
        (2, "B", "effect is missing"),
        (3, "C", "effect is not a number: 'n/a'"),
        (4, "D", "effect is infinite"),
        (5, "E", "variance is zero"),
        (6, "F", "variance is negative"),
        (7, "G", "variance is missing"),
    ]
    assert fit.study == ("A", "H")
    assert fit.k == 2
    assert "6 rows could not be used; see excluded" in fit.warnings
    assert fit.to_dict()["excluded"][0] == {"row": 2, "study": "B", "reason": "effect is missing"}
    assert "row 3 (C)" in fit.summary()


def test_no_usable_row():
    with pytest.raises(SynthesisError, match=r"no study to pool.*row 1 \(A\): variance is zero"):
        meta_analysis(effect=[1.0], variance=[0.0], study=["A"])
    with pytest.raises(SynthesisError, match="no row"):
        meta_analysis(effect=[], variance=[])


def test_generalised_q_weights_serve_the_mean_too():
    fit = meta_analysis(effect=Y, variance=V, weights=[1.0] * 5, method="GENQ", test="z")
    hedges = meta_analysis(effect=Y, variance=V, method="HE")
    assert fit.tau2 == pytest.approx(hedges.tau2)
    assert fit.tau2_se == pytest.approx(hedges.tau2_se)
    assert fit.estimate == pytest.approx(np.mean(Y))


def test_one_study():
    fit = meta_analysis(effect=[0.5], variance=[0.04])
    assert (fit.estimate, fit.se, fit.k, fit.test) == (0.5, 0.2, 1, "z")
    assert fit.ci == pytest.approx((0.5 - 1.959964 * 0.2, 0.5 + 1.959964 * 0.2))
    assert math.isnan(fit.tau2)
    assert any("one study" in note for note in fit.warnings)
    content = fit.to_dict()
    assert content["heterogeneity"]["tau2"] is None
    assert content["prediction_interval"] == [None, None]
    assert "NaN" not in json.dumps(content)
    assert "0.5000" in fit.summary()
    with pytest.raises(SynthesisError, match="k = 1"):
        fit.draws(10, predictive=True)


def test_two_studies():
    fit = meta_analysis(effect=[0.0, 1.0], variance=[0.1, 0.1])
    assert fit.df == 1
    assert fit.ci[1] - fit.estimate == pytest.approx(12.7062 * fit.se, rel=1e-5)
    assert all(map(math.isnan, fit.prediction(method="HTS")))


def test_equal_effects():
    fit = meta_analysis(effect=[0.3, 0.3, 0.3], variance=[0.1, 0.2, 0.3])
    assert fit.tau2 == 0
    assert fit.se == 0
    assert meta_analysis(effect=[0.3] * 3, variance=[0.1] * 3, test="adhoc").se > 0


def test_level():
    fit = meta_analysis(effect=Y, variance=V, level=0.9)
    assert fit.ci == fit.interval(0.9)
    wide = fit.interval(0.99)
    assert wide[0] < fit.ci[0] < fit.estimate < fit.ci[1] < wide[1]
    for level in (0, 1, 95):
        with pytest.raises(InputError, match="between 0 and 1"):
            meta_analysis(effect=Y, variance=V, level=level)
        with pytest.raises(InputError, match="between 0 and 1"):
            fit.interval(level)


def test_draws_follow_the_intervals():
    fit = meta_analysis(effect=Y, variance=V)
    for predictive, interval in ((False, fit.ci), (True, fit.prediction_interval)):
        draws = fit.draws(200_000, seed=1, predictive=predictive)
        low, high = np.quantile(draws, [0.025, 0.975])
        assert low == pytest.approx(interval[0], abs=0.02)
        assert high == pytest.approx(interval[1], abs=0.02)
    assert (fit.draws(5, seed=3) == fit.draws(5, seed=3)).all()


def test_dict_is_json_of_the_agreed_shape():
    content = json.loads(json.dumps(meta_analysis(effect=Y, variance=V, method="DL").to_dict()))
    assert list(content) == [
        "model",
        "k",
        "coefficients",
        "prediction_interval",
        "heterogeneity",
        "moderators",
        "fit",
        "excluded",
        "warnings",
    ]
    assert content["model"] == {"method": "DL", "test": "knha", "level": 95.0}
    assert list(content["coefficients"][0]) == [
        "name",
        "estimate",
        "se",
        "statistic",
        "df",
        "p",
        "ci",
    ]
    assert list(content["heterogeneity"]) == [
        "tau2",
        "tau2_se",
        "tau2_ci",
        "I2",
        "H2",
        "Q",
        "Q_df",
        "Q_p",
    ]
    assert content["moderators"] is None
    normal = meta_analysis(effect=Y, variance=V, test="z").to_dict()
    assert normal["coefficients"][0]["df"] is None


def test_summary_and_frame():
    fit = meta_analysis(effect=Y, variance=V)
    text = fit.summary()
    for part in ("k = 5", "REML", "τ²", "prediction interval", f"{fit.estimate:.4f}"):
        assert part in text
    assert repr(fit) == text
    frame = fit.to_frame()
    assert frame.columns == ["name", "estimate", "se", "statistic", "df", "p", "ci_low", "ci_high"]
    assert frame["ci_low"][0] == pytest.approx(fit.ci[0])


def test_common_effect_with_knapp_hartung_is_noted():
    fit = meta_analysis(effect=Y, variance=V, method="EE", test="knha")
    assert any("not meant" in note for note in fit.warnings)
    assert all(map(math.isnan, fit.prediction_interval))
    assert all(map(math.isnan, fit.tau2_interval()))


def test_lopsided_variances_are_noted():
    fit = meta_analysis(effect=[1.0, 2.0], variance=[1e-9, 1.0])
    assert any("ten million" in note for note in fit.warnings)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ({"effect": Y}, InputError, "neither"),
        ({"effect": Y, "variance": V, "se": V}, InputError, "not both"),
        ({"effect": Y, "variance": V[:3]}, InputError, "5 values but variance 3"),
        ({"effect": "yi", "variance": V}, InputError, "no data were given"),
        ({"data": {"yi": Y, "vi": V}, "effect": "y", "variance": "vi"}, InputError, "'yi'"),
        ({"effect": Y, "variance": V, "method": "RMEL"}, UnknownWordError, "REML"),
        ({"effect": Y, "variance": V, "test": "kh"}, UnknownWordError, "knha"),
        ({"effect": Y, "variance": V, "weights": [0.0] * 5}, SynthesisError, "all weights"),
        ({"effect": [Y], "variance": [V]}, InputError, "columns"),
        ({"data": 3, "effect": "y", "variance": "v"}, InputError, "data frame or a mapping"),
        ({"effect": Y, "variance": V, "study": ["A"]}, InputError, "study 1"),
    ],
)
def test_wrong_calls(call, error, message):
    with pytest.raises(error, match=message):
        meta_analysis(**call)


def test_wrong_kinds_of_interval():
    fit = meta_analysis(effect=Y, variance=V, method="DL")
    with pytest.raises(SynthesisError, match="needs method ML or REML"):
        fit.tau2_interval("PL")
    with pytest.raises(SynthesisError, match="GENQ"):
        fit.tau2_interval("GENQ")
    with pytest.raises(InputError, match="QP"):
        fit.tau2_interval("Wald")
    with pytest.raises(InputError, match="NNF"):
        fit.prediction(method="riley")


# 13 trials of cisapride: responders and people, treated and control (see the README)
CISAPRIDE = np.array(
    [
        [15, 12, 29, 42, 14, 44, 14, 29, 10, 17, 38, 19, 21],
        [16, 16, 34, 56, 22, 54, 17, 58, 14, 26, 44, 29, 38],
        [9, 1, 18, 31, 6, 17, 7, 23, 3, 6, 12, 22, 19],
        [16, 16, 34, 56, 22, 55, 15, 58, 15, 27, 45, 30, 38],
    ]
)


def test_confidence_distribution_interval_equals_pimeta():
    a, n, c, m = CISAPRIDE
    cells = np.array([a, n - a, c, m - c]) + 0.5
    y = np.log(cells[0] * cells[3] / cells[1] / cells[2])
    fit = meta_analysis(effect=y, variance=(1 / cells).sum(axis=0), method="DL")
    low, high = fit.prediction(method="NNF")
    # pimeta's own limits come from 25,000 random draws
    assert math.exp(low) == pytest.approx(0.533, rel=0.03)
    assert math.exp(high) == pytest.approx(33.692, rel=0.03)
    assert fit.prediction(method="NNF", level=0.5)[0] > low
    flat = meta_analysis(effect=[0.2, 0.2, 0.2], variance=[0.1, 0.2, 0.3])
    assert flat.prediction(method="NNF") == (0.2, 0.2)


def test_confidence_distribution_where_no_heterogeneity_is_all_but_impossible():
    y = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    fit = meta_analysis(effect=y, variance=np.full(5, 0.001))
    low, high = fit.prediction(method="NNF")
    assert np.isfinite([low, high]).all()
    assert (low + high) / 2 == pytest.approx(0, abs=1e-6)
    # The sampling error is negligible: a t-like interval for a sixth value of a normal sample
    assert high == pytest.approx(2.7764 * np.std(y, ddof=1) * np.sqrt(1 + 1 / 5), rel=0.1)


def test_a_common_effect_is_tested_by_z_unless_said_otherwise():
    y, v = [0.1, -0.4, 0.8, 0.3], [0.04, 0.03, 0.06, 0.05]
    assert meta_analysis(effect=y, variance=v, method="FE").test == "z"
    assert meta_analysis(effect=y, variance=v).test == "knha"
    assert meta_analysis(effect=y, variance=v, method="EE", test="t").test == "t"
