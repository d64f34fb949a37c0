"""Two extractions of one trial held against each other, field by field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from reprieve.errors import InputError, UnknownWordError
from reprieve.evidence.schema import TABLES, UNVERIFIED
from reprieve.evidence.typed import columns_of
from reprieve.living.store.cells import Cells, complete_rows
from reprieve.living.store.importing import ROW_KEYS

Tables = dict[str, list[Cells]]
"""By table, the rows that one person extracted, as text cells."""

Kind = Literal["number", "word", "text", "row"]

FREE_TEXT = frozenset({"label", "condition_detail", "note", "adjunct", "locator", "source_url"})
"""Columns that two careful people word differently; they are shown, but settle themselves."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing on which two extractions differ.

    Attributes
    ----------
    id : str
        What `picks` of settling is keyed by: table, key of the row, and column (none where a
        whole row is in one of them only).
    table, column : str
    row : dict
        The key of the row: arm, instrument, month …
    kind : {"number", "word", "text", "row"}
        Whether numbers, words of the vocabulary or free texts differ, or one lacks the row.
    a, b : str or None
        What the first and the second have; of a row, ``"present"`` or None.
    """

    id: str
    table: str
    row: dict[str, str | None]
    column: str
    kind: Kind
    a: str | None
    b: str | None

    @property
    def binding(self) -> bool:
        """Whether a person must choose; of free texts the first is taken unless one does."""
        return self.kind != "text"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two extractions of one trial side by side.

    Attributes
    ----------
    differences : tuple of Difference
    fields : dict of str to (int, int)
        By ``table.column``, how many fields both filled or one did, and how many are equal.
    rows : int
        Rows that both have.
    """

    differences: tuple[Difference, ...]
    fields: dict[str, tuple[int, int]]
    rows: int

    @property
    def agreed(self) -> bool:
        """Whether there is nothing for a person to choose."""
        return not any(difference.binding for difference in self.differences)

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON can hold it."""
        return {
            "agreed": self.agreed,
            "rows": self.rows,
            "differences": [asdict(d) | {"binding": d.binding} for d in self.differences],
            "fields": {
                name: {"compared": compared, "equal": equal}
                for name, (compared, equal) in self.fields.items()
            },
        }


def extracted(study_id: str, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> Tables:
    """What a person extracted, in the form in which it is kept and compared.

    Parameters
    ----------
    study_id : str
        The trial; rows need not name it.
    tables : mapping
        By table, rows as mappings of column to value; numbers may be numbers.

    Raises
    ------
    UnknownWordError
        If a table or column does not exist.
    InputError
        If a value is not of its column's type, a row is about another trial or stands twice, or
        there is no row at all.

    Examples
    --------
    >>> event = {"arm_id": "cells", "event": "infection", "events": 1.0, "n": 20}
    >>> extracted("vega-2015", {"events": [event]})["events"][0]["events"]
    '1'
    """
    kept: Tables = {}
    for table, rows in tables.items():
        if table not in TABLES:
            raise UnknownWordError("table", table, TABLES)
        for row in rows:
            if row.get("study_id") not in (None, "", study_id):
                raise InputError(f"{table}: a row is about {row['study_id']}, not {study_id}")
            if row.get("flag") == UNVERIFIED:
                raise InputError(f"{table}: what a person extracts is not {UNVERIFIED}")
        own = {"study_id": study_id, "readings": "1"}
        cells = complete_rows(table, [{**row, **own} for row in rows])
        twice = [k for k, times in Counter(_key(table, row) for row in cells).items() if times > 1]
        if twice:
            named = ", ".join(str(part) for part in twice[0][1:])
            raise InputError(f"{table}: the row {named} stands twice; put it once")
        if cells:
            kept[table] = cells
    if not kept:
        raise InputError("nothing was extracted; give at least one row of one table")
    return kept


def compare(a: Tables, b: Tables) -> Comparison:
    """Hold two extractions against each other.

    Rows are matched by what they are about (arm, instrument, month …). Numbers are equal when
    they are the same number, words when they are the same word, texts whatever their case and
    spaces.

    Examples
    --------
    >>> event = {"arm_id": "cells", "event": "infection", "events": 1, "n": 20}
    >>> one = extracted("vega-2015", {"events": [event]})
    >>> other = extracted("vega-2015", {"events": [event | {"n": 21}]})
    >>> found = compare(one, other)
    >>> [(d.column, d.a, d.b) for d in found.differences]
    [('n', '20', '21')]
    >>> found.fields["events.n"], found.fields["events.events"]
    ((1, 0), (1, 1))
    """
    differences: list[Difference] = []
    fields: Counter[str] = Counter()
    equal: Counter[str] = Counter()
    both_have = 0
    for table in TABLES:
        of_a, of_b = _by_key(table, a), _by_key(table, b)
        for key in dict.fromkeys([*of_a, *of_b]):
            one, other = of_a.get(key), of_b.get(key)
            if one is None or other is None:
                differences.append(_lacking(table, key, one, other))
                continue
            both_have += 1
            for column in _compared(table):
                if one[column] is None and other[column] is None:
                    continue
                fields[f"{table}.{column}"] += 1
                if _same(table, column, one[column], other[column]):
                    equal[f"{table}.{column}"] += 1
                else:
                    differences.append(_difference(table, key, column, one[column], other[column]))
    counted = {name: (times, equal[name]) for name, times in fields.items()}
    return Comparison(tuple(differences), counted, both_have)


def merged(
    a: Tables, b: Tables, picks: Mapping[str, Any], *, readings: int = 2
) -> dict[str, list[Cells]]:
    """One set of rows from two extractions and what a person chose where they differ.

    Parameters
    ----------
    a, b : Tables
    picks : mapping
        By id of a difference: ``"a"``, ``"b"``, or ``{"value": …}`` with a third value.
    readings : int
        How often each row has been read against its source.

    Raises
    ------
    InputError
        If a difference that binds is left open, or a pick is about none.
    """
    found = {difference.id: difference for difference in compare(a, b).differences}
    if unknown := [name for name in picks if name not in found]:
        raise InputError(f"the two do not differ in {unknown[0]!r}; look at the comparison again")
    for name, pick in picks.items():
        third = isinstance(pick, Mapping) and set(pick) == {"value"}
        if pick not in ("a", "b") and not (third and found[name].kind != "row"):
            raise InputError(f"{name}: choose 'a' or 'b', or give another value of a field")
    if left := [d.id for d in found.values() if d.binding and d.id not in picks]:
        more = f" and {len(left) - 1} more" if len(left) > 1 else ""
        raise InputError(f"nobody has chosen yet in {left[0]}{more}; choose 'a', 'b' or a value")
    return {table: _merged_rows(table, a, b, found, picks, readings) for table in TABLES}


def _merged_rows(
    table: str,
    a: Tables,
    b: Tables,
    found: Mapping[str, Difference],
    picks: Mapping[str, Any],
    readings: int,
) -> list[Cells]:
    of_a, of_b = _by_key(table, a), _by_key(table, b)
    rows: list[dict[str, Any]] = []
    for key in dict.fromkeys([*of_a, *of_b]):
        one, other = of_a.get(key), of_b.get(key)
        if one is None or other is None:
            if chosen := {"a": one, "b": other}[picks[_id(table, key, "")]]:
                rows.append(dict(chosen))
            continue
        row: dict[str, Any] = dict(one)
        for column in _compared(table):
            pick = picks.get(_id(table, key, column), "a")
            if isinstance(pick, Mapping):
                row[column] = pick["value"]
            elif pick == "b":
                row[column] = other[column]
        rows.append(row)
    return complete_rows(table, [row | {"readings": str(readings)} for row in rows])


def _compared(table: str) -> list[str]:
    """The columns of a row that are not its key."""
    own = {*ROW_KEYS[table], "readings"}
    return [column.name for column in columns_of(table) if column.name not in own]


Key = tuple[str | None, ...]


def _key(table: str, cells: Cells) -> Key:
    return tuple(cells[column] for column in ROW_KEYS[table])


def _by_key(table: str, tables: Tables) -> dict[Key, Cells]:
    return {_key(table, cells): cells for cells in tables.get(table, [])}


def _id(table: str, key: Key, column: str) -> str:
    about = "|".join("" if part is None else part for part in key[1:])
    return f"{table}/{about}/{column}" if column else f"{table}/{about}"


def _lacking(table: str, key: Key, one: Cells | None, other: Cells | None) -> Difference:
    has = ["present" if cells else None for cells in (one, other)]
    row = dict(zip(ROW_KEYS[table], key, strict=True))
    return Difference(_id(table, key, ""), table, row, "", "row", has[0], has[1])


def _difference(table: str, key: Key, column: str, a: str | None, b: str | None) -> Difference:
    row = dict(zip(ROW_KEYS[table], key, strict=True))
    return Difference(_id(table, key, column), table, row, column, _kind(table, column), a, b)


def _kind(table: str, column: str) -> Kind:
    if column in FREE_TEXT:
        return "text"
    known = next(c for c in columns_of(table) if c.name == column)
    return "word" if known.kind == "text" else "number"


def _same(table: str, column: str, a: str | None, b: str | None) -> bool:
    if a is None or b is None:
        return a == b
    if _kind(table, column) == "number":
        return float(a) == float(b)
    return " ".join(a.split()).casefold() == " ".join(b.split()).casefold()
