from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis import meta_analysis, network
from reprieve.synthesis.bayes.gaussian import bayesian_gaussian
from reprieve.synthesis.gaussian import GaussianModel
from reprieve.synthesis.random_effects import Scaled
from reprieve.synthesis.trajectories.analysis import trajectory
from reprieve.synthesis.trajectories.results import Trajectories
from reprieve.synthesis.trajectories.shapes import NAMES, shape_named

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "tests" / "reference"
PAIN = pl.read_csv(ROOT / "docs" / "osteoarthritis-pain.csv", infer_schema_length=None)
ARMS = {
    "study": "studyID", "month": "time", "treatment": "treatment", "mean": "y", "se": "se",
    "reference": "Pl_0",
}  # fmt: skip


def simulated(seed: int, *, trials: int = 24, form: Any = None, tau: float = 1.0) -> pl.DataFrame:
    """Trials of three treatments, visits at 0, 1, 3, 6, 12, sizes 0, -10, -16."""
    rng = np.random.default_rng(seed)
    sizes = {"A": 0.0, "B": -10.0, "C": -16.0}
    rows = []
    for s in range(trials):
        arms = [("A", "B"), ("A", "C"), ("B", "C"), ("A", "B", "C")][s % 4]
        for arm in arms:
            stays = rng.normal(0, tau / np.sqrt(2))
            months = np.array([0.0, 1.0, 3.0, 6.0, 12.0])
            noise = rng.multivariate_normal(np.zeros(5), 0.5 + 0.5 * np.eye(5))
            true = 60 + sizes[arm] * form(months) + stays * (months > 0)
            rows += [
                {"study": str(s), "month": t, "treatment": arm, "mean": y, "se": 1.0}
                for t, y in zip(months, true + noise, strict=True)
            ]
    return pl.DataFrame(rows)


def emax(t: Any) -> Any:
    return t / (2 + t) * 14 / 12


def wearing(t: Any) -> Any:
    return (1 - 2.0**-t) * 2.0 ** (-t / 6) / 0.723


def fit_of(data: pl.DataFrame, **options: Any) -> Trajectories:
    return trajectory(
        data, study="study", month="month", treatment="treatment", mean="mean", se="se", **options
    )


# -- special cases


def test_one_visit_is_the_network() -> None:
    one = PAIN.filter(pl.col("time") == 2)
    people = one.with_columns(pl.lit(400).alias("n"), (pl.col("se") * 20).alias("sd"))
    fit = trajectory(one, **ARMS)
    net = network(
        people, study="studyID", treatment="treatment", mean="y", sd="sd", n="n",
        reference="Pl_0", method="REML",
    )  # fmt: skip
    assert fit.shape == "constant"
    assert fit.tau2 == pytest.approx(net.tau2, rel=1e-8)
    ours, theirs = fit.at(2), net.effects()
    for name in ("estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high", "p"):
        assert ours[name].to_numpy() == pytest.approx(theirs[name].to_numpy(), rel=1e-7, abs=1e-10)
    assert fit.ranks(2).p_score == pytest.approx(net.ranks().p_score, abs=1e-9)


def test_two_treatments_and_one_visit_are_a_meta_analysis() -> None:
    effect, se = [-8.0, -3.0, -12.0, -5.0], [2.0, 2.5, 3.0, 2.0]
    fit = trajectory(
        study=list("abcd"), month=[3] * 4, treatment1=["drug"] * 4, treatment2=["sham"] * 4,
        effect=effect, se=se, reference="sham",
    )  # fmt: skip
    pooled = meta_analysis(effect=effect, se=se, method="REML", test="z")
    row = fit.difference("drug").row(0, named=True)
    assert row["estimate"] == pytest.approx(pooled.estimate, rel=1e-9)
    assert row["se"] == pytest.approx(pooled.se, rel=1e-9)
    assert fit.tau2 == pytest.approx(pooled.tau2, rel=1e-8)


def test_least_squares_by_hand() -> None:
    covariance = {"a": [[4.0, 2.0], [2.0, 6.0]], "b": [[3.0]]}
    y, month = np.array([-4.0, -7.0, -5.0]), np.array([2.0, 8.0, 5.0])
    fit = trajectory(
        study=["a", "a", "b"], month=month, treatment1=["x"] * 3, treatment2=["z"] * 3, effect=y,
        covariance=covariance, reference="z", shape="loglinear", model="common",
    )  # fmt: skip
    V = np.zeros((3, 3))
    V[:2, :2], V[2, 2] = covariance["a"], 3.0
    g = np.log1p(month)
    slope = (g @ np.linalg.solve(V, y)) / (g @ np.linalg.solve(V, g))
    row = fit.difference("x", months=[4.0]).row(0, named=True)
    assert row["estimate"] == pytest.approx(slope * np.log(5), rel=1e-12)
    spread = np.log(5) / np.sqrt(g @ np.linalg.solve(V, g))
    assert row["se"] == pytest.approx(spread, rel=1e-12)
    found = fit.area("x", until=4.0)
    assert found["estimate"] == pytest.approx(slope * (5 * np.log(5) - 4), rel=1e-4)


@pytest.mark.parametrize("shape", ["exponential", "piecewise"])
def test_the_reference_changes_nothing(shape: str) -> None:
    data = simulated(1, trials=8, form=wearing)
    first, second = (fit_of(data, shape=shape, reference=r) for r in ("A", "C"))
    assert first.tau2 == pytest.approx(second.tau2, rel=1e-6)
    for name in ("estimate", "se", "ci_low"):
        ours, theirs = (f.at(6)[name].to_numpy() for f in (first, second))
        assert ours == pytest.approx(theirs, rel=1e-6)


def test_the_order_of_rows_and_names_of_sides_change_nothing() -> None:
    data = simulated(2, trials=8, form=wearing)
    first = fit_of(data, shape="exponential")
    second = fit_of(data.sample(fraction=1, shuffle=True, seed=3), shape="exponential")
    assert first.at(3)["estimate"].to_numpy() == pytest.approx(
        second.at(3)["estimate"].to_numpy(), rel=1e-6
    )
    rows = {
        "study": ["a", "b"], "month": [3, 3], "treatment1": ["x", "z"], "treatment2": ["z", "x"],
        "effect": [-4.0, 4.0], "se": [1.0, 1.0],
    }  # fmt: skip
    turned = trajectory(**rows, reference="z")
    assert turned.difference("x")["estimate"][0] == pytest.approx(-4.0)


# -- recovery


@pytest.mark.parametrize(("shape", "form"), [("emax", emax), ("exponential", wearing)])
def test_what_was_put_in_is_found(shape: str, form: Any) -> None:
    fit = fit_of(simulated(4, trials=40, form=form), shape=shape)
    for treatment, size in (("B", -10.0), ("C", -16.0)):
        table = fit.difference(treatment, "A", [1.0, 3.0, 6.0, 12.0])
        true = size * form(table["month"].to_numpy())
        assert (np.abs(table["estimate"].to_numpy() - true) < 3.5 * table["se"].to_numpy()).all()
    assert fit.tau2 == pytest.approx(1.0, abs=0.6)
    assert fit.rho > 0.5


def test_the_shape_is_chosen_by_prediction() -> None:
    fit = fit_of(simulated(5, trials=40, form=wearing))
    assert fit.shape in ("exponential", "piecewise", "spline")
    table = fit.shapes
    assert table["shape"].to_list() == list(NAMES)
    best = table.filter(pl.col("chosen")).row(0, named=True)
    assert best["log_density"] == table["log_density"].max()
    constant = table.filter(pl.col("shape") == "constant").row(0, named=True)
    assert constant["difference"] < -3 * constant["se"]


def test_prediction_of_trials_left_out_is_that_of_refits() -> None:
    data = simulated(6, trials=8, form=emax)
    whole = fit_of(data, shape="loglinear")
    total = 0.0
    terms = [np.sqrt(whole.tau2), whole.rho]
    for s in range(8):
        visits = whole.visits
        like = whole.visits.likeness()
        blocks = []
        for block, M, rows in zip(visits.blocks, like, visits.rows_of_studies, strict=True):
            same = np.equal.outer(visits.month[rows], visits.month[rows])
            blocks.append(block + terms[0] ** 2 * M * np.where(same, 1.0, terms[1]))
        design = whole.layout.design(np.empty(0))
        X = [design[rows] for rows in visits.rows_of_studies]
        y = [visits.y[rows] for rows in visits.rows_of_studies]
        P = sum(X[i].T @ np.linalg.solve(blocks[i], X[i]) for i in range(8) if i != s)
        h = sum(X[i].T @ np.linalg.solve(blocks[i], y[i]) for i in range(8) if i != s)
        beta = np.linalg.solve(P, h)
        S = blocks[s] + X[s] @ np.linalg.solve(P, X[s].T)
        e = y[s] - X[s] @ beta
        total += -0.5 * (
            len(e) * np.log(2 * np.pi) + np.linalg.slogdet(S)[1] + e @ np.linalg.solve(S, e)
        )
    assert whole.scores[0]["log_density"] == pytest.approx(total, rel=1e-9)


# -- against others


def mbnma(name: str, parameter: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    found = json.loads((REFERENCE / "mbnmatime" / "osteopain.json").read_text())[name]
    places = [found["param"].index(f"{parameter}[{k}]") for k in range(2, 30)]
    mean, sd, n = (np.array(found[part])[places] for part in ("mean", "sd", "n_eff"))
    return mean, sd, n


def arm_design() -> tuple[Any, ...]:
    """MBNMAtime's design: an intercept and a reference curve for each trial."""
    names = sorted(set(PAIN["treatment"]), key=lambda w: (w != "Pl_0", w.casefold()))
    study = np.unique(PAIN["studyID"].to_numpy(), return_inverse=True)[1]
    order = np.argsort(study, kind="stable")
    arm = np.array([names.index(name) for name in PAIN["treatment"]])[order]
    study = study[order]
    first = np.array([arm[study == s].min() for s in range(study.max() + 1)])[study]
    D = np.eye(29)[arm] - np.eye(29)[first]
    parts = (PAIN[c].to_numpy().astype(float)[order] for c in ("time", "y", "se"))
    return names, study, D, *parts


def test_engine_gives_mbnmatime_emax() -> None:
    _, study, D, t, y, se = arm_design()
    S, logs, means, variances = np.eye(30)[study], [], [], []
    grid = np.linspace(0.4, 0.66, 53)
    for et50 in grid:
        g = (t / (et50 + t))[:, None]
        model = GaussianModel(y, se**2, np.hstack([S, S * g, D[:, 1:] * g]))
        at = model.profile(np.empty(0))
        logs.append(at.loglik - np.linalg.slogdet(model._R)[1])
        means.append(at.beta[-28:])
        variances.append(np.diag(at.cov)[-28:])
    w = np.exp(np.array(logs) - max(logs))
    w /= w.sum()
    mean = w @ np.array(means)
    sd = np.sqrt(w @ (np.array(variances) + (np.array(means) - mean) ** 2))
    theirs, spread, n = mbnma("emax", "emax")
    assert (np.abs(mean - theirs) < 4 * spread / np.sqrt(n)).all()
    assert sd == pytest.approx(spread, rel=0.06)
    assert w @ grid == pytest.approx(0.5183, abs=0.003)


def test_engine_gives_mbnmatime_loglinear_random() -> None:
    _, study, D, t, y, se = arm_design()
    S, g = np.eye(30)[study], np.log1p(t)
    blocks = []
    for s in range(30):
        rows = np.flatnonzero(study == s)
        blocks.append(0.5 * (D[rows] @ D[rows].T) * np.outer(g[rows], g[rows]))
    X = np.hstack([S, S * g[:, None], D[:, 1:] * g[:, None]])
    model = GaussianModel(y, se**2, X, [Scaled(matrix=blocks, name="rate")])
    fit = bayesian_gaussian(model, "half-normal(20)")
    theirs, spread, n = mbnma("loglin", "rate")
    mean = np.array([c.mean for c in fit.coefficients[-28:]])
    assert (np.abs(mean - theirs) < 4 * spread / np.sqrt(n)).all()
    assert [c.sd for c in fit.coefficients[-28:]] == pytest.approx(spread, rel=0.06)
    assert fit["rate"].mean == pytest.approx(0.21003, abs=0.003)


def test_contrasts_come_near_mbnmatime() -> None:
    fit = trajectory(PAIN, **ARMS, shape="emax", model="common", correlation=0.0)
    names = arm_design()[0]
    theirs = mbnma("emax", "emax")[0] * 12 / 12.518
    ours = np.array(
        [fit.difference(a, months=[12], extrapolate=True)["estimate"][0] for a in names[1:]]
    )
    # contrasts know nothing of the reference curves from which its ET50 mainly comes
    assert np.abs(ours - theirs).max() < 0.25
    assert np.abs(ours - theirs).mean() < 0.07


def test_bayes_is_what_nuts_finds() -> None:
    reference = json.loads((REFERENCE / "numpyro" / "trajectory.json").read_text())
    found = reference["posterior"]
    fit = fit_of(
        pl.DataFrame(reference["data"]), shape="emax", prior="half-normal(5)", reference="A"
    )
    assert fit.method == "Bayes"
    for treatment in "BC":
        for month in (3, 12):
            theirs = found[f"{treatment} - A at month {month}"]
            row = fit.difference(treatment, months=[month]).row(0, named=True)
            error = theirs["std"] / np.sqrt(theirs["n_eff"])
            assert row["estimate"] == pytest.approx(theirs["mean"], abs=4 * error + 0.005)
            assert row["se"] == pytest.approx(theirs["std"], rel=0.03)
    tau = fit.nodes.weights @ np.sqrt(fit.nodes.theta[:, 0])
    assert tau == pytest.approx(found["tau"]["mean"], rel=0.02)
    assert fit.rho == pytest.approx(found["rho"]["mean"], abs=0.02)
    middle = float(fit.nodes.middle[0])
    assert middle == pytest.approx(found["log_ET50"]["mean"], abs=0.03)


# -- sparse data, classes


def test_one_visit_borrows_the_form_but_not_the_size() -> None:
    data = simulated(7, trials=16, form=emax)
    lonely = pl.DataFrame(
        {
            "study": ["n"] * 2, "month": [3.0] * 2, "treatment": ["A", "N"],
            "mean": [58.0, 38.0], "se": [1.0] * 2,
        }
    )  # fmt: skip
    fit = fit_of(pl.concat([data, lonely]), shape="emax")
    row = fit.difference("N", "A", [1.0, 3.0, 6.0], extrapolate=True)
    assert row["estimate"][1] == pytest.approx(-20.0, abs=1e-6)
    psi = fit.nodes.middle
    g = fit.layout.shape.form(np.array([1.0, 3.0]), psi)
    assert row["estimate"][0] / row["estimate"][1] == pytest.approx(g[0] / g[1], rel=0.02)
    assert row["extrapolated"].to_list() == [False, False, True]
    assert np.isnan(fit.difference("N", "A", [6.0])["estimate"][0])


def test_departures_let_a_treatment_have_its_own_curve() -> None:
    data = simulated(8, trials=24, form=emax)
    late = (pl.col("treatment") == "C") & (pl.col("month") > 5)
    data = data.with_columns(pl.when(late).then(60.0).otherwise("mean").alias("mean"))
    fit = fit_of(data, shape="piecewise")
    assert fit.nodes.parameter("departure") > 1
    table = fit.difference("C", "A", [3.0, 12.0])["estimate"]
    assert table[0] < -6
    assert table[1] > -4


def test_classes_pull_sizes_together() -> None:
    data = simulated(9, trials=12, form=emax)
    extra = []
    for s, (name, mean) in enumerate((("D", 44.0), ("E", 46.0), ("F", 70.0))):
        extra += [
            {"study": f"x{s}", "month": 6.0, "treatment": t, "mean": m, "se": 3.0}
            for t, m in (("A", 60.0), (name, mean))
        ]
    data = pl.concat([data, pl.DataFrame(extra)])
    alone = fit_of(data, shape="emax", reference="A")
    pooled = fit_of(data, shape="emax", reference="A", classes=dict.fromkeys("CDEF", "cells"))
    far, near = (f.difference("F", months=[6])["estimate"][0] for f in (alone, pooled))
    assert far == pytest.approx(10.0, abs=0.5)
    assert near < far
    assert "class" in pooled.nodes.names
    turned = fit_of(data, shape="emax", reference="F", classes=dict.fromkeys("CDEF", "cells"))
    assert turned.at(6)["estimate"].to_numpy() == pytest.approx(
        pooled.at(6)["estimate"].to_numpy(), rel=1e-4, abs=1e-4
    )


def test_a_visit_at_baseline_corrects_for_imbalance() -> None:
    rows = {
        "study": ["a"] * 4, "month": [0, 0, 6, 6], "treatment": ["x", "z"] * 2,
        "mean": [55.0, 60.0, 40.0, 50.0], "se": [2.0] * 4,
    }  # fmt: skip
    fit = trajectory(**rows, reference="z")
    assert fit.difference("x")["estimate"][0] == pytest.approx(-10 - 0.5 * (-5))


# -- what is read off curves


@pytest.fixture(scope="module")
def wear() -> Trajectories:
    return fit_of(simulated(10, trials=40, form=wearing, tau=0.5), shape="exponential")


def test_milestones_are_those_of_the_curve(wear: Trajectories) -> None:
    grid = np.linspace(0, 12, 2401)
    curve = wearing(grid)
    top = curve.argmax()
    peak = wear.peak("C", "A")
    assert peak.ci[0] <= grid[top] <= peak.ci[1]
    assert peak.size == pytest.approx(-16 * curve[top], rel=0.1)
    half = grid[(curve >= curve[top] / 2).argmax()]
    assert wear.onset("C", "A").months == pytest.approx(half, abs=0.3)
    gone = grid[top:][(curve[top:] <= curve[top] / 2).argmax()]
    assert wear.half_life("C", "A").months == pytest.approx(gone, abs=1.0)
    below = grid[top:][(16 * curve[top:] < 10).argmax()]
    assert wear.time_below("C", "A", mcid=10).months == pytest.approx(below, abs=1.2)
    area = wear.area("C", "A")
    assert area["ci_low"] < -16 * np.trapezoid(curve, grid) < area["ci_high"]
    assert wear.time_below("C", "A", mcid=100).months == 0


def test_what_is_not_reached_is_said() -> None:
    fit = fit_of(simulated(11, trials=8, form=emax), shape="emax")
    half = fit.half_life("C", "A")
    assert half.months == np.inf
    assert half.not_reached == 1.0
    assert "beyond 12" in half.summary()
    worse = fit.half_life("A", "C")
    assert worse.no_relief == 1.0
    assert np.isnan(worse.months)
    assert worse.to_dict()["months"] is None


def test_draws_have_the_moments_of_the_table(wear: Trajectories) -> None:
    drawn = wear.draws(40_000, seed=2, months=[3.0])[:, 0]
    row = wear.difference("C", "A", [3.0]).row(0, named=True)
    assert drawn[:, 0] == pytest.approx(0)
    assert drawn[:, 2].mean() == pytest.approx(row["estimate"], abs=4 * row["se"] / 200)
    assert drawn[:, 2].std() == pytest.approx(row["se"], rel=0.03)


def test_absolute_curves_are_reference_plus_difference(wear: Trajectories) -> None:
    table = wear.absolute(60.0, [0.0, 6.0, 12.0])
    control = table.filter(pl.col("treatment") == "A")
    assert control["estimate"].to_numpy() == pytest.approx([60, 60, 60], abs=0.8)
    apart = (
        table.filter(pl.col("treatment") == "C")["estimate"].to_numpy()
        - control["estimate"].to_numpy()
    )
    assert apart == pytest.approx(
        wear.difference("C", "A", [0.0, 6.0, 12.0])["estimate"].to_numpy()
    )
    given = pl.DataFrame({"study": ["a"], "month": [6.0], "change": [-5.0], "se": [1.0]})
    other = wear.absolute(50.0, [6.0, 12.0], response=given)
    assert other.filter(pl.col("treatment") == "A")["estimate"][0] == pytest.approx(45.0)
    assert np.isnan(other["estimate"][1])


def test_reach_is_the_month_up_to_which_trials_connect() -> None:
    fit = trajectory(
        study=["1", "2", "2"], month=[12, 6, 24], treatment1=["x", "y", "y"],
        treatment2=["z", "z", "z"], effect=[-5.0, -8.0, -7.0], se=[1.0] * 3, reference="z",
        shape="constant",
    )  # fmt: skip
    found = {(r["treatment1"], r["treatment2"]): r for r in fit.reach().to_dicts()}
    assert found["x", "y"]["months"] == 12
    assert found["x", "y"]["direct"] is None
    assert found["y", "z"]["months"] == 24
    beyond = fit.at(18)
    assert np.isnan(beyond["estimate"].to_numpy()).tolist() == [True, True, False]
    shown = fit.at(18, extrapolate=True)
    assert shown["extrapolated"].to_list() == [True, True, False]
    assert fit.ranks(18).treatments == ("y", "z")


def test_summary_and_record_say_what_there_is(wear: Trajectories) -> None:
    text = wear.summary()
    assert "exponential" in text
    assert "wear-off half-life" in text
    assert "correlation between visits of an arm is taken as 0.5" in text
    content = wear.to_dict()
    assert json.loads(json.dumps(content)) == content
    assert len(content["effects"]) == 2 * 4


def test_every_shape_is_zero_at_baseline_and_one_at_its_peak() -> None:
    visits = np.array([1.0, 3.0, 6.0, 6.0, 12.0])
    for name in NAMES:
        shape = shape_named(name, visits)
        psi = shape.limits.mean(axis=1)
        assert shape.form(np.array([0.0]), psi) == pytest.approx([0.0])
        assert shape.form(np.linspace(0, 12, 401), psi).max() == pytest.approx(1.0)


# -- what can't be


CONTRASTS: dict[str, Any] = {
    "study": ["a", "a", "b"], "month": [3, 6, 6], "treatment1": ["x", "x", "y"],
    "treatment2": ["z", "z", "z"], "effect": [-4.0, -5.0, -6.0], "se": [1.0, 1.0, 1.0],
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"reference": "w"}, UnknownWordError, "reference treatment"),
        ({"shape": "cubic"}, UnknownWordError, "shape"),
        ({"shape": "exponential"}, UnknownWordError, "2 different month"),
        ({"se": None}, InputError, "one of covariance="),
        ({"treatment": ["x"] * 3, "mean": [1.0] * 3}, InputError, "can't be"),
        ({"month": [0, 0, 0], "study": list("abc")}, SynthesisError, "month 0"),
        ({"month": [3, 3, 6]}, InputError, "more than once"),
        ({"treatment2": ["z", "z", "w"]}, SynthesisError, "falls into 2 parts"),
        ({"se": None, "covariance": {"a": np.eye(2)}}, InputError, "no matrix of study 'b'"),
        (
            {"se": None, "covariance": {"a": [[1, 2], [2, 1]], "b": [[1]]}},
            SynthesisError,
            "positive definite",
        ),
        ({"level": 95}, InputError, "level"),
        ({"effect": [np.nan] * 3}, SynthesisError, "no visit to use"),
        ({"classes": {"w": "cells"}}, UnknownWordError, "treatment in classes"),
        ({"classes": dict.fromkeys("xy", "c"), "method": "ML"}, InputError, "REML"),
    ],
)
def test_bad_input_is_refused(change: dict[str, Any], error: Any, said: str) -> None:
    with pytest.raises(error, match=said):
        trajectory(**{**CONTRASTS, **change})


def test_rows_that_cannot_be_used_are_listed() -> None:
    rows = {**CONTRASTS, "se": [1.0, 0.0, 1.0]}
    fit = trajectory(**rows)
    assert [(row.row, row.study) for row in fit.excluded] == [(2, "a")]
    assert "se is 0" in fit.excluded[0].reason
    covariance = {"a": [[1.0, 0.5], [0.5, 1.0]], "b": [[1.0]]}
    gap = {**CONTRASTS, "se": None, "covariance": covariance, "effect": [-4.0, None, -6.0]}
    assert len(trajectory(**gap).visits.y) == 2
