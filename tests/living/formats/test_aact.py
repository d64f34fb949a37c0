"""The AACT dump gives the same records as the register's own API."""

import csv
import io
import json
import random
import zipfile
from dataclasses import replace

import pytest

from reprieve.errors import InputError
from reprieve.living.formats import aact
from reprieve.living.formats.ctgov_v2 import record_from_v2
from reprieve.living.formats.opening import read_records

STUDIES = ("NCT02552212", "NCT02210780", "NCT05594173")


@pytest.fixture
def registered(sample):
    """Studies as the API gives them, without what AACT lays out in another way."""
    records = []
    for nct in STUDIES:
        record = record_from_v2(json.loads(sample(f"ctgov_v2/{nct}.json").read_text()))
        records.append(replace(record, raw={}, eligibility='with "quotes" | pipes\nand lines'))
    return records


def tables_of(records):
    """The tables of a dump that holds these records, in no order."""
    tables = {name: [] for name in aact._TABLES}
    number = iter(range(1, 100_000))

    def add(table, nct, **cells):
        tables[table].append({"id": str(next(number)), "nct_id": nct, **cells})
        return tables[table][-1]["id"]

    for record in records:
        nct, dates = record.id, record.dates
        tables["studies"].append(
            {
                "nct_id": nct,
                "brief_title": record.title,
                "official_title": record.official_title,
                "overall_status": record.status.upper(),
                "phase": "/".join(record.phases).upper() or "NA",
                "study_type": record.study_type.upper(),
                "enrollment": str(record.enrollment),
                "why_stopped": record.why_stopped,
                "start_month_year": dates.start,
                "start_date": f"{dates.start[:7]}-28",
                "primary_completion_month_year": dates.primary_completion,
                "completion_month_year": dates.completion,
                "study_first_submitted_date": dates.first_submitted,
                "study_first_posted_date": dates.first_posted,
                "results_first_posted_date": dates.results_first_posted,
                "last_update_posted_date": dates.last_update,
            }
        )
        add("brief_summaries", nct, description=record.summary)
        if record.description:
            add("detailed_descriptions", nct, description=record.description)
        add("eligibilities", nct, criteria=record.eligibility)
        add("sponsors", nct, agency_class="OTHER", lead_or_collaborator="collaborator", name="no")
        add(
            "sponsors",
            nct,
            agency_class=record.sponsor_class,
            lead_or_collaborator="lead",
            name=record.sponsor,
        )
        for name in record.conditions:
            add("conditions", nct, name=name)
        for name in record.keywords:
            add("keywords", nct, name=name)
        for term in record.mesh:
            add("browse_conditions", nct, mesh_term=term, mesh_type="mesh-list")
        add("browse_conditions", nct, mesh_term="Diseases", mesh_type="mesh-ancestor")
        for name in record.countries:
            add("countries", nct, name=name, removed="f")
        add("countries", nct, name="Atlantis", removed="t")
        for author in record.authors:
            family, initials = author.rsplit(" ", 1)
            name = f"{' '.join(initials)} {family}, PhD"
            add("overall_officials", nct, name=name, role="PRINCIPAL_INVESTIGATOR")
        add("overall_officials", nct, name="A Department", role="STUDY_DIRECTOR")
        for name in record.ids:
            add("id_information", nct, id_value=name)
        who = record.who_masked
        add(
            "designs",
            nct,
            allocation=record.allocation.upper(),
            intervention_model=record.intervention_model.upper().replace(" ", "_"),
            primary_purpose=record.purpose.upper(),
            masking=record.masking.upper(),
            subject_masked="t" if "participant" in who else "f",
            caregiver_masked="t" if "care provider" in who else "f",
            investigator_masked="t" if "investigator" in who else "f",
            outcomes_assessor_masked="t" if "outcomes assessor" in who else "f",
        )
        given = {}
        for item in record.interventions:
            given[item.name] = add(
                "interventions",
                nct,
                intervention_type=item.kind.upper(),
                name=item.name,
                description=item.description,
            )
            for name in item.other_names:
                add("intervention_other_names", nct, intervention_id=given[item.name], name=name)
        for arm in record.arms:
            group = add(
                "design_groups",
                nct,
                group_type=arm.kind.upper().replace(" ", "_"),
                title=arm.label,
                description=arm.description,
            )
            for name in arm.interventions:
                add(
                    "design_group_interventions",
                    nct,
                    design_group_id=group,
                    intervention_id=given[name],
                )
        for outcome in record.outcomes:
            add(
                "design_outcomes",
                nct,
                outcome_type=outcome.kind,
                measure=outcome.measure,
                time_frame=outcome.time_frame,
                description=outcome.description,
            )
        for reference in record.references:
            add(
                "study_references",
                nct,
                pmid=reference.pmid,
                reference_type=reference.kind.upper(),
                citation=reference.citation,
            )
    return tables


def dump(path, tables):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in tables.items():
            random.Random(1).shuffle(rows)
            columns = list(dict.fromkeys(key for row in rows for key in row)) or ["id", "nct_id"]
            text = io.StringIO()
            writer = csv.DictWriter(text, columns, delimiter="|", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            archive.writestr(f"{name}.txt", text.getvalue())
    return path


@pytest.mark.parametrize("at_once", [1, 2, 10_000])
def test_a_dump_gives_the_records_of_the_api(tmp_path, registered, monkeypatch, at_once):
    monkeypatch.setattr(aact, "STUDIES_AT_ONCE", at_once)
    path = dump(tmp_path / "dump.zip", tables_of(registered))
    read = list(read_records(path))
    assert read == sorted(registered, key=lambda record: record.id)


def test_a_retracted_reference_is_marked(tmp_path, registered):
    tables = tables_of(registered[:1])
    reference = tables["study_references"][0]
    tables["retractions"] = [{"id": "1", "nct_id": "NCT02552212", "reference_id": reference["id"]}]
    (record,) = read_records(dump(tmp_path / "dump.zip", tables))
    assert [r.pmid for r in record.references if r.retracted] == [reference["pmid"]]


def test_a_broken_study_is_named_and_the_others_are_read(tmp_path, registered):
    tables = tables_of(registered)
    tables["studies"][1]["enrollment"] = "many"
    broken = tables["studies"][1]["nct_id"]
    faults = []
    read = list(read_records(dump(tmp_path / "dump.zip", tables), faults))
    assert {record.id for record in read} == set(STUDIES) - {broken}
    assert [fault.place for fault in faults] == [broken]


def test_a_dump_whose_tables_lack_the_number_is_refused(tmp_path):
    path = dump(tmp_path / "dump.zip", {"studies": [{"title": "x"}]})
    with pytest.raises(InputError, match=r"studies\.txt: expected a column nct_id"):
        list(read_records(path))


def test_nothing_is_left_behind(tmp_path, registered, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "work"))
    (tmp_path / "work").mkdir()
    path = dump(tmp_path / "dump.zip", tables_of(registered))
    reading = read_records(path)
    next(reading)
    assert list((tmp_path / "work").iterdir())
    reading.close()
    assert not list((tmp_path / "work").iterdir())
