"""The lists of a record in the old flat form, and what they do not let one tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reprieve.living.account import LeftOut
from reprieve.living.formats.fields import texts
from reprieve.living.results.posted import Group

Lost = tuple[LeftOut, int]
"""What could not be put in its place, and how many values that is."""


class Lists:
    """The lists of one study, by name; blanks at the ends of their texts are gone."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def __call__(self, name: str) -> tuple[str, ...]:
        return texts(self._fields, name)

    def first(self, name: str) -> str:
        return next(iter(self(name)), "")

    def beside(self, name: str, count: int) -> tuple[str, ...]:
        """A list that goes with another of `count` items; empty texts where it can't."""
        given = self(name)
        return given if len(given) == count else ("",) * count

    def groups(self, part: str) -> tuple[Group, ...]:
        ids = self(f"{part}GroupId")
        titles = self.beside(f"{part}GroupTitle", len(ids))
        descriptions = self.beside(f"{part}GroupDescription", len(ids))
        return tuple(map(Group, ids, titles, descriptions))


def all_lost(cells: int, name: str, reason: str) -> tuple[Lost, ...]:
    return ((LeftOut(f"{cells} values", reason, name), cells),) if cells else ()
