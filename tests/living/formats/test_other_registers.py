"""ISRCTN and CTIS."""

import pytest

from reprieve.errors import InputError
from reprieve.living.formats.ctis import record_from_ctis
from reprieve.living.formats.isrctn import record_from_isrctn
from reprieve.living.formats.xml_files import records_from_xml


def test_an_isrctn_record_is_read_in_full(read_sample):
    record = read_sample("other_registers/ISRCTN88261002.ctrdata.json")
    assert record.source == "isrctn"
    assert record.id == "ISRCTN88261002"
    assert record.ids == ("EudraCT 2012-004260-22",)
    assert record.title == "Enteral LactoFerrin In Neonates"
    assert record.phases == ("phase3",)
    assert record.allocation == "randomized"
    assert record.purpose == "prevention"
    assert record.enrollment == 2200
    assert record.dates.start == "2013-09-01"
    assert record.status == ""
    assert [reference.pmid for reference in record.references] == ["30574860", "30635141"]
    assert {outcome.kind for outcome in record.outcomes} == {"primary", "secondary"}
    assert "Exclusion Criteria:" in record.eligibility


ISRCTN_XML = b"""<?xml version="1.0"?>
<allTrials xmlns="http://www.67bricks.com/isrctn" totalCount="1"><fullTrial>
<trial lastUpdated="2024-01-02T00:00:00.000Z" version="3">
<isrctn dateAssigned="2013-01-17T00:00:00.000Z">88261002</isrctn>
<trialDescription><title>ELFIN</title><primaryOutcome>Infection</primaryOutcome></trialDescription>
<externalRefs><clinicalTrialsGovNumber>NCT01234567</clinicalTrialsGovNumber></externalRefs>
<trialDesign><studyDesign>Parallel non-randomised trial</studyDesign>
<primaryStudyDesign>Interventional</primaryStudyDesign></trialDesign>
<participants><recruitmentCountries><country>Spain</country></recruitmentCountries>
<targetEnrolment>10</targetEnrolment></participants>
<conditions><condition><description>Knee pain</description></condition>
<condition><description>Hip pain</description></condition></conditions>
<interventions/><results/><outputs/>
</trial>
<contact id="k"><forename>Aurelio</forename><surname>Vega</surname></contact>
<sponsor id="s"><organisation>A hospital</organisation></sponsor></fullTrial></allTrials>"""


def test_isrctns_own_xml_is_read():
    (record,) = records_from_xml(ISRCTN_XML)
    assert record.id == "ISRCTN88261002"
    assert record.ids == ("NCT01234567",)
    assert record.conditions == ("Knee pain", "Hip pain")
    assert record.countries == ("Spain",)
    assert record.dates.first_submitted == "2013-01-17"
    assert record.dates.last_update == "2024-01-02"
    assert (record.allocation, record.intervention_model) == ("non-randomized", "parallel")
    assert (record.sponsor, record.authors) == ("A hospital", ("Vega A",))


def test_a_ctis_record_is_read_in_full(read_sample):
    record = read_sample("other_registers/CTIS_2024-510663-34-00.ctrdata.json")
    assert record.source == "ctis"
    assert record.id == "2024-510663-34-00"
    assert record.ids == ("NCT04494412", "EudraCT 2019-001588-63")
    assert record.conditions == ("Influenza, Human",)
    assert record.interventions[0].name.startswith("Dectova")
    assert "ZANAMIVIR" in record.interventions[0].other_names
    assert "INTRAVENOUS USE" in record.interventions[0].description
    assert record.phases == ("phase2",)
    assert record.status == "recruiting"
    assert record.countries == ("Spain", "Italy")
    assert record.enrollment == 11
    assert record.dates.start == "2021-01-29"
    assert record.dates.planned == ("completion",)
    assert (record.sponsor_class, len(record.outcomes)) == ("INDUSTRY", 4)


@pytest.mark.parametrize(
    ("periods", "status"),
    [
        ([{"recruitmentStartDate": "2023-01-01"}], "recruiting"),
        (
            [{"recruitmentStartDate": "2023-01-01", "recruitmentEndDate": "2024-01-01"}],
            "active_not_recruiting",
        ),
        ([None], "not_yet_recruiting"),
    ],
)
def test_recruitment_in_ctis_follows_the_member_states(periods, status):
    states = [{"mscInfo": {"activeTrialRecruitmentPeriod": period}} for period in periods]
    trial = {"ctNumber": "2024-510663-34-00", "ctPublicStatusCode": 4}
    trial["authorizedApplication"] = {"authorizedPartsII": states}
    assert record_from_ctis(trial).status == status


def test_registers_with_wrong_types_are_refused():
    with pytest.raises(InputError, match="participants"):
        record_from_isrctn({"isrctn": "1", "participants": "none"})
    with pytest.raises(InputError, match="totalNumberEnrolled"):
        record_from_ctis({"ctNumber": "1", "totalNumberEnrolled": "many"})
