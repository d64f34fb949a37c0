"""ClinicalTrials.gov API v2: nested JSON, one object a study."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from reprieve.errors import InputError
from reprieve.living.formats import words
from reprieve.living.formats.fields import kind_of, once, section, sections, text, texts
from reprieve.living.formats.numbers import doi, own_numbers
from reprieve.living.record import (
    ArmGroup,
    Dates,
    Intervention,
    PlannedOutcome,
    Record,
    Reference,
)

PAGE = "https://clinicaltrials.gov/study/"
_ESCAPE = re.compile(r"\\(?=[\\`*_{}\[\]()#+\-.!~<>|&=^$])")


def record_from_v2(study: Mapping[str, Any]) -> Record:
    r"""Read one study of the ClinicalTrials.gov API v2.

    Parameters
    ----------
    study : mapping
        Decoded JSON with a ``protocolSection``. Fields that were not asked for may be missing.

    Returns
    -------
    Record
        `raw` is `study` itself, with the posted results where there are any. The escapes of the
        register's markdown are taken out of the text fields of the record, not of `raw`.

    Raises
    ------
    InputError
        There is no NCT number, or a field holds another type than the API's.

    Examples
    --------
    >>> record = record_from_v2({"protocolSection": {
    ...     "identificationModule": {"nctId": "NCT02674399", "briefTitle": "Cells \\[phase 2\\]"},
    ...     "designModule": {"phases": ["PHASE2"], "designInfo": {"allocation": "RANDOMIZED"}}}})
    >>> record.title, record.phases, record.allocation
    ('Cells [phase 2]', ('phase2',), 'randomized')
    """
    protocol = section(study, "protocolSection")
    identification = section(protocol, "identificationModule")
    nct = text(identification, "nctId")
    if not nct:
        raise InputError(
            "protocolSection.identificationModule.nctId: expected an NCT number, found nothing"
        )
    status = section(protocol, "statusModule")
    sponsor = section(section(protocol, "sponsorCollaboratorsModule"), "leadSponsor")
    describing = section(protocol, "descriptionModule")
    conditions = section(protocol, "conditionsModule")
    design = section(protocol, "designModule")
    design_info = section(design, "designInfo")
    masking = section(design_info, "maskingInfo")
    arms = section(protocol, "armsInterventionsModule")
    places = section(protocol, "contactsLocationsModule")
    enrolled = section(design, "enrollmentInfo").get("count")
    if enrolled is not None and (not isinstance(enrolled, int) or isinstance(enrolled, bool)):
        raise InputError(f"field 'count': expected a whole number, found {kind_of(enrolled)}")
    return Record(
        source="clinicaltrials.gov",
        id=nct,
        kind="registration",
        ids=_other_numbers(identification, nct),
        title=plain_text(identification, "briefTitle"),
        official_title=plain_text(identification, "officialTitle"),
        summary=plain_text(describing, "briefSummary"),
        description=plain_text(describing, "detailedDescription"),
        conditions=texts(conditions, "conditions"),
        keywords=texts(conditions, "keywords"),
        mesh=_mesh(section(study, "derivedSection")),
        interventions=tuple(
            Intervention(
                plain_text(item, "name"),
                words.word(text(item, "type")),
                plain_text(item, "description"),
                texts(item, "otherNames"),
            )
            for item in sections(arms, "interventions")
        ),
        arms=tuple(
            ArmGroup(
                plain_text(item, "label"),
                words.word(text(item, "type")),
                plain_text(item, "description"),
                tuple(words.without_kind(name) for name in texts(item, "interventionNames")),
            )
            for item in sections(arms, "armGroups")
        ),
        outcomes=tuple(_outcomes(section(protocol, "outcomesModule"))),
        eligibility=plain_text(section(protocol, "eligibilityModule"), "eligibilityCriteria"),
        study_type=words.study_type(text(design, "studyType")),
        phases=once(phase for given in texts(design, "phases") for phase in words.phases(given)),
        allocation=words.allocation(text(design_info, "allocation")),
        intervention_model=words.model(text(design_info, "interventionModel")),
        purpose=words.word(text(design_info, "primaryPurpose")),
        masking=words.masking(text(masking, "masking")),
        who_masked=tuple(words.masked(who) for who in texts(masking, "whoMasked")),
        enrollment=words.enrollment(enrolled),
        status=words.status(text(status, "overallStatus")),
        why_stopped=plain_text(status, "whyStopped"),
        dates=_dates(status),
        sponsor=text(sponsor, "name"),
        sponsor_class=words.sponsor_class(text(sponsor, "class")),
        countries=once(text(place, "country") for place in sections(places, "locations")),
        authors=once(
            words.investigator(text(person, "name"), text(person, "role"))
            for person in sections(places, "overallOfficials")
        ),
        references=tuple(_references(section(protocol, "referencesModule"))),
        has_results=study.get("hasResults") is True or bool(section(study, "resultsSection")),
        url=PAGE + nct,
        raw=study,
    )


def plain_text(holder: Mapping[str, Any], key: str) -> str:
    r"""A text field without the escapes that the register's markdown puts in.

    Examples
    --------
    >>> plain_text({"title": r"Pain \[0-10\]"}, "title")
    'Pain [0-10]'
    """
    written = text(holder, key)
    return _ESCAPE.sub("", written) if "\\" in written else written


def _other_numbers(identification: Mapping[str, Any], nct: str) -> tuple[str, ...]:
    written = [*texts(identification, "nctIdAliases")]
    written.append(text(section(identification, "orgStudyIdInfo"), "id"))
    written.extend(text(item, "id") for item in sections(identification, "secondaryIdInfos"))
    return own_numbers(written, nct)


def _mesh(derived: Mapping[str, Any]) -> tuple[str, ...]:
    return once(
        text(term, "term")
        for module in ("conditionBrowseModule", "interventionBrowseModule")
        for term in sections(section(derived, module), "meshes")
    )


def _outcomes(module: Mapping[str, Any]) -> Iterator[PlannedOutcome]:
    for kind in ("primary", "secondary", "other"):
        for item in sections(module, f"{kind}Outcomes"):
            yield PlannedOutcome(
                plain_text(item, "measure"),
                kind,
                plain_text(item, "timeFrame"),
                plain_text(item, "description"),
            )


def _references(module: Mapping[str, Any]) -> Iterator[Reference]:
    for item in sections(module, "references"):
        citation = text(item, "citation")
        yield Reference(
            text(item, "pmid"),
            doi(citation) if "10." in citation else "",
            words.word(text(item, "type")),
            citation,
            bool(sections(item, "retractions")),
        )


def _dates(status: Mapping[str, Any]) -> Dates:
    written, planned = {}, []
    for field, key in (
        ("start", "startDateStruct"),
        ("primary_completion", "primaryCompletionDateStruct"),
        ("completion", "completionDateStruct"),
        ("first_posted", "studyFirstPostDateStruct"),
        ("results_first_posted", "resultsFirstPostDateStruct"),
        ("last_update", "lastUpdatePostDateStruct"),
    ):
        given = section(status, key)
        written[field] = text(given, "date")
        # The register also calls old posting dates estimated: those lie behind us, not ahead.
        if key in _AHEAD and text(given, "type") == "ESTIMATED":
            planned.append(field)
    return Dates(
        **written, first_submitted=text(status, "studyFirstSubmitDate"), planned=tuple(planned)
    )


_AHEAD = frozenset({"startDateStruct", "primaryCompletionDateStruct", "completionDateStruct"})
