"""What of a study of the ClinicalTrials.gov API v2 is read, declared once.

Decoding to these types checks them and passes over all other fields, so that posted results, nine
tenths of a long record, are not built only to be thrown away. Fields may be left out or null.
"""

from __future__ import annotations

import msgspec

Text = str | int | None
"""Registers write identifiers as text or as whole numbers."""

Texts = list[str | None] | None


class _Part(msgspec.Struct, rename="camel", gc=False):
    """An object in a study; its fields are those of the API, which writes them in camel case."""


class Passed(_Part):
    """An object whose fields are not read."""


class Numbered(_Part):
    """A number that a sponsor or another register gave."""

    id: Text = None


class Identification(_Part):
    """How the study is called."""

    nct_id: Text = None
    nct_id_aliases: Texts = None
    org_study_id_info: Numbered | None = None
    secondary_id_infos: list[Numbered | None] | None = None
    brief_title: Text = None
    official_title: Text = None


class Day(_Part):
    """A date, and whether it is an estimate."""

    date: Text = None
    type: Text = None


class Status(_Part):
    """How far the study is."""

    overall_status: Text = None
    why_stopped: Text = None
    study_first_submit_date: Text = None
    start_date_struct: Day | None = None
    primary_completion_date_struct: Day | None = None
    completion_date_struct: Day | None = None
    study_first_post_date_struct: Day | None = None
    results_first_post_date_struct: Day | None = None
    last_update_post_date_struct: Day | None = None


class Sponsor(_Part):
    """Who is responsible."""

    name: Text = None
    kind: Text = msgspec.field(default=None, name="class")


class Sponsors(_Part):
    """Who is responsible, and with whom."""

    lead_sponsor: Sponsor | None = None


class Description(_Part):
    """What the study is, in short and at length."""

    brief_summary: Text = None
    detailed_description: Text = None


class Conditions(_Part):
    """What people have."""

    conditions: Texts = None
    keywords: Texts = None


class Masking(_Part):
    """Who does not know who is given what."""

    masking: Text = None
    who_masked: Texts = None


class DesignInfo(_Part):
    """How people come to their arms."""

    allocation: Text = None
    intervention_model: Text = None
    primary_purpose: Text = None
    masking_info: Masking | None = None


class Enrollment(_Part):
    """How many people."""

    count: int | None = None


class Design(_Part):
    """What kind of study it is."""

    study_type: Text = None
    phases: Texts = None
    design_info: DesignInfo | None = None
    enrollment_info: Enrollment | None = None


class Arm(_Part):
    """One arm."""

    label: Text = None
    type: Text = None
    description: Text = None
    intervention_names: Texts = None


class Given(_Part):
    """What people of some arms are given."""

    name: Text = None
    type: Text = None
    description: Text = None
    other_names: Texts = None


class Arms(_Part):
    """The arms, and what is given."""

    arm_groups: list[Arm | None] | None = None
    interventions: list[Given | None] | None = None


class Outcome(_Part):
    """What is measured, and when."""

    measure: Text = None
    time_frame: Text = None
    description: Text = None


class Outcomes(_Part):
    """All that is measured."""

    primary_outcomes: list[Outcome | None] | None = None
    secondary_outcomes: list[Outcome | None] | None = None
    other_outcomes: list[Outcome | None] | None = None


class Eligibility(_Part):
    """Who can take part."""

    eligibility_criteria: Text = None


class Place(_Part):
    """Where people are treated."""

    country: Text = None


class Official(_Part):
    """Who leads the study."""

    name: Text = None
    role: Text = None


class Places(_Part):
    """Where people are treated, and by whom."""

    locations: list[Place | None] | None = None
    overall_officials: list[Official | None] | None = None


class Cited(_Part):
    """A paper."""

    pmid: Text = None
    type: Text = None
    citation: Text = None
    retractions: list[Passed | None] | None = None


class References(_Part):
    """The papers that belong to the study."""

    references: list[Cited | None] | None = None


class Term(_Part):
    """A term of MeSH."""

    term: Text = None


class Terms(_Part):
    """Terms of MeSH."""

    meshes: list[Term | None] | None = None


class Protocol(_Part):
    """What was registered."""

    identification_module: Identification | None = None
    status_module: Status | None = None
    sponsor_collaborators_module: Sponsors | None = None
    description_module: Description | None = None
    conditions_module: Conditions | None = None
    design_module: Design | None = None
    arms_interventions_module: Arms | None = None
    outcomes_module: Outcomes | None = None
    eligibility_module: Eligibility | None = None
    contacts_locations_module: Places | None = None
    references_module: References | None = None


class Derived(_Part):
    """What the register itself adds."""

    condition_browse_module: Terms | None = None
    intervention_browse_module: Terms | None = None


class Study(_Part):
    """One study."""

    protocol_section: Protocol | None = None
    derived_section: Derived | None = None
    results_section: dict[str, Passed | None] | None = None
    has_results: bool | None = None
