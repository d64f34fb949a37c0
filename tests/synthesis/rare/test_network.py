"""Networks of rare events against netmeta, multinma, the two-group models and brute force."""

import json
import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import gammaln, log_expit

from reprieve.errors import InputError, SynthesisError
from reprieve.synthesis import rare_events
from reprieve.synthesis.rare.network import rare_network
from reprieve.synthesis.rare.network_arms import read_arms
from reprieve.synthesis.rare.network_classic import without_sparse_arms

COLUMNS = {"study": "study", "treatment": "treatment", "events": "events", "n": "n"}
SETS = ("Dong2013", "Gurusamy2011", "smokingcessation")


def square(fit):
    """All estimates and standard errors, row minus column."""
    d, cov = fit.mean[0], fit.cov[0]
    own = np.diag(cov)
    return d[:, None] - d, np.sqrt(np.maximum(own[:, None] + own - 2 * cov, 0))


@pytest.mark.parametrize("name", SETS)
def test_mantel_haenszel(name, reference):
    given = reference("netmeta/rare")[name]
    fit = rare_network(given["data"], **COLUMNS, method="MH")
    expected = given["MH"]
    assert list(fit.treatments) == expected["treatments"]
    assert fit.k == expected["k"]
    estimate, se = square(fit)
    assert estimate == pytest.approx(np.array(expected["TE"]), rel=1e-10, abs=1e-12)
    assert se == pytest.approx(np.array(expected["seTE"]), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("name", SETS)
def test_given_the_total(name, reference):
    # netmetabin leaves out arms without an event in their design for this method too, which the
    # likelihood has no need of; with the same arms both agree within the tolerance of its optim().
    given = reference("netmeta/rare")[name]
    data = given["data"]
    arms = without_sparse_arms(
        read_arms(None, *(data[c] for c in ("study", "treatment", "events", "n")))
    )
    fit = rare_network(
        study=list(arms.study), treatment=list(arms.treatment), events=arms.x, n=arms.n,
        method="CM.AL",
    )  # fmt: skip
    estimate, se = square(fit)
    assert estimate == pytest.approx(np.array(given["NCH"]["TE"]), abs=1e-4)
    assert se == pytest.approx(np.array(given["NCH"]["seTE"]), abs=1e-5)


@pytest.mark.parametrize("common", [True, False])
@pytest.mark.parametrize("name", ["bcg", "nissen2007_death"])
def test_two_treatments_are_the_two_group_model(name, common, reference):
    data = reference("metafor/rare_events")[name]["data"]
    k = len(data["ai"])
    arms = {
        "study": [*range(k), *range(k)],
        "treatment": ["treated"] * k + ["control"] * k,
        "events": [*data["ai"], *data["ci"]],
        "n": [*data["n1i"], *data["n2i"]],
    }
    pair = rare_events(
        data, events1="ai", n1="n1i", events2="ci", n2="n2i", method="UM.FS", common=common
    )
    fit = rare_network(arms, **COLUMNS, common=common)
    found = fit.relative("treated", "control")
    assert (found.estimate, found.se) == pytest.approx((pair.estimate, pair.se), rel=1e-8)
    assert fit.loglik == pytest.approx(pair.loglik, rel=1e-10)
    if not common:
        assert fit.tau**2 == pytest.approx(pair.tau2, rel=1e-6, abs=1e-10)


def test_multinma_smoking(reference):
    given = reference("multinma/smoking")
    data = {
        "study": given["data"]["studyn"],
        "treatment": given["data"]["trtc"],
        "events": given["data"]["r"],
        "n": given["data"]["n"],
    }
    for effects, common, off in (("FE", True, 0.1), ("RE", False, 0.35)):
        # flat priors and large trials: the posterior mean of the common effects is near the
        # maximum; of random effects τ is larger in the posterior, and with it the effects move
        fit = rare_network(data, **COLUMNS, reference="No intervention", common=common)
        summary = given[effects]
        for i, name in enumerate(summary["parameter"]):
            if name.startswith("d["):
                found = fit.relative(name[2:-1], "No intervention")
                assert abs(found.estimate - summary["mean"][i]) < off * summary["sd"][i]
    assert 0 < fit.tau < given["RE"]["50%"][given["RE"]["parameter"].index("tau")]


THREE = {
    "study": ["1"] * 3 + ["2"] * 2 + ["3"] * 2 + ["4"] * 2 + ["5"] * 3,
    "treatment": [*"abc", *"ab", *"ac", *"bc", *"abc"],
    "events": [3, 12, 6, 8, 7, 2, 11, 9, 3, 5, 9, 20],
    "n": [90, 95, 92, 80, 85, 60, 61, 70, 72, 100, 98, 99],
}


def brute_force(parameters):
    """−2 log-likelihood of a, b, c by a plain grid over the deviations of each trial."""
    d = dict(zip("abc", (0.0, *parameters[:2]), strict=True))
    tau, alphas = math.exp(parameters[2]), parameters[3:]
    grid = np.linspace(-7, 7, 121)
    total = 0.0
    for i, study in enumerate("12345"):
        arms = [j for j, s in enumerate(THREE["study"]) if s == study]
        x, n = (np.array([THREE[c][j] for j in arms], float) for c in ("events", "n"))
        eta = alphas[i] + np.array([d[THREE["treatment"][j]] for j in arms])
        a = len(arms)
        values, vectors = np.linalg.eigh(0.5 * (np.eye(a) - 1 / a))
        root = vectors[:, values > 1e-9] * np.sqrt(values[values > 1e-9])
        z = np.stack(np.meshgrid(*[grid] * (a - 1), indexing="ij"), axis=-1).reshape(-1, a - 1)
        at = eta + tau * z @ root.T
        logs = (x * log_expit(at) + (n - x) * log_expit(-at)).sum(axis=1)
        logs += (gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)).sum()
        logs += -0.5 * (z**2).sum(axis=1) + (a - 1) * math.log(
            (grid[1] - grid[0]) / math.sqrt(2 * math.pi)
        )
        total += np.logaddexp.reduce(logs)
    return -total


def test_trials_of_three_arms_by_brute_force():
    fit = rare_network(THREE, **COLUMNS)
    start = [*fit.mean[0][1:], math.log(fit.tau), *[-2.5] * 5]
    best = minimize(brute_force, start, method="BFGS")
    assert -best.fun == pytest.approx(fit.loglik, abs=1e-5)
    assert best.x[:2] == pytest.approx(fit.mean[0][1:], abs=2e-3)
    assert math.exp(best.x[2]) == pytest.approx(fit.tau, abs=2e-3)
    assert np.sqrt(np.diag(fit.cov[0])[1:]) == pytest.approx(
        np.sqrt(np.diag(best.hess_inv)[:2]), rel=0.1
    )


def test_the_order_of_rows_and_names_change_nothing():
    fit = rare_network(THREE, **COLUMNS, reference="c")
    shuffled = {name: values[::-1] for name, values in THREE.items()}
    shuffled["treatment"] = [{"a": "z", "b": "b", "c": "c"}[t] for t in shuffled["treatment"]]
    other = rare_network(shuffled, **COLUMNS)
    for one, two in (("a", "b"), ("b", "c")):
        there = {"a": "z"}.get(one, one)
        assert fit.relative(one, two).estimate == pytest.approx(
            other.relative(there, two).estimate, abs=1e-7
        )
    assert fit.loglik == pytest.approx(other.loglik, rel=1e-9)


def test_what_carries_no_information_is_named():
    data = {
        "study": [1, 1, 2, 2, 3, 3, 4, 4, 5],
        "treatment": [*"ab", *"ab", *"ac", *"ab", "a"],
        "events": [1, 3, 0, 0, 2, 0, 4, 6, 3],
        "n": [50] * 9,
    }
    fit = rare_network(data, **COLUMNS)
    reasons = {row.row: row.reason for row in fit.excluded}
    assert "no event in any arm" in reasons[3]
    assert "nobody with c" in reasons[6]
    assert "no other arm" in reasons[5]
    assert "no other arm" in reasons[9]
    assert fit.treatments == ("a", "b")
    assert (fit.k, fit.events, fit.people) == (2, {"a": 5, "b": 9}, {"a": 100, "b": 100})
    assert "not part of the odds ratios" in fit.summary()


def test_what_every_network_gives():
    fit = rare_network(THREE, **COLUMNS, reference="b")
    assert fit.to_frame()["treatment"].to_list() == ["a", "c"]
    assert fit.effects().height == 3
    assert fit.league().table.shape == (3, 4)
    assert fit.draws(100, seed=1).shape == (100, 3)
    found = json.loads(json.dumps(fit.to_dict(), allow_nan=False))
    assert found["method"] == "UM.FS"
    assert found["effects"][0]["pi_low"] < found["effects"][0]["ci_low"]
    common = rare_network(THREE, **COLUMNS, common=True)
    assert common.effects()["pi_low"].is_null().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"events": [99, *THREE["events"][1:]]}, "no more events than people"),
        ({"events": [0.5, *THREE["events"][1:]]}, "whole number"),
        ({"treatment": ["b", *THREE["treatment"][1:]]}, "already in row"),
        ({"n": THREE["n"][:-1]}, "one length"),
    ],
)
def test_bad_input(change, message):
    with pytest.raises(InputError, match=message):
        rare_network({**THREE, **change}, **COLUMNS)


def test_no_answer():
    none = {**THREE, "events": [0] * 12}
    with pytest.raises(SynthesisError, match="upper_bound"):
        rare_network(none, **COLUMNS)
    apart = {
        "study": [1, 1, 2, 2], "treatment": [*"abcd"], "events": [1, 2, 3, 4], "n": [40] * 4,
    }  # fmt: skip
    with pytest.raises(SynthesisError, match="no trial connects"):
        rare_network(apart, **COLUMNS)
