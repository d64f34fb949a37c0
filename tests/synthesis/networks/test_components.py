"""Component networks: netmeta's numbers, what they become in special cases, what can't be told."""

import json
import math

import numpy as np
import pytest

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis import network
from reprieve.synthesis.networks.components import component_network

COLUMNS = {
    "study": "id", "treatment1": "treat1", "treatment2": "treat2", "effect": "lnOR",
    "se": "selnOR", "small_values": "undesirable",
}  # fmt: skip
TRIALS = {
    "id": ["1", "2", "3", "4", "5"],
    "treat1": ["a", "b", "a + b", "a + b", "b"],
    "treat2": ["none", "none", "none", "a", "none"],
    "lnOR": [-6.0, -8.0, -13.0, -9.0, -5.0],
    "selnOR": [2.0, 3.0, 3.0, 2.5, 2.0],
}


@pytest.fixture(scope="module")
def netmeta(reference):
    return reference("netmeta/components")


def fit_model(data, **options):
    return component_network(data, **COLUMNS | options)


def case(netmeta, name, model):
    content = netmeta[name]
    options = {"inactive": "Placebo"}
    if name == "interaction":
        options["interactions"] = ["Face-to-face CBT*SSRI"]
    elif name == "no_inactive":
        options = {}
    data = content.get("data", netmeta["data"])
    return content, fit_model(data, model=model, **options)


@pytest.mark.parametrize("model", ["common", "random"])
@pytest.mark.parametrize("name", ["netcomb", "interaction", "no_inactive", "disconnected"])
def test_netmeta(netmeta, name, model):
    content, fit = case(netmeta, name, model)
    expected = content[model]
    if model == "random":
        assert fit.tau == pytest.approx(content["tau"], rel=1e-8)
    assert (fit.Q.Q, fit.Q.df) == (
        pytest.approx(content["Q_additive"], rel=1e-9), content["df_Q_additive"],
    )  # fmt: skip
    assert fit.Q.p == pytest.approx(content["pval_Q_additive"], rel=1e-8)
    assert pytest.approx(100 * content["I2"], rel=1e-8) == fit.I2
    if content["Q_standard"] is not None:
        assert pytest.approx(content["Q_standard"], rel=1e-9) == fit.Q_full.Q
        difference = fit.Q_difference
        assert pytest.approx(content["Q_diff"], rel=1e-8) == difference.Q
        assert (difference.df, difference.p) == (
            content["df_Q_diff"], pytest.approx(content["pval_Q_diff"], rel=1e-8),
        )  # fmt: skip
    table = fit.to_frame()
    place = [content["comps"].index(name) for name in table["component"]]
    for ours, theirs in (
        ("estimate", "Comp"), ("se", "seComp"), ("p", "pComp"), ("ci_low", "lowerComp"),
        ("ci_high", "upperComp"),
    ):  # fmt: skip
        values = [expected[theirs][i] for i in place]
        told = [value is not None for value in values]
        assert table[ours].is_not_null().to_list() == told
        found = table[ours].drop_nulls().to_list()
        assert found == pytest.approx([v for v in values if v is not None], rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("model", ["common", "random"])
@pytest.mark.parametrize("name", ["netcomb", "interaction", "no_inactive", "disconnected"])
def test_netmeta_on_all_pairs(netmeta, name, model):
    content, fit = case(netmeta, name, model)
    names = content["trts"]
    estimates, errors = content[model]["TE"], content[model]["seTE"]
    told = 0
    for row in fit.effects().iter_rows(named=True):
        i, j = names.index(row["treatment1"]), names.index(row["treatment2"])
        if row["estimate"] is not None:
            told += 1
            assert row["estimate"] == pytest.approx(estimates[i][j], rel=1e-7, abs=1e-9)
            assert row["se"] == pytest.approx(errors[i][j], rel=1e-8)
    pairs = len(names) * (len(names) - 1) // 2
    # netmeta gives numbers for NaSSa and rMAO-A against the other parts, of a generalised inverse
    assert told == (pairs - 20 if name == "disconnected" else pairs)


def test_p_scores_and_combinations_no_trial_tested(netmeta):
    _, fit = case(netmeta, "netcomb", "random")
    scores = netmeta["netcomb"]["p_score"]["random"]
    table = fit.ranks().to_frame()
    found = dict(zip(table["treatment"], table["p_score"], strict=True))
    assert found == pytest.approx(scores, rel=1e-7)
    made = netmeta["netcomplex"]
    for i, name in enumerate(made["complex"]):
        effect = fit.combination(name)
        assert effect.estimate == pytest.approx(made["random"][i], rel=1e-8)
        assert effect.se == pytest.approx(made["se_random"][i], rel=1e-8)
        assert effect.treatment2 == "Placebo"
    square = fit.relatives(["Placebo", *made["complex"]])
    one = square.relative("SSRI + TCA", "Face-to-face CBT + TCA")
    other = fit.combination("SSRI + TCA", against="Face-to-face CBT + TCA")
    assert (one.estimate, one.se) == pytest.approx((other.estimate, other.se))
    assert one.prediction_interval == pytest.approx(other.prediction_interval)
    assert "SSRI + TCA" in square.ranks().summary()


@pytest.mark.parametrize("method", ["DL", "REML", "ML"])
def test_without_combinations_it_is_the_network(smoking, method):
    columns = {"study": "study", "treatment1": "treat1", "treatment2": "treat2"}
    options = {"effect": "TE", "se": "seTE", "method": method, "reference": "A"}
    plain = network(smoking, **columns, **options)
    fit = component_network(smoking, **columns, **options)
    assert fit.tau2 == pytest.approx(plain.tau2, rel=1e-7)
    assert fit.effects()["estimate"].to_list() == pytest.approx(plain.estimates.tolist(), rel=1e-7)
    assert fit.effects()["se"].to_list() == pytest.approx(plain.standard_errors.tolist(), rel=1e-7)
    assert (fit.Q.Q, fit.Q.df) == (pytest.approx(plain.Q), plain.df)
    assert fit.Q_difference.df == 0
    assert fit.to_frame()["estimate"].null_count() == 4  # nothing is inactive: only differences
    assert fit.ranks().p_score == pytest.approx(plain.p_scores, rel=1e-7)
    assert fit.relatives().relative("A", "B").prediction_interval == pytest.approx(
        plain.relative("A", "B").prediction_interval, rel=1e-6
    )


def test_all_interactions_make_it_the_network():
    fit = fit_model(TRIALS, inactive="none", interactions=["b * a"])
    plain = network(TRIALS, **COLUMNS)
    assert fit.components == ("a", "b", "a*b")
    assert fit.effects()["estimate"].to_list() == pytest.approx(plain.estimates.tolist())
    assert fit.Q_difference.df == 0
    both, apart = fit.combination("a + b"), fit.to_frame()["estimate"].sum()
    assert both.estimate == pytest.approx(apart)


def test_components_by_least_squares():
    fit = fit_model(TRIALS, inactive="none", model="common")
    X = np.array([[1, 0], [0, 1], [1, 1], [0, 1], [0, 1]])
    w = 1 / np.array(TRIALS["selnOR"]) ** 2
    cov = np.linalg.inv(X.T @ (w[:, None] * X))
    beta = cov @ X.T @ (w * np.array(TRIALS["lnOR"]))
    table = fit.to_frame()
    assert table["estimate"].to_list() == pytest.approx(beta.tolist())
    assert table["se"].to_list() == pytest.approx(np.sqrt(np.diag(cov)).tolist())
    assert fit.combination("b + a").se == pytest.approx(math.sqrt(cov.sum()))
    assert fit.combination("none").estimate == 0
    assert fit.reference == "none"


def test_the_inactive_component_changes_nothing_within_treatments():
    renamed = TRIALS | {"treat1": ["a + none", "b", "b+a", "a + b", "b"]}
    one, other = (fit_model(data, inactive="none") for data in (TRIALS, renamed))
    assert other.combination("a").estimate == pytest.approx(one.combination("a").estimate)
    assert "a + b and b+a are made of the same" in other.warnings[1]


def test_draws_follow_the_fit():
    fit = fit_model(TRIALS, inactive="none")
    drawn = fit.draws(40_000, seed=3)
    square = fit.relatives()
    assert drawn.mean(axis=0) == pytest.approx(square.mean[0], abs=0.05)
    assert np.cov(drawn.T) == pytest.approx(square.cov[0], abs=0.15)


def test_what_can_not_be_told_is_named(netmeta):
    _, fit = case(netmeta, "disconnected", "random")
    assert "the effects of NaSSa, rMAO-A by themselves" in fit.warnings[-1]
    assert "which no trial here tests" in fit.warnings[0]
    assert "(3) NaSSa, rMAO-A" in fit.warnings[0]
    assert math.isnan(fit.combination("NaSSa").estimate)
    direct = fit.combination("NaSSa", against="rMAO-A")
    data = netmeta["disconnected"]["data"]
    i = data["treat2"].index("rMAO-A")
    assert data["treat1"][i] == "NaSSa"
    assert direct.estimate == pytest.approx(data["lnOR"][i])
    assert "NaSSa" not in fit.relatives().treatments
    assert "NaSSa" in fit.relatives().warnings[0]
    with pytest.raises(SynthesisError, match="how these compare with SSRI: NaSSa"):
        fit.relatives(["SSRI", "NaSSa"])
    drawn = fit.draws(10, seed=1)
    assert np.isnan(drawn[:, fit.treatments.index("rMAO-A")]).all()
    content = json.loads(json.dumps(fit.to_dict(), allow_nan=False))
    assert {row["component"]: row["estimate"] for row in content["components"]}["NaSSa"] is None
    assert "NaSSa" in fit.summary()


def test_as_many_parameters_as_contrasts():
    few = {name: values[:2] for name, values in TRIALS.items()}
    fit = fit_model(few, inactive="none")
    assert math.isnan(fit.tau2)
    assert "τ² can't be estimated" in fit.warnings[-1]
    assert math.isnan(fit.combination("a").prediction_interval[0])
    assert "nothing to compare" in fit.summary()


@pytest.mark.parametrize(
    ("changes", "options", "error", "message"),
    [
        ({}, {"inactive": "nune"}, UnknownWordError, "inactive component 'nune'.*'none'"),
        ({}, {"reference": "c"}, UnknownWordError, "reference treatment 'c'"),
        ({}, {"interactions": ["a*c"]}, UnknownWordError, "component of an interaction 'c'"),
        ({}, {"interactions": "a*b"}, InputError, "as a list"),
        ({}, {"interactions": ["a"]}, InputError, "two or more different"),
        ({}, {"interactions": ["a*b", "b*a"]}, InputError, "twice"),
        ({}, {"interactions": ["a*none"]}, InputError, "no treatment holds"),
        ({}, {"separator": " "}, InputError, "separator"),
        ({}, {"model": "fixed"}, InputError, "model 'fixed'"),
        ({}, {"level": 95}, InputError, "level"),
        ({"treat1": ["a +", "b", "a + b", "a + b", "b"]}, {}, InputError, "empty component"),
        ({"treat1": ["a + a", "b", "a + b", "a + b", "b"]}, {}, InputError, "twice"),
    ],
)
def test_bad_input(changes, options, error, message):
    with pytest.raises(error, match=message):
        fit_model(TRIALS | changes, **options)


def test_nothing_to_tell():
    trials = {"id": ["1"], "treat1": ["a"], "treat2": ["a + none"], "lnOR": [1], "selnOR": [1]}
    with pytest.raises(SynthesisError, match="nothing that differs"):
        fit_model(trials, inactive="none")
    with pytest.raises(UnknownWordError, match="component 'c'"):
        fit_model(TRIALS, inactive="none").combination("a + c")


def test_rows_left_out_are_told():
    trials = {name: [*values, values[0]] for name, values in TRIALS.items()}
    trials["lnOR"][-1] = None
    fit = fit_model(trials, inactive="none")
    assert fit.warnings[0].startswith("1 row could not be used")
    assert [row.row for row in fit.excluded] == [6]
    assert "excluded: row 6" in fit.summary()
