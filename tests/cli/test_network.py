"""`reprieve network`: the numbers of R's netmeta, and faults named by place."""

import csv
import json
import re
from pathlib import Path

import pytest

NETMETA = Path(__file__).parent.parent / "reference" / "netmeta"
CONTRASTS = (
    "--study", "study", "--treatment1", "treat1", "--treatment2", "treat2", "--effect", "TE",
    "--se", "seTE",
)  # fmt: skip


def write(path, columns):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


@pytest.fixture
def senn(tmp_path):
    networks = json.loads((NETMETA / "networks.json").read_text(encoding="utf-8"))
    expected = networks["Senn2013_MD"]
    return write(tmp_path / "senn.csv", expected["data"]), expected


@pytest.fixture
def arms(tmp_path):
    content = json.loads((NETMETA / "arms.json").read_text(encoding="utf-8"))["arms"]
    return write(tmp_path / "arms.csv", content["smokingcessation_OR"])


def test_a_network_as_json(run, senn):
    path, expected = senn
    status, out, err = run("network", path, *CONTRASTS, "--reference", "plac", "--json")
    fit = json.loads(out)
    assert (status, err) == (0, "")
    assert (fit["treatments"], fit["reference"]) == (expected["treatments"], "plac")
    assert (fit["k"], fit["m"], fit["n_designs"]) == (26, 28, 15)
    assert fit["tau2"] == pytest.approx(expected["random_DL"]["tau2"], rel=1e-10)
    assert fit["I2"] == pytest.approx(100 * expected["I2"])
    assert fit["Q"]["total"] == pytest.approx(expected["Q"])
    assert (fit["Q"]["df"], fit["Q"]["p"]) == (18, pytest.approx(expected["pval_Q"]))
    assert fit["Q"]["heterogeneity"] == pytest.approx(expected["Q_heterogeneity"])
    assert fit["Q"]["inconsistency"] == pytest.approx(expected["Q_inconsistency"])
    assert len(fit["effects"]) == 45
    te, names = expected["random_DL"]["TE"]["values"], expected["treatments"]
    for row in fit["effects"]:
        i, j = names.index(row["treatment1"]), names.index(row["treatment2"])
        assert row["estimate"] == pytest.approx(te[i][j], rel=1e-10)
        assert row["ci"][0] < row["estimate"] < row["ci"][1]
        assert row["prediction_interval"][0] < row["ci"][0]
        assert 0 <= row["proportion_direct"] <= 1
    scores = {row["treatment"]: row["p_score"] for row in fit["ranks"]}
    assert scores == pytest.approx(expected["random_DL"]["Pscore_small_good"])
    assert {"direct", "indirect", "difference", "p"} <= set(fit["split"][0])
    assert fit["warnings"] == []


def test_arms_methods_and_text(run, arms):
    columns = ("--study", "study", "--treatment", "treatment", "--events", "events", "--n", "n")
    status, out, err = run(
        "network", arms, *columns, "--measure", "OR", "--reference", "A", "--method", "REML",
        "--small-values", "undesirable", "--league",
    )  # fmt: skip
    assert (status, err) == (0, "")
    assert "τ² by REML" in out
    assert "τ²   0.4502" in out
    assert "column minus row" in out
    assert out.index("Ranks") < out.index("Direct against indirect")
    _, out, _ = run("network", arms, *columns, "--model", "common", "--level", "90", "--json")
    fit = json.loads(out)
    assert fit["tau2"] == 0
    assert fit["model"]["level"] == 90
    assert fit["effects"][0]["prediction_interval"] == [None, None]


def test_a_posterior(run, senn):
    path, expected = senn
    words = ("network", path, *CONTRASTS, "--reference", "plac", "--prior", "half-normal(0.5)")
    status, out, err = run(*words, "--effect-prior", "normal(0, 100)", "--json")
    fit = json.loads(out)
    assert (status, err) == (0, "")
    assert fit["tau2"] == pytest.approx(expected["random_DL"]["tau2"], rel=1e-10)
    posterior = fit["posterior"]
    assert posterior["model"]["prior"] == "half-normal(0.5)"
    assert posterior["model"]["effect_prior"] == "normal(0, 100)"
    assert posterior["tau"]["ci"][0] < posterior["tau"]["median"] < posterior["tau"]["ci"][1]
    assert len(posterior["effects"]) == 45
    for row, plain in zip(posterior["effects"], fit["effects"], strict=True):
        assert row["treatment2"] == plain["treatment2"]
        assert row["mean"] == pytest.approx(plain["estimate"], abs=plain["se"] / 4)
        assert row["prediction_interval"][0] < row["ci"][0] < row["median"]
    assert posterior["deviance"]["DIC"] > posterior["deviance"]["mean"] > 0
    _, out, _ = run(*words, "--league")
    assert "priors: τ ~ half-normal(0.5), effects against plac ~ flat" in out
    assert out.count("Ranks with") == 2
    assert "the row is better than the column" in out


def test_means_of_arms(run, tmp_path):
    content = json.loads((NETMETA / "arms.json").read_text(encoding="utf-8"))["arms"]
    path = write(tmp_path / "means.csv", content["Stowe2010_MD"])
    columns = ("--study", "study", "--treatment", "treatment", "--mean", "mean", "--sd", "sd")
    _, out, _ = run("network", path, *columns, "--n", "n", "--json")
    assert json.loads(out)["k"] == 29


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--study", "trial"), "no column 'trial'"),
        (("--study", "study"), "give contrasts"),
        ((*CONTRASTS, "--reference", "placebo"), "did you mean 'plac'"),
        ((*CONTRASTS, "--method", "PM"), "unknown method"),
        ((*CONTRASTS, "--level", "0"), "--level is 0"),
        ((*CONTRASTS, "--effect-prior", "flat"), "--effect-prior needs --prior"),
        ((*CONTRASTS, "--prior", "normal(0, 1)"), "one for τ such as half-normal"),
        ((*CONTRASTS, "--prior", "half-norm(1)"), "did you mean 'half-normal'"),
        ((*CONTRASTS, "--model", "common", "--prior", "half-normal(1)"), "has no τ"),
        ((*CONTRASTS, "--variance", "seTE"), "variance= .* or se="),
        ((*CONTRASTS[:-1], "treat1"), ":2: treat1: 'metf' is not a number"),
    ],
)
def test_wrong_calls(run, senn, words, message):
    path, _ = senn
    status, out, err = run("network", path, *words)
    assert (status, out) == (2, "")
    assert re.search(message, err), err
    assert "Traceback" not in err


def test_wrong_data(run, tmp_path):
    columns = {"study": ["1", "2"], "treat1": ["a", "c"], "treat2": ["b", "d"], "TE": [1, 2]}
    path = write(tmp_path / "apart.csv", columns | {"seTE": [1, 1]})
    status, _, err = run("network", path, *CONTRASTS)
    assert status == 2
    assert "(1) a, b; (2) c, d" in err
    assert str(path) in err
    missing = write(tmp_path / "missing.csv", columns | {"seTE": ["", "NA"]})
    status, _, err = run("network", missing, *CONTRASTS)
    assert status == 2
    assert "missing" in err


def test_codes_are_read_as_they_stand(run, tmp_path):
    columns = {"study": ["01", "2", "3"], "treat1": ["1", "1", "2"], "treat2": ["2", "2.5", "2.5"]}
    path = write(tmp_path / "codes.csv", columns | {"TE": [1, 2, 1.5], "seTE": [1, 1, 1]})
    status, out, err = run("network", path, *CONTRASTS, "--reference", "2", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["treatments"] == ["1", "2", "2.5"]


def test_decimal_commas_and_shares_for_percent(run, tmp_path):
    path = tmp_path / "commas.csv"
    path.write_text("study;treat1;treat2;TE;seTE\n1;a;b;-1,5;0,5\n", encoding="utf-8")
    _, _, err = run("network", path, *CONTRASTS)
    assert "write decimals with a point" in err
    path.write_text("study;treat1;treat2;TE;seTE\n1;a;b;-1.5;0.5\n", encoding="utf-8")
    status, out, _ = run("network", path, *CONTRASTS)
    assert status == 0
    assert "2 treatments, 1 trial, 1 contrast, 1 design\n" in out
    assert run("network", path, *CONTRASTS, "--level", "0.95")[0] == 2
