"""Families of harms: which events of the evidence, and of published rates, belong together.

The families are data (``vocabulary_data/event_families.csv``). Every event of the evidence that is
a harm, a withdrawal or a later procedure belongs to one of them.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from reprieve.errors import UnknownWordError


@dataclass(frozen=True)
class EventFamily:
    """Harms of one kind.

    Attributes
    ----------
    code, name : str
        The code, and the words for it inside a sentence.
    events : tuple of str
        Codes of the vocabulary of events, the one that holds most of the others first; empty for
        a family that only published rates know.
    adds : bool
        What a trial counts that reports several of them, and not the first: all, added up (a
        person may count twice), or the one that stands first.
    always : bool
        Whether an answer names the family although no trial reports it.
    plain : str
        What it is, in one plain sentence.
    """

    code: str
    name: str
    events: tuple[str, ...]
    adds: bool
    always: bool
    plain: str


@cache
def event_families() -> Mapping[str, EventFamily]:
    """All families by code.

    Examples
    --------
    >>> [code for code, family in event_families().items() if family.always]
    ['any', 'serious', 'treatment_related', 'injection_site', 'infection', 'tumour',
    'withdrawal_harm', 'surgery_later']
    """
    data = files("reprieve.evidence").joinpath("vocabulary_data", "event_families.csv")
    rows = csv.DictReader(data.read_text(encoding="utf-8").splitlines())
    return MappingProxyType(
        {
            row["code"]: EventFamily(
                code=row["code"],
                name=row["name"],
                events=tuple(row["events"].split(";")) if row["events"] else (),
                adds=row["several"] == "add",
                always=row["always"] == "yes",
                plain=row["plain"],
            )
            for row in rows
        }
    )


def event_family(code: str) -> EventFamily:
    """The family with a code, or the one that an event belongs to.

    Raises
    ------
    UnknownWordError
        If there is none; the message names the nearest.

    Examples
    --------
    >>> event_family("infection").name, event_family("joint_effusion").code
    ('infection', 'joint')
    """
    if code in event_families():
        return event_families()[code]
    for family in event_families().values():
        if code in family.events:
            return family
    raise UnknownWordError("event family", code, event_families())
