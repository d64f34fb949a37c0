"""Dose–response networks: metafor's numbers, direct likelihoods, special cases, what is told."""

import json
import math

import numpy as np
import polars as pl
import pytest

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis import meta_regression, network
from reprieve.synthesis.networks.doses import dose_network

ARMS = {"study": "study", "agent": "agent", "dose": "dose", "mean": "mean", "sd": "sd", "n": "n"}
PLACEBO = {"alogliptin": "placebo", "osteoarthritis": "Placebo"}
CELLS = {
    "study": ["1", "1", "2", "2", "3", "3", "3", "4", "4"],
    "agent": ["fat", "saline", "fat", "saline", "fat", "fat", "saline", "marrow", "saline"],
    "dose": [1e7, 0, 1e8, 0, 1e6, 1e7, 0, 5e7, 0],
    "mean": [42.0, 50, 36, 51, 48, 43, 50, 44, 49],
    "sd": [20.0] * 9,
    "n": [60, 60, 55, 50, 40, 40, 40, 30, 35],
}


@pytest.fixture(scope="module")
def trials(reference):
    """Arms of both data sets, standard deviations made of standard errors."""
    made = {}
    for name, content in reference("metafor/doses").items():
        arms = pl.DataFrame(content["arms"], strict=False)
        if "n" not in arms.columns:
            arms = arms.with_columns(n=pl.lit(100))
        made[name] = arms.with_columns(sd=pl.col("se") * pl.col("n").sqrt())
    return made


def fit_arms(trials, name, **options):
    return dose_network(trials[name], **ARMS, placebo=PLACEBO[name], **options)


def fit_cells(**options):
    return dose_network(CELLS, **ARMS, placebo="saline", **options)


@pytest.mark.parametrize("method", ["ML", "REML"])
@pytest.mark.parametrize("shape", ["linear", "log-linear", "spline"])
@pytest.mark.parametrize("name", PLACEBO)
def test_metafor(reference, trials, name, shape, method):
    content = reference("metafor/doses")[name][shape]
    expected = content[method]
    fit = fit_arms(trials, name, shape=shape, method=method)
    assert fit.tau2 == pytest.approx(expected["tau2"], rel=2e-6)
    assert pytest.approx(expected["QE"], rel=1e-8) == fit.Q.Q
    if method == "ML":
        table = {row["shape"]: row for row in fit.shapes(leave_out=False).to_dicts()}
        # metafor's contrasts are not turned, which changes the likelihood by a constant
        other = reference("metafor/doses")[name]["linear"]["ML"]["loglik"]
        gain = table[shape]["loglik"] - table["linear"]["loglik"]
        assert gain == pytest.approx(expected["loglik"] - other, abs=1e-7)
    agents, doses = (np.atleast_1d(content[part]).tolist() for part in ("agent", "dose"))
    for agent, dose, estimate, se in zip(
        agents, doses, expected["estimate"], expected["se"], strict=True
    ):
        found = fit.effect(agent, dose)
        assert found.estimate == pytest.approx(estimate, rel=1e-5, abs=1e-7)
        assert found.se == pytest.approx(se, rel=1e-5)


def contrasts_against_first(arms):
    """Contrasts with the first arm of each trial, and their covariance: as textbooks have it."""
    rows, blocks = [], []
    for _, trial in arms.group_by("study", maintain_order=True):
        base, others = trial.row(0, named=True), trial[1:].to_dicts()
        v = np.diag([arm["se"] ** 2 for arm in others]) + base["se"] ** 2
        P = (np.eye(len(others)) + 1) / 2
        rows += [(arm["mean"] - base["mean"], arm, base) for arm in others]
        blocks.append((v, P))
    return rows, blocks


def emax_log_likelihood(arms, agents, per_agent):
    rows, blocks = contrasts_against_first(arms)
    y = np.array([row[0] for row in rows])

    def effects(values, arm):
        if not arm["dose"]:
            return 0.0
        i = agents.index(arm["agent"])
        ed50 = math.exp(values[len(agents) + (i if per_agent else 0)])
        return values[i] * arm["dose"] / (ed50 + arm["dose"])

    def minus(values):
        tau2 = math.exp(values[-1])
        r = y - [effects(values, arm) - effects(values, base) for _, arm, base in rows]
        total, at = len(y) * math.log(2 * math.pi), 0
        for v, P in blocks:
            cov, part = v + tau2 * P, r[at : at + len(v)]
            total += np.linalg.slogdet(cov)[1] + part @ np.linalg.solve(cov, part)
            at += len(v)
        return total / 2

    return minus


@pytest.mark.parametrize(
    ("name", "ed50", "keep"),
    [
        ("alogliptin", "agent", None),
        ("osteoarthritis", "common", None),
        ("osteoarthritis", "agent", ["Placebo", "Etoricoxib", "Tramadol"]),
    ],
)
def test_emax_is_the_highest_likelihood(trials, name, ed50, keep):
    from scipy.optimize import minimize

    arms = trials[name]
    if keep:
        arms = arms.filter(pl.col("agent").is_in(keep))
        arms = arms.filter(pl.len().over("study") > 1)
    fit = dose_network(arms, **ARMS, placebo=PLACEBO[name], shape="emax", ed50=ed50, method="ML")
    agents = list(fit.curves.place)
    minus = emax_log_likelihood(arms, agents, ed50 == "agent")
    table = fit.to_frame()
    top = table.filter(parameter="Emax")["estimate"].to_numpy()
    half = np.log(table.filter(parameter="ED50")["estimate"].to_numpy())
    ours = np.concatenate([top, half, [math.log(fit.tau2)]])
    found = minimize(minus, ours, method="BFGS", options={"gtol": 1e-7})
    assert minus(ours) == pytest.approx(found.fun, abs=1e-8)
    assert ours == pytest.approx(found.x, abs=2e-4)
    # from elsewhere it finds nothing better
    far = minimize(minus, ours + 0.5, method="Nelder-Mead", options={"maxiter": 400})
    assert far.fun >= minus(ours) - 1e-8
    # intervals from the curvature of the likelihood, τ² being nearly independent of the curves
    curvature = np.zeros((len(ours), len(ours)))
    steps = np.eye(len(ours)) * 1e-3
    for i in range(len(ours)):
        for j in range(i + 1):
            corners = [
                a * b * minus(ours + a * steps[i] + b * steps[j]) for a in (1, -1) for b in (1, -1)
            ]
            curvature[i, j] = curvature[j, i] = sum(corners) / 4e-6
    errors = np.sqrt(np.diag(np.linalg.inv(curvature)))[: len(agents)]
    assert table.filter(parameter="Emax")["se"].to_numpy() == pytest.approx(errors, rel=0.15)


@pytest.mark.parametrize("method", ["DL", "REML", "ML"])
def test_linear_with_one_agent_is_meta_regression(trials, method):
    arms = trials["alogliptin"]
    first = arms.group_by("study", maintain_order=True).agg(pl.all().head(2)).explode(
        "agent", "dose", "mean", "se", "n", "sd"
    )  # fmt: skip
    fit = dose_network(first, **ARMS, shape="linear", unit=1.0, method=method)
    rows, blocks = contrasts_against_first(first)
    data = {
        "y": [row[0] for row in rows],
        "v": [float(v[0, 0]) for v, _ in blocks],
        "x": [row[1]["dose"] - row[2]["dose"] for row in rows],
    }
    plain = meta_regression("~ 0 + x", data, effect="y", variance="v", method=method, test="z")
    assert fit.tau2 == pytest.approx(plain.tau2, rel=1e-7)
    (row,) = fit.to_frame().to_dicts()
    assert row["estimate"] == pytest.approx(float(plain.beta[0]))
    assert row["se"] == pytest.approx(float(np.sqrt(plain.cov[0, 0])))


def test_a_curve_through_all_doses_is_the_network():
    two = {key: values[4:7] + values[:2] for key, values in CELLS.items()}
    labels = [f"{a} {d:g}" for a, d in zip(two["agent"], two["dose"], strict=True)]
    plain = network(
        two | {"t": labels}, study="study", treatment="t", mean="mean", sd="sd", n="n",
    )  # fmt: skip
    for shape in ("spline", "emax"):
        fit = dose_network(two, **ARMS, placebo="saline", shape=shape)
        assert fit.Q_difference.df == 0
        assert fit.tau2 == pytest.approx(plain.tau2, rel=1e-6, abs=1e-9)
        for dose in (1e6, 1e7):
            expected = plain.relative(f"fat {dose:g}", "saline 0")
            found = fit.effect("fat", dose)
            assert found.estimate == pytest.approx(expected.estimate, rel=1e-6)
            assert found.se == pytest.approx(expected.se, rel=1e-5)
    points = {row["dose"]: row for row in fit.points().to_dicts()}
    assert points[1e7]["estimate"] == pytest.approx(
        plain.relative("fat 1e+07", "saline 0").estimate
    )
    assert points[1e7]["trials"] == 2


@pytest.mark.parametrize("shape", ["linear", "log-linear", "emax", "spline"])
def test_the_unit_of_doses_changes_nothing(shape):
    scaled = CELLS | {"dose": [dose / 1e6 for dose in CELLS["dose"]]}
    one = fit_cells(shape=shape)
    other = dose_network(scaled, **ARMS, placebo="saline", shape=shape)
    assert other.tau2 == pytest.approx(one.tau2, rel=1e-5, abs=1e-9)
    for dose in (0.0, 1e6, 3e7, 2e8):
        a, b = one.effect("fat", dose), other.effect("fat", dose / 1e6)
        assert b.estimate == pytest.approx(a.estimate, rel=1e-5, abs=1e-12)
        assert b.se == pytest.approx(a.se, rel=1e-4, abs=1e-12)
        assert a.extrapolated is (dose > 1e8)
    assert one.effect("fat", 0).estimate == 0


def test_contrasts_say_the_same_as_arms():
    pairs = {"study": [], "a1": [], "d1": [], "a2": [], "d2": [], "y": [], "se": []}
    rows = list(zip(*CELLS.values(), strict=True))
    for i, (study, agent, dose, mean, sd, n) in enumerate(rows):
        for other in rows[i + 1 :]:
            if other[0] == study:
                values = (study, agent, dose, *other[1:3], mean - other[3],
                          math.sqrt(sd**2 / n + other[4] ** 2 / other[5]))  # fmt: skip
                for column, value in zip(pairs.values(), values, strict=True):
                    column.append(value)
    fit = dose_network(
        pairs, study="study", agent1="a1", dose1="d1", agent2="a2", dose2="d2", effect="y",
        se="se", placebo="saline",
    )  # fmt: skip
    assert fit.effect("fat", 2e7).estimate == pytest.approx(fit_cells().effect("fat", 2e7).estimate)


def test_differences_between_agents_and_doses():
    fit = fit_cells()
    one, two = fit.effect("fat", 1e8), fit.effect("fat", 1e6)
    apart = fit.effect("fat", 1e8, against=("fat", 1e6))
    assert apart.estimate == pytest.approx(one.estimate - two.estimate)
    assert apart.se < one.se
    assert (one.against, apart.against) == ("saline", "fat 1e+06")
    assert fit.effect("fat", 1e8, against=("marrow", 1e8)).extrapolated
    nothing = fit.effect("fat", 1e7, against=("fat", 1e7))
    assert (nothing.estimate, nothing.se) == (0, 0)


def test_curves_for_figures():
    fit = fit_cells()
    table = fit.curve("fat")
    assert (table["dose"][0], table["dose"][-1]) == (0, 1e8)
    assert table["dose"].is_sorted()
    assert not table["extrapolated"].any()
    beyond = fit.curve("fat", [1e8, 1e9])
    assert beyond["extrapolated"].to_list() == [False, True]
    found = fit.effect("fat", 1e9)
    assert beyond["estimate"][1] == found.estimate
    assert (beyond["ci_low"][1], beyond["ci_high"][1]) == found.ci
    even = fit_cells(shape="linear").curve("fat")["dose"]
    assert np.diff(even.to_numpy()) == pytest.approx(1e6)


def test_agents_of_a_class_share_a_curve():
    fit = fit_cells(classes={"fat": "cells", "marrow": "cells"})
    assert fit.effect("fat", 3e7).estimate == fit.effect("marrow", 3e7).estimate
    assert fit.to_frame()["curve"].to_list() == ["cells"]
    assert fit.effect("marrow", 9e7).extrapolated  # nobody was given as much of it
    assert "cells (fat, marrow)" in fit.summary()


def test_draws_follow_the_fit(trials):
    for fit in (fit_cells(), fit_arms(trials, "alogliptin", shape="emax")):
        drawn = fit.draws(20_000, seed=2)
        for i, (agent, dose) in enumerate(fit.agents):
            if not dose:
                assert (drawn[:, i] == 0).all()
                continue
            effect = fit.effect(agent, dose)
            assert drawn[:, i].mean() == pytest.approx(effect.estimate, abs=0.3 * effect.se)
            assert drawn[:, i].std() == pytest.approx(effect.se, rel=0.15)


def test_the_dose_that_is_worth_it(trials):
    fit = fit_arms(trials, "alogliptin", shape="log-linear")
    reach = fit.dose_for("alogliptin", -0.5)
    assert fit.effect("alogliptin", reach.dose).estimate == pytest.approx(-0.5, abs=1e-4)
    assert fit.effect("alogliptin", reach.sure_dose).ci[1] == pytest.approx(-0.5, abs=1e-4)
    assert reach.ci[0] < reach.dose < reach.ci[1] < reach.sure_dose * 1.1
    assert 0.95 < reach.probability <= 1
    never = fit.dose_for("alogliptin", -5)
    assert math.isnan(never.dose)
    assert (never.probability, never.ci) == (0, (math.inf, math.inf))
    with pytest.raises(InputError, match="not zero"):
        fit.dose_for("alogliptin", 0)


def test_half_of_the_effect(trials):
    fit = fit_arms(trials, "alogliptin", shape="emax", method="ML")
    half = fit.half_dose("alogliptin")
    effect = fit.effect("alogliptin", half.dose).estimate
    assert effect == pytest.approx(half.effect)
    assert fit.to_frame()["estimate"][0] == pytest.approx(2 * effect)
    assert half.ci[0] * half.ci[1] == pytest.approx(half.dose**2)
    line = fit_arms(trials, "alogliptin", shape="linear").half_dose("alogliptin")
    assert line.dose == pytest.approx(50)
    log = fit_arms(trials, "alogliptin", shape="log-linear")
    half = log.half_dose("alogliptin")
    top = log.effect("alogliptin", 100).estimate
    assert log.effect("alogliptin", half.dose).estimate == pytest.approx(top / 2, rel=1e-4)


def test_shapes_side_by_side(trials):
    fit = fit_arms(trials, "alogliptin", shape="auto")
    table = fit.shapes()
    assert table["shape"].to_list() == ["emax", "spline", "log-linear", "linear"]
    assert fit.shape == "emax"
    assert "chosen by AIC" in fit.warnings[0]
    row = table.row(0, named=True)
    assert row["AIC"] == pytest.approx(2 * 3 - 2 * row["loglik"])
    assert (row["Q"], row["df"]) == (pytest.approx(fit.Q_difference.Q), 3)
    assert table["trials"].to_list() == [14] * 4
    assert table["predictive"].is_sorted(descending=True)


@pytest.mark.parametrize("shape", ["log-linear", "emax"])
def test_trials_are_predicted_by_the_others(trials, shape):
    fit = fit_arms(trials, "alogliptin", shape=shape, method="ML")
    total = 0.0
    for study in dict.fromkeys(trials["alogliptin"]["study"]):
        rest = dose_network(
            trials["alogliptin"].filter(pl.col("study") != study), **ARMS, shape=shape,
            unit=6.25, method="ML",
        )  # fmt: skip
        rows, blocks = contrasts_against_first(trials["alogliptin"].filter(study=study))
        ((v, P),) = blocks
        L = rest.curves.gradient(
            rest.parameters.beta, np.zeros(len(rows), int), np.array([r[1]["dose"] for r in rows])
        )
        minus = rest.curves.gradient(
            rest.parameters.beta, np.zeros(len(rows), int), np.array([r[2]["dose"] for r in rows])
        )
        root = (L - minus) @ rest.parameters.root
        cov = v + rest.tau2 * P + root @ root.T
        residual = np.array([
            r[0] - rest.effect("alogliptin", r[1]["dose"]).estimate
            + rest.effect("alogliptin", r[2]["dose"]).estimate for r in rows
        ])  # fmt: skip
        total -= 0.5 * (
            np.linalg.slogdet(2 * math.pi * cov)[1] + residual @ np.linalg.solve(cov, residual)
        )
        # the turn to independent contrasts has a determinant of its own
        total += 0.5 * math.log((len(rows) + 1) / 2 ** len(rows))
    table = {row["shape"]: row for row in fit.shapes().to_dicts()}
    assert table[shape]["predictive"] == pytest.approx(total, abs=2e-4)


def test_an_ed50_that_trials_do_not_tell():
    line = CELLS | {"mean": [49.0, 50, 41, 51, 49.9, 49, 50, 44, 49]}
    fit = dose_network(line, **ARMS, placebo="saline", shape="emax", model="common")
    (note,) = [text for text in fit.warnings if "of fat" in text]
    assert "a straight line" in note
    straight = dose_network(line, **ARMS, placebo="saline", shape="linear", model="common")
    for dose in (1e6, 1e8):
        assert fit.effect("fat", dose).estimate == pytest.approx(
            straight.effect("fat", dose).estimate, rel=0.01
        )
    assert math.isnan(fit.half_dose("fat").dose)
    json.dumps(fit.to_dict(), allow_nan=False)


def test_one_dose_tells_the_effect_at_that_dose_only():
    fit = fit_cells(shape="emax")
    assert "trials do not tell marrow (log ED50)" in fit.warnings[-1]
    assert math.isfinite(fit.effect("marrow", 5e7).estimate)
    assert math.isnan(fit.effect("marrow", 4e7).estimate)
    assert math.isnan(fit.half_dose("marrow").dose)
    assert math.isnan(fit.dose_for("marrow", -3).probability)
    assert fit.curve("marrow")["estimate"].null_count() == 99
    assert math.isfinite(fit_cells(shape="emax", ed50="common").effect("marrow", 4e7).estimate)


def test_what_connects_nothing_is_told():
    apart = {
        "study": ["1", "1", "2", "2"],
        "agent": ["x", "placebo", "x", "x"],
        "dose": [1, 0, 2, 4],
        "mean": [-3.0, 0, -4, -6],
        "sd": [5.0] * 4,
        "n": [50] * 4,
    }
    fit = dose_network(apart, **ARMS)
    assert "rest on the shape of the curves alone" in fit.warnings[0]
    points = fit.points()
    assert points["estimate"].is_null().to_list() == [False, True, True]
    assert math.isfinite(fit.effect("x", 4).estimate)
    heads = {key: values[2:] for key, values in apart.items()}
    assert math.isfinite(dose_network(heads, **ARMS).effect("x", 3).estimate)
    assert dose_network(heads, **ARMS).points()["estimate"].null_count() == 2


def test_records_and_words():
    fit = fit_cells(shape="auto", method="REML")
    content = json.loads(json.dumps(fit.to_dict(), allow_nan=False))
    assert content["model"]["shape"] == fit.shape
    assert {row["agent"] for row in content["effects"]} == {"fat", "marrow"}
    text = repr(fit)
    assert "2 agents at 4 doses, 4 trials" in text
    assert "fat: tested at 1e+06, 1e+07, 1e+08" in text
    assert "; unit 1e+06" in fit_cells().summary()
    assert "Emax" in fit_cells(shape="emax", model="common").summary()


def test_rows_left_out():
    more = {key: [*values, extra] for (key, values), extra in zip(
        CELLS.items(), ["1", "fat", None, 40.0, 20.0, 50], strict=True)}  # fmt: skip
    fit = dose_network(more, **ARMS, placebo="saline")
    assert [(row.row, row.reason) for row in fit.excluded] == [
        (10, "study or agent or dose is missing")
    ]
    assert fit.warnings[0].startswith("1 row")
    assert "excluded: row 10" in fit.summary()


@pytest.mark.parametrize(
    ("changes", "options", "error", "message"),
    [
        ({"dose": ["many", *CELLS["dose"][1:]]}, {}, InputError, "row 1: dose is not a number"),
        ({"dose": [-1.0, *CELLS["dose"][1:]]}, {}, InputError, "row 1: dose is -1"),
        ({"dose": [1e7, 5, *CELLS["dose"][2:]]}, {}, InputError, "row 2: saline has the dose 5"),
        ({"dose": [0.0] * 9}, {}, InputError, "more than one arm of saline"),
        ({}, {"shape": "cubic"}, UnknownWordError, "shape 'cubic'"),
        ({}, {"ed50": "own"}, UnknownWordError, "ed50 'own'"),
        ({}, {"knots": 2}, InputError, "knots"),
        ({}, {"unit": 0}, InputError, "unit"),
        ({}, {"classes": {"fet": "cells"}}, UnknownWordError, "agent of classes 'fet'"),
        ({}, {"method": "PM"}, UnknownWordError, "method 'PM'"),
        ({}, {"level": 95}, InputError, "level"),
    ],
)
def test_bad_input(changes, options, error, message):
    with pytest.raises(error, match=message):
        dose_network(CELLS | changes, **ARMS | {"placebo": "saline"} | options)


def test_more_bad_input():
    with pytest.raises(InputError, match="give arms"):
        dose_network(CELLS, study="study", agent="agent")
    with pytest.raises(InputError, match="one length"):
        dose_network(CELLS, **ARMS | {"dose": [1, 2]})
    single = {key: values[:4] for key, values in CELLS.items()} | {"dose": [1e7, 0, 1e7, 0]}
    with pytest.raises(SynthesisError, match="nothing has been tested at two doses"):
        dose_network(single, **ARMS, placebo="saline", shape="emax")
    assert dose_network(single, **ARMS, placebo="saline", shape="auto").shape == "linear"
    table = dose_network(single, **ARMS, placebo="saline").shapes()
    assert "two doses" in table.filter(shape="emax")["fault"][0]
    fit = fit_cells()
    with pytest.raises(UnknownWordError, match=r"agent 'fet'.*'fat'"):
        fit.effect("fet", 1)
    with pytest.raises(InputError, match="zero or more"):
        fit.curve("fat", [1, -1])
