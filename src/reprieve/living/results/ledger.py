"""What becomes of each posted value: rows that it went into, or the reason why it did not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from reprieve.living.account import LeftOut, Placed

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row, with what it says in words, where that was posted, and in how many values."""

    table: str
    row: Row
    what: str
    where: str
    cells: int


@dataclass(slots=True)
class Ledger:
    """The account of one record while it is read.

    Attributes
    ----------
    entries : list of Entry
    left_out : list of LeftOut
    cells_left_out : int
        How many posted values `left_out` stands for.
    """

    entries: list[Entry] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    cells_left_out: int = 0

    def place(self, table: str, row: Row, what: str, where: str, cells: int = 1) -> None:
        """Write down a row that `cells` posted values went into."""
        self.entries.append(Entry(table, row, what, where, cells))

    def leave(self, what: str, reason: str, where: str, cells: int = 1) -> None:
        """Write down that `cells` posted values were left out."""
        self.left_out.append(LeftOut(what, reason, where))
        self.cells_left_out += cells

    def withdraw(self, entry: Entry, reason: str) -> None:
        """Take a row back."""
        self.entries = [kept for kept in self.entries if kept is not entry]
        self.leave(entry.what, reason, entry.where, entry.cells)

    @property
    def cells_placed(self) -> int:
        """How many posted values became part of rows."""
        return sum(entry.cells for entry in self.entries)

    @property
    def placed(self) -> tuple[Placed, ...]:
        """What was placed."""
        return tuple(Placed(entry.what, entry.where, entry.table) for entry in self.entries)
