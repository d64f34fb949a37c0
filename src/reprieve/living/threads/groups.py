"""Sets of numbers known to be of one thing, and records that are one registration or paper."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from reprieve.living.record import Record
from reprieve.living.threads.keys import identity, number_order, register_of


class Groups:
    """Disjoint sets of nodes, with the numbers of each by the register that gave them."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}
        self._numbers: dict[str, dict[str, set[str]]] = {}

    def add(self, node: str, numbers: Iterable[str] = ()) -> None:
        """Know a node, and numbers that its set has."""
        if node not in self._parent:
            self._parent[node] = node
            self._numbers[node] = defaultdict(set)
        held = self._numbers[self.find(node)]
        for number in numbers:
            held[register_of(number)].add(number)

    def __iter__(self) -> Iterator[str]:
        """All nodes."""
        return iter(self._parent)

    def find(self, node: str) -> str:
        """The node that stands for the set of `node`."""
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node

    def registers(self, node: str) -> frozenset[str]:
        """The registers in which the set of `node` has a number."""
        return frozenset(self._numbers[self.find(node)])

    def contradiction(self, first: str, second: str) -> tuple[str, str] | None:
        """Numbers of one register, one in each set, that differ."""
        one, other = self._numbers[self.find(first)], self._numbers[self.find(second)]
        for register in sorted(one.keys() & other.keys()):
            if one[register].isdisjoint(other[register]):
                return min(one[register]), min(other[register])
        return None

    def join(self, first: str, second: str) -> None:
        """Make one set of two."""
        one, other = sorted((self.find(first), self.find(second)))
        if one != other:
            self._parent[other] = one
            for register, numbers in self._numbers.pop(other).items():
                self._numbers[one][register] |= numbers


Item = list[Record]


def ordered_records(records: Iterable[Record]) -> list[Record]:
    """Records in an order that does not depend on the one in which they came."""

    def by_number(record: Record) -> tuple[tuple[str, ...], str, str]:
        return identity(record), record.source, record.id

    by_place = sorted(records, key=by_number)
    ordered: list[Record] = []
    for _, same in groupby(by_place, key=by_number):
        alike = list(same)
        ordered += sorted(alike, key=repr) if len(alike) > 1 else alike
    return ordered


def same_items(records: Iterable[Record]) -> list[Item]:
    """Records of the same registration or paper together."""
    ordered = ordered_records(records)
    groups = Groups()
    for record in ordered:
        keys = identity(record)
        for key in keys:
            # PubMed's number is a paper's own, as a register's is a trial's.
            groups.add(key, (key,) if key.startswith("pmid:") else ())
        for key in keys[1:]:
            if not groups.contradiction(keys[0], key):
                groups.join(keys[0], key)
    items: dict[str, Item] = defaultdict(list)
    for record in ordered:
        items[groups.find(identity(record)[0])].append(record)
    return list(items.values())


def item_keys(item: Sequence[Record]) -> tuple[str, ...]:
    """All numbers of a registration or paper, the best known first."""
    return tuple(sorted({key for record in item for key in identity(record)}, key=number_order))
