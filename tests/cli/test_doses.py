"""`reprieve doses`, and `reprieve network --components`."""

import json
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
DOSES = (
    "doses", DOCS / "osteoarthritis-doses.csv", "--study", "trial", "--agent1", "agent1",
    "--dose1", "dose1", "--agent2", "agent2", "--dose2", "dose2", "--effect", "difference",
    "--se", "se",
)  # fmt: skip
PARTS = (
    "network", DOCS / "depression.csv", "--study", "trial", "--treatment1", "treatment1",
    "--treatment2", "treatment2", "--effect", "log_odds_ratio", "--se", "se",
    "--small-values", "undesirable",
)  # fmt: skip


def test_doses_as_json(run):
    status, out, err = run(*DOSES, "--shape", "emax", "--reach", "-1", "--shapes", "--json")
    fit = json.loads(out)
    assert (status, err) == (0, "")
    assert fit["model"]["shape"] == "emax"
    assert (fit["k"], fit["placebo"]) == (28, "placebo")
    reach = {row["agent"]: row for row in fit["reach"]}
    assert 20 < reach["etoricoxib"]["dose"] < 40
    assert reach["celebrex"]["dose"] is None
    assert next(row["shape"] for row in fit["shapes"]) == "log-linear"
    effects = {(row["agent"], row["dose"]): row for row in fit["effects"]}
    assert effects["etoricoxib", 60]["ci_low"] < effects["etoricoxib", 60]["estimate"] < -1


def test_doses_to_read(run):
    status, out, _ = run(*DOSES, "--shapes", "--reach", "-1", "--level", "90")
    assert status == 0
    assert "log-linear curves" in out
    assert "Shapes by maximum likelihood" in out
    assert "celebrex, effect -1: no dose tested reaches it" in out
    assert "etoricoxib, effect -1: reached at dose" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--shape", "cubic"), "unknown shape 'cubic'"),
        (("--level", "0"), "--level is 0"),
        (("--dose1", "dosis"), "dosis"),
        (("--reach", "0"), "not zero"),
        (("--dose1", "trial"), "trial: 'Baerwald 2010' is not a number"),
    ],
)
def test_faults_of_doses_are_named(run, words, message):
    status, out, err = run(*DOSES, *words)
    assert (status, out) == (2, "")
    assert message in err


def test_components(run):
    status, out, err = run(*PARTS, "--components", "--inactive", "Placebo", "--json")
    fit = json.loads(out)
    assert (status, err) == (0, "")
    assert fit["Q"]["difference"]["Q"] == pytest.approx(6.6714, abs=1e-3)
    assert len(fit["components"]) == 18
    words = ("--interaction", "SSRI*Face-to-face CBT", "--league")
    status, out, _ = run(*PARTS, "--components", "--inactive", "Placebo", *words)
    assert status == 0
    assert "Face-to-face CBT*SSRI" in out
    assert "Row minus column" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--components", "--inactive", "Plazebo"), "inactive component 'Plazebo'"),
        (("--inactive", "Placebo"), "need --components"),
        (("--components", "--prior", "half-normal(1)"), "can't be given together"),
        (("--components", "--separator", ""), "separator"),
    ],
)
def test_faults_of_components_are_named(run, words, message):
    status, _, err = run(*PARTS, *words)
    assert status == 2
    assert message in err
