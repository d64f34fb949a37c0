"""The table that ClinicalTrials.gov offers for download (``format=csv`` of the API v2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reprieve.errors import InputError
from reprieve.living.formats import words
from reprieve.living.formats.ctgov_v2 import PAGE
from reprieve.living.formats.dates import iso_date
from reprieve.living.formats.fields import once
from reprieve.living.formats.numbers import own_numbers, trial_numbers
from reprieve.living.record import Dates, Intervention, PlannedOutcome, Record


def record_from_ctgov_row(row: Mapping[str, str]) -> Record:
    """Read one row.

    Parameters
    ----------
    row : mapping
        Names of columns in lower case without blanks (``"nctnumber"``) to cells. Lists in a cell
        are parted by ``|``.

    Returns
    -------
    Record

    Raises
    ------
    InputError
        There is no NCT number, or the enrolment is no number.

    Examples
    --------
    >>> record = record_from_ctgov_row({
    ...     "nctnumber": "NCT02674399", "studytitle": "JointStem", "phases": "PHASE1|PHASE2",
    ...     "interventions": "BIOLOGICAL: JointStem|DRUG: Synvisc-One", "enrollment": "28",
    ...     "studydesign": "Allocation: RANDOMIZED|Masking: DOUBLE (PARTICIPANT, INVESTIGATOR)"})
    >>> record.phases, record.masking, record.who_masked
    (('phase1', 'phase2'), 'double', ('participant', 'investigator'))
    """
    nct = next(iter(trial_numbers(row.get("nctnumber", ""))), "")
    if not nct:
        raise InputError("column 'NCT Number': expected an NCT number, found nothing")
    design = {
        name.strip(): value.strip()
        for name, _, value in (part.partition(":") for part in _list(row, "studydesign"))
    }
    masked = design.get("Masking", "")
    return Record(
        source="clinicaltrials.gov",
        id=nct,
        kind="registration",
        ids=own_numbers(_list(row, "otherids"), nct),
        title=row.get("studytitle", ""),
        summary=row.get("briefsummary", ""),
        conditions=_list(row, "conditions"),
        interventions=tuple(_interventions(row)),
        outcomes=tuple(_outcomes(row)),
        study_type=words.study_type(row.get("studytype", "")),
        phases=once(phase for given in _list(row, "phases") for phase in words.phases(given)),
        allocation=words.allocation(design.get("Allocation", "")),
        intervention_model=words.model(design.get("Intervention Model", "")),
        purpose=words.word(design.get("Primary Purpose", "")),
        masking=words.masking(masked),
        who_masked=once(
            words.masked(who) for who in masked.partition("(")[2].rstrip(")").split(",")
        ),
        enrollment=_enrollment(row.get("enrollment", "")),
        status=words.status(row.get("studystatus", "")),
        dates=Dates(
            start=iso_date(row.get("startdate", "")),
            primary_completion=iso_date(row.get("primarycompletiondate", "")),
            completion=iso_date(row.get("completiondate", "")),
            first_posted=iso_date(row.get("firstposted", "")),
            results_first_posted=iso_date(row.get("resultsfirstposted", "")),
            last_update=iso_date(row.get("lastupdateposted", "")),
        ),
        sponsor=row.get("sponsor", ""),
        sponsor_class=words.sponsor_class(row.get("fundertype", "")),
        countries=once(place.rpartition(",")[2].strip() for place in _list(row, "locations")),
        has_results=row.get("studyresults", "").upper() == "YES",
        url=row.get("studyurl", "") or PAGE + nct,
    )


def _list(row: Mapping[str, str], column: str) -> tuple[str, ...]:
    return once(part.strip() for part in row.get(column, "").split("|"))


def _interventions(row: Mapping[str, str]) -> Iterator[Intervention]:
    for given in _list(row, "interventions"):
        kind, colon, name = given.partition(": ")
        yield Intervention(name, words.word(kind)) if colon else Intervention(given)


def _outcomes(row: Mapping[str, str]) -> Iterator[PlannedOutcome]:
    for kind in ("primary", "secondary", "other"):
        for measure in _list(row, f"{kind}outcomemeasures"):
            yield PlannedOutcome(measure, kind)


def _enrollment(written: str) -> int | None:
    if not written:
        return None
    if not (written.isascii() and written.isdigit()):
        raise InputError(f"column 'Enrollment': expected a whole number, found {written[:30]!r}")
    return words.enrollment(int(written[:12]))
