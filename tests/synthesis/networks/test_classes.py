"""Networks of classes: against rma.mv and NUTS, and what must hold of any."""

import json
import math

import numpy as np
import pytest
from scipy import optimize, stats

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis import network
from reprieve.synthesis.networks.classes import class_network
from reprieve.synthesis.networks.independent import independent

ARMS = {"study": "study", "treatment": "treatment", "events": "events", "n": "n"}
CONTRASTS = {
    "study": "study", "treatment1": "treat1", "treatment2": "treat2", "effect": "TE", "se": "seTE",
}  # fmt: skip
CELLS = {"fat": "cells", "marrow": "cells", "cord": "cells"}
PRIORS = {"prior": "half-normal(5)", "class_prior": "half-normal(5)"}


@pytest.fixture
def trials():
    """Eight trials of three cell products and two other injections."""
    return {
        "study": ["1", "2", "3", "4", "4", "4", "5", "6", "7", "8"],
        "treat1": ["fat", "fat", "marrow", "cord", "fat", "fat", "cord", "marrow", "PRP", "PRP"],
        "treat2": ["saline"] * 3
        + ["saline", "saline", "cord"]
        + ["saline"] * 2
        + ["saline", "fat"],
        "TE": [-8.0, -10.0, -3.0, -13.0, -9.0, 4.0, -16.0, -5.0, -6.0, 3.0],
        "seTE": [1.5, 2.0, 1.5, 2.0, 2.1, 2.2, 2.0, 2.0, 2.0, 2.5],
    }


def fit(data, classes=CELLS, **options):
    return class_network(data, **CONTRASTS, classes=classes, **options)


def dense(found, members, groups, reference):
    """y, v, X and Z of a fit, with the reference left out of X."""
    k = independent(found.everything.trials)
    names = found.treatments
    home = [groups.get(name, name) for name in names]
    kept = sorted({*home} - {reference})
    X = np.column_stack([k.X[:, [h == g for h in home]].sum(axis=1) for g in kept])
    return k.y, k.v, X, k.X[:, [names.index(name) for name in members]], kept


# -- against other software


@pytest.mark.parametrize("name", ["Linde2015_OR", "Dogliotti2014_OR", "Baker2009_OR"])
@pytest.mark.parametrize("method", ["REML", "ML"])
def test_rma_mv(reference, name, method):
    content = reference("netmeta/regression")[name]
    theirs, arms = content[f"class_{method}"], reference("netmeta/arms")["arms"][name]
    ours = class_network(
        arms, **ARMS, classes=theirs["classes"], reference=content["reference"], method=method
    )
    assert ours.variances.terms["sigma"] == pytest.approx(theirs["sigma2"], rel=1e-5, abs=1e-9)
    assert ours.variances.tau2 == pytest.approx(theirs["tau2"], rel=5e-6, abs=1e-9)
    for node, estimate, se in zip(theirs["nodes"], theirs["coef"], theirs["se"], strict=True):
        found = ours.relative(node, content["reference"])
        assert found.estimate == pytest.approx(estimate, rel=1e-6)
        assert found.se == pytest.approx(se, rel=1e-6)


def test_nuts(reference):
    theirs = reference("numpyro/classes")
    arms = reference("netmeta/arms")["arms"][theirs["data"]]
    ours = class_network(
        arms, **ARMS, classes=theirs["classes"], reference=theirs["reference"],
        prior=theirs["prior"], class_prior=theirs["prior"],
    )  # fmt: skip
    for name, found in theirs["posterior"].items():
        assert found["rhat"] < 1.001
        if name in ("tau", "sigma"):
            mine = ours.posterior[name]
            mean, sd = mine.mean, mine.sd
            low, high = mine.interval()
        else:
            mine = ours.relative(name, theirs["reference"])
            (mean, sd), (low, high) = (mine.estimate, mine.se), mine.ci
        error = found["mcse"]
        assert mean == pytest.approx(found["mean"], abs=4 * error), name
        # the error of a standard deviation, and of a quantile far out, in that of the mean
        assert sd == pytest.approx(found["sd"], abs=6 * error), name
        assert low == pytest.approx(found["quantiles"][0], abs=12 * error), name
        assert high == pytest.approx(found["quantiles"][2], abs=12 * error), name


# -- against the model written out


def test_predictions_and_their_errors_are_those_of_least_squares(trials):
    found = fit(trials, reference="saline")
    y, v, X, Z, kept = dense(found, CELLS, CELLS, "saline")
    sigma2, tau2 = found.sigma**2, found.tau**2
    assert sigma2 > 0
    W = np.linalg.inv(np.diag(v + tau2) + sigma2 * Z @ Z.T)
    Phi = np.linalg.inv(X.T @ W @ X)
    beta = Phi @ X.T @ W @ y
    u = sigma2 * Z.T @ W @ (y - X @ beta)
    P = W - W @ X @ Phi @ X.T @ W
    own = sigma2 * np.eye(3) - sigma2**2 * Z.T @ P @ Z
    cross = -Phi @ X.T @ W @ Z * sigma2
    c = kept.index("cells")
    for i, name in enumerate(CELLS):
        mine = found.relative(name, "saline")
        assert mine.estimate == pytest.approx(beta[c] + u[i], rel=1e-7)
        variance = Phi[c, c] + own[i, i] + 2 * cross[c, i]
        assert mine.se == pytest.approx(math.sqrt(variance), rel=1e-7)
    mean = found.relative("cells", "saline")
    assert mean.estimate == pytest.approx(beta[c], rel=1e-7)
    assert mean.se == pytest.approx(math.sqrt(Phi[c, c]), rel=1e-7)
    # three treatments of one class: t with two degrees of freedom for a fourth
    wide = stats.t.ppf(0.975, 2) * math.sqrt(Phi[c, c] + sigma2)
    assert mean.prediction_interval == pytest.approx((beta[c] - wide, beta[c] + wide), rel=1e-6)
    plain = network(trials, **CONTRASTS)
    raw = [plain.relative(name, "saline").estimate for name in CELLS]
    drawn = [found.relative(name, "saline").estimate for name in CELLS]
    assert np.ptp(drawn) < np.ptp(raw)


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_own_spread_has_the_highest_likelihood(trials, method):
    classes = CELLS | {"PRP": "blood", "plasma": "blood"}
    trials["study"] += ["9", "10"]
    trials["treat1"] += ["plasma", "plasma"]
    trials["treat2"] += ["saline", "fat"]
    trials["TE"] += [-1.0, 9.0]
    trials["seTE"] += [1.0, 2.0]
    found = fit(trials, classes, spread="own", method=method, reference="saline")
    y, v, X, Z, _ = dense(found, list(classes), classes, "saline")

    def height(log_sds):
        tau2, cells, blood = np.exp(2 * np.asarray(log_sds))
        V = np.diag(v + tau2) + Z @ np.diag([cells] * 3 + [blood] * 2) @ Z.T
        W = np.linalg.inv(V)
        information = X.T @ W @ X
        rest = y - X @ np.linalg.solve(information, X.T @ W @ y)
        value = -0.5 * (np.linalg.slogdet(V)[1] + rest @ W @ rest)
        return value - (method == "REML") * 0.5 * np.linalg.slogdet(information)[1]

    best = max(
        -optimize.minimize(lambda t: -height(t), start, method="Nelder-Mead",
                           options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000}).fun
        for start in ([0, 1, 1], [-3, 1, 1], [0, -3, 1])
    )  # fmt: skip
    sds = [found.tau, found.sigma["cells"], found.sigma["blood"]]
    assert height(np.log(np.maximum(sds, 1e-8))) == pytest.approx(best, abs=1e-7)


def test_posterior_by_brute_force(trials):
    """Also where the likelihood is highest at zero, which tells no scale of its own."""
    trials["TE"] = [-8.0, -8.1, -7.9, -8.0, -8.1, -0.1, -8.0, -7.9, -8.0, 0.1]
    found = fit(trials, reference="saline", **PRIORS)
    y, v, X, Z, kept = dense(found, CELLS, CELLS, "saline")
    grid = (np.arange(160) + 0.5) * (20 / 160)
    weight, mean, variance = (np.empty((160, 160)) for _ in range(3))
    c = kept.index("cells")
    for i, tau in enumerate(grid):
        for j, sigma in enumerate(grid):
            V = np.diag(v + tau**2) + sigma**2 * Z @ Z.T
            W = np.linalg.inv(V)
            information = X.T @ W @ X
            beta = np.linalg.solve(information, X.T @ W @ y)
            rest = y - X @ beta
            weight[i, j] = -0.5 * (
                np.linalg.slogdet(V)[1] + np.linalg.slogdet(information)[1] + rest @ W @ rest
                + (tau / 5) ** 2 + (sigma / 5) ** 2
            )  # fmt: skip
            mean[i, j], variance[i, j] = beta[c], np.linalg.inv(information)[c, c]
    weight = np.exp(weight - weight.max())
    weight /= weight.sum()
    assert found.posterior["tau"].mean == pytest.approx(weight.sum(axis=1) @ grid, rel=2e-3)
    assert found.posterior["sigma"].mean == pytest.approx(weight.sum(axis=0) @ grid, rel=2e-3)
    centre = (weight * mean).sum()
    spread = math.sqrt((weight * (variance + (mean - centre) ** 2)).sum())
    cells = found.relative("cells", "saline")
    assert cells.estimate == pytest.approx(centre, rel=1e-3)
    assert cells.se == pytest.approx(spread, rel=2e-3)


# -- special cases and invariances


@pytest.mark.parametrize("method", ["DL", "REML", "ML"])
def test_without_spread_a_class_is_one_treatment(trials, method):
    kept = [i for i, study in enumerate(trials["study"]) if study != "4"]  # compares two of cells
    data = {name: [values[i] for i in kept] for name, values in trials.items()}
    ours = fit(data, spread="none", method=method)
    lumped = {
        **data,
        **{side: [CELLS.get(t, t) for t in data[side]] for side in ("treat1", "treat2")},
    }
    theirs = network(lumped, **CONTRASTS, method=method)
    assert ours.tau**2 == pytest.approx(theirs.tau2, rel=1e-6, abs=1e-9)
    assert ours.sigma == 0
    for one, two in (("cells", "saline"), ("PRP", "cells")):
        a, b = ours.relative(one, two), theirs.relative(one, two)
        assert (a.estimate, a.se) == pytest.approx((b.estimate, b.se), rel=1e-6)
        c = ours.relative(one.replace("cells", "fat"), two.replace("cells", "marrow"))
        assert (a.estimate, a.se) == pytest.approx((c.estimate, c.se), rel=1e-9)
    same = ours.relative("fat", "cord")
    assert (same.estimate, same.se) == (0, 0)
    assert math.isnan(same.p)
    better = ours.by_treatment.probability_better()
    pair = better.filter(treatment1="fat", treatment2="cord")["probability"]
    assert pair.to_list() == [0.5]


def test_without_spread_bayes_knows_only_tau(trials):
    found = fit(trials, spread="none", prior="half-normal(5)", reference="saline")
    assert list(found.posterior.hyperparameters) == ["tau"]
    fat, cord = (found.relative(name, "saline") for name in ("fat", "cord"))
    assert fat.ci == pytest.approx(cord.ci)
    assert found.relative("fat", "cord").ci == (0, 0)
    near = fit(trials, prior="half-normal(5)", class_prior="half-normal(0.0001)")
    assert near.relative("cells", "saline").ci == pytest.approx(
        found.relative("cells", "saline").ci, rel=1e-4
    )


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_classes_of_one_do_nothing(trials, method):
    ours = fit(trials, {"fat": "adipose", "cord": "umbilical"}, method=method)
    theirs = network(trials, **CONTRASTS, method=method)
    assert ours.tau**2 == pytest.approx(theirs.tau2, rel=1e-6, abs=1e-9)
    a, b = ours.by_treatment.effects(), theirs.effects()
    for column in ("estimate", "se", "ci_low", "pi_high"):
        assert a[column].to_numpy() == pytest.approx(b[column].to_numpy(), rel=1e-6)
    assert ours.by_treatment.p_scores == pytest.approx(theirs.p_scores, rel=1e-6)
    assert math.isnan(ours.sigma)
    assert "classes do nothing" in "".join(ours.warnings)


def test_mean_of_a_class_of_one_is_not_known_better_than_sigma(trials):
    alone = fit(trials, reference="saline")
    own = fit(trials, CELLS | {"PRP": "blood"}, reference="saline")
    assert own.sigma == pytest.approx(alone.sigma, rel=1e-6)
    for name in ("PRP", "fat", "cells"):
        a, b = alone.relative(name, "saline"), own.relative(name, "saline")
        assert (a.estimate, a.se) == pytest.approx((b.estimate, b.se), rel=1e-5)
    mean, member = own.relative("blood", "saline"), own.relative("PRP", "saline")
    assert mean.estimate == pytest.approx(member.estimate)
    assert mean.se**2 == pytest.approx(member.se**2 + own.sigma**2)
    apart = fit(trials, CELLS | {"PRP": "blood"}, spread="own", reference="saline")
    assert apart.relative("blood", "saline").se == apart.relative("PRP", "saline").se
    assert "stand alone: blood" in "".join(apart.warnings)


@pytest.mark.parametrize("priors", [{}, PRIORS])
def test_reference_changes_no_difference(trials, priors):
    first, *others = (fit(trials, reference=r, **priors) for r in ("saline", "fat", "cells"))
    for other in others:
        a, b = first.everything.effects(), other.everything.effects()
        for column in ("estimate", "se", "ci_low", "pi_high"):
            assert a[column].to_numpy() == pytest.approx(b[column].to_numpy(), rel=1e-9)
    fat, cells = others
    assert fat.by_class.reference == cells.by_class.reference == "cells"
    assert cells.to_frame()["reference"].unique().to_list() == ["cells"]
    assert "cells" in fat.to_frame()["class"].to_list()


def test_classes_bridge_what_no_trial_connects(trials):
    """Saline with fat and marrow here, exercise with cord there."""
    chosen = [0, 1, 2, 7]
    data = {name: [values[i] for i in chosen] for name, values in trials.items()}
    data = {
        name: data[name] + more
        for name, more in {
            "study": ["20", "21"],
            "treat1": ["cord", "cord"],
            "treat2": ["exercise", "exercise"],
            "TE": [-4.0, -6.0],
            "seTE": [1.0, 1.0],
        }.items()
    }
    found = fit(data, reference="saline")
    assert "no trial connects these parts: fat, marrow, saline; cord, exercise" in "".join(
        found.warnings
    )
    exercise = found.relative("exercise", "saline")
    cord, cells = found.relative("cord", "exercise"), found.relative("cells", "saline")
    assert cord.estimate == pytest.approx(-5)
    assert exercise.estimate == pytest.approx(cells.estimate - cord.estimate)
    assert exercise.se**2 == pytest.approx(cells.se**2 + cord.se**2 + found.sigma**2)
    with pytest.raises(SynthesisError) as error:
        fit(data, {"fat": "cells", "marrow": "cells", "cord": "cord blood", "exercise": "active"})
    shown = str(error.value)
    assert "2 parts" in shown
    assert "cells (fat, marrow), saline" in shown
    assert "active (exercise), cord blood (cord)" in shown


# -- what is shown


@pytest.mark.parametrize("priors", [{}, PRIORS])
@pytest.mark.parametrize("spread", ["shared", "own"])
def test_result_can_be_read_and_stored(trials, priors, spread):
    found = fit(trials, reference="saline", spread=spread, **priors)
    frame = found.to_frame()
    assert frame["class"].to_list() == ["cells"] * 4 + [None]
    assert frame["treatment"].to_list() == [None, "cord", "fat", "marrow", "PRP"]
    stored = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert stored["classes"] == {"cells": ["cord", "fat", "marrow"]}
    assert len(stored["pairs"]) == 15
    assert (stored["posterior"] is None) == (not priors)
    assert (stored["effects"][0]["p"] is None) == bool(priors)
    text = found.summary()
    assert text == repr(found)
    assert "5 treatments, 8 trials; 1 class, 2 treatments without" in text
    assert found.league().to_frame().shape == (6, 7)
    assert found.by_class.treatments == ("cells", "PRP", "saline")
    best = found.by_class.ranks(2000).to_frame()
    assert best["treatment"][0] == "cells"
    chance = found.probability_better(by=2).filter(treatment1="cells", treatment2="saline")
    assert 0.5 < chance["probability"][0] < 1
    sigma = found.sigma if spread == "shared" else found.sigma["cells"]
    assert 0 < sigma < 12


@pytest.mark.parametrize("priors", [{}, PRIORS])
def test_draws_have_the_moments_of_the_estimates(trials, priors):
    found = fit(trials, reference="saline", **priors)
    drawn, names = found.draws(60_000, seed=3), found.everything.names
    for i, name in enumerate(names):
        if name == "saline":
            assert drawn[:, i] == pytest.approx(0)
            continue
        exact = found.relative(name, "saline")
        assert drawn[:, i].mean() == pytest.approx(exact.estimate, abs=0.03 * exact.se)
        assert drawn[:, i].std() == pytest.approx(exact.se, rel=0.04)
        share = (drawn[:, i] < exact.ci[0]).mean()
        assert share == pytest.approx(0.025, abs=0.004)
    i, j = names.index("cells"), names.index("PRP")
    chance = found.probability_better().filter(treatment1="cells", treatment2="PRP")
    drawn_chance = (drawn[:, i] < drawn[:, j]).mean()
    assert chance["probability"][0] == pytest.approx(drawn_chance, abs=0.01)


def test_larger_values_may_be_better(trials):
    less, more = (fit(trials, small_values=word) for word in ("desirable", "undesirable"))
    assert less.everything.p_scores + more.everything.p_scores == pytest.approx(np.ones(6))
    assert "higher is better" in more.summary()


def test_an_estimate_of_zero_is_no_proof_of_equality(trials):
    trials["TE"] = [-8.0, -8.1, -7.9, -8.0, -8.1, -0.1, -8.0, -7.9, -8.0, 0.1]
    found = fit(trials)
    assert found.sigma == 0
    assert any("few treatments can't show" in note for note in found.warnings)


def test_excluded_rows_and_unused_names_are_told(trials):
    trials["TE"][7] = None
    found = fit(trials, CELLS | {"placenta": "cells"})
    assert [row.row for row in found.excluded] == [8]
    assert "1 row could not be used" in found.warnings[0]
    assert any("no trial has: placenta" in note for note in found.warnings)
    assert "excluded: row 8 (6): effect is missing" in found.summary()


# -- bad input


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"classes": {}}, InputError, "no treatment of the network a class"),
        ({"classes": {"fatt": "cells"}}, InputError, "treatments are cord, fat"),
        ({"classes": {"fat": "PRP"}}, InputError, "'PRP' is the name of a treatment"),
        ({"spread": "wide"}, InputError, "spread must be one of"),
        ({"method": "DL"}, InputError, "use method='REML'"),
        ({"method": "PM"}, UnknownWordError, "method"),
        ({"reference": "sugar"}, UnknownWordError, "treatment or class"),
        ({"prior": "half-normal(5)"}, InputError, "without class_prior="),
        ({"class_prior": "half-normal(5)"}, InputError, "without prior="),
        ({"spread": "none", **PRIORS}, InputError, "leave it out"),
        ({"level": 2}, InputError, "level"),
    ],
)
def test_bad_input_says_what_is_wrong(trials, options, error, message):
    with pytest.raises(error, match=message):
        fit(trials, **options)


def test_one_class_of_all_has_nothing_to_compare_with(trials):
    every = dict.fromkeys([*CELLS, "PRP", "saline"], "injection")
    with pytest.raises(SynthesisError, match="all treatments belong to the class 'injection'"):
        fit(trials, every)


def test_intervals_within_a_class_where_sigma_may_vanish(reference):
    """At some nodes of a tight prior treatments of a class are equal up to rounding."""
    arms = reference("netmeta/arms")["arms"]["Franchini2012_MD"]
    classes = {
        "Cabergoline": "ergot", "Bromocriptine": "ergot",
        "Pramipexole": "not ergot", "Ropinirole": "not ergot",
    }  # fmt: skip
    found = class_network(
        arms, study="study", treatment="treatment", mean="mean", sd="sd", n="n", classes=classes,
        prior="half-normal(1)", class_prior="half-normal(0.01)", reference="Placebo",
    )  # fmt: skip
    ergot = found.relative("Cabergoline", "Bromocriptine")
    assert -0.04 < ergot.ci[0] < -0.02 < 0.02 < ergot.ci[1] < 0.04
    low, high = (stats.norm.cdf(end, ergot.estimate, ergot.se) for end in ergot.ci)
    assert high - low > 0.9
    drawn = found.draws(40_000, seed=2)
    names = found.everything.names
    drawn = drawn[:, names.index("Cabergoline")] - drawn[:, names.index("Bromocriptine")]
    assert np.quantile(drawn, [0.025, 0.975]) == pytest.approx(ergot.ci, rel=0.06)
