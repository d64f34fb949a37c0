"""ClinicalTrials.gov API v2: nested JSON, one object a study."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from reprieve.errors import InputError
from reprieve.living.formats import ctgov_study as v2
from reprieve.living.formats import words
from reprieve.living.formats.fields import NOTHING, once, text, wrong_field
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
    try:
        read = msgspec.convert(study, v2.Study)
    except msgspec.ValidationError as error:
        raise wrong_field(error) from error
    return record_of(read, study)


def study_in(data: bytes) -> v2.Study | None:
    """What is read of the one study in some JSON; None where they are anything else.

    Examples
    --------
    >>> record_of(study_in(b'{"protocolSection": {"identificationModule": {"nctId": "NCT1"}}}')).id
    'NCT1'
    """
    try:
        study = _DECODER.decode(data)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return study if study.protocol_section else None


_DECODER = msgspec.json.Decoder(v2.Study)


def record_of(study: v2.Study, raw: Mapping[str, Any] = NOTHING) -> Record:
    """The record of a study that has been decoded, without what it came as if that is not given.

    Raises
    ------
    InputError
        There is no NCT number.
    """
    protocol = study.protocol_section or v2.Protocol()
    identification = protocol.identification_module or v2.Identification()
    nct = _text(identification.nct_id)
    if not nct:
        raise InputError(
            "protocolSection.identificationModule.nctId: expected an NCT number, found nothing"
        )
    status = protocol.status_module or v2.Status()
    sponsor = (protocol.sponsor_collaborators_module or v2.Sponsors()).lead_sponsor or v2.Sponsor()
    describing = protocol.description_module or v2.Description()
    conditions = protocol.conditions_module or v2.Conditions()
    design = protocol.design_module or v2.Design()
    design_info = design.design_info or v2.DesignInfo()
    masking = design_info.masking_info or v2.Masking()
    arms = protocol.arms_interventions_module or v2.Arms()
    outcomes = protocol.outcomes_module or v2.Outcomes()
    cited = (protocol.references_module or v2.References()).references
    places = protocol.contacts_locations_module or v2.Places()
    return Record(
        source="clinicaltrials.gov",
        id=nct,
        kind="registration",
        ids=_other_numbers(identification, nct),
        title=_plain(identification.brief_title),
        official_title=_plain(identification.official_title),
        summary=_plain(describing.brief_summary),
        description=_plain(describing.detailed_description),
        conditions=_texts(conditions.conditions),
        keywords=_texts(conditions.keywords),
        mesh=_mesh(study.derived_section or v2.Derived()),
        interventions=tuple([_intervention(item) for item in arms.interventions or () if item]),
        arms=tuple([_arm(item) for item in arms.arm_groups or () if item]),
        outcomes=(
            *_outcomes("primary", outcomes.primary_outcomes),
            *_outcomes("secondary", outcomes.secondary_outcomes),
            *_outcomes("other", outcomes.other_outcomes),
        ),
        eligibility=_plain((protocol.eligibility_module or v2.Eligibility()).eligibility_criteria),
        study_type=words.study_type(_text(design.study_type)),
        phases=once(phase for given in _texts(design.phases) for phase in words.phases(given)),
        allocation=words.allocation(_text(design_info.allocation)),
        intervention_model=words.model(_text(design_info.intervention_model)),
        purpose=words.word(_text(design_info.primary_purpose)),
        masking=words.masking(_text(masking.masking)),
        who_masked=tuple([words.masked(who) for who in _texts(masking.who_masked)]),
        enrollment=words.enrollment((design.enrollment_info or v2.Enrollment()).count),
        status=words.status(_text(status.overall_status)),
        why_stopped=_plain(status.why_stopped),
        dates=_dates(status),
        sponsor=_text(sponsor.name),
        sponsor_class=words.sponsor_class(_text(sponsor.kind)),
        countries=once(map(_text, dict.fromkeys([p.country for p in places.locations or () if p]))),
        authors=once(
            [
                words.investigator(_text(person.name), _text(person.role))
                for person in places.overall_officials or ()
                if person
            ]
        ),
        references=tuple([_reference(paper) for paper in cited or () if paper]),
        has_results=study.has_results is True or bool(study.results_section),
        url=PAGE + nct,
        raw=raw,
    )


def plain_text(holder: Mapping[str, Any], key: str) -> str:
    r"""A text field without the escapes that the register's markdown puts in.

    Examples
    --------
    >>> plain_text({"title": r"Pain \[0-10\]"}, "title")
    'Pain [0-10]'
    """
    return _plain(text(holder, key))


def _plain(value: v2.Text) -> str:
    """A text without blanks at its ends and without escapes, empty where there is none."""
    if isinstance(value, str):
        value = value.strip()
        return _ESCAPE.sub("", value) if "\\" in value else value
    return "" if value is None else str(value)


def _text(value: v2.Text) -> str:
    """A text without blanks at its ends, empty where there is none."""
    if isinstance(value, str):
        return value.strip()
    return "" if value is None else str(value)


def _texts(values: v2.Texts) -> tuple[str, ...]:
    """Texts without those that are empty."""
    if not values:
        return ()
    return tuple([plain for value in values if value and (plain := value.strip())])


def _other_numbers(identification: v2.Identification, nct: str) -> tuple[str, ...]:
    others = (identification.org_study_id_info, *(identification.secondary_id_infos or ()))
    written = [*_texts(identification.nct_id_aliases)]
    written += [_text(other.id) for other in others if other]
    return own_numbers(written, nct)


def _mesh(derived: v2.Derived) -> tuple[str, ...]:
    return once(
        [
            _text(term.term)
            for module in (derived.condition_browse_module, derived.intervention_browse_module)
            if module
            for term in module.meshes or ()
            if term
        ]
    )


def _intervention(given: v2.Given) -> Intervention:
    return Intervention(
        _plain(given.name),
        words.word(_text(given.type)),
        _plain(given.description),
        _texts(given.other_names),
    )


def _arm(arm: v2.Arm) -> ArmGroup:
    return ArmGroup(
        _plain(arm.label),
        words.word(_text(arm.type)),
        _plain(arm.description),
        tuple([words.without_kind(name) for name in _texts(arm.intervention_names)]),
    )


def _outcomes(kind: str, listed: Iterable[v2.Outcome | None] | None) -> list[PlannedOutcome]:
    return [
        PlannedOutcome(
            _plain(item.measure), kind, _plain(item.time_frame), _plain(item.description)
        )
        for item in listed or ()
        if item
    ]


def _reference(paper: v2.Cited) -> Reference:
    citation = _text(paper.citation)
    return Reference(
        _text(paper.pmid),
        doi(citation) if "10." in citation else "",
        words.word(_text(paper.type)),
        citation,
        any(notice is not None for notice in paper.retractions or ()),
    )


def _dates(status: v2.Status) -> Dates:
    start = status.start_date_struct or v2.Day()
    primary = status.primary_completion_date_struct or v2.Day()
    completion = status.completion_date_struct or v2.Day()
    # The register also calls old posting dates estimated: those lie behind us, not ahead.
    ahead = (("start", start), ("primary_completion", primary), ("completion", completion))
    return Dates(
        start=_text(start.date),
        primary_completion=_text(primary.date),
        completion=_text(completion.date),
        first_submitted=_text(status.study_first_submit_date),
        first_posted=_text((status.study_first_post_date_struct or v2.Day()).date),
        results_first_posted=_text((status.results_first_post_date_struct or v2.Day()).date),
        last_update=_text((status.last_update_post_date_struct or v2.Day()).date),
        planned=tuple([field for field, day in ahead if _text(day.type) == "ESTIMATED"]),
    )
