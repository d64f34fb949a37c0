"""Which treatment of a network belongs to which class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError
from reprieve.synthesis.least_squares import Array
from reprieve.synthesis.networks.rows import Index


@dataclass(frozen=True, eq=False)
class Grouping:
    """Treatments by class; a treatment without one is a group of its own.

    Attributes
    ----------
    treatments : tuple of str
    names : tuple of str
        Classes and treatments that stand alone, sorted.
    home : ndarray of int, shape (n,)
        The group of each treatment.
    members : dict of tuple of str
        Treatments of each class.
    """

    treatments: tuple[str, ...]
    names: tuple[str, ...]
    home: Index
    members: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, treatments: tuple[str, ...], classes: Mapping[str, str]) -> Grouping:
        """Groups of treatments from the class of each.

        Raises
        ------
        InputError
            No treatment has a class, or a class bears the name of a treatment.

        Examples
        --------
        >>> groups = Grouping.of(("fat", "marrow", "saline"), {"fat": "cells", "marrow": "cells"})
        >>> groups.names, groups.home
        (('cells', 'saline'), array([0, 0, 1]))
        """
        given = {str(name): str(group) for name, group in classes.items()}
        home = [given.get(name, name) for name in treatments]
        members: dict[str, tuple[str, ...]] = {}
        for name, group in zip(treatments, home, strict=True):
            if name in given and group != name:
                members[group] = (*members.get(group, ()), name)
        if not members:
            raise InputError(
                "classes gives no treatment of the network a class; it must map treatments to "
                f"classes, and the treatments are {', '.join(treatments)}"
            )
        for group in members:
            if group in treatments:
                raise InputError(
                    f"{group!r} is the name of a treatment and of a class with other members; "
                    "give the class another name"
                )
        names = tuple(sorted(set(home), key=lambda word: (word.casefold(), word)))
        places = np.array([names.index(group) for group in home], dtype=np.intp)
        return cls(treatments, names, places, dict(sorted(members.items())))

    @cached_property
    def matrix(self) -> Array:
        """One where a treatment belongs to a group, shape (n, groups)."""
        return np.eye(len(self.names))[self.home]

    @cached_property
    def classed(self) -> NDArray[np.bool_]:
        """Which treatments belong to a class."""
        return np.array([self.names[group] in self.members for group in self.home])

    def term(self, group: int, spread: str) -> str:
        """The name of the variance within a class."""
        return "sigma" if spread == "shared" else f"sigma[{self.names[group]}]"

    def random(self, spread: str) -> dict[str, Index]:
        """Places of the treatments that tell each variance, by its name."""
        size = np.bincount(self.home)
        large = self.classed & (size[self.home] > 1)
        if spread == "none" or not large.any():
            return {}
        if spread == "shared":
            return {"sigma": np.flatnonzero(large)}
        return {
            self.term(group, spread): np.flatnonzero(self.home == group)
            for group in np.unique(self.home[large]).tolist()
        }

    def described(self, group: int) -> str:
        """A class with its members, or a treatment that stands alone."""
        name = self.names[group]
        return f"{name} ({', '.join(self.members[name])})" if name in self.members else name
