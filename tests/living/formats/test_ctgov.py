"""ClinicalTrials.gov in all its forms comes to the same words."""

import pytest

from reprieve.errors import InputError
from reprieve.living.formats.ctgov_v2 import record_from_v2
from reprieve.living.formats.opening import read_records
from reprieve.living.formats.study_fields import record_from_study_fields
from reprieve.living.record import ArmGroup, Intervention


def study(**modules):
    return {"protocolSection": {"identificationModule": {"nctId": "NCT00000001"}, **modules}}


def test_a_v2_study_is_read_in_full(read_sample):
    record = read_sample("ctgov_v2/NCT02552212.json")
    assert record.id == "NCT02552212"
    assert record.ids == ("EudraCT 2015-001894-41",)
    assert record.phases == ("phase3",)
    assert (record.allocation, record.intervention_model) == ("randomized", "parallel")
    assert (record.masking, record.purpose) == ("quadruple", "treatment")
    assert record.who_masked[1] == "care provider"
    assert record.enrollment == 317
    assert record.has_results
    assert record.dates.start == "2015-09"
    assert record.dates.planned == ()
    assert record.interventions[0].other_names == ("Cimzia", "CDP870")
    assert record.arms[1].kind == "placebo comparator"
    assert record.arms[0].interventions == ("Certolizumab Pegol",)
    assert [o.kind for o in record.outcomes][:2] == ["primary", "primary"]
    assert {r.kind for r in record.references} == {"result", "derived"}
    assert "Spondylarthritis" in record.mesh
    assert len(record.countries) == len(set(record.countries)) > 5
    assert "resultsSection" in record.raw


def test_a_sponsors_department_is_no_author(read_sample):
    assert read_sample("ctgov_v2/NCT02552212.json").authors == ()


def test_pages_of_a_search_may_lack_most_fields(sample):
    records = list(read_records(sample("ctgov_v2/_search_page_1.json")))
    assert len(records) == 5
    assert records[0].id == "NCT02710084"
    assert records[0].arms == ()
    assert records[0].interventions[0].name == "Oxytocin"


def test_markdown_escapes_are_taken_out_of_text_but_not_of_raw():
    given = study(descriptionModule={"briefSummary": r"\[Week 32\] \> 5 and a \\ alone, 5\*"})
    record = record_from_v2(given)
    assert record.summary == r"[Week 32] > 5 and a \ alone, 5*"
    assert record.raw is given


def test_a_number_that_means_unknown_is_none():
    given = study(designModule={"enrollmentInfo": {"count": 99999999}})
    assert record_from_v2(given).enrollment is None


def test_planned_dates_are_those_ahead():
    given = study(
        statusModule={
            "startDateStruct": {"date": "2026-01", "type": "ESTIMATED"},
            "completionDateStruct": {"date": "2020-01-05", "type": "ACTUAL"},
            "studyFirstPostDateStruct": {"date": "2015-09-17", "type": "ESTIMATED"},
        }
    )
    assert record_from_v2(given).dates.planned == ("start",)


def test_retractions_of_references_are_kept():
    references = [{"pmid": "1", "type": "RESULT", "retractions": [{"pmid": "2"}]}, {"pmid": "3"}]
    record = record_from_v2(study(referencesModule={"references": references}))
    assert [r.retracted for r in record.references] == [True, False]


@pytest.mark.parametrize(
    ("modules", "field"),
    [
        ({"conditionsModule": {"conditions": "pain"}}, "conditions"),
        ({"conditionsModule": []}, "conditionsModule"),
        ({"designModule": {"phases": [1]}}, "phases"),
        ({"designModule": {"enrollmentInfo": {"count": "28"}}}, "count"),
        ({"designModule": {"enrollmentInfo": {"count": True}}}, "count"),
        ({"armsInterventionsModule": {"armGroups": {"label": "a"}}}, "armGroups"),
        ({"armsInterventionsModule": {"interventions": ["x"]}}, "interventions"),
        ({"descriptionModule": {"briefSummary": ["a"]}}, "briefSummary"),
    ],
)
def test_a_wrong_type_names_the_field(modules, field):
    with pytest.raises(InputError, match=f"field '{field}': expected"):
        record_from_v2(study(**modules))


def test_nulls_read_as_missing():
    modules = {"conditionsModule": None, "designModule": {"phases": None, "enrollmentInfo": None}}
    record = record_from_v2(study(**modules, armsInterventionsModule={"armGroups": [None]}))
    assert (record.conditions, record.phases, record.arms) == ((), (), ())


def test_a_study_without_a_number_is_refused():
    with pytest.raises(InputError, match="nctId"):
        record_from_v2({"protocolSection": {}})
    with pytest.raises(InputError, match="NCTId"):
        record_from_study_fields({"NCTId": []})


def test_a_flat_study_is_read_in_full(read_sample):
    record = read_sample("ctgov_study_fields/NCT02674399.json")
    assert record.phases == ("phase2",)
    assert (record.allocation, record.masking, record.enrollment) == ("randomized", "triple", 28)
    assert record.dates.start == "2016-02-16"
    assert record.dates.results_first_posted == "2021-07-13"
    assert record.status == "completed"
    assert record.has_results
    assert record.arms == (
        ArmGroup(
            "JointStem",
            "experimental",
            "autologous adipose tissue derived mesenchymal stem cells (AdMSC)",
            ("JointStem",),
        ),
        ArmGroup("Synvisc-One", "active comparator", "hyaluronic acid", ("Synvisc-One",)),
    )


def test_every_flat_sample_tells_what_its_arms_are_given(sample):
    records = list(read_records(sample("study_fields_150.jsonl.gz")))
    assert len(records) == 150
    for record in records:
        if record.raw["ArmGroupInterventionName"]:
            given = [name for arm in record.arms for name in arm.interventions]
            names = {item.name for item in record.interventions}
            assert len(given) == len(record.raw["ArmGroupInterventionName"])
            assert set(given) <= names


def flat(**fields):
    return record_from_study_fields({"NCTId": ["NCT00000001"], **fields})


def test_what_arms_are_given_is_told_by_both_lists():
    record = flat(
        ArmGroupLabel=["A", "B", "C"],
        ArmGroupInterventionName=["Biological: cells", "Drug: HA", "Drug: HA"],
        InterventionName=["cells", "HA"],
        InterventionArmGroupLabel=["A", "A", "C"],
    )
    assert [arm.interventions for arm in record.arms] == [("cells", "HA"), (), ("HA",)]


def test_what_arms_are_given_is_left_open_where_lists_disagree():
    record = flat(
        ArmGroupLabel=["A", "B"],
        ArmGroupInterventionName=["Biological: cells"],
        InterventionArmGroupLabel=["A", "B"],
    )
    assert [arm.interventions for arm in record.arms] == [(), ()]


def test_texts_that_belong_to_no_certain_intervention_are_not_put_to_one():
    record = flat(
        InterventionName=["cells", "HA"],
        InterventionType=["Biological", "Drug"],
        InterventionOtherName=["Synvisc"],
        InterventionDescription=["six millilitres"],
        Keyword=["knee"],
        DetailedDescription=["A trial."],
    )
    assert record.interventions == (Intervention("cells", "biological"), Intervention("HA", "drug"))
    assert record.keywords == ("knee", "Synvisc")
    assert record.description == "A trial.\n\nsix millilitres"


def test_other_names_of_the_only_intervention_are_its_own():
    record = flat(InterventionName=["cells"], InterventionOtherName=["JointStem", "AdMSC"])
    assert record.interventions == (Intervention("cells", other_names=("JointStem", "AdMSC")),)


def test_outcomes_without_all_descriptions_keep_their_measures():
    record = flat(
        PrimaryOutcomeMeasure=["pain", "function"],
        PrimaryOutcomeTimeFrame=["6 months", "12 months"],
        PrimaryOutcomeDescription=["VAS"],
    )
    assert [(o.measure, o.time_frame, o.description) for o in record.outcomes] == [
        ("pain", "6 months", ""),
        ("function", "12 months", ""),
    ]


def test_a_flat_number_that_is_none_is_refused():
    with pytest.raises(InputError, match="EnrollmentCount"):
        flat(EnrollmentCount=["many"])


def test_the_old_api_wraps_studies(read_text):
    envelope = '{"StudyFieldsResponse": {"StudyFields": [{"NCTId": ["NCT00000001"]}]}}'
    assert [record.id for record in read_text(envelope)] == ["NCT00000001"]


def test_old_xml_is_read_in_full(read_sample):
    record = read_sample("ctgov_legacy_xml/NCT02708238.xml")
    assert record.phases == ("phase4",)
    assert (record.masking, record.enrollment) == ("none", 180)
    assert record.summary.startswith("A multicenter prospective, randomized comparative study")
    assert "\n" not in record.summary
    assert record.description.count("\n\n") >= 1
    assert record.mesh == ("Colic", "Simethicone")
    assert len(record.arms) == 3
    assert len(record.arms[0].interventions) == 1
    assert record.has_results
    assert "outcome_list" in record.raw["clinical_results"]


def test_a_table_of_the_register_is_read(read_text):
    rows = (
        "NCT Number,Study Title,Study URL,Study Status,Conditions,Interventions,Phases,Enrollment,"
        "Study Type,Study Design,Study Results,Locations,Start Date\n"
        "NCT02674399,JointStem,https://clinicaltrials.gov/study/NCT02674399,COMPLETED,Knee OA|Pain,"
        "BIOLOGICAL: JointStem|DRUG: Synvisc-One,PHASE1|PHASE2,28,INTERVENTIONAL,"
        '"Allocation: RANDOMIZED|Intervention Model: PARALLEL|Masking: NONE",YES,'
        '"A, Torrance, California, 90503, United States",2016-02\n'
    )
    (record,) = read_text(rows)
    assert record.conditions == ("Knee OA", "Pain")
    assert record.interventions[1] == Intervention("Synvisc-One", "drug")
    assert record.phases == ("phase1", "phase2")
    assert (record.allocation, record.masking, record.enrollment) == ("randomized", "none", 28)
    assert (record.has_results, record.countries) == (True, ("United States",))
