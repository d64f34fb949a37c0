"""`reprieve ask` with all treatments, and with all months."""

import json

import pytest


def test_all_treatments_at_once(run):
    status, out, err = run("ask", "hip_osteoarthritis", "--comparator", "all")
    assert (status, err) == (0, "")
    assert "NSAID tablets" in out
    assert "Rank (95%)" in out
    content = json.loads(run("ask", "hip_osteoarthritis", "-k", "all", "--json")[1])
    assert content["parts"][0]["network"]["treatments"] == ["nsaid", "placebo"]
    assert {row["class"] for row in content["not_connected"]} >= {"surgery"}


def test_all_months_draw_a_picture(run, tmp_path):
    picture = tmp_path / "course.svg"
    status, out, err = run(
        "ask", "radiculopathy", "-t", "epidural_steroid", "--month", "all", "--picture", picture
    )
    assert status == 0
    assert f"The picture is at {picture}" in err
    assert "<svg" in picture.read_text()
    assert "├" in out
    assert "●" in out


def test_one_month_is_also_that_of_the_course(run):
    args = ("ask", "radiculopathy", "-t", "epidural_steroid", "--month", "6", "--json")
    content = json.loads(run(*args)[1])
    assert content["trajectory"]["status"] == "connected"
    assert content["trajectory"]["at"]["month"] == 6


def test_a_month_that_is_none(run):
    status, _, err = run("ask", "radiculopathy", "--month", "soon")
    assert status == 2
    assert "--month is 'soon'; expected a number of months, or all" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--comparator", "all", "--month", "all"), "takes one month"),
        (("--picture", "course.svg"), "--picture needs --month all"),
        (("--comparator", "all", "--multiverse"), "--multiverse needs"),
        (("--lump",), "need --comparator all"),
        (("--nodes", "class"), "need --comparator all"),
    ],
)
def test_no_option_is_passed_over(run, words, message):
    status, out, err = run("ask", "radiculopathy", *words)
    assert (status, out) == (2, "")
    assert message in err
