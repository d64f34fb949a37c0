"""Posted results of a trial, whatever form of the register they came in.

The three forms (nested JSON, the old XML, the old flat lists) are read into this one shape; what
becomes of a number is decided from it alone. Numbers stay the text that was posted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reprieve.living.account import LeftOut

PARTICIPANTS = "participants"


@dataclass(frozen=True, slots=True)
class Group:
    """A group of people, by the name that one part of the record gives it.

    Attributes
    ----------
    id : str
        Its number in that part of the record only: ``"OG000"``, ``"P1"``. The parts number their
        groups independently; groups of two parts are the same where their titles say so.
    title, description : str
    """

    id: str
    title: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One posted value with its spread, as text; empty where nothing was posted."""

    group: str
    value: str
    spread: str = ""
    lower: str = ""
    upper: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table of a measure: a class (often a time) and a category of it.

    Attributes
    ----------
    class_title, category_title : str
        Empty where the table has no such title.
    measurements : tuple of Measurement
        At most one a group.
    people : mapping
        Group to the number of people analysed in this line, where it is posted for the line;
        that of the measure holds otherwise.
    """

    class_title: str
    category_title: str
    measurements: tuple[Measurement, ...]
    people: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Both titles together."""
        return " · ".join(filter(None, (self.class_title, self.category_title)))


@dataclass(frozen=True, slots=True)
class Analysis:
    """A comparison that was posted with a measure."""

    groups: tuple[str, ...]
    parameter: str = ""
    value: str = ""
    dispersion: str = ""
    spread: str = ""
    percent: str = ""
    sides: str = ""
    lower: str = ""
    upper: str = ""
    p: str = ""
    method: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """One outcome measure or one baseline measure.

    Attributes
    ----------
    number : int
        Its place among the outcomes or baseline measures of the record, from 1.
    title, description, time_frame, unit : str
    parameter : str
        What the values are, in small letters: ``"mean"``, ``"median"``, ``"least squares mean"``,
        ``"number"``, ``"count of participants"`` …
    dispersion : str
        What the spread is, in the words of the record.
    counted : str
        What `people` counts, in small letters; nearly always ``"participants"``.
    groups : tuple of Group
    people : mapping
        Group to the number analysed.
    lines : tuple of Line
        Empty where the results of the measure have not been posted.
    analyses : tuple of Analysis
    """

    number: int
    title: str
    description: str = ""
    time_frame: str = ""
    unit: str = ""
    parameter: str = ""
    dispersion: str = ""
    counted: str = PARTICIPANTS
    groups: tuple[Group, ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    analyses: tuple[Analysis, ...] = ()

    @property
    def cells(self) -> int:
        """How many values it holds."""
        return sum(len(line.measurements) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Affected:
    """People with something, of people at risk of it; as text."""

    affected: str
    at_risk: str


@dataclass(frozen=True, slots=True)
class EventTerm:
    """One adverse event, with how many people had it by group."""

    term: str
    serious: bool
    counts: Mapping[str, Affected] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AdverseEvents:
    """The adverse events of the record.

    Attributes
    ----------
    groups : tuple of Group
    threshold : str
        In percent; only non-serious terms that more people had are listed.
    time_frame, description : str
    deaths, serious, other : mapping
        Group to the people with at least one.
    terms : tuple of EventTerm
    """

    groups: tuple[Group, ...] = ()
    threshold: str = ""
    time_frame: str = ""
    description: str = ""
    deaths: Mapping[str, Affected] = field(default_factory=dict)
    serious: Mapping[str, Affected] = field(default_factory=dict)
    other: Mapping[str, Affected] = field(default_factory=dict)
    terms: tuple[EventTerm, ...] = ()

    @property
    def cells(self) -> int:
        """How many counts it holds."""
        totals = (self.deaths, self.serious, self.other)
        return sum(map(len, totals)) + sum(len(term.counts) for term in self.terms)


@dataclass(frozen=True, slots=True)
class Counts:
    """One milestone, or one reason for leaving, with the people of each group."""

    title: str
    people: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Period:
    """One period of the participant flow."""

    title: str
    milestones: tuple[Counts, ...]
    reasons: tuple[Counts, ...] = ()

    @property
    def cells(self) -> int:
        """How many counts it holds."""
        return sum(len(found.people) for found in (*self.milestones, *self.reasons))


@dataclass(frozen=True, slots=True)
class PostedResults:
    """All posted results of one record.

    Attributes
    ----------
    flow_groups : tuple of Group
    periods : tuple of Period
    baseline, outcomes : tuple of Measure
    events : AdverseEvents
    lost : tuple of LeftOut
        What the form of the record did not let one put in its place.
    lost_cells : int
        How many values that was.
    """

    flow_groups: tuple[Group, ...] = ()
    periods: tuple[Period, ...] = ()
    baseline: tuple[Measure, ...] = ()
    outcomes: tuple[Measure, ...] = ()
    events: AdverseEvents = field(default_factory=AdverseEvents)
    lost: tuple[LeftOut, ...] = ()
    lost_cells: int = 0

    @property
    def cells(self) -> int:
        """How many values, counts and comparisons the record holds."""
        measures = (*self.baseline, *self.outcomes)
        return (
            self.lost_cells
            + sum(measure.cells + len(measure.analyses) for measure in measures)
            + self.events.cells
            + sum(period.cells for period in self.periods)
        )
