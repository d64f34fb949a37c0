"""Which effects are random: from a few words to the terms of the Gaussian engine.

==========================  ============================================  =========================
words                       meaning                                       metafor's `rma.mv`
==========================  ============================================  =========================
``"study/effect"``          effects in studies                            ``~ 1 | study/effect``
``["study", "lab"]``        crossed intercepts                            ``list(~ 1 | study,
                                                                          ~ 1 | lab)``
``"UN(outcome | study)"``   one effect per outcome in each study,         ``~ outcome | study,
                            correlated                                    struct = "UN"``
==========================  ============================================  =========================

UN, CS, HCS, DIAG, AR and HAR are the structures; for AR and HAR the words before the bar are a
column of times, and correlations are ρ to the power of their distance (metafor's CAR where times
are not whole). Where the name of a column holds a sign of these, the mapping
``{"group": "study", "inner": "outcome", "structure": "UN"}`` says the same as the last line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from reprieve.errors import InputError
from reprieve.synthesis.blocks import Codes
from reprieve.synthesis.inputs import column
from reprieve.synthesis.random_effects import Scaled, Structure, Structured, Term

_STRUCTURES = get_args(Structure)
_EXAMPLES = '"study/effect", ["study", "lab"] or "UN(outcome | study)"'


@dataclass(frozen=True)
class RandomTerm:
    """One random term, in words.

    Attributes
    ----------
    group : tuple of str
        The columns that together name a group: a group of ``("study", "effect")`` is an effect
        of a study.
    inner : str or None
        The column that tells apart the effects of a group; None for a random intercept.
    structure : str or None
        How those effects vary and correlate.
    """

    group: tuple[str, ...]
    inner: str | None = None
    structure: str | None = None

    @property
    def name(self) -> str:
        """What the term is called in results."""
        group = "/".join(self.group)
        return group if self.inner is None else f"{group}: {self.inner}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it needs."""
        return self.group if self.inner is None else (*self.group, self.inner)


def read_random(random: Any) -> tuple[RandomTerm, ...]:
    """The random terms that `random` names.

    Examples
    --------
    >>> [term.name for term in read_random("lab/study")]
    ['lab', 'lab/study']
    >>> read_random("UN(outcome | study)")
    (RandomTerm(group=('study',), inner='outcome', structure='UN'),)
    """
    parts = [random] if isinstance(random, str | Mapping) else random
    if not isinstance(parts, Sequence) or not parts:
        raise InputError(f"random must be such as {_EXAMPLES}; it was {random!r}")
    terms = tuple(dict.fromkeys(term for part in parts for term in _read(part)))
    names = [term.name for term in terms]
    if len(set(names)) < len(names):
        raise InputError(f"random names a term twice: {names}")
    return terms


def _read(part: Any) -> list[RandomTerm]:
    if isinstance(part, Mapping):
        unknown = set(part) - {"group", "inner", "structure"}
        if unknown or not {"group", "inner"} <= set(part):
            raise InputError(
                'a random term as a mapping has "group", "inner" and "structure"; it was '
                f"{dict(part)!r}"
            )
        return [_structured(part["group"], part["inner"], part.get("structure", "UN"))]
    if not isinstance(part, str):
        raise InputError(f"random must be such as {_EXAMPLES}; it holds {part!r}")
    found = re.fullmatch(r"\s*(\w+)\s*\((.+)\|(.+)\)\s*", part)
    if found:
        structure, inner, group = (word.strip() for word in found.groups())
        return [_structured(group, inner, structure)]
    words = [word.strip() for word in part.split("/")]
    if "|" in part or "~" in part or not all(words):
        raise InputError(f"random must be such as {_EXAMPLES}; it holds {part!r}")
    return [RandomTerm(tuple(words[: i + 1])) for i in range(len(words))]


def _structured(group: str, inner: str, structure: str) -> RandomTerm:
    if structure not in _STRUCTURES:
        raise InputError(
            f"the structure of a random term is one of {', '.join(_STRUCTURES)}; "
            f"it was {structure!r}"
        )
    return RandomTerm((group,), inner, structure)


class Grouping:
    """The columns that random terms need, row by row.

    Attributes
    ----------
    missing : dict of ndarray of bool, shape (n,)
        Per column, the rows without a value.
    """

    def __init__(self, terms: Sequence[RandomTerm], data: Any, rows: int) -> None:
        names = dict.fromkeys(name for term in terms for name in term.columns)
        self._values = {name: column(data, name, "random") for name in names}
        for name, values in self._values.items():
            if len(values) != rows:
                raise InputError(
                    f"{name!r} holds {len(values)} values, but there are {rows} effects"
                )
        self.missing = {name: _missing(values) for name, values in self._values.items()}

    def take(self, kept: NDArray[np.bool_]) -> Factors:
        """The values of the rows that are `kept`, none of which may be missing."""
        rows = np.flatnonzero(kept)
        return Factors({name: _take(values, rows) for name, values in self._values.items()})


class Factors:
    """Columns of group labels, and the terms that they make.

    Attributes
    ----------
    names : tuple of str
        The columns.
    """

    def __init__(self, values: dict[str, NDArray[Any]]) -> None:
        self.names = tuple(values)
        self._values = values
        self._codes = {
            name: np.asarray(np.unique(found, return_inverse=True)[1]).reshape(-1)
            for name, found in values.items()
        }

    def codes(self, names: Sequence[str]) -> Codes:
        """Groups by number, where the columns `names` together name a group."""
        codes = self._codes[names[0]]
        for name in names[1:]:
            both = codes * (int(self._codes[name].max()) + 1) + self._codes[name]
            codes = np.asarray(np.unique(both, return_inverse=True)[1]).reshape(-1)
        return codes

    def labels(self, names: Sequence[str]) -> list[str]:
        """The name of each row's group, its columns joined by a stroke."""
        columns = [self._values[name].tolist() for name in names]
        return ["/".join(map(str, parts)) for parts in zip(*columns, strict=True)]

    def term(self, spec: RandomTerm) -> Term:
        """The term of the engine."""
        groups = self.codes(spec.group)
        if spec.inner is None or spec.structure is None:
            return Scaled(groups, name=spec.name)
        inner: Any = self._values[spec.inner]
        if spec.structure in ("AR", "HAR"):
            inner = _times(spec.inner, inner)
        return Structured(
            groups,
            inner,
            spec.structure,  # type: ignore[arg-type]
            name=spec.name,
            rho=f"{'/'.join(spec.group)}: rho",
        )


def _times(name: str, values: NDArray[Any]) -> NDArray[Any]:
    try:
        return values.astype(int) if values.dtype.kind in "iub" else values.astype(float)
    except ValueError as error:
        raise InputError(
            f"{name!r} must hold times (numbers) for an AR or HAR structure; it holds {values[0]!r}"
        ) from error


def _missing(values: Any) -> NDArray[np.bool_]:
    array = values if isinstance(values, np.ndarray) else None
    if array is not None and array.dtype.kind in "iub":
        return np.zeros(len(array), dtype=bool)
    return np.fromiter(
        (value is None or value == "" or value != value for value in values), bool, len(values)
    )


def _take(values: Any, rows: Codes) -> NDArray[Any]:
    """Values as an array of one type, so that they can be sorted and compared."""
    if not isinstance(values, np.ndarray):
        values = np.asarray([values[i] for i in rows])
        rows = np.arange(len(rows))
    return (
        values[rows] if values.dtype.kind in "iufbUS" else np.asarray(list(map(str, values[rows])))
    )
