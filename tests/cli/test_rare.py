"""`reprieve rare`: metafor's numbers from a file, and faults named by place."""

import json

import pytest

ROWS = """study,ai,n1i,ci,n2i
A,1,7,3,9
B,0,12,2,11
C,4,60,5,58
D,0,30,0,31
"""
COLUMNS = ("--events1", "ai", "--n1", "n1i", "--events2", "ci", "--n2", "n2i", "--study", "study")


@pytest.fixture
def counts(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text(ROWS, "utf-8")
    return path


def test_every_method_gives_the_keys_of_meta(run, counts):
    for method in ("MH", "Peto", "IV", "UM.FS", "UM.RS", "CM.EL", "CM.AL", "beta-binomial"):
        status, out, err = run("rare", counts, *COLUMNS, "--method", method, "--json")
        assert (status, err) == (0, ""), method
        fit = json.loads(out)
        assert fit["coefficients"][0]["estimate"] < 0
        low, high = fit["coefficients"][0]["ci"]
        assert low < fit["coefficients"][0]["estimate"] < high
        assert {"tau2", "Q", "Q_df", "Q_p"} <= set(fit["heterogeneity"])
        assert fit["k"] == 4


def test_peto_by_hand(run, counts):
    _, out, _ = run("rare", counts, *COLUMNS, "--method", "Peto", "--json")
    excess = variance = 0.0
    for x1, n1, x2, n2 in ((1, 7, 3, 9), (0, 12, 2, 11), (4, 60, 5, 58)):
        total, events = n1 + n2, x1 + x2
        excess += x1 - n1 * events / total
        variance += n1 * n2 * events * (total - events) / (total**2 * (total - 1))
    assert json.loads(out)["coefficients"][0]["estimate"] == pytest.approx(excess / variance)


def test_a_table_to_read(run, counts):
    status, out, _ = run("rare", counts, *COLUMNS)
    assert status == 0
    assert "Mantel–Haenszel, OR, k = 4 (3 with information)" in out
    assert "1 of 4 trials had no event" in out


def test_faults_name_file_row_and_column(run, counts):
    counts.write_text(ROWS.replace("C,4,60", "C,61,60"), "utf-8")
    status, out, err = run("rare", counts, *COLUMNS)
    assert (status, out) == (2, "")
    assert f"{counts}:4: ai: events1 of study C is 61; expected no more events" in err
    counts.write_text(ROWS.replace("C,4,60", "C,four,60"), "utf-8")
    assert ":4: ai: events1 is not a number: 'four'" in run("rare", counts, *COLUMNS)[2]
    assert "no column 'x'; it has" in run("rare", counts, "--events1", "x", *COLUMNS[2:])[2]
    counts.write_text(ROWS, "utf-8")
    err = run("rare", counts, *COLUMNS, "--method", "Peto", "--measure", "RR")[2]
    assert "Peto knows OR" in err


def test_beta_binomial_has_no_odds_ratio_without_events_in_a_group(run, counts):
    for rows in ("A,3,100,0,98\nB,2,50,0,52\n", "A,0,100,0,98\nB,0,50,0,52\n"):
        counts.write_text("study,ai,n1i,ci,n2i\n" + rows, "utf-8")
        status, out, err = run("rare", counts, *COLUMNS, "--method", "beta-binomial", "--json")
        assert (status, out) == (2, "")
        assert "no event in any trial" in err


def test_the_table_names_rows_left_out(run, counts):
    counts.write_text(ROWS.replace("C,4,60", "C,,60"), "utf-8")
    status, out, _ = run("rare", counts, *COLUMNS)
    assert status == 0
    assert "row 3 (study C) left out: events1 is missing" in out
