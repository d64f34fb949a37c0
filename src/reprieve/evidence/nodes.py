"""Nodes of networks: which arms of trials count as the same treatment.

The rules are data (``vocabulary_data/network_nodes.csv``), with the reason for each cut that is
not plain to see. A treatment belongs to the node of the nearest rule at or above it in the
hierarchy of treatments; of two groups equally near, to the one that it names first. A rule for
a route goes before one for all routes: a placebo injected into a joint is not a placebo tablet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from reprieve.errors import InputError, UnknownWordError
from reprieve.evidence import vocabulary
from reprieve.evidence.schema import CATEGORIES
from reprieve.evidence.words import NodeRule, read_node_rules

Level = Literal["product", "class", "combination"]

LEVELS = ("product", "class", "combination")
"""Treatments as people choose between them; their classes; treatments with all that was added."""

ANY_CONTROL = "any_control"
"""The node of all controls, where they are lumped."""

AND = "+"
"""What stands between the parts of a combination."""


@dataclass(frozen=True)
class Node:
    """A node of a network.

    Attributes
    ----------
    code, name : str
        The code, and the words for it inside a sentence.
    control : bool
        Whether it is a control: placebo, sham, usual care, no treatment.
    of_class : str
        The class of treatments that it belongs to; of a combination that of its first part.
        A combination names its parts in the order of `place`, whichever was added to which.
    """

    code: str
    name: str
    control: bool
    of_class: str

    @property
    def place(self) -> tuple[bool, int, str]:
        """Where it stands in tables: cell therapy, then other treatments by class, controls."""
        classes = [*CATEGORIES, self.of_class]
        return self.control, classes.index(self.of_class), self.code


@cache
def node(code: str) -> Node:
    """The node with a code, as `node_of` gives it.

    Raises
    ------
    UnknownWordError
        If there is none.

    Examples
    --------
    >>> node("saline").name, node("saline").control, node("saline").of_class
    ('placebo injection (saline or vehicle)', True, 'placebo')
    >>> node("bm_msc+hyaluronic_acid").name
    'bone-marrow mesenchymal stem cells + hyaluronic acid injection'
    """
    if code == ANY_CONTROL:
        return Node(code, "any control", True, ANY_CONTROL)
    if AND in code:
        parts = code.split(AND)
        nodes = [node(part) for part in parts if _is_node(part)]
        return Node(
            code,
            f" {AND} ".join(_name_of_part(part) for part in parts),
            all(part.control for part in nodes),
            nodes[0].of_class,
        )
    known = {target for rule in _all_rules() for target in (rule.product, rule.class_)}
    if code not in known:
        raise UnknownWordError("node", code, known - {""})
    own = next((rule for rule in _rules().get(code, ()) if not rule.routes), None)
    name = own.name if own and own.name else vocabulary.treatment(code).name
    control = own is not None and own.control
    return Node(code, name, control, vocabulary.treatment_class(code))


def node_of(arm: Mapping[str, Any], level: Level = "product", *, lump: bool = False) -> str:
    """The code of the node that an arm belongs to.

    Parameters
    ----------
    arm : mapping
        A row of the arms table: its treatment, route and adjunct count.
    level : {"product", "class", "combination"}
        Treatments as people choose between them; their classes; or treatments with everything
        that the arm was given besides (``"bm_msc+hyaluronic_acid"``), for component networks.
    lump : bool
        Whether all controls are one node, ``"any_control"``.

    Raises
    ------
    InputError
        The level is not one of the three.

    Examples
    --------
    >>> node_of({"treatment": "eccentric_exercise", "route": None, "adjunct": None})
    'exercise_therapy'
    >>> tablet = {"treatment": "placebo", "route": "oral", "adjunct": None}
    >>> node_of(tablet), node_of({**tablet, "route": "intra_articular"})
    ('placebo', 'saline')
    >>> node_of(tablet, lump=True)
    'any_control'
    """
    if level not in LEVELS:
        raise InputError(f"level of nodes is {level!r}; expected one of {', '.join(LEVELS)}")
    code = _resolved(arm["treatment"], arm["route"], "class" if level == "class" else "product")
    if lump and node(code).control:
        code = ANY_CONTROL
    if level != "combination" or not arm["adjunct"]:
        return code
    return AND.join(sorted({code, *adjunct_nodes(arm)}, key=_place_of_part))


def adjunct_nodes(arm: Mapping[str, Any]) -> list[str]:
    """What an arm was given besides its treatment: nodes where they are treatments, else words.

    Examples
    --------
    >>> adjunct_nodes({"adjunct": "eccentric_exercise;microdrilling"})
    ['exercise_therapy', 'microdrilling']
    """
    given = [word for word in (arm["adjunct"] or "").split(";") if word]
    known = vocabulary.treatments()
    return [_resolved(word, None, "product") if word in known else word for word in given]


@cache
def _resolved(treatment: str, route: str | None, level: str) -> str:
    """The node of the nearest rule at or above a treatment."""
    near = [vocabulary.treatment(treatment).code]
    while near:
        for code in near:
            rules = sorted(_rules().get(code, ()), key=lambda rule: not rule.routes)
            for rule in rules:
                target = rule.product if level == "product" else rule.class_
                if target and (not rule.routes or route in rule.routes):
                    return target
        near = [parent for code in near for parent in vocabulary.treatment(code).parents]
    raise InputError(
        f"no node of a network is set for {treatment!r} or a group above it at level {level!r}; "
        "add a row to vocabulary_data/network_nodes.csv"
    )


def _is_node(part: str) -> bool:
    return part == ANY_CONTROL or part in vocabulary.treatments()


def _name_of_part(part: str) -> str:
    return node(part).name if _is_node(part) else vocabulary.word("adjunct", part)


def _place_of_part(part: str) -> tuple[bool, tuple[bool, int, str]]:
    """Treatments by their place, then what is no treatment by itself."""
    return (False, node(part).place) if _is_node(part) else (True, (False, 0, part))


@cache
def _all_rules() -> tuple[NodeRule, ...]:
    return read_node_rules()


@cache
def _rules() -> Mapping[str, list[NodeRule]]:
    rules: dict[str, list[NodeRule]] = {}
    for rule in _all_rules():
        rules.setdefault(rule.code, []).append(rule)
    return rules
