"""Numbers that once went to the wrong place: other arm, month, scale, sign, people or event."""

from __future__ import annotations

import pytest
from posted_studies import COMPARISON, GROUPS, outcome, read, reasons, study

from reprieve.living.formats.ctgov_v2 import record_from_v2
from reprieve.living.results import read_posted_results
from reprieve.living.results.treatments import what_was_given

FINAL = {"": (("40", "15"), ("50", "14"))}
GAIN = {"": (("15", "12"), ("9", "12"))}


def final(title, description="0 to 100", **given):
    """An outcome of scores at six months."""
    return outcome(title, description, **{"timeFrame": "6 months", "lines": FINAL, **given})


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (outcome(unitOfMeasure="percent"), "speaks of 'percent'"),
        (outcome(unitOfMeasure="% of baseline"), "speaks of '%'"),
        (final("VAS pain", unitOfMeasure="participants"), "speaks of 'participants'"),
        (final("VAS pain", unitOfMeasure="days"), "speaks of 'days'"),
        (final("Difference in KOOS pain", lines=GAIN), "scores or changes"),
        (final("Variation of KOOS pain", lines=GAIN), "scores or changes"),
        (final("Delta KOOS pain", lines=GAIN), "scores or changes"),
        (final("Evolution of KOOS pain", lines=GAIN), "scores or changes"),
        (
            outcome(description="0 to 100. Baseline score minus 6 month score", lines=GAIN),
            "its sign is turned round",
        ),
        (final("Oxford Knee Score", "The score ranges from 12 to 60"), "says 12 to 60"),
        (final("SF-36 bodily pain", "norm-based T-score"), "norm-based"),
        (final("SF-36 physical functioning raw score", ""), "a raw or norm-based score"),
        (
            final("WOMAC pain", "0 to 100, higher scores mean less pain"),
            "higher is better, against the use",
        ),
        (final("VAS pain", lines={"Weeks 8-12": FINAL[""]}), "names no time, or several"),
        (final("VAS pain", lines={"3-6 months": FINAL[""]}), "names no time, or several"),
        (final("VAS pain at 3 months"), "names no time, or several"),
        (
            outcome("Change in KOOS pain", "0 to 100", lines={"": (("-15", "9"), ("-9", "9"))}),
            "everybody seems to get worse",
        ),
    ],
)
def test_uncertain_scores_are_left_out(given, reason):
    """Both arms are, with the reason."""
    result = read(given)
    assert result.evidence.outcomes.is_empty()
    assert reasons(result).count(reason) == 2


def test_difference_beside_a_value_at_baseline():
    """A line of differences is none of levels."""
    lines = {"Baseline": (("45", "15"), ("46", "14")), "Difference at 6 months": GAIN[""]}
    rows = read(outcome("KOOS pain", "0 to 100", lines=lines)).evidence.outcomes
    assert rows["month"].to_list() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("title", "month"),
    [
        ("VAS pain during 10 m walk", 6.0),
        ("7-day average VAS pain", 6.0),
        ("VAS pain (10 M cells)", 6.0),
    ],
)
def test_numbers_that_are_no_times(title, month):
    """Metres, spans that are looked back on and millions of cells are no months."""
    assert read(final(title)).evidence.outcomes["month"].unique().to_list() == [month]


@pytest.mark.parametrize(
    ("given", "scale"),
    [
        (final("WOMAC pain", "Each item is scored 0 to 10", lines=GAIN), None),
        (final("WOMAC pain", "0 to 10", lines={"": (("4", "2"), ("5", "2"))}), 10),
        (final("WOMAC pain", "normalised to 0 to 100"), 100),
        (final("WOMAC pain", "Likert version, 0 to 20", lines={"": (("9", "4"), ("8", "4"))}), 20),
        (
            final(
                "WOMAC",
                "pain is 0-20",
                lines={"Pain": (("9", "4"), ("8", "4")), "Stiffness": (("3", "2"), ("4", "2"))},
            ),
            None,
        ),
        (final("VAS pain", unitOfMeasure="cm", lines={"": (("4", "2.4"), ("5", "2"))}), None),
        (final("VAS pain", lines={"": (("4", "2.4"), ("5", "2"))}), None),
        (final("VAS pain", unitOfMeasure="mm"), 100),
    ],
)
def test_ranges_that_are_of_something_else(given, scale):
    """The range of an item, of another part or of another unit is not that of the score."""
    rows = read(given).evidence.outcomes
    assert set(rows["scale_max"]) == {scale}


@pytest.mark.parametrize(
    ("description", "instrument"),
    [
        ("0 = no pain, 10 = worst pain", "VAS"),
        ("from 0 (no pain) to 10 (worst pain ever)", "VAS"),
        ("0 to 10; worst pain in the last 24 hours", "VAS worst pain"),
    ],
)
def test_worst_end_of_a_scale_is_no_kind_of_pain(description, instrument):
    """The worst pain of a day is a question of its own; the worst there is ends any scale."""
    given = final("VAS pain", description, lines={"": (("4", "1.5"), ("5", "1.4"))})
    assert set(read(given).evidence.outcomes["instrument"]) == {instrument}


@pytest.mark.parametrize("title", ["Women in the cell group", "Cells - completers", "Left knee"])
def test_part_of_an_arm_with_its_description(title):
    """The description alone does not make a group the arm."""
    words = "autologous bone marrow mesenchymal stem cells"
    groups = [{"id": "OG000", "title": title, "description": words}, GROUPS[1]]
    given = study(outcome(groups=groups))
    given["resultsSection"]["participantFlowModule"]["groups"][0]["description"] = words
    result = read_posted_results(record_from_v2(given))
    assert result.evidence.outcomes["arm_id"].to_list() == ["saline"]


def test_arm_under_another_name_with_its_description():
    """A name that says nothing of a part goes by the description."""
    words = "autologous bone marrow mesenchymal stem cells"
    groups = [{"id": "OG000", "title": "JointHeal", "description": words}, GROUPS[1]]
    given = study(outcome(groups=groups))
    given["resultsSection"]["participantFlowModule"]["groups"][0]["description"] = words
    result = read_posted_results(record_from_v2(given))
    assert result.evidence.outcomes["arm_id"].to_list() == ["bm_msc", "saline"]


def test_groups_in_another_order():
    """Titles tell the arms, not numbers or places."""
    turned = [{"id": "OG001", "title": "Cells"}, {"id": "OG000", "title": "Saline"}]
    rows = read(outcome(groups=turned)).evidence.outcomes
    assert rows.select("arm_id", "mean").rows() == [("saline", -20.1), ("bm_msc", -9.5)]


@pytest.mark.parametrize("where", ["class", "measure", "unit"])
def test_knees_wherever_they_are_counted(where):
    """Counts of knees are no counts of people, at the class as well as at the measure."""
    given = outcome()
    knees = {"units": "Knees", "counts": [{"groupId": "OG000", "value": "19"}]}
    if where == "class":
        given["classes"][0]["denoms"] = [knees]
    elif where == "measure":
        given["denoms"].append(knees)
    else:
        given["typeUnitsAnalyzed"] = "Knees"
    assert read(given).evidence.outcomes["n"].to_list() == [None, None]


def test_deviation_under_the_name_of_an_error():
    """No standard error is that large on the scale; the mean stands without it."""
    result = read(outcome(dispersionType="Standard Error"))
    rows = result.evidence.outcomes
    assert rows["mean"].to_list() == [-20.1, -9.5]
    assert rows["se"].to_list() == [None, None]
    assert "too large for the scale" in reasons(result)


@pytest.mark.parametrize(
    ("lines", "estimate"),
    [
        ({"": (("-9.8", "5"), ("-9.3", "5"))}, "1"),
        ({"": (("-9.80", "5"), ("-9.72", "5"))}, "0.04"),
        ({"": (("-9.80", "5"), ("-9.72", "5"))}, "-0.08"),
    ],
)
def test_comparison_too_small_for_its_sign(lines, estimate):
    """A model can turn the sign of a small difference: nobody knows which arm was subtracted."""
    wide = {"ciLowerLimit": "-3", "ciUpperLimit": "5", "paramValue": estimate}
    result = read(outcome(lines=lines, analyses=[COMPARISON | wide]))
    assert result.evidence.contrasts.height == (estimate == "-0.08")
    assert ("which arm is subtracted" in reasons(result)) == (estimate != "-0.08")


def test_event_counted_twice():
    """Two terms for one event, or two groups of one arm, give no number of people."""
    stats = [{"groupId": "E0", "numAffected": 1, "numAtRisk": 20}]
    terms = [{"term": "Arthralgia", "stats": stats}, {"term": "Joint pain", "stats": stats}]
    result = read(outcome(), events={"otherEvents": terms})
    assert result.evidence.events.filter(event="arthralgia").is_empty()
    assert reasons(result).count("counts this twice") == 2
    group = {"seriousNumAffected": 0, "seriousNumAtRisk": 20}
    groups = [{"id": f"E{at}", "title": f"Cells {name}", **group} for at, name in enumerate(
        ("(safety)", "(full analysis)")
    )]  # fmt: skip
    result = read(outcome(), events={"eventGroups": groups})
    assert result.evidence.events.filter(event="serious_adverse_event").is_empty()


@pytest.mark.parametrize(
    ("title", "event"),
    [
        ("Number of Participants With Adverse Events", "any_adverse_event"),
        ("Number of Participants With Treatment-Emergent Adverse Events (TEAEs) Up to 6 Months",
         "any_adverse_event"),
        ("Number of Participants With Serious Adverse Events Over 6 Months",
         "serious_adverse_event"),
        ("Number of Participants With Adverse Events (AEs) Leading to Discontinuation", ""),
        ("Number of Participants With Serious Adverse Events Related to Treatment", ""),
        ("Number of Participants With Adverse Events, Grade 3 or Higher", ""),
        ("Number of Participants With Serious Adverse Events (SAEs) in the Injected Knee", ""),
        ("Number of Participants With Adverse Events and Abnormal Laboratory Values", ""),
    ],
)  # fmt: skip
def test_kinds_of_adverse_events_are_not_all_of_them(title, event):
    """Only a title that names nothing beside the event and a time counts all of it."""
    given = outcome(title, paramType="COUNT_OF_PARTICIPANTS", unitOfMeasure="Participants")
    given["timeFrame"] = "6 months"
    given["classes"][0]["categories"][0]["measurements"] = [{"groupId": "OG001", "value": "7"}]
    events = read(given).evidence.events
    assert [row["event"] for row in events.iter_rows(named=True) if row["events"] == 7] == (
        [event] if event else []
    )


def test_knee_and_hip_together():
    """They are mixed joints; a knee with another arthritis is none of these."""
    mixed = read(outcome(), conditions=["Osteoarthritis, Hip", "Osteoarthritis, Knee"])
    assert mixed.evidence.studies["condition"].to_list() == ["other_osteoarthritis"]
    other = read(outcome(), conditions=["Knee Rheumatoid Arthritis"])
    assert "knee_osteoarthritis" not in other.evidence.studies["condition"].to_list()


@pytest.mark.parametrize(
    ("texts", "treatment"),
    [
        (["PRP + HA"], "other"),
        (["Hyaluronic acid and corticosteroid"], "other"),
        (["Hyaluronic acid (Durolane)"], "hyaluronic_acid"),
        (["Ropivacaine in saline"], "other"),
        (["Drug X", "dissolved in sodium chloride 0.9%"], "other"),
        (["Active control (normal saline) group"], "saline"),
        (["Drug: Saline injection"], "saline"),
        (["Microfracture without stem cells"], "microfracture"),
        (["Control", "hyaluronic acid instead of mesenchymal stem cells"], "hyaluronic_acid"),
        (["Placebo (no MSC)"], "placebo"),
        (["MSC + HA"], "msc"),
    ],
)
def test_what_an_arm_was_not_given(texts, treatment):
    """Two treatments are neither, a solvent is none, and what was not given does not count."""
    assert what_was_given("active comparator", texts).treatment == treatment
