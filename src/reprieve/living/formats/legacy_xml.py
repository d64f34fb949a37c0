"""ClinicalTrials.gov's old public XML: one ``clinical_study`` a document."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from reprieve.errors import InputError
from reprieve.living.formats import words
from reprieve.living.formats.ctgov_v2 import PAGE
from reprieve.living.formats.dates import iso_date
from reprieve.living.formats.fields import once
from reprieve.living.formats.numbers import doi, own_numbers
from reprieve.living.formats.xml_elements import (
    as_mapping,
    child,
    children,
    line,
    lines,
    paragraphs,
)
from reprieve.living.record import (
    ArmGroup,
    Dates,
    Intervention,
    PlannedOutcome,
    Record,
    Reference,
)


def record_from_legacy_xml(study: Element) -> Record:
    """Read one study of the old public XML.

    Parameters
    ----------
    study : Element
        The ``clinical_study``, parsed with `defusedxml`.

    Returns
    -------
    Record
        `raw` is the study as nested mappings (`xml_elements.as_mapping`), with posted results under
        ``clinical_results``.

    Raises
    ------
    InputError
        There is no NCT number, or the enrolment is no number.
    """
    nct = line(study, "id_info", "nct_id")
    if not nct:
        raise InputError("element <nct_id>: expected an NCT number, found nothing")
    identification = child(study, "id_info")
    numbers = ("nct_alias", "org_study_id", "secondary_id")
    design = child(study, "study_design_info")
    masked_text = line(design, "masking")
    lead = child(study, "sponsors", "lead_sponsor")
    return Record(
        source="clinicaltrials.gov",
        id=nct,
        kind="registration",
        ids=own_numbers((item for name in numbers for item in lines(identification, name)), nct),
        title=line(study, "brief_title"),
        official_title=line(study, "official_title"),
        summary=paragraphs(study, "brief_summary", "textblock"),
        description=paragraphs(study, "detailed_description", "textblock"),
        conditions=lines(study, "condition"),
        keywords=lines(study, "keyword"),
        mesh=(
            *lines(child(study, "condition_browse"), "mesh_term"),
            *lines(child(study, "intervention_browse"), "mesh_term"),
        ),
        interventions=tuple(
            Intervention(
                line(item, "intervention_name"),
                words.word(line(item, "intervention_type")),
                paragraphs(item, "description"),
                lines(item, "other_name"),
            )
            for item in children(study, "intervention")
        ),
        arms=tuple(_arms(study)),
        outcomes=tuple(_outcomes(study)),
        eligibility=paragraphs(study, "eligibility", "criteria", "textblock"),
        study_type=words.study_type(line(study, "study_type")),
        phases=words.phases(line(study, "phase")),
        allocation=words.allocation(line(design, "allocation")),
        intervention_model=words.model(line(design, "intervention_model")),
        purpose=words.word(line(design, "primary_purpose")),
        masking=words.masking(masked_text),
        who_masked=tuple(_who_masked(masked_text)),
        enrollment=_enrollment(study),
        status=words.status(line(study, "overall_status")),
        why_stopped=line(study, "why_stopped"),
        dates=_dates(study),
        sponsor=line(lead, "agency"),
        sponsor_class=words.sponsor_class(line(lead, "agency_class")),
        countries=lines(child(study, "location_countries"), "country"),
        authors=once(
            words.investigator(line(person, "last_name"), line(person, "role"))
            for person in children(study, "overall_official")
        ),
        references=tuple(_references(study)),
        has_results=child(study, "clinical_results") is not None,
        url=PAGE + nct,
        raw=as_mapping(study),
    )


def _arms(study: Element) -> Iterator[ArmGroup]:
    interventions = list(children(study, "intervention"))
    for arm in children(study, "arm_group"):
        label = line(arm, "arm_group_label")
        given = (
            line(item, "intervention_name")
            for item in interventions
            if label in lines(item, "arm_group_label")
        )
        kind = words.word(line(arm, "arm_group_type"))
        yield ArmGroup(label, kind, paragraphs(arm, "description"), tuple(given))


def _outcomes(study: Element) -> Iterator[PlannedOutcome]:
    for kind in ("primary", "secondary", "other"):
        for item in children(study, f"{kind}_outcome"):
            yield PlannedOutcome(
                line(item, "measure"),
                kind,
                line(item, "time_frame"),
                paragraphs(item, "description"),
            )


def _who_masked(masking: str) -> Iterator[str]:
    """Who was masked, from ``"Double (Participant, Investigator)"``."""
    inside = masking.partition("(")[2].rstrip(")")
    if inside and words.masking(masking) != "none":
        yield from (words.masked(who) for who in inside.split(","))


def _enrollment(study: Element) -> int | None:
    written = line(study, "enrollment")
    if not written:
        return None
    if not (written.isascii() and written.isdigit()):
        raise InputError(f"element <enrollment>: expected a whole number, found {written[:30]!r}")
    return words.enrollment(int(written[:12]))


def _references(study: Element) -> Iterator[Reference]:
    # The register keeps what its people called results apart; the rest is background, or was linked
    # by number without saying which.
    for name, kind in (("reference", ""), ("results_reference", "result")):
        for item in children(study, name):
            citation = line(item, "citation")
            yield Reference(line(item, "PMID"), doi(citation), kind, citation)


def _dates(study: Element) -> Dates:
    ahead = (
        ("start", "start_date"),
        ("primary_completion", "primary_completion_date"),
        ("completion", "completion_date"),
    )
    planned = []
    for field, name in ahead:
        given = child(study, name)
        if given is not None and given.get("type") in {"Anticipated", "Estimated"}:
            planned.append(field)
    return Dates(
        **{field: iso_date(line(study, name)) for field, name in ahead},
        first_submitted=iso_date(line(study, "study_first_submitted")),
        first_posted=iso_date(line(study, "study_first_posted")),
        results_first_posted=iso_date(line(study, "results_first_posted")),
        last_update=iso_date(line(study, "last_update_posted")),
        planned=tuple(planned),
    )
