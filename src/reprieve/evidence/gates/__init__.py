"""The gates that evidence passes before it is used; each finds one kind of fault.

A gate takes evidence and gives the faults it found. Those in `WITHIN` look at one table at a
time; those in `BETWEEN` also need others, and are left out where one of these could not be read.
"""

from __future__ import annotations

from collections.abc import Callable

from reprieve.evidence.faults import Fault
from reprieve.evidence.gates import (
    allowed,
    coherence,
    hygiene,
    keys,
    numbers,
    sources,
    suspicion,
)
from reprieve.evidence.records import Evidence

Gate = Callable[[Evidence], list[Fault]]

WITHIN: tuple[Gate, ...] = (
    allowed.required_cells,
    allowed.schema_words,
    allowed.vocabulary_words,
    allowed.countries,
    keys.unique_ids,
    keys.two_different_arms,
    keys.repeated_rows,
    keys.one_count_an_event,
    sources.identifiers,
    sources.shared_identifiers,
    sources.registrations,
    sources.years,
    numbers.ranges,
    numbers.people_have_read,
    numbers.events_within_people,
    numbers.scales,
    numbers.inside_scale,
    numbers.spread,
    numbers.in_order,
    numbers.ratios,
    numbers.months,
    coherence.baselines,
    coherence.directions,
    coherence.one_scale,
    coherence.intervals,
    suspicion.grim,
    suspicion.error_as_deviation,
    hygiene.unsafe_text,
    hygiene.addresses,
)
"""Gates that look at one table at a time."""

BETWEEN: tuple[tuple[Gate, tuple[str, ...]], ...] = (
    (keys.known_studies, ("studies",)),
    (keys.known_arms, ("studies", "arms")),
    (coherence.people_analysed, ("studies", "arms", "cautions")),
    (coherence.people_randomised, ("studies", "arms")),
    (coherence.follow_up, ("studies",)),
    (suspicion.copies, ("studies",)),
)
"""Gates that look from one table into others, with the tables they look into."""
