"""Arms, and what is refused or left out."""

import math

import polars as pl
import pytest

from reprieve.errors import InputError, SynthesisError, UnknownWordError
from reprieve.synthesis import network

THREE = {
    "study": ["1", "1", "1", "2", "3"],
    "treat1": ["a", "a", "b", "a", "b"],
    "treat2": ["b", "c", "c", "b", "c"],
    "TE": [1.0, 3.0, 2.0, 1.5, 1.0],
    "seTE": [0.5, 0.6, 0.5, 0.4, 0.6],
}

COLUMNS = {
    "study": "study", "treatment1": "treat1", "treatment2": "treat2", "effect": "TE", "se": "seTE",
}  # fmt: skip


def changed(**columns):
    return THREE | columns


@pytest.mark.parametrize(
    "name",
    ["Baker2009_OR", "Dogliotti2014_OR", "Linde2015_OR", "smokingcessation_OR"],
)
def test_odds_ratios_of_arms(reference, name, fit_contrasts):
    arms = reference("netmeta/arms")["arms"][name]
    fit = network(arms, study="study", treatment="treatment", events="events", n="n")
    data = reference("netmeta/networks")[name]["data"]
    expected = fit_contrasts(data)
    assert (fit.k, fit.m) == (expected.k, expected.m)
    assert fit.estimates == pytest.approx(expected.estimates, abs=1e-12)
    assert fit.tau2 == pytest.approx(expected.tau2, rel=1e-12)
    assert len(fit.excluded) == sum(study not in data["study"] for study in arms["study"])


@pytest.mark.parametrize("name", ["Franchini2012_MD", "Stowe2010_MD", "smokingcessation_RD"])
def test_differences_of_arms(reference, name, fit_contrasts):
    content = reference("netmeta/arms")
    expected = fit_contrasts(content["contrasts"][name])
    if name.endswith("MD"):
        arms, columns = content["arms"][name], {"mean": "mean", "sd": "sd", "n": "n"}
    else:
        arms = content["arms"]["smokingcessation_OR"]
        columns = {"events": "events", "n": "n", "measure": "RD"}
    fit = network(pl.DataFrame(arms), study="study", treatment="treatment", **columns)
    assert fit.estimates == pytest.approx(expected.estimates, abs=1e-12)
    assert fit.standard_errors == pytest.approx(expected.standard_errors, rel=1e-12)


def test_risk_ratios_with_a_zero_cell():
    # meta: metabin(0, 10, 3, 12, sm = "RR"): ½ to events and to people of both arms
    fit = network(study=["1", "1"], treatment=["x", "y"], events=[0, 3], n=[10, 12], measure="RR")
    found = fit.relative("x", "y")
    assert found.estimate == pytest.approx(math.log((0.5 / 10.5) / (3.5 / 12.5)))
    assert found.se**2 == pytest.approx(1 / 0.5 - 1 / 10.5 + 1 / 3.5 - 1 / 12.5)


def test_standardised_differences_of_several_arms_add_up():
    arms = {
        "study": ["1"] * 3 + ["2"] * 2,
        "treatment": ["a", "b", "c", "a", "b"],
        "mean": [10.0, 12.0, 17.0, 9.0, 12.0],
        "sd": [3.0, 4.0, 5.0, 3.0, 3.5],
        "n": [20, 22, 25, 30, 31],
    }
    columns = {"study": "study", "treatment": "treatment", "mean": "mean", "sd": "sd", "n": "n"}
    fit = network(arms, **columns, measure="SMD")
    assert fit.warnings == ()
    rows = fit.trials.rows
    assert rows.y[1] == pytest.approx(rows.y[0] + rows.y[2], rel=1e-12)
    assert network(arms, **columns, measure="ROM").k == 2


@pytest.mark.parametrize(
    ("arms", "message"),
    [
        ({"events": [1, 2]}, "n="),
        ({"events": [1, 2], "mean": [1, 2], "n": [9, 9]}, "either"),
        ({"mean": [1, 2], "n": [9, 9]}, "sd="),
        ({"events": [1, 2], "n": [9, 9], "measure": "MD"}, "measure of events"),
        ({"events": [1, "two"], "n": [9, 9]}, "not a number"),
        ({"events": [1, 2], "n": [9, 9], "effect": [1, 2]}, "effect="),
    ],
)
def test_arms_that_do_not_fit(arms, message):
    with pytest.raises(InputError, match=message):
        network(study=["1", "1"], treatment=["x", "y"], **arms)


def test_arms_left_out():
    fit = network(
        study=["1", "1", "2", "2", "3", None],
        treatment=["x", "y", "x", "y", "x", "y"],
        events=[1, 5, 11, 2, 3, 4],
        n=[10, 10, 10, None, 10, 10],
    )
    assert [(row.row, row.reason) for row in fit.excluded] == [
        (3, "more events than people"),
        (4, "n is missing"),
        (5, "the study has no other arm to compare with"),
        (6, "study or treatment is missing"),
    ]
    with pytest.raises(SynthesisError, match="no study has two arms"):
        network(study=["1", "1"], treatment=["x", "y"], events=[0, 0], n=[9, 9])
    with pytest.raises(InputError, match="more than one arm of x"):
        network(study=["1", "1"], treatment=["x", "x"], events=[1, 0], n=[9, 9])


def test_a_disconnected_network_names_its_parts():
    with pytest.raises(SynthesisError, match=r"2 parts .*\(1\) a, b; \(2\) c, d") as error:
        network(
            study=["1", "2"], treatment1=["a", "c"], treatment2=["b", "d"], effect=[1, 2], se=[1, 1]
        )
    assert "components" in str(error.value)
    assert "class" in str(error.value)


def test_a_trial_that_lacks_contrasts_is_named(fit_contrasts):
    short = {name: [value for i, value in enumerate(v) if i != 1] for name, v in THREE.items()}
    with pytest.raises(SynthesisError, match="study '1' has 3 arms, but a – c is missing"):
        fit_contrasts(short)
    longer = {name: [*values, values[0]] for name, values in THREE.items()}
    with pytest.raises(SynthesisError, match="gives a – b more than once"):
        fit_contrasts(longer)


def test_contrasts_that_contradict_each_other(fit_contrasts):
    with pytest.raises(SynthesisError, match="study '1' contradict each other"):
        fit_contrasts(changed(TE=[1.0, 3.0, -2.0, 1.5, 1.0]))
    rounded = fit_contrasts(changed(TE=[1.0, 3.01, 2.0, 1.5, 1.0]))
    assert "rounding" in rounded.warnings[0]
    with pytest.raises(SynthesisError, match="negative variance of the arm"):
        fit_contrasts(changed(seTE=[0.5, 1.6, 0.5, 0.4, 0.6]))


def test_rows_left_out(fit_contrasts):
    data = {name: [*values, *more] for (name, values), more in zip(
        THREE.items(), (["4", "5", None], ["a", None, "a"], ["b", "b", "b"], [None, 1.0, 1.0],
        [1.0, 1.0, 1.0]), strict=True)}  # fmt: skip
    fit = fit_contrasts(data)
    assert [(row.row, row.reason) for row in fit.excluded] == [
        (6, "effect is missing"),
        (7, "treatment1 is missing"),
        (8, "study is missing"),
    ]
    assert fit.warnings[0].startswith("3 rows")
    assert fit.estimates == pytest.approx(fit_contrasts(THREE).estimates)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"reference": "d"}, "reference treatment 'd'"),
        ({"method": "PM"}, "method 'PM'"),
        ({"model": "fixed"}, "model 'fixed'"),
        ({"small_values": "good"}, "small_values 'good'"),
        ({"level": 95}, "level"),
    ],
)
def test_options_that_are_not_known(options, message, fit_contrasts):
    with pytest.raises(InputError, match=message):
        fit_contrasts(THREE, **options)


def test_what_is_missing_is_said(fit_contrasts):
    with pytest.raises(InputError, match="give contrasts"):
        network(THREE, study="study")
    with pytest.raises(InputError, match="no column 'tret1'"):
        network(
            THREE, study="study", treatment1="tret1", treatment2="treat2", effect="TE", se="seTE"
        )
    with pytest.raises(InputError, match="with itself"):
        fit_contrasts(changed(treat2=["b", "c", "c", "a", "c"]))
    with pytest.raises(UnknownWordError, match="treatment 'z'"):
        fit_contrasts(THREE).relative("a", "z")


def test_codes_are_names_however_a_frame_holds_them():
    codes = THREE | {
        "treat1": [1.0, 1.0, 2.0, 1.0, 2.0],
        "treat2": [2, 3, 3, 2, 3],
        "study": [1, 1, 1, 2, 3],
    }
    fit = network(codes, **COLUMNS, reference=2)
    assert fit.treatments == ("1", "2", "3")
    assert fit.reference == "2"
    assert fit.estimates == pytest.approx(network(THREE, **COLUMNS).estimates)
    assert fit.relative(3, 1).estimate == -fit.relative("1", "3").estimate


def test_rows_left_out_stand_in_their_order():
    data = changed(treat1=["a", "a", "b", None, "b"], TE=[1.0, 3.0, 2.0, 1.5, None])
    fit = network(data, **COLUMNS)
    assert [row.row for row in fit.excluded] == [4, 5]


def test_a_contradiction_is_told_in_its_size():
    # a – b is 1 and b – c is 2, so that a – c = 7 is off by 4
    with pytest.raises(SynthesisError, match="differs by 4 from what its other contrasts imply"):
        network(changed(TE=[1.0, 7.0, 2.0, 1.5, 1.0]), **COLUMNS)


def test_variances_that_differ_beyond_rounding():
    data = {
        "study": ["1", "2", "3", "4"],
        "treat1": ["a", "a", "b", "a"],
        "treat2": ["b", "b", "c", "c"],
        "TE": [-1.0, 1.0, 1.0, 1.0],
        "seTE": [1e-6, 1e6, 0.5, 0.5],
    }
    fit = network(data, **COLUMNS)
    assert fit.coherence().tau2_within == 0
    assert fit.relative("a", "b").estimate == pytest.approx(-1)
    with pytest.raises(SynthesisError, match="one trial outweighs all others"):
        network(data | {"seTE": [1e-9, 1.0, 1e-1, 1e-1], "TE": [0.0, 9.0, 0.0, 0.0]}, **COLUMNS)
