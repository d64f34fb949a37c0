"""What a network graph shows: treatments with their people, and lines with their trials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from reprieve.errors import InputError, UnknownWordError
from reprieve.figures.judgements import JUDGEMENTS, Judgement, judgements
from reprieve.synthesis.networks.rows import Rows

Names = Mapping[str, str]
"""What treatments are called in figures; those that are not in it keep their own names."""
Summary = Literal["worst", "average"]
"""How the judgements of several trials become that of a line."""

_GRADES = ("low", "some concerns", "high")


@dataclass(frozen=True)
class Node:
    """A treatment: its name, its trials, and its people where they are known."""

    name: str
    trials: int
    people: int | None


@dataclass(frozen=True)
class Edge:
    """Two treatments (by place), the trials that compare them, and their risk of bias."""

    a: int
    b: int
    studies: tuple[str, ...]
    judgement: Judgement | None
    judged: str

    @property
    def trials(self) -> int:
        """How many trials compare the two."""
        return len(self.studies)


def shown_names(treatments: Sequence[str], names: Names | None) -> list[str]:
    """The treatments as figures call them.

    Raises
    ------
    InputError
        Two treatments would bear one name.

    Examples
    --------
    >>> shown_names(["ha", "saline"], {"ha": "hyaluronic acid"})
    ['hyaluronic acid', 'saline']
    """
    found = [(names or {}).get(t, t) for t in treatments]
    twice = [name for name, count in Counter(found).items() if count > 1]
    if twice:
        raise InputError(
            f"names calls several treatments {twice[0]!r}; give each one a name of its own"
        )
    return found


def normal_reach(level: float) -> float:
    """How many standard errors an interval goes to either side.

    Examples
    --------
    >>> round(normal_reach(0.95), 2)
    1.96
    """
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))


def arms(rows: Rows) -> list[set[int]]:
    """The treatments that each study compares."""
    found: list[set[int]] = [set() for _ in rows.studies]
    for study, a, b in zip(rows.study.tolist(), rows.a.tolist(), rows.b.tolist(), strict=True):
        found[study] |= {a, b}
    return found


def nodes(rows: Rows, people: Mapping[str, int | None] | None, names: Names | None) -> list[Node]:
    """Each treatment with what is known about its size.

    Raises
    ------
    UnknownWordError
        People of a treatment that the network doesn't hold.
    InputError
        People that are no number above zero.
    """
    for treatment, count in (people or {}).items():
        if treatment not in rows.treatments:
            raise UnknownWordError("treatment of people", treatment, rows.treatments)
        if count is not None and not count > 0:
            raise InputError(
                f"people of {treatment!r} must be a number above zero, or None where it is not "
                f"known; it was {count!r}"
            )
    trials = Counter(t for several in arms(rows) for t in several)
    return [
        Node(name, trials[i], (people or {}).get(treatment))
        for i, (treatment, name) in enumerate(
            zip(rows.treatments, shown_names(rows.treatments, names), strict=True)
        )
    ]


def edges(
    rows: Rows, risk_of_bias: Mapping[str, str | None] | None, summary: Summary
) -> list[Edge]:
    """Each pair that trials compare, those of most trials first.

    Raises
    ------
    UnknownWordError
        A judgement of a study that is not in the network, a word that is no judgement, or a
        summary that is neither "worst" nor "average".
    """
    if summary not in ("worst", "average"):
        raise UnknownWordError("summary of judgements", str(summary), ("worst", "average"))
    known = risk_of_bias or {}
    for study in known:
        if study not in rows.studies:
            raise UnknownWordError("study of risk_of_bias", study, rows.studies)
    signs = judgements([known.get(study) for study in rows.studies], len(rows.studies))
    grouped: dict[tuple[int, int], list[int]] = {}
    for study, a, b in zip(rows.study.tolist(), rows.a.tolist(), rows.b.tolist(), strict=True):
        grouped.setdefault((a, b), []).append(study)
    found = []
    for (a, b), studies in grouped.items():
        mine = [signs[s].word for s in studies]
        counts = Counter(mine)
        found.append(
            Edge(
                a,
                b,
                tuple(rows.studies[s] for s in studies),
                None if risk_of_bias is None else JUDGEMENTS[_together(mine, summary)],
                ", ".join(f"{counts[word]} {word}" for word in JUDGEMENTS if counts[word]),
            )
        )
    return sorted(found, key=lambda edge: -edge.trials)


def _together(words: Sequence[str], summary: Summary) -> str:
    """One judgement of several: not judged where more than half of them are not.

    Averages count low as 0, some concerns as 1 and high as 2; a half counts as the worse one.
    """
    grades = [_GRADES.index(word) for word in words if word in _GRADES]
    if 2 * len(grades) < len(words):
        return "not judged"
    if summary == "worst":
        return _GRADES[max(grades)]
    return _GRADES[int(sum(grades) / len(grades) + 0.5)]
