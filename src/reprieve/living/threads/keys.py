"""By which numbers a record is known, and which trials it is of."""

from __future__ import annotations

import re

from reprieve.living.formats.numbers import trial_numbers
from reprieve.living.record import Record, Reference

# A paper that names more trials than this speaks about them rather than for them.
MOST_TRIALS_OF_A_PAPER = 3

_PAPER_KINDS = ("pmid:", "doi:", "pmcid:")
_ABOUT_TRIALS = re.compile(
    r"\breview\b|meta-?\s?analys[ie]s|guideline|editorial|\bnews\b|bibliograph", re.IGNORECASE
)
_TITLE_ABOUT_TRIALS = re.compile(
    r"systematic review|meta-?\s?analys[ie]s|scoping review|narrative review|umbrella review"
    r"|: a(?:n updated)? review\b",
    re.IGNORECASE,
)
_ORDER = ("NCT", "ISRCTN", "CTIS", "EudraCT")


def identity(record: Record) -> tuple[str, ...]:
    """The numbers that no other registration or paper has, best first.

    Examples
    --------
    >>> identity(Record("pubmed", "22663011", "paper", ids=("doi:10.1/x", "NCT01245062")))
    ('pmid:22663011', 'doi:10.1/x')
    >>> identity(Record("ctis", "2024-510663-34-00", "registration"))
    ('2024-510663-34',)
    """
    if record.kind == "registration":
        return trial_numbers(record.id)[:1] or (f"{record.source}:{record.id}",)
    own = {number for number in record.ids if number.startswith(_PAPER_KINDS)}
    if record.source == "pubmed":
        own.add(f"pmid:{record.id}")
    elif re.fullmatch(r"PMC\d+", record.id):
        own.add(f"pmcid:{record.id}")
    elif record.id.startswith("10."):
        own.add(f"doi:{record.id}")
    known = sorted(own, key=lambda number: (_rank(number), number))
    return tuple(known) or (f"{record.source}:{record.id}",)


def own_trials(record: Record) -> tuple[str, ...]:
    """The register numbers of the trials that a record is of.

    Empty for a review, or a paper that names many trials: it only mentions them.

    Examples
    --------
    >>> own_trials(Record("pubmed", "1", "paper", ids=("doi:10.1/x", "NCT01245062")))
    ('NCT01245062',)
    """
    named = named_trials(record)
    if record.kind == "paper" and (is_about_trials(record) or len(named) > MOST_TRIALS_OF_A_PAPER):
        return ()
    return named


def named_trials(record: Record) -> tuple[str, ...]:
    """All register numbers that a record gives, its own first."""
    numbers = [record.id] if record.kind == "registration" else []
    numbers += [number for number in record.ids if not number.startswith(_PAPER_KINDS)]
    return tuple(dict.fromkeys(found for number in numbers for found in trial_numbers(number)))


def is_about_trials(record: Record) -> bool:
    """Whether a paper is a review or a comment, which reports no trial of its own.

    Examples
    --------
    >>> is_about_trials(Record("pubmed", "1", "paper", publication_types=("Systematic Review",)))
    True
    >>> is_about_trials(Record("pubmed", "1", "paper", title="Review of consent: a trial"))
    False
    """
    return any(map(_ABOUT_TRIALS.search, record.publication_types)) or bool(
        _TITLE_ABOUT_TRIALS.search(record.title)
    )


def reference_keys(reference: Reference) -> tuple[str, ...]:
    """The numbers of a paper that is referred to."""
    pairs = (("pmid:", reference.pmid), ("doi:", reference.doi))
    return tuple(kind + number for kind, number in pairs if number)


def register_of(number: str) -> str:
    """The register that gave a number.

    Examples
    --------
    >>> register_of("NCT01245062"), register_of("EudraCT 2009-017405-11"), register_of("NTR2251")
    ('NCT', 'EudraCT', 'NTR')
    >>> register_of("2024-510663-34")
    'CTIS'
    """
    letters = re.match(r"[A-Za-z]+", number)
    return letters[0] if letters else "CTIS"


def number_order(number: str) -> tuple[int, str]:
    """Sorts register numbers by how widely they are used, before the numbers of papers."""
    if number.startswith(_PAPER_KINDS):
        return (len(_ORDER) + 1 + _rank(number), number)
    register = register_of(number)
    return (_ORDER.index(register) if register in _ORDER else len(_ORDER), number)


def _rank(number: str) -> int:
    return next((at for at, kind in enumerate(_PAPER_KINDS) if number.startswith(kind)), 9)
