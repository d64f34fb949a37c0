"""What treatments are made of: names such as "cells + carrier" as rows of a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reprieve.errors import InputError, UnknownWordError
from reprieve.synthesis.least_squares import Array


@dataclass(frozen=True)
class Alphabet:
    """Components, and how treatments are spelt with them.

    Attributes
    ----------
    components : tuple of str
        Single components, sorted without regard to case; the inactive one is not among them.
    interactions : tuple of tuple of str
        Components that may do more, or less, together than their sum.
    separator : str
        What stands between the components of a treatment.
    inactive : str or None
        A component without effect, such as placebo.
    """

    components: tuple[str, ...]
    interactions: tuple[tuple[str, ...], ...]
    separator: str
    inactive: str | None

    @classmethod
    def of(
        cls,
        treatments: Sequence[str],
        separator: str,
        inactive: str | None,
        interactions: Sequence[str],
    ) -> Alphabet:
        """The components of treatments.

        Raises
        ------
        InputError
            A name that can't be taken apart, or an interaction that no treatment holds.
        """
        if not isinstance(separator, str) or not separator.strip():
            raise InputError(
                f"separator is what stands between components, such as '+'; it was {separator!r}"
            )
        if isinstance(interactions, str):
            raise InputError(f"give interactions as a list, such as [{interactions!r}]")
        spelt = [parts_of(name, separator) for name in treatments]
        found = sorted({part for parts in spelt for part in parts}, key=_by_name)
        if inactive is not None and inactive not in found:
            raise UnknownWordError("inactive component", inactive, found)
        known = tuple(part for part in found if part != inactive)
        together = tuple(_interaction(text, known, spelt) for text in interactions)
        if len(set(together)) < len(together):
            raise InputError(f"interactions name the same components twice: {list(interactions)}")
        return cls(known, together, separator, inactive)

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters: components, then interactions."""
        return (*self.components, *("*".join(parts) for parts in self.interactions))

    def rows(self, names: Sequence[str]) -> Array:
        """Each treatment as a sum of parameters, shape (len(names), p), ones and zeros.

        Raises
        ------
        UnknownWordError
            A component that no trial has.
        """
        place = {part: i for i, part in enumerate(self.components)}
        known = {*place} | ({self.inactive} if self.inactive else set())
        made = np.zeros((len(names), len(self.names)))
        for row, name in zip(made, names, strict=True):
            parts = parts_of(name, self.separator)
            for part in parts:
                if part not in known:
                    raise UnknownWordError("component", part, known)
                if part in place:
                    row[place[part]] = 1.0
            row[len(place) :] = [parts.issuperset(both) for both in self.interactions]
        return made


def parts_of(name: str, separator: str) -> frozenset[str]:
    """The components of one treatment.

    Examples
    --------
    >>> sorted(parts_of("cells + carrier", "+"))
    ['carrier', 'cells']
    """
    parts = [part.strip() for part in name.split(separator.strip())]
    if "" in parts or len({*parts}) < len(parts):
        fault = "has an empty component" if "" in parts else "names a component twice"
        raise InputError(
            f"treatment {name!r} {fault}; write components between {separator!r}, each once, or "
            "choose another separator="
        )
    return frozenset(parts)


def _interaction(text: str, known: tuple[str, ...], spelt: list[frozenset[str]]) -> tuple[str, ...]:
    parts = tuple(sorted((part.strip() for part in text.split("*")), key=_by_name))
    if len({*parts}) < 2 or "" in parts:
        raise InputError(
            f"interaction {text!r} must name two or more different components, such as 'A*B'"
        )
    for part in parts:
        if part not in known:
            raise UnknownWordError("component of an interaction", part, known)
    if not any(whole.issuperset(parts) for whole in spelt):
        raise InputError(
            f"no treatment holds {' and '.join(parts)} together, so that trials can't tell their "
            "interaction; leave it out"
        )
    return parts


def _by_name(word: str) -> tuple[str, str]:
    return word.casefold(), word
