"""The strings to search with: cell therapy for the painful conditions of the vocabulary.

The words are data (``search_terms.csv``, beside the MeSH terms of the conditions); each source's
string is made from them in one way, so that a search can be repeated and reported (PRISMA-S).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from reprieve.errors import UnknownWordError
from reprieve.evidence.vocabulary import condition, conditions

_CELLS = "cells"


@dataclass(frozen=True, slots=True)
class Concept:
    """What to search for, in words.

    Attributes
    ----------
    mesh, text : tuple of str
        Headings of the Medical Subject Headings, and phrases of titles and abstracts.
    """

    mesh: tuple[str, ...]
    text: tuple[str, ...]


def default_query(source: str, codes: Sequence[str] = ()) -> str:
    """The string to search a source with.

    Parameters
    ----------
    source : str
        ``"clinicaltrials.gov"``, ``"pubmed"``, ``"europepmc"``, ``"isrctn"`` or ``"ctis"``.
    codes : sequence of str
        Conditions by code; all where not given.

    Returns
    -------
    str
        In the source's own language. CTIS can't join two lists of words, so its string names the
        cells alone; which condition a trial is about is then for recognising to say.

    Raises
    ------
    reprieve.errors.UnknownWordError
        There is no such source or condition.

    Examples
    --------
    >>> default_query("isrctn", ["trigeminal_neuralgia"])[-26:]
    'AND "trigeminal neuralgia"'
    >>> default_query("pubmed", ["hip_osteoarthritis"])[:59]
    '("Mesenchymal Stem Cells"[Mesh] OR "Mesenchymal Stem Cell T'
    """
    writers: dict[str, Callable[[Concept, Concept], str]] = {
        "clinicaltrials.gov": _plain,
        "pubmed": _pubmed,
        "europepmc": _europepmc,
        "isrctn": _plain,
        "ctis": _ctis,
    }
    if source not in writers:
        raise UnknownWordError("source", source, writers)
    return writers[source](cells(), pain(codes))


def cells() -> Concept:
    """The words for cell therapy.

    Examples
    --------
    >>> "stromal vascular fraction" in cells().text
    True
    """
    return _concept([_CELLS])


def pain(codes: Sequence[str] = ()) -> Concept:
    """The words for conditions, all or those of the given codes.

    Examples
    --------
    >>> pain(["hip_osteoarthritis"]).mesh
    ('Osteoarthritis, Hip',)
    """
    chosen = [condition(code) for code in codes] or list(conditions().values())
    words = _concept([one.code for one in chosen])
    headings = tuple(dict.fromkeys(one.mesh_term for one in chosen if one.mesh_term))
    return Concept(headings, words.text)


def _plain(*concepts: Concept) -> str:
    return _all(_any(f'"{term}"' for term in one.text) for one in concepts)


def _pubmed(*concepts: Concept) -> str:
    asked = _all(
        _any(
            [
                *(f'"{term}"[Mesh]' for term in one.mesh),
                *(f'"{term}"[tiab]' for term in one.text),
            ]
        )
        for one in concepts
    )
    return f"{asked} NOT (animals[mh] NOT humans[mh])"


def _europepmc(*concepts: Concept) -> str:
    return _all(_any(f'TITLE_ABS:"{term}"' for term in one.text) for one in concepts)


def _ctis(sought: Concept, _: Concept) -> str:
    return json.dumps({"containAny": ", ".join(sought.text)})


def _any(terms: Iterable[str]) -> str:
    terms = list(terms)
    return terms[0] if len(terms) == 1 else f"({' OR '.join(terms)})"


def _all(parts: Iterable[str]) -> str:
    return " AND ".join(parts)


def _concept(names: Iterable[str]) -> Concept:
    rows = [row for name in names for row in _terms() if row["concept"] == name]
    mesh, text = ([r["term"] for r in rows if r["kind"] == kind] for kind in ("mesh", "text"))
    return Concept(tuple(mesh), _without_longer(text))


def _without_longer(phrases: Iterable[str]) -> tuple[str, ...]:
    """The phrases without those that hold a shorter one, which finds all that they find.

    Examples
    --------
    >>> _without_longer(["knee osteoarthritis", "osteoarthritis", "gonarthrosis"])
    ('osteoarthritis', 'gonarthrosis')
    """
    unique = list(dict.fromkeys(phrases))
    return tuple(
        phrase
        for phrase in unique
        if not any(f" {other} " in f" {phrase} " for other in unique if other != phrase)
    )


@cache
def _terms() -> tuple[dict[str, str], ...]:
    text = files("reprieve.living.sources").joinpath("search_terms.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))
