"""Multilevel fits: properties, predictions, what is refused and what is warned about."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis import meta_analysis, meta_regression
from reprieve.synthesis.blocks import BlockDiagonal
from reprieve.synthesis.correlated.block_covariance import block_covariance
from reprieve.synthesis.correlated.intercepts import InterceptModel, arrange
from reprieve.synthesis.correlated.multilevel import multilevel
from reprieve.synthesis.correlated.random_formula import read_random
from reprieve.synthesis.gaussian import GaussianModel
from reprieve.synthesis.random_effects import Scaled


def make(seed, studies=8, most=5):
    """Effects in studies in laboratories."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, most, studies)
    study = np.repeat(np.arange(studies), sizes)
    n = len(study)
    v = rng.uniform(0.02, 0.3, n)
    y = 0.5 * rng.normal(size=studies)[study] + 0.3 * rng.normal(size=n)
    return {
        "y": y + rng.normal(size=n) * np.sqrt(v),
        "v": v,
        "x": rng.normal(size=n),
        "study": study,
        "lab": study // 3,
        "effect": np.arange(n) - np.searchsorted(study, study),
    }


# -- the closed form


@given(st.integers(0, 10_000), st.booleans(), st.booleans())
@settings(max_examples=30)
def test_closed_form_is_the_dense_likelihood(seed, restricted, crossed):
    data = make(seed)
    n = len(data["y"])
    X = np.column_stack([np.ones(n), data["x"]])
    terms = [
        Scaled(data["study"], name="study"),
        Scaled(np.arange(n), name="effect"),
        Scaled(data["effect"] if crossed else data["lab"], name="lab"),
    ]
    how = {"X": X, "terms": terms, "restricted": restricted}
    dense, closed = (kind(data["y"], data["v"], **how) for kind in (GaussianModel, InterceptModel))
    theta = np.random.default_rng(seed).uniform(0, 2, (3, 3)) ** 2
    for one, other in zip(dense.profile(theta), closed.profile(theta), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-10)
    value, gradient, information = closed._climb(theta[0])
    assert value == pytest.approx(dense._climb(theta[0])[0], rel=1e-10)
    np.testing.assert_allclose(gradient, dense._climb(theta[0])[1], rtol=1e-8, atol=1e-9)
    assert np.linalg.eigvalsh(information).min() > -1e-10
    assert closed.fit().loglik == pytest.approx(dense.fit().loglik, abs=1e-9)


def test_average_information_is_what_it_says():
    data = make(3)
    n = len(data["y"])
    terms = [Scaled(data["study"], name="study"), Scaled(np.arange(n), name="effect")]
    model = InterceptModel(data["y"], data["v"], terms=terms)
    H = [(data["study"][:, None] == data["study"]).astype(float), np.eye(n)]
    M = np.diag(data["v"]) + 0.3 * H[0] + 0.2 * H[1]
    W, one = np.linalg.inv(M), np.ones((n, 1))
    P = W - W @ one @ np.linalg.inv(one.T @ W @ one) @ one.T @ W
    F = np.array([h @ P @ data["y"] for h in H])
    np.testing.assert_allclose(model._climb(np.array([0.3, 0.2]))[2], F @ P @ F.T / 2, rtol=1e-9)


def test_a_variance_far_above_the_others_costs_no_digits():
    data = make(5)
    n = len(data["y"])
    terms = [Scaled(data["study"], name="study"), Scaled(np.arange(n), name="effect")]
    y = data["y"] + 1e4 * np.random.default_rng(1).normal(size=8)[data["study"]]
    near = InterceptModel(y, data["v"], terms=terms).profile([1e8, 0.1])
    dense = GaussianModel(y, data["v"], terms=terms).profile([1e8, 0.1])
    assert near.loglik == pytest.approx(float(dense.loglik), rel=1e-7)
    assert near.beta[0] == pytest.approx(float(dense.beta[0]), rel=1e-7)


def test_negative_variances_have_no_likelihood():
    data = make(5)
    model = InterceptModel(data["y"], data["v"], terms=[Scaled(data["study"])])
    assert model.profile([-0.1]).loglik == -np.inf


def test_factors_that_do_not_nest_cross():
    nested, crossed = arrange([Scaled([1, 1, 2]), Scaled([1, 2, 3]), Scaled([1, 2, 2])])
    assert ([place for place, _ in nested], [place for place, _ in crossed]) == ([1, 0], [2])
    assert arrange([Scaled(matrix=[1.0, 1.0])]) is None


def test_many_rows_take_no_matrix():
    # 40,000 rows in one group: a matrix of them would take 13 GB
    rng = np.random.default_rng(0)
    n = 40_000
    data = {"y": rng.normal(size=n), "v": np.full(n, 0.5), "lab": np.arange(n) % 2, "id": range(n)}
    fit = multilevel(data, effect="y", variance="v", random="lab/id")
    assert fit.theta["lab/id"] == pytest.approx(0.5, abs=0.05)


# -- properties


@given(st.integers(0, 10_000), st.sampled_from(["REML", "ML"]))
@settings(max_examples=20)
def test_one_level_is_the_usual_model(seed, method):
    data = make(seed)
    data["row"] = np.arange(len(data["y"]))
    for formula in (None, "~ x"):
        fit = multilevel(
            data, effect="y", variance="v", random="row", formula=formula, method=method
        )
        how = {"effect": "y", "variance": "v", "method": method, "test": "z"}
        usual = meta_regression(formula, data, **how) if formula else meta_analysis(data, **how)
        assert fit.theta["row"] == pytest.approx(usual.tau2, rel=1e-6, abs=1e-8)
        np.testing.assert_allclose(fit.beta, usual.beta, rtol=1e-6, atol=1e-8)
        assert fit.loglik == pytest.approx(usual.loglik, abs=1e-8)
        assert pytest.approx(usual.I2, abs=1e-4) == fit.I2["total"]
        theirs, mine = usual.to_dict(), fit.to_dict()
        for part in ("fit", "heterogeneity"):
            for key in set(theirs[part]) - {"tau2_se", "tau2_ci"}:
                assert mine[part][key] == pytest.approx(theirs[part][key], rel=1e-4, abs=1e-6)
        assert set(theirs) | {"random"} == set(mine)
        assert set(theirs["coefficients"][0]) == set(mine["coefficients"][0])


@given(st.integers(0, 10_000))
@settings(max_examples=15)
def test_order_shift_scale_and_names_do_not_matter(seed):
    data = make(seed)
    order = np.random.default_rng(seed).permutation(len(data["y"]))
    other = {name: values[order] for name, values in data.items()}
    other["y"] = 10 * other["y"] - 300
    other["v"] = 100 * other["v"]
    other["study"] = [f"trial {s:03d}" for s in 900 - other["study"]]
    fits = [
        multilevel(d, effect="y", variance="v", random="study/effect", formula="~ x")
        for d in (data, other)
    ]
    a, b = (np.array(list(fit.theta.values())) for fit in fits)
    np.testing.assert_allclose(100 * a, b, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(10 * fits[0].beta - [300, 0], fits[1].beta, rtol=1e-6, atol=1e-6)
    assert fits[0].moderators.p == pytest.approx(fits[1].moderators.p, rel=1e-5)


def test_a_reparametrised_factor_gives_the_same_fit():
    data = make(11)
    data["kind"] = [("a", "b", "c")[i % 3] for i in data["effect"]]
    one, other = (
        multilevel(data, effect="y", variance="v", random="study/effect", formula=formula)
        for formula in ("~ kind", "~ 0 + kind")
    )
    assert other.theta == pytest.approx(one.theta, rel=1e-6)
    np.testing.assert_allclose(one.predict()["estimate"], other.predict()["estimate"], rtol=1e-7)
    assert pytest.approx(other.Q) == one.Q


def test_nested_and_crossed_agree_where_names_are_unique():
    data = make(2)
    data["id"] = np.arange(len(data["y"]))
    nested = multilevel(data, effect="y", variance="v", random="study/id")
    crossed = multilevel(data, effect="y", variance="v", random=["study", "id"])
    assert list(crossed.theta) == ["study", "id"]
    assert list(nested.theta.values()) == pytest.approx(list(crossed.theta.values()))


def test_compound_symmetry_is_nested_intercepts():
    data = make(4, studies=12)
    nested = multilevel(data, effect="y", variance="v", random="study/effect")
    both = multilevel(data, effect="y", variance="v", random="CS(effect | study)")
    assert nested.loglik == pytest.approx(both.loglik, abs=1e-9)
    assert sum(nested.theta.values()) == pytest.approx(both.theta["study: effect"], rel=1e-5)
    assert nested.theta["study"] == pytest.approx(
        both.theta["study: effect"] * both.theta["study: rho"], rel=1e-4
    )


def test_known_blocks_in_any_order_and_form():
    data = make(6)
    V = block_covariance(data, variance="v", study="study", correlation=0.5)
    every = np.arange(len(data["y"]))
    fits = [
        multilevel(data, effect="y", V=known, random="study/effect")
        for known in (V, V.dense(every), [block for _, block in V.parts()])
    ]
    order = np.random.default_rng(0).permutation(len(every))
    mixed = {name: values[order] for name, values in data.items()}
    again = block_covariance(mixed, variance="v", study="study", correlation=0.5)
    np.testing.assert_allclose(again.dense(every), V.dense(order))
    fits.append(multilevel(mixed, effect="y", V=again, random="study/effect"))
    for fit in fits[1:]:
        assert fit.loglik == pytest.approx(fits[0].loglik, abs=1e-9)
        assert fit.theta == pytest.approx(fits[0].theta, rel=1e-5, abs=1e-8)
        assert pytest.approx(fits[0].I2) == fit.I2


def test_random_effects_are_what_the_normal_distribution_predicts():
    data = make(8)
    data["outcome"] = np.where(data["effect"] % 2 == 0, "pain", "function")
    fit = multilevel(
        data, effect="y", variance="v", random=["lab", "CS(outcome | study)"], formula="~ x"
    )
    theta = fit.theta
    G = theta["study: outcome"] * np.where(np.eye(2), 1.0, theta["study: rho"])
    inner = (data["outcome"] == "pain").astype(int)
    study, lab = data["study"], data["lab"]
    own = G[inner[:, None], inner] * (study[:, None] == study)
    M = np.diag(data["v"]) + own + theta["lab"] * (lab[:, None] == lab)
    W = np.linalg.inv(M)
    P = W - W @ fit.X @ np.linalg.inv(fit.X.T @ W @ fit.X) @ fit.X.T @ W
    effects = fit.blups()
    row = effects.filter((pl.col("group") == "3") & (pl.col("inner") == "pain")).row(0, named=True)
    c = G[1, inner] * (study == 3)
    assert row["estimate"] == pytest.approx(c @ P @ data["y"], abs=1e-9)
    assert row["se"] == pytest.approx(np.sqrt(G[1, 1] - c @ P @ c), rel=1e-8)
    row = effects.filter((pl.col("term") == "lab") & (pl.col("group") == "1")).row(0, named=True)
    assert row["estimate"] == pytest.approx(theta["lab"] * (lab == 1) @ P @ data["y"], abs=1e-9)


# -- results


def test_predictions_follow_the_variance_of_their_outcome():
    data = make(9, studies=14)
    data["outcome"] = np.where(data["effect"] % 2 == 0, "pain", "function")
    fit = multilevel(
        data, effect="y", variance="v", random="DIAG(outcome | study)", formula="~ 0 + outcome"
    )
    found = fit.predict({"outcome": ["pain", "function"]}, level=0.9)
    for row, name in zip(found.iter_rows(named=True), ("pain", "function"), strict=True):
        spread = np.sqrt(row["se"] ** 2 + fit.theta[f"study: outcome[{name}]"])
        assert row["pi_high"] - row["estimate"] == pytest.approx(1.6448536 * spread)
    assert fit.predict()["pi_low"].null_count() == 0
    assert np.isnan(fit.prediction_interval[0])
    assert fit.to_dict()["heterogeneity"]["tau2"] is None
    with pytest.raises(InputError, match="sleep"):
        fit.predict({"outcome": ["sleep"]})
    mean = multilevel(data, effect="y", variance="v", random="DIAG(outcome | study)")
    assert mean.predict()["pi_low"].to_list() == [None]
    with pytest.raises(InputError, match="no moderators"):
        mean.predict({"outcome": ["pain"]})


def test_a_result_can_be_read_tabled_drawn_and_written():
    fit = multilevel(make(1), effect="y", variance="v", random="study/effect", test="t")
    assert "study/effect" in fit.summary()
    assert "prediction interval" in repr(fit)
    assert fit.to_frame().columns[:3] == ["name", "estimate", "se"]
    content = fit.to_dict()
    assert [entry["term"] for entry in content["random"]] == ["study", "study/effect"]
    assert content["random"][0]["variance"] == fit.theta["study"]
    assert content["heterogeneity"]["I2_by_term"].keys() == {"study", "study/effect"}
    draws = fit.draws(20_000, seed=1)
    low, high = fit.interval()["mean effect"]
    assert np.quantile(draws, [0.025, 0.975]) == pytest.approx([low, high], abs=0.05)
    test = fit.wald_test("mean effect")
    assert test.df == (1, fit.k - 1)
    assert test.p == pytest.approx(fit.coefficients.p[0])
    structured = multilevel(
        make(1), effect="y", variance="v", random="CS(effect | study)", formula="~ x", test="t"
    )
    assert "correlation" in structured.to_dict()["random"][1]
    assert "moderators   F(1" in structured.summary()


def test_profile_intervals_meet_the_likelihood():
    data = make(12, studies=14)
    fit = multilevel(data, effect="y", variance="v", random="study/effect")
    low, high = fit.variance_interval("study", level=0.9)
    assert low < fit.theta["study"] < high
    for end in (low, high):
        if end > 0:
            fall = 2 * (fit.loglik - fit.model.fit(fixed={"study": end}).loglik)
            assert fall == pytest.approx(2.705543, rel=1e-6)
    with pytest.raises(InputError, match="'lab'"):
        fit.variance_interval("lab")


def test_profile_intervals_of_unstructured_terms():
    data = make(12, studies=14)
    data["outcome"] = data["effect"] % 2
    random = "UN(outcome | study)"
    fit = multilevel(data, effect="y", variance="v", random=random)
    low, high = fit.variance_interval("study: rho[0,1]")
    assert -1 <= low < fit.theta["study: rho[0,1]"] <= high <= 1
    data["outcome"] = data["effect"] % 3
    fit = multilevel(data, effect="y", variance="v", random=random)
    with pytest.raises(InputError, match="HCS or DIAG"):
        fit.variance_interval("study: outcome[1]")


def test_comparisons_that_are_not_possible():
    data = make(3)
    how = {"effect": "y", "variance": "v", "random": "study/effect"}
    fit, larger = multilevel(data, **how), multilevel(data, formula="~ x", **how)
    with pytest.raises(SynthesisError, match="by ML"):
        fit.compare(larger)
    with pytest.raises(SynthesisError, match="REML and ML"):
        fit.compare(multilevel(data, method="ML", **how))
    with pytest.raises(SynthesisError, match="not nested"):
        fit.compare(multilevel(data, effect="y", variance="v", random="lab"))
    with pytest.raises(SynthesisError, match="not nested"):
        fit.compare(fit)
    short = {name: values[:-1] for name, values in data.items()}
    with pytest.raises(SynthesisError, match="different rows"):
        fit.compare(multilevel(short, **how))


# -- what can't be used, and what can't be told


def test_rows_left_out_are_listed_with_the_reason():
    data = make(6)
    V = block_covariance(data, variance="v", study="study", correlation=0.4)
    gaps = {name: list(values) for name, values in data.items()}
    gaps["y"][1], gaps["study"][3], gaps["x"][5] = None, None, float("nan")
    known = [True] * len(data["y"])
    known[1] = known[3] = known[5] = False
    rest = {name: values[known] for name, values in data.items()}
    for given_V, kept_V in (
        ({"variance": "v"}, {"variance": "v"}),
        ({"V": V}, {"V": V.take(np.array(known))}),
    ):
        how = {"effect": "y", "random": "study/effect", "formula": "~ x"}
        fit = multilevel(gaps, **how, **given_V)
        assert [(e.row, e.reason) for e in fit.excluded] == [
            (2, "effect is missing"),
            (4, "missing group study"),
            (6, "missing moderator x"),
        ]
        assert fit.warnings[0] == "3 rows could not be used; see excluded"
        assert len(fit.study) == fit.k == len(data["y"]) - 3
        whole = multilevel(rest, **how, **kept_V)
        assert fit.loglik == pytest.approx(whole.loglik, abs=1e-10)


def test_variances_that_can_not_be_told_are_held_at_zero():
    data = make(6)
    data["region"] = ["Europe"] * len(data["y"])
    fit = multilevel(data, effect="y", variance="v", random=["region", "study"])
    assert fit.theta["region"] == 0
    assert "one level" in fit.warnings[0]
    alone = multilevel(data, effect="y", variance="v", random="study")
    assert (fit.AIC, fit.loglik) == (pytest.approx(alone.AIC), pytest.approx(alone.loglik))
    with pytest.raises(SynthesisError, match="can't be told"):
        fit.variance_interval("region")
    single = {
        name: values[data["effect"] == 0] for name, values in data.items() if name != "region"
    }
    fit = multilevel(single, effect="y", variance="v", random="study/effect")
    assert fit.theta["study/effect"] == 0
    assert "same groups" in fit.warnings[0]
    usual = meta_analysis(single, effect="y", variance="v", test="z")
    assert fit.theta["study"] == pytest.approx(usual.tau2, rel=1e-6)


def test_warnings_of_what_the_data_hardly_tell():
    flat = {"y": [0.1, 0.1, 0.11, 0.1], "v": [0.1] * 4, "study": [1, 1, 2, 2]}
    fit = multilevel(flat, effect="y", variance="v", random="study")
    assert fit.warnings == ("the variance of 'study' is estimated as zero",)
    apart = {"y": [0.1, 0.5, 0.2, 0.9, -0.3], "v": [0.01] * 5, "study": range(5)}
    apart["outcome"] = ["a", "b", "a", "b", "a"]
    for structure, message in (("UN", "shows both a and b"), ("CS", "ρ can't be told")):
        fit = multilevel(apart, effect="y", variance="v", random=f"{structure}(outcome | study)")
        assert any(message in warning for warning in fit.warnings)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"random": "site"}, InputError, "no column 'site'"),
        ({"random": "~ 1 | study"}, InputError, "study/effect"),
        ({"random": "outcome | study"}, InputError, "UN"),
        ({"random": "TOEP(effect | study)"}, InputError, "HCS"),
        ({"random": []}, InputError, "random must be"),
        ({"random": [3]}, InputError, "it holds 3"),
        ({"random": ["study/effect", "study/"]}, InputError, "random must be"),
        ({"random": {"group": "study"}}, InputError, "inner"),
        ({"random": "AR(name | study)"}, InputError, "times"),
        ({"random": ["CS(effect | study)", "UN(effect | study)"]}, InputError, "twice"),
        ({"variance": None}, InputError, "neither"),
        ({"V": np.eye(3)}, InputError, "only one"),
        ({"V": np.eye(3), "variance": None}, InputError, "3 rows"),
        ({"method": "DL"}, InputError, "'REML' or 'ML'"),
        ({"test": "knha"}, InputError, "'z' or 't'"),
        ({"dfs": "kr"}, InputError, "contain"),
        ({"level": 95}, InputError, "0.95"),
        ({"formula": "~ x + twice"}, SynthesisError, "'twice' follows from 'x'"),
        ({"random": "nobody"}, SynthesisError, "missing group nobody"),
    ],
)
def test_wrong_calls(change, error, message):
    data = make(2)
    data["twice"] = 2 * data["x"]
    data["name"] = [f"month {e}" for e in data["effect"]]
    data["nobody"] = [None] * len(data["y"])
    how = {"effect": "y", "variance": "v", "random": "study/effect"} | change
    with pytest.raises(error, match=message):
        multilevel(data, **how)


def test_too_few_rows_and_impossible_covariances():
    data = {"y": [0.1, 0.4, 0.2], "study": ["A", "A", "B"]}
    with pytest.raises(SynthesisError, match="1 rows"):
        multilevel({"y": [0.1], "study": ["A"]}, effect="y", se=[0.1], random="study")
    V = [[[0.1, 0.2], [0.2, 0.1]], 0.3]
    with pytest.raises(InputError, match="block of A"):
        multilevel(data, effect="y", V=V, random="study")
    with pytest.raises(InputError, match="'study' holds 2 values"):
        multilevel(
            {"study": [1, 2]}, effect=[0.1, 0.4, 0.2], se=[0.1] * 3, study=[1, 2, 3], random="study"
        )


def test_words_for_random_effects():
    words = read_random(["lab/study", "lab", " HCS( outcome |study )"])
    assert [term.name for term in words] == ["lab", "lab/study", "study: outcome"]
    spelled = read_random({"group": "study/site", "inner": "a|b", "structure": "CS"})
    assert spelled[0].columns == ("study/site", "a|b")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({}, "give correlation="),
        ({"months": [1, 2]}, "belong together"),
        ({"outcome": ["a", "b"]}, "needs correlation="),
        ({"correlation": 0.5, "sizes": ([1, 1], [1, 1])}, "sizes="),
        ({"correlation": 0.5, "months": [1, 2], "decay": 0.9}, "say which effect"),
        ({"correlation": -1.2}, "study 'A'"),
        ({"months": [3, 3], "decay": 0.9}, "study 'A'"),
        ({"correlation": 0.5, "outcome": ["a"]}, "1 values"),
    ],
)
def test_wrong_calls_of_block_covariance(how, message):
    with pytest.raises(InputError, match=message):
        block_covariance(variance=[0.1, 0.2], study=["A", "A"], **how)


def test_blocks_of_scattered_rows():
    matrix = BlockDiagonal([[[2.0, 1.0], [1.0, 3.0]], [[4.0]]], [np.array([2, 0]), np.array([1])])
    every = np.arange(3)
    expected = [[3.0, 0, 1.0], [0, 4.0, 0], [1.0, 0, 2.0]]
    assert matrix.dense(every).tolist() == expected
    assert matrix.variances().tolist() == [3.0, 4.0, 2.0]
    assert list(matrix.links()) == [(2, 0)]
    assert matrix.take(np.array([True, False, True])).dense(every[:2]).tolist() == [[3, 1], [1, 2]]
