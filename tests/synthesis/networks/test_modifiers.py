"""Network meta-regression: against netmetareg and rma.mv, and what must hold of any."""

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis import meta_regression, network
from reprieve.synthesis.networks.independent import independent
from reprieve.synthesis.networks.modifiers import network_regression

ARMS = {"study": "study", "treatment": "treatment", "events": "events", "n": "n"}
CONTRASTS = {
    "study": "study", "treatment1": "treat1", "treatment2": "treat2", "effect": "TE", "se": "seTE",
}  # fmt: skip
PLAIN = re.compile("[^A-Za-z0-9]")
# netmeta drops interactions that the trials can't tell, where there are any
SETS = [
    ("smokingcessation_OR", "common"),
    ("smokingcessation_OR", "independent"),
    ("Linde2015_OR", "common"),
    ("Baker2009_OR", "common"),
    ("Baker2009_OR", "independent"),
    ("Dogliotti2014_OR", "common"),
]


@pytest.fixture(scope="session")
def published(reference):
    """Arms with a covariate, and what R made of them."""

    def read(name):
        found = reference("netmeta/regression")[name]
        arms = dict(reference("netmeta/arms")["arms"][name])
        arms["x"] = [found["x"].get(study) for study in arms["study"]]
        return arms, found

    return read


@pytest.fixture
def trials():
    """Nine trials of four treatments, one of three arms, which differ in month and blinding."""
    return {
        "study": ["1", "2", "3", "4", "5", "6", "7", "7", "7", "8", "9"],
        "treat1": ["B", "B", "B", "C", "C", "C", "B", "C", "B", "D", "D"],
        "treat2": ["A", "A", "A", "A", "A", "B", "A", "A", "C", "A", "C"],
        "TE": [-9.0, -4.0, -7.5, -12.0, -6.0, -3.0, -6.0, -8.0, 2.0, -1.0, 4.0],
        "seTE": [2.0, 1.5, 2.5, 2.0, 1.8, 2.2, 2.0, 2.1, 2.3, 1.9, 2.0],
        "month": [3.0, 12, 6, 3, 12, 6, 9, 9, 9, 3, 12],
        "blind": ["yes", "no", "no", "yes", "no", "yes", "no", "no", "no", "yes", "no"],
    }


def fit(data, formula="~ month", **options):
    return network_regression(formula, data, **CONTRASTS, **options)


# -- against other software


@pytest.mark.parametrize(("name", "kind"), SETS)
@pytest.mark.parametrize("method", ["REML", "ML"])
def test_netmetareg(published, name, kind, method):
    arms, found = published(name)
    theirs = found[f"{kind}_{method}"]
    ours = network_regression(
        "~ x", arms, **ARMS, reference=found["reference"], interactions=kind, method=method
    )
    # rma.mv stops at about 1e-6 of τ²
    assert ours.tau2 == pytest.approx(theirs["tau2"], rel=5e-6, abs=1e-7)
    at_zero = ours.at(0).to_frame()
    place = {PLAIN.sub("", name): i for i, name in enumerate(at_zero["treatment"])}
    order = [place[PLAIN.sub("", name)] for name in theirs["treatments"]]
    n = len(order)
    se = np.array(theirs["se"])
    estimates = at_zero["estimate"].to_numpy()[order]
    slopes = ours.interactions()
    if kind == "independent":
        slopes = slopes[order]
    assert np.abs(estimates - theirs["coef"][:n]) == pytest.approx(0, abs=2e-6 * se[:n].max())
    assert at_zero["se"].to_numpy()[order] == pytest.approx(se[:n], rel=1e-5)
    assert slopes["estimate"].to_numpy() == pytest.approx(theirs["coef"][n:], rel=1e-5)
    assert slopes["se"].to_numpy() == pytest.approx(se[n:], rel=1e-5)


@pytest.mark.parametrize("name", ["smokingcessation_OR", "Linde2015_OR", "Dogliotti2014_OR"])
@pytest.mark.parametrize("method", ["REML", "ML"])
def test_exchangeable_interactions_by_rma_mv(published, name, method):
    arms, found = published(name)
    theirs = found[f"exchangeable_{method}"]
    ours = network_regression(
        "~ x", arms, **ARMS, reference=found["reference"], interactions="exchangeable",
        method=method,
    )  # fmt: skip
    n = len(theirs["coef"])
    assert ours.variances.terms["omega[x]"] == pytest.approx(theirs["omega2"], rel=1e-5, abs=1e-8)
    assert ours.tau2 == pytest.approx(theirs["tau2"], rel=5e-6)
    assert ours.coefficients.beta[:n] == pytest.approx(theirs["coef"], rel=1e-5, abs=1e-6)
    se = np.sqrt(np.diag(ours.coefficients.cov))[:n]
    assert se == pytest.approx(theirs["se"], rel=1e-5)


def test_multinma_roughly(reference):
    # a binomial likelihood and a prior of τ there, normal log odds ratios and REML here
    found = reference("netmeta/regression")["bcg"]
    ours = network_regression("~ latitude", found["arms"], **ARMS)
    theirs = found["multinma"]
    vaccine = ours.at().relative("Vaccinated", "Unvaccinated")
    slope = ours.interactions()["estimate"][0]
    name = "d[Vaccinated]"
    assert abs(vaccine.estimate - theirs[name]["mean"]) < 0.5 * theirs[name]["sd"]
    name = "beta[.trtVaccinated:latitude]"
    assert abs(slope - theirs[name]["mean"]) < 0.5 * theirs[name]["sd"]


# -- special cases and invariances


@pytest.mark.parametrize("method", ["DL", "REML", "ML"])
def test_two_treatments_are_a_meta_regression(method, reference):
    arms = reference("netmeta/regression")["bcg"]["arms"]
    ours = network_regression("~ latitude", arms, **ARMS, method=method)
    rows = ours.trials.rows
    latitude = ours.covariates.values["latitude"]
    theirs = meta_regression(
        "~ latitude", {"y": -rows.y, "v": rows.v, "latitude": latitude}, effect="y", variance="v",
        method=method, test="z",
    )  # fmt: skip
    assert ours.tau2 == pytest.approx(theirs.tau2, rel=1e-8)
    assert pytest.approx(theirs.R2, rel=1e-8) == ours.R2
    found = ours.interactions()
    assert found["estimate"][0] == pytest.approx(theirs.beta[1], rel=1e-8)
    assert found["se"][0] == pytest.approx(theirs.cov[1, 1] ** 0.5, rel=1e-8)
    assert ours.test.p == pytest.approx(theirs.moderators.p, rel=1e-6)
    predicted = theirs.predict({"latitude": [50.0]})
    mine = ours.at(50).relative("Vaccinated", "Unvaccinated")
    assert mine.estimate == pytest.approx(predicted["estimate"][0], rel=1e-8)
    assert mine.ci == pytest.approx((predicted["ci_low"][0], predicted["ci_high"][0]), rel=1e-8)


@pytest.mark.parametrize("method", ["DL", "REML", "ML"])
def test_tau2_without_covariates_is_that_of_the_network(trials, method):
    plain = network(trials, **CONTRASTS, method=method)
    assert fit(trials, method=method).tau2_without == pytest.approx(plain.tau2, rel=1e-7, abs=1e-9)


def test_reference_makes_no_difference_to_independent_interactions(trials):
    one, two = (
        fit({**trials, "TE": trials["TE"]}, interactions="independent", reference=r) for r in "AC"
    )
    assert one.tau2 == pytest.approx(two.tau2, rel=1e-9, abs=1e-12)
    for month in (3, 10):
        a, b = one.at(month).effects(), two.at(month).effects()
        assert a["estimate"].to_numpy() == pytest.approx(b["estimate"].to_numpy(), rel=1e-8)
        assert a["se"].to_numpy() == pytest.approx(b["se"].to_numpy(), rel=1e-8)


def test_common_interaction_is_none_between_two_others(trials):
    found = fit(trials, reference="A")
    early, late = (found.at(month).relative("B", "C").estimate for month in (3, 12))
    assert early == pytest.approx(late, abs=1e-12)
    against = [found.at(month).relative("B", "A").estimate for month in (3, 12)]
    slope = found.interactions()["estimate"][0]
    assert against[1] - against[0] == pytest.approx(9 * slope)
    assert any("nothing between two others" in note for note in found.warnings)


@pytest.mark.parametrize("kind", ["common", "independent", "exchangeable"])
@given(shift=st.floats(-50, 50), scale=st.floats(0.1, 20))
def test_origin_and_unit_of_the_covariate_change_no_effect(kind, shift, scale):
    data = {
        "study": list("123456"),
        "treat1": list("BBBCCC"),
        "treat2": list("AAAAAB"),
        "TE": [-9.0, -4.0, -7.5, -12.0, -6.0, -3.0],
        "seTE": [2.0, 1.5, 2.5, 2.0, 1.8, 2.2],
        "month": [3.0, 12, 6, 3, 12, 6],
    }
    turned = {**data, "month": [shift + scale * month for month in data["month"]]}
    one, two = fit(data, interactions=kind), fit(turned, interactions=kind)
    a = one.at(5).effects().select("estimate", "se", "pi_low").to_numpy()
    b = two.at(shift + scale * 5).effects().select("estimate", "se", "pi_low").to_numpy()
    assert a == pytest.approx(b, rel=1e-5, abs=1e-6)
    assert one.interactions()["estimate"].to_numpy() == pytest.approx(
        scale * two.interactions()["estimate"].to_numpy(), rel=1e-4, abs=1e-6
    )


def test_predictions_of_exchangeable_interactions_are_those_of_least_squares(published):
    arms, found = published("Linde2015_OR")
    ours = network_regression("~ x", arms, **ARMS, reference="Placebo", interactions="exchangeable")
    k = independent(ours.trials)
    others = [t for t, name in enumerate(ours.treatments) if name != "Placebo"]
    x = np.array([found["x"][s] for s in ours.trials.rows.studies])
    main = k.X[:, others]
    Z = main * (x - x.mean())[k.study][:, None]
    X = np.column_stack([main, Z.sum(axis=1)])
    omega2 = ours.variances.terms["omega[x]"]
    V = np.diag(k.v + ours.tau2) + omega2 * Z @ Z.T
    W = np.linalg.inv(V)
    Phi = np.linalg.inv(X.T @ W @ X)
    beta = Phi @ X.T @ W @ k.y
    u = omega2 * Z.T @ W @ (k.y - X @ beta)
    P = W - W @ X @ Phi @ X.T @ W
    cov_u = omega2 * np.eye(len(others)) - omega2**2 * Z.T @ P @ Z
    cross = -Phi @ X.T @ W @ Z * omega2
    mean, variance = beta[-1] + u, Phi[-1, -1] + np.diag(cov_u) + 2 * cross[-1]
    shown = ours.interactions()[1:]
    assert shown["treatment"].to_list() == [ours.treatments[t] for t in others]
    assert shown["estimate"].to_numpy() == pytest.approx(mean, rel=1e-7)
    assert shown["se"].to_numpy() == pytest.approx(np.sqrt(variance), rel=1e-7)
    assert shown["p"].null_count() == len(others)


def test_a_category_is_a_covariate_of_zero_and_one(trials):
    coded = {**trials, "blinded": [float(word == "yes") for word in trials["blind"]]}
    words, numbers = fit(trials, "~ blind"), fit(coded, "~ blinded")
    assert words.tau2 == pytest.approx(numbers.tau2, rel=1e-9)
    for word, value in (("yes", 1), ("no", 0)):
        assert words.at(word).relative("B", "A").estimate == pytest.approx(
            numbers.at(value).relative("B", "A").estimate
        )


def test_wald_test_and_several_covariates(trials):
    found = fit(trials, "~ month + blind")
    assert found.test.df == 2
    beta = found.interactions()["estimate"].to_numpy()
    part = found.coefficients.cov[3:, 3:]
    assert found.test.statistic == pytest.approx(beta @ np.linalg.inv(part) @ beta)
    one = found.at({"month": 6, "blind": "yes"}).relative("B", "A").estimate
    other = found.at({"month": 6, "blind": "no"}).relative("B", "A").estimate
    assert one - other == pytest.approx(beta[1])
    with pytest.raises(InputError, match="a value for each"):
        found.at(6)
    with pytest.raises(InputError, match="one covariate that is a number"):
        found.curve("B")


def test_contrasts_and_arms_of_the_same_trials_agree(published):
    arms, found = published("smokingcessation_OR")
    one = network_regression("~ x", arms, **ARMS)
    rows = one.trials.rows
    contrasts = {
        "study": [rows.studies[s] for s in rows.study],
        "treat1": [rows.treatments[t] for t in rows.a],
        "treat2": [rows.treatments[t] for t in rows.b],
        "TE": rows.y,
        "seTE": np.sqrt(rows.v),
        "x": [found["x"][rows.studies[s]] for s in rows.study],
    }
    two = network_regression("~ x", contrasts, **CONTRASTS)
    assert one.tau2 == pytest.approx(two.tau2, rel=1e-8)
    assert one.to_frame().drop("treatment", "reference").to_numpy() == pytest.approx(
        two.to_frame().drop("treatment", "reference").to_numpy(), rel=1e-8
    )


# -- what is shown


def test_effects_are_at_the_mean_over_trials_unless_asked(trials):
    found = fit(trials)
    mean = np.mean([3, 12, 6, 3, 12, 6, 9, 3, 12])  # a trial with three arms counts once
    assert found.covariates.centre == pytest.approx([mean])
    assert found.to_frame().equals(found.at().to_frame())
    at_mean = found.at(float(mean)).to_frame()["estimate"].to_numpy()
    assert found.to_frame()["estimate"].to_numpy() == pytest.approx(at_mean)
    assert "at the mean of 9 trials (month 7.333)" in found.summary()
    drawn = found.draws(40_000, seed=1)
    assert drawn[:, 0] == pytest.approx(0)
    assert drawn[:, 1:].mean(axis=0) == pytest.approx(found.to_frame()["estimate"], abs=0.06)
    assert drawn[:, 1:].std(axis=0) == pytest.approx(found.to_frame()["se"], rel=0.03)


def test_curve_follows_at_and_tells_where_trials_end(trials):
    found = fit(trials)
    curve = found.curve("D", "C", values=[0, 3, 8, 12, 13])
    assert curve["inside"].to_list() == [False, True, True, True, False]
    for month, low in zip(curve["month"], curve["ci_low"], strict=True):
        assert found.at(month).relative("D", "C").ci[0] == pytest.approx(low)
    assert len(found.curve("B")) == 51
    assert found.at(6).warnings == ()
    assert "extrapolation" in found.at(24).warnings[0]


@pytest.mark.parametrize("kind", ["common", "independent", "exchangeable"])
def test_result_can_be_read_and_stored(trials, kind):
    chosen = {name: values[:9] for name, values in trials.items()}
    found = fit(chosen, interactions=kind, reference="A")
    stored = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert stored["model"]["interactions"] == kind
    assert stored["centre"]["month"] == pytest.approx(found.covariates.centre[0])
    assert len(stored["effects_at_mean"]) == 3
    assert repr(found) == found.summary()
    assert "τ²" in found.summary()
    assert ("ω" in "".join(found.warnings)) == (kind == "exchangeable")
    at = found.at(6)
    assert json.dumps(at.to_dict(), allow_nan=False)
    assert at.ranks(500).to_frame()["treatment"][0] == "C"
    assert "Row minus column" in at.league().summary()
    better = at.probability_better().row(0, named=True)
    assert better["treatment1"] == "A"
    assert better["probability"] < 0.01
    assert at.p_scores.sum() == pytest.approx(3 / 2)


def test_exhausted_degrees_of_freedom_are_said():
    data = {
        "study": list("1234"), "treat1": list("BBCC"), "treat2": list("AAAA"),
        "TE": [-9.0, -4.0, -7.5, -12.0], "seTE": [2.0, 1.5, 2.5, 2.0], "month": [3, 12, 3, 12],
    }  # fmt: skip
    found = fit(data, interactions="independent")
    assert np.isnan(found.tau2)
    assert "no degree of freedom" in found.warnings[-1]
    assert np.isnan(found.at().relative("B", "A").prediction_interval[0])
    assert found.at(3).relative("B", "A").estimate == pytest.approx(-9)
    with pytest.raises(SynthesisError, match="can't tell 4 means, τ² and omega"):
        fit(FIVE, interactions="exchangeable")


FIVE = {
    "study": list("12345"), "treat1": list("BBCCD"), "treat2": list("AAAAA"),
    "TE": [-9.0, -4.0, -7.5, -12.0, 1.0], "seTE": [2.0, 1.5, 2.5, 2.0, 1.0],
    "month": [3, 12, 3, 12, 6],
}  # fmt: skip


# -- bad input


def test_trials_without_a_covariate_are_excluded_with_the_reason(trials):
    trials["month"][6:9] = [None] * 3
    found = fit(trials)
    assert [(row.row, row.study) for row in found.excluded] == [(7, "7"), (8, "7"), (9, "7")]
    assert {row.reason for row in found.excluded} == {"missing covariate month"}
    assert found.k == 8
    assert "3 rows could not be used" in found.warnings[0]
    assert "excluded: row 7 (7): missing covariate month" in found.summary()
    kept = {name: [*values[:6], *values[9:]] for name, values in trials.items()}
    assert found.tau2 == pytest.approx(fit(kept).tau2)


def test_one_row_of_a_trial_may_give_its_covariate(trials):
    whole = fit(trials).tau2
    trials["month"][6:8] = [None, float("nan")]
    assert fit(trials).tau2 == whole


def test_treatments_lost_with_their_trials_are_named(trials):
    trials["month"][9:] = [None, None]
    assert any("has D: not in the analysis" in note for note in fit(trials).warnings)


def test_a_covariate_that_differs_within_a_trial_is_refused(trials):
    trials["month"][7] = 12
    with pytest.raises(InputError, match=r"'month' is 9 and 12 in study '7'.*mean over its arms"):
        fit(trials)


def test_interactions_that_trials_can_not_tell_are_named(trials):
    trials["month"][10] = 3  # both trials of D
    with pytest.raises(SynthesisError, match="interaction of D with month"):
        fit(trials, interactions="independent")
    assert fit(trials, interactions="common").test.df == 1
    assert len(fit(trials, interactions="exchangeable").interactions()) == 4


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"formula": "~ year"}, InputError, "'year'"),
        ({"formula": "~ 1"}, SynthesisError, "no covariate"),
        ({"interactions": "some"}, InputError, "interactions must be one of"),
        ({"method": "PM"}, UnknownWordError, "method"),
        ({"reference": "Z"}, UnknownWordError, "reference"),
        ({"level": 95}, InputError, "level"),
        ({"method": "DL", "interactions": "exchangeable"}, InputError, "use method='REML'"),
        ({"formula": "~ month + I(2 * month)"}, SynthesisError, "all treatments with"),
    ],
)
def test_bad_input_says_what_is_wrong(trials, options, error, message):
    with pytest.raises(error, match=message):
        fit(trials, **options)


def test_other_bad_input(trials):
    found = fit(trials, "~ blind")
    with pytest.raises(InputError, match="has not seen"):
        found.at("perhaps")
    with pytest.raises(UnknownWordError):
        found.at("yes").relative("B", "Z")
    with pytest.raises(SynthesisError, match="the same in all trials"):
        fit({**trials, "month": [3] * 11})
    with pytest.raises(InputError, match="no data"):
        network_regression(
            "~ x", None, study=["1"], treatment1=["A"], treatment2=["B"], effect=[1.0], se=[1.0]
        )
    two = {name: values[:3] for name, values in trials.items()}
    with pytest.raises(SynthesisError, match="two treatments or more besides"):
        fit(two, interactions="exchangeable")
    parted = {name: [values[i] for i in (0, 1, 10)] for name, values in trials.items()}
    with pytest.raises(SynthesisError, match="falls into 2 parts"):
        fit(parted)
