"""Real records with posted results, and how the register's old API would have strung them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from reprieve.evidence.package import load_evidence
from reprieve.living.formats.opening import read_records
from reprieve.living.results.posted import Measure, PostedResults

SAMPLES = Path(__file__).parents[1] / "samples"
FOLDERS = ("ctgov_study_fields", "ctgov_v2", "ctgov_legacy_xml")


@pytest.fixture(scope="session")
def records():
    """The records of the samples that have posted results, by number."""
    files = [file for folder in FOLDERS for file in sorted((SAMPLES / folder).glob("NCT*"))]
    return {record.id: record for file in files for record in read_records(file)}


@pytest.fixture(scope="session")
def snapshot():
    """The evidence that comes with Reprieve."""
    return load_evidence()


@pytest.fixture(scope="session")
def flattened():
    """The function that strings posted results into the old flat form."""
    return flatten


def flatten(posted: PostedResults) -> dict[str, list[str]]:
    """The lists of the flat form: levels concatenated, empty texts dropped."""
    lists: defaultdict[str, list[str]] = defaultdict(list)

    def put(name: str, text: str) -> None:
        if text:
            lists[name].append(text)

    for group in posted.flow_groups:
        put("FlowGroupId", group.id)
        put("FlowGroupTitle", group.title)
        put("FlowGroupDescription", group.description)
    for period in posted.periods:
        put("FlowPeriodTitle", period.title)
        for found in period.milestones:
            put("FlowMilestoneType", found.title)
            for owner, people in found.people.items():
                put("FlowAchievementGroupId", owner)
                put("FlowAchievementNumSubjects", people)
        for found in period.reasons:
            put("FlowDropWithdrawType", found.title)
            for owner, people in found.people.items():
                put("FlowReasonGroupId", owner)
                put("FlowReasonNumSubjects", people)
    if posted.baseline:
        first = posted.baseline[0]
        _put_groups("Baseline", first, put)
    for measure in posted.baseline:
        _put_measure("Baseline", measure, put)
    for measure in posted.outcomes:
        put("OutcomeMeasureTimeFrame", measure.time_frame or "unsaid")
        put("OutcomeMeasureReportingStatus", "Posted" if measure.lines else "Not Posted")
        if measure.lines:
            _put_groups("Outcome", measure, put)
        _put_measure("Outcome", measure, put)
    return dict(lists)


def _put_groups(part: str, measure: Measure, put) -> None:
    for group in measure.groups:
        put(f"{part}GroupId", group.id)
        put(f"{part}GroupTitle", group.title)
        put(f"{part}GroupDescription", group.description)
    if measure.people:
        put(f"{part}DenomUnits", measure.counted)
    for owner, people in measure.people.items():
        put(f"{part}DenomCountGroupId", owner)
        put(f"{part}DenomCountValue", people)


def _put_measure(part: str, measure: Measure, put) -> None:
    put(f"{part}MeasureTitle", measure.title)
    put(f"{part}MeasureDescription", measure.description)
    if not measure.lines:
        return
    put(f"{part}MeasureParamType", measure.parameter)
    put(f"{part}MeasureDispersionType", measure.dispersion)
    put(f"{part}MeasureUnitOfMeasure", measure.unit)
    before = None
    for line in measure.lines:
        if not line.category_title or before is None or line.class_title != before:
            put(f"{part}ClassTitle", line.class_title)
            for owner, people in line.people.items():
                put(f"{part}ClassDenomCountGroupId", owner)
                put(f"{part}ClassDenomCountValue", people)
        before = line.class_title
        put(f"{part}CategoryTitle", line.category_title)
        for cell in line.measurements:
            put(f"{part}MeasurementGroupId", cell.group)
            put(f"{part}MeasurementValue", cell.value)
            put(f"{part}MeasurementSpread", cell.spread)
            put(f"{part}MeasurementLowerLimit", cell.lower)
            put(f"{part}MeasurementUpperLimit", cell.upper)
