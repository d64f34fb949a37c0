"""`reprieve meta` and `reprieve effects`: the numbers of R's metafor, and faults named by place."""

import json

import pytest

BCG = """study,ai,bi,ci,di,ablat,alloc
Aronson,4,119,11,128,44,random
Ferguson,6,300,29,274,55,random
Rosenthal,3,228,11,209,42,random
Hart,62,13536,248,12619,52,random
Frimodt-Moller,33,5036,47,5761,13,alternate
Stein,180,1361,372,1079,44,alternate
Vandiviere,8,2537,10,619,19,random
TPT Madras,505,87886,499,87892,13,random
Coetzee,29,7470,45,7232,27,random
Rosenthal 2,17,1699,65,1600,42,systematic
Comstock,186,50448,141,27197,18,systematic
Comstock 2,5,2493,3,2338,33,systematic
Comstock 3,27,16886,29,17825,33,systematic
"""


@pytest.fixture
def bcg(tmp_path):
    path = tmp_path / "bcg.csv"
    path.write_text(BCG, "utf-8")
    return path


def test_pooled_risk_ratios_are_those_of_metafor(run, bcg):
    # metafor 5.1-12: rma(measure="RR", ai, bi, ci, di, data = dat.bcg)
    status, out, err = run("meta", bcg, "--measure", "RR", "--test", "z", "--json")
    fit = json.loads(out)
    assert (status, err) == (0, "")
    assert fit["coefficients"][0]["estimate"] == pytest.approx(-0.7145323, abs=1e-6)
    assert fit["coefficients"][0]["se"] == pytest.approx(0.1797815, abs=1e-6)
    assert fit["heterogeneity"]["tau2"] == pytest.approx(0.3132433, abs=1e-6)
    assert fit["heterogeneity"]["tau2_ci"] == pytest.approx([0.1197, 1.1115], abs=1e-4)
    assert fit["heterogeneity"]["Q"] == pytest.approx(152.2330, abs=1e-4)
    assert fit["moderators"] is None


def test_moderators(run, bcg):
    # metafor: rma(yi, vi, mods = ~ ablat, data = dat) with measure RR
    _, out, _ = run(
        "meta", bcg, "--measure", "RR", "--moderators", "~ ablat", "--test", "z", "--json"
    )
    fit = json.loads(out)
    assert [c["estimate"] for c in fit["coefficients"]] == pytest.approx(
        [0.2515, -0.0291], abs=5e-5
    )
    # (16.3582 when τ² is iterated to the end)
    assert fit["moderators"]["statistic"] == pytest.approx(16.3571, abs=2e-3)
    assert fit["moderators"]["R2"] == pytest.approx(75.62, abs=0.01)


def test_factors_and_levels_in_percent(run, bcg):
    _, out, _ = run(
        "meta",
        bcg,
        "--measure",
        "RR",
        "--moderators",
        "~ ablat + C(alloc)",
        "--level",
        "90",
        "--json",
    )
    fit = json.loads(out)
    assert fit["model"]["level"] == 90
    assert len(fit["coefficients"]) == 4
    assert fit["moderators"]["df"] == [3, 9]


def test_effects_by_metafors_column_names(run, bcg, tmp_path):
    saved = tmp_path / "with_effects.csv"
    _, out, _ = run("effects", bcg, "--measure", "RR", "--study", "study", "--json", "-o", saved)
    first = json.loads(out)["effects"][0]
    assert first["study"] == "Aronson"
    assert first["estimate"] == pytest.approx(-0.8893, abs=5e-5)
    assert first["variance"] == pytest.approx(0.3256, abs=5e-5)
    _, out, _ = run("meta", saved, "--effect", "yi", "--variance", "vi", "--json")
    assert json.loads(out)["k"] == 13


def test_columns_of_other_names(run, tmp_path):
    path = tmp_path / "pain.csv"
    path.write_text("a;b;c;d;e;f\n30;20;15;40;18;14\n28;19;22;35;21;20\n", "utf-8")
    names = ["--m1i", "a", "--sd1i", "b", "--n1i", "c", "--m2i", "d", "--sd2i", "e", "--n2i", "f"]
    _, out, _ = run("effects", path, "--measure", "MD", *names, "--json")
    rows = json.loads(out)["effects"]
    assert [r["estimate"] for r in rows] == [-10, -7]
    assert rows[0]["variance"] == pytest.approx(400 / 15 + 324 / 14)


def test_text_for_people(run, bcg):
    _, out, _ = run("meta", bcg, "--measure", "RR")
    assert "τ²" in out
    assert "k = 13" in out
    _, out, _ = run("effects", bcg, "--measure", "RR", "--study", "study")
    assert "Aronson" in out


def table(tmp_path, text):
    path = tmp_path / "data.csv"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("0.1,x", "variance is not a number: 'x'"),
        ("0.1,0", "variance is zero"),
        ("0.1,-1", "variance is negative"),
        ("0.1,", "variance is missing"),
        ("NA,0.2", "effect is missing"),
        ("inf,0.2", "effect is infinite"),
    ],
)
def test_rows_that_can_not_be_used_are_listed(run, tmp_path, rows, reason):
    path = table(tmp_path, f"yi,vi\n{rows}\n0.2,0.1\n0.3,0.1\n0.1,0.2\n")
    status, out, _ = run("meta", path, "--effect", "yi", "--variance", "vi", "--json")
    fit = json.loads(out)
    assert status == 0
    assert fit["k"] == 3
    assert fit["excluded"][0]["reason"] == reason
    assert fit["warnings"]


def test_one_study_and_identical_effects_are_results(run, tmp_path):
    path = table(tmp_path, "yi,vi\n0.2,0.1\n")
    status, out, _ = run("meta", path, "--effect", "yi", "--variance", "vi", "--json")
    fit = json.loads(out)
    assert status == 0
    assert fit["coefficients"][0]["estimate"] == 0.2
    assert fit["heterogeneity"]["tau2"] is None
    assert any("one study" in w for w in fit["warnings"])
    path = table(tmp_path, "yi,vi\n0.2,0.1\n0.2,0.1\n0.2,0.1\n")
    _, out, _ = run("meta", path, "--effect", "yi", "--variance", "vi", "--json")
    assert json.loads(out)["heterogeneity"]["tau2"] == 0


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("yi,vi\n0.1,0.2\n", ("--effect", "y", "--variance", "vi"), "did you mean yi"),
        ("yi,vi\n0.1,0.2\n", ("--effect", "yi"), "--variance vi"),
        ("", ("--effect", "yi", "--variance", "vi"), "empty"),
        ("yi,vi\n", ("--effect", "yi", "--variance", "vi"), "no rows"),
        ("yi,vi\nx,0.2\n", ("--effect", "yi", "--variance", "vi"), "no row can be used"),
        ("yi,vi\n0.1,0.2\n", ("--effect", "yi", "--variance", "vi", "--method", "REMLE"), "REML"),
        ("yi,vi\n0.1,0.2\n", ("--effect", "yi", "--variance", "vi", "--test", "khna"), "knha"),
        ("yi,vi\n0.1,0.2\n", ("--effect", "yi", "--variance", "vi", "--level", "0"), "percent"),
        ("ai,bi,ci,di\n1,2,x,4\n", ("--measure", "OR"), "data.csv:2: ci: 'x' is not a number"),
        ("m1i\n1\n", ("--measure", "SMDD"), "SMD"),
        (
            "m1i,sd1i,n1i,m2i,s,n2i\n1,2,9,2,2,9\n1,2,9,2,-2,9\n",
            ("--measure", "SMD", "--sd2i", "s"),
            "data.csv:3: s is -2; expected a number above zero",
        ),
        (
            "yi,vi,a,b\n0.1,0.2,1,2\n0.3,0.2,2,4\n0.2,0.1,3,6\n0.1,0.1,4,8\n0.2,0.3,5,10\n",
            ("--effect", "yi", "--variance", "vi", "--moderators", "~ a + b"),
            "b",
        ),
        (
            "yi,vi,a\n0.1,0.2,1\n0.3,0.2,2\n0.2,0.1,z\n0.1,0.1,4\n",
            ("--effect", "yi", "--variance", "vi", "--moderators", "~ a"),
            "data.csv:4: a: 'z' is not a number",
        ),
        (
            "yi,vi,a\n0.1,0.2,1\n0.3,0.2,2\n0.2,0.1,2\n",
            ("--effect", "yi", "--variance", "vi", "--moderators", "~ dose"),
            "dose",
        ),
    ],
)
def test_bad_input_is_one_clear_sentence(run, tmp_path, text, words, expected):
    status, out, err = run("meta", table(tmp_path, text), *words, "--json")
    assert status == 2
    assert out == ""
    assert expected in err
    assert "Traceback" not in err


def test_a_repeated_study_is_warned_of(run, tmp_path):
    path = table(tmp_path, "study,yi,vi\nA,0.2,0.1\nA,0.3,0.1\nB,0.1,0.2\n")
    words = ("--effect", "yi", "--variance", "vi", "--study", "study")
    _, out, _ = run("meta", path, *words, "--json")
    assert "1 row repeats a study label" in json.loads(out)["warnings"][0]


def test_nested_random_effects(run, tmp_path):
    # metafor 3.8: rma.mv(yi, vi, random = ~ 1 | study/esid)
    path = table(
        tmp_path,
        "study,esid,yi,vi\n1,1,0.1,0.02\n1,2,0.5,0.03\n2,3,-0.2,0.02\n2,4,0.1,0.04\n"
        "3,5,0.8,0.03\n3,6,0.4,0.02\n4,7,0.3,0.02\n4,8,-0.1,0.05\n",
    )
    words = ("--effect", "yi", "--variance", "vi", "--random", "study/esid")
    _, out, _ = run("meta", path, *words, "--json")
    fit = json.loads(out)
    assert [r["term"] for r in fit["random"]] == ["study", "study/esid"]
    assert fit["model"]["test"] == "z"
    assert fit["coefficients"][0]["estimate"] == pytest.approx(0.23769097, abs=1e-6)
    assert [r["variance"] for r in fit["random"]] == pytest.approx(
        [0.04227313, 0.04165441], abs=1e-6
    )


def test_posterior(run, bcg):
    words = ("--measure", "RR", "--prior", "half-normal(0.5)", "--mu-prior", "normal(0, 4)")
    _, out, _ = run("meta", bcg, *words, "--json")
    posterior = json.loads(out)["posterior"]
    assert set(posterior) >= {"mu", "tau", "predictive"}
    assert {"mean", "sd", "median", "ci"} <= set(posterior["mu"])
    assert posterior["mu"]["mean"] == pytest.approx(-0.71, abs=0.02)


def test_diagnostics_of_one_call(run, bcg):
    words = ("--leave-one-out", "--cumulative", "ablat", "--influence", "--bias")
    _, out, _ = run("meta", bcg, "--measure", "RR", *words, "--trim-and-fill", "L0", "--json")
    found = json.loads(out)
    assert {
        "leave_one_out", "cumulative", "influence", "small_study_effects", "trim_and_fill"
    } <= set(found)  # fmt: skip
    _, out, _ = run("meta", bcg, "--measure", "RR", "--permutations", "99", *words)
    assert "Egger" in out
    assert "Permutation" in out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--prior", "half-normall(1)"), "half-normal"),
        (("--mu-prior", "normal(0, 4)"), "--prior"),
        (("--prior", "half-normal(1)", "--random", "study"), "can't be combined"),
        (("--trim-and-fill", "L9"), "L0"),
        (("--cumulative", "yeer"), "no column"),
        (("--random", "studdy"), "study"),
    ],
)
def test_bad_words_of_further_analyses(run, bcg, words, expected):
    status, _, err = run("meta", bcg, "--measure", "RR", *words, "--json")
    assert status == 2
    assert expected in err
