"""The vocabulary: which words the evidence may use, and what they mean.

The words are data (the CSV files of ``vocabulary_data``, read by
:mod:`reprieve.evidence.words`); here they are looked up. Treatments form a network of groups:
"bone-marrow mesenchymal stem cells" belongs both to the bone-marrow products and to the cultured
mesenchymal cells, and both belong to cell therapy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Protocol, TypeVar

from reprieve.errors import UnknownWordError, nearest_words
from reprieve.evidence.schema import CATEGORIES, DOMAINS
from reprieve.evidence.words import (
    CellProduct,
    Condition,
    Event,
    Instrument,
    Mcid,
    Threshold,
    Treatment,
    read_cell_products,
    read_conditions,
    read_events,
    read_instruments,
    read_mcids,
    read_thresholds,
    read_treatments,
    read_words,
)

__all__ = [
    "CellProduct",
    "Condition",
    "Event",
    "Instrument",
    "Mcid",
    "Threshold",
    "Treatment",
    "ancestors",
    "cell_products",
    "condition",
    "conditions",
    "descendants",
    "event",
    "events",
    "instrument",
    "instruments",
    "mcids",
    "threshold",
    "treatment",
    "treatment_class",
    "treatments",
    "word",
]


class _Named(Protocol):
    @property
    def code(self) -> str: ...

    @property
    def name(self) -> str: ...


_Entry = TypeVar("_Entry", bound=_Named)


@cache
def conditions() -> Mapping[str, Condition]:
    """All conditions by code.

    Examples
    --------
    >>> len(conditions())
    16
    """
    return MappingProxyType({entry.code: entry for entry in read_conditions()})


@cache
def treatments() -> Mapping[str, Treatment]:
    """All treatments and groups of treatments by code, every group before its members.

    Examples
    --------
    >>> [code for code, entry in treatments().items() if not entry.parents]
    ['cell_therapy', 'traditional', 'injection', 'placebo', 'usual_care', 'no_treatment', 'other']
    """
    return MappingProxyType({entry.code: entry for entry in read_treatments()})


@cache
def instruments() -> Mapping[tuple[str, str], Instrument]:
    """All instruments by domain and name, the preferred ones of a domain first.

    Pain follows the list that Juhl et al. (2012, Arthritis 2012:136245) made of what responds
    best in trials of knee osteoarthritis; inside one of its levels the instrument that more
    trials of the evidence use goes first, then the alphabet. For the other domains
    ``priority_source`` names the rule.

    Examples
    --------
    >>> next(iter(instruments()))
    ('pain', 'WOMAC pain')
    """
    return MappingProxyType({(entry.domain, entry.name): entry for entry in read_instruments()})


@cache
def events() -> Mapping[str, Event]:
    """All events by code.

    Examples
    --------
    >>> events()["responder_50"].better
    'more'
    """
    return MappingProxyType({entry.code: entry for entry in read_events()})


@cache
def cell_products() -> tuple[CellProduct, ...]:
    """The combinations of treatment, source, donor and processing that the evidence holds.

    Examples
    --------
    >>> [p.donor for p in cell_products() if p.treatment == "bm_msc"]
    ['allogeneic', 'autologous']
    """
    return read_cell_products()


@cache
def mcids() -> tuple[Mcid, ...]:
    """The published thresholds of importance.

    Examples
    --------
    >>> [m.points for m in mcids() if m.instrument == "VAS" and m.unit == "cm"]
    [17.5]
    """
    return read_mcids()


def condition(code: str) -> Condition:
    """The condition with a code.

    Raises
    ------
    UnknownWordError
        If there is none; the message names the nearest codes, also for a plain name.

    Examples
    --------
    >>> condition("tendinopathy").family
    'musculoskeletal'
    >>> condition("knee osteoarthritis")
    Traceback (most recent call last):
    reprieve.errors.UnknownWordError: unknown condition 'knee osteoarthritis'; did you mean
    'knee_osteoarthritis'?
    """
    return _entry("condition", code, conditions())


def treatment(code: str) -> Treatment:
    """The treatment, or group of treatments, with a code.

    Raises
    ------
    UnknownWordError
        If there is none; the message names the nearest codes, also for a plain name.

    Examples
    --------
    >>> treatment("bm_msc").parents
    ('bone_marrow_cells', 'msc')
    >>> treatment("platelet-rich plasma")
    Traceback (most recent call last):
    reprieve.errors.UnknownWordError: unknown treatment 'platelet-rich plasma'; known words: prp
    """
    return _entry("treatment", code, treatments())


def instrument(domain: str, name: str) -> Instrument:
    """The instrument of a domain with a name.

    Raises
    ------
    UnknownWordError
        If the domain is unknown or has no such instrument; the message names the nearest.

    Examples
    --------
    >>> instrument("function", "ODI").score_max
    100.0
    """
    _check_domain(domain)
    if (domain, name) not in instruments():
        known = [known for (its_domain, known) in instruments() if its_domain == domain]
        raise UnknownWordError(f"{domain} instrument", name, known)
    return instruments()[domain, name]


def event(code: str) -> Event:
    """The event with a code.

    Raises
    ------
    UnknownWordError
        If there is none; the message names the nearest codes, also for a plain name.

    Examples
    --------
    >>> event("infection").kind
    'harm'
    """
    return _entry("event", code, events())


@cache
def ancestors(code: str) -> frozenset[str]:
    """A treatment and every group above it.

    Examples
    --------
    >>> sorted(ancestors("tens"))
    ['physical_therapy', 'physical_therapy_modalities', 'tens', 'traditional']
    """
    above = (ancestors(parent) for parent in treatment(code).parents)
    return frozenset({code}).union(*above)


@cache
def descendants(code: str) -> frozenset[str]:
    """A treatment and everything below it.

    Examples
    --------
    >>> sorted(descendants("shockwave_therapy"))
    ['eswt', 'shockwave_therapy']
    >>> "bm_msc" in descendants("cell_therapy")
    True
    """
    below = (descendants(child) for child in _children().get(treatment(code).code, ()))
    return frozenset({code}).union(*below)


@cache
def treatment_class(code: str) -> str:
    """The class that a treatment belongs to: the nearest one on the way up.

    Sham treatments are of class ``sham``, although they stand below ``placebo`` too.
    ``traditional`` spans four classes and is returned as it is.

    Examples
    --------
    >>> treatment_class("mfat"), treatment_class("sham_laser"), treatment_class("hyaluronic_acid")
    ('cell_therapy', 'sham', 'injection')
    """
    entry = treatment(code)
    if code in CATEGORIES or not entry.parents:
        return code
    return treatment_class(entry.parents[0])


def threshold(condition: str, domain: str) -> Threshold:
    """The difference that answers treat as important, in points of a 0–100 scale.

    Parameters
    ----------
    condition, domain : str
        Codes of the vocabulary.

    Returns
    -------
    Threshold
        Its ``points`` are None, with a reason, where no published threshold fits.

    Raises
    ------
    UnknownWordError
        If the condition or the domain is unknown.

    Examples
    --------
    >>> threshold("knee_osteoarthritis", "pain").points
    17.5
    >>> threshold("trigeminal_neuralgia", "structure").reason
    'no threshold found'
    """
    _entry("condition", condition, conditions())
    _check_domain(domain)
    none = Threshold(condition, domain, None, "", "", "", "", "no threshold found")
    return _thresholds().get((condition, domain), none)


def word(field: str, code: str) -> str:
    """The plain name of a code that has no record of its own, such as a route or a donor.

    Raises
    ------
    UnknownWordError
        If the field or the code is unknown; the message names the nearest.

    Examples
    --------
    >>> word("route", "intra_articular")
    'into the joint'
    """
    fields = {known for known, _ in _words()}
    if field not in fields:
        raise UnknownWordError("field", field, fields)
    if (field, code) not in _words():
        raise UnknownWordError(field, code, [known for its, known in _words() if its == field])
    return _words()[field, code]


@cache
def _children() -> Mapping[str, list[str]]:
    children: defaultdict[str, list[str]] = defaultdict(list)
    for entry in treatments().values():
        for parent in entry.parents:
            children[parent].append(entry.code)
    return children


@cache
def _thresholds() -> Mapping[tuple[str, str], Threshold]:
    return {(entry.condition, entry.domain): entry for entry in read_thresholds()}


@cache
def _words() -> Mapping[tuple[str, str], str]:
    return read_words()


def _check_domain(domain: str) -> None:
    if domain not in DOMAINS:
        raise UnknownWordError("domain", domain, DOMAINS)


def _entry(kind: str, code: str, entries: Mapping[str, _Entry]) -> _Entry:
    if code in entries:
        return entries[code]
    raise UnknownWordError(kind, code, _codes_meant(code, entries))


def _codes_meant(said: str, entries: Mapping[str, _Entry]) -> list[str]:
    """The codes to name in a message: those behind a plain name, if one was given, else all."""
    by_name = {entry.name.casefold(): entry.code for entry in entries.values()}
    if said.strip().casefold() in by_name:
        return [by_name[said.strip().casefold()]]
    if not nearest_words(said, entries):
        named = [by_name[name] for name in nearest_words(said, by_name)]
        return named or list(entries)
    return list(entries)
