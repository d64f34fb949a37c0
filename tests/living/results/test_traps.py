"""Traps of posted results: what looks like a number for a row and must not become one."""

import pytest
from posted_studies import COMPARISON, GROUPS, outcome, read, reasons


def test_the_plain_case_is_read():
    """Two arms, one instrument, one time."""
    rows = read(outcome()).evidence.outcomes
    assert rows.select("arm_id", "instrument", "month", "statistic", "n", "mean", "sd").rows() == [
        ("bm_msc", "VAS", 6.0, "change", 20, -20.1, 15.0),
        ("saline", "VAS", 6.0, "change", 19, -9.5, 14.0),
    ]
    assert rows.select("scale_min", "scale_max", "higher_is").unique().rows() == [
        (0.0, 100.0, "worse")
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"unitOfMeasure": "percent change"}, "in percent of the first value"),
        ({"title": "Reduction in VAS pain"}, "the sign is not said"),
        ({"title": "VAS fatigue, change"}, "not simply of pain"),
        ({"title": "Change in VAS", "description": "0 to 100"}, "a rating of something unsaid"),
        ({"title": "Change in WOMAC and VAS pain"}, "names several instruments"),
        ({"title": "Change in KOOS"}, "names no part of the KOOS"),
        ({"title": "Change in WOMAC"}, "not said of which part"),
        ({"title": "Change in walking speed"}, "no instrument that is known"),
        ({"title": "VAS pain"}, "not said whether the values are scores or changes"),
        ({"timeFrame": "Baseline, 3 and 6 months"}, "names no time, or several"),
        ({"timeFrame": "Up to 6 months"}, "names no time, or several"),
        ({"description": "0 = worst pain, 100 = no pain"}, "higher is better, against the use"),
        ({"title": "Change in KOOS pain", "description": "0-10"}, "says 0 to 10"),
        ({"paramType": "GEOMETRIC_MEAN"}, "a geometric mean is not used"),
        ({"paramType": "MEDIAN"}, "a median can not have a standard deviation"),
        ({"lines": {"Left knee": (("-9", "3"), ("-8", "3"))}}, "more than is understood: 'left'"),
        (
            {"lines": {"Month 3 to month 6": (("-9", "3"), ("-8", "3"))}},
            "names no time, or several",
        ),
        ({"lines": {"": (("NA", ""), ("1,234", "3"))}}, "is no number"),
        ({"title": "Change in WOMAC A1 pain on walking"}, "a part of the WOMAC"),
        ({"title": "Change in KOOS-12 pain"}, "an instrument that the vocabulary has no word for"),
        ({"title": "Change in VAS pain of the contralateral knee"}, "of another joint"),
        ({"title": "Change in VAS pain, subgroup of women"}, "of a part of the people"),
        ({"title": "Area under the curve of change in VAS pain"}, "made of several scores"),
        ({"lines": {"": (("32.5", "15"), ("21.5", "14"))}}, "everybody seems to get worse"),
        ({"lines": {"": (("-120", "15"), ("-9", "14"))}}, "more than the scale allows"),
    ],
)
def test_what_is_not_certain_is_left_out(changes, reason):
    """Nothing uncertain becomes a row, and the reason is told."""
    result = read(outcome(**changes))
    assert reason in reasons(result)
    told = [left for left in result.left_out if reason in left.reason]
    rows = result.evidence.outcomes
    assert len(rows) + len(told) == 2


def test_decimal_commas_and_minus_signs():
    """A comma before one or two digits is a decimal point, and typographic signs are signs."""
    rows = read(outcome(lines={"": (("\u221220,5", "15,25"), ("-9.5", "14"))})).evidence.outcomes
    assert rows.select("mean", "sd").rows() == [(-20.5, 15.25), (-9.5, 14.0)]


def test_levels_that_are_called_a_change():
    """Where there is a value at baseline, the others are values too, whatever the title says."""
    lines = {"Baseline": (("60", "15"), ("61", "14")), "6 Months": (("40", "15"), ("52", "14"))}
    rows = read(outcome(lines=lines)).evidence.outcomes
    assert rows.select("month", "statistic").unique().sort("month").rows() == [
        (0.0, "final"),
        (6.0, "final"),
    ]
    assert "although the title says change" in rows["locator"][0]


def test_changes_beside_a_value_at_baseline():
    """A gain of 15 points beside a start of 50 is a change: as a level it would be a ruin."""
    lines = {"Baseline": (("50", "15"), ("51", "14")), "6 Months": (("15", "15"), ("9", "14"))}
    given = outcome("Change in KOOS pain", "0 to 100", lines=lines)
    rows = read(given).evidence.outcomes
    assert rows.select("month", "statistic").unique().sort("month").rows() == [
        (0.0, "final"),
        (6.0, "change"),
    ]


def test_levels_or_changes_that_could_be_either():
    """Values that make sense as levels and as changes are left out."""
    lines = {"Baseline": (("30", "15"), ("31", "14")), "6 Months": (("28", "15"), ("29", "14"))}
    result = read(outcome("Change in KOOS pain", "0 to 100", lines=lines))
    assert result.evidence.outcomes["month"].to_list() == [0.0, 0.0]
    assert "there is a value at baseline" in reasons(result)


def test_interval_of_90_percent_is_not_one_of_95():
    """The mean stands without it, and both places say why."""
    given = outcome(dispersionType="90% Confidence Interval")
    for cell in given["classes"][0]["categories"][0]["measurements"]:
        cell |= {"lowerLimit": "-30.1", "upperLimit": "-10.1", "spread": ""}
    result = read(given)
    assert result.evidence.outcomes["ci_low"].to_list() == [None, None]
    assert "is not a 95 % interval" in reasons(result)
    assert "is not a 95 % interval" in result.evidence.outcomes["locator"][0]


def test_knees_are_not_people():
    """What is counted in knees has no number of people."""
    given = outcome()
    given["denoms"] = [{"units": "Knees", "counts": [{"groupId": "OG000", "value": "22"}]}]
    rows = read(given).evidence.outcomes
    assert rows["n"].to_list() == [None, None]
    assert "counted in knees" in rows["locator"][0]


def test_more_people_than_were_randomised():
    """The gates guard this way in too."""
    given = outcome()
    given["denoms"][0]["counts"][0]["value"] = "21"
    result = read(given)
    assert result.evidence.outcomes["arm_id"].to_list() == ["saline"]
    assert "does not pass the checks of evidence" in reasons(result)


def test_group_that_is_no_arm():
    """A subgroup under a name of its own is none of the arms."""
    given = outcome(groups=[{"id": "OG000", "title": "Cells, responders only"}, GROUPS[1]])
    result = read(given)
    assert result.evidence.outcomes["arm_id"].to_list() == ["saline"]
    assert "none of the arms for certain" in reasons(result)


def test_least_squares_means_say_so():
    """They are used, and the locator says what they are."""
    lines = {"": (("-20.1", "3.4"), ("-9.5", "3.2"))}
    given = outcome(paramType="LEAST_SQUARES_MEAN", dispersionType="Standard Error", lines=lines)
    rows = read(given)
    assert rows.evidence.outcomes["locator"][0] == (
        "registry results, outcome 1 (least-squares mean)"
    )
    assert rows.evidence.outcomes["se"].to_list() == [3.4, 3.2]


def test_two_values_for_one_row():
    """Two analysis sets give two values: neither is the value."""
    other = outcome(lines={"": (("-21.3", "15"), ("-9.9", "14"))})
    result = read(outcome(), other)
    assert result.evidence.outcomes.is_empty()
    assert "two values for the same" in reasons(result)


def test_totals_of_events_do_not_add_up():
    """Any event is told by the totals only where nothing was serious and nothing below a bound."""
    sure = read(outcome()).evidence.events
    assert sure.filter(event="any_adverse_event")["events"].to_list() == [5]
    for changes in ({"frequencyThreshold": "5"}, {"description": "only unexpected events"}):
        unsure = read(outcome(), events=changes).evidence.events
        assert unsure.filter(event="any_adverse_event").is_empty()
        assert unsure.filter(event="other_adverse_event")["events"].to_list() == [5]


def test_absent_term_is_not_zero():
    """A term that is not listed has no row."""
    events = read(outcome()).evidence.events
    assert "arthralgia" not in set(events["event"])


def test_term_in_one_group():
    """A term has the people of the group that it was counted in."""
    term = {
        "term": "Arthralgia",
        "stats": [{"groupId": "E0", "numAffected": 3, "numAtRisk": 20}],
    }
    events = read(outcome(), events={"otherEvents": [term]}).evidence.events
    assert events.filter(event="arthralgia").select("arm_id", "events", "n", "month").rows() == [
        ("bm_msc", 3, 20, 6.0)
    ]


def test_people_who_left():
    """Those who did not complete, of those who started."""
    events = read(outcome()).evidence.events.filter(event="withdrawal_any")
    assert events.select("arm_id", "events", "n").rows() == [("bm_msc", 2, 20), ("saline", 2, 20)]


def test_crossover_and_other_conditions_are_left_out_whole():
    """Nothing of them is placed, and the account says why of every part."""
    crossed = read(outcome(), design={"interventionModel": "CROSSOVER"})
    other = read(outcome(), conditions=["Cystic Fibrosis"])
    for result, reason in ((crossed, "a crossover trial"), (other, "the condition is none")):
        assert result.cells_placed == 0
        assert result.evidence.studies.is_empty()
        assert reason in reasons(result)


def test_comparison():
    """A difference of two arms, with its interval and its p value."""
    row = read(outcome(analyses=[COMPARISON])).evidence.contrasts.row(0, named=True)
    assert (row["arm_a"], row["arm_b"], row["estimate"]) == ("bm_msc", "saline", -10.6)
    assert (row["ci_low"], row["ci_high"], row["p"]) == (-20.1, -1.1, 0.03)


def test_comparison_the_other_way_round():
    """The means tell which arm is subtracted."""
    turned = COMPARISON | {"paramValue": "10.6", "ciLowerLimit": "1.1", "ciUpperLimit": "20.1"}
    row = read(outcome(analyses=[turned])).evidence.contrasts.row(0, named=True)
    assert (row["arm_a"], row["arm_b"], row["estimate"]) == ("saline", "bm_msc", 10.6)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"paramValue": "-3.1"}, "which arm is subtracted"),
        ({"paramValue": ""}, "a test without an estimate"),
        ({"paramType": "Odds Ratio (OR)"}, "not a difference of means"),
        ({"groupIds": ["OG000"]}, "not between two groups"),
    ],
)
def test_comparison_that_is_not_certain(changes, reason):
    """A comparison whose sign or kind is not sure is left out."""
    result = read(outcome(analyses=[COMPARISON | changes]))
    assert result.evidence.contrasts.is_empty()
    assert reason in reasons(result)


def test_comparison_with_an_interval_of_90_percent():
    """The estimate stands; the interval is not taken for one of 95 %."""
    result = read(outcome(analyses=[COMPARISON | {"ciPctValue": "90"}]))
    row = result.evidence.contrasts.row(0, named=True)
    assert (row["ci_low"], row["ci_high"]) == (None, None)
    assert "90 %" in row["locator"]
