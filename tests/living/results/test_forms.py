"""The three forms of posted results, each read into the one shape."""

import pytest

from reprieve.errors import InputError
from reprieve.living.results.nested import posted_from_v2
from reprieve.living.results.old_xml import posted_from_xml
from reprieve.living.results.posted import Affected, Measurement
from reprieve.living.results.reading import posted_results


def nested(posted):
    """Posted results as API v2 would send them."""

    def groups(listed):
        return [{"id": g.id, "title": g.title, "description": g.description} for g in listed]

    def counts(people, key, value):
        return [{"groupId": owner, value: number} for owner, number in people.items()]

    def denoms(people, units="Participants"):
        return [{"units": units, "counts": counts(people, "counts", "value")}] if people else []

    def classes(measure):
        found = []
        for line in measure.lines:
            if not found or not line.category_title or found[-1]["title"] != line.class_title:
                found.append(
                    {"title": line.class_title, "denoms": denoms(line.people), "categories": []}
                )
            cells = [
                {
                    "groupId": cell.group,
                    "value": cell.value,
                    "spread": cell.spread,
                    "lowerLimit": cell.lower,
                    "upperLimit": cell.upper,
                }
                for cell in line.measurements
            ]
            found[-1]["categories"].append({"title": line.category_title, "measurements": cells})
        return found

    def measure(one):
        return {
            "title": one.title,
            "description": one.description,
            "timeFrame": one.time_frame,
            "unitOfMeasure": one.unit,
            "paramType": one.parameter.upper().replace(" ", "_"),
            "dispersionType": one.dispersion,
            "groups": groups(one.groups),
            "denoms": denoms(one.people, one.counted),
            "classes": classes(one),
        }

    events = posted.events
    totals = {"deaths": events.deaths, "serious": events.serious, "other": events.other}
    return {
        "resultsSection": {
            "participantFlowModule": {
                "groups": groups(posted.flow_groups),
                "periods": [
                    {
                        "title": period.title,
                        "milestones": [
                            {"type": m.title, "achievements": counts(m.people, "", "numSubjects")}
                            for m in period.milestones
                        ],
                        "dropWithdraws": [
                            {"type": r.title, "reasons": counts(r.people, "", "numSubjects")}
                            for r in period.reasons
                        ],
                    }
                    for period in posted.periods
                ],
            },
            "baselineCharacteristicsModule": {
                "groups": groups(posted.baseline[0].groups) if posted.baseline else [],
                "measures": [measure(one) for one in posted.baseline],
            },
            "outcomeMeasuresModule": {"outcomeMeasures": [measure(o) for o in posted.outcomes]},
            "adverseEventsModule": {
                "frequencyThreshold": events.threshold,
                "timeFrame": events.time_frame,
                "description": events.description,
                "eventGroups": [
                    group
                    | {
                        f"{kind}{name}": value
                        for kind, of_kind in totals.items()
                        if group["id"] in of_kind
                        for name, value in (
                            ("NumAffected", of_kind[group["id"]].affected),
                            ("NumAtRisk", of_kind[group["id"]].at_risk),
                        )
                    }
                    for group in groups(events.groups)
                ],
                **{
                    key: [
                        {
                            "term": term.term,
                            "stats": [
                                {"groupId": g, "numAffected": c.affected, "numAtRisk": c.at_risk}
                                for g, c in term.counts.items()
                            ],
                        }
                        for term in events.terms
                        if term.serious is serious
                    ]
                    for key, serious in (("seriousEvents", True), ("otherEvents", False))
                },
            },
        }
    }


@pytest.mark.parametrize(
    "number", ["NCT02674399", "NCT01586312", "NCT02298023", "NCT01733186", "NCT02412735"]
)
def test_flat_records_as_nested_ones(records, number):
    """The trials of the flat samples, written as API v2 would send them, are read the same."""
    posted = posted_results(records[number])
    again = posted_from_v2(nested(posted))
    assert again.outcomes == posted.outcomes
    assert again.baseline == posted.baseline
    assert again.events == posted.events
    assert (again.flow_groups, again.periods) == (posted.flow_groups, posted.periods)


def test_nested_json(records):
    """What stands in a record of API v2."""
    posted = posted_results(records["NCT02552212"])
    pain = posted.outcomes[26]
    assert pain.title.startswith("Change From Baseline in Nocturnal Spinal Pain")
    assert pain.lines[0].measurements == (
        Measurement("OG000", "-2.1", "0.5"),
        Measurement("OG001", "-4.0", "0.4"),
    )
    assert pain.people == {"OG000": "158", "OG001": "159"}
    assert pain.analyses[0].groups == ("OG000", "OG001")
    assert (pain.analyses[0].value, pain.analyses[0].percent) == ("-1.90", "95")
    assert len(posted.events.terms) == 45
    assert posted.events.serious["EG001"] == Affected("8", "159")
    assert posted.lost_cells == 0


def test_markdown_escapes_are_taken_out():
    """The register escapes brackets in texts; no title keeps a backslash."""
    outcome = {"title": "VAS \\[0-100\\]", "classes": []}
    posted = posted_from_v2(
        {"resultsSection": {"outcomeMeasuresModule": {"outcomeMeasures": [outcome]}}}
    )
    assert posted.outcomes[0].title == "VAS [0-100]"


def test_old_xml(records):
    """What stands in a record of the old XML."""
    posted = posted_results(records["NCT02708238"])
    crying = posted.outcomes[0]
    assert (crying.parameter, crying.dispersion, crying.unit) == ("median", "Full Range", "minutes")
    assert crying.lines[0].measurements[0] == Measurement("O1", "50", "", "30", "180")
    assert crying.people == {"O1": "60", "O2": "59", "O3": "57"}
    assert [group.title for group in posted.flow_groups] == ["Group A", "Group B", "Group C"]
    assert posted.periods[0].milestones[2].people == {"P1": "0", "P2": "1", "P3": "3"}
    assert posted.events.serious["E2"] == Affected("0", "59")
    assert posted.events.threshold == "0"


def test_old_xml_events_and_reasons(records):
    """Terms, totals and reasons for leaving of the old XML."""
    posted = posted_results(records["NCT01174550"])
    assert posted.events.serious == {
        "E1": Affected("161", "5007"),
        "E2": Affected("168", "4996"),
    }
    assert {term.term for term in posted.events.terms if term.serious} >= {"Stroke"}
    assert len(posted.periods[0].reasons) == 3


def test_old_xml_without_results():
    """A registration is empty, not wrong."""
    assert posted_from_xml({"id_info": {"nct_id": "NCT01234567"}}).cells == 0


def test_wrong_types_are_told():
    """A field of another type than the API's is an error that names it."""
    with pytest.raises(InputError, match="outcomeMeasures"):
        posted_from_v2({"resultsSection": {"outcomeMeasuresModule": {"outcomeMeasures": "all"}}})
