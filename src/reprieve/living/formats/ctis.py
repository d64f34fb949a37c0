"""EU Clinical Trials Information System (CTIS): the reply of ``retrieve``, or a row of a search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reprieve.errors import InputError
from reprieve.living.formats import words
from reprieve.living.formats.dates import iso_date
from reprieve.living.formats.fields import kind_of, once, section, sections, text
from reprieve.living.formats.numbers import own_numbers
from reprieve.living.record import ArmGroup, Dates, Intervention, PlannedOutcome, Record

PAGE = "https://euclinicaltrials.eu/ctis-public/view/"

# The register's codes of public status that say all there is. The others, 2 to 5, all read
# "authorised"; what becomes of recruitment is in the periods of the member states.
_STATUS = {
    "1": "under_evaluation",
    "6": "suspended",
    "7": "suspended",
    "8": "completed",
    "9": "expired",
    "10": "revoked",
    "11": "not_authorised",
    "12": "cancelled",
}


def record_from_ctis(trial: Mapping[str, Any]) -> Record:
    """Read one trial of CTIS.

    Parameters
    ----------
    trial : mapping
        The decoded reply for one ``ctNumber``. A row of the search overview is read too; it gives
        only title, condition, sponsor, product, phase and countries.

    Returns
    -------
    Record

    Raises
    ------
    InputError
        There is no number, or a field holds another type than the register's.

    Examples
    --------
    >>> record = record_from_ctis({
    ...     "ctNumber": "2024-510663-34-00", "ctTitle": "Zanamivir in infants",
    ...     "trialPhase": "Therapeutic exploratory (Phase II)", "trialCountries": ["Spain:4"],
    ...     "lastUpdated": "15/09/2025"})
    >>> record.phases, record.countries, record.dates.last_update
    (('phase2',), ('Spain',), '2025-09-15')
    """
    number = text(trial, "ctNumber")
    if not number:
        raise InputError("field 'ctNumber': expected the number of a trial, found nothing")
    application = section(trial, "authorizedApplication")
    part_one = section(application, "authorizedPartI")
    details = section(part_one, "trialDetails")
    naming = section(details, "clinicalTrialIdentifiers")
    information = section(details, "trialInformation")
    states = sections(application, "authorizedPartsII")
    products = [
        (words.word(text(group, "productRoleName")), product)
        for group in sections(part_one, "productRoleGroupInfos")
        for product in sections(group, "products")
    ]
    sponsor = _lead_sponsor(part_one)
    return Record(
        source="ctis",
        id=number,
        kind="registration",
        ids=_other_numbers(number, application, naming),
        title=text(naming, "publicTitle") or text(trial, "ctTitle"),
        official_title=text(naming, "fullTitle"),
        summary=text(section(information, "trialObjective"), "mainObjective"),
        conditions=_conditions(information) or once((text(trial, "conditions"),)),
        interventions=tuple(_interventions(products)) or _overview_product(trial),
        arms=tuple(_arms(details)),
        outcomes=tuple(_outcomes(section(information, "endPoint"))),
        eligibility=_eligibility(section(information, "eligibilityCriteria")),
        study_type="interventional",
        phases=words.phases(text(trial, "trialPhase")),
        allocation=_allocation(details),
        enrollment=_enrollment(trial),
        status=_status(trial, states),
        dates=_dates(trial, section(information, "trialDuration")),
        sponsor=text(section(sponsor, "organisation"), "name") or text(trial, "sponsor"),
        sponsor_class=_sponsor_class(sponsor),
        countries=_countries(trial),
        has_results=bool(section(trial, "results")),
        url=PAGE + number,
        raw=trial,
    )


def _other_numbers(
    number: str, application: Mapping[str, Any], naming: Mapping[str, Any]
) -> tuple[str, ...]:
    secondary = section(naming, "secondaryIdentifyingNumbers")
    written = [text(section(secondary, key), "number") for key in ("nctNumber", "isrctnNumber")]
    written += [text(item, "number") for item in sections(secondary, "additionalRegistries")]
    written.append(text(section(application, "eudraCt"), "eudraCtCode"))
    return own_numbers(written, number[:14])


def _conditions(information: Mapping[str, Any]) -> tuple[str, ...]:
    module = section(information, "medicalCondition")
    return once(
        text(item, "medicalCondition") for item in sections(module, "partIMedicalConditions")
    )


def _interventions(products: list[tuple[str, Mapping[str, Any]]]) -> Iterator[Intervention]:
    for _, product in products:
        dictionary = section(product, "productDictionaryInfo")
        name = text(product, "productName") or text(dictionary, "prodName")
        other = (text(dictionary, "activeSubstanceName"), text(product, "jsonActiveSubstanceNames"))
        kind = "biological" if text(dictionary, "advancedTherapyClass") else "drug"
        described = once((text(dictionary, "pharmForm"), *_routes(product)))
        yield Intervention(name, kind, "; ".join(described), once(other))


def _routes(product: Mapping[str, Any]) -> list[str]:
    routes = product.get("routes")
    return [route for route in routes if isinstance(route, str)] if isinstance(routes, list) else []


def _overview_product(trial: Mapping[str, Any]) -> tuple[Intervention, ...]:
    product = text(trial, "product")
    return (Intervention(product, "drug"),) if product else ()


def _periods(details: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return sections(
        section(section(details, "protocolInformation"), "studyDesign"), "periodDetails"
    )


def _arms(details: Mapping[str, Any]) -> Iterator[ArmGroup]:
    for period in _periods(details):
        for arm in sections(period, "armDetails"):
            yield ArmGroup(text(arm, "title"), "", text(arm, "description"))


def _allocation(details: Mapping[str, Any]) -> str:
    names = {text(period, "allocationMethod").lower() for period in _periods(details)}
    return "randomized" if names & {"1", "randomised controlled", "randomised"} else ""


def _outcomes(module: Mapping[str, Any]) -> Iterator[PlannedOutcome]:
    for kind in ("primary", "secondary"):
        for item in sections(module, f"{kind}EndPoints"):
            yield PlannedOutcome(text(item, "endPoint"), kind)


def _eligibility(module: Mapping[str, Any]) -> str:
    parts = []
    for heading, key in (
        ("Inclusion Criteria", "principalInclusionCriteria"),
        ("Exclusion Criteria", "principalExclusionCriteria"),
    ):
        criteria = [text(item, key) for item in sections(module, key)]
        if criteria:
            parts.append("\n\n".join([f"{heading}:", *criteria]))
    return "\n\n".join(parts)


def _enrollment(trial: Mapping[str, Any]) -> int | None:
    written = text(trial, "totalNumberEnrolled")
    if not written:
        return None
    if not (written.isascii() and written.isdigit()):
        raise InputError(
            f"field 'totalNumberEnrolled': expected a whole number, found {kind_of(written)}"
        )
    return words.enrollment(int(written[:12]))


def _status(trial: Mapping[str, Any], states: list[Mapping[str, Any]]) -> str:
    code = text(trial, "ctPublicStatusCode") or text(trial, "ctStatus")
    if code in _STATUS:
        return _STATUS[code]
    if code not in {"2", "3", "4", "5"}:
        return words.status(code)
    if not states:
        return "authorised"
    countries = [section(state, "mscInfo") for state in states]
    recruiting = [section(country, "activeTrialRecruitmentPeriod") for country in countries]
    started = [period for period in recruiting if text(period, "recruitmentStartDate")]
    if any(not text(period, "recruitmentEndDate") for period in started):
        return "recruiting"
    return "active_not_recruiting" if started else "not_yet_recruiting"


def _dates(trial: Mapping[str, Any], duration: Mapping[str, Any]) -> Dates:
    started, ended = iso_date(text(trial, "startDateEU")), iso_date(text(trial, "endDateEU"))
    planned = [name for name, actual in (("start", started), ("completion", ended)) if not actual]
    return Dates(
        start=started or iso_date(text(duration, "estimatedRecruitmentStartDate")),
        completion=ended or iso_date(text(duration, "estimatedEndDate")),
        first_posted=iso_date(text(trial, "decisionDateOverall")),
        last_update=iso_date(text(trial, "lastUpdated") or text(trial, "publishDate")),
        planned=tuple(planned),
    )


def _lead_sponsor(part_one: Mapping[str, Any]) -> Mapping[str, Any]:
    sponsors = sections(part_one, "sponsors")
    lead = [sponsor for sponsor in sponsors if sponsor.get("primary") is True]
    return next(iter(lead or sponsors), {})


def _sponsor_class(sponsor: Mapping[str, Any]) -> str:
    commercial = sponsor.get("isCommercial")
    if commercial is None:
        return ""
    return "INDUSTRY" if commercial is True else "OTHER"


def _countries(trial: Mapping[str, Any]) -> tuple[str, ...]:
    listed = trial.get("trialCountries")
    if isinstance(listed, list):
        return once(name.split(":", 1)[0] for name in listed if isinstance(name, str))
    application = section(trial, "authorizedApplication")
    return once(text(state, "mscName") for state in sections(application, "memberStatesConcerned"))
