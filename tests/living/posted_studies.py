"""Studies of API v2 with posted results, as simple as they come; tests make them harder."""

from reprieve.living.formats.ctgov_v2 import record_from_v2
from reprieve.living.results import read_posted_results

GROUPS = [{"id": "OG000", "title": "Cells"}, {"id": "OG001", "title": "Saline"}]


def outcome(title="Change in VAS pain", description="0 to 100, higher is worse", **given):
    """An outcome as API v2 writes it; `lines` maps titles of classes to values of both groups."""
    lines = given.pop("lines", {"": (("-20.1", "15"), ("-9.5", "14"))})
    return {
        "title": title,
        "description": description,
        "timeFrame": "Baseline and 6 months",
        "paramType": "MEAN",
        "dispersionType": "Standard Deviation",
        "unitOfMeasure": "units on a scale",
        "reportingStatus": "POSTED",
        "groups": GROUPS,
        "denoms": [
            {
                "units": "Participants",
                "counts": [
                    {"groupId": "OG000", "value": "20"},
                    {"groupId": "OG001", "value": "19"},
                ],
            }
        ],
        "classes": [
            {
                "title": line,
                "categories": [
                    {
                        "measurements": [
                            {"groupId": group["id"], "value": value, "spread": spread}
                            for group, (value, spread) in zip(GROUPS, values, strict=True)
                        ]
                    }
                ],
            }
            for line, values in lines.items()
        ],
        **given,
    }


def study(*outcomes, **changes):
    """A study of API v2 with two arms of 20 people."""
    flow = [
        {"type": kind, "achievements": [{"groupId": g, "numSubjects": n} for g in ("F0", "F1")]}
        for kind, n in (("STARTED", "20"), ("COMPLETED", "18"), ("NOT COMPLETED", "2"))
    ]
    events = {
        "frequencyThreshold": "0",
        "timeFrame": "6 months",
        "eventGroups": [
            {
                "id": "E0",
                "title": "Cells",
                **{f"{k}NumAffected": n for k, n in (("serious", 0), ("other", 5), ("deaths", 0))},
                **{f"{k}NumAtRisk": 20 for k in ("serious", "other", "deaths")},
            }
        ],
        **changes.pop("events", {}),
    }
    design = {"allocation": "RANDOMIZED", "interventionModel": "PARALLEL"}
    return {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT01234567", "briefTitle": "Cells for the knee"},
            "conditionsModule": {"conditions": changes.pop("conditions", ["Knee Osteoarthritis"])},
            "designModule": {"designInfo": design | changes.pop("design", {})},
            "armsInterventionsModule": {
                "armGroups": [
                    {
                        "label": "Cells",
                        "type": "EXPERIMENTAL",
                        "description": "autologous bone marrow mesenchymal stem cells",
                    },
                    {"label": "Saline", "type": "PLACEBO_COMPARATOR"},
                ]
            },
        },
        "resultsSection": {
            "participantFlowModule": {
                "groups": [{"id": "F0", "title": "Cells"}, {"id": "F1", "title": "Saline"}],
                "periods": changes.pop("periods", [{"title": "Overall", "milestones": flow}]),
            },
            "outcomeMeasuresModule": {"outcomeMeasures": list(outcomes)},
            "adverseEventsModule": events,
        },
    }


def read(*outcomes, **changes):
    """What is read of such a study."""
    return read_posted_results(record_from_v2(study(*outcomes, **changes)))


def reasons(result):
    """Why things were left out, joined."""
    return " | ".join(left.reason for left in result.left_out)


COMPARISON = {
    "groupIds": ["OG000", "OG001"],
    "paramType": "Mean Difference (Final Values)",
    "paramValue": "-10.6",
    "ciPctValue": "95",
    "ciNumSides": "TWO_SIDED",
    "ciLowerLimit": "-20.1",
    "ciUpperLimit": "-1.1",
    "pValue": "=0.03",
}
