"""Records of ClinicalTrials.gov, made in any number from real ones, to measure bulk work on.

The texts are those of 150 real registrations in the old flat form, put into the nested form of
API v2 with the modules that fill a real record (locations, ancestors of its MeSH terms), and of
five real records in that form with posted results. Most of the 150 are trials of cells; as few
trials of the whole register are, most copies have other words in place of those for cells.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reprieve.living.formats.ctgov_v2 import record_from_v2
from reprieve.living.recognising import recognise
from reprieve.living.record import Record

SAMPLES = Path(__file__).parent.parent / "tests" / "living" / "samples"
WITH_RESULTS = 0.11
"""The share of records with posted results, as in the register."""

OF_CELLS = 0.03
"""The share of records that keep the words for cells."""

_CELL_WORDS = re.compile(
    r"(?i)\b(?:mesenchymal|stem|stromal|progenitor|precursor|adipose|marrow|umbilical|cord|wharton\w*"
    r"|cells?|\w*mscs?|svf|bmac|autologous|allogen\w+|transplant\w*|implant\w*|chondrocytes?)\b"
)
_NUMBER, _DAY = "NCT99999999", "2001-01-01"

Fields = dict[str, Any]


def studies(count: int, seed: int = 7) -> Iterator[tuple[str, bytes]]:
    """So many records: their register number, and the JSON text of one study of API v2."""
    plain, posted, others = _texts()
    rng = random.Random(seed)
    for index in range(count):
        number = f"NCT{index:08}"
        day = f"{rng.randrange(2000, 2027)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
        drawn = rng.random()
        kind = (
            posted if drawn < WITH_RESULTS else plain if drawn < WITH_RESULTS + OF_CELLS else others
        )
        text = rng.choice(kind)
        yield (
            number,
            text.replace(_NUMBER.encode(), number.encode()).replace(_DAY.encode(), day.encode()),
        )


def write_lines(path: Path, count: int, seed: int = 7) -> None:
    """A compressed file of one record a line."""
    with gzip.open(path, "wb", compresslevel=1) as stream:
        for _, text in studies(count, seed):
            stream.write(text + b"\n")


def write_archive(path: Path, count: int, seed: int = 7) -> None:
    """A zip of one file a record, as the register offers its whole content."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number, text in studies(count, seed):
            archive.writestr(f"{number}.json", text)


def _texts() -> tuple[list[bytes], list[bytes], list[bytes]]:
    """Records of cells, records with posted results, and records of other treatments."""
    flat = gzip.decompress((SAMPLES / "study_fields_150.jsonl.gz").read_bytes()).splitlines()
    posted = []
    for path in sorted((SAMPLES / "ctgov_v2").glob("NCT*.json")):
        study = json.loads(path.read_bytes())
        study["protocolSection"]["identificationModule"]["nctId"] = _NUMBER
        posted.append({key: value for key, value in study.items() if key.endswith("Section")})
    plain = _encoded([_nested(json.loads(line)) for line in flat])
    changed = [_CELL_WORDS.sub("tablets", text.decode()).encode() for text in plain]
    others = [text for text in changed if not recognise(_record(text)).is_cell_therapy]
    return plain, _encoded(posted), others


def _record(text: bytes) -> Record:
    return record_from_v2(json.loads(text))


def _encoded(studies: list[Fields]) -> list[bytes]:
    return [json.dumps(study, ensure_ascii=False).encode() for study in studies]


def _nested(flat: Fields) -> Fields:
    """A flat record in the nested form."""

    def one(key: str) -> str:
        return "; ".join(flat.get(key) or [])

    def rows(**columns: str) -> list[Fields]:
        lists = {name: flat.get(key) or [] for name, key in columns.items()}
        longest = max(map(len, lists.values()))
        return [
            {name: some[i] for name, some in lists.items() if i < len(some)} for i in range(longest)
        ]

    def outcomes(kind: str) -> list[Fields]:
        return rows(
            measure=f"{kind}OutcomeMeasure",
            description=f"{kind}OutcomeDescription",
            timeFrame=f"{kind}OutcomeTimeFrame",
        )

    date = {"date": _DAY, "type": "ACTUAL"}
    sites = rows(facility="LocationFacility", city="LocationCity", country="LocationCountry")
    places = [
        site | {"zip": "10115", "geoPoint": {"lat": 52.53, "lon": 13.38}, "status": "RECRUITING"}
        for site in (sites or [{"facility": "University Hospital", "city": "Berlin"}]) * 6
    ]
    return {
        "protocolSection": {
            "identificationModule": {
                "nctId": _NUMBER,
                "orgStudyIdInfo": {"id": one("OrgStudyId")},
                "organization": {"fullName": one("OrgFullName"), "class": one("OrgClass")},
                "briefTitle": one("BriefTitle"),
                "officialTitle": one("OfficialTitle"),
            },
            "statusModule": {
                "statusVerifiedDate": _DAY[:7],
                "overallStatus": one("OverallStatus").upper().replace(" ", "_"),
                "startDateStruct": date,
                "primaryCompletionDateStruct": date,
                "completionDateStruct": date,
                "studyFirstSubmitDate": _DAY,
                "studyFirstPostDateStruct": date,
                "lastUpdatePostDateStruct": date,
            },
            "sponsorCollaboratorsModule": {
                "leadSponsor": {"name": one("LeadSponsorName"), "class": one("LeadSponsorClass")}
            },
            "descriptionModule": {
                "briefSummary": one("BriefSummary"),
                "detailedDescription": one("DetailedDescription"),
            },
            "conditionsModule": {
                "conditions": flat.get("Condition") or [],
                "keywords": flat.get("Keyword") or [],
            },
            "designModule": {
                "studyType": one("StudyType").upper(),
                "phases": [p.upper().replace(" ", "") for p in flat.get("Phase") or []],
                "designInfo": {
                    "allocation": one("DesignAllocation").upper(),
                    "interventionModel": one("DesignInterventionModel").upper().split(" ")[0],
                    "primaryPurpose": one("DesignPrimaryPurpose").upper(),
                    "maskingInfo": {"masking": one("DesignMasking").upper().split(" ")[0]},
                },
                "enrollmentInfo": {"count": int(one("EnrollmentCount") or 0), "type": "ACTUAL"},
            },
            "armsInterventionsModule": {
                "armGroups": rows(
                    label="ArmGroupLabel", type="ArmGroupType", description="ArmGroupDescription"
                ),
                "interventions": rows(
                    type="InterventionType",
                    name="InterventionName",
                    description="InterventionDescription",
                ),
            },
            "outcomesModule": {
                "primaryOutcomes": outcomes("Primary"),
                "secondaryOutcomes": outcomes("Secondary"),
            },
            "eligibilityModule": {
                "eligibilityCriteria": one("EligibilityCriteria"),
                "sex": one("Gender").upper(),
                "minimumAge": one("MinimumAge"),
                "maximumAge": one("MaximumAge"),
            },
            "contactsLocationsModule": {"locations": places},
        },
        "derivedSection": {
            "conditionBrowseModule": {
                "meshes": rows(id="ConditionMeshId", term="ConditionMeshTerm"),
                "ancestors": rows(id="ConditionAncestorId", term="ConditionAncestorTerm"),
                "browseLeaves": rows(
                    id="ConditionBrowseLeafId",
                    name="ConditionBrowseLeafName",
                    relevance="ConditionBrowseLeafRelevance",
                ),
            },
            "interventionBrowseModule": {
                "meshes": rows(id="InterventionMeshId", term="InterventionMeshTerm"),
                "browseLeaves": rows(
                    id="InterventionBrowseLeafId",
                    name="InterventionBrowseLeafName",
                    relevance="InterventionBrowseLeafRelevance",
                ),
            },
        },
        "hasResults": bool(flat.get("OutcomeMeasureTitle")),
    }
