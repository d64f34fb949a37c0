"""ISRCTN registry: its API's XML, and the same record as JSON.

The register has no field for recruitment status: it is left empty unless the register itself has
written one. Results are only cited, never given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from reprieve.errors import InputError
from reprieve.living.formats import words
from reprieve.living.formats.dates import iso_date
from reprieve.living.formats.fields import NOTHING, kind_of, once, section, text
from reprieve.living.formats.numbers import doi, own_numbers
from reprieve.living.record import Dates, Intervention, PlannedOutcome, Record, Reference

PAGE = "https://www.isrctn.com/"
_PUBMED = re.compile(r"pubmed(?:\.ncbi\.nlm\.nih\.gov)?/(\d{4,9})")
_MODELS = ("parallel", "crossover", "cross-over", "single group", "factorial", "cluster")


def record_from_isrctn(trial: Mapping[str, Any]) -> Record:
    """Read one trial of the ISRCTN registry.

    Parameters
    ----------
    trial : mapping
        The ``trial`` element as nested mappings without attributes; beside its parts, where they
        are known, the ``sponsor`` and ``contact`` of its ``fullTrial``, and the attributes
        ``@dateAssigned`` and ``@lastUpdated``.

    Returns
    -------
    Record

    Raises
    ------
    InputError
        There is no ISRCTN number, or a field holds another type than the register's.

    Examples
    --------
    >>> record = record_from_isrctn({
    ...     "isrctn": "88261002", "trialDescription": {"title": "ELFIN"},
    ...     "externalRefs": {"eudraCTNumber": "2012-004260-22"},
    ...     "participants": {"targetEnrolment": "2200"}})
    >>> record.id, record.ids, record.enrollment
    ('ISRCTN88261002', ('EudraCT 2012-004260-22',), 2200)
    """
    digits = text(trial, "isrctn").upper().removeprefix("ISRCTN")
    if not digits:
        raise InputError("field 'isrctn': expected an ISRCTN number, found nothing")
    number = f"ISRCTN{digits}"
    describing = section(trial, "trialDescription")
    references = _object(trial, "externalRefs")
    design = section(trial, "trialDesign")
    people = section(trial, "participants")
    results = _object(trial, "results")
    secondary = tuple(_texts(_object(references, "secondaryNumbers"), "secondaryNumber"))
    named = ("eudraCTNumber", "clinicalTrialsGovNumber", "protocolSerialNumber", "ctisNumber")
    design_text = text(design, "studyDesign")
    treatments = list(_objects(_object(trial, "interventions"), "intervention"))
    conditions = list(_objects(_object(trial, "conditions"), "condition"))
    return Record(
        source="isrctn",
        id=number,
        kind="registration",
        ids=own_numbers((*(text(references, key) for key in named), *secondary), number),
        title=text(describing, "title"),
        official_title=text(describing, "scientificTitle"),
        summary=text(describing, "plainEnglishSummary"),
        description=text(describing, "studyHypothesis"),
        conditions=once(text(item, "description") for item in conditions),
        keywords=once(
            text(item, key) for item in conditions for key in ("diseaseClass1", "diseaseClass2")
        ),
        interventions=tuple(_interventions(treatments)),
        outcomes=tuple(_outcomes(describing)),
        eligibility=_eligibility(people),
        study_type=words.study_type(text(design, "primaryStudyDesign")),
        phases=once(phase for item in treatments for phase in words.phases(text(item, "phase"))),
        allocation=_allocation(f"{design_text} {text(design, 'secondaryStudyDesign')}"),
        intervention_model=_model(design_text),
        purpose=words.word(next(iter(_texts(_object(design, "trialTypes"), "trialType")), "")),
        enrollment=words.enrollment(_count(people)),
        status=words.status(text(people, "recruitmentStatusOverride")),
        dates=Dates(
            start=iso_date(text(people, "recruitmentStart")),
            completion=iso_date(text(design, "overallEndDate")),
            first_submitted=iso_date(text(trial, "@dateAssigned")),
            last_update=iso_date(text(trial, "@lastUpdated")),
        ),
        sponsor=text(next(_objects(trial, "sponsor"), NOTHING), "organisation"),
        countries=once(_texts(_object(people, "recruitmentCountries"), "country")),
        authors=once(_contact(person) for person in _objects(trial, "contact")),
        references=tuple(_references(text(results, "publicationDetails"), trial)),
        url=PAGE + number,
        raw=trial,
    )


def _object(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object that the register's XML leaves as empty text where it has no content."""
    return NOTHING if holder.get(key) == "" else section(holder, key)


def _objects(holder: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    """Objects of which the XML repeats the element: one stands alone, several in a list."""
    value = holder.get(key)
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            yield item
        elif item not in (None, ""):
            raise InputError(f"field {key!r}: expected an object, found {kind_of(item)}")


def _texts(holder: Mapping[str, Any], key: str) -> Iterator[str]:
    value = holder.get(key)
    for item in value if isinstance(value, list) else [value]:
        yield text({key: item}, key)


def _count(people: Mapping[str, Any]) -> int | None:
    """People recruited where the register says so, else planned."""
    for key in ("totalFinalEnrolment", "totalTarget", "targetEnrolment"):
        digits = text(people, key).replace(",", "")
        if digits.isascii() and digits.isdigit() and int(digits[:12]) > 0:
            return int(digits[:12])
    return None


def _interventions(treatments: list[Mapping[str, Any]]) -> Iterator[Intervention]:
    for item in treatments:
        kind = words.word(text(item, "interventionType"))
        described = text(item, "description")
        name = text(item, "drugNames")
        if name or described:
            yield Intervention(name, kind, described)


def _outcomes(describing: Mapping[str, Any]) -> Iterator[PlannedOutcome]:
    for kind in ("primary", "secondary"):
        measure = text(describing, f"{kind}Outcome")
        if measure:
            yield PlannedOutcome(measure, kind)


def _eligibility(people: Mapping[str, Any]) -> str:
    parts = (
        ("Inclusion Criteria", text(people, "inclusion")),
        ("Exclusion Criteria", text(people, "exclusion")),
    )
    return "\n\n".join(f"{heading}:\n\n{given}" for heading, given in parts if given)


def _allocation(design: str) -> str:
    plain = design.lower().replace("-", "").replace("randomiz", "randomis")
    if "nonrandomis" in plain or "non randomis" in plain:
        return "non-randomized"
    return "randomized" if "randomis" in plain else ""


def _model(design: str) -> str:
    plain = design.lower()
    found = next((name for name in _MODELS if name in plain), "")
    return found.replace("cross-over", "crossover")


def _contact(person: Mapping[str, Any]) -> str:
    return f"{text(person, 'surname')} {text(person, 'forename')[:1]}".strip()


def _references(details: str, trial: Mapping[str, Any]) -> Iterator[Reference]:
    links = [text(item, "externalLink") for item in _objects(_object(trial, "outputs"), "output")]
    seen = set()
    for written in (*details.splitlines(), *links):
        found = _PUBMED.search(written)
        pmid, number = (found[1] if found else ""), doi(written)
        if (pmid or number) and (pmid, number) not in seen:
            seen.add((pmid, number))
            kind = "result" if "result" in written.lower() else ""
            yield Reference(pmid, number, kind, written.strip())
