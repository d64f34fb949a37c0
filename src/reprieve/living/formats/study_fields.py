"""The flat "study_fields" form of ClinicalTrials.gov's old API: every field one list.

Lists of nested levels are concatenated, so which text belongs to which arm or intervention is not
always in the data. What can be told for certain is put where it belongs. What can't goes where
nothing false is said: names of interventions among the keywords, texts behind the description.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reprieve.errors import InputError
from reprieve.living.formats import words
from reprieve.living.formats.ctgov_v2 import PAGE
from reprieve.living.formats.dates import iso_date
from reprieve.living.formats.fields import once, texts
from reprieve.living.formats.numbers import doi, own_numbers
from reprieve.living.record import (
    ArmGroup,
    Dates,
    Intervention,
    PlannedOutcome,
    Record,
    Reference,
)


def record_from_study_fields(fields: Mapping[str, Any]) -> Record:
    """Read one study of the flat form.

    Parameters
    ----------
    fields : mapping
        Names of fields (``"NCTId"``, ``"BriefTitle"`` …) to lists of text.

    Returns
    -------
    Record
        `raw` is `fields`, with the posted results where there are any.

    Raises
    ------
    InputError
        There is no NCT number, or a field is not a list of text.

    Examples
    --------
    >>> record = record_from_study_fields({
    ...     "NCTId": ["NCT02674399"], "Phase": ["Phase 1", "Phase 2"], "EnrollmentCount": ["28"],
    ...     "ArmGroupLabel": ["JointStem", "Synvisc-One"],
    ...     "ArmGroupInterventionName": ["Drug: JointStem", "Drug: Synvisc-One"],
    ...     "InterventionArmGroupLabel": ["JointStem", "Synvisc-One"]})
    >>> record.phases, record.enrollment, record.arms[1].interventions
    (('phase1', 'phase2'), 28, ('Synvisc-One',))
    """
    flat = _Flat(fields)
    nct = flat.one("NCTId")
    if not nct:
        raise InputError("field 'NCTId': expected an NCT number, found nothing")
    interventions, other_names, intervention_texts = _interventions(flat)
    arms, arm_texts = _arms(flat)
    described = (flat.one("DetailedDescription"), *arm_texts, *intervention_texts)
    return Record(
        source="clinicaltrials.gov",
        id=nct,
        kind="registration",
        ids=own_numbers(flat.several("NCTIdAlias", "OrgStudyId", "SecondaryId"), nct),
        title=flat.one("BriefTitle"),
        official_title=flat.one("OfficialTitle"),
        summary=flat.one("BriefSummary"),
        description="\n\n".join(once(described)),
        conditions=flat.all("Condition"),
        keywords=once((*flat.all("Keyword"), *other_names)),
        mesh=once(flat.several("ConditionMeshTerm", "InterventionMeshTerm")),
        interventions=interventions,
        arms=arms,
        outcomes=tuple(_outcomes(flat)),
        eligibility=flat.one("EligibilityCriteria"),
        study_type=words.study_type(flat.one("StudyType")),
        phases=once(phase for given in flat.all("Phase") for phase in words.phases(given)),
        allocation=words.allocation(flat.one("DesignAllocation")),
        intervention_model=words.model(flat.one("DesignInterventionModel")),
        purpose=words.word(flat.one("DesignPrimaryPurpose")),
        masking=words.masking(flat.one("DesignMasking")),
        who_masked=tuple(words.masked(who) for who in flat.all("DesignWhoMasked")),
        enrollment=words.enrollment(flat.number("EnrollmentCount")),
        status=words.status(flat.one("OverallStatus")),
        why_stopped=flat.one("WhyStopped"),
        dates=_dates(flat),
        sponsor=flat.one("LeadSponsorName"),
        sponsor_class=words.sponsor_class(flat.one("LeadSponsorClass")),
        countries=once(flat.all("LocationCountry")),
        authors=once(_investigators(flat)),
        references=tuple(_references(flat)),
        has_results=bool(flat.one("ResultsFirstPostDate") or flat.one("OutcomeMeasureTitle")),
        url=PAGE + nct,
        raw=fields,
    )


class _Flat:
    """The lists of one study, by name."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def all(self, name: str) -> tuple[str, ...]:
        return texts(self._fields, name)

    def several(self, *names: str) -> tuple[str, ...]:
        return tuple(item for name in names for item in self.all(name))

    def one(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    def number(self, name: str) -> int | None:
        written = self.one(name)
        if written and not (written.isascii() and written.isdigit()):
            raise InputError(f"field {name!r}: expected a whole number, found {written[:30]!r}")
        return int(written[:12]) if written else None

    def beside(self, name: str, count: int) -> tuple[str, ...]:
        """The texts of a list that goes with another of `count` items; empty ones if it can't."""
        given = self.all(name)
        return given if len(given) == count else ("",) * count

    def unplaced(self, name: str, count: int) -> tuple[str, ...]:
        """The texts of a list that can't be told to belong to one of `count` items."""
        given = self.all(name)
        return () if len(given) == count else given


def _interventions(
    flat: _Flat,
) -> tuple[tuple[Intervention, ...], tuple[str, ...], tuple[str, ...]]:
    """Interventions, then other names and descriptions that can't be told to be of one of them."""
    names = flat.all("InterventionName")
    count = len(names)
    other_names = flat.all("InterventionOtherName")
    columns = zip(
        names,
        flat.beside("InterventionType", count),
        flat.beside("InterventionDescription", count),
        strict=True,
    )
    interventions = tuple(
        Intervention(name, words.word(kind), description, other_names if count == 1 else ())
        for name, kind, description in columns
    )
    return (
        interventions,
        () if count == 1 else other_names,
        flat.unplaced("InterventionDescription", count),
    )


def _arms(flat: _Flat) -> tuple[tuple[ArmGroup, ...], tuple[str, ...]]:
    """Arms, then descriptions that can't be told to be of one of them."""
    labels = flat.all("ArmGroupLabel")
    count = len(labels)
    given = _given_to_each(
        labels, flat.all("ArmGroupInterventionName"), flat.all("InterventionArmGroupLabel")
    )
    columns = zip(
        labels,
        flat.beside("ArmGroupType", count),
        flat.beside("ArmGroupDescription", count),
        given,
        strict=True,
    )
    arms = tuple(
        ArmGroup(label, words.word(kind), description, names)
        for label, kind, description, names in columns
    )
    return arms, flat.unplaced("ArmGroupDescription", count)


def _given_to_each(
    labels: Sequence[str], given: Sequence[str], arms_named: Sequence[str]
) -> list[tuple[str, ...]]:
    """What each arm is given, from the list over arms and the one over interventions.

    `given` holds the names of interventions arm by arm, `arms_named` the labels of arms
    intervention by intervention. How often a label stands in the second list is how many names of
    the first one belong to its arm. Nothing is told where the two don't agree or labels repeat.
    """
    times = Counter(arms_named)
    agrees = len(set(labels)) == len(labels) and sum(times[arm] for arm in labels) == len(given)
    if not agrees or len(given) != len(arms_named):
        return [()] * len(labels)
    names = iter(words.without_kind(name) for name in given)
    return [tuple(next(names) for _ in range(times[label])) for label in labels]


def _outcomes(flat: _Flat) -> Iterator[PlannedOutcome]:
    for kind in ("Primary", "Secondary", "Other"):
        measures = flat.all(f"{kind}OutcomeMeasure")
        columns = zip(
            measures,
            flat.beside(f"{kind}OutcomeTimeFrame", len(measures)),
            flat.beside(f"{kind}OutcomeDescription", len(measures)),
            strict=True,
        )
        for measure, time_frame, description in columns:
            yield PlannedOutcome(measure, kind.lower(), time_frame, description)


def _references(flat: _Flat) -> Iterator[Reference]:
    """Papers; the number and kind of one are left empty where they can't be told to be its own."""
    citations = flat.all("ReferenceCitation")
    count = len(citations)
    retracted = frozenset(flat.all("RetractionPMID"))
    kinds = flat.beside("ReferenceType", count)
    for citation, pmid, kind in zip(
        citations, flat.beside("ReferencePMID", count), kinds, strict=True
    ):
        yield Reference(pmid, doi(citation), words.word(kind), citation, pmid in retracted)
    for pmid in flat.unplaced("ReferencePMID", count):
        same = set(flat.all("ReferenceType"))
        kind = words.word(same.pop()) if len(same) == 1 else ""
        yield Reference(pmid=pmid, kind=kind, retracted=pmid in retracted)


def _investigators(flat: _Flat) -> Iterator[str]:
    names = flat.all("OverallOfficialName")
    for name, role in zip(names, flat.beside("OverallOfficialRole", len(names)), strict=True):
        yield words.investigator(name, role)


def _dates(flat: _Flat) -> Dates:
    planned = tuple(
        field
        for field, name in (
            ("start", "StartDateType"),
            ("primary_completion", "PrimaryCompletionDateType"),
            ("completion", "CompletionDateType"),
        )
        if flat.one(name) in {"Anticipated", "Estimated"}
    )
    return Dates(
        start=iso_date(flat.one("StartDate")),
        primary_completion=iso_date(flat.one("PrimaryCompletionDate")),
        completion=iso_date(flat.one("CompletionDate")),
        first_submitted=iso_date(flat.one("StudyFirstSubmitDate")),
        first_posted=iso_date(flat.one("StudyFirstPostDate")),
        results_first_posted=iso_date(flat.one("ResultsFirstPostDate")),
        last_update=iso_date(flat.one("LastUpdatePostDate")),
        planned=planned,
    )
