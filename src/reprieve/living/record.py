"""One record of a register or of the literature, whatever it came as.

Every format is read into this shape; recognising, joining into trial threads, and screening know
no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

RecordKind = Literal["registration", "paper"]
ReferenceKind = Literal["result", "derived", "background"]


@dataclass(frozen=True, slots=True)
class Intervention:
    """Something that the people of one or more arms are given.

    Attributes
    ----------
    name : str
    kind : str
        As registered: ``"biological"``, ``"drug"``, ``"procedure"`` … in lower case, or empty.
    description : str
    other_names : tuple of str
    """

    name: str
    kind: str = ""
    description: str = ""
    other_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArmGroup:
    """One arm as registered.

    Attributes
    ----------
    label : str
    kind : str
        ``"experimental"``, ``"active comparator"``, ``"placebo comparator"``,
        ``"sham comparator"``, ``"no intervention"``, ``"other"``, or empty.
    description : str
    interventions : tuple of str
        Names of what the arm is given, without the kind before the colon.
    """

    label: str
    kind: str = ""
    description: str = ""
    interventions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedOutcome:
    """An outcome as registered.

    Attributes
    ----------
    measure : str
    kind : str
        ``"primary"``, ``"secondary"`` or ``"other"``.
    time_frame : str
    description : str
    """

    measure: str
    kind: str = "primary"
    time_frame: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A paper that a record names.

    Attributes
    ----------
    pmid, doi : str
        Empty where the record gives none.
    kind : str
        ``"result"``, ``"derived"``, ``"background"``, or empty.
    citation : str
    retracted : bool
    """

    pmid: str = ""
    doi: str = ""
    kind: str = ""
    citation: str = ""
    retracted: bool = False


@dataclass(frozen=True, slots=True)
class Dates:
    """Dates of a record, ISO 8601 as exact as the source gives them; empty where it gives none.

    ``"2019-04"`` is a month without a day. `planned` names the fields whose date was still an
    estimate when the record was read.
    """

    start: str = ""
    primary_completion: str = ""
    completion: str = ""
    first_submitted: str = ""
    first_posted: str = ""
    results_first_posted: str = ""
    last_update: str = ""
    published: str = ""
    planned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One registration or one paper.

    Attributes
    ----------
    source : str
        Where it was read: ``"clinicaltrials.gov"``, ``"pubmed"``, ``"europepmc"``, ``"isrctn"``,
        ``"ctis"``, or ``"file"`` for references without a home (RIS, nbib, BibTeX, CSV).
    id : str
        Its number there, as people write it: ``"NCT02674399"``, ``"22663011"`` (PubMed),
        ``"ISRCTN88261002"``, ``"2024-510663-34-00"``, a DOI, or what the file calls it.
    kind : {"registration", "paper"}
    ids : tuple of str
        Every other number that this record says is its own or its trial's: ``"NCT…"``,
        ``"ISRCTN…"``, ``"EudraCT 2013-…"``, ``"pmid:…"``, ``"doi:…"``, ``"pmcid:PMC…"``.
    title, official_title : str
    summary : str
        Brief summary, or the abstract of a paper.
    description : str
        Detailed description.
    conditions, keywords, mesh : tuple of str
        `mesh` holds terms (``"Osteoarthritis, Knee"``), of conditions and interventions together.
    interventions : tuple of Intervention
    arms : tuple of ArmGroup
    outcomes : tuple of PlannedOutcome
    eligibility : str
    study_type : str
        ``"interventional"``, ``"observational"``, ``"expanded access"``, or empty.
    phases : tuple of str
        ``"phase1"``, ``"phase2"`` … ``"early_phase1"``; empty where none is stated or it is N/A.
    allocation, intervention_model, purpose, masking : str
        In lower case as registered: ``"randomized"``, ``"non-randomized"``; ``"parallel"``,
        ``"single group"``, ``"crossover"``; ``"treatment"``; ``"none"``, ``"single"``,
        ``"double"``, ``"triple"``, ``"quadruple"``.
    who_masked : tuple of str
        ``"participant"``, ``"care provider"``, ``"investigator"``, ``"outcomes assessor"``.
    enrollment : int or None
        People, planned or actual; None where unknown (99999999 means that).
    status : str
        In lower case with underscores: ``"recruiting"``, ``"completed"``, ``"unknown"`` …
    why_stopped : str
    dates : Dates
    sponsor, sponsor_class : str
    countries : tuple of str
        As the source names them.
    authors : tuple of str
        ``"Vega A"``: family name, then initials where the source gives them.
    journal, year : str, int or None
    publication_types : tuple of str
        ``"Randomized Controlled Trial"``, ``"Review"`` … as the source names them.
    references : tuple of Reference
    retracted : bool
        A paper that has been retracted.
    has_results : bool
        A registration with posted results.
    url : str
        The page that people would open.
    raw : mapping
        The record as it came, decoded; empty where it came as flat text. Reading posted results
        starts from here.
    """

    source: str
    id: str
    kind: RecordKind
    ids: tuple[str, ...] = ()
    title: str = ""
    official_title: str = ""
    summary: str = ""
    description: str = ""
    conditions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    mesh: tuple[str, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    arms: tuple[ArmGroup, ...] = ()
    outcomes: tuple[PlannedOutcome, ...] = ()
    eligibility: str = ""
    study_type: str = ""
    phases: tuple[str, ...] = ()
    allocation: str = ""
    intervention_model: str = ""
    purpose: str = ""
    masking: str = ""
    who_masked: tuple[str, ...] = ()
    enrollment: int | None = None
    status: str = ""
    why_stopped: str = ""
    dates: Dates = Dates()
    sponsor: str = ""
    sponsor_class: str = ""
    countries: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    journal: str = ""
    year: int | None = None
    publication_types: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    retracted: bool = False
    has_results: bool = False
    url: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
