import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis import meta_analysis
from reprieve.synthesis.missing_evidence.trim_and_fill import trim_and_fill

Y = np.array([-1.2, -0.9, -0.8, -0.4, -0.5, -0.3])
V = np.array([0.5, 0.4, 0.3, 0.2, 0.15, 0.1]) ** 2


def as_list(values):
    return values if isinstance(values, list) else [values]


def test_equal_to_metafor(reference):
    compared = failed = 0
    for name, data in reference("metafor/small_study").items():
        for key, expected in data["trimfill"].items():
            method, estimator, side = key.split("_")
            fit = meta_analysis(effect=data["yi"], variance=data["vi"], method=method, test="z")
            if "error" in expected:
                with pytest.raises(SynthesisError, match="no real root"):
                    trim_and_fill(fit, estimator=estimator, side=side)
                failed += 1
                continue
            found = trim_and_fill(fit, estimator=estimator, side=side)
            assert found.missing == expected["k0"], (name, key)
            assert found.filled.k == expected["k"], (name, key)
            if estimator == "R0":
                assert found.p == pytest.approx(expected["p_k0"])
            if found.missing:
                np.testing.assert_allclose(found.added[0], as_list(expected["yi_fill"]), rtol=1e-7)
                np.testing.assert_allclose(found.added[1], as_list(expected["vi_fill"]), rtol=1e-12)
            # trimfill pools the filled studies with metafor's default threshold of 1e-5 in τ²
            rel = 3e-4 if method == "REML" else 1e-10
            beta = expected["beta"]
            beta = beta["intrcpt"] if isinstance(beta, dict) else beta
            assert found.estimate == pytest.approx(beta, rel=rel), (name, key)
            assert found.filled.se == pytest.approx(expected["se"], rel=rel), (name, key)
            compared += 1
    assert compared > 380
    assert failed == 5


def test_side_equals_metafor(reference):
    for name, data in reference("metafor/small_study").items():
        for method, expected in data["trimfill_auto"].items():
            found = trim_and_fill(effect=data["yi"], variance=data["vi"], method=method, test="z")
            assert (found.side, found.missing) == (expected["side"], expected["k0"]), name
            assert found.missing_se == pytest.approx(expected["se_k0"], rel=1e-10), name


@given(st.floats(-5, 5), st.floats(0.1, 10), st.sampled_from(["L0", "R0"]))
@settings(max_examples=30)
def test_mirrored_data_are_filled_on_the_other_side(shift, scale, estimator):
    one = trim_and_fill(effect=Y, variance=V, estimator=estimator, side="right", method="DL")
    other = trim_and_fill(
        effect=shift - scale * Y,
        variance=scale**2 * V,
        estimator=estimator,
        side="left",
        method="DL",
    )
    assert other.missing == one.missing
    assert other.estimate == pytest.approx(shift - scale * one.estimate, rel=1e-6, abs=1e-9)


def test_nothing_missing_leaves_the_fit_alone():
    fit = meta_analysis(
        effect=[-0.3, -0.1, 0.1, 0.3, 0.02], variance=[0.04, 0.02, 0.02, 0.04, 0.01]
    )
    found = trim_and_fill(fit, side="left")
    assert found.missing == 0
    assert found.filled is fit


def test_equal_effects_miss_nothing():
    assert trim_and_fill(effect=[0.2] * 6, variance=V).missing == 0


def test_own_weights_are_filled_too():
    weights = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    found = trim_and_fill(effect=Y, variance=V, weights=weights, side="right", method="DL")
    assert found.missing > 0
    assert len(found.filled.own_weights) == found.filled.k


def test_what_can_not_be():
    with pytest.raises(InputError, match="estimator"):
        trim_and_fill(effect=Y, variance=V, estimator="L1")
    with pytest.raises(SynthesisError, match="give side="):
        trim_and_fill(effect=Y, variance=np.full(6, 0.1))
    with pytest.raises(SynthesisError, match="at least 2"):
        trim_and_fill(effect=Y[:1], variance=V[:1])


def test_shown():
    found = trim_and_fill(effect=Y, variance=V, side="right", method="DL")
    assert "studies missing on the right" in found.summary()
    assert found.to_frame()["k"].to_list() == [6, 6 + found.missing]
    assert found.to_dict()["filled"]["k"] == 6 + found.missing
    assert found.draws(5, seed=1).shape == (5,)
    assert found.filled.study[-1] == f"Filled {found.missing}"
